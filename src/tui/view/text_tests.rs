//! The widths.

use crate::tui::view::text::*;

#[test]
fn cutting_counts_columns_not_characters() {
    assert_eq!(truncate("harbour", 10, "…"), "harbour");
    assert_eq!(truncate("harbour view", 8, "…"), "harbour…");
    assert_eq!(truncate("日本画の展示", 7, "…"), "日本画…");
    assert_eq!(truncate("日本画の展示", 8, "…"), "日本画…");
    assert_eq!(truncate("harbour", 2, "..."), "..");
    assert_eq!(truncate("harbour", 0, "…"), "");
    for columns in 0..14 {
        for text in ["plain text here", "日本画の展示会場", "ab日cd本ef", "🎨🎨🎨🎨🎨🎨"]
        {
            assert_eq!(width(&fit(text, columns, "…")), columns, "{text} at {columns}");
            assert_eq!(width(&fit_right(text, columns, "~")), columns, "{text} at {columns}");
        }
    }
}

#[test]
fn lines_break_at_blanks_and_long_words_are_cut() {
    assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
    assert_eq!(wrap("", 4), [""]);
    assert_eq!(wrap("日本画の展", 4), ["日本", "画の", "展"]);
    // No column at all still ends.
    assert_eq!(wrap("日本", 1).len(), 2);
}

#[test]
fn figures_are_short() {
    assert_eq!(bytes(999), "999 B");
    assert_eq!(bytes(1_234_567), "1.2 MB");
    assert_eq!(count(10_000), "10 000");
    assert_eq!(plural(1, "bid", "bids"), "1 bid");
    assert_eq!(round_trip(412), "0.4 ms");
    assert_eq!(round_trip(1_300_000), "1.3 s");
    assert_eq!(duration(65_000), "1 min 05 s");
    assert_eq!(duration(7_380_000), "2 h 03 min");
    assert_eq!(short_duration(65_000), "1:05");
    assert_eq!(clock(Timestamp::from_millis(1_000_000_000_123)), "01:46:40");
    assert_eq!(date_time(Timestamp::from_millis(1_000_000_000_123)), "2001-09-09 01:46:40 UTC");
}
