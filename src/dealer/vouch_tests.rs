use crate::base::Timestamp;
use crate::dealer::vouch::*;
use crate::identity::{KeyPair, Signature};
use crate::session::fixtures::World;
use crate::sharing::pair::BatchShape;

const BATCH: BatchId = BatchId([1; 16]);
const MODEL: Digest = Digest([2; 32]);

/// What each node says of a batch, where a node has something else of one of its portions.
fn words(world: &World, other: &[(u8, usize)]) -> Vec<Signed<InStock>> {
    let makers = world.roster.body.scheme.all();
    let choice = choice_of(&world.roster.body, BATCH, makers).unwrap();
    let word = |node: NodeIndex| {
        let digests = |portion: usize| {
            let differs = other.contains(&(node.get(), portion));
            let number = u8::try_from(portion).unwrap() + if differs { 100 } else { 0 };
            PortionDigests { client: Digest([number; 32]), owner: Digest([number + 50; 32]) }
        };
        let portions = choice.held_by(node).into_iter().map(digests).collect();
        let body = InStock { batch: BATCH, model: MODEL, node, makers, portions };
        Signed::new(body, &world.keys[node.position()])
    };
    makers.iter().map(word).collect()
}

fn judged(world: &World, words: &[Signed<InStock>]) -> Result<Vouched, InStockError> {
    let all = world.roster.body.scheme.all();
    all_in_stock(&world.roster.body, BATCH, MODEL, all, words)
}

fn promise(world: &World) -> BatchPromise {
    let makers = world.roster.body.scheme.all();
    let [client, owner] = [50, 51].map(|byte| KeyPair::from_secret(&[byte; 32]).public());
    BatchPromise {
        batch: BATCH,
        model: MODEL,
        roster: world.roster.body.digest(),
        shape: BatchShape::default(),
        makers,
        chosen: givers(BATCH, makers, world.roster.body.scheme.threshold()),
        vouched: judged(world, &words(world, &[])).unwrap(),
        client,
        owner,
        until: Timestamp::from_millis(9),
    }
}

#[test]
fn who_has_something_else_on_disk_than_the_others_is_named_where_these_are_enough() {
    let world = World::new(7, 2);
    let all = world.roster.body.scheme.all();
    let choice = choice_of(&world.roster.body, BATCH, all).unwrap();
    assert_eq!(
        judged(&world, &words(&world, &[])).unwrap().portions.len(),
        choice.portions().len()
    );
    // Where more hold a portion than have to, one who differs is alone against enough.
    let (at, many) = choice
        .portions()
        .iter()
        .enumerate()
        .find(|(_, portion)| portion.holders.len() > 3)
        .expect("a portion with four holders");
    let liar = many.holders.first().unwrap();
    let differ = judged(&world, &words(&world, &[(liar.get(), at)]));
    assert_eq!(differ, Err(InStockError::Differ { nodes: NodeSet::EMPTY.with(liar) }));
    // Of three dealers two hold a portion: one of them is wrong, and nobody knows which.
    let small = World::new(3, 1);
    let all = small.roster.body.scheme.all();
    let nodes = choice_of(&small.roster.body, BATCH, all).unwrap().portions()[0].holders;
    let liar = nodes.first().unwrap();
    let differ = judged(&small, &words(&small, &[(liar.get(), 0)]));
    assert_eq!(differ, Err(InStockError::Differ { nodes }));
}

#[test]
fn a_word_counts_only_with_its_dealers_signature_and_for_this_batch() {
    let world = World::new(3, 1);
    let mut all = words(&world, &[]);
    all[1].signature = all[0].signature;
    let two = NodeSet::EMPTY.with(NodeIndex::new(2).unwrap());
    assert_eq!(judged(&world, &all), Err(InStockError::Other { nodes: two }));
    assert_eq!(judged(&world, &words(&world, &[])[..2]).unwrap_err().nodes().len(), 1);
    let mut other = words(&world, &[])[2].body.clone();
    other.batch = BatchId([9; 16]);
    let mut all = words(&world, &[]);
    all[2] = Signed::new(other, &world.keys[2]);
    assert!(judged(&world, &all).is_err());
}

#[test]
fn a_promise_holds_what_all_makers_signed_and_nothing_else() {
    let world = World::new(5, 2);
    let roster = &world.roster.body;
    let sound = promise(&world);
    assert_eq!(check(roster, &sound).unwrap().dealers(), sound.chosen);
    let refused = |change: &dyn Fn(&mut BatchPromise)| {
        let mut changed = sound.clone();
        change(&mut changed);
        check(roster, &changed).unwrap_err()
    };
    let others = roster.scheme.all().difference(sound.chosen);
    assert_eq!(refused(&|promise| promise.chosen = others), VouchError::Givers);
    assert_eq!(refused(&|promise| promise.makers = NodeSet::all(4)), VouchError::Givers);
    let all = VouchError::Unsigned { nodes: roster.scheme.all() };
    assert_eq!(refused(&|promise| promise.vouched = Vouched::default()), all);
    let model = |promise: &mut BatchPromise| promise.model = Digest([3; 32]);
    assert_eq!(refused(&model), all);
    // A keeper of the books who puts something else in is told by all who hold that portion.
    let holders = check(roster, &sound).unwrap().portions()[0].holders;
    for client in [true, false] {
        let nodes = refused(&|promise: &mut BatchPromise| {
            let first = &mut promise.vouched.portions[0];
            *(if client { &mut first.client } else { &mut first.owner }) = Digest([99; 32]);
        });
        assert_eq!(nodes, VouchError::Unsigned { nodes: holders });
    }
    let swapped = |promise: &mut BatchPromise| promise.vouched.signatures.swap(0, 1);
    assert_eq!(refused(&swapped), VouchError::Unsigned { nodes: NodeSet::all(2) });
}

#[test]
fn a_dealer_is_named_by_its_own_two_signatures_and_by_nothing_else() {
    let world = World::new(3, 1);
    let roster = &world.roster.body;
    let promise = promise(&world);
    let choice = check(roster, &promise).unwrap();
    let dealer = choice.dealers().first().unwrap();
    let key = |node: NodeIndex| &world.keys[node.position()];
    let shown = |given: Given, key: &KeyPair| Altered {
        promise: Signed::new(promise.clone(), &world.coordinator),
        given: Signed::new(given, key),
    };
    for party in [Party::Client, Party::Owner] {
        let portions = signed_for(&promise.vouched, &choice, dealer, party);
        assert_eq!(portions.len(), choice.given_by(dealer).len());
        let sound = Given { promise: promise.digest(), dealer, party, portions };
        // What it had signed for.
        let same = altered(roster, &shown(sound.clone(), key(dealer)));
        assert_eq!(same, Err(VouchError::Same));
        // Something else, in any of its portions, or one too few.
        for at in 0..sound.portions.len() {
            let mut other = sound.clone();
            other.portions[at] = Digest([77; 32]);
            assert_eq!(altered(roster, &shown(other.clone(), key(dealer))), Ok(dealer));
            // Not by what others sign, nor by what it signed for another promise.
            let another = choice.dealers().without(dealer).first().unwrap();
            let forged = altered(roster, &shown(other.clone(), key(another)));
            assert_eq!(forged, Err(VouchError::Given));
            let elsewhere = Given { dealer: another, ..other.clone() };
            assert_eq!(altered(roster, &shown(elsewhere, key(dealer))), Err(VouchError::Given));
            other.promise = Digest([1; 32]);
            assert_eq!(altered(roster, &shown(other, key(dealer))), Err(VouchError::Given));
        }
        let mut fewer = sound.clone();
        fewer.portions.pop();
        assert_eq!(altered(roster, &shown(fewer, key(dealer))), Ok(dealer));
        // Nor where the promise says what the makers did not.
        let mut shown = shown(sound, key(dealer));
        shown.promise.body.vouched.portions[0].client = Digest([5; 32]);
        assert!(matches!(altered(roster, &shown), Err(VouchError::Unsigned { .. })));
        let none: &[Signature] = &[];
        shown.promise.body.vouched.signatures = none.to_vec();
        assert!(matches!(altered(roster, &shown), Err(VouchError::Unsigned { .. })));
    }
}
