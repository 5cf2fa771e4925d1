//! Where a demo lives.

use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::cli::home::create_private;

/// Where the demo lives.
pub enum Folder {
    /// Gone at the end.
    Temporary(tempfile::TempDir),
    /// Kept.
    Kept(PathBuf),
}

impl Folder {
    /// A folder that exists for this only: the one to keep, which must be empty, or a temporary
    /// one.
    ///
    /// # Errors
    /// When it cannot be made, or is not empty.
    pub fn new(keep: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = keep else {
            let folder = tempfile::Builder::new().prefix("gavel-demo-").tempdir();
            return folder.map(Folder::Temporary).map_err(|error| {
                Failure::file("creating a folder in", &std::env::temp_dir(), &error)
            });
        };
        create_private(path)?;
        let mut entries =
            std::fs::read_dir(path).map_err(|error| Failure::file("reading", path, &error))?;
        if entries.next().is_some() {
            return Err(Failure::usage(format!(
                "{} is not empty; name a new folder with --keep",
                path.display()
            )));
        }
        Ok(Folder::Kept(path.to_owned()))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }

    /// The folder, if it stays.
    pub fn kept(&self) -> Option<&Path> {
        match self {
            Self::Temporary(_) => None,
            Self::Kept(path) => Some(path),
        }
    }
}
