//! A server's home and its port.

use std::ffi::OsStr;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::net::TcpSocket;

use super::error::LaunchError;
use super::process::Process;
use super::program;
use crate::sharing::NodeIndex;

/// What a server is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// A node of the roster.
    Node(NodeIndex),
    /// The coordinator.
    Coordinator,
}

impl Role {
    /// As `gavel init` calls it.
    const fn word(self) -> &'static str {
        match self {
            Self::Node(_) => "node",
            Self::Coordinator => "coordinator",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(index) => write!(f, "node {index}"),
            Self::Coordinator => f.write_str("coordinator"),
        }
    }
}

/// A server before it is started: a home with keys and settings, and a port of 127.0.0.1.
pub struct Place {
    /// What it is.
    pub role: Role,
    /// Where its keys and settings lie.
    pub home: PathBuf,
    /// Where it is reached.
    pub address: String,
    /// Its private keys.
    pub key_file: PathBuf,
    pub(super) card: Option<PathBuf>,
    held: Held,
}

/// A port that is kept for a server. Nobody else gets it, for it is bound here. It does not listen: on
/// Linux the server may bind it beside that, so it is not free for a moment.
struct Held(Option<TcpSocket>);

impl Held {
    fn take() -> std::io::Result<(Self, SocketAddr)> {
        let socket = TcpSocket::new_v4()?;
        // On Windows this would let others take it away.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = socket.local_addr()?;
        Ok((Self(Some(socket)), address))
    }

    /// Before the server binds it: elsewhere than on Linux two cannot.
    fn lend(&mut self) {
        if !cfg!(target_os = "linux") {
            self.0 = None;
        }
    }
}

/// What `gavel init` says it made.
#[derive(Deserialize)]
struct Made {
    key_file: PathBuf,
    card: Option<PathBuf>,
}

impl Place {
    /// Choose a port, and make keys and settings with `gavel init`; `organisation` is whose server it is.
    ///
    /// # Errors
    /// When there is no port, or the home cannot be made.
    pub async fn set_up(
        role: Role,
        organisation: &str,
        home: PathBuf,
    ) -> Result<Self, LaunchError> {
        let name = role.to_string();
        let held = Held::take();
        let (held, address) =
            held.map_err(|error| LaunchError::Start { name: name.clone(), error })?;
        let address = address.to_string();
        let words = ["init", role.word(), "--name", organisation];
        let words = words.into_iter().chain(["--address", &address, "--listen", &address]);
        let said = program::run(&name, &home, words).await?;
        let made = serde_json::from_slice(&said);
        let Made { key_file, card } = made.map_err(|error| LaunchError::set_up(&name, error))?;
        Ok(Self { role, home, address, key_file, card, held })
    }

    /// Serve it, with these words after `gavel serve`, and wait until it listens.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn serve<W: AsRef<OsStr>>(
        mut self,
        words: impl IntoIterator<Item = W>,
    ) -> Result<Process, LaunchError> {
        let mut all = ["serve", "--headless"].map(|word| OsStr::new(word).to_owned()).to_vec();
        all.extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        self.held.lend();
        let mut process = Process::start(&self.role.to_string(), &self.home, all)?;
        process.ready::<IgnoredAny>().await?;
        Ok(process)
    }

    /// Let somebody in this process listen there: the port is kept no more.
    pub fn release(&mut self) {
        self.held.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::launch::place::*;
    use crate::transport::server::listen;

    #[tokio::test]
    async fn a_port_that_is_kept_is_given_to_nobody_else() {
        let kept: Vec<_> = (0..50).map(|_| Held::take().unwrap()).collect();
        let ports: BTreeSet<u16> = kept.iter().map(|(_, address)| address.port()).collect();
        assert_eq!(ports.len(), kept.len());
        for _ in 0..200 {
            let other = listen::bind("127.0.0.1:0").await.unwrap();
            assert!(!ports.contains(&other.local().port()));
        }
        let (mut held, address) = Held::take().unwrap();
        held.lend();
        let server = listen::bind(&address.to_string()).await.unwrap();
        assert_eq!(server.local(), address);
        // A program that somebody else has started does not get it either.
        assert!(listen::bind(&address.to_string()).await.is_err());
    }
}
