use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;

use crate::field::{Field, Pair127};
use crate::protocol::pair::cost::Traffic;
use crate::protocol::pair::*;
use crate::protocol::{Counters, Opening, StepId};
use crate::sharing::pair::{BatchShape, MatrixShape, Party};
use crate::testkit::material::{channels, halves, product};
use crate::testkit::{At, Lie};
use crate::transport::streams::lying::Lying;

type F = Pair127;
type Run = Computation<F>;

/// What a party has spent.
struct Books {
    used: BatchShape,
    counters: Counters,
    openings: Vec<Opening>,
}

/// What both parties come to who run a program with a batch; one of them may lie. Whoever ends is gone.
async fn play<T>(
    shape: &BatchShape,
    lie: Option<(Party, Lie)>,
    program: impl AsyncFn(&mut Run) -> Result<T, PairError>,
) -> [(Result<T, PairError>, Books); 2] {
    let [client, owner] = halves::<F>(shape, 7);
    let [at_client, at_owner] = channels(Duration::from_secs(20));
    let run = async |party, half, channel| {
        let channel = match lie {
            Some((liar, lie)) if liar == party => Arc::new(Lying::new(channel, lie)),
            _ => channel,
        };
        let mut own = Computation::new(party, half, channel, [3; 32]).unwrap();
        let result = program(&mut own).await;
        let (used, openings) = (own.used().clone(), own.openings().to_vec());
        (result, Books { used, counters: own.counters(), openings })
    };
    join(run(Party::Client, client, at_client), run(Party::Owner, owner, at_owner)).await.into()
}

/// A number that may be below 0.
fn number(value: i64) -> F {
    let size = F::from_u64(value.unsigned_abs());
    if value < 0 { -size } else { size }
}

fn numbers(values: &[i64]) -> Vec<F> {
    values.iter().map(|&value| number(value)).collect()
}

fn same(got: &[F], expected: &[i64]) -> bool {
    let mut pairs = got.iter().zip(expected);
    got.len() == expected.len() && pairs.all(|(got, &expected)| got.equals(number(expected)))
}

/// Values of one party, which the other does not have.
async fn bring(own: &mut Run, party: Party, values: &[i64]) -> Result<Shares<F>, PairError> {
    let values = numbers(values);
    let given = (own.party() == party).then_some(values.as_slice());
    input(own, party, given, values.len()).await
}

const VALUES: [i64; 9] =
    [0, 1, -1, 12_345, -12_345, (1 << 20) - 1, -(1 << 20), 1 << 19, -(1 << 19) - 1];

/// As much as the programs here take, at most.
fn plenty() -> BatchShape {
    let comparisons = cost::together(cost::rectified(9), cost::largest(9));
    let shape = MatrixShape { rows: 2, inner: 3, columns: 2 };
    let more = BatchShape { triples: 9, masks: 64, matrices: vec![shape], ..BatchShape::default() };
    let bounds = cost::together(cost::input_within(9, 20), cost::within(9));
    cost::together(cost::together(comparisons, more), bounds)
}

/// Everything there is, once: inputs of both, a product, matrices, comparisons, the largest, whether
/// values keep to bounds, and openings to both and to each.
async fn everything(own: &mut Run) -> Result<Vec<Vec<F>>, PairError> {
    let given = (own.party() == Party::Client).then_some(&VALUES[..]);
    let x = input_within(own, Party::Client, given, VALUES.len(), 20).await?;
    assert!(within(own, &x, 20).await?);
    let y = bring(own, Party::Owner, &[3, -4, 5, 6, -7, 8, 9, 10, -11]).await?;
    let products = multiply(own, &x, &y).await?;
    let shape = MatrixShape { rows: 2, inner: 3, columns: 2 };
    let matrix = matrix_product(own, shape, &x[..6], &y[..6]).await?;
    let positive = rectified(own, &x, 0).await?;
    let place = largest(own, &x).await?;
    let told = reveal_to(own, Party::Client, &y[..2]).await?;
    let told_too = reveal_to(own, Party::Owner, &x[3..5]).await?;
    let mut results = Vec::new();
    for shares in [&products[..], &matrix, &positive, &[place]] {
        results.push(reveal(own, shares).await?.to_vec());
    }
    let told = [told, told_too].into_iter().flatten().map(|told| told.to_vec());
    Ok(results.into_iter().chain(told).collect())
}

#[tokio::test]
async fn two_parties_come_to_what_a_plain_computation_does() {
    let [(client, at_client), (owner, at_owner)] = play(&plenty(), None, everything).await;
    let y = [3, -4, 5, 6, -7, 8, 9, 10, -11];
    let products: Vec<i64> = VALUES.iter().zip(y).map(|(x, y)| x * y).collect();
    let shape = MatrixShape { rows: 2, inner: 3, columns: 2 };
    let matrix = product(shape, &numbers(&VALUES[..6]), &numbers(&y[..6]));
    let positive: Vec<i64> = VALUES.iter().map(|&value| value.max(0)).collect();
    for (results, told) in [(client.unwrap(), &y[..2]), (owner.unwrap(), &VALUES[3..5])] {
        assert_eq!(results.len(), 5);
        assert!(same(&results[0], &products));
        assert!(results[1].iter().zip(&matrix).all(|(got, expected)| got.equals(*expected)));
        assert!(same(&results[2], &positive));
        assert!(same(&results[3], &[5]));
        assert!(same(&results[4], told));
    }
    let (counters, theirs) = (at_client.counters, at_owner.counters);
    assert_eq!((counters.rounds, counters.gates), (theirs.rounds, theirs.gates));
    // Without a mask nothing is opened but the results, and each party's own.
    let plain = |run: &Books| -> Vec<u64> {
        let openings = run.openings.iter().filter(|opening| !opening.masked);
        openings.map(|opening| opening.bits / 128).collect()
    };
    assert_eq!(plain(&at_client), [1, 2, 2, 9, 4, 9, 1]);
    assert_eq!(plain(&at_client), plain(&at_owner));
}

/// Whatever a value is: small ones, and those next to half the prime on both sides, which no model has
/// and a liar may bring in.
#[tokio::test]
async fn every_element_is_compared_right_and_takes_what_is_said() {
    let half = F::from_u128((1 << 126) + 1_540_096);
    let small = [0, 1, -1, 1 << 60, -(1 << 60)].map(number);
    let large = [half, -half, half - F::ONE, F::ONE - half, F::from_u128(1 << 125)];
    let values: Vec<F> = small.into_iter().chain(large).collect();
    let expected = [0, 0, 1, 0, 1, 0, 1, 0, 1, 0];
    let shape = cost::together(cost::below_zero(10), cost::input(10));
    let program = async |own: &mut Run| compared(own, values.clone()).await;
    let (mut most, mut expected_bytes) = (0, 0);
    for (result, run) in play(&shape, None, program).await {
        assert!(same(&result.unwrap(), &expected));
        assert_eq!(run.used, shape);
        let traffic =
            Traffic::input(10, Party::Owner) + Traffic::below_zero(10) + Traffic::reveal(10);
        let (cost, counters) = (traffic.cost::<F>(), run.counters);
        assert_eq!((counters.rounds, counters.gates), (cost.rounds, cost.gates));
        most = most.max(counters.bytes_sent);
        expected_bytes = cost.bytes_sent;
    }
    assert_eq!(most, expected_bytes);
}

async fn compared(own: &mut Run, values: Vec<F>) -> Result<Vec<F>, PairError> {
    let given = (own.party() == Party::Owner).then_some(values.as_slice());
    let shared = input(own, Party::Owner, given, values.len()).await?;
    let below = below_zero(own, &shared).await?;
    Ok(reveal(own, &below).await?.to_vec())
}

#[tokio::test]
async fn what_is_shifted_is_one_off_at_most() {
    let shape = cost::together(cost::rectified(9), cost::input(9));
    let program = async |own: &mut Run| {
        let x = bring(own, Party::Client, &VALUES).await?;
        let shifted = rectified(own, &x, 7).await?;
        Ok(reveal(own, &shifted).await?.to_vec())
    };
    for (result, run) in play(&shape, None, program).await {
        for (got, value) in result.unwrap().iter().zip(VALUES) {
            let least = value.max(0) >> 7;
            let near = [least - 1, least, least + 1];
            let right = near.into_iter().any(|near| got.equals(number(near)))
                && (value >= 0 || got.is_zero());
            assert!(right, "{value}");
        }
        assert_eq!(run.used, shape);
    }
}

/// A wrong bit in any message of any round: the honest party takes no wrong result, and before it
/// notices, nothing is opened that tells something. Whoever lies in the last check of all has opened
/// what it may.
#[tokio::test]
async fn a_wrong_bit_in_any_message_is_found_before_anything_is_opened() {
    let truth = play(&plenty(), None, everything).await;
    let rounds = usize::try_from(truth[0].1.counters.rounds).unwrap();
    let right = |honest: usize, got: &[Vec<F>]| {
        let expected = truth[honest].0.as_ref().unwrap();
        let same = |(got, expected): (&Vec<F>, &Vec<F>)| {
            let mut pairs = got.iter().zip(expected);
            got.len() == expected.len() && pairs.all(|(got, expected)| got.equals(*expected))
        };
        got.len() == expected.len() && got.iter().zip(expected).all(same)
    };
    let mut found = 0;
    for (liar, honest) in [(Party::Client, 1), (Party::Owner, 0)] {
        for round in 1..=rounds {
            let step = StepId::of(&format!("pair/{:016x}/{round}", 0x0303_0303_0303_0303_u64));
            let lie = Lie { at: At::Step(step), to: None, bit: 5 + 131 * round };
            let runs = play(&plenty(), Some((liar, lie)), everything).await;
            let (result, run) = &runs[honest];
            match result {
                Ok(got) => assert!(right(honest, got), "{liar:?} in round {round}"),
                // The liar goes on as if it had told the truth, and may notice first.
                Err(
                    PairError::Mac { .. }
                    | PairError::Broken { .. }
                    | PairError::Encoding { .. }
                    | PairError::Channel { .. },
                ) => {
                    found += 1;
                    let at = run.openings.iter().filter(|opening| !opening.masked);
                    let rounds = at.map(|opening| opening.step.parse::<usize>().unwrap());
                    let late = rounds.filter(|&opened| opened > round).count();
                    assert_eq!(late, 0, "{liar:?} in round {round}");
                }
                Err(other) => panic!("{liar:?} in round {round}: {other}"),
            }
        }
    }
    // Every message counts; in some rounds a party has none to send.
    assert!(found > 2 * rounds - 16, "{found} of {}", 2 * rounds);
}

/// A value that the client brings in is not shifted by an owner who tells a wrong mask.
#[tokio::test]
async fn a_wrong_mask_of_an_input_is_found_by_the_one_who_was_told() {
    let lie = Lie { at: At::Number(0), to: None, bit: 0 };
    let program = async |own: &mut Run| Ok(bring(own, Party::Client, &[4, 5]).await?.len());
    let [(client, _), _] = play(&plenty(), Some((Party::Owner, lie)), program).await;
    assert_eq!(client, Err(PairError::Mac { round: 3 }));
}

/// Values between bounds come in as they are, with both ends, and take what is said.
#[tokio::test]
async fn values_between_bounds_come_in_as_they_are() {
    for (bits, values) in [(0, vec![-1, 0, 1]), (3, vec![-8, 8, 7, -7, 0]), (60, vec![1 << 60, -5])]
    {
        let count = values.len();
        let shape = cost::input_within(count, bits);
        let program = async |own: &mut Run| {
            let given = (own.party() == Party::Owner).then_some(values.as_slice());
            let shared = input_within(own, Party::Owner, given, count, bits).await?;
            Ok(reveal(own, &shared).await?.to_vec())
        };
        let runs = play(&shape, None, program).await;
        let traffic =
            Traffic::input_within(count, bits, Party::Owner) + Traffic::reveal_next(count);
        let most = runs.iter().map(|(_, run)| run.counters.bytes_sent).max();
        assert_eq!(most, Some(traffic.cost::<F>().bytes_sent));
        for (result, run) in runs {
            assert!(same(&result.unwrap(), &values));
            assert_eq!(run.used, shape);
            assert_eq!(run.counters.rounds, traffic.rounds);
        }
    }
    let shape = cost::input_within(1, 3);
    for wrong in [9, -9, i64::MIN] {
        let program = async |own: &mut Run| {
            let given = (own.party() == Party::Client).then_some(std::slice::from_ref(&wrong));
            input_within(own, Party::Client, given, 1, 3).await.map(drop)
        };
        let [(client, _), _] = play(&shape, None, program).await;
        assert!(matches!(client, Err(PairError::Shape(_))));
    }
}

/// An owner who tells a wrong bit would learn from whether the client goes on what the bit was: the
/// client says nothing that hangs on its values before it has found the lie.
#[tokio::test]
async fn a_wrong_bit_told_is_found_before_the_client_says_anything() {
    let program = async |own: &mut Run| {
        let given = (own.party() == Party::Client).then_some(&[4, -5][..]);
        input_within(own, Party::Client, given, 2, 5).await.map(drop)
    };
    for bit in [0, 1, 128, 129, 700] {
        let lie = Lie { at: At::Number(0), to: None, bit };
        let [(client, run), _] =
            play(&cost::input_within(2, 5), Some((Party::Owner, lie)), program).await;
        assert!(matches!(client, Err(PairError::Mac { round: 2 })), "{client:?}");
        assert_eq!(run.counters.rounds, 2);
    }
    // The opened combination wrong as well: found by the check of MACs, which comes before as well.
    let lie = Lie { at: At::Number(1), to: None, bit: 0 };
    let [(client, run), _] =
        play(&cost::input_within(2, 5), Some((Party::Owner, lie)), program).await;
    assert!(matches!(client, Err(PairError::Mac { .. })), "{client:?}");
    assert!(run.counters.rounds < 5);
}

/// Whatever a client says of its bits, what comes in keeps to the bounds.
#[tokio::test]
async fn a_client_that_lies_about_its_bits_stays_within_the_bounds() {
    let program = async |own: &mut Run| {
        let given = (own.party() == Party::Client).then_some(&[4, -5][..]);
        let shared = input_within(own, Party::Client, given, 2, 3).await?;
        Ok(reveal(own, &shared).await?.to_vec())
    };
    let step = StepId::of(&format!("pair/{:016x}/5", 0x0303_0303_0303_0303_u64));
    for bit in 0..10 {
        let lie = Lie { at: At::Step(step), to: None, bit };
        let [_, (owner, _)] =
            play(&cost::input_within(2, 3), Some((Party::Client, lie)), program).await;
        // The client goes on with what it would have said, and opens that: not what the owner has.
        let Ok(values) = owner else { continue };
        assert!(values.iter().all(|value| (-8..=8).any(|bound| value.equals(number(bound)))));
    }
}

#[tokio::test]
async fn whether_values_keep_to_bounds_is_found_and_takes_what_is_said() {
    let far = F::from_u128(1 << 100);
    for (values, expected) in [
        (vec![number(-32), number(32), F::ZERO], true),
        (vec![number(-33), number(32), F::ZERO], false),
        (vec![number(1), number(33), F::ZERO], false),
        (vec![number(1), far, -far], false),
    ] {
        let shape = cost::together(cost::input(3), cost::within(3));
        let program = async |own: &mut Run| {
            let given = (own.party() == Party::Owner).then_some(values.as_slice());
            let shared = input(own, Party::Owner, given, 3).await?;
            within(own, &shared, 5).await
        };
        let runs = play(&shape, None, program).await;
        let traffic = Traffic::input(3, Party::Owner) + Traffic::within(3);
        let most = runs.iter().map(|(_, run)| run.counters.bytes_sent).max();
        assert_eq!(most, Some(traffic.cost::<F>().bytes_sent));
        for (result, run) in runs {
            assert_eq!(result.unwrap(), expected);
            assert_eq!((&run.used, run.counters.rounds), (&shape, traffic.rounds));
        }
    }
}

#[tokio::test]
async fn what_a_batch_does_not_have_is_refused() {
    let shape = BatchShape { triples: 2, masks: 5, bits: 10, ..BatchShape::default() };
    let program = async |own: &mut Run| {
        let x = bring(own, Party::Client, &[1, 2, 3]).await?;
        let short = |what, have, need| PairError::Material { what, have, need };
        let error = multiply(own, &x, &x).await.err();
        assert_eq!(error, Some(short("triples", 2, 3)));
        let error = below_zero(own, &x).await.err();
        assert_eq!(error, Some(short("random bits", 10, 381)));
        let error = bring(own, Party::Owner, &[1]).await.err();
        assert_eq!(error, Some(short("random values", 5, 6)));
        let shape = MatrixShape { rows: 1, inner: 1, columns: 1 };
        let error = matrix_product(own, shape, &x[..1], &x[..1]).await.err();
        assert_eq!(error, Some(short("matrix triples", 0, 1)));
        let wide = range::MAX_BITS + 1;
        assert!(input_within(own, Party::Owner, None, 1, wide).await.is_err());
        Ok(())
    };
    for (result, _) in play(&shape, None, program).await {
        result.unwrap();
    }
}
