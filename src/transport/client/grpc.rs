//! Calls over gRPC whose answer is a stream of messages, to a pinned server.
//!
//! A call is a request over HTTP/2 with one framed message; its answer is framed messages, taken one at a
//! time, and a status behind them. Whoever answers slowly or at length is given up: every wait has a
//! deadline, every message a limit. Source: the protocol description "gRPC over HTTP2".

use std::time::Duration;

use axum::http::HeaderMap;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use prost::Message;
use tokio::time::timeout;

use super::http::PeerClient;
use crate::transport::error::HttpError;
use crate::wire::{Problem, ProblemType};

/// What calls and answers are.
const GRPC: &str = "application/grpc";

/// The head of a message: whether it is compressed, and its length.
const HEAD: usize = 5;

/// Longest wait for the next piece of an answer.
const SILENCE: Duration = Duration::from_secs(30);

/// The messages that a call is answered with.
pub struct Messages {
    address: String,
    body: reqwest::Body,
    /// What has come of the next message.
    buffer: BytesMut,
    most: usize,
}

impl PeerClient {
    /// Call a method whose answer is a stream of messages, none of them longer than `most` bytes.
    ///
    /// # Errors
    /// The server's refusal, or why it cannot be reached.
    pub async fn call<M: Message>(
        &self,
        path: &str,
        message: &M,
        most: usize,
    ) -> Result<Messages, HttpError> {
        let length = message.encoded_len();
        let mut framed = BytesMut::with_capacity(HEAD + length);
        framed.put_u8(0);
        framed.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
        message.encode(&mut framed).map_err(|error| HttpError::Setup {
            address: self.target().address.clone(),
            detail: error.to_string(),
        })?;
        let answer = self.open(path, framed.freeze(), GRPC).await?;
        let answer: axum::http::Response<reqwest::Body> = answer.into();
        let (head, body) = answer.into_parts();
        let address = self.target().address.clone();
        // A refusal has no messages and says so at once.
        ended(&address, &head.headers).transpose()?;
        Ok(Messages { address, body, buffer: BytesMut::new(), most })
    }
}

impl Messages {
    /// The next message; none once the server says that these were all.
    ///
    /// # Errors
    /// When the stream breaks off, the server says why it stops, or what comes is no such message.
    pub async fn next<M: Message + Default>(&mut self) -> Result<Option<M>, HttpError> {
        loop {
            if let Some(message) = self.whole()? {
                let unreadable = |error: prost::DecodeError| self.unreadable(&error.to_string());
                return M::decode(message).map(Some).map_err(unreadable);
            }
            let next = timeout(SILENCE, self.body.frame()).await.map_err(|_| {
                HttpError::Timeout { address: self.address.clone(), after: SILENCE }
            })?;
            let frame = match next {
                None => return Err(self.broken("the stream ended without a status")),
                Some(Err(error)) => return Err(HttpError::of(&self.address, &error.without_url())),
                Some(Ok(frame)) => frame,
            };
            match frame.into_data() {
                Ok(data) => self.buffer.extend_from_slice(&data),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    match ended(&self.address, &trailers) {
                        Some(Ok(())) if self.buffer.is_empty() => return Ok(None),
                        Some(Err(error)) => return Err(error),
                        _ => return Err(self.broken("the stream ended within a message")),
                    }
                }
            }
        }
    }

    /// The next message, if all of it has come.
    fn whole(&mut self) -> Result<Option<Bytes>, HttpError> {
        let Some((&[compressed, a, b, c, d], _)) = self.buffer.split_first_chunk() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if compressed != 0 {
            return Err(self.unreadable("a compressed message, which was not asked for"));
        }
        if length > self.most {
            return Err(HttpError::TooLarge { address: self.address.clone(), limit: self.most });
        }
        if self.buffer.len() < HEAD + length {
            return Ok(None);
        }
        self.buffer.advance(HEAD);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    fn broken(&self, detail: &str) -> HttpError {
        HttpError::Network { address: self.address.clone(), detail: detail.to_owned() }
    }

    fn unreadable(&self, detail: &str) -> HttpError {
        HttpError::Unreadable {
            address: self.address.clone(),
            status: 200,
            detail: detail.to_owned(),
        }
    }
}

/// How a call ended, where these headers say so.
fn ended(address: &str, headers: &HeaderMap) -> Option<Result<(), HttpError>> {
    let status = headers.get("grpc-status")?.as_bytes();
    if status == b"0" {
        return Some(Ok(()));
    }
    let message = headers.get("grpc-message").map(|text| unescaped(text.as_bytes()));
    let message = message.unwrap_or_default();
    // The server puts the type of the problem before the words.
    let (kind, detail) = message.split_once(": ").unwrap_or(("", &message));
    let problem = Problem::new(ProblemType::of_urn(&format!("urn:gavel:{kind}")), detail);
    Some(Err(HttpError::Problem { target: address.to_owned(), problem: Box::new(problem) }))
}

/// A message as it was before its bytes were escaped by percent signs.
fn unescaped(text: &[u8]) -> String {
    let digit = |at: usize| text.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let (mut bytes, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = text.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(at + 1), digit(at + 2)) {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or(byte));
            at += 3;
        } else {
            bytes.push(byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use crate::transport::client::grpc::*;
    use crate::wire::grpc::Piece;

    fn framed(piece: &Piece) -> Vec<u8> {
        let message = piece.encode_to_vec();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        [&[0][..], &length, &message].concat()
    }

    fn messages(bytes: Vec<u8>, most: usize) -> Messages {
        let (address, buffer) = ("node:1".to_owned(), BytesMut::new());
        Messages { address, body: bytes.into(), buffer, most }
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_or_is_too_long_is_no_answer() {
        let piece = Piece { first: 3, elements: Bytes::from_static(&[7; 32]), ..Piece::default() };
        let bytes = framed(&piece);
        let two = [bytes.clone(), bytes.clone()].concat();
        let mut all = messages(two, 100);
        for _ in 0..2 {
            assert_eq!(all.next::<Piece>().await.unwrap().unwrap(), piece);
        }
        // No status came.
        assert!(matches!(all.next::<Piece>().await, Err(HttpError::Network { .. })));
        let mut cut = messages(bytes[..20].to_vec(), 100);
        assert!(matches!(cut.next::<Piece>().await, Err(HttpError::Network { .. })));
        let mut long = messages(bytes.clone(), 20);
        assert!(matches!(long.next::<Piece>().await, Err(HttpError::TooLarge { .. })));
        let mut squeezed = bytes;
        squeezed[0] = 1;
        let mut squeezed = messages(squeezed, 100);
        assert!(matches!(squeezed.next::<Piece>().await, Err(HttpError::Unreadable { .. })));
    }

    #[test]
    fn a_status_is_a_problem_of_its_type() {
        let mut headers = HeaderMap::new();
        assert!(ended("node:1", &headers).is_none());
        headers.insert("grpc-status", "9".parse().unwrap());
        headers.insert("grpc-message", "batch-used: it is gone%3B ask%20again".parse().unwrap());
        let error = ended("node:1", &headers).unwrap().unwrap_err();
        let problem = error.problem().unwrap();
        assert_eq!(problem.kind, ProblemType::BatchUsed);
        assert_eq!(problem.detail, "it is gone; ask again");
        headers.insert("grpc-status", "0".parse().unwrap());
        assert_eq!(ended("node:1", &headers), Some(Ok(())));
    }
}
