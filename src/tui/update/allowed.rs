//! What can be done now, and if not, why not. The same words dim a hint, grey a line of the
//! palette, and answer a key.

use super::{audit, clipboard, cohort, look_back, new_session};
use crate::client::amount::{Check, check};
use crate::rules::terms::Admission;
use crate::session::{Phase, SessionId};
use crate::tui::figures::with_article;
use crate::tui::input::commands::{
    AnswerFormCommand, BidFormCommand, BidsCommand, Command, FilterCommand, GlobalCommand,
    HelpCommand, ListCommand, LogCommand, ModelsCommand, PaletteCommand, PeopleCommand, Step,
    VariablesCommand,
};
use crate::tui::input::layer::Layer;
use crate::tui::state::answers::OwnCohort;
use crate::tui::state::data::{Link, Session};
use crate::tui::state::forms::BidStage;
use crate::tui::state::model::Model;
use crate::tui::state::people::{Standing, Who};

/// Why a command cannot be done now; `None` when it can.
pub fn refusal(model: &Model, command: impl Into<Command>) -> Option<String> {
    let refused = match command.into() {
        Command::Step(step) => self::step(model, step),
        Command::List(command) => list(model, command),
        Command::Bids(BidsCommand::Edit) => match model.bid_at() {
            None => Err("no auction is open".to_owned()),
            Some((_, session)) => bid(model, session),
        },
        Command::Bids(BidsCommand::Resend) => resend(model),
        Command::BidForm(command) => bid_form(model, command),
        Command::AnswerForm(command) => answer_form(model, command),
        Command::Log(LogCommand::OnlySelected)
            if !model.ui.log.only && model.ui.selected.is_none() =>
        {
            Err("select an auction first".to_owned())
        }
        Command::Log(LogCommand::OnlySelected | LogCommand::Follow | LogCommand::Level)
        | Command::Move(_) => Ok(()),
        Command::People(command) => people(model, command),
        Command::Invite(_) => within(model, Layer::Invite, "an invitation is being made"),
        Command::Code(_) => within(model, Layer::Code, "an invitation's code is shown"),
        Command::Confirm(_) => within(model, Layer::Confirm, "a question is asked"),
        Command::Audit(_) => within(model, Layer::Audit, "a record is looked at"),
        Command::Prints(_) => within(model, Layer::Prints, "the fingerprints are shown"),
        Command::Variables(VariablesCommand::Forget) => {
            within(model, Layer::Variables, "the variables show").and_then(|()| operator(model))
        }
        Command::Variables(_) => within(model, Layer::Variables, "the variables show"),
        Command::Models(ModelsCommand::Withdraw) => {
            within(model, Layer::Models, "the models show").and_then(|()| operator(model))
        }
        Command::Models(_) => within(model, Layer::Models, "the models show"),
        Command::Batches(_) => within(model, Layer::Batches, "the batches of a model show"),
        Command::Approval(_) => within(model, Layer::Approval, "a job's signed steps show"),
        Command::Path(_) => within(model, Layer::Path, "a path is asked for"),
        Command::Login(_) => within(model, Layer::Login, "somebody logs in"),
        Command::NewSession(_) => within(model, Layer::NewSession, "a session is being written"),
        Command::Palette(
            PaletteCommand::Run | PaletteCommand::Up | PaletteCommand::Down | PaletteCommand::Leave,
        ) => within(model, Layer::Palette, "the palette is open"),
        Command::Filter(FilterCommand::Keep | FilterCommand::Drop) => {
            within(model, Layer::Filter, "the filter is being typed")
        }
        Command::Help(HelpCommand::Leave) => within(model, Layer::Help, "the page of keys is open"),
        Command::Global(command) => global(model, command),
    };
    refused.err()
}

fn within(model: &Model, layer: Layer, when: &str) -> Result<(), String> {
    if model.layer() == layer { Ok(()) } else { Err(format!("only while {when}")) }
}

fn global(model: &Model, command: GlobalCommand) -> Result<(), String> {
    match command {
        GlobalCommand::Copy if clipboard::to_copy(model).is_none() => {
            Err("nothing is selected".to_owned())
        }
        GlobalCommand::Prints if model.data().roster.is_none() => {
            Err("no roster is here yet".to_owned())
        }
        GlobalCommand::LogIn if model.person.account.is_none() => {
            Err("this program uses the keys of its home, no login".to_owned())
        }
        GlobalCommand::People if !model.person.operator => {
            Err("this is for the coordinator's operator, whose key is not here".to_owned())
        }
        GlobalCommand::Variables | GlobalCommand::Models
            if !model.person.operator && model.person.node.is_none() =>
        {
            Err("this is for operators of the coordinator and of nodes".to_owned())
        }
        GlobalCommand::Copy
        | GlobalCommand::Prints
        | GlobalCommand::Variables
        | GlobalCommand::Models
        | GlobalCommand::LogIn
        | GlobalCommand::Auctions
        | GlobalCommand::Bracket
        | GlobalCommand::Nodes
        | GlobalCommand::Bids
        | GlobalCommand::Log
        | GlobalCommand::People
        | GlobalCommand::NextScreen
        | GlobalCommand::PreviousScreen
        | GlobalCommand::Keys
        | GlobalCommand::Palette
        | GlobalCommand::Pause
        | GlobalCommand::Enlarge
        | GlobalCommand::Mask
        | GlobalCommand::Refresh
        | GlobalCommand::NextTheme
        | GlobalCommand::Redraw
        | GlobalCommand::Suspend
        | GlobalCommand::Quit
        | GlobalCommand::Leave => Ok(()),
    }
}

fn list(model: &Model, command: ListCommand) -> Result<(), String> {
    match command {
        ListCommand::Bid => match model.selected() {
            None => Err("select an auction first".to_owned()),
            Some(session) => bid(model, session),
        },
        ListCommand::New => operator(model),
        ListCommand::Edit => operator(model).and_then(|()| match model.selected() {
            None => Err("select an auction first".to_owned()),
            Some(session) if session.phase != Phase::Draft => {
                Err(format!("it is {}: only a draft can be changed", session.phase))
            }
            Some(session) if new_session::file_of(model, session.id).is_none() => {
                Err("the draft's file has not come yet".to_owned())
            }
            Some(_) => Ok(()),
        }),
        ListCommand::ShowBracket | ListCommand::Enter => match model.selected() {
            None => Err("select an auction first".to_owned()),
            Some(_) => Ok(()),
        },
        ListCommand::Back if !model.ui.in_detail => Err("only from an auction's detail".to_owned()),
        ListCommand::Previous | ListCommand::Next if model.ui.order.len() < 2 => {
            Err("there is no other auction in the list".to_owned())
        }
        ListCommand::Earlier if look_back::course(model).is_none() => {
            Err("how it was computed shows once it is settled".to_owned())
        }
        ListCommand::Earlier if look_back::point(model) == Some(0) => {
            Err("this is the first step".to_owned())
        }
        ListCommand::Later | ListCommand::Result if look_back::point(model).is_none() => {
            Err("only while looking back at how it was computed".to_owned())
        }
        ListCommand::Table => table(model),
        ListCommand::Record => record(model, model.ui.selected),
        ListCommand::Audit => record(model, audit::session(model)),
        ListCommand::Approve => approve(model),
        ListCommand::Back
        | ListCommand::Previous
        | ListCommand::Next
        | ListCommand::Earlier
        | ListCommand::Later
        | ListCommand::Result
        | ListCommand::Filter
        | ListCommand::ShowAll
        | ListCommand::Sort
        | ListCommand::Reverse => Ok(()),
    }
}

/// Whether the selected job waits for our word.
fn approve(model: &Model) -> Result<(), String> {
    if model.person.node.is_none() {
        return Err("this is for a node's operator, whose key is not here".to_owned());
    }
    if model.person.read_only {
        return Err("this program was started with --read-only".to_owned());
    }
    match model.selected() {
        None => Err("select a job first".to_owned()),
        Some(session) if model.live().awaiting.contains(&session.id) => Ok(()),
        Some(_) => Err("it does not wait for your node's word".to_owned()),
    }
}

fn bid_form(model: &Model, command: BidFormCommand) -> Result<(), String> {
    match command {
        BidFormCommand::Send => sendable(model),
        BidFormCommand::Reveal | BidFormCommand::Leave if model.ui.form.is_none() => {
            Err("only in the form of a bid".to_owned())
        }
        BidFormCommand::Reveal if model.sending() => {
            Err("the amount has been sealed and is kept nowhere".to_owned())
        }
        BidFormCommand::Reveal | BidFormCommand::Leave => Ok(()),
    }
}

fn answer_form(model: &Model, command: AnswerFormCommand) -> Result<(), String> {
    let Some(form) = model.ui.form.as_ref().filter(|form| form.answers.is_some()) else {
        return Err("only in the form of a survey's answers".to_owned());
    };
    match command {
        AnswerFormCommand::Leave => Ok(()),
        _ if matches!(form.stage, BidStage::Sending { .. }) => {
            Err("the answers have been sealed and are kept nowhere".to_owned())
        }
        AnswerFormCommand::Send => {
            let session = model.live().session(form.session).ok_or("the session is gone")?;
            bidder(model, session)?;
            let both = session.survey().zip(form.answers.as_ref());
            if both.is_some_and(|(survey, answers)| answers.unfinished(survey).is_some()) {
                // To the answer that is missing.
                return Ok(());
            }
            match form.answers.as_ref().and_then(|answers| answers.own.as_ref()) {
                None | Some(OwnCohort::Known(_)) => Ok(()),
                Some(OwnCohort::Refused(why)) => Err(why.to_string()),
                Some(OwnCohort::Unasked | OwnCohort::Asked) => {
                    Err("the coordinator is still asked in which cohort you are".to_owned())
                }
            }
        }
        AnswerFormCommand::Next
        | AnswerFormCommand::Previous
        | AnswerFormCommand::Change
        | AnswerFormCommand::ChangeBack
        | AnswerFormCommand::Reveal => Ok(()),
    }
}

/// Whether there is a result that can be written as a table.
fn table(model: &Model) -> Result<(), String> {
    let Some(session) = model.selected() else {
        return Err("select an auction first".to_owned());
    };
    if session.market().is_some() {
        return Err("what a market comes to is in its record".to_owned());
    }
    if session.phase != Phase::Settled {
        return Err("there is a result once it is settled".to_owned());
    }
    connected_to_read(model)
}

/// Whether the coordinator can be asked to change something.
fn connected(model: &Model) -> Result<(), String> {
    if model.person.read_only {
        return Err("this program was started with --read-only".to_owned());
    }
    match model.live().link {
        Link::Connected { .. } => Ok(()),
        Link::Lost { refused: true, .. } => Err("the coordinator refuses us".to_owned()),
        Link::Lost { .. } => Err("the coordinator does not answer".to_owned()),
        Link::Starting { .. } => Err("not connected yet".to_owned()),
    }
}

pub(super) fn operator(model: &Model) -> Result<(), String> {
    if !model.person.operator {
        return Err("this is for the coordinator's operator, whose key is not here".to_owned());
    }
    if model.live().login_over.is_some() {
        return Err(login_over(model));
    }
    connected(model)
}

fn people(model: &Model, command: PeopleCommand) -> Result<(), String> {
    match command {
        PeopleCommand::Invite => return operator(model),
        PeopleCommand::RevokeUnused => return revoke_unused(model),
        PeopleCommand::Revoke | PeopleCommand::Disable | PeopleCommand::Enable => {}
    }
    match cohort::selected(model) {
        Some(entry) => person(model, entry.who(), command),
        None => operator(model).and(Err("select somebody first".to_owned())),
    }
}

/// Whether there are invitations that can be taken back.
pub fn revoke_unused(model: &Model) -> Result<(), String> {
    operator(model)?;
    match model.live().people.open_invitations(model.live().coordinator_now()) {
        0 => Err("no invitation is open".to_owned()),
        _ => Ok(()),
    }
}

/// Whether a command can be done now about somebody in the list.
pub fn person(model: &Model, who: Who, command: PeopleCommand) -> Result<(), String> {
    operator(model)?;
    let people = &model.live().people;
    let why = match (command, who) {
        (PeopleCommand::Invite, _) => return Ok(()),
        (PeopleCommand::RevokeUnused, _) => return revoke_unused(model),
        (PeopleCommand::Revoke, Who::Invitation(code)) => {
            let known = people.invitations.iter().find(|invitation| invitation.digest == code);
            match known.map(|known| known.standing(model.live().coordinator_now())) {
                Some(Standing::Open) => return Ok(()),
                Some(Standing::Used) => "it was used already; disable the account",
                Some(Standing::Revoked) => "it was taken back already",
                Some(Standing::Expired) => "it has expired already",
                None => "the invitation is gone",
            }
        }
        (PeopleCommand::Disable | PeopleCommand::Enable, Who::Account(id)) => {
            let known = people.accounts.iter().find(|account| account.id == id);
            let enable = command == PeopleCommand::Enable;
            match known.map(|account| account.disabled.is_some()) {
                Some(disabled) if disabled == enable => return Ok(()),
                Some(true) => "it is disabled already",
                Some(false) => "it is not disabled",
                None => "the account is gone",
            }
        }
        (PeopleCommand::Revoke, Who::Account(_)) => "select an invitation first",
        (PeopleCommand::Disable | PeopleCommand::Enable, Who::Invitation(_)) => {
            "select an account first"
        }
    };
    Err(why.to_owned())
}

fn step(model: &Model, step: Step) -> Result<(), String> {
    let Some(id) = model.ui.selected else {
        return Err("select an auction first".to_owned());
    };
    step_of(model, id, step)
}

/// Whether a session's step can be taken now.
pub fn step_of(model: &Model, id: SessionId, step: Step) -> Result<(), String> {
    let Some(session) = model.live().session(id) else {
        return Err("select an auction first".to_owned());
    };
    operator(model)?;
    of_phase(step, session.phase)
}

/// Whether a step can be taken in a phase, whoever takes it.
pub fn of_phase(step: Step, phase: Phase) -> Result<(), String> {
    let why = match (step, phase) {
        (Step::Open, Phase::Draft)
        | (Step::Close, Phase::Open | Phase::Paused)
        | (Step::Pause, Phase::Open)
        | (Step::Resume, Phase::Paused)
        | (Step::Cancel, Phase::Draft | Phase::Open | Phase::Paused | Phase::Closing)
        | (Step::Retry, Phase::Failed) => return Ok(()),
        (Step::Open, Phase::Cancelled) => "it was called off; write a new one",
        (
            Step::Open,
            Phase::Open
            | Phase::Paused
            | Phase::Closing
            | Phase::Computing
            | Phase::Settled
            | Phase::Failed,
        ) => "it has been opened already",
        (Step::Close | Step::Pause | Step::Resume, Phase::Draft) => "it is not open yet",
        (Step::Close | Step::Pause | Step::Resume, Phase::Cancelled) => "it was called off",
        (Step::Pause, Phase::Paused) => "it is paused already",
        (Step::Resume, Phase::Open) => "it is not paused",
        (
            Step::Close | Step::Pause | Step::Resume,
            Phase::Closing | Phase::Computing | Phase::Settled | Phase::Failed,
        ) => "bidding has ended already",
        (Step::Cancel, Phase::Settled) => "it is decided, nothing can change it",
        (Step::Cancel, Phase::Cancelled) => "it was called off already",
        (Step::Cancel, Phase::Computing | Phase::Failed) => {
            "the bids are fixed and the outcome is being computed"
        }
        (
            Step::Retry,
            Phase::Draft
            | Phase::Open
            | Phase::Paused
            | Phase::Closing
            | Phase::Computing
            | Phase::Settled
            | Phase::Cancelled,
        ) => "only a failed session is tried again",
    };
    Err(why.to_owned())
}

/// Whether we may bid in a session at all.
pub fn bidder(model: &Model, session: &Session) -> Result<(), String> {
    if model.person.bidder.is_none() {
        return Err("no bidder's key is here; `gavel init bidder --name NAME` makes one".to_owned());
    }
    open_for_bids(model, session)?;
    connected(model)?;
    if session.terms.admission == Admission::Accounts && model.live().login_over.is_some() {
        return Err(login_over(model));
    }
    Ok(())
}

/// Whether a session takes bids, by its phase and the coordinator's clock.
pub fn open_for_bids(model: &Model, session: &Session) -> Result<(), String> {
    let why = match session.phase {
        Phase::Draft => "it is not open for bids yet",
        Phase::Cancelled => "it was called off",
        Phase::Paused => "it is paused; bids come in again once its operator lets it go on",
        Phase::Open if model.live().closes_in(session).is_none_or(|left| left > 0) => return Ok(()),
        Phase::Open | Phase::Closing | Phase::Computing | Phase::Settled | Phase::Failed => {
            "bidding has ended"
        }
    };
    Err(why.to_owned())
}

fn login_over(model: &Model) -> String {
    let key = model.keymap.first(Layer::Global, GlobalCommand::LogIn);
    format!("your login has ended; {key} logs in again")
}

/// Whether we may write a bid for this session.
pub fn bid(model: &Model, session: &Session) -> Result<(), String> {
    bidder(model, session)?;
    if model.data().own.latest(session.id).is_some() && !session.terms.replace_bids {
        let (what, kind) = (session.entry_word(), session.sort_word());
        return Err(format!("this {kind} takes one {what} each, and yours is in"));
    }
    if model.sending() {
        let what = with_article(session.entry_word());
        return Err(format!("{what} is on its way; wait for its receipts"));
    }
    Ok(())
}

/// Whether what is typed can be handed in.
fn sendable(model: &Model) -> Result<(), String> {
    let Some(form) = &model.ui.form else {
        return Err("only in the form of a bid".to_owned());
    };
    if let BidStage::Sending { .. } = form.stage {
        return Err("it is on its way".to_owned());
    }
    let Some(session) = model.live().session(form.session) else {
        return Err("the session is gone".to_owned());
    };
    bidder(model, session)?;
    match form.unnamed() {
        Some(path) if path.is_empty() => return Err("name the file of your score first".to_owned()),
        Some(_) => return Ok(()),
        None => {}
    }
    match check(form.amount.text(), &session.terms) {
        Check::Empty => Err("type an amount first".to_owned()),
        Check::Wrong(why) => Err(why),
        Check::Fine(_) => Ok(()),
    }
}

fn resend(model: &Model) -> Result<(), String> {
    let Some((_, session)) = model.bid_at() else {
        return Err("no auction is selected".to_owned());
    };
    bidder(model, session)?;
    let Some(own) = model.data().own.latest(session.id) else {
        return Err("you have not bid in it".to_owned());
    };
    if own.receipts.len() >= model.data().nodes.len() {
        return Err("every node has given its receipt".to_owned());
    }
    Ok(())
}

fn record(model: &Model, session: Option<SessionId>) -> Result<(), String> {
    let Some(session) = session else {
        return Err("select an auction first".to_owned());
    };
    match model.data().details.get(&session) {
        Some(detail) if detail.manifest.is_some() => connected_to_read(model),
        _ => Err("there is a record once the bids are fixed and signed".to_owned()),
    }
}

fn connected_to_read(model: &Model) -> Result<(), String> {
    match model.live().link {
        Link::Connected { .. } => Ok(()),
        Link::Lost { .. } | Link::Starting { .. } => {
            Err("the coordinator does not answer".to_owned())
        }
    }
}
