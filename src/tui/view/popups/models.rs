//! Models and their stocks of material: a list with a gauge for each, what is known of the selected one,
//! and the batch that is being made.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::table::{Cell, Column, Rows, Table};
use super::super::theme::Role;
use super::material::{age, dealing, fullness, gauge, labelled};
use crate::session::scoring::Learner;
use crate::tui::figures::{self, count};
use crate::tui::state::screen::List;
use crate::tui::state::stock::{Offer, Storeroom};

/// Rows about the selected one and about the making.
const BELOW: u16 = 10;

/// Draw them, or the batches of one.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, room: &Storeroom) {
    let size = (area.width.saturating_sub(4).min(124), area.height);
    if let Some(page) = &room.page {
        return super::batches::draw(canvas, area, size, room, page);
    }
    let word = match (&room.known, &room.trouble) {
        (Some(_), Some(_)) => "not up to date",
        _ => "ready, of those wanted",
    };
    let inner = super::over(canvas, area, size, "Models, and material for scores", word);
    let Some(known) = &room.known else {
        let why = room.trouble.as_ref().map(ToString::to_string);
        return match why {
            Some(why) => canvas.empty(inner, "They cannot be listed.", &[why]),
            None => canvas.empty(inner, "asking the coordinator ...", &[]),
        };
    };
    if known.is_empty() {
        let then = [
            "Whoever scores with a model takes it in with `gavel model add NAME FILE`, and announces \
             it here with `gavel model serve NAME --listen HOST:PORT --anyone`."
                .to_owned(),
            "The nodes then make material for it and keep it ready.".to_owned(),
        ];
        return canvas.empty(inner, "No model is announced.", &then);
    }
    let table = table(usize::from(inner.width));
    let head = table.head(canvas);
    canvas.line(inner, 0, head);
    let height = inner.height.saturating_sub(BELOW + 2);
    let body = Rect { y: inner.y + 1, height, ..inner };
    let selected = Some(room.row.min(known.len() - 1));
    let rows = Rows { list: List::Models, length: known.len(), selected, marked: true };
    rows.draw(canvas, body, &table, |at| known.get(at));
    let below = Rect { y: inner.bottom().saturating_sub(BELOW), height: BELOW, ..inner };
    if let Some(offer) = room.selected() {
        one(canvas, below, offer);
    }
    dealing(canvas, below, 5, room);
}

fn table<'a>(width: usize) -> Table<'a, &'a Offer> {
    let (ready, making, promised, given, withdrawn) = (11, 8, 9, 7, 10);
    let rest = width.saturating_sub(ready + making + promised + given + withdrawn);
    // What a wide screen has room for.
    let wide = rest > 60;
    let (sizes, announced) = if wide { (14, 10) } else { (0, 0) };
    let rest = rest - sizes - announced;
    let bar = if wide { 24 } else { 10 };
    let name = rest.saturating_sub(bar + 1);
    let number = |figure: u32| Cell::text(Role::Text, count(figure.into()));
    Table::new([
        Column::new("model", name, |_, offer: &&Offer| {
            Cell::text(Role::Title, offer.name.to_string())
        }),
        Column::new("stock", bar, move |canvas, offer: &&Offer| {
            Cell::Pieces(gauge(canvas, offer, bar))
        })
        .after(1),
        Column::right("ready", ready, |_, offer: &&Offer| {
            let stock = &offer.stock;
            Cell::text(fullness(offer), format!("{} of {}", stock.ready, stock.target))
        }),
        Column::right("making", making, move |_, offer: &&Offer| number(offer.stock.making)),
        Column::right("promised", promised, move |_, offer: &&Offer| number(offer.stock.promised)),
        Column::right("given", given, move |_, offer: &&Offer| number(offer.stock.given)),
        Column::right("withdrawn", withdrawn, move |_, offer: &&Offer| {
            number(offer.stock.withdrawn)
        }),
        Column::new("layers", sizes.max(2) - 2, |_, offer: &&Offer| {
            Cell::text(Role::Muted, offer.sizes.clone())
        })
        .after(2),
        Column::right("announced", announced, |canvas, offer: &&Offer| {
            let age = age(canvas, offer.announced);
            Cell::text(Role::Muted, figures::short_duration(age))
        }),
    ])
}

fn one(canvas: &mut Canvas<'_, '_>, area: Rect, offer: &Offer) {
    let learner = match offer.learner {
        Learner::Both => "client and owner learn a score, and sign it",
        Learner::Client => "the client alone learns a score",
        Learner::Owner => "the owner alone learns a score",
    };
    let shape = &offer.shape;
    let elements: usize = shape.matrices.iter().map(|matrix| matrix.values()).sum();
    let batch = format!(
        "{} triples, {} bits, {} masks, {} elements of matrices",
        count(shape.triples as u64),
        count(shape.bits as u64),
        count(shape.masks as u64),
        count(elements as u64)
    );
    let rows = [
        ("model", offer.model.to_string(), Role::Muted),
        ("owner", offer.owner.clone(), Role::Muted),
        ("layers", format!("{}; {learner}", offer.sizes), Role::Text),
        ("a batch", batch, Role::Text),
    ];
    for (row, (name, value, role)) in rows.into_iter().enumerate() {
        labelled(canvas, area, row, name, role, &value);
    }
}
