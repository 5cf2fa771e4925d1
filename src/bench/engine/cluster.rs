//! All nodes, as the bench drives them: start them, measure their lines, give out inputs, run.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::lines::{self, Effort, Lines};
use super::pipe::{Answer, Order, PipeError, receive, send};
use super::task::{self, Inputs, Measured};
use crate::bench::BenchError;
use crate::identity::key_file::CoordinatorKeys;
use crate::identity::roster::SignedCard;
use crate::identity::{Roster, Signed};
use crate::launch::{LaunchError, program};
use crate::runs::plan::Tactics;
use crate::sharing::{NodeIndex, Scheme};
use crate::transport::streams::memory::{MemoryChannel, network};

/// Longest wait for a message in memory.
const DEADLINE: Duration = Duration::from_secs(300);

/// All nodes of a bench.
pub enum Cluster {
    /// Each in a process of its own.
    Processes(Vec<Worker>),
    /// All in this process.
    InProcess(Scheme),
}

/// A node's process. Ends with its standard input.
pub struct Worker {
    me: NodeIndex,
    input: ChildStdin,
    output: ChildStdout,
    _process: Child,
}

/// How many threads the runtime has, where it is not told otherwise.
const THREADS: &str = "TOKIO_WORKER_THREADS";

impl Worker {
    fn start(me: NodeIndex, threads: usize) -> Result<Self, BenchError> {
        let failed = |error| LaunchError::Start { name: format!("node {me}"), error };
        let mut process = program::again().map_err(failed)?;
        if std::env::var_os(THREADS).is_none() {
            process.env(THREADS, threads.to_string());
        }
        let mut process = process
            .arg("bench-node")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(failed(std::io::Error::other("it has no pipes")).into());
        };
        Ok(Self { me, input, output, _process: process })
    }

    async fn ask(&mut self, order: &Order) -> Result<Answer, BenchError> {
        send(&mut self.input, order).await?;
        match receive(&mut self.output).await? {
            Some(Answer::Failed(said)) => Err(BenchError::Node { node: self.me, said }),
            Some(answer) => Ok(answer),
            None => Err(BenchError::Ended { node: self.me }),
        }
    }
}

impl Cluster {
    /// Start a process per node, with so many threads each, and link them up by a roster made for this run.
    ///
    /// # Errors
    /// When a process does not start or a link does not stand.
    pub async fn processes(
        scheme: Scheme,
        delay: Option<Duration>,
        threads: usize,
    ) -> Result<Self, BenchError> {
        let start = |me| Worker::start(me, threads);
        let mut workers = scheme.all().iter().map(start).collect::<Result<Vec<_>, BenchError>>()?;
        let delay = delay.map_or(0, |delay| u64::try_from(delay.as_micros()).unwrap_or(u64::MAX));
        let cards = try_join_all(workers.iter_mut().map(async |worker| {
            let begin = Order::Begin { me: worker.me, delay_micros: delay };
            let Answer::Card(card) = worker.ask(&begin).await? else {
                return Err(BenchError::OtherAnswer);
            };
            Ok(serde_json::from_str::<SignedCard>(&card).map_err(PipeError::Json)?)
        }));
        let keys = CoordinatorKeys::generate("127.0.0.1")?;
        let coordinator = keys.card("bench", "127.0.0.1:1");
        let roster = Roster::first(scheme, coordinator, cards.await?);
        let roster = Signed::new(roster, &keys.identity).checked()?;
        let roster = serde_json::to_string(&roster).map_err(PipeError::Json)?;
        let link = Order::Link(roster);
        try_join_all(workers.iter_mut().map(|worker| worker.ask(&link))).await?;
        Ok(Self::Processes(workers))
    }

    /// Measure the lines.
    ///
    /// # Errors
    /// When a node does not answer.
    pub async fn measure(&mut self, effort: Effort) -> Result<Vec<Lines>, BenchError> {
        match self {
            Self::Processes(workers) => {
                let order = Order::Measure(effort);
                let answers = workers.iter_mut().map(|worker| worker.ask(&order));
                let lines = try_join_all(answers).await?.into_iter().map(|answer| match answer {
                    Answer::Lines(lines) => Ok(lines),
                    _ => Err(BenchError::OtherAnswer),
                });
                lines.collect()
            }
            Self::InProcess(scheme) => {
                let scheme = *scheme;
                in_memory(
                    scheme,
                    move |me, channel, ()| async move {
                        Ok(lines::measure(me, scheme.all(), channel, effort).await?)
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
    ) -> Result<Vec<Measured>, BenchError> {
        match self {
            Self::Processes(workers) => {
                let laid_out = workers
                    .iter_mut()
                    .zip(inputs)
                    .map(async |(worker, inputs)| worker.ask(&Order::LayOut(inputs)).await);
                for answer in join_all(laid_out).await {
                    answer?;
                }
                let order = Order::Run(tactics.clone());
                let answers = workers.iter_mut().map(|worker| worker.ask(&order));
                let measured =
                    try_join_all(answers).await?.into_iter().map(|answer| match answer {
                        Answer::Measured(measured) => Ok(measured),
                        _ => Err(BenchError::OtherAnswer),
                    });
                measured.collect()
            }
            Self::InProcess(scheme) => {
                let scheme = *scheme;
                let mut ready = Vec::new();
                for (me, inputs) in scheme.all().iter().zip(&inputs) {
                    ready.push(task::lay_out(scheme, me, inputs)?);
                }
                drop(inputs);
                let tactics = tactics.clone();
                in_memory(
                    scheme,
                    move |me, channel, ready| {
                        let run = task::perform(scheme, me, channel, tactics.clone(), ready);
                        async move { Ok(run.await?) }
                    },
                    ready,
                )
                .await
            }
        }
    }
}

/// Run the same for every node, each in its own task.
async fn in_memory<I, T, F, Fut>(
    scheme: Scheme,
    program: F,
    inputs: Vec<I>,
) -> Result<Vec<T>, BenchError>
where
    F: Fn(NodeIndex, Arc<MemoryChannel>, I) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<T, BenchError>> + Send,
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
        results.push(task.await??);
    }
    Ok(results)
}
