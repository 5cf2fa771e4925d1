//! Ids and roles of those who use a coordinator under a name and a password.

use std::fmt;

use rand::{TryRng as _, rngs::SysRng};
use serde::{Deserialize, Serialize};

use crate::base::bytes::from_hex;

/// 16 random bytes, shown as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub [u8; 16]);

/// What an account is for. Given by an operator, never chosen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountRole {
    /// Runs sessions and looks after accounts.
    Operator,
    /// Bids, with the key that its account is bound to.
    Bidder,
}

impl AccountRole {
    /// Every role.
    pub const ALL: [Self; 2] = [Self::Operator, Self::Bidder];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Bidder => "bidder",
        }
    }
}

impl fmt::Display for AccountRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl std::str::FromStr for AccountRole {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or("a role is operator or bidder")
    }
}

impl AccountId {
    /// A fresh id.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn random() -> Result<Self, rand::rngs::SysError> {
        let mut id = [0; 16];
        SysRng.try_fill_bytes(&mut id)?;
        Ok(Self(id))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for AccountId {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        from_hex(text).map(Self).ok_or("an account's id has 32 hexadecimal digits")
    }
}

impl Serialize for AccountId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
