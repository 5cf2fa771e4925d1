//! A server's figures and its log for machines, as its operator gets them.

use std::io::{Read as _, Write as _};

use crate::common::town::{Town, serve};
use crate::common::{free_address, ok};
use serde_json::Value;

fn figures(place: &str) -> String {
    let mut stream = std::net::TcpStream::connect(place).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    text
}

#[test]
fn figures_and_log_tell_of_requests_and_name_nobody() {
    let mut town = Town::found("north");
    let (north, place) = (town.home("north"), free_address());
    let mut server = serve(&north);
    server.args(["-vv", "--log-format", "json", "--metrics", &place]);
    town.start_as("north", &mut server);

    let secret = town.file("secret", "a planted password\n");
    let add = ["account", "add", "olga-the-planted", "--role", "operator"];
    ok(&north, &[&add[..], &["--password-file", &secret]].concat());
    ok(&north, &["session", "list"]);
    let text = figures(&place);
    town.kill("north");

    for line in [
        "gavel_requests_total{method=\"POST\",route=\"/v1/accounts\",status=\"201\"} 1",
        "gavel_requests_total{method=\"GET\",route=\"/v1/sessions\",status=\"200\"} 1",
        "gavel_link_up{node=\"2\"} 0",
        "gavel_node_up{node=\"3\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    let log = town.log("north");
    let mut answered = 0;
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        if event["message"] == "answered" && event["span"]["route"] == "/v1/accounts" {
            assert_eq!(event["status"], 201, "{line}");
            assert!(!event["span"]["id"].as_str().unwrap().is_empty(), "{line}");
            answered += 1;
        }
    }
    assert_eq!(answered, 1, "{log}");
    for planted in ["a planted password", "olga-the-planted", "Bearer"] {
        assert!(!text.contains(planted) && !log.contains(planted), "{planted}");
    }
}
