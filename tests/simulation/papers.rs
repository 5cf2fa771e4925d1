//! The servers of a run: their keys and their roster.

use gavel::identity::key_file::{CoordinatorKeys, NodeKeys, TlsIdentity};
use gavel::identity::sealing::SealingKeyPair;
use gavel::identity::{KeyPair, Roster, Signed};
use gavel::sharing::{NodeIndex, Scheme};
use zeroize::Zeroizing;

use super::core::{Core, Host};

/// Identity and sealing.
pub type Secrets = (Zeroizing<[u8; 32]>, Zeroizing<[u8; 32]>);

/// Keys and the roster that lists them.
pub type Papers = (Signed<Roster>, Vec<Secrets>);

/// Keys of a coordinator and of nodes, and their roster.
pub fn papers(scheme: Scheme) -> Papers {
    let draw = || {
        let identity = KeyPair::generate().expect("randomness").secret();
        (identity, SealingKeyPair::generate().expect("randomness").secret())
    };
    let secrets: Vec<_> = (0..=scheme.nodes()).map(|_| draw()).collect();
    let coordinator = CoordinatorKeys {
        identity: KeyPair::from_secret(&secrets[0].0),
        tls: certificate(Host::COORDINATOR),
        others: Vec::new(),
    };
    let card = |node: NodeIndex| {
        let keys = node_keys(&secrets, Host::of(node));
        keys.card(&format!("node {node}"), &Core::address(Host::of(node)))
    };
    let place = coordinator.card("coordinator", &Core::address(Host::COORDINATOR));
    let roster = Roster::first(scheme, place, scheme.all().iter().map(card).collect());
    (Signed::new(roster, &coordinator.identity), secrets)
}

/// A node's keys, from the secrets of all.
pub fn node_keys(secrets: &[Secrets], host: Host) -> NodeKeys {
    let (identity, sealing) = &secrets[usize::from(host.0)];
    NodeKeys {
        identity: KeyPair::from_secret(identity),
        sealing: SealingKeyPair::from_secret(sealing),
        tls: certificate(host),
        others: Vec::new(),
    }
}

/// Nothing speaks TLS here; the certificate is only compared with the roster's.
pub fn certificate(host: Host) -> TlsIdentity {
    TlsIdentity::from_der(vec![host.0; 16], Zeroizing::new(Vec::new()))
}
