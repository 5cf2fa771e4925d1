//! The screens follow what others do: another program in the same home, nodes that go, a login that
//! ends, a phase that changes under a question.

use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{Action, Effect, News, ReadReceipts, Request};
use super::update;
use crate::base::text::clean;
use crate::identity::{Digest, PublicKey};
use crate::rules::terms::Admission;
use crate::session::Phase;
use crate::session::progress::What;
use crate::sharing::NodeSet;
use crate::tui::fixtures::{self, at, detail, event, health, id, node, summary};
use crate::tui::state::alert::Matter;
use crate::tui::state::forms::Popup;
use crate::tui::state::model::Model;
use crate::tui::state::own::OwnBid;
use crate::tui::state::screen::Screen;
use crate::tui::view::snapshot_tests::shown;
use crate::wire::coordinator_api::BidderReceipts;

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Action::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn types(model: &mut Model, text: &str) {
    for character in text.chars() {
        key(model, KeyCode::Char(character));
    }
}

fn own(revision: u32, envelope: u8, receipts: u8) -> OwnBid {
    OwnBid {
        revision,
        envelope: Digest([envelope; 32]),
        receipts: (1..=receipts).map(|index| (node(index), at(-5))).collect(),
        name: clean("ada"),
        name_shared: false,
        seen: at(0),
    }
}

fn matters(model: &Model) -> Vec<Matter> {
    model.ui.alerts.iter().map(|alert| alert.matter).collect()
}

/// What shows, without the breaks of lines and panes.
fn words(model: &mut Model) -> String {
    let text = shown(model, (140, 45));
    text.replace(['│', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn settled(model: &mut Model) {
    let settled = summary(1, "Harbour view, oil on canvas", Phase::Settled);
    update(model, News::Sessions(vec![settled.clone()]));
    update(model, News::Detail(id(1), Ok(Box::new(detail(settled)))));
}

#[test]
fn a_bid_of_another_program_shows_and_stays() {
    let mut model = fixtures::normal();
    types(&mut model, "4");
    update(&mut model, News::Own(Vec::new()));
    assert!(words(&mut model).contains("You have not bid here."));
    // Just made: nothing is claimed that is not so, and nothing rings yet.
    let effects = update(&mut model, News::Own(vec![(id(1), own(1, 7, 1))]));
    assert!(effects.is_empty() && matters(&model).is_empty());
    assert!(words(&mut model).contains("Your bid is not in yet: 1 of 3 receipts needed."));
    // It stays like that: then it needs a person.
    let effects = update(&mut model, Action::Tick(at(9)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Bell)));
    assert_eq!(matters(&model), [Matter::Receipts(id(1))]);
    update(&mut model, News::Own(vec![(id(1), own(1, 7, 5))]));
    assert!(words(&mut model).contains("Your bid is in.") && matters(&model).is_empty());
    assert!(model.live().log.iter().any(|line| format!("{line:?}").contains("another program")));
    settled(&mut model);
    let text = words(&mut model);
    assert!(text.contains("You won at 1 175.00 EUR."), "{text}");
    assert_eq!(model.biddable().len(), 1);
}

#[test]
fn every_revision_counts_and_shows() {
    let mut model = fixtures::normal();
    model.ui.screen = Screen::Bid;
    // The second one did not come in any more; the first has won.
    update(&mut model, News::Own(vec![(id(1), own(1, 7, 5)), (id(1), own(2, 8, 0))]));
    settled(&mut model);
    let text = words(&mut model);
    assert!(text.contains("You won at 1 175.00 EUR."), "{text}");
    assert!(text.contains("replaced by it revision 1, envelope 070707070707, 5 of 5 receipts"));
    assert!(text.contains("Only 0 of the 3 receipts"), "{text}");
    // A bid of the same name in another envelope did not win.
    update(&mut model, News::Own(vec![(id(1), own(1, 9, 5))]));
    assert!(words(&mut model).contains("You did not win."));
}

#[test]
fn a_question_does_not_outlive_what_it_is_about() {
    let mut model = fixtures::normal();
    let open = |number, title| summary(number, title, Phase::Open);
    let other = open(2, "Lot 2");
    update(&mut model, News::Sessions(vec![open(1, "Harbour view"), other.clone()]));
    model.ui.selected = Some(id(1));
    types(&mut model, "b");
    assert_eq!(model.ui.form.as_ref().unwrap().session, id(1));
    types(&mut model, "700");
    key(&mut model, KeyCode::Enter);
    assert!(matches!(model.ui.popups[..], [Popup::Confirm(_)]));
    let phase = Phase::Closing;
    update(&mut model, event(1, None, What::Phase { phase, reason: None }));
    assert!(model.ui.popups.is_empty() && model.ui.form.is_none());
    let text = shown(&mut model, (140, 45));
    assert!(text.contains("bidding has ended. Nothing was handed in."), "{text}");
    assert_eq!(model.bid_at().unwrap().1.id, id(1), "no other auction takes its place");
    assert!(text.contains("you did not bid; closing"), "{text}");
    // The same by the clock, while nobody has told of the closing yet.
    let mut model = fixtures::normal();
    types(&mut model, "b700");
    key(&mut model, KeyCode::Enter);
    update(&mut model, Action::Tick(at(103)));
    assert!(model.ui.popups.is_empty() && model.ui.form.is_none());
    // And a step that somebody else has taken meanwhile.
    let mut model = fixtures::normal();
    types(&mut model, "c");
    settled(&mut model);
    assert!(model.ui.popups.is_empty());
    let effects = key(&mut model, KeyCode::Char('y'));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Ask(_))));
}

#[test]
fn too_few_nodes_are_said_at_once_and_everywhere_until_they_are_back() {
    let mut model = fixtures::normal();
    update(&mut model, News::Own(vec![(id(1), own(1, 6, 5))]));
    let effects = update(&mut model, News::Health(Box::new(health(&[1, 3, 4])), 800));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Bell)));
    assert!(effects.iter().any(
        |effect| matches!(effect, Effect::Title(title) if title == "! too few nodes - gavel")
    ));
    assert_eq!(matters(&model), [Matter::TooFewNodes]);
    model.ui.toast = None;
    for size in [(80, 24), (140, 45)] {
        for screen in Screen::ALL {
            model.ui.screen = screen;
            let text = shown(&mut model, size);
            assert!(
                text.contains("! Nothing can be settled: only nodes 2 and 5 are there"),
                "{text}"
            );
            assert!(text.contains("! 2 of 5 nodes, 5 needed"), "{text}");
        }
    }
    model.ui.screen = Screen::Auctions;
    // The same matter does not ring twice.
    let effects = update(&mut model, News::Health(Box::new(health(&[1, 3, 4])), 800));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Bell)));
    types(&mut model, "c");
    let text = words(&mut model);
    assert!(text.contains("TOO FEW NODES: only nodes 2 and 5 are there"), "{text}");
    assert!(!text.contains("compute the outcome"), "{text}");
    types(&mut model, "n");
    for phase in [Phase::Closing, Phase::Computing] {
        update(&mut model, event(1, None, What::Phase { phase, reason: None }));
        types(&mut model, "2");
        let text = words(&mut model);
        assert!(text.contains("too few nodes, only nodes 2 and 5 are there"), "{text}");
        types(&mut model, "4");
        let text = words(&mut model);
        assert!(
            text.contains("No outcome yet: too few nodes, only nodes 2 and 5 are there"),
            "{text}"
        );
    }
    let effects = update(&mut model, News::Health(Box::new(health(&[])), 800));
    assert!(matters(&model).is_empty());
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Title(title) if title == "gavel"))
    );
    assert!(!words(&mut model).contains("too few"));
}

#[test]
fn what_has_just_been_started_is_given_a_moment() {
    let mut model = fixtures::empty();
    model.live_mut().heard_since = None;
    update(&mut model, News::Health(Box::new(health(&[1])), 800));
    assert!(matters(&model).is_empty());
    update(&mut model, Action::Tick(at(4)));
    assert_eq!(matters(&model), [Matter::TooFewNodes]);
    // Nothing is claimed of nodes that nobody can be asked about.
    let why = "refused".to_owned();
    update(&mut model, News::Lost { why, again: at(5), refused: false });
    assert_eq!(matters(&model), [Matter::Lost]);
}

#[test]
fn a_login_that_ends_is_named_and_renewed_in_its_place() {
    let mut model = fixtures::normal();
    model.person.account = Some(clean("olga"));
    let why = "the account's password was changed".to_owned();
    update(&mut model, News::LoginOver(why));
    assert_eq!(matters(&model), [Matter::LoginOver]);
    let Some(Popup::Login(form)) = model.ui.popups.last() else { panic!("no form") };
    assert_eq!(form.name.text(), "olga");
    let text = words(&mut model);
    assert!(text.contains("Your login has ended: the account's password was changed"), "{text}");
    assert!(!text.contains("does not answer"), "{text}");
    // Later: what it is for says so, and the alert stays.
    key(&mut model, KeyCode::Esc);
    types(&mut model, "c");
    assert!(model.ui.popups.is_empty());
    assert!(model.ui.toast.as_ref().unwrap().text.contains("your login has ended; L logs in"));
    types(&mut model, "L");
    key(&mut model, KeyCode::Enter);
    assert!(words(&mut model).contains("type the password"));
    types(&mut model, "open sesame");
    assert!(!words(&mut model).contains("sesame"));
    let effects = key(&mut model, KeyCode::Enter);
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Ask(Request::LogIn { name, password }) => Some((name, password)),
        _ => None,
    });
    assert!(asked.is_some_and(|(name, word)| name == "olga" && word.expose() == "open sesame"));
    let Some(Popup::Login(form)) = model.ui.popups.last() else { panic!("no form") };
    assert!(form.password.is_empty() && form.sending);
    assert!(key(&mut model, KeyCode::Enter).is_empty(), "it is asked once");
    update(&mut model, News::NotLoggedIn("name and password do not fit".to_owned()));
    assert!(words(&mut model).contains("name and password do not fit"));
    types(&mut model, "again");
    key(&mut model, KeyCode::Enter);
    let roster = std::sync::Arc::new(fixtures::roster());
    let person = Box::new(fixtures::person());
    update(&mut model, News::Attached { roster, person });
    assert!(model.ui.popups.is_empty() && matters(&model).is_empty());
    // A bidder's key bids without a login, unless the terms ask for an account.
    let mut model = fixtures::normal();
    update(&mut model, News::LoginOver("it ended".to_owned()));
    let mut summary = summary(1, "Harbour view, oil on canvas", Phase::Open);
    types(&mut model, "4");
    assert!(words(&mut model).contains("You have not bid here."));
    summary.terms.admission = Admission::Accounts;
    update(&mut model, News::Sessions(vec![summary]));
    assert!(words(&mut model).contains("You cannot bid: your login has ended"));
}

#[test]
fn a_coordinator_that_refuses_is_not_called_silent() {
    let mut model = fixtures::model();
    let why = "the key is not in the roster".to_owned();
    update(&mut model, News::Lost { why, again: at(2), refused: true });
    let text = words(&mut model);
    assert!(text.contains("The coordinator refuses us."), "{text}");
    assert!(!text.contains("does not answer") && !text.contains("nothing needs to be done"));
}

fn kept(bidder: &str, key: u8, nodes: &[u8], seconds: i64) -> BidderReceipts {
    BidderReceipts {
        bidder: bidder.to_owned(),
        key: PublicKey::from_bytes([key; 32]),
        revision: 1,
        nodes: nodes.iter().map(|&index| node(index)).collect(),
        received: at(seconds),
    }
}

#[test]
fn the_grid_is_read_from_what_nodes_keep() {
    let mut model = fixtures::empty();
    let open = summary(1, "Harbour view, oil on canvas", Phase::Open);
    update(&mut model, News::Sessions(vec![open]));
    assert!(words(&mut model).contains("asking the nodes who has bid"));
    let effects = update(&mut model, Action::Tick(at(1)));
    let asks = |effects: &[Effect]| {
        effects.iter().any(|effect| matches!(effect, Effect::Ask(Request::Receipts(_))))
    };
    assert!(asks(&effects));
    let read = |more| ReadReceipts {
        bidders: vec![
            kept("ada", 2, &[1, 2, 3, 4], -10),
            kept("ben", 1, &[1, 2, 3], -20),
            kept("ada", 3, &[2], -5),
        ],
        unheard: NodeSet::from_bits(1 << 4),
        more,
        took: 3,
    };
    update(&mut model, News::Receipts(id(1), Some(read(false))));
    let text = shown(&mut model, (140, 45));
    let row = |part: &str| text.lines().find(|line| line.contains(part)).unwrap_or("").to_owned();
    // By the time they came, a node that is away not known, a name of two keys marked.
    assert!(row("ben").contains("1  ✓ ✓ ✓ · ?"), "{text}");
    assert!(row("ada (key AgICAgIC)").contains("1  ✓ ✓ ✓ ✓ ?"), "{text}");
    assert!(row("ada (key AwMDAwMD)").contains("1  · ✓ · · ?"), "{text}");
    // Not again before it is due; again when a node has come back.
    assert!(!asks(&update(&mut model, Action::Tick(at(3)))));
    update(&mut model, News::Health(Box::new(health(&[5])), 800));
    update(&mut model, News::Health(Box::new(health(&[])), 800));
    assert!(asks(&update(&mut model, Action::Tick(at(4)))));
    update(&mut model, News::Receipts(id(1), Some(read(true))));
    assert!(shown(&mut model, (140, 45)).contains("the first 3 bidders"));
    assert!(asks(&update(&mut model, Action::Tick(at(10)))));
    // Events go on from there.
    fixtures::receive(&mut model, 1, "ben", &[4]);
    assert_eq!(model.live().live[&id(1)].bids.len(), 3);
    assert_eq!(model.live().live[&id(1)].bids[0].nodes.len(), 4);
    // Whoever is no operator is not told, and does not ask.
    let mut visitor = fixtures::normal();
    visitor.person.operator = false;
    visitor.asking.receipts_at = None;
    assert!(!asks(&update(&mut visitor, Action::Tick(at(1)))));
}

#[test]
fn bids_heard_while_sending_are_not_called_anothers() {
    let mut model = fixtures::normal();
    update(&mut model, News::Own(Vec::new()));
    types(&mut model, "b700");
    key(&mut model, KeyCode::Enter);
    types(&mut model, "y");
    update(&mut model, News::Own(vec![(id(1), own(1, 7, 0))]));
    update(&mut model, News::BidIn(id(1), own(1, 7, 5), BTreeMap::new()));
    update(&mut model, News::Own(vec![(id(1), own(1, 7, 5))]));
    let told = model.live().log.iter().any(|line| format!("{line:?}").contains("another program"));
    assert!(!told && words(&mut model).contains("Your bid is in."));
}
