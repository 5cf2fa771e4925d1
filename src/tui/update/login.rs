//! The form of a login, and what follows when a login ends.

use super::action::{Effect, Request};
use crate::base::text::clean;
use crate::tui::input::commands::LoginCommand;
use crate::tui::state::data::Level;
use crate::tui::state::forms::Popup;
use crate::tui::state::login::{LoginField, LoginForm};
use crate::tui::state::model::Model;
use crate::wire::account_api::Secret;

/// Open the form.
pub fn open(model: &mut Model) {
    let name = model.person.account.clone().unwrap_or_default();
    model.ui.popups.push(Popup::Login(Box::new(LoginForm::new(name.as_str()))));
}

/// Do what a command of the form says.
pub fn run(model: &mut Model, command: LoginCommand) -> Vec<Effect> {
    match command {
        LoginCommand::Turn => {
            if let Some(form) = model.login() {
                form.focus = match form.focus {
                    LoginField::Name => LoginField::Password,
                    LoginField::Password => LoginField::Name,
                };
            }
        }
        LoginCommand::Submit => return submit(model),
        LoginCommand::Leave => {
            model.ui.popups.pop();
        }
    }
    Vec::new()
}

/// The password leaves its field for good.
fn submit(model: &mut Model) -> Vec<Effect> {
    let Some(form) = model.login() else { return Vec::new() };
    if form.sending {
        return Vec::new();
    }
    let missing = [(LoginField::Name, &form.name), (LoginField::Password, &form.password)]
        .into_iter()
        .find_map(|(at, field)| field.is_empty().then_some(at));
    if let Some(at) = missing {
        form.focus = at;
        form.notice = Some(match at {
            LoginField::Name => "type the account's name".to_owned(),
            LoginField::Password => "type the password".to_owned(),
        });
        return Vec::new();
    }
    let name = form.name.text().to_owned();
    let password = Secret::new(form.password.text());
    form.password.clear();
    form.sending = true;
    form.notice = None;
    vec![Effect::Ask(Request::LogIn { name, password })]
}

/// We could not log in.
pub fn refused(model: &mut Model, why: &str) {
    let why = clean(why).to_string();
    model.note(Level::Warn, None, &format!("not logged in: {why}"));
    match model.login() {
        Some(form) => {
            form.sending = false;
            form.focus = LoginField::Password;
            form.notice = Some(why);
        }
        None => model.say(Level::Error, format!("not logged in: {why}")),
    }
}

/// Our login is over: say so until somebody logs in, and offer it at once unless something else
/// has the keys.
pub fn over(model: &mut Model, why: &str) {
    let why = clean(why);
    if model.live().login_over.is_none() {
        model.note(Level::Error, None, &format!("your login has ended: {why}"));
        let free = model.ui.popups.is_empty() && model.ui.form.is_none() && !model.ui.filtering;
        if free && model.person.account.is_some() {
            open(model);
        }
    }
    let now = model.live().now;
    model.live_mut().login_over.get_or_insert((now, why));
}
