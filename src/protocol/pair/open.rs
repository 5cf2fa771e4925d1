//! Opening values to both parties, and the check of what was opened.
//!
//! Rounds: one to open; two to check: a commitment to this party's part of the weighted difference,
//! and the part. The weights follow from a hash of all messages, so a wrong share passes with a
//! probability of one in the field's size for each hash that its sender tries. Bytes: an element a
//! value; 64 and an element a check.

use rand::{TryRng as _, rngs::SysRng};
use sha2::{Digest as _, Sha256};

use super::{Computation, PairError};
use crate::field::Field;
use crate::field::bulk::{Elements, add_into, zeros};
use crate::sharing::pair::{Authenticated, Party};

/// Bytes of a commitment, and of what hides it.
const COMMITMENT: usize = 32;

/// Open values that are hidden by masks, or public by agreement. They are checked later; what follows
/// from them must not be used before.
///
/// # Errors
/// When the partner does not answer, or answers something else.
pub(super) async fn open_masked<F: Field>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
) -> Result<Elements<F>, PairError> {
    open_unchecked(own, values, true).await
}

async fn open_unchecked<F: Field>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
    masked: bool,
) -> Result<Elements<F>, PairError> {
    let (mut shares, mut macs) = (zeros(values.len()), zeros(values.len()));
    for (value, (share, mac)) in values.iter().zip(shares.iter_mut().zip(macs.iter_mut())) {
        (*share, *mac) = (value.share, value.mac);
    }
    let theirs = own.exchange_elements(&shares, values.len()).await?;
    own.note(values.len(), None, masked);
    add_into(&mut shares, &theirs);
    own.remember(shares.clone(), macs);
    Ok(shares)
}

/// Open values to both: after a check of all that was opened before, and followed by one.
///
/// # Errors
/// When a value does not fit its MAC, and when the partner does not answer.
pub async fn reveal<F: Field>(
    own: &mut Computation<F>,
    values: &[Authenticated<F>],
) -> Result<Elements<F>, PairError> {
    check(own).await?;
    let opened = open_unchecked(own, values, false).await?;
    check(own).await?;
    Ok(opened)
}

/// Check that everything that was opened fits its MACs. Takes no round where nothing was opened.
///
/// # Errors
/// When something does not, and when the partner does not answer.
pub async fn check<F: Field>(own: &mut Computation<F>) -> Result<(), PairError> {
    if own.all_checked() {
        return Ok(());
    }
    let part = own.difference();
    let mut nonce = [0; COMMITMENT];
    SysRng.try_fill_bytes(&mut nonce).map_err(|_| PairError::Randomness)?;
    let mut message = nonce.to_vec();
    message.extend_from_slice(part.to_bytes().as_ref());
    let promise = commitment(own.party(), &message).to_vec();
    let promised = own.exchange(promise, COMMITMENT).await?;
    let expected = message.len();
    let theirs = own.exchange(message, expected).await?;
    let round = own.round();
    if commitment(own.partner(), &theirs)[..] != promised[..] {
        return Err(PairError::Broken { round });
    }
    let their_part = F::from_bytes(&theirs[COMMITMENT..]).ok_or(PairError::Encoding { round })?;
    if !(part + their_part).equals(F::ZERO) {
        return Err(PairError::Mac { round });
    }
    Ok(())
}

/// A party's commitment. It has the party in it, so that the partner's own one, sent back, is none.
fn commitment(party: Party, message: &[u8]) -> [u8; COMMITMENT] {
    let party = match party {
        Party::Client => 1,
        Party::Owner => 2,
    };
    let hash = Sha256::new().chain_update(b"gavel/v1/pair-commitment\0").chain_update([party]);
    hash.chain_update(message).finalize().into()
}
