use crate::wire::reason::*;

fn node(index: u8) -> NodeIndex {
    NodeIndex::new(index).unwrap()
}

fn unfit() -> NodeTrouble {
    let reason = ExclusionReason::PartUnreadable;
    NodeTrouble::Attempt { failure: AttemptFailure::UnfitPart { bidder: "ada".into(), reason } }
}

#[test]
fn a_node_is_named_once() {
    let node = NodeIndex::new(3).unwrap();
    let trouble = NodeTrouble::NoAnswer { detail: "node 3: the stream ended".to_owned() };
    let failed = AttemptTrouble::Nodes { nodes: vec![NodeReport { node, trouble }] };
    assert_eq!(failed.to_string(), "node 3: the stream ended");
}

#[test]
fn a_reason_comes_back_from_its_json_with_code_fields_and_words() {
    let cause = RefusalCause::OtherBundle { nodes: NodeSet::EMPTY.with(node(3)) };
    let refused = NodeTrouble::Refused {
        problem: ProblemType::BundleConflict,
        cause: Some(cause),
        detail: "no".into(),
    };
    let reports = vec![
        NodeReport { node: node(2), trouble: unfit() },
        NodeReport { node: node(4), trouble: refused },
    ];
    for last in [
        AttemptTrouble::Nodes { nodes: reports },
        AttemptTrouble::Disagreement { outcomes: vec![(node(1), Digest([7; 32]))] },
    ] {
        let participants = NodeSet::all(5);
        let reason = Reason::AttemptsFailed { failed: 5, participants, last };
        let explained = Explained::from(reason);
        let json = serde_json::to_value(&explained).unwrap();
        assert_eq!((&json["code"], &json["failed"]), (&"attempts-failed".into(), &5.into()));
        assert!(json["text"].as_str().unwrap().contains("5 attempts failed in a way"));
        assert_eq!(serde_json::from_value::<Explained<Reason>>(json).unwrap(), explained);
    }
}

#[test]
fn a_failed_attempt_names_who_reports_and_who_is_named() {
    let link = AttemptFailure::Link { node: node(2), detail: String::new() };
    let nodes = NodeSet::EMPTY.with(node(3)).with(node(4));
    let wrong = AttemptFailure::Computation { nodes, detail: String::new() };
    let report = |by, failure| AttemptTrouble::Nodes {
        nodes: vec![NodeReport { node: node(by), trouble: NodeTrouble::Attempt { failure } }],
    };
    assert_eq!(report(1, link).nodes(), NodeSet::all(2));
    assert_eq!(report(1, wrong).nodes(), nodes.with(node(1)));
}
