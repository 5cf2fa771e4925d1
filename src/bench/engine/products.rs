//! Products of shared elements, as jobs compute them: all in one batch, or each from the one before.
//!
//! The products of a batch stay shared, as they do in a job. What is opened in the end, and compared
//! with plain arithmetic, is their sum with weights 1, 2, 3 and so on; of a chain its last product.

use bytes::Bytes;
use rand::rngs::SysRng;
use rand::{RngExt as _, SeedableRng as _, TryRng as _, rngs::StdRng};
use serde::{Deserialize, Serialize};

use crate::field::bulk::{add_encoded, append, sub_into};
use crate::field::{Field, Mersenne61, Mersenne127, Prime256};
use crate::protocol::bits::BitContext;
use crate::protocol::elements::Arithmetic;
use crate::protocol::elements::multiply::multiply;
use crate::protocol::elements::open::open;
use crate::protocol::{Context, Cost, CostModel, ProtocolError};
use crate::rules::job::prime::over;
use crate::rules::job::{Number, Prime};
use crate::sharing::elements::Component;
use crate::sharing::numbers::pseudorandom::expand_at;
use crate::sharing::stream::{StreamKey, StreamStart};
use crate::sharing::{Holding, NodeIndex, Scheme, ShapeError, SharedElements};

/// Products to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Products {
    /// Over which field.
    pub prime: Prime,
    /// Each of the one before, instead of all at once.
    pub chain: bool,
    /// How many.
    pub count: usize,
}

/// The factors in the clear: only whoever sets the bench up has them. Of a chain there are two: the
/// first one, and what it is multiplied with again and again.
pub struct Factors {
    products: Products,
    x: Vec<u64>,
    y: Vec<u64>,
}

/// A node's shares of all factors.
#[derive(Serialize, Deserialize)]
pub struct FactorShares {
    prime: Prime,
    len: usize,
    /// A seed per component held, in the order of [`Scheme::held_by`].
    seeds: Vec<[u8; 16]>,
    /// What is added to the designated component, for those who hold it: encoded elements.
    correction: Bytes,
}

/// A node's shares, laid out: the first factors, then the second ones.
pub enum LaidOut {
    /// Over the field of 2^61 - 1.
    Mersenne61(SharedElements<Mersenne61>),
    /// Over the field of 2^127 - 1.
    Mersenne127(SharedElements<Mersenne127>),
    /// Over the field of 256 bits.
    Prime256(SharedElements<Prime256>),
}

fn start() -> StreamStart {
    StreamStart::of("bench/factors")
}

impl Products {
    /// What making them costs, keys included.
    pub fn cost(self, model: CostModel) -> Cost {
        over!(self.prime, F => {
            let made = if self.chain {
                (0..self.count).fold(Cost::NONE, |cost, _| cost + model.products::<F>(1))
            } else {
                model.multiply_elements::<F>(self.count)
            };
            model.opening_elements::<F>(model.keys() + made, 1)
        })
    }
}

impl Factors {
    /// Drawn from a seed.
    pub fn draw(products: Products, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let len = if products.chain { 1 } else { products.count };
        let mut draw = || (0..len).map(|_| rng.random()).collect();
        Self { products, x: draw(), y: draw() }
    }

    /// What is to be made of them.
    pub const fn products(&self) -> Products {
        self.products
    }

    /// Shares for all nodes of a scheme, in ascending order.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn share(&self, scheme: Scheme) -> Result<Vec<FactorShares>, rand::rngs::SysError> {
        over!(self.products.prime, F => self.share_over::<F>(scheme))
    }

    fn share_over<F: Field>(
        &self,
        scheme: Scheme,
    ) -> Result<Vec<FactorShares>, rand::rngs::SysError> {
        let values = self.x.iter().chain(&self.y);
        let mut correction: Vec<F> = values.map(|&value| F::from_u64(value)).collect();
        let mut component = vec![F::ZERO; correction.len()];
        let mut seeds = Vec::new();
        for _ in scheme.sets() {
            let mut seed = [0; 16];
            SysRng.try_fill_bytes(&mut seed)?;
            expand_at(&StreamKey::new(&seed), start(), 0, &mut component);
            sub_into(&mut correction, &component);
            seeds.push(seed);
        }
        let mut bytes = Vec::with_capacity(correction.len() * F::BYTES);
        append(&mut bytes, &correction);
        let correction = Bytes::from(bytes);
        let shares = scheme.all().iter().map(|node| FactorShares {
            prime: self.products.prime,
            len: component.len(),
            seeds: scheme.held_by(node).into_iter().map(|set| seeds[set]).collect(),
            correction: match Holding::of(scheme, node).designated() {
                Some(_) => correction.clone(),
                None => Bytes::new(),
            },
        });
        Ok(shares.collect())
    }

    /// What plain arithmetic makes of them.
    pub fn result(&self) -> Number {
        over!(self.products.prime, F => {
            let number = F::from_u64;
            let pairs = self.x.iter().zip(&self.y);
            let all = pairs.map(|(&x, &y)| (number(x), number(y)));
            Number::of_element(if self.products.chain {
                let power = |y: F| y.pow(&[self.products.count as u64]);
                all.fold(F::ZERO, |_, (x, y)| x * power(y))
            } else {
                let weighted = (1..).zip(all).map(|(weight, (x, y))| number(weight) * x * y);
                weighted.fold(F::ZERO, |sum, product| sum + product)
            })
        })
    }
}

/// Lay out a node's shares.
///
/// # Errors
/// When they are not those of this node.
pub fn expand(scheme: Scheme, me: NodeIndex, shares: &FactorShares) -> Result<LaidOut, ShapeError> {
    match shares.prime {
        Prime::Mersenne61 => expand_over(scheme, me, shares).map(LaidOut::Mersenne61),
        Prime::Mersenne127 => expand_over(scheme, me, shares).map(LaidOut::Mersenne127),
        Prime::Secp256k1 => expand_over(scheme, me, shares).map(LaidOut::Prime256),
    }
}

fn expand_over<F: Field>(
    scheme: Scheme,
    me: NodeIndex,
    shares: &FactorShares,
) -> Result<SharedElements<F>, ShapeError> {
    let holding = Holding::of(scheme, me);
    let mut components = Vec::with_capacity(shares.seeds.len());
    for (number, seed) in shares.seeds.iter().enumerate() {
        let mut component = Component::zeros(shares.len);
        expand_at(&StreamKey::new(seed), start(), 0, &mut component);
        if holding.designated() == Some(number) && !add_encoded(&mut component, &shares.correction)
        {
            let (expected, got) = (shares.len * F::BYTES, shares.correction.len());
            return Err(ShapeError { what: "bytes of a correction", expected, got });
        }
        components.push(component);
    }
    SharedElements::from_components(holding, components)
}

/// Make the products, and open what they come to.
///
/// # Errors
/// When nodes disagree, or one does not answer.
pub async fn run(
    context: &Context,
    products: Products,
    factors: &LaidOut,
) -> Result<Number, ProtocolError> {
    let ctx = BitContext::new(context);
    match factors {
        LaidOut::Mersenne61(factors) => compute(&ctx, products, factors).await,
        LaidOut::Mersenne127(factors) => compute(&ctx, products, factors).await,
        LaidOut::Prime256(factors) => compute(&ctx, products, factors).await,
    }
}

async fn compute<F: Arithmetic>(
    ctx: &BitContext,
    products: Products,
    factors: &SharedElements<F>,
) -> Result<Number, ProtocolError> {
    let len = factors.len() / 2;
    let (x, y) = (factors.slice(0..len)?, factors.slice(len..2 * len)?);
    let result = if products.chain {
        let mut product = x;
        for step in 0..products.count {
            product = multiply(&ctx.narrow(step), &product, &y).await?;
        }
        product
    } else {
        let mut all = multiply(&ctx.narrow("products"), &x, &y).await?;
        let weights: Vec<F> = (1..=len as u64).map(F::from_u64).collect();
        all.mul_public(&weights)?;
        all.sum()
    };
    let opened = open(&ctx.narrow("open"), &result).await?;
    Ok(opened.first().copied().map(Number::of_element).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::bench::engine::products::*;

    #[test]
    fn shares_add_up_to_the_factors() {
        let scheme = Scheme::new(5, 2).unwrap();
        let products = Products { prime: Prime::Secp256k1, chain: false, count: 3 };
        let factors = Factors::draw(products, 7);
        let mut components = vec![None; scheme.sets().len()];
        for (node, shares) in scheme.all().iter().zip(factors.share(scheme).unwrap()) {
            let LaidOut::Prime256(elements) = expand(scheme, node, &shares).unwrap() else {
                panic!("another field");
            };
            for (at, set) in scheme.held_by(node).into_iter().enumerate() {
                let own = elements.component(at).to_vec();
                let first: &Vec<Prime256> = components[set].get_or_insert_with(|| own.clone());
                assert!(first.iter().zip(&own).all(|(one, other)| one.equals(*other)));
            }
        }
        for (at, &value) in factors.x.iter().chain(&factors.y).enumerate() {
            let all = components.iter().flatten();
            let sum = all.fold(Prime256::ZERO, |sum, component| sum + component[at]);
            assert!(sum.equals(Prime256::from_u64(value)));
        }
    }
}
