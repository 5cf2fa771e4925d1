//! The sanitiser and the widths.

use crate::tui::text::*;

#[test]
fn nothing_that_a_terminal_obeys_gets_through() {
    let nasty = "\u{1b}[2J\u{1b}]0;pwned\u{7}a\tb\r\nc\u{9b}31m\u{0}";
    let text = clean(nasty);
    assert!(!text.as_str().chars().any(char::is_control), "{text:?}");
    assert_eq!(text.as_str(), "\u{fffd}[2J\u{fffd}]0;pwned\u{fffd}a b c\u{fffd}31m\u{fffd}");
    for control in (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32) {
        let cleaned = clean(&format!("a{control}b"));
        assert!(!cleaned.as_str().chars().any(char::is_control), "{control:?}");
    }
}

#[test]
fn text_cannot_turn_its_direction_or_hide_characters() {
    assert_eq!(clean("ada\u{202e}100\u{202c}").as_str(), "ada100");
    assert_eq!(clean("a\u{200b}\u{2066}d\u{feff}a\u{2069}\u{e0041}").as_str(), "ada");
    // Right-to-left letters themselves stay.
    assert_eq!(clean("שלום").as_str(), "שלום");
}

#[test]
fn marks_do_not_pile_up_and_do_not_stand_alone() {
    let zalgo = format!("a{}", "\u{301}".repeat(50));
    assert_eq!(clean(&zalgo).as_str(), "a\u{301}\u{301}");
    assert_eq!(clean("\u{301}a").as_str(), "a");
    assert_eq!(clean("a \u{301}b").as_str(), "a b");
}

#[test]
fn blanks_shrink_and_length_is_bounded() {
    assert_eq!(clean("  two \u{3000}\n words  ").as_str(), "two words");
    assert_eq!(clean(&"x".repeat(5000)).as_str().len(), LONGEST);
    assert!(clean("\u{200b}\u{200b}").is_empty());
}

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
