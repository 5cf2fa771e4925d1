//! What a node keeps of a variable that stays: its components, each with what blinds its digest.
//!
//! The digest of a component binds whoever holds it to it. It is made with 16 bytes that only the
//! component's holders can derive, so that nobody else finds a component by trying. Bytes are wiped
//! when dropped; they cannot be printed or compared.

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::elements::Component;
use super::{Holding, NodeIndex, NodeSet, Scheme, ShapeError, SharedElements};
use crate::field::Field;

/// Bytes that blind a digest.
pub const BLINDING: usize = 16;

/// One node's share of one stored variable: of each of its components what blinds the digest, then
/// the encoded element. On its way to the nodes of another roster a share is of several elements.
#[derive(Clone)]
pub struct StoredShare(Zeroizing<Vec<u8>>);

/// What a stored variable is called in digests: the session that made it, and its name.
#[derive(Clone, Copy)]
pub struct Label<'a> {
    /// The session's id.
    pub session: [u8; 16],
    /// The name.
    pub name: &'a str,
}

impl Label<'_> {
    /// The digest of the component of a set.
    fn digest(self, set: NodeSet, blinded: &[u8]) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"gavel/v1/stored-component\0")
            .chain_update(self.session)
            .chain_update((self.name.len() as u64).to_le_bytes())
            .chain_update(self.name)
            .chain_update(set.bits().to_le_bytes())
            .chain_update(blinded)
            .finalize()
            .into()
    }
}

impl StoredShare {
    /// Of an element, or of several, with what blinds each component.
    ///
    /// # Errors
    /// When there is no element, or not as many blindings as components.
    pub fn of<F: Field>(
        element: &SharedElements<F>,
        blindings: &[Zeroizing<[u8; BLINDING]>],
    ) -> Result<Self, ShapeError> {
        let components = element.holding().components();
        if element.is_empty() {
            return Err(ShapeError { what: "stored elements", expected: 1, got: element.len() });
        }
        if blindings.len() != components {
            let (what, got) = ("blindings of components", blindings.len());
            return Err(ShapeError { what, expected: components, got });
        }
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(components * (BLINDING + element.len() * F::BYTES)));
        for (at, blinding) in blindings.iter().enumerate() {
            bytes.extend_from_slice(blinding.as_slice());
            for &element in element.component(at) {
                bytes.extend_from_slice(element.to_bytes().as_ref());
            }
        }
        Ok(Self(bytes))
    }

    /// From the bytes that were kept. Whether they are a share is found when it is used.
    pub const fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes to keep, which are as secret as the share.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Bytes of each component, of so many.
    fn each(&self, components: usize) -> Option<usize> {
        let each = self.0.len().checked_div(components)?;
        (each > BLINDING && each * components == self.0.len()).then_some(each)
    }

    /// The element.
    ///
    /// # Errors
    /// When the bytes are no share of an element of this field at this node.
    pub fn element<F: Field>(&self, holding: Holding) -> Result<SharedElements<F>, ShapeError> {
        let each = BLINDING + F::BYTES;
        let (expected, got) = (holding.components() * each, self.0.len());
        let unfit = ShapeError { what: "bytes of a stored share", expected, got };
        if expected != got {
            return Err(unfit);
        }
        let component = |bytes: &[u8]| {
            let element = bytes.get(BLINDING..).and_then(F::from_bytes).ok_or(unfit)?;
            let mut component = Component::with_room(1);
            component.append(&[element]);
            Ok(component)
        };
        let components = self.0.chunks(each).map(component).collect::<Result<_, _>>()?;
        SharedElements::from_components(holding, components)
    }

    /// The element of one component, from its bytes with what blinds its digest.
    pub fn component<F: Field>(bytes: &[u8]) -> Option<F> {
        bytes.get(BLINDING..).and_then(F::from_bytes)
    }

    /// The elements of one component, from its bytes with what blinds its digest; none where these are
    /// not encodings of elements.
    pub fn component_elements<F: Field>(bytes: &[u8]) -> Option<Component<F>> {
        let encoded = bytes.get(BLINDING..)?;
        let mut component = Component::with_room(encoded.len() / F::BYTES);
        for bytes in encoded.chunks(F::BYTES) {
            component.append(&[F::from_bytes(bytes)?]);
        }
        Some(component)
    }

    /// Bytes of a share of so many elements of this field at a node.
    pub const fn bytes_of<F: Field>(holding: Holding, elements: usize) -> usize {
        holding.components() * (BLINDING + elements * F::BYTES)
    }

    /// The digest of each component that a node holds, in the order of [`Scheme::held_by`]; none where
    /// the bytes are no share of that node.
    pub fn digests(
        &self,
        label: Label<'_>,
        scheme: Scheme,
        node: NodeIndex,
    ) -> Option<Vec<[u8; 32]>> {
        let held: Vec<NodeSet> =
            scheme.sets().into_iter().filter(|set| !set.contains(node)).collect();
        let each = self.each(held.len())?;
        let digests = held.iter().zip(self.0.chunks(each));
        Some(digests.map(|(set, bytes)| label.digest(*set, bytes)).collect())
    }

    /// Whether a node's components are those of which these are the digests, in the order of
    /// [`Scheme::sets`].
    pub fn fits(
        &self,
        label: Label<'_>,
        scheme: Scheme,
        node: NodeIndex,
        digests: &[[u8; 32]],
    ) -> bool {
        let held = scheme.held_by(node);
        let due: Option<Vec<[u8; 32]>> =
            held.into_iter().map(|position| digests.get(position).copied()).collect();
        digests.len() == scheme.sets().len() && due == self.digests(label, scheme, node)
    }
}

#[cfg(test)]
mod tests {
    use crate::field::{Mersenne61, Mersenne127};
    use crate::sharing::stored::*;

    fn share(scheme: Scheme, node: NodeIndex, value: u64) -> StoredShare {
        let holding = Holding::of(scheme, node);
        let element = SharedElements::from_public(holding, &[Mersenne61::from_u64(value)]);
        let blindings = vec![Zeroizing::new([7; BLINDING]); holding.components()];
        StoredShare::of(&element, &blindings).unwrap()
    }

    #[test]
    fn a_share_comes_back_and_is_bound_by_its_digests() {
        let (scheme, label) = (Scheme::new(5, 2).unwrap(), Label { session: [1; 16], name: "x" });
        let mut all = vec![[0; 32]; scheme.sets().len()];
        for node in scheme.all().iter() {
            let own = share(scheme, node, 5).digests(label, scheme, node).unwrap();
            for (position, digest) in scheme.held_by(node).into_iter().zip(own) {
                assert!(all[position] == [0; 32] || all[position] == digest, "holders differ");
                all[position] = digest;
            }
        }
        for node in scheme.all().iter() {
            let kept = share(scheme, node, 5);
            let again = StoredShare::from_bytes(Zeroizing::new(kept.expose().to_vec()));
            assert!(again.fits(label, scheme, node, &all));
            let element = again.element::<Mersenne61>(Holding::of(scheme, node)).unwrap();
            let own =
                SharedElements::from_public(Holding::of(scheme, node), &[Mersenne61::from_u64(5)]);
            for at in 0..element.holding().components() {
                assert!(element.component(at)[0].equals(own.component(at)[0]));
            }
            // Another label, other digests, other bytes.
            assert!(!again.fits(Label { name: "y", ..label }, scheme, node, &all));
            assert!(!again.fits(Label { session: [2; 16], ..label }, scheme, node, &all));
            assert!(!again.fits(label, scheme, node, &all[1..]));
            let mut bytes = Zeroizing::new(kept.expose().to_vec());
            bytes[0] ^= 1;
            assert!(!StoredShare::from_bytes(bytes).fits(label, scheme, node, &all));
        }
    }

    #[test]
    fn a_share_of_several_elements_comes_back_component_by_component() {
        let (scheme, node) = (Scheme::new(3, 1).unwrap(), NodeIndex::new(2).unwrap());
        let holding = Holding::of(scheme, node);
        let values = [5, 6, 7].map(Mersenne61::from_u64);
        let elements = SharedElements::from_public(holding, &values);
        let blindings = vec![Zeroizing::new([7; BLINDING]); holding.components()];
        let share = StoredShare::of(&elements, &blindings).unwrap();
        let (bytes, each) = (share.expose(), BLINDING + 3 * Mersenne61::BYTES);
        assert_eq!(bytes.len(), StoredShare::bytes_of::<Mersenne61>(holding, 3));
        for (at, bytes) in bytes.chunks(each).enumerate() {
            let own = StoredShare::component_elements::<Mersenne61>(bytes).unwrap();
            assert!(own.iter().zip(elements.component(at)).all(|(one, other)| one.equals(*other)));
            assert!(own.len() == 3);
            assert!(StoredShare::component_elements::<Mersenne61>(&bytes[..each - 1]).is_none());
        }
        // It is no share of one element, and none of no element is made.
        assert!(share.element::<Mersenne61>(holding).is_err());
        let none = SharedElements::<Mersenne61>::from_public(holding, &[]);
        assert!(StoredShare::of(&none, &blindings).is_err());
    }

    #[test]
    fn bytes_that_are_no_share_are_refused() {
        let (scheme, node) = (Scheme::new(3, 1).unwrap(), NodeIndex::new(1).unwrap());
        let (holding, label) = (Holding::of(scheme, node), Label { session: [1; 16], name: "x" });
        let kept = share(scheme, node, 5);
        assert!(kept.element::<Mersenne127>(holding).is_err());
        for len in [0, 1, 2 * BLINDING, kept.expose().len() - 1] {
            let cut = StoredShare::from_bytes(Zeroizing::new(kept.expose()[..len].to_vec()));
            assert!(cut.element::<Mersenne61>(holding).is_err(), "{len}");
            assert!(!cut.fits(label, scheme, node, &[[0; 32]; 3]));
        }
        // Not the encoding of an element.
        let large = StoredShare::from_bytes(Zeroizing::new(vec![255; kept.expose().len()]));
        assert!(large.element::<Mersenne61>(holding).is_err());
    }
}
