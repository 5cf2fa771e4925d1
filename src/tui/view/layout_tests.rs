//! What must be readable at which size: phases, titles, names and nodes, with few and with many.

use super::snapshot_tests::shown;
use crate::base::text::clean;
use crate::rules::{Stage, auction};
use crate::session::Phase;
use crate::session::progress::{Progress, What};
use crate::sharing::Scheme;
use crate::tui::fixtures::{self, id};
use crate::tui::input::commands::{ListCommand, Move};
use crate::tui::state::data::{Level, Link, LogLine, Piece, Who};
use crate::tui::state::model::Model;
use crate::tui::state::node::Node;
use crate::tui::state::screen::Screen;
use crate::tui::state::theme::Theme;
use crate::tui::update::action::{Action, Cue, News};
use crate::tui::update::dispatch::run;
use crate::tui::update::{look_back, update};

const SIZES: [(u16, u16); 4] = [(80, 24), (100, 30), (120, 40), (140, 45)];

const TITLE: &str = "Harbour view, oil on canvas";

const NAMES: [&str; 9] =
    ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ironwood"];

/// With so many nodes, each linked to all others.
fn with_nodes(mut model: Model, count: u8) -> Model {
    let mut roster = fixtures::roster();
    roster.scheme = Scheme::new(count, (count - 1) / 2).unwrap();
    model.live_mut().roster = Some(std::sync::Arc::new(roster));
    let first = model.live().nodes[0].clone();
    let nodes = (1..=count).map(|index| {
        let mut status = first.status.clone();
        status.node = fixtures::node(index);
        status.name = NAMES[usize::from(index) - 1].into();
        status.address = format!("127.0.0.1:400{index}");
        if let Some(health) = &mut status.health {
            let link = health.links[0].clone();
            let others = (1..=count).filter(|other| *other != index);
            health.links = others
                .map(|other| crate::wire::node_api::Link {
                    node: fixtures::node(other),
                    ..link.clone()
                })
                .collect();
        }
        Node::new(status)
    });
    model.live_mut().nodes = nodes.collect();
    model
}

fn on(mut model: Model, screen: Screen) -> Model {
    model.ui.screen = screen;
    model
}

#[test]
fn every_phase_has_its_label_at_every_size() {
    for size in SIZES {
        let text = shown(&mut fixtures::normal(), size);
        for phase in [Phase::Draft, Phase::Open, Phase::Closing, Phase::Computing, Phase::Settled] {
            assert!(text.contains(phase.name()), "{} at {size:?}\n{text}", phase.name());
        }
    }
}

#[test]
fn titles_are_whole_where_there_is_room() {
    for size in [(100, 30), (120, 40), (140, 45), (200, 60)] {
        let text = shown(&mut fixtures::normal(), size);
        // In the list and over the detail.
        assert_eq!(text.matches(TITLE).count(), 2, "{size:?}\n{text}");
    }
    let text = shown(&mut on(fixtures::full(), Screen::Auctions), (200, 60));
    assert!(text.contains("Winter road service, district north 4"), "{text}");
    // And the detail keeps what it needs beside long titles.
    for size in SIZES {
        let text = shown(&mut fixtures::full(), size);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("closing computing settled"), "{size:?}\n{text}");
    }
}

#[test]
fn a_long_title_leaves_the_id_in_sight() {
    for size in SIZES {
        let mut model = fixtures::full();
        model.ui.selected = Some(id(5));
        let text = shown(&mut model, size);
        assert!(text.contains(&id(5).short()), "{size:?}\n{text}");
    }
}

#[test]
fn names_of_nodes_are_whole_at_every_size() {
    for size in SIZES {
        let text = shown(&mut on(with_nodes(fixtures::normal(), 9), Screen::Nodes), size);
        for (at, name) in NAMES.iter().enumerate() {
            assert!(text.contains(&format!("{} {name} ", at + 1)), "{name} at {size:?}\n{text}");
        }
    }
    // Whose it is does not cut it either.
    for size in SIZES {
        let mut model = on(with_nodes(fixtures::normal(), 9), Screen::Nodes);
        model.person.node = Some(fixtures::node(9));
        let text = shown(&mut model, size);
        assert!(text.contains("9 (yours) Ironwood"), "{size:?}\n{text}");
    }
}

#[test]
fn a_state_is_set_apart_from_the_address() {
    let mut model = on(with_nodes(fixtures::normal(), 9), Screen::Nodes);
    let away = News::Lost { why: "gone".into(), again: fixtures::at(2), refused: false };
    update(&mut model, away);
    for size in SIZES {
        let text = shown(&mut model, size);
        assert!(text.contains("unknown ") && !text.contains("unknown1"), "{size:?}\n{text}");
    }
}

#[test]
fn every_one_of_nine_nodes_and_of_its_links_is_reached_on_the_smallest_screen() {
    let mut model = on(with_nodes(fixtures::normal(), 9), Screen::Nodes);
    // A line of the demo takes a row.
    update(&mut model, Action::Cue(Cue::Tell(vec![Piece::Text("a story".into())])));
    let mut seen = shown(&mut model, (80, 24));
    assert!(seen.contains("a story"), "{seen}");
    for _ in 0..4 {
        run(&mut model, Move::PageDown);
        seen.push_str(&shown(&mut model, (80, 24)));
    }
    for (at, name) in NAMES.iter().enumerate().skip(1) {
        assert!(seen.contains(&format!("● {} {name}", at + 1)), "link to {name}\n{seen}");
    }
    for _ in 0..8 {
        run(&mut model, Move::Down);
    }
    let text = shown(&mut model, (80, 24));
    assert!(text.contains("● 9 Ironwood") && text.contains("Links of node 9"), "{text}");
}

#[test]
fn a_log_tells_which_auction_it_speaks_of() {
    for size in SIZES {
        let mut model = on(fixtures::normal(), Screen::Log);
        model.live_mut().note(LogLine {
            at: fixtures::at(0),
            level: Level::Info,
            session: Some(id(1)),
            who: Some(Who::Coordinator),
            pieces: vec![Piece::Text("is open".into())],
        });
        let text = shown(&mut model, size);
        let begin = if size.0 >= 120 { TITLE } else { "Harbour view, oil o" };
        assert!(text.contains(begin) && text.contains("is open"), "{size:?}\n{text}");
    }
}

#[test]
fn the_result_keeps_its_last_line_with_large_letters_of_any_kind() {
    for ascii in [false, true] {
        for size in SIZES {
            for told in [false, true] {
                let mut model = on(fixtures::full(), Screen::Bracket);
                model.ascii = ascii;
                model.theme = if ascii { Theme::NoColour } else { Theme::Dark };
                if told {
                    let line = vec![Piece::Text("Decided.".into())];
                    update(&mut model, Action::Cue(Cue::Tell(line)));
                }
                let text = shown(&mut model, size);
                for words in ["check it", "signed by", "excluded", "look back", "EUR"] {
                    assert!(text.contains(words), "{words}, {ascii} {size:?}\n{text}");
                }
            }
        }
    }
}

#[test]
fn a_large_screen_is_put_to_use() {
    for (screen, state) in [
        (Screen::Auctions, fixtures::normal as fn() -> Model),
        (Screen::Nodes, fixtures::normal),
        (Screen::Bracket, fixtures::computing),
        (Screen::Bracket, fixtures::full),
    ] {
        let text = shown(&mut on(state(), screen), (140, 45));
        let used = text.contains("What happened last") || text.contains("how it was computed");
        assert!(used, "{screen:?}\n{text}");
    }
}

#[test]
fn receipts_of_nine_nodes_show_on_the_smallest_screen() {
    let mut model = on(with_nodes(fixtures::normal(), 9), Screen::Bid);
    let own = crate::tui::state::own::OwnBid {
        revision: 1,
        envelope: crate::identity::Digest([7; 32]),
        receipts: (1..=8).map(|index| (fixtures::node(index), fixtures::at(-60))).collect(),
        name: clean("ada"),
        name_shared: false,
        seen: fixtures::at(0),
    };
    model.live_mut().own.keep(id(1), own);
    let text = shown(&mut model, (80, 24));
    assert!(text.contains(" 1✓") && text.contains(" 8✓") && text.contains(" 9·"), "{text}");
}

#[test]
fn two_hundred_bidders_and_sessions_leave_the_rest_in_place() {
    let mut model = with_nodes(fixtures::empty(), 9);
    let all: Vec<_> = (1..=200)
        .map(|number| fixtures::summary(number, &format!("{TITLE} {number}"), Phase::Open))
        .collect();
    fixtures::put(&mut model, all.clone(), all[6].clone());
    for number in 0..200 {
        let name = format!("bidder of a house with a rather long name {number:03}");
        fixtures::receive(&mut model, 7, &name, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    for size in SIZES {
        let text = shown(&mut model, size);
        for words in ["200 bidders", "1 2 3 4 5 6 7 8 9", "bidder of a", "computing", "closes in"] {
            assert!(text.contains(words), "{words} at {size:?}\n{text}");
        }
    }
}

#[test]
fn times_bear_their_zone_on_every_screen() {
    for screen in Screen::ALL {
        for size in SIZES {
            let text = shown(&mut on(fixtures::normal(), screen), size);
            assert!(text.contains("12:00:00 UTC"), "{size:?}\n{text}");
        }
    }
}

#[test]
fn a_run_that_is_over_is_stepped_through() {
    let mut model = on(fixtures::full(), Screen::Bracket);
    // Nothing of it was seen here: it settled before the screens came.
    model.live_mut().live.clear();
    assert!(shown(&mut model, (80, 24)).contains("SOLD") || look_back::point(&model).is_none());
    let steps = fixtures::course().points.len();
    for step in (0..steps).rev() {
        run(&mut model, ListCommand::Earlier);
        for size in SIZES {
            let text = shown(&mut model, size);
            assert!(text.contains(&format!("step {} of {steps}", step + 1)), "{text}");
            for stage in ["unsealing", "ranges", "tournament", "winner", "second price", "price"] {
                assert!(text.contains(stage), "{stage} at {size:?}\n{text}");
            }
        }
        if step == 4 {
            insta::assert_snapshot!("look-back-80x24", shown(&mut model, (80, 24)));
            insta::assert_snapshot!("look-back-140x45", shown(&mut model, (140, 45)));
        }
    }
    // There is nothing before the first.
    run(&mut model, ListCommand::Earlier);
    assert_eq!(look_back::point(&model), Some(0));
    for _ in 0..steps {
        run(&mut model, ListCommand::Later);
    }
    assert_eq!(look_back::point(&model), None);
    run(&mut model, ListCommand::Earlier);
    run(&mut model, ListCommand::Result);
    assert_eq!(look_back::point(&model), None);
    // Another auction is not looked back at by the way.
    run(&mut model, ListCommand::Earlier);
    model.ui.selected = Some(id(1));
    assert_eq!(look_back::point(&model), None);
}

#[test]
fn a_run_of_which_nothing_is_told_cannot_be_stepped_through() {
    for state in [fixtures::normal as fn() -> Model, fixtures::computing, fixtures::failing] {
        let mut model = on(state(), Screen::Bracket);
        assert!(look_back::course(&model).is_none());
        run(&mut model, ListCommand::Earlier);
        assert_eq!(model.ui.look_back, None);
    }
}

#[test]
fn a_node_that_was_never_asked_has_no_crosses() {
    let mut model = fixtures::empty();
    let mut status = model.live().nodes[0].status.clone();
    status.health = None;
    status.trouble = None;
    status.round_trip_micros = None;
    status.last_seen = None;
    let mut node = Node::new(status.clone());
    for _ in 0..6 {
        node.update(status.clone());
    }
    model.live_mut().nodes = vec![node];
    let text = shown(&mut on(model, Screen::Nodes), (80, 24));
    assert!(text.contains("asking") && !text.contains('✗'), "{text}");
}

#[test]
fn every_stage_is_named_while_it_goes_on() {
    let tournament = Stage::from(auction::Stage::Tournament);
    let second = Stage::from(auction::Stage::SecondPrice);
    let course = [
        (Stage::Preparing, "▸ unsealing"),
        (Stage::CheckingEntries, "▸ ranges"),
        (tournament, "▸ tournament"),
        (Stage::Opening, "▸ winner"),
        (second, "▸ second price"),
        (Stage::Opening, "▸ price"),
        (Stage::Done, "✓ price"),
    ];
    let mut model = on(fixtures::computing(), Screen::Bracket);
    model.live_mut().live.clear();
    for (at, (stage, name)) in course.into_iter().enumerate() {
        for node in 1..=5 {
            let rounds = 2 * at as u64;
            let progress = Progress { attempt: 1, stage, rounds, ..Progress::default() };
            update(&mut model, fixtures::event(1, Some(node), What::Progress(progress)));
            let text = shown(&mut model, (80, 24));
            assert!(text.contains(name), "{name}\n{text}");
        }
    }
}

#[test]
fn the_story_hides_names_that_are_hidden() {
    let mut model = fixtures::normal();
    let line = vec![Piece::Name(clean("zebedee")), Piece::Text(" bids".into())];
    update(&mut model, Action::Cue(Cue::Tell(line)));
    assert!(shown(&mut model, (80, 24)).contains("zebedee bids"));
    model.ui.masked = true;
    assert!(!shown(&mut model, (80, 24)).contains("zebedee"));
    assert!(matches!(model.live().link, Link::Connected { .. }));
}
