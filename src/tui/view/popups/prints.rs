//! Digest and fingerprints: a list, the selected one in groups to be read out, and as a code for a
//! telephone.

use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Span;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::base::qr::{self, Ink};
use crate::identity::Digest;
use crate::tui::input::commands::PrintsCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::theme::Theme;
use crate::tui::update::prints::{self, Print};

/// Columns of a code, and of the gap before it.
const CODE: u16 = 35;

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize) {
    let inner = super::over(canvas, area, (78, 24), "Digest and fingerprints", "");
    let prints = prints::all(canvas.model);
    let selected = row.min(prints.len().saturating_sub(1));
    let Some(print) = prints.get(selected) else {
        return canvas.empty(inner, "No roster is here yet.", &[]);
    };
    let left = Rect { width: inner.width.saturating_sub(CODE), ..inner };
    let below = list(canvas, left, &prints, selected);
    written(canvas, left, below + 1, print);
    let right = Rect { x: left.right(), width: inner.width - left.width, ..inner };
    code(canvas, right, print.digest);
}

fn list(canvas: &mut Canvas<'_, '_>, area: Rect, prints: &[Print], selected: usize) -> usize {
    for (at, print) in prints.iter().enumerate() {
        let here = at == selected;
        let pointer = if here { canvas.glyphs().pointer } else { " " };
        let line = format!("{pointer} {}", print.label);
        let line = canvas.cut(&line, usize::from(area.width));
        canvas.text(area, at, if here { Role::Key } else { Role::Text }, &line);
    }
    prints.len()
}

/// The digest in groups, and what can be done with it.
fn written(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, print: &Print) {
    let mut row = row;
    for line in text::wrap(&print.digest.grouped(), 20) {
        canvas.text(area, row, Role::Title, &line);
        row += 1;
    }
    let key = |command| canvas.model.keymap.first(Layer::Prints, command);
    let foot = format!("{} copies it", key(PrintsCommand::Copy));
    canvas.text(area, row + usize::from(area.height > 17), Role::Muted, &foot);
}

fn code(canvas: &mut Canvas<'_, '_>, area: Rect, digest: Digest) {
    if canvas.model.ascii {
        let text = "This terminal draws ASCII only, too coarse for a QR code: compare the groups.";
        canvas.wrapped(area, 1, Role::Muted, text);
        return;
    }
    // Black on white whatever the theme, or readers do not see it; without colours, as the ground
    // of most terminals wants it.
    let coloured = canvas.model.theme != Theme::NoColour;
    let (ink, style) = if coloured {
        (Ink::Dark, Style::new().fg(Color::Black).bg(Color::White))
    } else {
        (Ink::Light, canvas.style(Role::Text))
    };
    let lines = qr::lines(&digest.to_string().to_uppercase(), ink).unwrap_or_default();
    if lines.len() > usize::from(area.height) {
        canvas.wrapped(area, 1, Role::Muted, "A QR code needs a higher terminal.");
        return;
    }
    for (at, line) in lines.into_iter().enumerate() {
        canvas.line(area, at, Span::styled(line, style));
    }
}
