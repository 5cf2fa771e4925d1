//! Who alone learns a value that is not for everyone.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::values::CLIENT;
use crate::sharing::NodeIndex;

/// A node, as files write it before its number.
const NODE: &str = "node";

/// Who alone learns a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Receiver {
    /// A node of the session's roster: whoever has its keys.
    Node(NodeIndex),
    /// Whoever handed the session in, by the key that its terms name.
    Client,
    /// A node of the roster that stored variables are handed over to. No file says so of a step.
    Next(NodeIndex),
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => write!(f, "{NODE} {node}"),
            Self::Client => f.pad(CLIENT),
            Self::Next(node) => write!(f, "{NODE} {node} of the next roster"),
        }
    }
}

impl FromStr for Receiver {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        if text == CLIENT {
            return Ok(Self::Client);
        }
        let number = text.strip_prefix(NODE).ok_or(())?;
        let number = number.trim_start().parse().map_err(|_| ())?;
        NodeIndex::new(number).map(Self::Node).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::job::receiver::*;

    #[test]
    fn receivers_are_read_as_they_are_written() {
        let node = |index| Receiver::Node(NodeIndex::new(index).unwrap());
        for (text, receiver) in
            [("client", Receiver::Client), ("node 1", node(1)), ("node 9", node(9))]
        {
            assert_eq!((text.parse(), receiver.to_string()), (Ok(receiver), text.to_owned()));
        }
        assert_eq!("node2".parse(), Ok(node(2)));
        for text in [
            "",
            "all",
            "node",
            "node 0",
            "node x",
            "node 99",
            "Client",
            "node -1",
            "nodes 2",
            "node 2 of the next roster",
        ] {
            assert_eq!(text.parse::<Receiver>(), Err(()), "{text}");
        }
    }
}
