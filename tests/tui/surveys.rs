//! A survey on the screens: answered in the form while others answer on the command line, corrected,
//! closed by its operator, read as bars, and written as CSV.

use std::fs;

use crate::common::ok;
use crate::common::town::Town;
use crate::terminal::{Terminal, gavel_in};

/// Wipes the line that is typed.
const WIPE: &str = "\u{15}";

const PAY: &str = r#"
title = "Pay in our trade"
kind = "survey"
bids_until = "1h"
replace_bids = true
at_least = 2
membership = "secret"

[[questions]]
name = "pay"
text = "What is your gross pay for a year?"
unit = "EUR"
maximum = 1000000

[[questions]]
name = "hours"
unit = "h"
decimals = 1
maximum = 80

[[questions]]
name = "raise"
unit = "EUR"
minimum = -1000
maximum = 1000

[[cohorts]]
name = "women"

[[cohorts]]
name = "men"

[[results]]
statistic = "count"
by = "both"

[[results]]
statistic = "mean"
question = "pay"

[[results]]
statistic = "sum"
question = "raise"
by = "both"
"#;

#[test]
fn a_survey_is_answered_corrected_closed_and_read_on_the_screens() {
    let town = Town::of(&["node1", "node2", "node3"], 1, "house").running();
    let homes = ["ada", "basil", "chiara"].map(|name| town.add_bidder(name));
    let session = town.open(PAY);
    // What others answer never shows.
    let secrets = ["461739", "461 739", "538261", "538 261"];
    let mut house = Terminal::start(gavel_in(&town.home("house"), &["tui"]), (140, 45), &secrets);
    house.wait_for("at least   2, or nothing is opened");
    let mut ada = Terminal::start(gavel_in(&homes[0], &["tui"]), (80, 24), &secrets);
    ada.wait_for("3 of 3 nodes");
    ada.press("4");
    ada.wait_for("You have not answered.");
    ada.press("\r");
    ada.wait_for("What of it everyone will learn");
    ada.wait_for("Which are you in?");
    ada.press("\r");
    ada.wait_for("choose the cohort");
    ada.press("1\r");
    ada.wait_for("What is your gross pay");
    ada.press("plenty");
    ada.wait_for("an amount is written");
    ada.press(WIPE);
    ada.press("52000\r99");
    ada.wait_for("outside what the survey takes");
    ada.press(WIPE);
    ada.press("38.5\r-");
    ada.wait_for("an amount is written");
    ada.press("20");
    ada.wait_for("= -20 EUR");
    ada.press("\r");
    ada.wait_for("Hand in this answer?");
    ada.wait_for("Becomes public of each cohort: count, sum of raise.");
    ada.press("y");
    ada.wait_for("Your answer is in.");
    house.wait_for("1 answered");

    // Two more by the command line, one from a table.
    let form = town.file("basil.csv", "cohort;pay;hours;raise\nmen;461739;40;10\n");
    ok(&homes[1], &["survey", "answer", &session, "--from", &form]);
    let mut words = vec!["survey", "answer", session.as_str(), "--cohort", "men"];
    words.extend(["--value", "pay=538261", "--value", "hours=20", "--value", "raise=30"]);
    ok(&homes[2], &words);
    house.wait_for("3 answered");

    // The first was wrong; the last one counts.
    ada.press("\r");
    ada.wait_for("These replace your answer of revision 1.");
    ada.press("w\r50000\r40\r-40\r");
    ada.wait_for("It replaces your answer of revision 1.");
    ada.press("y");
    ada.wait_for("revision 2");

    house.press("c");
    house.wait_for("Close the survey now?");
    house.press("y");
    house.wait_for("results, ");
    house.press("2");
    house.wait_for("mean of pay");
    house.wait_for("350 000.00 EUR");
    house.wait_for("withheld");
    let path = town.home("house").join("pay.csv");
    let path = path.to_str().unwrap();
    house.press("e");
    house.wait_for("Write to");
    house.press(&format!("{WIPE}{path}\r"));
    house.wait_for("checked here");
    let written = fs::read_to_string(path).unwrap();
    assert!(written.starts_with("statistic,question,per,cohort,part,value,unit,withheld\r\n"));
    assert!(written.contains("mean,pay,,,,350000.00,EUR,\r\n"), "{written}");
    assert!(written.contains("sum,raise,,,,0,EUR,\r\n"), "{written}");
    house.press("e");
    house.wait_for("Write to");
    house.press(&format!("{WIPE}{path}\r"));
    house.wait_for("is there already");
    house.press("\u{1b}");
    assert_eq!(fs::read_to_string(path).unwrap(), written);

    ada.wait_for("Of your answer nothing was opened");
    ada.press("v");
    ada.wait_for("mean of pay");
    for terminal in [&mut house, &mut ada] {
        terminal.press("q");
        assert!(terminal.ends());
        terminal.is_clean();
        terminal.kept_its_secrets();
    }
}

#[test]
fn the_demo_plays_a_survey_to_its_bars() {
    let home = tempfile::tempdir().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/pay-gap.toml");
    let demo = gavel_in(home.path(), &["demo", "--auto", "--speed", "3", file]);
    let mut terminal = Terminal::start(demo, (140, 45), &[]);
    terminal.wait_for("you ask them, and may answer too");
    terminal.wait_for("quartiles of pay");
    assert!(terminal.ends());
    terminal.is_clean();
}
