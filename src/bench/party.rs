//! The bench's side: start the nodes, measure their lines, give out inputs, start the run.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::pipe::{Answer, Order, receive, send};
use crate::bench::job::{self, Inputs, Measured};
use crate::bench::lines::{self, Effort, Lines};
use crate::cli::failure::Failure;
use crate::identity::key_file::CoordinatorKeys;
use crate::identity::roster::SignedCard;
use crate::identity::{Roster, Signed};
use crate::runs::plan::Tactics;
use crate::sharing::{NodeIndex, Scheme};
use crate::transport::streams::memory::{MemoryChannel, network};

/// Longest wait for a message in memory.
const DEADLINE: Duration = Duration::from_secs(300);

/// All nodes of a bench.
pub enum Party {
    /// Each in a process of its own.
    Processes(Vec<Member>),
    /// All in this process.
    InProcess(Scheme),
}

/// A node's process. Ends with its standard input.
pub struct Member {
    me: NodeIndex,
    input: ChildStdin,
    output: ChildStdout,
    _process: Child,
}

impl Member {
    fn start(me: NodeIndex) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new("bench", format!("node {me} cannot be started: {error}"))
        };
        let program = std::env::current_exe().map_err(failed)?;
        let mut process = Command::new(program)
            .arg("bench-node")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(Failure::new("internal", "a process without pipes"));
        };
        Ok(Self { me, input, output, _process: process })
    }

    async fn ask(&mut self, order: &Order) -> Result<Answer, Failure> {
        send(&mut self.input, order).await?;
        match receive(&mut self.output).await? {
            Some(Answer::Failed(detail)) => {
                Err(Failure::new("bench", format!("node {}: {detail}", self.me)))
            }
            Some(answer) => Ok(answer),
            None => Err(Failure::new("bench", format!("the process of node {} ended", self.me))),
        }
    }
}

fn unexpected() -> Failure {
    Failure::new("internal", "a bench node gave an answer to another question")
}

impl Party {
    /// Start a process per node, and link them up by a roster made for this run.
    ///
    /// # Errors
    /// When a process does not start or a link does not stand.
    pub async fn processes(scheme: Scheme, delay: Option<Duration>) -> Result<Self, Failure> {
        let mut members =
            scheme.all().iter().map(Member::start).collect::<Result<Vec<_>, Failure>>()?;
        let delay = delay.map_or(0, |delay| u64::try_from(delay.as_micros()).unwrap_or(u64::MAX));
        let cards = try_join_all(members.iter_mut().map(async |member| {
            let begin = Order::Begin { me: member.me, delay_micros: delay };
            let Answer::Card(card) = member.ask(&begin).await? else { return Err(unexpected()) };
            let card: SignedCard =
                serde_json::from_str(&card).map_err(|error| Failure::new("internal", error))?;
            Ok(card.body)
        }));
        let keys = CoordinatorKeys::generate("127.0.0.1")?;
        let coordinator = keys.card("bench", "127.0.0.1:1");
        let roster = Roster { scheme, coordinator, nodes: cards.await?, succession: None };
        let roster = Signed::new(roster, &keys.identity).checked()?;
        let roster =
            serde_json::to_string(&roster).map_err(|error| Failure::new("internal", error))?;
        let link = Order::Link(roster);
        try_join_all(members.iter_mut().map(|member| member.ask(&link))).await?;
        Ok(Self::Processes(members))
    }

    /// Measure the lines.
    ///
    /// # Errors
    /// When a node does not answer.
    pub async fn measure(&mut self, effort: Effort) -> Result<Vec<Lines>, Failure> {
        match self {
            Self::Processes(members) => {
                let order = Order::Measure(effort);
                let answers = members.iter_mut().map(|member| member.ask(&order));
                let lines = try_join_all(answers).await?.into_iter().map(|answer| match answer {
                    Answer::Lines(lines) => Ok(lines),
                    _ => Err(unexpected()),
                });
                lines.collect()
            }
            Self::InProcess(scheme) => {
                let scheme = *scheme;
                in_memory(
                    scheme,
                    move |me, channel, ()| async move {
                        let measured = lines::measure(me, scheme.all(), channel, effort).await;
                        measured.map_err(|error| Failure::new("bench", error))
                    },
                    vec![(); usize::from(scheme.nodes())],
                )
                .await
            }
        }
    }

    /// Give every node its inputs, and run.
    ///
    /// # Errors
    /// When a node fails.
    pub async fn run(
        &mut self,
        inputs: Vec<Inputs>,
        tactics: &Tactics,
    ) -> Result<Vec<Measured>, Failure> {
        match self {
            Self::Processes(members) => {
                let laid_out = members
                    .iter_mut()
                    .zip(inputs)
                    .map(async |(member, inputs)| member.ask(&Order::LayOut(inputs)).await);
                for answer in join_all(laid_out).await {
                    answer?;
                }
                let order = Order::Run(tactics.clone());
                let answers = members.iter_mut().map(|member| member.ask(&order));
                let measured =
                    try_join_all(answers).await?.into_iter().map(|answer| match answer {
                        Answer::Measured(measured) => Ok(measured),
                        _ => Err(unexpected()),
                    });
                measured.collect()
            }
            Self::InProcess(scheme) => {
                let scheme = *scheme;
                let mut ready = Vec::new();
                for (me, inputs) in scheme.all().iter().zip(&inputs) {
                    let laid_out = job::lay_out(scheme, me, inputs);
                    ready.push(laid_out.map_err(|error| Failure::new("bench", error))?);
                }
                drop(inputs);
                let tactics = tactics.clone();
                in_memory(
                    scheme,
                    move |me, channel, ready| {
                        let run = job::perform(scheme, me, channel, tactics.clone(), ready);
                        async move { run.await.map_err(|error| Failure::new("bench", error)) }
                    },
                    ready,
                )
                .await
            }
        }
    }

    /// Whether all nodes share this process, and with it its processor time.
    pub const fn in_one_process(&self) -> bool {
        matches!(self, Self::InProcess(_))
    }
}

/// Run the same for every node, each in its own task.
async fn in_memory<I, T, F, Fut>(
    scheme: Scheme,
    program: F,
    inputs: Vec<I>,
) -> Result<Vec<T>, Failure>
where
    F: Fn(NodeIndex, Arc<MemoryChannel>, I) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<T, Failure>> + Send,
    I: Send + 'static,
    T: Send + 'static,
{
    let channels = network(scheme.all(), DEADLINE);
    let tasks: Vec<_> = channels
        .into_iter()
        .zip(inputs)
        .map(|((me, channel), input)| {
            let program = program.clone();
            tokio::spawn(async move { program(me, channel, input).await })
        })
        .collect();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await.map_err(|error| Failure::new("internal", error))??);
    }
    Ok(results)
}
