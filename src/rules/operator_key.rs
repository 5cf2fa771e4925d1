//! The key to which an answer's replies are disclosed: what each participant alone is told, and the
//! operator of the session besides, where the terms say so.
//!
//! It is the operator's, not a server's: the coordinator passes on what is sealed to it.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::base::bytes::Blob;

/// Bytes of such a key: one of X-Wing, as nodes have.
pub const BYTES: usize = 1216;

/// Bytes of its fingerprint.
const FINGERPRINT: usize = 8;

/// The public half.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperatorKey(pub Blob);

impl OperatorKey {
    /// Stands where a key will be, for looking at the rest of a file: no node takes it.
    pub fn stand_in() -> Self {
        Self(Blob(vec![0xff; BYTES]))
    }

    /// Whether it is as long as such a key is. Whether it is one, sealing says.
    pub const fn has_length(&self) -> bool {
        self.0.0.len() == BYTES
    }

    /// What people compare: 16 hexadecimal digits in groups of four.
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::new()
            .chain_update(b"gavel/v1/operator-key\0")
            .chain_update(&self.0.0)
            .finalize();
        let mut text = String::new();
        for (at, byte) in digest.iter().take(FINGERPRINT).enumerate() {
            let blank = if at > 0 && at % 2 == 0 { " " } else { "" };
            let _ = write!(text, "{blank}{byte:02x}");
        }
        text
    }
}

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperatorKey({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::operator_key::*;

    #[test]
    fn a_key_has_a_length_and_a_fingerprint() {
        let key = |byte, length| OperatorKey(Blob(vec![byte; length]));
        assert!(key(1, BYTES).has_length() && !key(1, BYTES - 1).has_length());
        let shown = key(1, BYTES).fingerprint();
        assert_eq!(shown.split(' ').map(str::len).collect::<Vec<_>>(), [4; 4]);
        assert_ne!(shown, key(2, BYTES).fingerprint());
        assert_eq!(format!("{:?}", key(1, BYTES)), format!("OperatorKey({shown})"));
    }
}
