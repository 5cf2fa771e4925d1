//! Why steps are not a job. Each says which step, and what to change.

use super::number::NumberError;
use super::prime::Prime;
use crate::base::name::NameError;

/// Most steps of a job: its announcement is to fit in what a node takes.
pub const MAX_STEPS: usize = 4_000;

/// Most operands of all steps together.
pub const MAX_OPERANDS: usize = 20_000;

/// Most pairs of an inner product.
pub const MAX_PAIRS: usize = 2_000;

/// Most variables that a job keeps, deals anew or tells to some alone: the outcome has digests of each.
pub const MAX_KEPT: usize = 100;

/// Bits of the integers that are divided.
pub const DIVIDED_BITS: u32 = 32;

/// Most bits of a random number that has a bound.
pub const RANDOM_BITS: u32 = 63;

/// Which rule a job breaks.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum JobFault {
    /// A name that is not fit to show.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Nothing to do, or too much.
    #[error("a job has 1 to {MAX_STEPS} steps, not {got}")]
    Steps {
        /// As given.
        got: usize,
    },
    /// Steps that look at too much.
    #[error("the steps of a job have at most {MAX_OPERANDS} operands together, not {got}")]
    Operands {
        /// As given.
        got: usize,
    },
    /// More variables to keep, to deal anew or to tell than an outcome has room for.
    #[error(
        "a job keeps, deals anew and reveals to some alone at most {MAX_KEPT} variables, not {got}; \
         split it"
    )]
    Kept {
        /// As given.
        got: usize,
    },
    /// A variable to keep that cannot be kept.
    #[error("keep: {variable:?} {why}")]
    Keep {
        /// The variable.
        variable: String,
        /// Why not, and what to do.
        why: &'static str,
    },
    /// A variable to be dealt anew that cannot be.
    #[error("step {step:?} deals {variable:?} anew, which {why}")]
    Refresh {
        /// The step.
        step: String,
        /// The variable.
        variable: String,
        /// Why not, and what to do.
        why: &'static str,
    },
    /// Stored variables that cannot be handed over so.
    #[error("step {step:?} hands variables over to another roster and {why}")]
    HandOver {
        /// The step.
        step: String,
        /// Why not, and what to do.
        why: &'static str,
    },
    /// A stored variable of which the file does not say which one it is.
    #[error(
        "step {step:?} loads {stored:?} and does not say which: version and bounds are filled in by \
         the coordinator where the session is made, from what its nodes keep"
    )]
    Unfilled {
        /// The step.
        step: String,
        /// The stored variable.
        stored: String,
    },
    /// A stored variable that there is not.
    #[error("step {step:?}: no variable {stored:?} is stored; see gavel variable list")]
    NotStored {
        /// The step.
        step: String,
        /// Its name.
        stored: String,
    },
    /// A stored variable over another field than the job's.
    #[error(
        "step {step:?}: the stored {stored:?} is over {is}, the job over {prime}; say field = \"{is}\""
    )]
    OtherField {
        /// The step.
        step: String,
        /// The stored variable.
        stored: String,
        /// Its field.
        is: Prime,
        /// The job's.
        prime: Prime,
    },
    /// What a file says of a stored variable and what is stored differ, or cannot be.
    #[error(
        "step {step:?}: {stored:?} is stored with another {field}; leave it out, it is filled in"
    )]
    Expected {
        /// The step.
        step: String,
        /// The stored variable.
        stored: String,
        /// What differs.
        field: &'static str,
    },
    /// An operation that there is not.
    #[error("step {step:?}: there is no operation {operation:?}; there are {known}")]
    Operation {
        /// The step.
        step: String,
        /// As given.
        operation: String,
        /// Those that there are.
        known: String,
    },
    /// Something that the operation needs is not there.
    #[error("step {step:?}: {operation} needs {field}")]
    Missing {
        /// The step.
        step: String,
        /// Its operation.
        operation: String,
        /// What is missing.
        field: &'static str,
    },
    /// Something that the operation has no use for.
    #[error("step {step:?}: {operation} has no {field}; leave it out")]
    Spare {
        /// The step.
        step: String,
        /// Its operation.
        operation: String,
        /// What is too much.
        field: &'static str,
    },
    /// A number in the file is none.
    #[error("step {step:?}: {field}: {error}")]
    Number {
        /// The step.
        step: String,
        /// Where it is.
        field: &'static str,
        /// What is wrong.
        error: NumberError,
    },
    /// A value that is not below the prime, or that has more bits than the step says.
    #[error("step {step:?}: the value of {variable:?} does not fit: it is to be {fits}")]
    TooLarge {
        /// The step.
        step: String,
        /// The variable.
        variable: String,
        /// What would fit.
        fits: String,
    },
    /// A receiver of a revealed value that there cannot be.
    #[error(
        "step {step:?}: a value is revealed to \"all\", to \"client\" or to a node, such as \"node 2\", \
         not to {to:?}"
    )]
    Receiver {
        /// The step.
        step: String,
        /// As given.
        to: String,
    },
    /// Something for the client alone, and no key of the client.
    #[error(
        "step {step:?} reveals to the client alone: that takes client_key, the client's public key; \
         `gavel job run` and `gavel session new` write that of their home"
    )]
    NoClientKey {
        /// The first such step.
        step: String,
    },
    /// A key of the client, and nothing for the client alone.
    #[error("client_key is for steps that reveal to \"client\"; leave it out")]
    NoUseForKey,
    /// A key that is none.
    #[error("client_key is not one: leave it out, and `gavel job run` writes its home's")]
    ClientKey,
    /// What everyone knows is not for somebody alone.
    #[error("step {step:?}: {variable:?} is public, everyone knows it; reveal it to \"all\"")]
    TellPublic {
        /// The step.
        step: String,
        /// The variable.
        variable: String,
    },
    /// Two steps under one id.
    #[error("two steps go by {step:?}; give each an id of its own")]
    SameId {
        /// The id.
        step: String,
    },
    /// A step to wait for that there is not.
    #[error("step {step:?} comes after {after:?}, which no step goes by")]
    UnknownStep {
        /// The step.
        step: String,
        /// The id that is missing.
        after: String,
    },
    /// A variable that no step makes.
    #[error("step {step:?} uses {variable:?}, which no step assigns")]
    UnknownVariable {
        /// The step.
        step: String,
        /// The variable.
        variable: String,
    },
    /// A variable that two steps make.
    #[error("step {step:?} assigns {variable:?}, which step {first:?} assigns; take another name")]
    AssignedTwice {
        /// The later step.
        step: String,
        /// The variable.
        variable: String,
        /// The earlier step.
        first: String,
    },
    /// Steps that wait for one another.
    #[error("steps wait for one another in a circle: {}", .steps.join(" after "))]
    Cycle {
        /// Their ids, the first one at the end again.
        steps: Vec<String>,
    },
    /// A variable of another type than the step takes.
    #[error("step {step:?}: {variable:?} is {is}; {operation} takes {takes}")]
    Type {
        /// The step.
        step: String,
        /// Its operation.
        operation: &'static str,
        /// The variable.
        variable: String,
        /// What it is.
        is: String,
        /// What it would have to be.
        takes: String,
    },
    /// A result that may reach the prime.
    #[error(
        "step {step:?}: the result may take {bits} bits, for which {prime} has no room; assign \
         values of fewer bits, or take another field"
    )]
    Overflow {
        /// The step.
        step: String,
        /// Bits that it may take.
        bits: u32,
        /// The field.
        prime: Prime,
    },
    /// Bits that a value cannot have.
    #[error("step {step:?}: bits is 1 to {most}, not {got}")]
    Bits {
        /// The step.
        step: String,
        /// As many as there may be.
        most: u32,
        /// As given.
        got: u32,
    },
    /// Sides of an inner product that do not go together.
    #[error("step {step:?}: an inner product has as many operands on each side, 1 to {MAX_PAIRS}")]
    Pairs {
        /// The step.
        step: String,
    },
    /// An entry that would be too large.
    #[error("{participant:?} would hand in more than an entry holds; split the job")]
    Entry {
        /// The participant.
        participant: String,
    },
    /// Steps that are not given as a list of steps.
    #[error("{0}")]
    Json(String),
    /// How entries are shared.
    #[error("a job is computed on bits and elements; leave protocol = \"paper\" out")]
    Form,
    /// More bidders than take part.
    #[error("{0:?} is to hand in twice, under names that look alike")]
    SameName(String),
}
