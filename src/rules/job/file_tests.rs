use crate::base::Timestamp;
use crate::rules;
use crate::rules::job::{Answer, Number, Question, json};
use crate::rules::session_file::{self, SessionFile};
use crate::rules::terms::TermsError;

/// A session file with these steps.
fn file(steps: &str) -> String {
    format!("title = \"Job\"\nkind = \"job\"\nbids_until = \"1m\"\n{steps}")
}

fn question(text: &str) -> Question {
    let file = match SessionFile::parse(text) {
        Ok(file) => file,
        Err(error) => panic!("{error}"),
    };
    let terms = file.terms(Timestamp::from_millis(0)).unwrap();
    terms.question.as_job().unwrap().clone()
}

fn error(text: &str) -> String {
    match SessionFile::parse(text) {
        Ok(_) => panic!("accepted {text}"),
        Err(error) => error.to_string(),
    }
}

/// What the job of a file comes to with the values that it has for a demo.
fn revealed(text: &str) -> Vec<(String, String)> {
    let parsed = SessionFile::parse(text).unwrap();
    let question = question(text);
    let rules::session_file::Fields::Job(fields) = &parsed.fields else {
        panic!("the fields of a job");
    };
    let entries = fields.entries().unwrap();
    let entries: Vec<&[u64]> = entries.iter().map(|entry| &entry.fields[..]).collect();
    let answer: Answer<usize> = crate::rules::job::reference::answer(&question, &entries);
    assert_eq!(answer.check(&question), Ok(()));
    let text = |value: Option<Number>| value.map_or("-".to_owned(), |value| value.to_string());
    let all = answer.revealed(&question.graph().unwrap()).into_iter();
    all.map(|revealed| (revealed.variable, text(revealed.value))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

const KNOWN: &str = r#"
    [[steps]]
    id = "a"
    operation = "assign"
    variable = "a"
    value = 4
    [[steps]]
    id = "b"
    operation = "assign"
    variable = "b"
    value = "5"
    [[steps]]
    id = "c"
    operation = "assign"
    variable = "c"
    type = "private"
    from = "bob"
    value = 7
    [[steps]]
    id = "sum"
    operation = "add"
    variable = "sum"
    operand1 = "a"
    operand2 = "b"
    [[steps]]
    id = "product"
    operation = "multiply"
    variable = "product"
    operand1 = "a"
    operand2 = "b"
    [[steps]]
    id = "less seven"
    operation = "subtract"
    variable = "two"
    operand1 = "sum"
    operand2 = "c"
    [[steps]]
    id = "times five"
    operation = "multiply"
    variable = "45"
    operand1 = "b"
    operand2 = "sum"
    [[steps]]
    id = "r1"
    operation = "reveal"
    variable = "sum"
    [[steps]]
    id = "r2"
    operation = "reveal"
    variable = "product"
    [[steps]]
    id = "r3"
    operation = "reveal"
    variable = "two"
    [[steps]]
    id = "r4"
    operation = "reveal"
    variable = "45"
"#;

#[test]
fn known_answers_of_the_system_before() {
    let expected = pairs(&[("sum", "9"), ("product", "20"), ("two", "2"), ("45", "45")]);
    assert_eq!(revealed(&file(KNOWN)), expected);
    for field in ["2^61-1", "2^127-1", "secp256k1"] {
        assert_eq!(revealed(&file(&format!("field = {field:?}\n{KNOWN}"))), expected);
    }
}

fn assign(name: &str, value: &str) -> String {
    format!(
        "[[steps]]\nid = \"set {name}\"\noperation = \"assign\"\nvariable = \"{name}\"\n{value}\n"
    )
}

fn step(id: &str, rest: &str) -> String {
    format!("[[steps]]\nid = \"{id}\"\n{rest}\n")
}

#[test]
fn sums_of_sums_and_values_that_come_back() {
    // (5+4) + (6+4) + (5+6)
    let mut text = [("x", 5), ("y", 4), ("z", 6)]
        .map(|(name, value)| assign(name, &format!("value = {value}")))
        .concat();
    let add = |id: &str, x: &str, y: &str| {
        let operands = format!("operand1 = \"{x}\"\noperand2 = \"{y}\"");
        step(id, &format!("operation = \"add\"\nvariable = \"{id}\"\n{operands}"))
    };
    text += &[
        add("p", "x", "y"),
        add("q", "z", "y"),
        add("r", "x", "z"),
        add("pq", "p", "q"),
        add("all", "pq", "r"),
        step("show", "operation = \"reveal\"\nvariable = \"all\""),
    ]
    .concat();
    assert_eq!(revealed(&file(&text)), pairs(&[("all", "30")]));
    let text = assign("one", "value = 12345")
        + &assign("other", "value = 67890")
        + &step("show", "operation = \"reveal\"\nvariable = \"one\"")
        + &step("show other", "operation = \"reveal\"\nvariable = \"other\"");
    assert_eq!(revealed(&file(&text)), pairs(&[("one", "12345"), ("other", "67890")]));
}

/// The second example of that system's README, with a step that reveals the product.
const JSON: &str = r#"{
    "name": "multiply_shards",
    "steps": [
        {
            "step_id": "set_x",
            "operation": "assign",
            "destination_node": 1,
            "variable_name": "x",
            "variable_type": "shard",
            "value": 4
        },
        {
            "step_id": "set_y",
            "operation": "assign",
            "destination_node": 1,
            "variable_name": "y",
            "variable_type": "shard",
            "value": 5
        },
        {
            "step_id": "multiply",
            "operation": "multiply",
            "variable_name": "product",
            "operand1": "x",
            "operand2": "y",
            "dependencies": ["set_x", "set_y"]
        }REVEAL
    ]
}"#;

#[test]
fn the_json_of_the_system_before_is_taken_as_it_is() {
    let text = |reveal: &str| {
        let json = JSON.replace("REVEAL", reveal);
        assert!(json::is_json(&json));
        json::session_file(&json).unwrap().to_string()
    };
    assert_eq!(revealed(&text("")), []);
    let reveal = r#", {"step_id": "show", "operation": "reveal", "variable_name": "product",
        "operand1": null}"#;
    let shown = text(reveal);
    assert_eq!(revealed(&shown), pairs(&[("product", "20")]));
    let parsed = SessionFile::parse(&shown).unwrap();
    assert_eq!(parsed.shared.title, "multiply_shards");
    let wide = |value: &str| JSON.replace("REVEAL", reveal).replace("4\n", value);
    let refused = json::session_file(&wide("18446744073709551616\n")).unwrap_err().to_string();
    assert!(refused.ends_with("write it in quotes"), "{refused}");
    let wide = json::session_file(&wide("\"18446744073709551616\"\n")).unwrap().to_string();
    assert_eq!(revealed(&wide), pairs(&[("product", "92233720368547758080")]));
    assert!(json::session_file("{\"steps\": []}").is_err());
    assert!(json::session_file("{\"name\": \"a\", \"stepz\": []}").is_err());
    assert!(json::session_file("[]").is_err());
    // The first example of its reference multiplies with a variable that stayed from before.
    let unknown = JSON.replace("REVEAL", "").replace("\"operand2\": \"y\"", "\"operand2\": \"b\"");
    let unknown = error(&json::session_file(&unknown).unwrap().to_string());
    assert_eq!(unknown, "step \"multiply\" uses \"b\", which no step assigns");
}

#[test]
fn values_go_to_no_server() {
    let text = file(&(KNOWN.to_owned() + &assign("open", "type = \"public\"\nvalue = 77")));
    let sent = session_file::without_demo(&text).unwrap().to_string();
    assert!(sent.contains("77"));
    for (value, name) in [("= 4", "a"), ("\"5\"", "b"), ("= 7\n", "c")] {
        assert!(!sent.contains(value), "{name} in {sent}");
    }
    assert_eq!(question(&sent), question(&text));
    let parsed = SessionFile::parse(&sent).unwrap();
    assert_eq!(parsed.fields.participants(), 0);
    assert_eq!(SessionFile::parse(&text).unwrap().fields.participants(), 2);
}

/// Every wrong job gets one clear line that names the step.
#[test]
fn wrong_jobs_name_their_step() {
    let values = assign("x", "value = 1\nbits = 40") + &assign("y", "value = 2");
    let with = |rest: &str| error(&file(&(values.clone() + rest)));
    let two = |operation: &str, x: &str, y: &str| {
        let operands = format!("operand1 = \"{x}\"\noperand2 = \"{y}\"");
        step("here", &format!("operation = \"{operation}\"\nvariable = \"new\"\n{operands}"))
    };
    assert_eq!(with(&two("add", "x", "z")), "step \"here\" uses \"z\", which no step assigns");
    assert_eq!(
        with(&step("set x", "operation = \"forget\"\nvariable = \"x\"")),
        "two steps go by \"set x\"; give each an id of its own"
    );
    let twice = "step \"here\" assigns \"x\", which step \"set x\" assigns; take another name";
    assert_eq!(with(&two("add", "x", "y").replace("\"new\"", "\"x\"")), twice);
    let circle = two("add", "x", "late")
        + &step(
            "later",
            "operation = \"scale\"\nvariable = \"late\"\noperand1 = \"new\"\nfactor = 3",
        );
    assert_eq!(
        with(&circle),
        "steps wait for one another in a circle: here after later after here"
    );
    let after = two("add", "x", "y") + "after = [\"there\"]\n";
    assert_eq!(with(&after), "step \"here\" comes after \"there\", which no step goes by");
    let unbound = "step \"here\": \"y\" is any element of the field; say its bits where it is \
        assigned; less-than takes numbers that differ by at most 62 bits";
    assert_eq!(with(&two("less-than", "x", "y")), unbound);
    let wide = "step \"here\": \"x\" is a number from 0 to 1099511627775; divide takes integers \
        from 0 to 2^32 - 1";
    assert_eq!(with(&two("divide", "x", "x")), wide);
    let select = two("select", "x", "y") + "condition = \"x\"\n";
    let bit = "step \"here\": \"x\" is a number from 0 to 1099511627775; select takes a bit, such \
        as less-than makes";
    assert_eq!(with(&select), bit);
    let overflow = "field = \"2^61-1\"\n".to_owned() + &values + &two("multiply", "x", "x");
    assert_eq!(
        error(&file(&overflow)),
        "step \"here\": the result may take 80 bits, for which \
        2^61-1 has no room; assign values of fewer bits, or take another field"
    );
    let large = assign("x", "value = 256\nbits = 8");
    assert_eq!(
        error(&file(&large)),
        "step \"set x\": the value of \"x\" does not fit: it is to be below 2^8"
    );
    let prime = assign("x", "value = 2305843009213693951");
    let prime = error(&file(&("field = \"2^61-1\"\n".to_owned() + &prime)));
    assert!(prime.starts_with("step \"set x\": the value of \"x\" does not fit"), "{prime}");
    let public = assign("x", "type = \"public\"\nvalue = 2305843009213693951");
    let public = error(&file(&("field = \"2^61-1\"\n".to_owned() + &public)));
    assert!(public.starts_with("step \"set x\": the value of \"x\" does not fit"), "{public}");
    let private = assign("x", "type = \"private\"\nvalue = 1")
        + &step("here", "operation = \"reveal\"\nvariable = \"x\"");
    assert_eq!(
        error(&file(&private)),
        "step \"here\": \"x\" is private; reveal takes what is shared or public"
    );
    let someone = step("here", "operation = \"reveal\"\nvariable = \"x\"\nto = \"bob\"");
    assert_eq!(
        with(&someone),
        "step \"here\": a value is revealed to \"all\", to \"client\" or to a node, such as \"node 2\", \
         not to \"bob\""
    );
    let unknown = with(&two("conquer", "x", "y"));
    assert!(unknown.starts_with("step \"here\": there is no operation \"conquer\""), "{unknown}");
    let missing = step("here", "operation = \"add\"\nvariable = \"new\"\noperand1 = \"x\"");
    assert_eq!(with(&missing), "step \"here\": add needs operand2");
    let spare = two("add", "x", "y") + "factor = 3\n";
    assert_eq!(with(&spare), "step \"here\": add has no factor; leave it out");
    let number = assign("w", "value = \"one\"");
    assert!(with(&number).starts_with("step \"set w\": value: a number is written in"), "{number}");
    let uneven = step(
        "here",
        "operation = \"inner-product\"\nvariable = \"new\"\n\
        operand1 = [\"x\", \"y\"]\noperand2 = [\"x\"]",
    );
    assert!(with(&uneven).starts_with("step \"here\": an inner product has as many"));
    // Where nobody hands anything in, there is nothing to wait for.
    let nobody = assign("x", "type = \"public\"\nvalue = 1");
    assert!(!question(&file(&nobody)).takes_entries());
    let paper = file(&values).replace("kind =", "protocol = \"paper\"\nkind =");
    assert!(error(&paper).starts_with("a job is computed on bits and elements"));
    assert!(error(&file("steps = []\n")).starts_with("a job has 1 to 4000 steps, not 0"));
    let half = assign("x", "value = 1") + &assign("y", "");
    assert_eq!(error(&file(&half)), "step \"set y\": assign needs value");
    let alike = assign("x", "from = \"bob\"") + &assign("y", "from = \"Bob\"");
    assert!(error(&file(&alike)).contains("names that look alike"));
    let bits = assign("x", "bits = 0");
    assert_eq!(error(&file(&bits)), "step \"set x\": bits is 1 to 255, not 0");
    let field = error(&file(&("field = \"2^89-1\"\n".to_owned() + &values)));
    assert!(field.contains("2^89-1") && field.contains("secp256k1"), "{field}");
}

#[test]
fn an_error_is_one_of_terms() {
    let wrong = SessionFile::parse(&file("steps = []\n")).err();
    assert!(matches!(wrong, Some(TermsError::Question(_))));
}
