//! Stored variables that are handed over to the nodes of another roster, none of whom is in the one before:
//! the computation of both sessions in memory, and between them the papers that would be brought.

use std::collections::BTreeMap;

use gavel::identity::{Digest, Roster, Signed, Statement as _};
use gavel::protocol::{Context, ProtocolError, StepId};
use gavel::rules::job::{
    Answer, Earlier, Handed, Number, Operation, Prime, Question, StoredVariable,
};
use gavel::runs::RunError;
use gavel::session::handover::{self, HandoverError, Opened, Parcel};
use gavel::session::letters::{LetterError, Writing};
use gavel::session::manifest::CoSigned;
use gavel::session::outcome::{Entrant, OutcomeError};
use gavel::session::{Letters, Outcome, SessionId};
use gavel::sharing::NodeIndex;
use gavel::sharing::security::Security;
use gavel::sharing::stored::StoredShare;
use gavel::testkit::paperwork::Paperwork;
use gavel::testkit::{At, Failure, Lie, World};

use super::job::{job, terms};
use super::node;
use super::stored::{SESSION, Shelves, entries, first, left, load, name, one, run_in, second};

/// The session that hands over, and the one that takes over.
const OVER: [u8; 16] = [8; 16];
const ANEW: [u8; 16] = [9; 16];

/// Two rosters, the second in the place of the first, that have no node in common.
struct Exchange {
    before: Paperwork,
    after: Paperwork,
}

impl Exchange {
    fn new(before: (u8, u8), after: (u8, u8)) -> Self {
        let before = Paperwork::new(before.0, before.1, 1000).unwrap();
        let mut after = Paperwork::new(after.0, after.1, 1000).unwrap();
        after.roster.body.coordinator = before.roster.body.coordinator.clone();
        after.roster.body.follows = Some(before.roster.body.digest());
        after.roster = Signed::new(after.roster.body.clone(), &before.coordinator);
        Self { before, after }
    }

    /// Hands all of these over.
    fn question(&self, stored: &[StoredVariable]) -> Question {
        let variables = stored.iter().map(|stored| stored.name.clone()).collect();
        let next = handover::named(&self.after.roster).unwrap();
        let over = Operation::HandOver { variables, next };
        job(stored[0].field, stored.iter().map(load).chain([over]))
    }

    /// What comes of that, by all nodes or some.
    async fn parcel(
        &mut self,
        world: &World,
        stored: &[StoredVariable],
        shelves: &Shelves,
    ) -> (Parcel, BTreeMap<NodeIndex, BTreeMap<usize, StoredShare>>) {
        let question = self.question(stored);
        let (answer, told) = run_in(world, OVER, &question, &[], shelves).await;
        let before = &mut self.before;
        before.announcement.body.session = SessionId(OVER);
        before.announcement.body.terms = terms(&question, Security::Active);
        before.resign();
        let next = handover::next_roster(&before.announcement.body, &before.roster.body);
        assert_eq!(next, Ok(Some(self.after.roster.clone())));
        let answer: Answer<Entrant> = answer.map(|_| panic!("nobody hands anything in"));
        let outcome = Outcome {
            session: SessionId(OVER),
            announcement: before.announcement.body.digest(),
            manifest: Digest([3; 32]),
            answer: answer.into(),
            out_of_range: Vec::new(),
        };
        let places = |shares: BTreeMap<String, StoredShare>| {
            let place = |told: &str| told.strip_prefix("told ").unwrap().parse().unwrap();
            shares.into_iter().map(|(told, share)| (place(&told), share)).collect()
        };
        let told: BTreeMap<NodeIndex, BTreeMap<usize, StoredShare>> =
            told.into_iter().map(|(node, shares)| (node, places(shares))).collect();
        let sign = |node: &NodeIndex| {
            let keys = &before.nodes[node.position()].identity;
            (*node, keys.sign(&outcome.digest()))
        };
        let parcel = Parcel {
            roster: before.roster.clone(),
            announcement: before.announcement.clone(),
            outcome: CoSigned { signatures: told.keys().map(sign).collect(), body: outcome },
            letters: Vec::new(),
        };
        let letters = told.iter().map(|(node, shares)| self.letters(&parcel, *node, shares, false));
        (Parcel { letters: letters.collect(), ..parcel.clone() }, told)
    }

    fn letters(
        &self,
        parcel: &Parcel,
        of: NodeIndex,
        shares: &BTreeMap<usize, StoredShare>,
        bend: bool,
    ) -> Signed<Letters> {
        let (announcement, roster) = (&parcel.announcement.body, &parcel.roster.body);
        let writing = Writing::new(announcement, roster, of).bent(bend);
        let writing = writing.to_nodes_of(Some(&self.after.roster.body));
        let letters = writing.seal(&parcel.outcome.body, shares).unwrap().unwrap();
        Signed::new(letters, &self.before.nodes[of.position()].identity)
    }

    fn open(&self, parcel: &Parcel, node: NodeIndex) -> Opened {
        parcel.open(node, &[self.after.sealing(node).unwrap()])
    }
}

/// Deals anew what a parcel has.
fn taking(parcel: &Parcel, stored: &[StoredVariable]) -> Question {
    let scheme = parcel.roster.body.scheme;
    let next: usize = parcel.announcement.body.terms.question.as_job().unwrap().steps.iter().fold(
        0,
        |count, step| match &step.operation {
            Operation::HandOver { next, .. } => usize::from(next.scheme.nodes()),
            _ => count,
        },
    );
    let earlier = Earlier::new(scheme, vec![None; next]).unwrap();
    let outcome = parcel.outcome.body.digest().0;
    let earlier = earlier.handed_over(Handed { session: OVER, outcome });
    let refresh = |stored: &StoredVariable| Operation::Refresh {
        variable: stored.name.clone(),
        generation: stored.generation,
        earlier: Some(earlier.clone()),
    };
    job(stored[0].field, stored.iter().map(load).chain(stored.iter().map(refresh)))
}

/// Three variables that the nodes before keep.
async fn kept(world: &World, field: Prime) -> (Vec<StoredVariable>, Shelves) {
    let question = first(field);
    let (answer, shelves) = run_in(world, SESSION, &question, &[4, 5], &Shelves::new()).await;
    (left(&question, &answer), shelves)
}

fn world(papers: &Paperwork) -> World {
    World::new(papers.scheme().nodes(), papers.scheme().threshold())
}

#[tokio::test]
async fn variables_go_to_nodes_none_of_whom_was_there_before() {
    for (before, after, away, lost) in [
        ((3, 1), (3, 1), &[][..], &[][..]),
        ((5, 1), (5, 2), &[2, 4], &[]),
        ((5, 2), (4, 1), &[], &[3]),
        ((4, 1), (7, 3), &[1], &[]),
    ] {
        for field in Prime::ALL {
            let mut exchange = Exchange::new(before, after);
            let (stored, shelves) = kept(&world(&exchange.before), field).await;
            let there = world(&exchange.before).without(away);
            let (parcel, _) = exchange.parcel(&there, &stored, &shelves).await;
            let question = taking(&parcel, &stored);
            let taking = terms(&question, Security::Active);
            assert_eq!(parcel.check(&taking, &exchange.after.roster.body), Ok(()));
            // It survives being written down.
            let text = serde_json::to_string(&parcel).unwrap();
            let parcel: Parcel = serde_json::from_str(&text).unwrap();
            let next = world(&exchange.after);
            let mut shelves = Shelves::new();
            for node in next.scheme().all().iter() {
                let Opened { shares, faults } = exchange.open(&parcel, node);
                assert!(shares.len() == 3 && faults.is_empty());
                // Who was not brought its letters is dealt shares by the others.
                if !lost.contains(&node.get()) {
                    shelves.insert(node, shares);
                }
            }
            let (answer, dealt) = run_in(&next, ANEW, &question, &[], &shelves).await;
            let dealt_anew = left(&question, &answer);
            assert_eq!(dealt.len(), usize::from(after.0));
            assert!(dealt_anew.iter().all(|stored| stored.generation == 1));
            let (answer, _) = run_in(&next, SESSION, &second(&dealt_anew), &[], &dealt).await;
            let expected = [9_u64, 400].map(|value| Some(Number::from(value)));
            assert_eq!(answer.revealed, expected, "{before:?} to {after:?} over {field}");
        }
    }
}

#[tokio::test]
async fn letters_that_do_not_fit_name_who_wrote_them() {
    let mut exchange = Exchange::new((5, 1), (3, 1));
    let (stored, shelves) = kept(&world(&exchange.before), Prime::Mersenne127).await;
    let there = world(&exchange.before);
    let (parcel, told) = exchange.parcel(&there, &stored, &shelves).await;
    let bent = |of: u8| exchange.letters(&parcel, node(of), &told[&node(of)], true);
    let others =
        |of: u8, whose: u8| exchange.letters(&parcel, node(of), &told[&node(whose)], false);
    let with = |letters: Vec<Signed<Letters>>| Parcel { letters, ..parcel.clone() };
    let right = |of: u8| parcel.letters[usize::from(of) - 1].clone();
    for me in [1, 3] {
        let opened = exchange.open(&with(vec![right(1), bent(2), right(4)]), node(me));
        assert!(opened.shares.len() == 3);
        let [(liar, error @ LetterError::Wrong { .. })] = &opened.faults[..] else {
            panic!("{:?}", opened.faults)
        };
        assert!(*liar == node(2) && error.is_a_lie());
        // Another node's parts under the own name.
        let opened = exchange.open(&with(vec![right(1), others(3, 5), right(4)]), node(me));
        assert!(opened.shares.len() == 3 && opened.faults[0].0 == node(3));
        // Of t nodes a component is missing, and nothing is made up for it.
        let opened = exchange.open(&with(vec![right(1), bent(2)]), node(me));
        assert!(opened.shares.is_empty() && opened.faults.len() == 1);
        // Nobody's letters are taken for another's.
        let mut forged = right(2);
        forged.body.node = node(1);
        let opened = exchange.open(&with(vec![forged, right(4)]), node(me));
        assert_eq!(opened.faults, [(node(1), LetterError::Signature)]);
    }
    // What is for one node no other one opens.
    let opened = parcel.open(node(1), &[exchange.after.sealing(node(2)).unwrap()]);
    assert!(opened.shares.is_empty() && opened.faults.len() == 5);
    assert!(opened.faults.iter().all(|(_, error)| *error == LetterError::Unreadable));
}

#[tokio::test]
async fn what_was_handed_over_otherwise_is_not_taken() {
    let mut exchange = Exchange::new((3, 1), (3, 1));
    let (stored, shelves) = kept(&world(&exchange.before), Prime::Mersenne61).await;
    let there = world(&exchange.before);
    let (parcel, _) = exchange.parcel(&there, &stored, &shelves).await;
    let own = exchange.after.roster.body.clone();
    let question = taking(&parcel, &stored);
    let wanted = terms(&question, Security::Active);
    let refused = |parcel: &Parcel, question: &Question, own: &Roster| {
        parcel.check(&terms(question, Security::Active), own).unwrap_err()
    };

    // Nodes that the coordinator has made up hand values of its own over.
    let mut made_up = Exchange::new((3, 1), (3, 1));
    let (fake, shelves) = kept(&world(&made_up.before), Prime::Mersenne61).await;
    made_up.after = Paperwork { roster: exchange.after.roster.clone(), ..made_up.after };
    made_up.after.roster.body.follows = Some(made_up.before.roster.body.digest());
    made_up.after.roster.body.coordinator = made_up.before.roster.body.coordinator.clone();
    let key = &made_up.before.coordinator;
    made_up.after.roster = Signed::new(made_up.after.roster.body.clone(), key);
    let there = world(&made_up.before);
    let (lie, _) = made_up.parcel(&there, &fake, &shelves).await;
    let error = refused(&lie, &taking(&lie, &fake), &own);
    assert!(matches!(error, HandoverError::Before(_)), "{error}");
    // A roster that follows none takes nothing.
    let none = Roster { follows: None, ..own.clone() };
    assert_eq!(refused(&parcel, &question, &none), HandoverError::FollowsNone);
    // What is for the nodes of one roster is not for those of another that follows the same.
    let mut other = Exchange::new((3, 1), (3, 1)).after.roster.body;
    other.follows = own.follows;
    let what = |error| match error {
        HandoverError::Other { what } => what,
        error => panic!("{error}"),
    };
    assert_eq!(what(refused(&parcel, &question, &other)), "next roster");
    // Too few have signed, or something else.
    let mut few = parcel.clone();
    few.outcome.signatures.retain(|signer, _| *signer == node(1));
    let error = refused(&few, &question, &own);
    assert_eq!(error, HandoverError::Outcome(OutcomeError::TooFew { needed: 2, got: 1 }));
    let mut bent = parcel.clone();
    bent.outcome.body.manifest = Digest([4; 32]);
    assert!(matches!(refused(&bent, &question, &own), HandoverError::Outcome(_)));
    // Other variables than the terms take over, or another hand-over.
    let mut others = stored.clone();
    others[0].digests.reverse();
    assert_eq!(what(refused(&parcel, &taking(&parcel, &others), &own)), "variable");
    let mut later = parcel.clone();
    later.outcome.body.manifest = Digest([4; 32]);
    assert_eq!(what(refused(&parcel, &taking(&later, &stored), &own)), "outcome");
    assert_eq!(parcel.check(&wanted, &own), Ok(()));
}

#[tokio::test]
async fn a_roster_that_may_not_be_handed_over_to_is_refused() {
    let mut exchange = Exchange::new((3, 1), (3, 1));
    let (stored, _) = kept(&world(&exchange.before), Prime::Mersenne61).await;
    let own = exchange.before.roster.body.clone();
    let next_of = |question: &Question| {
        let terms = terms(question, Security::Active);
        handover::next_of(&terms, &own.digest(), &own).map(|next| next.is_some())
    };
    assert_eq!(next_of(&exchange.question(&stored)), Ok(true));
    assert_eq!(next_of(&first(Prime::Mersenne61)), Ok(false));
    // Another one than the terms name.
    let mut question = exchange.question(&stored);
    for step in &mut question.steps {
        if let Operation::HandOver { next, .. } = &mut step.operation {
            next.digest.0[0] ^= 1;
        }
    }
    assert_eq!(next_of(&question), Err(HandoverError::Named));
    // One that the coordinator has not signed.
    let good = exchange.after.roster.clone();
    let stranger = Paperwork::new(3, 1, 1000).unwrap();
    exchange.after.roster = Signed::new(good.body.clone(), &stranger.coordinator);
    assert!(matches!(next_of(&exchange.question(&stored)), Err(HandoverError::Next(_))));
    // One in the place of another one.
    exchange.after.roster.body.follows = Some(Digest([1; 32]));
    let key = &exchange.before.coordinator;
    exchange.after.roster = Signed::new(exchange.after.roster.body.clone(), key);
    let error = next_of(&exchange.question(&stored)).unwrap_err();
    assert!(matches!(error, HandoverError::Follows { .. }));
    assert!(error.to_string().contains("gavel roster make"), "{error}");
    // One of another coordinator.
    let mut foreign = stranger.roster.body.clone();
    foreign.follows = Some(own.digest());
    exchange.after.roster = Signed::new(foreign, &stranger.coordinator);
    assert_eq!(next_of(&exchange.question(&stored)), Err(HandoverError::Coordinator));
}

#[tokio::test]
async fn who_lies_while_it_is_cut_is_named() {
    let exchange = Exchange::new((4, 1), (3, 1));
    let (stored, shelves) = kept(&world(&exchange.before), Prime::Mersenne61).await;
    let question = exchange.question(&stored);
    let terms = terms(&question, Security::Active);
    for (step, bit) in [("keys", 9), ("keep", 9), ("keep", 700)] {
        let lie = Lie { at: At::Step(StepId::of(step)), to: None, bit };
        let world = world(&exchange.before).with_lie(node(2), lie);
        let fields = entries(&world, &question, &[]);
        let results = world.run(async |ctx: Context| -> Result<_, Failure> {
            let own = shelves[&ctx.me()].clone();
            one(&ctx, &terms, &fields, (OVER, own)).await.map(drop)
        });
        let mut found = 0;
        for (at, result) in results.await {
            let Err(Failure::Run(RunError::Protocol(error))) = result else { continue };
            if at == node(2) || matches!(error, ProtocolError::Channel { .. }) {
                continue;
            }
            found += 1;
            let complaint = error.complaint(at).unwrap_or_else(|| panic!("{step}: {error}"));
            assert!(complaint.sets().iter().all(|set| set.contains(node(2))), "{step}: {error}");
        }
        assert!(found > 0, "{step}: nobody found it");
    }
    // Who has no share of something cannot hand it over.
    let world = world(&exchange.before);
    let fields = entries(&world, &question, &[]);
    let results = world.run(async |ctx: Context| {
        let mut own = shelves[&ctx.me()].clone();
        own.remove(&name("p"));
        one(&ctx, &terms, &fields, (OVER, own)).await.map(drop)
    });
    for (_, result) in results.await {
        assert!(matches!(result, Err(Failure::Run(RunError::Stored))));
    }
}
