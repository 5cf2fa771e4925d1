use crate::coordinator::past::*;
use crate::identity::{Digest, KeyPair, Signed};
use crate::session::SessionId;
use crate::session::accusation::Fault;
use crate::wire::reason::{NodeReport, VariableLack};

const FIRST: Duration = Duration::from_millis(500);

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

fn set(nodes: &[u8]) -> NodeSet {
    nodes.iter().map(|&index| node(index)).collect()
}

fn trouble(by: u8, failure: AttemptFailure) -> AttemptTrouble {
    let trouble = NodeTrouble::Attempt { failure };
    AttemptTrouble::Nodes { nodes: vec![NodeReport { node: node(by), trouble }] }
}

fn link(by: u8, to: u8) -> AttemptTrouble {
    trouble(by, AttemptFailure::Link { node: node(to), detail: String::new() })
}

fn wrong(by: u8, nodes: &[u8]) -> AttemptTrouble {
    trouble(by, AttemptFailure::Computation { nodes: set(nodes), detail: String::new() })
}

/// Nodes say of an attempt that each of these sets has a liar in it.
fn lies(attempt: u32, by: NodeSet, group: NodeSet, sets: &[NodeSet]) -> AttemptTrouble {
    let key = KeyPair::generate().unwrap();
    let said = |node| {
        let accusation = Accusation {
            session: SessionId([1; 16]),
            manifest: Digest([2; 32]),
            attempt,
            participants: group,
            node,
            fault: Fault::Gate,
            sets: sets.to_vec(),
        };
        let accusation = Box::new(Signed::new(accusation, &key));
        let failure = AttemptFailure::Lie { accusation, detail: String::new() };
        NodeReport { node, trouble: NodeTrouble::Attempt { failure } }
    };
    AttemptTrouble::Nodes { nodes: by.iter().map(said).collect() }
}

fn unfit(by: u8) -> AttemptTrouble {
    trouble(by, AttemptFailure::MissingEnvelope { bidder: "ada".to_owned() })
}

fn whole(nodes: u8) -> Links {
    Links::whole(NodeSet::all(nodes))
}

#[test]
fn one_of_two_that_do_not_reach_each_other_is_left_out_next() {
    let (mut past, now, links) = (Past::default(), Instant::now(), whole(5));
    let choose = |past: &Past, now| past.choose(&links, &Doubts::default(), 3, now);
    assert_eq!(choose(&past, now), Some(NodeSet::all(5)));
    past.failed(NodeSet::all(5), &link(4, 2), &links, now);
    assert_eq!(choose(&past, now), Some(set(&[1, 2, 3, 5])));
    // Node 2 keeps silent to everybody: the second report leaves out itself alone.
    past.failed(set(&[1, 2, 3, 5]), &link(1, 2), &links, now);
    assert_eq!(choose(&past, now), Some(set(&[1, 3, 4, 5])));
    // After a while all are tried again.
    assert_eq!(choose(&past, now + AVOIDED), Some(NodeSet::all(5)));
}

#[test]
fn nobody_is_left_out_for_a_broken_link_where_all_are_needed() {
    let (mut past, now, links) = (Past::default(), Instant::now(), whole(3));
    past.failed(NodeSet::all(3), &link(1, 2), &links, now);
    assert_eq!(past.choose(&links, &Doubts::default(), 3, now), Some(NodeSet::all(3)));
    // But as long as the nodes themselves say that the link is down, no attempt is wasted on it.
    let mut cut = links.clone();
    cut.cut(node(1), node(2));
    assert_eq!(past.choose(&cut, &Doubts::default(), 3, now), None);
}

#[test]
fn an_unfit_node_is_left_out_until_somebody_may_have_helped_it() {
    let (mut past, now) = (Past::default(), Instant::now());
    let links = whole(4).without(set(&[3]));
    past.failed(set(&[1, 2, 4]), &unfit(4), &links, now);
    let choose = |links: &Links, now| past.choose(links, &Doubts::default(), 3, now);
    assert_eq!(choose(&links, now), None);
    assert_eq!(past.unfit(&links, now).into_keys().collect::<Vec<_>>(), [node(4)]);
    // Node 3 is back, from which it gets its seeds; or enough time has passed.
    assert_eq!(choose(&whole(4), now), Some(NodeSet::all(4)));
    assert_eq!(choose(&links, now + AVOIDED), Some(set(&[1, 2, 4])));
}

#[test]
fn pauses_grow_and_are_shorter_for_others() {
    let (mut past, now, links) = (Past::default(), Instant::now(), whole(4));
    let (all, others) = (NodeSet::all(4), set(&[1, 2, 3]));
    assert_eq!(past.pause(all, FIRST, now), Duration::ZERO);
    let mut before = Duration::ZERO;
    for failures in 1..20 {
        past.failed(all, &link(1, 2), &links, now);
        let pause = past.pause(all, FIRST, now);
        assert!(pause > before || pause == LONGEST, "{failures}: {pause:?}");
        assert!(past.pause(others, FIRST, now) <= pause);
        assert!(past.pause(others, FIRST, now) >= FIRST);
        before = pause;
    }
    assert_eq!(past.pause(all, FIRST, now + LONGEST), Duration::ZERO);
    assert_eq!(past.failures(), 19);
}

/// Broken links never end a session, however often; what is wrong in itself does, but only when
/// nobody is left who could be left out.
#[test]
fn a_person_is_called_only_where_waiting_does_not_help() {
    let all = NodeSet::all(5);
    let hopeless = |troubles: &[AttemptTrouble]| Doubts::of(1, troubles).hopeless(all, 3, 5);
    assert!(!hopeless(&vec![link(1, 2); 100]));
    assert!(!hopeless(&vec![unfit(1); 100]));
    let silent = NodeTrouble::NoAnswer { detail: String::new() };
    let silent =
        AttemptTrouble::Nodes { nodes: vec![NodeReport { node: node(1), trouble: silent }] };
    assert!(!hopeless(&vec![silent; 100]));
    let outcomes = vec![(node(1), Digest([1; 32])), (node(2), Digest([2; 32]))];
    let differ = AttemptTrouble::Disagreement { outcomes };
    // Of two that computed different outcomes, one is left out; of three nodes none can be.
    assert!(!hopeless(&vec![differ.clone(); 100]));
    let doubts = Doubts::of(1, &vec![differ; 5]);
    assert!(doubts.hopeless(NodeSet::all(3), 3, 5));
    let (links, now) = (whole(5), Instant::now());
    assert_eq!(Past::default().choose(&links, &doubts, 3, now), Some(set(&[1, 3, 4, 5])));
    assert!(!hopeless(&vec![wrong(1, &[]); 4]) && hopeless(&vec![wrong(1, &[]); 5]));
    // One that sends wrong values to all is left out, for good.
    assert!(!hopeless(&vec![wrong(1, &[2]); 100]));
    // Three that blame each other leave two others.
    let three = [wrong(1, &[2]), wrong(2, &[3]), wrong(3, &[1])];
    assert!(!hopeless(&three));
    let four =
        [wrong(1, &[2]), wrong(2, &[3]), wrong(3, &[1]), wrong(4, &[1, 2, 3]), wrong(5, &[1, 2])];
    assert!(!hopeless(&four));
    let five = [
        wrong(1, &[2]),
        wrong(2, &[3]),
        wrong(3, &[1]),
        wrong(4, &[1]),
        wrong(4, &[2]),
        wrong(4, &[3]),
    ];
    assert!(hopeless(&five));
}

/// Up to t nodes that lie about anything, to anybody, are found out in a bounded number of
/// attempts, and no attempt without them fails.
#[test]
fn liars_are_left_out_after_a_bounded_number_of_attempts() {
    for (nodes, liars) in
        [(4, set(&[2])), (5, set(&[1])), (6, set(&[1])), (7, set(&[1, 2])), (9, set(&[1, 2]))]
    {
        let quorum = 2 * liars.len() + 1;
        let (mut past, now, links) = (Past::default(), Instant::now(), whole(nodes));
        let mut troubles = Vec::new();
        loop {
            let doubts = Doubts::of(1, &troubles);
            let group = past.choose(&links, &doubts, quorum, now).unwrap();
            // One liar sends wrong values to the honest node that comes last, or blames it.
            let Some(liar) = group.intersection(liars).first() else { break };
            let honest = group.difference(liars).iter().last().unwrap();
            let (by, of) = if troubles.len() % 2 == 0 { (honest, liar) } else { (liar, honest) };
            let told = wrong(by.get(), &[of.get()]);
            past.failed(group, &told, &links, now);
            troubles.push(told);
            let most = liars.len() * usize::from(nodes);
            assert!(troubles.len() <= most, "{nodes} nodes: {troubles:?}");
        }
        assert!(!Doubts::of(1, &troubles).hopeless(NodeSet::all(nodes), quorum, 5));
    }
}

/// The same for lies that checks find: by a liar in a pair with an honest node, or by a liar that
/// accuses an honest node of one. Each attempt that fails keeps another pair apart.
#[test]
fn checked_lies_cost_a_bounded_number_of_attempts() {
    for (nodes, liars) in
        [(4, set(&[2])), (5, set(&[1])), (5, set(&[3])), (7, set(&[1, 2])), (9, set(&[1, 2]))]
    {
        let threshold = u8::try_from(liars.len()).unwrap();
        let quorum = 2 * liars.len() + 1;
        let (past, now, links) = (Past::default(), Instant::now(), whole(nodes));
        let mut troubles = Vec::new();
        loop {
            let doubts = Doubts::of(threshold, &troubles);
            assert!(!doubts.hopeless(NodeSet::all(nodes), quorum, 5));
            let group = past.choose(&links, &doubts, quorum, now).unwrap();
            let Some(liar) = group.intersection(liars).first() else { break };
            let honest = group.difference(liars).iter().last().unwrap();
            let attempt = u32::try_from(troubles.len()).unwrap();
            let pair = NodeSet::EMPTY.with(liar).with(honest);
            troubles.push(match attempt % 3 {
                0 => lies(attempt, group.difference(liars), group, &[pair]),
                1 => lies(attempt, NodeSet::EMPTY.with(liar), group, &[pair.without(liar)]),
                _ => lies(attempt, NodeSet::EMPTY.with(honest), group, &[pair]),
            });
            assert!(troubles.len() <= liars.len() * usize::from(nodes), "{nodes} nodes");
        }
    }
}

#[test]
fn who_is_named_is_left_out_at_once_and_three_nodes_stop() {
    let (past, now, all) = (Past::default(), Instant::now(), NodeSet::all(5));
    let named = lies(1, set(&[1, 2, 4, 5]), all, &[set(&[3])]);
    let doubts = Doubts::of(1, std::slice::from_ref(&named));
    assert!(doubts.lies && !doubts.hopeless(all, 3, 5));
    assert_eq!(past.choose(&whole(5), &doubts, 3, now), Some(set(&[1, 2, 4, 5])));
    // They never meet again, whoever is away.
    let few = whole(5).without(set(&[1, 2]));
    assert_eq!(past.choose(&few, &doubts, 3, now), None);
    let three = NodeSet::all(3);
    let among_three = [lies(1, set(&[1]), three, &[set(&[1, 3])])];
    assert!(Doubts::of(1, &among_three).hopeless(three, 3, 5));
}

/// Nodes that lack a share stay out for good, and the session fails as soon as too few others are left.
#[test]
fn nodes_without_a_share_are_left_out_and_too_few_others_end_it() {
    let lacks = |by: u8, lack| trouble(by, AttemptFailure::Variable { name: "x".to_owned(), lack });
    let one = [lacks(4, VariableLack::Share)];
    let doubts = Doubts::of(1, &one);
    assert!(!doubts.hopeless(NodeSet::all(4), 3, 5));
    assert!(doubts.hopeless(NodeSet::all(4).without(node(1)), 3, 5), "two are left of three");
    let chosen = Past::default().choose(&whole(4), &doubts, 3, Instant::now());
    assert_eq!(chosen, Some(set(&[1, 2, 3])));
    let two = [lacks(4, VariableLack::Share), lacks(2, VariableLack::Damaged)];
    assert!(Doubts::of(1, &two).hopeless(NodeSet::all(4), 3, 5));
    // What another outcome may mend is tried some times.
    let other = [lacks(4, VariableLack::Other), lacks(2, VariableLack::Absent)];
    assert!(!Doubts::of(1, &other).hopeless(NodeSet::all(4), 3, 5));
    assert!(Doubts::of(1, &other).hopeless(NodeSet::all(4), 3, 2));
}
