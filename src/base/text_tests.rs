//! The sanitiser.

use crate::base::text::*;

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
