//! Running the binary in tests.
//!
//! - [`owner`]: a model's owner who serves clients, as a process
//! - [`town`]: servers of several organisations as processes

#![allow(dead_code, reason = "each test binary uses its part")]

pub mod owner;
pub mod town;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// The binary, with no settings of this machine.
pub fn gavel() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("gavel"));
    command
        .env_remove("GAVEL_HOME")
        .env_remove("GAVEL_PASSPHRASE")
        .env_remove("RUST_LOG")
        .env("NO_COLOR", "1")
        .stdin(std::process::Stdio::null());
    command
}

/// Standard output as text.
pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The result object: the last line of standard output, all of which must be JSON.
pub fn result(output: &Output) -> Value {
    let text = stdout(output);
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect();
    lines.last().cloned().unwrap_or_else(|| panic!("no result; {}", stderr(output)))
}

/// Run `gavel --json` with these words; the command must succeed.
pub fn ok(home: &Path, words: &[&str]) -> Value {
    let output = gavel().arg("--json").arg("--home").arg(home).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", stderr(&output));
    result(&output)
}

/// Run `gavel --json` with these words; it must fail with this status. The error's type and
/// detail, after checking that a person gets the same on one line.
pub fn fails(home: &Path, words: &[&str], status: i32) -> (String, String) {
    let output = gavel().arg("--json").arg("--home").arg(home).args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(status), "{words:?}: {}", stderr(&output));
    let error = &result(&output)["error"];
    let text = |field: &str| error[field].as_str().unwrap().to_owned();
    let (kind, detail) = (text("type"), text("detail"));
    assert!(!detail.contains('\n') && !detail.is_empty());
    assert!(stderr(&output).contains(&detail), "{detail:?} is not in {:?}", stderr(&output));
    assert!(!stderr(&output).contains("panicked"));
    (kind, detail)
}

/// A free place on this machine, and not one that the operating system gives to outgoing
/// connections, so that a server that is away for a moment finds it free.
pub fn free_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(61).wrapping_add(6_000);
    loop {
        let number = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let address = format!("127.0.0.1:{}", 20_000 + number % 12_000);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}
