//! What must hold of every record that a lying coordinator and t lying nodes can make.
//!
//! - There is one manifest.
//! - A key takes part once, with an envelope that it signed, and where its name was given to
//!   another key as well, the record has the proof.
//! - A bid with n-t receipts takes part, or a later one of the same key does; or one of the receipts
//!   shows, against the record, that the promise was not kept. While honest nodes reach each other
//!   it takes part, unless lying nodes say that its seeds do not fit: that stands under their names.
//! - Where the terms allow no replacing, a key that signed two bids has none that counts, if an
//!   honest node holds each.

use std::collections::{BTreeMap, BTreeSet};

use gavel::identity::{Digest, Statement as _};
use gavel::session::Manifest;
use gavel::session::exclusion::ExclusionReason;
use gavel::session::record::{ReceiptStanding, Record};

use super::lies::{Bidder, Stage};

/// What a seed gave.
#[derive(Default)]
pub struct Findings {
    /// Promises that were broken.
    pub broken: Vec<String>,
    /// What happened, line by line.
    pub history: Vec<String>,
    /// Records that prove something.
    pub records: usize,
    /// Bids with n-t receipts.
    pub acknowledged: usize,
    /// Of those, how many did not take part, and their receipts showed it.
    pub dropped: usize,
    /// Whether two manifests had the signatures of 2t+1 nodes: too few to fix one.
    pub divided: bool,
    /// Bids with n-t receipts beside which another key of the same name took part with the same or
    /// a higher revision.
    pub beside: usize,
}

/// Judge everything that the liars put together. `calm` is whether honest nodes reached each other.
pub fn judge(stage: &Stage, bidders: &[Bidder], records: &[Record], calm: bool) -> Findings {
    let mut findings = Findings::default();
    let trusted = stage.roster.body.digest();
    let mut fixed = BTreeSet::new();
    let mut signed: BTreeMap<Digest, usize> = BTreeMap::new();
    for record in records {
        let Some(manifest) = &record.manifest else { continue };
        signed.insert(manifest.body.digest(), manifest.signatures.len());
        if record.verify(Some(trusted)).is_err() {
            continue;
        }
        fixed.insert(manifest.body.digest());
        findings.records += 1;
        names(stage, &manifest.body, &mut findings);
        for bidder in bidders {
            own(bidder, &manifest.body, &mut findings);
            if bidder.honest {
                receipts(stage, bidder, record, &manifest.body, calm, &mut findings);
            }
        }
        if !stage.announcement.body.terms.replace_bids {
            replaced(stage, bidders, record, &manifest.body, &mut findings);
        }
    }
    if fixed.len() > 1 {
        findings.broken.push(format!("{} manifests are signed", fixed.len()));
    }
    let enough = |&&signatures: &&usize| signatures >= stage.scheme().quorum();
    findings.divided = signed.values().filter(enough).count() > 1;
    findings
}

/// Names that two entries share are told of, with the proof.
fn names(stage: &Stage, manifest: &Manifest, findings: &mut Findings) {
    let coordinator = &stage.roster.body.coordinator.key;
    let session = stage.announcement.body.session;
    let mut names: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    for entry in &manifest.entries {
        if !names.entry(&entry.bidder).or_default().insert(entry.key) {
            findings.broken.push(format!("{} takes part twice with one key", entry.bidder));
        }
    }
    for (name, _) in names.iter().filter(|(_, keys)| keys.len() > 1) {
        let told = manifest.shared_names.iter().find(|shared| shared.bidder == **name);
        if !told.is_some_and(|shared| shared.proves(session, coordinator)) {
            findings.broken.push(format!("nothing proves that the name {name} was given twice"));
        }
    }
}

/// What takes part with a bidder's key is what the bidder signed.
fn own(bidder: &Bidder, manifest: &Manifest, findings: &mut Findings) {
    for entry in manifest.entries.iter().filter(|entry| entry.key == bidder.keys.public()) {
        let mut sent = bidder.sent.iter();
        let fits = sent.any(|(envelope, _)| {
            envelope.digest() == entry.envelope
                && envelope.body.revision == entry.revision
                && entry.bidder == bidder.name
        });
        if !fits {
            let (name, revision) = (&bidder.name, entry.revision);
            findings.broken.push(format!("{name} never signed revision {revision}"));
        }
    }
}

/// A bid with n-t receipts takes part, or its receipts show that it does not.
fn receipts(
    stage: &Stage,
    bidder: &Bidder,
    record: &Record,
    manifest: &Manifest,
    calm: bool,
    findings: &mut Findings,
) {
    let scheme = stage.scheme();
    let needed = usize::from(scheme.nodes() - scheme.threshold());
    let name = &bidder.name;
    for (envelope, receipts) in bidder.sent.iter().filter(|(_, got)| got.len() >= needed) {
        findings.acknowledged += 1;
        let revision = envelope.body.revision;
        let mut entries = manifest.entries.iter();
        let counts =
            entries.any(|entry| entry.key == envelope.body.key && entry.revision >= revision);
        let beside = |entry: &&gavel::session::manifest::ManifestEntry| {
            entry.bidder == *name && entry.key != envelope.body.key && entry.revision >= revision
        };
        findings.beside += usize::from(counts && manifest.entries.iter().any(|e| beside(&e)));
        let standings: Vec<_> =
            receipts.iter().map(|receipt| record.check_receipt(receipt)).collect();
        for standing in &standings {
            if let ReceiptStanding::Replaced { envelopes, .. } = standing
                && !envelopes
                    .iter()
                    .all(|by| bidder.sent.iter().any(|(own, _)| own.digest() == *by))
            {
                findings.broken.push(format!("{name} is said to be replaced by somebody else"));
            }
        }
        if counts {
            continue;
        }
        findings.dropped += 1;
        let own_later =
            |standing: &ReceiptStanding| matches!(standing, ReceiptStanding::Replaced { .. });
        if standings.iter().all(|standing| standing.kept() && !own_later(standing)) {
            findings
                .broken
                .push(format!("the bid {revision} of {name} is dropped unnoticed: {standings:?}"));
        }
        let accused = manifest.excluded.iter().any(|exclusion| {
            exclusion.key == envelope.body.key
                && exclusion.reason != ExclusionReason::Unavailable
                && exclusion.named_by.difference(stage.liars).is_empty()
                && !exclusion.named_by.is_empty()
        });
        if calm && !accused {
            findings.broken.push(format!("the bid {revision} of {name} is dropped: {standings:?}"));
        }
    }
}

/// Of a key whose two bids honest nodes list, none takes part.
fn replaced(
    stage: &Stage,
    bidders: &[Bidder],
    record: &Record,
    manifest: &Manifest,
    findings: &mut Findings,
) {
    let Some(bundle) = &record.bundle else { return };
    let session = stage.announcement.body.session;
    for bidder in bidders {
        let honest = bundle.inventories.entries().filter(|(node, _)| !stage.liars.contains(*node));
        let listed: BTreeSet<Digest> = honest
            .filter(|(_, entry)| entry.key == bidder.keys.public())
            .map(|(_, entry)| entry.envelope(session))
            .collect();
        let absent = |exclusion: &gavel::session::manifest::Exclusion| {
            exclusion.reason == ExclusionReason::Unavailable && listed.contains(&exclusion.envelope)
        };
        let there = listed.len() - manifest.excluded.iter().filter(|e| absent(e)).count();
        let counts = manifest.entries.iter().any(|entry| entry.key == bidder.keys.public());
        if there > 1 && counts {
            findings.broken.push(format!("{} has two bids and one counts", bidder.name));
        }
    }
}
