//! What the form of a session has besides where scores count: the scores of which model, and what one is
//! worth.

use super::field::Field;
use super::stock::{Offer, Storeroom};
use crate::rules::auction::file::Fields;
use crate::rules::auction::scored::Pays;

/// Digits by which a model is named that nobody has announced here.
const SHORT: usize = 12;

/// Whose scores of which model count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chosen {
    /// The model's id.
    pub model: String,
    /// The key of its owner.
    pub owner: String,
    /// Digest of the roster whose nodes make the material.
    pub roster: String,
}

impl Chosen {
    /// Of a model that is announced.
    fn of(offer: &Offer) -> Self {
        Self {
            model: offer.model.to_string(),
            owner: offer.owner.clone(),
            roster: offer.roster.to_string(),
        }
    }

    /// What a session file says, where it says all of it.
    pub fn written(fields: &Fields) -> Option<Self> {
        let scores = fields.scores.as_ref()?;
        let (model, owner, roster) =
            (scores.model.clone()?, scores.owner.clone()?, scores.roster.clone()?);
        Some(Self { model, owner, roster })
    }

    /// What a check can go on with while nothing is chosen.
    pub fn stand_in() -> Self {
        Self { model: "0".repeat(64), owner: "A".repeat(43), roster: "0".repeat(64) }
    }
}

/// What a scored auction has besides.
pub struct ScoringForm {
    /// What the winner is paid.
    pub pays: Pays,
    /// The model; it changes only where somebody changes it, whatever is announced meanwhile.
    pub chosen: Option<Chosen>,
    /// The models that are announced.
    pub models: Storeroom,
    /// What a score of one is worth.
    pub weight: Field,
    /// The lowest score with which anybody takes part; 0 when empty.
    pub lowest: Field,
    /// The highest score that counts; 1 when empty.
    pub highest: Field,
}

impl Default for ScoringForm {
    fn default() -> Self {
        Self {
            pays: Pays::Own,
            chosen: None,
            models: Storeroom::default(),
            weight: Field::default(),
            lowest: Field::new("0"),
            highest: Field::new("1"),
        }
    }
}

impl ScoringForm {
    /// The announced models whose scores can count.
    fn able(&self) -> Vec<&Offer> {
        self.models.rows().iter().filter(|offer| offer.counts).collect()
    }

    /// Where the chosen one is among them.
    fn place(&self) -> Option<usize> {
        let chosen = self.chosen.as_ref()?;
        self.able().iter().position(|offer| Chosen::of(offer) == *chosen)
    }

    /// Whether there is anything to choose from.
    pub fn has_choice(&self) -> bool {
        !self.able().is_empty()
    }

    /// Choose the next one; the first where none of them is chosen.
    pub fn choose_next(&mut self) {
        let able = self.able();
        let next = self.place().map_or(0, |here| (here + 1) % able.len());
        if let Some(offer) = able.get(next) {
            self.chosen = Some(Chosen::of(offer));
        }
    }

    /// The chosen model in words.
    pub fn shown(&self) -> String {
        let able = self.able();
        match (&self.chosen, self.place()) {
            (Some(_), Some(at)) => {
                let offer = able[at];
                format!("{}, {} ({} of {})", offer.name, offer.sizes, at + 1, able.len())
            }
            (Some(chosen), None) => {
                let short: String = chosen.model.chars().take(SHORT).collect();
                let known = self.models.known.is_some();
                format!("{short}{}", if known { ", not announced here" } else { "" })
            }
            (None, _) if self.models.known.is_none() => "not told yet".to_owned(),
            (None, _) if able.is_empty() => "none".to_owned(),
            (None, _) => format!("none of {}", able.len()),
        }
    }

    /// What to do while none is chosen.
    pub fn advice(&self) -> String {
        match (&self.models.known, &self.models.trouble) {
            (None, Some(why)) => format!("the coordinator does not tell its models: {why}"),
            (None, None) => "the coordinator has not told its models yet".to_owned(),
            (Some(known), _) if known.is_empty() => {
                "no model is announced: its owner does that with `gavel model serve`".to_owned()
            }
            (Some(_), _) if self.able().is_empty() => {
                "no announced model has one score that both parties sign; its owner announces one \
                 with `gavel model serve`"
                    .to_owned()
            }
            (Some(_), _) => "choose the model whose scores count".to_owned(),
        }
    }
}
