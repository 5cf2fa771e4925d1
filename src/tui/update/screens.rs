//! Going to a screen.

use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;

/// Show a screen.
pub fn show(model: &mut Model, screen: Screen) {
    model.ui.screen = screen;
    model.ui.enlarged = false;
    if screen == Screen::Bid {
        // What is selected there is selected here, as far as it can be bid in.
        let selected = model.ui.selected;
        if model.biddable().iter().any(|session| Some(session.id) == selected) {
            model.ui.bid = selected;
        }
        model.keep_bid();
        if let (Some((_, session)), None) = (model.bid_at(), &model.ui.form) {
            model.ui.selected = Some(session.id);
        }
    }
    model.asking.detail_stale = true;
}

/// Show the screen so many tabs further.
pub fn turn(model: &mut Model, by: isize) {
    let screens: Vec<Screen> = model.screens().collect();
    let here = screens.iter().position(|screen| *screen == model.ui.screen).unwrap_or(0);
    let there = (here + screens.len()).saturating_add_signed(by) % screens.len();
    show(model, screens[there]);
}
