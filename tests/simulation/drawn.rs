//! What a run draws from its seed: how rough it is, the session file, who bids what and when.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gavel::base::Timestamp;
use gavel::base::bytes::encode;
use gavel::identity::sealing::SealingKeyPair;
use gavel::rules::auction::Kind;
use gavel::rules::survey::invented::responses;
use gavel::rules::{Question, SessionFile, Terms};
use gavel::sharing::{NodeIndex, NodeSet, Scheme};
use gavel::testkit::scores;
use tokio::time::sleep;

use super::bidders::Plan;
use super::chance::Chance;
use super::core::{Core, Host, Moment, Noise};

/// How long things go wrong, in simulated time.
pub const ROUGH: Duration = Duration::from_secs(25);

/// Bidding lasts this long.
const BIDDING: u64 = 8;

/// Partitions, full disks, clocks that jump, processes that are killed; then calm.
pub async fn trouble(core: Arc<Core>, nodes: u8, rough: bool) {
    if !rough {
        return;
    }
    let end = tokio::time::Instant::now() + ROUGH;
    let one =
        |chance: &mut Chance| Host(u8::try_from(chance.between(0, nodes.into())).expect("u8"));
    while tokio::time::Instant::now() < end {
        let (pause, what) =
            core.decide(|chance| (chance.between(200, 4_000), chance.between(0, 9)));
        sleep(Duration::from_millis(pause)).await;
        let (host, other, lasts) =
            core.decide(|chance| (one(chance), one(chance), chance.between(200, 8_000)));
        let (core, lasts) = (Arc::clone(&core), Duration::from_millis(lasts));
        match what {
            0 | 1 => core.kill(host),
            2 | 3 if host != other => {
                core.part(host, other, true);
                tokio::spawn(async move {
                    sleep(lasts).await;
                    core.part(host, other, false);
                });
            }
            4 => {
                for other in (0..=nodes).map(Host).filter(|other| *other != host) {
                    core.part(host, other, true);
                }
                tokio::spawn(async move {
                    sleep(lasts).await;
                    for other in (0..=nodes).map(Host).filter(|other| *other != host) {
                        core.part(host, other, false);
                    }
                });
            }
            5 => {
                core.fill(host, true);
                tokio::spawn(async move {
                    sleep(lasts).await;
                    core.fill(host, false);
                });
            }
            6 => {
                let ahead = core.decide(|chance| {
                    let far = if chance.happens(0.2) { 50_000 } else { 4_000 };
                    i64::try_from(chance.between(0, 2 * far)).expect("short") - far as i64
                });
                core.jump(host, ahead);
            }
            _ => {}
        }
    }
    core.calm();
}

/// How rough this run is.
pub fn noise(chance: &mut Chance, nodes: u8) -> Noise {
    let aimed = chance.happens(0.5);
    let rough = if aimed { 0.2 } else { *chance.pick(&[0.0, 0.3, 1.0, 1.0]) };
    let host = Host(u8::try_from(chance.between(0, nodes.into())).expect("few nodes"));
    Noise {
        messages: 0.04 * rough,
        cut: 0.002 * rough,
        delay: *chance.pick(&[5, 30, 150]),
        crash: 0.02 * rough,
        crash_at: aimed.then(|| (host, chance.between(1, 24), *chance.pick(&Moment::ALL))),
    }
}

/// A session file of any kind.
pub fn file(chance: &mut Chance) -> String {
    let auctions = Kind::ALL.len();
    let number = usize::try_from(chance.between(0, auctions as u64 + 2)).expect("few kinds");
    let Some(kind) = Kind::ALL.get(number).map(|kind| kind.name()) else {
        return match number - auctions {
            0 => market(chance),
            1 => survey(chance),
            _ => scored(chance),
        };
    };
    let mut file = format!(
        "title = \"Simulated\"\nkind = \"{kind}\"\nbids_until = \"{BIDDING}s\"\nreplace_bids = {}\n",
        chance.happens(0.8)
    );
    if chance.happens(0.5) {
        file += &format!("reserve = \"{}\"\n", chance.between(1, 90));
    }
    file += &format!("maximum = \"{}\"\n", chance.pick(&[100, 127, 255]));
    debug_assert!(SessionFile::parse(&file).is_ok());
    debug_assert!(Timestamp::from_millis(0).millis() == 0);
    file
}

/// The session file of a scored auction.
fn scored(chance: &mut Chance) -> String {
    let rule = scores::scoring(0);
    format!(
        "title = \"Simulated\"\nkind = \"scored\"\nbids_until = \"{BIDDING}s\"\nreplace_bids = {}\n\
         reserve = \"{}\"\npays = \"{}\"\n\n[scores]\nweight = \"{}\"\nmodel = \"{}\"\n\
         owner = \"{}\"\nroster = \"{}\"\n",
        chance.happens(0.8),
        chance.between(1, 100),
        chance.pick(&["own", "threshold"]),
        chance.between(1, 200),
        rule.model,
        scores::owner().public(),
        rule.roster
    )
}

/// The session file of a small market.
fn market(chance: &mut Chance) -> String {
    format!(
        "title = \"Simulated\"\nkind = \"market\"\nbids_until = \"{BIDDING}s\"\n\
         replace_bids = {}\nfrom = \"1\"\nto = \"{}\"\nstep = \"1\"\nbits = {}\n\
         quantities = {}\n",
        chance.happens(0.8),
        chance.between(1, 6),
        chance.between(1, 8),
        match *chance.pick(&["own", "operator", "everyone"]) {
            "operator" => format!("\"operator\"\noperator_key = \"{}\"", operator_key()),
            told => format!("\"{told}\""),
        }
    )
}

/// The session file of a small survey.
fn survey(chance: &mut Chance) -> String {
    let mut file = format!(
        "title = \"Simulated\"\nkind = \"survey\"\nbids_until = \"{BIDDING}s\"\n\
         replace_bids = {}\nat_least = {}\nquestions = [{{ name = \"pay\", maximum = \"{}\" }}]\n",
        chance.happens(0.8),
        chance.between(1, 3),
        chance.pick(&[1, 100, 255])
    );
    let cohorts = chance.happens(0.5);
    if cohorts {
        file += "cohorts = [{ name = \"north\" }, { name = \"south\" }]\n";
        file += &format!("membership = \"{}\"\n", chance.pick(&["secret", "public"]));
    }
    let by = if cohorts { "both" } else { "all" };
    let statistic = *chance.pick(&["sum", "deviation", "median", "maximum"]);
    file + &format!(
        "results = [{{ statistic = \"{statistic}\", question = \"pay\", by = \"{by}\" }}]\n"
    )
}

/// The public half of the key that markets are disclosed to.
fn operator_key() -> String {
    encode(&SealingKeyPair::from_secret(&[8; 32]).public().0)
}

/// What somebody hands in: of a survey an answer made up, of an auction an amount, of a market what is
/// traded more or less from price to price, mostly nothing.
fn entry(chance: &mut Chance, question: &Question) -> Vec<u64> {
    if let Some(survey) = question.as_survey() {
        let made_up = responses(survey, chance.between(0, u64::MAX), 1);
        return made_up.iter().flat_map(|response| response.fields().to_vec()).collect();
    }
    let Some(market) = question.as_market() else {
        return vec![chance.between(0, question.maximum().min(100))];
    };
    let mut field = || {
        if chance.happens(0.5) { 0 } else { chance.between(0, market.maximum()) }
    };
    (0..=market.grid.prices()).map(|_| field()).collect()
}

/// Who bids what, and when; some on the last moment, and some too late.
pub fn plans(chance: &mut Chance, folder: &Path, left: u64, terms: &Terms) -> Vec<Plan> {
    let bidders = chance.between(1, 4);
    let mut plans = Vec::new();
    for number in 1..=bidders {
        let first = match chance.between(0, 5) {
            0 => left.saturating_sub(chance.between(0, 300)),
            1 => left + chance.between(0, 300),
            _ => chance.between(0, left),
        };
        let question = &terms.question;
        let mut bids = vec![(Duration::from_millis(first), entry(chance, question))];
        while terms.replace_bids && bids.len() < 3 && chance.happens(0.4) {
            let pause = Duration::from_millis(chance.between(0, 4_000));
            bids.push((pause, entry(chance, question)));
        }
        let name = format!("bidder-{number}");
        let garbage = NodeSet::EMPTY;
        plans.push(Plan { bids, folder: folder.join(&name), name, garbage });
    }
    plans
}

/// In some runs a bidder hands garbage to some nodes: to those that will be `away`, if any, before
/// they go.
pub fn mallory(
    chance: &mut Chance,
    folder: &Path,
    left: u64,
    (terms, scheme): (&Terms, Scheme),
    away: Option<NodeSet>,
) -> Option<Plan> {
    let (among, size) =
        (scheme.nodes().into(), chance.between(1, u64::from(scheme.threshold()) + 1));
    let mut garbage = NodeSet::EMPTY;
    while (garbage.len() as u64) < size {
        garbage.insert(NodeIndex::new(chance.between(1, among) as u8).expect("a node"));
    }
    let (early, fields) = (left.saturating_sub(4_000), entry(chance, &terms.question));
    let pause = chance.between(0, if away.is_some() { early } else { left });
    let comes = chance.happens(0.3) || away.is_some();
    let bids = vec![(Duration::from_millis(pause), fields)];
    let name = "mallory".to_owned();
    let garbage = away.unwrap_or(garbage);
    comes.then(|| Plan { bids, folder: folder.join(&name), name, garbage })
}
