//! Looking after accounts: the lists, disabling and enabling, taking invitations back.

use super::action::{Changed, Effect, Listed, Request};
use super::cohort::{self, Entry};
use super::{allowed, invite};
use crate::base::Timestamp;
use crate::base::text::clean;
use crate::identity::{AccountId, AccountRole, Digest};
use crate::rules::terms::Admission;
use crate::tui::figures::plural;
use crate::tui::input::commands::PeopleCommand;
use crate::tui::state::data::{Level, Link};
use crate::tui::state::forms::{Asked, Popup, Question};
use crate::tui::state::model::Model;
use crate::tui::state::people::{Account, Invitation, People, PeopleView, Who};
use crate::tui::state::screen::Screen;

/// Between two questions after the lists, in milliseconds.
const PAUSE: i64 = 3_000;

/// Ask for the lists while they show, when they are due.
pub fn ask(model: &mut Model) -> Vec<Effect> {
    let data = model.live();
    let able = model.person.operator
        && data.login_over.is_none()
        && matches!(data.link, Link::Connected { .. });
    if !wanted(model) || !able || model.asking.people {
        return Vec::new();
    }
    let now = data.now;
    let rested = |at: Timestamp| now.millis() - at.millis() >= PAUSE;
    if !model.asking.people_at.is_none_or(rested) {
        return Vec::new();
    }
    model.asking.people = true;
    model.asking.people_at = Some(now);
    vec![Effect::Ask(Request::People)]
}

/// Whether the lists show, or tell how many of those who may answer a survey have.
fn wanted(model: &Model) -> bool {
    let counted = || {
        let survey = model.selected().filter(|session| session.survey().is_some());
        survey.is_some_and(|session| {
            session.terms.admission == Admission::Accounts && session.phase.is_bidding()
        })
    };
    match model.ui.screen {
        Screen::People => true,
        Screen::Auctions => counted(),
        Screen::Bracket | Screen::Nodes | Screen::Bid | Screen::Log => false,
    }
}

/// The lists have come, or not. The same trouble is told once, however often it is met.
pub fn came(model: &mut Model, answer: Result<Listed, String>) {
    model.asking.people = false;
    let (accounts, invitations) = match answer {
        Ok(listed) => listed,
        Err(why) => {
            let why = clean(&why);
            if model.live().people.trouble.is_none() {
                model.note(Level::Warn, None, &format!("accounts cannot be listed: {why}"));
            }
            model.live_mut().people.trouble = Some(why);
            return;
        }
    };
    let data = model.live_mut();
    data.people.put(accounts, invitations);
    // Known by name, for when names are hidden.
    let labels = data.people.invitations.iter().map(|invitation| &invitation.label);
    let bidders = data.people.accounts.iter().filter(|account| account.role == AccountRole::Bidder);
    let names = bidders.map(|account| &account.name).chain(labels);
    for name in names.filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>() {
        data.name(&name);
    }
}

/// Somebody else may sit here now, who is to see what is theirs to see.
pub fn attached(model: &mut Model) {
    model.live_mut().people = People::default();
    model.ui.people = PeopleView::default();
    if model.ui.screen == Screen::People && !model.person.operator {
        model.ui.screen = Screen::Auctions;
    }
}

/// Do what a command says.
pub fn run(model: &mut Model, command: PeopleCommand) -> Vec<Effect> {
    match (command, cohort::selected(model)) {
        (PeopleCommand::Invite, _) => invite::open(model),
        (PeopleCommand::RevokeUnused, _) => {
            let question = revoking_all(model);
            model.ui.popups.push(Popup::Confirm(question));
        }
        (PeopleCommand::Revoke, Some(Entry::Invitation(invitation))) => {
            let question = revoking(model, invitation);
            model.ui.popups.push(Popup::Confirm(question));
        }
        (PeopleCommand::Disable, Some(Entry::Account(account))) => {
            let question = disabling(model, account);
            model.ui.popups.push(Popup::Confirm(question));
        }
        (PeopleCommand::Enable, Some(Entry::Account(account))) => {
            let question = enabling(model, account);
            model.ui.popups.push(Popup::Confirm(question));
        }
        (PeopleCommand::Revoke | PeopleCommand::Disable | PeopleCommand::Enable, _) => {}
    }
    Vec::new()
}

fn revoking(model: &Model, invitation: &Invitation) -> Question {
    let whom = match model.shown(&invitation.label) {
        label if label.is_empty() => format!("The invitation {}", invitation.digest.short()),
        label => format!("The invitation for {label}"),
    };
    Question {
        asked: Asked::Revoke(invitation.digest),
        title: "Take it back?".to_owned(),
        lines: vec![
            format!("{whom}, good until {}.", model.live().zone.date_time(invitation.expires)),
            "Its code makes no account any more. Another invitation can be made.".to_owned(),
        ],
        grave: true,
    }
}

fn revoking_all(model: &Model) -> Question {
    let open = model.live().people.open_invitations(model.live().coordinator_now());
    Question {
        asked: Asked::RevokeUnused,
        title: "Take them all back?".to_owned(),
        lines: vec![
            format!("{} that nobody has used.", plural(open as u64, "invitation", "invitations")),
            "Their codes make no account any more. Accounts that others have made stay, and what \
             they have handed in stays in."
                .to_owned(),
        ],
        grave: true,
    }
}

fn disabling(model: &Model, account: &Account) -> Question {
    let mut lines = vec![
        format!("{}, {}.", model.shown(&account.name), account.role),
        "Every login of the account ends, at the nodes within seconds. Bids that are in stay in."
            .to_owned(),
    ];
    if model.person.account.as_ref() == Some(&account.name) {
        lines.push("This is your own account: you log yourself out for good.".to_owned());
    }
    let asked = Asked::SetAccount(account.id, false);
    Question { asked, title: "Disable it?".to_owned(), lines, grave: true }
}

fn enabling(model: &Model, account: &Account) -> Question {
    Question {
        asked: Asked::SetAccount(account.id, true),
        title: "Enable it again?".to_owned(),
        lines: vec![
            format!("{}, {}.", model.shown(&account.name), account.role),
            "It can log in again, with the same password.".to_owned(),
        ],
        grave: false,
    }
}

/// The person said yes to taking an invitation back. It may have been redeemed meanwhile.
pub fn revoke(model: &mut Model, code: Digest) -> Vec<Effect> {
    confirmed(model, Who::Invitation(code), PeopleCommand::Revoke, Request::Revoke(code))
}

/// The person said yes to taking all unused invitations back.
pub fn revoke_unused(model: &mut Model) -> Vec<Effect> {
    if let Err(why) = allowed::revoke_unused(model) {
        model.say(Level::Warn, why);
        return Vec::new();
    }
    model.say(Level::Info, "asking the coordinator");
    vec![Effect::Ask(Request::RevokeUnused)]
}

/// The person said yes to disabling or enabling an account.
pub fn set_account(model: &mut Model, account: AccountId, enabled: bool) -> Vec<Effect> {
    let command = if enabled { PeopleCommand::Enable } else { PeopleCommand::Disable };
    let request = Request::SetAccount(account, enabled);
    confirmed(model, Who::Account(account), command, request)
}

fn confirmed(model: &mut Model, who: Who, command: PeopleCommand, request: Request) -> Vec<Effect> {
    if let Err(why) = allowed::person(model, who, command) {
        model.say(Level::Warn, why);
        return Vec::new();
    }
    model.say(Level::Info, "asking the coordinator");
    vec![Effect::Ask(request)]
}

/// The coordinator did what was asked, or not.
pub fn changed(model: &mut Model, answer: Result<Changed, String>) {
    model.asking.people_at = None;
    let (level, text) = match answer {
        Ok(Changed::Account(line)) => {
            let state = if line.disabled.is_some() { "disabled" } else { "enabled again" };
            let text = format!("{} is {state}", model.shown(&clean(&line.name)));
            model.live_mut().people.put_account(line);
            (Level::Info, text)
        }
        Ok(Changed::Invitation(line)) => {
            let text = format!("the invitation {} is taken back", line.digest.short());
            model.live_mut().people.put_invitation(line);
            (Level::Info, text)
        }
        Ok(Changed::Invitations(lines)) => {
            let many = plural(lines.len() as u64, "invitation is", "invitations are");
            for line in lines {
                model.live_mut().people.put_invitation(line);
            }
            (Level::Info, format!("{many} taken back"))
        }
        Err(why) => (Level::Error, clean(&why).to_string()),
    };
    if level == Level::Error {
        model.note(level, None, &text);
    }
    model.say(level, text);
}
