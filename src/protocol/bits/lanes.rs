//! Large batches, stripe by stripe, so that computing, encrypting and sending overlap.
//!
//! The positions of a batch are cut into stripes ([`super::stripes`]), and every stripe goes
//! through all steps by itself, in a task of its own: while one waits for messages, another
//! computes. Stripes run in lanes; a lane takes the next stripe when it is done with one, so that
//! memory is needed for one stripe per lane only. Every stripe's gates are checked by themselves.
//! Rounds are those of the longest lane.

use tokio::task::JoinSet;

use super::BitContext;
use super::stripes::{Cut, Knife, Stripe};
use crate::protocol::proof::check::check;
use crate::protocol::{ChannelError, ProtocolError};
use crate::sharing::SharedBits;

/// Run the same steps on every stripe of a batch of `len` positions, and put the results together.
/// A batch that is not cut keeps its step names.
pub(super) async fn run<F, Fut>(
    ctx: &BitContext,
    len: usize,
    steps: F,
) -> Result<SharedBits, ProtocolError>
where
    F: Fn(BitContext, Stripe) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<SharedBits, ProtocolError>> + Send,
{
    run_cut(ctx, knife(ctx).cut(len), steps).await
}

/// The same for a table that has so many planes at every position.
pub(super) async fn run_table<F, Fut>(
    ctx: &BitContext,
    len: usize,
    planes: usize,
    steps: F,
) -> Result<SharedBits, ProtocolError>
where
    F: Fn(BitContext, Stripe) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<SharedBits, ProtocolError>> + Send,
{
    run_cut(ctx, knife(ctx).cut_table(len, planes), steps).await
}

fn knife(ctx: &BitContext) -> Knife {
    Knife::new(ctx.holding(), ctx.base().tactics(), ctx.base().security())
}

async fn run_cut<F, Fut>(ctx: &BitContext, cut: Cut, steps: F) -> Result<SharedBits, ProtocolError>
where
    F: Fn(BitContext, Stripe) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<SharedBits, ProtocolError>> + Send,
{
    if cut.count() <= 1 {
        return steps(ctx.clone(), cut.stripe(0)).await;
    }
    let steps = move |ctx: BitContext, number: usize| steps(ctx, cut.stripe(number));
    let parts = run_pieces(ctx, cut.count(), cut.lanes, steps).await?;
    let parts: Vec<&SharedBits> = parts.iter().collect();
    let width = parts.first().map_or(0, |part| part.width());
    Ok(SharedBits::concat(ctx.holding(), width, &parts)?)
}

/// Run pieces of work by their numbers in lanes; their results in order. Each piece's gates are
/// checked by themselves, unless it is the only one, which keeps its step names.
pub(in crate::protocol) async fn run_pieces<T, F, Fut>(
    ctx: &BitContext,
    pieces: usize,
    lanes: usize,
    steps: F,
) -> Result<Vec<T>, ProtocolError>
where
    T: Send + 'static,
    F: Fn(BitContext, usize) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<T, ProtocolError>> + Send,
{
    if pieces == 1 {
        return Ok(vec![steps(ctx.clone(), 0).await?]);
    }
    // Dropping the set, as when the attempt is called off, ends the tasks.
    let mut tasks = JoinSet::new();
    for lane in 0..lanes {
        let (ctx, steps) = (ctx.fork(), steps.clone());
        tasks.spawn(async move {
            let mut done = Vec::new();
            for number in (lane..pieces).step_by(lanes) {
                let stripe_ctx = ctx.apart().narrow(format!("stripe-{number}"));
                let result = steps(stripe_ctx.clone(), number).await?;
                // What it was computed from can go.
                check(&stripe_ctx.narrow("check")).await?;
                done.push((number, result));
            }
            Ok::<_, ProtocolError>((done, ctx.base().rounds()))
        });
    }
    let mut parts: Vec<Option<T>> = (0..pieces).map(|_| None).collect();
    let mut rounds = 0;
    while let Some(ended) = tasks.join_next().await {
        let (done, lane_rounds) = match ended {
            Ok(ended) => ended?,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Err(called_off(ctx)),
            },
        };
        rounds = rounds.max(lane_rounds);
        for (number, result) in done {
            if let Some(place) = parts.get_mut(number) {
                *place = Some(result);
            }
        }
    }
    ctx.base().catch_up(rounds);
    Ok(parts.into_iter().flatten().collect())
}

/// A task ended because the runtime shuts down.
fn called_off(ctx: &BitContext) -> ProtocolError {
    let source = ChannelError::Cancelled;
    ProtocolError::Channel { step: ctx.base().step().to_owned(), source }
}
