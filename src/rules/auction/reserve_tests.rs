//! A reserve that is a stored variable, from the file to the terms.

use crate::base::Timestamp;
use crate::rules::SessionFile;
use crate::rules::auction::reserve::*;
use crate::rules::job::version::Fingerprint;

const FILE: &str = "title = \"Harbour view\"\nkind = \"second-price\"\ncurrency = \"EUR\"\n\
                    decimals = 2\nmaximum = \"5000\"\nbids_until = \"2m\"\n\
                    reserve = { variable = \"cost\" }\n";

fn stored(range: &str, owner: Option<&str>) -> StoredVariable {
    StoredVariable {
        name: "cost".to_owned(),
        field: Prime::Mersenne61,
        range: range.to_owned().try_into().unwrap(),
        owner: owner.map(str::to_owned),
        generation: 0,
        digests: vec![Fingerprint([1; 32]); 3],
    }
}

fn filled(text: &str, stored: &StoredVariable) -> Result<String, ReserveError> {
    let mut table: toml::Table = text.parse().unwrap();
    assert!(is_variable(&table));
    fill(&mut table, |name| (name == stored.name).then_some(stored))?;
    Ok(toml::to_string(&table).unwrap())
}

fn terms(text: &str) -> Result<crate::rules::Terms, String> {
    let file = SessionFile::parse(text).map_err(|error| error.to_string())?;
    file.terms(Timestamp::from_millis(0)).map_err(|error| error.to_string())
}

#[test]
fn a_file_is_filled_in_and_becomes_terms_that_name_the_variable() {
    let variable = stored("0..=100000", None);
    assert!(terms(FILE).unwrap_err().contains("is not filled in"));
    let terms = terms(&filled(FILE, &variable).unwrap()).unwrap();
    let question = terms.question.as_auction().unwrap();
    assert!(question.reserve.is_none() && question.has_reserve());
    let [wanted] = terms.question.wanted().try_into().ok().unwrap();
    assert!(wanted.is(&variable));
    assert!(!wanted.is(&stored("0..=100000", Some("ada"))));
    // In papers it goes both ways, and auctions without one are written as before.
    let json = serde_json::to_string(question).unwrap();
    assert_eq!(serde_json::from_str::<crate::rules::auction::Question>(&json).unwrap(), *question);
    let public = FILE.replace("{ variable = \"cost\" }", "\"500\"");
    let plain = self::terms(&public).unwrap();
    let json = serde_json::to_string(plain.question.as_auction().unwrap()).unwrap();
    assert!(!json.contains("secret_reserve"), "{json}");
}

#[test]
fn variables_that_can_be_no_reserve_are_refused_with_what_to_do() {
    let error = |range, owner| match filled(FILE, &stored(range, owner)) {
        Ok(text) => terms(&text).unwrap_err(),
        Err(error) => error.to_string(),
    };
    assert!(error("0..=100000", Some("ada")).contains("ada alone"));
    assert!(error("-1..=100000", None).contains("raise maximum"));
    assert!(error("0..=500001", None).contains("a bid is 0 to 500000"));
    assert!(error("any", None).contains("raise maximum"));
    let other = FILE.replace("\"cost\"", "\"price\"");
    let missing = filled(&other, &stored("0..=1", None)).unwrap_err().to_string();
    assert!(missing.contains("\"price\""), "{missing}");
    let paper = format!("protocol = \"paper\"\n{FILE}");
    let paper = terms(&filled(&paper, &stored("0..=1", None)).unwrap()).unwrap_err();
    assert!(paper.contains("takes bits"), "{paper}");
    let wide = FILE.replace("\"5000\"", "\"30000000000000000\"");
    let wide = terms(&filled(&wide, &stored("0..=1", None)).unwrap()).unwrap_err();
    assert!(wide.contains("at most 60 bits, not 62"), "{wide}");
    // What the file says itself is not overwritten, and must be well written.
    let own = FILE.replace("\"cost\" }", "\"cost\", range = \"a lot\" }");
    let own = terms(&filled(&own, &stored("0..=1", None)).unwrap()).unwrap_err();
    assert!(own.contains("range of the variable"), "{own}");
    let typo = FILE.replace("{ variable", "{ name = 1, variable");
    assert!(terms(&typo).unwrap_err().contains("unknown field `name`"));
}
