//! A model's owner and its clients in a demo: each has a home, and a process of its own while it is at
//! work. The owner's (`gavel model serve`) opens the weights, a client's (`gavel score`) reads its
//! sheet; the demo starts them, listens to what they say, and reads the receipts that both keep.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, timeout};
use zeroize::Zeroizing;

use crate::base::{Clock, csv};
use crate::cli::course::{Watcher, course_of};
use crate::cli::failure::Failure;
use crate::cli::home::{Home, Over, Person, put, read_json, write_json};
use crate::cli::login;
use crate::cli::models::{Kept, Shelf};
use crate::cli::score::{RECEIPTS, Told};
use crate::client::{Network, material};
use crate::identity::key_file::BidderKeys;
use crate::identity::{Digest, KeyPair, PublicKey, Roster, Signed, Statement as _};
use crate::launch::{LaunchError, Process};
use crate::rules::model::file::Model;
use crate::scoring::Outcome;
use crate::session::scoring::{BatchId, Learner, ModelTerms, SignedScore};
use crate::wire::account_api::{AskInvitations, Invitee, code_digest, fresh_code};

/// What the owner's home calls its model.
const MODEL: &str = "model";

/// The owner's name, as an account of the coordinator.
const OWNER: &str = "owner";

/// A client's sheet, and its receipt, in its home.
const SHEET: &str = "sheet.csv";
const RECEIPT: &str = "score.json";

/// Hours in which the owner's invitation can be redeemed.
const INVITED: u32 = 1;

/// Longest wait for the first batch.
const PATIENCE: Duration = Duration::from_secs(300);

/// Between two looks at the stock.
const LOOK: Duration = Duration::from_millis(200);

/// Longest until the owner tells of a score that the client has.
const WORD: Duration = Duration::from_secs(60);

/// How long an owner that has ended may take to be seen as gone, where its client has failed.
const GONE: Duration = Duration::from_millis(300);

/// Somebody with a home: keys, a name, and the roster, pinned.
pub struct Party {
    who: String,
    home: Home,
    keys: KeyPair,
}

impl Party {
    /// Make a home in a folder; `who` is whose it is, to people.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn settle(
        folder: &Path,
        (who, name): (String, &str),
        keys: KeyPair,
        roster: &Signed<Roster>,
    ) -> Result<Self, Failure> {
        let home = Home::find(Some(folder))?;
        home.create()?;
        BidderKeys { identity: keys.clone() }.save(&home.file("bidder.key"), None)?;
        let mut settings = home.settings()?;
        settings.bidder = Some(Person { name: name.to_owned(), key: keys.public() });
        home.save_settings(&settings)?;
        write_json(&home.file("roster.json"), roster)?;
        home.pin(&roster.body)?;
        Ok(Self { who, home, keys })
    }

    /// Its key.
    pub fn key(&self) -> PublicKey {
        self.keys.public()
    }

    /// Redeem an invitation of the coordinator's operator: whoever announces models has an account.
    async fn join(&self, operator: &Network) -> Result<(), Failure> {
        let code = fresh_code()?;
        let invitee = Invitee {
            label: OWNER.to_owned(),
            key: Some(self.key()),
            code: Some(code_digest(code.expose())),
            ..Invitee::default()
        };
        let ask = AskInvitations { invitees: vec![invitee], hours: INVITED };
        operator.coordinator().invite(&ask).await?;
        let own = Network::new(operator.roster().clone(), None, Clock::System)?;
        let joined = own.coordinator().join(code, OWNER, fresh_code()?, &self.keys).await?;
        login::keep(&self.home, &joined)
    }
}

/// An owner that serves its model.
pub struct Owner {
    party: Party,
    process: Process,
    address: String,
    /// What people are told that the model is called.
    title: String,
    /// What is public of the model.
    pub terms: ModelTerms,
}

/// What an owner says first.
#[derive(Deserialize)]
struct Serving {
    serving: Vec<Served>,
    address: String,
}

#[derive(Deserialize)]
struct Served {
    model: Digest,
}

/// What an owner says of a client.
#[derive(Deserialize)]
struct Word {
    event: String,
    #[serde(default)]
    why: String,
    batch: Option<BatchId>,
    #[serde(default)]
    signed: bool,
    values: Option<Vec<i64>>,
    fraction: Option<u32>,
}

/// What client and owner have of one score.
pub struct Met {
    /// As the client's process tells it.
    pub told: Told,
    /// What the client has.
    pub client: Outcome,
    /// What the owner has.
    pub owner: Outcome,
}

impl Owner {
    /// Make an owner's home with a model, which has this title, and serve it for clients with these keys,
    /// with so many batches in stock.
    ///
    /// # Errors
    /// When the home cannot be made, or the owner's process does not serve.
    pub async fn open(
        operator: &Network,
        folder: &Path,
        (title, model, learner): (&str, &Model, Learner),
        (stock, clients): (u32, &[PublicKey]),
    ) -> Result<Self, Failure> {
        let (who, roster) = ("the model's owner".to_owned(), operator.roster());
        let party = Party::settle(folder, (who, OWNER), KeyPair::generate()?, roster)?;
        let kept = Kept {
            name: MODEL.to_owned(),
            owner: party.key(),
            structure: model.structure.clone(),
            features: model.features.clone(),
            learner,
        };
        let terms = kept.terms(operator.roster().body.digest());
        terms.check().map_err(|error| Failure::new("bad-model", error))?;
        Shelf::of(&party.home).add(&kept, &model.dense, &party.keys, Over::Refuse)?;
        party.join(operator).await?;
        let mut words: Vec<String> =
            ["model", "serve", "--listen", "127.0.0.1:0", "--stock"].map(str::to_owned).to_vec();
        words.push(stock.to_string());
        // In one word, as a key may begin with a hyphen.
        words.extend(clients.iter().map(|key| format!("--client={key}")));
        let mut process = Process::start(&party.who, party.home.directory(), words)?;
        let Serving { serving, address } = process.ready().await?;
        if serving.iter().all(|served| served.model != terms.id()) {
            let detail = "the model's owner serves another model than the file's";
            return Err(Failure::new("bad-model", detail));
        }
        Ok(Self { party, process, address, title: title.to_owned(), terms })
    }

    /// Wait until the dealers have a batch ready.
    ///
    /// # Errors
    /// When they make none, or the owner is gone.
    pub async fn stocked(&mut self, network: &Network) -> Result<(), Failure> {
        let model = self.terms.id();
        let ready = async {
            let end = Instant::now() + PATIENCE;
            while Instant::now() < end {
                if material::model(network, model).await?.stock.ready > 0 {
                    return Ok(());
                }
                tokio::time::sleep(LOOK).await;
            }
            let detail = format!("the dealers made no batch within {} s", PATIENCE.as_secs());
            Err(Failure::new("no-material", detail))
        };
        tokio::select! {
            ready = ready => ready,
            error = self.process.ended() => Err(error.into()),
        }
    }

    /// Have a client's sheet scored, by a process of the client's. Its numbers are in the order of the
    /// model's features.
    ///
    /// # Errors
    /// Which process failed, and why.
    pub async fn score(&mut self, client: &Party, sheet: &[f64]) -> Result<Met, Failure> {
        let (from, to) = (client.home.file(SHEET), client.home.file(RECEIPT));
        write_sheet(&from, &self.terms.features, sheet)?;
        let (model, home) = (self.terms.id().to_string(), client.home.directory());
        let words = ["score", &model, "--at", &self.address].map(OsStr::new).into_iter();
        let files = ["--from".as_ref(), from.as_os_str(), "--to".as_ref(), to.as_os_str()];
        let mut process = Process::start(&client.who, home, words.chain(files))?;
        let told = match self.result(&mut process).await {
            Ok(told) => told,
            // Where the owner is gone, that is why.
            Err(failure) => {
                let gone = timeout(GONE, self.process.ended()).await;
                return Err(gone.map_or(failure, Failure::from));
            }
        };
        process.finished().await?;
        let word = timeout(WORD, self.word(told.batch)).await.map_err(|_| {
            let seconds = WORD.as_secs();
            let detail =
                format!("the model's owner tells of no score {seconds} s after its client");
            Failure::new("no-score", detail)
        })??;
        let own = self.party.home.file(RECEIPTS).join(format!("{}.json", told.batch));
        let owner = outcome(word.signed.then_some(&own), (word.values, word.fraction))?;
        let client = outcome(told.file.as_ref(), (told.values.clone(), told.fraction))?;
        Ok(Met { told, client, owner })
    }

    /// Follow a client's process to its result.
    async fn result(&self, process: &mut Process) -> Result<Told, Failure> {
        let shown = ModelTerms { name: self.title.clone(), ..self.terms.clone() };
        let mut watcher = Watcher::new(&shown, None)?;
        loop {
            let line: Value = process.says().await?;
            if let Some(course) = course_of(&line) {
                watcher.see(&course)?;
            } else if line.get("event").is_none() {
                let name = process.name().to_owned();
                let told = serde_json::from_value::<Told>(line);
                let told = told.map_err(|_| LaunchError::Garbled { name })?;
                return Ok(Told { name: shown.name, ..told });
            }
        }
    }

    /// What the owner tells of the score with this batch.
    async fn word(&mut self, batch: BatchId) -> Result<Word, Failure> {
        loop {
            let word: Word = self.process.says().await?;
            match &*word.event {
                "score" if word.batch == Some(batch) => return Ok(word),
                "no-score" => {
                    let detail = format!("the model's owner has no score: {}", word.why);
                    return Err(Failure::new("no-score", detail));
                }
                _ => {}
            }
        }
    }

    /// Serve no more; the dealers make no more of the model's material.
    ///
    /// # Errors
    /// When the coordinator does not take the model back.
    pub async fn close(self, network: &Network) -> Result<(), Failure> {
        self.process.stop().await;
        let now = Clock::System.now();
        Ok(material::remove(network, &self.party.keys, self.terms.id(), now).await?)
    }

    /// Serve no more.
    pub async fn stop(self) {
        self.process.stop().await;
    }
}

/// What a party has, by what it says and its receipt, if there is one.
fn outcome(
    receipt: Option<&PathBuf>,
    (values, fraction): (Option<Vec<i64>>, Option<u32>),
) -> Result<Outcome, Failure> {
    if let Some(path) = receipt {
        let signed: SignedScore = read_json(path, "a signed score")?;
        return Ok(Outcome::Signed(Box::new(signed)));
    }
    Ok(match (values, fraction) {
        (Some(values), Some(fraction)) => Outcome::Learnt { values, fraction },
        _ => Outcome::Told,
    })
}

/// A sheet as a table: the features' names, and their numbers.
fn write_sheet(path: &Path, features: &[String], numbers: &[f64]) -> Result<(), Failure> {
    let numbers = numbers.iter().map(f64::to_string).collect();
    let text = Zeroizing::new(csv::write([features.to_vec(), numbers]));
    put(path, text.as_bytes(), Over::Refuse)
}

#[cfg(test)]
mod tests {
    use crate::cli::demo::parties::*;

    #[test]
    fn a_sheet_is_written_as_clients_read_it() {
        use crate::cli::data_sheet;
        use crate::rules::model::{Layer, Structure, weights};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SHEET);
        let features: Vec<String> =
            ["on time", "so called, \"x\"", "d"].map(str::to_owned).to_vec();
        let numbers = [-0.1 - 0.2, 1e-9, 1.0];
        write_sheet(&path, &features, &numbers).unwrap();
        let layers = vec![Layer::Dense { outputs: 1, largest: 4 }];
        let structure = Structure { features: 3, largest_feature: 0, fraction: 20, layers };
        let terms = ModelTerms {
            name: MODEL.to_owned(),
            roster: Digest([0; 32]),
            owner: KeyPair::from_secret(&[1; 32]).public(),
            structure,
            features,
            learner: Learner::Both,
        };
        let read = data_sheet::read(&path, &terms, None).unwrap();
        assert_eq!(read, weights::sheet(&terms.structure, &numbers).unwrap());
        // A sheet of somebody else's is not written over.
        assert_eq!(write_sheet(&path, &terms.features, &numbers).unwrap_err().kind, "exists");
    }

    #[test]
    fn what_a_party_has_follows_from_its_word_and_its_receipt() {
        use crate::testkit::scores::signed;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(RECEIPT);
        let learnt = (Some(vec![7]), Some(4));
        assert_eq!(
            outcome(None, learnt.clone()).unwrap(),
            Outcome::Learnt { values: vec![7], fraction: 4 }
        );
        assert_eq!(outcome(None, (None, None)).unwrap(), Outcome::Told);
        assert!(outcome(Some(&path), learnt.clone()).is_err(), "a receipt that is not there");
        let score = signed(&KeyPair::from_secret(&[5; 32]), 512, 1);
        write_json(&path, &score).unwrap();
        assert_eq!(outcome(Some(&path), learnt).unwrap(), Outcome::Signed(Box::new(score)));
    }
}
