//! A server to be reached: its address, its certificate's digest and its identity key.

use crate::identity::roster::CoordinatorCard;
use crate::identity::{Digest, NodeCard, PublicKey};

/// Which server, and how it proves itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Host and port.
    pub address: String,
    /// SHA-256 of its TLS certificate.
    pub certificate: Digest,
    /// Its identity key, which tokens for it name.
    pub key: PublicKey,
}

impl From<&NodeCard> for Target {
    fn from(card: &NodeCard) -> Self {
        Self { address: card.address.clone(), certificate: card.certificate, key: card.key }
    }
}

impl From<&CoordinatorCard> for Target {
    fn from(card: &CoordinatorCard) -> Self {
        Self { address: card.address.clone(), certificate: card.certificate, key: card.key }
    }
}
