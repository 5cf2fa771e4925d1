//! What each role meets: the operator's forms and servers, the bidder's list, the node's own view.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Effect, News, Request};
use super::update;
use crate::session::Phase;
use crate::tui::fixtures::{self, at, detail, health, id, node, summary};
use crate::tui::state::data::Level;
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::state::new_session::NewSessionField;
use crate::tui::state::node::NodeState;
use crate::tui::state::screen::Screen;
use crate::tui::view::snapshot_tests::shown;

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Action::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn types(model: &mut Model, text: &str) {
    for character in text.chars() {
        key(model, KeyCode::Char(character));
    }
}

fn new_form(model: &Model) -> (NewSessionField, Option<String>) {
    let Some(Popup::NewSession(form)) = model.ui.popups.last() else { panic!("no form") };
    (form.focus, form.notice.clone())
}

#[test]
fn the_form_of_a_session_names_the_field_and_goes_there() {
    let mut model = fixtures::empty();
    types(&mut model, "n");
    key(&mut model, KeyCode::Tab);
    key(&mut model, KeyCode::Enter);
    let (focus, notice) = new_form(&model);
    assert_eq!(focus, NewSessionField::Title);
    assert!(notice.unwrap().contains("title"));
    types(&mut model, "Lot 7");
    for _ in 0..5 {
        key(&mut model, KeyCode::Tab);
    }
    // Checked while typing, in words and not in the parser's.
    types(&mut model, "9");
    assert_eq!(
        new_form(&model),
        (NewSessionField::Decimals, Some("decimals is a number from 0 to 8".to_owned()))
    );
    key(&mut model, KeyCode::Backspace);
    assert_eq!(new_form(&model), (NewSessionField::Decimals, None));
    key(&mut model, KeyCode::Tab);
    types(&mut model, "12,x");
    let (focus, notice) = new_form(&model);
    assert_eq!(focus, NewSessionField::Reserve);
    assert!(notice.unwrap().starts_with("reserve: "));
    for _ in 0..4 {
        key(&mut model, KeyCode::Backspace);
    }
    types(&mut model, "100");
    key(&mut model, KeyCode::Tab);
    types(&mut model, "50");
    // The maximum is below the reserve: the reserve is named when it is to be written.
    key(&mut model, KeyCode::Enter);
    let (focus, notice) = new_form(&model);
    assert_eq!(focus, NewSessionField::Reserve);
    assert!(notice.unwrap().contains("above the maximum"));
    key(&mut model, KeyCode::Backspace);
    key(&mut model, KeyCode::Tab);
    types(&mut model, "0");
    let effects = key(&mut model, KeyCode::Enter);
    assert!(
        matches!(effects[..], [Effect::Ask(Request::Write { open: true, .. })]),
        "{:?}",
        new_form(&model)
    );
}

#[test]
fn the_selected_auction_to_bid_in_stays_selected() {
    let mut model = fixtures::normal();
    types(&mut model, "4");
    assert_eq!(model.bid_at().unwrap().1.id, id(1));
    // A newer auction opens and goes before it in the list.
    let mut newer = summary(2, "Lot 2", Phase::Open);
    newer.created = at(5);
    let sessions = vec![summary(1, "Harbour view, oil on canvas", Phase::Open), newer];
    update(&mut model, News::Sessions(sessions));
    assert_eq!(model.biddable()[0].id, id(2));
    let (row, session) = model.bid_at().unwrap();
    assert_eq!((row, session.id), (1, id(1)));
    key(&mut model, KeyCode::Up);
    assert_eq!((model.ui.bid, model.ui.selected), (Some(id(2)), Some(id(2))));
    // From here to its bracket, and back to the same one.
    types(&mut model, "v4");
    assert_eq!(model.bid_at().unwrap().1.id, id(2));
}

#[test]
fn leaving_servers_asks_and_the_same_key_again_leaves() {
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let mut model = fixtures::normal();
    model.person.serves = "node 3".to_owned();
    key(&mut model, KeyCode::Char('q'));
    assert!(!model.over && shown(&mut model, (80, 24)).contains("It stops node 3 as well."));
    types(&mut model, "n");
    update(&mut model, Action::Key(control_c));
    assert!(!model.over);
    update(&mut model, Action::Key(control_c));
    assert!(model.over);
    // Without servers it leaves at once.
    let mut model = fixtures::normal();
    update(&mut model, Action::Key(control_c));
    assert!(model.over);
}

#[test]
fn without_the_coordinator_nodes_are_unknown_and_not_away() {
    let mut model = fixtures::normal();
    model.person.node = Some(node(2));
    model.say(Level::Warn, "an older notice");
    update(&mut model, News::Lost { why: "refused".into(), again: at(1), refused: false });
    assert_eq!(model.live().nodes_up(), 0);
    assert!(shown(&mut model, (80, 24)).contains("lost since"));
    let state = |model: &Model, at: usize| {
        let data = model.live();
        data.node_state(&data.nodes[at])
    };
    assert_eq!(state(&model, 1), NodeState::Unknown);
    let answer = health(&[]).nodes[1].health.clone().unwrap();
    update(&mut model, News::OwnNode(node(2), Ok((Box::new(answer), 300))));
    assert_eq!((state(&model, 1), state(&model, 0)), (NodeState::Up, NodeState::Unknown));
    update(&mut model, News::OwnNode(node(2), Err("refused".into())));
    assert_eq!(state(&model, 1), NodeState::Down);
    // Nobody "is back" who may never have been away.
    let lines = model.live().log.len();
    update(&mut model, News::Health(Box::new(health(&[])), 800));
    let log: Vec<String> = model
        .live()
        .log
        .iter()
        .skip(lines)
        .map(|line| super::log::line_text(&model, line))
        .collect();
    assert!(!log.iter().any(|line| line.contains("node 1") || line.contains("node 3")), "{log:?}");
    assert!(log.iter().any(|line| line.contains("coordinator answers again")), "{log:?}");
}

#[test]
fn a_node_that_falls_silent_is_drawn_at_once() {
    let mut model = fixtures::normal();
    update(&mut model, Action::Tick(at(0).plus_millis(1_100)));
    model.dirty = false;
    update(&mut model, Action::Tick(at(0).plus_millis(1_350)));
    assert!(!model.dirty);
    update(&mut model, Action::Tick(at(0).plus_millis(1_700)));
    assert!(model.dirty);
}

#[test]
fn a_long_line_of_the_log_can_be_read_to_its_end() {
    let mut model = fixtures::normal();
    let long = format!("{} and the end of it", "a long story ".repeat(12));
    update(&mut model, News::Told(Level::Error, long));
    model.ui.toast = None;
    model.ui.screen = Screen::Log;
    for size in [(80, 24), (140, 45)] {
        let text = shown(&mut model, size);
        assert!(text.contains("the end of it"), "{text}");
    }
}

#[test]
fn a_bidder_learns_the_result_where_he_bids() {
    let mut model = fixtures::normal();
    types(&mut model, "4");
    let settled = summary(1, "Harbour view, oil on canvas", Phase::Settled);
    let own = crate::tui::state::own::OwnBid {
        revision: 1,
        envelope: crate::identity::Digest([7; 32]),
        receipts: std::collections::BTreeMap::new(),
        name: crate::base::text::clean("ada"),
        name_shared: false,
        seen: at(0),
    };
    update(&mut model, News::Own(vec![(id(1), own)]));
    update(&mut model, News::Sessions(vec![settled.clone()]));
    update(&mut model, News::Detail(id(1), Ok(Box::new(detail(settled)))));
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("You won at 1 175.00 EUR."), "{text}");
}

/// By the proof that came with the receipts, or once the manifest tells of it.
#[test]
fn a_bidder_whose_name_was_given_twice_is_told_where_he_bids() {
    for proved in [true, false] {
        let mut model = fixtures::normal();
        types(&mut model, "4");
        let own = crate::tui::state::own::OwnBid {
            revision: 1,
            envelope: crate::identity::Digest([9; 32]),
            receipts: std::collections::BTreeMap::new(),
            name: crate::base::text::clean("ada"),
            name_shared: proved,
            seen: at(0),
        };
        update(&mut model, News::Own(vec![(id(1), own)]));
        if !proved {
            let settled = summary(1, "Harbour view, oil on canvas", Phase::Settled);
            let mut detail = detail(settled.clone());
            let shared = crate::session::naming::SharedName {
                bidder: "ada".into(),
                admitted: std::collections::BTreeMap::new(),
            };
            detail.manifest.as_mut().unwrap().shared_names.push(shared);
            update(&mut model, News::Sessions(vec![settled]));
            update(&mut model, News::Detail(id(1), Ok(Box::new(detail))));
            // The ada that won has another envelope than ours.
            assert!(shown(&mut model, (80, 24)).contains("You did not win"));
        }
        let text = shown(&mut model, (80, 24));
        assert!(text.contains("The coordinator has given"), "{text}");
    }
}
