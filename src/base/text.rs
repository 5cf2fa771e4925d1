//! Text from outside that is fit to show: not empty, bounded, without control characters.

/// Longest title and bidder name, in characters.
pub const MAX_NAME: usize = 200;

/// Why a text is not fit to show. Each says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TextError {
    /// Empty or too long.
    #[error("{field} has 1 to {MAX_NAME} characters, not {got}")]
    Length {
        /// Which field.
        field: &'static str,
        /// Characters in it.
        got: usize,
    },
    /// Control characters, or blanks around it.
    #[error("{field} has control characters, or blanks at its ends; take them out")]
    Characters {
        /// Which field.
        field: &'static str,
    },
}

/// A text from outside that goes onto screens: not empty, bounded, no control characters.
///
/// # Errors
/// Names the field and the rule.
pub fn check_text(field: &'static str, text: &str) -> Result<(), TextError> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > MAX_NAME {
        return Err(TextError::Length { field, got: length });
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err(TextError::Characters { field });
    }
    Ok(())
}
