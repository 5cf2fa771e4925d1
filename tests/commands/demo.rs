//! `gavel demo`: five servers on loopback, real sealed envelopes, a signed outcome.

use std::fs;

use crate::common::{gavel, result, stderr, stdout};
use serde_json::{Value, json};

/// Run a demo and give its result, and what it told on standard error.
fn demo(words: &[&str]) -> (Value, String) {
    let mut command = gavel();
    command.args(["demo", "--headless", "--json"]).args(words);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", stderr(&output));
    (result(&output), stderr(&output))
}

#[test]
fn an_art_sale_goes_to_the_earlier_of_two_equal_bids() {
    let (result, progress) = demo(&["sessions/art-sale.toml"]);
    assert_eq!(result["kind"], "second-price");
    assert_eq!(result["phase"], "settled");
    assert_eq!(result["winner"], "ada");
    assert_eq!(result["price"], 124_000);
    assert_eq!(result["price_text"], "1 240.00 EUR");
    assert_eq!(result["signed_by"], json!([1, 2, 3, 4, 5]));
    assert_eq!(result["bids"], 6);
    assert_eq!(result["excluded"], json!([]));
    assert_eq!(result["refused"], json!([]));
    assert_eq!(result["verified"], true);
    assert_eq!(result["session"].as_str().unwrap().len(), 32);
    assert!(result["seconds"]["closing"].is_number() && result["seconds"]["computing"].is_number());
    assert!(result["rounds"].as_u64().unwrap() > 0 && result["gates"].as_u64().unwrap() > 0);
    let sent = result["bytes_sent"].as_array().unwrap();
    assert!(sent.len() == 5 && sent.iter().all(|bytes| bytes.as_u64().unwrap() > 0));
    // In one group, in pairs or in something between, as the plan has it.
    let last = |levels: u8| progress.contains(&format!("level {levels} of {levels}, "));
    assert!((1..=3).any(last), "{progress}");
    // Losing amounts are nobody's business, not even on this screen.
    for amount in ["860.5", "1175", "499.99", "930"] {
        assert!(!progress.contains(amount), "{amount} in {progress}");
    }
}

#[test]
fn a_liar_is_named_and_the_right_bidder_wins() {
    let (result, progress) = demo(&["--liar", "3"]);
    assert_eq!((&result["winner"], &result["price"]), (&json!("ada"), &json!(124_000)));
    assert_eq!((&result["nodes"], &result["threshold"]), (&json!(5), &json!(1)));
    assert_eq!((&result["attempts"], &result["named"]), (&json!(2), &json!([3])));
    assert_eq!(result["signed_by"], json!([1, 2, 4, 5]));
    assert_eq!(result["lies"][0]["fault"], "gate");
    assert_eq!(result["lies"][0]["by"], json!([1, 2, 3, 4, 5]));
    assert!(progress.contains("gate"), "{progress}");
    let mut words = gavel();
    words.args(["demo", "--headless", "--liar", "3", "--nodes", "3"]);
    assert!(!words.output().unwrap().status.success());
}

#[test]
fn a_procurement_goes_to_the_lowest_offer() {
    let (result, _) = demo(&["sessions/procurement.toml"]);
    assert_eq!(result["kind"], "reverse-second-price");
    assert_eq!(result["winner"], "Kessler Roads");
    assert_eq!(result["price"], 8_740_000);
}

#[test]
fn a_charity_lot_goes_to_the_highest_bid_at_its_own_price() {
    let (result, _) = demo(&["sessions/charity-lot.toml"]);
    assert_eq!(result["kind"], "first-price");
    assert_eq!((&result["winner"], &result["price"]), (&json!("Keiko"), &json!(410)));
    assert_eq!(result["signed_by"], json!([1, 2, 3]));
}

#[test]
fn any_number_of_nodes_and_threshold_decides_alike() {
    for (nodes, threshold) in [("3", "1"), ("4", "1"), ("5", "1"), ("7", "3"), ("9", "4")] {
        let (result, _) = demo(&["--nodes", nodes, "--threshold", threshold]);
        assert_eq!((&result["winner"], &result["price"]), (&json!("ada"), &json!(124_000)));
        assert_eq!(result["bytes_sent"].as_array().unwrap().len().to_string(), nodes);
        assert_eq!(result["threshold"].to_string(), threshold);
    }
}

/// A session with these bids.
fn with_bids(reserve: &str, bids: &[(&str, &str)]) -> (tempfile::TempDir, String) {
    use std::fmt::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session.toml");
    let mut text = format!(
        "title = \"Lot\"\nkind = \"second-price\"\ndecimals = 2\nmaximum = \"1000\"\n\
         reserve = \"{reserve}\"\nbids_until = \"1m\"\n[roster]\nnodes = 3\nthreshold = 1\n"
    );
    for (bidder, amount) in bids {
        write!(text, "[[bids]]\nbidder = \"{bidder}\"\namount = \"{amount}\"\n").unwrap();
    }
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn several_lots_go_to_the_best_bidders_at_the_best_losing_bid() {
    let (result, progress) = demo(&["sessions/fishing-quota.toml"]);
    let won = |bidder: &str| json!({"bidder": bidder, "quantity": 1, "price": 51_500});
    let winners = ["Freyr", "Bryn", "Aud", "Dis"].map(won);
    assert_eq!(result["winners"], json!(winners));
    assert_eq!(result.get("winner"), None);
    assert_eq!((&result["price"], &result["price_text"]), (&json!(51_500), &json!("515.00 EUR")));
    assert_eq!((&result["bids"], &result["verified"]), (&json!(10), &json!(true)));
    for amount in ["702", "640.5", "498.75", "449.99"] {
        assert!(!progress.contains(amount), "{amount} in {progress}");
    }
}

#[test]
fn winners_at_first_price_pay_their_own_bids() {
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/charity-lot.toml"));
    let several = text.unwrap().replace("currency =", "quantity = 2\ncurrency =");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lots.toml");
    fs::write(&path, several).unwrap();
    let kept = folder.path().join("kept");
    let (result, _) = demo(&[path.to_str().unwrap(), "--keep", kept.to_str().unwrap()]);
    let won = |bidder: &str, price: u64| json!({"bidder": bidder, "quantity": 1, "price": price});
    assert_eq!(result["winners"], json!([won("Keiko", 410), won("Mireille", 395)]));
    assert_eq!((&result["price"], &result["price_text"]), (&Value::Null, &Value::Null));

    let mut verify = gavel();
    let output = verify.arg("verify").arg(kept.join("record.json")).output().unwrap();
    let text = stdout(&output);
    for words in ["2 lots sold, each winner pays their own bid", "Keiko     410 CHF"] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
}

#[test]
fn no_bids_one_bid_and_bids_below_the_reserve() {
    let (_folder, path) = with_bids("10", &[]);
    let (result, _) = demo(&[&path]);
    assert_eq!((&result["winner"], &result["price"]), (&Value::Null, &Value::Null));
    assert_eq!((&result["phase"], &result["bids"]), (&json!("settled"), &json!(0)));
    let told = stdout(&gavel().args(["demo", "--nodes", "3", &path]).output().unwrap());
    assert!(told.contains("reached the reserve.\n") && told.contains("none was"), "{told}");
    assert!(!told.contains("..") && !told.contains(" 1 rounds"), "{told}");

    let (_folder, path) = with_bids("10", &[("ada", "20")]);
    let (result, _) = demo(&[&path]);
    assert_eq!((&result["winner"], &result["price"]), (&json!("ada"), &json!(1000)));

    let (_folder, path) = with_bids("10", &[("ada", "9.99"), ("basil", "0"), ("chiara", "5")]);
    let (result, _) = demo(&[&path]);
    assert_eq!((&result["winner"], &result["price"]), (&Value::Null, &Value::Null));
    assert_eq!(result["bids"], 3);
}

#[test]
fn a_bid_that_the_client_refuses_is_named_and_the_rest_goes_on() {
    let bids = [("ada", "1000.01"), ("basil", "12.345"), ("chiara", "1000"), ("dmitri", "ten")];
    let (_folder, path) = with_bids("10", &bids);
    let (result, progress) = demo(&[&path]);
    assert_eq!((&result["winner"], &result["price"]), (&json!("chiara"), &json!(1000)));
    assert_eq!(result["bids"], 1);
    let refused = result["refused"].as_array().unwrap();
    let names: Vec<&str> = refused.iter().map(|one| one["bidder"].as_str().unwrap()).collect();
    assert_eq!(names, ["ada", "basil", "dmitri"]);
    assert_eq!(refused[0]["reason"], "above-maximum");
    assert!(refused[1]["detail"].as_str().unwrap().contains("3 decimals"));
    assert!(progress.contains("the bid of \"ada\" is not in: "), "{progress}");
    assert!(!progress.contains("1000.01") && !progress.contains("12.345"), "{progress}");
}

#[test]
fn invented_bidders_and_a_kept_folder_that_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let place = kept.to_str().unwrap();
    let (result, _) = demo(&["--bids", "20", "--nodes", "3", "--keep", place]);
    assert_eq!(result["bids"], 20);
    assert!(result["winner"].as_str().unwrap().starts_with("bidder "));

    let session = result["session"].as_str().unwrap();
    let file = |name: &str| kept.join(name).to_str().unwrap().to_owned();
    let receipt = file(&format!("bidders/7/receipts/{session}/1.json"));
    let mut verify = gavel();
    verify.args(["--json", "verify", &file("record.json"), "--roster", &file("roster.json")]);
    let output = verify.args(["--receipt", &receipt]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let verified = crate::common::result(&output);
    assert_eq!(verified["outcome"]["winner"]["bidder"], result["winner"]);
    assert_eq!(verified["pinned"], json!(true));
    assert!(verified["outcome"].is_object(), "{verified}");
    let receipts = verified["receipts"].as_array().unwrap();
    assert!(receipts.len() == 3 && receipts.iter().all(|one| one["standing"] == "counted"));

    // A record that was altered is refused.
    let text = fs::read_to_string(kept.join("record.json")).unwrap();
    let winner = result["winner"].as_str().unwrap();
    let altered = folder.path().join("altered.json");
    fs::write(&altered, text.replace(winner, "somebody else")).unwrap();
    let output = gavel().arg("verify").arg(&altered).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
}

#[test]
fn the_text_for_people_names_winner_price_and_signers() {
    let output = gavel().args(["demo", "--nodes", "3"]).output().unwrap();
    let text = stdout(&output);
    for words in ["Sold to ada at 1 240.00 EUR", "1 Alder, 2 Birch, 3 Cedar", "every signature"] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_cleans_up() {
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    let folder = tempfile::tempdir().unwrap();
    let mut command = gavel();
    command.args(["demo", "--json", "--bids", "100000"]).env("TMPDIR", folder.path());
    let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut progress = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("bids") {
        line.clear();
        assert!(progress.read_line(&mut line).unwrap() > 0, "the demo ended early");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let id = child.id().to_string();
    std::process::Command::new("kill").args(["-INT", &id]).status().unwrap();
    std::io::copy(&mut progress, &mut std::io::sink()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(result(&output)["error"]["type"], "interrupted");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Who trades how much in `sessions/market.toml`, worked out by hand: at 168.50 EUR 98 t are wanted
/// and 139 t offered; 2 t are left over by rounding, for the two earliest sellers.
const HAY: [(&str, i64); 10] = [
    ("Alpenhof", 20),
    ("Birkenau", -11),
    ("Casa Verde", 35),
    ("Dalgaard", -22),
    ("Eichenhof", 25),
    ("Fattoria Nova", -42),
    ("Gaarden", -8),
    ("Heuwirt", 0),
    ("Isarwinkel", 18),
    ("Jura Ferme", -15),
];

#[test]
fn a_market_clears_and_each_participant_reads_the_own_quantity() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let (result, progress) = demo(&["sessions/market.toml", "--keep", kept.to_str().unwrap()]);
    assert_eq!((&result["kind"], &result["phase"]), (&json!("market"), &json!("settled")));
    assert_eq!((&result["price"], &result["price_text"]), (&json!(16_850), &json!("168.50 EUR")));
    assert_eq!((&result["bought"], &result["sold"]), (&json!(98), &json!(98)));
    assert_eq!((&result["demand"], &result["supply"]), (&json!(98), &json!(139)));
    let expected: serde_json::Map<String, Value> =
        HAY.iter().map(|&(name, quantity)| (name.to_owned(), json!(quantity))).collect();
    assert_eq!(result["quantities"], Value::Object(expected));
    assert_eq!((&result["correct"], &result["verified"]), (&json!(true), &json!(true)));
    assert_eq!((&result["security"], &result["complaints"]), (&json!("active"), &json!([])));
    assert_eq!((&result["attempts"], &result["signed_by"]), (&json!(1), &json!([1, 2, 3])));
    assert!(result.get("winner").is_none());

    // From the end of bidding to the signed outcome stage by stage, and nothing left out.
    let stages = result["seconds"]["stages"].as_array().unwrap();
    let names: Vec<&str> = stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    let of_markets = ["starting", "adding up", "price", "quantities", "opening", "signing"];
    assert_eq!(names[0], "closing");
    assert!(names.ends_with(&of_markets), "{names:?}");
    let whole = |part: &Value| part.as_f64().unwrap();
    let sum: f64 = stages.iter().map(|stage| whole(&stage["seconds"])).sum();
    let all = whole(&result["seconds"]["closing"]) + whole(&result["seconds"]["computing"]);
    assert!((sum - all).abs() < 0.002, "{sum} of {all}");
    // No more than was planned, and not much less.
    let (rounds, planned) = (result["rounds"].as_u64(), result["predicted"]["rounds"].as_u64());
    assert!(rounds <= planned && rounds.unwrap() * 2 > planned.unwrap(), "{rounds:?} {planned:?}");
    for order in ["190", "165", "210", "170"] {
        assert!(!progress.contains(&format!("{order}.00")), "{order} in {progress}");
    }

    // The record holds, and tells nobody's quantity.
    let (record, roster) = (kept.join("record.json"), kept.join("roster.json"));
    let verified = gavel()
        .args(["verify", "--json"])
        .arg(&record)
        .arg("--roster")
        .arg(&roster)
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", stderr(&verified));
    let outcome = &self::result(&verified)["outcome"];
    assert_eq!((&outcome["price"], &outcome["bought"]), (&json!(16_850), &json!(98)));
    assert!(outcome.get("quantities").is_none());
    let trades = outcome["answer"]["market"]["trades"].as_array().unwrap();
    assert_eq!(trades.len(), HAY.len());
    assert!(trades.iter().all(|trade| trade["quantity"]["sealed"].is_u64()));

    // Each reads its own with the own key, and with it nobody else's.
    let answer = |number: usize, receipts: usize| {
        let home = kept.join("bidders").join(number.to_string());
        let other = kept.join("bidders").join(receipts.to_string()).join("receipts");
        if number != receipts {
            let own = home.join("receipts");
            fs::remove_dir_all(&own).unwrap();
            fs::rename(other, own).unwrap();
        }
        let mut command = gavel();
        command.args(["--json", "receipt", "answer", "Hay of the second cut", "--home"]);
        command.arg(&home).arg("--record").arg(&record).arg("--roster").arg(&roster);
        command.output().unwrap()
    };
    for (number, (name, quantity)) in (1..).zip(HAY) {
        let told = answer(number, number);
        assert!(told.status.success(), "{name}: {}", stderr(&told));
        let told = self::result(&told);
        assert_eq!(
            (&told["quantity"], &told["price"]),
            (&json!(quantity), &json!(16_850)),
            "{name}"
        );
    }
    let told = answer(1, 6);
    let told = self::result(&told);
    assert_ne!(told["quantity"], json!(-42), "with Alpenhof's key from the receipts of another");
}

#[test]
fn a_market_of_made_up_participants_is_the_same_for_the_same_seed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("market.toml");
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/sessions/market.toml"));
    let text = text.unwrap().replace("quantities = \"own\"", "quantities = \"everyone\"");
    let (terms, _) = text.split_once("[roster]").unwrap();
    let tail = "participants = 12\nseed = 7\n";
    fs::write(&file, format!("{terms}{tail}")).unwrap();
    let words = [file.to_str().unwrap(), "--nodes", "4", "--threshold", "1"];
    let (one, progress) = demo(&words);
    assert!(progress.contains("seed = 7"), "{progress}");
    let (other, _) = demo(&words);
    assert_eq!((&one["correct"], &one["bids"]), (&json!(true), &json!(12)));
    assert!(one["bought"].as_u64().unwrap() > 0);
    for field in ["price", "bought", "demand", "supply", "quantities"] {
        assert_eq!(one[field], other[field], "{field}");
    }
    assert_eq!(one["quantities"].as_object().unwrap().len(), 12);
    // As many as are asked for, from a seed that is printed.
    let (asked, progress) = demo(&["sessions/market.toml", "--bids", "5"]);
    assert_eq!((&asked["correct"], &asked["bids"]), (&json!(true), &json!(5)));
    assert!(progress.contains("made up from seed = "), "{progress}");
}

#[test]
fn a_liar_in_a_market_is_named_and_changes_nothing() {
    let (result, _) = demo(&["sessions/market.toml", "--nodes", "5", "--liar", "3"]);
    assert_eq!((&result["price"], &result["bought"]), (&json!(16_850), &json!(98)));
    assert_eq!((&result["attempts"], &result["named"]), (&json!(2), &json!([3])));
    assert_eq!(result["complaints"][0]["attempt"], 1);
    assert_eq!(result["complaints"][0]["nodes"], json!([3]));
    assert_eq!((&result["correct"], &result["quantities"]["Gaarden"]), (&json!(true), &json!(-8)));
}
