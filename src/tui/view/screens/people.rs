//! People: accounts and invitations, and who of them has handed in to the selected session.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::table::{Cell, Column, Rows, Table};
use super::super::text;
use super::super::theme::Role;
use super::{search, waiting};
use crate::base::text::Clean;
use crate::base::{Timestamp, Zone};
use crate::identity::AccountRole;
use crate::rules::terms::Admission;
use crate::tui::figures::plural;
use crate::tui::input::commands::{GlobalCommand, PeopleCommand};
use crate::tui::input::layer::Layer;
use crate::tui::state::people::Account;
use crate::tui::state::screen::List;
use crate::tui::update::cohort::{self, Cohort, Entry, HandedIn};

/// Rows of the pane that tells of the selected one.
const FOOT: u16 = 8;

/// Date and time to the minute.
fn minute(zone: &Zone, at: Timestamp) -> String {
    zone.date_time(at).chars().take(16).collect()
}

/// Draw the screen.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    let foot = if model.ui.enlarged { 0 } else { FOOT };
    let list = Rect { height: area.height - foot, ..area };
    let entries = cohort::entries(model);
    let cohort = Cohort::of(model);
    people(canvas, list, &entries, cohort.as_ref());
    if foot > 0 {
        let below = Rect { y: list.bottom(), height: foot, ..area };
        selected(canvas, below, &entries, cohort.as_ref());
    }
}

/// The list, or why there is none.
fn people(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    entries: &[Entry<'_>],
    cohort: Option<&Cohort<'_>>,
) {
    let model = canvas.model;
    let people = &model.data().people;
    let all = people.accounts.len() + people.invitations.len();
    let title = format!(
        "People {}, {}",
        plural(people.accounts.len() as u64, "account", "accounts"),
        plural(people.invitations.len() as u64, "invitation", "invitations"),
    );
    let title = if people.read { title } else { "People".to_owned() };
    let word = if model.live().login_over.is_some() {
        "not up to date: your login has ended"
    } else if people.trouble.is_some() && people.read {
        "not up to date"
    } else {
        ""
    };
    let mut inner = canvas.pane_with(area, &title, word, true);
    if !people.read {
        let (what, then) = missing(canvas);
        return canvas.empty(inner, &what, &then);
    }
    if model.ui.filtering || !model.ui.people.filter.is_empty() {
        search::draw(canvas, Rect { height: 1, ..inner }, &model.ui.people.filter);
        inner = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    }
    if entries.is_empty() {
        let invite = model.keymap.first(Layer::People, PeopleCommand::Invite);
        let (what, then) = if all == 0 {
            ("Nobody has an account yet.", format!("{invite} invites a bidder."))
        } else {
            ("Nobody fits the filter.", "Part of a name, a role or a state finds them.".to_owned())
        };
        return canvas.empty(inner, what, &[then]);
    }
    let data = model.data();
    let times = format!("since / until ({})", data.zone.name(data.now));
    let table = columns(usize::from(inner.width), times, cohort);
    let head = table.head(canvas);
    canvas.line(inner, 0, head);
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let selected = Some(cohort::row(model, entries));
    let rows = Rows { list: List::People, length: entries.len(), selected, marked: true };
    rows.draw(canvas, body, &table, |at| entries.get(at).copied());
}

/// Why the lists are not here, and what to do about it.
fn missing(canvas: &Canvas<'_, '_>) -> (String, Vec<String>) {
    let model = canvas.model;
    if model.live().login_over.is_some() {
        let key = model.keymap.first(Layer::Global, GlobalCommand::LogIn);
        return ("Your login has ended.".to_owned(), vec![format!("{key} logs in again.")]);
    }
    if let Some(waiting) = waiting(canvas) {
        return waiting;
    }
    match &model.data().people.trouble {
        Some(why) => (
            "The coordinator does not list them.".to_owned(),
            vec![why.to_string(), "It is asked again and again.".to_owned()],
        ),
        None => ("asking the coordinator ...".to_owned(), Vec::new()),
    }
}

/// Who shows: a bidder's name may have to be hidden, an operator's never.
fn name(canvas: &Canvas<'_, '_>, entry: &Entry<'_>) -> String {
    let shown = |name: &Clean| canvas.model.shown(name);
    match entry {
        Entry::Account(account) if account.role == AccountRole::Operator => {
            account.name.to_string()
        }
        Entry::Account(account) => shown(&account.name),
        Entry::Invitation(invitation) if invitation.label.is_empty() => {
            format!("({})", invitation.digest.short())
        }
        Entry::Invitation(invitation) => shown(&invitation.label),
    }
}

/// How somebody stands, with whom an invitation became.
fn standing(canvas: &Canvas<'_, '_>, entry: &Entry<'_>) -> (Role, String) {
    let word = entry.standing(canvas.model);
    let role = match word {
        "active" | "open" => Role::Good,
        "disabled" => Role::Bad,
        _ => Role::Muted,
    };
    match entry {
        Entry::Invitation(invitation) => match &invitation.account {
            Some(account) => (role, format!("{word} by {}", canvas.model.shown(account))),
            None => (role, word.to_owned()),
        },
        Entry::Account(_) => (role, word.to_owned()),
    }
}

/// Whether somebody has handed in, in a word.
fn handed_in(state: HandedIn) -> (Role, String) {
    match state {
        HandedIn::In(1) => (Role::Good, "yes".to_owned()),
        HandedIn::In(revision) => (Role::Good, format!("yes, rev {revision}")),
        HandedIn::Partly(nodes) => (Role::Warn, plural(nodes as u64, "receipt", "receipts")),
        HandedIn::No => (Role::Warn, "no".to_owned()),
        HandedIn::Unknown => (Role::Muted, "?".to_owned()),
    }
}

fn columns<'a>(width: usize, head: String, cohort: Option<&'a Cohort<'a>>) -> Table<'a, Entry<'a>> {
    let (what, when) = (11, 23);
    let handed = if cohort.is_some() { 11 } else { 0 };
    let rest = width.saturating_sub(what + when + handed);
    let state = (rest * 2 / 5).max(8);
    Table::new([
        Column::new("name", rest.saturating_sub(state + 1), |canvas, entry: &Entry<'a>| {
            Cell::text(Role::Text, name(canvas, entry))
        }),
        Column::new("role", what, |_, entry: &Entry<'a>| Cell::text(Role::Muted, entry.kind()))
            .after(1),
        Column::new("state", state, |canvas, entry: &Entry<'a>| {
            let (role, text) = standing(canvas, entry);
            Cell::text(role, text)
        }),
        Column::new(head, when, |canvas, entry: &Entry<'a>| {
            let zone = &canvas.model.data().zone;
            let text = match entry {
                Entry::Account(account) => format!("since {}", minute(zone, account.created)),
                Entry::Invitation(invitation) => {
                    format!("until {}", minute(zone, invitation.expires))
                }
            };
            Cell::text(Role::Muted, text)
        }),
        Column::new("handed in", handed, move |_, entry: &Entry<'a>| {
            let state = match (entry, cohort) {
                (Entry::Account(account), Some(cohort)) => cohort.handed_in(account),
                _ => None,
            };
            let (role, text) = state.map_or((Role::Muted, String::new()), handed_in);
            Cell::text(role, text)
        }),
    ])
}

/// The selected one, and who has handed in to the selected session.
fn selected(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    entries: &[Entry<'_>],
    cohort: Option<&Cohort<'_>>,
) {
    let model = canvas.model;
    let entry = entries.get(cohort::row(model, entries)).filter(|_| model.data().people.read);
    let title = entry.map_or_else(|| "Nobody selected".to_owned(), |entry| name(canvas, entry));
    let inner = canvas.pane(area, &title, false);
    let mut row = 0;
    if let Some(entry) = entry {
        for line in about(canvas, entry) {
            row = canvas.wrapped(inner, row, Role::Text, &line);
        }
    }
    if let Some(cohort) = cohort {
        for (role, line) in summary(canvas, cohort, usize::from(inner.width)) {
            canvas.text(inner, row, role, &line);
            row += 1;
        }
    } else if let Some(session) =
        model.selected().filter(|session| session.terms.admission == Admission::Open)
    {
        let line = format!("{} is open to anyone, with an account or without.", session.title);
        canvas.text(inner, row, Role::Muted, &line);
    }
}

fn about(canvas: &Canvas<'_, '_>, entry: &Entry<'_>) -> Vec<String> {
    let date_time = |at| canvas.model.data().zone.date_time(at);
    match entry {
        Entry::Account(account) => {
            let since = match account.disabled {
                Some(at) => format!("disabled since {}", date_time(at)),
                None => "can log in".to_owned(),
            };
            let key = match account.key {
                Some(key) => format!("bound to the key {key}"),
                None => "bound to no key".to_owned(),
            };
            vec![format!("{}, {since}", account.role), key]
        }
        Entry::Invitation(invitation) => {
            let (_, state) = standing(canvas, entry);
            let then = match (invitation.redeemed, invitation.revoked) {
                (Some(at), _) => format!("used {}", date_time(at)),
                (None, Some(at)) => format!("taken back {}", date_time(at)),
                (None, None) => format!("good until {}", date_time(invitation.expires)),
            };
            let cohort = match invitation.cohort.as_str() {
                "" => String::new(),
                cohort => format!(" in {cohort}"),
            };
            vec![
                format!("invitation of a bidder{cohort}, {state}"),
                format!("made {}, {then}", date_time(invitation.created)),
            ]
        }
    }
}

/// How many of those who may have handed in, and who has not.
fn summary(canvas: &Canvas<'_, '_>, cohort: &Cohort<'_>, width: usize) -> Vec<(Role, String)> {
    let able = |account: &&Account| account.disabled.is_none();
    let accounts = canvas.model.data().people.accounts.iter().filter(able);
    let (mut all, mut handed, mut unknown, mut names) = (0, 0, 0, Vec::new());
    for account in accounts {
        let Some(state) = cohort.handed_in(account) else { continue };
        all += 1;
        match state {
            HandedIn::In(_) => handed += 1,
            HandedIn::Unknown => unknown += 1,
            HandedIn::No | HandedIn::Partly(_) => names.push(canvas.model.shown(&account.name)),
        }
    }
    let bidders = plural(all, "bidder", "bidders");
    let mut first = format!("{handed} of {bidders} handed in");
    if unknown > 0 {
        first = format!("{first}, {unknown} not known");
    }
    let session = cohort.session;
    let mut lines = vec![(Role::Title, format!("{}: {first}", session.title))];
    if !names.is_empty() {
        lines.push((Role::Warn, listed("not yet: ", &names, width)));
    }
    lines
}

/// As many names as fit, and how many more there are.
fn listed(before: &str, names: &[String], width: usize) -> String {
    let mut line = before.to_owned();
    for (at, name) in names.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        let more = format!(" +{}", names.len() - at);
        let wide = text::width(&line) + text::width(comma) + text::width(name);
        if at > 0 && wide + text::width(&more) > width {
            line.push_str(&more);
            break;
        }
        line.push_str(comma);
        line.push_str(name);
    }
    line
}
