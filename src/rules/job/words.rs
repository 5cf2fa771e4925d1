//! What a job's steps say, in words.

use super::graph::{Graph, Kind};
use super::step::{Given, Operation, Step};

impl Step {
    /// What the step does, as one reads a formula.
    pub fn formula(&self) -> String {
        match &self.operation {
            Operation::Assign { variable, given: Given::Public(value) } => {
                format!("{variable} = {value}")
            }
            Operation::Assign { variable, given: Given::Handed { by, .. } } => {
                format!("{variable} from {by}")
            }
            Operation::Load { variable, stored, .. } if variable == stored => {
                format!("load {variable}")
            }
            Operation::Load { variable, stored, .. } => format!("{variable} = stored {stored}"),
            Operation::Add { variable, x, y } => format!("{variable} = {x} + {y}"),
            Operation::Subtract { variable, x, y } => format!("{variable} = {x} - {y}"),
            Operation::Scale { variable, x, factor } => format!("{variable} = {factor} {x}"),
            Operation::Multiply { variable, x, y } => format!("{variable} = {x} * {y}"),
            Operation::InnerProduct { variable, x, y } => {
                format!("{variable} = ({}) * ({})", x.join(", "), y.join(", "))
            }
            Operation::Equal { variable, x, y } => format!("{variable} = [{x} = {y}]"),
            Operation::LessThan { variable, x, y } => format!("{variable} = [{x} < {y}]"),
            Operation::Select { variable, condition, x, y } => {
                format!("{variable} = {x} if {condition}, else {y}")
            }
            Operation::Divide { variable, rest, by_zero, x, y } => {
                let besides = [rest, by_zero].into_iter().flatten();
                let made: Vec<&str> =
                    std::iter::once(variable).chain(besides).map(String::as_str).collect();
                format!("{} = {x} / {y}", made.join(", "))
            }
            Operation::Random { variable, .. } => format!("{variable} at random"),
            Operation::Reveal { variable } => format!("reveal {variable}"),
            Operation::Tell { variable, to } => format!("reveal {variable} to {to} alone"),
            Operation::Refresh { variable, .. } => format!("deal {variable} anew"),
            Operation::Forget { variable } => format!("forget {variable}"),
            Operation::HandOver { variables, next } => format!(
                "hand {} over to the {} nodes (t = {}) of the roster {}",
                variables.join(", "),
                next.scheme.nodes(),
                next.scheme.threshold(),
                next.grouped()
            ),
        }
    }
}

impl Graph {
    /// Who knows a variable, in words.
    pub fn known_to(&self, variable: usize) -> String {
        match self.variables[variable].kind {
            Kind::Private(participant) => format!("private to {}", self.owners[participant]),
            Kind::Shared => "shared".to_owned(),
            Kind::Public(_) => "public".to_owned(),
        }
    }

    /// The variables that a participant hands in, with the bits that each may have.
    pub fn asked_of(&self, participant: usize) -> Vec<String> {
        let own = self.inputs.iter().filter(|input| input.participant == participant);
        own.map(|input| {
            let name = &self.variables[input.variable].name;
            match input.bits {
                Some(bits) => format!("{name} (below 2^{bits})"),
                None => name.clone(),
            }
        })
        .collect()
    }
}
