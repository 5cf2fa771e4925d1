//! The screen of accounts and invitations, and what lies over it.

use super::snapshot_tests::shown;
use crate::base::text::clean;
use crate::identity::{AccountId, AccountRole, Digest, PublicKey};
use crate::rules::terms::Admission;
use crate::session::Phase;
use crate::sharing::NodeSet;
use crate::tui::fixtures::{self, at, id};
use crate::tui::input::commands::{GlobalCommand, PeopleCommand};
use crate::tui::state::forms::Popup;
use crate::tui::state::invite::ShownCode;
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;
use crate::tui::state::theme::Theme;
use crate::tui::update::action::{News, ReadReceipts};
use crate::tui::update::dispatch::run;
use crate::tui::update::update;
use crate::wire::account_api::{AccountLine, InvitationLine, Secret};
use crate::wire::coordinator_api::BidderReceipts;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

const DAY: i64 = 86_400;

pub fn account(number: u8, name: &str, role: AccountRole, disabled: bool) -> AccountLine {
    let key = PublicKey::from_bytes([number; 32]);
    AccountLine {
        account: AccountId([number; 16]),
        name: name.to_owned(),
        role,
        key: (role == AccountRole::Bidder).then_some(key),
        created: at(-DAY * i64::from(number)),
        disabled: disabled.then(|| at(-3_600)),
    }
}

pub fn invitation(number: u8, label: &str) -> InvitationLine {
    InvitationLine {
        digest: Digest([number; 32]),
        label: (!label.is_empty()).then(|| label.to_owned()),
        cohort: None,
        key: None,
        redeemed: None,
        created: at(-i64::from(number)),
        expires: at(7 * DAY),
        revoked: None,
        account: None,
    }
}

/// An operator, four bidders and six invitations, one of each fate.
pub fn listed() -> (Vec<AccountLine>, Vec<InvitationLine>) {
    let accounts = vec![
        account(1, "olga", AccountRole::Operator, false),
        account(2, "ada", AccountRole::Bidder, false),
        account(3, "basil", AccountRole::Bidder, false),
        account(4, "chiara", AccountRole::Bidder, false),
        account(5, "mallory", AccountRole::Bidder, true),
    ];
    let mut invitations = vec![
        invitation(31, "Emeka"),
        invitation(32, ""),
        invitation(33, "Lovelace, Ada"),
        invitation(34, "Frieda"),
        invitation(35, "Gus"),
    ];
    invitations[2].account = Some("ada".to_owned());
    invitations[3].revoked = Some(at(-60));
    invitations[4].expires = at(-DAY);
    (accounts, invitations)
}

/// An auction that admits accounts only: ada is in, basil has one receipt, chiara nothing.
pub fn people() -> Model {
    let mut model = fixtures::empty();
    let mut open = fixtures::summary(1, "Harbour view", Phase::Open);
    open.terms.admission = Admission::Accounts;
    fixtures::put(&mut model, vec![open.clone()], open);
    let line = |number: u8, bidder: &str, revision, nodes: &[u8]| BidderReceipts {
        bidder: bidder.to_owned(),
        key: PublicKey::from_bytes([number; 32]),
        revision,
        nodes: nodes.iter().map(|&index| fixtures::node(index)).collect(),
        received: at(-10),
    };
    let bidders = vec![line(2, "ada", 2, &[1, 2, 3, 4, 5]), line(3, "basil", 1, &[4])];
    let read = ReadReceipts { bidders, unheard: NodeSet::EMPTY, more: false, took: 1 };
    update(&mut model, News::Receipts(id(1), Some(read)));
    update(&mut model, News::People(Ok(listed())));
    model.ui.screen = Screen::People;
    model
}

fn snap(name: &str, model: &mut Model) {
    for size in SIZES {
        let text = shown(model, size);
        insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), text);
    }
}

/// The code of the made-up invitation.
pub const CODE: &str = "MADEU-PCODE-FORTE-STING";

#[test]
fn people_and_what_lies_over_them() {
    let mut model = people();
    snap("people", &mut model);
    run(&mut model, PeopleCommand::Disable);
    snap("disable", &mut model);
    model.ui.popups.clear();
    run(&mut model, PeopleCommand::Invite);
    snap("invite", &mut model);
    let code = Secret::new(CODE);
    let shown = ShownCode { label: clean("Emeka"), code, expires: at(7 * DAY) };
    model.ui.popups = vec![Popup::Code(Box::new(shown))];
    snap("code", &mut model);
}

#[test]
fn people_are_drawn_in_ascii_without_colour_and_enlarged() {
    for size in [(80, 24), (100, 30), (120, 40), (140, 45)] {
        let mut model = people();
        model.ascii = true;
        model.theme = Theme::NoColour;
        let text = shown(&mut model, size);
        assert!(text.is_ascii() && text.contains("not yet: basil, chiara"), "{text}");
        assert!(text.contains("yes, rev 2") && text.contains("1 receipt"), "{text}");
        run(&mut model, GlobalCommand::Enlarge);
        assert!(!shown(&mut model, size).contains("not yet"));
    }
}

#[test]
fn who_has_handed_in_is_not_claimed_while_a_node_is_unheard() {
    let mut model = people();
    let unheard = [fixtures::node(2)].into_iter().collect();
    let read = ReadReceipts { bidders: vec![], unheard, more: false, took: 1 };
    update(&mut model, News::Receipts(id(1), Some(read)));
    let text = shown(&mut model, (120, 40));
    assert!(text.contains("1 of 3 bidders handed in, 1 not known"), "{text}");
    assert!(text.contains("not yet: basil") && !text.contains("basil, chiara"), "{text}");
}

#[test]
fn hidden_names_and_a_filter_count_among_people_too() {
    let mut model = people();
    run(&mut model, GlobalCommand::Mask);
    model.ui.toast = None;
    let text = shown(&mut model, (120, 40));
    for name in ["ada", "basil", "mallory", "Emeka", "Lovelace"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    run(&mut model, GlobalCommand::Mask);
    model.ui.people.filter.set("invit open");
    let text = shown(&mut model, (120, 40));
    assert!(text.contains("Emeka") && !text.contains("Frieda") && !text.contains("olga"), "{text}");
}

#[test]
fn who_may_not_look_after_accounts_has_no_such_screen() {
    let mut model = people();
    let mut person = model.person.clone();
    person.operator = false;
    let roster = std::sync::Arc::new(fixtures::roster());
    // Somebody else logs in: what the operator saw is gone.
    update(&mut model, News::Attached { roster, person: Box::new(person) });
    assert_eq!(model.ui.screen, Screen::Auctions);
    assert!(model.live().people.accounts.is_empty());
    let text = shown(&mut model, (80, 24));
    assert!(!text.contains("People"), "{text}");
    run(&mut model, GlobalCommand::People);
    assert_eq!(model.ui.screen, Screen::Auctions);
    assert!(model.ui.toast.as_ref().unwrap().text.contains("operator"));
    for _ in 0..Screen::ALL.len() {
        run(&mut model, GlobalCommand::PreviousScreen);
        assert_ne!(model.ui.screen, Screen::People);
    }
}

#[test]
fn a_coordinator_that_lists_nobody_is_named_once() {
    let mut model = fixtures::empty();
    model.ui.screen = Screen::People;
    let lines = model.live().log.len();
    for _ in 0..5 {
        update(&mut model, News::People(Err("operators only".to_owned())));
    }
    assert_eq!(model.live().log.len(), lines + 1);
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("does not list them") && text.contains("operators only"), "{text}");
}
