//! `gavel session people`: who has handed in and who has not.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::base::{Clock, Timestamp, csv};
use crate::cli::complete;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{Over, put};
use crate::cli::options::Reach;
use crate::cli::output::Table;
use crate::cli::view;
use crate::client::Network;
use crate::client::coordinator::CoordinatorClient;
use crate::client::error::ClientError;
use crate::identity::{AccountRole, PublicKey};
use crate::rules::terms::Admission;
use crate::session::{Phase, SessionId};
use crate::sharing::NodeSet;
use crate::wire::account_api::{AccountLine, InvitationLine};
use crate::wire::coordinator_api::{Bidder, BidderReceipts};

/// Whom, and where to.
///
/// Who is expected follows from the session: bidders with an account, and those who are invited and
/// have not joined yet, where accounts are asked for; else whoever is listed or was admitted.
/// Somebody has handed in once n - t nodes have given receipts; no amount is known to anybody.
#[derive(Args)]
pub struct PeopleArgs {
    /// The session's id, a beginning of it that no other has, or its title
    #[arg(add = complete::session())]
    session: String,
    /// Only those who have not handed in: whom to remind
    #[arg(long)]
    missing: bool,
    /// Write them as CSV, to a file that only you can read
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write over a file that is there already
    #[arg(long, requires = "csv")]
    force: bool,
    #[command(flatten)]
    reach: Reach,
}

/// How far somebody has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum HandedIn {
    /// Invited, without an account yet.
    NotJoined,
    /// No node has anything.
    No,
    /// Some nodes have, and more are needed.
    Partly,
    /// Not every node could be asked.
    Unknown,
    /// Enough nodes have given receipts.
    Yes,
}

impl HandedIn {
    const fn word(self) -> &'static str {
        match self {
            Self::NotJoined => "not joined",
            Self::No => "no",
            Self::Partly => "partly",
            Self::Unknown => "not known",
            Self::Yes => "yes",
        }
    }
}

/// Somebody who may hand in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Line {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<PublicKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cohort: Option<String>,
    handed_in: HandedIn,
    /// The latest revision, where there is one.
    revision: u32,
    /// The nodes that gave receipts for it.
    receipts: NodeSet,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
}

/// List who has handed in and who has not.
///
/// # Errors
/// When this is not the coordinator's operator, or the file is in the way.
pub async fn run(context: &Context, args: &PeopleArgs) -> Result<(), Failure> {
    let over = Over::forced(args.force);
    if let Some(path) = &args.csv {
        over.allows(path)?;
    }
    let network = args.reach.as_operator(context).await?;
    let (network, session) = network.find(&args.session).await?;
    let (lines, unheard) = gather(&network, session).await?;
    let many = |what: HandedIn| lines.iter().filter(|line| line.handed_in == what).count();
    let counts = json!({
        "expected": lines.len(), "handed_in": many(HandedIn::Yes), "partly": many(HandedIn::Partly),
        "not_joined": many(HandedIn::NotJoined), "unknown": many(HandedIn::Unknown),
    });
    let handed = format!("{} of {} have handed in.", many(HandedIn::Yes), lines.len());
    let shown: Vec<&Line> =
        lines.iter().filter(|line| !args.missing || line.handed_in != HandedIn::Yes).collect();
    if let Some(path) = &args.csv {
        put(path, table(&shown).as_bytes(), over)?;
        context.output.note(format!("{} names written to {}", shown.len(), path.display()));
    }
    if !unheard.is_empty() {
        context.output.note(format!(
            "{} did not answer: of those without enough receipts from the others it is not known",
            view::nodes(unheard)
        ));
    }
    let result = json!({
        "session": session, "people": shown, "counts": counts, "unheard": unheard,
    });
    context.output.result(&result, || {
        let mut table = Table::new(&["name", "cohort", "handed in", "receipts", "since"]);
        for line in &shown {
            table.row([
                line.name.clone(),
                line.cohort.clone().unwrap_or_default(),
                line.handed_in.word().to_owned(),
                line.receipts.to_string(),
                line.since.map(view::time).unwrap_or_default(),
            ]);
        }
        let table = if shown.is_empty() { String::new() } else { table.to_string() };
        format!("{table}{handed}")
    })
}

/// Everybody who is expected, those who have handed in last; and the nodes that did not answer.
async fn gather(
    network: &Network,
    session: SessionId,
) -> Result<(Vec<Line>, NodeSet), ClientError> {
    let coordinator = network.coordinator();
    let detail = coordinator.session(session).await?;
    let begun = detail.summary.phase != Phase::Draft;
    let (given, unheard) =
        if begun { receipts(coordinator, session).await? } else { Default::default() };
    let expected = match detail.summary.terms.admission {
        Admission::Accounts => {
            of_accounts(coordinator.accounts().await?, coordinator.invitations().await?)
        }
        Admission::Listed | Admission::Open => of_list(coordinator.admissions(session).await?),
    };
    let complete = unheard.is_empty();
    Ok((lines(expected, given, network.receipts_needed(), complete), unheard))
}

/// What the nodes keep of receipts, by key.
async fn receipts(
    coordinator: &CoordinatorClient,
    session: SessionId,
) -> Result<(BTreeMap<PublicKey, BidderReceipts>, NodeSet), ClientError> {
    let (mut all, mut unheard, mut after) = (BTreeMap::new(), NodeSet::EMPTY, None);
    loop {
        let page = coordinator.receipts(session, after).await?;
        unheard = unheard.union(page.unheard);
        all.extend(page.bidders.into_iter().map(|bidder| (bidder.key, bidder)));
        match page.next {
            // Pages go on in the order of keys; one that goes back would never end.
            Some(next) if after.is_none_or(|after| next > after) => after = Some(next),
            _ => return Ok((all, unheard)),
        }
    }
}

/// Somebody of whom an entry is expected.
struct Expected {
    name: String,
    key: Option<PublicKey>,
    cohort: Option<String>,
    joined: bool,
}

fn of_list(admitted: Vec<Bidder>) -> Vec<Expected> {
    let one =
        |Bidder { name, key, cohort }| Expected { name, key: Some(key), cohort, joined: true };
    admitted.into_iter().map(one).collect()
}

/// Bidders whose accounts are in good standing, and invitations that can still become one.
fn of_accounts(accounts: Vec<AccountLine>, invitations: Vec<InvitationLine>) -> Vec<Expected> {
    let now = Clock::System.now();
    let mut cohorts = HashMap::new();
    let mut invited = Vec::new();
    for line in invitations {
        match line.account {
            Some(account) => drop(cohorts.insert(account, line.cohort)),
            None if line.revoked.is_none() && line.expires > now => invited.push(Expected {
                name: line.label.unwrap_or_else(|| format!("({})", line.digest.short())),
                key: line.key,
                cohort: line.cohort,
                joined: false,
            }),
            None => {}
        }
    }
    let bidders = accounts
        .into_iter()
        .filter(|account| account.role == AccountRole::Bidder && account.disabled.is_none());
    let bidders = bidders.map(|account| Expected {
        cohort: cohorts.remove(&account.name).flatten(),
        name: account.name,
        key: account.key,
        joined: true,
    });
    let mut all: Vec<Expected> = bidders.collect();
    all.extend(invited);
    all
}

/// How far everybody has come: whoever is expected, and whoever has handed in besides.
fn lines(
    expected: Vec<Expected>,
    mut given: BTreeMap<PublicKey, BidderReceipts>,
    needed: usize,
    complete: bool,
) -> Vec<Line> {
    let standing = |found: Option<&BidderReceipts>| match found {
        Some(found) if found.nodes.len() >= needed => HandedIn::Yes,
        _ if !complete => HandedIn::Unknown,
        Some(_) => HandedIn::Partly,
        None => HandedIn::No,
    };
    let line = |name: String, key, cohort, handed_in, found: Option<&BidderReceipts>| Line {
        name,
        key,
        cohort,
        handed_in,
        revision: found.map_or(0, |found| found.revision),
        receipts: found.map_or(NodeSet::EMPTY, |found| found.nodes),
        since: found.map(|found| found.received),
    };
    let mut lines = Vec::with_capacity(expected.len());
    for Expected { name, key, cohort, joined } in expected {
        let found = key.filter(|_| joined).and_then(|key| given.remove(&key));
        let found = found.as_ref();
        let handed_in = if joined { standing(found) } else { HandedIn::NotJoined };
        lines.push(line(name, key, cohort, handed_in, found));
    }
    for (key, found) in given {
        let handed_in = standing(Some(&found));
        lines.push(line(found.bidder.clone(), Some(key), None, handed_in, Some(&found)));
    }
    lines.sort_by(|a, b| (a.handed_in, &a.name).cmp(&(b.handed_in, &b.name)));
    lines
}

/// The lines as CSV.
fn table(lines: &[&Line]) -> String {
    let row = |line: &&Line| {
        let revision = if line.revision == 0 { String::new() } else { line.revision.to_string() };
        [
            line.name.clone(),
            line.cohort.clone().unwrap_or_default(),
            line.handed_in.word().to_owned(),
            revision,
            line.receipts.len().to_string(),
            line.since.map(|at| at.to_string()).unwrap_or_default(),
            line.key.map(|key| key.to_string()).unwrap_or_default(),
        ]
    };
    let heading = ["name", "cohort", "handed_in", "revision", "receipts", "since", "key"];
    csv::write([heading.map(str::to_owned)].into_iter().chain(lines.iter().map(row)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{AccountId, Digest};

    fn key(byte: u8) -> PublicKey {
        PublicKey::from_bytes([byte; 32])
    }

    fn account(name: &str, byte: u8) -> AccountLine {
        AccountLine {
            account: AccountId([byte; 16]),
            name: name.to_owned(),
            role: AccountRole::Bidder,
            key: Some(key(byte)),
            created: Timestamp::from_millis(0),
            disabled: None,
        }
    }

    fn invitation(byte: u8, label: &str, account: Option<&str>) -> InvitationLine {
        InvitationLine {
            digest: Digest([byte; 32]),
            label: Some(label.to_owned()),
            cohort: Some("sales".to_owned()),
            key: None,
            created: Timestamp::from_millis(0),
            expires: Clock::System.now().plus_millis(1_000_000),
            redeemed: None,
            revoked: None,
            account: account.map(ToOwned::to_owned),
        }
    }

    fn receipts(name: &str, byte: u8, nodes: u8) -> (PublicKey, BidderReceipts) {
        let (bidder, received) = (name.to_owned(), Timestamp::from_millis(5));
        let nodes = NodeSet::all(nodes);
        (key(byte), BidderReceipts { bidder, key: key(byte), revision: 1, nodes, received })
    }

    #[test]
    fn whoever_is_expected_is_told_apart_from_who_has_handed_in() {
        use HandedIn::{No, NotJoined, Partly, Unknown, Yes};
        let disabled =
            AccountLine { disabled: Some(Timestamp::from_millis(1)), ..account("gone", 9) };
        let accounts = vec![account("ada", 1), account("bea", 2), account("cyd", 3), disabled];
        let revoked = InvitationLine {
            revoked: Some(Timestamp::from_millis(1)),
            ..invitation(3, "fay", None)
        };
        let invitations =
            || vec![invitation(1, "Ada", Some("ada")), invitation(2, "Dot", None), revoked.clone()];
        let given = || {
            BTreeMap::from([receipts("ada", 1, 3), receipts("bea", 2, 1), receipts("eve", 7, 2)])
        };
        let told = |complete| {
            let expected = of_accounts(accounts.clone(), invitations());
            let lines = lines(expected, given(), 2, complete);
            lines.into_iter().map(|line| (line.name, line.handed_in)).collect::<Vec<_>>()
        };
        let named = |pairs: &[(&str, HandedIn)]| {
            pairs.iter().map(|(name, how)| ((*name).to_owned(), *how)).collect::<Vec<_>>()
        };
        let all = [("Dot", NotJoined), ("cyd", No), ("bea", Partly), ("ada", Yes), ("eve", Yes)];
        assert_eq!(told(true), named(&all));
        // A node that did not answer may hold what is missing; what is enough is enough.
        let some =
            [("Dot", NotJoined), ("bea", Unknown), ("cyd", Unknown), ("ada", Yes), ("eve", Yes)];
        assert_eq!(told(false), named(&some));
        let lines = lines(of_accounts(accounts, invitations()), given(), 2, true);
        let ada = lines.iter().find(|line| line.name == "ada").unwrap();
        assert_eq!(ada.cohort.as_deref(), Some("sales"));
        let text = table(&[ada]);
        assert!(
            text.ends_with(&format!("ada,sales,yes,1,3,1970-01-01T00:00:00.005Z,{}\r\n", key(1))),
            "{text}"
        );
    }
}
