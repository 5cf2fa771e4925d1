//! What is played where any kind of session will do: terms, who hands in what, and what must come of
//! it by the plain reference.

use std::fmt::Write as _;
use std::ops::Deref;

use gavel::client::bid::Placed;
use gavel::client::{EntryValues, Network};
use gavel::identity::KeyPair;
use gavel::rules::job::line;
use gavel::rules::market::{Quantity, Trade, invented};
use gavel::rules::survey::invented::responses;
use gavel::rules::{Answer, Question, Terms, auction, market};
use gavel::session::outcome::Entrant;
use gavel::testkit::scores;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use super::auction::{Auction, Settled, file};
use super::scored;

/// A kind of session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Auction,
    /// An auction in which a score decides as well; every bid comes with one.
    Scored,
    Market,
    Survey,
    /// A random graph of steps, by the seed.
    Job,
}

/// Two cohorts of whom nobody learns who is in which, and a statistic of every way of computing.
const SURVEY: &str = "title = \"Pay\"\nkind = \"survey\"\nbids_until = \"1h\"\nreplace_bids = true\n\
    at_least = 2\n\
    questions = [{ name = \"pay\", maximum = \"100\" }, { name = \"years\", maximum = \"31\" }]\n\
    cohorts = [{ name = \"north\" }, { name = \"south\" }]\n\
    results = [{ statistic = \"count\", by = \"both\" }, \
    { statistic = \"deviation\", question = \"pay\", by = \"both\" }, \
    { statistic = \"median\", question = \"years\" }]\n";

const NAMES: [&str; 5] = ["ada", "basil", "chiara", "dmitri", "edith"];

impl Kind {
    /// Each of them but jobs.
    pub const ALL: [Self; 4] = [Self::Auction, Self::Scored, Self::Market, Self::Survey];

    /// One of them, or a job, in turn.
    pub const fn in_turn(number: usize) -> Self {
        let at = number % (Self::ALL.len() + 1);
        if at < Self::ALL.len() { Self::ALL[at] } else { Self::Job }
    }

    /// A session file, of a market one in which each learns the own quantity alone.
    pub fn file(self, seed: u64) -> String {
        match self {
            Self::Auction => file("second-price", Some(100), Some(1000)),
            Self::Scored => scored::file("threshold"),
            Self::Market => "title = \"Hay\"\nkind = \"market\"\nfrom = \"1\"\nto = \"12\"\n\
                             step = \"1\"\nbits = 8\nbids_until = \"1h\"\nreplace_bids = true\n"
                .to_owned(),
            Self::Survey => SURVEY.to_owned(),
            Self::Job => graph(seed),
        }
    }

    /// What these participants hand in, by a seed: no two amounts alike, and orders that clear.
    fn entries(terms: &Terms, seed: u64) -> Vec<(&'static str, Vec<u64>)> {
        let count = u32::try_from(NAMES.len()).unwrap();
        let fields: Vec<Vec<u64>> = match &terms.question {
            Question::Market(market) => {
                let made = |further| -> Vec<Vec<u64>> {
                    let seed = seed.wrapping_add(further);
                    let orders = invented::orders(market, seed, count).unwrap();
                    orders.iter().map(|order| order.fields(market).to_vec()).collect()
                };
                // The first seed from there on with which something is traded, also without the
                // last.
                let trades = |entries: &[Vec<u64>]| {
                    let entries: Vec<&[u64]> = entries.iter().map(Vec::as_slice).collect();
                    market::reference::answer(market, &entries).traded() > 0
                };
                let fit = |made: &Vec<Vec<u64>>| trades(made) && trades(&made[..4]);
                (0..1000).map(made).find(fit).unwrap()
            }
            Question::Survey(survey) => {
                let responses = responses(survey, seed, count);
                responses.iter().map(|response| response.fields().to_vec()).collect()
            }
            Question::Job(job) => {
                let mut rng = StdRng::seed_from_u64(seed);
                let entry = |name| {
                    let (x, y) = (rng.random_range(0..256), rng.random_range(0..256));
                    line::read(job, &format!("{name} x = {x}, {name} y = {y}")).unwrap().to_vec()
                };
                NAMES.iter().map(entry).collect()
            }
            Question::Auction(_) | Question::MadeUp(_) => {
                let mut amounts: Vec<u64> = (0..5).map(|at| 150 + 10 * at).collect();
                amounts.shuffle(&mut StdRng::seed_from_u64(seed));
                amounts.into_iter().map(|amount| vec![amount]).collect()
            }
        };
        NAMES.into_iter().zip(fields).collect()
    }

    /// Open a session of this kind, in which nobody has handed anything in.
    pub async fn open(self, network: &Network, seed: u64) -> Played {
        let session = Auction::open(network, &self.file(seed)).await;
        let entries = Self::entries(&session.announcement.body.terms, seed);
        Played { kind: self, session, entries, placed: Vec::new() }
    }

    /// Open a session of this kind, and have all but one of the participants hand in theirs.
    pub async fn play(self, network: &Network) -> Played {
        let mut played = self.open(network, 7).await;
        for _ in 1..NAMES.len() {
            played.hand_in().await;
        }
        played
    }
}

/// The score of a participant, so that not the lowest price alone decides, and its batch.
fn score_of(name: &str) -> (i64, u8) {
    let at = NAMES.iter().position(|own| *own == name).unwrap();
    ([900, 300, 1024, 0, 640][at], u8::try_from(at).unwrap() + 1)
}

/// A job over two numbers of each participant: ten steps of all sorts by a seed, over each field in
/// turn, and all that they come to revealed.
fn graph(seed: u64) -> String {
    let mut rng = StdRng::seed_from_u64(seed);
    let field = ["2^61-1", "2^127-1", "secp256k1"][usize::try_from(seed % 3).unwrap()];
    let mut steps = String::new();
    // Each variable with its bits.
    let mut variables: Vec<(String, u32)> = Vec::new();
    for name in NAMES {
        for which in ["x", "y"] {
            let variable = format!("{name} {which}");
            writeln!(
                steps,
                "[[steps]]\nid = \"{variable}\"\noperation = \"assign\"\nvariable = \"{variable}\"\n\
                 from = \"{name}\"\nbits = 8"
            )
            .unwrap();
            variables.push((variable, 8));
        }
    }
    for number in 0..10 {
        let pick = |rng: &mut StdRng, most: u32| {
            let fit: Vec<_> = variables.iter().filter(|(_, bits)| *bits <= most).collect();
            fit[rng.random_range(0..fit.len())].clone()
        };
        let ((x, of_x), (y, of_y)) = (pick(&mut rng, 20), pick(&mut rng, 20));
        let bit = variables.iter().find(|(_, bits)| *bits == 1).map(|(name, _)| name.clone());
        let (operation, bits, more) = match (rng.random_range(0..6), bit) {
            (0, _) => ("add", of_x.max(of_y) + 1, String::new()),
            (1, _) => ("multiply", of_x + of_y, String::new()),
            (2, _) => ("equal", 1, String::new()),
            (3, _) => ("divide", 32, String::new()),
            (4, Some(bit)) => ("select", of_x.max(of_y), format!("condition = \"{bit}\"\n")),
            _ => ("less-than", 1, String::new()),
        };
        writeln!(
            steps,
            "[[steps]]\nid = \"s{number}\"\noperation = \"{operation}\"\nvariable = \"v{number}\"\n\
             operand1 = \"{x}\"\noperand2 = \"{y}\"\n{more}\
             [[steps]]\nid = \"r{number}\"\noperation = \"reveal\"\nvariable = \"v{number}\""
        )
        .unwrap();
        variables.push((format!("v{number}"), bits));
    }
    format!(
        "title = \"Steps\"\nkind = \"job\"\nfield = \"{field}\"\nbids_until = \"1h\"\n\
         replace_bids = true\n{steps}"
    )
}

/// A session that is played.
pub struct Played {
    pub kind: Kind,
    session: Auction,
    /// All that may be handed in.
    entries: Vec<(&'static str, Vec<u64>)>,
    /// What was, in this order.
    placed: Vec<(KeyPair, Placed)>,
}

impl Deref for Played {
    type Target = Auction;

    fn deref(&self) -> &Auction {
        &self.session
    }
}

impl Played {
    /// The next participant hands in its entry; there must be one left.
    pub async fn hand_in(&mut self) {
        let (name, fields) = &self.entries[self.placed.len()];
        let keys = KeyPair::generate().unwrap();
        let score = (self.kind == Kind::Scored).then(|| {
            let (value, batch) = score_of(name);
            scores::signed(&keys, value, batch)
        });
        let entry = EntryValues::new(fields.clone()).with_score(score);
        let placed = self.session.try_entry(name, &keys, entry).await.unwrap();
        self.placed.push((keys, placed));
    }

    /// Everybody who has not yet does so.
    pub async fn hand_all_in(&mut self) {
        while self.placed.len() < self.entries.len() {
            self.hand_in().await;
        }
    }

    /// Check what came of it: all take part, and the outcome is what plain arithmetic says. What
    /// each is told alone each reads with its own keys.
    pub fn check(&self, settled: &Settled, what: &str) {
        let mut names = settled.names();
        assert_eq!(names.len(), self.placed.len(), "{what}");
        if self.kind == Kind::Job {
            // By the steps that name them, and not by their arrival.
            names.sort_unstable();
        }
        let fields = |name: &&str| {
            let (_, fields) = self.entries.iter().find(|(own, _)| own == name).unwrap();
            fields.as_slice()
        };
        let entries: Vec<&[u64]> = names.iter().map(fields).collect();
        let terms = &settled.record.announcement.body.terms;
        let expected = match terms.scoring() {
            None => terms.question.reference(&entries),
            Some(scoring) => {
                let bids: Vec<u64> = entries.iter().map(|fields| fields[0]).collect();
                let handicap =
                    |name: &&str| scoring.handicap(score_of(name).0, scores::FRACTION).unwrap();
                let handicaps: Vec<u64> = names.iter().map(handicap).collect();
                let question = terms.question.as_auction().unwrap();
                Answer::Auction(auction::reference::weighed(question, &bids, &handicaps))
            }
        };
        let expected = expected.map(|entry| names[entry].to_owned());
        let answer = &settled.report.outcome.as_ref().unwrap().answer;
        let got = self.told(terms, answer).map(|entrant| entrant.bidder);
        assert_eq!(got, expected, "{what}");
        if let Answer::Market(market) = &expected {
            assert!(
                market.traded() > 0,
                "{what}: a market in which nothing is traded shows little"
            );
        }
    }

    /// The answer with everything in it that any participant is told.
    fn told(&self, terms: &Terms, answer: &Answer<Entrant>) -> Answer<Entrant> {
        let (Question::Market(question), Answer::Market(market)) = (&terms.question, answer) else {
            return answer.clone();
        };
        let mut market = market.clone();
        for Trade { entry, quantity } in &mut market.trades {
            assert!(matches!(quantity, Quantity::Sealed(_)), "told to everyone");
            let own = self.placed.iter().find(|(_, placed)| placed.bid.digest == entry.envelope);
            let (keys, placed) = own.expect("one of ours");
            let told = placed.bid.told(answer, keys).expect("a mask");
            *quantity = Quantity::Open(Quantity::unsealed(told, question));
        }
        Answer::Market(market)
    }
}
