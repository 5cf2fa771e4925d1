//! Stored variables that are dealt anew, over real servers that are killed.

use std::time::{Duration, Instant};

use gavel::identity::key_file::NodeKeys;
use gavel::identity::vault::Vault;
use gavel::protocol::StepId;
use gavel::rules::job::Prime;
use gavel::rules::job::refresh::refresh_file;
use gavel::session::{Phase, SessionId};
use gavel::sharing::stored::{Label, StoredShare};
use gavel::testkit::{At, Lie};
use gavel::wire::coordinator_api::{NewSession, SessionDetail};
use gavel::wire::paths;
use gavel::wire::variable::VariableLine;

use super::auction::{Auction, set};
use super::net::{Net, Setup, index};
use super::stored::{FIRST, SQUARE, SUM, at_node, later, pair, refused, revealed, store};

const NAMES: [&str; 3] = ["product", "x", "y"];

/// A job that deals all three anew.
async fn refresh(net: &Net) -> Auction {
    net.together().await;
    net.open(&refresh_file(Prime::Mersenne127, &NAMES).to_string()).await
}

/// That a node knows all three in this generation, dealt by this session.
async fn knows(net: &Net, node: u8, generation: u32, dealt: SessionId) -> Vec<VariableLine> {
    let all = at_node(net, node).await;
    let names: Vec<&str> = all.iter().map(|line| line.variable.name.as_str()).collect();
    assert_eq!(names, NAMES);
    for line in &all {
        assert_eq!((line.variable.generation, line.dealt), (generation, dealt), "node {node}");
    }
    all
}

/// A node's share of a variable as a session dealt it, taken from its disk while it is away.
async fn on_disk(net: &mut Net, node: u8, line: &VariableLine) -> Option<StoredShare> {
    net.kill(node);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let folder = net.folder.path().join(format!("node-{node}"));
    let keys = NodeKeys::load(&folder.join("node.key"), None).unwrap();
    let store = store(&folder.join("gavel.db")).await;
    let locked = store.share(line.dealt, &line.variable.name).await.unwrap();
    store.database().close().await;
    net.restart(node).await;
    let context = [&line.dealt.0[..], &line.version.0, line.variable.name.as_bytes()].concat();
    let plain = Vault::of(&keys.identity).unlock(&context, &locked?).unwrap();
    Some(StoredShare::from_bytes(plain))
}

fn fits(net: &Net, node: u8, line: &VariableLine, share: &StoredShare) -> bool {
    let digests: Vec<[u8; 32]> = line.variable.digests.iter().map(|digest| digest.0).collect();
    let label = Label { session: line.dealt.0, name: &line.variable.name };
    share.fits(label, net.roster.body.scheme, index(node), &digests)
}

/// Values stay, who had no share gets one, and what was on disk before is gone and fits nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variables_are_dealt_anew_and_old_shares_are_worth_nothing() {
    let mut net = Net::start(Setup::new(4, 1)).await;
    let job = net.open(FIRST).await;
    job.values("ada", "x = 4, y = 5").await;
    net.kill(4);
    job.close().await;
    job.settled().await;
    net.restart(4).await;
    job.all_nodes_reach(Phase::Settled).await;
    let before = knows(&net, 1, 0, job.session).await;
    assert!(at_node(&net, 4).await.iter().all(|line| line.share == Some(false)));
    let old = on_disk(&mut net, 1, &before[1]).await.unwrap();
    assert!(fits(&net, 1, &before[1], &old));

    let anew = refresh(&net).await;
    let settled = anew.settled().await;
    assert!(revealed(&settled).is_empty());
    assert_eq!(settled.report.signed_by, set(&[1, 2, 3, 4]));
    anew.all_nodes_reach(Phase::Settled).await;
    let after = knows(&net, 1, 1, anew.session).await;
    for node in 1..=4 {
        let own = knows(&net, node, 1, anew.session).await;
        assert!(own.iter().all(|line| line.share == Some(true)), "node {node}");
        for (line, other) in own.iter().zip(&after) {
            assert_eq!(line.version, other.version);
            assert_eq!((line.session, line.made), (job.session, before[0].made));
            assert!(line.refreshed > line.made);
        }
    }
    let known = net.network.coordinator().variables().await.unwrap();
    assert!(known.iter().zip(&after).all(|(line, other)| line.version == other.version));

    // The share before is on no disk any more, and does not fit what is stored now.
    assert!(on_disk(&mut net, 1, &before[1]).await.is_none());
    assert!(!fits(&net, 1, &after[1], &old));
    let new = on_disk(&mut net, 1, &after[1]).await.unwrap();
    assert!(fits(&net, 1, &after[1], &new));
    // A job that means the version before is refused.
    let version = format!("operation = \"load\", version = \"{}\", ", before[1].version);
    let stale = later("", SUM).replacen("operation = \"load\", ", &version, 1);
    let why = refused(&net, &stale).await;
    assert!(why.contains("has another \"x\""), "{why}");

    // Without one of those who made them.
    net.kill(1);
    let square = net.open(&later("", SQUARE)).await.settled().await;
    assert_eq!(revealed(&square), pair("square", "400"));
    assert_eq!(square.report.signed_by, set(&[2, 3, 4]));
}

/// Killed once all have signed and staged, and before anybody is told the outcome: the shares before
/// stand until the dealing is repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_leaves_one_dealing_whole() {
    let mut net = Net::start(Setup::new(4, 1).delayed(200)).await;
    let first = Auction::first(&net, FIRST, "x = 4, y = 5").await;
    first.settled().await;
    first.all_nodes_reach(Phase::Settled).await;
    let anew = refresh(&net).await;
    anew.wait("an attempt", |detail| !detail.attempts.is_empty()).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    net.kill_coordinator();
    tokio::time::sleep(Duration::from_secs(6)).await;
    for node in 1..=4 {
        net.kill(node);
        tokio::time::sleep(Duration::from_millis(200)).await;
        let store = store(&net.folder.path().join(format!("node-{node}")).join("gavel.db")).await;
        let signed = store.own_outcome(anew.session).await.unwrap();
        assert!(signed.is_some(), "node {node} was killed too early");
        for (stored, share) in store.variables().await.unwrap() {
            assert!(share && stored.variable.generation == 0, "not before its outcome");
        }
        store.database().close().await;
    }
    for node in 1..=4 {
        net.restart(node).await;
    }
    net.restart_coordinator().await;
    let settled = anew.settled().await;
    assert!(settled.detail.attempts.len() > 1, "the coordinator was killed too late");
    anew.all_nodes_reach(Phase::Settled).await;
    for node in 1..=4 {
        let own = knows(&net, node, 1, anew.session).await;
        // One that came back too late for the attempt has none.
        let signed = settled.report.signed_by.contains(index(node));
        assert!(!signed || own.iter().all(|line| line.share == Some(true)), "node {node}");
    }

    // One is killed in the middle: the others go on without it, and deal it a share next time.
    let whole = refresh(&net).await;
    assert_eq!(whole.settled().await.report.signed_by, set(&[1, 2, 3, 4]));
    let again = refresh(&net).await;
    again.wait("an attempt", |detail| !detail.attempts.is_empty()).await;
    net.kill(2);
    let settled = again.settled().await;
    assert!(!settled.report.signed_by.contains(index(2)));
    net.restart(2).await;
    again.all_nodes_reach(Phase::Settled).await;
    let own = knows(&net, 2, 3, again.session).await;
    assert!(own.iter().all(|line| line.share == Some(false)), "it took no part");
    let mut dealt = false;
    for _ in 0..5 {
        // It takes a moment until the others are seen to reach it.
        let last = refresh(&net).await;
        last.settled().await;
        last.all_nodes_reach(Phase::Settled).await;
        dealt = at_node(&net, 2).await.iter().all(|line| line.share == Some(true));
        if dealt {
            break;
        }
    }
    assert!(dealt, "node 2 is dealt no share");
    net.kill(4);
    let sum = net.open(&later("", SUM)).await.settled().await;
    assert_eq!(revealed(&sum), pair("sum", "9"));
}

/// Who lies in a dealing is in its record, and the others deal without it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_lies_in_a_dealing_is_named() {
    for (step, to) in [("refresh/digests", Some(index(1))), ("refresh/pieces/0", None)] {
        let lie = Lie { at: At::Step(StepId::of(step)), to, bit: 77 };
        let net = Net::start(Setup { liar: Some((2, lie)), ..Setup::new(4, 1) }).await;
        Auction::first(&net, FIRST, "x = 4, y = 5").await.settled().await;
        let anew = refresh(&net).await;
        let settled = anew.settled().await;
        let lies = &settled.report.lies;
        assert!(!lies.is_empty(), "{step}");
        let mut sets = lies.iter().flat_map(|lie| &lie.sets);
        assert!(sets.all(|set| set.contains(index(2))), "{step}: {lies:?}");
        assert!(settled.report.named.is_subset_of(set(&[2])), "{step}");
        assert!(!settled.report.signed_by.contains(index(2)), "{step}");
        let sum = net.open(&later("", SUM)).await.settled().await;
        assert_eq!(revealed(&sum), pair("sum", "9"), "{step}");
    }
}

/// Where operators are asked for every job they are not for one that only deals anew; and it may be
/// the clock that begins it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_deals_variables_anew_without_anybody() {
    let every = Some(Duration::from_secs(2));
    let mut net =
        Net::start(Setup { approve: true, refresh_every: every, ..Setup::new(3, 1) }).await;
    let first = Auction::first(&net, FIRST, "x = 4, y = 5").await;
    let approve = async |net: &Net, session: SessionId| {
        for node in 1..=3 {
            let own = net.caller(&net.node_keys[usize::from(node) - 1], node);
            own.post_empty::<()>(&paths::of(paths::NODE_APPROVAL, session)).await.unwrap();
        }
    };
    approve(&net, first.session).await;
    first.settled().await;
    let until = Instant::now() + Duration::from_secs(60);
    let reach = async |net: &Net, generation: u32| loop {
        let all = net.network.coordinator().variables().await.unwrap();
        if all.iter().all(|line| line.variable.generation >= generation) && !all.is_empty() {
            break;
        }
        assert!(Instant::now() < until, "{all:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    reach(&net, 2).await;
    // A coordinator that is started again goes on where it was.
    net.restart_coordinator().await;
    reach(&net, 4).await;
    net.setup.refresh_every = None;
    net.restart_coordinator().await;
    // What was under way is brought to its end before anything else may use the variables.
    let new = NewSession { file: later("", SUM), open: true, bidders: Vec::new() };
    let sum = loop {
        match net.network.coordinator().new_session(&new).await {
            Ok(detail) => break detail,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let (session, announcement) = (sum.summary.session, sum.announcement.unwrap());
    let sum = Auction { network: net.network.clone(), session, announcement };
    let waits = |detail: &SessionDetail| {
        let said = detail.reason.as_ref().map(ToString::to_string).unwrap_or_default();
        said.contains("has not let the job run")
    };
    sum.wait("operators are asked for every other job", waits).await;
    approve(&net, session).await;
    assert_eq!(revealed(&sum.settled().await), pair("sum", "9"));
}
