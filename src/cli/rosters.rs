//! The next roster, for servers that run: as soon as the home's file holds one that can be served
//! under, they start again with it.

use std::path::Path;
use std::time::Duration;

use super::context::Context;
use super::failure::Failure;
use super::options::PassphraseOption;
use crate::identity::key_file::{CoordinatorKeys, NodeKeys};
use crate::identity::{Digest, Roster, Signed, Statement as _};
use crate::storage::Database;
use crate::{coordinator, node};

/// Between two looks at the file.
const INTERVAL: Duration = Duration::from_secs(2);

/// Waits for a roster that succeeds the present one and fits this home's keys. One that does not
/// is said in the log once, and the servers go on as they are.
pub async fn next(
    context: &Context,
    passphrase: &PassphraseOption,
    file: Option<&Path>,
    present: &Signed<Roster>,
    database: &Database,
) -> Signed<Roster> {
    let mut seen = present.body.digest();
    loop {
        tokio::time::sleep(INTERVAL).await;
        // A file that cannot be read may be half written; what is in it is looked at next time.
        let Ok(found) = context.home.roster(file) else { continue };
        let digest = found.body.digest();
        if digest == seen {
            continue;
        }
        seen = digest;
        match fits(context, passphrase, present, &found, database).await {
            Ok(()) => {
                let version = found.body.version();
                tracing::info!(version, roster = %digest, "starting again under the next roster");
                return found;
            }
            Err(failure) => {
                tracing::warn!(roster = %digest, why = failure.detail, "the roster in the home folder is not taken up");
            }
        }
    }
}

/// Whether these servers can go on under a roster.
async fn fits(
    context: &Context,
    passphrase: &PassphraseOption,
    present: &Signed<Roster>,
    found: &Signed<Roster>,
    database: &Database,
) -> Result<(), Failure> {
    let before: Digest = present.body.digest();
    if !found.body.succeeds.contains(&before) {
        return Err(Failure::new(
            "other-roster",
            "it does not succeed the roster that is served under; to change over to another system, stop and start again",
        ));
    }
    let settings = context.home.settings()?;
    if settings.node.is_some() {
        let mut keys = passphrase.load(&context.home.file("node.key"), NodeKeys::load)?;
        node::fit_keys(&mut keys, &found.body)?;
    }
    if settings.coordinator.is_some() {
        let path = context.home.file("coordinator.key");
        let mut keys = passphrase.load(&path, CoordinatorKeys::load)?;
        coordinator::fit_keys(&mut keys, &found.body)?;
    }
    Ok(database.adopt(found).await?)
}
