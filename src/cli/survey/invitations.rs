//! Invitations to a survey: for whom, in which cohort, and what a letter needs.

use serde::Serialize;

use super::sheet::{Cell, Content};
use crate::cli::failure::Failure;
use crate::cli::output::{Table, clean};
use crate::cli::view;
use crate::client::Network;
use crate::identity::{Digest, Statement as _};
use crate::rules::survey::Question;
use crate::rules::survey::question::COHORT;
use crate::rules::terms::Admission;
use crate::session::SessionId;
use crate::wire::account_api::{AskInvitations, NewInvitation};

/// Somebody to invite.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invitee {
    /// Who.
    pub name: String,
    /// In which cohort, where that is said.
    pub cohort: Option<String>,
}

/// Invitations that were made.
#[derive(Serialize)]
pub struct Letters {
    session: SessionId,
    /// One for each.
    pub letters: Vec<Letter>,
    address: String,
    roster: Digest,
}

/// One invitation.
#[derive(Serialize)]
pub struct Letter {
    #[serde(flatten)]
    invitation: NewInvitation,
    cohort: Option<String>,
}

fn text(cell: &Cell) -> Result<&str, Failure> {
    match &cell.content {
        Content::Empty => Ok(""),
        Content::Text(text) => Ok(text.trim()),
        Content::Formula | Content::Other(_) => {
            Err(Failure::new("bad-file", format!("{}: this is no text", cell.place)))
        }
    }
}

/// Who is invited: the first column's names, with the column "cohort" beside them, if there is one.
///
/// # Errors
/// Names the cell that is wrong.
pub fn people(survey: &Question, rows: &[Vec<Cell>]) -> Result<Vec<Invitee>, Failure> {
    let Some((head, rows)) = rows.split_first().filter(|(_, rows)| !rows.is_empty()) else {
        let detail = "there is nobody in it; the first row is a heading, then one row for each";
        return Err(Failure::new("bad-file", detail));
    };
    let head = head.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    let column = head.iter().position(|name| name.eq_ignore_ascii_case(COHORT));
    let invitee = |row: &Vec<Cell>| {
        let name = row.first().map(text).transpose()?.unwrap_or_default();
        if name.is_empty() {
            let place = row.first().map_or("a row", |cell| cell.place.as_str());
            return Err(Failure::new("bad-file", format!("{place}: a name is missing")));
        }
        let cohort = column.and_then(|column| row.get(column));
        let said = cohort.map(text).transpose()?.filter(|cohort| !cohort.is_empty());
        let cohort = match said {
            None => None,
            Some(said) => match survey.cohorts.iter().find(|own| own.as_str() == said) {
                Some(own) => Some(own.clone()),
                None => {
                    let place = cohort.map_or("", |cell| cell.place.as_str());
                    let all = clean(&survey.cohorts.join(", "));
                    let detail = format!("{place}: no such cohort; the survey has {all}");
                    return Err(Failure::new("bad-file", detail));
                }
            },
        };
        Ok(Invitee { name: name.to_owned(), cohort })
    };
    rows.iter().map(invitee).collect()
}

/// Make an invitation for each.
///
/// # Errors
/// When the coordinator refuses, with the reason.
pub async fn make(
    network: &Network,
    session: SessionId,
    people: Vec<Invitee>,
    hours: u32,
) -> Result<Letters, Failure> {
    let labels = people.iter().map(|invitee| invitee.name.clone()).collect();
    let made = network.coordinator().invite(&AskInvitations { labels, hours }).await?;
    let letter = |(invitation, invitee): (NewInvitation, Invitee)| Letter {
        invitation,
        cohort: invitee.cohort,
    };
    let roster = &network.roster().body;
    Ok(Letters {
        session,
        letters: made.into_iter().zip(people).map(letter).collect(),
        address: roster.coordinator.address.clone(),
        roster: roster.digest(),
    })
}

impl Letters {
    /// As a table with a heading, for letters that are made from it.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let heading = ["for", "cohort", "code", "expires", "coordinator", "roster", "session"];
        let row = |letter: &Letter| {
            vec![
                letter.invitation.label.clone(),
                letter.cohort.clone().unwrap_or_default(),
                letter.invitation.code.expose().to_owned(),
                letter.invitation.expires.to_string(),
                self.address.clone(),
                self.roster.grouped(),
                self.session.to_string(),
            ]
        };
        let heading = heading.map(str::to_owned).to_vec();
        [heading].into_iter().chain(self.letters.iter().map(row)).collect()
    }

    /// For people.
    pub fn text(&self, admission: Admission) -> String {
        let mut table = Table::new(&["for", "cohort", "code", "expires"]);
        for Letter { invitation, cohort } in &self.letters {
            let expires = view::time(invitation.expires);
            let cohort = cohort.as_deref().unwrap_or_default();
            table.row([&invitation.label, cohort, invitation.code.expose(), &expires]);
        }
        let open = match admission {
            Admission::Accounts => "",
            Admission::Open | Admission::Listed => {
                "\nThis survey takes answers from others as well; admission = \"accounts\" in its \
                 file keeps to those who are invited."
            }
        };
        format!(
            "{table}Each makes one account, once. Send with the code what the participant runs:\n  \
             gavel roster fetch {} {}\n  gavel join CODE --name NAME\n  gavel survey answer {}{open}",
            self.address,
            self.roster.grouped(),
            self.session.short(),
        )
    }
}
