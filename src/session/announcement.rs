//! The terms as the coordinator signs them: what every node holds and every bidder checks.

use serde::{Deserialize, Serialize};

use super::SessionId;
use crate::base::Timestamp;
use crate::identity::{
    Blob, Digest, KeyPair, PublicKey, Roster, Signature, Signed, Statement, keys::SignatureError,
    sealing,
};
use crate::rules::Terms;
use crate::rules::terms::TermsError;

/// A session: terms, for one roster, by one coordinator.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// The session's id.
    pub session: SessionId,
    /// Digest of the roster whose nodes compute.
    pub roster: Digest,
    /// What is asked and by which rules, with every default filled in.
    pub terms: Terms,
    /// When bidding opened.
    pub opened: Timestamp,
}

impl Statement for Announcement {
    const DOMAIN: &'static str = "gavel/v1/announcement";
}

/// Why an announcement is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnnouncementError {
    /// Not signed by the roster's coordinator.
    #[error("the announcement is not signed by the coordinator of the roster")]
    Signature(#[from] SignatureError),
    /// For another roster.
    #[error("the announcement is for another roster ({got}); this node holds {expected}")]
    Roster {
        /// This node's roster.
        expected: Digest,
        /// As announced.
        got: Digest,
    },
    /// Terms that break a rule.
    #[error("the terms are not usable: {0}")]
    Terms(#[from] TermsError),
    /// Terms that disclose replies under something that is no key.
    #[error("the terms are not usable: {0}")]
    OperatorKey(#[from] NoKey),
}

/// Terms that disclose replies under something that is no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the operator's or client's key in them is no X-Wing public key; write the session anew")]
pub struct NoKey;

/// That nodes can seal to the operator's key, and to the client's, where the terms name one.
///
/// # Errors
/// When it is none.
pub fn check_operator_key(terms: &Terms) -> Result<(), NoKey> {
    let named = [terms.question.disclosed_to(), terms.question.client_key()];
    let sound = named.into_iter().flatten().all(|key| sealing::is_public_key(&key.0));
    if sound { Ok(()) } else { Err(NoKey) }
}

impl Signed<Announcement> {
    /// Check signature, roster and terms, and that the roster's nodes can compute what they ask. A session of a roster that this one succeeds goes on
    /// under this one.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    pub fn check(&self, roster: &Signed<Roster>) -> Result<&Announcement, AnnouncementError> {
        let body = self.verify(&roster.body.coordinator.key)?;
        if !roster.body.covers(&body.roster) {
            let expected = roster.body.digest();
            return Err(AnnouncementError::Roster { expected, got: body.roster });
        }
        body.terms.check()?;
        body.terms.check_nodes(roster.body.scheme)?;
        check_operator_key(&body.terms)?;
        Ok(body)
    }
}

/// That a bidder may bid in a session, signed by the coordinator: gives a key its name. Who bids is
/// the key; two keys under one name are two bidders ([`super::naming`]).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmissionTicket {
    /// The only session that this admits to.
    pub session: SessionId,
    /// The bidder's name. An honest coordinator gives it to one key only.
    pub bidder: String,
    /// The bidder's key.
    pub key: PublicKey,
    /// The position of the cohort that the key's entry counts in, where the coordinator assigns
    /// them. The last field, and not encoded where there is none, so that no other ticket has the
    /// same encoding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<u8>,
}

impl Statement for AdmissionTicket {
    const DOMAIN: &'static str = "gavel/v1/admission";
}

impl AdmissionTicket {
    /// The coordinator's signature, with the cohort that it is over.
    pub fn sign(&self, coordinator: &KeyPair) -> AdmissionSignature {
        AdmissionSignature { cohort: self.cohort, signature: coordinator.sign(&self.digest()) }
    }
}

/// The coordinator's signature over an [`AdmissionTicket`], with the one thing in the ticket that
/// neither name nor key says: the cohort, where one is assigned. Encoded as 64 bytes, or as 65, the
/// last of which is the cohort.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AdmissionSignature {
    /// The position of the cohort that is assigned with the admission.
    pub cohort: Option<u8>,
    /// The signature.
    pub signature: Signature,
}

/// Bytes of a signature without a cohort.
const SIGNATURE_BYTES: usize = 64;

impl AdmissionSignature {
    /// Whether this coordinator admitted the key under the name, in the cohort that is said.
    ///
    /// # Errors
    /// When it did not.
    pub fn verify(
        &self,
        coordinator: &PublicKey,
        session: SessionId,
        bidder: &str,
        key: PublicKey,
    ) -> Result<(), SignatureError> {
        let (bidder, cohort) = (bidder.to_owned(), self.cohort);
        let ticket = AdmissionTicket { session, bidder, key, cohort };
        coordinator.verify(&ticket.digest(), &self.signature)
    }
}

/// An admission that assigns no cohort.
impl From<Signature> for AdmissionSignature {
    fn from(signature: Signature) -> Self {
        Self { cohort: None, signature }
    }
}

impl Serialize for AdmissionSignature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = self.signature.as_bytes().to_vec();
        bytes.extend(self.cohort);
        Blob(bytes).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AdmissionSignature {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Blob(bytes) = Blob::deserialize(deserializer)?;
        let parts = bytes.split_first_chunk::<SIGNATURE_BYTES>();
        let (signature, cohort) = match parts {
            Some((signature, [])) => (signature, None),
            Some((signature, &[cohort])) => (signature, Some(cohort)),
            _ => {
                let got = bytes.len();
                let wrong = format!("an admission has 64 bytes, or 65 with a cohort, not {got}");
                return Err(serde::de::Error::custom(wrong));
            }
        };
        Ok(Self { cohort, signature: Signature::from_bytes(*signature) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(cohort: Option<u8>) -> AdmissionTicket {
        let key = KeyPair::from_secret(&[7; 32]).public();
        AdmissionTicket { session: SessionId([1; 16]), bidder: "ada".to_owned(), key, cohort }
    }

    /// What a ticket was before cohorts were assigned.
    #[derive(Serialize)]
    struct Earlier {
        session: SessionId,
        bidder: String,
        key: PublicKey,
    }

    impl Statement for Earlier {
        const DOMAIN: &'static str = AdmissionTicket::DOMAIN;
    }

    #[test]
    fn a_ticket_without_a_cohort_is_what_it_always_was() {
        let AdmissionTicket { session, bidder, key, .. } = ticket(None);
        assert_eq!(ticket(None).digest(), Earlier { session, bidder, key }.digest());
        let digests = [None, Some(0), Some(1), Some(15)].map(|cohort| ticket(cohort).digest());
        for (at, digest) in digests.iter().enumerate() {
            assert!(!digests[..at].contains(digest), "{at}");
        }
    }

    #[test]
    fn an_admission_is_written_as_a_signature_and_with_its_cohort_as_one_byte_more() {
        let coordinator = KeyPair::from_secret(&[9; 32]);
        let (session, key) = (SessionId([1; 16]), ticket(None).key);
        for cohort in [None, Some(0), Some(3), Some(255)] {
            let signed = ticket(cohort).sign(&coordinator);
            assert_eq!(signed.verify(&coordinator.public(), session, "ada", key), Ok(()));
            assert!(signed.verify(&coordinator.public(), session, "bea", key).is_err());
            let binary = postcard::to_stdvec(&signed).unwrap();
            assert_eq!(binary.len(), 1 + 64 + usize::from(cohort.is_some()));
            assert_eq!(postcard::from_bytes::<AdmissionSignature>(&binary).unwrap(), signed);
            let text = serde_json::to_string(&signed).unwrap();
            assert_eq!(serde_json::from_str::<AdmissionSignature>(&text).unwrap(), signed);
            // Another cohort is another ticket.
            let beside = Some(cohort.map_or(0, |own| own ^ 1));
            let other = AdmissionSignature { cohort: beside, ..signed };
            assert!(other.verify(&coordinator.public(), session, "ada", key).is_err());
            let none = AdmissionSignature { cohort: None, ..signed };
            let stays = none.verify(&coordinator.public(), session, "ada", key).is_ok();
            assert_eq!(stays, cohort.is_none());
        }
        // As a plain signature was written before.
        let plain = ticket(None).sign(&coordinator);
        assert_eq!(
            postcard::to_stdvec(&plain).unwrap(),
            postcard::to_stdvec(&plain.signature).unwrap()
        );
        for wrong in [0, 63, 66] {
            let text = serde_json::to_string(&Blob(vec![1; wrong])).unwrap();
            assert!(serde_json::from_str::<AdmissionSignature>(&text).is_err(), "{wrong}");
        }
    }
}
