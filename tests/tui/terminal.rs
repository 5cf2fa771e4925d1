//! A pseudo-terminal with a program in it: keys go in, and everything that is written to it, and
//! every state of its screen, is looked at.

use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Longest wait for something to show.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the terminal shows, and everything that was written to it.
struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
    /// Texts that must never show.
    secrets: Vec<String>,
    /// Screens on which one of them showed.
    leaks: Vec<String>,
}

/// A program in a pseudo-terminal.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    /// The program.
    pub child: Box<dyn Child + Send + Sync>,
    seen: Arc<Mutex<Seen>>,
}

/// The binary with a home, a terminal it knows, and nothing else of this machine.
pub fn gavel_in(home: &Path, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_gavel"));
    command.args(arguments);
    command.env("GAVEL_HOME", home);
    command.cwd(home);
    command
}

const fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    /// Start a program; `secrets` must never show.
    pub fn start(
        mut command: CommandBuilder,
        (columns, rows): (u16, u16),
        secrets: &[&str],
    ) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("NO_COLOR");
        command.env_remove("GAVEL_PASSPHRASE");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let parser = vt100::Parser::new(rows, columns, 200);
        let secrets = secrets.iter().map(|&secret| secret.to_owned()).collect();
        let seen = Seen { parser, raw: Vec::new(), secrets, leaks: Vec::new() };
        let seen = Arc::new(Mutex::new(seen));
        let into = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                let mut seen = into.lock().unwrap();
                seen.parser.process(&buffer[..length]);
                seen.raw.extend_from_slice(&buffer[..length]);
                let shown = seen.parser.screen().contents();
                if seen.secrets.iter().any(|secret| shown.contains(secret)) {
                    seen.leaks.push(shown);
                }
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { master: pair.master, keys, child, seen }
    }

    /// What shows now.
    pub fn screen(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    /// Everything that was written.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().raw).into_owned()
    }

    /// Wait until a text shows.
    pub fn wait_for(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.screen().contains(text) {
            assert!(Instant::now() < end, "no {text:?} on\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Wait until a text is gone.
    pub fn wait_for_not(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while self.screen().contains(text) {
            assert!(Instant::now() < end, "still {text:?} on\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Press keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
        std::thread::sleep(Duration::from_millis(150));
    }

    /// Give the terminal another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.seen.lock().unwrap().parser.screen_mut().set_size(rows, columns);
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Wait until the program ends; whether it ended well.
    pub fn ends(&mut self) -> bool {
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

    /// None of the secrets was on any screen, nor in what was written.
    pub fn kept_its_secrets(&self) {
        let raw = self.raw();
        let seen = self.seen.lock().unwrap();
        assert!(!seen.secrets.is_empty());
        assert!(seen.leaks.is_empty(), "shown:\n{}", seen.leaks[0]);
        for secret in &seen.secrets {
            assert!(!raw.contains(secret), "{secret} was written to the terminal");
        }
    }

    /// The terminal is as it was before.
    pub fn is_clean(&self) {
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
