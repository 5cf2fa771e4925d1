//! The bidders of a demo, each with a key of its own.
//!
//! They bid side by side, except that equal amounts are handed in one after another in the file's
//! order, and so are the orders of a small market: the earlier bid wins a tie, the earlier order gets
//! the rest, and a demo should end the same way every time.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use rand::{TryRng as _, rngs::SysRng};
use serde::Serialize;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::entries::Entries;
use crate::base::Timestamp;
use crate::cli::failure::Failure;
use crate::cli::home::create_private;
use crate::cli::output::clean;
use crate::cli::progress::Progress;
use crate::client::bid::{self, BidError, Bidder, Patience, Placed};
use crate::client::state::BidderState;
use crate::client::{BidAmount, EntryValues, Network};
use crate::identity::key_file::BidderKeys;
use crate::identity::{KeyPair, Signed, Statement as _};
use crate::rules::job::file::DemoEntry;
use crate::rules::market::Order;
use crate::rules::question::QuestionError;
use crate::rules::session_file::Fields;
use crate::rules::terms::{Admission, TermsError};
use crate::rules::{Answer, Question, SessionFile, Terms, market, survey};
use crate::session::Announcement;
use crate::session::outcome::Entrant;
use crate::session::scoring::SignedScore;
use crate::wire::coordinator_api;

/// The folder of the bidders' places.
pub const BIDDERS: &str = "bidders";

/// Bidders at work at once.
pub const AT_ONCE: usize = 48;

/// Most bidders whose receipts are kept in files.
pub const KEPT: usize = 200;

/// Receipt times are in milliseconds: an equal amount comes at least so much later.
const APART: Duration = Duration::from_millis(5);

/// Most orders, or answers to a survey, that are handed in one after the other.
const IN_ORDER: usize = 50;

/// Where the bidder at a position keeps what is its own.
pub fn place_of(places: &Path, position: usize) -> PathBuf {
    places.join((position + 1).to_string())
}

/// A bidder and what it will bid.
pub struct Player {
    name: String,
    bid: Bid,
    keys: KeyPair,
    cohort: Option<Cohort>,
    score: Option<SignedScore>,
}

/// A cohort that the demo's operator assigns.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Cohort {
    position: u8,
    name: String,
}

/// What a bidder will hand in.
enum Bid {
    /// An amount, as written.
    Amount(Zeroizing<String>),
    /// The fields of an entry: of an order, or of answers to a survey.
    Fields(Zeroizing<Vec<u64>>),
}

impl Player {
    fn new(name: String, amount: Zeroizing<String>) -> Result<Self, Failure> {
        Self::of_bid(name, Bid::Amount(amount))
    }

    fn with_fields(name: String, fields: Zeroizing<Vec<u64>>) -> Result<Self, Failure> {
        Self::of_bid(name, Bid::Fields(fields))
    }

    fn of_bid(name: String, bid: Bid) -> Result<Self, Failure> {
        Ok(Self { name, bid, keys: KeyPair::generate()?, cohort: None, score: None })
    }

    /// Have it hand in a score with its bid.
    pub fn take_score(&mut self, score: SignedScore) {
        self.score = Some(score);
    }

    /// A participant of a survey; where its operator assigns cohorts, in the one of the response.
    fn of_survey(
        name: String,
        question: &survey::Question,
        response: &survey::Response,
    ) -> Result<Self, Failure> {
        let assigned = response.assigned().zip(question.assigned_name(response.assigned()));
        let cohort = assigned.map(|(position, name)| Cohort { position, name: name.to_owned() });
        Ok(Self { cohort, ..Self::with_fields(name, response.fields().clone())? })
    }

    /// The fields of its entry, where that is more than an amount.
    pub const fn fields(&self) -> Option<&Zeroizing<Vec<u64>>> {
        match &self.bid {
            Bid::Fields(fields) => Some(fields),
            Bid::Amount(_) => None,
        }
    }

    fn amount(&self, question: &Question) -> Option<u64> {
        match &self.bid {
            Bid::Amount(amount) => question.unit().parse(amount).ok(),
            Bid::Fields(_) => None,
        }
    }

    fn entry(&self, terms: &Terms) -> Result<EntryValues, Failure> {
        let entry: EntryValues = match &self.bid {
            Bid::Amount(amount) => BidAmount::parse(amount, &terms.question.unit())?.into(),
            Bid::Fields(fields) => fields.clone().into(),
        };
        Ok(entry.with_score(self.score.clone()))
    }

    /// The name it bids under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its keys.
    pub fn keys(&self) -> KeyPair {
        self.keys.clone()
    }

    /// Name and key, for sessions that admit only who is listed, and the cohort that the operator
    /// assigns.
    pub fn card(&self) -> coordinator_api::Bidder {
        let cohort = self.cohort.as_ref().map(|cohort| cohort.name.clone());
        coordinator_api::Bidder { name: self.name.clone(), key: self.keys.public(), cohort }
    }
}

/// What participants of a market or of a survey are made up from, where so many are asked for or the
/// file has none of its own: the file's seed, else a fresh one.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn seed(file: &SessionFile, asked: Option<u32>) -> Result<Option<u64>, Failure> {
    let (participants, seed) = if let Fields::Market(fields) = &file.fields {
        (fields.participants, fields.seed)
    } else if let Fields::Survey(fields) = &file.fields {
        (fields.participants, fields.seed)
    } else {
        return Ok(None);
    };
    if asked.is_none() && participants.is_none() {
        return Ok(None);
    }
    let fresh = || {
        let mut bytes = [0; 4];
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok::<_, Failure>(u64::from(u32::from_le_bytes(bytes)))
    };
    Ok(Some(seed.map_or_else(fresh, Ok)?))
}

/// The bidders of a session file; of a market or a survey without any, those that its seed makes.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn of_file(file: &SessionFile, seed: Option<u64>) -> Result<Vec<Player>, Failure> {
    match &file.fields {
        Fields::Auction(auction) => {
            let player = |bid: &crate::rules::auction::file::DemoBid| {
                Player::new(bid.bidder.clone(), Zeroizing::new(bid.amount.clone()))
            };
            auction.bids.iter().map(player).collect()
        }
        Fields::Market(fields) => {
            if let Some(count) = fields.participants {
                return invent(file, count, seed);
            }
            let terms = file.terms(Timestamp::from_millis(0))?;
            let Some(market) = terms.question.as_market() else { return Ok(Vec::new()) };
            let player = |order: &market::file::DemoOrder| {
                let steps = Order::parse(market, order.side, &order.steps)?;
                Player::with_fields(order.participant.clone(), steps.fields(market))
            };
            fields.orders.iter().map(player).collect()
        }
        Fields::Survey(fields) => {
            if let Some(count) = fields.participants {
                return invent(file, count, seed);
            }
            let terms = file.terms(Timestamp::from_millis(0))?;
            let Some(survey) = terms.question.as_survey() else { return Ok(Vec::new()) };
            let player = |answer: &survey::file::DemoAnswer| {
                let response = answer.response(survey).map_err(QuestionError::from);
                let response = response.map_err(TermsError::from)?;
                Player::of_survey(answer.participant.clone(), survey, &response)
            };
            fields.answers.iter().map(player).collect()
        }
        Fields::Job(fields) => {
            let entries = fields.entries().map_err(QuestionError::from);
            let entries = entries.map_err(TermsError::from)?.into_iter();
            let player = |entry: DemoEntry| Player::with_fields(entry.participant, entry.fields);
            entries.map(player).collect()
        }
        #[cfg(any(test, feature = "testkit"))]
        _ => Ok(Vec::new()),
    }
}

/// Invented bidders: of an auction with random amounts around the reserve, of a market with orders
/// from a seed, of a survey with answers from one. Of a job the first so many of the file.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn invent(file: &SessionFile, count: u32, seed: Option<u64>) -> Result<Vec<Player>, Failure> {
    if let Fields::Job(_) = &file.fields {
        // Nobody can be made up for steps that name their participants.
        let most = usize::try_from(count).unwrap_or(usize::MAX);
        return Ok(of_file(file, seed)?.into_iter().take(most).collect());
    }
    let terms = file.terms(Timestamp::from_millis(0))?;
    let width = count.to_string().len();
    let called = |number: u32| format!("participant {number:0width$}");
    if let Question::Market(question) = &terms.question {
        let orders = market::invented::orders(question, seed.unwrap_or_default(), count)?;
        let player = |(number, order): (u32, &Order)| {
            Player::with_fields(called(number), order.fields(question))
        };
        return (1..).zip(&orders).map(player).collect();
    }
    if let Question::Survey(question) = &terms.question {
        let all = survey::invented::responses(question, seed.unwrap_or_default(), count);
        let player = |(number, response): (u32, &survey::Response)| {
            Player::of_survey(called(number), question, response)
        };
        return (1..).zip(&all).map(player).collect();
    }
    let (unit, maximum) = (terms.question.unit(), terms.question.maximum());
    let auction = terms.question.as_auction();
    let reserve = auction.and_then(|auction| Some((auction.reserve?, auction.kind.is_reverse())));
    let (low, high) = match reserve {
        Some((reserve, true)) => (reserve / 2, reserve.saturating_mul(9) / 8),
        Some((reserve, false)) => (reserve / 2, reserve.saturating_mul(4)),
        None => (0, maximum),
    };
    let high = high.clamp(1, maximum);
    let span = high - low.min(high) + 1;
    (1..=count)
        .map(|number| {
            let mut bytes = Zeroizing::new([0; 8]);
            SysRng.try_fill_bytes(bytes.as_mut())?;
            let amount = low.min(high) + u64::from_le_bytes(*bytes) % span;
            let amount = Zeroizing::new(unit.plain(amount));
            Player::new(format!("bidder {number:0width$}"), amount)
        })
        .collect()
}

/// The bidders that the demo's operator lists before the session opens: where the terms admit only
/// those, or have the operator assign cohorts.
pub fn listed(file: &SessionFile, players: &[Player]) -> Vec<coordinator_api::Bidder> {
    let listed = file.shared.admission == Admission::Listed;
    let of_list = players.iter().filter(|player| listed || player.cohort.is_some());
    of_list.map(Player::card).collect()
}

/// The cohort that the demo's operator assigns to somebody who is none of its own bidders: the first
/// one, where cohorts are assigned.
pub fn cohort_of_guest(file: &SessionFile) -> Result<Option<String>, Failure> {
    let terms = file.terms(Timestamp::from_millis(0))?;
    Ok(terms.question.assigned_cohorts().and_then(<[String]>::first).cloned())
}

/// What each of them wants in a market, answers in a survey, or bids with a score.
pub fn entries(players: &[Player], question: &Question) -> Entries {
    let entry = |player: &Player| {
        let scored = || Some(Zeroizing::new(vec![player.amount(question)?]));
        let fields = match player.fields() {
            Some(fields) => fields.clone(),
            None => player.score.as_ref().and_then(|_| scored())?,
        };
        Some((player.name.clone(), fields))
    };
    let cohort = |player: &Player| Some((player.name.clone(), player.cohort.as_ref()?.position));
    let cohorts = players.iter().filter_map(cohort);
    Entries::of(players.iter().filter_map(entry)).with_cohorts(cohorts)
}

/// A bidder whose bid is not in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Refused {
    /// Its name.
    pub bidder: String,
    /// Why, as a slug.
    pub reason: String,
    /// Why, in words. Never the amount.
    pub detail: String,
}

/// What came of the bidding.
pub struct Bidding {
    /// Bids that are in.
    pub placed: u64,
    /// Bids that are not, in the file's order.
    pub refused: Vec<Refused>,
    /// How long it took.
    pub took: Duration,
    /// Where each of the demo's bidders stands.
    pub ranks: Ranks,
    /// What each wants in a market, answers in a survey, or bids with a score.
    pub entries: Entries,
}

/// Where the demo's bidders stand by their amounts, from 0 for the best; equal amounts share a
/// place. An outcome with one price for all does not say who of the winners bid more; only who
/// plays all bidders knows.
pub struct Ranks(HashMap<String, usize>);

impl Ranks {
    /// Rank the bidders of a session.
    pub fn of(players: &[Player], question: &Question) -> Self {
        let reverse = question.as_auction().is_some_and(|auction| auction.kind.is_reverse());
        let amount = |player: &Player| player.amount(question);
        let mut amounts = Zeroizing::new(Vec::with_capacity(players.len()));
        amounts.extend(players.iter().filter_map(amount));
        amounts.sort_unstable();
        amounts.dedup();
        let place = |amount: u64| {
            let smaller = amounts.binary_search(&amount).ok()?;
            Some(if reverse { smaller } else { amounts.len() - 1 - smaller })
        };
        let ranked = |player: &Player| Some((player.name.clone(), place(amount(player)?)?));
        Self(players.iter().filter_map(ranked).collect())
    }

    /// The answer with an auction's winners from the best bid down, among equal ones the earlier
    /// first. Where one of them is none of the demo's bidders they stay in the outcome's order.
    pub fn from_the_best(&self, answer: &Answer<Entrant>) -> Answer<Entrant> {
        let Some(auction) = answer.as_auction() else { return answer.clone() };
        let mut auction = auction.clone();
        if auction.winners.iter().all(|sale| self.0.contains_key(&sale.entry.bidder)) {
            auction.winners.sort_by_key(|sale| self.0.get(&sale.entry.bidder));
        }
        auction.into()
    }
}

/// Let everybody bid. A bid that is refused is told and listed; the rest goes on.
///
/// # Errors
/// When the bidders' folder cannot be written.
pub async fn bid(
    network: &Network,
    announcement: &Signed<Announcement>,
    players: Vec<Player>,
    places: &Path,
) -> Result<Bidding, Failure> {
    let started = Instant::now();
    let keep = players.len() <= KEPT;
    let mut progress = Progress::start("bids", Some(players.len() as u64));
    let question = &announcement.body.terms.question;
    let (ranks, mut entries) = (Ranks::of(&players, question), entries(&players, question));
    let turns = turns(&players, question);
    let mut bids = stream::iter(players.into_iter().zip(turns).enumerate())
        .map(|(position, (player, mut turn))| {
            let place = keep.then(|| place_of(places, position));
            async move {
                turn.wait().await;
                let placed = one(network, announcement, &player, place.as_deref()).await;
                turn.done().await;
                (position, player, placed)
            }
        })
        .buffer_unordered(AT_ONCE);
    let (mut placed, mut refused) = (0, Vec::new());
    while let Some((position, player, result)) = bids.next().await {
        progress.step();
        let Player { name, keys, .. } = player;
        match result {
            Ok(Placed { bid, missing }) => {
                placed += 1;
                entries.keep(keys, bid);
                for silence in missing {
                    progress.keep(&format!("{}: {}", clean(&name), clean(&silence.to_string())));
                }
            }
            Err(failure) => {
                progress.keep(&format!("the bid of {:?} is not in: {}", name, failure.detail));
                let Failure { kind: reason, detail, .. } = failure;
                refused.push((position, Refused { bidder: name, reason, detail }));
            }
        }
    }
    drop(bids);
    refused.sort_by_key(|(position, _)| *position);
    let refused: Vec<Refused> = refused.into_iter().map(|(_, refused)| refused).collect();
    let took = started.elapsed();
    let all = network.nodes().len();
    progress.finish(&format!(
        "{placed} in, {} refused, receipts by {all} nodes, {:.1} s",
        refused.len(),
        took.as_secs_f64()
    ));
    Ok(Bidding { placed, refused, took, ranks, entries })
}

/// One bidder's bid, from admission to receipts; kept in a folder where one is given.
///
/// # Errors
/// Why it is not in.
pub async fn one(
    network: &Network,
    announcement: &Signed<Announcement>,
    player: &Player,
    place: Option<&Path>,
) -> Result<Placed, Failure> {
    let entry = player.entry(&announcement.body.terms)?;
    let state = match place {
        None => BidderState::Memory,
        Some(place) => {
            create_private(place)?;
            let keys = place.join("bidder.key");
            // Who has been scored has a home there already.
            if player.score.is_none() {
                BidderKeys { identity: player.keys.clone() }.save(&keys, None)?;
            }
            BidderState::Folder(place.join("receipts"))
        }
    };
    let pinned = [network.roster().body.digest()];
    let bidder = Bidder { name: &player.name, keys: &player.keys, state: &state, pinned: &pinned };
    let placed = bid::place(network, announcement, &bidder, entry, Patience::default()).await;
    placed.map_err(|error: BidError| error.into())
}

/// A bidder's turn among those with the same amount.
#[derive(Default)]
struct Turn {
    before: Option<oneshot::Receiver<()>>,
    after: Option<oneshot::Sender<()>>,
}

impl Turn {
    /// Wait until the one before is done, however it ended.
    async fn wait(&mut self) {
        if let Some(before) = self.before.take() {
            let _ = before.await;
        }
    }

    /// Let the next one go.
    async fn done(self) {
        if let Some(after) = self.after {
            tokio::time::sleep(APART).await;
            let _ = after.send(());
        }
    }
}

/// Chains of equal amounts, or of all other entries where they are few. The one before has begun
/// already when a bidder waits, as bidders begin in order, so nobody waits for ever.
fn turns(players: &[Player], question: &Question) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::with_capacity(players.len());
    let mut last: HashMap<Option<u64>, usize> = HashMap::new();
    for (position, player) in players.iter().enumerate() {
        let mut turn = Turn::default();
        let waits = player.fields().is_none() || players.len() <= IN_ORDER;
        let before = last.insert(player.amount(question), position);
        if let Some(earlier) = before.filter(|_| waits) {
            let (sender, receiver) = oneshot::channel();
            turns[earlier].after = Some(sender);
            turn.before = Some(receiver);
        }
        turns.push(turn);
    }
    turns
}

#[cfg(test)]
#[path = "players_tests.rs"]
mod tests;
