//! Widths of text by display columns: cutting, filling, wrapping. What makes text from others safe
//! to show is in [`crate::base::text`].

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text, cut to this many columns with an ellipsis at its end.
pub fn truncate<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let room = columns.saturating_sub(width(ellipsis));
    let mut out = String::with_capacity(columns);
    let mut used = 0;
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if used + wide > room {
            break;
        }
        used += wide;
        out.push(character);
    }
    let dots: String = ellipsis.chars().take(columns - used).collect();
    Cow::Owned(out.trim_end().to_owned() + &dots)
}

/// Cut or filled with blanks to exactly this many columns.
pub fn fit(text: &str, columns: usize, ellipsis: &str) -> String {
    let text = truncate(text, columns, ellipsis);
    let blanks = columns.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(blanks))
}

/// The same, aligned to the right.
pub fn fit_right(text: &str, columns: usize, ellipsis: &str) -> String {
    let text = truncate(text, columns, ellipsis);
    let blanks = columns.saturating_sub(width(&text));
    format!("{}{text}", " ".repeat(blanks))
}

/// With its first letter large.
pub fn upper(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}

/// Lines of at most this many columns, broken at blanks where there are any.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let mut rest = word;
        loop {
            let gap = usize::from(used > 0);
            if used + gap + width(rest) <= columns {
                if let Some(line) = lines.last_mut() {
                    line.push_str(&" ".repeat(gap));
                    line.push_str(rest);
                }
                used += gap + width(rest);
                break;
            }
            if used > 0 {
                lines.push(String::new());
                used = 0;
                continue;
            }
            // A word longer than a line is cut.
            let mut end = rest.len();
            let mut taken = 0;
            for (at, character) in rest.char_indices() {
                let wide = character.width().unwrap_or(0);
                if taken + wide > columns && at > 0 {
                    end = at;
                    break;
                }
                taken += wide;
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(&rest[..end]);
            }
            rest = &rest[end..];
            if rest.is_empty() {
                used = taken;
                break;
            }
            lines.push(String::new());
        }
    }
    lines
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
