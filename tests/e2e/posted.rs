//! Jobs as a program of another house posts them: JSON over HTTP, and their steps as they change.

use futures_util::StreamExt as _;
use gavel::session::SessionId;
use gavel::transport::target::Target;
use gavel::wire::paths;
use serde_json::{Value, json};

use super::auction::Auction;
use super::net::{self, Net, Setup};

/// The known answers of the systems that came before, over a field.
fn known_answers(field: &str) -> Value {
    let assign = |variable: &str| {
        json!({
            "step_id": format!("set_{variable}"), "operation": "assign", "destination_node": 1,
            "variable_name": variable, "variable_type": "shard", "bits": 8,
        })
    };
    let two = |operation: &str, result: &str, x: &str, y: &str| {
        json!({
            "step_id": result, "operation": operation, "variable_name": result,
            "operand1": x, "operand2": y, "dependencies": ["set_a", "set_b"],
        })
    };
    let reveal = |variable: &str| {
        json!({
            "step_id": format!("show_{variable}"), "operation": "reveal",
            "variable_name": variable, "dependencies": [variable],
        })
    };
    json!({"name": "known answers", "field": field, "steps": [
        assign("a"), assign("b"), assign("c"), assign("d"),
        two("add", "sum", "a", "b"), two("multiply", "product", "a", "b"),
        two("subtract", "two", "sum", "c"), two("multiply", "more", "b", "sum"),
        two("add", "a and d", "a", "d"), two("add", "b and d", "b", "d"),
        two("add", "some", "sum", "a and d"), two("add", "all", "some", "b and d"),
        two("less-than", "least", "b", "a"),
        reveal("sum"), reveal("product"), reveal("two"), reveal("more"), reveal("all"),
        reveal("least"),
    ]})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_known_answers_come_by_json_over_http_with_every_step_told() {
    let net = Net::start(Setup::new(3, 1)).await;
    let target = Target::from(&net.roster.body.coordinator);
    let http = net::client(&net.operator, target).unwrap();
    for field in ["2^61-1", "2^127-1", "secp256k1"] {
        let job: Value = http.post(paths::JOBS, &known_answers(field)).await.unwrap();
        let id: SessionId = serde_json::from_value(job["job"].clone()).unwrap();
        assert_eq!((&job["phase"], &job["missing"]), (&json!("open"), &json!(["client"])));
        let mut events = http.events::<Value>(&paths::of(paths::JOB_EVENTS, id));
        let detail = net.network.coordinator().session(id).await.unwrap();
        let announcement = detail.announcement.unwrap();
        let posted = Auction { network: net.network.clone(), session: id, announcement };
        let mut told = Vec::new();
        // All as it stands: 19 steps, and the phase.
        for _ in 0..20 {
            told.push(events.next().await.unwrap().unwrap());
        }
        posted.values("client", "a = 4, b = 5, c = 7, d = 6").await;
        posted.close().await;

        // Every step is told as it stands and whenever that changes; the stream ends with the job.
        let (mut steps, mut phases) = (std::collections::BTreeMap::<_, Vec<_>>::new(), Vec::new());
        let mut last = Value::Null;
        while let Some(Ok(event)) = events.next().await {
            told.push(event);
        }
        for event in told {
            if let Some(step) = event["id"].as_str() {
                let told = steps.entry(step.to_owned()).or_default();
                told.push(event["status"].as_str().unwrap().to_owned());
            } else {
                phases.push(event["phase"].as_str().unwrap().to_owned());
                last = event;
            }
        }
        assert_eq!(steps.len(), 19);
        for (step, told) in &steps {
            assert_eq!(told.first().map(String::as_str), Some("pending"), "{step}");
            assert_eq!(told.last().map(String::as_str), Some("completed"), "{step}: {told:?}");
            assert!(told.windows(2).all(|two| two[0] != two[1]), "{step}: {told:?}");
        }
        assert_eq!((phases[0].as_str(), phases.last().unwrap().as_str()), ("open", "settled"));
        // 4+5, 4*5, (4+5)-7, 5*(4+5), (5+4)+(6+4)+(5+6).
        let expected = json!({
            "sum": "9", "product": "20", "two": "2", "more": "45", "all": "30", "least": "0",
        });
        assert_eq!(last["revealed"], expected, "{field}");
        let shown: Value = http.get(&paths::of(paths::JOB, id)).await.unwrap();
        assert_eq!((&shown["revealed"], &shown["missing"]), (&expected, &Value::Null));
    }
    // A session that is no job has no such events, nor has one that nobody knows.
    for id in [SessionId([7; 16])] {
        let mut events = http.events::<Value>(&paths::of(paths::JOB_EVENTS, id));
        assert!(events.next().await.unwrap().is_err());
    }
}

/// What is wrong with a job is said before anything is opened, and nothing of it is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_wrong_is_refused_and_leaves_nothing() {
    let net = Net::start(Setup::new(3, 1)).await;
    let target = Target::from(&net.roster.body.coordinator);
    let http = net::client(&net.operator, target).unwrap();
    let assign = |variable: &str, bits: u32, kind: &str| {
        json!({
            "step_id": variable, "operation": "assign", "variable_name": variable, "bits": bits,
            "variable_type": kind,
        })
    };
    let two = |operation: &str, result: &str, x: &str, y: &str| {
        json!({
            "step_id": result, "operation": operation, "variable_name": result,
            "operand1": x, "operand2": y,
        })
    };
    let reveal = |variable: &str| json!({"step_id": "show", "operation": "reveal", "variable_name": variable});
    let plain = json!({
        "step_id": "a", "operation": "assign", "variable_name": "a", "variable_type": "shard",
        "bits": 8, "value": 4,
    });
    let wrong: [(&str, Vec<Value>, &str); 6] = [
        ("a circle", vec![two("add", "x", "y", "y"), two("add", "y", "x", "x")], "wait for"),
        ("an unknown variable", vec![assign("a", 8, "shard"), two("add", "z", "a", "b")], "\"b\""),
        ("another type", vec![assign("a", 8, "private"), reveal("a")], "private"),
        (
            "an overflow",
            vec![
                assign("a", 60, "shard"),
                assign("b", 60, "shard"),
                two("multiply", "z", "a", "b"),
            ],
            "z",
        ),
        (
            "a division of what is too wide",
            vec![assign("a", 40, "shard"), assign("b", 8, "shard"), two("divide", "z", "a", "b")],
            "z",
        ),
        ("a plain value", vec![plain, reveal("a")], "values"),
    ];
    for (what, steps, says) in wrong {
        let job = json!({"name": what, "field": "2^61-1", "keep": [], "steps": steps});
        let error = http.post::<_, Value>(paths::JOBS, &job).await.unwrap_err().to_string();
        assert!(error.contains(says), "{what}: {error}");
    }
    let jobs: Value = http.get(paths::JOBS).await.unwrap();
    assert_eq!(jobs["sessions"], json!([]), "none of them is there");
    let stored: Value = http.get(paths::VARIABLES).await.unwrap();
    assert_eq!(stored, json!([]));
}
