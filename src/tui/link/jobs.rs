//! What operators ask about jobs: the variables that stay, forgetting one, letting a job run.

use futures_util::future::join_all;
use serde_json::json;

use super::connection::Connection;
use crate::client::approval;
use crate::rules::job::Prime;
use crate::rules::job::forgetting::forgetting;
use crate::rules::session_file::{fill_stored, names_stored};
use crate::session::SessionId;
use crate::sharing::NodeSet;
use crate::tui::state::approval::SignedJob;
use crate::tui::state::held::Held;
use crate::tui::update::action::Stock;

/// All variables, with the nodes that have shares of each. While the coordinator is away, those that
/// nodes tell of.
pub async fn variables(connection: &Connection) -> Result<Stock, String> {
    let network = &connection.network;
    let each = network.nodes().iter().map(|node| async { (node.index(), node.variables().await) });
    let (told, nodes) = tokio::join!(network.coordinator().variables(), join_all(each));
    let mut unheard = NodeSet::EMPTY;
    let mut heard = Vec::new();
    for (index, answer) in nodes {
        match answer {
            Ok(lines) => heard.push((index, lines)),
            Err(_) => unheard = unheard.with(index),
        }
    }
    let told = match (told, heard.first()) {
        (Ok(told), _) => told,
        (Err(_), Some((_, lines))) => lines.clone(),
        (Err(error), None) => return Err(error.to_string()),
    };
    let held = told.iter().map(|line| {
        let has = heard.iter().filter(|(_, lines)| {
            let same = lines.iter().find(|other| other.version == line.version);
            same.is_some_and(|other| other.share == Some(true))
        });
        Held::new(line, has.map(|(index, _)| *index).collect())
    });
    Ok(Stock { held: held.collect(), unheard })
}

/// Have the nodes forget a variable, by a job that does; gives the job.
pub async fn forget(
    connection: &Connection,
    name: &str,
    field: Prime,
) -> Result<SessionId, String> {
    let job = json!({ "toml": forgetting(name, field).to_string() });
    let job = connection.network.coordinator().new_job(&job).await;
    job.map(|job| job.job).map_err(|error| error.to_string())
}

/// Which of these jobs wait for the word of our own node's operator.
pub async fn awaiting(
    connection: &Connection,
    jobs: Vec<SessionId>,
) -> Option<Vec<(SessionId, bool)>> {
    let node = approval::node(&connection.network, connection.node?)?;
    let mut told = Vec::new();
    for job in jobs {
        // A node that does not know it yet waits for nothing.
        if let Ok(known) = node.session(job).await {
            told.push((job, known.awaits_approval));
        }
    }
    Some(told)
}

/// A job's steps as our own node was told them.
pub async fn announced(connection: &Connection, job: SessionId) -> Result<SignedJob, String> {
    let network = &connection.network;
    let node = connection.node.and_then(|index| approval::node(network, index));
    let node = node.ok_or_else(|| "this node is not in the roster".to_owned())?;
    let terms = approval::announced(network, node, job).await.map_err(|error| error.to_string())?;
    SignedJob::of(&terms).ok_or_else(|| approval::ApprovalError::NoJob.to_string())
}

/// Let a job run at our own node.
pub async fn approve(connection: &Connection, job: SessionId) -> Result<(), String> {
    let node = connection.node.and_then(|index| approval::node(&connection.network, index));
    let node = node.ok_or_else(|| "this node is not in the roster".to_owned())?;
    node.approve(job).await.map_err(|error| error.to_string())
}

/// A session file's text with what it leaves open of stored variables, as they are stored now.
pub async fn filled(connection: &Connection, text: String) -> Result<String, String> {
    // What is wrong with it otherwise is said where it is read.
    let Ok(mut table) = text.parse::<toml::Table>() else { return Ok(text) };
    if !names_stored(&table) {
        return Ok(text);
    }
    let stored = connection.network.coordinator().variables().await;
    let stored = stored.map_err(|error| error.to_string())?;
    let find = |name: &str| {
        let found = stored.iter().find(|line| line.variable.name == name);
        found.map(|line| &line.variable)
    };
    fill_stored(&mut table, find).map_err(|error| error.to_string())?;
    Ok(table.to_string())
}
