//! A graph in the making: step by step in an order in which each comes after those that make its
//! operands, with types and ranges checked.
//!
//! - `given`: what comes from outside, and what goes to some alone

mod given;

use std::collections::HashMap;

use super::action::Action;
use super::earlier::Earlier;
use super::fault::{DIVIDED_BITS, JobFault, MAX_OPERANDS, MAX_PAIRS, MAX_STEPS, RANDOM_BITS};
use super::graph::{Graph, Input, Kind, Load, Planned, Variable};
use super::number::Number;
use super::order::{Names, levels, sorted};
use super::plain;
use super::prime::{Prime, over};
use super::range::{Overflow, Range};
use super::step::{Given, Operation, Step};
use crate::base::name::{check_name, look};

impl Graph {
    /// The graph of some steps.
    ///
    /// # Errors
    /// Names the first step that breaks a rule, and the rule.
    pub fn of(prime: Prime, steps: &[Step]) -> Result<Self, JobFault> {
        if steps.is_empty() || steps.len() > MAX_STEPS {
            return Err(JobFault::Steps { got: steps.len() });
        }
        let looked_at = |step: &Step| step.operation.uses().len() + step.after.len();
        let operands: usize = steps.iter().map(looked_at).sum();
        if operands > MAX_OPERANDS {
            return Err(JobFault::Operands { got: operands });
        }
        let names = Names::of(steps)?;
        let waits_for = names.waits_for(steps)?;
        let order = sorted(steps, &waits_for)?;
        let mut building = Building::new(prime, &names, steps.len());
        // Participants in the order of the terms, whatever order the graph has.
        for step in steps {
            building.hear_of(step)?;
        }
        for &at in &order {
            building.add(at, &steps[at])?;
        }
        building.finish(steps, waits_for, order)
    }
}

/// A graph that is being made.
struct Building<'a> {
    prime: Prime,
    names: &'a Names<'a>,
    variables: Vec<Option<Variable>>,
    actions: Vec<Option<Action>>,
    participants: Vec<String>,
    looks: HashMap<String, usize>,
    inputs: Vec<Input>,
    /// By variable, its place among them.
    input_of: HashMap<usize, usize>,
    loads: Vec<Load>,
    /// Of what is loaded, behind the participants.
    owners: Vec<String>,
    /// Among whom what is dealt anew is shared, once a step says so.
    earlier: Option<&'a Option<Earlier>>,
}

/// A variable that a step looks at.
#[derive(Clone, Copy)]
struct Operand<'a> {
    at: usize,
    name: &'a str,
    kind: Kind,
    range: Range,
}

impl Operand<'_> {
    const fn value(&self) -> Option<Number> {
        match self.kind {
            Kind::Public(value) => Some(value),
            Kind::Private(_) | Kind::Shared => None,
        }
    }
}

impl<'a> Building<'a> {
    /// Of so many steps, over a field.
    fn new(prime: Prime, names: &'a Names<'a>, steps: usize) -> Self {
        Self {
            prime,
            names,
            variables: vec![None; names.variables.len()],
            actions: vec![None; steps],
            participants: Vec::new(),
            looks: HashMap::new(),
            inputs: Vec::new(),
            input_of: HashMap::new(),
            loads: Vec::new(),
            owners: Vec::new(),
            earlier: None,
        }
    }

    /// Note who hands in, and what.
    fn hear_of(&mut self, step: &'a Step) -> Result<(), JobFault> {
        let Operation::Assign { variable, given: Given::Handed { by, bits, .. } } = &step.operation
        else {
            return Ok(());
        };
        check_name("a participant's name", by)?;
        let next = self.participants.len();
        let participant = *self.looks.entry(look(by)).or_insert(next);
        if participant == next {
            self.participants.push(by.clone());
        } else if self.participants[participant] != *by {
            return Err(JobFault::SameName(by.clone()));
        }
        if let Some(bits) = *bits {
            let most = self.prime.bits() - 1;
            if bits == 0 || bits > most {
                return Err(JobFault::Bits { step: step.id.clone(), most, got: bits });
            }
        }
        let (variable, _) = self.names.variable(step, variable)?;
        self.input_of.insert(variable, self.inputs.len());
        self.inputs.push(Input { variable, participant, bits: *bits });
        Ok(())
    }

    fn operand(&self, step: &Step, name: &'a str) -> Result<Operand<'a>, JobFault> {
        let (at, _) = self.names.variable(step, name)?;
        let unknown =
            || JobFault::UnknownVariable { step: step.id.clone(), variable: name.to_owned() };
        let variable = self.variables[at].as_ref().ok_or_else(unknown)?;
        Ok(Operand { at, name, kind: variable.kind, range: variable.range })
    }

    fn make(
        &mut self,
        step: &Step,
        name: &str,
        kind: Kind,
        range: Range,
    ) -> Result<usize, JobFault> {
        let (at, _) = self.names.variable(step, name)?;
        self.variables[at] = Some(Variable { name: name.to_owned(), kind, range });
        Ok(at)
    }

    /// A range, or that it goes too far.
    fn fits(&self, step: &Step, range: Result<Range, Overflow>) -> Result<Range, JobFault> {
        let prime = self.prime;
        range.map_err(|Overflow { bits }| JobFault::Overflow { step: step.id.clone(), bits, prime })
    }

    fn add(&mut self, at: usize, step: &'a Step) -> Result<(), JobFault> {
        let action = match &step.operation {
            Operation::Assign { variable, given } => self.assign(step, variable, given)?,
            Operation::Load { variable, stored, expected } => {
                self.load(step, variable, stored, expected)?
            }
            Operation::Add { variable, x, y } => {
                let (x, y) = (self.operand(step, x)?, self.operand(step, y)?);
                let range = self.fits(step, x.range.plus(y.range, self.prime))?;
                let one = Number::from(1_u64);
                self.linear(step, variable, range, &[(x, one), (y, one)])?
            }
            Operation::Subtract { variable, x, y } => {
                let (x, y) = (self.operand(step, x)?, self.operand(step, y)?);
                let range = self.fits(step, x.range.minus(y.range, self.prime))?;
                let (one, minus) = (Number::from(1_u64), self.minus_one());
                self.linear(step, variable, range, &[(x, one), (y, minus)])?
            }
            Operation::Scale { variable, x, factor } => {
                let x = self.operand(step, x)?;
                let by = self.public_range(step, "factor", *factor)?;
                let range = self.fits(step, x.range.times(by, self.prime))?;
                self.linear(step, variable, range, &[(x, *factor)])?
            }
            Operation::Multiply { variable, x, y } => {
                let pair = (self.operand(step, x)?, self.operand(step, y)?);
                self.products(step, variable, &[pair])?
            }
            Operation::InnerProduct { variable, x, y } => {
                if x.is_empty() || x.len() != y.len() || x.len() > MAX_PAIRS {
                    return Err(JobFault::Pairs { step: step.id.clone() });
                }
                let pair = |(x, y): (&'a String, &'a String)| {
                    Ok::<_, JobFault>((self.operand(step, x)?, self.operand(step, y)?))
                };
                let pairs = x.iter().zip(y).map(pair).collect::<Result<Vec<_>, _>>()?;
                self.products(step, variable, &pairs)?
            }
            Operation::Equal { variable, x, y } => {
                let (x, y) = (self.operand(step, x)?, self.operand(step, y)?);
                let (_, width) = self.compared(step, x, y)?;
                let at = self.make(step, variable, Kind::Shared, Range::BIT)?;
                Action::Equal { variable: at, x: x.at, y: y.at, width }
            }
            Operation::LessThan { variable, x, y } => {
                let (x, y) = (self.operand(step, x)?, self.operand(step, y)?);
                let (low, width) = self.compared(step, x, y)?;
                let at = self.make(step, variable, Kind::Shared, Range::BIT)?;
                Action::Less { variable: at, x: x.at, y: y.at, low, width }
            }
            Operation::Select { variable, condition, x, y } => {
                let condition = self.operand(step, condition)?;
                let (x, y) = (self.operand(step, x)?, self.operand(step, y)?);
                if !condition.range.is_bit() {
                    return Err(wrong_type(step, condition, "a bit, such as less-than makes"));
                }
                let at = self.make(step, variable, Kind::Shared, x.range.or(y.range))?;
                Action::Select { variable: at, condition: condition.at, x: x.at, y: y.at }
            }
            Operation::Divide { variable, rest, by_zero, x, y } => {
                self.divide(step, (variable, rest.as_deref(), by_zero.as_deref()), (x, y))?
            }
            Operation::Random { variable, bits } => {
                let most = RANDOM_BITS.min(self.prime.bits() - 1);
                if let Some(got) = bits.filter(|&bits| bits == 0 || bits > most) {
                    return Err(JobFault::Bits { step: step.id.clone(), most, got });
                }
                let range = bits.map_or(Range::Any, Range::of_bits);
                let variable = self.make(step, variable, Kind::Shared, range)?;
                Action::Random { variable, bits: *bits }
            }
            Operation::Reveal { variable } => {
                let variable = self.operand(step, variable)?;
                if let Kind::Private(_) = variable.kind {
                    return Err(wrong_type(step, variable, "what is shared or public"));
                }
                Action::Reveal { variable: variable.at }
            }
            Operation::Tell { variable, to } => self.tell(step, variable, *to)?,
            Operation::Refresh { variable, generation, earlier } => {
                let others = self.earlier.get_or_insert(earlier);
                if *others != earlier {
                    let (step, variable) = (step.id.clone(), variable.clone());
                    let why = "is shared among other nodes than what another step deals anew";
                    return Err(JobFault::Refresh { step, variable, why });
                }
                let (at, generation) = (self.operand(step, variable)?.at, *generation);
                Action::Refresh { variable: at, generation }
            }
            Operation::HandOver { variables, next } => {
                let operands = variables.iter().map(|name| Ok(self.operand(step, name)?.at));
                let variables = operands.collect::<Result<_, JobFault>>()?;
                Action::HandOver { variables, to: next.scheme }
            }
            Operation::Forget { variable } => {
                Action::Forget { variable: self.operand(step, variable)?.at }
            }
        };
        self.actions[at] = Some(self.known(step, action));
        Ok(())
    }

    /// What only takes public variables is known at once.
    fn known(&mut self, step: &Step, action: Action) -> Action {
        let uses = step.operation.uses();
        let value_of = |name: &str| {
            let (at, _) = self.names.variables.get(name)?;
            match self.variables[*at].as_ref()?.kind {
                Kind::Public(value) => Some(value),
                Kind::Private(_) | Kind::Shared => None,
            }
        };
        let makes = step.operation.makes();
        let [name] = makes[..] else { return action };
        if uses.is_empty() || !uses.iter().all(|name| value_of(name).is_some()) {
            return action;
        }
        let value = |at: usize| match self.variables[at].as_ref().map(|variable| variable.kind) {
            Some(Kind::Public(value)) => value,
            _ => Number::ZERO,
        };
        let found = over!(self.prime, F => {
            let all = plain::compute::<F>(&action, |at| value(at).element());
            all.first().copied().map(Number::of_element)
        });
        let (Some(value), Some(&(at, _))) = (found, self.names.variables.get(name)) else {
            return action;
        };
        if let Some(variable) = &mut self.variables[at] {
            variable.kind = Kind::Public(value);
        }
        Action::Known { variable: at, value }
    }

    fn minus_one(&self) -> Number {
        let mut words = *self.prime.number().words();
        words[0] -= 1;
        Number::from_words(words)
    }

    /// Where a number that the terms say lies.
    fn public_range(&self, step: &Step, variable: &str, value: Number) -> Result<Range, JobFault> {
        if value >= self.prime.number() {
            return Err(JobFault::TooLarge {
                step: step.id.clone(),
                variable: variable.to_owned(),
                fits: format!("below the prime, {}", self.prime.number()),
            });
        }
        let wide =
            |bits| if bits + 1 < self.prime.bits() { Range::Wide { bits } } else { Range::Any };
        Ok(match value.small() {
            Some(value) if Range::only(value).bits().unwrap_or(0) <= 125 => {
                // A number next to the prime leaves no room for others; it is an element.
                let bits = Range::only(value).bits().unwrap_or(0);
                if bits < self.prime.bits() { Range::only(value) } else { Range::Any }
            }
            _ => wide(value.bits()),
        })
    }

    /// Public multiples of variables, of which some may be public.
    fn linear(
        &mut self,
        step: &Step,
        variable: &str,
        range: Range,
        terms: &[(Operand<'a>, Number)],
    ) -> Result<Action, JobFault> {
        let variable = self.make(step, variable, Kind::Shared, range)?;
        let terms = terms.iter().map(|(operand, factor)| (operand.at, *factor)).collect();
        Ok(Action::Linear { variable, terms, constant: Number::ZERO })
    }

    /// A sum of products. Those of which one factor is public take no round.
    fn products(
        &mut self,
        step: &Step,
        variable: &str,
        pairs: &[(Operand<'a>, Operand<'a>)],
    ) -> Result<Action, JobFault> {
        let mut range = Range::only(0);
        for (x, y) in pairs {
            let product = self.fits(step, x.range.times(y.range, self.prime))?;
            range = self.fits(step, range.plus(product, self.prime))?;
        }
        let public: Option<Vec<_>> = pairs
            .iter()
            .map(|(x, y)| match (x.value(), y.value()) {
                (_, Some(factor)) => Some((*x, factor)),
                (Some(factor), None) => Some((*y, factor)),
                (None, None) => None,
            })
            .collect();
        if let Some(terms) = public {
            return self.linear(step, variable, range, &terms);
        }
        let variable = self.make(step, variable, Kind::Shared, range)?;
        Ok(match pairs {
            [(x, y)] => Action::Product { variable, x: x.at, y: y.at },
            _ => {
                Action::Inner { variable, pairs: pairs.iter().map(|(x, y)| (x.at, y.at)).collect() }
            }
        })
    }

    /// The least that either of two operands may be, and bits by which they may differ.
    fn compared(
        &self,
        step: &Step,
        x: Operand<'a>,
        y: Operand<'a>,
    ) -> Result<(i128, u32), JobFault> {
        let most = self.prime.compared_bits();
        match x.range.compared(y.range) {
            Some((low, width)) if width <= most => Ok((low, width)),
            _ => {
                let narrow =
                    |operand: &Operand<'a>| operand.range.bits().is_some_and(|bits| bits < most);
                let wrong = if narrow(&x) { y } else { x };
                Err(wrong_type(step, wrong, &format!("numbers that differ by at most {most} bits")))
            }
        }
    }

    fn divide(
        &mut self,
        step: &Step,
        (quotient, rest, by_zero): (&str, Option<&str>, Option<&str>),
        (x, y): (&'a str, &'a str),
    ) -> Result<Action, JobFault> {
        let (x, y) = (self.operand(step, x)?, self.operand(step, y)?);
        for operand in [x, y] {
            if !operand.range.is_of_bits(DIVIDED_BITS) {
                return Err(wrong_type(step, operand, "integers from 0 to 2^32 - 1"));
            }
        }
        let integers = Range::of_bits(DIVIDED_BITS);
        let variable = self.make(step, quotient, Kind::Shared, integers)?;
        let rest = rest.map(|name| self.make(step, name, Kind::Shared, integers)).transpose()?;
        let by_zero =
            by_zero.map(|name| self.make(step, name, Kind::Shared, Range::BIT)).transpose()?;
        Ok(Action::Divide { variable, rest, by_zero, x: x.at, y: y.at })
    }

    fn finish(
        self,
        steps: &[Step],
        waits_for: Vec<Vec<usize>>,
        mut order: Vec<usize>,
    ) -> Result<Graph, JobFault> {
        let prime = self.prime;
        let actions: Option<Vec<Action>> = self.actions.into_iter().collect();
        let variables: Option<Vec<Variable>> = self.variables.into_iter().collect();
        let (Some(actions), Some(variables)) = (actions, variables) else {
            return Err(JobFault::Steps { got: steps.len() });
        };
        let levels = levels(&actions, &waits_for, &order);
        // Within a level in the order found before, in which each waits only for earlier ones.
        order.sort_by_key(|&at| levels[at]);
        let planned = steps.iter().zip(actions).zip(waits_for).zip(levels);
        let planned = planned.map(|(((step, action), waits_for), level)| Planned {
            id: step.id.clone(),
            action,
            waits_for,
            level,
        });
        let steps = planned.collect();
        let (participants, inputs, loads) = (self.participants, self.inputs, self.loads);
        let owners = participants.iter().cloned().chain(self.owners).collect();
        let (keeps, earlier) = (Vec::new(), self.earlier.cloned().flatten());
        Ok(Graph {
            prime,
            variables,
            steps,
            order,
            participants,
            inputs,
            loads,
            owners,
            keeps,
            earlier,
        })
    }
}

fn wrong_type(step: &Step, operand: Operand<'_>, takes: &str) -> JobFault {
    let is = match (operand.kind, operand.range) {
        (Kind::Private(_), _)
            if matches!(step.operation, Operation::Reveal { .. } | Operation::Tell { .. }) =>
        {
            "private".to_owned()
        }
        (_, Range::Any) => "any element of the field; say its bits where it is assigned".to_owned(),
        (_, Range::Wide { bits }) => format!("a number of up to {bits} bits"),
        (_, Range::Within { low, high }) => format!("a number from {low} to {high}"),
    };
    JobFault::Type {
        step: step.id.clone(),
        operation: step.operation.name(),
        variable: operand.name.to_owned(),
        is,
        takes: takes.to_owned(),
    }
}
