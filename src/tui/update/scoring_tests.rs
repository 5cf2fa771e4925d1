//! The form of a scored auction: the model is chosen among those that are announced, and what is sent is a
//! session file.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Effect, News, Request};
use super::update;
use crate::rules::SessionFile;
use crate::rules::auction::scored::{Pays, Scored};
use crate::rules::question::Question;
use crate::tui::fixtures::{self, at};
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::state::new_session::{NewSession, NewSessionField};
use crate::tui::stock_fixtures::{model as offer, models, told};
use crate::tui::view::snapshot_tests::shown;
use crate::wire::dealer_api::{DealingLine, StockLine};

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Action::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn types(model: &mut Model, text: &str) {
    for character in text.chars() {
        key(model, KeyCode::Char(character));
    }
}

fn form(model: &mut Model) -> &mut NewSession {
    let Some(Popup::NewSession(form)) = model.ui.popups.last_mut() else { panic!("no form") };
    form
}

/// The form with a title, of a scored auction, before the coordinator has told its models.
fn opened() -> Model {
    let mut model = fixtures::empty();
    types(&mut model, "nRoad service");
    form(&mut model).focus = NewSessionField::Kind;
    let mut effects = Vec::new();
    for _ in 0..3 {
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Ask(Request::Models(_)))));
        effects = key(&mut model, KeyCode::Right);
    }
    assert!(form(&mut model).is_scored());
    assert!(matches!(effects[..], [Effect::Ask(Request::Models(None))]));
    model
}

/// The same once it has.
fn informed() -> Model {
    let mut model = opened();
    update(&mut model, told(models(), DealingLine::default()));
    model
}

/// Fill what the form asks for, but for the model.
fn fill(model: &mut Model) {
    form(model).reserve.set("98000");
    form(model).scoring.weight.set("20000");
}

/// Try to write it: the field that is named, and why.
fn refused(model: &mut Model) -> (NewSessionField, String) {
    let effects = key(model, KeyCode::Enter);
    assert!(effects.is_empty(), "it is written");
    let form = form(model);
    (form.focus, form.notice.clone().unwrap())
}

fn written(effects: &[Effect]) -> (String, Scored, Question) {
    let [Effect::Ask(Request::Write { file, open: true })] = effects else { panic!("not written") };
    let parsed = SessionFile::parse(file).unwrap();
    let question = parsed.terms(at(0)).unwrap().question;
    let scored = question.as_auction().unwrap().scored.clone().unwrap();
    (file.clone(), scored, question)
}

#[test]
fn a_scored_auction_is_written_with_a_model_that_is_announced() {
    let mut model = informed();
    fill(&mut model);
    form(&mut model).focus = NewSessionField::Pays;
    key(&mut model, KeyCode::Right);
    // Two of the three give several values, of which the client alone learns.
    key(&mut model, KeyCode::Tab);
    assert!(shown(&mut model, (80, 24)).contains("none of 1"));
    key(&mut model, KeyCode::Right);
    let chosen = &models()[0];
    let terms = &chosen.terms.body;
    let screen = shown(&mut model, (80, 24));
    for part in [&chosen.model.to_string(), &terms.owner.to_string(), &terms.roster.to_string()] {
        assert!(screen.contains(part), "{part} is not on\n{screen}");
    }
    let (file, scored, question) = written(&key(&mut model, KeyCode::Enter));
    assert_eq!(scored.pays, Pays::Threshold);
    assert_eq!((scored.scoring.model.0, scored.scoring.roster.0), (chosen.model.0, terms.roster.0));
    assert_eq!(scored.scoring.owner, *terms.owner.as_bytes());
    let worth = (scored.scoring.weight, scored.scoring.lowest, scored.scoring.highest);
    assert_eq!(worth, (2_000_000, 0, 1_000_000));
    assert_eq!(question.as_auction().unwrap().reserve, Some(9_800_000));
    // No field of the other kinds is in it.
    assert!(!file.contains("quantity") && !file.contains("maximum"), "{file}");
}

/// What is done to a form.
type Set = fn(&mut NewSession);

#[test]
fn what_is_wrong_names_its_field_and_where_no_model_is_told_what_to_do() {
    let mut model = opened();
    fill(&mut model);
    let (field, why) = refused(&mut model);
    assert_eq!(field, NewSessionField::Model);
    assert!(why.contains("has not told its models yet"), "{why}");
    // They are asked for again and again, so that one that is announced later shows.
    let again = update(&mut model, Action::Tick(at(2)));
    assert!(!again.iter().any(|effect| matches!(effect, Effect::Ask(Request::Models(_)))));
    update(&mut model, News::Models(Err("connection refused".to_owned())));
    assert!(refused(&mut model).1.contains("does not tell its models: connection refused"));
    let again = update(&mut model, Action::Tick(at(4)));
    assert!(again.iter().any(|effect| matches!(effect, Effect::Ask(Request::Models(None)))));
    update(&mut model, told(Vec::new(), DealingLine::default()));
    assert!(refused(&mut model).1.contains("its owner does that with `gavel model serve`"));
    let unfit = vec![offer("digits", 10, StockLine::default())];
    update(&mut model, told(unfit, DealingLine::default()));
    assert!(refused(&mut model).1.contains("one score that both parties sign"));
    update(&mut model, told(models(), DealingLine::default()));
    assert!(refused(&mut model).1.contains("choose the model"));
    key(&mut model, KeyCode::Right);
    assert_eq!(form(&mut model).notice, None);

    let cases: [(NewSessionField, &str, Set); 8] = [
        (NewSessionField::Reserve, "public reserve", |form| form.reserve.set("")),
        (NewSessionField::Reserve, "at least 1", |form| form.reserve.set("0")),
        (NewSessionField::Reserve, "reserve: ", |form| form.reserve.set("12,5")),
        (NewSessionField::Weight, "scores.weight", |form| form.scoring.weight.set("")),
        (NewSessionField::Weight, "scores.weight", |form| form.scoring.weight.set("0")),
        (NewSessionField::Lowest, "scores.lowest", |form| form.scoring.lowest.set("low")),
        (NewSessionField::Highest, "scores.highest", |form| form.scoring.highest.set("1.1.1")),
        (NewSessionField::Lowest, "is below", |form| form.scoring.lowest.set("1")),
    ];
    for (field, named, set) in cases {
        fill(&mut model);
        form(&mut model).scoring.lowest.set("0");
        form(&mut model).scoring.highest.set("1");
        form(&mut model).focus = NewSessionField::Title;
        set(form(&mut model));
        let (at, why) = refused(&mut model);
        assert_eq!(at, field, "{why}");
        assert!(why.contains(named), "{why}");
    }
    // Checked while typing as well, also before a model is chosen.
    let mut model = informed();
    form(&mut model).reserve.set("98000");
    form(&mut model).focus = NewSessionField::Weight;
    types(&mut model, "20x");
    assert!(form(&mut model).notice.as_ref().unwrap().contains("scores.weight"));
    key(&mut model, KeyCode::Backspace);
    assert_eq!(form(&mut model).notice, None);
}

#[test]
fn a_chosen_model_changes_only_where_somebody_changes_it() {
    let mut model = informed();
    fill(&mut model);
    form(&mut model).focus = NewSessionField::Model;
    key(&mut model, KeyCode::Right);
    let chosen = form(&mut model).scoring.chosen.clone();
    // Its owner takes it back, and another one is announced.
    let other = vec![offer("others", 1, StockLine::default())];
    update(&mut model, told(other, DealingLine::default()));
    assert_eq!(form(&mut model).scoring.chosen, chosen);
    assert!(shown(&mut model, (80, 24)).contains("not announced here"));
    key(&mut model, KeyCode::Right);
    assert_ne!(form(&mut model).scoring.chosen, chosen);
    assert!(shown(&mut model, (80, 24)).contains("others"));
}

#[test]
fn a_file_of_a_scored_auction_fills_the_form() {
    let mut model = fixtures::empty();
    key(&mut model, KeyCode::Char('n'));
    // A demo's file says neither model, owner nor roster.
    let text = include_str!("../../../sessions/scored.toml").to_owned();
    update(&mut model, News::FileRead(Ok(text)));
    assert!(form(&mut model).is_scored(), "{:?}", form(&mut model).notice);
    update(&mut model, told(models(), DealingLine::default()));
    assert_eq!(refused(&mut model).0, NewSessionField::Model);
    key(&mut model, KeyCode::Right);
    let (file, scored, _) = written(&key(&mut model, KeyCode::Enter));
    assert_eq!((scored.pays, scored.scoring.weight), (Pays::Threshold, 2_000_000));
    // Prices, sheets and the demo's model go nowhere.
    assert!(!file.contains("on_time") && !file.contains("score.onnx"), "{file}");
    // The file that was written fills it again, model and all.
    let mut model = fixtures::empty();
    key(&mut model, KeyCode::Char('n'));
    update(&mut model, News::FileRead(Ok(file.clone())));
    assert!(shown(&mut model, (80, 24)).contains(&models()[0].terms.body.owner.to_string()));
    assert_eq!(written(&key(&mut model, KeyCode::Enter)).0, file);
    // Another kind than before has none of it.
    form(&mut model).busy = false;
    form(&mut model).focus = NewSessionField::Kind;
    key(&mut model, KeyCode::Right);
    let effects = key(&mut model, KeyCode::Enter);
    let [Effect::Ask(Request::Write { file, .. })] = &effects[..] else { panic!("not written") };
    assert!(!file.contains("scores") && !file.contains("pays"), "{file}");
}
