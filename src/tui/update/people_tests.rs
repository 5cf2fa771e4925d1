//! Looking after accounts: what is asked of the coordinator, and what is done with its answers.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Changed, Effect, News, Request};
use super::update;
use crate::identity::{AccountId, AccountRole, Digest};
use crate::tui::fixtures::{self, at};
use crate::tui::state::forms::Popup;
use crate::tui::state::invite::InviteField;
use crate::tui::state::model::Model;
use crate::tui::state::people::Who;
use crate::tui::state::screen::Screen;
use crate::tui::view::people_tests::{CODE, account, listed, people};
use crate::tui::view::snapshot_tests::shown;
use crate::wire::account_api::{NewInvitation, Secret};

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Action::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn types(model: &mut Model, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|character| key(model, KeyCode::Char(character))).collect()
}

fn asks_for_people(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Ask(Request::People)))
}

fn said(model: &Model) -> &str {
    model.ui.toast.as_ref().map_or("", |toast| &toast.text)
}

#[test]
fn the_lists_are_asked_for_while_they_show() {
    let mut model = fixtures::empty();
    assert!(!asks_for_people(&update(&mut model, Action::Tick(at(1)))));
    types(&mut model, "6");
    assert_eq!(model.ui.screen, Screen::People);
    assert!(asks_for_people(&update(&mut model, Action::Tick(at(2)))));
    // Not twice at a time, and not without a pause.
    assert!(!asks_for_people(&update(&mut model, Action::Tick(at(30)))));
    update(&mut model, News::People(Ok(listed())));
    assert!(asks_for_people(&update(&mut model, Action::Tick(at(31)))));
    update(&mut model, News::People(Ok(listed())));
    assert!(!asks_for_people(&update(&mut model, Action::Tick(at(32)))));
    // Not with a login that is over.
    update(&mut model, News::LoginOver("the account is disabled".to_owned()));
    assert!(!asks_for_people(&update(&mut model, Action::Tick(at(90)))));
}

#[test]
fn an_invitation_is_made_and_its_code_shown_once() {
    let mut model = people();
    types(&mut model, "i");
    key(&mut model, KeyCode::Enter);
    let form = |model: &Model| match model.ui.popups.last() {
        Some(Popup::Invite(form)) => (form.focus, form.notice.clone(), form.sending),
        _ => panic!("no form"),
    };
    assert_eq!(form(&model).1.unwrap(), "say for whom it is");
    types(&mut model, "Hal");
    key(&mut model, KeyCode::Tab);
    types(&mut model, &"x".repeat(201));
    key(&mut model, KeyCode::Enter);
    let (focus, notice, _) = form(&model);
    assert_eq!(focus, InviteField::Cohort);
    assert!(notice.unwrap().contains("the cohort"));
    for _ in 0..201 {
        key(&mut model, KeyCode::Backspace);
    }
    types(&mut model, "sales");
    key(&mut model, KeyCode::Tab);
    types(&mut model, "x");
    key(&mut model, KeyCode::Enter);
    let (focus, notice, _) = form(&model);
    assert_eq!(focus, InviteField::Hours);
    assert!(notice.unwrap().contains("from 1 to 8784"));
    key(&mut model, KeyCode::Backspace);
    let effects = key(&mut model, KeyCode::Enter);
    let [Effect::Ask(Request::Invite { label, cohort, hours })] = &effects[..] else {
        panic!("not asked")
    };
    assert_eq!((label.as_str(), cohort.as_deref(), *hours), ("Hal", Some("sales"), 168));
    // Asked once, and nobody leaves before the code has come.
    assert!(key(&mut model, KeyCode::Enter).is_empty());
    key(&mut model, KeyCode::Esc);
    assert!(form(&model).2);
    // A refusal is told in the form.
    update(&mut model, News::Invited(Err("a label is too long".to_owned())));
    assert_eq!(form(&model), (InviteField::Hours, Some("a label is too long".to_owned()), false));
    key(&mut model, KeyCode::Enter);
    let made = || NewInvitation {
        label: "Hal".to_owned(),
        code: Some(Secret::new(CODE)),
        expires: at(3_600),
    };
    update(&mut model, News::Invited(Ok(Box::new(made()))));
    let text = shown(&mut model, (80, 24));
    assert!(text.contains(CODE) && text.contains("shown this once"), "{text}");
    let effects = types(&mut model, "y");
    assert!(matches!(&effects[..], [Effect::CopySecret(code)] if code.expose() == CODE));
    // It is in no notice and no line of the log, and gone once it is left.
    assert_eq!(said(&model), "copied the code");
    key(&mut model, KeyCode::Esc);
    assert!(model.ui.popups.is_empty());
    assert!(!shown(&mut model, (140, 45)).contains(CODE));
    assert!(!format!("{:?}", model.live()).contains(CODE));
    // A code that comes while something else has the keys waits beneath it.
    types(&mut model, "?");
    update(&mut model, News::Invited(Ok(Box::new(made()))));
    assert!(matches!(&model.ui.popups[..], [Popup::Code(_), Popup::Help(_)]));
}

#[test]
fn an_open_invitation_is_taken_back_and_no_other() {
    let mut model = people();
    types(&mut model, "x");
    assert!(said(&model).contains("select an invitation first"));
    for (number, why) in
        [(33, "it was used already"), (34, "it was taken back already"), (35, "it has expired")]
    {
        model.ui.people.selected = Some(Who::Invitation(Digest([number; 32])));
        types(&mut model, "x");
        assert!(said(&model).contains(why) && model.ui.popups.is_empty(), "{}", said(&model));
    }
    model.ui.people.selected = Some(Who::Invitation(Digest([31; 32])));
    types(&mut model, "x");
    assert!(types(&mut model, "n").is_empty());
    types(&mut model, "x");
    let effects = types(&mut model, "y");
    assert!(matches!(&effects[..], [Effect::Ask(Request::Revoke(code))] if code.0 == [31; 32]));
    let mut line = listed().1.remove(0);
    line.revoked = Some(at(0));
    update(&mut model, News::PersonChanged(Ok(Changed::Invitation(line))));
    assert!(said(&model).contains("is taken back"));
    types(&mut model, "x");
    assert!(said(&model).contains("it was taken back already"));
    // Used while the question was there: nothing is asked.
    let mut model = people();
    model.ui.people.selected = Some(Who::Invitation(Digest([31; 32])));
    types(&mut model, "x");
    let (accounts, mut invitations) = listed();
    invitations[0].account = Some("emeka".to_owned());
    update(&mut model, News::People(Ok((accounts, invitations))));
    assert!(types(&mut model, "y").is_empty());
    assert!(said(&model).contains("it was used already"));
}

#[test]
fn an_account_is_disabled_and_enabled_again() {
    let mut model = people();
    model.ui.people.selected = Some(Who::Account(AccountId([2; 16])));
    types(&mut model, "e");
    assert!(said(&model).contains("it is not disabled"));
    types(&mut model, "d");
    let effects = types(&mut model, "y");
    assert!(
        matches!(effects[..], [Effect::Ask(Request::SetAccount(AccountId(id), false))] if id == [2; 16])
    );
    let line = account(2, "ada", AccountRole::Bidder, true);
    update(&mut model, News::PersonChanged(Ok(Changed::Account(line))));
    assert_eq!(said(&model), "ada is disabled");
    types(&mut model, "e");
    let effects = types(&mut model, "y");
    assert!(matches!(effects[..], [Effect::Ask(Request::SetAccount(_, true))]));
    // What the coordinator refuses is said, and asked for anew.
    update(&mut model, News::PersonChanged(Err("the last operator".to_owned())));
    assert_eq!(said(&model), "the last operator");
    assert!(model.asking.people_at.is_none());
    // Not where nothing may be changed.
    model.person.read_only = true;
    types(&mut model, "d");
    assert!(said(&model).contains("--read-only") && model.ui.popups.is_empty());
}

#[test]
fn the_selected_one_stays_whoever_comes() {
    let mut model = people();
    for _ in 0..2 {
        key(&mut model, KeyCode::Down);
    }
    let chosen = Some(Who::Account(AccountId([4; 16])));
    assert_eq!(model.ui.people.selected, chosen);
    let (mut accounts, invitations) = listed();
    accounts.push(account(9, "aaron", AccountRole::Bidder, false));
    update(&mut model, News::People(Ok((accounts, invitations))));
    assert_eq!(model.ui.people.selected, chosen);
    assert!(shown(&mut model, (80, 24)).contains("aaron"));
    types(&mut model, "G");
    assert_eq!(model.ui.people.selected, Some(Who::Invitation(Digest([35; 32]))));
    // A filter is typed, kept and left.
    types(&mut model, "/bas");
    key(&mut model, KeyCode::Enter);
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("basil") && !text.contains("│ chiara"), "{text}");
    key(&mut model, KeyCode::Esc);
    assert!(shown(&mut model, (80, 24)).contains("│ chiara"));
}
