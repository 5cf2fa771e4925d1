//! A scored auction's demo before its session: the nodes make material as dealers, the owner of the file's
//! model serves it, and every bidder has its data sheet scored there, each by a process of its own. The
//! terms name model, owner and roster, whose keys are made here; until then the file has stand-ins.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use toml::{Table, Value};

use super::parties::{Met, Owner, Party};
use super::players::{BIDDERS, Player, place_of};
use super::scored::in_order;
use crate::base::bytes::encode;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::toml_failure;
use crate::cli::models::read_table;
use crate::cli::output::{clean, plural};
use crate::cli::progress::Progress;
use crate::cli::session_file::{self, Loaded};
use crate::client::Network;
use crate::identity::Statement as _;
use crate::rules::model::file::{Defaults, Model, Written};
use crate::rules::model::fixed::real;
use crate::rules::model::{Weights, reference, weights};
use crate::rules::scoring::{Hex, shown};
use crate::rules::{SessionFile, auction};
use crate::scoring::Outcome;
use crate::session::scoring::{Learner, SignedScore};

/// Most batches that the dealers keep ready.
const STOCK: u32 = 4;

/// What people are told that the model is called.
const NAME: &str = "the owner's model";

/// What is said of a file that names somebody's model.
const OWN_KEYS: &str =
    "a demo makes keys of its own: leave model, owner and roster out of [scores]";

/// What is said of a file that has none.
const NO_MODEL: &str = "a demo of a scored auction has in [model] what its owner scores with, and a \
                        sheet with every bid (docs/scored.md)";

/// What a demo's file says of the owner.
#[derive(Deserialize)]
struct File {
    model: Option<Written>,
}

/// A model, and everybody's sheet.
pub struct Rated {
    model: Model,
    /// By bidders' names, in the model's order.
    sheets: HashMap<String, Vec<f64>>,
}

impl Rated {
    /// What a demo's file has scored, and the file with stand-ins; none where it is no scored auction.
    ///
    /// # Errors
    /// When the model cannot be read, or a sheet is none of it.
    pub fn of_file(path: Option<&Path>) -> Result<Option<(Self, Loaded)>, Failure> {
        let Some(path) = path else { return Ok(None) };
        let text = session_file::read(path)?;
        let Ok(table) = text.parse::<Table>() else { return Ok(None) };
        if table.get("kind").and_then(Value::as_str) != Some(auction::Kind::Scored.name()) {
            return Ok(None);
        }
        Self::of(path, &text).map(Some)
    }

    fn of(path: &Path, text: &str) -> Result<(Self, Loaded), Failure> {
        let bad = |detail: String| Failure::new("bad-terms", detail).about(path.display());
        let wrong = |error: &toml::de::Error| toml_failure("bad-terms", path, text, error);
        let file = SessionFile::read(text).map_err(|error| wrong(&error))?;
        let owners: File = toml::from_str(text).map_err(|error| wrong(&error))?;
        let auction = file.fields.as_auction();
        let given = auction.and_then(|auction| auction.scores.as_ref());
        if given.is_some_and(|given| {
            given.model.is_some() || given.owner.is_some() || given.roster.is_some()
        }) {
            return Err(bad(OWN_KEYS.to_owned()));
        }
        let Some(written) = owners.model else {
            return Err(bad(NO_MODEL.to_owned()));
        };
        let read = read_table(path, &written, Defaults::default())?;
        if read.learner.is_some_and(|learner| learner != Learner::Both) {
            return Err(bad("a score counts if both sign it: learner = \"both\"".to_owned()));
        }
        let model = read.model;
        let mut sheets = HashMap::new();
        for bid in auction.map_or(&[][..], |auction| &auction.bids) {
            let about = |detail: &dyn std::fmt::Display| {
                bad(format!("the sheet of {:?} {detail}", clean(&bid.bidder)))
            };
            let given = bid.sheet.as_ref().ok_or_else(|| about(&"is missing"))?;
            let sheet = in_order(given, &model.features).map_err(|error| about(&error))?;
            weights::sheet(&model.structure, &sheet)
                .map_err(|error| about(&format_args!("does not fit: {error}")))?;
            sheets.insert(bid.bidder.clone(), sheet);
        }
        let stand_in = ["0".repeat(64), encode(&[0; 32]), "0".repeat(64)];
        let loaded = filled(text, stand_in).map_err(|failure| failure.about(path.display()))?;
        Ok((Self { model, sheets }, loaded))
    }

    /// Have everybody's sheet scored: the file, whose terms name model, owner and roster now. The owner's
    /// home is in this folder, and so are the bidders', each with the score that it hands in.
    ///
    /// # Errors
    /// Why there is no score.
    pub async fn score(
        &self,
        context: &Context,
        network: &Network,
        (loaded, players): (&Loaded, &mut [Player]),
        folder: &Path,
    ) -> Result<Loaded, Failure> {
        let count = players.len() as u64;
        let stock = u32::try_from(count).unwrap_or(STOCK).clamp(1, STOCK);
        context.output.note(format!(
            "{} by the owner's model, in a process each; the nodes make material for them, as dealers",
            plural(count, "data sheet is scored", "data sheets are scored"),
        ));
        let keys: Vec<_> = players.iter().map(|player| player.keys().public()).collect();
        let model = (NAME, &self.model, Learner::Both);
        let mut owner = Owner::open(network, &folder.join("owner"), model, (stock, &keys)).await?;
        let roster = network.roster().body.digest();
        let terms = &owner.terms;
        let names =
            [terms.id().to_string(), encode(terms.owner.as_bytes()), Hex(roster.0).to_string()];
        let named = filled(&loaded.text, names)?;
        self.all(context, network, &mut owner, (players, folder)).await?;
        owner.close(network).await?;
        Ok(named)
    }

    /// One after the other, in the file's order.
    async fn all(
        &self,
        context: &Context,
        network: &Network,
        owner: &mut Owner,
        (players, folder): (&mut [Player], &Path),
    ) -> Result<(), Failure> {
        let precision = Weights::new(&self.model.structure, &self.model.dense)?.precision();
        for (position, player) in players.iter_mut().enumerate() {
            let name = clean(player.name());
            let Some(sheet) = self.sheets.get(player.name()) else { continue };
            let place = place_of(&folder.join(BIDDERS), position);
            let who = format!("the process of {name}");
            let party =
                Party::settle(&place, (who, player.name()), player.keys(), network.roster())?;
            let waiting = Progress::start(format!("material for the score of {name}"), None);
            owner.stocked(network).await?;
            drop(waiting);
            let Met { client, owner: owners, .. } = owner.score(&party, sheet).await?;
            let expected = reference::score(&self.model.structure, &self.model.dense, sheet);
            let signed = agreed(client, Some(&owners), (&expected, precision))
                .map_err(|detail| Failure::new("bad-score", format!("{name}: {detail}")))?;
            let (values, fraction) = (&signed.score.values, signed.score.fraction);
            let score = values.first().map(|&value| shown(value, fraction)).unwrap_or_default();
            context.output.note(format!("{name} has a score of {score}, signed by both"));
            player.take_score(signed);
        }
        Ok(())
    }
}

/// The score, if both have the same one, signed by both, and as close to that in the clear as the model's
/// precision says.
fn agreed(
    clients: Outcome,
    owners: Option<&Outcome>,
    (expected, precision): (&[f64], f64),
) -> Result<SignedScore, String> {
    let same = owners == Some(&clients);
    let Outcome::Signed(signed) = clients else {
        return Err("the score was not signed by both".to_owned());
    };
    let score = signed.check().map_err(|error| error.to_string())?;
    if !same {
        return Err("bidder and owner have different scores".to_owned());
    }
    let ([value], [expected]) = (&score.values[..], expected) else {
        return Err("the model has several values; a score that counts has one".to_owned());
    };
    let far = (real(*value, score.fraction) - expected).abs();
    if far > precision {
        return Err(format!("the score is {far:.1e} from that in the clear"));
    }
    Ok(*signed)
}

/// A session's file whose terms name these: model, owner and roster.
fn filled(text: &str, names: [String; 3]) -> Result<Loaded, Failure> {
    let broken = |error: &dyn std::fmt::Display| Failure::new("bad-terms", error);
    let mut table: Table = text.parse().map_err(|error| broken(&error))?;
    // What is wrong with it otherwise is said where it is read.
    if let Some(scores) = table.get_mut("scores").and_then(Value::as_table_mut) {
        for (field, name) in ["model", "owner", "roster"].into_iter().zip(names) {
            scores.insert(field.to_owned(), Value::String(name));
        }
    }
    let text = toml::to_string(&table).map_err(|error| broken(&error))?;
    Ok(Loaded { file: SessionFile::parse(&text)?, text })
}

#[cfg(test)]
mod tests {
    use crate::cli::demo::rated::*;

    const TEXT: &str = include_str!("../../../sessions/scored.toml");

    fn of(from: &str, to: &str) -> Result<(Rated, Loaded), Failure> {
        assert!(TEXT.contains(from), "{from:?} is not in the file");
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/scored.toml");
        Rated::of(Path::new(path), &TEXT.replacen(from, to, 1))
    }

    fn told(from: &str, to: &str) -> String {
        match of(from, to) {
            Ok(_) => panic!("accepted {to}"),
            Err(failure) => failure.detail,
        }
    }

    #[test]
    fn every_bidder_has_a_sheet_and_no_server_gets_one() {
        let (rated, loaded) = of("kind", "kind").unwrap();
        let bids = &loaded.file.fields.as_auction().unwrap().bids;
        assert!(bids.len() > 2 && bids.iter().all(|bid| rated.sheets.contains_key(&bid.bidder)));
        let names = ["1".repeat(64), encode(&[7; 32]), "2".repeat(64)];
        let named = filled(&loaded.text, names.clone()).unwrap();
        let sent = session_file::terms_only(&named.text, None).unwrap();
        assert!(names.iter().all(|name| sent.contains(name.as_str())));
        for secret in ["score.onnx", "sheet", "on_time", "defects", "87400", "Nordweg"] {
            assert!(TEXT.contains(secret) && !sent.contains(secret), "{secret} in {sent}");
        }
        assert!(SessionFile::parse(&sent).is_ok());
    }

    #[test]
    fn what_cannot_be_scored_is_told() {
        assert!(told("on_time = 0.9", "in_time = 0.9").contains("has \"in_time\""));
        assert!(told("on_time = 0.9", "defects = 0.9").contains("duplicate key"));
        assert!(told("on_time = 0.9", "on_time = 9.9").contains("\"Nordweg\" does not fit"));
        assert!(told("learner = \"both\"", "learner = \"owner\"").contains("if both sign"));
        assert!(told("weight = \"", "model = \"00\"\nweight = \"").contains("leave model"));
        assert!(told("weight = \"", "wieght = \"").contains("line "));
        assert!(told("[model]", "[roster.model]").contains("line "));
    }

    #[test]
    fn a_score_counts_if_both_have_it_and_it_is_the_models() {
        use crate::identity::KeyPair;
        use crate::testkit::scores::{owner, score, signed, signed_by};
        let client = KeyPair::from_secret(&[5; 32]);
        let outcome = |signed: &SignedScore| Outcome::Signed(Box::new(signed.clone()));
        let right = signed(&client, 512, 1);
        let real = real(512, right.score.fraction);
        let close = (&[real + 0.001][..], 0.002);
        let told = |clients: &SignedScore, owners: &SignedScore, expected| {
            agreed(outcome(clients), Some(&outcome(owners)), expected)
        };
        assert_eq!(told(&right, &right, close), Ok(right.clone()));
        let other = signed(&client, 513, 1);
        assert!(told(&other, &right, close).unwrap_err().contains("different scores"));
        assert!(agreed(outcome(&right), None, close).unwrap_err().contains("different scores"));
        assert!(agreed(Outcome::Told, Some(&Outcome::Told), close).is_err());
        let far = (&[real + 0.003][..], 0.002);
        assert!(told(&right, &right, far).unwrap_err().contains("from that in the clear"));
        let forged = signed_by(score(&client, 512, 1), &owner(), &owner());
        assert!(told(&forged, &forged, close).unwrap_err().contains("not signed by the key"));
        let two = (&[real, real][..], 0.002);
        assert!(told(&right, &right, two).unwrap_err().contains("several values"));
    }
}
