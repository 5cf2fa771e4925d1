//! Bid: the auctions to bid in, and the form with the amount hidden as typed; then the receipts as
//! they arrive, and later what came of it.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use super::sales::{self, Fate};
use super::{
    answering, job, lots_and_rule, market, order, phase_glyph, phase_role, receipts, standing,
    survey,
};
use crate::base::text::clean;
use crate::client::amount::{Check, check};
use crate::session::Phase;
use crate::tui::figures;
use crate::tui::input::commands::{BidFormCommand, BidsCommand};
use crate::tui::input::layer::Layer;
use crate::tui::state::data::Session;
use crate::tui::state::forms::{BidForm, BidStage, Heard};
use crate::tui::state::model::Model;
use crate::tui::state::own::OwnBid;
use crate::tui::state::screen::{Hit, List};
use crate::tui::update::allowed;
use crate::wire::coordinator_api::SessionDetail;

/// Draw the screen.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    if model.person.bidder.is_none() {
        let inner = canvas.pane(area, "Bid", true);
        return canvas.empty(
            inner,
            "No bidder's key is here.",
            &[
                "`gavel init bidder --name NAME` makes one in this home folder; start the program \
                 again after that."
                    .to_owned(),
                "Watching, and everything else, works without.".to_owned(),
            ],
        );
    }
    let writing = model.ui.form.is_some();
    if let Some((form, session)) = answering::written(model) {
        return answering::draw(canvas, area, form, session);
    }
    if let Some((form, session)) = order::written(model) {
        return order::draw(canvas, area, form, session);
    }
    if model.ui.enlarged {
        return if writing { right(canvas, area) } else { list(canvas, area) };
    }
    // As wide as its titles need, while what can be done keeps the larger part.
    let widest = model.biddable().iter().map(|session| text::width(session.title.as_str())).max();
    let widest = u16::try_from(widest.unwrap_or(0) + 8).unwrap_or(u16::MAX);
    let least = if area.width >= 110 { 40 } else { 30 };
    let width = widest.clamp(least, (area.width * 2 / 5).max(least));
    list(canvas, Rect { width, ..area });
    right(canvas, Rect { x: area.x + width, width: area.width - width, ..area });
}

fn list(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    let sessions = model.biddable();
    let inner = canvas.pane(area, "Open auctions and your bids", model.ui.form.is_none());
    if sessions.is_empty() {
        let (what, then) = super::waiting(canvas).unwrap_or_else(|| {
            let then = "They appear here as soon as the coordinator opens one.".to_owned();
            ("No auction is open.".into(), vec![then])
        });
        return canvas.empty(inner, &what, &then);
    }
    canvas.hit(inner, Hit::Within(List::Bids));
    let height = usize::from(inner.height) / 2;
    let selected = model.bid_at().map_or(0, |(row, _)| row);
    let window = canvas.window(List::Bids, height, sessions.len(), Some(selected));
    for (at, index) in window.clone().enumerate() {
        let Some(session) = sessions.get(index) else { continue };
        let here = index == selected;
        let pointer = if here { canvas.glyphs().pointer } else { " " };
        let room = usize::from(inner.width).saturating_sub(4);
        let line = vec![
            canvas.span(Role::Accent, format!("{pointer} ")),
            canvas.span(
                phase_role(session.phase),
                format!("{} ", phase_glyph(canvas, session.phase)),
            ),
            canvas.span(Role::Text, canvas.fit(session.title.as_str(), room)),
        ];
        canvas.line(inner, 2 * at, line);
        let (role, state) = standing(canvas, session);
        let state = canvas.cut(&format!("    {state}"), usize::from(inner.width));
        let span = canvas.span(role, state);
        canvas.line(inner, 2 * at + 1, span);
        let y = inner.y + u16::try_from(2 * at).unwrap_or(0);
        let spot = Rect { y, height: 2, ..inner };
        canvas.hit(spot, Hit::Row(List::Bids, index));
        if here {
            canvas.paint(Rect { height: 1, ..spot }, Role::Selected);
        }
    }
    canvas.more(inner, &window, sessions.len());
}

/// How a session stands for us, in a few words.
fn standing(canvas: &Canvas<'_, '_>, session: &Session) -> (Role, String) {
    let data = canvas.model.data();
    let (own, what) = (data.own.latest(session.id), session.entry_word());
    match (own, session.phase) {
        (Some(_), Phase::Settled) if session.market().is_some() => {
            market::own(canvas.model, session)
                .unwrap_or_else(|| (Role::Muted, format!("your {what} is in; settled")))
        }
        (Some(_), Phase::Settled) => match sales::fate(data, session) {
            Some(Fate::Won(_)) => (Role::Good, "you won".to_owned()),
            Some(Fate::Lost) => (Role::Muted, "you did not win".to_owned()),
            None => (Role::Muted, format!("your {what} is in; settled")),
        },
        (Some(own), Phase::Open | Phase::Paused) => {
            let (got, all, needed) = (own.receipts.len(), data.nodes.len(), data.receipts_needed());
            if got < needed {
                return (Role::Warn, format!("not in: {got} of {needed} receipts needed"));
            }
            (Role::Good, format!("your {what} is in, {got} of {all} receipts"))
        }
        (Some(_), Phase::Closing | Phase::Computing)
            if standing::obstacle(canvas.model, session).is_some() =>
        {
            (Role::Bad, format!("your {what} is in; too few nodes"))
        }
        (Some(_), phase) => (Role::Muted, format!("your {what} is in; {phase}")),
        (None, Phase::Paused) => (Role::Warn, format!("paused: no {what}s now")),
        (None, phase) if phase != Phase::Open && session.market().is_some() => {
            (Role::Muted, format!("you have no order; {phase}"))
        }
        (None, phase) if phase != Phase::Open && session.survey().is_some() => {
            (Role::Muted, format!("you did not answer; {phase}"))
        }
        (None, phase) if phase != Phase::Open => (Role::Muted, format!("you did not bid; {phase}")),
        (None, _) => match data.closes_in(session) {
            Some(left) if left > 0 => {
                (Role::Muted, format!("closes in {}", figures::duration(left)))
            }
            _ => (Role::Muted, "closes now".to_owned()),
        },
    }
}

fn right(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let model = canvas.model;
    if let Some(form) = &model.ui.form {
        return if let Some(session) = model.data().session(form.session) {
            write(canvas, area, form, session);
        } else {
            let inner = canvas.pane(area, "Bid", true);
            canvas.empty(inner, "The auction is gone.", &[]);
        };
    }
    let Some((_, session)) = model.bid_at() else {
        canvas.pane(area, "Your bid", false);
        return;
    };
    let inner = canvas.pane_with(area, session.title.as_str(), &session.id.short(), false);
    let row = terms(canvas, inner, session);
    if let Some(own) = model.data().own.latest(session.id) {
        mine(canvas, inner, row + 1, session, own);
    } else {
        let key = model.keymap.first(Layer::Bid, BidsCommand::Edit);
        match allowed::bid(model, session) {
            Ok(()) => {
                let text = match (session.market(), session.survey()) {
                    (Some(_), _) => format!("You have no order here. {key} writes one."),
                    (None, Some(_)) => format!("You have not answered. {key} answers."),
                    (None, None) => format!("You have not bid here. {key} writes a bid."),
                };
                canvas.wrapped(inner, row + 1, Role::Text, &text);
            }
            Err(why) => {
                let text = match (session.market(), session.survey()) {
                    (Some(_), _) => format!("You cannot hand an order in: {why}"),
                    (None, Some(_)) => format!("You cannot answer: {why}"),
                    (None, None) => format!("You cannot bid: {why}"),
                };
                canvas.wrapped(inner, row + 1, Role::Warn, &text);
            }
        }
    }
}

fn terms(canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) -> usize {
    let (terms, model) = (&session.terms, canvas.model);
    let row = super::about(canvas, area, 0, session, area.height / 4);
    let mut row = canvas.wrapped(
        area,
        row,
        Role::Muted,
        &format!("{}; {}.", terms.question.kind_name(), lots_and_rule(&terms.question)),
    );
    let asked = session.market().map(market::terms).or_else(|| session.survey().map(survey::terms));
    let asked = asked.or_else(|| terms.question.as_job().map(job::terms));
    if let Some(lines) = asked {
        // Whoever has handed in has read the rest, and needs the rows for the receipts.
        let shown = if model.data().own.latest(session.id).is_some() { 1 } else { lines.len() };
        for line in lines.iter().take(shown) {
            row = canvas.wrapped(area, row, Role::Text, line);
        }
        return super::closing(canvas, area, row, session);
    }
    let mut line = Vec::new();
    if let Some(reserve) = session.reserve() {
        let name = if session.reverse() { "ceiling" } else { "reserve" };
        line.push(format!("{name} {}", session.amount(reserve)));
    }
    if session.secret_reserve().is_some() {
        line.push(format!("{} secret", if session.reverse() { "ceiling" } else { "reserve" }));
    }
    line.push(format!("maximum {}", session.amount(terms.question.maximum())));
    row = canvas.wrapped(area, row, Role::Text, &line.join(", "));
    if let Some(auction) = terms.question.as_auction() {
        if let Some((_, worth)) = auction.scores().first() {
            row = canvas.wrapped(area, row, Role::Text, &format!("score: {worth}"));
        }
        let lone =
            auction.lone_bid().map_or_else(String::new, |lone| format!("A lone bid {lone}. "));
        let text = format!("{lone}Open to {}.", terms.admission.short());
        // What bidders do not expect stands out.
        let own = !auction.has_reserve() && auction.lone_bid().is_some();
        let role = if own { Role::Warn } else { Role::Muted };
        row = canvas.wrapped(area, row, role, &text);
    }
    super::closing(canvas, area, row, session)
}

/// What came of a bid that is in.
fn mine(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, session: &Session, own: &OwnBid) {
    let model = canvas.model;
    let detail = model.data().details.get(&session.id).cloned();
    let mut row = row;
    let (got, all) = (own.receipts.len(), model.data().nodes.len());
    let needed = model.data().receipts_needed();
    let what = session.entry_word();
    match (session.phase, sales::fate(model.data(), session)) {
        (Phase::Settled, _) if session.market().is_some() => {
            row = market::mine(canvas, area, row, session);
        }
        (Phase::Settled, _) if session.survey().is_some() => {
            row = survey::mine(canvas, area, row, session);
        }
        (Phase::Settled, Some(Fate::Won(price))) => {
            let lot = if session.quantity() > 1 { " a lot" } else { "" };
            let text = format!("You won{lot} {} {}.", sales::at(session), session.amount(price));
            row = canvas.wrapped(area, row, Role::Good, &text);
        }
        (Phase::Settled, Some(Fate::Lost)) => {
            let text = lost(model, session);
            row = canvas.wrapped(area, row, Role::Text, &text);
        }
        (Phase::Open | Phase::Paused, _) => {
            let (role, text) = if got < needed {
                let text = format!("Your {what} is not in yet: {got} of {needed} receipts needed.");
                (Role::Warn, text)
            } else {
                (Role::Good, format!("Your {what} is in."))
            };
            row = canvas.wrapped(area, row, role, &text);
            let key = |command| model.keymap.first(Layer::Bid, command);
            if session.phase == Phase::Paused {
                for line in standing::paused(model, session) {
                    row = canvas.wrapped(area, row, Role::Warn, &line);
                }
            } else if got < all {
                let text = format!(
                    "{} gave no receipt. {} sends the same envelope again.",
                    figures::plural((all - got) as u64, "node", "nodes"),
                    key(BidsCommand::Resend)
                );
                row = canvas.wrapped(area, row, Role::Warn, &text);
            }
            let text = kept(session, &key(BidsCommand::Edit));
            row = canvas.wrapped(area, row, Role::Muted, &text);
        }
        (Phase::Cancelled, _) => {
            row = canvas.wrapped(area, row, Role::Text, &format!("Called off; no {what} counts."));
        }
        (Phase::Failed, _) => {
            let reason = detail.as_ref().and_then(|detail| detail.reason.as_deref());
            let reason = clean(reason.unwrap_or("no reason is given"));
            let text = format!(
                "The outcome could not be computed: {reason}. Your {what} is kept, sealed as it was."
            );
            row = canvas.wrapped(area, row, Role::Bad, &text);
        }
        _ => {
            let (role, text) = match standing::obstacle(model, session) {
                Some(why) => (Role::Bad, format!("Bidding has ended. No outcome yet: {why}.")),
                None => {
                    (Role::Text, "Bidding has ended; the nodes work out the outcome.".to_owned())
                }
            };
            row = canvas.wrapped(area, row, role, &text);
        }
    }
    if !session.phase.is_bidding() && got < needed {
        let text = format!(
            "Only {got} of the {needed} receipts that make a bid safe had come in; it may not count."
        );
        row = canvas.wrapped(area, row, Role::Warn, &text);
    }
    let excluded = detail
        .iter()
        .flat_map(|detail| detail.manifest.iter().flat_map(|manifest| &manifest.excluded))
        .find(|exclusion| exclusion.envelope == own.envelope);
    if let Some(exclusion) = excluded {
        let text = format!("Your {what} was excluded: {}.", exclusion.reason.explain());
        row = canvas.wrapped(area, row, Role::Bad, &text);
    }
    if own.name_shared || shared(detail.as_deref(), own) {
        let text = "The coordinator has given your name to another key as well. Your own bid stands \
                    beside that key's; the record has the proof.";
        row = canvas.wrapped(area, row, Role::Bad, text);
    }
    let heard = own.receipts.iter().map(|(&node, &at)| (node, Heard::Receipt(at))).collect();
    let line = format!("revision {}, envelope {}", own.revision, own.envelope.short());
    canvas.text(area, row + 1, Role::Muted, &line);
    receipts::draw(canvas, area, row + 2, &heard, false);
    history(canvas, area, row + 3 + all, session);
}

/// What is kept of an entry that is in, and how another takes its place.
fn kept(session: &Session, edit: &str) -> String {
    let what = session.entry_word();
    let kept = if session.terms.question.as_auction().is_some() { "amount" } else { what };
    let text = format!("The receipts are kept on this machine, the {kept} nowhere.");
    match (session.terms.replace_bids && session.phase == Phase::Open, session.survey()) {
        (false, _) => text,
        (true, Some(_)) => format!("{text} {edit} answers again."),
        (true, None) => format!("{text} {edit} replaces the {what}."),
    }
}

/// The revisions before the latest, the latest of them first, as far as there is room.
fn history(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, session: &Session) {
    let data = canvas.model.data();
    let Some((_, earlier)) = data.own.all(session.id).split_last() else { return };
    let room = usize::from(area.height).saturating_sub(row + 1);
    if earlier.is_empty() || room == 0 {
        return;
    }
    canvas.text(area, row, Role::Head, "replaced by it");
    for (at, bid) in earlier.iter().rev().take(room).enumerate() {
        let first = bid.receipts.values().min().map(|&at| data.zone.clock(at));
        let line = format!(
            "revision {}, envelope {}, {} of {} receipts{}",
            bid.revision,
            bid.envelope.short(),
            bid.receipts.len(),
            data.nodes.len(),
            first.map_or_else(String::new, |at| format!(", {at}"))
        );
        canvas.text(area, row + 1 + at, Role::Muted, &line);
    }
}

/// Whether the manifest says that our name was given to several keys.
fn shared(detail: Option<&SessionDetail>, own: &OwnBid) -> bool {
    let manifest = detail.and_then(|detail| detail.manifest.as_ref());
    let mut names = manifest.iter().flat_map(|manifest| &manifest.shared_names);
    names.any(|shared| clean(&shared.bidder) == own.name)
}

/// What to say to somebody whose bid did not win.
fn lost(model: &Model, session: &Session) -> String {
    let Some(sold) = &session.result else { return "You did not win.".to_owned() };
    match &sold.winners[..] {
        [] => "You did not win; nobody did. Nothing was opened.".to_owned(),
        [winner] if session.quantity() == 1 => format!(
            "You did not win. It went to {} {} {}. No losing bid is named.",
            model.shown(&winner.name),
            sales::at(session),
            session.amount(winner.price)
        ),
        _ => {
            let line = sales::line(model, session, sold);
            format!("You did not win. {line}. No losing bid is named.")
        }
    }
}

fn write(canvas: &mut Canvas<'_, '_>, area: Rect, form: &BidForm, session: &Session) {
    let name = canvas.model.person.bidder.clone().unwrap_or_default();
    let word = format!("as {}", canvas.model.shown(&name));
    let inner = canvas.pane_with(area, session.title.as_str(), &word, true);
    let row = terms(canvas, inner, session) + 1;
    match &form.stage {
        BidStage::Editing => editing(canvas, inner, row, form, session),
        BidStage::Failed { heard, why } => {
            let row = canvas.wrapped(inner, row, Role::Bad, &format!("Not in: {why}"));
            let again = "Type an amount to try again, or leave the form.";
            let row = canvas.wrapped(inner, row, Role::Muted, again) + 1;
            receipts::draw(canvas, inner, row, heard, false);
        }
        BidStage::Sending { heard } => {
            canvas.text(inner, row, Role::Warn, "Sealed. Handing it in to every node ...");
            receipts::draw(canvas, inner, row + 2, heard, true);
        }
    }
}

/// The file of the score that the bid comes with; the next row, and whether it is being written.
fn score_file(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    row: usize,
    form: &BidForm,
) -> (usize, bool) {
    let Some(score) = &form.score else { return (row, false) };
    let (model, shown) = (canvas.model, clean(score.path.text()));
    let width = usize::from(area.width).saturating_sub(12);
    let line = vec![
        canvas.span(Role::Title, "Score     "),
        canvas.span(Role::Input, format!(" {}", canvas.fit(shown.as_str(), width))),
    ];
    canvas.line(area, row, line);
    if score.named {
        return (row + 1, false);
    }
    let before: String = shown.as_str().chars().take(score.path.cursor()).collect();
    let column = u16::try_from(11 + text::width(&before).min(width)).unwrap_or(0);
    if model.ui.popups.is_empty() && u16::try_from(row).is_ok_and(|row| row < area.height) {
        canvas.cursor(area.x + column, area.y + u16::try_from(row).unwrap_or(0));
    }
    let send = model.keymap.first(Layer::BidForm, BidFormCommand::Send);
    let remark = if score.path.is_empty() {
        "the file of your signed score, as `gavel score` wrote it".to_owned()
    } else {
        format!("{send} goes on to the amount")
    };
    let column = Rect { x: area.x + 10, width: area.width.saturating_sub(10), ..area };
    (canvas.wrapped(column, row + 1, Role::Muted, &remark), true)
}

fn editing(canvas: &mut Canvas<'_, '_>, area: Rect, row: usize, form: &BidForm, session: &Session) {
    let model = canvas.model;
    let (row, naming) = score_file(canvas, area, row, form);
    if naming {
        return;
    }
    let code = clean(&session.terms.question.unit().code);
    let unit = if code.is_empty() { "units".to_owned() } else { code.to_string() };
    let typed = form.amount.text();
    let shown: String = if form.reveal {
        typed.to_owned()
    } else {
        canvas.glyphs().hidden.repeat(typed.chars().count())
    };
    let width = usize::from(area.width).saturating_sub(12 + text::width(&unit)).min(26);
    let line = vec![
        canvas.span(Role::Title, "Your bid  "),
        canvas.span(Role::Input, format!(" {}", canvas.fit(&shown, width.saturating_sub(1)))),
        canvas.span(Role::Muted, format!(" {unit}")),
    ];
    canvas.line(area, row, line);
    let before: String = shown.chars().take(form.amount.cursor()).collect();
    let column = u16::try_from(11 + text::width(&before).min(width)).unwrap_or(0);
    if model.ui.popups.is_empty() && u16::try_from(row).is_ok_and(|row| row < area.height) {
        canvas.cursor(area.x + column, area.y + u16::try_from(row).unwrap_or(0));
    }
    let reveal = model.keymap.first(Layer::BidForm, BidFormCommand::Reveal);
    let send = model.keymap.first(Layer::BidForm, BidFormCommand::Send);
    let (role, remark) = match check(typed, &session.terms) {
        Check::Empty => (Role::Muted, format!("such as {}; hidden as you type", example(session))),
        Check::Fine(None) => match allowed::refusal(model, BidFormCommand::Send) {
            None => (Role::Good, format!("{send} hands it in")),
            Some(why) => (Role::Bad, why),
        },
        Check::Fine(Some(remark)) => (Role::Warn, remark),
        Check::Wrong(why) => (Role::Bad, why),
    };
    let row = canvas.wrapped(
        Rect { x: area.x + 10, width: area.width - 10, ..area },
        row + 1,
        role,
        &remark,
    );
    let hide = if form.reveal { "hides" } else { "shows" };
    canvas.text(area, row, Role::Muted, &format!("          {reveal} {hide} the amount"));
    receipts::sealed_for(canvas, area, row + 2);
}

/// An amount as it may be written, such as "1250.00".
fn example(session: &Session) -> String {
    let currency = session.terms.question.unit();
    let scale = 10u64.checked_pow(u32::from(currency.decimals)).unwrap_or(1);
    let amount = session.terms.question.maximum().min(1250 * scale);
    currency.plain(amount)
}
