//! What a job told this home alone: read from the nodes' letters, in words and as scripts read it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::Failure;
use super::output::{clean, strong};
use super::view;
use crate::client::Network;
use crate::client::letters::{self, Keys, LettersError, Told};
use crate::identity::key_file::{NodeKeys, OperatorKeys};
use crate::rules::job::Receiver;
use crate::session::SessionId;
use crate::session::record::Record;
use crate::sharing::NodeIndex;

/// Read what whoever has these keys is told alone by a job.
///
/// # Errors
/// When the job tells these keys nothing, is not settled, or too few nodes wrote what is right.
pub async fn read(network: &Network, job: SessionId, keys: Keys<'_>) -> Result<Told, Failure> {
    let record = network.coordinator().record(job).await?;
    Ok(of_record(network, job, &record, keys).await?)
}

async fn of_record(
    network: &Network,
    job: SessionId,
    record: &Record,
    keys: Keys<'_>,
) -> Result<Told, LettersError> {
    let roster = &network.roster().body;
    letters::receiver(record, roster, job, keys)?;
    let answers = letters::ask(network, job).await;
    letters::read(record, roster, job, keys, answers)
}

/// The same, or nothing where the job tells nothing to whom these keys belong, be it that another key is
/// the client's.
///
/// # Errors
/// As [`read`], otherwise.
pub async fn read_any(
    network: &Network,
    job: SessionId,
    keys: Keys<'_>,
) -> Result<Option<Told>, Failure> {
    let record = network.coordinator().record(job).await?;
    match of_record(network, job, &record, keys).await {
        Err(
            LettersError::Nothing { .. }
            | LettersError::NotInRoster
            | LettersError::OtherKey { .. },
        ) => Ok(None),
        Err(error) => Err(error.into()),
        Ok(told) => Ok(Some(told)),
    }
}

/// What every node, and the client, is told alone in a demo, which plays all of them: the nodes' keys
/// are in its folder.
///
/// # Errors
/// When a key cannot be read, or too few nodes wrote what is right.
pub async fn of_demo(
    network: &Network,
    session: SessionId,
    folder: &Path,
    client: Option<&OperatorKeys>,
) -> Result<Vec<Told>, Failure> {
    let record = network.coordinator().record(session).await?;
    let question = &record.announcement.body.terms.question;
    let nodes: BTreeSet<NodeIndex> = question.told_nodes().collect();
    let mut all = Vec::new();
    for node in nodes {
        let keys = NodeKeys::load(&folder.join(format!("node-{node}/node.key")), None)?;
        all.push(of_record(network, session, &record, Keys::Node(&keys)).await?);
    }
    if let Some(keys) = client.filter(|_| question.client_key().is_some()) {
        all.push(of_record(network, session, &record, Keys::Client(keys)).await?);
    }
    Ok(all)
}

/// Say what is to be said of the nodes.
pub fn remark(context: &Context, told: &Told) {
    for (node, fault) in &told.faults {
        context.output.note(format!("node {node}: {fault}"));
    }
    for (node, why) in &told.silent {
        context.output.note(format!("node {node} gives nothing: {why}"));
    }
    if !told.agreed.is_empty() {
        let nodes = view::nodes(told.agreed);
        context.output.note(format!("what {nodes} wrote fits what the nodes have signed"));
    }
}

/// A line for each value.
pub fn lines(told: &Told) -> Vec<String> {
    let whom = match told.to {
        Receiver::Client => "for the client alone".to_owned(),
        Receiver::Node(_) | Receiver::Next(_) => format!("for {} alone", told.to),
    };
    let line = |told: &crate::session::letters::ToldValue| {
        let value = strong(format!("{} = {}", clean(&told.variable), told.value));
        format!("{value} ({whom})")
    };
    told.values.iter().map(line).collect()
}

/// The values by name, under the name of whom they are for.
pub fn values<'a>(all: impl IntoIterator<Item = &'a Told>) -> Value {
    let one = |told: &Told| {
        let values = told.values.iter();
        let values: Map<String, Value> =
            values.map(|one| (one.variable.clone(), one.value.to_string().into())).collect();
        (told.to.to_string(), values.into())
    };
    all.into_iter().map(one).collect::<Map<String, Value>>().into()
}

/// As scripts read all of it.
pub fn shown(job: SessionId, all: &[Told]) -> Value {
    let faults = all.iter().flat_map(|told| &told.faults).map(|(node, fault)| {
        json!({ "node": node, "lied": fault.is_a_lie(), "what": fault.to_string() })
    });
    let silent = all.iter().flat_map(|told| &told.silent);
    let silent = silent.map(|(node, why)| json!({ "node": node, "what": why }));
    json!({
        "job": job,
        "told": values(all),
        "faults": faults.collect::<Vec<_>>(),
        "silent": silent.collect::<Vec<_>>(),
    })
}
