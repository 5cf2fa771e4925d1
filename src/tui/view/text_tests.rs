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
