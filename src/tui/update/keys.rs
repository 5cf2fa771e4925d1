//! Keys, mouse and typed text: which layer gets them.

use crossterm::event::{KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::action::Effect;
use super::{list, palette, run, steps};
use crate::tui::input::commands::Command;
use crate::tui::input::keymap::{Key, Layer};
use crate::tui::state::field::Field;
use crate::tui::state::model::{BidStage, Hit, List, Model, Popup};

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
            Popup::New(form) => steps::field(form),
            Popup::Help(_) | Popup::Confirm(_) => None,
        };
    }
    if model.ui.filtering {
        return Some(list::filter_field(model));
    }
    let form = model.ui.form.as_mut()?;
    matches!(form.stage, BidStage::Editing | BidStage::Failed { .. }).then_some(&mut form.amount)
}

fn typed(model: &mut Model, event: KeyEvent) {
    if let Some(field) = field(model)
        && field.key(event)
    {
        changed(model);
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
        Layer::Filter => list::arrange(model),
        Layer::Palette => palette::reset(model),
        Layer::BidForm => {
            if let Some(form) = &mut model.ui.form
                && matches!(form.stage, BidStage::Failed { .. })
            {
                form.stage = BidStage::Editing;
            }
        }
        Layer::NewSession => {
            if let Some(form) = super::allowed::new_form(model) {
                let fault = steps::fault(form, true);
                form.notice = fault.filter(|(at, _)| *at == form.focus).map(|(_, why)| why);
            }
        }
        _ => {}
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
        list::scroll(model, of, step);
    }
    Vec::new()
}

fn click(model: &mut Model, hit: Hit) -> Vec<Effect> {
    let covered = model.layer().is_popup();
    match hit {
        Hit::Tab(screen) if !covered => return run(model, screen.command()),
        Hit::Hint(command) => return run(model, command),
        Hit::Node(node) if !covered => model.ui.node = node,
        Hit::Row(List::Palette, row) => {
            palette::select(model, row);
            return run(model, Command::Run);
        }
        Hit::Row(of, row) if !covered => list::select(model, of, row),
        _ => {}
    }
    Vec::new()
}
