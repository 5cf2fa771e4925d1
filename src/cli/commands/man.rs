//! `gavel man`.

use std::path::PathBuf;

use clap::{Args, Command};
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::failure::Failure;

/// Print or write manual pages.
#[derive(Args)]
pub struct ManArgs {
    /// Write gavel.1 and a page per command into this folder instead of printing gavel.1
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Written {
    folder: PathBuf,
}

/// Print gavel.1 of the whole command line, for `gavel man | man -l -`, or write all pages.
///
/// # Errors
/// When the folder cannot be written.
pub fn run(context: &Context, args: &ManArgs, command: Command) -> Result<(), Failure> {
    let Some(folder) = &args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(|error| Failure::new("internal", error))?;
        let page = String::from_utf8_lossy(&page);
        return context.output.result(&page, || page.to_string());
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .map_err(|error| Failure::file("writing to", folder, &error))?;
    let written = Written { folder: folder.clone() };
    context.output.result(&written, || format!("manual pages written to {}", folder.display()))
}
