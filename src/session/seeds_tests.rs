use crate::identity::{Blob, KeyPair};
use crate::session::Envelope;
use crate::session::part::{Part, open_part};
use crate::session::seeds::*;
use crate::sharing::NodeSet;
use crate::testkit::paperwork::Paperwork;

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

fn part(papers: &Paperwork, envelope: &Envelope, of: NodeIndex) -> Part {
    open_part(envelope, of, papers.scheme(), papers.sealing(of).unwrap()).unwrap()
}

/// What one node passes on to another.
fn passed(papers: &Paperwork, envelope: &Envelope, from: NodeIndex, to: NodeIndex) -> Blob {
    let key = papers.sealing(to).unwrap().public();
    pass_on(envelope, papers.scheme(), from, &part(papers, envelope, from), to, key).unwrap()
}

fn bytes(part: &Part) -> Vec<[u8; 32]> {
    part.seeds().iter().map(|seed| *seed.expose()).collect()
}

#[test]
fn any_t_plus_1_others_give_back_the_whole_part_and_t_do_not() {
    for (nodes, threshold) in [(3, 1), (4, 1), (5, 1), (5, 2), (7, 3)] {
        let papers = Paperwork::new(nodes, threshold, 1000).unwrap();
        let envelope = papers.bid("ada", &KeyPair::generate().unwrap(), 1, 700).unwrap();
        let (scheme, me) = (papers.scheme(), node(2));
        let most = usize::from(threshold) + 1;
        let groups = (0..1 << nodes).map(NodeSet::from_bits);
        for group in groups.filter(|group| !group.contains(me) && group.len() <= most) {
            let mut mending = Mending::new(scheme, me);
            for from in group.iter() {
                assert!(mending.lacks_of(from), "a seed that only {group} without {from} lack");
                let keys = std::iter::once(papers.sealing(me).unwrap());
                mending.take(&envelope, from, &passed(&papers, &envelope, from, me), keys).unwrap();
                assert!(!mending.lacks_of(from));
            }
            let mended = mending.part();
            assert_eq!(mended.is_some(), group.len() == most, "{group}");
            if let Some(mended) = mended {
                assert_eq!(bytes(&mended), bytes(&part(&papers, &envelope, me)));
            }
        }
    }
}

/// Whoever asks, and whatever t nodes put together: the seed of the set that they form is never
/// among what they are given.
#[test]
fn nobody_is_given_a_seed_of_a_component_it_does_not_hold() {
    for (nodes, threshold) in [(3, 1), (4, 1), (5, 2)] {
        let papers = Paperwork::new(nodes, threshold, 1000).unwrap();
        let envelope = papers.bid("ada", &KeyPair::generate().unwrap(), 1, 700).unwrap();
        let scheme = papers.scheme();
        for to in scheme.all().iter() {
            let own = bytes(&part(&papers, &envelope, to));
            for from in scheme.all().without(to).iter() {
                let sealed = passed(&papers, &envelope, from, to);
                let info = info(&envelope, from, to);
                let plain = papers.sealing(to).unwrap().open(&info, b"", &sealed).unwrap();
                assert!(!plain.is_empty());
                for seed in plain.chunks(32) {
                    assert!(own.iter().any(|own| own == seed), "node {from} to node {to}");
                }
            }
        }
    }
}

#[test]
fn what_a_lying_holder_passes_on_is_set_aside_as_a_whole() {
    let papers = Paperwork::new(4, 1, 1000).unwrap();
    let keys = KeyPair::generate().unwrap();
    let envelope = papers.bid("ada", &keys, 1, 700).unwrap();
    let other = papers.bid("ada", &keys, 1, 701).unwrap();
    let (me, from) = (node(2), node(3));
    let mut mending = Mending::new(papers.scheme(), me);
    let own = || std::iter::once(papers.sealing(me).unwrap());

    // Seeds of another envelope by the same bidder, for which everything but the commitments fits.
    let lie = passed(&papers, &other, from, me);
    assert_eq!(mending.take(&envelope, from, &lie, own()), Err(SeedsError::DoNotFit));
    // Another node's answer, one of another length, and noise.
    let elsewhere = passed(&papers, &envelope, node(4), me);
    assert_eq!(mending.take(&envelope, from, &elsewhere, own()), Err(SeedsError::Unreadable));
    let key = papers.sealing(me).unwrap().public();
    let short = sealing::seal(key, &info(&envelope, from, me), b"", &[7; 32]).unwrap();
    assert_eq!(mending.take(&envelope, from, &short, own()), Err(SeedsError::Unreadable));
    let noise = Blob(vec![7; 1300]);
    assert_eq!(mending.take(&envelope, from, &noise, own()), Err(SeedsError::Unreadable));
    // What was meant for somebody else cannot be read.
    let theirs = passed(&papers, &envelope, from, node(1));
    assert_eq!(mending.take(&envelope, from, &theirs, own()), Err(SeedsError::Unreadable));

    assert!(mending.lacks_of(from));
    for holder in [node(1), node(4)] {
        let told = passed(&papers, &envelope, holder, me);
        mending.take(&envelope, holder, &told, own()).unwrap();
    }
    assert_eq!(bytes(&mending.part().unwrap()), bytes(&part(&papers, &envelope, me)));
}
