//! How a market is cleared: which protocols, in which order, and what is opened.
//!
//! In: the fields of all entries in the order of arrival, shared; what they mean is said in
//! [`crate::rules::market::curve`]. Out, at every node: the same as
//! [`crate::rules::market::reference`] says. Who learns what: all nodes exactly what is opened, and
//! each participant the own quantity:
//!
//! - at every price, whether demand exceeds supply: it does below the clearing price and not from
//!   there on, so that this tells the price and nothing else;
//! - demand and supply at that price;
//! - where something is traded, each participant's quantity: as the terms say, openly or under the
//!   mask that only the participant knows.
//!
//! 1. Every field is added up over all entries. The prefix sums of the totals, from the highest
//!    price down, are demand less supply at every price, but for the total of the last fields, with
//!    which all of them are compared at once.
//! 2. Of each entry the fields from the clearing price up are added, and compared with its last
//!    field: that tells its side, and the difference how much it would trade.
//! 3. What is offered is served in proportion, where it is more than is bought.

use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::bits::and::and_planes;
use crate::protocol::bits::combine::combine;
use crate::protocol::bits::less_than::less_than;
use crate::protocol::bits::open::{PublicBits, open, open_all};
use crate::protocol::bits::prefix::prefix_sums;
use crate::protocol::bits::proportion::{in_proportion, widened};
use crate::protocol::bits::sum::sum;
use crate::protocol::bits::totals;
use crate::rules::Stage;
use crate::rules::market::question::Rationing;
use crate::rules::market::{Answer, Clearing, Quantity, Question, Stage as OfMarkets, Trade};
use crate::runs::computed::RunError;
use crate::runs::reporter::Reporter;
use crate::sharing::SharedBits;

/// Where a market is cleared.
pub(super) struct Market<'a> {
    pub(super) ctx: &'a BitContext,
    pub(super) question: &'a Question,
    pub(super) reporter: &'a Reporter<'a>,
}

/// What each would trade at the clearing price, shared: a position for every entry.
struct Wanted {
    bought: SharedBits,
    offered: SharedBits,
    /// Who would sell.
    sells: SharedBits,
}

impl Market<'_> {
    /// Find the price, and what each trades.
    pub(super) async fn clear(
        &self,
        fields: &[SharedBits],
        masks: &SharedBits,
    ) -> Result<Answer<usize>, RunError> {
        let nothing = Answer { clearing: None, trades: Vec::new() };
        let entries = fields.first().map_or(0, SharedBits::len);
        let Some((last, by_price)) = fields.split_last() else { return Ok(nothing) };
        if entries == 0 {
            return Ok(nothing);
        }
        self.reporter.stage(OfMarkets::Adding);
        let exceeds = self.reporter.follow(self.exceeds(by_price, last, entries)).await?;
        self.reporter.compared(by_price.len());
        self.reporter.stage(OfMarkets::Clearing);
        let opened = open(&self.ctx.narrow("price"), &exceeds).await?;
        let Some(price) = first_enough(&opened)? else { return Ok(nothing) };

        self.reporter.stage(OfMarkets::Quantities);
        let wanted = self.reporter.follow(self.wanted(&by_price[price..], last, entries)).await?;
        self.reporter.compared(entries);
        let (demand, supply) = self.totals(&wanted).await?;
        if demand > supply {
            return Err(RunError::Impossible { what: "a price at which demand exceeds supply" });
        }
        let clearing = Clearing { price: self.question.grid.price(price), demand, supply };
        if demand == 0 {
            return Ok(Answer { clearing: Some(clearing), trades: Vec::new() });
        }
        let Rationing::Proportional = self.question.rationing;
        let ctx = self.ctx.narrow("sold");
        let sold = in_proportion(&ctx, &wanted.offered, demand, supply);
        let sold = self.reporter.follow(sold).await?;
        self.reporter.stage(Stage::Opening);
        let quantities = self.tell(&wanted, &sold, masks).await?;
        let trades = quantities.into_iter().enumerate();
        let trades = trades.map(|(entry, quantity)| Trade { entry, quantity }).collect();
        Ok(Answer { clearing: Some(clearing), trades })
    }

    /// Whether demand exceeds supply: at every price from the highest down.
    async fn exceeds(
        &self,
        by_price: &[SharedBits],
        last: &SharedBits,
        entries: usize,
    ) -> Result<SharedBits, ProtocolError> {
        let prices = by_price.len();
        let fields: Vec<SharedBits> = by_price.iter().rev().chain([last]).cloned().collect();
        let all: Vec<usize> = (0..entries).collect();
        let totals = totals::of_fields(&self.ctx.narrow("totals"), &fields, &all).await?;
        drop(fields);
        let wanted = totals.extract(0, prices)?;
        let wanted = prefix_sums(&self.ctx.narrow("curve"), &wanted).await?;
        let offered = totals.gather(&vec![prices; prices])?;
        let offered = widened(&offered, wanted.width())?;
        less_than(&self.ctx.narrow("compare"), &offered, &wanted).await
    }

    /// What each would trade, given the fields from the clearing price up.
    async fn wanted(
        &self,
        from_price: &[SharedBits],
        last: &SharedBits,
        entries: usize,
    ) -> Result<Wanted, ProtocolError> {
        let (width, holding) = (self.question.quantity_bits() as usize, last.holding());
        let all: Vec<usize> = (0..entries).collect();
        let upper = totals::of_entries(&self.ctx.narrow("own"), from_price, &all).await?;
        let (upper, last) = (widened(&upper, width)?, widened(last, width)?);
        let sells = less_than(&self.ctx.narrow("side"), &upper, &last).await?;
        // The larger and the smaller of the two.
        let differing = upper.xor(&last)?;
        let chosen = spread(&self.ctx.narrow("larger"), &sells, &differing).await?;
        let (larger, mut smaller) = (upper.xor(&chosen)?, last.xor(&chosen)?);
        // x - y = x + not y + 1.
        smaller.complement();
        let ones = SharedBits::from_public(holding, 1, &vec![1; entries]);
        let terms = [(&larger, 1), (&smaller, 1), (&ones, 1)];
        let amount = combine(&self.ctx.narrow("amount"), &terms, width).await?;
        let offered = spread(&self.ctx.narrow("offered"), &sells, &amount).await?;
        Ok(Wanted { bought: amount.xor(&offered)?, offered, sells })
    }

    /// Demand and supply, opened.
    async fn totals(&self, wanted: &Wanted) -> Result<(u64, u64), ProtocolError> {
        let demand = sum(&self.ctx.narrow("demand"), &wanted.bought).await?;
        let supply = sum(&self.ctx.narrow("supply"), &wanted.offered).await?;
        let opened = open_all(&self.ctx.narrow("volume"), &[&demand, &supply]).await?;
        let value = |at: usize| opened.get(at).map_or(0, |opened: &PublicBits| opened.value(0));
        Ok((value(0), value(1)))
    }

    /// What is told of each quantity.
    async fn tell(
        &self,
        wanted: &Wanted,
        sold: &SharedBits,
        masks: &SharedBits,
    ) -> Result<Vec<Quantity>, RunError> {
        let Wanted { bought, sells, .. } = wanted;
        let ctx = self.ctx.narrow("quantities");
        if self.question.quantities.is_everyone() {
            let opened = open_all(&ctx, &[bought, sold]).await?;
            let [bought, sold] = opened.as_slice() else { return Err(RunError::Form) };
            let signed = |value| i64::try_from(value).unwrap_or(i64::MAX);
            let pairs = bought.values().into_iter().zip(sold.values());
            return Ok(pairs
                .map(|(bought, sold)| Quantity::Open(signed(bought) - signed(sold)))
                .collect());
        }
        // Nobody has both.
        let quantity = bought.xor(sold)?;
        let planes = quantity.planes().chain(sells.planes()).map(|plane| vec![plane]);
        let planes: Vec<_> = planes.collect();
        let told = SharedBits::xor_planes(bought.holding(), bought.len(), &planes)?;
        let told = told.xor(masks)?;
        Ok(open(&ctx, &told).await?.values().into_iter().map(Quantity::Sealed).collect())
    }
}

/// Every plane of some numbers where the bit is set, and zeros elsewhere.
async fn spread(
    ctx: &BitContext,
    bit: &SharedBits,
    numbers: &SharedBits,
) -> Result<SharedBits, ProtocolError> {
    let bit = bit.plane(0)?;
    let pairs: Vec<_> = numbers.planes().map(|plane| (bit, plane)).collect();
    and_planes(ctx, numbers.len(), &pairs).await
}

/// The number of the lowest price at which demand does not exceed supply, of what was opened from
/// the highest price down.
fn first_enough(exceeds: &PublicBits) -> Result<Option<usize>, RunError> {
    let exceeds = exceeds.values();
    let enough = exceeds.iter().take_while(|&&exceeds| exceeds == 0).count();
    if exceeds[enough..].contains(&0) {
        let what = "demand that rises with the price";
        return Err(RunError::Impossible { what });
    }
    Ok(exceeds.len().checked_sub(enough).filter(|_| enough > 0))
}
