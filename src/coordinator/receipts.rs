//! Which nodes have given a receipt to which bidder: asked of the nodes, who keep it, so that a
//! restart of anybody changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::state::CoordinatorState;
use crate::identity::PublicKey;
use crate::session::SessionId;
use crate::sharing::{NodeIndex, NodeSet};
use crate::transport::HttpError;
use crate::wire::coordinator_api::{BidderReceipts, ReceiptsPage};
use crate::wire::node_api::GivenReceipts;
use crate::wire::paths;
use crate::wire::problem::ProblemType;

/// Longest wait for a node. What a node that is away has given is not known; nobody waits long
/// to hear that.
const DEADLINE: Duration = Duration::from_secs(2);

/// What each node answered.
type Answers = BTreeMap<NodeIndex, Result<GivenReceipts, HttpError>>;

/// A page of the receipts of a session.
pub(super) async fn page(
    state: &CoordinatorState,
    session: SessionId,
    after: Option<PublicKey>,
) -> ReceiptsPage {
    let path = paths::behind(paths::NODE_RECEIPTS, session, after.as_ref());
    let everybody = NodeSet::all(state.scheme().nodes());
    let answers = state.ask(everybody, |_, node| {
        let (node, path) = (node.with_deadline(DEADLINE), path.clone());
        async move { node.get::<GivenReceipts>(&path).await }
    });
    merged(answers.await, after)
}

/// One page of all nodes' pages. It ends where the first of them does that goes on, as of what
/// comes behind that nothing is known yet.
fn merged(answers: Answers, after: Option<PublicKey>) -> ReceiptsPage {
    let mut page = ReceiptsPage::default();
    let mut bidders: BTreeMap<PublicKey, BidderReceipts> = BTreeMap::new();
    for (node, answer) in answers {
        let given = match answer {
            Ok(given) => given,
            Err(error) if is_unknown(&error) => continue,
            Err(_) => {
                page.unheard.insert(node);
                continue;
            }
        };
        // Whoever repeats what came before does not hold up the rest.
        let new = given.receipts.into_iter().filter(|line| Some(line.key) > after);
        let mut last = None;
        for line in new {
            last = last.max(Some(line.key));
            let row = bidders.entry(line.key).or_insert_with(|| BidderReceipts {
                bidder: line.bidder.clone(),
                key: line.key,
                revision: line.revision,
                nodes: NodeSet::EMPTY,
                received: line.received,
            });
            if line.revision > row.revision {
                row.revision = line.revision;
                row.nodes = NodeSet::EMPTY;
                row.received = line.received;
            }
            if line.revision == row.revision {
                row.nodes.insert(node);
                row.received = row.received.min(line.received);
            }
        }
        if let (true, Some(last)) = (given.more, last) {
            page.next = Some(page.next.map_or(last, |next| next.min(last)));
        }
    }
    let within = |key: &PublicKey| page.next.is_none_or(|next| *key <= next);
    page.bidders = bidders.into_iter().filter(|(key, _)| within(key)).map(|(_, row)| row).collect();
    page
}

/// Whether the node does not hold the session, and so has given nothing.
fn is_unknown(error: &HttpError) -> bool {
    error.problem().is_some_and(|problem| problem.kind == ProblemType::UnknownSession)
}

#[cfg(test)]
mod tests {
    use crate::base::Timestamp;
    use crate::coordinator::receipts::*;
    use crate::wire::node_api::GivenReceipt;
    use crate::wire::problem::Problem;

    fn key(number: u8) -> PublicKey {
        PublicKey::from_bytes([number; 32])
    }

    #[expect(clippy::unnecessary_wraps, reason = "an answer, beside those that are refusals")]
    fn given(lines: &[(u8, u32)], more: bool) -> Result<GivenReceipts, HttpError> {
        let receipt = |&(number, revision): &(u8, u32)| GivenReceipt {
            bidder: format!("bidder {number}"),
            key: key(number),
            revision,
            received: Timestamp::from_millis(1000 + i64::from(number)),
        };
        Ok(GivenReceipts { receipts: lines.iter().map(receipt).collect(), more })
    }

    fn refused(kind: ProblemType) -> Result<GivenReceipts, HttpError> {
        let problem = Problem::new(kind, "no");
        Err(HttpError::Problem { target: "a node".to_owned(), problem: Box::new(problem) })
    }

    fn answers(of: Vec<Result<GivenReceipts, HttpError>>) -> Answers {
        (1..).map_while(NodeIndex::new).zip(of).collect()
    }

    fn rows(page: &ReceiptsPage) -> Vec<(u32, String)> {
        page.bidders.iter().map(|row| (row.revision, row.nodes.to_string())).collect()
    }

    #[test]
    fn the_latest_revision_counts_and_who_is_away_is_named() {
        let page = merged(
            answers(vec![
                given(&[(1, 1), (2, 1)], false),
                given(&[(1, 2), (2, 1)], false),
                refused(ProblemType::Unavailable),
                refused(ProblemType::UnknownSession),
            ]),
            None,
        );
        assert_eq!(rows(&page), [(2, "2".to_owned()), (1, "1 and 2".to_owned())]);
        assert_eq!((page.unheard.to_string(), page.next), ("3".to_owned(), None));
    }

    #[test]
    fn a_page_ends_where_the_first_of_the_nodes_pages_does() {
        let page = merged(
            answers(vec![given(&[(1, 1), (2, 1)], true), given(&[(1, 1), (3, 1)], true)]),
            None,
        );
        assert_eq!(rows(&page), [(1, "1 and 2".to_owned()), (1, "1".to_owned())]);
        assert_eq!(page.next, Some(key(2)));
        // A node that says the same page for ever, or claims more than it has, ends nobody's.
        let page = merged(
            answers(vec![
                given(&[(1, 1), (2, 1)], true),
                given(&[], true),
                given(&[(3, 1)], false),
            ]),
            Some(key(2)),
        );
        assert_eq!(rows(&page), [(1, "3".to_owned())]);
        assert_eq!(page.next, None);
    }
}
