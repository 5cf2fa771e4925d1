//! Digest and fingerprints, and the palette's way to a session.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Effect};
use super::update;
use crate::identity::Statement as _;
use crate::session::Phase;
use crate::tui::fixtures::{self, id, put, summary};
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;
use crate::tui::state::theme::Theme;
use crate::tui::view::snapshot_tests::shown;

fn keys(model: &mut Model, text: &str) -> Vec<Effect> {
    let press =
        |character| Action::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE));
    text.chars().flat_map(|character| update(model, press(character))).collect()
}

fn copied(effects: &[Effect]) -> &str {
    let [Effect::Copy(text)] = effects else { panic!("nothing is copied") };
    text.as_str()
}

#[test]
fn digest_and_fingerprints_are_copied_and_drawn() {
    let mut model = fixtures::normal();
    let roster = model.data().roster.clone().unwrap();
    keys(&mut model, "F");
    let screen = shown(&mut model, (80, 24));
    let first: String = roster.digest().grouped().chars().take(19).collect();
    assert!(screen.contains(&first) && screen.contains('▀') && screen.contains('█'), "{screen}");
    assert_eq!(copied(&keys(&mut model, "y")), roster.digest().to_string());
    assert_eq!(copied(&keys(&mut model, "jy")), roster.coordinator.certificate.to_string());
    assert_eq!(copied(&keys(&mut model, "jjky")), roster.nodes[0].certificate.to_string());
    // The last one stays the last.
    let last = roster.nodes.last().unwrap().certificate.to_string();
    assert_eq!(copied(&keys(&mut model, "jjjjjjjjjjjjjjy")), last);
    keys(&mut model, "q");
    assert!(model.ui.popups.is_empty() && !model.over);
    // On the screen of the nodes it begins with the selected one.
    keys(&mut model, "3jF");
    assert_eq!(copied(&keys(&mut model, "y")), roster.nodes[1].certificate.to_string());
}

#[test]
fn a_code_is_drawn_in_every_theme_but_not_in_ascii() {
    for theme in Theme::ALL {
        let mut model = fixtures::normal();
        model.theme = theme;
        keys(&mut model, "F");
        assert!(shown(&mut model, (80, 24)).contains('▄'), "{theme}");
    }
    let mut model = fixtures::normal();
    model.ascii = true;
    keys(&mut model, "F");
    let screen = shown(&mut model, (80, 24));
    assert!(screen.is_ascii() && screen.contains("draws ASCII only"), "{screen}");
}

#[test]
fn the_palette_goes_to_a_session_by_its_id_or_title() {
    let mut model = fixtures::empty();
    let sessions = vec![summary(1, "Sea piece", Phase::Open), summary(2, "Clock", Phase::Draft)];
    put(&mut model, sessions.clone(), sessions[0].clone());
    let short = id(2).short();
    keys(&mut model, &format!("3:{short}"));
    assert!(shown(&mut model, (80, 24)).contains(&format!("gavel session show {short}")));
    update(&mut model, Action::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    assert_eq!((model.ui.selected, model.ui.screen), (Some(id(2)), Screen::Auctions));
    keys(&mut model, ":sea pi");
    update(&mut model, Action::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)));
    assert_eq!(model.ui.selected, Some(id(1)));
}
