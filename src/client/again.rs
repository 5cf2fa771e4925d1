//! Asking again, with pauses that grow, while a server cannot be reached or is busy.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use futures_util::future::join_all;
use rand::{TryRng as _, rngs::SysRng};
use tokio::time::Instant;

use super::error::ClientError;
use super::network::Network;
use crate::sharing::{NodeIndex, NodeSet};
use crate::transport::HttpError;
use crate::wire::problem::ProblemType;

/// The first pause.
const FIRST: Duration = Duration::from_millis(100);

/// Told of each pause: who is asked again, why, and how long the pause is.
pub type Waits<'a> = dyn Fn(&str, &dyn Display, Duration) + Send + Sync + 'a;

/// Pauses between tries, until a moment.
pub(super) struct Tries<'a> {
    whom: String,
    end: Instant,
    pause: Duration,
    longest: Duration,
    waits: &'a Waits<'a>,
}

impl<'a> Tries<'a> {
    /// Before the first try.
    pub(super) const fn new(
        whom: String,
        end: Instant,
        longest: Duration,
        waits: &'a Waits<'a>,
    ) -> Self {
        Self { whom, end, pause: FIRST, longest, waits }
    }

    /// Wait before the next try; `false` when there is no time for another.
    pub(super) async fn wait(&mut self, why: &(dyn Display + Sync)) -> bool {
        if Instant::now() + self.pause >= self.end {
            return false;
        }
        (self.waits)(&self.whom, &why, self.pause);
        tokio::time::sleep(jittered(self.pause)).await;
        self.pause = (self.pause * 2).min(self.longest);
        true
    }
}

/// How long a node is waited for that has not heard yet of the outcome that the coordinator has.
const SETTLING: Duration = Duration::from_secs(10);

/// Between two questions for that.
const SETTLING_PAUSE: Duration = Duration::from_millis(100);

/// Ask a node for what comes once it has the outcome of a settled session; again while it has not yet.
///
/// # Errors
/// The last error, or the first of another kind.
async fn once_settled<T>(
    request: impl AsyncFn() -> Result<T, ClientError>,
) -> Result<T, ClientError> {
    let end = Instant::now() + SETTLING;
    loop {
        let error = match request().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let early = error.problem().is_some_and(|problem| problem.kind == ProblemType::WrongPhase);
        if !early || Instant::now() >= end {
            return Err(error);
        }
        tokio::time::sleep(SETTLING_PAUSE).await;
    }
}

/// Ask every node, through the coordinator, for what comes once it has the outcome of a settled session.
pub(super) async fn of_every_node<T>(
    network: &Network,
    request: impl AsyncFn(NodeIndex) -> Result<T, ClientError>,
) -> Vec<(NodeIndex, Result<T, ClientError>)> {
    let ask = async |node| (node, once_settled(async || request(node).await).await);
    join_all(network.nodes().iter().map(|node| ask(node.index()))).await
}

/// Of how much too few nodes say what is right, and what came from the others.
pub(super) fn too_few_right(what: &str, lied: NodeSet, silent: &[(NodeIndex, String)]) -> String {
    let mut text = what.to_owned();
    if !lied.is_empty() {
        let _ = write!(text, "; wrong from {lied}");
    }
    for (node, why) in silent {
        let _ = write!(text, "; nothing from node {node} ({why})");
    }
    text + "; ask again when more nodes are there"
}

/// Make a request to the coordinator; again, until `end`, while it cannot be reached or is busy.
///
/// # Errors
/// The last error, or the first that asking again does not help.
pub async fn until_answered<T, F>(
    end: Instant,
    waits: &Waits<'_>,
    mut request: impl FnMut() -> F,
) -> Result<T, ClientError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let mut tries = Tries::new("the coordinator".to_owned(), end, Duration::from_secs(5), waits);
    loop {
        let error = match request().await {
            Err(ClientError::Http(error)) if may_pass(&error) => error,
            other => return other,
        };
        if !tries.wait(&error).await {
            return Err(error.into());
        }
    }
}

/// Whether an error may be gone after a while.
pub(super) fn may_pass(error: &HttpError) -> bool {
    match error {
        // A handshake breaks off where the other side is overloaded or about to end.
        HttpError::Refused { .. }
        | HttpError::Timeout { .. }
        | HttpError::Network { .. }
        | HttpError::Tls { .. } => true,
        HttpError::Problem { problem, .. } => {
            is_busy(problem.kind) || problem.kind == ProblemType::Paused
        }
        // Another certificate than the roster's does not become right by asking again.
        _ => false,
    }
}

/// Whether a server that answers so is busy or restarting, and has decided nothing.
pub(super) const fn is_busy(kind: ProblemType) -> bool {
    matches!(
        kind,
        ProblemType::TooManyRequests
            | ProblemType::Timeout
            | ProblemType::WaitingForNodes
            | ProblemType::Internal
            | ProblemType::Unavailable
    )
}

/// Between half and all of a pause, so that many bidders do not come back at once.
pub(super) fn jittered(pause: Duration) -> Duration {
    let mut byte = [0; 1];
    let drawn = if SysRng.try_fill_bytes(&mut byte).is_ok() { byte[0] } else { u8::MAX };
    pause.mul_f64(0.5 + f64::from(drawn) / 510.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::wire::Problem;

    fn problem(kind: ProblemType) -> ClientError {
        let problem = Box::new(Problem::new(kind, "why"));
        ClientError::Http(HttpError::Problem { target: "127.0.0.1:1".into(), problem })
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_away_or_busy_is_asked_again_after_pauses_that_grow() {
        let (asked, told) = (AtomicU32::new(0), Mutex::new(Vec::new()));
        let waits = |whom: &str, why: &dyn Display, pause: Duration| {
            told.lock().unwrap().push((whom.to_owned(), why.to_string(), pause));
        };
        let end = Instant::now() + Duration::from_secs(60);
        let answer = until_answered(end, &waits, || async {
            match asked.fetch_add(1, Ordering::SeqCst) {
                0..4 => {
                    let address = "127.0.0.1:1".to_owned();
                    Err(ClientError::Http(HttpError::Refused { address }))
                }
                4..9 => Err(problem(ProblemType::TooManyRequests)),
                turn => Ok(turn),
            }
        });
        assert_eq!(answer.await.unwrap(), 9);
        let told = told.into_inner().unwrap();
        assert_eq!(told.len(), 9);
        assert!(told.iter().all(|(whom, ..)| whom == "the coordinator"));
        assert!(told[0].1.contains("nothing listens") && told[8].1.contains("why"), "{told:?}");
        assert!(told.windows(2).all(|pair| pair[0].2 <= pair[1].2), "{told:?}");
        assert_eq!(told[8].2, Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_time_and_with_what_is_decided() {
        let asked = AtomicU32::new(0);
        let waits = |_: &str, _: &dyn Display, _: Duration| ();
        let end = Instant::now() + Duration::from_secs(3);
        let busy = until_answered::<(), _>(end, &waits, || async {
            asked.fetch_add(1, Ordering::SeqCst);
            Err(problem(ProblemType::Unavailable))
        });
        assert_eq!(busy.await.unwrap_err().slug(), "unavailable");
        assert!(asked.load(Ordering::SeqCst) > 3 && Instant::now() <= end);
        let decided = until_answered::<(), _>(end, &waits, || async {
            asked.store(100, Ordering::SeqCst);
            Err(problem(ProblemType::NameTaken))
        });
        assert_eq!(decided.await.unwrap_err().slug(), "name-taken");
        assert_eq!(asked.load(Ordering::SeqCst), 100);
    }
}
