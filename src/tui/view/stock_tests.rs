//! Models, their stocks and their batches, at two sizes.

use super::snapshot_tests::{press, shown};
use crate::tui::fixtures::{at, empty, node, normal};
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;
use crate::tui::state::theme::Theme;
use crate::tui::stock_fixtures::{at_work, batches, models, told, told_with};
use crate::tui::update::action::{Action, Effect, News, Request};
use crate::tui::update::update;
use crate::wire::dealer_api::{BatchLines, DealingLine, DealingWait};

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn snap(name: &str, model: &mut Model) {
    for size in SIZES {
        let text = shown(model, size);
        insta::assert_snapshot!(format!("stock-{name}-{}x{}", size.0, size.1), text);
    }
}

/// What a key or a tick asks of the coordinator about models.
fn asked(effects: Vec<Effect>) -> Vec<Option<crate::identity::Digest>> {
    let ask = |effect| match effect {
        Effect::Ask(Request::Models(page)) => Some(page),
        _ => None,
    };
    effects.into_iter().filter_map(ask).collect()
}

fn key(model: &mut Model, code: crossterm::event::KeyCode) -> Vec<Effect> {
    let event = crossterm::event::KeyEvent::new(code, crossterm::event::KeyModifiers::NONE);
    update(model, Action::Key(event))
}

fn open() -> Model {
    let mut model = normal();
    let effects = key(&mut model, crossterm::event::KeyCode::Char('M'));
    assert_eq!(asked(effects), [None]);
    model
}

#[test]
fn stocks_show_as_gauges_and_what_is_being_made_with_its_progress() {
    let mut model = open();
    assert!(shown(&mut model, (80, 24)).contains("asking the coordinator"));
    update(&mut model, told(Vec::new(), DealingLine::default()));
    snap("none", &mut model);
    update(&mut model, told(models(), at_work()));
    snap("models", &mut model);
    press(&mut model, "j");
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("100-10; the client alone learns a score"), "{text}");
    // They are asked for again while they show, once at a time, and no more after.
    assert_eq!(asked(update(&mut model, Action::Tick(at(2)))), [None]);
    assert!(asked(update(&mut model, Action::Tick(at(4)))).is_empty());
    update(&mut model, News::Models(Err("connection refused".to_owned())));
    assert!(shown(&mut model, (80, 24)).contains("not up to date"));
    press(&mut model, "esc");
    assert!(asked(update(&mut model, Action::Tick(at(30)))).is_empty());
}

#[test]
fn the_selected_model_stays_when_others_go() {
    let mut model = open();
    update(&mut model, told(models(), at_work()));
    press(&mut model, "j j");
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("100-2;"), "{text}");
    update(&mut model, told(models()[1..].to_vec(), at_work()));
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("100-2;"), "{text}");
    update(&mut model, told(models()[..1].to_vec(), at_work()));
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("100-1;"), "{text}");
}

#[test]
fn the_batches_of_one_say_who_made_them_and_for_whom() {
    let mut model = open();
    update(&mut model, told(models(), at_work()));
    let page = asked(key(&mut model, crossterm::event::KeyCode::Enter));
    // The question for the list is still on its way.
    assert!(page.is_empty() || page == [Some(models()[0].model)]);
    assert!(shown(&mut model, (80, 24)).contains("asking the coordinator"));
    update(&mut model, told_with(batches()));
    snap("batches", &mut model);
    press(&mut model, "j");
    assert!(shown(&mut model, (80, 24)).contains("node 2 lost its part"));
    press(&mut model, "j");
    snap("promised", &mut model);
    press(&mut model, "G");
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("withdrawn: a dealer that gives it out has lost its part"), "{text}");
    assert_eq!(key(&mut model, crossterm::event::KeyCode::Char('y')).len(), 1, "it is copied");
    // Whoever shares the screen does not show who is scored.
    press(&mut model, "esc esc m M enter");
    assert!(shown(&mut model, (80, 24)).contains("the coordinator has not told yet"));
    update(&mut model, told(models(), at_work()));
    press(&mut model, "enter");
    update(&mut model, told_with(batches()));
    press(&mut model, "j j");
    let key = batches().batches[2].client.unwrap().to_string();
    for size in SIZES {
        let text = shown(&mut model, size);
        assert!(!text.contains(&key[..6]) && text.contains("promised to"), "{text}");
    }
    // First back to the models, then to the screen.
    press(&mut model, "esc");
    assert!(shown(&mut model, (80, 24)).contains("Models, and material"));
    press(&mut model, "esc");
    assert!(model.ui.popups.is_empty());
    let mut model = open();
    update(&mut model, told(models(), at_work()));
    press(&mut model, "enter");
    update(&mut model, told_with(BatchLines::default()));
    assert!(shown(&mut model, (80, 24)).contains("No batch of it has been made yet."));
}

#[test]
fn an_operator_takes_the_selected_model_back_and_is_asked_first() {
    let mut model = open();
    update(&mut model, told(models(), at_work()));
    let of = models()[0].model;
    press(&mut model, "x");
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("Take this model back?") && text.contains("6 ready batches"), "{text}");
    assert!(text.contains(&models()[0].terms.body.owner.to_string()), "{text}");
    press(&mut model, "n");
    assert!(!shown(&mut model, (80, 24)).contains("Take this model back?"));
    press(&mut model, "x");
    let effects = key(&mut model, crossterm::event::KeyCode::Char('y'));
    let [Effect::Ask(Request::WithdrawModel(asked, name))] = &effects[..] else {
        panic!("nothing is asked")
    };
    assert_eq!((*asked, name.as_str()), (of, "offers"));
    update(&mut model, News::ModelWithdrawn(name.clone(), Err("no such model".to_owned())));
    assert!(shown(&mut model, (80, 24)).contains("offers is not taken back: no such model"));
    update(&mut model, News::ModelWithdrawn(name.clone(), Ok(())));
    assert!(shown(&mut model, (80, 24)).contains("offers is announced no more"));
    // Whoever runs a node alone looks on.
    model.person.operator = false;
    press(&mut model, "x");
    let text = shown(&mut model, (120, 40));
    assert!(text.contains("whose key is not here") && !text.contains("Take this"), "{text}");
}

#[test]
fn why_nothing_is_made_is_said() {
    for (waits, said) in [
        (Some(DealingWait::Session), "a session computes, and goes before"),
        (Some(DealingWait::Dealers), "too few nodes are there"),
        (Some(DealingWait::Failure), "the last batch failed"),
        (None, "nothing at present"),
    ] {
        let mut model = open();
        let dealing = DealingLine { waits, ..DealingLine::default() };
        update(&mut model, told(models(), dealing));
        let text = shown(&mut model, (80, 24));
        assert!(text.contains(said), "{text}");
    }
    let mut model = open();
    let left_out = crate::sharing::NodeSet::EMPTY.with(node(2));
    update(&mut model, told(models(), DealingLine { left_out, ..DealingLine::default() }));
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("node 2, because of earlier batches"), "{text}");
}

#[test]
fn models_are_for_operators_and_plain_terminals_show_them_too() {
    let mut model = empty();
    model.person.operator = false;
    assert!(asked(key(&mut model, crossterm::event::KeyCode::Char('M'))).is_empty());
    assert!(model.ui.popups.is_empty());
    model.person.node = Some(node(3));
    assert_eq!(asked(key(&mut model, crossterm::event::KeyCode::Char('M'))), [None]);
    // The hint stands beside the nodes, for those who may.
    let mut model = normal();
    model.ui.screen = Screen::Nodes;
    assert!(shown(&mut model, (120, 40)).contains("M models"));
    model.person.operator = false;
    model.person.node = None;
    assert!(!shown(&mut model, (120, 40)).contains("M models"));
    for theme in [Theme::NoColour, Theme::Light, Theme::HighContrast] {
        let mut model = open();
        (model.theme, model.ascii) = (theme, true);
        update(&mut model, told(models(), at_work()));
        for size in SIZES {
            let text = shown(&mut model, size);
            assert!(text.is_ascii() && text.contains("6 of 8"), "{text}");
        }
        press(&mut model, "enter");
        update(&mut model, told_with(batches()));
        for size in SIZES {
            let text = shown(&mut model, size);
            assert!(text.is_ascii() && text.contains("withdrawn"), "{text}");
        }
    }
}
