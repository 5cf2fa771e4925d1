//! Text from outside that is fit to show: the rule for what is let in, and one sanitiser for
//! everything that is shown.
//!
//! A terminal obeys control characters, and text that reverses its own direction can pretend to be
//! another text. [`clean`] is the only way to a [`Clean`], and screens take nothing else from
//! outside.

use std::fmt;

use unicode_width::UnicodeWidthChar as _;

/// Longest title and bidder name, in characters.
pub const MAX_NAME: usize = 200;

/// Longest description, in characters.
pub const MAX_DESCRIPTION: usize = LONGEST;

/// Why a text is not fit to show. Each says what to change.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TextError {
    /// Empty or too long.
    #[error("{field} has 1 to {most} characters, not {got}")]
    Length {
        /// Which field.
        field: &'static str,
        /// Most characters that it may have.
        most: usize,
        /// Characters in it.
        got: usize,
    },
    /// Control characters, or blanks around it.
    #[error("{field} has control characters, or blanks at its ends; take them out")]
    Characters {
        /// Which field.
        field: &'static str,
    },
    /// A character that is invisible or turns the direction of writing around.
    #[error(
        "{field} has the character U+{:04X}, which does not show or turns the direction of writing around; take it out",
        *.character as u32
    )]
    Hidden {
        /// Which field.
        field: &'static str,
        /// The first of them.
        character: char,
    },
    /// Blanks of which some do not show, or a pile of marks.
    #[error("{field} has odd blanks, several in a row, or marks that pile up; take them out")]
    Blanks {
        /// Which field.
        field: &'static str,
    },
}

impl TextError {
    /// The field concerned.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Length { field, .. }
            | Self::Characters { field }
            | Self::Hidden { field, .. }
            | Self::Blanks { field } => field,
        }
    }
}

/// A text from outside that goes onto screens: not empty, bounded, and shown as it is. What
/// [`clean`] would change is not let in.
///
/// # Errors
/// Names the field and the rule.
pub fn check_text(field: &'static str, text: &str) -> Result<(), TextError> {
    check_length(field, text, MAX_NAME)
}

/// The same for a text of so many characters at most.
///
/// # Errors
/// Names the field and the rule.
pub fn check_length(field: &'static str, text: &str, most: usize) -> Result<(), TextError> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > most {
        return Err(TextError::Length { field, most, got: length });
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err(TextError::Characters { field });
    }
    if let Some(character) = text.chars().find(|character| is_deceptive(*character)) {
        return Err(TextError::Hidden { field, character });
    }
    if clean(text).as_str() != text {
        return Err(TextError::Blanks { field });
    }
    Ok(())
}

/// Longest text that is kept, in characters; what comes after is cut.
const LONGEST: usize = 600;

/// Most marks that may pile up on one character.
const MARKS: usize = 2;

/// Text that is safe on a terminal: one line, no control characters, nothing invisible, nothing
/// that turns the direction of writing around.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Clean(String);

impl Clean {
    /// The cleaned text, safe to write to a terminal.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left of it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Clean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Characters that are invisible, take part in nothing that a name needs, or lead the eye astray.
pub const fn is_deceptive(character: char) -> bool {
    matches!(
        character,
        // Soft hyphen, combining grapheme joiner, Arabic letter mark, Hangul and Khmer fillers.
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{3164}' | '\u{ffa0}'
        // Mongolian separators.
        | '\u{180b}'..='\u{180f}'
        // Zero width, direction marks, line and paragraph separators, embeddings and overrides.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        // Word joiner, invisible operators, isolates, deprecated format characters.
        | '\u{2060}'..='\u{206f}'
        // Variation selectors: terminals disagree on the width of what they follow.
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        // Interlinear annotation, object replacement, tags, variation selectors supplement.
        | '\u{fff9}'..='\u{fffc}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The sanitiser: what any text from others goes through before it is kept for a screen.
///
/// Line breaks, tabs and odd blanks become one blank; control characters become U+FFFD, so that
/// it shows that something was there; invisible characters and those that turn the direction of
/// writing go.
pub fn clean(text: &str) -> Clean {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    let mut marks = 0;
    let mut blank = false;
    for character in text.chars().take(LONGEST) {
        if character.is_whitespace() {
            blank = !out.is_empty();
            continue;
        }
        if is_deceptive(character) {
            continue;
        }
        let character =
            if character.is_control() { char::REPLACEMENT_CHARACTER } else { character };
        let width = character.width().unwrap_or(0);
        marks = if width == 0 { marks + 1 } else { 0 };
        // A mark needs something to stand on, and a pile of them would grow over other lines.
        if marks > MARKS || (marks > 0 && (out.is_empty() || blank)) {
            continue;
        }
        if std::mem::take(&mut blank) {
            out.push(' ');
        }
        out.push(character);
    }
    Clean(out)
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
