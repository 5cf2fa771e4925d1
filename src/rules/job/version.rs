//! Which one a stored variable is, and what binds a node to a component of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base::bytes;

/// The digest of one component of a stored variable, blinded for whoever does not hold it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(#[serde(with = "bytes::fixed")] pub [u8; 32]);

/// Which one a stored variable is. Shown in base64url.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(#[serde(with = "bytes::fixed")] pub [u8; 32]);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bytes::encode(&self.0))
    }
}

impl FromStr for Version {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = bytes::decode(text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("a version has 43 base64url characters")
    }
}
