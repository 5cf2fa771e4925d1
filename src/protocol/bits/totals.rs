//! Sums over a table of shared numbers: many entries, each with many fields.
//!
//! In: a batch for every field with a position for every entry, shared, and which of the entries
//! count. Out: for each field the sum over those entries ([`of_fields`]), or for each of those
//! entries the sum over its fields ([`of_entries`]), shared. Who learns what: nothing. Rounds: about
//! log N to the base of 1.5 where N numbers are added up, then those of one [`super::add`]: 22 for
//! a thousand numbers of 16 bits. Gates: about N * b for each sum; of each the bytes of an AND.
//! Adversary: as for AND.
//!
//! Where [`super::sum`] has the numbers at the positions of one batch, here they are the rows of a
//! table, so that there is a sum at every position: planes are never cut into less than a row. What
//! is to be added up is laid out stripe by stripe, row after row; at first many rows together are
//! one gate, and halves of them when there are few gates left (`super::pile`). So gates are long as
//! long as there are many, and memory is that of the stripes under way.

use std::sync::Arc;

use super::BitContext;
use super::add::{carrying, fitting, one};
use super::columns::{ENOUGH, cuts, sum_width, table_row};
use super::lanes;
use super::pile::Pile;
use super::stripes::Stripe;
use crate::protocol::ProtocolError;
use crate::sharing::bits::planes::WORD;
use crate::sharing::{ShapeError, SharedBits};

/// For each field the sum over some entries, given by their positions: a batch with a position for
/// every field. The sum over no entries has no bits.
///
/// # Errors
/// When the fields differ in shape, a sum may need more than 64 bits, or a node does not answer.
pub async fn of_fields(
    ctx: &BitContext,
    fields: &[SharedBits],
    entries: &[usize],
) -> Result<SharedBits, ProtocolError> {
    let table = Table { width: width(fields), rows: entries.len(), len: fields.len() };
    let (fields, entries): (Arc<[_]>, Arc<[usize]>) = (fields.into(), entries.into());
    let lay_out = move |stripe: Stripe| {
        let first = stripe.first_word() * WORD;
        SharedBits::turn(&fields[first..first + stripe.len], &entries, table.laid_out())
    };
    table.add_up(ctx, lay_out).await
}

/// For each of some entries, given by their positions, the sum over all fields: a batch with a
/// position for every one of them. The sum over no fields has no bits.
///
/// # Errors
/// When the fields differ in shape, a sum may need more than 64 bits, or a node does not answer.
pub async fn of_entries(
    ctx: &BitContext,
    fields: &[SharedBits],
    entries: &[usize],
) -> Result<SharedBits, ProtocolError> {
    let table = Table { width: width(fields), rows: fields.len(), len: entries.len() };
    let (holding, fields) = (ctx.holding(), Arc::<[_]>::from(fields));
    let entries: Arc<[usize]> = entries.into();
    let lay_out = move |stripe: Stripe| {
        let first = stripe.first_word() * WORD;
        let chosen = &entries[first..first + stripe.len];
        let len = table_row(stripe.len);
        // Neighbours are copied word by word.
        let first = chosen.first().copied().unwrap_or(0);
        let neighbours = chosen.iter().enumerate().all(|(at, &entry)| entry == first + at);
        let rows = fields.iter().map(|field| {
            if neighbours && first + chosen.len() <= field.len() {
                field.extract(first, chosen.len())
            } else {
                field.gather(chosen)
            }
        });
        let rows = rows.map(|row| row?.extract(0, len));
        let mut rows = rows.collect::<Result<Vec<_>, ShapeError>>()?;
        rows.resize(table.laid_out(), SharedBits::zeros(holding, table.width, len));
        SharedBits::concat(holding, table.width, &rows.iter().collect::<Vec<_>>())
    };
    table.add_up(ctx, lay_out).await
}

fn width(fields: &[SharedBits]) -> usize {
    fields.first().map_or(0, SharedBits::width)
}

/// The shape of what is added up: `len` sums of `rows` numbers of `width` bits.
#[derive(Clone, Copy)]
struct Table {
    width: usize,
    rows: usize,
    len: usize,
}

impl Table {
    /// Rows with those of zeros.
    fn laid_out(self) -> usize {
        let (pieces, size) = cuts(self.rows);
        pieces * size
    }

    /// The sums. `lay_out` gives the rows of a stripe.
    async fn add_up(
        self,
        ctx: &BitContext,
        lay_out: impl Fn(Stripe) -> Result<SharedBits, ShapeError> + Clone + Send + 'static,
    ) -> Result<SharedBits, ProtocolError> {
        let Self { width, rows, len } = self;
        let result = fitting(sum_width(width, rows))?;
        if result == 0 || len == 0 {
            return Ok(SharedBits::zeros(ctx.holding(), 0, len));
        }
        let steps = move |ctx: BitContext, stripe: Stripe| {
            let lay_out = lay_out.clone();
            async move {
                let rows = lay_out(stripe)?;
                let mut pile = Pile::new(rows.len(), 1, result);
                pile.put(0, &rows, 0, |plane| plane);
                drop(rows);
                pile.split(cuts(self.rows).0);
                pile.reduce_to(&ctx.narrow("save"), table_row(stripe.len), ENOUGH).await?;
                let sums = pile.add_by(&ctx.narrow("add"), carrying(&ctx, stripe)).await?;
                let sums = one(sums)?;
                Ok(sums.extract(0, stripe.len)?)
            }
        };
        lanes::run_table(ctx, len, rows * width, steps).await
    }
}
