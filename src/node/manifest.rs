//! The one bundle a node commits to, and the manifest it accepts.
//!
//! A node commits to one bundle per session, on disk, before it signs, and signs no other. A
//! manifest counts with the signatures of [`crate::sharing::Scheme::manifest_quorum`] nodes. Two
//! groups of so many share an honest node, so no coordinator and t nodes with it can have two
//! manifests signed, whoever is away or cut off.
//!
//! Before it signs, a node also asks every other node which bundle that one has committed to. If
//! more than t have committed to another one, an honest one has, so the coordinator has handed out
//! two, and this node says so instead of signing. The word of t nodes alone stops nobody, except a
//! node that has lost part of what it had on disk, and may have signed another one itself.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, future::join_all, stream};

use super::mend::{BATCH, Found, Holders};
use super::state::NodeState;
use super::verdict::{FETCHES, candidates};
use crate::identity::{Digest, Statement as _};
use crate::session::bundle::{Bundle, BundleError};
use crate::session::{Announcement, Manifest, Phase, SessionId};
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::StorageError;
use crate::wire::node_api::{CommittedBundle, SignedManifest};
use crate::wire::paths;

/// Why a node does not sign or take a manifest.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The bundle breaks a rule.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Other nodes have committed to another bundle.
    #[error(
        "nodes {nodes} have committed to another bundle of this session; the coordinator has handed out two"
    )]
    OtherBundle {
        /// The nodes that have committed to another one.
        nodes: NodeSet,
    },
    /// A signature does not fit.
    #[error("the manifest's signature of node {node} does not fit")]
    Signature {
        /// The node it is said to be from.
        node: NodeIndex,
    },
    /// Not enough signatures.
    #[error("the manifest is signed by {got} nodes, {needed} are needed")]
    Signers {
        /// Right signatures.
        got: usize,
        /// [`crate::sharing::Scheme::manifest_quorum`].
        needed: usize,
    },
    /// The manifest does not follow from the bundle.
    #[error("the manifest is not the one that follows from the bundle")]
    NotTheManifest,
    /// Envelopes of the manifest cannot be had.
    #[error(
        "{count} envelopes of the manifest are missing here and no other node delivers them yet; try again"
    )]
    MissingEnvelopes {
        /// How many envelopes.
        count: usize,
        /// The other nodes that list any of them.
        holders: NodeSet,
    },
    /// This node has lost part of what it had, and too few others have answered.
    #[error(
        "this node has lost part of what it had on disk, so it signs only once {needed} other nodes have told it what they are committed to; nodes {nodes} have not"
    )]
    Unheard {
        /// n - t.
        needed: usize,
        /// The nodes that have not answered.
        nodes: NodeSet,
    },
    /// Bidders handed this node parts that do not fit, and no other node passes on their seeds.
    #[error(
        "this node's parts of {count} envelopes of the manifest do not fit and cannot be mended yet{}; try again",
        who(*.silent, *.wrong)
    )]
    UnfitParts {
        /// How many envelopes.
        count: usize,
        /// Nodes that did not answer when asked for seeds.
        silent: NodeSet,
        /// Nodes that passed on seeds which do not fit the commitments.
        wrong: NodeSet,
    },
    /// Not in this phase.
    #[error("the session is {phase} at this node")]
    Phase {
        /// The phase that the session is in here.
        phase: Phase,
    },
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StorageError),
}

/// Clocks of coordinator and nodes differ by less.
const CLOCKS_DIFFER: i64 = 10 * 60 * 1000;

/// What a node commits to a bundle for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purpose {
    /// To sign its manifest.
    Sign,
    /// To take up a manifest that enough others have signed.
    Take,
}

fn who(silent: NodeSet, wrong: NodeSet) -> String {
    let mut parts = Vec::new();
    if !silent.is_empty() {
        parts.push(format!("; nodes {silent} do not answer"));
    }
    if !wrong.is_empty() {
        parts.push(format!("; nodes {wrong} passed on seeds that do not fit"));
    }
    parts.concat()
}

impl NodeState {
    /// Commit to a bundle, make sure no other node has committed to another, and give the manifest
    /// that follows from it, every envelope of it being on disk here, with a part that fits.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub(super) async fn sign(
        self: &Arc<Self>,
        session: SessionId,
        bundle: &Bundle,
    ) -> Result<Manifest, CommitError> {
        let (announcement, manifest) = self.commit(session, bundle, Purpose::Sign).await?;
        self.make_usable(&announcement, &manifest).await?;
        Ok(manifest)
    }

    async fn commit(
        self: &Arc<Self>,
        session: SessionId,
        bundle: &Bundle,
        purpose: Purpose,
    ) -> Result<(Arc<Announcement>, Manifest), CommitError> {
        let row = self.session(session).await?;
        if row.phase == Phase::Cancelled {
            return Err(CommitError::Phase { phase: row.phase });
        }
        let announcement = Arc::new(row.announcement.body);
        bundle.check(&self.roster.body, &announcement)?;
        if row.phase.is_bidding() {
            // It was away while 2t+1 others froze: bidding has ended.
            self.store.freeze(session, self.clock.now()).await?;
            self.tell_phase(session, Phase::Closing);
        }
        let digest = bundle.digest();
        self.store.commit_bundle(session, digest).await?;
        self.store.keep_bundle(bundle).await?;
        let (others, silent) = self.ask_others(session, digest).await;
        let lost = purpose == Purpose::Sign && self.may_have_lost(&announcement);
        // The word of t nodes stops nobody who knows what it has signed itself.
        let few = if lost { 0 } else { usize::from(self.scheme().doubted()) };
        if others.len() > few {
            return Err(CommitError::OtherBundle { nodes: others });
        }
        if lost {
            // Of n - t others that answer, one at least is honest and was there when this node
            // signed another manifest, if it ever did. Where nodes only add, all others did.
            let doubted = usize::from(self.scheme().doubted());
            let needed = (self.scheme().all().len() - doubted).min(self.peers.len());
            if self.peers.len() - silent.len() < needed {
                return Err(CommitError::Unheard { needed, nodes: silent });
            }
        }
        let manifest = Manifest::derive(&announcement, self.scheme(), bundle);
        self.gather(&announcement, bundle, &manifest).await?;
        Ok((announcement, manifest))
    }

    /// Open this node's part of every envelope of the manifest, or mend it.
    async fn make_usable(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        manifest: &Manifest,
    ) -> Result<(), CommitError> {
        let (holders, mut count) = (Holders::default(), 0);
        for entries in manifest.entries.chunks(BATCH) {
            let parts = self.usable_parts(announcement, entries, &holders).await?;
            count += parts.iter().filter(|part| part.is_err()).count();
        }
        let Found { silent, wrong } = holders.found();
        if count == 0 { Ok(()) } else { Err(CommitError::UnfitParts { count, silent, wrong }) }
    }

    /// Whether this node may have known a session before it lost part of what it had.
    fn may_have_lost(&self, announcement: &Announcement) -> bool {
        let lost = self.store.database().lost();
        lost.is_some_and(|lost| announcement.opened < lost.plus_millis(CLOCKS_DIFFER))
    }

    /// The nodes that say they have committed to another bundle, and those that did not answer.
    async fn ask_others(&self, session: SessionId, mine: Digest) -> (NodeSet, NodeSet) {
        let path = paths::of(paths::NODE_BUNDLE, session);
        let asked = self.peers.iter().map(|(&node, peer)| {
            let path = &path;
            async move { (node, peer.get::<CommittedBundle>(path).await) }
        });
        let (mut others, mut silent) = (NodeSet::EMPTY, NodeSet::EMPTY);
        for (node, answer) in join_all(asked).await {
            match answer {
                Ok(CommittedBundle { bundle: Some(theirs) }) if theirs != mine => {
                    others.insert(node);
                }
                Ok(_) => {}
                // A node that is away cannot be asked; enough signatures do without it.
                Err(error) => {
                    silent.insert(node);
                    tracing::debug!(%session, %node, %error, "could not ask for its bundle");
                }
            }
        }
        if !others.is_empty() {
            tracing::warn!(%session, nodes = %others, "these nodes say that they have committed to another bundle");
        }
        (others, silent)
    }

    /// Fetch every envelope of the manifest that is not here yet.
    async fn gather(
        self: &Arc<Self>,
        announcement: &Arc<Announcement>,
        bundle: &Bundle,
        manifest: &Manifest,
    ) -> Result<(), CommitError> {
        let digests: Vec<Digest> = manifest.entries.iter().map(|entry| entry.envelope).collect();
        let absent = self.store.missing(announcement.session, &digests).await?;
        if absent.is_empty() {
            return Ok(());
        }
        let holders: HashMap<Digest, NodeSet> =
            candidates(&bundle.inventories, announcement, self.scheme()).into_iter().collect();
        let everyone = self.scheme().all();
        let wanted: Vec<_> = absent
            .into_iter()
            .map(|digest| (digest, holders.get(&digest).copied().unwrap_or_default()))
            .collect();
        // Those that list it first, then the others, which may have fetched it meanwhile.
        let missing = stream::iter(wanted)
            .map(|(digest, listed)| async move {
                let found = match self.obtain(announcement, digest, listed).await? {
                    None => self.obtain(announcement, digest, everyone.difference(listed)).await?,
                    found => found,
                };
                Ok::<_, StorageError>(found.is_none().then_some(listed))
            })
            .buffer_unordered(FETCHES)
            .collect::<Vec<_>>()
            .await;
        let missing = missing.into_iter().collect::<Result<Vec<_>, _>>()?;
        let missing: Vec<NodeSet> = missing.into_iter().flatten().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let holders = missing.iter().fold(NodeSet::EMPTY, |all, some| all.union(*some));
        Err(CommitError::MissingEnvelopes {
            count: missing.len(),
            holders: holders.without(self.me),
        })
    }

    /// Take the manifest with its signatures. A node that was away catches up here.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub(super) async fn take_manifest(
        self: &Arc<Self>,
        session: SessionId,
        signed: SignedManifest,
    ) -> Result<(), CommitError> {
        let row = self.session(session).await?;
        if matches!(row.phase, Phase::Computing | Phase::Settled | Phase::Failed) {
            return Ok(());
        }
        if row.phase == Phase::Cancelled {
            return Err(CommitError::Phase { phase: row.phase });
        }
        let roster = &self.roster.body;
        let signers = signed
            .manifest
            .verify(|node| roster.node(node).map(|card| card.key))
            .map_err(|node| CommitError::Signature { node })?;
        let needed = self.scheme().manifest_quorum();
        if signers.len() < needed {
            return Err(CommitError::Signers { got: signers.len(), needed });
        }
        let (announcement, manifest) = self.commit(session, &signed.bundle, Purpose::Take).await?;
        if manifest != signed.manifest.body {
            return Err(CommitError::NotTheManifest);
        }
        // Whoever takes a manifest that others have signed promises nothing by it, and may be told
        // the outcome next: parts that cannot be mended yet are tried again by the first attempt.
        match self.make_usable(&announcement, &manifest).await {
            Err(error @ CommitError::UnfitParts { .. }) => tracing::warn!(%session, "{error}"),
            other => other?,
        }
        self.store.put_manifest(&signed.manifest).await?;
        self.tell_phase(session, Phase::Computing);
        Ok(())
    }
}
