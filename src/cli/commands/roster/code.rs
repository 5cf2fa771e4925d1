//! A roster's digests as QR codes.

use crate::base::qr::{self, Ink};
use crate::cli::failure::Failure;
use crate::cli::output::clean;
use crate::cli::screens::plain_terminal;
use crate::identity::{Roster, Statement as _};
use crate::sharing::NodeIndex;

/// A QR code of the roster's digest or of a certificate's fingerprint, and what it says.
pub(super) fn of_roster(roster: &Roster, what: &str) -> Result<String, Failure> {
    let by_index = what.parse().ok().and_then(NodeIndex::new);
    let by_name = || roster.nodes.iter().find(|card| card.name == what);
    let (label, digest) = match what {
        "digest" => ("the roster's digest".to_owned(), roster.digest()),
        "coordinator" => {
            let label = "the fingerprint of the coordinator's certificate";
            (label.to_owned(), roster.coordinator.certificate)
        }
        _ => {
            let card = by_index.and_then(|node| roster.node(node)).or_else(by_name);
            let card = card.ok_or_else(|| {
                Failure::usage(format!(
                    "the roster has no node {what:?}; --qr is of the digest, --qr=coordinator or --qr=NODE of a certificate"
                ))
            })?;
            let label = format!("the fingerprint of the certificate of {}", clean(&card.name));
            (label, card.certificate)
        }
    };
    // The digest stands above already.
    let text = match what {
        "digest" => format!("{label} as a QR code:"),
        _ => format!("{label}:\n{}", digest.grouped()),
    };
    if plain_terminal() {
        return Ok(format!("{text}\nThis terminal knows ASCII only, too coarse for a QR code."));
    }
    let ink = if console::colors_enabled() { Ink::Dark } else { Ink::Light };
    let paper = console::Style::new().black().on_white();
    let lines = qr::lines(&digest.to_string().to_uppercase(), ink).unwrap_or_default();
    let drawn: Vec<String> = lines.iter().map(|line| paper.apply_to(line).to_string()).collect();
    Ok(format!("{text}\n{}", drawn.join("\n")))
}
