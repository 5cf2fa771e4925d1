//! Changing a draft: the form filled in with its file, and what is sent back.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Effect, News, Request};
use super::update;
use crate::rules::SessionFile;
use crate::rules::terms::Admission;
use crate::session::Phase;
use crate::tui::fixtures::{self, detail, id, put, summary};
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::view::snapshot_tests::shown;

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Action::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn selected(phase: Phase) -> Model {
    let mut model = fixtures::empty();
    let one = summary(1, "Sea piece", phase);
    put(&mut model, vec![one.clone()], one);
    model
}

#[test]
fn a_draft_comes_back_with_everything_in_it() {
    let mut model = selected(Phase::Draft);
    assert!(shown(&mut model, (80, 24)).contains("e changes it"));
    key(&mut model, KeyCode::Char('e'));
    let screen = shown(&mut model, (80, 24));
    assert!(screen.contains("Draft ") && screen.contains("enter changes the draft"), "{screen}");
    for character in " by night".chars() {
        key(&mut model, KeyCode::Char(character));
    }
    key(&mut model, KeyCode::Tab);
    let long = "Signed on the back. ".repeat(5);
    for character in long.trim().chars() {
        key(&mut model, KeyCode::Char(character));
    }
    // The end of what is typed is in sight.
    assert!(
        shown(&mut model, (80, 24))
            .lines()
            .any(|line| { line.contains("description") && line.contains("on the back.") })
    );
    let effects = key(&mut model, KeyCode::Enter);
    let [Effect::Ask(Request::Edit { session, file, open: false })] = &effects[..] else {
        panic!("nothing is sent")
    };
    assert_eq!(*session, id(1));
    let shared = SessionFile::parse(file).unwrap().shared;
    assert_eq!(shared.title, "Sea piece by night");
    assert_eq!(shared.description.as_deref(), Some(long.trim()));
    // What the form has no field for stays as it was.
    assert_eq!((shared.admission, shared.max_bids), (Admission::Accounts, Some(50)));
    // An answer that refuses stays in the form; one that does not closes it.
    update(&mut model, News::Written(Err("the session is open".to_owned())));
    assert!(matches!(model.ui.popups.last(), Some(Popup::NewSession(form)) if !form.busy));
    let written = Box::new(detail(summary(1, "Sea piece by night", Phase::Draft)));
    update(&mut model, News::Written(Ok(written)));
    assert!(model.ui.popups.is_empty());
}

#[test]
fn only_an_operator_changes_a_draft_and_only_a_draft() {
    let mut model = selected(Phase::Draft);
    model.person.operator = false;
    key(&mut model, KeyCode::Char('e'));
    assert!(model.ui.popups.is_empty());
    let mut model = selected(Phase::Open);
    key(&mut model, KeyCode::Char('e'));
    assert!(model.ui.popups.is_empty());
    assert!(shown(&mut model, (140, 45)).contains("only a draft can be changed"));
}

#[test]
fn a_long_description_leaves_room_for_the_rest() {
    let mut model = selected(Phase::Open);
    let mut one = summary(2, "Sea piece", Phase::Open);
    one.terms.description = Some("Oil on canvas, painted in winter. ".repeat(17).trim().to_owned());
    put(&mut model, vec![one.clone()], one);
    for size in [(80, 24), (140, 45)] {
        let screen = shown(&mut model, size);
        assert!(screen.contains("Oil on canvas") && screen.contains("kind"), "{screen}");
        assert!(screen.contains('…') && screen.contains("open to"), "{screen}");
    }
}
