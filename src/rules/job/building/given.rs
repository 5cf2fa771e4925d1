//! What a job takes from outside, and what goes to some alone.

use super::super::action::Action;
use super::super::fault::JobFault;
use super::super::graph::{Input, Kind, Load};
use super::super::range::Range;
use super::super::receiver::Receiver;
use super::super::step::{Expected, Given, Step};
use super::{Building, wrong_type};
use crate::base::name::check_name;

impl<'a> Building<'a> {
    pub(super) fn assign(
        &mut self,
        step: &Step,
        variable: &str,
        given: &Given,
    ) -> Result<Action, JobFault> {
        match given {
            Given::Public(value) => {
                let range = self.public_range(step, variable, *value)?;
                let variable = self.make(step, variable, Kind::Public(*value), range)?;
                Ok(Action::Known { variable, value: *value })
            }
            Given::Handed { private, .. } => {
                let (at, _) = self.names.variable(step, variable)?;
                let unknown = || JobFault::UnknownVariable {
                    step: step.id.clone(),
                    variable: variable.to_owned(),
                };
                let input = *self.input_of.get(&at).ok_or_else(unknown)?;
                let Input { participant, bits, .. } = self.inputs[input];
                let kind = if *private { Kind::Private(participant) } else { Kind::Shared };
                let range = bits.map_or(Range::Any, Range::of_bits);
                self.make(step, variable, kind, range)?;
                Ok(Action::Handed { input })
            }
        }
    }

    pub(super) fn load(
        &mut self,
        step: &Step,
        variable: &str,
        stored: &str,
        expected: &Expected,
    ) -> Result<Action, JobFault> {
        check_name("a stored variable's name", stored)?;
        let range = expected.range.sound(self.prime).ok_or_else(|| JobFault::Expected {
            step: step.id.clone(),
            stored: stored.to_owned(),
            field: "range",
        })?;
        let kind = match &expected.owner {
            None => Kind::Shared,
            Some(owner) => {
                check_name("the owner's name", owner)?;
                self.owners.push(owner.clone());
                Kind::Private(self.participants.len() + self.owners.len() - 1)
            }
        };
        let variable = self.make(step, variable, kind, range)?;
        self.loads.push(Load { variable, stored: stored.to_owned(), expected: expected.clone() });
        Ok(Action::Load { load: self.loads.len() - 1 })
    }

    /// A value that somebody alone learns.
    pub(super) fn tell(
        &self,
        step: &Step,
        variable: &'a str,
        to: Receiver,
    ) -> Result<Action, JobFault> {
        let told = self.operand(step, variable)?;
        match told.kind {
            Kind::Private(_) => Err(wrong_type(step, told, "what is shared")),
            Kind::Public(_) => {
                let (step, variable) = (step.id.clone(), variable.to_owned());
                Err(JobFault::TellPublic { step, variable })
            }
            Kind::Shared => Ok(Action::Tell { variable: told.at, to }),
        }
    }
}
