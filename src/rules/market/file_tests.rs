use crate::base::Timestamp;
use crate::rules::session_file::{SessionFile, with_operator_key, without_demo};
use crate::rules::{OperatorKey, Terms, market};

const FILE: &str = r#"
    title = "Hay"
    kind = "market"
    currency = "EUR"
    decimals = 2
    from = "20"
    to = "30"
    step = "0.50"
    unit = "t"
    bids_until = "2m"
    max_bids = 100
    [[orders]]
    participant = "ada"
    side = "buy"
    steps = [[40, "30"], [100, 25.5]]
    [[orders]]
    participant = "ben"
    side = "sell"
    steps = [["30", 22]]
"#;

fn terms(text: &str) -> Terms {
    SessionFile::parse(text).unwrap().terms(Timestamp::from_millis(0)).unwrap()
}

fn error_of(from: &str, to: &str) -> String {
    let changed = FILE.replace(from, to);
    assert_ne!(changed, FILE);
    match SessionFile::parse(&changed) {
        Ok(_) => panic!("accepted {to}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_file_becomes_terms() {
    let terms = terms(FILE);
    let question = terms.question.as_market().unwrap();
    assert_eq!(question.grid, market::Grid { from: 2_000, to: 3_000, step: 50 });
    assert_eq!((question.grid.prices(), question.bits), (21, 16));
    assert_eq!(terms.layout().unwrap().extent().fields, 22);
    assert!(!terms.needs_range_check());
    assert_eq!(question.prices_line(), "20.00 EUR to 30.00 EUR in steps of 0.50 EUR, 21 prices");
}

#[test]
fn wrong_files_get_one_clear_line() {
    assert!(error_of("step = \"0.50\"", "step = \"0.30\"").contains("change to or step"));
    assert!(error_of("step = \"0.50\"", "step = \"0.001\"").contains("step: the amount has 3"));
    assert!(error_of("step = \"0.50\"", "step = 0").contains("step is above 0"));
    assert!(error_of("step = \"0.50\"", "").contains("missing field `step`"));
    assert!(error_of("unit = \"t\"", "unit = \"t\"\nbits = 25").contains("bits is 1 to 24"));
    assert!(error_of("unit = \"t\"", "unit = \"t\"\nreserve = 1").contains("unknown field"));
    assert!(error_of("unit = \"t\"", "unit_decimals = 9").contains("unit_decimals is 0 to 8"));
    let numbers = error_of("unit = \"t\"", "protocol = \"paper\"");
    assert!(numbers.contains("a market runs on bits"), "{numbers}");
    let order = error_of("[[40, \"30\"], [100, 25.5]]", "[[40, \"30\"], [30, 25.5]]");
    assert!(order.starts_with("the order of \"ada\": who buys takes more"), "{order}");
    assert!(error_of("\"sell\"", "\"lend\"").contains("unknown variant `lend`"));
    assert!(error_of("\"ben\"", "\"ada\"").contains("two orders are by \"ada\""));
    let both = error_of("unit = \"t\"", "unit = \"t\"\nparticipants = 5");
    assert!(both.contains("leave one of them out"), "{both}");
}

#[test]
fn an_operator_is_told_under_a_key() {
    let with = |line: &str| error_of("unit = \"t\"", &format!("unit = \"t\"\n{line}"));
    let operator = "quantities = \"operator\"";
    let none = with(operator);
    assert!(none.contains("`gavel session new` writes that of its own home"), "{none}");
    assert!(with("operator_key = \"AAAA\"").contains("leave it out"));
    let short = with(&format!("{operator}\noperator_key = \"AAAA\""));
    assert!(short.contains("operator_key is not one"), "{short}");
    assert!(with("quantities = \"nobody\"").contains("unknown variant `nobody`"));

    let key = OperatorKey::stand_in();
    let written = FILE.replace("unit = \"t\"", &format!("unit = \"t\"\n{operator}"));
    assert!(SessionFile::read(&written).unwrap().fields.lacks_operator_key());
    assert!(!SessionFile::read(FILE).unwrap().fields.lacks_operator_key());
    let text = toml::to_string(&with_operator_key(&written, &key).unwrap()).unwrap();
    let terms = terms(&text);
    assert_eq!(terms.question.disclosed_to(), Some(&key));
    let question = terms.question.as_market().unwrap();
    assert_eq!(question.reply_bits(), question.quantity_bits() + 1);
    assert!(question.becomes_public().contains("the operator everybody's"));
    assert!(question.told_besides().unwrap().ends_with(&key.fingerprint()));
    let json = serde_json::to_value(&question.quantities).unwrap();
    assert_eq!(json["operator"].as_str().unwrap().len(), 1622);
}

#[test]
fn more_than_a_node_holds_is_no_market() {
    let text = FILE.replace("step = \"0.50\"", "step = \"0.01\"").replace("= 100", "= 500000");
    let error = SessionFile::parse(&text).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("lower max_bids, or take fewer prices or bits"), "{error}");
}

#[test]
fn what_only_a_demo_reads_goes_to_no_server() {
    let seeded = FILE.split("[[orders]]").next().unwrap();
    for text in [FILE.to_owned(), format!("{seeded}\nparticipants = 9\nseed = 2008\n")] {
        let sent = toml::to_string(&without_demo(&text).unwrap()).unwrap();
        assert!(!sent.contains("ada") && !sent.contains("2008") && !sent.contains("participants"));
        assert_eq!(terms(&sent).question, terms(&text).question);
    }
}
