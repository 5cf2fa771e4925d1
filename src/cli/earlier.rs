//! Sessions that were opened under a roster of other nodes than the present one: a server goes on with
//! them under the roster that they were opened under, as that is kept in its database.

use std::collections::{BTreeMap, BTreeSet};

use super::failure::Failure;
use crate::base::Clock;
use crate::identity::{Digest, Roster, Signed, Statement as _};
use crate::session::SessionId;
use crate::storage::{CoordinatorStore, Database, NodeStore};

/// For how long a node that was away is waited for, to hear how a session ended: a week.
const WAITED_FOR: i64 = 7 * 24 * 60 * 60 * 1000;

/// An earlier roster, of other nodes, and what goes on under it.
pub struct Earlier {
    /// Its newest version.
    pub roster: Signed<Roster>,
    /// Sessions that are not decided, or of whose end not every node has heard.
    pub sessions: BTreeSet<SessionId>,
}

impl Earlier {
    /// Why a server cannot go on under it.
    pub fn refused(&self, why: impl std::fmt::Display) -> Failure {
        let sessions: Vec<String> = self.sessions.iter().map(SessionId::short).collect();
        let detail = format!(
            "sessions of an earlier roster ({}) are open: {}. They go on under it beside the one that is \
             here, but for this: {why}. Serve under that one until they are settled, or call them off \
             (--roster FILE, with the file of the roster before)",
            self.roster.body.digest().short(),
            sessions.join(", ")
        );
        Failure::new("open-sessions", detail)
    }
}

/// All sessions that go on under earlier rosters.
pub fn sessions(earlier: &[Earlier]) -> BTreeSet<SessionId> {
    earlier.iter().flat_map(|earlier| earlier.sessions.iter().copied()).collect()
}

/// The earlier rosters under which sessions of this database go on, those of nodes as those of a
/// coordinator.
///
/// # Errors
/// When the database fails, or a roster is not kept there.
pub async fn rosters(database: &Database, present: &Roster) -> Result<Vec<Earlier>, Failure> {
    let mut found: BTreeMap<Digest, Earlier> = BTreeMap::new();
    let since = Clock::System.now().plus_millis(-WAITED_FOR);
    let led = CoordinatorStore::new(database.clone()).unfinished(since).await?;
    let led =
        led.into_iter().map(|open| (open.announcement.body, open.phase.is_final(), open.heard));
    let own = NodeStore::new(database.clone()).under_way().await?;
    let own = own.into_iter().map(|announced| (announced.body, false, 0));
    for (announced, over, heard) in led.chain(own) {
        let (session, digest) = (announced.session, announced.roster);
        if present.covers(&digest) {
            continue;
        }
        let Some(roster) = database.newest_of(&digest).await? else {
            let detail = format!(
                "session {} was opened under the roster {}, which is not kept here",
                session.short(),
                digest.short()
            );
            return Err(Failure::new("database", detail));
        };
        if over && heard >= roster.body.nodes.len() {
            continue;
        }
        let newest = roster.body.digest();
        let none = || Earlier { roster, sessions: BTreeSet::new() };
        found.entry(newest).or_insert_with(none).sessions.insert(session);
    }
    Ok(found.into_values().collect())
}
