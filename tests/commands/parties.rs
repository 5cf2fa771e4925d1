//! Demos of scores: servers, owner and clients are processes of their own, which end with the demo.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::common::{gavel, result, stderr};

/// The demo of a score, with this file.
fn demo(file: &str, words: &[&str]) -> Command {
    let mut command = gavel();
    command.args(["demo", "--headless", "--json", file]).args(words);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// `sessions/score.toml` with another learner.
fn with_learner(folder: &Path, learner: &str) -> String {
    let sessions = concat!(env!("CARGO_MANIFEST_DIR"), "/sessions");
    let text = fs::read_to_string(format!("{sessions}/score.toml")).unwrap();
    let text = text.replace("\"score.onnx\"", &format!("\"{sessions}/score.onnx\""));
    let altered = text.replace("learner = \"both\"", &format!("learner = {learner:?}"));
    assert_ne!(text, altered);
    let path = folder.join(format!("{learner}.toml"));
    fs::write(&path, altered).unwrap();
    path.to_str().unwrap().to_owned()
}

fn told(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    result(output)
}

#[test]
fn one_party_alone_learns_a_score_and_nobody_signs_it() {
    let folder = tempfile::tempdir().unwrap();
    for learner in ["owner", "client"] {
        let file = with_learner(folder.path(), learner);
        let kept = folder.path().join(learner);
        let words = ["--keep", kept.to_str().unwrap()];
        let shown = told(&demo(&file, &words).output().unwrap());
        assert_eq!((&shown["learner"], &shown["verified"]), (&json!(learner), &json!(true)));
        assert_eq!((&shown["signed"], &shown["signed_by"]), (&json!(false), &json!([])));
        let score = shown["score"].as_f64().unwrap();
        assert!((score - 0.721_002).abs() < 0.01, "{score}");
        assert!(!kept.join("score.json").exists() && !kept.join("owner/scores").exists());
    }
}

/// What can be seen of processes on Linux.
#[cfg(target_os = "linux")]
mod processes {
    use std::collections::BTreeMap;
    use std::fs;
    use std::io::{BufRead as _, BufReader};
    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use serde_json::{Value, json};

    use super::{demo, told};
    use crate::common::town::serve;
    use crate::common::{free_address, result};

    /// Longest wait for something to be seen.
    const PATIENCE: Duration = Duration::from_secs(120);

    /// Between two looks.
    const LOOK: Duration = Duration::from_millis(5);

    /// The process that started this one, unless it has ended.
    fn parent(process: u32) -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let ended = fields.next()? == "Z";
        fields.next().filter(|_| !ended)?.parse().ok()
    }

    /// The home of a process of this program, by its command line.
    fn home(process: u32) -> Option<PathBuf> {
        let words = fs::read(format!("/proc/{process}/cmdline")).ok()?;
        let words: Vec<&[u8]> = words.split(|&byte| byte == 0).collect();
        let at = words.iter().position(|word| *word == b"--home")?;
        Some(PathBuf::from(String::from_utf8(words.get(at + 1)?.to_vec()).ok()?))
    }

    /// The processes that a demo has started and that run: each by the name of its home.
    fn children(demo: u32) -> BTreeMap<String, u32> {
        let all = fs::read_dir("/proc").unwrap().flatten();
        let all = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let own = all.filter(|process| parent(*process) == Some(demo));
        let named = own.filter_map(|process| {
            let name = home(process)?.file_name()?.to_str()?.to_owned();
            Some((name, process))
        });
        named.collect()
    }

    /// Look at a demo's processes until this one is there, and serves for as long as a look takes.
    fn until(demo: &mut Child, name: &str) -> BTreeMap<String, u32> {
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = children(demo.id());
            if seen.contains_key(name) {
                return seen;
            }
            assert!(demo.try_wait().unwrap().is_none(), "it has ended before {name} came");
            assert!(Instant::now() < end, "no {name} among {seen:?}");
            std::thread::sleep(LOOK);
        }
    }

    fn signal(name: &str, process: u32) {
        let sent = Command::new("kill").args(["-s", name, &process.to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// All of them must end within this time.
    fn all_gone(seen: &BTreeMap<String, u32>, within: Duration) {
        let end = Instant::now() + within;
        let there = |process: u32| parent(process).is_some() && home(process).is_some();
        while let Some((name, _)) = seen.iter().find(|(_, process)| there(**process)) {
            assert!(Instant::now() < end, "{name} goes on");
            std::thread::sleep(LOOK);
        }
    }

    fn start(mut demo: Command) -> Child {
        demo.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    const SCORE: &str = "sessions/score.toml";

    #[test]
    fn everybody_is_a_process_with_a_home_that_can_be_used_later() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        let mut running = start(demo(SCORE, &["--keep", kept.to_str().unwrap()]));
        let seen = until(&mut running, "client");
        let names: Vec<&str> = seen.keys().map(String::as_str).collect();
        assert_eq!(names, ["client", "coordinator", "node-1", "node-2", "node-3", "owner"]);
        let shown = told(&running.wait_with_output().unwrap());
        assert_eq!((&shown["verified"], &shown["learner"]), (&json!(true), &json!("both")));
        all_gone(&seen, Duration::ZERO);
        for name in names {
            let home = kept.join(name);
            assert!(home.join("gavel.toml").exists(), "{name}");
            // Servers were told to stop, and not killed.
            let log = fs::read_to_string(home.join("log")).unwrap();
            let serves = name != "client" && name != "owner";
            assert!(!serves || log.lines().any(|line| line == "stopping"), "{name}: {log}");
        }
        // Each party has kept the receipt itself.
        let batch = shown["batch"].as_str().unwrap();
        let receipt = fs::read(kept.join("score.json")).unwrap();
        assert_eq!(fs::read(kept.join("client/score.json")).unwrap(), receipt);
        let owners = fs::read(kept.join(format!("owner/scores/{batch}.json"))).unwrap();
        assert_eq!(owners, receipt);

        let mut command = serve(&kept.join("node-1"));
        command.args(["--listen", &free_address()]);
        let mut node = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        node.kill().unwrap();
        node.wait().unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(said["roles"][0]["node"], 1, "{said}");
    }

    #[test]
    fn nothing_goes_on_when_a_demo_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        let mut running = start(demo(SCORE, &["--keep", kept.to_str().unwrap()]));
        let seen = until(&mut running, "client");
        assert_eq!(seen.len(), 6, "{seen:?}");
        running.kill().unwrap();
        running.wait().unwrap();
        all_gone(&seen, Duration::from_secs(20));
    }

    #[test]
    fn a_demo_that_is_interrupted_stops_everybody_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = demo(SCORE, &[]);
        command.env("TMPDIR", folder.path());
        let mut running = start(command);
        let seen = until(&mut running, "owner");
        signal("INT", running.id());
        let output = running.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(result(&output)["error"]["type"], "interrupted");
        all_gone(&seen, Duration::from_secs(5));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_process_that_ends_before_its_time_is_named() {
        let cases = [("client", "client"), ("owner", "client"), ("node-2", "owner")];
        for (victim, with) in cases {
            let mut running = start(demo(SCORE, &[]));
            let seen = until(&mut running, with);
            signal("KILL", seen[victim]);
            let output = running.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{victim}");
            let error = &result(&output)["error"];
            assert_eq!(error["type"], "process", "{error}");
            let detail = error["detail"].as_str().unwrap();
            let name = match victim {
                "owner" => "the model's owner",
                "client" => "the client",
                _ => "node 2",
            };
            let expected = format!("{name} has ended (signal: 9 (SIGKILL))");
            assert!(detail.starts_with(&expected), "{detail}");
            all_gone(&seen, Duration::from_secs(5));
        }
    }

    #[test]
    fn a_liar_among_processes_is_no_process() {
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("kept");
        let words = ["--liar", "2", "--nodes", "4", "--keep", kept.to_str().unwrap()];
        let mut running = start(demo("sessions/scored.toml", &words));
        // The first bidder's process.
        let seen = until(&mut running, "1");
        let names: Vec<&str> = seen.keys().map(String::as_str).collect();
        assert_eq!(names, ["1", "coordinator", "node-1", "node-3", "node-4", "owner"]);
        let shown = told(&running.wait_with_output().unwrap());
        assert_eq!((&shown["named"], &shown["winner"]), (&json!([2]), &json!("Kessler Roads")));
        assert_eq!((&shown["correct"], &shown["attempts"]), (&json!(true), &json!(2)));
        assert!(kept.join("node-2/gavel.db").exists() && !kept.join("node-2/log").exists());
    }
}
