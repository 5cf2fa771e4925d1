//! A scored auction on the screens: what is said of scores before they are public, each bidder's after, and
//! how the price follows.

use super::snapshot_tests::{press, shown};
use crate::rules::auction::scored::Pays;
use crate::session::Phase;
use crate::tui::fixtures::empty;
use crate::tui::scored_fixtures::scored;
use crate::tui::state::model::Model;
use crate::tui::state::screen::Screen;
use crate::tui::stock_fixtures::{models, told};
use crate::tui::update::update;
use crate::wire::dealer_api::DealingLine;

const SIZES: [(u16, u16); 2] = [(80, 24), (140, 45)];

#[test]
fn scores_show_once_bidding_has_ended_and_not_before() {
    for phase in [Phase::Open, Phase::Computing, Phase::Settled] {
        let mut model = scored(phase, Pays::Threshold, 9_193_446);
        model.ui.in_detail = true;
        let text = shown(&mut model, (140, 45));
        let public = phase != Phase::Open;
        assert_eq!(text.contains("0.864917"), public, "{text}");
        assert_eq!(text.contains("scores show once bidding ends"), !public, "{text}");
    }
}

#[test]
fn the_outcome_says_how_the_price_follows() {
    for (pays, price, said) in [
        // What Nordweg's 87 400.00 counts as with its handicap.
        (Pays::Threshold, 9_193_446, "the next counts as 94 636.12 EUR; paid is that less"),
        (Pays::Own, 9_125_000, "counts as 93 951.66"),
        (Pays::Threshold, 9_800_000, "it is paid the reserve"),
    ] {
        let mut model = scored(Phase::Settled, pays, price);
        model.ui.screen = Screen::Bracket;
        for size in SIZES {
            let text = shown(&mut model, size);
            assert!(text.contains(said), "{text}");
            assert!(text.contains("0.864917, which adds a handicap of 2 701.66 EUR"), "{text}");
        }
    }
}

fn snap(name: &str, model: &mut Model) {
    for size in SIZES {
        let text = shown(model, size);
        insta::assert_snapshot!(format!("scored-{name}-{}x{}", size.0, size.1), text);
    }
}

#[test]
fn a_scored_auction_has_a_form_in_which_every_field_is_in_sight() {
    let mut model = empty();
    press(&mut model, "n R o a d s tab tab right right right");
    snap("form-kind", &mut model);
    press(&mut model, "tab tab tab 9 8 0 0 0 tab tab");
    update(&mut model, told(Vec::new(), DealingLine::default()));
    snap("form-no-model", &mut model);
    update(&mut model, told(models(), DealingLine::default()));
    press(&mut model, "right");
    snap("form-model", &mut model);
    press(&mut model, "tab 5 tab x");
    snap("form-failing", &mut model);
}

#[test]
fn no_window_is_too_small_for_a_scored_auction() {
    for phase in [Phase::Open, Phase::Computing, Phase::Settled] {
        for (width, height) in [(120, 40), (80, 24), (80, 16), (60, 12), (40, 8), (20, 4)] {
            for in_detail in [false, true] {
                let mut model = scored(phase, Pays::Own, 9_125_000);
                // A list that was scrolled in a larger window.
                shown(&mut model, (120, 40));
                model.ui.in_detail = in_detail;
                shown(&mut model, (width, height));
            }
        }
    }
}
