//! The README's walk through a first network, run by `scripts/readme.sh` as CI does, at ports that
//! are free here.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use crate::common::{stderr, stdout};

/// The first digits of six free ports that differ in the last digit.
fn ports() -> String {
    let start = std::process::id() % 1_000;
    let all_free = |first: &u32| {
        (0..6).all(|last| TcpListener::bind(format!("127.0.0.1:{first}{last}")).is_ok())
    };
    let first = (0..1_000).map(|step| 2_000 + (start + step) % 1_000).find(all_free);
    first.unwrap().to_string()
}

#[test]
fn a_first_network_goes_through_as_written() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/readme.sh");
    let mut command = Command::new(script);
    command.arg(assert_cmd::cargo::cargo_bin!("gavel")).arg(ports()).env("NO_COLOR", "1");
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    let (told, said) = (stdout(&output), stderr(&output));
    assert!(output.status.success(), "{told}\n{said}");
    assert!(told.contains("Sold to ada at 1 100.00 EUR"), "{told}");
    assert!(told.contains("the bid takes part: entry 1 of 2"), "{told}");
}
