//! The form of a session, new or a draft that is changed, field by field.

use std::borrow::Cow;

use super::field::Field;
use super::scoring::ScoringForm;
use crate::rules::auction::Kind;
use crate::session::SessionId;

/// A field of the form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NewSessionField {
    /// A session file to read.
    File,
    /// What is sold or bought.
    Title,
    /// What else there is to know of it.
    Description,
    /// Who wins, and what is paid.
    Kind,
    /// How many equal lots there are.
    Quantity,
    /// The unit of amounts.
    Currency,
    /// Digits of amounts after the point.
    Decimals,
    /// The worst price that still wins.
    Reserve,
    /// The largest bid.
    Maximum,
    /// What the winner is paid, where scores count.
    Pays,
    /// Whose scores count.
    Model,
    /// What a score of one is worth.
    Weight,
    /// The lowest score with which anybody takes part.
    Lowest,
    /// The highest score that counts.
    Highest,
    /// When bidding ends.
    Until,
    /// Whether bids may be replaced.
    Replace,
    /// Whether to open it at once.
    Open,
}

impl NewSessionField {
    /// The fields of auctions that go by amounts alone, from the top.
    const OF_AMOUNTS: &[Self] = &[
        Self::File,
        Self::Title,
        Self::Description,
        Self::Kind,
        Self::Quantity,
        Self::Currency,
        Self::Decimals,
        Self::Reserve,
        Self::Maximum,
        Self::Until,
        Self::Replace,
        Self::Open,
    ];

    /// Those of a scored auction, which is of one lot and has no maximum but its reserve.
    const OF_SCORES: &[Self] = &[
        Self::File,
        Self::Title,
        Self::Description,
        Self::Kind,
        Self::Currency,
        Self::Decimals,
        Self::Reserve,
        Self::Pays,
        Self::Model,
        Self::Weight,
        Self::Lowest,
        Self::Highest,
        Self::Until,
        Self::Replace,
        Self::Open,
    ];

    /// The fields of a kind, from the top.
    pub const fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Scored => Self::OF_SCORES,
            Kind::FirstPrice
            | Kind::SecondPrice
            | Kind::ReverseFirstPrice
            | Kind::ReverseSecondPrice => Self::OF_AMOUNTS,
        }
    }

    /// Its label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::File => "from a file",
            Self::Title => "title",
            Self::Description => "description",
            Self::Kind => "kind",
            Self::Quantity => "quantity",
            Self::Currency => "currency",
            Self::Decimals => "decimals",
            Self::Reserve => "reserve",
            Self::Maximum => "maximum",
            Self::Pays => "pays",
            Self::Model => "model",
            Self::Weight => "weight",
            Self::Lowest => "lowest score",
            Self::Highest => "highest",
            Self::Until => "bids until",
            Self::Replace => "bids may be replaced",
            Self::Open => "open at once",
        }
    }
}

/// What a field holds.
pub enum Value<'a> {
    /// Typed text.
    Text(&'a Field),
    /// One of several choices, by its name.
    Choice(Cow<'static, str>),
}

/// The form of a session.
pub struct NewSession {
    /// The draft that it changes, if it does.
    pub editing: Option<SessionId>,
    /// What the file that it was filled from says beyond the fields of the form.
    pub beyond: toml::Table,
    /// A session file to read.
    pub file: Field,
    /// Title.
    pub title: Field,
    /// Description; may be empty.
    pub description: Field,
    /// Kind.
    pub kind: Kind,
    /// How many lots there are; one when empty.
    pub quantity: Field,
    /// Currency.
    pub currency: Field,
    /// Decimals.
    pub decimals: Field,
    /// Reserve; may be empty.
    pub reserve: Field,
    /// Maximum; may be empty.
    pub maximum: Field,
    /// What it has besides where scores count.
    pub scoring: ScoringForm,
    /// A duration or a time.
    pub until: Field,
    /// Whether bids may be replaced.
    pub replace: bool,
    /// Whether to open it at once.
    pub open: bool,
    /// Which field has the keys.
    pub focus: NewSessionField,
    /// What is wrong, or what was done.
    pub notice: Option<String>,
    /// Whether an answer is awaited.
    pub busy: bool,
}

impl Default for NewSession {
    fn default() -> Self {
        Self {
            editing: None,
            beyond: toml::Table::new(),
            file: Field::default(),
            title: Field::default(),
            description: Field::default(),
            kind: Kind::SecondPrice,
            quantity: Field::new("1"),
            currency: Field::new("EUR"),
            decimals: Field::new("2"),
            reserve: Field::default(),
            maximum: Field::default(),
            scoring: ScoringForm::default(),
            until: Field::new("1h"),
            replace: true,
            open: true,
            focus: NewSessionField::Title,
            notice: None,
            busy: false,
        }
    }
}

impl NewSession {
    /// Its fields, from the top.
    pub const fn fields(&self) -> &'static [NewSessionField] {
        NewSessionField::of(self.kind)
    }

    /// Whether scores count in it.
    pub const fn is_scored(&self) -> bool {
        matches!(self.kind, Kind::Scored)
    }

    /// Where a field is among them.
    pub fn place(&self, field: NewSessionField) -> usize {
        self.fields().iter().position(|own| *own == field).unwrap_or(0)
    }

    /// Give the keys to the field so many below, from the last on to the first.
    pub fn move_focus(&mut self, steps: usize) {
        let fields = self.fields();
        self.focus = fields[(self.place(self.focus) + steps) % fields.len()];
    }

    /// What a field holds.
    pub fn value(&self, field: NewSessionField) -> Value<'_> {
        match field {
            NewSessionField::File => Value::Text(&self.file),
            NewSessionField::Title => Value::Text(&self.title),
            NewSessionField::Description => Value::Text(&self.description),
            NewSessionField::Kind => Value::Choice(self.kind.name().into()),
            NewSessionField::Quantity => Value::Text(&self.quantity),
            NewSessionField::Currency => Value::Text(&self.currency),
            NewSessionField::Decimals => Value::Text(&self.decimals),
            NewSessionField::Reserve => Value::Text(&self.reserve),
            NewSessionField::Maximum => Value::Text(&self.maximum),
            NewSessionField::Pays => Value::Choice(self.scoring.pays.name().into()),
            NewSessionField::Model => Value::Choice(self.scoring.shown().into()),
            NewSessionField::Weight => Value::Text(&self.scoring.weight),
            NewSessionField::Lowest => Value::Text(&self.scoring.lowest),
            NewSessionField::Highest => Value::Text(&self.scoring.highest),
            NewSessionField::Until => Value::Text(&self.until),
            NewSessionField::Replace => Value::Choice(yes_no(self.replace).into()),
            NewSessionField::Open => Value::Choice(yes_no(self.open).into()),
        }
    }

    /// The text that the keys go to, where the field with the keys takes text.
    pub const fn typed(&mut self) -> Option<&mut Field> {
        match self.focus {
            NewSessionField::File => Some(&mut self.file),
            NewSessionField::Title => Some(&mut self.title),
            NewSessionField::Description => Some(&mut self.description),
            NewSessionField::Quantity => Some(&mut self.quantity),
            NewSessionField::Currency => Some(&mut self.currency),
            NewSessionField::Decimals => Some(&mut self.decimals),
            NewSessionField::Reserve => Some(&mut self.reserve),
            NewSessionField::Maximum => Some(&mut self.maximum),
            NewSessionField::Weight => Some(&mut self.scoring.weight),
            NewSessionField::Lowest => Some(&mut self.scoring.lowest),
            NewSessionField::Highest => Some(&mut self.scoring.highest),
            NewSessionField::Until => Some(&mut self.until),
            NewSessionField::Kind
            | NewSessionField::Pays
            | NewSessionField::Model
            | NewSessionField::Replace
            | NewSessionField::Open => None,
        }
    }
}

const fn yes_no(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}
