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
use crate::tui::state::data::Events;
use crate::tui::update::action::News;

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
struct Out {
    connection: Arc<Connection>,
    news: Sender<News>,
    refresh: Arc<Notify>,
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

    /// Whether live events are for us.
    fn staff(&self) -> bool {
        self.connection.operator || self.connection.node.is_some()
    }
}

/// Keep the link until the tasks are dropped.
pub fn start(
    tasks: &mut JoinSet<()>,
    connection: &Arc<Connection>,
    news: &Sender<News>,
    refresh: &Arc<Notify>,
) {
    let out = Out {
        connection: Arc::clone(connection),
        news: news.clone(),
        refresh: Arc::clone(refresh),
    };
    tasks.spawn(health(out.clone()));
    tasks.spawn(sessions(out.clone()));
    tasks.spawn(own_node(out.clone()));
    tasks.spawn(events(out));
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
            failed => {
                let why = match failed {
                    Ok(Err(error)) => error.to_string(),
                    _ => format!("no answer within {:.1} s", DEADLINE.as_secs_f64()),
                };
                let wait = pause;
                pause = (pause * 2).min(LONGEST);
                let millis = i64::try_from(wait.as_millis()).unwrap_or(0);
                (News::Lost { why, again: Clock::System.now().plus_millis(millis) }, wait)
            }
        };
        if !out.send(news).await {
            return;
        }
        out.pause(wait).await;
    }
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
