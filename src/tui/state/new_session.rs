//! The form of a session, new or a draft that is changed, field by field.

use super::field::Field;
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
    /// When bidding ends.
    Until,
    /// Whether bids may be replaced.
    Replace,
    /// Whether to open it at once.
    Open,
}

impl NewSessionField {
    /// Every field, from the top.
    pub const ALL: [Self; 12] = [
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
            Self::Until => "bids until",
            Self::Replace => "bids may be replaced",
            Self::Open => "open at once",
        }
    }

    /// The field so many below, from the last on to the first.
    fn after(self, steps: usize) -> Self {
        let here = Self::ALL.iter().position(|field| *field == self).unwrap_or(0);
        Self::ALL[(here + steps) % Self::ALL.len()]
    }

    /// The field below.
    #[must_use]
    pub fn next(self) -> Self {
        self.after(1)
    }

    /// The field above.
    #[must_use]
    pub fn previous(self) -> Self {
        self.after(Self::ALL.len() - 1)
    }
}

/// What a field holds.
pub enum Value<'a> {
    /// Typed text.
    Text(&'a Field),
    /// One of several choices, by its name.
    Choice(&'static str),
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
    /// What a field holds.
    pub const fn value(&self, field: NewSessionField) -> Value<'_> {
        match field {
            NewSessionField::File => Value::Text(&self.file),
            NewSessionField::Title => Value::Text(&self.title),
            NewSessionField::Description => Value::Text(&self.description),
            NewSessionField::Kind => Value::Choice(self.kind.name()),
            NewSessionField::Quantity => Value::Text(&self.quantity),
            NewSessionField::Currency => Value::Text(&self.currency),
            NewSessionField::Decimals => Value::Text(&self.decimals),
            NewSessionField::Reserve => Value::Text(&self.reserve),
            NewSessionField::Maximum => Value::Text(&self.maximum),
            NewSessionField::Until => Value::Text(&self.until),
            NewSessionField::Replace => Value::Choice(yes_no(self.replace)),
            NewSessionField::Open => Value::Choice(yes_no(self.open)),
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
            NewSessionField::Until => Some(&mut self.until),
            NewSessionField::Kind | NewSessionField::Replace | NewSessionField::Open => None,
        }
    }
}

const fn yes_no(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}
