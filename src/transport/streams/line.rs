//! A line between two parties over one connection: papers, one at a time, and the messages of a
//! computation.
//!
//! Both run the same public program, so what comes next is known: a paper, or the message of a step.
//! Anything else ends the line. Instead of a message a party may send a last paper that says why it
//! stops ([`Line::parting`]). Nothing is read before it is asked for, so what a partner sends too much
//! waits in its own buffers; what is read has a limit that follows from what is computed.
//!
//! A frame: bytes of the rest (u32, little endian), kind (1 a paper, 2 a message), step (u64; 0 for a
//! paper), content.

use std::sync::Mutex as Blocking;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::upgrade::BoxIo;
use crate::base::lock;
use crate::protocol::{Channel, ChannelError, StepId};
use crate::sharing::NodeIndex;

/// Most bytes of a paper.
pub const LONGEST_PAPER: usize = 256 << 10;

const HEADER: usize = 13;
const PAPER: u8 = 1;
const MESSAGE: u8 = 2;

/// Longer contents are not copied behind their header.
const COPIED: usize = 16 << 10;

/// Why a paper did not come or could not go.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LineError {
    /// The connection is gone.
    #[error("the partner closed the connection, or is gone")]
    Closed,
    /// Nothing came in time.
    #[error("the partner did not answer within {} s", .after.as_secs_f64())]
    Timeout {
        /// How long it was waited for.
        after: Duration,
    },
    /// Something else came, or too much.
    #[error("the partner sent something that was not due; compare the versions of both sides")]
    NotDue,
    /// A paper that is none.
    #[error(
        "the partner sent a paper that cannot be read ({0}); compare the versions of both sides"
    )]
    Unreadable(String),
}

/// One party's end.
pub struct Line {
    partner: NodeIndex,
    reader: Mutex<ReadHalf<BoxIo>>,
    writer: Mutex<WriteHalf<BoxIo>>,
    deadline: Duration,
    longest: AtomicUsize,
    sent: AtomicU64,
    parting: Blocking<Option<Bytes>>,
}

enum Frame {
    Paper(Bytes),
    Message(StepId, Bytes),
}

impl Line {
    /// A line over a connection. No message is waited for longer than the deadline.
    pub fn new(partner: NodeIndex, io: BoxIo, deadline: Duration) -> Self {
        let (reader, writer) = split(io);
        Self {
            partner,
            reader: Mutex::new(reader),
            writer: Mutex::new(writer),
            deadline,
            longest: AtomicUsize::new(0),
            sent: AtomicU64::new(0),
            parting: Blocking::default(),
        }
    }

    /// Take messages of up to so many bytes from now on; none before.
    pub fn allow(&self, longest: usize) {
        self.longest.store(longest, Ordering::Relaxed);
    }

    /// The paper that came where a message was due: the partner's reason to stop.
    pub fn parting<T: DeserializeOwned>(&self) -> Option<T> {
        let paper = lock(&self.parting).take()?;
        serde_json::from_slice(&paper).ok()
    }

    /// Send a paper.
    ///
    /// # Errors
    /// When the connection is gone, or nobody reads at its other end.
    pub async fn tell<T: Serialize>(&self, paper: &T) -> Result<(), LineError> {
        let text =
            serde_json::to_vec(paper).map_err(|error| LineError::Unreadable(error.to_string()))?;
        let written = timeout(self.deadline, self.write(PAPER, StepId(0), &text)).await;
        written.map_err(|_| late(self.deadline))?.map_err(|_| LineError::Closed)
    }

    /// Receive a paper, waiting at most so long.
    ///
    /// # Errors
    /// When none comes, or something else.
    pub async fn hear<T: DeserializeOwned>(&self, within: Duration) -> Result<T, LineError> {
        let frame = timeout(within, self.read()).await.map_err(|_| late(within))??;
        let Frame::Paper(paper) = frame else { return Err(LineError::NotDue) };
        serde_json::from_slice(&paper).map_err(|error| LineError::Unreadable(error.to_string()))
    }

    /// Say that nothing more will be sent, so that what was sent arrives before the end.
    pub async fn close(&self) {
        let mut writer = self.writer.lock().await;
        let _ = timeout(self.deadline, writer.shutdown()).await;
    }

    async fn write(&self, kind: u8, step: StepId, content: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(content.len() + HEADER - 4)
            .map_err(|_| std::io::ErrorKind::InvalidInput)?;
        let mut head = Vec::with_capacity(HEADER + content.len().min(COPIED));
        head.extend_from_slice(&length.to_le_bytes());
        head.push(kind);
        head.extend_from_slice(&step.0.to_le_bytes());
        let (copied, rest) =
            if content.len() <= COPIED { (content, &[][..]) } else { (&[][..], content) };
        head.extend_from_slice(copied);
        let mut writer = self.writer.lock().await;
        writer.write_all(&head).await?;
        writer.write_all(rest).await?;
        writer.flush().await
    }

    async fn read(&self) -> Result<Frame, LineError> {
        let mut reader = self.reader.lock().await;
        let mut head = [0; HEADER];
        reader.read_exact(&mut head).await.map_err(|_| LineError::Closed)?;
        let (length, rest) = head.split_first_chunk::<4>().ok_or(LineError::NotDue)?;
        let (kind, step) = rest.split_first().ok_or(LineError::NotDue)?;
        let step = StepId(step.first_chunk().copied().map_or(0, u64::from_le_bytes));
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let length = length.checked_sub(HEADER - 4).ok_or(LineError::NotDue)?;
        let most = match *kind {
            PAPER => LONGEST_PAPER,
            MESSAGE => self.longest.load(Ordering::Relaxed),
            _ => return Err(LineError::NotDue),
        };
        if length > most {
            return Err(LineError::NotDue);
        }
        // Memory comes with what comes, not with what is announced.
        let mut content = Vec::with_capacity(length.min(64 << 10));
        let mut limited = (&mut *reader).take(length as u64);
        limited.read_to_end(&mut content).await.map_err(|_| LineError::Closed)?;
        if content.len() != length {
            return Err(LineError::Closed);
        }
        let content = Bytes::from(content);
        Ok(if *kind == PAPER { Frame::Paper(content) } else { Frame::Message(step, content) })
    }
}

const fn late(after: Duration) -> LineError {
    LineError::Timeout { after }
}

impl Channel for Line {
    fn send(
        &self,
        to: NodeIndex,
        step: StepId,
        payload: Bytes,
    ) -> BoxFuture<'_, Result<(), ChannelError>> {
        async move {
            let node = self.partner;
            if to != node {
                return Err(ChannelError::Closed { node: to });
            }
            let written = timeout(self.deadline, self.write(MESSAGE, step, &payload)).await;
            match written {
                Ok(Ok(())) => {
                    self.sent.fetch_add(payload.len() as u64, Ordering::Relaxed);
                    Ok(())
                }
                // What the partner said at last may still be read, and says more than this.
                Ok(Err(_)) => match timeout(self.deadline, self.read()).await {
                    Ok(Ok(Frame::Paper(paper))) => {
                        *lock(&self.parting) = Some(paper);
                        Err(ChannelError::Closed { node })
                    }
                    _ => Err(ChannelError::Closed { node }),
                },
                Err(_) => Err(ChannelError::Timeout { node }),
            }
        }
        .boxed()
    }

    fn recv(&self, from: NodeIndex, step: StepId) -> BoxFuture<'_, Result<Bytes, ChannelError>> {
        async move {
            let node = self.partner;
            if from != node {
                return Err(ChannelError::Closed { node: from });
            }
            match timeout(self.deadline, self.read()).await {
                Ok(Ok(Frame::Message(of, payload))) if of == step => Ok(payload),
                Ok(Ok(Frame::Paper(paper))) => {
                    *lock(&self.parting) = Some(paper);
                    Err(ChannelError::Closed { node })
                }
                Ok(Ok(Frame::Message(..)) | Err(LineError::NotDue)) => {
                    Err(ChannelError::Flood { node })
                }
                Ok(Err(_)) => Err(ChannelError::Closed { node }),
                Err(_) => Err(ChannelError::Timeout { node }),
            }
        }
        .boxed()
    }

    fn bytes_sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use crate::transport::streams::line::*;

    const STEP: StepId = StepId(7);
    const SHORT: Duration = Duration::from_millis(50);

    fn ends(deadline: Duration) -> ([NodeIndex; 2], [Line; 2]) {
        let (near, far) = tokio::io::duplex(1 << 10);
        let [one, two] = [1, 2].map(|node| NodeIndex::new(node).unwrap());
        let line = |partner, io| {
            let line = Line::new(partner, io, deadline);
            line.allow(100_000);
            line
        };
        ([one, two], [line(two, Box::new(near)), line(one, Box::new(far))])
    }

    #[tokio::test]
    async fn papers_and_messages_come_in_their_order_whatever_their_size() {
        let ([one, two], [a, b]) = ends(Duration::from_secs(20));
        let long = Bytes::from(vec![5; 100_000]);
        let sends = async {
            a.tell(&("hello", 3)).await.unwrap();
            a.send(two, STEP, Bytes::from_static(b"short")).await.unwrap();
            a.send(two, StepId(8), long.clone()).await.unwrap();
            a.tell(&vec![1, 2]).await.unwrap();
        };
        let receives = async {
            let (word, number): (String, u8) = b.hear(Duration::from_secs(20)).await.unwrap();
            assert_eq!((word.as_str(), number), ("hello", 3));
            assert_eq!(b.recv(one, STEP).await.unwrap(), "short");
            assert!(b.recv(one, StepId(8)).await.unwrap() == long);
            assert_eq!(b.hear::<Vec<u8>>(Duration::from_secs(20)).await.unwrap(), [1, 2]);
        };
        tokio::join!(sends, receives);
        assert_eq!(a.bytes_sent(), 100_005);
    }

    #[tokio::test]
    async fn who_stops_can_say_why_and_who_goes_is_missed_at_once() {
        let ([one, _], [a, b]) = ends(Duration::from_secs(20));
        a.tell(&"enough").await.unwrap();
        assert_eq!(b.recv(one, STEP).await, Err(ChannelError::Closed { node: one }));
        assert_eq!(b.parting::<String>().as_deref(), Some("enough"));
        assert_eq!(b.parting::<String>(), None);
        drop(a);
        assert_eq!(b.recv(one, STEP).await, Err(ChannelError::Closed { node: one }));
        assert_eq!(b.hear::<u8>(Duration::from_secs(20)).await, Err(LineError::Closed));
        let sent = b.send(one, STEP, Bytes::from_static(b"x")).await;
        assert_eq!(sent, Err(ChannelError::Closed { node: one }));
    }

    #[tokio::test]
    async fn who_keeps_silent_or_does_not_read_is_not_waited_for_for_ever() {
        let ([one, two], [a, b]) = ends(SHORT);
        assert_eq!(b.recv(one, STEP).await, Err(ChannelError::Timeout { node: one }));
        assert_eq!(b.hear::<u8>(SHORT).await, Err(LineError::Timeout { after: SHORT }));
        let sent = a.send(two, STEP, Bytes::from(vec![0; 50_000])).await;
        assert_eq!(sent, Err(ChannelError::Timeout { node: two }));
    }

    #[tokio::test]
    async fn what_is_not_due_or_too_long_is_not_taken() {
        let deadline = Duration::from_secs(20);
        let flood = |node| Err(ChannelError::Flood { node });
        let ([one, two], [a, b]) = ends(deadline);
        a.send(two, StepId(9), Bytes::from_static(b"other step")).await.unwrap();
        assert_eq!(b.recv(one, STEP).await, flood(one));
        let ([one, two], [a, b]) = ends(deadline);
        b.allow(3);
        a.send(two, STEP, Bytes::from_static(b"four")).await.unwrap();
        assert_eq!(b.recv(one, STEP).await, flood(one));
        let ([_, two], [a, b]) = ends(deadline);
        a.send(two, STEP, Bytes::from_static(b"no paper")).await.unwrap();
        assert_eq!(b.hear::<u8>(deadline).await, Err(LineError::NotDue));
        let ([one, _], [a, b]) = ends(deadline);
        a.tell(&"a word").await.unwrap();
        assert!(matches!(b.hear::<u8>(deadline).await, Err(LineError::Unreadable(_))));
        assert_eq!(a.recv(one, STEP).await, Err(ChannelError::Closed { node: one }));
    }

    /// Whatever comes, and wherever it ends: an error, at once, and no message made of it.
    #[tokio::test]
    async fn any_bytes_are_read_or_end_the_line() {
        use rand::{RngExt as _, SeedableRng as _};
        let mut rng = rand::rngs::StdRng::seed_from_u64(5);
        for _ in 0..500 {
            let (near, mut far) = tokio::io::duplex(1 << 10);
            let [one, two] = [1, 2].map(|node| NodeIndex::new(node).unwrap());
            let line = Line::new(two, Box::new(near), Duration::from_secs(20));
            line.allow(64);
            let mut bytes: Vec<u8> = (0..rng.random_range(0..100)).map(|_| rng.random()).collect();
            // Often a length that could be one.
            if let Some(rest) = bytes.get_mut(1..4) {
                rest.fill(0);
            }
            far.write_all(&bytes).await.unwrap();
            drop(far);
            assert!(line.recv(one, STEP).await.is_err() && line.recv(two, STEP).await.is_err());
            assert!(line.hear::<u8>(SHORT).await.is_err());
        }
    }
}
