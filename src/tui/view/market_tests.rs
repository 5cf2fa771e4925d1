//! The screens of a market, at two sizes: an order as it is written, the run, what came of it.

use super::snapshot_tests::{SIZES, press, shown, snap};
use crate::rules::market::question::Told;
use crate::rules::market::{Answer, Clearing};
use crate::tui::fixtures::{self, id};
use crate::tui::market_fixtures;
use crate::tui::state::screen::Screen;
use crate::tui::update::action::{Effect, News, Request};
use crate::tui::update::update;

/// Type a text with blanks into the form that has the keys.
fn type_in(model: &mut crate::tui::state::model::Model, text: &str) {
    for character in text.chars() {
        let key = if character == ' ' {
            crossterm::event::KeyCode::Char(' ')
        } else {
            crossterm::event::KeyCode::Char(character)
        };
        let event = crossterm::event::KeyEvent::new(key, crossterm::event::KeyModifiers::NONE);
        update(model, crate::tui::update::action::Action::Key(event));
    }
}

#[test]
fn an_order_is_seen_before_it_is_signed() {
    let mut model = market_fixtures::open_market();
    press(&mut model, "b");
    snap("order-empty", &mut model);
    type_in(&mut model, "buy 20@190 45@165 60");
    for size in SIZES {
        assert!(shown(&mut model, size).contains("step 3 is not written as QUANTITY@PRICE"));
    }
    type_in(&mut model, "@140");
    snap("order-buy", &mut model);
    press(&mut model, "enter");
    snap("order-question", &mut model);
    press(&mut model, "n f2");
    for size in SIZES {
        let hidden = shown(&mut model, size);
        for told in ["190", "165", "60", "buy 20", "You buy"] {
            assert!(!hidden.contains(told), "{told}: {hidden}");
        }
    }
    press(&mut model, "f2 enter y");
    snap("order-sending", &mut model);
    assert!(!shown(&mut model, (140, 45)).contains("190.00"));
    assert!(model.ui.form.as_ref().is_some_and(|form| form.amount.is_empty()));
}

#[test]
fn a_seller_and_a_terminal_of_ascii_see_a_curve_as_well() {
    let mut model = market_fixtures::open_market();
    press(&mut model, "b");
    type_in(&mut model, "sell 15@150 40@170");
    snap("order-sell", &mut model);
    model.ascii = true;
    snap("order-sell-ascii", &mut model);
    for size in SIZES {
        assert!(shown(&mut model, size).is_ascii());
    }
    // Very many steps, and a price on every edge of the grid.
    let mut model = market_fixtures::open_market();
    press(&mut model, "b");
    let steps: Vec<String> = (0..40).map(|at| format!("{}@{}", at + 1, 220 - at)).collect();
    type_in(&mut model, &format!("buy {} 999@120", steps.join(" ")));
    snap("order-many", &mut model);
}

#[test]
fn a_market_takes_no_amount_and_says_so() {
    let mut model = market_fixtures::open_market();
    press(&mut model, "b");
    type_in(&mut model, "12.50");
    for size in SIZES {
        assert!(shown(&mut model, size).contains("begin with buy or sell"));
    }
    press(&mut model, "enter");
    assert!(model.ui.popups.is_empty(), "nothing is asked of what is no order");
}

#[test]
fn a_market_is_watched_stage_by_stage() {
    let mut model = market_fixtures::computing_market();
    model.ui.screen = Screen::Bracket;
    snap("market-run", &mut model);
    let mut model = market_fixtures::open_market();
    snap("market-open", &mut model);
    model.ui.screen = Screen::Bracket;
    snap("market-before", &mut model);
}

#[test]
fn a_settled_market_tells_the_price_and_each_the_own_quantity() {
    let mut model = market_fixtures::settled_market(Told::Own);
    model.ui.screen = Screen::Bid;
    let reading = shown(&mut model, (80, 24));
    assert!(reading.contains("Reading what the outcome tells you"), "{reading}");
    update(&mut model, News::OwnTrade(id(1), Ok(-43)));
    snap("market-own", &mut model);
    model.ui.screen = Screen::Bracket;
    snap("market-outcome", &mut model);
    model.ui.screen = Screen::Auctions;
    snap("market-settled", &mut model);
    // Who shares the screen hides names, and with them what is nobody else's business.
    for screen in [Screen::Bid, Screen::Bracket, Screen::Auctions] {
        model.ui.screen = screen;
        for size in SIZES {
            model.ui.masked = false;
            assert!(shown(&mut model, size).to_lowercase().contains("you sell 43 t"), "{screen:?}");
            model.ui.masked = true;
            assert!(!shown(&mut model, size).contains("43 t"), "{screen:?}");
        }
    }
    update(&mut model, News::OwnTrade(id(1), Err("the mask is gone".to_owned())));
    model.ui.masked = false;
    model.ui.screen = Screen::Bid;
    assert!(shown(&mut model, (140, 45)).contains("the mask is gone"));
}

#[test]
fn who_trades_how_much_shows_where_everyone_is_told() {
    let mut model = market_fixtures::settled_market(Told::Everyone);
    model.ui.screen = Screen::Bracket;
    snap("market-everyone", &mut model);
    let price = |demand| Some(Clearing { price: 16_850, demand, supply: 97 });
    for (name, clearing) in [("market-no-price", None), ("market-no-trade", price(0))] {
        let answer = Answer { clearing, trades: Vec::new() };
        let mut model = market_fixtures::market_that(Told::Own, answer);
        update(&mut model, News::OwnTrade(id(1), Ok(0)));
        model.ui.screen = Screen::Bracket;
        snap(name, &mut model);
    }
}

#[test]
fn what_a_market_tells_us_alone_is_asked_for_once_it_is_settled() {
    let asked = |effects: &[Effect]| {
        effects.iter().any(|effect| matches!(effect, Effect::Ask(Request::OwnTrade(_))))
    };
    let mut model = market_fixtures::settled_market(Told::Own);
    let again = |model: &mut crate::tui::state::model::Model| {
        let summary = market_fixtures::of_market(
            market_fixtures::market(Told::Own),
            crate::session::Phase::Settled,
        );
        let result = model.data().details[&id(1)].summary.result.clone();
        let detail =
            fixtures::detail(crate::wire::coordinator_api::SessionSummary { result, ..summary });
        asked(&update(model, News::Detail(id(1), Ok(Box::new(detail)))))
    };
    assert!(!again(&mut model), "it is on its way");
    update(&mut model, News::OwnTrade(id(1), Err("no answer".to_owned())));
    assert!(again(&mut model), "what failed is tried again");
    update(&mut model, News::OwnTrade(id(1), Ok(7)));
    assert!(!again(&mut model), "it is known");
}
