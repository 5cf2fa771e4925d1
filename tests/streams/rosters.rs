//! Fetching a roster from a coordinator that answers whatever it likes.

use axum::Router;
use axum::extract::Json;
use axum::routing::get;
use gavel::client::ClientError;
use gavel::client::rosters::{fetch_next, fetch_roster};
use gavel::identity::key_file::{CoordinatorKeys, NodeKeys};
use gavel::identity::{Digest, KeyPair, Roster, Signed, Statement as _};
use gavel::sharing::Scheme;
use gavel::transport::server::listen::bind;
use gavel::wire::paths;

use super::world::{Certificate, serve};

/// Three nodes at ports of their own, and what they would sign.
fn nodes() -> Vec<NodeKeys> {
    (0..3).map(|_| NodeKeys::generate("127.0.0.1").unwrap()).collect()
}

fn roster(lead: &CoordinatorKeys, address: &str, nodes: &[NodeKeys]) -> Roster {
    let cards = nodes
        .iter()
        .zip(1..)
        .map(|(keys, number)| keys.card(&format!("node {number}"), &format!("127.0.0.1:{number}")));
    let place = lead.card("house", address);
    Roster::first(Scheme::new(3, 1).unwrap(), place, cards.collect())
}

/// A coordinator that answers with one roster, and with another where an earlier one is asked for.
async fn answers(
    present: impl Fn(&str) -> Signed<Roster>,
    earlier: &Signed<Roster>,
) -> (String, Signed<Roster>) {
    let listener = bind("127.0.0.1:0").await.unwrap();
    let address = listener.local().to_string();
    let (present, earlier) = (present(&address), earlier.clone());
    let served = present.clone();
    let router = Router::new()
        .route(paths::ROSTER, get(move || async { Json(served) }))
        .route(paths::ROSTER_OF, get(move || async { Json(earlier) }));
    serve(listener, &Certificate::new(), router);
    (address, present)
}

fn signed(roster: Roster, keys: &KeyPair) -> Signed<Roster> {
    Signed::new(roster, keys).checked().unwrap()
}

#[tokio::test]
async fn only_the_roster_of_the_digest_or_what_its_nodes_signed_is_taken() {
    gavel::transport::tls::install_provider();
    let lead = CoordinatorKeys::generate("127.0.0.1").unwrap();
    let (mut honest, invented) = (nodes(), nodes());
    let first = signed(roster(&lead, "127.0.0.1:9", &honest), &lead.identity);
    let digest = first.body.digest();

    // The one that is meant, whatever certificate is shown.
    let (address, _) = answers(|_| first.clone(), &first).await;
    assert_eq!(fetch_roster(&address, digest).await.unwrap(), first);
    // A later version, by the nodes' signatures.
    honest[2].rotate("127.0.0.1", None).unwrap();
    let card = honest[2].renewed_card("node 3", "127.0.0.1:3", 1);
    let next = first.body.successor(first.body.coordinator.clone(), vec![card]).unwrap();
    let next = signed(next, &lead.identity);
    let (address, _) = answers(|_| next.clone(), &first).await;
    assert_eq!(fetch_roster(&address, digest).await.unwrap(), next);

    // Invented nodes, with the coordinator's own signature.
    let lie = signed(roster(&lead, "127.0.0.1:9", &invented), &lead.identity);
    let (address, _) = answers(|_| lie.clone(), &first).await;
    let error = fetch_roster(&address, digest).await.unwrap_err();
    assert!(matches!(&error, ClientError::OtherRoster { .. }), "{error}");
    // The same, said to succeed the right one, which is handed out beside it, or one of its own.
    let mut claim = lie.body.clone();
    claim.succeeds = vec![digest];
    let claim = signed(claim, &lead.identity);
    let (address, _) = answers(|_| claim.clone(), &first).await;
    let error = fetch_roster(&address, digest).await.unwrap_err();
    assert!(matches!(&error, ClientError::Roster(_)), "{error}");
    let (address, _) = answers(|_| claim.clone(), &lie).await;
    let error = fetch_roster(&address, digest).await.unwrap_err();
    assert!(matches!(&error, ClientError::OtherRoster { .. }), "{error}");
    // One node's place taken, with the others' real cards.
    let mut mixed = first.body.clone();
    mixed.nodes[1] = lie.body.nodes[1].clone();
    mixed.endorsements[1] = lie.body.endorsements[1].clone();
    mixed.succeeds = vec![digest];
    let mixed = signed(mixed, &lead.identity);
    let (address, _) = answers(|_| mixed.clone(), &first).await;
    let error = fetch_roster(&address, digest).await.unwrap_err();
    assert!(matches!(&error, ClientError::Roster(_)), "{error}");
    // A beginning of the digest is not enough to be mistaken for a typing error of the bidder's.
    let near = Digest(std::array::from_fn(|at| if at < 16 { digest.0[at] } else { 0 }));
    let (address, _) = answers(|_| first.clone(), &first).await;
    let error = fetch_roster(&address, near).await.unwrap_err().to_string();
    assert!(error.contains("invents nodes"), "{error}");
}

#[tokio::test]
async fn the_next_version_is_proved_by_the_present_one() {
    gavel::transport::tls::install_provider();
    let lead = CoordinatorKeys::generate("127.0.0.1").unwrap();
    let (honest, invented) = (nodes(), nodes());
    let present = |address: &str| signed(roster(&lead, address, &honest), &lead.identity);
    let other = present("127.0.0.1:9");
    let (_, served) = answers(present, &other).await;
    assert_eq!(fetch_next(&served.body).await.unwrap(), served);
    // Invented nodes at the address of the present roster, which names the present one.
    let lie = |address: &str| {
        let mut lie = roster(&lead, address, &invented);
        lie.succeeds = vec![roster(&lead, address, &honest).digest()];
        signed(lie, &lead.identity)
    };
    let (address, _) = answers(lie, &other).await;
    let error = fetch_next(&roster(&lead, &address, &honest)).await.unwrap_err();
    assert!(matches!(&error, ClientError::Roster(_)), "{error}");
}
