//! Every screen, in four states, at two sizes; and what must hold of all of them.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::draw::draw;
use super::text::width;
use crate::base::text::clean;
use crate::identity::Digest;
use crate::rules::auction::Kind;
use crate::tui::fixtures::{self, at, id};
use crate::tui::input::commands::GlobalCommand;
use crate::tui::input::key::Key;
use crate::tui::input::keymap::rows_of;
use crate::tui::input::layer::Layer;
use crate::tui::input::table::ROWS;
use crate::tui::state::model::Model;
use crate::tui::state::own::OwnBid;
use crate::tui::state::screen::Screen;
use crate::tui::state::theme::Theme;
use crate::tui::update::action::{Action, News};
use crate::tui::update::dispatch::run;
use crate::tui::update::update;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

pub const SIZES: [(u16, u16); 2] = [(80, 24), (140, 45)];

/// The screen as text, one line a row.
pub fn shown(model: &mut Model, (columns, rows): (u16, u16)) -> String {
    model.ui.size = (columns, rows);
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    let mut drawn = None;
    terminal.draw(|frame| drawn = Some(draw(model, frame))).unwrap();
    model.ui.drawn = drawn.unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..rows {
        let mut skip = 0;
        for x in 0..columns {
            let cell = &buffer[(x, y)];
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = width(cell.symbol()).saturating_sub(1);
            text.push_str(cell.symbol());
        }
        while text.ends_with(' ') {
            text.pop();
        }
        text.push('\n');
    }
    text
}

pub fn press(model: &mut Model, keys: &str) {
    for key in keys.split_whitespace() {
        let parsed = match key {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "right" => KeyCode::Right,
            "f2" => KeyCode::F(2),
            other => KeyCode::Char(other.chars().next().unwrap()),
        };
        update(model, Action::Key(KeyEvent::new(parsed, KeyModifiers::NONE)));
    }
}

pub fn snap(name: &str, model: &mut Model) {
    for size in SIZES {
        let text = shown(model, size);
        insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), text);
    }
}

type State = fn() -> Model;

#[test]
fn every_screen_in_every_state() {
    let states: [(&str, State); 5] = [
        ("empty", fixtures::empty),
        ("normal", fixtures::normal),
        ("computing", fixtures::computing),
        ("full", fixtures::full),
        ("failing", fixtures::failing),
    ];
    for (name, state) in states {
        for screen in Screen::ALL {
            let mut model = state();
            model.ui.screen = screen;
            snap(&format!("{}-{name}", screen.title().to_lowercase()), &mut model);
        }
    }
}

#[test]
fn what_lies_over_a_screen() {
    let mut model = fixtures::normal();
    press(&mut model, "?");
    snap("popup-keys", &mut model);
    press(&mut model, "esc : c l o");
    snap("popup-palette", &mut model);
    press(&mut model, "esc c");
    snap("popup-question", &mut model);
    press(&mut model, "n n");
    snap("popup-new-session", &mut model);
    press(&mut model, "enter");
    snap("popup-new-session-failing", &mut model);
    press(&mut model, "esc / h a r");
    snap("filter", &mut model);
    press(&mut model, "esc");
    model.person.serves = "the coordinator and node 3".to_owned();
    press(&mut model, "q");
    snap("popup-leave-servers", &mut model);
}

#[test]
fn a_bid_is_written_hidden() {
    let mut model = fixtures::normal();
    press(&mut model, "b");
    snap("bid-form-empty", &mut model);
    press(&mut model, "1 2 3 4 . 5");
    let hidden = shown(&mut model, (80, 24));
    assert!(!hidden.contains("1234"), "{hidden}");
    snap("bid-form-typed", &mut model);
    press(&mut model, "f2");
    assert!(shown(&mut model, (80, 24)).contains("1234.5"));
    // The question hides it again.
    press(&mut model, "enter");
    assert!(!shown(&mut model, (80, 24)).contains("1234"));
    press(&mut model, "y");
    snap("bid-form-sending", &mut model);
}

#[test]
fn a_bid_that_fails_or_lacks_receipts_says_what_now() {
    use std::collections::BTreeMap;

    use crate::tui::state::forms::Heard;
    let receipt = |index| (fixtures::node(index), Heard::Receipt(at(0)));
    let silent = |index| {
        (fixtures::node(index), Heard::Silence(crate::base::text::clean("no answer within 10 s")))
    };
    let mut model = fixtures::normal();
    press(&mut model, "b 7 enter y");
    let heard = BTreeMap::from([receipt(1), silent(2), silent(3), silent(4), silent(5)]);
    let why = "1 of 5 nodes took it and 3 are needed; check the network and try again".to_owned();
    update(&mut model, News::BidFailed(id(1), why, heard));
    snap("bid-form-failed", &mut model);
    press(&mut model, "7 enter y");
    let heard = BTreeMap::from([receipt(1), receipt(2), receipt(3), silent(4), silent(5)]);
    let own = OwnBid {
        revision: 1,
        envelope: crate::identity::Digest([7; 32]),
        receipts: (1..=3).map(|index| (fixtures::node(index), at(0))).collect(),
        name: crate::base::text::clean("ada"),
        name_shared: false,
        seen: at(0),
    };
    update(&mut model, News::BidIn(id(1), own, heard));
    snap("bid-in-with-receipts-missing", &mut model);
    // The form is gone, so digits change the screen again.
    press(&mut model, "1");
    assert_eq!(model.ui.screen, Screen::Auctions);
}

/// A bid of ours in the first session, in this envelope.
fn with_own(mut model: Model, envelope: u8) -> Model {
    let own = OwnBid {
        revision: 1,
        envelope: Digest([envelope; 32]),
        receipts: (1..=5).map(|index| (fixtures::node(index), at(-60))).collect(),
        name: clean("ben"),
        name_shared: false,
        seen: at(0),
    };
    model.live_mut().own.keep(id(1), own);
    model
}

#[test]
fn several_lots_are_sold_at_one_price() {
    // Ben's envelope is the second of the winners'.
    for screen in [Screen::Auctions, Screen::Bracket, Screen::Bid] {
        let mut model = with_own(fixtures::lots(Kind::SecondPrice, 3, 3), 6);
        model.ui.screen = screen;
        snap(&format!("{}-lots", screen.title().to_lowercase()), &mut model);
    }
}

#[test]
fn whoever_is_among_the_winners_has_won() {
    let bid_screen = |mut model: Model| {
        model.ui.screen = Screen::Bid;
        let text = shown(&mut model, (140, 45)).replace('│', " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let first = || fixtures::lots(Kind::FirstPrice, 3, 3);
    let won = bid_screen(with_own(first(), 6));
    assert!(won.contains("You won a lot at 1 170.00 EUR.") && won.contains("you won"), "{won}");
    let lost = bid_screen(with_own(first(), 99));
    let line = "3 lots sold to ada at 1 175.00 EUR, ben at 1 170.00 EUR and cyd at 1 165.00 EUR.";
    assert!(lost.contains("You did not win.") && lost.contains(line), "{lost}");
    // Without the outcome the list says the same; an envelope decides, not a name.
    for (envelope, says) in [(6, "You won a lot at 1 170.00 EUR."), (99, "You did not win.")] {
        let mut listed = with_own(first(), envelope);
        listed.live_mut().details.clear();
        let text = bid_screen(listed);
        assert!(text.contains(says), "{text}");
    }
}

#[test]
fn more_winners_than_fit_are_counted() {
    for (name, kind, winners) in
        [("one-price", Kind::ReverseSecondPrice, 47), ("own-prices", Kind::FirstPrice, 100)]
    {
        let mut model = fixtures::lots(kind, 100, winners);
        model.ui.screen = Screen::Bracket;
        snap(&format!("bracket-many-lots-{name}"), &mut model);
        let text = shown(&mut model, (80, 24));
        assert!(text.contains(" more"), "{text}");
    }
    let mut model = fixtures::lots(Kind::SecondPrice, 3, 0);
    model.ui.screen = Screen::Bracket;
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("no bid reached the reserve"), "{text}");
}

#[test]
fn a_ranking_has_no_levels() {
    let mut model = fixtures::ranking();
    model.ui.screen = Screen::Bracket;
    snap("bracket-ranking", &mut model);
}

#[test]
fn a_nodes_operator_sees_his_nodes_part() {
    let as_node = |model: &mut Model| {
        model.person.operator = false;
        model.person.bidder = None;
        model.person.node = Some(fixtures::node(3));
    };
    for (name, state) in [
        ("open", fixtures::normal as State),
        ("computing", fixtures::computing),
        ("settled", fixtures::full),
        ("failed", fixtures::failing),
    ] {
        let mut model = state();
        as_node(&mut model);
        assert!(shown(&mut model, (80, 24)).contains("your node"));
        snap(&format!("own-node-{name}"), &mut model);
    }
    // The coordinator is away: the own node is asked past it.
    let mut model = fixtures::failing();
    as_node(&mut model);
    let health = fixtures::health(&[]).nodes[2].health.clone().unwrap();
    update(&mut model, News::OwnNode(fixtures::node(3), Ok((Box::new(health), 400))));
    model.ui.screen = Screen::Nodes;
    model.ui.node = 2;
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("unknown") && text.contains("answers in 0.4 ms"), "{text}");
    snap("own-node-coordinator-away", &mut model);
}

#[test]
fn the_demo_says_that_it_holds_messages_back() {
    for screen in [Screen::Nodes, Screen::Bracket] {
        let mut model = fixtures::computing();
        model.person.demo = true;
        model.person.simulated_delay = Some(std::time::Duration::from_millis(60));
        model.ui.screen = screen;
        let text = shown(&mut model, (80, 24)).replace("│", " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("holds") && text.contains("60 ms"), "{text}");
    }
}

#[test]
fn nobody_is_said_to_be_left_out_of_an_attempt_that_has_not_begun() {
    let mut model = fixtures::computing();
    model.live_mut().live.clear();
    model.ui.screen = Screen::Bracket;
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("about to begin") && text.contains("1 Alder"), "{text}");
    assert!(!text.contains("does not take part") && !text.contains("by 0 nodes"), "{text}");
}

#[test]
fn a_small_terminal_is_told_so() {
    let mut model = fixtures::normal();
    for size in [(79, 24), (80, 23), (40, 10), (10, 3), (1, 1)] {
        let text = shown(&mut model, size);
        if size.0 >= 40 {
            assert!(text.contains(&format!("{} x {}", size.0, size.1)), "{text}");
        }
    }
}

/// Every state, screen and popup at many sizes.
fn walk(mut check: impl FnMut(&str)) {
    let states: [State; 8] = [
        fixtures::empty,
        fixtures::normal,
        fixtures::computing,
        fixtures::full,
        fixtures::failing,
        fixtures::ranking,
        || fixtures::lots(Kind::SecondPrice, 3, 2),
        || fixtures::lots(Kind::ReverseFirstPrice, 10_000, 10_000),
    ];
    for state in states {
        for screen in Screen::ALL {
            for size in [(80, 24), (97, 30), (110, 45), (200, 60)] {
                let mut model = state();
                model.ui.screen = screen;
                check(&shown(&mut model, size));
                model.ui.in_detail = true;
                model.ui.enlarged = true;
                check(&shown(&mut model, size));
                for command in [GlobalCommand::Keys, GlobalCommand::Palette] {
                    run(&mut model, command);
                    check(&shown(&mut model, size));
                }
            }
        }
    }
}

#[test]
fn nothing_raw_reaches_the_terminal_and_no_layout_breaks() {
    walk(|text| {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        // The frames at the right end stand below each other.
        let columns = lines.iter().map(|line| width(line)).max().unwrap();
        for line in &lines[2..lines.len() - 3] {
            assert_eq!(width(line), columns, "{line}\n{text}");
        }
    });
}

#[test]
fn ascii_is_ascii() {
    let states: [State; 7] = [
        fixtures::empty,
        fixtures::normal,
        fixtures::computing,
        fixtures::full,
        fixtures::failing,
        fixtures::ranking,
        || fixtures::lots(Kind::FirstPrice, 100, 99),
    ];
    for state in states {
        for screen in Screen::ALL {
            for size in SIZES {
                let mut model = state();
                model.ascii = true;
                model.theme = Theme::NoColour;
                model.ui.screen = screen;
                let text = shown(&mut model, size);
                assert!(text.is_ascii(), "{text}");
                run(&mut model, GlobalCommand::Keys);
                let text = shown(&mut model, size);
                assert!(text.is_ascii(), "{text}");
            }
        }
    }
    let mut model = fixtures::full();
    model.ascii = true;
    model.ui.screen = Screen::Bracket;
    snap("bracket-full-ascii", &mut model);
}

#[test]
fn hidden_names_show_nowhere() {
    let mut model = fixtures::full();
    press(&mut model, "m");
    for screen in Screen::ALL {
        model.ui.screen = screen;
        model.ui.log.level = crate::tui::state::data::Level::Fine;
        let text = shown(&mut model, (140, 45));
        for name in ["mallory", "buyer 39", "to ada", "dmitri"] {
            assert!(!text.contains(name), "{name} in {text}");
        }
    }
    let mut model = with_own(fixtures::lots(Kind::SecondPrice, 30, 30), 99);
    press(&mut model, "m");
    for screen in Screen::ALL {
        model.ui.screen = screen;
        let text = shown(&mut model, (140, 45));
        for name in ["ada", "cyd", "buyer"] {
            assert!(!text.contains(&format!("{name} ")), "{name} in {text}");
        }
    }
}

#[test]
fn a_drawing_costs_what_shows_not_what_there_is() {
    let count = |sessions: u16, bids: u32| {
        let mut model = fixtures::empty();
        let all: Vec<_> = (0..sessions)
            .map(|number| {
                fixtures::summary(number, &format!("lot {number}"), crate::session::Phase::Open)
            })
            .collect();
        fixtures::put(&mut model, all.clone(), all[5].clone());
        for number in 0..bids {
            fixtures::receive(&mut model, 5, &format!("bidder {number}"), &[1]);
        }
        shown(&mut model, (140, 45));
        model.ui.drawn.hits.len()
    };
    // Rows that are laid out can be clicked, so the places to click count them.
    let few = count(100, 100);
    let many = count(10_000, 100_000);
    assert_eq!(few, many);
    assert!(many < 200, "{many}");
}

#[test]
fn every_key_is_in_the_hints_or_on_the_page_of_keys() {
    for layer in Layer::ALL {
        let mut model = fixtures::normal();
        model.ui.popups.push(crate::tui::state::forms::Popup::Help(layer));
        let mut page = String::new();
        for line in (0..200).step_by(20) {
            model.ui.help_line = line;
            page.push_str(&shown(&mut model, (140, 45)));
        }
        for row in rows_of(layer) {
            let keys = model.keys(layer, row);
            assert!(page.contains(&keys), "{layer:?} {}: {keys}", row.name());
            let begin: String = row.about.chars().take(24).collect();
            assert!(page.contains(&begin), "{layer:?} {}", row.name());
        }
    }
}

#[test]
fn every_command_is_found_in_the_palette() {
    for row in ROWS.iter().filter(|row| row.layers != [Layer::Palette]) {
        let found = crate::tui::update::palette::matching(row.name());
        assert_eq!(found[0].name(), row.name());
    }
}

#[test]
fn every_key_can_be_pressed_everywhere() {
    // Nothing panics, whatever is pressed wherever.
    let states: [State; 4] = [fixtures::empty, fixtures::normal, fixtures::full, fixtures::failing];
    for state in states {
        for screen in Screen::ALL {
            for row in ROWS {
                let mut model = state();
                model.ui.screen = screen;
                shown(&mut model, (80, 24));
                run(&mut model, row.command);
                shown(&mut model, (80, 24));
                run(&mut model, row.command);
                shown(&mut model, (140, 45));
            }
        }
    }
    // Keys of the table are keys that a terminal sends.
    for row in ROWS {
        for key in row.keys {
            assert!(key.parse::<Key>().is_ok(), "{key}");
        }
    }
}

#[test]
fn time_shows() {
    let mut model = fixtures::normal();
    assert!(shown(&mut model, (80, 24)).contains("1:42"));
    update(&mut model, Action::Tick(at(20)));
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("1:22") && text.contains("12:00:20"), "{text}");
    // A stopped display stays, but the clock of the line of status goes on.
    press(&mut model, "\u{20}");
    run(&mut model, GlobalCommand::Pause);
    update(&mut model, Action::Tick(at(40)));
    let text = shown(&mut model, (80, 24));
    assert!(
        text.contains("1:22") && text.contains("PAUSED") && text.contains("12:00:40"),
        "{text}"
    );
    run(&mut model, GlobalCommand::Pause);
    assert!(shown(&mut model, (80, 24)).contains("1:02"));
    assert_eq!(model.ui.selected, Some(id(1)));
}
