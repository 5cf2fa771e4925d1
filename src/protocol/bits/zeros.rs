//! Shares of zero from the keys of sets, for naming mode: for every set T the participants outside
//! it but the first draw a stream each, and the first takes the XOR of those. So every stream has
//! at least two holders, and all of them can witness what a node's share of zero was. From keys of
//! pairs ([`crate::sharing::keys`]) they are cheaper, but two liars could agree on a false stream.

use std::fmt::Write as _;

use crate::sharing::stream::StreamStart;
use crate::sharing::{NodeIndex, NodeSet};

/// The participants whose streams under a set's key make up a node's share.
pub(in crate::protocol) fn streams_of(
    set: NodeSet,
    participants: NodeSet,
    node: NodeIndex,
) -> NodeSet {
    let holders = participants.difference(set);
    if holders.first() == Some(node) { holders.without(node) } else { NodeSet::EMPTY.with(node) }
}

/// Where a participant's stream of a step begins. No step's name has this sign in it.
pub(in crate::protocol) fn start_of(step: &str, holder: NodeIndex) -> StreamStart {
    let mut name = step.to_owned();
    let written = write!(name, "#zero-{holder}");
    debug_assert!(written.is_ok());
    StreamStart::of(&name)
}

#[cfg(test)]
mod tests {
    use crate::protocol::bits::zeros::*;
    use crate::sharing::Scheme;

    #[test]
    fn every_stream_is_added_twice() {
        for (n, t) in [(4, 1), (5, 2), (7, 3)] {
            let scheme = Scheme::new(n, t).unwrap();
            for set in scheme.sets() {
                let holders = scheme.all().difference(set);
                for stream in holders.iter() {
                    let adding = |node| streams_of(set, scheme.all(), node).contains(stream);
                    let count = holders.iter().filter(|&node| adding(node)).count();
                    assert!(count == 2 || count == 0 && Some(stream) == holders.first());
                }
            }
        }
    }
}
