//! MACs of values: each times the key.
//!
//! In: the key, and values, shared. Out: the key times each value, shared. Who learns what: nothing.
//! Rounds: one, or those of the pieces of a large batch. Bytes: one element for each value, as for
//! products. Adversary: as for products ([`crate::protocol::elements::multiply`]). Source: SPDZ
//! (Damgård, Pastro, Smart, Zakarias 2012).

use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::elements::Arithmetic;
use crate::protocol::elements::multiply::by_pieces;
use crate::sharing::SharedElements;

/// The key times each value.
///
/// # Errors
/// When a node does not answer.
pub async fn authenticate<F: Arithmetic>(
    ctx: &BitContext,
    key: &SharedElements<F>,
    values: &SharedElements<F>,
) -> Result<SharedElements<F>, ProtocolError> {
    let key = key.slice(0..1)?;
    let (len, values) = (values.len(), values.clone());
    by_pieces(ctx, len, 1, move |places| Ok((key.repeat(places.len()), values.slice(places)?)))
        .await
}
