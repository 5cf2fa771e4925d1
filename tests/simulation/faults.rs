//! Faults that follow a plan instead of chance: a node away at closing while another leaves for
//! good, links that stay cut, partitions that heal late, a network that never gets better. In each
//! of them enough nodes remain, now or in the end, and no person is needed.

use std::sync::Arc;
use std::time::Duration;

use gavel::client::Network;
use gavel::session::{Phase, SessionId};
use gavel::sharing::{NodeIndex, NodeSet, Scheme};
use tokio::time::sleep;

use super::chance::Chance;
use super::core::{Core, Host, Noise};

/// How long a partition lasts.
const PARTED: Duration = Duration::from_secs(40);

/// How often a plan looks whether its time has come.
const LOOK: Duration = Duration::from_millis(50);

/// A plan of what goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Script {
    /// As many nodes as may be are away at closing, and a bidder has handed garbage for them.
    /// They come back when others that closed leave for good, so that nobody can do without them.
    Away,
    /// Links between nodes are cut for good; enough nodes still reach each other. Where bids can't
    /// be fixed without nodes that were handed garbage and are cut off, only for 40 seconds.
    CutLinks,
    /// No group of nodes that reach each other is large enough, for 40 seconds.
    Partition,
    /// Messages are lost and streams are cut all the time.
    Flaky,
}

impl Script {
    /// How long it may take, where a run takes no longer than `end` once all is well.
    pub fn end(self, end: Duration) -> Duration {
        match self {
            Self::Away => end,
            Self::CutLinks | Self::Partition => end + PARTED,
            // A request that is lost and not noticed costs up to two minutes, again and again.
            Self::Flaky => end * 5,
        }
    }
}

/// What a script does to a run.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Which.
    pub script: Script,
    /// Nodes and threshold.
    pub scheme: (u8, u8),
    /// Away at closing.
    pub away: NodeSet,
    /// Leave for good once the manifest is signed.
    leave: NodeSet,
    /// Pairs that are cut.
    cut: Vec<(u8, u8)>,
    /// Nodes that may be cut off from all others.
    outside: NodeSet,
    /// Whether the cut links are mended after a while.
    mends: bool,
    /// When it begins, before or after the end of bidding.
    at: i64,
}

impl Scene {
    /// As the run's seed says.
    pub fn of(script: Script, chance: &mut Chance) -> Self {
        let scheme = *match script {
            Script::Away => chance.pick(&[(4, 1), (4, 1), (7, 2)]),
            Script::CutLinks => chance.pick(&[(4, 1), (5, 1)]),
            Script::Partition => chance.pick(&[(3, 1), (4, 1), (5, 2)]),
            Script::Flaky => chance.pick(&[(3, 1), (4, 1)]),
        };
        let (nodes, threshold) = scheme;
        let quorum = 2 * threshold + 1;
        let mut order: Vec<u8> = (1..=nodes).collect();
        for last in (1..order.len()).rev() {
            order.swap(last, chance.between(0, last as u64) as usize);
        }
        let set = |nodes: &[u8]| nodes.iter().filter_map(|&node| NodeIndex::new(node)).collect();
        let spare = usize::from(nodes - quorum);
        let (away, leave) = match script {
            Script::Away => (set(&order[..spare]), set(&order[spare..2 * spare])),
            _ => (NodeSet::EMPTY, NodeSet::EMPTY),
        };
        let outside = match script {
            Script::CutLinks => set(&order[..spare]),
            _ => NodeSet::EMPTY,
        };
        let cut = match script {
            // Everything between one node and the nodes outside a group of 2t+1.
            Script::CutLinks => {
                let (outside, group) = order.split_at(spare);
                let mut cut = vec![(outside[0], group[0])];
                for &a in outside {
                    let more = order.iter().filter(|&&b| b != a && chance.happens(0.5));
                    cut.extend(more.map(|&b| (a, b)).collect::<Vec<_>>());
                }
                cut
            }
            Script::Partition => {
                let (one, other) = order.split_at(usize::from(nodes - quorum) + 1);
                one.iter().flat_map(|&a| other.iter().map(move |&b| (a, b))).collect()
            }
            Script::Away | Script::Flaky => Vec::new(),
        };
        let at = i64::try_from(chance.between(0, 8_000)).expect("short") - 5_000;
        let mends = script == Script::Partition;
        Self { script, scheme, away, leave, cut, outside, mends, at }
    }

    /// A bidder hands these nodes garbage. Who is cut off can't get those seeds from the others; if
    /// the bids can't be fixed without them, the session waits for a link.
    pub fn dent(&mut self, garbage: NodeSet) {
        let scheme = Scheme::new(self.scheme.0, self.scheme.1).expect("a scheme");
        let without = scheme.all().difference(self.outside.intersection(garbage));
        self.mends |= without.len() < scheme.manifest_quorum();
    }

    /// How rough the run is beside.
    pub fn noise(&self) -> Noise {
        match self.script {
            Script::Flaky => Noise { messages: 0.03, cut: 0.0005, delay: 20, ..Noise::default() },
            // Computing lasts long enough to be disturbed.
            Script::Away => Noise { delay: 150, ..Noise::default() },
            Script::CutLinks | Script::Partition => Noise { delay: 60, ..Noise::default() },
        }
    }

    /// Let it happen; ends when nothing more happens.
    pub async fn play(self, core: Arc<Core>, operator: Network, session: SessionId, left: u64) {
        let left = i64::try_from(left).expect("short");
        match self.script {
            Script::Away => {
                pause(left - 2_000).await;
                self.away.iter().for_each(|node| core.keep_down(Host::of(node), true));
                signed(&operator, session).await;
                self.leave.iter().for_each(|node| core.keep_down(Host::of(node), true));
                self.away.iter().for_each(|node| core.keep_down(Host::of(node), false));
            }
            Script::CutLinks | Script::Partition => {
                pause(left + self.at).await;
                self.part(&core, true);
                if self.mends {
                    sleep(PARTED).await;
                    self.part(&core, false);
                }
            }
            Script::Flaky => {}
        }
    }

    fn part(&self, core: &Core, parted: bool) {
        for &(a, b) in &self.cut {
            core.part(Host(a), Host(b), parted);
        }
    }

    /// Everything is mended, so that every node learns the outcome.
    pub fn over(&self, core: &Core) {
        core.calm();
        let all = (1..=self.scheme.0).map(Host);
        all.for_each(|host| core.keep_down(host, false));
    }
}

async fn pause(millis: i64) {
    sleep(Duration::from_millis(u64::try_from(millis).unwrap_or(0))).await;
}

/// Wait for the signed manifest.
async fn signed(operator: &Network, session: SessionId) {
    loop {
        sleep(LOOK).await;
        let detail = operator.coordinator().session(session).await;
        if detail.is_ok_and(|detail| detail.summary.phase > Phase::Closing) {
            return;
        }
    }
}
