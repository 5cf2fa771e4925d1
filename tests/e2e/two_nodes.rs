//! Surveys among two nodes, which can add and nothing else: nodes that go away and come back, bad
//! answers, and sessions that are refused.

use gavel::client::BidAmount;
use gavel::identity::{KeyPair, Signed};
use gavel::rules::survey::Value;
use gavel::session::Phase;
use gavel::session::exclusion::ExclusionReason;
use gavel::sharing::form::Form;
use gavel::testkit::bad_bidder::BadBidder;
use gavel::wire::coordinator_api::{NewSession, SessionDetail};
use gavel::wire::reason::{AttemptTrouble, Reason};
use gavel::wire::{ProblemType, paths};

use super::auction::{Auction, Settled, file, refusal, set};
use super::net::{Net, Setup};

const SURVEY: &str = "title = \"Points\"\nkind = \"survey\"\nbids_until = \"1h\"\nreplace_bids = true\n\
    at_least = 2\nprotocol = \"sums\"\n\
    questions = [{ name = \"points\", maximum = \"1000\" }]\n\
    results = [{ statistic = \"mean\", question = \"points\" }]\n";

async fn answer(survey: &Auction, name: &str, points: u64) {
    survey.try_enter(name, &KeyPair::generate().unwrap(), vec![points]).await.unwrap();
}

/// How many answered, and what they come to.
fn told(settled: &Settled) -> Vec<u128> {
    let outcome = settled.report.outcome.as_ref().unwrap();
    let cells = &outcome.answer.as_survey().unwrap().cells;
    let values = cells[0].open().unwrap().iter();
    values.map(|value| value.unwrap()).map(|Value(value)| value).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_are_killed_wait_for_each_other_and_settle() {
    let mut net = Net::start(Setup::new(2, 1).delayed(60)).await;
    let survey = net.open(SURVEY).await;
    answer(&survey, "red", 123).await;
    answer(&survey, "green", 145).await;
    // One node has it; the other is handed it when the survey closes.
    net.kill(2);
    answer(&survey, "blue", 132).await;
    survey.close().await;
    let waits_for = |node: u8| {
        move |detail: &SessionDetail| {
            let short = detail.shortage.as_ref();
            let away = short.is_some_and(|short| short.reason.away == set(&[node]));
            away && detail.waiting_for == set(&[node]) && detail.reason.is_some()
        }
    };
    let detail = survey.wait("it waits for node 2", waits_for(2)).await;
    assert_eq!(detail.summary.phase, Phase::Closing);
    assert_eq!(detail.shortage.unwrap().reason.needed, 2);
    net.restart_coordinator().await;
    net.restart(2).await;
    survey.wait("an attempt", |detail| !detail.attempts.is_empty()).await;
    net.kill(1);
    let detail = survey.wait("it waits for node 1", waits_for(1)).await;
    assert_eq!(detail.summary.phase, Phase::Computing);
    net.restart(1).await;
    let settled = survey.settled().await;
    assert_eq!(told(&settled), [3, 400]);
    let report = &settled.report;
    assert_eq!(report.signed_by, set(&[1, 2]));
    assert_eq!((report.closed_by, report.manifest_signed_by), (set(&[1, 2]), set(&[1, 2])));
    assert_eq!(settled.names().len(), 3);
    survey.all_nodes_reach(Phase::Settled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_one_node_cannot_read_is_left_out_and_the_rest_added_up() {
    let net = Net::start(Setup::new(2, 1)).await;
    let survey = net.open(SURVEY).await;
    for (name, points) in [("red", 123), ("green", 145), ("blue", 132)] {
        answer(&survey, name, points).await;
    }
    let keys = KeyPair::generate().unwrap();
    let bad = BadBidder {
        announcement: &survey.announcement,
        roster: survey.network.roster(),
        admission: survey.admit("dent", &keys).await,
        name: "dent",
        keys: &keys,
        revision: 1,
    };
    let dented = bad.garbage_parts(BidAmount::new(9), set(&[2])).unwrap();
    assert_eq!(refusal(survey.hand_in(2, &dented).await), ProblemType::PartUnreadable);
    survey.hand_in(1, &dented).await.unwrap();
    // A broken correction is refused by both at once.
    let layout = survey.announcement.body.terms.layout().unwrap();
    let long = bad.longer_entry(&layout, BidAmount::new(9).into()).unwrap();
    for node in [1, 2] {
        assert_eq!(refusal(survey.hand_in(node, &long).await), ProblemType::BadEnvelope);
    }
    survey.close().await;
    let settled = survey.settled().await;
    assert_eq!(told(&settled), [3, 400]);
    let [excluded] = &settled.report.excluded[..] else { panic!("{:?}", settled.report.excluded) };
    assert_eq!((excluded.bidder.as_str(), excluded.envelope), ("dent", dented.digest()));
    assert_eq!(excluded.reason, ExclusionReason::PartUnreadable);
    assert_eq!(excluded.named_by, set(&[2]));
}

/// Nobody checks an answer: one above the maximum is added up like any other, and if the sum cannot
/// be, the survey fails and says why, naming nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_above_the_maximum_counts_or_ends_the_survey() {
    let net = Net::start(Setup::new(2, 1)).await;
    for (points, possible) in [(1_500, true), (3_000, false)] {
        let survey = net.open(SURVEY).await;
        answer(&survey, "red", 123).await;
        let keys = KeyPair::generate().unwrap();
        let greedy = BadBidder {
            announcement: &survey.announcement,
            roster: survey.network.roster(),
            admission: survey.admit("greedy", &keys).await,
            name: "greedy",
            keys: &keys,
            revision: 1,
        };
        let envelope = greedy.unchecked_amount(BidAmount::new(points)).unwrap();
        for node in [1, 2] {
            survey.hand_in(node, &envelope).await.unwrap();
        }
        survey.close().await;
        if possible {
            assert_eq!(told(&survey.settled().await), [2, 1_623]);
            continue;
        }
        let detail = survey.failed(8).await;
        let reason = detail.reason.unwrap();
        assert!(reason.contains("come to more than they can"), "{reason}");
        let Reason::AttemptsFailed { last: AttemptTrouble::Nodes { .. }, .. } = reason.reason
        else {
            panic!("{reason:?}")
        };
        assert!(detail.outcome.is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_are_opened_no_session_that_compares() {
    let net = Net::start(Setup::new(2, 1)).await;
    let coordinator = net.network.coordinator();
    let refused = async |text: String| {
        let new = NewSession { file: text, open: true, bidders: Vec::new() };
        match coordinator.new_session(&new).await {
            Err(error) => error.to_string(),
            Ok(detail) => panic!("accepted: {detail:?}"),
        }
    };
    let compares = "2 nodes of which any 1 learn nothing can add, but not multiply or compare";
    let said = refused(file("second-price", None, None)).await;
    assert!(said.contains(compares) && said.contains("at least 3 nodes"), "{said}");
    let said = refused(SURVEY.replace("protocol = \"sums\"\n", "")).await;
    assert!(said.contains(compares) && said.contains("protocol = \"sums\""), "{said}");
    let said = refused(SURVEY.replace("\"mean\"", "\"deviation\"")).await;
    assert!(said.contains("the deviation takes more than adding up"), "{said}");
    // A node takes no such announcement either, whoever signs it.
    let survey = net.open(SURVEY).await;
    let mut announcement = survey.announcement.body.clone();
    announcement.terms.protocol = Form::Bits;
    let forged = Signed::new(announcement, &net.operator);
    let coordinator = net.caller(&net.operator, 1);
    let answer = coordinator.post::<_, ()>(paths::NODE_SESSIONS, &forged).await;
    assert_eq!(refusal(answer), ProblemType::BadTerms);
}
