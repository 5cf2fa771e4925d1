//! The real binary in a real pseudo-terminal: the demo played by keys to the result, resized on the
//! way, and the terminal left clean.

#![cfg(unix)]
#![allow(clippy::unwrap_used)] // a test fails by panicking

use std::io::{Read as _, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longest wait for something to show.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the terminal shows, and everything that was written to it.
struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
}

struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
    _home: tempfile::TempDir,
}

const fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    fn start(arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let pair = native_pty_system().openpty(size(80, 24)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_gavel"));
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("GAVEL_HOME", home.path());
        command.env_remove("NO_COLOR");
        command.cwd(home.path());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let parser = vt100::Parser::new(24, 80, 200);
        let seen = Arc::new(Mutex::new(Seen { parser, raw: Vec::new() }));
        let into = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                let mut seen = into.lock().unwrap();
                seen.parser.process(&buffer[..length]);
                seen.raw.extend_from_slice(&buffer[..length]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { master: pair.master, keys, child, seen, _home: home }
    }

    fn screen(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().raw).into_owned()
    }

    fn wait_for(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.screen().contains(text) {
            assert!(Instant::now() < end, "no {text:?} on\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        std::thread::sleep(Duration::from_millis(150));
    }

    fn resize(&self, columns: u16, rows: u16) {
        self.seen.lock().unwrap().parser.screen_mut().set_size(rows, columns);
        self.master.resize(size(columns, rows)).unwrap();
    }

    fn ends(&mut self) -> bool {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What is still on its way.
                std::thread::sleep(Duration::from_millis(300));
                return status.success();
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn is_clean(&self) {
        let seen = self.seen.lock().unwrap();
        let screen = seen.parser.screen();
        assert!(!screen.alternate_screen(), "the screens are still there");
        assert!(!screen.hide_cursor(), "the cursor is gone");
        assert!(!screen.bracketed_paste(), "pasting is still marked");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn the_demo_is_played_by_keys() {
    let mut terminal = Terminal::start(&["demo", "--speed", "4"]);
    terminal.wait_for("Harbour view");
    terminal.wait_for("closes in");
    terminal.press("b");
    terminal.wait_for("Your bid");
    terminal.press("17431.75");
    terminal.wait_for("hands it in");
    terminal.press("\r");
    terminal.wait_for("Hand in this bid?");
    terminal.press("y");
    terminal.wait_for("Your bid is in");
    terminal.press("\u{1b}");

    // Resized on the way: too small, and large.
    terminal.resize(60, 18);
    terminal.wait_for("60 x 18");
    terminal.resize(140, 45);
    terminal.wait_for("keys");
    terminal.press("1");
    terminal.wait_for("rev  1 2 3 4 5");
    terminal.wait_for("basil");

    terminal.press("c");
    terminal.wait_for("End bidding now?");
    terminal.press("y");
    terminal.wait_for("signed by");
    terminal.wait_for("to you at");
    terminal.wait_for("you won");
    terminal.wait_for("checked offline");
    terminal.press("q");
    assert!(terminal.ends());
    terminal.is_clean();
    let left = terminal.screen();
    assert!(left.contains("Harbour view") && left.contains("checked offline"), "{left}");

    // The amount was never on the screen, nor were those that are not public.
    let raw = terminal.raw();
    for hidden in ["17431", "17 431", "860.50", "499.99"] {
        assert!(!raw.contains(hidden), "{hidden} was written to the terminal");
    }
}

#[test]
fn being_asked_to_stop_leaves_the_terminal_clean() {
    let mut terminal = Terminal::start(&["demo"]);
    terminal.wait_for("Nodes");
    let process = terminal.child.process_id().unwrap().to_string();
    let asked = std::process::Command::new("kill").args(["-TERM", &process]).status().unwrap();
    assert!(asked.success());
    terminal.ends();
    terminal.is_clean();
}
