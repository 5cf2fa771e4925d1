//! A bidder who breaks the rules on purpose, one at a time. Everything else about each envelope is
//! right, so that a refusal can only have the cause that the test is about.

use crate::client::{BidAmount, EntryValues, SplitError, split::EnvelopeMaker};
use crate::identity::{KeyPair, Roster, Signed};
use crate::rules::Layout;
use crate::session::announcement::AdmissionSignature;
use crate::session::{Announcement, Envelope};
use crate::sharing::{NodeIndex, NodeSet, Seed};

/// A bidder with valid papers and bad intentions.
pub struct BadBidder<'a> {
    /// The session.
    pub announcement: &'a Signed<Announcement>,
    /// The roster.
    pub roster: &'a Signed<Roster>,
    /// The coordinator's admission of this name with this key.
    pub admission: AdmissionSignature,
    /// The bidder's name.
    pub name: &'a str,
    /// The bidder's keys.
    pub keys: &'a KeyPair,
    /// Revision that the envelopes carry.
    pub revision: u32,
}

impl BadBidder<'_> {
    fn maker(&self) -> Result<EnvelopeMaker<'_>, SplitError> {
        Ok(self.maker_of(self.announcement.body.terms.layout()?))
    }

    fn maker_of(&self, layout: Layout) -> EnvelopeMaker<'_> {
        EnvelopeMaker {
            announcement: &self.announcement.body,
            layout,
            roster: &self.roster.body,
            admission: self.admission,
            bidder: self.name,
            keys: self.keys,
            revision: self.revision,
        }
    }

    /// These nodes are sealed seeds that are not the committed ones: each says `seeds-do-not-fit`.
    ///
    /// # Errors
    /// When sealing fails.
    pub fn wrong_seeds(&self, amount: BidAmount, nodes: NodeSet) -> Result<Envelope, SplitError> {
        let maker = self.maker()?;
        let (mut body, mut seeds) = maker.fill(amount.into())?;
        for seed in &mut seeds {
            *seed = Seed::random().map_err(|_| SplitError::Randomness)?;
        }
        for node in nodes.iter() {
            let sealed = maker.seal(&body.context(), node, &seeds)?;
            if let Some(part) = body.parts.get_mut(node.position()) {
                *part = sealed;
            }
        }
        Ok(maker.sign(body))
    }

    /// One node is sealed no seeds at all, so its part is too short: malformed, and whoever opens
    /// it nevertheless says `part-unreadable`.
    ///
    /// # Errors
    /// When sealing fails.
    pub fn empty_part(&self, amount: BidAmount, node: NodeIndex) -> Result<Envelope, SplitError> {
        let maker = self.maker()?;
        let (mut body, _) = maker.fill(amount.into())?;
        let sealed = maker.seal(&body.context(), node, &[])?;
        if let Some(part) = body.parts.get_mut(node.position()) {
            *part = sealed;
        }
        Ok(maker.sign(body))
    }

    /// These nodes' sealed parts are noise of the right length: each says `part-unreadable`.
    ///
    /// # Errors
    /// When sealing to the other nodes fails.
    pub fn garbage_parts(
        &self,
        entry: impl Into<EntryValues>,
        nodes: NodeSet,
    ) -> Result<Envelope, SplitError> {
        let maker = self.maker()?;
        let (mut body, _) = maker.fill(entry.into())?;
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for node in nodes.iter() {
            let Some(part) = body.parts.get_mut(node.position()) else { continue };
            for byte in &mut part.0 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *byte = state.to_le_bytes()[7];
            }
        }
        Ok(maker.sign(body))
    }

    /// Any amount of the terms' width, above the maximum too: found in the protocol only, as
    /// `out-of-range`. Bits past the width are cut off.
    ///
    /// # Errors
    /// When sealing fails.
    pub fn unchecked_amount(&self, amount: BidAmount) -> Result<Envelope, SplitError> {
        let maker = self.maker()?;
        let (body, _) = maker.fill(amount.into())?;
        Ok(maker.sign(body))
    }

    /// Two envelopes that are both right, signed as the same revision: `two-envelopes` once the
    /// nodes compare.
    ///
    /// # Errors
    /// When sealing fails.
    pub fn two_of_one_revision(
        &self,
        first: BidAmount,
        second: BidAmount,
    ) -> Result<(Envelope, Envelope), SplitError> {
        Ok((self.unchecked_amount(first)?, self.unchecked_amount(second)?))
    }

    /// An envelope in this bidder's name and with its admission, made and signed with another key:
    /// the admission does not fit.
    ///
    /// # Errors
    /// When sealing fails.
    pub fn with_key_of(&self, other: &KeyPair, amount: BidAmount) -> Result<Envelope, SplitError> {
        let maker = EnvelopeMaker { keys: other, ..self.maker()? };
        let (body, _) = maker.fill(amount.into())?;
        Ok(maker.sign(body))
    }

    /// This bidder's envelope signed by another key: the signature does not fit.
    ///
    /// # Errors
    /// When sealing fails.
    pub fn signed_by(&self, other: &KeyPair, amount: BidAmount) -> Result<Envelope, SplitError> {
        let (body, _) = self.maker()?.fill(amount.into())?;
        Ok(EnvelopeMaker { keys: other, ..self.maker()? }.sign(body))
    }

    /// An envelope whose body was changed after signing: the signature does not fit.
    ///
    /// # Errors
    /// When sealing fails.
    pub fn changed_after_signing(&self, amount: BidAmount) -> Result<Envelope, SplitError> {
        let mut envelope = self.unchecked_amount(amount)?;
        if let Some(byte) = envelope.body.correction.0.first_mut() {
            *byte ^= 1;
        }
        Ok(envelope)
    }

    /// Someone else's bid handed in as one's own: correction, commitments and parts copied, signed
    /// with this bidder's key. No node can open its part.
    pub fn copy_of(&self, victim: &Envelope) -> Envelope {
        let mut body = victim.body.clone();
        self.name.clone_into(&mut body.bidder);
        body.key = self.keys.public();
        body.revision = self.revision;
        let admission = self.admission;
        Envelope { admission, signature: self.keys.sign(&body.id(admission.cohort)), body }
    }

    /// An entry of these fields, whatever its values and the terms: bits past a field's width are
    /// cut off.
    ///
    /// # Errors
    /// When sealing fails.
    pub fn unchecked_entry(
        &self,
        layout: &Layout,
        values: EntryValues,
    ) -> Result<Envelope, SplitError> {
        self.bent_entry(layout, values, |_| {})
    }

    /// An entry of these fields whose correction is a byte too long: it is not as long as all
    /// fields together.
    ///
    /// # Errors
    /// When sealing fails.
    pub fn longer_entry(
        &self,
        layout: &Layout,
        values: EntryValues,
    ) -> Result<Envelope, SplitError> {
        self.bent_entry(layout, values, |correction| correction.push(0))
    }

    /// An entry of these fields with a bit set in its last byte behind the last field: not the one
    /// encoding of a correction on bits, where the fields do not fill that byte.
    ///
    /// # Errors
    /// When sealing fails.
    pub fn entry_with_a_stray_bit(
        &self,
        layout: &Layout,
        values: EntryValues,
    ) -> Result<Envelope, SplitError> {
        self.bent_entry(layout, values, |correction| {
            if let Some(last) = correction.last_mut() {
                *last |= 0x80;
            }
        })
    }

    /// An entry of these fields, shared as numbers, one of which, counted from 0, is the prime
    /// instead of a number below it.
    ///
    /// # Errors
    /// When sealing fails.
    pub fn entry_with_the_prime(
        &self,
        layout: &Layout,
        values: EntryValues,
        field: usize,
    ) -> Result<Envelope, SplitError> {
        self.bent_entry(layout, values, |correction| {
            if let Some(element) = correction.chunks_exact_mut(16).nth(field) {
                element.fill(0xff);
                element[15] = 0x7f;
            }
        })
    }

    fn bent_entry(
        &self,
        layout: &Layout,
        values: EntryValues,
        bend: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Envelope, SplitError> {
        let maker = self.maker_of(layout.clone());
        let (mut body, _) = maker.fill(values)?;
        bend(&mut body.correction.0);
        Ok(maker.sign(body))
    }
}

#[cfg(test)]
mod tests {
    use crate::session::envelope::EnvelopeError;
    use crate::session::exclusion::ExclusionReason;
    use crate::session::part::open_part;
    use crate::testkit::bad_bidder::*;
    use crate::testkit::paperwork::Paperwork;

    #[test]
    fn each_envelope_breaks_the_rule_it_names_and_no_other() {
        let papers = Paperwork::new(5, 2, 1000).unwrap();
        let (ada, eve) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let bad = BadBidder {
            announcement: &papers.announcement,
            roster: &papers.roster,
            admission: papers.admit("eve", &eve),
            name: "eve",
            keys: &eve,
            revision: 1,
        };
        let amount = || BidAmount::new(7);
        let check = |envelope: &Envelope| {
            let coordinator = papers.coordinator.public();
            envelope.check(&papers.announcement.body, papers.scheme(), &coordinator)
        };
        let parts = |envelope: &Envelope| -> Vec<Option<ExclusionReason>> {
            let open = |node| {
                open_part(envelope, node, papers.scheme(), papers.sealing(node).unwrap()).err()
            };
            papers.scheme().all().iter().map(open).collect()
        };
        let only = |node: NodeIndex, reason| {
            let mut reasons = vec![None; 5];
            reasons[node.position()] = Some(reason);
            reasons
        };
        let fine = vec![None; 5];
        let node = NodeIndex::new(4).unwrap();

        let envelope = bad.wrong_seeds(amount(), NodeSet::EMPTY.with(node)).unwrap();
        assert_eq!(check(&envelope), Ok(()));
        assert_eq!(parts(&envelope), only(node, ExclusionReason::SeedsDoNotFit));
        let envelope = bad.garbage_parts(amount(), NodeSet::EMPTY.with(node)).unwrap();
        assert_eq!(check(&envelope), Ok(()));
        assert_eq!(parts(&envelope), only(node, ExclusionReason::PartUnreadable));
        let envelope = bad.empty_part(amount(), node).unwrap();
        assert!(matches!(check(&envelope), Err(EnvelopeError::Malformed { .. })));
        assert_eq!(parts(&envelope), only(node, ExclusionReason::PartUnreadable));
        let envelope = bad.unchecked_amount(BidAmount::new(1001)).unwrap();
        assert_eq!((check(&envelope), parts(&envelope)), (Ok(()), fine.clone()));
        let (first, second) = bad.two_of_one_revision(amount(), amount()).unwrap();
        assert_ne!(first.digest(), second.digest());
        assert_eq!((check(&first), check(&second)), (Ok(()), Ok(())));

        let envelope = bad.with_key_of(&ada, amount()).unwrap();
        assert_eq!((check(&envelope), parts(&envelope)), (Err(EnvelopeError::Admission), fine));
        let signature = Err(EnvelopeError::Signature);
        assert_eq!(check(&bad.signed_by(&ada, amount()).unwrap()), signature);
        assert_eq!(check(&bad.changed_after_signing(amount()).unwrap()), signature);
        let stolen = bad.copy_of(&papers.bid("ada", &ada, 1, 900).unwrap());
        assert_eq!(check(&stolen), Ok(()));
        assert_eq!(parts(&stolen), vec![Some(ExclusionReason::PartUnreadable); 5]);
    }

    #[test]
    fn entries_of_three_fields_are_refused_for_what_is_wrong_with_them() {
        use crate::rules::entries::Field;
        use crate::sharing::form::{CorrectionError, Form};

        let mut papers = Paperwork::new(3, 1, 1000).unwrap();
        let layout = Layout::new([9, 100_000, 1].map(Field::up_to)).unwrap();
        let eve = KeyPair::generate().unwrap();
        let values = || EntryValues::new(vec![9, 70_000, 0]);
        let cases = [(Form::Bits, 3), (Form::Numbers, 48), (Form::Sums, 48)];
        for (form, expected) in cases {
            papers.announcement.body.terms.protocol = form;
            papers.resign();
            let bad = BadBidder {
                announcement: &papers.announcement,
                roster: &papers.roster,
                admission: papers.admit("eve", &eve),
                name: "eve",
                keys: &eve,
                revision: 1,
            };
            let check = |envelope: &Envelope| {
                let coordinator = papers.coordinator.public();
                let announcement = &papers.announcement.body;
                envelope.check_entry(announcement, &layout, papers.scheme(), &coordinator)
            };
            let refused = |error: CorrectionError| Err(EnvelopeError::Correction(error));
            assert_eq!(check(&bad.unchecked_entry(&layout, values()).unwrap()), Ok(()));
            let got = expected + 1;
            let longer = bad.longer_entry(&layout, values()).unwrap();
            assert_eq!(check(&longer), refused(CorrectionError::Length { expected, got }));
            // An auction's entry where three fields are asked for.
            let bid = check(&bad.unchecked_amount(BidAmount::new(9)).unwrap());
            assert!(matches!(bid, Err(EnvelopeError::Correction(CorrectionError::Length { .. }))));
            match form {
                Form::Bits => {
                    let stray = bad.entry_with_a_stray_bit(&layout, values()).unwrap();
                    assert_eq!(check(&stray), refused(CorrectionError::StrayBits));
                }
                Form::Numbers | Form::Sums => {
                    let prime = bad.entry_with_the_prime(&layout, values(), 1).unwrap();
                    assert_eq!(check(&prime), refused(CorrectionError::Element { field: 2 }));
                }
            }
        }
    }
}
