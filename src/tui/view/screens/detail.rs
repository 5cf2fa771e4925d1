//! One auction's detail: terms, the timeline of its phases, and the grid of receipts, bidder by
//! node. Only the rows of the grid that show are laid out, however many bidders there are.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::table::{Cell, Column, Rows, Table};
use super::super::text;
use super::super::theme::Role;
use super::{
    job, lots_and_rule, market, part, phase_glyph, phase_role, sales, scores, search, standing,
    survey,
};
use crate::base::text::{Clean, clean};
use crate::rules::auction::Question;
use crate::session::Phase;
use crate::sharing::NodeIndex;
use crate::sharing::form::Form;
use crate::sharing::security::Security;
use crate::tui::figures;
use crate::tui::input::commands::{Command, ListCommand, Step};
use crate::tui::input::layer::Layer;
use crate::tui::state::cleared::quantity;
use crate::tui::state::data::Session;
use crate::tui::state::live::{BidRow, Live};
use crate::tui::state::screen::List;
use crate::tui::update::{cohort, filter};
use crate::wire::coordinator_api::ScoreLine;

/// The phases that a session walks through when all goes well.
const WALK: [Phase; 5] =
    [Phase::Draft, Phase::Open, Phase::Closing, Phase::Computing, Phase::Settled];

/// With fewer rows the terms give way to what goes on.
const SCARCE: u16 = 26;

/// Draw the pane.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    let focused = model.ui.in_detail;
    let Some(session) = model.selected() else {
        let inner = canvas.pane(area, "Detail", focused);
        return canvas.empty(inner, "Nothing is selected.", &[]);
    };
    let inner = canvas.pane_with(area, session.title.as_str(), &session.id.short(), focused);
    let about = super::about(canvas, inner, 0, session, inner.height / 4);
    let below = u16::try_from(about).unwrap_or(0);
    let inner = Rect { y: inner.y + below, height: inner.height - below, ..inner };
    let mut row = terms(canvas, inner, session);
    row = timeline(canvas, inner, row + 1, session);
    row = state(canvas, inner, row, session);
    if let Some((role, text)) = part::of_own_node(model, session) {
        let column = Rect { x: inner.x + 11, width: inner.width.saturating_sub(11), ..inner };
        canvas.text(inner, row + 1, Role::Muted, "your node");
        row = canvas.wrapped(column, row + 1, role, &text);
    }
    let top = u16::try_from(row + 1).unwrap_or(u16::MAX).min(inner.height);
    grid(canvas, Rect { y: inner.y + top, height: inner.height - top, ..inner }, session);
}

fn label(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, name: &str, value: &str, role: Role) {
    let width = usize::from(area.width).saturating_sub(11);
    let line = vec![
        canvas.span(Role::Muted, format!("{name:<11}")),
        canvas.span(role, canvas.cut(value, width)),
    ];
    canvas.line(area, row, line);
}

fn terms(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) -> usize {
    let terms = &session.terms;
    label(canvas, area, 0, "kind", terms.question.kind_name(), Role::Text);
    let value = |value: Clean| value.to_string();
    let rows = if let Some(market) = session.market() {
        let most = quantity(market, market.maximum());
        let prices = value(clean(&market.prices_line()));
        let read = if market.disclosed_to().is_some() { "; the operator reads each" } else { "" };
        [("prices", prices), ("quantities", format!("{most} at most{read}"))]
    } else if let Some(asked) = session.survey() {
        [("questions", value(survey::questions(asked))), ("cohorts", survey::cohorts(asked))]
    } else if let Some(asked) = terms.question.as_job() {
        job::rows(asked)
    } else {
        let reserve = session.reserve().map(|reserve| value(session.amount(reserve)));
        let secret = session.secret_reserve().map(|name| value(clean(&format!("secret ({name})"))));
        let reserve = reserve.or(secret);
        let name = if session.reverse() { "ceiling" } else { "reserve" };
        let maximum = value(session.amount(terms.question.maximum()));
        [(name, reserve.unwrap_or_else(|| "none".to_owned())), ("maximum", maximum)]
    };
    for (row, (name, value)) in (1..).zip(rows) {
        label(canvas, area, row, name, &value, Role::Text);
    }
    let replace = match (terms.replace_bids, session.survey()) {
        (true, None) if session.worked.is_none() => "until bidding ends".to_owned(),
        (true, _) => "until it closes".to_owned(),
        (false, _) => format!("no, one {} each", session.entry_word()),
    };
    label(canvas, area, 3, "replacing", &replace, Role::Text);
    match canvas.model.data().closes_in(session) {
        Some(left) => {
            let role = if left < 30_000 { Role::Warn } else { Role::Accent };
            let left = if left <= 0 { "now".to_owned() } else { figures::duration(left) };
            label(canvas, area, 4, "closes in", &left, role);
        }
        None => {
            label(
                canvas,
                area,
                4,
                if session.survey().is_some() || session.worked.is_some() {
                    "open until"
                } else {
                    "bids until"
                },
                &canvas.model.data().zone.date_time(terms.bids_until),
                Role::Text,
            );
        }
    }
    label(canvas, area, 5, "open to", terms.admission.short(), Role::Text);
    let mut row = 6;
    if terms.security() == Security::Passive {
        let text = "passive; nodes are taken to compute what they should";
        label(canvas, area, row, "security", text, Role::Warn);
        row += 1;
    }
    if terms.protocol == Form::Sums {
        let text = "not checked; these nodes only add";
        label(canvas, area, row, "answers", text, Role::Warn);
        row += 1;
    }
    if let Some(lone) = terms.question.as_auction().and_then(Question::lone_bid) {
        let column = Rect { x: area.x + 11, width: area.width.saturating_sub(11), ..area };
        canvas.text(area, row, Role::Muted, "a lone bid");
        row = canvas.wrapped(column, row, Role::Text, lone);
    }
    let scores = terms.question.as_auction().map(Question::scores).unwrap_or_default();
    // Where there is little room, bidders show rather than ids, which the record has as well.
    let told = if area.height < SCARCE { 1 } else { scores.len() };
    for (name, words) in scores.into_iter().take(told) {
        let column = Rect { x: area.x + 11, width: area.width.saturating_sub(11), ..area };
        canvas.text(area, row, Role::Muted, name);
        row = canvas.wrapped(column, row, Role::Text, &words);
    }
    if let Some(asked) = session.survey() {
        let least = format!("{}, or nothing is opened", asked.at_least);
        label(canvas, area, row, "at least", &least, Role::Text);
        row += 1;
        if let Some(told) = cohort::tally(canvas.model, session) {
            for (at, line) in survey::tally(&told).iter().enumerate() {
                let name = if at == 0 { "answered" } else { "" };
                label(canvas, area, row, name, line, Role::Text);
                row += 1;
            }
        }
        return row;
    }
    if session.quantity() > 1 || session.market().is_some() {
        return canvas.wrapped(area, row, Role::Muted, &lots_and_rule(&terms.question));
    }
    row
}

fn timeline(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, session: &Session) -> usize {
    let detail = canvas.model.data().details.get(&session.id);
    let entered = |phase: Phase| {
        let times = detail.map_or(&[][..], |detail| &detail.timeline);
        let mut times = times.iter().filter(|(entered, _)| *entered == phase);
        // Opened once, and open again after each pause; the rest as it was the last time.
        let time = if phase == Phase::Open { times.next() } else { times.next_back() };
        time.map(|(_, at)| *at)
    };
    let mut walk: Vec<Phase> = WALK.to_vec();
    if session.phase == Phase::Paused {
        walk.insert(2, Phase::Paused);
        if usize::from(area.width) < walk.iter().map(|phase| phase.name().len() + 1).sum() {
            // No room for six names: where it began says least.
            walk.remove(0);
        }
    }
    let ended_badly = matches!(session.phase, Phase::Failed | Phase::Cancelled);
    if ended_badly {
        let passed =
            walk.iter().take_while(|&&phase| entered(phase).is_some() || phase == Phase::Draft);
        walk.truncate(passed.count());
        walk.push(session.phase);
    }
    let here = walk.iter().position(|phase| *phase == session.phase).unwrap_or(0);
    let cells = cells(&walk, usize::from(area.width));
    let line_of = canvas.glyphs().line;
    let zone = &canvas.model.data().zone;
    let (mut strip, mut names, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (&phase, &cell)) in walk.iter().zip(&cells).enumerate() {
        let (glyph, role) = match at.cmp(&here) {
            std::cmp::Ordering::Less => (canvas.glyphs().tick, Role::Good),
            std::cmp::Ordering::Equal => (phase_glyph(canvas, phase), phase_role(phase)),
            std::cmp::Ordering::Greater => (canvas.glyphs().blank, Role::Disabled),
        };
        let last = at + 1 == walk.len();
        let rail = if last { String::new() } else { format!(" {} ", line_of.repeat(cell - 3)) };
        strip.push(canvas.span(role, glyph));
        strip.push(canvas.span(Role::Border, rail));
        let name_role = if at == here { role } else { Role::Muted };
        names.push(canvas.span(name_role, canvas.fit(phase.name(), cell)));
        let time = entered(phase).map(|at| zone.clock(at)).unwrap_or_default();
        times.push(canvas.span(Role::Muted, canvas.fit(&time, cell)));
    }
    canvas.line(area, row, strip);
    canvas.line(area, row + 1, names);
    if cells.iter().any(|&cell| cell < TIME) {
        // No room for five times: since when it is as it is.
        let since = entered(session.phase).map(|at| format!("since {}", zone.clock(at)));
        let since = canvas.span(Role::Muted, since.unwrap_or_default());
        canvas.line(area, row + 2, since);
    } else {
        canvas.line(area, row + 2, times);
    }
    row + 3
}

/// Columns of a time of day and a blank.
const TIME: usize = 9;

/// Columns of each phase: its name at least, and what there is to share beyond that.
fn cells(walk: &[Phase], width: usize) -> Vec<usize> {
    let mut cells: Vec<usize> = walk.iter().map(|phase| phase.name().len() + 1).collect();
    let mut room = width.saturating_sub(cells.iter().sum());
    while room > 0 && cells.iter().any(|&cell| cell < 12) {
        for cell in &mut cells {
            if *cell < 12 && room > 0 {
                *cell += 1;
                room -= 1;
            }
        }
    }
    cells
}

/// What is going on, or what went wrong and what to do now.
fn state(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, session: &Session) -> usize {
    let model = canvas.model;
    let data = model.data();
    let detail = data.details.get(&session.id);
    let area = Rect { height: area.height.min(u16::try_from(row + 5).unwrap_or(0)), ..area };
    let key = |command: Command| model.keymap.first(Layer::Auctions, command);
    if let Some(line) = survey::line(session) {
        let shows =
            format!("{}; {} shows them", text::upper(&line), key(ListCommand::ShowBracket.into()));
        return canvas.wrapped(area, row + 1, Role::Accent, &shows);
    }
    if let Some(line) = job::line(session) {
        return canvas.wrapped(area, row + 1, Role::Accent, &line);
    }
    if let Some(line) = market::line(session) {
        let row = canvas.wrapped(area, row + 1, Role::Accent, &line);
        return match market::own(model, session) {
            Some((role, text)) => canvas.wrapped(area, row, role, &text),
            None => row,
        };
    }
    match (session.phase, &session.result) {
        (Phase::Settled, Some(sold)) => {
            let line = sales::line(model, session, sold);
            canvas.wrapped(area, row + 1, Role::Accent, &line)
        }
        (Phase::Failed | Phase::Cancelled, _) => {
            let reason = detail.and_then(|detail| detail.reason.as_deref());
            let mut text = clean(reason.unwrap_or("no reason is given")).to_string();
            if session.phase == Phase::Failed && model.person.operator {
                text = format!("{text} - {} tries again", key(Step::Retry.into()));
            }
            canvas.wrapped(area, row + 1, Role::Bad, &text)
        }
        (Phase::Closing | Phase::Computing, _) => {
            if let Some(why) = standing::obstacle(model, session) {
                canvas.wrapped(area, row + 1, Role::Bad, &why)
            } else {
                let text =
                    format!("{} watches the computation", key(ListCommand::ShowBracket.into()));
                canvas.wrapped(area, row + 1, Role::Muted, &text)
            }
        }
        (Phase::Open, _) if standing::obstacle(model, session).is_some() => {
            let why = standing::obstacle(model, session).unwrap_or_default();
            canvas.wrapped(area, row + 1, Role::Bad, &why)
        }
        (Phase::Paused, _) => {
            let text = standing::paused(model, session).join(" ");
            canvas.wrapped(area, row + 1, Role::Warn, &text)
        }
        (Phase::Draft, _) if model.person.operator => {
            let (open, edit) = (key(Step::Open.into()), key(ListCommand::Edit.into()));
            let text = format!("{open} opens it for bids, {edit} changes it");
            canvas.wrapped(area, row + 1, Role::Muted, &text)
        }
        (Phase::Settled | Phase::Open | Phase::Draft, _) => row,
    }
}

fn grid(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
    let model = canvas.model;
    let data = model.data();
    if area.height < 2 {
        return;
    }
    let nodes: Vec<NodeIndex> = data.nodes.iter().map(|node| node.status.node).collect();
    let live = data.live.get(&session.id);
    let rows = live.map_or(&[][..], |live| &live.bids);
    let staff = model.person.operator || model.person.node.is_some();
    let read = live.is_some_and(|live| live.read);
    if rows.is_empty() {
        let what = session.entry_word();
        let text = match session.phase {
            Phase::Open | Phase::Paused if staff && !read => match session.survey() {
                Some(_) => "asking the nodes who has answered ...".to_owned(),
                None => "asking the nodes who has bid ...".to_owned(),
            },
            Phase::Draft => format!("no {what}s yet: it is not open"),
            Phase::Paused if staff => format!("no {what}s yet, and none is taken now"),
            Phase::Open if staff => {
                format!("no {what}s yet; each appears here with a receipt from every node")
            }
            Phase::Open | Phase::Paused if session.survey().is_some() => {
                "who answers is shown to operators only".to_owned()
            }
            Phase::Open | Phase::Paused => "who bids is shown to operators only".to_owned(),
            _ => match data.bids(session) {
                Some(bids) => {
                    let (one, many) = session.entry_words();
                    figures::plural(bids, one, many)
                }
                None => String::new(),
            },
        };
        canvas.wrapped(area, 0, Role::Muted, &text);
        return;
    }
    let mut area = area;
    if model.ui.in_detail && (model.ui.filtering || !model.ui.bidders.is_empty()) {
        search::draw(canvas, Rect { height: 1, ..area }, &model.ui.bidders);
        area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    }
    let rows = filter::bidders(model);
    if rows.is_empty() {
        canvas.text(area, 0, Role::Muted, "No bidder matches the filter; esc shows all again.");
        return;
    }
    let more = live.is_some_and(|live| live.more);
    if let Some(text) = scores::before(session) {
        let below = canvas.wrapped(area, 0, Role::Muted, text);
        let below = u16::try_from(below).unwrap_or(0).min(area.height);
        area = Rect { y: area.y + below, height: area.height - below, ..area };
    }
    let known = scores::of(data.details.get(&session.id).map(AsRef::as_ref));
    let answered = session.survey().map(|_| rows.iter().filter(|row| row.revision > 0).count());
    let columns =
        receipts(usize::from(area.width), (rows.len(), more), answered, &nodes, live, known);
    let head = columns.head(canvas);
    canvas.line(area, 0, head);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let marked = model.ui.in_detail;
    let newest = rows.len() - 1;
    // Until somebody looks closer, the newest bids stay in sight.
    let selected = Some(if marked { model.ui.grid_row.min(newest) } else { newest });
    let shown = Rows { list: List::Grid, length: rows.len(), selected, marked };
    shown.draw(canvas, body, &columns, |at| rows.get(at).copied());
}

/// A bidder's name and revision, and a mark for every node that gave a receipt.
fn receipts<'a>(
    width: usize,
    (bidders, more): (usize, bool),
    answered: Option<usize>,
    nodes: &[NodeIndex],
    live: Option<&'a Live>,
    known: &'a [ScoreLine],
) -> Table<'a, &'a BidRow> {
    let score = if known.is_empty() { 0 } else { 10 };
    let name = width.saturating_sub(2 * nodes.len() + 6 + score);
    let mut head = match answered {
        Some(answered) if answered == bidders => {
            format!("{} answered", figures::count(answered as u64))
        }
        Some(answered) => format!("{answered} of {bidders} answered"),
        None => figures::plural(bidders as u64, "bidder", "bidders"),
    };
    if more {
        head = format!("the first {head}");
    }
    let mut columns = vec![
        Column::new(head, name, move |canvas, bid: &&BidRow| {
            let name = canvas.model.shown(&bid.name);
            match bid.key.filter(|_| live.is_some_and(|live| live.is_twice(bid))) {
                // Who bids is the key; a name that several keys bid under is worth a look.
                Some(key) => {
                    let key: String = key.to_string().chars().take(8).collect();
                    Cell::text(Role::Bad, format!("{name} (key {key})"))
                }
                None => Cell::text(Role::Text, name),
            }
        }),
        Column::right("score", score, move |_, bid: &&BidRow| {
            let score = scores::of_row(known, bid).map(|line| clean(&line.score).to_string());
            Cell::text(Role::Text, score.unwrap_or_default())
        }),
        Column::right("rev", 4, |canvas, bid: &&BidRow| {
            let revision = match bid.revision {
                0 => canvas.glyphs().blank.to_owned(),
                revision => revision.to_string(),
            };
            Cell::text(Role::Muted, revision)
        }),
    ];
    for (at, &node) in nodes.iter().enumerate() {
        let mark = Column::new(node.to_string(), 2, move |canvas, bid: &&BidRow| {
            let unheard = live.is_some_and(|live| !live.read || live.unheard.contains(node));
            if bid.nodes.contains(node) {
                Cell::text(Role::Good, canvas.glyphs().tick)
            } else if unheard {
                Cell::text(Role::Muted, canvas.glyphs().unknown)
            } else {
                Cell::text(Role::Disabled, canvas.glyphs().blank)
            }
        });
        columns.push(mark.after(if at == 0 { 2 } else { 0 }));
    }
    Table::new(columns)
}
