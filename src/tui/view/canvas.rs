//! What screens draw on: the frame, the state, and what is found out on the way.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Borders, Clear};

use super::text;
use super::theme::{self, Glyphs, Role};
use crate::tui::state::model::Model;
use crate::tui::state::screen::{Drawn, Hit, List};

/// Columns that a pane's title keeps beside the word at the other end.
const TITLE: usize = 14;

/// A frame being drawn.
pub struct Canvas<'a, 'f> {
    frame: &'a mut Frame<'f>,
    /// The state.
    pub model: &'a Model,
    /// Where things are.
    pub drawn: Drawn,
}

impl<'a, 'f> Canvas<'a, 'f> {
    /// A fresh one.
    pub fn new(frame: &'a mut Frame<'f>, model: &'a Model) -> Self {
        let drawn = Drawn { offsets: model.ui.drawn.offsets, ..Drawn::default() };
        Self { frame, model, drawn }
    }

    /// The whole screen.
    pub fn area(&self) -> Rect {
        self.frame.area()
    }

    /// How a role looks.
    pub fn style(&self, role: Role) -> Style {
        theme::style(self.model.theme, role)
    }

    /// The glyphs to draw with.
    pub const fn glyphs(&self) -> &'static Glyphs {
        if self.model.ascii { &theme::ASCII } else { &theme::UNICODE }
    }

    /// Text in a role.
    pub fn span<'t>(&self, role: Role, text: impl Into<std::borrow::Cow<'t, str>>) -> Span<'t> {
        Span::styled(text, self.style(role))
    }

    /// A text cut to a width, with an ellipsis.
    pub fn cut(&self, text: &str, width: usize) -> String {
        text::truncate(text, width, self.glyphs().ellipsis).into_owned()
    }

    /// A text cut or filled to a width.
    pub fn fit(&self, text: &str, width: usize) -> String {
        text::fit(text, width, self.glyphs().ellipsis)
    }

    /// The same, aligned to the right.
    pub fn fit_right(&self, text: &str, width: usize) -> String {
        text::fit_right(text, width, self.glyphs().ellipsis)
    }

    /// Draw a line in a row of an area; rows outside it are not drawn.
    pub fn line(&mut self, area: Rect, row: usize, line: impl Into<Line<'static>>) {
        let Ok(row) = u16::try_from(row) else { return };
        if row < area.height && area.width > 0 {
            self.frame.buffer_mut().set_line(area.x, area.y + row, &line.into(), area.width);
        }
    }

    /// Draw text in a role in a row of an area, cut to its width.
    pub fn text(&mut self, area: Rect, row: usize, role: Role, text: &str) {
        let text = self.cut(text, usize::from(area.width));
        let span = self.span(role, text);
        self.line(area, row, span);
    }

    /// Draw text at the right end of a row.
    pub fn right(&mut self, area: Rect, row: usize, line: impl Into<Line<'static>>) {
        let line = line.into();
        let width = u16::try_from(line.width()).unwrap_or(u16::MAX).min(area.width);
        let area = Rect { x: area.right() - width, width, ..area };
        self.line(area, row, line);
    }

    /// Draw text in the middle of a row.
    pub fn middle(&mut self, area: Rect, row: usize, line: impl Into<Line<'static>>) {
        let line = line.into();
        let width = u16::try_from(line.width()).unwrap_or(u16::MAX).min(area.width);
        let area = Rect { x: area.x + (area.width - width) / 2, width, ..area };
        self.line(area, row, line);
    }

    /// Draw wrapped text from a row on; gives the row after it.
    pub fn wrapped(&mut self, area: Rect, row: usize, role: Role, text: &str) -> usize {
        let lines = text::wrap(text, usize::from(area.width));
        for (at, line) in lines.iter().enumerate() {
            self.text(area, row + at, role, line);
        }
        row + lines.len()
    }

    /// Colour an area.
    pub fn paint(&mut self, area: Rect, role: Role) {
        let style = self.style(role);
        self.frame.buffer_mut().set_style(area, style);
    }

    /// Wipe an area, for something that lies over others.
    pub fn wipe(&mut self, area: Rect) {
        self.frame.render_widget(Clear, area);
    }

    /// A pane with a title; gives the area inside, a column of padding on either side.
    pub fn pane(&mut self, area: Rect, title: &str, focused: bool) -> Rect {
        self.pane_with(area, title, "", focused)
    }

    /// The same, with a word at the right end of the top.
    pub fn pane_with(&mut self, area: Rect, title: &str, word: &str, focused: bool) -> Rect {
        let border = self.style(if focused { Role::Focus } else { Role::Border });
        let room = usize::from(area.width).saturating_sub(6);
        // The word keeps its place beside a long title.
        let beside = room.saturating_sub(text::width(word) + 3);
        let room_of_title = if word.is_empty() || beside < TITLE { room } else { beside };
        let title = self.cut(title, room_of_title);
        let left = room.saturating_sub(text::width(&title) + 2);
        let mut block = Block::new()
            .borders(Borders::ALL)
            .border_type(BorderType::Plain)
            .border_set(self.glyphs().border)
            .border_style(border)
            .title_top(Line::from(vec![
                Span::raw(" "),
                Span::styled(title, self.style(Role::Title)),
                Span::raw(" "),
            ]));
        if !word.is_empty() && text::width(word) <= left {
            let word = Span::styled(format!(" {word} "), self.style(Role::Muted));
            block = block.title_top(Line::from(word).right_aligned());
        }
        let inner = block.inner(area);
        self.frame.render_widget(block, area);
        Rect { x: inner.x + 1.min(inner.width), width: inner.width.saturating_sub(2), ..inner }
    }

    /// Something that can be clicked.
    pub fn hit(&mut self, area: Rect, hit: Hit) {
        self.drawn.hits.push((area, hit));
    }

    /// The rows of a list that show in so many lines, so that the selected one does.
    pub fn window(
        &mut self,
        list: List,
        height: usize,
        length: usize,
        selected: Option<usize>,
    ) -> Range<usize> {
        let mut first = self.drawn.offsets[list as usize].min(length.saturating_sub(height));
        if let Some(selected) = selected.map(|row| row.min(length.saturating_sub(1))) {
            // Where there is no room for a line, the selected one would be the first.
            first = first.clamp((selected + 1).saturating_sub(height.max(1)), selected);
        }
        self.drawn.offsets[list as usize] = first;
        self.drawn.heights[list as usize] = height;
        first..(first + height).min(length)
    }

    /// Say at the edge of a list that there is more above or below.
    pub fn more(&mut self, area: Rect, shown: &Range<usize>, length: usize) {
        let glyphs = self.glyphs();
        if shown.start > 0 {
            let line = self.span(Role::Accent, glyphs.up);
            self.right(Rect { width: area.width + 1, ..area }, 0, line);
        }
        if shown.end < length && area.height > 0 {
            let line = self.span(Role::Accent, glyphs.down);
            self.right(Rect { width: area.width + 1, ..area }, usize::from(area.height) - 1, line);
        }
    }

    /// A bar: so many of its columns are filled.
    pub fn bar(&self, share: f64, width: usize, role: Role) -> Vec<Span<'static>> {
        let full = (share.clamp(0.0, 1.0) * width as f64).round();
        // Between 0 and a width, so the conversion loses nothing.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let full = (full as usize).min(width);
        vec![
            self.span(role, self.glyphs().full.repeat(full)),
            self.span(Role::Border, self.glyphs().empty.repeat(width - full)),
        ]
    }

    /// An empty state: what is so, and what to do about it.
    pub fn empty(&mut self, area: Rect, what: &str, then: &[String]) {
        let width = usize::from(area.width.saturating_sub(4)).min(56);
        let mut lines = vec![(Role::Text, what.to_owned())];
        for text in then {
            lines.push((Role::Muted, String::new()));
            lines.extend(text::wrap(text, width).into_iter().map(|line| (Role::Muted, line)));
        }
        let top = usize::from(area.height).saturating_sub(lines.len()) / 2;
        for (at, (role, line)) in lines.iter().enumerate() {
            let span = self.span(*role, self.cut(line, usize::from(area.width)));
            self.middle(area, top + at, span);
        }
    }

    /// Put a question mark for every character, of a title or a name, that is not ASCII.
    pub fn plain(&mut self) {
        for cell in &mut self.frame.buffer_mut().content {
            if !cell.symbol().is_ascii() {
                let wide = text::width(cell.symbol()) > 1;
                cell.set_symbol(if wide { "??" } else { "?" });
            }
        }
    }

    /// Put the terminal's cursor somewhere.
    pub fn cursor(&mut self, x: u16, y: u16) {
        self.frame.set_cursor_position((x, y));
    }
}
