//! The form of a session, new or a draft.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::screens::rule_of;
use super::super::text;
use super::super::theme::Role;
use crate::rules::auction::scored::Pays;
use crate::tui::input::commands::NewSessionCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::field::Field;
use crate::tui::state::new_session::{NewSession, NewSessionField, Value};
use crate::tui::state::scoring::Chosen;

/// Columns before the fields.
const LABEL: u16 = 24;

/// Where a field begins that stands beside another one.
const BESIDE: u16 = 42;

/// Columns before such a field.
const LABEL_BESIDE: u16 = 11;

/// The label of the key of a model's owner.
const OWNER: &str = "  owner's key";

/// Whether a field stands on the line of the one before it. A scored auction has more fields than an
/// ordinary screen has lines.
const fn stands_beside(form: &NewSession, field: NewSessionField) -> bool {
    form.is_scored() && matches!(field, NewSessionField::Decimals | NewSessionField::Highest)
}

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, form: &NewSession) {
    let word = if form.busy { "asking the coordinator ..." } else { "" };
    let title = match form.editing {
        Some(session) => format!("Draft {}", session.short()),
        None => "New session".to_owned(),
    };
    let inner = super::over(canvas, area, (74, 21), &title, word);
    let mut row = 0;
    for &field in form.fields() {
        let focused = field == form.focus;
        let mut place = inner;
        match field {
            NewSessionField::File => {}
            // A line between the file and the fields it would fill.
            NewSessionField::Title => row += 2,
            _ if stands_beside(form, field) => place.x += BESIDE,
            _ => row += 1,
        }
        place.width = inner.right().saturating_sub(place.x);
        let labels = if place.x > inner.x { LABEL_BESIDE } else { LABEL };
        let role = if focused { Role::Key } else { Role::Muted };
        let pointer = if focused { canvas.glyphs().pointer } else { " " };
        let label = format!("{pointer} {}", field.label());
        canvas.text(Rect { width: labels.min(place.width), ..place }, row, role, &label);
        let width = place.width.saturating_sub(labels);
        let place = Rect { x: place.x + labels, width, ..place };
        match form.value(field) {
            Value::Text(text) => {
                typed(canvas, place, row, text, focused, columns(field));
            }
            Value::Choice(name) => chosen(canvas, place, row, &name, focused),
        }
        if field == NewSessionField::Model {
            // It follows from the model, and is there to be compared.
            row += 1;
            canvas.text(Rect { width: LABEL.min(inner.width), ..inner }, row, Role::Muted, OWNER);
            let owner = form.scoring.chosen.as_ref().map_or("-", |chosen| chosen.owner.as_str());
            let role = if focused { Role::Text } else { Role::Muted };
            canvas.text(place, row, role, owner);
        }
    }
    let last = usize::from(inner.height).saturating_sub(1);
    let (role, text) = match &form.notice {
        Some(notice) => (Role::Warn, notice.clone()),
        None => (Role::Muted, help(canvas, form)),
    };
    let lines = text::wrap(&text, usize::from(inner.width)).len();
    let row = (row + 2).min(last.saturating_sub(lines)).max(row + 1);
    canvas.wrapped(inner, row, role, &text);
    let submit = canvas.model.keymap.first(Layer::NewSession, NewSessionCommand::Submit);
    let text = if form.focus == NewSessionField::File && !form.file.is_empty() {
        format!("{submit} reads the file")
    } else {
        let what = if form.editing.is_some() { "changes the draft" } else { "writes the session" };
        format!("{submit} {what}{}", if form.open { " and opens it" } else { "" })
    };
    canvas.text(inner, last, Role::Muted, &text);
}

/// Columns that a field's text gets.
const fn columns(field: NewSessionField) -> usize {
    match field {
        NewSessionField::File | NewSessionField::Title | NewSessionField::Description => 46,
        NewSessionField::Currency => 14,
        NewSessionField::Decimals => 4,
        NewSessionField::Quantity => 8,
        NewSessionField::Reserve | NewSessionField::Maximum | NewSessionField::Weight => 24,
        NewSessionField::Lowest | NewSessionField::Highest => 16,
        NewSessionField::Until => 30,
        NewSessionField::Kind
        | NewSessionField::Pays
        | NewSessionField::Model
        | NewSessionField::Replace
        | NewSessionField::Open => 0,
    }
}

/// What the field with the keys is for.
fn help(canvas: &Canvas<'_, '_>, form: &NewSession) -> String {
    let keymap = &canvas.model.keymap;
    let submit = keymap.first(Layer::NewSession, NewSessionCommand::Submit);
    let change = keymap.first(Layer::NewSession, NewSessionCommand::Change);
    match form.focus {
        NewSessionField::File => {
            format!("the path of a session file; {submit} reads it into this form")
        }
        NewSessionField::Title => "what is sold or bought".to_owned(),
        NewSessionField::Description => {
            "what else there is to know of it, up to 600 characters; may be empty".to_owned()
        }
        NewSessionField::Kind if form.is_scored() => {
            format!("the lowest price less weight times score wins; {change} changes it")
        }
        NewSessionField::Kind => {
            let several = form.quantity.text().trim().parse().is_ok_and(|lots: u32| lots > 1);
            format!("{}; {change} changes it", rule_of(form.kind, several))
        }
        NewSessionField::Quantity => {
            "how many equal lots there are, one per bidder; usually one".to_owned()
        }
        NewSessionField::Currency => "shown behind amounts, such as EUR".to_owned(),
        NewSessionField::Decimals => "decimals of amounts, 0 to 8".to_owned(),
        NewSessionField::Reserve if form.is_scored() => {
            "the highest price that is paid, and the largest bid".to_owned()
        }
        NewSessionField::Reserve => "the worst price that still wins; empty for none".to_owned(),
        NewSessionField::Maximum => "the largest bid; empty for the usual".to_owned(),
        NewSessionField::Pays => {
            let paid = match form.scoring.pays {
                Pays::Own => "the winner is paid its own price",
                Pays::Threshold => "the winner is paid the price at which it would still have won",
            };
            format!("{paid}; {change} changes it")
        }
        NewSessionField::Model => match &form.scoring.chosen {
            Some(Chosen { model, roster, .. }) => {
                // Two lines of digits, as wide as the form.
                format!("id {model} nodes {roster} compare the owner's key; {change} changes it")
            }
            None if form.scoring.has_choice() => format!("{change} chooses one"),
            None => form.scoring.advice(),
        },
        NewSessionField::Weight => "what a score of one is worth, in the same currency".to_owned(),
        NewSessionField::Lowest => "with a lower score nobody takes part; empty for 0".to_owned(),
        NewSessionField::Highest => "a higher score counts as this; empty for 1".to_owned(),
        NewSessionField::Until => {
            "a duration such as 2m or 1h 30m, or 2026-12-01T12:00:00Z".to_owned()
        }
        NewSessionField::Replace => {
            format!("whether a bidder may change a bid until then; {change} changes it")
        }
        NewSessionField::Open => {
            format!("yes: bids are taken at once; no: a draft. {change} changes it")
        }
    }
}

fn typed(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    field: &Field,
    focused: bool,
    width: usize,
) {
    let before: Vec<char> = field.text().chars().take(field.cursor()).collect();
    let wide = |from: usize| text::width(&before[from..].iter().collect::<String>());
    // A longer text moves to the left, so that the place where one types is in sight.
    let left =
        if focused { (0..=before.len()).find(|&from| wide(from) <= width).unwrap_or(0) } else { 0 };
    let shown: String = field.text().chars().skip(left).collect();
    let span = canvas.span(Role::Input, canvas.fit(&shown, width));
    canvas.line(area, row, span);
    if focused {
        let column = u16::try_from(wide(left)).unwrap_or(0);
        canvas.cursor(area.x + column, area.y + u16::try_from(row).unwrap_or(0));
    }
}

fn chosen(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, value: &str, focused: bool) {
    let value = format!("{value} {}", canvas.glyphs().pointer);
    let role = if focused { Role::Selected } else { Role::Text };
    canvas.text(area, row, role, &value);
}
