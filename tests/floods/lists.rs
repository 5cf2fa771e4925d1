//! What a stranger gets of lists and figures: a page at a time, and nothing that is not for him.

use std::collections::HashSet;
use std::sync::Arc;

use gavel::session::SessionId;
use gavel::transport::client::http::{HttpOptions, PeerClient};
use gavel::wire::coordinator_api::{CoordinatorHealth, SessionSummary};
use gavel::wire::node_api::{NodeHealth, NodeSession};
use gavel::wire::page::Page;
use gavel::wire::paths;
use serde::de::DeserializeOwned;

use super::Place;

const SESSIONS: usize = 5;

/// A client that shows no token.
fn stranger(target: gavel::transport::Target) -> PeerClient {
    PeerClient::new(target, Arc::new(|| None), HttpOptions::default()).unwrap()
}

/// Every page of a list, two sessions at a time.
async fn pages<T: DeserializeOwned>(client: &PeerClient, path: &str) -> Vec<Vec<T>> {
    let (mut all, mut asked) = (Vec::new(), format!("{path}?limit=2"));
    loop {
        let page: Page<T> = client.get(&asked).await.unwrap();
        all.push(page.sessions);
        match page.next {
            Some(next) => asked = format!("{path}?limit=2&after={next}"),
            None => return all,
        }
    }
}

fn whole<T>(pages: &[Vec<T>], id: impl Fn(&T) -> SessionId) -> (Vec<usize>, HashSet<SessionId>) {
    let sizes = pages.iter().map(Vec::len).collect();
    (sizes, pages.iter().flatten().map(id).collect())
}

#[tokio::test]
async fn a_stranger_gets_lists_in_pages_and_no_figures_of_links() {
    let place = Place::start(None);
    let mut opened = HashSet::new();
    for _ in 0..SESSIONS {
        opened.insert(place.open().await);
    }
    place.bid(*opened.iter().next().unwrap(), "ada", 100).await;
    let roster = &place.network.roster().body;
    let (node, lead) =
        (stranger((&roster.nodes[0]).into()), stranger((&roster.coordinator).into()));

    let found = pages::<NodeSession>(&node, paths::NODE_SESSIONS).await;
    assert!(found.iter().flatten().all(|session| session.bids.is_none()));
    let (sizes, ids) = whole(&found, |session| session.announcement.body.session);
    assert_eq!((sizes, &ids), (vec![2, 2, 1], &opened));
    let found = pages::<SessionSummary>(&lead, paths::SESSIONS).await;
    assert!(found.iter().flatten().all(|session| session.bidders.is_none()));
    let (sizes, ids) = whole(&found, |session| session.session);
    assert_eq!((sizes, &ids), (vec![2, 2, 1], &opened));
    let all = place.network.coordinator().sessions().await.unwrap();
    assert!(all.len() == SESSIONS && all.iter().all(|session| session.bidders.is_some()));
    assert!(all.is_sorted_by_key(|session| std::cmp::Reverse(session.created)));
    for (client, path) in [(&node, paths::NODE_SESSIONS), (&lead, paths::SESSIONS)] {
        for wrong in ["limit=0", "limit=201", "limit=x", "after=x", "before=x"] {
            let refused = client.get::<serde_json::Value>(&format!("{path}?{wrong}")).await;
            assert_eq!(refused.unwrap_err().problem().unwrap().status, 400, "{wrong}");
        }
    }

    assert!(node.get::<NodeHealth>(paths::NODE_HEALTH).await.unwrap().links.is_empty());
    assert_eq!(place.network.nodes()[0].health().await.unwrap().links.len(), 2);
    let links = |health: &CoordinatorHealth| {
        let reports = health.nodes.iter().filter_map(|node| node.health.as_ref());
        reports.map(|report| report.links.len()).sum::<usize>()
    };
    assert_eq!(links(&lead.get(paths::HEALTH).await.unwrap()), 0);
    let until = std::time::Instant::now() + super::PATIENCE;
    while links(&place.network.coordinator().health().await.unwrap()) < 6 {
        assert!(std::time::Instant::now() < until, "the coordinator never saw the nodes' links");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
