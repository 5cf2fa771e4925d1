//! The form of a login: the account's name, and the password hidden as typed.

use super::field::Field;

/// Its fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginField {
    /// The account's name.
    Name,
    /// The password.
    Password,
}

/// The form of a login.
pub struct LoginForm {
    /// The account's name.
    pub name: Field,
    /// The password; wiped once it is sent or the form left.
    pub password: Field,
    /// The field that has the keys.
    pub focus: LoginField,
    /// Whether the answer is on its way.
    pub sending: bool,
    /// Why the login was refused, or what is missing.
    pub notice: Option<String>,
}

impl LoginForm {
    /// A form for this account.
    pub fn new(name: &str) -> Self {
        let focus = if name.is_empty() { LoginField::Name } else { LoginField::Password };
        let (name, password) = (Field::new(name), Field::secret());
        Self { name, password, focus, sending: false, notice: None }
    }

    /// The field that has the keys; none while the answer is on its way.
    pub fn typed(&mut self) -> Option<&mut Field> {
        if self.sending {
            return None;
        }
        Some(match self.focus {
            LoginField::Name => &mut self.name,
            LoginField::Password => &mut self.password,
        })
    }
}
