//! Being asked to stop.

use clap::Args;
use tokio_util::sync::CancellationToken;

/// What stops a command besides.
#[derive(Args, Clone, Copy, Default)]
pub struct StopOption {
    /// Stop when standard input ends, too, and read nothing else from it: for a program that starts this
    /// one and holds its input open, so that nothing goes on when that program is gone
    #[arg(long)]
    pub until_input_ends: bool,
}

impl StopOption {
    /// Begin to heed standard input, if that is wanted.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn heed(self) -> std::io::Result<Stop> {
        if !self.until_input_ends {
            return Ok(Stop(None));
        }
        let ended = CancellationToken::new();
        let told = ended.clone();
        // A thread that is let go at the end: a read from standard input cannot be called back, and the
        // runtime would wait for it.
        std::thread::Builder::new().name("input".to_owned()).spawn(move || {
            until_the_end(std::io::stdin().lock());
            told.cancel();
        })?;
        Ok(Stop(Some(ended)))
    }
}

/// Read to the end, whatever comes.
fn until_the_end(mut input: impl std::io::Read) {
    let mut unread = [0; 64];
    loop {
        match input.read(&mut unread) {
            Ok(0) => return,
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return,
            _ => {}
        }
    }
}

/// What a command stops for.
#[derive(Clone)]
pub struct Stop(Option<CancellationToken>);

impl Stop {
    /// Waits until the process is asked to stop: Ctrl-C, SIGTERM, or the end of standard input where that
    /// counts.
    pub async fn asked(&self) {
        tokio::select! {
            () = asked_to_stop() => {}
            () = self.input_ended() => {}
        }
    }

    /// Waits for the end of standard input, and for ever where that does not count.
    pub async fn input_ended(&self) {
        match &self.0 {
            Some(ended) => ended.cancelled().await,
            None => std::future::pending().await,
        }
    }
}

/// Waits until the process is asked to stop: Ctrl-C, or SIGTERM.
pub async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io;

    use crate::cli::signal::*;

    struct Input(VecDeque<io::Result<usize>>);

    impl io::Read for Input {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0.pop_front().unwrap()
        }
    }

    #[test]
    fn input_is_read_to_its_end_and_no_further() {
        let interrupted = || Err(io::ErrorKind::Interrupted.into());
        let mut input = Input([Ok(3), interrupted(), Ok(0), Ok(1)].into());
        until_the_end(&mut input);
        assert_eq!(input.0.len(), 1);
        let mut broken = Input([Ok(1), Err(io::ErrorKind::BrokenPipe.into())].into());
        until_the_end(&mut broken);
        assert!(broken.0.is_empty());
    }
}
