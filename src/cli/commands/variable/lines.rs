//! Stored variables by their names.

use crate::cli::failure::Failure;
use crate::wire::variable::VariableLine;

/// The one of this name.
///
/// # Errors
/// When there is none.
pub(super) fn named(all: Vec<VariableLine>, name: &str) -> Result<VariableLine, Failure> {
    let missing = || {
        let detail = format!("no variable {name:?} is stored; see gavel variable list");
        Failure::new("no-variable", detail)
    };
    all.into_iter().find(|line| line.variable.name == name).ok_or_else(missing)
}
