//! The job: a graph of steps over variables that no node knows, computed over a prime field.
//!
//! - [`prime`]: the fields that there are, by name
//! - [`number`]: numbers of 256 bits in decimal digits, and as elements
//! - [`range`]: between which numbers a variable lies, from what it is made of
//! - [`version`]: which one a stored variable is
//! - [`stored`]: what is known of a variable that stays at the nodes
//! - [`change`]: what a job takes from there, and what it leaves behind
//! - [`refresh`]: what it has dealt anew there
//! - `giving`: whether it gives anything away of a stored variable
//! - [`receiver`]: who alone learns a value
//! - [`telling`]: what a job tells some alone
//! - [`earlier`]: among whom that is shared, if not among the session's nodes
//! - [`next`]: which roster it hands something over to
//! - [`handing`]: what it hands over to the nodes of another roster
//! - [`step`]: one step as the terms have it
//! - [`fault`]: why steps are not a job; each names the step
//! - [`action`]: what a step does, with variables by their places
//! - `building`: a graph in the making; types and ranges
//! - `order`: which steps wait for which, and the levels
//! - [`graph`]: the steps by level, with their variables; what everything else goes by
//! - [`mod@plain`]: one step computed in the clear
//! - [`question`]: what a job's terms say
//! - [`input`]: who hands what in, and how an entry is laid out
//! - [`file`](mod@file): a job's fields in a session file
//! - `values`: the values in it that participants hand in
//! - [`fill`]: what such a file leaves open of stored variables
//! - [`forgetting`](mod@forgetting): a job that forgets a stored variable
//! - [`line`](mod@line): what a participant hands in, as a line of text
//! - [`json`]: a job as the JSON of the system that came before
//! - [`answer`]: what was revealed
//! - [`status`]: which steps completed
//! - [`stage`]: the stages of its computation
//! - [`mod@reference`]: the answer computed in the clear, which the protocols are tested against
//! - [`words`]: what a job's steps say, in words

pub mod action;
pub mod answer;
mod building;
pub mod change;
pub mod earlier;
pub mod fault;
pub mod file;
pub mod fill;
pub mod forgetting;
mod giving;
pub mod graph;
pub mod handing;
pub mod input;
pub mod json;
pub mod line;
pub mod next;
pub mod number;
mod order;
pub mod plain;
pub mod prime;
pub mod question;
pub mod range;
pub mod receiver;
pub mod reference;
pub mod refresh;
pub mod stage;
pub mod status;
pub mod step;
pub mod stored;
pub mod telling;
mod values;
pub mod version;
pub mod words;

pub use answer::Answer;
pub use change::{Change, Wanted};
pub use earlier::{Earlier, Handed};
pub use fault::JobFault;
pub use graph::{Action, Graph};
pub use handing::Handing;
pub use next::Next;
pub use number::Number;
pub use prime::Prime;
pub use question::Question;
pub use range::Range;
pub use receiver::Receiver;
pub use refresh::Refreshed;
pub use stage::Stage;
pub use status::Status;
pub use step::{Given, Operation, Step};
pub use stored::StoredVariable;
pub use telling::{Tell, Telling};
pub use version::Version;

/// The name in session files.
pub const NAME: &str = "job";
