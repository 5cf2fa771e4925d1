//! The form of an invitation, and its code, which is shown once.

use super::field::Field;
use crate::base::Timestamp;
use crate::base::text::Clean;
use crate::wire::account_api::Secret;

/// Hours that an invitation lasts unless somebody says otherwise: a week.
const HOURS: &str = "168";

/// The fields of the form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InviteField {
    /// For whom it is.
    Label,
    /// The group that they belong to.
    Cohort,
    /// Hours until it expires.
    Hours,
}

/// The form of an invitation.
pub struct InviteForm {
    /// For whom it is.
    pub label: Field,
    /// The group that they belong to, for surveys that assign cohorts; may be empty.
    pub cohort: Field,
    /// Hours until it expires.
    pub hours: Field,
    /// The field that has the keys.
    pub focus: InviteField,
    /// Whether the answer is on its way.
    pub sending: bool,
    /// What is missing, or why it was refused.
    pub notice: Option<String>,
}

impl Default for InviteForm {
    fn default() -> Self {
        Self {
            label: Field::default(),
            cohort: Field::default(),
            hours: Field::new(HOURS),
            focus: InviteField::Label,
            sending: false,
            notice: None,
        }
    }
}

impl InviteForm {
    /// The field that has the keys; none while the answer is on its way.
    pub fn typed(&mut self) -> Option<&mut Field> {
        if self.sending {
            return None;
        }
        Some(match self.focus {
            InviteField::Label => &mut self.label,
            InviteField::Cohort => &mut self.cohort,
            InviteField::Hours => &mut self.hours,
        })
    }
}

/// The code of an invitation that has just been made. It is nowhere else, and goes when it is left.
pub struct ShownCode {
    /// For whom it is.
    pub label: Clean,
    /// The code, wiped when dropped.
    pub code: Secret,
    /// Until when it can be redeemed.
    pub expires: Timestamp,
}
