//! A dealing of shared elements anew: two rosters in one process, over channels in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _, join, join_all};

use crate::field::Field;
use crate::protocol::reshare::{ReshareError, Taking, give, take};
use crate::protocol::{Channel, ChannelError, Context, EstablishError, StepId};
use crate::sharing::reshare::Handover;
use crate::sharing::{NodeIndex, NodeSet, Scheme, SharedElements};
use crate::transport::streams::lying::{Lie, Lying};
use crate::transport::streams::memory::{MemoryChannel, network};

/// The step at which batches are given.
pub const STEP: &str = "reshare";

/// What ties the keys to the dealing.
const BINDING: [u8; 32] = [9; 32];

/// Which of a node's channels it lies on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// Among the old nodes.
    Old,
    /// From an old node to the new ones.
    Across,
    /// Among the new nodes.
    New,
}

/// How a dealing is to go.
pub struct Dealing {
    handover: Handover,
    deadline: Duration,
    lies: Vec<(Line, NodeIndex, Lie)>,
    /// Old nodes whose shares are not what they should be.
    damaged: NodeSet,
    /// Old nodes that go away once they have told the digests.
    leaving: NodeSet,
}

/// What came of it.
pub struct Dealt<F: Field> {
    /// What each old node says.
    pub givers: Vec<(NodeIndex, Result<(), ReshareError>)>,
    /// What each new node has.
    pub takers: Vec<(NodeIndex, Result<SharedElements<F>, ReshareError>)>,
    /// Rounds and bytes that each old node spent.
    pub spent: Vec<(NodeIndex, u64, u64)>,
    /// Bytes that each new node sent.
    pub told: Vec<(NodeIndex, u64)>,
}

/// What programs at both rosters said.
pub struct Played<G, T> {
    /// Old nodes, with the rounds and bytes that each spent.
    pub givers: Vec<(NodeIndex, Result<G, ReshareError>, u64, u64)>,
    /// New nodes, with the bytes that each sent to the others.
    pub takers: Vec<(NodeIndex, T, u64)>,
}

impl Dealing {
    /// One without liars.
    pub fn new(handover: Handover) -> Self {
        let (deadline, lies) = (Duration::from_secs(20), Vec::new());
        let (damaged, leaving) = (NodeSet::EMPTY, NodeSet::EMPTY);
        Self { handover, deadline, lies, damaged, leaving }
    }

    /// With a node that lies on one of its lines.
    #[must_use]
    pub fn with_lie(mut self, line: Line, node: NodeIndex, lie: Lie) -> Self {
        self.lies.push((line, node, lie));
        self
    }

    /// With an old node that deals something else than it holds.
    #[must_use]
    pub fn with_damaged(mut self, node: NodeIndex) -> Self {
        self.damaged.insert(node);
        self
    }

    /// With an old node that goes away before it sends a piece.
    #[must_use]
    pub fn with_leaving(mut self, node: NodeIndex) -> Self {
        self.leaving.insert(node);
        self
    }

    /// With another deadline for every wait.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    fn channel(&self, line: Line, node: NodeIndex, inner: Arc<dyn Channel>) -> Arc<dyn Channel> {
        let lies = self.lies.iter().filter(|&&(on, liar, _)| on == line && liar == node);
        lies.fold(inner, |channel, (.., lie)| Arc::new(Lying::new(channel, *lie)))
    }

    /// Run a program at every old node and one at every new one: what each says, with the rounds and
    /// bytes that it spent. The old ones get their context and the channel to the new ones; the new
    /// ones the channel from the old ones and that among themselves.
    pub async fn play<G, T>(
        &self,
        give: impl AsyncFn(Context, Arc<dyn Channel>) -> Result<G, ReshareError>,
        take: impl AsyncFn(NodeIndex, Arc<dyn Channel>, Arc<dyn Channel>) -> T,
    ) -> Played<G, T> {
        let (handover, give, take) = (self.handover, &give, &take);
        let mut across = Across::between(handover, self.deadline);
        let givers = network(handover.givers(), self.deadline).into_iter().map(|(me, channel)| {
            let channel = self.channel(Line::Old, me, channel);
            let mut to_new: Arc<dyn Channel> = Arc::new(across.giver(me));
            to_new = self.channel(Line::Across, me, to_new);
            if self.leaving.contains(me) {
                to_new = Arc::new(Leaving { inner: to_new });
            }
            async move {
                let (old, there) = (handover.old(), handover.givers());
                match Context::establish(me, old, there, channel, BINDING).await {
                    Ok(ctx) => {
                        let given = give(ctx.clone(), to_new).await;
                        let spent = ctx.counters();
                        (me, given, spent.rounds, spent.bytes_sent)
                    }
                    Err(EstablishError::Exchange(error)) => {
                        (me, Err(ReshareError::Old(error)), 0, 0)
                    }
                    Err(other) => panic!("{other}"),
                }
            }
        });
        let givers: Vec<_> = givers.collect();
        let among = network(handover.takers(), self.deadline).into_iter();
        let takers = among.map(|(me, peers)| {
            let (from_old, counted) = (Arc::new(across.taker(me)), Arc::clone(&peers));
            let peers = self.channel(Line::New, me, peers);
            async move { (me, take(me, from_old, peers).await, counted.bytes_sent()) }
        });
        let takers: Vec<_> = takers.collect();
        let all = join(join_all(givers), join_all(takers));
        let Ok((givers, takers)) = tokio::time::timeout(self.deadline * 4, all).await else {
            panic!("the nodes hang");
        };
        Played { givers, takers }
    }

    /// Deal what the old nodes hold.
    pub async fn run<F: Field>(
        &self,
        shares: impl Fn(NodeIndex) -> SharedElements<F>,
        len: usize,
    ) -> Dealt<F> {
        let handover = self.handover;
        let give = async |ctx: Context, across: Arc<dyn Channel>| {
            let mut own = shares(ctx.me());
            if self.damaged.contains(ctx.me()) {
                own.scale(F::from_u64(3));
            }
            give(&ctx.narrow(STEP), &*across, handover, &own).await
        };
        let take = async |me, across: Arc<dyn Channel>, peers: Arc<dyn Channel>| {
            take::<F>(self.taking(me, &*across, &*peers), len).await
        };
        let Played { givers, takers } = self.play(give, take).await;
        Dealt {
            spent: givers.iter().map(|&(node, _, rounds, bytes)| (node, rounds, bytes)).collect(),
            givers: givers.into_iter().map(|(node, given, ..)| (node, given)).collect(),
            told: takers.iter().map(|&(node, _, bytes)| (node, bytes)).collect(),
            takers: takers.into_iter().map(|(node, taken, _)| (node, taken)).collect(),
        }
    }

    /// A new node's view, at [`STEP`].
    pub const fn taking<'a>(
        &self,
        me: NodeIndex,
        across: &'a dyn Channel,
        peers: &'a dyn Channel,
    ) -> Taking<'a> {
        Taking { me, handover: self.handover, step: STEP, binding: BINDING, across, peers }
    }
}

impl<F: Field> Dealt<F> {
    /// Each new node's shares; nobody may have failed.
    pub fn settled(self) -> BTreeMap<NodeIndex, SharedElements<F>> {
        for (node, given) in &self.givers {
            assert_eq!(*given, Ok(()), "old node {node}");
        }
        let takers = self.takers.into_iter();
        let shares =
            takers.map(|(node, taken)| (node, taken.unwrap_or_else(|error| panic!("{error}"))));
        shares.collect()
    }
}

/// The values that shares stand for; all holders of a component must have the same.
pub fn opened<F: Field>(scheme: Scheme, shares: &BTreeMap<NodeIndex, SharedElements<F>>) -> Vec<F> {
    let len = shares.values().next().expect("a node").len();
    let mut values = vec![F::ZERO; len];
    for position in 0..scheme.sets().len() {
        let copies: Vec<&[F]> = shares
            .iter()
            .filter_map(|(node, own)| {
                let at = scheme.held_by(*node).iter().position(|&held| held == position)?;
                Some(own.component(at))
            })
            .collect();
        assert!(copies.len() > scheme.threshold().into(), "too few holders of {position}");
        for copy in &copies {
            assert!(copy.iter().zip(copies[0]).all(|(&one, &other)| one.equals(other)));
        }
        values.iter_mut().zip(copies[0]).for_each(|(value, &part)| *value += part);
    }
    values
}

/// The lines from old nodes to new ones: a network of two for each pair.
struct Across {
    to_new: BTreeMap<NodeIndex, BTreeMap<NodeIndex, Arc<MemoryChannel>>>,
    from_old: BTreeMap<NodeIndex, BTreeMap<NodeIndex, Arc<MemoryChannel>>>,
}

/// One node's ends of them.
struct Ends {
    /// The index of whoever is at the other end of each line.
    far: NodeIndex,
    lines: BTreeMap<NodeIndex, Arc<MemoryChannel>>,
}

impl Across {
    fn between(handover: Handover, deadline: Duration) -> Self {
        let (mut to_new, mut from_old) = (BTreeMap::new(), BTreeMap::new());
        for giver in handover.givers().iter() {
            for taker in handover.takers().iter() {
                let mut ends = network(NodeSet::all(2), deadline).into_iter().map(|(_, end)| end);
                let lines: &mut BTreeMap<_, _> = to_new.entry(giver).or_default();
                lines.extend(ends.next().map(|end| (taker, end)));
                let lines: &mut BTreeMap<_, _> = from_old.entry(taker).or_default();
                lines.extend(ends.next().map(|end| (giver, end)));
            }
        }
        Self { to_new, from_old }
    }

    fn giver(&mut self, node: NodeIndex) -> Ends {
        let far = NodeIndex::new(2).expect("an index");
        Ends { far, lines: self.to_new.remove(&node).unwrap_or_default() }
    }

    fn taker(&mut self, node: NodeIndex) -> Ends {
        let far = NodeIndex::new(1).expect("an index");
        Ends { far, lines: self.from_old.remove(&node).unwrap_or_default() }
    }
}

/// The same error, of the node that the line goes to.
fn about(node: NodeIndex, error: &ChannelError) -> ChannelError {
    match error {
        ChannelError::Closed { .. } => ChannelError::Closed { node },
        ChannelError::Timeout { .. } => ChannelError::Timeout { node },
        ChannelError::Flood { .. } => ChannelError::Flood { node },
        ChannelError::Cancelled => ChannelError::Cancelled,
    }
}

impl Channel for Ends {
    fn send(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<(), ChannelError>> {
        async move {
            let line = self.lines.get(&to).ok_or(ChannelError::Closed { node: to })?;
            line.send(self.far, step, payload).await.map_err(|error| about(to, &error))
        }
        .boxed()
    }

    fn recv(&self, from: NodeIndex, step: StepId) -> BoxFuture<'_, Result<Bytes, ChannelError>> {
        async move {
            let line = self.lines.get(&from).ok_or(ChannelError::Closed { node: from })?;
            line.recv(self.far, step).await.map_err(|error| about(from, &error))
        }
        .boxed()
    }

    fn bytes_sent(&self) -> u64 {
        self.lines.values().map(|line| line.bytes_sent()).sum()
    }
}

/// A channel that carries nothing but digests.
struct Leaving {
    inner: Arc<dyn Channel>,
}

impl Channel for Leaving {
    fn send(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<(), ChannelError>> {
        if step == StepId::of(&format!("{STEP}/digests")) {
            return self.inner.send(to, step, payload);
        }
        async { Err(ChannelError::Cancelled) }.boxed()
    }

    fn recv(&self, from: NodeIndex, step: StepId) -> BoxFuture<'_, Result<Bytes, ChannelError>> {
        self.inner.recv(from, step)
    }

    fn bytes_sent(&self) -> u64 {
        self.inner.bytes_sent()
    }
}
