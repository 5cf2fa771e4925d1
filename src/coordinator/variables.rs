//! Variables that stay at the nodes, as sessions load and change them:
//! what a file leaves open is filled in, and no two sessions change one variable at a time.

use std::collections::BTreeMap;

use super::handovers::Handovers;
use super::state::CoordinatorState;
use crate::identity::Signed;
use crate::rules::Terms;
use crate::rules::job::fill::fill_earlier;
use crate::rules::job::{Earlier, StoredVariable};
use crate::rules::session_file::{fill_stored, names_stored};
use crate::session::handover::{self, HandoverError};
use crate::session::{Announcement, SessionId};
use crate::storage::StorageError;
use crate::transport::server::reply::Refusal;
use crate::wire::problem::ProblemType;
use crate::wire::reason::VariableLack;

/// A session file's text with what it loads filled in, as it is stored now.
pub(super) async fn filled(state: &CoordinatorState, file: &str) -> Result<String, Refusal> {
    // What is wrong with it otherwise is said where it is read.
    let Ok(mut table) = file.parse::<toml::Table>() else { return Ok(file.to_owned()) };
    if !names_stored(&table) {
        return Ok(file.to_owned());
    }
    let stored = state.store.variables().await.map_err(|error| Refusal::internal(&error))?;
    let mut elsewhere: BTreeMap<String, Earlier> = BTreeMap::new();
    let handovers = Handovers::read(state).await.map_err(|error| Refusal::internal(&error))?;
    for stored in &stored {
        let earlier = handovers.earlier(state, stored).await;
        let earlier = earlier.map_err(|error| Refusal::internal(&error))?;
        elsewhere.extend(earlier.map(|earlier| (stored.variable.name.clone(), earlier)));
    }
    let stored: BTreeMap<String, StoredVariable> =
        stored.into_iter().map(|stored| (stored.variable.name.clone(), stored.variable)).collect();
    fill_stored(&mut table, |name| stored.get(name))
        .map_err(|error| Refusal::new(ProblemType::BadTerms, error.to_string()))?;
    fill_earlier(&mut table, |name| elsewhere.get(name).cloned());
    toml::to_string(&table).map_err(|error| Refusal::internal(&error))
}

/// That what terms load and keep fits what is stored, and that no session under way is in the way.
pub(super) async fn check(
    state: &CoordinatorState,
    session: SessionId,
    terms: &Terms,
) -> Result<(), Refusal> {
    check_stored(state, terms).await.map_err(|error| match error {
        CheckError::Lack { name, lack } => {
            let detail = format!("the coordinator {}", lack.explain(&name));
            Refusal::new(ProblemType::BadTerms, detail)
        }
        CheckError::Few { name, earlier } => {
            let scheme = earlier.scheme();
            let (nodes, have) = (scheme.nodes(), earlier.places().iter().flatten().count());
            let detail = format!(
                "{name:?} is shared among the {nodes} nodes of an earlier roster, of whom {have} are in \
                 the present one and {} are needed; serve under that roster once more, and have it \
                 handed over as it is now, with `gavel variable hand-over`; or make a roster with more of \
                 them, and leave the others out after that",
                scheme.quorum()
            );
            Refusal::new(ProblemType::BadTerms, detail)
        }
        CheckError::Handover(error) => Refusal::new(ProblemType::BadTerms, error.to_string()),
        CheckError::Store(error) => Refusal::internal(&error),
    })?;
    let (own, own_loads) = touched(terms);
    if own.is_empty() && own_loads.is_empty() {
        return Ok(());
    }
    let others = state.store.under_way().await.map_err(|error| Refusal::internal(&error))?;
    for other in others.iter().filter(|other| other.body.session != session) {
        let (changes, loads) = touched(&other.body.terms);
        let meets =
            |name: &&String| changes.contains(name) || own.contains(name) && loads.contains(name);
        if let Some(name) = own.iter().chain(&own_loads).find(meets) {
            return Err(Refusal::new(
                ProblemType::WrongPhase,
                format!(
                    "session {} ({:?}) is under way and uses the variable {name:?}; open this one \
                     once that is settled or called off",
                    other.body.session.short(),
                    other.body.terms.title
                ),
            ));
        }
    }
    Ok(())
}

/// A session under way that loads a stored variable or changes it.
pub(super) fn in_use(under_way: &[Signed<Announcement>], name: &str) -> Option<SessionId> {
    let uses = |announced: &&Signed<Announcement>| {
        let (changes, loads) = touched(&announced.body.terms);
        changes.iter().chain(&loads).any(|own| own == name)
    };
    under_way.iter().find(uses).map(|announced| announced.body.session)
}

enum CheckError {
    Lack {
        name: String,
        lack: VariableLack,
    },
    /// Too few of those that share it are left.
    Few {
        name: String,
        earlier: Earlier,
    },
    /// It cannot be handed over so.
    Handover(HandoverError),
    Store(StorageError),
}

async fn check_stored(state: &CoordinatorState, terms: &Terms) -> Result<(), CheckError> {
    handover::next_of(terms, &state.roster_digest, &state.roster.body)
        .map_err(CheckError::Handover)?;
    let handovers = Handovers::read(state).await.map_err(CheckError::Store)?;
    for wanted in terms.question.wanted() {
        let stored = state.store.variable(&wanted.name).await.map_err(CheckError::Store)?;
        let lack = match stored {
            None => VariableLack::Absent,
            Some(stored) if !wanted.is(&stored.variable) => VariableLack::Other,
            Some(stored) => {
                let earlier = handovers.earlier(state, &stored).await;
                let earlier = earlier.map_err(CheckError::Store)?;
                match (earlier == wanted.earlier, wanted.earlier, earlier) {
                    (true, None, _) => continue,
                    (true, Some(earlier), _) => {
                        let have = earlier.places().iter().flatten().count();
                        if earlier.handed().is_some() || have >= earlier.scheme().quorum() {
                            continue;
                        }
                        return Err(CheckError::Few { name: wanted.name, earlier });
                    }
                    (false, None, _) => VariableLack::Elsewhere,
                    (false, Some(_), _) => VariableLack::Other,
                }
            }
        };
        return Err(CheckError::Lack { name: wanted.name, lack });
    }
    let (keeps, replace) = terms.question.keeps();
    for name in keeps.iter().filter(|_| !replace) {
        if state.store.variable(name).await.map_err(CheckError::Store)?.is_some() {
            return Err(CheckError::Lack { name: name.clone(), lack: VariableLack::Taken });
        }
    }
    Ok(())
}

/// The names of stored variables that terms change, and those that they load.
fn touched(terms: &Terms) -> (Vec<String>, Vec<String>) {
    let changed = terms.question.changed().into_iter().map(str::to_owned).collect();
    let loaded = terms.question.wanted().into_iter().map(|wanted| wanted.name).collect();
    (changed, loaded)
}
