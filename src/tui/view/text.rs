//! Text for screens: widths by display columns, and figures as people read them. What makes text
//! from others safe to show is in [`crate::base::text`].

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::base::Timestamp;
use crate::rules::Currency;

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

/// Bytes as people read them: "1.2 MB".
pub fn bytes(count: u64) -> String {
    let figure = count as f64;
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", figure / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", figure / 1e6),
        _ => format!("{:.2} GB", figure / 1e9),
    }
}

/// A count with grouped thousands: "10 000".
pub fn count(number: u64) -> String {
    Currency { code: String::new(), decimals: 0 }.show(number).to_string()
}

/// "1 bid", "2 bids".
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Microseconds as a round trip: "0.4 ms", "12 ms", "1.3 s".
pub fn round_trip(micros: u64) -> String {
    let millis = micros as f64 / 1e3;
    match micros {
        0..10_000 => format!("{millis:.1} ms"),
        10_000..1_000_000 => format!("{millis:.0} ms"),
        _ => format!("{:.1} s", millis / 1e3),
    }
}

/// A length of time with its two largest units: "42 s", "1 min 05 s", "2 h 03 min", "4 d 1 h".
pub fn duration(millis: i64) -> String {
    let seconds = millis.unsigned_abs().div_ceil(1000);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {:02} s", seconds % 60),
        3600..86_400 => format!("{hours} h {minutes:02} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// A length of time for a narrow column: "42s", "1:05", "2h03", "4d".
pub fn short_duration(millis: i64) -> String {
    let seconds = millis.unsigned_abs().div_ceil(1000);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The time of day in UTC: "03:18:22".
pub fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    text.split_once('T').and_then(|(_, time)| time.get(..8)).unwrap_or("--:--:--").to_owned()
}

/// Date and time in UTC to the second: "2026-11-21 03:18:22 UTC".
pub fn date_time(at: Timestamp) -> String {
    let text = at.to_string();
    match (text.split_once('T'), text.split_once('.')) {
        (Some((date, _)), Some(_)) => format!("{date} {} UTC", clock(at)),
        _ => text,
    }
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
