//! The screens of a job, at two sizes: its graph before, while and after it is computed; the variables
//! that stay; and a job that waits for the word of a node's operator.

use super::snapshot_tests::{press, shown};
use crate::session::Phase;
use crate::tui::fixtures::{at, id, node};
use crate::tui::job_fixtures::{self, job_at_level, job_in, settled_job, stock};
use crate::tui::state::approval::SignedJob;
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;
use crate::tui::update::action::{Action, Effect, News, Request};
use crate::tui::update::update;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn snap(name: &str, model: &mut Model) {
    for size in SIZES {
        let text = shown(model, size);
        insta::assert_snapshot!(format!("job-{name}-{}x{}", size.0, size.1), text);
    }
}

/// What keys and ticks ask of the servers.
fn asks(model: &mut Model, key: char) -> Vec<Request> {
    let event = crossterm::event::KeyEvent::new(
        crossterm::event::KeyCode::Char(key),
        crossterm::event::KeyModifiers::NONE,
    );
    requests(update(model, Action::Key(event)))
}

fn requests(effects: Vec<Effect>) -> Vec<Request> {
    let ask = |effect| if let Effect::Ask(request) = effect { Some(request) } else { None };
    effects.into_iter().filter_map(ask).collect()
}

fn on_bracket(mut model: Model) -> Model {
    model.ui.screen = Screen::Bracket;
    model
}

/// The line of a step.
fn line(text: &str, step: &str) -> String {
    let found = text.lines().find(|line| line.contains(&format!(" {step} ")));
    found.unwrap_or_else(|| panic!("{step} in {text}")).to_owned()
}

#[test]
fn the_graph_shows_from_the_draft_to_the_end() {
    snap("detail", &mut job_in(Phase::Open));
    for (name, phase) in [
        ("draft", Phase::Draft),
        ("open", Phase::Open),
        ("closing", Phase::Closing),
        ("failed", Phase::Failed),
    ] {
        snap(name, &mut on_bracket(job_in(phase)));
    }
    snap("settled", &mut on_bracket(settled_job(3)));
    snap("lacking", &mut on_bracket(settled_job(2)));
    let mut ascii = on_bracket(settled_job(3));
    ascii.ascii = true;
    for size in SIZES {
        assert!(shown(&mut ascii, size).is_ascii());
    }
}

#[test]
fn a_step_is_where_the_run_is() {
    for size in SIZES {
        let mut model = on_bracket(job_at_level(1));
        let text = shown(&mut model, size);
        let graph = model.selected().unwrap().terms.question.as_job().unwrap().graph().unwrap();
        for level in 0..2 {
            // Of what is done the last ones are in sight.
            let step = graph.level(level).last().unwrap();
            let word = if level < 1 { "✓" } else { "▸" };
            let found = text.lines().any(|line| line.contains(&step.id) && line.contains(word));
            assert!(found, "{} at {size:?}: {text}", step.id);
        }
    }
    snap("run", &mut on_bracket(job_at_level(1)));
    // The level at work stays in sight, however many rows come before it.
    let mut model = on_bracket(job_at_level(3));
    let text = shown(&mut model, (80, 24));
    assert!(text.contains('▸'), "{text}");
}

#[test]
fn steps_scroll_before_and_after_the_run() {
    let mut model = on_bracket(job_in(Phase::Open));
    let before = shown(&mut model, (80, 24));
    let first = &model.selected().unwrap().worked.as_ref().unwrap().steps[0];
    assert!(before.contains(first.id.as_str()), "{before}");
    press(&mut model, "j j j j j j j j j j j j j j j");
    let after = shown(&mut model, (80, 24));
    let last = model.selected().unwrap().worked.as_ref().unwrap().steps.last().unwrap();
    assert!(after.contains(last.id.as_str()), "{after}");
}

#[test]
fn who_has_not_handed_in_shows_at_the_steps_that_wait() {
    let mut model = on_bracket(job_in(Phase::Open));
    let text = shown(&mut model, (120, 40));
    assert!(line(&text, "north's income").contains("handed in"), "{text}");
    assert!(!line(&text, "north's income").contains("not handed in"), "{text}");
    assert!(line(&text, "east's years").contains("not handed in yet"), "{text}");
}

#[test]
fn variables_are_looked_at_and_forgotten() {
    let mut model = job_in(Phase::Open);
    let asked = asks(&mut model, 'V');
    assert!(matches!(asked[..], [Request::Variables]));
    assert!(shown(&mut model, (80, 24)).contains("asking coordinator and nodes"));
    update(&mut model, stock(&[5]));
    snap("variables", &mut model);
    press(&mut model, "j");
    snap("variables-second", &mut model);
    update(&mut model, stock(&[]));
    let text = shown(&mut model, (80, 24));
    assert!(!text.contains("did not tell") && text.contains("private to Bank North"), "{text}");
    // They are asked for again while they show, and no more after.
    let again = requests(update(&mut model, Action::Tick(at(4))));
    assert!(again.iter().any(|ask| matches!(ask, Request::Variables)));
    press(&mut model, "x");
    snap("variables-forget", &mut model);
    let asked = asks(&mut model, 'y');
    let name = asked.iter().find_map(|ask| match ask {
        Request::Forget(name, _) => Some(name.as_str()),
        _ => None,
    });
    assert_eq!(name, Some("income"));
    update(&mut model, News::Forgotten("income".to_owned(), Ok(id(9))));
    assert!(shown(&mut model, (80, 24)).contains("forgets income"));
    press(&mut model, "esc");
    let asked = requests(update(&mut model, Action::Tick(at(30))));
    assert!(!asked.iter().any(|ask| matches!(ask, Request::Variables)));
}

#[test]
fn variables_are_for_operators_and_only_the_coordinators_forget() {
    let mut model = job_in(Phase::Open);
    model.person.operator = false;
    assert!(asks(&mut model, 'V').is_empty());
    model.person.node = Some(node(3));
    assert_eq!(asks(&mut model, 'V').len(), 1);
    update(&mut model, stock(&[]));
    press(&mut model, "x");
    let text = shown(&mut model, (120, 40));
    assert!(text.contains("whose key is not here") && !text.contains("Forget it"), "{text}");
    // Nothing is stored, or nobody tells.
    update(&mut model, News::Variables(Err("connection refused".to_owned())));
    assert!(shown(&mut model, (80, 24)).contains("not up to date"));
    let mut model = job_in(Phase::Open);
    press(&mut model, "V");
    update(&mut model, News::Variables(Err("connection refused".to_owned())));
    assert!(shown(&mut model, (80, 24)).contains("connection refused"));
}

/// A node's operator whose node waits for his word.
fn waiting() -> Model {
    let mut model = job_in(Phase::Open);
    model.person.operator = false;
    model.person.bidder = None;
    model.person.node = Some(node(3));
    let asked = requests(update(&mut model, Action::Tick(at(5))));
    assert!(asked.iter().any(|ask| matches!(ask, Request::Awaiting(jobs) if *jobs == [id(1)])));
    update(&mut model, News::Awaiting(Some(vec![(id(1), true)])));
    model
}

#[test]
fn a_job_that_waits_for_a_word_says_so_and_is_let_run() {
    let mut model = waiting();
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("waits for your word") && text.contains("A let it run"), "{text}");
    snap("awaiting", &mut model);
    let asked = asks(&mut model, 'A');
    assert!(matches!(asked[..], [Request::Announced(session)] if session == id(1)));
    // Nothing can be let run that has not been shown.
    assert!(asks(&mut model, 'y').is_empty());
    let terms = model.selected().unwrap().terms.clone();
    let signed = SignedJob::of(&terms).unwrap();
    update(&mut model, News::Announced(id(1), Ok(signed)));
    snap("approval", &mut model);
    press(&mut model, "G");
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("reveal"), "{text}");
    let asked = asks(&mut model, 'y');
    assert!(matches!(asked[..], [Request::Approve(session)] if session == id(1)));
    assert!(asks(&mut model, 'y').is_empty(), "once is enough");
    update(&mut model, News::Approved(id(1), Ok(())));
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("your node may compute the job now"), "{text}");
    assert!(!text.contains("waits for your word"), "{text}");
}

#[test]
fn a_job_is_not_let_run_by_leaving_nor_by_others() {
    let mut model = waiting();
    press(&mut model, "A");
    assert!(asks(&mut model, 'n').is_empty() && model.ui.popups.is_empty());
    press(&mut model, "A");
    update(&mut model, News::Announced(id(1), Err("the node is away".to_owned())));
    assert!(shown(&mut model, (80, 24)).contains("the node is away"));
    assert!(asks(&mut model, 'y').is_empty());
    press(&mut model, "esc");
    model.person.read_only = true;
    assert!(asks(&mut model, 'A').is_empty() && model.ui.popups.is_empty());
    // One that does not wait, and one whose node's key is elsewhere.
    let mut model = waiting();
    update(&mut model, News::Awaiting(Some(vec![(id(1), false)])));
    assert!(asks(&mut model, 'A').is_empty());
    model.person.node = None;
    assert!(asks(&mut model, 'A').is_empty());
}

#[test]
fn what_stays_is_in_the_signed_steps() {
    let mut terms = job_fixtures::of_job(Phase::Open).terms;
    terms.question = job_fixtures::small().into();
    let signed = SignedJob::of(&terms).unwrap();
    let last = signed.steps.last().unwrap();
    assert_eq!((last.0.as_str(), last.1.as_str()), ("keep", "z"));
    assert_eq!(signed.steps.len(), 6);
}
