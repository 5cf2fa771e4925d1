//! Surveys: `gavel demo` of them, and `gavel survey` between organisations.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use crate::common::town::Town;
use crate::common::{fails, gavel, ok, result, stderr, stdout};
use serde_json::{Value, json};

fn demo(words: &[&str]) -> Value {
    let output = gavel().args(["demo", "--headless", "--json"]).args(words).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    result(&output)
}

/// The value of a statistic in a result.
fn value(shown: &Value, statistic: &str, question: Option<&str>, cohort: Option<&str>) -> Value {
    let results = shown["results"].as_array().unwrap();
    let own = results.iter().find(|result| {
        result["statistic"] == statistic
            && result["question"].as_str() == question
            && result["cohort"].as_str() == cohort
    });
    own.unwrap_or_else(|| panic!("no {statistic} of {question:?} {cohort:?}"))["value"].clone()
}

#[test]
fn sums_that_are_known() {
    let shown = demo(&["sessions/sum.toml"]);
    assert_eq!((&shown["kind"], &shown["phase"]), (&json!("survey"), &json!("settled")));
    assert_eq!((&shown["answers"], &shown["correct"]), (&json!(10), &json!(true)));
    assert_eq!((&shown["verified"], &shown["security"]), (&json!(true), &json!("active")));
    let boxes = Some("boxes");
    assert_eq!(value(&shown, "sum", boxes, None), 385);
    assert_eq!(value(&shown, "mean", boxes, None), 38.5);
    let deviation = value(&shown, "deviation", boxes, None).as_f64().unwrap();
    assert!((deviation - 7.0 * 8.25_f64.sqrt()).abs() < 1e-9, "{deviation}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("points.toml");
    let mut text = "title = \"Points\"\nkind = \"survey\"\nbids_until = \"2m\"\nat_least = 3\n\
                    [[questions]]\nname = \"points\"\nmaximum = 255\n\
                    [[results]]\nstatistic = \"sum\"\nquestion = \"points\"\n"
        .to_owned();
    for (name, points) in [("ada", "123"), ("ben", "145"), ("cyd", "132")] {
        text += "[[answers]]\nparticipant = \"";
        text += name;
        text += "\"\nvalues = { points = ";
        text += points;
        text += " }\n";
    }
    fs::write(&file, text).unwrap();
    let shown = demo(&[file.to_str().unwrap(), "--nodes", "5", "--threshold", "2"]);
    assert_eq!(value(&shown, "sum", Some("points"), None), 400);
    assert_eq!(shown["answers"], 3);
}

#[test]
fn two_nodes_add_up_points_and_anybody_verifies_it() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let shown = demo(&["sessions/two.toml", "--keep", kept.to_str().unwrap()]);
    assert_eq!((&shown["phase"], &shown["answers"]), (&json!("settled"), &json!(3)));
    assert_eq!((&shown["correct"], &shown["verified"]), (&json!(true), &json!(true)));
    assert_eq!((&shown["nodes"], &shown["threshold"]), (&json!(2), &json!(1)));
    assert_eq!((&shown["security"], &shown["signed_by"]), (&json!("passive"), &json!([1, 2])));
    // Keys, promises, sums; and no gate.
    assert_eq!((&shown["rounds"], &shown["gates"]), (&json!(3), &json!(0)));
    let points = Some("points");
    assert_eq!(value(&shown, "count", None, None), 3);
    assert_eq!(value(&shown, "sum", points, None), 400);
    let mean = value(&shown, "mean", points, None).as_f64().unwrap();
    assert!((mean - 400.0 / 3.0).abs() < 1e-9, "{mean}");
    let file = |name: &str| kept.join(name).to_str().unwrap().to_owned();
    let words = ["verify", &file("record.json"), "--roster", &file("roster.json")];
    let output = gavel().args(words).output().unwrap();
    let text = stdout(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("nodes only add: answers are not checked"), "{text}");

    // Four nodes of which any three are curious; and three that could do more.
    for (nodes, threshold, signed) in [("4", "3", json!([1, 2, 3, 4])), ("3", "1", Value::Null)] {
        let words = ["sessions/two.toml", "--nodes", nodes, "--threshold", threshold];
        let shown = demo(&words);
        assert_eq!(value(&shown, "sum", points, None), 400, "{shown}");
        assert!(signed.is_null() || shown["signed_by"] == signed, "{shown}");
    }
    // Nobody at all is a result, too.
    let none = demo(&["sessions/two.toml", "--bids", "0"]);
    assert_eq!((&none["answers"], &none["correct"]), (&json!(0), &json!(true)));
    assert_eq!(value(&none, "sum", points, None), Value::Null);
}

#[test]
fn what_two_nodes_cannot_do_is_refused_with_what_to_change() {
    let folder = tempfile::tempdir().unwrap();
    let two =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/two.toml")).unwrap();
    let path = folder.path().join("two.toml");
    let path = path.to_str().unwrap();
    let refused = |from: &str, to: &str| {
        assert!(two.contains(from), "{from}");
        fs::write(path, two.replacen(from, to, 1)).unwrap();
        fails(folder.path(), &["demo", path], 1).1
    };
    let sums = "protocol = \"sums\"\n";
    let said = refused(sums, "");
    assert!(
        said.contains("2 nodes of which any 1 learn nothing can add, but not multiply"),
        "{said}"
    );
    assert!(said.contains(sums.trim_end()) && said.contains("at least 3 nodes"), "{said}");
    let said = refused("statistic = \"mean\"", "statistic = \"deviation\"");
    assert!(said.contains("the deviation takes more than adding up"), "{said}");
    let cohorts = format!("{sums}\n[[cohorts]]\nname = \"a\"\n[[cohorts]]\nname = \"b\"\n");
    let (head, _) = two.split_once("[[answers]]").unwrap();
    fs::write(path, head.replace(sums, &cohorts)).unwrap();
    let (_, said) = fails(folder.path(), &["demo", path], 1);
    assert!(said.contains("write membership = \"public\""), "{said}");
    let said = refused(sums, "protocol = \"sums\"\nsecurity = \"active\"\n");
    assert!(said.contains("leave security = \"active\" out"), "{said}");
    fs::write(path, &two).unwrap();
    let (_, said) = fails(folder.path(), &["demo", path, "--liar", "1"], 2);
    assert!(said.contains("none can find out a liar"), "{said}");
    let planned = ok(folder.path(), &["session", "plan", path]);
    assert_eq!((&planned["nodes"], &planned["rounds"]), (&json!(2), &json!(3)));

    // Other kinds of sessions, on nodes that could do them.
    let sale =
        "title = \"Lot\"\nkind = \"second-price\"\nbids_until = \"1h\"\nprotocol = \"sums\"\n";
    fs::write(path, sale).unwrap();
    let (_, said) = fails(folder.path(), &["demo", path], 1);
    assert!(said.contains("which serves surveys only"), "{said}");
}

/// The analyst's home is a node and the coordinator; the other node is killed while people answer,
/// and again when the survey is closed.
#[test]
fn a_survey_between_a_server_and_an_analyst() {
    let mut town = Town::of(&["server", "analyst"], 1, "analyst").running();
    assert_eq!((&town.roster["nodes"], &town.roster["threshold"]), (&json!(2), &json!(1)));
    let lead = town.lead();
    let sale = town.file("sale.toml", crate::common::town::SALE);
    let (_, said) = fails(&lead, &["session", "new", "--open", &sale], 1);
    assert!(said.contains("can add, but not multiply or compare"), "{said}");

    let people = ["ada", "ben", "cyd"].map(|name| town.add_bidder(name));
    let session = town.open(
        "title = \"Boxes\"\nkind = \"survey\"\nbids_until = \"1h\"\nprotocol = \"sums\"\n\
         at_least = 1\nmembership = \"public\"\n[[questions]]\nname = \"boxes\"\nmaximum = 900\n\
         [[cohorts]]\nname = \"north\"\n[[cohorts]]\nname = \"south\"\n\
         [[results]]\nstatistic = \"sum\"\nquestion = \"boxes\"\nby = \"both\"\n",
    );
    let answer = |home: &Path, cohort: &str, boxes: &str| {
        let value = format!("boxes={boxes}");
        ok(home, &["survey", "answer", &session, "--cohort", cohort, "--value", &value])
    };
    answer(&people[0], "north", "7");
    answer(&people[1], "south", "14");
    town.restart("server");
    answer(&people[2], "north", "21");
    ok(&lead, &["session", "close", &session]);
    town.restart("server");
    let settled = ok(&lead, &["session", "watch", &session]);
    assert_eq!(settled["phase"], "settled");
    let shown = ok(&people[0], &["survey", "results", &session]);
    for (cohort, sum) in [(None, 42), (Some("north"), 28), (Some("south"), 14)] {
        assert_eq!(value(&shown, "sum", Some("boxes"), cohort), sum);
    }
}

#[test]
fn a_cohort_that_is_too_small_is_withheld_with_the_next() {
    let shown = demo(&["sessions/pay-gap.toml"]);
    assert_eq!((&shown["answers"], &shown["correct"]), (&json!(19), &json!(true)));
    for cohort in ["legal", "women, sales"] {
        for (statistic, question) in [("count", None), ("mean", Some("pay"))] {
            assert_eq!(value(&shown, statistic, question, Some(cohort)), Value::Null);
        }
    }
    assert_eq!(value(&shown, "count", None, None), 19);
    assert_eq!(value(&shown, "count", None, Some("men, engineering")), 5);
    assert_eq!(value(&shown, "mean", Some("pay"), Some("men, engineering")), 63_200.0);
    assert_eq!(value(&shown, "quartiles", Some("pay"), None), json!([45_000, 57_000, 63_000]));
}

#[test]
fn made_up_answers_and_nobody_at_all() {
    let some = demo(&["sessions/pay-gap.toml", "--bids", "12"]);
    assert_eq!((&some["answers"], &some["correct"]), (&json!(12), &json!(true)));
    let none = demo(&["sessions/pay-gap.toml", "--bids", "0"]);
    assert_eq!((&none["answers"], &none["correct"]), (&json!(0), &json!(true)));
    let results = none["results"].as_array().unwrap();
    assert!(results.iter().all(|result| result["value"].is_null()));
}

/// Answers on standard input, a line for each.
fn answer_by_pipe(home: &Path, session: &str, lines: &str) -> Value {
    let mut command = gavel();
    command.args(["--json", "survey", "answer", session, "--home"]).arg(home);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    // The bounds of what is asked are shown before.
    assert!(stderr(&output).contains("of each cohort: whether it is withheld"));
    result(&output)
}

const SURVEY: &str = "title = \"Pay\"\nkind = \"survey\"\nbids_until = \"1h\"\n\
                      replace_bids = true\nat_least = 2\n\
                      [[questions]]\nname = \"pay\"\nunit = \"EUR\"\ndecimals = 2\nmaximum = 9000\n\
                      [[questions]]\nname = \"change\"\nminimum = -100\nmaximum = 100\n\
                      [[cohorts]]\nname = \"north\"\n[[cohorts]]\nname = \"south\"\n\
                      [[results]]\nstatistic = \"mean\"\nquestion = \"pay\"\nby = \"both\"\n\
                      [[results]]\nstatistic = \"sum\"\nquestion = \"change\"\n";

#[test]
fn a_survey_between_organisations() {
    let town = Town::found("north").running();
    let people = ["ada", "ben", "cyd", "dan"].map(|name| town.add_bidder(name));
    let session = town.open(SURVEY);
    let begin = &session[..8];
    let file = |name: &str| town.folder.path().join(name).to_str().unwrap().to_owned();
    let lead = town.lead();

    // The first by options, and again; the second by lines; the third and the fourth by forms.
    let words = ["survey", "answer", begin, "--cohort", "north", "--value"];
    ok(&people[0], &[&words[..], &["pay=9000", "--value", "change=-100"]].concat());
    let again = ok(&people[0], &[&words[..], &["pay=1000.50", "--value", "change=-7"]].concat());
    assert_eq!(again["revision"], 2);
    assert_eq!(answer_by_pipe(&people[1], begin, "1\n2000\n3\n")["revision"], 1);
    let form = file("form.csv");
    ok(&people[2], &["survey", "form", begin, &form]);
    assert_eq!(fs::read_to_string(&form).unwrap(), "cohort,pay,change\r\n,,\r\n");
    assert_eq!(fails(&people[2], &["survey", "form", begin, &form], 1).0, "exists");
    let book = file("form.xlsx");
    assert_eq!(ok(&people[2], &["survey", "form", begin, &book])["columns"][1], "pay");

    // What is wrong is said, and burns no revision.
    for (text, said) in [
        ("cohort,pay\nsouth,3000\n", "there is no column for \"change\""),
        ("cohort,pay,change\nsouth,much,0\n", "line 2, column 2, \"pay\""),
        ("cohort,pay,change\nsouth,3000,101\n", "line 2, column 3, \"change\""),
        ("cohort,pay,change\nsouth,=B3,0\n", "this is a formula"),
    ] {
        fs::write(&form, text).unwrap();
        let (kind, detail) = fails(&people[2], &["survey", "answer", begin, "--from", &form], 1);
        assert_eq!((kind.as_str(), detail.contains(said)), ("bad-form", true), "{detail}");
        assert!(detail.contains("form.csv"), "{detail}");
    }
    fs::write(&form, "cohort,pay,change\nsouth,3000,0\n").unwrap();
    let third = ok(&people[2], &["survey", "answer", begin, "--from", &form]);
    assert_eq!(third["revision"], 1);
    fs::write(&form, "change;cohort;pay\n10;south;4000.25\n").unwrap();
    ok(&people[3], &["survey", "answer", begin, "--from", &form]);
    assert_eq!(fails(&people[3], &["bid", begin, "--amount", "5"], 2).0, "usage");
    assert_eq!(fails(&lead, &["survey", "results", begin], 1).0, "not-settled");

    // Invitations say the cohort.
    let (list, letters) = (file("people.csv"), file("letters.csv"));
    fs::write(&list, "name,cohort\nEva,south\n\"Fox, G\",\n").unwrap();
    ok(&lead, &["survey", "invite", begin, "--from", &list, "--csv", &letters]);
    let written = fs::read_to_string(&letters).unwrap();
    assert!(written.contains("Eva") && written.contains("south"), "{written}");
    fs::write(&list, "name,cohort\nEva,east\n").unwrap();
    let (_, detail) = fails(&lead, &["survey", "invite", begin, "--from", &list], 1);
    assert!(detail.contains("the cohort of \"Eva\" is none of the survey's"), "{detail}");

    let settled = town.settle(begin);
    assert_eq!(settled["phase"], "settled");
    let (csv, xlsx) = (file("results.csv"), file("results.xlsx"));
    let words = ["survey", "results", begin, "--csv", &csv, "--xlsx", &xlsx];
    let shown = ok(&people[0], &words);
    assert_eq!((&shown["answers"], &shown["title"]), (&json!(4), &json!("Pay")));
    // In cents: 1,000.50, 2,000.00, 3,000.00 and 4,000.25.
    assert_eq!(value(&shown, "mean", Some("pay"), None), 250_018.75);
    assert_eq!(value(&shown, "mean", Some("pay"), Some("north")), 150_025.0);
    assert_eq!(value(&shown, "sum", Some("change"), None), 6);
    assert_eq!(
        fs::read_to_string(&csv).unwrap(),
        "statistic,question,per,cohort,part,value,unit,withheld\r\n\
         mean,pay,,,,2500.1875,EUR,\r\n\
         mean,pay,,north,,1500.2500,EUR,\r\n\
         mean,pay,,south,,3500.1250,EUR,\r\n\
         sum,change,,,,6,,\r\n"
    );
    assert!(fs::metadata(&xlsx).unwrap().len() > 1_000);
    assert_eq!(fails(&people[0], &words, 1).0, "exists");
    // A session of another kind has no results of a survey.
    let sale = town.open(crate::common::town::SALE);
    assert_eq!(
        fails(&people[0], &["survey", "form", &sale[..8], &file("x.csv")], 1).0,
        "no-survey"
    );
}

/// From a table with cohorts to results by cohort, checked offline.
#[test]
fn cohorts_come_with_the_invitation() {
    let town = Town::found("north").running();
    let lead = town.lead();
    let assigned = "at_least = 2\nmembership = \"assigned\"\nadmission = \"accounts\"\n";
    let session = town.open(&SURVEY.replacen("at_least = 2\n", assigned, 1));
    let begin = &session[..8];
    let file = |name: &str| town.folder.path().join(name).to_str().unwrap().to_owned();

    // Nobody is invited without a cohort of the survey.
    let list = file("people.csv");
    fs::write(&list, "name,cohort\nada,north\nben,\n").unwrap();
    let (kind, detail) = fails(&lead, &["survey", "invite", begin, "--from", &list], 1);
    assert_eq!(kind, "no-cohort");
    assert!(
        detail.contains("\"ben\" has no cohort") && detail.contains("north, south"),
        "{detail}"
    );
    assert_eq!(fails(&lead, &["survey", "invite", begin, "2"], 1).0, "no-cohort");
    let east = ["survey", "invite", begin, "1", "--cohort", "east"];
    assert!(fails(&lead, &east, 1).1.contains("none of the survey's"));
    assert_eq!(ok(&lead, &["invite", "--list"])["invitations"], json!([]));

    fs::write(&list, "name,cohort\nada,north\nben,north\ncyd,\ndan,\n").unwrap();
    let words = ["survey", "invite", begin, "--from", &list, "--cohort", "south"];
    let made = ok(&lead, &words)["invitations"].clone();
    let cohorts: Vec<&str> =
        made.as_array().unwrap().iter().map(|line| line["cohort"].as_str().unwrap()).collect();
    assert_eq!(cohorts, ["north", "north", "south", "south"]);
    let own = town.file("own", "one of my own\n");
    let join = |name: &str, invitation: &Value| {
        let (home, code) = (town.fetch(name), invitation["code"].as_str().unwrap());
        ok(&home, &["join", code, "--name", name, "--password-file", &own]);
        home
    };
    let names = ["ada", "ben", "cyd", "dan"];
    let people = [0, 1, 2, 3].map(|at| join(names[at], &made[at]));

    // Who was invited to something else is told so, and what to do.
    let values = ["--value", "pay=1", "--value", "change=1"];
    for (name, words, said) in [
        ("eve", &["invite", "1"][..], "ask for an invitation with a cohort"),
        ("fox", &["invite", "1", "--cohort", "east"][..], "invited to the cohort \"east\""),
    ] {
        let home = join(name, &ok(&lead, words)["invitations"][0]);
        let words = [&["survey", "answer", begin][..], &values].concat();
        let (kind, detail) = fails(&home, &words, 1);
        assert_eq!((kind.as_str(), detail.contains(said)), ("not-admitted", true), "{detail}");
    }

    // By options, with the right cohort or none; by lines; by a form, which has no column for it.
    let words = ["survey", "answer", begin, "--value"];
    let first = ok(&people[0], &[&words[..], &["pay=9000", "--value", "change=-100"]].concat());
    assert_eq!((&first["cohort"], &first["revision"]), (&json!("north"), &json!(1)));
    let again = ok(&people[0], &[&words[..], &["pay=1000.50", "--value", "change=-7"]].concat());
    assert_eq!((&again["cohort"], &again["revision"]), (&json!("north"), &json!(2)));
    let said =
        |cohort| [&words[..], &["pay=2000", "--value", "change=3", "--cohort", cohort]].concat();
    let (kind, detail) = fails(&people[1], &said("south"), 1);
    assert_eq!(kind, "other-cohort");
    assert!(detail.contains("put you into the cohort north"), "{detail}");
    assert_eq!(ok(&people[1], &said("north"))["revision"], 1);
    let third = answer_by_pipe(&people[2], begin, "3000\n0\n");
    assert_eq!(third["cohort"], "south");
    let form = file("form.csv");
    ok(&people[3], &["survey", "form", begin, &form]);
    assert_eq!(fs::read_to_string(&form).unwrap(), "pay,change\r\n,\r\n");
    fs::write(&form, "change;pay\n10;4000.25\n").unwrap();
    ok(&people[3], &["survey", "answer", begin, "--from", &form]);

    let listed = ok(&lead, &["session", "people", begin])["people"].clone();
    let cohort_of = |name: &str| {
        let line = listed.as_array().unwrap().iter().find(|line| line["name"] == name);
        line.unwrap()["cohort"].clone()
    };
    assert_eq!(names.map(cohort_of), ["north", "north", "south", "south"].map(|name| json!(name)));

    assert_eq!(town.settle(begin)["phase"], "settled");
    let shown = ok(&people[0], &["survey", "results", begin]);
    assert_eq!(value(&shown, "mean", Some("pay"), Some("north")), 150_025.0);
    assert_eq!(value(&shown, "mean", Some("pay"), Some("south")), 350_012.5);
    assert_eq!(value(&shown, "sum", Some("change"), None), 6);
    // The record says who counts where, and holds offline.
    let record = file("record.json");
    ok(&people[0], &["session", "show", begin, "--record", &record]);
    ok(&people[1], &["verify", &record]);
    let text = fs::read_to_string(&record).unwrap();
    let told: Value = serde_json::from_str(&text).unwrap();
    let entries = told["manifest"]["body"]["entries"].as_array().unwrap();
    let members = told["outcome"]["body"]["answer"]["survey"]["members"].as_array().unwrap();
    assert_eq!((entries.len(), members.len()), (4, 4));
    for (entry, member) in entries.iter().zip(members) {
        let north = ["ada", "ben"].contains(&entry["bidder"].as_str().unwrap());
        assert_eq!(*member, u8::from(!north), "{entry}");
    }
    // Whoever moves one participant in it breaks the nodes' signatures.
    let position = text.find("\"members\"").unwrap();
    let (before, after) = text.split_at(position);
    let swapped = if after.find('0') < after.find('1') {
        after.replacen('0', "1", 1)
    } else {
        after.replacen('1', "0", 1)
    };
    let altered = town.file("altered.json", &format!("{before}{swapped}"));
    fails(&people[1], &["verify", &altered], 1);
}

#[test]
fn a_demo_assigns_the_cohorts_of_its_file() {
    let shown = demo(&["sessions/overtime.toml"]);
    assert_eq!((&shown["answers"], &shown["correct"]), (&json!(12), &json!(true)));
    assert_eq!((&shown["verified"], &shown["security"]), (&json!(true), &json!("active")));
    for (cohort, count, mean, most) in
        [("works", 5, 38.0, 42), ("office", 4, 38.0, 41), ("drivers", 3, 46.0, 48)]
    {
        assert_eq!(value(&shown, "count", None, Some(cohort)), count);
        assert_eq!(value(&shown, "mean", Some("hours"), Some(cohort)), mean);
        assert_eq!(value(&shown, "maximum", Some("hours"), Some(cohort)), most);
    }
    assert_eq!(value(&shown, "mean", Some("hours"), None), 40.0);

    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string("sessions/pay-gap.toml").unwrap();
    let file = |membership: &str| {
        let file = folder.path().join(format!("{membership}.toml"));
        let wanted = format!("membership = \"{membership}\"");
        let text = text.replacen("membership = \"secret\"", &wanted, 1);
        assert!(text.contains(&wanted));
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (assigned, public) = (file("assigned"), file("public"));
    let shown = demo(&[&assigned]);
    for shown in [&shown, &demo(&[&assigned, "--bids", "12"])] {
        assert_eq!((&shown["correct"], &shown["verified"]), (&json!(true), &json!(true)));
    }
    assert_eq!(shown["answers"], 19);
    // As where the participants say them openly, without the gates that check what they say.
    let public = demo(&[&public]);
    assert_eq!(shown["results"], public["results"]);
    let gates = |shown: &Value| shown["gates"].as_u64().unwrap();
    assert!(gates(&shown) < gates(&public));
}

#[test]
fn a_survey_to_edit_is_one_that_can_be_played() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("survey.toml");
    let words = ["survey", "new", file.to_str().unwrap()];
    ok(folder.path(), &words);
    assert_eq!(fails(folder.path(), &words, 1).0, "exists");
    let shown = demo(&[file.to_str().unwrap(), "--bids", "15"]);
    assert_eq!((&shown["answers"], &shown["correct"]), (&json!(15), &json!(true)));
}
