//! gavel: sealed-bid auctions without a trusted auctioneer.

use std::process::ExitCode;

fn main() -> ExitCode {
    // For faults of the program itself; faults of its input are told in one line by `cli`.
    let _ = color_eyre::config::HookBuilder::default().display_env_section(false).install();
    gavel::cli::run()
}
