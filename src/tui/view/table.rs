//! Tables: a column has its head, its width and what stands in its cells in one place.

use ratatui::layout::Rect;
use ratatui::text::Span;

use super::canvas::Canvas;
use super::theme::Role;
use crate::tui::state::screen::{Hit, List};

/// What stands in a cell.
pub enum Cell {
    /// Text, cut or filled to the column's width.
    Text(Role, String),
    /// Pieces that fill the column's width themselves.
    Pieces(Vec<Span<'static>>),
}

impl Cell {
    /// Text in a role.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self::Text(role, text.into())
    }
}

/// Makes a row's cell.
type MakeCell<'a, R> = Box<dyn Fn(&Canvas<'_, '_>, &R) -> Cell + 'a>;

/// A column of rows of a kind.
pub struct Column<'a, R> {
    head: String,
    width: usize,
    gap: usize,
    right: bool,
    cell: MakeCell<'a, R>,
}

impl<'a, R> Column<'a, R> {
    /// A column whose text begins at its left.
    pub fn new(
        head: impl Into<String>,
        width: usize,
        cell: impl Fn(&Canvas<'_, '_>, &R) -> Cell + 'a,
    ) -> Self {
        Self { head: head.into(), width, gap: 0, right: false, cell: Box::new(cell) }
    }

    /// A column whose text ends at its right.
    pub fn right(
        head: impl Into<String>,
        width: usize,
        cell: impl Fn(&Canvas<'_, '_>, &R) -> Cell + 'a,
    ) -> Self {
        Self { right: true, ..Self::new(head, width, cell) }
    }

    /// The same with so many blanks before it.
    #[must_use]
    pub fn after(self, gap: usize) -> Self {
        Self { gap, ..self }
    }

    fn fit(&self, canvas: &Canvas<'_, '_>, text: &str) -> String {
        let text = if self.right {
            canvas.fit_right(text, self.width)
        } else {
            canvas.fit(text, self.width)
        };
        format!("{}{text}", " ".repeat(self.gap))
    }
}

/// Columns side by side.
pub struct Table<'a, R> {
    columns: Vec<Column<'a, R>>,
}

impl<'a, R> Table<'a, R> {
    /// The columns that have any width, in this order.
    pub fn new(columns: impl IntoIterator<Item = Column<'a, R>>) -> Self {
        Self { columns: columns.into_iter().filter(|column| column.width > 0).collect() }
    }

    /// The line of heads.
    pub fn head(&self, canvas: &Canvas<'_, '_>) -> Span<'static> {
        let heads = self.columns.iter().map(|column| column.fit(canvas, &column.head));
        canvas.span(Role::Head, heads.collect::<String>())
    }

    /// The line of a row.
    pub fn row(&self, canvas: &Canvas<'_, '_>, row: &R) -> Vec<Span<'static>> {
        let mut line = Vec::new();
        for column in &self.columns {
            match (column.cell)(canvas, row) {
                Cell::Text(role, text) => line.push(canvas.span(role, column.fit(canvas, &text))),
                Cell::Pieces(pieces) => {
                    line.push(Span::raw(" ".repeat(column.gap)));
                    line.extend(pieces);
                }
            }
        }
        line
    }
}

/// Which rows of a list show, and which one is selected.
pub struct Rows {
    /// The list.
    pub list: List,
    /// How many rows there are.
    pub length: usize,
    /// The row that has to be in sight.
    pub selected: Option<usize>,
    /// Whether it is marked.
    pub marked: bool,
}

impl Rows {
    /// Draw those that find room, one a line, however many there are.
    pub fn draw<R>(
        &self,
        canvas: &mut Canvas<'_, '_>,
        area: Rect,
        table: &Table<'_, R>,
        row: impl Fn(usize) -> Option<R>,
    ) {
        canvas.hit(area, Hit::Within(self.list));
        let height = usize::from(area.height);
        let window = canvas.window(self.list, height, self.length, self.selected);
        for (at, index) in window.clone().enumerate() {
            let Some(row) = row(index) else { continue };
            let line = table.row(canvas, &row);
            canvas.line(area, at, line);
            let spot = Rect { y: area.y + u16::try_from(at).unwrap_or(0), height: 1, ..area };
            if self.marked && self.selected == Some(index) {
                canvas.paint(spot, Role::Selected);
            }
            canvas.hit(spot, Hit::Row(self.list, index));
        }
        canvas.more(area, &window, self.length);
    }
}
