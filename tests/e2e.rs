//! Whole auctions over real servers, with everything that can go wrong: nodes and coordinators that
//! are killed, bidders and callers that break the rules, and a search for what must stay secret.

// Helpers of tests may fail the test, as tests themselves may.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

mod e2e {
    pub mod altering;
    pub mod apart;
    pub mod auction;
    pub mod backups;
    pub mod bad_bidders;
    pub mod bundles;
    pub mod dealing;
    pub mod disclosures;
    pub mod halves;
    pub mod kills;
    pub mod kind;
    pub mod liars;
    pub mod lying_dealers;
    pub mod markets;
    pub mod net;
    pub mod nonsense;
    pub mod parties;
    pub mod pauses;
    pub mod planted_scores;
    pub mod posted;
    pub mod processes;
    pub mod random_kills;
    pub mod refreshed;
    pub mod retries;
    pub mod scored;
    pub mod secrets;
    pub mod shared_names;
    pub mod site;
    pub mod sizes;
    pub mod stored;
    pub mod two_nodes;
}
