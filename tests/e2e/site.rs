//! The built program as real processes, each with its own home, killed with SIGKILL and started
//! again, and the client's side of them.

use std::fs;
use std::sync::Arc;

use gavel::base::Clock;
use gavel::client::Network;
use gavel::identity::key_file::CoordinatorKeys;
use gavel::identity::{Roster, Signed};

use crate::common::town::{Server, Town};

/// A coordinator and its nodes.
pub struct Site {
    pub network: Network,
    pub coordinator: Server,
    pub nodes: Vec<Server>,
    /// The homes are in it.
    _town: Town,
}

impl Site {
    /// Set up and start everything, with a delay between nodes that makes computing last.
    pub fn start(nodes: u8, threshold: u8, delay_millis: u32) -> Self {
        gavel::transport::tls::install_provider();
        let names: Vec<String> = (1..=nodes).map(|node| format!("node-{node}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut town = Town::of(&names, threshold, "coordinator").slow(delay_millis).running();
        let keys = CoordinatorKeys::load(&town.lead().join("coordinator.key"), None).unwrap();
        let roster = fs::read_to_string(town.roster_of("coordinator")).unwrap();
        let roster: Signed<Roster> = serde_json::from_str(&roster).unwrap();
        let signer = Some(Arc::new(keys.identity));
        let network = Network::new(roster.checked().unwrap(), signer, Clock::System).unwrap();
        let nodes = names.iter().map(|name| town.take(name)).collect();
        Self { network, coordinator: town.take("coordinator"), nodes, _town: town }
    }
}
