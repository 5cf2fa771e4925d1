//! The homes of a coordinator and its nodes, as their operators would make them: `gavel init` and `gavel
//! roster make`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use futures_util::future::try_join_all;

use super::error::LaunchError;
use super::place::{Place, Role};
use super::program;
use crate::identity::{Roster, Signed};
use crate::sharing::{NodeIndex, Scheme};

/// Homes with keys, ports and a roster; nothing runs yet.
pub struct Net {
    /// The nodes, in the roster's order.
    pub nodes: Vec<Place>,
    /// The coordinator.
    pub lead: Place,
    /// What the coordinator signed.
    pub roster: Signed<Roster>,
    /// The same in a file.
    pub roster_file: PathBuf,
}

impl Net {
    /// Make all homes in a folder; `organisation` says whose each server is.
    ///
    /// # Errors
    /// When one of them cannot be made.
    pub async fn set_up(
        folder: &Path,
        scheme: Scheme,
        organisation: impl Fn(Role) -> String,
    ) -> Result<Self, LaunchError> {
        let organisation = &organisation;
        let place = |role: Role| async move {
            let home = folder.join(role.to_string().replace(' ', "-"));
            Place::set_up(role, &organisation(role), home).await
        };
        let nodes =
            try_join_all(scheme.all().iter().map(|node: NodeIndex| place(Role::Node(node))));
        let (nodes, lead) = futures_util::try_join!(nodes, place(Role::Coordinator))?;
        let roster_file = folder.join("roster.json");
        let roster = make_roster(&lead, scheme, &nodes, &roster_file).await?;
        Ok(Self { nodes, lead, roster, roster_file })
    }
}

async fn make_roster(
    lead: &Place,
    scheme: Scheme,
    nodes: &[Place],
    path: &Path,
) -> Result<Signed<Roster>, LaunchError> {
    let (name, threshold) = (lead.role.to_string(), scheme.threshold().to_string());
    let mut words = ["roster", "make", "--threshold", &threshold, "--out"].map(OsStr::new).to_vec();
    words.push(path.as_os_str());
    words.extend(nodes.iter().filter_map(|node| node.card.as_deref()).map(Path::as_os_str));
    program::run(&name, &lead.home, words).await?;
    let text = std::fs::read(path).map_err(|error| LaunchError::set_up(&name, error))?;
    let roster = serde_json::from_slice::<Signed<Roster>>(&text);
    Ok(roster.map_err(|error| LaunchError::set_up(&name, error))?.checked()?)
}
