//! `gavel roster nodes`: which nodes are there, and which of earlier rosters are still needed.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::options::Reach;
use crate::cli::output::{Table, clean};
use crate::identity::Digest;
use crate::session::SessionId;
use crate::sharing::NodeIndex;
use crate::wire::coordinator_api::{EarlierRoster, NodeStatus};

/// How the coordinator sees the nodes.
///
/// Where sessions go on that were open when the roster was changed, it says which, and which nodes run
/// for them alone: those may be switched off once the sessions are decided.
#[derive(Args)]
pub struct NodesArgs {
    #[command(flatten)]
    reach: Reach,
}

/// The nodes, for scripts.
#[derive(Serialize)]
struct Seen {
    roster: Digest,
    nodes: Vec<Member>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<GoesOn>,
}

#[derive(Serialize)]
struct Member {
    node: NodeIndex,
    name: String,
    address: String,
    there: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// An earlier roster under which sessions go on.
#[derive(Serialize)]
struct GoesOn {
    roster: Digest,
    sessions: Vec<SessionId>,
    /// Nodes that run for these sessions alone.
    leaving: Vec<String>,
    nodes: Vec<Member>,
}

impl From<NodeStatus> for Member {
    fn from(status: NodeStatus) -> Self {
        let NodeStatus { node, name, address, health, trouble, .. } = status;
        Self { node, name, address, there: health.is_some(), trouble }
    }
}

impl From<EarlierRoster> for GoesOn {
    fn from(earlier: EarlierRoster) -> Self {
        let EarlierRoster { roster, sessions, leaving, nodes, .. } = earlier;
        Self { roster, sessions, leaving, nodes: members(nodes) }
    }
}

fn members(nodes: Vec<NodeStatus>) -> Vec<Member> {
    nodes.into_iter().map(Member::from).collect()
}

/// Ask the coordinator.
///
/// # Errors
/// When it cannot be reached.
pub(super) async fn show(context: &Context, args: &NodesArgs) -> Result<(), Failure> {
    let health = args.reach.as_anyone(context).await?.coordinator().health().await?;
    let earlier = health.earlier.into_iter().map(GoesOn::from).collect();
    let seen = Seen { roster: health.roster, nodes: members(health.nodes), earlier };
    context.output.result(&seen, || text(&seen))
}

fn text(seen: &Seen) -> String {
    let mut text = format!("roster {}\n{}", seen.roster.short(), table(&seen.nodes));
    for earlier in &seen.earlier {
        let sessions: Vec<String> = earlier.sessions.iter().map(SessionId::short).collect();
        let _ = write!(
            text,
            "\nsessions of the earlier roster {} go on: {}\n{}",
            earlier.roster.short(),
            sessions.join(", "),
            table(&earlier.nodes)
        );
        if !earlier.leaving.is_empty() {
            let leaving: Vec<String> = earlier.leaving.iter().map(|name| clean(name)).collect();
            let leaving = leaving.join(", ");
            let _ = writeln!(text, "{leaving} may be switched off once those are decided");
        }
    }
    text
}

fn table(nodes: &[Member]) -> String {
    let mut table = Table::new(&["", "name", "address", ""]);
    for node in nodes {
        let standing = match (&node.trouble, node.there) {
            (Some(trouble), _) => clean(trouble),
            (None, true) => "there".to_owned(),
            (None, false) => "not asked yet".to_owned(),
        };
        let (name, address) = (node.name.clone(), node.address.clone());
        table.row([format!("node {}", node.node), name, address, standing]);
    }
    table.to_string()
}
