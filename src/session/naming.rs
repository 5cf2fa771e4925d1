//! One name, several keys: the proof that the coordinator gave a name twice.
//!
//! Who bids is the key; a name is its label. An honest coordinator gives a name to one key only. If
//! it gives it to two, both bid and both count, and its two signatures prove what it did. A node
//! puts the admissions of a shared name into its verdict, so they are part of the manifest, and no
//! coordinator can leave them out of a record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SessionId;
use super::announcement::AdmissionSignature;
use crate::identity::PublicKey;

/// The coordinator's admission of a key under a name, as a bidder's envelope carries it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmittedKey {
    /// The bidder's name.
    pub bidder: String,
    /// The key that was admitted under it.
    pub key: PublicKey,
    /// The coordinator's signature over the
    /// [`AdmissionTicket`](super::announcement::AdmissionTicket).
    pub signature: AdmissionSignature,
}

impl AdmittedKey {
    /// Whether the coordinator with this key signed it for this session.
    pub fn is_of(&self, session: SessionId, coordinator: &PublicKey) -> bool {
        self.signature.verify(coordinator, session, &self.bidder, self.key).is_ok()
    }
}

/// A name that the coordinator admitted several keys under, with the proof.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedName {
    /// The name.
    pub bidder: String,
    /// The coordinator's signature by key: two at least.
    pub admitted: BTreeMap<PublicKey, AdmissionSignature>,
}

impl SharedName {
    /// The names that are given to more than one key in these admissions, in order. Where a key is
    /// admitted twice, its first admission stands.
    pub fn among<'a>(admissions: impl IntoIterator<Item = &'a AdmittedKey>) -> Vec<Self> {
        let mut names: BTreeMap<&str, BTreeMap<PublicKey, AdmissionSignature>> = BTreeMap::new();
        for AdmittedKey { bidder, key, signature } in admissions {
            names.entry(bidder).or_default().entry(*key).or_insert(*signature);
        }
        let shared = names.into_iter().filter(|(_, admitted)| admitted.len() > 1);
        shared.map(|(bidder, admitted)| Self { bidder: bidder.to_owned(), admitted }).collect()
    }

    /// Whether this proves that the coordinator with this key gave the name to several keys.
    pub fn proves(&self, session: SessionId, coordinator: &PublicKey) -> bool {
        let is_of = |(&key, &signature): (&PublicKey, &AdmissionSignature)| {
            AdmittedKey { bidder: self.bidder.clone(), key, signature }.is_of(session, coordinator)
        };
        self.admitted.len() > 1 && self.admitted.iter().all(is_of)
    }
}

#[cfg(test)]
mod tests {
    use crate::identity::KeyPair;
    use crate::session::announcement::AdmissionTicket;
    use crate::session::fixtures::World;
    use crate::session::naming::*;

    fn admission(world: &World, signer: &KeyPair, bidder: &str, key: u8) -> AdmittedKey {
        let key = KeyPair::from_secret(&[key; 32]).public();
        let (session, cohort) = (world.session(), None);
        let ticket = AdmissionTicket { session, bidder: bidder.into(), key, cohort };
        let signature = ticket.sign(signer);
        AdmittedKey { bidder: bidder.into(), key, signature }
    }

    #[test]
    fn two_admissions_under_one_name_prove_it_and_nothing_less_does() {
        let world = World::new(3, 1);
        let (session, coordinator) = (world.session(), world.coordinator.public());
        let given = |bidder, key| admission(&world, &world.coordinator, bidder, key);
        let all = [given("ada", 1), given("bea", 2), given("ada", 3), given("ada", 1)];
        assert!(all.iter().all(|one| one.is_of(session, &coordinator)));
        let shared = SharedName::among(&all);
        let [ada] = &shared[..] else { panic!("{shared:?}") };
        assert_eq!((ada.bidder.as_str(), ada.admitted.len()), ("ada", 2));
        assert!(ada.proves(session, &coordinator));
        assert!(!ada.proves(SessionId([9; 16]), &coordinator), "another session");
        assert!(!ada.proves(session, &world.key(1).public()), "another coordinator");
        let mut one = ada.clone();
        one.admitted.pop_first();
        assert!(!one.proves(session, &coordinator), "one key is no proof");
        // Nobody but the coordinator can make it up.
        let made_up = admission(&world, world.key(1), "ada", 9);
        one.admitted.insert(made_up.key, made_up.signature);
        assert!(!one.proves(session, &coordinator));
    }
}
