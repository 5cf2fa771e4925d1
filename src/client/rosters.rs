//! Rosters from servers of which nothing is known or believed.

use super::error::ClientError;
use crate::identity::roster::RosterError;
use crate::identity::{Digest, Roster, Signed, Statement as _};
use crate::transport::client::http::{HttpOptions, PeerClient};
use crate::wire::paths;

/// Fetch the roster from whatever answers at an address. Nothing of the server is known or believed:
/// the roster is the one with this digest, or one that succeeds it by its nodes' own signatures.
///
/// # Errors
/// When nothing answers, or with another roster.
pub async fn fetch_roster(address: &str, digest: Digest) -> Result<Signed<Roster>, ClientError> {
    let http = PeerClient::unproven(address, HttpOptions::default())?;
    let roster: Signed<Roster> = http.get(paths::ROSTER).await?;
    let served = roster.body.digest();
    let roster = roster.checked()?;
    if served == digest {
        return Ok(roster);
    }
    let other = || ClientError::OtherRoster { address: address.to_owned(), given: digest, served };
    if !roster.body.succeeds.contains(&digest) {
        return Err(other());
    }
    let known: Signed<Roster> = http.get(&paths::roster(&digest)).await?;
    if known.body.digest() != digest {
        return Err(other());
    }
    roster.body.check_succeeds(&known.checked()?.body)?;
    Ok(roster)
}

/// Fetch the next version of a roster, if there is one, from whatever answers at its coordinator's
/// address. It succeeds the present one by its nodes' own signatures, or is the same.
///
/// # Errors
/// When nothing answers, or with a roster that is neither.
pub async fn fetch_next(present: &Roster) -> Result<Signed<Roster>, ClientError> {
    let http = PeerClient::unproven(&present.coordinator.address, HttpOptions::default())?;
    let roster: Signed<Roster> = http.get(paths::ROSTER).await?;
    let roster = roster.checked()?;
    if roster.body != *present {
        if !roster.body.covers(&present.digest()) {
            let (address, digest) = (present.coordinator.address.clone(), roster.body.digest());
            return Err(RosterError::OtherNodes { address, digest }.into());
        }
        roster.body.check_succeeds(present)?;
    }
    Ok(roster)
}
