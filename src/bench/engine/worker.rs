//! One node, in a process of its own: keys and a port, streams to the others as between real nodes,
//! and orders on standard input.

use std::sync::Arc;
use std::time::Duration;

use super::pipe::{Answer, Order, PipeError, receive, send};
use super::{lines, link, task};
use crate::base::Clock;
use crate::bench::BenchError;
use crate::identity::key_file::NodeKeys;
use crate::identity::token::{self, ReplayGuard};
use crate::identity::{Roster, Signed};
use crate::session::SessionId;
use crate::sharing::{NodeIndex, Scheme};
use crate::transport::server::host::Host;
use crate::transport::server::listen::{self, Listener};
use crate::transport::streams::upgrade::StreamTokens;
use crate::transport::streams::{Mesh, MeshOptions};

/// The session that bench frames belong to.
const SESSION: SessionId = SessionId(*b"gavel bench 0001");

/// Attempt in which the lines are measured.
const LINES: u32 = 1;

/// Attempt that is the run.
const RUN: u32 = 2;

/// Longest wait for the links.
const LINKING: Duration = Duration::from_secs(20);

/// Longest wait for a message: a batch may be large and the machine busy.
const DEADLINE: Duration = Duration::from_secs(300);

/// Messages of a batch that may wait here for one peer: a stripe of each lane and more.
const MAILBOX: usize = 1 << 30;

/// Before and after the links stand.
enum Stage {
    New,
    Begun {
        me: NodeIndex,
        keys: Box<NodeKeys>,
        listener: Listener,
        delay: Option<Duration>,
    },
    Linked {
        me: NodeIndex,
        scheme: Scheme,
        mesh: Arc<Mesh>,
        _host: Host,
        ready: Option<task::Ready>,
    },
}

/// Do what standard input says until it ends.
///
/// # Errors
/// When the bench is not to be understood.
pub async fn serve() -> Result<(), BenchError> {
    let (mut input, mut output) = (tokio::io::stdin(), tokio::io::stdout());
    let mut stage = Stage::New;
    while let Some(order) = receive::<Order>(&mut input).await? {
        let answer = match obey(&mut stage, order).await {
            Ok(answer) => answer,
            Err(error) => Answer::Failed(error.to_string()),
        };
        send(&mut output, &answer).await?;
    }
    Ok(())
}

async fn obey(stage: &mut Stage, order: Order) -> Result<Answer, BenchError> {
    match (order, &mut *stage) {
        (Order::Begin { me, delay_micros }, Stage::New) => {
            let keys = NodeKeys::generate("127.0.0.1")?;
            let listener = listen::bind("127.0.0.1:0").await?;
            let card = keys.card(&format!("node {me}"), &listener.local().to_string());
            let card = serde_json::to_string(&card).map_err(PipeError::Json)?;
            let delay = (delay_micros > 0).then(|| Duration::from_micros(delay_micros));
            *stage = Stage::Begun { me, keys: Box::new(keys), listener, delay };
            Ok(Answer::Card(card))
        }
        (Order::Link(roster), Stage::Begun { .. }) => {
            let Stage::Begun { me, keys, listener, delay } = std::mem::replace(stage, Stage::New)
            else {
                return Err(BenchError::OutOfTurn);
            };
            let roster: Signed<Roster> = serde_json::from_str(&roster).map_err(PipeError::Json)?;
            *stage = link_up(me, *keys, listener, delay, roster.checked()?).await?;
            Ok(Answer::Linked)
        }
        (Order::Measure(effort), Stage::Linked { me, scheme, mesh, .. }) => {
            let channel = mesh.channel(SESSION, LINES, scheme.all());
            Ok(Answer::Lines(lines::measure(*me, scheme.all(), channel, effort).await?))
        }
        (Order::LayOut(inputs), Stage::Linked { me, scheme, ready, .. }) => {
            *ready = Some(task::lay_out(*scheme, *me, &inputs)?);
            Ok(Answer::LaidOut)
        }
        (Order::Run(tactics), Stage::Linked { me, scheme, mesh, ready, .. }) => {
            let (me, scheme) = (*me, *scheme);
            let ready = ready.take().ok_or(BenchError::OutOfTurn)?;
            let channel = mesh.channel(SESSION, RUN, scheme.all());
            // In a task of its own, as in a node; the pipe's threads stay out of it.
            let run = tokio::spawn(task::perform(scheme, me, channel, tactics, ready));
            Ok(Answer::Measured(run.await??))
        }
        _ => Err(BenchError::OutOfTurn),
    }
}

async fn link_up(
    me: NodeIndex,
    keys: NodeKeys,
    listener: Listener,
    delay: Option<Duration>,
    roster: Signed<Roster>,
) -> Result<Stage, BenchError> {
    let scheme = roster.body.scheme;
    let roster = Arc::new(roster);
    let tokens: StreamTokens = {
        let (keys, roster) = (keys.identity.clone(), Arc::clone(&roster));
        Arc::new(move |to| {
            let card = roster.body.node(to);
            let token =
                card.and_then(|card| token::issue(&keys, &card.key, Clock::System.now()).ok());
            token.map_or_else(String::new, |token| token.expose().to_owned())
        })
    };
    let options = MeshOptions {
        rtt_delay: delay,
        deadline: DEADLINE,
        mailbox_bytes: MAILBOX,
        early_bytes: MAILBOX,
        ..MeshOptions::default()
    };
    let mesh = Mesh::new(me, Arc::clone(&roster), tokens, options);
    let gate = link::Gate {
        mesh: Arc::clone(&mesh),
        roster,
        keys: keys.identity.clone(),
        replay: ReplayGuard::default(),
    };
    let host = Host::start(listener, &keys.tls, link::router(Arc::new(gate)))?;
    mesh.start();
    let missing = scheme.all().difference(mesh.wait_connected(scheme.all(), LINKING).await);
    if !missing.is_empty() {
        return Err(BenchError::Links { missing });
    }
    Ok(Stage::Linked { me, scheme, mesh, _host: host, ready: None })
}
