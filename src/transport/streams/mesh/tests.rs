//! Two meshes over an in-memory stream: limits, losses, cancelling. Real sockets are in
//! `tests/streams.rs`.

use std::sync::OnceLock;
use std::sync::Weak;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::super::frame::{Frame, Kind};
use crate::protocol::{Channel as _, ChannelError, StepId};
use crate::transport::error::HttpError;
use crate::transport::streams::mesh::*;

const SESSION: SessionId = SessionId([1; 16]);
const OTHER: SessionId = SessionId([2; 16]);

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

fn quick() -> MeshOptions {
    MeshOptions {
        deadline: Duration::from_secs(5),
        grace: Duration::from_millis(300),
        heartbeat: Duration::from_millis(50),
        ..MeshOptions::default()
    }
}

fn impatient() -> MeshOptions {
    MeshOptions { silence: Duration::from_millis(300), ..quick() }
}

/// Dials by handing the other end of a pipe to the other mesh.
#[derive(Default)]
struct Pipe {
    other: OnceLock<Weak<Mesh>>,
}

impl Dial for Pipe {
    fn dial(&self, _to: NodeIndex) -> BoxFuture<'_, Result<BoxIo, HttpError>> {
        Box::pin(async {
            let other = self.other.get().and_then(Weak::upgrade);
            let other = other.ok_or_else(|| HttpError::Refused { address: "pipe".to_owned() })?;
            let (near, far) = tokio::io::duplex(64 << 10);
            other.accept(node(1), Box::new(far)).unwrap();
            Ok(Box::new(near) as BoxIo)
        })
    }
}

async fn pair(options: MeshOptions) -> (Arc<Mesh>, Arc<Mesh>) {
    let pipe = Arc::new(Pipe::default());
    let one = Mesh::with_dialer(node(1), 2, Arc::clone(&pipe) as _, options);
    let two = Mesh::with_dialer(node(2), 2, Arc::new(Pipe::default()), options);
    pipe.other.set(Arc::downgrade(&two)).unwrap();
    one.start();
    assert_eq!(one.wait_connected(NodeSet::all(2), Duration::from_secs(5)).await.len(), 2);
    (one, two)
}

/// Node 2 alone, with the stream by which "node 1" speaks to it.
async fn alone(options: MeshOptions) -> (Arc<Mesh>, DuplexStream) {
    let mesh = Mesh::with_dialer(node(2), 2, Arc::new(Pipe::default()), options);
    let (near, far) = tokio::io::duplex(1 << 20);
    mesh.accept(node(1), Box::new(far)).unwrap();
    mesh.wait_connected(NodeSet::all(2), Duration::from_secs(5)).await;
    (mesh, near)
}

async fn speak(io: &mut DuplexStream, session: SessionId, attempt: u32, step: u64, bytes: usize) {
    let frame = Frame {
        kind: Kind::Data,
        session,
        attempt,
        step: StepId(step),
        payload: vec![7; bytes].into(),
    };
    let mut out = bytes::BytesMut::new();
    frame.put_header(&mut out);
    out.extend_from_slice(&frame.payload);
    io.write_all(&out).await.unwrap();
}

async fn eventually(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

#[tokio::test]
async fn messages_arrive_by_step_in_any_order() {
    let (one, two) = pair(quick()).await;
    let (a, b) =
        (one.channel(SESSION, 1, NodeSet::all(2)), two.channel(SESSION, 1, NodeSet::all(2)));
    for step in 0..10 {
        a.send(node(2), StepId(step), Bytes::from(vec![u8::try_from(step).unwrap(); 3]))
            .await
            .unwrap();
    }
    for step in (0..10).rev() {
        let got = b.recv(node(1), StepId(step)).await.unwrap();
        assert_eq!(got, vec![u8::try_from(step).unwrap(); 3]);
    }
    assert_eq!((a.bytes_sent(), b.bytes_sent()), (30, 0));
    let status = &two.peer_status()[0];
    assert_eq!((status.node, status.connected, status.payload_in), (node(1), true, 30));
    eventually("a round trip is measured", || two.peer_status()[0].rtt_micros.is_some()).await;
}

#[tokio::test]
async fn early_frames_wait_for_their_attempt_and_older_ones_are_dropped() {
    let (mesh, mut io) = alone(quick()).await;
    speak(&mut io, SESSION, 2, 1, 10).await;
    speak(&mut io, SESSION, 1, 1, 10).await;
    speak(&mut io, OTHER, 1, 1, 10).await;
    let held = || mesh.shared.registry().early_held(node(1));
    eventually("three frames are kept", || held() == 3 * 138).await;
    let channel = mesh.channel(SESSION, 2, NodeSet::all(2));
    assert_eq!(channel.recv(node(1), StepId(1)).await.unwrap().len(), 10);
    assert_eq!(held(), 138, "the older attempt's frame is gone, the other session's is kept");
    drop(channel);
    speak(&mut io, SESSION, 2, 2, 10).await;
    speak(&mut io, OTHER, 1, 2, 10).await;
    eventually("only the other session's frame is kept", || held() == 2 * 138).await;
}

#[tokio::test]
async fn a_flood_before_the_attempt_costs_only_the_flooded_session() {
    let (mesh, mut io) = alone(MeshOptions { early_bytes: 100_000, ..quick() }).await;
    speak(&mut io, OTHER, 1, 1, 10).await;
    for step in 0..100 {
        speak(&mut io, SESSION, 1, step, 10_000).await;
    }
    speak(&mut io, OTHER, 1, 2, 10).await;
    let other = mesh.channel(OTHER, 1, NodeSet::all(2));
    assert!(other.recv(node(1), StepId(1)).await.is_ok());
    assert!(other.recv(node(1), StepId(2)).await.is_ok());
    let flooded = mesh.channel(SESSION, 1, NodeSet::all(2));
    let error = flooded.recv(node(1), StepId(0)).await.unwrap_err();
    assert_eq!(error, ChannelError::Flood { node: node(1) });
    assert_eq!(mesh.shared.registry().early_held(node(1)), 0);
}

#[tokio::test]
async fn a_flood_names_the_peer_and_leaves_other_sessions_alone() {
    let (mesh, mut io) = alone(MeshOptions { mailbox_bytes: 50_000, ..quick() }).await;
    let flooded = mesh.channel(SESSION, 1, NodeSet::all(2));
    let other = mesh.channel(OTHER, 1, NodeSet::all(2));
    for step in 0..100 {
        speak(&mut io, SESSION, 1, step, 1000).await;
    }
    speak(&mut io, OTHER, 1, 5, 10).await;
    assert!(other.recv(node(1), StepId(5)).await.is_ok());
    let error = flooded.recv(node(1), StepId(0)).await.unwrap_err();
    assert_eq!(error, ChannelError::Flood { node: node(1) });
    assert!(mesh.peer_status()[0].connected);
}

#[tokio::test]
async fn a_second_message_for_one_step_is_a_flood() {
    let (mesh, mut io) = alone(quick()).await;
    let channel = mesh.channel(SESSION, 1, NodeSet::all(2));
    speak(&mut io, SESSION, 1, 1, 10).await;
    speak(&mut io, SESSION, 1, 1, 10).await;
    let error = channel.recv(node(1), StepId(2)).await.unwrap_err();
    assert_eq!(error, ChannelError::Flood { node: node(1) });
}

#[tokio::test]
async fn a_stalled_session_does_not_hold_up_another() {
    let (one, two) = pair(MeshOptions { queue_bytes: 64 << 10, ..quick() }).await;
    let (stalled, _unread) =
        (one.channel(SESSION, 1, NodeSet::all(2)), two.channel(SESSION, 1, NodeSet::all(2)));
    let (a, b) = (one.channel(OTHER, 1, NodeSet::all(2)), two.channel(OTHER, 1, NodeSet::all(2)));
    for step in 0..200 {
        let payload = Bytes::from(vec![0; 32 << 10]);
        stalled.send(node(2), StepId(step), payload).await.unwrap();
        a.send(node(2), StepId(step), Bytes::from_static(b"on")).await.unwrap();
        b.recv(node(1), StepId(step)).await.unwrap();
    }
}

#[tokio::test]
async fn a_peer_that_does_not_read_holds_up_the_sender_and_is_then_given_up() {
    let options = MeshOptions { queue_bytes: 64 << 10, ..impatient() };
    let (mesh, _unread) = alone(options).await;
    let channel = mesh.channel(SESSION, 1, NodeSet::all(2));
    let mut sent = 0;
    let error = loop {
        match channel.send(node(1), StepId(sent), Bytes::from(vec![0; 16 << 10])).await {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, ChannelError::Closed { node: node(1) });
    // The pipe's megabyte, one batch and the queue.
    assert!(sent < 150, "{sent} messages were taken for a peer that reads nothing");
    let trouble = mesh.peer_status()[0].trouble.clone().unwrap();
    assert!(trouble.starts_with("nothing came for"), "{trouble}");
}

#[tokio::test]
async fn cancelling_wakes_whoever_waits() {
    let (one, _two) = pair(quick()).await;
    let channel = one.channel(SESSION, 1, NodeSet::all(2));
    let waiting = Arc::clone(&channel);
    let waiting = tokio::spawn(async move { waiting.recv(node(2), StepId(1)).await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    channel.cancel();
    assert_eq!(waiting.await.unwrap().unwrap_err(), ChannelError::Cancelled);
    let sent = channel.send(node(2), StepId(1), Bytes::new()).await;
    assert_eq!(sent.unwrap_err(), ChannelError::Cancelled);
    let again = one.channel(SESSION, 2, NodeSet::all(2));
    let _newer = one.channel(SESSION, 2, NodeSet::all(2));
    let got = again.recv(node(2), StepId(1)).await;
    assert_eq!(got.unwrap_err(), ChannelError::Cancelled, "the second channel replaced it");
}

#[tokio::test]
async fn a_lost_link_fails_the_attempt_at_both_ends_and_comes_back() {
    let (one, two) = pair(quick()).await;
    let (a, b) =
        (one.channel(SESSION, 1, NodeSet::all(2)), two.channel(SESSION, 1, NodeSet::all(2)));
    a.send(node(2), StepId(1), Bytes::from_static(b"in time")).await.unwrap();
    eventually("the message has arrived", || two.peer_status()[0].payload_in == 7).await;
    let began = Instant::now();
    let waiting = async { tokio::join!(a.recv(node(2), StepId(2)), b.recv(node(1), StepId(2))) };
    let cut = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        two.disconnect(node(1));
    };
    let ((at_one, at_two), ()) = tokio::join!(waiting, cut);
    assert_eq!(at_one.unwrap_err(), ChannelError::Closed { node: node(2) });
    assert_eq!(at_two.unwrap_err(), ChannelError::Closed { node: node(1) });
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(b.recv(node(1), StepId(1)).await.unwrap(), "in time");

    // The next attempt begins while the link is still down, and waits for it.
    let (a, b) =
        (one.channel(SESSION, 2, NodeSet::all(2)), two.channel(SESSION, 2, NodeSet::all(2)));
    let (sent, got) = tokio::join!(
        a.send(node(2), StepId(1), Bytes::from_static(b"again")),
        b.recv(node(1), StepId(1))
    );
    sent.unwrap();
    assert_eq!(got.unwrap(), "again");
    assert_eq!(one.peer_status()[0].reconnects, 1);
}

#[tokio::test]
async fn a_lost_link_spoils_attempts_whose_early_frames_it_carried() {
    let (mesh, mut io) = alone(quick()).await;
    speak(&mut io, SESSION, 1, 1, 10).await;
    eventually("the frame is kept", || mesh.shared.registry().early_held(node(1)) > 0).await;
    drop(io);
    eventually("the link is down", || !mesh.peer_status()[0].connected).await;
    let (_near, far) = tokio::io::duplex(1024);
    mesh.accept(node(1), Box::new(far)).unwrap();
    let channel = mesh.channel(SESSION, 1, NodeSet::all(2));
    let error = channel.recv(node(1), StepId(2)).await.unwrap_err();
    assert_eq!(error, ChannelError::Closed { node: node(1) });
}

#[tokio::test]
async fn a_link_that_stays_down_ends_waiting_after_the_grace() {
    let mesh = Mesh::with_dialer(node(2), 2, Arc::new(Pipe::default()), quick());
    let channel = mesh.channel(SESSION, 1, NodeSet::all(2));
    let began = Instant::now();
    let (got, sent) = tokio::join!(
        channel.recv(node(1), StepId(1)),
        channel.send(node(1), StepId(1), Bytes::new())
    );
    assert_eq!(got.unwrap_err(), ChannelError::Closed { node: node(1) });
    assert_eq!(sent.unwrap_err(), ChannelError::Closed { node: node(1) });
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(300) && waited < Duration::from_secs(2), "{waited:?}");
    // The attempt has failed with this node; the next message does not wait again.
    let began = Instant::now();
    assert!(channel.recv(node(1), StepId(2)).await.is_err());
    assert!(began.elapsed() < Duration::from_millis(100));
}

#[tokio::test]
async fn a_missing_message_ends_with_the_deadline() {
    let options = MeshOptions { deadline: Duration::from_millis(100), ..quick() };
    let (one, _two) = pair(options).await;
    let channel = one.channel(SESSION, 1, NodeSet::all(2));
    let error = channel.recv(node(2), StepId(1)).await.unwrap_err();
    assert_eq!(error, ChannelError::Timeout { node: node(2) });
}

#[tokio::test]
async fn a_silent_link_is_closed() {
    let (mesh, mut io) = alone(impatient()).await;
    eventually("the silent link is closed", || !mesh.peer_status()[0].connected).await;
    let mut rest = Vec::new();
    io.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.is_empty(), "it was pinged");
}

#[tokio::test]
async fn bytes_that_are_no_frames_close_the_link() {
    let (mesh, mut io) = alone(quick()).await;
    io.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    eventually("the link is closed", || !mesh.peer_status()[0].connected).await;
    let trouble = mesh.peer_status()[0].trouble.clone().unwrap();
    assert!(trouble.contains("sent a frame of"), "{trouble}");
}

#[tokio::test]
async fn only_the_lower_index_dials() {
    let mesh = Mesh::with_dialer(node(2), 3, Arc::new(Pipe::default()), quick());
    assert!(mesh.expects(node(1)));
    for from in [2, 3, 4] {
        assert!(!mesh.expects(node(from)));
        let (io, _other) = tokio::io::duplex(64);
        assert!(mesh.accept(node(from), Box::new(io)).is_err());
    }
}

#[tokio::test]
async fn who_takes_no_part_cannot_be_spoken_to() {
    let (one, two) = pair(quick()).await;
    let a = one.channel(SESSION, 1, NodeSet::all(1));
    let sent = a.send(node(2), StepId(1), Bytes::new()).await;
    assert_eq!(sent.unwrap_err(), ChannelError::Closed { node: node(2) });
    let b = two.channel(SESSION, 1, NodeSet::all(2));
    b.send(node(1), StepId(1), Bytes::new()).await.unwrap();
    assert!(a.recv(node(2), StepId(1)).await.is_err());
}

#[tokio::test]
async fn shutdown_sends_what_is_queued_and_ends_the_rest() {
    let (one, two) = pair(quick()).await;
    let (a, b) =
        (one.channel(SESSION, 1, NodeSet::all(2)), two.channel(SESSION, 1, NodeSet::all(2)));
    a.send(node(2), StepId(1), Bytes::from(vec![1; 1 << 20])).await.unwrap();
    tokio::join!(one.shutdown(), async {
        assert_eq!(b.recv(node(1), StepId(1)).await.unwrap().len(), 1 << 20);
    });
    let error = a.recv(node(2), StepId(1)).await.unwrap_err();
    assert_eq!(error, ChannelError::Cancelled);
    let late = one.channel(SESSION, 2, NodeSet::all(2));
    assert_eq!(late.recv(node(2), StepId(1)).await.unwrap_err(), ChannelError::Cancelled);
}

#[tokio::test]
async fn a_simulated_delay_delays_and_keeps_the_order() {
    let delay = Duration::from_millis(40);
    let (one, two) = pair(MeshOptions { rtt_delay: Some(delay), ..quick() }).await;
    let (a, b) =
        (one.channel(SESSION, 1, NodeSet::all(2)), two.channel(SESSION, 1, NodeSet::all(2)));
    let began = Instant::now();
    for step in 0..1000 {
        a.send(node(2), StepId(step), Bytes::from_static(&[0; 100])).await.unwrap();
    }
    for step in 0..1000 {
        b.recv(node(1), StepId(step)).await.unwrap();
    }
    let took = began.elapsed();
    assert!(took >= delay && took < delay * 10, "one way for all together, not each: {took:?}");
    eventually("the round trip shows the delay twice", || {
        one.peer_status()[0].rtt_micros.is_some_and(|rtt| rtt >= 80_000)
    })
    .await;
}
