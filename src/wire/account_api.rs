//! Logging in, and looking after accounts, at a coordinator.

use std::fmt;

use rand::TryRng as _;
use rand::rngs::{SysError, SysRng};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::Timestamp;
use crate::identity::{AccountId, AccountRole, Digest, PublicKey, Signature, Statement};

/// A password, a code or a token on its way. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text, for hashing or a request header and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

/// Body of a login: name and password.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskLogin {
    /// The account's name.
    pub name: String,
    /// Its password.
    pub password: Secret,
}

/// Body of going on with a login.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskRefresh {
    /// The refresh token, good for one use.
    pub refresh: Secret,
}

/// A login: one access token for each server, and what to go on with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Login {
    /// Who has logged in.
    pub account: AccountLine,
    /// One for each server of the roster.
    pub tokens: Vec<ServerToken>,
    /// Until when the access tokens are good.
    pub expires: Timestamp,
    /// The refresh token, good for one use.
    pub refresh: Secret,
    /// Until when it is good.
    pub refresh_expires: Timestamp,
}

/// An access token for one server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServerToken {
    /// The server's identity key, which the token names.
    pub server: PublicKey,
    /// Goes into the header `authorization` of requests to that server only.
    pub token: Secret,
}

/// An account, as operators and its owner see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AccountLine {
    /// Its id.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: AccountRole,
    /// The key a bidder's account is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PublicKey>,
    /// When it was made.
    pub created: Timestamp,
    /// Since when it is disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Timestamp>,
}

/// Make an account by hand.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: AccountRole,
    /// Its first password.
    pub password: Secret,
    /// A bidder's public key; operators have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PublicKey>,
}

/// Give an account a new password.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The new one.
    pub password: Secret,
}

/// Change one's own password.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The present one.
    pub old: Secret,
    /// The new one.
    pub new: Secret,
}

/// Make invitations: one for each invitee, or none at all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskInvitations {
    /// For whom each is.
    pub invitees: Vec<Invitee>,
    /// Hours until they expire.
    pub hours: u32,
}

/// Somebody to invite.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitee {
    /// For whom, in the operator's words; may be empty.
    pub label: String,
    /// The group that they belong to, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// The only key that may redeem it, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PublicKey>,
    /// SHA-256 of the code, where whoever asks has drawn it: then the same can be asked for again
    /// without making it twice, and the coordinator does not see the code. Else it draws one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Digest>,
}

/// An invitation just made. The code is shown this once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewInvitation {
    /// For whom it is, in the operator's words.
    pub label: String,
    /// The code, where the coordinator drew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    /// Until when it can be redeemed.
    pub expires: Timestamp,
}

/// An invitation in a list, without its code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InvitationLine {
    /// SHA-256 of the code.
    pub digest: Digest,
    /// For whom it is, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The group that whoever it is for belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// The only key that may redeem it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PublicKey>,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it can be redeemed.
    pub expires: Timestamp,
    /// When it was redeemed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redeemed: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    /// Name of the account it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// Redeem an invitation: a name, a password and a key for one code.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The code.
    pub code: Secret,
    /// The name to bid under.
    pub name: String,
    /// The password for logging in.
    pub password: Secret,
    /// The bidder's key.
    pub key: PublicKey,
    /// Signature by that key over the [`KeyProof`].
    pub signature: Signature,
}

/// What a bidder's key signs when an account is bound to it: proves that the key is the bidder's
/// own. Bound to the coordinator and the code, so that it is worth nothing anywhere else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeyProof {
    /// The coordinator's key.
    pub coordinator: PublicKey,
    /// SHA-256 of the code.
    pub code: Digest,
    /// The name that the account is to have.
    pub name: String,
    /// The key.
    pub key: PublicKey,
}

impl Statement for KeyProof {
    const DOMAIN: &'static str = "gavel/v1/account-key";
}

/// A new code of an invitation: 100 random bits in letters and digits that are not mistaken for
/// others.
///
/// # Errors
/// When the system gives no randomness.
pub fn fresh_code() -> Result<Secret, SysError> {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut random = Zeroizing::new([0_u8; 20]);
    SysRng.try_fill_bytes(random.as_mut())?;
    let mut text = String::with_capacity(23);
    for (position, byte) in random.iter().enumerate() {
        if position > 0 && position % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(Secret::new(text))
}

/// SHA-256 of an invitation's code, however its letters were typed: capitals, blanks and hyphens do
/// not count.
pub fn code_digest(code: &str) -> Digest {
    use sha2::Digest as _;
    let plain: Zeroizing<String> = Zeroizing::new(
        code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect(),
    );
    let hash = sha2::Sha256::new().chain_update(b"gavel/v1/invitation\0").chain_update(&*plain);
    Digest(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use crate::wire::account_api::*;

    #[test]
    fn a_code_may_be_typed_carelessly() {
        assert_eq!(code_digest("ABCDE-FGH12"), code_digest(" abcde fgh12"));
        assert_ne!(code_digest("ABCDE-FGH12"), code_digest("ABCDE-FGH13"));
    }

    #[test]
    fn secrets_are_not_printed() {
        let ask = AskLogin { name: "ada".to_owned(), password: Secret::new("hunter2") };
        assert!(!format!("{ask:?}").contains("hunter2"));
        let text = serde_json::to_string(&ask).unwrap();
        assert_eq!(text, r#"{"name":"ada","password":"hunter2"}"#);
    }
}
