//! What a demo's file has stored before it begins: a job of its own keeps it at the nodes.

use std::path::Path;

use toml::{Table, Value};
use zeroize::Zeroizing;

use super::{follow, players};
use crate::base::Timestamp;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::clean;
use crate::cli::session_file::{self, Loaded};
use crate::client::{Network, bid};
use crate::rules::job::{Prime, Range, StoredVariable};
use crate::rules::session_file::{STORED, names_of_stored};
use crate::rules::{Currency, SessionFile, job};
use crate::wire::coordinator_api::NewSession;

/// Who hands the values in.
const HOUSE: &str = "the house";

/// Bits of a number that a job loads.
const NUMBER: u32 = 32;

/// What is kept before the session begins.
pub struct Before {
    /// The job that keeps it, with the values.
    job: Zeroizing<String>,
    /// What its variables are taken to be until they are stored.
    stand_ins: Vec<StoredVariable>,
}

impl Before {
    /// What a demo's file has stored; none where it has nothing.
    ///
    /// # Errors
    /// When a value is none, or nothing in the file loads it.
    pub fn of_file(path: Option<&Path>) -> Result<Option<Self>, Failure> {
        let Some(path) = path else { return Ok(None) };
        let text = Zeroizing::new(session_file::read(path)?);
        // What is wrong with it otherwise is said where it is read.
        let Ok(file) = text.parse::<Table>() else { return Ok(None) };
        if !file.contains_key(STORED) {
            return Ok(None);
        }
        Self::of(&file).map(Some).map_err(|failure| failure.about(path.display()))
    }

    fn of(file: &Table) -> Result<Self, Failure> {
        let bad = |detail: String| Failure::new("bad-terms", detail);
        let values = file.get(STORED).and_then(Value::as_table);
        let values = values.ok_or_else(|| bad("[stored] has names and values".to_owned()))?;
        let used = names_of_stored(file);
        if let Some(name) = values.keys().find(|name| !used.contains(name)) {
            let name = clean(name);
            return Err(bad(format!(
                "[stored] has {name:?}, which nothing in the file loads; leave it out"
            )));
        }
        let (field, bits, decimals) = kept_as(file)?;
        let mut steps = Vec::new();
        let mut stand_ins = Vec::new();
        for (name, value) in values {
            let number = number(value, decimals).filter(|number| *number < 1 << bits);
            let number = number.ok_or_else(|| {
                bad(format!(
                    "[stored] {}: write a number or an amount of at most {}, without its unit",
                    clean(name),
                    Currency { code: String::new(), decimals }.show((1 << bits) - 1)
                ))
            })?;
            let fields = [
                ("id", Value::from(format!("keep {name}"))),
                ("operation", "assign".into()),
                ("variable", name.as_str().into()),
                ("from", HOUSE.into()),
                ("bits", i64::from(bits).into()),
                ("value", number.to_string().into()),
            ];
            let step: Table =
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            steps.push(Value::Table(step));
            stand_ins.push(StoredVariable {
                name: name.clone(),
                field,
                range: Range::Within { low: 0, high: (1 << bits) - 1 },
                owner: None,
                generation: 0,
                digests: Vec::new(),
            });
        }
        let names: Vec<Value> = values.keys().map(|name| name.as_str().into()).collect();
        let fields = [
            ("title", Value::from("What is stored before")),
            ("kind", job::NAME.into()),
            ("bids_until", "6h".into()),
            ("field", field.name().into()),
            ("keep", names.into()),
            ("steps", steps.into()),
        ];
        let job: Table = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        Ok(Self { job: Zeroizing::new(job.to_string()), stand_ins })
    }

    /// What the file's variables are taken to be until they are stored.
    pub fn stand_ins(&self) -> &[StoredVariable] {
        &self.stand_ins
    }

    /// Keep it at the nodes: the demo's file, which names what is stored now.
    ///
    /// # Errors
    /// When the job does not settle.
    pub async fn keep(
        &self,
        context: &Context,
        network: &Network,
        loaded: &Loaded,
        folder: &Path,
    ) -> Result<Loaded, Failure> {
        let coordinator = network.coordinator();
        let file = SessionFile::parse(&self.job)?;
        let players = players::of_file(&file, None)?;
        let steps = session_file::terms_only(&self.job, None)?;
        let new = NewSession { file: steps, open: true, bidders: Vec::new() };
        let session = follow::opened(coordinator, coordinator.new_session(&new).await?).await?;
        let announcement = bid::announcement(network, session).await?;
        players::bid(network, &announcement, players, &folder.join("before")).await?;
        follow::settle(network, session).await?;
        let stored = coordinator.variables().await?;
        let mut text = loaded.text.clone();
        for stand_in in &self.stand_ins {
            let real = stored.iter().find(|line| line.variable.name == stand_in.name);
            let real = real.ok_or_else(|| {
                Failure::new("not-stored", format!("{:?} was not kept", clean(&stand_in.name)))
            })?;
            let (version, stand_in) = (real.version.to_string(), stand_in.version().to_string());
            text = text.replace(&stand_in, &version);
            let name = clean(&real.variable.name);
            context.output.note(format!("{name} is stored at the nodes; none of them knows it"));
        }
        Ok(Loaded { file: SessionFile::parse(&text)?, text })
    }
}

/// Over which field what is stored is kept, with how many bits, and with how many decimals it is
/// written: as a job's numbers, or as amounts of an auction.
fn kept_as(file: &Table) -> Result<(Prime, u32, u8), Failure> {
    let text = |field: &str| file.get(field).and_then(Value::as_str);
    if text("kind") == Some(job::NAME) {
        let field = text("field").and_then(Prime::named).unwrap_or_default();
        return Ok((field, NUMBER, 0));
    }
    // Its amounts do not hang on the reserve.
    let mut without = file.clone();
    without.remove("reserve");
    without.remove(STORED);
    let terms = SessionFile::parse(&without.to_string())?.terms(Timestamp::from_millis(0))?;
    let bits = (terms.question.maximum() + 1).ilog2();
    let decimals = file.get("decimals").and_then(Value::as_integer).unwrap_or(0);
    Ok((Prime::Mersenne127, bits, u8::try_from(decimals).unwrap_or(0)))
}

fn number(value: &Value, decimals: u8) -> Option<u64> {
    let text = match value {
        Value::String(text) => Zeroizing::new(text.clone()),
        Value::Integer(number) => Zeroizing::new(number.to_string()),
        _ => return None,
    };
    Currency { code: String::new(), decimals }.parse(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use crate::cli::demo::stored::*;

    const SALE: &str = "title = \"Lot\"\nkind = \"second-price\"\ndecimals = 2\nbids_until = \"1m\"\n\
        maximum = \"1000\"\nreserve = { variable = \"cost\" }\n";

    fn of(text: &str) -> Result<Before, Failure> {
        Before::of(&text.parse().unwrap())
    }

    #[test]
    fn an_amount_is_kept_in_smallest_units_within_the_bids() {
        let before = of(&format!("{SALE}[stored]\ncost = \"300.5\"\n")).unwrap();
        let file = SessionFile::parse(&before.job).unwrap();
        assert!(file.terms(Timestamp::from_millis(0)).is_ok());
        assert!(before.job.contains("\"30050\"") && before.job.contains("bits = 16"));
        let range = before.stand_ins()[0].range;
        assert_eq!(range, Range::Within { low: 0, high: 65_535 });
    }

    #[test]
    fn what_cannot_be_stored_is_told() {
        let told = |text: &str| match of(&format!("{SALE}{text}")) {
            Ok(_) => panic!("accepted {text}"),
            Err(failure) => failure.detail,
        };
        assert!(told("[stored]\nother = \"3\"\n").contains("nothing in the file loads"));
        assert!(told("[stored]\ncost = \"900\"\n").contains("at most 655.35"));
        assert!(told("[stored]\ncost = true\n").contains("write a number"));
        assert!(told("[stored]\ncost = \"-3\"\n").contains("write a number"));
    }

    #[test]
    fn a_job_loads_numbers() {
        let text = "title = \"J\"\nkind = \"job\"\nfield = \"2^61-1\"\nbids_until = \"1m\"\n\
            [[steps]]\nid = \"l\"\noperation = \"load\"\nvariable = \"x\"\nstored = \"cost\"\n\
            [[steps]]\nid = \"s\"\noperation = \"reveal\"\nvariable = \"x\"\n[stored]\ncost = 7\n";
        let before = of(text).unwrap();
        assert_eq!(before.stand_ins()[0].field, Prime::Mersenne61);
        assert!(before.job.contains("\"7\""));
    }
}
