//! `gavel bench` of the engine: what comes out is right, and says what was asked.

use crate::common::{fails, ok};
use serde_json::Value;

fn bench(words: &[&str]) -> Value {
    let home = tempfile::tempdir().unwrap();
    let report = ok(home.path(), &[&["bench"], words, &["--seed", "7"]].concat());
    assert_eq!(report["correct"], true, "{report}");
    assert!(report["seconds"].as_f64().unwrap() > 0.0 && report["rounds"].as_u64().unwrap() > 1);
    let each = |name: &str| -> Vec<u64> {
        let list = report[name].as_array().unwrap().iter();
        list.map(|value| value.as_u64().unwrap()).collect()
    };
    assert!(each("bytes_sent").iter().all(|&bytes| bytes > 0), "{report}");
    assert_eq!(each("bytes_sent").len() as u64, report["nodes"].as_u64().unwrap());
    if cfg!(target_os = "linux") {
        assert!(each("peak_memory_bytes").iter().all(|&bytes| bytes > 1 << 20), "{report}");
    }
    report
}

#[test]
fn a_small_market_is_measured() {
    let market = ["market", "--participants", "50", "--prices", "70", "--bits", "9"];
    let report = bench(&market);
    assert_eq!((&report["participants"], &report["prices"]), (&50.into(), &70.into()), "{report}");
    assert_eq!((&report["bits"], &report["security"]), (&9.into(), &"active".into()), "{report}");
    let five = ["--nodes", "5", "--security", "passive", "--in-process"];
    let other = bench(&[&market[..], &five].concat());
    assert_eq!((&other["nodes"], &other["security"]), (&5.into(), &"passive".into()), "{other}");
    assert_eq!(report["gates"], other["gates"]);
}

#[test]
fn a_small_survey_is_measured() {
    let survey = ["survey", "--participants", "70", "--questions", "2", "--bits", "9"];
    let report = bench(&survey);
    assert_eq!((&report["participants"], &report["questions"]), (&70.into(), &2.into()));
    assert_eq!((&report["cohorts"], &report["security"]), (&5.into(), &"active".into()));
    let all = ["--statistics", "deviation,minimum,maximum,quartiles", "--secret"];
    let rest = ["--nodes", "5", "--security", "passive", "--in-process", "--cohorts", "2"];
    let other = bench(&[&survey[..], &all, &rest].concat());
    assert_eq!((&other["nodes"], &other["cohorts"]), (&5.into(), &2.into()), "{other}");
    bench(&[&survey[..], &["--cohorts", "0", "--statistics", "median"]].concat());
}

#[test]
fn a_survey_of_two_nodes_is_measured() {
    let two = ["--nodes", "2", "--threshold", "1"];
    let survey = ["survey", "--participants", "70", "--questions", "3", "--bits", "40"];
    let report = bench(&[&survey[..], &two].concat());
    assert_eq!((&report["nodes"], &report["security"]), (&2.into(), &"passive".into()));
    // Keys, then cohorts and sums in two rounds each.
    assert_eq!((&report["rounds"], &report["gates"]), (&5.into(), &0.into()), "{report}");
    let more = ["--nodes", "4", "--threshold", "2", "--in-process", "--cohorts", "0"];
    assert_eq!(bench(&[&survey[..], &more].concat())["rounds"], 3);
    let home = tempfile::tempdir().unwrap();
    let deviation = [&["bench"], &survey[..], &two, &["--statistics", "deviation"]].concat();
    let (_, said) = fails(home.path(), &deviation, 2);
    assert!(said.contains("takes more than adding up"), "{said}");
    for what in ["compare", "auction", "market"] {
        let (_, said) = fails(home.path(), &[&["bench", what], &two[..]].concat(), 2);
        assert!(said.contains("3 to 9 nodes, not 2"), "{said}");
    }
}

#[test]
fn an_auction_with_scores_is_measured_and_comes_as_predicted() {
    let auction = ["auction", "--bids", "90", "--bits", "20", "--scored"];
    let report = bench(&auction);
    assert_eq!((&report["bids"], &report["pays"]), (&90.into(), &"threshold".into()), "{report}");
    assert!(report["rounds"] == report["plan"]["rounds"] && report["quantity"].is_null());
    let five = ["own", "--nodes", "5", "--in-process"];
    let other = bench(&[&auction[..], &five].concat());
    assert_eq!((&other["pays"], &other["nodes"]), (&"own".into(), &5.into()), "{other}");
    assert!(report["gates"].as_u64().unwrap() > other["gates"].as_u64().unwrap() / 2);
    let home = tempfile::tempdir().unwrap();
    let paper = [&["bench"], &auction[..], &["--protocol", "paper"]].concat();
    assert!(fails(home.path(), &paper, 2).1.contains("runs on bits"));
    let wide = ["bench", "auction", "--scored", "--bits", "62"];
    assert!(fails(home.path(), &wide, 2).1.contains("2^62"));
    let lots = ["bench", "auction", "--scored", "--quantity", "2"];
    fails(home.path(), &lots, 2);
}

#[test]
fn dealers_are_measured() {
    let report = bench(&["dealers", "--triples", "90000"]);
    assert_eq!((&report["triples"], &report["nodes"]), (&90_000.into(), &3.into()), "{report}");
    assert_eq!((&report["bits"], &report["security"]), (&128.into(), &"active".into()));
    // A product and three MACs each, and a MAC more for the test of each of two batches.
    assert_eq!(report["gates"], 4 * 90_000 + 2);
    assert_eq!(report["rounds"], report["plan"]["rounds"]);
    assert_eq!(report["bytes_sent"][0], report["plan"]["bytes_sent"], "{report}");
    let five = ["--nodes", "5", "--in-process", "--security", "passive"];
    let report = bench(&[&["dealers", "--triples", "100"], &five[..]].concat());
    assert_eq!((&report["nodes"], &report["gates"]), (&5.into(), &401.into()), "{report}");
}

#[test]
fn scores_of_two_parties_are_measured_and_right() {
    for (model, sheets) in [("logistic", "1"), ("small", "20"), ("digits", "1")] {
        let report = bench(&["score", model, "--sheets", sheets, "--in-process"]);
        assert_eq!(
            (&report["nodes"], &report["sheets"]),
            (&2.into(), &sheets.parse::<u64>().unwrap().into())
        );
        assert_eq!(report["rounds"], report["plan"]["rounds"], "{model}: {report}");
        let sent = report["bytes_sent"].as_array().unwrap();
        let most = sent.iter().filter_map(serde_json::Value::as_u64).max();
        assert_eq!(most, report["plan"]["bytes_sent"].as_u64(), "{model}: {report}");
    }
    let report = bench(&["score", "logistic"]);
    assert_eq!((&report["rounds"], &report["bits"]), (&report["plan"]["rounds"], &128.into()));
}

#[test]
fn products_are_measured_in_a_batch_and_in_a_chain() {
    let report = bench(&["job", "--multiplications", "70000"]);
    assert_eq!((&report["multiplications"], &report["chain"]), (&70_000.into(), &false.into()));
    assert_eq!((&report["field"], &report["security"]), (&"2^61-1".into(), &"active".into()));
    assert_eq!((&report["gates"], &report["rounds"]), (&70_000.into(), &report["plan"]["rounds"]));
    assert_eq!(report["bytes_sent"][0], report["plan"]["bytes_sent"], "{report}");
    let chain = ["job", "--multiplications", "30", "--chain", "--field", "secp256k1"];
    let report = bench(&[&chain[..], &["--nodes", "5", "--in-process"]].concat());
    // The keys, a round for each product, the check, and the opening.
    assert_eq!((&report["rounds"], &report["chain"]), (&35.into(), &true.into()), "{report}");
    let home = tempfile::tempdir().unwrap();
    for words in [["--field", "2^89-1"], ["--multiplications", "0"]] {
        fails(home.path(), &[&["bench", "job"], &words[..]].concat(), 2);
    }
}

#[test]
fn markets_and_surveys_that_no_session_has_are_refused() {
    let home = tempfile::tempdir().unwrap();
    for words in [["--prices", "0"], ["--participants", "0"], ["--prices", "100000"]] {
        fails(home.path(), &[&["bench", "market"], &words[..]].concat(), 2);
    }
    for words in [["--participants", "0"], ["--cohorts", "1"]] {
        fails(home.path(), &[&["bench", "survey"], &words[..]].concat(), 2);
    }
}
