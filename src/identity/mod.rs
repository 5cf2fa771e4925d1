//! Who is who: key pairs, signed statements, the roster, tokens, sealing.
//!
//! - [`digest`]: SHA-256, as it is shown and written
//! - [`statement`]: what is signed, and how it is hashed
//! - [`keys`]: key pairs and signatures (Ed25519, RFC 8032)
//! - [`key_file`]: private keys on disk, optionally under a passphrase
//! - [`roster`]: node cards, and the signed list of nodes
//! - [`token`]: short-lived tokens by which roster members and bidders prove their key to one
//!   server
//! - [`account`]: ids and roles of people with a name and a password
//! - [`access_token`]: what an account may do at one server, for a quarter of an hour
//! - [`tls`]: the self-signed certificate that the roster pins
//! - [`sealing`]: shares sealed to their node (HPKE, RFC 9180, with X-Wing)
//! - [`vault`]: encryption of what a node keeps for itself

pub mod access_token;
pub mod account;
pub mod digest;
pub mod key_file;
pub mod keys;
pub mod roster;
pub mod sealing;
pub mod statement;
pub mod tls;
pub mod token;
pub mod vault;

pub use crate::base::bytes::{self, Blob};
pub use account::{AccountId, AccountRole};
pub use digest::Digest;
pub use keys::{KeyPair, PublicKey, Signature};
pub use roster::{NodeCard, Roster};
pub use statement::{Signed, Statement};
