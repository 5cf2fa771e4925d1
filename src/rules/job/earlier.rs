//! The nodes that a stored variable is shared among, where these are not those of the session: it was
//! dealt under a roster with other nodes or another threshold. Either some of them are in this one too,
//! or they have handed it over to the nodes of this one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::bytes;
use crate::sharing::{NodeIndex, NodeSet, Scheme};

/// By which session's outcome nodes of an earlier roster have handed variables over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handed {
    /// The session's id.
    pub session: [u8; 16],
    /// The outcome's digest.
    pub outcome: [u8; 32],
}

impl fmt::Display for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", bytes::encode(&self.session), bytes::encode(&self.outcome))
    }
}

impl FromStr for Handed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "what was handed over is named by a session and the digest of its outcome";
        let (session, outcome) = text.trim().split_once(' ').ok_or(wrong)?;
        let session = bytes::decode(session).and_then(|bytes| bytes.try_into().ok());
        let outcome = bytes::decode(outcome).and_then(|bytes| bytes.try_into().ok());
        Ok(Self { session: session.ok_or(wrong)?, outcome: outcome.ok_or(wrong)? })
    }
}

/// An earlier roster, as far as dealing from it takes. Written as `5/2: 1 2 3 - 5`: nodes, threshold,
/// and of each node of the session which one it was there; behind a semicolon the session that handed
/// it over, where one did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Earlier {
    scheme: Scheme,
    places: Vec<Option<NodeIndex>>,
    handed: Option<Handed>,
}

impl Earlier {
    /// Of so many nodes with this threshold; each place is that of a node of the session.
    ///
    /// # Errors
    /// When two have one place, or one has a place that there is not.
    pub fn new(scheme: Scheme, places: Vec<Option<NodeIndex>>) -> Result<Self, &'static str> {
        let mut seen = NodeSet::EMPTY;
        for &place in places.iter().flatten() {
            if seen.contains(place) || !scheme.all().contains(place) {
                return Err("an earlier roster has each of its nodes once");
            }
            seen.insert(place);
        }
        Ok(Self { scheme, places, handed: None })
    }

    /// The same of what its nodes have handed over.
    #[must_use]
    pub fn handed_over(self, handed: Handed) -> Self {
        Self { handed: Some(handed), ..self }
    }

    /// By which session they have; none where they deal it to the session's nodes themselves.
    pub const fn handed(&self) -> Option<Handed> {
        self.handed
    }

    /// Whether it is the same roster, handed over or not.
    pub fn is_roster_of(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.places == other.places
    }

    /// How the variable is shared.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Which node of the earlier roster each node of the session was, in their order.
    pub fn places(&self) -> &[Option<NodeIndex>] {
        &self.places
    }

    /// Which one a node of the session was.
    pub fn place(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.places.get(node.position()).copied().flatten()
    }
}

impl fmt::Display for Earlier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:", self.scheme.nodes(), self.scheme.threshold())?;
        self.places.iter().try_for_each(|place| match place {
            Some(place) => write!(f, " {place}"),
            None => f.write_str(" -"),
        })?;
        self.handed.iter().try_for_each(|handed| write!(f, "; {handed}"))
    }
}

impl FromStr for Earlier {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "an earlier roster is written as 5/2: 1 2 3 - 5";
        let (text, handed) =
            text.split_once(';').map_or((text, None), |(text, by)| (text, Some(by)));
        let (scheme, places) = text.split_once(':').ok_or(wrong)?;
        let (nodes, threshold) = scheme.split_once('/').ok_or(wrong)?;
        let number = |text: &str| text.trim().parse::<u8>().map_err(|_| wrong);
        let scheme = Scheme::new(number(nodes)?, number(threshold)?).map_err(|_| wrong)?;
        let place = |text: &str| match text {
            "-" => Ok(None),
            text => number(text).and_then(|at| NodeIndex::new(at).map(Some).ok_or(wrong)),
        };
        let places = places.split_whitespace().map(place).collect::<Result<_, _>>()?;
        Ok(Self { handed: handed.map(str::parse).transpose()?, ..Self::new(scheme, places)? })
    }
}

impl TryFrom<String> for Earlier {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Earlier> for String {
    fn from(earlier: Earlier) -> Self {
        earlier.to_string()
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::job::earlier::*;

    #[test]
    fn an_earlier_roster_reads_back_as_written() {
        for text in ["5/2: 1 2 3 - 5", "3/1:", "5/2: - 5 4 3 2 1"] {
            assert_eq!(text.parse::<Earlier>().unwrap().to_string(), text);
        }
        let earlier: Earlier = "5/2: - - -".parse().unwrap();
        let handed = Handed { session: [1; 16], outcome: [2; 32] };
        let over = earlier.clone().handed_over(handed);
        assert_eq!(over.to_string().parse::<Earlier>().unwrap(), over);
        assert!(over != earlier && over.is_roster_of(&earlier));
        assert_eq!((over.handed(), earlier.handed()), (Some(handed), None));
        for text in ["5/2: -;", "5/2: -; AAAA", "5/2: -; AQEBAQEBAQEBAQEBAQEBAQ AAAA"] {
            assert!(text.parse::<Earlier>().is_err(), "{text}");
        }
        for text in ["", "5/2", "5/3: 1", "5/2: 1 1", "5/2: 6", "5/2: 0", "5/2: x", "x/2: 1"] {
            assert!(text.parse::<Earlier>().is_err(), "{text}");
        }
        let earlier: Earlier = "5/2: 4 -".parse().unwrap();
        let node = |at| NodeIndex::new(at).unwrap();
        assert_eq!(earlier.place(node(1)), Some(node(4)));
        assert_eq!((earlier.place(node(2)), earlier.place(node(3))), (None, None));
    }
}
