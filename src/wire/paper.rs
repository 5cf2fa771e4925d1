//! The papers of a closing in binary: what grows with a session's entries.
//!
//! Inventories, bundle and manifest hold a line for every entry, of every node. In JSON a line takes
//! several times the room, and more to read. Members of the roster hand them to each other in the
//! encoding that is hashed for signatures (postcard); whoever asks without naming the media type
//! gets JSON, as of every other request.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::rules::{Limits, Terms};
use crate::session::disclosure::line_bytes;
use crate::sharing::Scheme;

/// The media type of papers.
pub const MEDIA_TYPE: &str = "application/vnd.gavel.paper";

/// Most bytes of a paper: what a database takes in one piece, with some room to spare.
pub const MOST_BYTES: usize = 960_000_000;

/// Bytes of a line of an inventory besides the name: key, digest, revision, time, and lengths.
const LINE: u64 = 32 + 32 + 5 + 10 + 5;

/// Bytes of a score in such a line: two digests, a batch, two keys, two signatures, and numbers.
const SCORE: u64 = 2 * 33 + 17 + 2 * 33 + 2 * 65 + 4 * 10;

/// A session that takes more than can be closed: its papers would be too large.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "with {nodes} nodes and names of {name_bytes} bytes a session can close with {most} bids, not {bids}; lower max_bids or max_name_bytes"
)]
pub struct TooMany {
    nodes: u8,
    name_bytes: u32,
    bids: u32,
    most: u64,
}

/// That a session which takes this much can be closed among the nodes of a scheme, whatever comes
/// in.
///
/// # Errors
/// When its papers would be too large; says how many bids there may be.
pub fn check(terms: &Terms, scheme: Scheme) -> Result<(), TooMany> {
    // What a node discloses has a line for every bid, and goes to the operator in base64.
    let disclosed = terms.question.disclosed_to().map(|_| line_bytes(scheme) as u64);
    let disclosed = disclosed.map_or(0, |line| line.div_ceil(3) * 4);
    let score = if terms.scoring().is_some() { SCORE } else { 0 };
    fits(&terms.limits, (LINE + score, disclosed), scheme)
}

/// The same, with lines of inventories of so many bytes besides the name, and of another paper.
fn fits(limits: &Limits, (own, line): (u64, u64), scheme: Scheme) -> Result<(), TooMany> {
    let Limits { bids, name_bytes, .. } = *limits;
    let nodes = scheme.nodes();
    // A bundle holds a line of each node for every bid.
    let each = u64::from(nodes) * (own + u64::from(name_bytes));
    let most = MOST_BYTES as u64 / each.max(line);
    if u64::from(bids) <= most { Ok(()) } else { Err(TooMany { nodes, name_bytes, bids, most }) }
}

/// A paper as it is handed over.
pub fn encode<T: Serialize + ?Sized>(paper: &T) -> Bytes {
    match postcard::to_stdvec(paper) {
        Ok(bytes) => bytes.into(),
        // Papers are plain structs of known-length parts, and they are hashed in this encoding.
        Err(error) => unreachable!("a paper always encodes: {error}"),
    }
}

/// A paper as it was handed over.
///
/// # Errors
/// When it is not one.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, postcard::Error> {
    postcard::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use crate::wire::paper::*;

    #[test]
    fn what_cannot_be_closed_is_not_opened() {
        let scheme = |n, t| Scheme::new(n, t).unwrap();
        assert_eq!(fits(&Limits::default(), (LINE, 0), scheme(9, 4)), Ok(()));
        assert_eq!(
            fits(&Limits::MOST, (LINE, 0), scheme(3, 1)).map_err(|error| error.most),
            Err(958_083)
        );
        let million = Limits { bids: 1_000_000, ..Limits::default() };
        assert_eq!(fits(&million, (LINE, 0), scheme(5, 2)), Ok(()));
        let said = fits(&million, (LINE, 0), scheme(9, 4)).unwrap_err().to_string();
        assert!(said.contains("579710 bids, not 1000000"), "{said}");
        // What is disclosed takes more: a value of 32 bytes for each of 126 sets.
        let line = line_bytes(scheme(9, 4)) as u64;
        assert_eq!(line, 1 + 32 + 126 * 32);
        assert_eq!(
            fits(&million, (LINE, line), scheme(9, 4)).map_err(|error| error.most),
            Err(236_162)
        );
    }
}
