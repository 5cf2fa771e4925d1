//! A job's fields in a session file. Steps have the names of their fields here, or those of the
//! JSON of the system that came before ([`super::json`]).

use serde::Deserialize;
use zeroize::Zeroizing;

use super::fault::JobFault;
use super::graph::Graph;
use super::next::Next;
use super::number::{Number, NumberError};
use super::prime::Prime;
use super::question::Question;
use super::receiver::Receiver;
use super::step::{Expected, Given, Operation, Step};
pub use super::values::{CLIENT, has_values, own_values, without_values};
use crate::rules::operator_key::OperatorKey;
use crate::rules::written::Written;

/// Everyone, as the receiver of what is revealed.
const ALL: &str = "all";

/// The field with the key under which the client alone is told.
pub const CLIENT_KEY: &str = "client_key";

/// The fields of a session file that only jobs have, as written.
#[derive(Clone, Deserialize)]
pub struct Fields {
    /// What is computed over.
    #[serde(default)]
    pub field: Prime,
    /// The steps.
    pub steps: Vec<WrittenStep>,
    /// Variables that stay at the nodes.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Whether they take the place of what is stored under their names.
    #[serde(default)]
    pub replace: bool,
    /// The key under which the client alone is told.
    pub client_key: Option<OperatorKey>,
}

/// Who knows a variable that is assigned.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// The participant who hands it in, and it is not revealed.
    Private,
    /// Nobody but the participant who hands it in.
    #[default]
    #[serde(alias = "shard")]
    Shared,
    /// Everyone.
    Public,
}

/// One variable or several.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Operands {
    /// One.
    One(String),
    /// Several, of an inner product.
    Several(Vec<String>),
}

/// A step as written.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenStep {
    /// What it goes by.
    #[serde(alias = "step_id")]
    pub id: String,
    /// What it does.
    pub operation: String,
    /// What it makes, reveals or forgets.
    #[serde(alias = "variable_name")]
    pub variable: Option<String>,
    /// Who knows what is assigned.
    #[serde(rename = "type", alias = "variable_type")]
    pub kind: Option<Type>,
    /// Who hands it in.
    pub from: Option<String>,
    /// Its bits.
    pub bits: Option<u32>,
    /// Its value. What is not public is for the demo only, and goes to no server.
    pub value: Option<Written>,
    /// The first operand, or the first factors of an inner product.
    pub operand1: Option<Operands>,
    /// The second, likewise.
    pub operand2: Option<Operands>,
    /// The bit that decides.
    pub condition: Option<String>,
    /// What is multiplied with.
    pub factor: Option<Written>,
    /// What is left over when dividing.
    pub rest: Option<String>,
    /// Whether the divisor is 0.
    pub by_zero: Option<String>,
    /// What a variable that is loaded is stored as, if under another name.
    pub stored: Option<String>,
    /// Where it lies.
    pub range: Option<String>,
    /// Which one it is.
    pub version: Option<String>,
    /// How often what is dealt anew was before.
    pub generation: Option<u32>,
    /// Among whom it is shared, if that is not the session's roster.
    pub earlier: Option<String>,
    /// What is handed over to the nodes of another roster.
    pub variables: Option<Vec<String>>,
    /// That roster.
    pub next: Option<Next>,
    /// Who learns what is revealed: everyone where it is left out.
    pub to: Option<String>,
    /// The node at which the older system assigned a value: here the client shares it out.
    pub destination_node: Option<u32>,
    /// Steps that come before.
    #[serde(default, alias = "dependencies")]
    pub after: Vec<String>,
}

/// The operations, as written.
const OPERATIONS: [&str; 16] = [
    "assign",
    "load",
    "add",
    "subtract",
    "scale",
    "multiply",
    "inner-product",
    "equal",
    "less-than",
    "select",
    "divide",
    "random",
    "reveal",
    "refresh",
    "forget",
    "hand-over",
];

/// The fields of one step that have not been looked at.
struct Reading<'a> {
    step: &'a WrittenStep,
    operation: &'a str,
    /// Those that the operation has.
    known: Vec<&'static str>,
}

impl Reading<'_> {
    fn missing(&self, field: &'static str) -> JobFault {
        let (step, operation) = (self.step.id.clone(), self.operation.to_owned());
        JobFault::Missing { step, operation, field }
    }

    fn text(&mut self, field: &'static str, value: Option<&String>) -> Result<String, JobFault> {
        self.known.push(field);
        value.cloned().ok_or_else(|| self.missing(field))
    }

    fn variable(&mut self) -> Result<String, JobFault> {
        self.text("variable", self.step.variable.as_ref())
    }

    fn one(&mut self, field: &'static str, value: Option<&Operands>) -> Result<String, JobFault> {
        self.known.push(field);
        match value {
            Some(Operands::One(name)) => Ok(name.clone()),
            Some(Operands::Several(_)) | None => Err(self.missing(field)),
        }
    }

    fn both(&mut self) -> Result<(String, String), JobFault> {
        let x = self.one("operand1", self.step.operand1.as_ref())?;
        Ok((x, self.one("operand2", self.step.operand2.as_ref())?))
    }

    fn several(
        &mut self,
        field: &'static str,
        value: Option<&Operands>,
    ) -> Result<Vec<String>, JobFault> {
        self.known.push(field);
        match value {
            Some(Operands::Several(names)) => Ok(names.clone()),
            Some(Operands::One(name)) => Ok(vec![name.clone()]),
            None => Err(self.missing(field)),
        }
    }

    fn number(&mut self, field: &'static str, value: Option<&Written>) -> Result<Number, JobFault> {
        self.known.push(field);
        let written = value.ok_or_else(|| self.missing(field))?;
        Number::parse(written.text()).map_err(|error| self.no_number(field, error))
    }

    fn no_number(&self, field: &'static str, error: NumberError) -> JobFault {
        JobFault::Number { step: self.step.id.clone(), field, error }
    }

    fn operation(&mut self) -> Result<Operation, JobFault> {
        let step = self.step;
        Ok(match self.operation {
            "assign" => self.assign()?,
            "load" => self.load()?,
            "add" => {
                let (variable, (x, y)) = (self.variable()?, self.both()?);
                Operation::Add { variable, x, y }
            }
            "subtract" => {
                let (variable, (x, y)) = (self.variable()?, self.both()?);
                Operation::Subtract { variable, x, y }
            }
            "scale" => {
                let (variable, x) =
                    (self.variable()?, self.one("operand1", step.operand1.as_ref())?);
                Operation::Scale {
                    variable,
                    x,
                    factor: self.number("factor", step.factor.as_ref())?,
                }
            }
            "multiply" => {
                let (variable, (x, y)) = (self.variable()?, self.both()?);
                Operation::Multiply { variable, x, y }
            }
            "inner-product" => {
                let variable = self.variable()?;
                let x = self.several("operand1", step.operand1.as_ref())?;
                Operation::InnerProduct {
                    variable,
                    x,
                    y: self.several("operand2", step.operand2.as_ref())?,
                }
            }
            "equal" => {
                let (variable, (x, y)) = (self.variable()?, self.both()?);
                Operation::Equal { variable, x, y }
            }
            "less-than" => {
                let (variable, (x, y)) = (self.variable()?, self.both()?);
                Operation::LessThan { variable, x, y }
            }
            "select" => {
                let variable = self.variable()?;
                let condition = self.text("condition", step.condition.as_ref())?;
                let (x, y) = self.both()?;
                Operation::Select { variable, condition, x, y }
            }
            "divide" => {
                let (variable, (x, y)) = (self.variable()?, self.both()?);
                self.known.extend(["rest", "by_zero"]);
                let (rest, by_zero) = (step.rest.clone(), step.by_zero.clone());
                Operation::Divide { variable, rest, by_zero, x, y }
            }
            "random" => {
                self.known.push("bits");
                Operation::Random { variable: self.variable()?, bits: step.bits }
            }
            "reveal" => {
                let variable = self.variable()?;
                match self.receiver()? {
                    None => Operation::Reveal { variable },
                    Some(to) => Operation::Tell { variable, to },
                }
            }
            "refresh" => {
                let variable = self.variable()?;
                self.known.extend(["generation", "earlier"]);
                let generation = step.generation.ok_or_else(|| self.missing("generation"))?;
                let earlier = step.earlier.as_deref().map(str::parse).transpose();
                let wrong = |why| JobFault::Refresh {
                    step: step.id.clone(),
                    variable: variable.clone(),
                    why,
                };
                Operation::Refresh { earlier: earlier.map_err(wrong)?, variable, generation }
            }
            "forget" => Operation::Forget { variable: self.variable()? },
            "hand-over" => {
                self.known.extend(["variables", "next"]);
                let variables = step.variables.clone().ok_or_else(|| self.missing("variables"))?;
                let next = step.next.clone().ok_or_else(|| self.missing("next"))?;
                Operation::HandOver { variables, next }
            }
            _ => {
                return Err(JobFault::Operation {
                    step: step.id.clone(),
                    operation: step.operation.clone(),
                    known: OPERATIONS.join(", "),
                });
            }
        })
    }

    /// Who alone learns what is revealed; none where everyone does.
    fn receiver(&mut self) -> Result<Option<Receiver>, JobFault> {
        self.known.push("to");
        let step = self.step;
        let to = step.destination_node.map(|node| format!("node {node}"));
        match to.or_else(|| step.to.clone()) {
            Some(to) if to != ALL => match to.parse() {
                Ok(receiver) => Ok(Some(receiver)),
                Err(()) => Err(JobFault::Receiver { step: step.id.clone(), to }),
            },
            _ => Ok(None),
        }
    }

    fn assign(&mut self) -> Result<Operation, JobFault> {
        let step = self.step;
        let variable = self.variable()?;
        self.known.extend(["type", "value"]);
        let kind = step.kind.unwrap_or_default();
        let given = if kind == Type::Public {
            Given::Public(self.number("value", step.value.as_ref())?)
        } else {
            self.known.extend(["from", "bits"]);
            let by = step.from.clone().unwrap_or_else(|| CLIENT.to_owned());
            Given::Handed { by, private: kind == Type::Private, bits: step.bits }
        };
        Ok(Operation::Assign { variable, given })
    }

    fn load(&mut self) -> Result<Operation, JobFault> {
        let step = self.step;
        let variable = self.variable()?;
        self.known.extend(["stored", "range", "version", "from"]);
        let stored = step.stored.clone().unwrap_or_else(|| variable.clone());
        let unfit =
            |field| JobFault::Expected { step: step.id.clone(), stored: stored.clone(), field };
        let (Some(range), Some(version)) = (&step.range, &step.version) else {
            return Err(JobFault::Unfilled { step: step.id.clone(), stored });
        };
        let range = range.clone().try_into().map_err(|_| unfit("range"))?;
        let version = version.parse().map_err(|_| unfit("version"))?;
        let expected = Expected { range, owner: step.from.clone(), version };
        Ok(Operation::Load { variable, stored, expected })
    }

    /// That the step has nothing that its operation has no use for.
    fn check_spare(&self) -> Result<(), JobFault> {
        let step = self.step;
        let given = [
            ("variable", step.variable.is_some()),
            ("from", step.from.is_some()),
            ("bits", step.bits.is_some()),
            ("value", step.value.is_some()),
            ("operand1", step.operand1.is_some()),
            ("operand2", step.operand2.is_some()),
            ("condition", step.condition.is_some()),
            ("factor", step.factor.is_some()),
            ("rest", step.rest.is_some()),
            ("by_zero", step.by_zero.is_some()),
            ("stored", step.stored.is_some()),
            ("range", step.range.is_some()),
            ("version", step.version.is_some()),
            ("generation", step.generation.is_some()),
            ("earlier", step.earlier.is_some()),
            ("variables", step.variables.is_some()),
            ("next", step.next.is_some()),
            ("to", step.to.is_some()),
        ];
        let spare = given.into_iter().find(|(field, given)| *given && !self.known.contains(field));
        match spare {
            Some((field, _)) => {
                let (step, operation) = (step.id.clone(), self.operation.to_owned());
                Err(JobFault::Spare { step, operation, field })
            }
            None => Ok(()),
        }
    }
}

impl WrittenStep {
    /// The step that it is.
    fn step(&self) -> Result<Step, JobFault> {
        let name = self.operation.replace('_', "-");
        let mut reading = Reading { step: self, operation: &name, known: Vec::new() };
        let operation = reading.operation()?;
        reading.check_spare()?;
        Ok(Step { id: self.id.clone(), operation, after: self.after.clone() })
    }

    /// The value that a participant hands in with it in a demo.
    fn demo_value(&self) -> Option<&Written> {
        let handed = self.operation == "assign" && self.kind != Some(Type::Public);
        self.value.as_ref().filter(|_| handed)
    }
}

/// What a participant of a demo hands in.
pub struct DemoEntry {
    /// The participant's name.
    pub participant: String,
    /// The fields of its entry.
    pub fields: Zeroizing<Vec<u64>>,
}

impl Fields {
    /// Their names, but for the kind, which every session file has.
    pub const NAMES: &[&str] = &["field", "steps", "keep", "replace", CLIENT_KEY];

    /// Whether something is for the client alone, and the file does not say under which key.
    pub fn lacks_client_key(&self) -> bool {
        let to_client =
            |step: &WrittenStep| step.operation == "reveal" && step.to.as_deref() == Some(CLIENT);
        self.client_key.is_none() && self.steps.iter().any(to_client)
    }

    /// The question that they make, with every default filled in.
    ///
    /// # Errors
    /// When the steps are no job, or a value of the demo cannot be handed in.
    pub fn question(&self) -> Result<Question, JobFault> {
        let steps = self.steps.iter().map(WrittenStep::step).collect::<Result<_, _>>()?;
        let (keep, replace) = (self.keep.clone(), self.replace);
        let client_key = self.client_key.clone();
        let question = Question { field: self.field, steps, keep, replace, client_key };
        let graph = question.graph()?;
        self.entries_of(&graph)?;
        Ok(question)
    }

    /// How many participants hand something in, in a demo.
    pub fn participants(&self) -> usize {
        self.entries().map_or(0, |entries| entries.len())
    }

    /// What the participants of a demo hand in: those whose values the file has.
    ///
    /// # Errors
    /// When the steps are no job, or a value cannot be handed in.
    pub fn entries(&self) -> Result<Vec<DemoEntry>, JobFault> {
        self.entries_of(&self.question()?.graph()?)
    }

    fn entries_of(&self, graph: &Graph) -> Result<Vec<DemoEntry>, JobFault> {
        let mut entries = Vec::new();
        for (participant, name) in graph.participants.iter().enumerate() {
            let mut values = Zeroizing::new(Vec::with_capacity(graph.inputs.len()));
            let mut without = None;
            for (input, step) in graph.inputs.iter().zip(self.handed()) {
                if input.participant != participant {
                    continue;
                }
                let Some(written) = step.demo_value() else {
                    without.get_or_insert(step);
                    continue;
                };
                let value = Number::parse(written.text()).map_err(|error| JobFault::Number {
                    step: step.id.clone(),
                    field: "value",
                    error,
                })?;
                graph.check_value(input, &value).map_err(|unfit| JobFault::TooLarge {
                    step: step.id.clone(),
                    variable: graph.variables[input.variable].name.clone(),
                    fits: unfit.0,
                })?;
                values.push(value);
            }
            match without {
                None => {
                    let fields = graph.entry(participant, &values);
                    entries.push(DemoEntry { participant: name.clone(), fields });
                }
                Some(_) if values.is_empty() => {}
                // Some of its values are there, and this one is not.
                Some(step) => {
                    let (step, operation) = (step.id.clone(), "assign".to_owned());
                    return Err(JobFault::Missing { step, operation, field: "value" });
                }
            }
        }
        Ok(entries)
    }

    /// The steps with which something is handed in, in order.
    fn handed(&self) -> impl Iterator<Item = &WrittenStep> {
        let handed =
            |step: &&WrittenStep| step.operation == "assign" && step.kind != Some(Type::Public);
        self.steps.iter().filter(handed)
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
