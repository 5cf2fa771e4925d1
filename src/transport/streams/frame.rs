//! What goes over a stream between two nodes.
//!
//! A frame is, little endian: length of what follows (u32), version (u8), kind (u8), session
//! (16 bytes), attempt (u32), step (u64), payload. 34 bytes before the payload. Data frames carry a
//! protocol's message; pings carry the sender's clock in the step's place and come back as pongs.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use zeroize::{Zeroize as _, Zeroizing};

use crate::protocol::StepId;
use crate::session::SessionId;

/// Version of the frame format.
pub const VERSION: u8 = 1;

/// Bytes of a frame before its payload.
pub const HEADER_BYTES: usize = 34;

const LENGTH_BYTES: usize = 4;

/// Payloads up to this size are copied out of the read buffer: a slice would keep the whole buffer
/// alive for a few bytes, and memory would no longer be what is counted. Contributions to keys are
/// among them, so the copy is wiped when it is dropped, and what was copied is wiped at once.
const COPIED: usize = 4 << 10;

/// What a frame carries: a protocol's message, or a ping or its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A protocol's message.
    Data,
    /// Asks for a pong with the same step.
    Ping,
    /// Answers a ping.
    Pong,
}

/// One message on a stream, with the session, attempt and step it belongs to.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: Kind,
    /// The session; zero in pings and pongs.
    pub session: SessionId,
    /// The attempt; zero in pings and pongs.
    pub attempt: u32,
    /// The step, or the clock of whoever sent the ping.
    pub step: StepId,
    /// The message.
    pub payload: Bytes,
}

/// Why bytes are not a frame. The link is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FrameError {
    /// Another version.
    #[error("the peer speaks version {0} of the stream format, this node {VERSION}; update one")]
    Version(u8),
    /// A kind that this version does not have.
    #[error("the peer sent a frame of unknown kind {0}")]
    Kind(u8),
    /// Shorter than its header.
    #[error("the peer sent a frame of {0} bytes, which is less than a header")]
    TooShort(usize),
    /// Longer than allowed.
    #[error("the peer sent a frame of {got} bytes; at most {limit} are taken")]
    TooLong {
        /// Announced payload.
        got: usize,
        /// Most that is taken.
        limit: usize,
    },
}

impl Frame {
    /// A ping or pong.
    pub fn control(kind: Kind, clock: u64) -> Self {
        Self {
            kind,
            session: SessionId([0; 16]),
            attempt: 0,
            step: StepId(clock),
            payload: Bytes::new(),
        }
    }

    /// Length on the stream: header and payload.
    pub fn wire_bytes(&self) -> usize {
        HEADER_BYTES + self.payload.len()
    }

    /// Write everything before the payload. The payload must be shorter than 4 GiB, which the
    /// sending side's limit sees to.
    pub fn put_header(&self, out: &mut BytesMut) {
        let rest = HEADER_BYTES - LENGTH_BYTES + self.payload.len();
        out.reserve(HEADER_BYTES);
        out.put_u32_le(u32::try_from(rest).unwrap_or(u32::MAX));
        out.put_u8(VERSION);
        out.put_u8(match self.kind {
            Kind::Data => 1,
            Kind::Ping => 2,
            Kind::Pong => 3,
        });
        out.put_slice(&self.session.0);
        out.put_u32_le(self.attempt);
        out.put_u64_le(self.step.0);
    }

    /// Take the first frame off the buffer if it is whole; otherwise make room for the rest of it.
    ///
    /// # Errors
    /// When this can be no frame; the length is judged before anything is reserved for it.
    pub fn take(buffer: &mut BytesMut, max_payload: usize) -> Result<Option<Self>, FrameError> {
        let Some((length, _)) = buffer.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let rest = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let payload = (rest.saturating_add(LENGTH_BYTES))
            .checked_sub(HEADER_BYTES)
            .ok_or(FrameError::TooShort(rest))?;
        if payload > max_payload {
            return Err(FrameError::TooLong { got: payload, limit: max_payload });
        }
        if let Some(&version) = buffer.get(LENGTH_BYTES)
            && version != VERSION
        {
            return Err(FrameError::Version(version));
        }
        let whole = HEADER_BYTES + payload;
        if buffer.len() < whole {
            make_room(buffer, whole - buffer.len());
            return Ok(None);
        }
        let mut head = &buffer[LENGTH_BYTES + 1..HEADER_BYTES];
        let kind = match head.get_u8() {
            1 => Kind::Data,
            2 => Kind::Ping,
            3 => Kind::Pong,
            other => return Err(FrameError::Kind(other)),
        };
        let mut session = [0; 16];
        head.copy_to_slice(&mut session);
        let (attempt, step) = (head.get_u32_le(), head.get_u64_le());
        let payload = if payload <= COPIED {
            let copied = &mut buffer[HEADER_BYTES..whole];
            let copy = Bytes::from_owner(Zeroizing::new(copied.to_vec()));
            copied.zeroize();
            buffer.advance(whole);
            copy
        } else {
            buffer.advance(HEADER_BYTES);
            buffer.split_to(payload).freeze()
        };
        Ok(Some(Self { kind, session: SessionId(session), attempt, step: StepId(step), payload }))
    }
}

/// Make room for `more` bytes behind those that a read buffer holds. Where they have to move, they
/// leave nothing behind.
pub fn make_room(buffer: &mut BytesMut, more: usize) {
    if buffer.capacity() - buffer.len() < more {
        let mut roomy = BytesMut::with_capacity(buffer.len() + more);
        roomy.extend_from_slice(buffer);
        buffer.zeroize();
        *buffer = roomy;
    }
}

#[cfg(test)]
mod tests {
    use crate::transport::streams::frame::*;

    fn frame(step: u64, payload: Vec<u8>) -> Frame {
        Frame {
            kind: Kind::Data,
            session: SessionId([7; 16]),
            attempt: 3,
            step: StepId(step),
            payload: payload.into(),
        }
    }

    #[test]
    fn frames_come_back_however_the_bytes_are_cut() {
        let frames = [frame(1, vec![]), frame(u64::MAX, vec![5; 9000]), frame(3, vec![1, 2, 3])];
        let mut stream = BytesMut::new();
        for frame in &frames {
            frame.put_header(&mut stream);
            stream.extend_from_slice(&frame.payload);
        }
        assert_eq!(stream.len(), frames.iter().map(Frame::wire_bytes).sum::<usize>());
        for cut in [1, 2, 33, 34, 35, 4096, stream.len()] {
            let mut buffer = BytesMut::new();
            let mut got = Vec::new();
            for piece in stream.chunks(cut) {
                buffer.extend_from_slice(piece);
                while let Some(frame) = Frame::take(&mut buffer, 10_000).unwrap() {
                    got.push(frame);
                }
            }
            assert!(got == frames, "cut every {cut} bytes");
        }
    }

    #[test]
    fn what_is_no_frame_is_refused_before_memory_is_reserved() {
        let take = |bytes: &[u8]| Frame::take(&mut BytesMut::from(bytes), 100).err();
        assert_eq!(take(&[0, 0, 0, 0]), Some(FrameError::TooShort(0)));
        assert_eq!(take(&[29, 0, 0, 0]), Some(FrameError::TooShort(29)));
        assert_eq!(
            take(&[255; 4]),
            Some(FrameError::TooLong { got: u32::MAX as usize - 30, limit: 100 })
        );
        assert_eq!(take(&[30, 0, 0, 0, 9]), Some(FrameError::Version(9)));
        let mut whole = BytesMut::new();
        frame(0, vec![]).put_header(&mut whole);
        whole[5] = 77;
        assert_eq!(take(&whole), Some(FrameError::Kind(77)));
    }

    proptest::proptest! {
        #[test]
        fn outside_bytes_never_panic(bytes: Vec<u8>) {
            let mut buffer = BytesMut::from(&bytes[..]);
            while let Ok(Some(_)) = Frame::take(&mut buffer, 1000) {}
        }
    }
}
