//! The screens of a survey, at two sizes: answers as they are typed, the run, what came of it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::people_tests;
use super::snapshot_tests::{SIZES, press, shown, snap};
use crate::rules::survey::{Item, Membership};
use crate::rules::terms::Admission;
use crate::session::Phase;
use crate::tui::fixtures::{self, id};
use crate::tui::state::field::Field;
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;
use crate::tui::survey_fixtures as surveys;
use crate::tui::update::action::{Action, Effect, News, Request};
use crate::tui::update::update;

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Action::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

/// Type a text into the row that has the keys.
fn type_in(model: &mut Model, text: &str) {
    for character in text.chars() {
        key(model, KeyCode::Char(character));
    }
}

/// The form of the open survey.
fn form() -> Model {
    let mut model = surveys::open_survey();
    press(&mut model, "b");
    model
}

#[test]
fn answers_are_checked_as_they_are_typed_and_seen_before_they_are_signed() {
    let mut model = form();
    snap("answer-empty", &mut model);
    key(&mut model, KeyCode::Right);
    press(&mut model, "tab");
    type_in(&mut model, "a lot");
    for size in SIZES {
        assert!(shown(&mut model, size).contains("an amount is written"), "{size:?}");
    }
    snap("answer-wrong", &mut model);
    update(&mut model, Action::Paste("52000".to_owned()));
    assert!(shown(&mut model, (80, 24)).contains("an amount is written"), "added to what is there");
    for _ in 0..10 {
        key(&mut model, KeyCode::Backspace);
    }
    type_in(&mut model, "1000001");
    for size in SIZES {
        assert!(shown(&mut model, size).contains("0 EUR to 1 000 000 EUR"), "{size:?}");
    }
    // What is wrong keeps the keys, and nothing is asked.
    press(&mut model, "enter");
    assert!(model.ui.popups.is_empty());
    key(&mut model, KeyCode::Backspace);
    press(&mut model, "enter");
    type_in(&mut model, "38.5");
    press(&mut model, "enter");
    type_in(&mut model, "-1200");
    snap("answer-typed", &mut model);
    press(&mut model, "enter");
    snap("answer-question", &mut model);
    press(&mut model, "n f2");
    for size in SIZES {
        let hidden = shown(&mut model, size);
        for told in ["100000", "38.5", "1200", "women"] {
            assert!(!hidden.contains(told), "{told}: {hidden}");
        }
    }
    press(&mut model, "f2 enter");
    let effects = key(&mut model, KeyCode::Char('y'));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Ask(Request::Place(..)))));
    snap("answer-sending", &mut model);
    let answers = model.ui.form.as_ref().unwrap().answers.as_ref().unwrap();
    assert!(answers.fields.iter().all(Field::is_empty) && answers.cohort.is_none());
}

#[test]
fn the_cohort_is_chosen_by_arrows_number_or_letter() {
    let mut model = form();
    let chosen = |model: &Model| model.ui.form.as_ref().unwrap().answers.as_ref().unwrap().cohort;
    press(&mut model, "enter");
    assert!(model.ui.toast.as_ref().unwrap().text.contains("choose the cohort"));
    type_in(&mut model, "2");
    assert_eq!(chosen(&model), Some(1));
    type_in(&mut model, "7x");
    assert_eq!(chosen(&model), Some(1));
    type_in(&mut model, "w");
    assert_eq!(chosen(&model), Some(0));
    key(&mut model, KeyCode::Left);
    assert_eq!(chosen(&model), Some(1));
    type_in(&mut model, " ");
    assert_eq!(chosen(&model), Some(0));
    update(&mut model, Action::Paste("men".to_owned()));
    assert_eq!(chosen(&model), Some(0));
}

#[test]
fn where_the_operator_assigns_the_cohort_it_is_shown_and_not_asked_for() {
    let mut model = surveys::survey_like(surveys::survey(Membership::Assigned));
    press(&mut model, "b");
    let session = model.ui.form.as_ref().unwrap().session;
    let asks = |effects: &[Effect]| {
        let cohort = |effect: &&Effect| matches!(effect, Effect::Ask(Request::Cohort(own)) if *own == session);
        effects.iter().filter(cohort).count()
    };
    let tick = |model: &mut Model| {
        let now = model.live().now;
        asks(&update(model, Action::Tick(now)))
    };
    // The coordinator is asked once.
    assert_eq!((tick(&mut model), tick(&mut model)), (1, 0));
    for answer in ["52000", "38.5", "-1200"] {
        type_in(&mut model, answer);
        press(&mut model, "enter");
    }
    // Nothing is handed in before the answer came, nor where the coordinator refuses.
    assert!(model.ui.popups.is_empty());
    for size in SIZES {
        assert!(shown(&mut model, size).contains("the coordinator is asked for your cohort"));
    }
    let refused = "the operator has said none for you; ask for an invitation with a cohort";
    update(&mut model, News::Cohort(session, Err(refused.to_owned())));
    press(&mut model, "enter");
    assert!(model.ui.popups.is_empty());
    assert!(shown(&mut model, (140, 45)).contains(refused));
    // News of another session are none of this form.
    update(&mut model, News::Cohort(id(99), Ok(Some(1))));
    assert!(shown(&mut model, (140, 45)).contains(refused));
    update(&mut model, News::Cohort(session, Ok(Some(0))));
    for size in SIZES {
        let form = shown(&mut model, size);
        assert!(form.contains("counts in cohort women"), "{form}");
        assert!(!form.contains("Which are you in"), "{form}");
    }
    press(&mut model, "enter");
    let Some(Popup::Confirm(question)) = model.ui.popups.last() else { panic!("not asked") };
    let own = question.lines.iter().find(|line| line.contains("your cohort, women"));
    assert!(own.is_some(), "{:?}", question.lines);
    let effects = key(&mut model, KeyCode::Char('y'));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Ask(Request::Place(..)))));
}

#[test]
fn many_questions_scroll_and_names_of_any_sort_fit() {
    let mut question = surveys::survey(Membership::Public);
    let item = |number: usize| Item {
        name: format!("\u{1b}[31m日本 question {number} of the very many"),
        text: Some("A question in very many words, ".repeat(12)),
        ..question.items[0].clone()
    };
    question.items = (0..256).map(item).collect();
    question.cohorts = (0..16).map(|number| format!("{number} {}", "long ".repeat(7))).collect();
    let mut model = surveys::survey_like(question);
    press(&mut model, "b");
    for _ in 0..200 {
        press(&mut model, "tab");
    }
    snap("answer-many", &mut model);
    for size in SIZES {
        assert!(shown(&mut model, size).contains("question 199"), "{size:?}");
    }
    key(&mut model, KeyCode::Up);
    assert!(shown(&mut model, (80, 24)).contains("question 198"));
    model.ascii = true;
    for size in SIZES {
        assert!(shown(&mut model, size).is_ascii());
    }
}

#[test]
fn answers_that_are_in_may_be_given_again_where_the_terms_say_so() {
    let settled = surveys::settled_survey(surveys::survey(Membership::Secret), 4, 4);
    let own = settled.data().own.latest(id(1)).unwrap().clone();
    for replace in [true, false] {
        let mut model = surveys::open_survey();
        let mut open = surveys::of_survey(surveys::survey(Membership::Secret), Phase::Open);
        open.terms.replace_bids = replace;
        fixtures::put(&mut model, vec![open.clone()], open);
        update(&mut model, News::Own(vec![(id(1), own.clone())]));
        model.ui.screen = Screen::Bid;
        if replace {
            snap("answer-in", &mut model);
        }
        press(&mut model, "enter");
        assert_eq!(model.ui.form.is_some(), replace);
        let text = shown(&mut model, (80, 24));
        let said = if replace { "replace your answer of revision 2" } else { "one answer each" };
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn a_survey_is_watched_stage_by_stage() {
    let mut model = surveys::computing_survey();
    model.ui.screen = Screen::Bracket;
    snap("survey-run", &mut model);
    let mut model = surveys::open_survey();
    snap("survey-open", &mut model);
    model.ui.screen = Screen::Bracket;
    snap("survey-before", &mut model);
    model.ui.screen = Screen::Bid;
    snap("survey-terms", &mut model);
}

#[test]
fn results_are_bars_with_their_numbers() {
    let secret = || surveys::survey(Membership::Secret);
    let mut model = surveys::settled_survey(secret(), 9, 6);
    model.ui.screen = Screen::Bracket;
    snap("survey-results", &mut model);
    for _ in 0..40 {
        key(&mut model, KeyCode::Down);
    }
    assert!(shown(&mut model, (80, 24)).contains("60 000 EUR and more"), "the last one shows");
    model.ui.screen = Screen::Bid;
    snap("survey-own", &mut model);
    model.ui.screen = Screen::Auctions;
    snap("survey-settled", &mut model);
    // Of two men nothing is told, nor of the women whom the whole would give away.
    let mut model = surveys::settled_survey(surveys::survey(Membership::Public), 9, 2);
    model.ui.screen = Screen::Bracket;
    snap("survey-withheld", &mut model);
    for size in SIZES {
        let text = shown(&mut model, size);
        assert!(text.contains("withheld") && text.contains("women 9, men 2"), "{text}");
    }
    let mut model = surveys::settled_survey(secret(), 1, 1);
    model.ui.screen = Screen::Bracket;
    snap("survey-nothing", &mut model);
    model.ascii = true;
    assert!(shown(&mut model, (80, 24)).is_ascii());
}

#[test]
fn a_key_asks_where_to_write_the_table() {
    let mut model = surveys::settled_survey(surveys::survey(Membership::Secret), 9, 6);
    model.ui.screen = Screen::Bracket;
    press(&mut model, "e");
    let Some(Popup::Path(form)) = model.ui.popups.last() else { panic!("no form") };
    assert!(form.path.text().ends_with(&format!("results-{}.csv", id(1).short())));
    let effects = key(&mut model, KeyCode::Enter);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Ask(Request::Record(..)))));
    let taken = "results.csv is there already; choose another name".to_owned();
    update(&mut model, News::Saved(Err(taken)));
    assert!(shown(&mut model, (80, 24)).contains("is there already"));
    let mut model = surveys::open_survey();
    model.ui.screen = Screen::Bracket;
    press(&mut model, "e");
    assert!(model.ui.popups.is_empty(), "there is no result yet");
}

#[test]
fn an_operator_sees_how_many_of_the_invited_have_answered() {
    for membership in [Membership::Public, Membership::Secret] {
        let mut model = people_tests::people();
        let (accounts, mut invitations) = people_tests::listed();
        invitations[2].cohort = Some("sales".to_owned());
        update(&mut model, News::People(Ok((accounts, invitations))));
        let mut question = surveys::survey(membership);
        question.cohorts = vec!["sales".into(), "legal".into()];
        let mut open = surveys::of_survey(question, Phase::Open);
        open.terms.admission = Admission::Accounts;
        fixtures::put(&mut model, vec![open.clone()], open);
        model.ui.screen = Screen::Auctions;
        let name = if membership == Membership::Public { "survey-invited" } else { "survey-asked" };
        snap(name, &mut model);
        let by_cohort = shown(&mut model, (140, 45)).contains("as invited:");
        assert_eq!(by_cohort, membership == Membership::Public);
    }
}
