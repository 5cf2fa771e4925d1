//! The link to the coordinator: health twice a second, every session now and then, live events.
//! A link that breaks is taken up again, with pauses that stay short enough for a return to show
//! within two seconds. A node's operator has a direct link to that node, and sees it even when
//! the coordinator is away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use super::connection::Connection;
use crate::base::Clock;
use crate::client::ClientError;
use crate::client::login::SharedLogin;
use crate::tui::state::data::Events;
use crate::tui::update::action::News;
use crate::wire::problem::ProblemType;

/// Between two questions after health.
const HEALTH: Duration = Duration::from_millis(500);

/// Longest wait for health.
const DEADLINE: Duration = Duration::from_millis(1_400);

/// Longest pause before the coordinator is asked again.
const LONGEST: Duration = Duration::from_millis(900);

/// Between two questions after the sessions, with live events and without.
const SESSIONS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(2));

/// Of its time, asking for the sessions takes one part in so many at most.
const SHARE: u32 = 20;

/// Before a broken stream of events is taken up again.
const AGAIN: Duration = Duration::from_millis(700);

/// Where news go, and what wakes the tasks.
#[derive(Clone)]
pub struct Out {
    /// The links.
    pub connection: Arc<Connection>,
    /// Where news go.
    pub news: Sender<News>,
    /// Wakes whoever waits before it asks again.
    pub refresh: Arc<Notify>,
    /// Where the connection of a new login goes.
    pub anew: Sender<Box<Connection>>,
}

impl Out {
    async fn send(&self, news: News) -> bool {
        self.news.send(news).await.is_ok()
    }

    /// Wait, or until somebody asks for everything at once.
    async fn pause(&self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.refresh.notified() => {}
        }
    }

    /// Whether our login is over.
    fn login_is_over(&self) -> bool {
        self.connection.login.as_ref().is_some_and(SharedLogin::is_over)
    }

    /// Whether live events are for us.
    fn staff(&self) -> bool {
        self.connection.operator || self.connection.node.is_some()
    }
}

/// Keep the link until the tasks are dropped.
pub fn start(tasks: &mut JoinSet<()>, out: &Out) {
    tasks.spawn(health(out.clone()));
    tasks.spawn(sessions(out.clone()));
    tasks.spawn(own_node(out.clone()));
    tasks.spawn(login(out.clone()));
    tasks.spawn(events(out.clone()));
}

/// Tell when our login is over, and then wait for the login of another program in this home.
async fn login(out: Out) {
    let Some(login) = &out.connection.login else { return };
    while !login.is_over() {
        tokio::time::sleep(HEALTH).await;
    }
    if !out.send(News::LoginOver(login.why_over().unwrap_or_default())).await {
        return;
    }
    let Some(door) = &out.connection.door else { return };
    loop {
        if let Some(connection) = door.opened(login.get()).await {
            let _ = out.anew.send(connection).await;
            return;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn health(out: Out) {
    let mut pause = HEALTH;
    loop {
        let asked = Instant::now();
        let answer =
            tokio::time::timeout(DEADLINE, out.connection.network.coordinator().health()).await;
        let (news, wait) = match answer {
            Ok(Ok(health)) => {
                pause = HEALTH;
                let micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
                (News::Health(Box::new(health), micros), HEALTH)
            }
            // The coordinator is there and refuses our token. Without it everybody's view goes on.
            Ok(Err(error)) if login_ended(&out, &error) => continue,
            failed => {
                let refused = matches!(&failed, Ok(Err(error)) if error.problem().is_some());
                let why = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => format!("no answer within {:.1} s", DEADLINE.as_secs_f64()),
                };
                let wait = pause;
                pause = (pause * 2).min(LONGEST);
                let millis = i64::try_from(wait.as_millis()).unwrap_or(0);
                let again = Clock::System.now().plus_millis(millis);
                (News::Lost { why, again, refused }, wait)
            }
        };
        if !out.send(news).await {
            return;
        }
        out.pause(wait).await;
    }
}

/// Whether an answer says that our login has ended; from now on it is not used any more.
fn login_ended(out: &Out, error: &ClientError) -> bool {
    let Some(problem) = error.problem() else { return false };
    let Some(login) = &out.connection.login else { return false };
    let ended = matches!(problem.kind, ProblemType::Unauthorized | ProblemType::LoginOver);
    if ended && !login.is_over() {
        login.end(&problem.detail);
        return true;
    }
    false
}

/// Ask the node whose operator sits here, past the coordinator.
async fn own_node(out: Out) {
    let Some(index) = out.connection.node else { return };
    let Some(node) = out.connection.network.nodes().iter().find(|node| node.index() == index)
    else {
        return;
    };
    loop {
        let asked = Instant::now();
        let answer = match tokio::time::timeout(DEADLINE, node.health()).await {
            Ok(Ok(health)) => {
                let micros = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
                Ok((Box::new(health), micros))
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {:.1} s", DEADLINE.as_secs_f64())),
        };
        if !out.send(News::OwnNode(index, answer)).await {
            return;
        }
        out.pause(HEALTH).await;
    }
}

async fn sessions(out: Out) {
    loop {
        let asked = Instant::now();
        let answer = out.connection.network.coordinator().sessions().await;
        let took = asked.elapsed();
        if let Ok(sessions) = answer
            && !out.send(News::Sessions(sessions)).await
        {
            return;
        }
        let usual = if out.staff() { SESSIONS.0 } else { SESSIONS.1 };
        out.pause(usual.max(took * SHARE)).await;
    }
}

async fn events(out: Out) {
    if !out.staff() {
        out.send(News::Events(Events::Polling)).await;
        return;
    }
    loop {
        if out.login_is_over() {
            out.send(News::Events(Events::Polling)).await;
            return;
        }
        let mut stream = out.connection.network.coordinator().events();
        let mut live = false;
        loop {
            // A stream that has not failed within a second stands, even if nothing happens.
            let next = if live {
                stream.next().await
            } else {
                let first = tokio::time::timeout(Duration::from_secs(1), stream.next()).await;
                let Ok(next) = first else {
                    live = true;
                    if !out.send(News::Events(Events::Live)).await {
                        return;
                    }
                    continue;
                };
                next
            };
            match next {
                Some(Ok(event)) => {
                    if !std::mem::replace(&mut live, true)
                        && !out.send(News::Events(Events::Live)).await
                    {
                        return;
                    }
                    if !out.send(News::Event(Box::new(event))).await {
                        return;
                    }
                }
                Some(Err(_)) | None => break,
            }
        }
        if !out.send(News::Events(Events::Broken)).await {
            return;
        }
        tokio::time::sleep(AGAIN).await;
        // What happened in between is asked for.
        out.refresh.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use crate::tui::link::watch::*;

    #[test]
    fn loss_and_return_show_within_two_seconds() {
        // At worst the coordinator goes just after an answer, or comes back just after a question.
        let two = Duration::from_secs(2);
        assert!(HEALTH + DEADLINE < two);
        assert!(LONGEST < two / 2);
    }
}
