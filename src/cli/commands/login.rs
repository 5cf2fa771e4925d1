//! `gavel join CODE`, `gavel login`, `gavel logout`: a bidder's or an operator's own account.

use clap::Args;
use serde::Serialize;

use crate::base::Clock;
use crate::base::name::{check_name, normal};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::Person;
use crate::cli::login;
use crate::cli::options::{PassphraseOption, PasswordOption, RosterOption};
use crate::cli::output::{clean, strong};
use crate::client::{ClientError, Network};
use crate::identity::key_file::BidderKeys;
use crate::identity::{AccountRole, PublicKey};
use crate::transport::HttpError;
use crate::wire::account_api::{Login, Secret};

/// An invitation to redeem.
///
/// Makes an account at the coordinator under your name, with a password that you choose, bound to
/// this home's bidder key; the key is made first where there is none. A code is good once.
#[derive(Args)]
pub struct JoinArgs {
    /// The invitation's code, as the coordinator's operator sent it
    code: String,
    /// The name to bid under [default: that of this home]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    password: PasswordOption,
    #[command(flatten)]
    roster: RosterOption,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

/// Whose login.
#[derive(Args)]
pub struct LoginArgs {
    /// The account's name [default: that of this home's bidder]
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    password: PasswordOption,
    #[command(flatten)]
    roster: RosterOption,
}

/// Which coordinator.
#[derive(Args)]
pub struct LogoutArgs {
    #[command(flatten)]
    roster: RosterOption,
}

#[derive(Serialize)]
struct LoggedIn {
    name: String,
    role: AccountRole,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<PublicKey>,
    refresh_expires: crate::base::Timestamp,
}

#[derive(Serialize)]
struct LoggedOut {
    was_logged_in: bool,
}

/// Redeem an invitation.
///
/// # Errors
/// When the coordinator refuses, with the reason.
pub async fn join(context: &Context, args: JoinArgs) -> Result<(), Failure> {
    let home = &context.home;
    let roster = home.roster(args.roster.roster.as_deref())?;
    let mut settings = home.settings()?;
    let name = match (&args.name, &settings.bidder) {
        (Some(name), Some(person)) if *name != person.name => {
            return Err(Failure::usage(format!(
                "this home bids as {:?}; leave --name out, or join from another home",
                clean(&person.name)
            )));
        }
        (Some(name), _) => name.clone(),
        (None, Some(person)) => person.name.clone(),
        (None, None) => return Err(Failure::usage("say under which name to bid, with --name")),
    };
    let name = normal(&name);
    check_name("the name", &name).map_err(Failure::usage)?;
    let path = home.file("bidder.key");
    let fresh = settings.bidder.is_none() && !path.exists();
    let keys = if fresh {
        BidderKeys::generate()?
    } else {
        args.passphrase.load(&path, BidderKeys::load)?
    };
    let password = args.password.new_one("A password for the account (not shown): ")?;
    if fresh {
        // On disk before an account is bound to it.
        home.create()?;
        keys.save(&path, args.passphrase.given()?.as_ref())?;
    }
    if settings.bidder.is_none() {
        settings.bidder = Some(Person { name: name.clone(), key: keys.identity.public() });
    }
    let network = Network::new(roster, None, Clock::System)?;
    let code = Secret::new(args.code);
    let joined = network.coordinator().join(code, &name, password, &keys.identity).await;
    if let Err(error) = &joined
        && fresh
        && matches!(error, ClientError::Http(HttpError::Problem { .. }))
    {
        // Refused for certain: nothing is bound to the key, and another name may be tried.
        let _ = std::fs::remove_file(&path);
    }
    let login = joined?;
    home.save_settings(&settings)?;
    login::keep(home, &login)?;
    tell(context, &login)
}

/// Log in.
///
/// # Errors
/// When the coordinator refuses, with the reason.
pub async fn login(context: &Context, args: LoginArgs) -> Result<(), Failure> {
    let home = &context.home;
    let roster = home.roster(args.roster.roster.as_deref())?;
    let bidder = home.settings()?.bidder;
    let name = args
        .name
        .or_else(|| bidder.map(|person| person.name))
        .ok_or_else(|| Failure::usage("say as whom to log in, with --name"))?;
    let question = format!("Password of {} (not shown): ", clean(&name));
    let password = args.password.existing(&question)?;
    let network = Network::new(roster, None, Clock::System)?;
    let login = network.coordinator().login(&name, password).await?;
    login::end_earlier(home, &network).await;
    login::keep(home, &login)?;
    tell(context, &login)
}

/// End the login of this home.
///
/// # Errors
/// When the coordinator cannot be reached; the tokens are gone from this home all the same.
pub async fn logout(context: &Context, args: LogoutArgs) -> Result<(), Failure> {
    let home = &context.home;
    let roster = home.roster(args.roster.roster.as_deref())?;
    let kept = login::kept(home)?;
    login::forget(home);
    if let Some(login) = &kept {
        let network = Network::new(roster, None, Clock::System)?;
        network.coordinator().logout(login).await?;
    }
    let done = LoggedOut { was_logged_in: kept.is_some() };
    context.output.result(&done, || {
        let text = if done.was_logged_in { "Logged out." } else { "Nobody was logged in here." };
        text.to_owned()
    })
}

fn tell(context: &Context, login: &Login) -> Result<(), Failure> {
    let account = &login.account;
    let done = LoggedIn {
        name: account.name.clone(),
        role: account.role,
        key: account.key,
        refresh_expires: login.refresh_expires,
    };
    context.output.result(&done, || {
        format!(
            "Logged in as {} ({}). Without use the login ends at {}; `gavel logout` ends it now.",
            strong(clean(&done.name)),
            done.role,
            done.refresh_expires,
        )
    })
}
