use crate::coordinator::past::*;
use crate::identity::Digest;
use crate::wire::reason::NodeReport;

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
    let hopeless = |troubles: &[AttemptTrouble]| Doubts::of(troubles.iter()).hopeless(all, 3, 5);
    assert!(!hopeless(&vec![link(1, 2); 100]));
    assert!(!hopeless(&vec![unfit(1); 100]));
    let silent = NodeTrouble::NoAnswer { detail: String::new() };
    let silent =
        AttemptTrouble::Nodes { nodes: vec![NodeReport { node: node(1), trouble: silent }] };
    assert!(!hopeless(&vec![silent; 100]));
    let outcomes = vec![(node(1), Digest([1; 32])), (node(2), Digest([2; 32]))];
    let differ = AttemptTrouble::Disagreement { outcomes };
    assert!(!hopeless(&vec![differ.clone(); 4]) && hopeless(&vec![differ; 5]));
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
            let doubts = Doubts::of(troubles.iter());
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
        assert!(!Doubts::of(troubles.iter()).hopeless(NodeSet::all(nodes), quorum, 5));
    }
}
