//! A server's figures and its log for machines, as its operator gets them.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests, too, may end the test

mod common;

use std::fs;
use std::io::{BufRead as _, Read as _, Write as _};
use std::process::Stdio;

use common::{free_port, gavel, ok};
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
    let folder = tempfile::tempdir().unwrap();
    let home = |name: &str| folder.path().join(name);
    let mut make = vec!["roster".to_owned(), "make".into(), "--threshold".into(), "1".into()];
    for name in ["north", "south", "west"] {
        let address = format!("127.0.0.1:{}", free_port());
        let place = ["--name", name, "--address", &address];
        let made = ok(&home(name), &[&["init", "node"][..], &place].concat());
        make.push(made["card"].as_str().unwrap().to_owned());
        if name == "north" {
            ok(&home(name), &[&["init", "coordinator"][..], &place].concat());
        }
    }
    ok(&home("north"), &make.iter().map(String::as_str).collect::<Vec<_>>());
    let place = format!("127.0.0.1:{}", free_port());
    let log = home("north").join("log");
    let mut serve = gavel();
    serve
        .args(["--json", "-vv", "--log-format", "json", "serve", "--headless"])
        .args(["--metrics", &place, "--home"])
        .arg(home("north"))
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&log).unwrap());
    let mut server = serve.spawn().unwrap();
    let mut ready = String::new();
    std::io::BufReader::new(server.stdout.take().unwrap()).read_line(&mut ready).unwrap();

    let secret = home("secret");
    fs::write(&secret, "a planted password\n").unwrap();
    let secret = secret.to_str().unwrap();
    let add = ["account", "add", "olga-the-planted", "--role", "operator"];
    ok(&home("north"), &[&add[..], &["--password-file", secret]].concat());
    ok(&home("north"), &["session", "list"]);
    let text = figures(&place);
    server.kill().unwrap();
    server.wait().unwrap();

    for line in [
        "gavel_requests_total{method=\"POST\",route=\"/v1/accounts\",status=\"201\"} 1",
        "gavel_requests_total{method=\"GET\",route=\"/v1/sessions\",status=\"200\"} 1",
        "gavel_link_up{node=\"2\"} 0",
        "gavel_node_up{node=\"3\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    let log = fs::read_to_string(&log).unwrap();
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
