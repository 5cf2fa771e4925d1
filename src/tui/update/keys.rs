//! Keys, mouse and typed text: which layer gets them.

use crossterm::event::{KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::action::Effect;
use super::dispatch::run;
use super::{answering, filter, invite, moves, new_session, palette};
use crate::tui::input::commands::PaletteCommand;
use crate::tui::input::key::Key;
use crate::tui::input::layer::Layer;
use crate::tui::state::field::Field;
use crate::tui::state::forms::{BidStage, Popup};
use crate::tui::state::model::Model;
use crate::tui::state::screen::{Hit, List};

/// Take a key.
pub fn key(model: &mut Model, event: KeyEvent) -> Vec<Effect> {
    if event.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let key = Key::of(event);
    let layer = model.layer();
    if layer.takes_text() && key.is_text() {
        typed(model, event);
        return Vec::new();
    }
    if let Some(row) = model.keymap.command(layer, key) {
        return run(model, row.command);
    }
    if layer.takes_text() {
        typed(model, event);
        return Vec::new();
    }
    if !layer.is_popup()
        && let Some(row) = model.keymap.command(Layer::Global, key)
    {
        return run(model, row.command);
    }
    Vec::new()
}

/// The field that has the keys.
fn field(model: &mut Model) -> Option<&mut Field> {
    if !model.ui.popups.is_empty() {
        return match model.ui.popups.last_mut()? {
            Popup::Palette(palette, _) => Some(&mut palette.field),
            Popup::NewSession(form) => form.typed(),
            Popup::Login(form) => form.typed(),
            Popup::Invite(form) => form.typed(),
            Popup::Path(form) if form.writing => None,
            Popup::Path(form) => Some(&mut form.path),
            Popup::Help(_)
            | Popup::Confirm(_)
            | Popup::Audit(_)
            | Popup::Prints(_)
            | Popup::Variables(_)
            | Popup::Models(_)
            | Popup::Approval(_)
            | Popup::Code(_) => None,
        };
    }
    if model.ui.filtering {
        return Some(filter::field_mut(&mut model.ui));
    }
    let form = model.ui.form.as_mut()?;
    if !matches!(form.stage, BidStage::Editing | BidStage::Failed { .. }) {
        return None;
    }
    match (&mut form.answers, &mut form.score) {
        (Some(answers), _) => answers.typed(),
        (None, Some(score)) if !score.named => Some(&mut score.path),
        (None, _) => Some(&mut form.amount),
    }
}

fn typed(model: &mut Model, event: KeyEvent) {
    if let Some(field) = field(model)
        && field.key(event)
    {
        changed(model);
    } else if model.layer() == Layer::AnswerForm {
        answering::pick(model, event);
    }
}

/// Take pasted text.
pub fn paste(model: &mut Model, text: &str) {
    if let Some(field) = field(model) {
        field.paste(text);
        model.dirty = true;
        changed(model);
    }
}

/// What follows from a changed field.
fn changed(model: &mut Model) {
    match model.layer() {
        Layer::Filter => filter::changed(model),
        Layer::Palette => palette::reset(model),
        Layer::BidForm | Layer::AnswerForm => {
            // What was said of a row without an answer is over.
            if model.layer() == Layer::AnswerForm {
                model.ui.toast = None;
            }
            if let Some(form) = &mut model.ui.form
                && matches!(form.stage, BidStage::Failed { .. })
            {
                form.stage = BidStage::Editing;
            }
        }
        Layer::NewSession => {
            if let Some(form) = model.new_session() {
                let fault = new_session::fault(form, true);
                form.notice = fault.filter(|(at, _)| *at == form.focus).map(|(_, why)| why);
            }
        }
        Layer::Path => {
            if let Some(form) = model.path_form() {
                form.notice = None;
            }
        }
        Layer::Login => {
            if let Some(form) = model.login() {
                form.notice = None;
            }
        }
        Layer::Invite => invite::typed(model),
        Layer::Global
        | Layer::Auctions
        | Layer::Detail
        | Layer::Bracket
        | Layer::Nodes
        | Layer::Bid
        | Layer::Log
        | Layer::People
        | Layer::Code
        | Layer::Help
        | Layer::Audit
        | Layer::Prints
        | Layer::Variables
        | Layer::Models
        | Layer::Batches
        | Layer::Approval
        | Layer::Confirm => {}
    }
}

/// Take the mouse.
pub fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    let at = Position::new(event.column, event.row);
    let hit = model.ui.drawn.hits.iter().rev().find(|(area, _)| area.contains(at));
    let Some(hit) = hit.map(|(_, hit)| *hit) else { return Vec::new() };
    let step = match event.kind {
        MouseEventKind::ScrollUp => -3,
        MouseEventKind::ScrollDown => 3,
        MouseEventKind::Down(MouseButton::Left) => {
            model.dirty = true;
            return click(model, hit);
        }
        _ => return Vec::new(),
    };
    if let Hit::Row(of, _) | Hit::Within(of) = hit {
        model.dirty = true;
        moves::scroll(model, of, step);
    }
    Vec::new()
}

fn click(model: &mut Model, hit: Hit) -> Vec<Effect> {
    let covered = model.layer().is_popup();
    match hit {
        Hit::Hint(command) => return run(model, command),
        Hit::Row(list @ (List::Audit | List::Variables | List::Models | List::Batches), row) => {
            moves::select(model, list, row);
        }
        Hit::Row(List::Palette, row) => {
            palette::select(model, row);
            return run(model, PaletteCommand::Run);
        }
        Hit::Tab(_) | Hit::Row(..) if covered => {}
        Hit::Tab(screen) => return run(model, screen.command()),
        Hit::Row(of, row) => moves::select(model, of, row),
        Hit::Within(_) => {}
    }
    Vec::new()
}
