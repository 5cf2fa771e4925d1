//! Stored variables dealt anew: to the nodes of another roster, or to the same nodes with new
//! randomness.
//!
//! In: at every old node that is there its shares of some variables. Out: at every new node its shares
//! of the same values, and what everyone is to know of them: a generation more, and digests of the new
//! components that all new nodes agree on. Who learns what: the digests, and of the values nothing
//! ([`crate::sharing::reshare`]). Rounds: those of [`crate::protocol::reshare`] for each field that
//! variables are shared over, and then the keys of the new nodes and one more
//! ([`crate::protocol::elements::keep`]). Adversary: as for those.

use std::collections::BTreeMap;

use crate::field::Field;
use crate::protocol::bits::BitContext;
use crate::protocol::elements::keep::{Kept, keep};
use crate::protocol::reshare::{self, ReshareError, Taking};
use crate::protocol::{Channel, Context, ProtocolError};
use crate::rules::job::prime::over;
use crate::rules::job::version::Fingerprint;
use crate::rules::job::{Prime, StoredVariable};
use crate::sharing::reshare::Handover;
use crate::sharing::stored::{Label, StoredShare};
use crate::sharing::{Holding, ShapeError, SharedElements};

/// A stored variable, as everyone knows it, with the session whose job made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Renewable {
    /// The variable.
    pub variable: StoredVariable,
    /// The session.
    pub session: [u8; 16],
}

/// What a new node has.
pub struct Renewed {
    /// The variables in the order given, one generation on.
    pub variables: Vec<StoredVariable>,
    /// This node's shares, by name.
    pub shares: BTreeMap<String, StoredShare>,
}

/// The name of the dealing of the variables over a field.
fn step(prime: Prime) -> String {
    format!("renew/{}", prime.name())
}

/// Those of some variables that are over a field, with their places.
fn over_field(
    variables: &[Renewable],
    prime: Prime,
) -> impl Iterator<Item = (usize, &Renewable)> + Clone {
    variables.iter().enumerate().filter(move |(_, own)| own.variable.field == prime)
}

/// The part of an old node: it gives its shares, which it has compared with their digests.
///
/// # Errors
/// When a share is missing or none, and as for [`reshare::give`].
pub async fn give(
    ctx: &Context,
    across: &dyn Channel,
    handover: Handover,
    variables: &[Renewable],
    shares: &BTreeMap<String, StoredShare>,
) -> Result<(), ReshareError> {
    for prime in Prime::ALL {
        let own: Vec<&Renewable> = over_field(variables, prime).map(|(_, own)| own).collect();
        if own.is_empty() {
            continue;
        }
        over!(prime, F => {
            let batch = batch::<F>(ctx, &own, shares)?;
            Box::pin(reshare::give(&ctx.narrow(step(prime)), across, handover, &batch)).await?;
        });
    }
    Ok(())
}

/// All elements over one field, one after the other.
fn batch<F: Field>(
    ctx: &Context,
    variables: &[&Renewable],
    shares: &BTreeMap<String, StoredShare>,
) -> Result<SharedElements<F>, ShapeError> {
    let holding = Holding::of(ctx.scheme(), ctx.me());
    let missing = ShapeError { what: "shares of a stored variable", expected: 1, got: 0 };
    let element =
        |own: &&Renewable| shares.get(&own.variable.name).ok_or(missing)?.element::<F>(holding);
    let elements: Vec<_> = variables.iter().map(element).collect::<Result<_, _>>()?;
    SharedElements::concat(holding, &elements)
}

/// The part of a new node. The context is that of the new nodes that are there, with keys of their
/// own; `taking` goes over the same channel.
///
/// # Errors
/// As for [`reshare::take`], and when new nodes differ in their components.
pub async fn take(
    ctx: &Context,
    taking: Taking<'_>,
    variables: &[Renewable],
) -> Result<Renewed, RenewalError> {
    let mut renewed: Vec<StoredVariable> =
        variables.iter().map(|own| own.variable.clone()).collect();
    let mut shares = BTreeMap::new();
    for prime in Prime::ALL {
        let (places, own): (Vec<usize>, Vec<&Renewable>) = over_field(variables, prime).unzip();
        if own.is_empty() {
            continue;
        }
        let kept = over!(prime, F => Box::pin(taken::<F>(ctx, taking, prime, &own)).await?);
        for (place, Kept { share, digests }) in places.into_iter().zip(kept) {
            let variable = &mut renewed[place];
            variable.generation = variable.generation.saturating_add(1);
            variable.digests = digests.into_iter().map(Fingerprint).collect();
            shares.insert(variable.name.clone(), share);
        }
    }
    Ok(Renewed { variables: renewed, shares })
}

/// What becomes of the variables over one field.
async fn taken<F: Field>(
    ctx: &Context,
    taking: Taking<'_>,
    prime: Prime,
    variables: &[&Renewable],
) -> Result<Vec<Kept>, RenewalError> {
    let step = step(prime);
    let taking = Taking { step: &step, ..taking };
    let batch = reshare::take::<F>(taking, variables.len()).await?;
    let elements: Vec<_> = (0..variables.len())
        .map(|at| batch.slice(at..at + 1))
        .collect::<Result<_, _>>()
        .map_err(ReshareError::Shape)?;
    let labels: Vec<Label<'_>> = variables
        .iter()
        .map(|own| Label { session: own.session, name: &own.variable.name })
        .collect();
    let ctx = BitContext::new(&ctx.narrow(step));
    keep(&ctx.narrow("keep"), &labels, &elements).await.map_err(RenewalError::New)
}

/// Why a new node has no new shares. The old ones stand.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RenewalError {
    /// What the old nodes gave.
    #[error(transparent)]
    Taking(#[from] ReshareError),
    /// The new nodes among themselves.
    #[error("among the nodes of the new roster: {0}")]
    New(ProtocolError),
}
