//! From frozen nodes to the signed manifest: inventories, verdicts, the bundle of both. See
//! [`crate::session::bundle`] for the statements.
//!
//! The bundle is on disk before any node sees it. From then on only its manifest can be signed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::Method;
use tokio::time::Instant;

use super::nodes::{Troubles, announce, closing_deadline, enough, split, waiting};
use super::state::CoordinatorState;
use super::step::{DriveError, Next};
use crate::identity::{Signed, Statement as _};
use crate::session::bundle::{Bundle, BundleError, Inventories, Inventory, Verdict};
use crate::session::manifest::CoSigned;
use crate::session::progress::What;
use crate::session::{Manifest, Phase};
use crate::sharing::{NodeIndex, NodeSet};
use crate::storage::coordinator::CoordinatorSession;
use crate::wire::node_api::ManifestSignature;
use crate::wire::reason::{Document, NodeTrouble, Reason};
use crate::wire::{paper, paths};

const NO_ANNOUNCEMENT: Reason = Reason::Missing { document: Document::Announcement };

/// Bring a session from closing to computing.
///
/// # Errors
/// When too few nodes are there.
pub async fn close(
    state: &Arc<CoordinatorState>,
    row: &CoordinatorSession,
) -> Result<Next, DriveError> {
    let acknowledged = state.store.acknowledged(row.session).await?;
    announce(state, row, state.scheme().all().difference(acknowledged)).await?;
    let bundle = match state.store.bundle(row.session).await? {
        Some(bundle) => bundle,
        None => make_bundle(state, row).await?,
    };
    let manifest = sign(state, row, &bundle).await?;
    state.store.put_manifest(&manifest, state.clock.now()).await?;
    state.go_on(row.session);
    state.tell_phase(row.session, Phase::Computing, None);
    Ok(Next::Again)
}

/// Freeze the nodes, let them judge each other's envelopes, and fix the bundle on disk.
async fn make_bundle(
    state: &Arc<CoordinatorState>,
    row: &CoordinatorSession,
) -> Result<Bundle, DriveError> {
    let Some(announcement) = &row.announcement else {
        return Err(waiting(state, NodeSet::EMPTY, NO_ANNOUNCEMENT));
    };
    let deadline = closing_deadline(row);
    let mut inventories = freeze_all(state, row).await?;
    // A node that goes away between inventory and verdict is left out, and the others judge again.
    loop {
        let listed = Inventories(inventories.values().cloned().collect());
        let path = &paths::of(paths::NODE_VERDICT, row.session);
        let paper = paper::encode(&listed);
        let answers = state
            .ask(listed.nodes(), |_, node| {
                let paper = paper.clone();
                async move {
                    let node = node.for_papers(deadline);
                    node.hand_over::<Signed<Verdict>>(Method::POST, path, paper).await
                }
            })
            .await;
        drop(paper);
        let (mut verdicts, mut trouble) = split(answers);
        let roster = &state.roster.body;
        keep_sound(&mut verdicts, &mut trouble, |node, verdict| {
            let own = verdict.body.node == node;
            own.then_some(verdict.check(roster, row.session, &listed))
        });
        if trouble.is_empty() {
            let bundle = Bundle {
                session: row.session,
                inventories: listed,
                verdicts: verdicts.into_values().collect(),
            };
            bundle
                .check(&state.roster.body, &announcement.body)
                .map_err(|error| waiting(state, NodeSet::EMPTY, unsound(&error)))?;
            state.store.put_bundle(&bundle).await?;
            let nodes = bundle.inventories.nodes();
            state.tell(row.session, What::Judged { nodes });
            return Ok(bundle);
        }
        inventories.retain(|node, _| verdicts.contains_key(node));
        enough(state, inventories.keys().copied().collect(), state.scheme().quorum(), trouble)?;
    }
}

/// Leave out what a node has signed against the rules: a node that lies is as one that is away.
/// `check` gives nothing for a statement of another node.
fn keep_sound<T>(
    answers: &mut BTreeMap<NodeIndex, T>,
    trouble: &mut Troubles,
    check: impl Fn(NodeIndex, &T) -> Option<Result<(), BundleError>>,
) {
    answers.retain(|&node, answer| {
        let detail = match check(node, answer) {
            Some(Ok(())) => return true,
            Some(Err(error)) => error.to_string(),
            None => "it answered with another node's statement".to_owned(),
        };
        tracing::warn!(%node, %detail, "an unsound statement at closing");
        trouble.insert(node, NodeTrouble::Unsound { detail });
        false
    });
}

/// Freeze nodes until all have answered, or enough have and the grace is over.
async fn freeze_all(
    state: &Arc<CoordinatorState>,
    row: &CoordinatorSession,
) -> Result<BTreeMap<NodeIndex, Signed<Inventory>>, DriveError> {
    let path = &paths::of(paths::NODE_FREEZE, row.session);
    let deadline = closing_deadline(row);
    let until = Instant::now() + state.options.grace;
    let mut inventories = BTreeMap::new();
    loop {
        let have: NodeSet = inventories.keys().copied().collect();
        let asked = state.scheme().all().difference(have);
        let answers = state
            .ask(asked, |_, node| async move {
                node.for_papers(deadline).post_empty::<Signed<Inventory>>(path).await
            })
            .await;
        let (mut frozen, mut trouble) = split(answers);
        let roster = &state.roster.body;
        keep_sound(&mut frozen, &mut trouble, |node, inventory: &Signed<Inventory>| {
            let sound = || {
                inventory.check(roster, row.session)?;
                row.announcement
                    .as_ref()
                    .map_or(Ok(()), |announcement| inventory.check_terms(&announcement.body.terms))
            };
            (inventory.body.node == node).then(sound)
        });
        inventories.extend(frozen);
        if trouble.is_empty() {
            return Ok(inventories);
        }
        if Instant::now() >= until {
            let there = inventories.keys().copied().collect();
            enough(state, there, state.scheme().quorum(), trouble)?;
            return Ok(inventories);
        }
        let ignorant: NodeSet = trouble
            .iter()
            .filter(|(_, trouble)| trouble.is_unknown_session())
            .map(|(&node, _)| node)
            .collect();
        announce(state, row, ignorant).await?;
        tokio::time::sleep(state.options.pause).await;
    }
}

/// Hand out the bundle and gather signatures over its manifest.
async fn sign(
    state: &Arc<CoordinatorState>,
    row: &CoordinatorSession,
    bundle: &Bundle,
) -> Result<CoSigned<Manifest>, DriveError> {
    let Some(announcement) = &row.announcement else {
        return Err(waiting(state, NodeSet::EMPTY, NO_ANNOUNCEMENT));
    };
    let deadline = closing_deadline(row);
    let manifest = Manifest::derive(&announcement.body, state.scheme(), bundle);
    let digest = manifest.digest();
    let path = &paths::of(paths::NODE_MANIFEST, row.session);
    let paper = paper::encode(bundle);
    let answers = state
        .ask(state.scheme().all(), |_, node| {
            let paper = paper.clone();
            async move {
                let node = node.for_papers(deadline);
                node.hand_over::<ManifestSignature>(Method::POST, path, paper).await
            }
        })
        .await;
    let (answered, mut trouble) = split(answers);
    let mut signatures = BTreeMap::new();
    for (node, answer) in answered {
        let key = state.roster.body.node(node).map(|card| card.key);
        let fits = key.is_some_and(|key| key.verify(&digest, &answer.signature).is_ok());
        if fits && answer.manifest == digest {
            signatures.insert(node, answer.signature);
        } else {
            trouble.insert(node, NodeTrouble::OtherManifest);
        }
    }
    let there = signatures.keys().copied().collect();
    enough(state, there, state.scheme().manifest_quorum(), trouble)?;
    Ok(CoSigned { body: manifest, signatures })
}

fn unsound(error: &BundleError) -> Reason {
    Reason::UnsoundBundle { nodes: error.nodes(), detail: error.to_string() }
}
