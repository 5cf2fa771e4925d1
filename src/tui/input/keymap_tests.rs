//! The walk through the keymap.

use std::collections::{BTreeMap, HashSet};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::input::commands::{GlobalCommand, Step};
use crate::tui::input::keymap::*;

fn changes(layer: &str, command: &str, keys: &[&str]) -> Rebinding {
    let keys = keys.iter().map(|&key| key.to_owned()).collect();
    BTreeMap::from([(layer.to_owned(), BTreeMap::from([(command.to_owned(), keys)]))])
}

#[test]
fn no_key_means_two_things() {
    Keymap::new(&Rebinding::new()).unwrap();
}

#[test]
fn names_are_unique_and_rows_are_found_by_command() {
    let names: HashSet<_> = ROWS.iter().map(|row| row.name()).collect();
    assert_eq!(names.len(), ROWS.len());
    for row in ROWS {
        assert_eq!(row.command.row().name(), row.name());
        assert!(!row.about.is_empty() && !row.layers.is_empty() && !row.keys.is_empty());
        assert!(row.cli.command().starts_with("gavel "), "{}", row.name());
    }
}

#[test]
fn every_layer_has_hints_or_a_way_to_help() {
    for layer in Layer::ALL {
        // The nodes' screen is looked at only; its hints are those of everywhere.
        let hinted = rows_of(layer).any(|row| !row.hint.is_empty());
        assert!(hinted || layer == Layer::Nodes, "{layer:?}");
        if layer.is_popup() || layer.takes_text() {
            // Nobody is caught in it.
            assert!(rows_of(layer).any(|row| row.needed && row.keys.contains(&"esc")), "{layer:?}");
            assert!(
                rows_of(layer).any(|row| row.command == GlobalCommand::Leave.into()),
                "{layer:?}"
            );
        }
        if layer.takes_text() {
            // Characters are for the field.
            for row in rows_of(layer) {
                for key in row.keys {
                    assert!(!key.parse::<Key>().unwrap().is_text(), "{layer:?} {key}");
                }
            }
        }
    }
}

#[test]
fn keys_are_written_as_they_are_read() {
    for text in ["c", "G", "ctrl-r", "shift-tab", "f5", "space", "pgdn", "-", "?", "alt-x", "/"] {
        assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
    }
    for bad in ["", "ctrl-", "f13", "hyper-x", "cc"] {
        assert!(bad.parse::<Key>().is_err(), "{bad}");
    }
    let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
    assert_eq!(Key::of(back).to_string(), "shift-tab");
    let capital = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
    assert_eq!(Key::of(capital).to_string(), "G");
}

#[test]
fn a_file_changes_keys() {
    let keymap = Keymap::new(&changes("auctions", "close", &["ctrl-k"])).unwrap();
    let found = |key: &str| keymap.command(Layer::Auctions, key.parse().unwrap());
    assert_eq!(found("ctrl-k").map(|row| row.command), Some(Step::Close.into()));
    assert!(found("c").is_none());
    assert_eq!(keymap.first(Layer::Auctions, Step::Close), "ctrl-k");
}

#[test]
fn a_wrong_file_is_refused_with_a_reason() {
    let error = |layer, command, keys: &[&str]| {
        Keymap::new(&changes(layer, command, keys)).unwrap_err().to_string()
    };
    assert!(error("auction", "close", &["k"]).contains("there are global, auctions"));
    assert!(error("auctions", "shut", &["k"]).contains("close"));
    assert!(error("auctions", "close", &["ctrl"]).contains("is no key"));
    let twice = error("auctions", "close", &["o"]);
    assert!(twice.contains("open") && twice.contains("close"), "{twice}");
    // Also against the keys of everywhere.
    assert!(error("auctions", "close", &["q"]).contains("quit"));
    assert!(error("global", "quit", &[]).contains("needs a key"));
}
