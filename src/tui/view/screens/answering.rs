//! Answering a survey: a row for each question with its unit and bounds, what is wrong with an
//! answer as it is typed, and what of the answers will be opened, before anything is signed.

use ratatui::layout::Rect;

use super::super::canvas::Canvas;
use super::super::text;
use super::super::theme::Role;
use super::receipts;
use crate::base::text::clean;
use crate::rules::survey::{Item, Question};
use crate::tui::figures::count;
use crate::tui::input::commands::AnswerFormCommand;
use crate::tui::input::layer::Layer;
use crate::tui::state::answers::{AnswerRow, Answers, OwnCohort, Standing};
use crate::tui::state::data::Session;
use crate::tui::state::forms::{BidForm, BidStage};
use crate::tui::state::model::Model;
use crate::tui::state::screen::{Hit, List};
use crate::tui::update::allowed;

/// Columns of an answer as it is typed: fifteen digits, a sign, a point, and some more.
const FIELD: usize = 20;

/// Most columns of a question's name.
const NAME: usize = 24;

/// Rows that tell of the question that has the keys.
const TOLD: u16 = 4;

/// The answers that are being written, and their survey.
pub fn written(model: &Model) -> Option<(&BidForm, &Session)> {
    let form = model.ui.form.as_ref()?;
    let session = model.data().session(form.session)?;
    form.answers.as_ref().map(|_| (form, session))
}

/// Draw the form.
pub fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, form: &BidForm, session: &Session) {
    let (Some(survey), Some(answers)) = (session.survey(), &form.answers) else { return };
    let name = canvas.model.person.bidder.clone().unwrap_or_default();
    let word = format!("as {}", canvas.model.shown(&name));
    let inner = canvas.pane_with(area, session.title.as_str(), &word, true);
    let row = super::closing(canvas, inner, 0, session);
    match &form.stage {
        BidStage::Editing => {
            let form = Form { survey, answers, reveal: form.reveal };
            form.draw(canvas, below(inner, row + 1), session);
        }
        stage => receipts::stage(canvas, inner, row + 1, stage, "answers"),
    }
}

/// What is below a row of an area.
fn below(area: Rect, row: usize) -> Rect {
    let top = u16::try_from(row).unwrap_or(u16::MAX).min(area.height);
    Rect { y: area.y + top, height: area.height - top, ..area }
}

/// The answers, and how they are shown.
struct Form<'a> {
    survey: &'a Question,
    answers: &'a Answers,
    reveal: bool,
}

impl Form<'_> {
    fn draw(&self, canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) {
        let area = below(area, self.own(canvas, area));
        let rows = self.answers.rows();
        let opened = opened(self.survey, session, usize::from(area.width));
        let all = u16::try_from(rows.len()).unwrap_or(u16::MAX);
        let wanted = u16::try_from(opened.len()).unwrap_or(u16::MAX).saturating_add(1);
        // Of what is opened some lines show, however many questions there are.
        let kept = wanted.min(6);
        let height = all.min(area.height.saturating_sub(TOLD + 1 + kept)).max(2);
        self.list(canvas, Rect { height: height.min(area.height), ..area }, &rows);
        let rest = below(area, usize::from(height) + 1);
        let row = self.told(canvas, rest, session);
        let rest = below(rest, row + 1);
        let row = write(canvas, rest, &opened, session);
        receipts::sealed_where_there_is_room(canvas, below(rest, row + 1));
    }

    /// The cohort that the operator has assigned, where he has; gives the row after it.
    fn own(&self, canvas: &mut Canvas<'_, '_>, area: Rect) -> usize {
        let Some(own) = &self.answers.own else { return 0 };
        let name = self.survey.assigned_name(self.answers.assigned());
        let (role, line) = match (own, name) {
            (OwnCohort::Known(_), Some(name)) => {
                let said = self.survey.membership.words();
                (Role::Text, format!("counts in {COHORT} {}: {said}", clean(name)))
            }
            (OwnCohort::Refused(why), _) => (Role::Bad, why.to_string()),
            _ => (Role::Muted, format!("the coordinator is asked for your {COHORT}")),
        };
        canvas.wrapped(area, 0, role, &line) + 1
    }

    /// A line for each row, as many as there is room for around the one that has the keys.
    fn list(&self, canvas: &mut Canvas<'_, '_>, area: Rect, rows: &[AnswerRow]) {
        let names = self.survey.items.iter().map(|item| text::width(&item.name));
        let cohort = text::width(COHORT);
        let name = names.chain([cohort]).max().unwrap_or(cohort).min(NAME);
        let focus = self.answers.focus;
        canvas.hit(area, Hit::Within(List::Answers));
        let window =
            canvas.window(List::Answers, usize::from(area.height), rows.len(), Some(focus));
        for (at, index) in window.clone().enumerate() {
            let Some(row) = rows.get(index) else { continue };
            self.line(canvas, area, at, (*row, index == focus), name);
            let y = area.y + u16::try_from(at).unwrap_or(0);
            canvas.hit(Rect { y, height: 1, ..area }, Hit::Row(List::Answers, index));
        }
        canvas.more(area, &window, rows.len());
    }

    fn line(
        &self,
        canvas: &mut Canvas<'_, '_>,
        area: Rect,
        at: usize,
        (row, here): (AnswerRow, bool),
        name: usize,
    ) {
        let (role, mark) = match self.answers.standing(self.survey, row) {
            Standing::Empty => (Role::Muted, canvas.glyphs().blank),
            Standing::Fine => (Role::Good, canvas.glyphs().tick),
            Standing::Wrong(_) => (Role::Bad, canvas.glyphs().cross),
        };
        let label = match row {
            AnswerRow::Cohort => COHORT,
            AnswerRow::Item(item) => {
                self.survey.items.get(item).map_or("", |item| item.name.as_str())
            }
        };
        let label_role = if here { Role::Key } else { Role::Text };
        let mut line = vec![
            canvas.span(role, format!("{mark} ")),
            canvas.span(label_role, canvas.fit(clean(label).as_str(), name)),
            canvas.span(Role::Text, "  "),
        ];
        let used = 4 + name;
        let rest = usize::from(area.width).saturating_sub(used + FIELD + 3);
        match row {
            AnswerRow::Cohort => line.extend(self.cohort(canvas, here, area.width, used)),
            AnswerRow::Item(item) => {
                let (shown, column) = self.typed(canvas, item);
                line.push(canvas.span(Role::Input, format!(" {}", canvas.fit(&shown, FIELD))));
                let (role, beside) = self.beside(item, role);
                line.push(canvas.span(role, format!("  {}", canvas.cut(&beside, rest))));
                let row = u16::try_from(at).unwrap_or(u16::MAX);
                if here && canvas.model.ui.popups.is_empty() && row < area.height {
                    let column = u16::try_from(used + 1 + column).unwrap_or(0);
                    canvas.cursor(area.x + column, area.y + row);
                }
            }
        }
        canvas.line(area, at, line);
    }

    /// The chosen cohort, or that none is.
    fn cohort(
        &self,
        canvas: &Canvas<'_, '_>,
        here: bool,
        width: u16,
        used: usize,
    ) -> Vec<ratatui::text::Span<'static>> {
        let chosen = self.answers.cohort.and_then(|cohort| self.survey.cohorts.get(cohort));
        let (role, shown) = match chosen {
            Some(_) if !self.reveal => (Role::Title, canvas.glyphs().hidden.repeat(6)),
            Some(name) => (Role::Title, clean(name).to_string()),
            None => (Role::Muted, format!("one of {}", self.survey.cohorts.len())),
        };
        let room = usize::from(width).saturating_sub(used + 4);
        let (left, right) = if here { ("< ", " >") } else { ("  ", "") };
        vec![
            canvas.span(Role::Key, left),
            canvas.span(role, canvas.cut(&shown, room)),
            canvas.span(Role::Key, right),
        ]
    }

    /// What is typed, as much as there is room for around the cursor, and the cursor's column.
    fn typed(&self, canvas: &Canvas<'_, '_>, item: usize) -> (String, usize) {
        let Some(field) = self.answers.fields.get(item) else { return Default::default() };
        let first = (field.cursor() + 1).saturating_sub(FIELD);
        let characters = field.text().chars().skip(first).take(FIELD);
        let shown: String = if self.reveal {
            characters.collect()
        } else {
            canvas.glyphs().hidden.repeat(characters.count())
        };
        let before: String = shown.chars().take(field.cursor() - first).collect();
        let column = text::width(&before);
        (shown, column)
    }

    /// What stands beside a field: the answer as it will be read, or its bounds.
    fn beside(&self, item: usize, role: Role) -> (Role, String) {
        let Some(asked) = self.survey.items.get(item) else { return (role, String::new()) };
        match asked.parse(self.answers.text(item)) {
            Ok(above) if self.reveal => {
                (role, format!("= {}", clean(&asked.show(asked.answer(above)))))
            }
            _ => (role, bounds(asked)),
        }
    }

    /// What there is to know of the row that has the keys; gives the row after it.
    fn told(&self, canvas: &mut Canvas<'_, '_>, area: Rect, session: &Session) -> usize {
        let area = Rect { height: area.height.min(TOLD), ..area };
        let row = self.answers.row();
        let keys = &canvas.model.keymap;
        let send = keys.first(Layer::AnswerForm, AnswerFormCommand::Send);
        let hide = keys.first(Layer::AnswerForm, AnswerFormCommand::Reveal);
        let next = match self.answers.unfinished(self.survey) {
            Some(_) => (Role::Muted, format!("{send} goes on to what is missing")),
            None => {
                if let Some(why) = allowed::refusal(canvas.model, AnswerFormCommand::Send) {
                    (Role::Bad, why)
                } else {
                    let shows = if self.reveal { "hides" } else { "shows" };
                    (Role::Good, format!("{send} hands them in; {hide} {shows} the answers"))
                }
            }
        };
        let asked = match row {
            AnswerRow::Cohort => {
                let names = (1..).zip(&self.survey.cohorts);
                let names: Vec<String> =
                    names.map(|(number, name)| format!("{number} {}", clean(name))).collect();
                let back = keys.first(Layer::AnswerForm, AnswerFormCommand::ChangeBack);
                let on = keys.first(Layer::AnswerForm, AnswerFormCommand::Change);
                format!(
                    "Which are you in? {}: {back} and {on}, or its number; {}.",
                    names.join(", "),
                    self.survey.membership.words()
                )
            }
            AnswerRow::Item(item) => {
                let asked = self.survey.items.get(item);
                let text = asked.and_then(|item| item.text.as_deref().or(Some(&item.name)));
                clean(text.unwrap_or_default()).to_string()
            }
        };
        // The question in two lines at most: what is wrong with its answer needs the others.
        let width = usize::from(area.width);
        let mut lines = text::wrap(&asked, width);
        if lines.len() > 2 {
            let last = lines.split_off(1).join(" ");
            lines.push(canvas.cut(&last, width));
        }
        for (at, line) in lines.iter().enumerate() {
            canvas.text(area, at, Role::Title, line);
        }
        let (role, remark) = match (row, self.answers.standing(self.survey, row)) {
            (_, Standing::Wrong(why)) => (Role::Bad, why),
            (_, Standing::Fine) | (AnswerRow::Cohort, Standing::Empty) => next,
            (AnswerRow::Item(item), Standing::Empty) => {
                let example = self.survey.items.get(item).map(example).unwrap_or_default();
                (Role::Muted, example)
            }
        };
        let earlier = canvas.model.data().own.latest(session.id).map(|own| own.revision);
        let row = canvas.wrapped(area, lines.len(), role, &remark);
        match earlier {
            Some(revision) if row < usize::from(area.height) => {
                let text = format!("These replace your answer of revision {revision}.");
                canvas.wrapped(area, row, Role::Muted, &text)
            }
            _ => row,
        }
    }
}

/// What the row of the choice is called.
const COHORT: &str = "cohort";

/// The smallest and the largest answer.
fn bounds(item: &Item) -> String {
    let shown = |amount: i64| clean(&item.show(amount.into())).to_string();
    format!("{} to {}", shown(item.minimum), shown(item.maximum))
}

/// How an answer is written.
fn example(item: &Item) -> String {
    let decimals = match item.unit.decimals {
        0 => "a whole number".to_owned(),
        1 => "a number with up to one decimal".to_owned(),
        decimals => format!("a number with up to {decimals} decimals"),
    };
    let zero = if (item.minimum..=item.maximum).contains(&0) { "; 0 is written as 0" } else { "" };
    format!("{decimals}, {}{zero}", bounds(item))
}

/// What of the answers will be opened, in lines of this width.
fn opened(survey: &Question, session: &Session, width: usize) -> Vec<String> {
    let lines =
        survey.opened_lines(session.terms.protocol).into_iter().chain([survey.withheld_line()]);
    lines.flat_map(|line| text::wrap(clean(&line).as_str(), width)).collect()
}

/// Write as much of it as there is room for; gives the row after it.
fn write(canvas: &mut Canvas<'_, '_>, area: Rect, lines: &[String], session: &Session) -> usize {
    canvas.text(area, 0, Role::Head, "What of it everyone will learn, and nothing else");
    let room = usize::from(area.height).saturating_sub(1);
    let shown = if lines.len() > room { room.saturating_sub(1) } else { lines.len() };
    for (at, line) in lines.iter().take(shown).enumerate() {
        canvas.text(area, at + 1, Role::Muted, line);
    }
    if shown < lines.len() {
        let more = count((lines.len() - shown) as u64);
        let more = format!("and {more} more lines: `gavel session show {}`", session.id.short());
        canvas.text(area, shown + 1, Role::Muted, &more);
        return shown + 2;
    }
    shown + 1
}
