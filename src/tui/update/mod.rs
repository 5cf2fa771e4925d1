//! The one place where the state changes: `update(model, action)` gives back what is to be done.
//!
//! - [`action`]: what goes in and what comes out
//! - [`keys`]: keys, mouse and typed text
//! - [`news`]: what the servers say
//! - [`list`]: filter, order, moving about
//! - [`allowed`]: what can be done now, and why not
//! - [`steps`]: opening, closing, writing sessions
//! - [`bidding`]: the form of a bid
//! - [`palette`]: finding commands

pub mod action;
pub mod allowed;
pub mod bidding;

pub mod keys;
pub mod list;
pub mod news;
pub mod palette;
pub mod steps;

use self::action::{Action, Cue, Effect};
use crate::base::Timestamp;
use crate::base::text::clean;
use crate::session::Phase;
use crate::tui::input::commands::Command;
use crate::tui::input::keymap::Layer;
use crate::tui::state::data::Level;
use crate::tui::state::model::{Asked, Model, Popup, Question, Screen};

/// Take an action in.
pub fn update(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Key(key) => {
            model.dirty = true;
            keys::key(model, key)
        }
        Action::Mouse(mouse) => keys::mouse(model, mouse),
        Action::Paste(text) => {
            keys::paste(model, &text);
            Vec::new()
        }
        Action::Resize(width, height) => {
            model.ui.size = (width, height);
            model.dirty = true;
            Vec::new()
        }
        Action::Tick(now) => tick(model, now),
        Action::Do(command) => run(model, command),
        Action::Cue(cue) => {
            cued(model, cue);
            Vec::new()
        }
        news => {
            model.dirty = true;
            news::take(model, news)
        }
    }
}

fn tick(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let before = (model.live().now, model.live().nodes_up());
    model.live_mut().now = now;
    // What shows is told in seconds; a node that falls silent shows at once.
    model.dirty |= before.0.millis().div_euclid(1000) != now.millis().div_euclid(1000);
    model.dirty |= before.1 != model.live().nodes_up();
    if model.ui.toast.as_ref().is_some_and(|toast| toast.until <= now) {
        model.ui.toast = None;
        model.dirty = true;
    }
    news::ask_for_detail(model)
}

fn cued(model: &mut Model, cue: Cue) {
    model.dirty = true;
    match cue {
        Cue::Starting(what) => {
            model.live_mut().link = crate::tui::state::data::Link::Starting { what }
        }
        Cue::Act(act) => model.ui.act = Some(act),
        Cue::Show(screen) => {
            // Who reads help or answers a question is not interrupted.
            if model.ui.popups.is_empty() && model.ui.form.is_none() {
                model.ui.screen = screen;
            }
        }
        Cue::Select(session) => {
            model.ui.selected = Some(session);
            model.asking.detail_stale = true;
        }
        Cue::Say(text) => model.say(Level::Info, text),
        Cue::Trouble(text) => {
            let text = clean(&text).to_string();
            news::log(model, Level::Error, None, &text);
            model.say(Level::Error, text);
        }
        Cue::Finish => model.over = true,
    }
}

/// Do what a command says, or say why not.
pub fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    model.dirty = true;
    if let Some(why) = allowed::refusal(model, command) {
        model.say(Level::Warn, format!("{}: {why}", command.row().name()));
        return Vec::new();
    }
    match command {
        Command::Open | Command::Close | Command::Cancel | Command::Retry => {
            steps::ask(model, command);
        }
        Command::New => model.ui.popups.push(Popup::New(Box::default())),
        Command::NextField
        | Command::PreviousField
        | Command::Change
        | Command::Submit
        | Command::Discard => return steps::form(model, command),
        Command::Record => return steps::record(model),
        Command::BidHere
        | Command::EditBid
        | Command::Resend
        | Command::SendBid
        | Command::Reveal
        | Command::LeaveForm => return bidding::run(model, command),
        Command::Yes => return yes(model),
        Command::Run => return palette::choose(model),
        Command::ChoiceUp | Command::ChoiceDown => palette::step(model, command),
        Command::No | Command::LeavePalette | Command::LeaveHelp => {
            model.ui.popups.pop();
        }
        Command::Filter
        | Command::KeepFilter
        | Command::DropFilter
        | Command::Sort
        | Command::SortBack
        | Command::Up
        | Command::Down
        | Command::PageUp
        | Command::PageDown
        | Command::Top
        | Command::Bottom
        | Command::Previous
        | Command::Following
        | Command::Follow
        | Command::Level
        | Command::OnlySelected => list::run(model, command),
        Command::Copy => return copy(model),
        Command::Refresh => {
            model.asking.detail_stale = true;
            model.say(Level::Info, "asking coordinator and nodes again");
            return vec![Effect::Refresh];
        }
        Command::Suspend => return vec![Effect::Suspend],
        Command::Redraw => return vec![Effect::Redraw],
        Command::Quit => quit(model),
        Command::Leave => leave(model),
        other => look(model, other),
    }
    Vec::new()
}

/// Commands that change nothing but the view.
fn look(model: &mut Model, command: Command) {
    match command {
        Command::Enter => model.ui.in_detail = true,
        Command::Back => model.ui.in_detail = false,
        Command::Screen1 => show(model, Screen::Auctions),
        Command::Screen2 | Command::ShowBracket => show(model, Screen::Bracket),
        Command::Screen3 => show(model, Screen::Nodes),
        Command::Screen4 => show(model, Screen::Bid),
        Command::Screen5 => show(model, Screen::Log),
        Command::NextScreen => turn(model, 1),
        Command::PreviousScreen => turn(model, Screen::ALL.len() - 1),
        Command::Keys => {
            model.ui.help_line = 0;
            let layer = model.layer();
            model.ui.popups.push(Popup::Help(layer));
        }
        Command::Commands => {
            let layer = model.layer();
            model
                .ui
                .popups
                .push(Popup::Palette(crate::tui::state::model::Palette::default(), layer));
        }
        Command::Pause => {
            model.pause();
            let text = if model.paused() {
                "the display is stopped; everything else goes on"
            } else {
                "the display goes on"
            };
            model.say(Level::Info, text);
        }
        Command::Enlarge => model.ui.enlarged = !model.ui.enlarged,
        Command::Mask => {
            model.ui.masked = !model.ui.masked;
            let text =
                if model.ui.masked { "bidders' names are hidden" } else { "names show again" };
            model.say(Level::Info, text);
        }
        Command::NextTheme => {
            model.theme = model.theme.next();
            let theme = model.theme;
            model.say(Level::Info, format!("theme: {theme}"));
        }
        // Everything else has been done already.
        _ => {}
    }
}

fn show(model: &mut Model, screen: Screen) {
    model.ui.screen = screen;
    model.ui.enlarged = false;
    if screen == Screen::Bid {
        // What is selected there is selected here, as far as it can be bid in.
        let selected = model.ui.selected;
        if model.biddable().iter().any(|session| Some(session.id) == selected) {
            model.ui.bid = selected;
        }
        news::keep_bid(model);
        if let (Some((_, session)), None) = (model.bid_at(), &model.ui.form) {
            model.ui.selected = Some(session.id);
        }
    }
    model.asking.detail_stale = true;
}

fn turn(model: &mut Model, by: usize) {
    let here = Screen::ALL.iter().position(|screen| *screen == model.ui.screen).unwrap_or(0);
    show(model, Screen::ALL[(here + by) % Screen::ALL.len()]);
}

fn yes(model: &mut Model) -> Vec<Effect> {
    let Some(Popup::Confirm(_)) = model.ui.popups.last() else { return Vec::new() };
    let Some(Popup::Confirm(question)) = model.ui.popups.pop() else { return Vec::new() };
    match question.asked {
        Asked::Deed(session, deed) => steps::confirmed(model, session, deed),
        Asked::Bid(session) => bidding::confirmed(model, session),
        Asked::Quit => {
            model.over = true;
            Vec::new()
        }
    }
}

/// Leave at once, unless something would be interrupted.
fn quit(model: &mut Model) {
    let running =
        model.live().sessions.iter().find(|session| {
            matches!(session.phase, Phase::Open | Phase::Closing | Phase::Computing)
        });
    let sending = model.ui.form.as_ref().is_some_and(|form| {
        matches!(form.stage, crate::tui::state::model::BidStage::Sending { .. })
    });
    let lines = match running {
        _ if sending => vec![
            "Your bid is on its way and not every receipt is here.".to_owned(),
            "The envelope is kept; it can be sent again later.".to_owned(),
        ],
        _ if !model.person.serves.is_empty() => vec![
            format!("It stops {} as well.", model.person.serves),
            match running {
                Some(session) => format!("{} is {}.", session.title, session.phase),
                None => "No session is under way.".to_owned(),
            },
            "`gavel serve --headless` runs without screens; `gavel tui` comes and goes.".to_owned(),
        ],
        Some(session) if model.person.demo => vec![
            format!("{} is {}.", session.title, session.phase),
            "The demo's servers stop with this program.".to_owned(),
        ],
        _ => {
            model.over = true;
            return;
        }
    };
    model.ui.popups.push(Popup::Confirm(Question {
        asked: Asked::Quit,
        title: "Leave now?".to_owned(),
        lines,
        grave: true,
    }));
}

/// Leave from anywhere. Where servers stop with this program it asks once; the same key again
/// leaves.
fn leave(model: &mut Model) {
    let asked =
        matches!(model.ui.popups.last(), Some(Popup::Confirm(Question { asked: Asked::Quit, .. })));
    if asked || model.person.serves.is_empty() { model.over = true } else { quit(model) }
}

/// What `y` copies here.
pub fn to_copy(model: &Model) -> Option<(&'static str, String)> {
    match model.ui.screen {
        Screen::Auctions | Screen::Bracket | Screen::Log => {
            model.ui.selected.map(|session| ("session id", session.to_string()))
        }
        Screen::Nodes => {
            let data = model.data();
            let node = data.nodes.get(model.ui.node)?;
            let card = data.roster.as_ref()?.node(node.status.node)?;
            Some(("public key of the node", card.key.to_string()))
        }
        Screen::Bid => {
            let session = match &model.ui.form {
                Some(form) => form.session,
                None => model.bid_at()?.1.id,
            };
            match model.data().own.get(&session) {
                Some(own) => {
                    Some(("envelope's digest, as on your receipts", own.envelope.to_string()))
                }
                None => Some(("session id", session.to_string())),
            }
        }
    }
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let Some((what, text)) = to_copy(model) else { return Vec::new() };
    model.say(
        Level::Info,
        format!("copied the {what}: {}", crate::tui::view::text::truncate(&text, 20, "..")),
    );
    vec![Effect::Copy(clean(&text))]
}

/// The layer whose commands a key or the palette reaches now, without what lies over it.
pub fn beneath(model: &Model) -> Layer {
    model.screen_layer()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
#[path = "role_tests.rs"]
mod role_tests;
