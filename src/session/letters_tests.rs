use crate::field::{Field as _, Mersenne61};
use crate::identity::key_file::OperatorKeys;
use crate::rules::job::version::Fingerprint;
use crate::rules::job::{Answer, Given, Operation, Prime, Question, Step};
use crate::session::letters::*;
use crate::sharing::SharedElements;
use crate::sharing::stored::BLINDING;
use crate::testkit::paperwork::Paperwork;

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

const VALUES: [u64; 2] = [123_456_789, 42];

/// A settled job that tells node 2 and the client x, and node 2 alone y.
struct Place {
    papers: Paperwork,
    client: OperatorKeys,
    outcome: Outcome,
    /// By node, its shares of what is told.
    shares: Vec<BTreeMap<usize, StoredShare>>,
}

fn question(client: &OperatorKeys) -> Question {
    let assign = |variable: &str| {
        let given = Given::Handed { by: "ada".into(), private: false, bits: Some(32) };
        Operation::Assign { variable: variable.into(), given }
    };
    let tell = |variable: &str, to| Operation::Tell { variable: variable.into(), to };
    let (second, client_alone) = (Receiver::Node(node(2)), Receiver::Client);
    let steps =
        [assign("x"), assign("y"), tell("x", second), tell("x", client_alone), tell("y", second)];
    let steps = steps.into_iter().zip(1..).map(|(operation, id): (Operation, u32)| Step {
        id: id.to_string(),
        operation,
        after: Vec::new(),
    });
    let client_key = Some(client.public());
    Question { client_key, ..Question::new(Prime::Mersenne61, steps.collect()) }
}

impl Place {
    fn new(nodes: u8, threshold: u8) -> Self {
        let client = OperatorKeys::generate().unwrap();
        let mut papers = Paperwork::new(nodes, threshold, 1000).unwrap();
        papers.announcement.body.terms.question = question(&client).into();
        papers.resign();
        let (scheme, session) = (papers.scheme(), papers.announcement.body.session);
        let mut shares = vec![BTreeMap::new(); usize::from(nodes)];
        let mut kept = Vec::new();
        for (place, (name, value)) in
            [("x", VALUES[0]), ("x", VALUES[0]), ("y", VALUES[1])].into_iter().enumerate()
        {
            let label = Label { session: session.0, name };
            let mut digests = vec![[0; 32]; scheme.sets().len()];
            for of in scheme.all().iter() {
                let holding = Holding::of(scheme, of);
                let element = SharedElements::from_public(holding, &[Mersenne61::from_u64(value)]);
                let blind = |position: usize| {
                    Zeroizing::new([u8::try_from(place + position).unwrap(); BLINDING])
                };
                let blindings: Vec<_> = scheme.held_by(of).into_iter().map(blind).collect();
                let share = StoredShare::of(&element, &blindings).unwrap();
                let own = share.digests(label, scheme, of).unwrap();
                for (position, digest) in scheme.held_by(of).into_iter().zip(own) {
                    digests[position] = digest;
                }
                shares[of.position()].insert(place, share);
            }
            kept.push(Some(digests.into_iter().map(Fingerprint).collect()));
        }
        let entry =
            crate::session::outcome::Entrant { bidder: "ada".into(), envelope: Digest([9; 32]) };
        let answer = Answer { participants: vec![Some(entry)], revealed: Vec::new(), kept };
        let outcome = Outcome {
            session,
            announcement: papers.announcement.body.digest(),
            manifest: Digest([3; 32]),
            answer: answer.into(),
            out_of_range: Vec::new(),
        };
        Self { papers, client, outcome, shares }
    }

    fn letters_with(&self, of: u8, change: impl FnOnce(&mut Letters)) -> Signed<Letters> {
        let (announcement, roster) = (&self.papers.announcement.body, &self.papers.roster.body);
        let writing = Writing::new(announcement, roster, node(of));
        let shares = &self.shares[usize::from(of) - 1];
        let mut letters = writing.seal(&self.outcome, shares).unwrap().unwrap();
        change(&mut letters);
        Signed::new(letters, &self.papers.nodes[usize::from(of) - 1].identity)
    }

    fn letters(&self, of: u8) -> Signed<Letters> {
        self.letters_with(of, |_| {})
    }

    fn reading(&self, to: Receiver) -> Reading<'_> {
        let (announcement, roster) = (&self.papers.announcement.body, &self.papers.roster.body);
        Reading::new(announcement, roster, &self.outcome, to)
    }
}

fn told(reading: &Reading<'_>) -> Vec<(String, String)> {
    let values = reading.values().into_iter();
    values.map(|one| (one.variable, one.value.to_string())).collect()
}

fn named(name: &str, value: u64) -> (String, String) {
    (name.to_owned(), value.to_string())
}

#[test]
fn each_receiver_reads_its_own_values_from_any_t_and_one_letters() {
    for (nodes, threshold) in [(3, 1), (5, 2), (5, 1), (7, 3)] {
        let place = Place::new(nodes, threshold);
        let second = Receiver::Node(node(2));
        let keys = place.papers.sealing(node(2)).unwrap();
        let mut own = place.reading(second);
        assert_eq!((own.len(), own.missing()), (2, 2));
        let mut client = place.reading(Receiver::Client);
        for of in 1..=threshold {
            own.take(node(of), &place.letters(of), [keys]).unwrap();
            client.take(node(of), &place.letters(of), [&place.client.sealing]).unwrap();
        }
        // t of them lack a component of each.
        assert_eq!((own.missing(), client.missing()), (2, 1));
        assert!(told(&own).is_empty() && told(&client).is_empty());
        let last = threshold + 1;
        own.take(node(last), &place.letters(last), [keys]).unwrap();
        client.take(node(last), &place.letters(last), [&place.client.sealing]).unwrap();
        assert_eq!(told(&own), [named("x", VALUES[0]), named("y", VALUES[1])]);
        assert_eq!(told(&client), [named("x", VALUES[0])]);
        // Nobody else is told anything.
        assert!(place.reading(Receiver::Node(node(1))).is_empty());
    }
}

#[test]
fn a_letter_that_does_not_fit_is_set_aside_and_says_whose_doing_it_is() {
    let place = Place::new(3, 1);
    let second = Receiver::Node(node(2));
    let keys = place.papers.sealing(node(2)).unwrap();
    let refused = |of: u8, letters: &Signed<Letters>| {
        let mut reading = place.reading(second);
        let error = reading.take(node(of), letters, [keys]).unwrap_err();
        assert_eq!(reading.missing(), 2, "nothing of it is taken");
        error
    };
    // A bit of a component; the node has signed it.
    let (announcement, roster) = (&place.papers.announcement.body, &place.papers.roster.body);
    let bent = Writing::new(announcement, roster, node(3)).bent(true);
    let bent = bent.seal(&place.outcome, &place.shares[2]).unwrap().unwrap();
    let bent = Signed::new(bent, &place.papers.nodes[2].identity);
    let error = refused(3, &bent);
    assert_eq!(error, LetterError::Wrong { variable: "y".into() });
    assert!(error.is_a_lie() && error.to_string().contains("wrong components of \"y\""));
    // Another node's shares under the own name.
    let writing = Writing::new(announcement, roster, node(3));
    let others = writing.seal(&place.outcome, &place.shares[0]).unwrap().unwrap();
    let others = Signed::new(others, &place.papers.nodes[2].identity);
    assert_eq!(refused(3, &others), LetterError::Wrong { variable: "x".into() });
    // Another value than the one that all have agreed on.
    let mut swapped = place.shares[2].clone();
    let y = swapped[&2].clone();
    swapped.insert(0, y);
    let swapped = writing.seal(&place.outcome, &swapped).unwrap().unwrap();
    let swapped = Signed::new(swapped, &place.papers.nodes[2].identity);
    assert_eq!(refused(3, &swapped), LetterError::Wrong { variable: "x".into() });
    // Fewer of them.
    let mut fewer = place.shares[2].clone();
    fewer.remove(&2);
    let fewer = writing.seal(&place.outcome, &fewer).unwrap().unwrap();
    let fewer = Signed::new(fewer, &place.papers.nodes[2].identity);
    assert!(matches!(refused(3, &fewer), LetterError::Length { .. }));
    // To somebody else, of something else, damaged, or not at all.
    let error = refused(
        1,
        &place.letters_with(1, |letters| letters.letters.retain(|letter| letter.to != second)),
    );
    assert_eq!(error, LetterError::None { to: second });
    assert!(error.is_a_lie());
    let error = refused(1, &place.letters_with(1, |letters| letters.outcome = Digest([1; 32])));
    // What the coordinator can pass on from elsewhere is nobody's lie for certain.
    assert_eq!(error, LetterError::Other { what: "outcome" });
    assert!(!error.is_a_lie());
    let error = refused(1, &place.letters_with(1, |letters| letters.session = SessionId([1; 16])));
    assert_eq!(error, LetterError::Other { what: "session" });
    assert!(!error.is_a_lie());
    let error = refused(1, &place.letters_with(1, |letters| letters.node = node(3)));
    assert_eq!(error, LetterError::Other { what: "node" });
    let error =
        refused(1, &place.letters_with(1, |letters| letters.letters[0].sealed.0[1200] ^= 1));
    assert_eq!(error, LetterError::Unreadable);
    assert!(!error.is_a_lie());
    // Somebody else's signature is nobody's lie.
    let error = refused(1, &place.letters(3));
    assert!(error == LetterError::Signature && !error.is_a_lie());
    // Another key opens nothing, though the letter is for the same node.
    let mut reading = place.reading(second);
    let other = place.papers.sealing(node(1)).unwrap();
    assert_eq!(reading.take(node(1), &place.letters(1), [other]), Err(LetterError::Unreadable));
    // Whoever has several keys tries them all.
    reading.take(node(1), &place.letters(1), [other, keys]).unwrap();
    reading.take(node(3), &place.letters(3), [keys]).unwrap();
    assert_eq!(told(&reading), [named("x", VALUES[0]), named("y", VALUES[1])]);
}

#[test]
fn a_letter_holds_nothing_in_the_clear() {
    let place = Place::new(3, 1);
    let text = serde_json::to_string(&place.letters(1)).unwrap();
    let bytes = postcard::to_stdvec(&place.letters(1)).unwrap();
    for share in place.shares[0].values() {
        for piece in share.expose().chunks(8) {
            // Zeros and blindings of one byte are everywhere.
            if piece.iter().any(|byte| *byte != piece[0]) {
                assert!(!bytes.windows(piece.len()).any(|window| window == piece));
            }
        }
    }
    assert!(!text.contains(&VALUES[0].to_string()));
}
