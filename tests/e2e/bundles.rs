//! A coordinator that lies: its key is used directly.

use std::collections::BTreeMap;

use gavel::identity::{Digest, Signature, Signed, Statement as _};
use gavel::rules::auction::{Answer, Sale};
use gavel::runs::plan::Plan;
use gavel::session::bundle::{Bundle, Inventories, Inventory, Verdict};
use gavel::session::manifest::CoSigned;
use gavel::session::outcome::Entrant;
use gavel::session::{Manifest, Outcome, Phase, SessionId};
use gavel::transport::HttpError;
use gavel::wire::node_api::{ManifestSignature, SignedManifest, StartAttempt};
use gavel::wire::{ProblemType, paths};
use reqwest::Method;

use super::auction::{Auction, file, refusal, set};
use super::net::{Net, Setup, index};

/// The coordinator's key in other hands.
struct Liar<'a> {
    net: &'a Net,
    auction: &'a Auction,
}

impl Liar<'_> {
    async fn ask<B: serde::Serialize + Sync, T: serde::de::DeserializeOwned>(
        &self,
        node: u8,
        method: Method,
        route: &str,
        body: Option<&B>,
    ) -> Result<T, HttpError> {
        let path = paths::of(route, self.auction.session);
        self.net.caller(&self.net.operator, node).request(method, &path, body).await
    }

    async fn freeze(&self, nodes: &[u8]) -> Inventories {
        let mut inventories = Vec::new();
        for &node in nodes {
            let frozen =
                self.ask::<(), Signed<Inventory>>(node, Method::POST, paths::NODE_FREEZE, None);
            inventories.push(frozen.await.unwrap());
        }
        Inventories(inventories)
    }

    async fn bundle(&self, nodes: &[u8]) -> Bundle {
        let inventories = self.freeze(nodes).await;
        let mut verdicts = Vec::new();
        for &node in nodes {
            let verdict = self.ask::<_, Signed<Verdict>>(
                node,
                Method::POST,
                paths::NODE_VERDICT,
                Some(&inventories),
            );
            verdicts.push(verdict.await.unwrap());
        }
        Bundle { session: self.auction.session, inventories, verdicts }
    }

    async fn sign(&self, node: u8, bundle: &Bundle) -> Result<ManifestSignature, HttpError> {
        self.ask(node, Method::POST, paths::NODE_MANIFEST, Some(bundle)).await
    }

    async fn put_manifest(&self, node: u8, signed: &SignedManifest) -> Result<(), HttpError> {
        self.ask(node, Method::PUT, paths::NODE_MANIFEST, Some(signed)).await
    }

    async fn attempt(&self, node: u8, start: &StartAttempt) -> Result<(), HttpError> {
        self.ask(node, Method::POST, paths::NODE_ATTEMPTS, Some(start)).await
    }

    async fn outcome(&self, node: u8, outcome: &CoSigned<Outcome>) -> Result<(), HttpError> {
        self.ask(node, Method::PUT, paths::NODE_OUTCOME, Some(outcome)).await
    }

    fn manifest(&self, bundle: &Bundle) -> Manifest {
        let scheme = self.auction.network.roster().body.scheme;
        Manifest::derive(&self.auction.announcement.body, scheme, bundle)
    }

    /// A manifest with the signatures that these nodes give.
    async fn signed(&self, nodes: &[u8], bundle: Bundle) -> SignedManifest {
        let body = self.manifest(&bundle);
        let mut signatures = BTreeMap::<_, Signature>::new();
        for &node in nodes {
            let signature = self.sign(node, &bundle).await.unwrap();
            assert_eq!(signature.manifest, body.digest());
            signatures.insert(index(node), signature.signature);
        }
        SignedManifest { bundle, manifest: CoSigned { body, signatures } }
    }
}

async fn with_bids(net: &Net) -> Auction {
    let auction = net.open(&file("first-price", None, None)).await;
    auction.bid("ada", 70).await;
    auction.bid("basil", 90).await;
    auction
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_bundles_are_noticed_whoever_gets_which() {
    let net = Net::start(Setup::new(5, 1)).await;
    let auction = with_bids(&net).await;
    let liar = Liar { net: &net, auction: &auction };
    liar.freeze(&[1, 2, 3, 4, 5]).await;
    let (one, other) = (liar.bundle(&[1, 2, 3]).await, liar.bundle(&[3, 4, 5]).await);
    assert_ne!(one.digest(), other.digest());
    liar.sign(1, &one).await.unwrap();
    assert_eq!(refusal(liar.sign(1, &other).await), ProblemType::BundleConflict);
    // One node that says otherwise may lie, and stops nobody; two are more than t.
    let mut signatures = BTreeMap::new();
    for node in [4, 5] {
        signatures.insert(index(node), liar.sign(node, &other).await.unwrap().signature);
        assert_eq!(refusal(liar.sign(node, &one).await), ProblemType::BundleConflict);
    }
    for bundle in [&one, &other] {
        assert_eq!(refusal(liar.sign(2, bundle).await), ProblemType::BundleConflict);
    }
    // Node 3 goes along with everything. That makes three signatures under the other one, which are
    // not enough, and two under this.
    let manifest = liar.manifest(&other);
    signatures.insert(index(3), net.node_keys[2].sign(&manifest.digest()));
    let signed =
        SignedManifest { bundle: other, manifest: CoSigned { body: manifest, signatures } };
    for node in [4, 5] {
        assert_eq!(refusal(liar.put_manifest(node, &signed).await), ProblemType::ManifestConflict);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_cannot_leave_out_a_bid_or_an_attempt_have_its_own_manifest() {
    let net = Net::start(Setup::new(3, 1)).await;
    let auction = with_bids(&net).await;
    let liar = Liar { net: &net, auction: &auction };
    let right = liar.bundle(&[1, 2, 3]).await;
    let nodes = [1, 2, 3];

    let mut without = right.clone();
    without.inventories.0[0].body.entries.pop();
    let mut two_nodes = right.clone();
    two_nodes.inventories.0.pop();
    two_nodes.verdicts.pop();
    let mut unjudged = right.clone();
    unjudged.verdicts.pop();
    let mut elsewhere = right.clone();
    elsewhere.session = SessionId([3; 16]);
    for bundle in [&without, &two_nodes, &unjudged, &elsewhere] {
        assert_eq!(refusal(liar.sign(1, bundle).await), ProblemType::ManifestConflict);
    }

    let signed = liar.signed(&nodes, right).await;
    let start = |attempt, participants: &[u8], manifest| StartAttempt {
        session: auction.session,
        attempt,
        participants: set(participants),
        manifest,
        plan: Plan::default(),
    };
    let digest = signed.manifest.body.digest();
    let early = liar.attempt(1, &start(1, &nodes, digest)).await;
    assert_eq!(refusal(early), ProblemType::WrongPhase);
    let mut few = signed.clone();
    few.manifest.signatures.pop_first();
    let mut shorter = signed.clone();
    shorter.manifest.body.entries.pop();
    for manifest in [&few, &shorter] {
        assert_eq!(refusal(liar.put_manifest(1, manifest).await), ProblemType::ManifestConflict);
    }
    for node in nodes {
        liar.put_manifest(node, &signed).await.unwrap();
    }

    let refused = async |start, kind| {
        assert_eq!(refusal(liar.attempt(1, &start).await), kind);
    };
    refused(start(1, &nodes, Digest([1; 32])), ProblemType::ManifestConflict).await;
    refused(start(1, &[1, 2], digest), ProblemType::BadRequest).await;
    refused(start(1, &[1, 2, 3, 4], digest), ProblemType::BadRequest).await;
    refused(start(0, &nodes, digest), ProblemType::AttemptOutdated).await;
    liar.attempt(1, &start(7, &nodes, digest)).await.unwrap();
    refused(start(7, &nodes, digest), ProblemType::AttemptOutdated).await;
    refused(start(6, &nodes, digest), ProblemType::AttemptOutdated).await;

    // An outcome that no node signed, and one with a node's signature over something else.
    let entry = &signed.manifest.body.entries[0];
    let body = Outcome {
        session: auction.session,
        announcement: signed.manifest.body.announcement,
        manifest: digest,
        answer: Answer { winners: vec![Sale { entry: Entrant::from(entry), price: 1 }] }.into(),
        out_of_range: Vec::new(),
    };
    let unsigned = CoSigned { body: body.clone(), signatures: BTreeMap::new() };
    let stolen = CoSigned { body, signatures: signed.manifest.signatures.clone() };
    for outcome in [&unsigned, &stolen] {
        assert_eq!(refusal(liar.outcome(1, outcome).await), ProblemType::ManifestConflict);
    }
    // It is too late to call the session off.
    let cancelled = liar.ask::<(), ()>(1, Method::POST, paths::NODE_CANCEL, None).await;
    assert_eq!(refusal(cancelled), ProblemType::WrongPhase);
    auction.node_reaches(1, Phase::Computing).await;
}

/// Four nodes fix the bundle, one of them goes away before it signs, and one comes back that was
/// away when the others froze: it ends bidding, fetches what it is missing, and signs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_comes_back_signs_a_bundle_that_was_made_without_it() {
    let mut net = Net::start(Setup::new(5, 1)).await;
    let auction = with_bids(&net).await;
    net.kill(4);
    auction.bid("chiara", 80).await;
    let bundle = Liar { net: &net, auction: &auction }.bundle(&[1, 2, 3, 5]).await;
    net.kill(3);
    net.restart(4).await;
    auction.node_reaches(4, Phase::Open).await;
    let liar = Liar { net: &net, auction: &auction };
    let signed = liar.signed(&[1, 2, 4, 5], bundle).await;
    assert_eq!(signed.manifest.body.entries.len(), 3);
    auction.node_reaches(4, Phase::Closing).await;
    for node in [1, 2, 4, 5] {
        liar.put_manifest(node, &signed).await.unwrap();
        auction.node_reaches(node, Phase::Computing).await;
    }
}
