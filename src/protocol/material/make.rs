//! A batch of material.
//!
//! In: the key, shared, and how much of what. Out: the batch, shared, in the order of
//! [`crate::sharing::pair`]. The rest is in the header of [`super`].

use super::authenticate::authenticate;
use super::bits::random_bits;
use super::cost::{TooLarge, fits};
use super::trial::trial;
use crate::field::{Field, Provable};
use crate::protocol::ProtocolError;
use crate::protocol::bits::BitContext;
use crate::protocol::elements::Arithmetic;
use crate::protocol::elements::matrix::matrix_product;
use crate::protocol::elements::multiply::multiply;
use crate::protocol::elements::random::random;
use crate::sharing::pair::BatchShape;
use crate::sharing::{ShapeError, SharedElements};

/// One dealer's shares of a batch.
pub struct Material<F: Field> {
    shape: BatchShape,
    key: SharedElements<F>,
    values: SharedElements<F>,
    macs: SharedElements<F>,
}

impl<F: Field> Material<F> {
    /// Shares that were kept: of the key, of all values in the order of a batch, and of their MACs.
    ///
    /// # Errors
    /// When there are not as many as a batch of that shape has.
    pub fn new(
        shape: BatchShape,
        key: SharedElements<F>,
        values: SharedElements<F>,
        macs: SharedElements<F>,
    ) -> Result<Self, ShapeError> {
        let total = shape.values();
        let parts = [
            ("keys", 1, &key),
            ("values of a batch", total, &values),
            ("MACs of a batch", total, &macs),
        ];
        for (what, expected, part) in parts {
            if part.len() != expected {
                return Err(ShapeError { what, expected, got: part.len() });
            }
        }
        Ok(Self { shape, key, values, macs })
    }

    /// How much there is of what.
    pub const fn shape(&self) -> &BatchShape {
        &self.shape
    }

    /// The key that the MACs are made with.
    pub const fn key(&self) -> &SharedElements<F> {
        &self.key
    }

    /// All values, in the order of a batch.
    pub const fn values(&self) -> &SharedElements<F> {
        &self.values
    }

    /// Their MACs.
    pub const fn macs(&self) -> &SharedElements<F> {
        &self.macs
    }
}

/// A key that nobody knows, without a message.
///
/// # Errors
/// When the step's name was used before.
pub fn new_key<F: Field>(ctx: &BitContext) -> Result<SharedElements<F>, ProtocolError> {
    random(ctx, 1)
}

/// Elements of [`new_seeds`]: 381 random bits of every component.
pub const SEED_ELEMENTS: usize = 3;

/// What the seeds of a batch's halves follow from: random elements of which every node knows the components
/// that it holds, without a message.
///
/// # Errors
/// When the step's name was used before.
pub fn new_seeds<F: Field>(ctx: &BitContext) -> Result<SharedElements<F>, ProtocolError> {
    random(ctx, SEED_ELEMENTS)
}

/// Make a batch. No other protocol of the attempt may be under way.
///
/// # Errors
/// When it is too large, or a dealer lied or does not answer.
pub async fn make<F: Arithmetic + Provable<Proof = F>>(
    ctx: &BitContext,
    key: &SharedElements<F>,
    shape: &BatchShape,
) -> Result<Material<F>, ProtocolError> {
    let total = shape.values();
    fits::<F>(shape, ctx.base().scheme()).map_err(|TooLarge { values, most, .. }| {
        let what = "values of a batch of material, at most";
        ShapeError { what, expected: most, got: values }
    })?;
    let values = values(ctx, shape).await?;
    let macs = authenticate(&ctx.narrow("macs"), key, &values).await?;
    trial(&ctx.narrow("trial"), key, &values, &macs).await?;
    // All but the mask of the test.
    let (values, macs) = (values.slice(0..total)?, macs.slice(0..total)?);
    Ok(Material::new(shape.clone(), key.slice(0..1)?, values, macs)?)
}

/// All values, and behind them one that hides the sum of all in the test.
async fn values<F: Arithmetic>(
    ctx: &BitContext,
    shape: &BatchShape,
) -> Result<SharedElements<F>, ProtocolError> {
    let drawn = |name: &str, len| random::<F>(&ctx.narrow(name), len);
    let (a, b) = (drawn("a", shape.triples)?, drawn("b", shape.triples)?);
    let c = multiply(&ctx.narrow("c"), &a, &b).await?;
    let root = drawn("root", shape.squares)?;
    let square = multiply(&ctx.narrow("square"), &root, &root).await?;
    let bits = random_bits(&ctx.narrow("bits"), shape.bits).await?;
    let mut parts = vec![a, b, c, root, square, bits, drawn("masks", shape.masks)?];
    for (number, &shape) in shape.matrices.iter().enumerate() {
        let ctx = ctx.narrow(format!("matrix-{number}"));
        let [of_a, of_b, _] = shape.parts();
        let (a, b) = (random(&ctx.narrow("a"), of_a)?, random(&ctx.narrow("b"), of_b)?);
        let c = matrix_product(&ctx.narrow("c"), shape, &a, &b).await?;
        parts.extend([a, b, c]);
    }
    parts.push(drawn("hide", 1)?);
    Ok(SharedElements::concat(ctx.holding(), &parts)?)
}
