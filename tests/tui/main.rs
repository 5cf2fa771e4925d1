//! The real binary in a real pseudo-terminal: the demo played by keys to the result, resized on the
//! way, and the terminal left clean; a town of servers run from the screens, with a node that goes
//! and comes back; and no amount anywhere that is not public.
//!
//! - [`asks`]: commands that ask before they do something
//! - [`follows`]: what others do while the screens are open
//! - [`jobs`]: a job let run, and its variable forgotten
//! - [`models`]: stocks of material and their batches, looked at
//! - [`pauses`]: a session paused and let go on
//! - [`people`]: accounts and invitations looked after in the screens
//! - [`scored`]: a scored auction written in the form, of a model that is announced
//! - [`surveys`]: a survey answered, corrected, closed and read
//! - [`terminal`]: the pseudo-terminal
//! - [`town`]: servers of several organisations

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

#[path = "../common/mod.rs"]
mod common;

mod asks;
mod follows;
mod jobs;
mod models;
mod pauses;
mod people;
mod scored;
mod surveys;
mod terminal;
mod town;

use portable_pty::CommandBuilder;
use terminal::{Terminal, gavel_in};

#[test]
fn the_demo_is_played_by_keys() {
    let home = tempfile::tempdir().unwrap();
    let demo = gavel_in(home.path(), &["demo"]);
    // The own amount, and those of the demo's file that are not the price.
    let secrets = ["17431592", "17 431 592", "860.50", "499.99", "1 175.00", "930.00"];
    let mut terminal = Terminal::start(demo, (80, 24), &secrets);
    terminal.wait_for("Harbour view");
    terminal.wait_for("closes in");
    terminal.press("b");
    terminal.wait_for("Your bid");
    terminal.press("17431592.75");
    terminal.wait_for("hands it in");
    terminal.press("\r");
    terminal.wait_for("Hand in this bid?");
    terminal.press("y");
    terminal.wait_for("Your bid is in");
    terminal.press("\u{1b}");

    // Resized on the way: too small, and large.
    terminal.resize(60, 18);
    terminal.wait_for("60 x 18");
    terminal.resize(140, 45);
    terminal.wait_for("keys");
    terminal.press("1");
    terminal.wait_for("rev  1 2 3 4 5");
    terminal.wait_for("basil");

    terminal.press("c");
    terminal.wait_for("End bidding now?");
    terminal.press("y");
    terminal.wait_for("signed by");
    terminal.wait_for("to you at");
    terminal.wait_for("you won");
    terminal.wait_for("checked offline");
    // The run stays, to be stepped through.
    terminal.press("\u{1b}[D");
    terminal.wait_for("looking back");
    terminal.press("\u{1b}[D");
    terminal.wait_for("▸ price");
    terminal.press("\u{1b}[C\u{1b}[C");
    terminal.wait_for("signed by");
    terminal.press("q");
    assert!(terminal.ends());
    terminal.is_clean();
    let left = terminal.screen();
    assert!(left.contains("Harbour view") && left.contains("checked offline"), "{left}");

    terminal.kept_its_secrets();
}

/// Amounts that no time, size or port in a log looks like.
const LONG_AMOUNTS: &str = r#"
title = "Harbour view"
kind = "second-price"
currency = "EUR"
decimals = 2
reserve = "500"
bids_until = "2m"
bids = [
    { bidder = "ada", amount = "38271645.50" },
    { bidder = "basil", amount = "17431592.75" },
    { bidder = "chiara", amount = "29318374.25" },
    { bidder = "dmitri", amount = "26840917.00" },
]
"#;

#[test]
fn the_demo_keeps_amounts_off_every_screen_and_out_of_the_log() {
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept");
    let file = home.path().join("lot.toml");
    std::fs::write(&file, LONG_AMOUNTS).unwrap();
    let mut demo = gavel_in(home.path(), &["-vvv", "demo", "--auto", "--speed", "3", "--keep"]);
    demo.args([&kept, &file]);
    demo.env("RUST_LOG", "trace");
    // All but the price, with and without a fraction.
    let secrets = ["38271645", "38 271 645", "17431592", "17 431 592", "26840917", "26 840 917"];
    let mut terminal = Terminal::start(demo, (140, 45), &secrets);
    terminal.wait_for("Harbour view");
    // Every screen again and again, with everything in the log, until it ends by itself.
    terminal.press("5lll");
    for screen in ["1", "2", "3", "4", "5", "?"].iter().cycle().take(60) {
        if terminal.child.try_wait().unwrap().is_some() {
            break;
        }
        terminal.press(screen);
        if *screen == "?" {
            terminal.press("q");
        }
    }
    assert!(terminal.ends());
    terminal.is_clean();
    terminal.kept_its_secrets();
    assert!(
        terminal.screen().contains("Sold to ada at 29 318 374.25 EUR"),
        "{}",
        terminal.screen()
    );
}

#[test]
fn being_asked_to_stop_leaves_the_terminal_clean() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(gavel_in(home.path(), &["demo"]), (80, 24), &[]);
    terminal.wait_for("Nodes");
    let process = terminal.child.process_id().unwrap().to_string();
    let asked = std::process::Command::new("kill").args(["-TERM", &process]).status().unwrap();
    assert!(asked.success());
    terminal.ends();
    terminal.is_clean();
}

/// Takes the terminal over, draws, and panics.
#[test]
#[ignore = "the next test runs it in a terminal of its own"]
fn a_program_that_panics() {
    let mut screen = gavel::tui::terminal::Screen::take(true).unwrap();
    screen.terminal().draw(|frame| frame.set_cursor_position((1, 1))).unwrap();
    let from_outside: Option<u8> = std::env::args().next().and_then(|text| text.parse().ok());
    from_outside.unwrap();
}

#[test]
fn a_panic_leaves_the_terminal_clean_and_can_be_read() {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_program_that_panics", "--ignored", "--nocapture"]);
    let mut terminal = Terminal::start(command, (80, 24), &[]);
    assert!(!terminal.ends());
    terminal.is_clean();
    let raw = terminal.raw();
    let (taken, back) = (raw.find("\u{1b}[?1049h").unwrap(), raw.find("\u{1b}[?1049l").unwrap());
    assert!(taken < back && back < raw.find("panicked at").unwrap(), "{raw}");
}
