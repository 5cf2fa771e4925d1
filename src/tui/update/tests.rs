//! What follows from what.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::action::{Action, Cue, Effect, News, Request};
use super::dispatch::run;
use super::{allowed, update};
use crate::client::amount::{Check, check};
use crate::rules::auction::Kind;
use crate::rules::{SessionFile, Stage};
use crate::session::Phase;
use crate::session::progress::{Progress, What};
use crate::sharing::NodeSet;
use crate::tui::fixtures::{self, at, detail, event, health, id, node, summary};
use crate::tui::input::commands::{Command, GlobalCommand, ListCommand, Step};
use crate::tui::state::data::{Level, Link};
use crate::tui::state::forms::{BidStage, Heard, Popup};
use crate::tui::state::model::Model;
use crate::tui::state::new_session::NewSessionField;
use crate::tui::state::node::NodeState;
use crate::tui::state::screen::{Hit, List, Screen};
use crate::tui::view::snapshot_tests::shown;

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Action::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn types(model: &mut Model, text: &str) {
    for character in text.chars() {
        key(model, KeyCode::Char(character));
    }
}

fn toast(model: &Model) -> String {
    model.ui.toast.as_ref().map(|toast| toast.text.clone()).unwrap_or_default()
}

#[test]
fn closing_is_asked_about_and_then_done() {
    let mut model = fixtures::normal();
    assert!(key(&mut model, KeyCode::Char('c')).is_empty());
    let Some(Popup::Confirm(question)) = model.ui.popups.last() else { panic!("no question") };
    assert!(question.lines.iter().any(|line| line.contains("cannot be undone")));
    // No other key does anything.
    assert!(key(&mut model, KeyCode::Enter).is_empty());
    let effects = key(&mut model, KeyCode::Char('y'));
    assert!(
        matches!(effects[..], [Effect::Ask(Request::Step(session, Step::Close))] if session == id(1))
    );
    assert!(model.ui.popups.is_empty());
    // Saying no does nothing.
    key(&mut model, KeyCode::Char('c'));
    assert!(key(&mut model, KeyCode::Esc).is_empty() && model.ui.popups.is_empty());
}

#[test]
fn closing_is_asked_about_in_the_words_of_its_kind() {
    let of_file = |text: &str| SessionFile::parse(text).unwrap().terms(fixtures::at(0)).unwrap();
    let job = of_file(include_str!("../../../sessions/job.toml")).question;
    let survey = of_file(include_str!("../../../sessions/sum.toml")).question;
    let auction = fixtures::auction(Kind::SecondPrice).into();
    for (question, title) in [
        (auction, "End bidding now?"),
        (survey, "Close the survey now?"),
        (job, "Close the job now?"),
    ] {
        let mut summary = fixtures::summary(1, "Lot", Phase::Open);
        summary.terms.question = question;
        let mut model = fixtures::empty();
        fixtures::put(&mut model, vec![summary.clone()], summary);
        run(&mut model, Step::Close);
        let Some(Popup::Confirm(question)) = model.ui.popups.last() else { panic!("no question") };
        assert_eq!(question.title, title);
        let bidding = question.lines.iter().any(|line| line.contains("bidding would go on"));
        assert_eq!(bidding, title == "End bidding now?");
    }
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut model = fixtures::normal();
    run(&mut model, Step::Open);
    assert!(toast(&model).contains("opened already"), "{}", toast(&model));
    run(&mut model, Step::Retry);
    assert!(toast(&model).contains("only a failed session"));
    model.person.read_only = true;
    run(&mut model, Step::Close);
    assert!(toast(&model).contains("--read-only"));
    model.person.read_only = false;
    model.person.operator = false;
    run(&mut model, Step::Close);
    assert!(toast(&model).contains("operator"));
    model.person.bidder = None;
    run(&mut model, ListCommand::Bid);
    assert!(toast(&model).contains("gavel init bidder"));
    let mut lost = fixtures::failing();
    run(&mut lost, Step::Retry);
    assert!(toast(&lost).contains("does not answer"));
    assert!(allowed::refusal(&fixtures::empty(), Step::Close).is_some());
}

#[test]
fn amounts_are_checked_while_typing() {
    let terms = fixtures::terms("t", crate::rules::auction::Kind::SecondPrice);
    assert_eq!(check("  ", &terms), Check::Empty);
    assert_eq!(check("600.5", &terms), Check::Fine(None));
    assert!(matches!(check("499", &terms), Check::Fine(Some(why)) if why.contains("reserve")));
    assert!(matches!(check("1.234", &terms), Check::Wrong(why) if why.contains("3 decimals")));
    assert!(matches!(check("0", &terms), Check::Fine(Some(why)) if why.contains("reserve")));
    assert!(
        matches!(check("250 000.00 EUR", &terms), Check::Fine(Some(why)) if why.contains("most"))
    );
    assert!(matches!(check("250001", &terms), Check::Wrong(why) if why.contains("maximum")));
    assert!(matches!(check("12a", &terms), Check::Wrong(_)));
    let terms = fixtures::terms("t", crate::rules::auction::Kind::ReverseFirstPrice);
    assert!(matches!(check("501", &terms), Check::Fine(Some(why)) if why.contains("ceiling")));
}

#[test]
fn where_scores_count_the_file_of_the_score_comes_before_the_amount() {
    use crate::rules::auction::Pays;
    let mut model = fixtures::normal();
    let mut sessions = model.live_mut().sessions.iter_mut();
    let session = sessions.find(|session| session.id == id(1)).unwrap();
    session.terms.question = crate::testkit::scores::question(Pays::Own, 100_000, 500).into();
    key(&mut model, KeyCode::Char('b'));
    key(&mut model, KeyCode::Enter);
    assert!(toast(&model).contains("name the file of your score"));
    assert!(shown(&mut model, (140, 40)).contains("the file of your signed"));
    types(&mut model, "a.json");
    key(&mut model, KeyCode::Enter);
    types(&mut model, "600");
    let screen = shown(&mut model, (100, 30));
    assert!(screen.contains("a.json") && !screen.contains("600"), "{screen}");
    key(&mut model, KeyCode::Enter);
    assert!(shown(&mut model, (140, 40)).contains("With the score in a.json"));
    let effects = key(&mut model, KeyCode::Char('y'));
    let [Effect::Ask(Request::Place(_, _, Some(file)))] = &effects[..] else { panic!("not sent") };
    assert_eq!(file.to_str(), Some("a.json"));
    assert!(model.ui.form.as_ref().is_some_and(|form| form.amount.is_empty()));
}

#[test]
fn a_bid_goes_out_once_and_leaves_no_amount_behind() {
    let mut model = fixtures::normal();
    key(&mut model, KeyCode::Char('b'));
    key(&mut model, KeyCode::Enter);
    assert!(toast(&model).contains("type an amount"));
    types(&mut model, "600");
    // Characters are for the field, also those that mean something elsewhere.
    types(&mut model, "q");
    assert!(!model.over);
    key(&mut model, KeyCode::Backspace);
    key(&mut model, KeyCode::Enter);
    let effects = key(&mut model, KeyCode::Char('y'));
    assert!(
        matches!(effects[..], [Effect::Ask(Request::Place(session, _, None))] if session == id(1))
    );
    let form = model.ui.form.as_ref().unwrap();
    assert!(form.amount.is_empty() && matches!(form.stage, BidStage::Sending { .. }));
    // Not twice.
    assert!(key(&mut model, KeyCode::Enter).is_empty() && model.ui.popups.is_empty());
    let heard = Heard::Receipt(at(0));
    update(&mut model, News::BidHeard(id(1), node(2), heard.clone()));
    let Some(BidStage::Sending { heard: answers }) = model.ui.form.as_ref().map(|form| &form.stage)
    else {
        panic!("not sending");
    };
    assert_eq!(answers.get(&node(2)), Some(&heard));
    let why = "too late".to_owned();
    update(&mut model, News::BidFailed(id(1), why, std::collections::BTreeMap::new()));
    assert!(shown(&mut model, (80, 24)).contains("Not in: too late"));
    // Typing again begins anew.
    types(&mut model, "7");
    assert_eq!(model.ui.form.as_ref().unwrap().stage, BidStage::Editing);
    key(&mut model, KeyCode::Esc);
    assert!(model.ui.form.is_none());
}

#[test]
fn losing_and_finding_a_node_shows() {
    let mut model = fixtures::normal();
    update(&mut model, News::Health(Box::new(health(&[3])), 800));
    assert!(toast(&model).contains("node 3 (Cedar) does not answer"));
    assert_eq!(model.live().nodes_up(), 4);
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("does not answer"), "{text}");
    update(&mut model, News::Health(Box::new(health(&[])), 800));
    assert_eq!(model.live().nodes_up(), 5);
    let log: Vec<String> =
        model.live().log.iter().map(|line| super::log::line_text(&model, line)).collect();
    assert!(log.iter().any(|line| line.contains("is back")), "{log:?}");
}

#[test]
fn a_coordinator_that_has_just_started_raises_no_alarm_about_nodes_it_has_not_asked() {
    let mut model = fixtures::normal();
    let again = at(1);
    update(&mut model, News::Lost { why: "connection refused".into(), again, refused: false });
    model.ui.toast = None;
    let mut fresh = health(&[1, 2, 3, 4, 5]);
    for status in &mut fresh.nodes {
        (status.trouble, status.last_seen) = (None, None);
    }
    update(&mut model, News::Health(Box::new(fresh.clone()), 800));
    assert!(model.ui.toast.is_none(), "{}", toast(&model));
    assert!(shown(&mut model, (80, 24)).contains("connected, 0.8 ms"));
    // What it finds out then is said: four answer, one does not.
    fresh.nodes[2].trouble = Some("connection refused".into());
    for index in [0, 1, 3, 4] {
        fresh.nodes[index] = health(&[]).nodes[index].clone();
    }
    update(&mut model, News::Health(Box::new(fresh), 800));
    assert!(toast(&model).contains("node 3 (Cedar) does not answer: connection refused"));
    assert_eq!(model.live().nodes_up(), 4);
}

#[test]
fn a_node_that_hangs_shows_before_its_deadline() {
    let mut model = fixtures::normal();
    // The coordinator still has the last answer, but it is getting old.
    update(&mut model, Action::Tick(at(2)));
    let node = &model.live().nodes[0];
    assert_eq!(node.state(model.live().coordinator_now()), NodeState::Late);
}

#[test]
fn losing_and_finding_the_coordinator_shows() {
    let mut model = fixtures::normal();
    let lost = |seconds| News::Lost { why: "refused".into(), again: at(seconds), refused: false };
    update(&mut model, Action::Tick(at(1)));
    update(&mut model, lost(3));
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("lost since 12:00:01, reconnecting in 2 s: refused"), "{text}");
    update(&mut model, Action::Tick(at(3)));
    update(&mut model, lost(7));
    assert!(matches!(model.live().link, Link::Lost { since, .. } if since == at(1)));
    update(&mut model, News::Health(Box::new(health(&[])), 800));
    assert!(matches!(model.live().link, Link::Connected { .. }));
}

#[test]
fn events_move_sessions_and_ask_for_what_is_missing() {
    let mut model = fixtures::normal();
    let what = What::Phase { phase: Phase::Closing, reason: None };
    update(&mut model, event(1, None, what.clone()));
    assert_eq!(model.live().session(id(1)).unwrap().phase, Phase::Closing);
    // The selected one is asked for at the next tick, and only once.
    let effects = update(&mut model, Action::Tick(at(1)));
    assert!(matches!(effects[..], [Effect::Ask(Request::Detail(session))] if session == id(1)));
    assert!(update(&mut model, Action::Tick(at(2))).is_empty());
    // One that is not known brings the whole list.
    let effects = update(&mut model, event(9, None, what));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Refresh)));
}

#[test]
fn receipts_fill_the_grid_and_revisions_empty_it() {
    let mut model = fixtures::normal();
    let row = |model: &Model| model.live().live[&id(1)].bids[3].clone();
    assert_eq!((row(&model).revision, row(&model).nodes.len()), (1, 3));
    let what = What::Received { bidder: "emeka".into(), revision: 2 };
    update(&mut model, event(1, Some(5), what));
    assert_eq!((row(&model).revision, row(&model).nodes), (2, NodeSet::from_bits(16)));
    // A late receipt for an old revision changes nothing.
    let what = What::Received { bidder: "emeka".into(), revision: 1 };
    update(&mut model, event(1, Some(3), what));
    assert_eq!(row(&model).nodes.len(), 1);
}

#[test]
fn a_later_attempt_starts_from_nothing() {
    let mut model = fixtures::computing();
    let progress = Progress { attempt: 2, stage: Stage::Preparing, ..Progress::default() };
    update(&mut model, event(1, Some(1), What::Progress(progress)));
    assert_eq!(model.live().live[&id(1)].progress.len(), 1);
    // The old one's stragglers do not count any more.
    let old = Progress { attempt: 1, stage: Stage::Done, ..Progress::default() };
    update(&mut model, event(1, Some(2), What::Progress(old)));
    assert_eq!(model.live().live[&id(1)].progress.len(), 1);
}

#[test]
fn a_stopped_display_keeps_what_it_shows() {
    let mut model = fixtures::normal();
    key(&mut model, KeyCode::Char(' '));
    fixtures::receive(&mut model, 1, "zoe", &[1]);
    assert!(!shown(&mut model, (80, 24)).contains("zoe"));
    key(&mut model, KeyCode::Char(' '));
    assert!(shown(&mut model, (80, 24)).contains("zoe"));
}

#[test]
fn the_filter_narrows_and_the_selection_follows() {
    let mut model = fixtures::full();
    key(&mut model, KeyCode::Char('/'));
    types(&mut model, "winter SETTLED");
    assert!(!model.ui.order.is_empty() && model.ui.order.len() < 10);
    let selected = model.selected().unwrap();
    assert!(selected.title.as_str().starts_with("Winter") && selected.phase == Phase::Settled);
    key(&mut model, KeyCode::Enter);
    assert!(!model.ui.filtering);
    key(&mut model, KeyCode::Char('/'));
    key(&mut model, KeyCode::Esc);
    assert_eq!(model.ui.order.len(), 61);
    // One that is kept is left by the same key.
    key(&mut model, KeyCode::Char('/'));
    types(&mut model, "winter");
    key(&mut model, KeyCode::Enter);
    assert!(model.ui.order.len() < 61);
    key(&mut model, KeyCode::Esc);
    assert_eq!((model.ui.order.len(), toast(&model).as_str()), (61, ""));
}

#[test]
fn the_bidders_of_an_auction_are_searched() {
    let mut model = fixtures::normal();
    for (name, nodes) in [("zoe", [1, 2]), ("zoltan", [1, 3]), ("ines", [2, 3])] {
        fixtures::receive(&mut model, 1, name, &nodes);
    }
    let all = super::filter::bidders(&model).len();
    key(&mut model, KeyCode::Enter);
    key(&mut model, KeyCode::Char('/'));
    types(&mut model, "ZO");
    assert_eq!(super::filter::bidders(&model).len(), 2);
    let screen = shown(&mut model, (80, 24));
    assert!(screen.contains("/ ZO") && screen.contains("zoltan"), "{screen}");
    assert!(!screen.contains("ines"), "{screen}");
    key(&mut model, KeyCode::Enter);
    key(&mut model, KeyCode::Down);
    key(&mut model, KeyCode::Down);
    assert_eq!((model.ui.in_detail, model.ui.grid_row), (true, 1));
    // The first esc leaves the filter, the second the detail.
    key(&mut model, KeyCode::Esc);
    assert_eq!((model.ui.in_detail, super::filter::bidders(&model).len()), (true, all));
    key(&mut model, KeyCode::Esc);
    assert!(!model.ui.in_detail);
}

#[test]
fn a_session_is_written_in_the_form() {
    let mut model = fixtures::empty();
    key(&mut model, KeyCode::Char('n'));
    key(&mut model, KeyCode::Enter);
    assert!(shown(&mut model, (80, 24)).contains("give it a title"));
    types(&mut model, "A lot");
    let effects = key(&mut model, KeyCode::Enter);
    let [Effect::Ask(Request::Write { file, open: true })] = &effects[..] else {
        panic!("not written")
    };
    let parsed = crate::rules::SessionFile::parse(file).unwrap();
    assert_eq!((parsed.shared.title.as_str(), parsed.shared.bids_until.as_str()), ("A lot", "1h"));
    // The answer closes the form and selects it.
    let written = Box::new(detail(summary(3, "A lot", Phase::Open)));
    update(&mut model, News::Written(Ok(written)));
    assert!(model.ui.popups.is_empty());
    assert_eq!(model.ui.selected, Some(id(3)));
}

#[test]
fn a_session_file_fills_the_form() {
    let mut model = fixtures::empty();
    key(&mut model, KeyCode::Char('n'));
    key(&mut model, KeyCode::Up);
    types(&mut model, "sale.toml");
    let effects = key(&mut model, KeyCode::Enter);
    assert!(matches!(&effects[..], [Effect::ReadFile(path)] if path.ends_with("sale.toml")));
    let text = include_str!("../../../sessions/procurement.toml").to_owned();
    update(&mut model, News::FileRead(Ok(text)));
    let Some(Popup::NewSession(form)) = model.ui.popups.last() else { panic!("no form") };
    assert!(form.title.text().starts_with("Winter road"));
    assert_eq!((form.reserve.text(), form.replace), ("98000", false));
    // The bids in it go nowhere.
    assert!(!super::new_session::text_of(form).contains("Nordweg"));
    let text = include_str!("../../../sessions/fishing-quota.toml").to_owned();
    update(&mut model, News::FileRead(Ok(text)));
    let Some(Popup::NewSession(form)) = model.ui.popups.last() else { panic!("no form") };
    assert_eq!(form.quantity.text(), "4");
    assert!(super::new_session::text_of(form).contains("quantity = 4"));
}

#[test]
fn a_quantity_that_cannot_be_is_named() {
    for (typed, named) in [("0", "1 to 10000 lots, not 0"), ("10001", "10001"), ("two", "a number")]
    {
        let mut model = fixtures::empty();
        key(&mut model, KeyCode::Char('n'));
        types(&mut model, "Lots");
        let Some(Popup::NewSession(form)) = model.ui.popups.last_mut() else { panic!("no form") };
        form.quantity.set(typed);
        assert!(key(&mut model, KeyCode::Enter).is_empty());
        let Some(Popup::NewSession(form)) = model.ui.popups.last() else { panic!("no form") };
        assert_eq!(form.focus, NewSessionField::Quantity, "{typed}");
        assert!(form.notice.as_ref().is_some_and(|notice| notice.contains(named)), "{typed}");
    }
}

#[test]
fn the_palette_finds_and_runs() {
    let mut model = fixtures::normal();
    key(&mut model, KeyCode::Char(':'));
    types(&mut model, "nodes");
    key(&mut model, KeyCode::Enter);
    assert_eq!(model.ui.screen, Screen::Nodes);
    assert!(model.ui.popups.is_empty());
    key(&mut model, KeyCode::Char(':'));
    types(&mut model, "close");
    let line = format!("$ gavel session close {}", model.ui.selected.unwrap().short());
    assert!(shown(&mut model, (80, 24)).contains(&line), "{line}");
    key(&mut model, KeyCode::Enter);
    assert!(matches!(model.ui.popups.last(), Some(Popup::Confirm(_))));
}

#[test]
fn the_mouse_clicks_tabs_rows_and_hints() {
    let mut model = fixtures::full();
    shown(&mut model, (140, 45));
    let click = |wanted: &dyn Fn(&Hit) -> bool, model: &mut Model| {
        let (area, _) =
            *model.ui.drawn.hits.iter().find(|(_, hit)| wanted(hit)).expect("a place to click");
        let kind = MouseEventKind::Down(MouseButton::Left);
        let (column, row) = (area.x + 1, area.y);
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        update(model, Action::Mouse(event))
    };
    let row = model.ui.drawn.offsets[List::Sessions as usize] + 3;
    click(&|hit| *hit == Hit::Row(List::Sessions, row), &mut model);
    assert_eq!(super::order::selected_row(&model), Some(row));
    click(&|hit| matches!(hit, Hit::Tab(Screen::Log)), &mut model);
    assert_eq!(model.ui.screen, Screen::Log);
    shown(&mut model, (140, 45));
    click(&|hit| matches!(hit, Hit::Hint(Command::Global(GlobalCommand::Keys))), &mut model);
    assert!(matches!(model.ui.popups.last(), Some(Popup::Help(_))));
}

#[test]
fn the_log_follows_until_somebody_looks_back() {
    let mut model = fixtures::full();
    model.ui.screen = Screen::Log;
    model.ui.log.level = Level::Fine;
    shown(&mut model, (80, 24));
    key(&mut model, KeyCode::Up);
    assert!(!model.ui.log.follow);
    let line = model.ui.log.line;
    fixtures::receive(&mut model, 61, "zoe", &[1, 2]);
    assert_eq!(model.ui.log.line, line);
    key(&mut model, KeyCode::Char('G'));
    assert!(model.ui.log.follow);
}

#[test]
fn leaving_asks_only_where_something_would_be_lost() {
    let mut model = fixtures::normal();
    key(&mut model, KeyCode::Char('q'));
    assert!(model.over);
    let mut demo = fixtures::normal();
    demo.person.demo = true;
    key(&mut demo, KeyCode::Char('q'));
    assert!(!demo.over && matches!(demo.ui.popups.last(), Some(Popup::Confirm(_))));
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    update(&mut demo, Action::Key(control_c));
    assert!(demo.over);
}

#[test]
fn cues_do_not_interrupt_who_is_typing() {
    let mut model = fixtures::normal();
    key(&mut model, KeyCode::Char('b'));
    types(&mut model, "6");
    update(&mut model, Action::Cue(Cue::Show(Screen::Bracket)));
    assert_eq!(model.ui.screen, Screen::Bid);
    key(&mut model, KeyCode::Esc);
    update(&mut model, Action::Cue(Cue::Show(Screen::Bracket)));
    assert_eq!(model.ui.screen, Screen::Bracket);
    update(&mut model, Action::Cue(Cue::Finish));
    assert!(model.over);
}

#[test]
fn idle_time_draws_once_a_second() {
    let mut model = fixtures::normal();
    model.dirty = false;
    update(&mut model, Action::Tick(at(0).plus_millis(250)));
    assert!(!model.dirty);
    update(&mut model, Action::Tick(at(1)));
    assert!(model.dirty);
}
