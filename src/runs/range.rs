//! Which entries have all their fields in range.
//!
//! In: the shared fields of all entries, on bits, and the public layout. Out: for every entry,
//! whether none of its fields is above its maximum, public. Who learns what: all participants that
//! one bit per entry, and not which field is too large; nothing is opened where every pattern of
//! bits is in range. Adversary: as for AND and for opening.
//!
//! 1. Each field that can exceed its maximum is compared with it. Equal fields are compared as one
//!    batch; different ones side by side.
//! 2. The results are combined by AND, in a tree.
//! 3. One bit per entry is opened.
//!
//! Rounds: ceil(log2 of the widest field) + ceil(log2 of the fields checked) + 1, more where a
//! batch is cut into stripes. For one field it is [`crate::protocol::bits::range_check`], and costs
//! as much.

use std::collections::BTreeMap;

use crate::protocol::bits::BitContext;
use crate::protocol::bits::and::and_planes;
use crate::protocol::bits::beside::side_by_side;
use crate::protocol::bits::less_than::public_less_than;
use crate::protocol::bits::open::open;
use crate::protocol::{Cost, CostModel, ProtocolError};
use crate::rules::Layout;
use crate::sharing::{ShapeError, SharedBits};

/// The places of the fields that can exceed their maximum, by width and maximum.
fn checked(layout: &Layout) -> BTreeMap<(u32, u64), Vec<usize>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (place, field) in layout.fields().enumerate().filter(|(_, field)| field.can_exceed()) {
        groups.entry((field.bits, field.maximum)).or_default().push(place);
    }
    groups
}

/// What [`in_range`] costs for `entries` entries, with the cost of finding what else may be wrong
/// and how many bits of each entry say so.
pub fn cost(
    model: CostModel,
    layout: &Layout,
    entries: usize,
    (faults, count): (Cost, usize),
) -> Cost {
    let groups = checked(layout);
    if entries == 0 || groups.is_empty() && count == 0 {
        return Cost::default();
    }
    let (mut cost, mut longest, mut left) = (Cost::default(), 0, count);
    for ((bits, _), places) in groups {
        let group = model.public_less_than(bits as usize, places.len() * entries);
        longest = longest.max(group.rounds);
        left += places.len();
        cost += Cost { rounds: 0, ..group };
    }
    cost.rounds = longest;
    cost += faults;
    while left > 1 {
        cost += model.and(left / 2, entries);
        left = left.div_ceil(2);
    }
    model.opening(cost, &[(1, entries)])
}

/// Whether all fields of each entry are in range and it has none of the other `faults`: `fields`
/// has a batch for each field of the layout, `faults` a bit for every entry of each fault. It is
/// not told which fault an entry has.
///
/// # Errors
/// When the fields are not those of the layout, nodes disagree, or one does not answer.
pub async fn in_range(
    ctx: &BitContext,
    layout: &Layout,
    fields: &[SharedBits],
    faults: Vec<SharedBits>,
) -> Result<Vec<bool>, ProtocolError> {
    let entries = fields.first().map_or(0, SharedBits::len);
    check_shape(layout, fields, entries)?;
    let groups = checked(layout);
    if entries == 0 || groups.is_empty() && faults.is_empty() {
        return Ok(vec![true; entries]);
    }
    let compare = groups.into_iter().map(|((_, maximum), places)| {
        let batches: Vec<&SharedBits> = places.iter().map(|&place| &fields[place]).collect();
        move |ctx: BitContext| async move { above(&ctx, maximum, &batches).await }
    });
    let above = side_by_side(&ctx.narrow("less-than"), compare).await?;
    let above = above.into_iter().flatten().chain(faults).collect();
    let above = any(ctx, entries, above).await?;
    let above = open(&ctx.narrow("open"), &above).await?;
    Ok(above.values().into_iter().map(|above| above == 0).collect())
}

fn check_shape(layout: &Layout, fields: &[SharedBits], entries: usize) -> Result<(), ShapeError> {
    let (expected, got) = (layout.extent().fields, fields.len());
    if expected != got {
        return Err(ShapeError { what: "fields of an entry", expected, got });
    }
    for (field, batch) in layout.fields().zip(fields) {
        let (expected, got) = (field.bits as usize, batch.width());
        if expected != got {
            return Err(ShapeError { what: "bits of a field", expected, got });
        }
        if batch.len() != entries {
            let (expected, got) = (entries, batch.len());
            return Err(ShapeError { what: "entries of a field", expected, got });
        }
    }
    Ok(())
}

/// Which numbers of equal fields are above their maximum, field by field.
async fn above(
    ctx: &BitContext,
    maximum: u64,
    fields: &[&SharedBits],
) -> Result<Vec<SharedBits>, ProtocolError> {
    if let [field] = fields {
        return Ok(vec![public_less_than(ctx, maximum, field).await?]);
    }
    let Some(first) = fields.first() else { return Ok(Vec::new()) };
    let entries = first.len();
    let numbers = SharedBits::concat(first.holding(), first.width(), fields)?;
    let above = public_less_than(ctx, maximum, &numbers).await?;
    drop(numbers);
    let field = |place| above.extract(place * entries, entries);
    Ok((0..fields.len()).map(field).collect::<Result<_, _>>()?)
}

/// At every position whether any of the bits is set: not the AND of all that are not.
async fn any(
    ctx: &BitContext,
    entries: usize,
    mut bits: Vec<SharedBits>,
) -> Result<SharedBits, ProtocolError> {
    let several = bits.len() > 1;
    if several {
        bits.iter_mut().for_each(SharedBits::complement);
    }
    let mut level = 0;
    while bits.len() > 1 {
        let (pairs, odd) = bits.as_chunks::<2>();
        let planes = pairs.iter().map(|[one, other]| Ok((one.plane(0)?, other.plane(0)?)));
        let planes = planes.collect::<Result<Vec<_>, ShapeError>>()?;
        let both = and_planes(&ctx.narrow(format!("all/{level}")), entries, &planes).await?;
        let next = (0..pairs.len()).map(|pair| both.take_planes(pair..pair + 1));
        let next = next.chain(odd.iter().map(|bit| Ok(bit.clone())));
        bits = next.collect::<Result<_, _>>()?;
        level += 1;
    }
    let none = ShapeError { what: "fields to check", expected: 1, got: 0 };
    let mut any = bits.pop().ok_or(none)?;
    if several {
        any.complement();
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use crate::protocol::bits::range_check::range_check;
    use crate::protocol::{Counters, EstablishError};
    use crate::rules::entries::Field;
    use crate::runs::range::*;
    use crate::sharing::NodeIndex;
    use crate::testkit::{Inputs, World};

    /// Either of the two errors of a program in a world.
    #[derive(Debug)]
    struct Failure;

    impl From<EstablishError> for Failure {
        fn from(_: EstablishError) -> Self {
            Self
        }
    }

    impl From<ProtocolError> for Failure {
        fn from(_: ProtocolError) -> Self {
            Self
        }
    }

    fn since(before: Counters, after: Counters) -> (u64, u64, u64) {
        (
            after.rounds - before.rounds,
            after.gates - before.gates,
            after.bytes_sent - before.bytes_sent,
        )
    }

    /// Nothing else may be wrong.
    fn none() -> (Cost, usize) {
        (Cost::default(), 0)
    }

    fn share(world: &World, layout: &Layout, entries: &[Vec<u64>]) -> Vec<Inputs> {
        let share = |(place, field): (usize, Field)| {
            let values: Vec<u64> = entries.iter().map(|entry| entry[place]).collect();
            world.share(field.bits as usize, &values)
        };
        layout.fields().enumerate().map(share).collect()
    }

    fn of(inputs: &[Inputs], node: NodeIndex) -> Vec<SharedBits> {
        inputs.iter().map(|inputs| inputs.of(node)).collect()
    }

    #[tokio::test]
    async fn an_entry_is_in_range_when_all_its_fields_are() {
        let fields = [9, 1, 100, 9, 255, 40_000, 9].map(Field::up_to);
        let layout = Layout::new(fields).unwrap();
        for (n, t, without) in [(3, 1, &[][..]), (5, 2, &[]), (5, 1, &[2])] {
            let world = World::new(n, t).without(without);
            // One field too large at a time, then none, then all.
            let mut entries: Vec<Vec<u64>> = (0..fields.len())
                .map(|at| {
                    let value = |(place, field): (usize, &Field)| {
                        let largest = crate::sharing::seed::mask(field.bits);
                        if place == at { largest } else { field.maximum }
                    };
                    fields.iter().enumerate().map(value).collect()
                })
                .collect();
            entries.push(vec![0; fields.len()]);
            entries.push(vec![10, 1, 101, 15, 0, 40_001, 10]);
            entries.extend(std::iter::repeat_n(vec![9, 0, 100, 9, 7, 1, 2], 90));
            let expected: Vec<bool> =
                entries.iter().map(|entry| layout.check(entry).is_ok()).collect();
            let inputs = share(&world, &layout, &entries);
            let (fits, spent) = world
                .agree(async |ctx: BitContext| -> Result<_, Failure> {
                    let before = ctx.base().counters();
                    let fields = of(&inputs, ctx.me());
                    let fits = in_range(&ctx.narrow("check"), &layout, &fields, Vec::new()).await?;
                    let opened =
                        ctx.base().openings().into_iter().filter(|opening| !opening.masked);
                    assert_eq!(opened.map(|opening| opening.bits).sum::<u64>(), 99);
                    Ok((fits, since(before, ctx.base().counters())))
                })
                .await;
            assert_eq!(fits, expected);
            let model = CostModel::new(world.scheme(), world.participants());
            let cost = cost(model, &layout, entries.len(), none());
            assert_eq!(spent, (cost.rounds, cost.gates, cost.bytes_sent), "{n} {t}");
            // 16 bits of the widest; five fields to check; the check of the gates; the opening.
            assert_eq!(cost.rounds, 4 + 3 + 3 + 1);
        }
    }

    #[tokio::test]
    async fn one_field_costs_what_a_range_check_of_numbers_costs() {
        for (n, t) in [(3, 1), (5, 2)] {
            let world = World::new(n, t);
            let layout = Layout::new([Field::up_to(1_000)]).unwrap();
            let entries: Vec<Vec<u64>> = (0..200).map(|at| vec![at * 7 % 1_024]).collect();
            let inputs = share(&world, &layout, &entries);
            let (one, other) = world
                .agree(async |ctx: BitContext| -> Result<_, Failure> {
                    let start = ctx.base().counters();
                    let fields = of(&inputs, ctx.me());
                    let fits = in_range(&ctx.narrow("one"), &layout, &fields, Vec::new()).await?;
                    let middle = ctx.base().counters();
                    let same = range_check(&ctx.narrow("other"), &fields[0], 1_000).await?;
                    assert_eq!(fits, same);
                    Ok((since(start, middle), since(middle, ctx.base().counters())))
                })
                .await;
            assert_eq!(one, other);
            let model = CostModel::new(world.scheme(), world.participants());
            for entries in [0, 1, 200, 1_000_000] {
                let expected = model.range_check(10, entries);
                assert_eq!(cost(model, &layout, entries, none()), expected, "{entries}");
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_where_every_pattern_is_in_range() {
        let world = World::new(3, 1);
        let layout = Layout::repeated(Field::up_to(255), 3).unwrap();
        let inputs = share(&world, &layout, &[vec![0, 255, 7], vec![1, 2, 3]]);
        let (fits, sent) = world
            .agree(async |ctx: BitContext| -> Result<_, Failure> {
                let before = ctx.base().counters();
                let fits = in_range(&ctx, &layout, &of(&inputs, ctx.me()), Vec::new()).await?;
                let few = in_range(&ctx, &layout, &of(&inputs, ctx.me())[1..], Vec::new()).await;
                assert!(few.is_err(), "a field is missing");
                Ok((fits, since(before, ctx.base().counters())))
            })
            .await;
        assert_eq!((fits, sent), (vec![true, true], (0, 0, 0)));
        let model = CostModel::new(world.scheme(), world.participants());
        assert_eq!(cost(model, &layout, 2, none()), Cost::default());
    }
}
