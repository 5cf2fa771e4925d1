//! Shares sealed to their node: HPKE (RFC 9180), base mode, X-Wing, HKDF-SHA256,
//! ChaCha20-Poly1305.

use crate::sharing::{NodeIndex, Scheme, seed::SEED_BYTES};

/// Bytes of a sealing public key (X-Wing: ML-KEM-768 and X25519).
pub const PUBLIC_KEY_BYTES: usize = 1216;

/// Bytes of an encapsulated key (X-Wing).
pub const ENCAPSULATED_BYTES: usize = 1120;

/// Bytes of an authentication tag.
pub const TAG_BYTES: usize = 16;

/// Bytes of one node's sealed part: encapsulated key, the seeds of its components, tag.
pub fn sealed_bytes(scheme: Scheme) -> usize {
    let held = NodeIndex::new(1).map_or(0, |node| scheme.held_by(node).len());
    ENCAPSULATED_BYTES + held * SEED_BYTES + TAG_BYTES
}
