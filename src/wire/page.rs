//! Lists that come in pages: in the order of the sessions' ids or the bidders' keys, so that a page
//! is found without reading those before it, and none is left out or comes twice when sessions are
//! added.

use serde::{Deserialize, Serialize};

use crate::identity::PublicKey;
use crate::session::SessionId;

/// Most sessions of a page.
pub const LARGEST: u32 = 200;

/// Which page is asked for, in the query of a request.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskPage {
    /// The one after this session; the first one where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<SessionId>,
    /// With at most so many sessions, from 1 to [`LARGEST`]; 100 where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Which page of a list of bidders is asked for, in the query of a request.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskBehind {
    /// The one after this bidder's key; the first one where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<PublicKey>,
}

/// A number of sessions that no page has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a page has 1 to {LARGEST} sessions, not {0}")]
pub struct BadLimit(pub u32);

impl AskPage {
    /// Most sessions that the page may have.
    ///
    /// # Errors
    /// When it asks for none, or for too many.
    pub const fn limit(&self) -> Result<u32, BadLimit> {
        match self.limit {
            None => Ok(100),
            Some(limit) if limit >= 1 && limit <= LARGEST => Ok(limit),
            Some(limit) => Err(BadLimit(limit)),
        }
    }
}

/// Some sessions.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// In the order of their ids.
    pub sessions: Vec<T>,
    /// What to ask for sessions after; absent on the last page.
    pub next: Option<SessionId>,
}

impl<T> Page<T> {
    /// A page of what was found when one more than `limit` was asked for.
    pub fn of(mut found: Vec<T>, limit: u32, id: impl Fn(&T) -> SessionId) -> Self {
        let limit = limit as usize;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(id);
        Self { sessions: found, next }
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::page::*;

    #[test]
    fn pages_follow_each_other_to_the_last_one() {
        let id = |number: &u8| SessionId([*number; 16]);
        let all: Vec<u8> = (1..=5).collect();
        let mut after = None;
        let mut seen = Vec::new();
        loop {
            let rest = all.iter().copied().filter(|number| Some(id(number)) > after);
            let page = Page::of(rest.take(3).collect(), 2, id);
            seen.push(page.sessions);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, [vec![1, 2], vec![3, 4], vec![5]]);
    }

    #[test]
    fn no_page_is_empty_or_without_end() {
        let ask = |limit| AskPage { after: None, limit }.limit();
        assert_eq!(ask(None), Ok(100));
        assert_eq!(ask(Some(LARGEST)), Ok(LARGEST));
        assert_eq!(ask(Some(0)), Err(BadLimit(0)));
        assert_eq!(ask(Some(LARGEST + 1)), Err(BadLimit(LARGEST + 1)));
    }
}
