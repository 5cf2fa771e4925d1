//! Making shared elements public among the participants.
//!
//! As for bits ([`crate::protocol::bits::open`]): after a check of everything that was computed since
//! the last one, every component goes from each of its participating holders to each participant
//! that lacks it. Of two holders that send different copies at least one lied. No other protocol of
//! the attempt may be under way.

use crate::field::Field;
use crate::field::bulk::{Elements, add_encoded, append, zeros};
use crate::protocol::bits::BitContext;
use crate::protocol::bits::open::exchange_copies;
use crate::protocol::proof::check::check;
use crate::protocol::{Opening, ProtocolError};
use crate::sharing::SharedElements;

/// Open a batch.
///
/// # Errors
/// When nodes disagree, or one does not answer.
pub async fn open<F: Field>(
    ctx: &BitContext,
    elements: &SharedElements<F>,
) -> Result<Elements<F>, ProtocolError> {
    open_all(ctx, elements, false).await
}

/// Open values under masks that nobody knows. What led to them is checked before all the same: a
/// mask hides what is in the range that it is for, which wrong values are not.
pub(in crate::protocol) async fn open_masked<F: Field>(
    ctx: &BitContext,
    elements: &SharedElements<F>,
) -> Result<Elements<F>, ProtocolError> {
    open_all(ctx, elements, true).await
}

async fn open_all<F: Field>(
    ctx: &BitContext,
    elements: &SharedElements<F>,
    masked: bool,
) -> Result<Elements<F>, ProtocolError> {
    check(&ctx.narrow("check")).await?;
    let base = ctx.base();
    let claim = base.claim()?;
    if !base.ledger().all_checked() {
        return Err(ProtocolError::Unchecked { step: claim.name });
    }
    base.confirm_keys().await?;
    let copy = |at| {
        let mut copy = Vec::new();
        append(&mut copy, elements.component(at));
        copy
    };
    let copies = (0..ctx.holding().components()).map(copy).collect();
    let components = exchange_copies(base, &claim, copies).await?;
    let mut values = zeros(elements.len());
    // At least one of the senders of each is honest, and all sent the same.
    if !components.iter().all(|component| add_encoded(&mut values, component)) {
        return Err(ProtocolError::Impossible { step: claim.name });
    }
    base.ledger().opened(Opening {
        step: claim.name,
        bits: elements.len() as u64 * u64::from(F::BITS),
        to: base.participants(),
        masked,
    });
    Ok(values)
}
