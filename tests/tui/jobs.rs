//! Jobs on the screens: one that is run on the command line waits for the word of a node's operator, who
//! gives it on his screen; what stays is looked at and forgotten. Nothing of a value is anywhere.

use std::fs;
use std::process::Stdio;

use serde_json::json;

use crate::common::town::{Town, serve};
use crate::common::{gavel, ok, result, stderr};
use crate::terminal::{Terminal, gavel_in};

const NODES: [&str; 3] = ["node1", "node2", "node3"];

/// Whose both values lie in 50 bits.
const JOB: &str = "title = \"Two numbers\"\nkind = \"job\"\nfield = \"2^127-1\"\nbids_until = \"1h\"\n\
    keep = [\"first\"]\n\
    [[steps]]\nid = \"one\"\noperation = \"assign\"\nvariable = \"first\"\nfrom = \"ada\"\nbits = 50\n\
    [[steps]]\nid = \"two\"\noperation = \"assign\"\nvariable = \"second\"\ntype = \"private\"\n\
    from = \"ada\"\nbits = 50\n\
    [[steps]]\nid = \"compare\"\noperation = \"less-than\"\nvariable = \"less\"\n\
    operand1 = \"first\"\noperand2 = \"second\"\n\
    [[steps]]\nid = \"show\"\noperation = \"reveal\"\nvariable = \"less\"\n";

const VALUES: [u64; 2] = [461_739_174_617_391, 538_261_825_382_614];

/// Everything under a folder that is a file, with its bytes.
fn files(folder: &std::path::Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(bytes) = fs::read(&path) {
            found.push((path.display().to_string(), bytes));
        }
    }
}

#[test]
fn a_job_waits_for_a_word_given_on_the_screens_and_its_variable_is_forgotten_there() {
    let secrets = VALUES.map(|value| value.to_string());
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let mut town = Town::of(&NODES, 1, "house");
    let house = town.home("house");
    ok(&house, &["init", "bidder", "--name", "ada"]);
    ok(&house, &["roster", "pin", town.digest()]);
    let settings = town.home("node2").join("gavel.toml");
    let own = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("jobs = \"approve\"\n{own}")).unwrap();
    for name in NODES.into_iter().chain(["house"]) {
        let home = town.home(name);
        town.start_as(name, serve(&home).arg("-vvv").env("RUST_LOG", "trace"));
    }
    let mut keeper = Terminal::start(gavel_in(&town.home("node2"), &["tui"]), (80, 24), &secrets);
    keeper.wait_for("3 of 3 nodes");

    let file = town.file("two.toml", JOB);
    let values = format!("first = {}, second = {}\n", VALUES[0], VALUES[1]);
    let values = town.file("values", &values);
    let mut command = gavel();
    command.args(["--json", "job", "run", &file, "--values", &values, "--home"]).arg(&house);
    let running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    keeper.wait_for("Two numbers waits for your word");
    keeper.press("A");
    keeper.wait_for("as the coordinator has signed them");
    keeper.wait_for("less = [first < second]");
    // Leaving is no word.
    keeper.press("n");
    keeper.wait_for("waits for your word at your node");
    keeper.press("A");
    keeper.wait_for("[y] yes, let it run");
    keeper.press("y");
    keeper.wait_for("your node may compute the job now");
    let done = running.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!(result(&done)["revealed"], json!({"less": "1"}));
    keeper.press("2");
    keeper.wait_for("less = 1");
    keeper.wait_for("completed");

    // What stays, at both sizes; only the coordinator's operators have it forgotten.
    keeper.press("V");
    keeper.wait_for("values are never shown");
    keeper.wait_for("shared over 2^127-1, 0..=1125899906842623");
    keeper.wait_for("nodes 1, 2 and 3");
    keeper.press("x");
    keeper.wait_for("whose key is");
    keeper.press("q");
    keeper.press("1");
    let mut lead = Terminal::start(gavel_in(&house, &["tui"]), (120, 40), &secrets);
    lead.wait_for("3 of 3 nodes");
    lead.press("V");
    lead.wait_for("first");
    lead.press("x");
    lead.wait_for("Forget it for good?");
    lead.press("y");
    lead.wait_for("forgets first");
    keeper.wait_for("Forget first waits for your word");
    keeper.press("gA");
    keeper.wait_for("forget first");
    keeper.press("y");
    keeper.wait_for("your node may compute the job now");
    lead.wait_for("Nothing is stored.");

    for terminal in [&mut keeper, &mut lead] {
        terminal.press("\u{1b}q");
        assert!(terminal.ends());
        terminal.is_clean();
        terminal.kept_its_secrets();
    }
    // Nor in a log or a database, as digits or as bytes.
    let mut all = Vec::new();
    fs::remove_file(&values).unwrap();
    files(town.folder.path(), &mut all);
    assert!(all.iter().any(|(name, _)| name.ends_with("gavel.db")));
    assert!(all.iter().any(|(name, bytes)| name.ends_with("node2.log") && bytes.len() > 10_000));
    for (value, (name, bytes)) in
        VALUES.iter().flat_map(|value| all.iter().map(move |f| (value, f)))
    {
        let patterns = [
            value.to_string().into_bytes(),
            value.to_le_bytes().into(),
            value.to_be_bytes().into(),
        ];
        for pattern in patterns {
            let found = bytes.windows(pattern.len()).any(|window| window == pattern);
            assert!(!found, "{value} is in {name}");
        }
    }
}
