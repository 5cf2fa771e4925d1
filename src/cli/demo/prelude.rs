//! What comes before a demo's session: values that are stored, or sheets that are scored.

use std::path::Path;

use super::players::Player;
use super::rated::Rated;
use super::stored::Before;
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::session_file::{self, Loaded};
use crate::client::Network;
use crate::rules::OperatorKey;

/// What comes before the session.
pub enum Prelude {
    /// Nothing.
    Nothing,
    /// A job of its own keeps values at the nodes.
    Stored(Before),
    /// Every bidder has its data sheet scored.
    Scores(Box<Rated>),
}

impl Prelude {
    /// Read a demo's file, or the built-in one, with stand-ins for what its prelude makes; `own_key` says
    /// under which key its operator is told something.
    ///
    /// # Errors
    /// Names the file and what to change in it.
    pub fn load(
        path: Option<&Path>,
        own_key: impl FnOnce() -> Result<OperatorKey, Failure>,
    ) -> Result<(Self, Loaded), Failure> {
        if let Some((rated, loaded)) = Rated::of_file(path)? {
            return Ok((Self::Scores(Box::new(rated)), loaded));
        }
        let before = Before::of_file(path)?;
        let stand_ins = before.as_ref().map(Before::stand_ins);
        let loaded = session_file::load(path, own_key, stand_ins)?;
        Ok((before.map_or(Self::Nothing, Self::Stored), loaded))
    }

    /// Whether sheets are scored: then servers, the model's owner and those who are scored are processes
    /// of their own.
    pub const fn scores(&self) -> bool {
        matches!(self, Self::Scores(_))
    }

    /// Play it among a demo's servers: the session's file, with what was made in place of the stand-ins;
    /// none where nothing was.
    ///
    /// # Errors
    /// Why it cannot be played to its end.
    pub async fn play(
        &self,
        context: &Context,
        network: &Network,
        (loaded, players): (&Loaded, &mut [Player]),
        folder: &Path,
    ) -> Result<Option<Loaded>, Failure> {
        match self {
            Self::Nothing => Ok(None),
            Self::Stored(before) => before.keep(context, network, loaded, folder).await.map(Some),
            Self::Scores(rated) => {
                let scored = rated.score(context, network, (loaded, players), folder);
                Box::pin(scored).await.map(Some)
            }
        }
    }
}
