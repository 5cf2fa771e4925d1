//! Figures, times and sets of nodes as people read them.

use crate::rules::Currency;
use crate::sharing::NodeSet;

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

/// "node 2" or "nodes 1, 2, 5".
pub fn nodes(nodes: NodeSet) -> String {
    if nodes.len() == 1 { format!("node {nodes}") } else { format!("nodes {nodes}") }
}

/// A word after "a" or "an".
pub fn with_article(word: &str) -> String {
    let an = word.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {word}", if an { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use crate::tui::figures::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_234_567), "1.2 MB");
        assert_eq!(count(10_000), "10 000");
        assert_eq!(plural(1, "bid", "bids"), "1 bid");
        assert_eq!(with_article("bid"), "a bid");
        assert_eq!(with_article("order"), "an order");
        assert_eq!(round_trip(412), "0.4 ms");
        assert_eq!(round_trip(1_300_000), "1.3 s");
        assert_eq!(duration(65_000), "1 min 05 s");
        assert_eq!(duration(7_380_000), "2 h 03 min");
        assert_eq!(short_duration(65_000), "1:05");
    }

    /// The list says it short and the detail says it long: of the same moment, the same.
    #[test]
    fn both_ways_to_say_a_duration_agree() {
        let numbers = |text: &str| {
            let parts = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
            parts.map(|part| part.parse().unwrap()).collect::<Vec<u64>>()
        };
        let minute = 60_000;
        for around in [0, 1000, minute, 60 * minute, 24 * 60 * minute, 100 * 24 * 60 * minute] {
            for millis in [around - 1001, around - 1, around, around + 1, around + 1001] {
                let (short, long) = (short_duration(millis), duration(millis));
                let (said, more) = (numbers(&short), numbers(&long));
                assert_eq!(said, more[..said.len()], "{short} and {long}");
                assert!(said.len() == more.len() || short.ends_with('d'), "{short} and {long}");
            }
        }
    }
}
