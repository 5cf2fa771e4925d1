//! The floors of the house: a room uses only rooms below it, and no files of a room use each other
//! in a circle.
//!
//! - [`circles`]: which file of a room uses which other
//! - [`source`]: reading the source, without comments and tests
#![allow(clippy::expect_used)] // a test helper that cannot read the source ends the test

mod circles;
mod source;

use std::fs;
use std::path::Path;

use source::{files, is_test_file, product};

/// From the ground up; the order of the list in `src/lib.rs`.
const ROOMS: [&str; 21] = [
    "base",
    "field",
    "sharing",
    "protocol",
    "rules",
    "identity",
    "session",
    "runs",
    "dealer",
    "storage",
    "wire",
    "transport",
    "node",
    "coordinator",
    "client",
    "scoring",
    "tui",
    "launch",
    "bench",
    "cli",
    "testkit",
];

/// Uses that skip the order, each with its reason.
const ALSO_FORBIDDEN: [(&str, &[&str]); 4] = [
    // Screens and commands reach the system only through the client and what it shows.
    ("cli", &["protocol"]),
    ("tui", &["protocol", "storage", "transport", "node", "coordinator"]),
    // Pure rules: no I/O of any kind.
    ("rules", &["protocol"]),
    // Papers and phases: what a session asks is computed elsewhere.
    ("session", &["protocol"]),
];

fn rooms_used(text: &str) -> Vec<String> {
    let mut used = Vec::new();
    for line in product(text).lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            match rest.strip_prefix('{') {
                // `use crate::{a::X, b};` on one line
                Some(list) => used.extend(list.split([',', '}']).map(room_of)),
                None => used.push(room_of(rest)),
            }
        }
    }
    used.retain(|room| ROOMS.contains(&room.as_str()));
    used
}

fn room_of(path: &str) -> String {
    path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn a_room_uses_only_rooms_below_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (floor, room) in ROOMS.iter().enumerate() {
        let mut found = Vec::new();
        files(&source.join(room), &mut found);
        assert!(!found.is_empty(), "room {room} is empty");
        for path in found.into_iter().filter(|path| !is_test_file(path)) {
            let text = fs::read_to_string(&path).expect("a source file");
            for used in rooms_used(&text) {
                let above =
                    ROOMS.iter().position(|other| *other == used).is_some_and(|at| at > floor);
                let skipped = ALSO_FORBIDDEN
                    .iter()
                    .any(|(who, what)| who == room && what.contains(&used.as_str()));
                if above || skipped {
                    wrong.push(format!("{}: {room} uses {used}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "forbidden uses:\n{}", wrong.join("\n"));
}

#[test]
fn protocols_know_no_network_no_files_and_no_clock() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for room in ["protocol", "sharing", "rules"] {
        let mut found = Vec::new();
        files(&source.join(room), &mut found);
        for path in found.into_iter().filter(|path| !is_test_file(path)) {
            let text = fs::read_to_string(&path).expect("a source file");
            for forbidden in [
                "tokio::net",
                "tokio::fs",
                "tokio::io",
                "tokio::spawn",
                "tokio::time",
                "axum",
                "reqwest",
                "std::net",
                "std::fs",
                "SystemTime",
                "Instant::now",
            ] {
                if product(&text)
                    .lines()
                    .any(|line| !line.trim_start().starts_with("//") && line.contains(forbidden))
                {
                    wrong.push(format!("{}: {forbidden}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "forbidden uses:\n{}", wrong.join("\n"));
}

#[test]
fn no_files_of_a_room_form_a_circle() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let map = circles::Map::read(&source);
    let mut wrong = Vec::new();
    for room in ROOMS {
        wrong.extend(map.circles(room).iter().map(|circle| circle.join(", ")));
    }
    assert!(wrong.is_empty(), "circles of files:\n{}", wrong.join("\n"));
}

#[test]
fn the_check_sees_a_forbidden_use() {
    assert_eq!(rooms_used("use crate::node::NodeState;\n"), ["node"]);
    assert_eq!(rooms_used("use crate::{rules::Terms, storage};\n"), ["rules", "storage"]);
    assert_eq!(rooms_used("let x = crate::wire::paths::HEALTH;\n"), ["wire"]);
    assert!(
        rooms_used("//! [`crate::session`]\nfn f() {}\n#[cfg(test)]\nmod tests {\nuse crate::cli;")
            .is_empty()
    );
}
