//! A job that waits for the word of this node's operator: its signed steps, and the question.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use crate::tui::figures::plural;
use crate::tui::input::commands::ApprovalCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::approval::{Approval, ApprovalStage};
use crate::tui::state::screen::{Hit, List};

/// Draw it.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, approval: &Approval) {
    let size = (area.width.saturating_sub(4).min(110), area.height);
    let inner = super::over(canvas, area, size, "Let it run at your node?", "signed steps");
    let key = |command| canvas.model.keymap.first(Layer::Approval, command);
    let (yes, no) = (key(ApprovalCommand::Approve), key(ApprovalCommand::Leave));
    let Some(job) = approval.job() else {
        return match &approval.stage {
            ApprovalStage::Failed(why) => {
                canvas.empty(inner, "It was not let run.", &[why.to_string()]);
            }
            _ => canvas.empty(inner, "asking your node what it was told ...", &[]),
        };
    };
    let steps = plural(job.steps.len() as u64, "line", "lines");
    let mut row = canvas.wrapped(inner, 0, Role::Title, job.title.as_str());
    let told = format!("{steps} over the field {}, as the coordinator has signed them:", job.field);
    row = canvas.wrapped(inner, row, Role::Muted, &told);
    let top = u16::try_from(row).unwrap_or(u16::MAX).min(inner.height);
    let height = inner.height.saturating_sub(top + 2);
    let list = Rect { y: inner.y + top, height, ..inner };
    canvas.hit(list, Hit::Within(List::Signed));
    let window = canvas.window(List::Signed, usize::from(height), job.steps.len(), None);
    let widest = job.steps.iter().map(|(id, _)| text::width(id.as_str())).max().unwrap_or(0);
    let id_width = widest.min(usize::from(inner.width) / 3);
    for (at, (id, formula)) in job.steps[window.clone()].iter().enumerate() {
        let room = usize::from(inner.width).saturating_sub(id_width + 4);
        let line = vec![
            canvas.span(Role::Muted, format!("  {}  ", canvas.fit(id.as_str(), id_width))),
            canvas.span(Role::Text, canvas.cut(formula.as_str(), room)),
        ];
        canvas.line(list, at, line);
    }
    canvas.more(list, &window, job.steps.len());
    let foot = match approval.stage {
        ApprovalStage::Sending(_) => vec![canvas.span(Role::Muted, "telling your node ...")],
        _ => vec![
            canvas.span(Role::Good, format!("[{yes}] yes, let it run")),
            canvas.span(Role::Muted, "     "),
            canvas.span(Role::Key, format!("[{no}] no, not now")),
        ],
    };
    canvas.line(inner, usize::from(inner.height).saturating_sub(1), foot);
}
