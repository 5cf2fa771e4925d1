//! Which of two bit patterns is larger, one public, one shared bit by bit: a tree of (z, Z) pairs.
//!
//! In: for every bit from the lowest, whether it leaves the answer to the bits below (z), and the
//! answer if not (Z); the lowest always answers. Out: the answer, shared. Who learns what:
//! nothing. Rounds: ceil(log2 bits). Products: about 4/3 per bit where Z is public at the start.
//! Adversary: as for [`super::multiply`].
//!
//! This is the fold of Bogetoft and others (2008): (x, X) over (y, Y) is
//! (x and y, (x and (X xor Y)) xor X). X xor Y where x is 1, and X where it is 0, is on numbers
//! X + x (Y - X). The paper folds from the top bit down in a chain; the operation is associative,
//! so here it is a tree. While X and Y are both public, the product is local.

use super::NumberContext;
use super::multiply::multiply;
use crate::field::{
    Field,
    bulk::{Elements, add_into, mul_into, zeros},
};
use crate::protocol::ProtocolError;
use crate::sharing::{ShapeError, SharedNumbers};

/// What a bit, or a group of bits, says at every position of a batch.
pub(super) struct Group<F: Field> {
    /// z: 1 where the groups below decide. The lowest group has none.
    pub(super) passes: Option<Elements<F>>,
    /// Z: the answer where they do not.
    pub(super) answer: Elements<F>,
    /// Whether the answer is a public number, the same at every node.
    pub(super) public: bool,
}

/// Which products it takes to put a group over another.
pub(super) struct Products {
    pub(super) passes: bool,
    pub(super) answer: bool,
}

/// `lowest`: the group below has no z. `public`: both answers are public.
pub(super) const fn products(lowest: bool, public: bool) -> Products {
    Products { passes: !lowest, answer: !public }
}

/// The answer of all groups, given from the lowest up.
pub(super) async fn fold<F: Field>(
    ctx: &NumberContext<F>,
    mut groups: Vec<Group<F>>,
) -> Result<Elements<F>, ProtocolError> {
    let mut level = 0;
    while groups.len() > 1 {
        let len = groups[0].answer.len();
        let (mut x, mut y) = (Vec::new(), Vec::new());
        let mut pairs = Vec::with_capacity(groups.len() / 2);
        let mut rest = groups.into_iter();
        let mut odd = None;
        while let Some(below) = rest.next() {
            let Some(above) = rest.next() else {
                odd = Some(below);
                break;
            };
            let passes = above.passes.as_ref().ok_or(MISSING)?;
            let difference = difference(&below.answer, &above.answer);
            let needed = products(below.passes.is_none(), below.public && above.public);
            if let (true, Some(lower)) = (needed.passes, &below.passes) {
                x.push(SharedNumbers::from_public(passes));
                y.push(SharedNumbers::from_public(lower));
            }
            if needed.answer {
                x.push(SharedNumbers::from_public(passes));
                y.push(SharedNumbers::from_shares(difference));
            }
            pairs.push((below, above, needed));
        }
        let (x, y) = (SharedNumbers::concat(&x), SharedNumbers::concat(&y));
        let made = multiply(&ctx.narrow(level), &x, &y).await?;
        let mut made = made.shares().chunks(len.max(1));
        let mut next = || {
            let mut product = zeros(len);
            product.copy_from_slice(made.next().unwrap_or_default());
            product
        };
        groups = Vec::with_capacity(pairs.len() + 1);
        for (below, above, needed) in pairs {
            let passes = needed.passes.then(&mut next);
            let mut answer = if needed.answer {
                next()
            } else {
                let mut local = difference(&below.answer, &above.answer);
                mul_into(&mut local, above.passes.as_ref().ok_or(MISSING)?);
                local
            };
            add_into(&mut answer, &above.answer);
            groups.push(Group { passes, answer, public: false });
        }
        groups.extend(odd);
        level += 1;
    }
    let answer = groups.pop().ok_or(ShapeError { what: "bits to fold", expected: 1, got: 0 })?;
    Ok(answer.answer)
}

const MISSING: ShapeError = ShapeError { what: "passes of a group", expected: 1, got: 0 };

fn difference<F: Field>(below: &[F], above: &[F]) -> Elements<F> {
    let mut difference = zeros(below.len());
    for ((difference, &below), &above) in difference.iter_mut().zip(below).zip(above) {
        *difference = below - above;
    }
    difference
}
