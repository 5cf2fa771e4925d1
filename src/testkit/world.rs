//! All nodes of a computation, over channels in memory.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::{StdRng, SysRng};
use rand::{RngExt as _, SeedableRng as _, TryRng as _};

use super::faulty::{Fault, Faulty};
use super::wiretap::Wiretap;
use crate::protocol::{Channel, Context, EstablishError, Security};
use crate::sharing::{Holding, NodeIndex, NodeSet, Scheme, SharedBits, seed::mask};
use crate::transport::streams::lying::{Lie, Lying};
use crate::transport::streams::memory::network;

/// Set this variable to a seed printed by a failed test to get its inputs again.
pub const SEED_VARIABLE: &str = "GAVEL_TEST_SEED";

/// All nodes of a computation in one process. Says its seed when a test fails.
pub struct World {
    scheme: Scheme,
    participants: NodeSet,
    deadline: Duration,
    security: Security,
    fault: Option<Fault>,
    lies: Vec<(NodeIndex, Lie)>,
    tap: Option<Wiretap>,
    seed: u64,
    rng: Mutex<StdRng>,
}

/// A shared batch: what each node holds of it.
#[derive(Clone)]
pub struct Inputs(Vec<SharedBits>);

impl Inputs {
    /// A node's shares.
    pub fn of(&self, node: NodeIndex) -> SharedBits {
        self.0[node.position()].clone()
    }
}

impl World {
    /// A world of n nodes, any t of which may be curious. With fewer than 2t+1 they can only add.
    pub fn new(n: u8, t: u8) -> Self {
        let seed = std::env::var(SEED_VARIABLE).ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| SysRng.try_next_u64().expect("randomness"));
        let scheme = Scheme::any(n, t).expect("a scheme");
        Self {
            scheme,
            participants: scheme.all(),
            deadline: Duration::from_secs(20),
            security: Security::default(),
            fault: None,
            lies: Vec::new(),
            tap: None,
            seed,
            rng: Mutex::new(StdRng::seed_from_u64(seed)),
        }
    }

    /// Without these nodes.
    #[must_use]
    pub fn without(mut self, missing: &[u8]) -> Self {
        for node in missing.iter().filter_map(|&node| NodeIndex::new(node)) {
            self.participants = self.participants.without(node);
        }
        self
    }

    /// With other security than the default, where the program says nothing of it.
    #[must_use]
    pub const fn with_security(mut self, security: Security) -> Self {
        self.security = security;
        self
    }

    /// With a node that misbehaves.
    #[must_use]
    pub const fn with_fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// With a node that lies; one more each time.
    #[must_use]
    pub fn with_lie(mut self, node: NodeIndex, lie: Lie) -> Self {
        self.lies.push((node, lie));
        self
    }

    /// With another deadline for every wait.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Listening to everything that is sent.
    #[must_use]
    pub fn tapped(mut self, tap: &Wiretap) -> Self {
        self.tap = Some(tap.clone());
        self
    }

    /// How values are shared.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The nodes that take part.
    pub const fn participants(&self) -> NodeSet {
        self.participants
    }

    /// Draw something from the world's seed.
    pub fn draw<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap())
    }

    /// Share numbers of `width` bits among all nodes of the scheme.
    pub fn share(&self, width: usize, values: &[u64]) -> Inputs {
        let sets = self.scheme.sets();
        let bits = mask(u32::try_from(width).expect("a width"));
        // Component by component; the last makes the XOR right.
        let components: Vec<Vec<u64>> = self.draw(|rng| {
            let mut rest: Vec<u64> = values.iter().map(|value| value & bits).collect();
            let mut components: Vec<Vec<u64>> = (1..sets.len())
                .map(|_| values.iter().map(|_| rng.random::<u64>() & bits).collect())
                .collect();
            for component in &components {
                rest.iter_mut().zip(component).for_each(|(rest, value)| *rest ^= value);
            }
            components.push(rest);
            components
        });
        let nodes = self.scheme.all();
        let of = |node| {
            let held = self.scheme.held_by(node);
            let holding = Holding::of(self.scheme, node);
            SharedBits::from_values(holding, width, values.len(), |component, position| {
                components[held[component]][position]
            })
        };
        Inputs(nodes.iter().map(of).collect())
    }

    /// Run the same program on every participant, and hand back what each says. The program takes
    /// the attempt's context, or one that is made from it.
    pub async fn run<C, T, E, F, Fut>(&self, program: F) -> Vec<(NodeIndex, Result<T, E>)>
    where
        C: From<Context>,
        E: From<EstablishError>,
        F: Fn(C) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let program = &program;
        let nodes = network(self.participants, self.deadline).into_iter();
        let nodes = nodes.map(|(me, channel)| {
            let mut channel: Arc<dyn Channel> = channel;
            if let Some(tap) = &self.tap {
                channel = tap.on(me, channel);
            }
            if let Some(fault) = self.fault.filter(|fault| fault.node == me) {
                channel = Arc::new(Faulty::new(channel, fault));
            }
            for (_, lie) in self.lies.iter().filter(|(node, _)| *node == me) {
                channel = Arc::new(Lying::new(channel, *lie));
            }
            // The channel lives in this future alone: a node that stops is gone for the others.
            async move {
                let (scheme, participants) = (self.scheme, self.participants);
                let ctx = Context::establish(me, scheme, participants, channel, [7; 32]).await;
                (
                    me,
                    match ctx {
                        Ok(ctx) => program(ctx.with_security(self.security).into()).await,
                        Err(error) => Err(error.into()),
                    },
                )
            }
        });
        match tokio::time::timeout(self.deadline * 4, join_all(nodes)).await {
            Ok(results) => results,
            Err(late) => panic!("the nodes hang: {late}"),
        }
    }

    /// Run the same program on every participant; all must say the same, and nobody may fail.
    pub async fn agree<C, T, E, F, Fut>(&self, program: F) -> T
    where
        C: From<Context>,
        T: PartialEq + Debug,
        E: From<EstablishError> + Debug,
        F: Fn(C) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let mut results = self.run(program).await.into_iter();
        let (_, first) = results.next().expect("at least one node");
        let first = first.expect("a result");
        for (node, result) in results {
            assert_eq!(result.expect("a result"), first, "node {node} says otherwise");
        }
        first
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to repeat: {SEED_VARIABLE}={}", self.seed);
        }
    }
}
