//! `gavel account …`: looking after accounts, for operators.

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::login;
use crate::cli::options::{PasswordOption, Reach};
use crate::cli::output::{Table, clean};
use crate::cli::view;
use crate::identity::{AccountRole, PublicKey};
use crate::wire::account_api::{AccountLine, NewAccount};

/// What to do with accounts.
#[derive(Subcommand)]
pub enum AccountCommand {
    /// Make an account. The holder of the coordinator's key makes the first operator's
    Add(AddArgs),
    /// List the accounts
    List(ListArgs),
    /// Disable an account: its logins end
    Disable(OneArgs),
    /// Enable an account again
    Enable(OneArgs),
    /// Give an account a new password: its logins end. Without a name: change one's own
    Password(PasswordArgs),
}

/// An account to make.
#[derive(Args)]
pub struct AddArgs {
    /// Its name
    name: String,
    /// What it may do
    #[arg(long)]
    role: AccountRole,
    /// A bidder's public key, as `gavel init bidder` shows it. Bidders are better invited, with
    /// `gavel invite`: then the key is bound by the bidder
    // One key in 64 begins with a hyphen.
    #[arg(long, allow_hyphen_values = true)]
    key: Option<PublicKey>,
    #[command(flatten)]
    password: PasswordOption,
    #[command(flatten)]
    reach: Reach,
}

/// Who asks.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    reach: Reach,
}

/// One account.
#[derive(Args)]
pub struct OneArgs {
    /// Its name
    name: String,
    #[command(flatten)]
    reach: Reach,
}

/// Whose password.
#[derive(Args)]
pub struct PasswordArgs {
    /// The account's name; without it one's own password is changed
    name: Option<String>,
    #[command(flatten)]
    password: PasswordOption,
    #[command(flatten)]
    reach: Reach,
}

/// Do it.
///
/// # Errors
/// When the coordinator refuses, with the reason.
pub async fn run(context: &Context, command: AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::Add(args) => add(context, args).await,
        AccountCommand::List(args) => {
            let network = args.reach.as_operator(context).await?;
            let accounts = network.coordinator().accounts().await?;
            context.output.result(&json!({ "accounts": accounts }), || table(&accounts))
        }
        AccountCommand::Disable(args) => set(context, &args, false).await,
        AccountCommand::Enable(args) => set(context, &args, true).await,
        AccountCommand::Password(args) => password(context, args).await,
    }
}

async fn add(context: &Context, args: AddArgs) -> Result<(), Failure> {
    let network = args.reach.as_operator(context).await?;
    let question = format!("A first password for {} (not shown): ", clean(&args.name));
    let password = args.password.new_one(&question)?;
    let new = NewAccount { name: args.name, role: args.role, password, key: args.key };
    let account = network.coordinator().add_account(&new).await?;
    tell(context, &account)
}

async fn set(context: &Context, args: &OneArgs, enabled: bool) -> Result<(), Failure> {
    let network = args.reach.as_operator(context).await?;
    let account = network.coordinator().account_named(&args.name).await?.account;
    let account = network.coordinator().set_account(account, enabled).await?;
    tell(context, &account)
}

async fn password(context: &Context, args: PasswordArgs) -> Result<(), Failure> {
    if let Some(name) = &args.name {
        let network = args.reach.as_operator(context).await?;
        let account = network.coordinator().account_named(name).await?.account;
        let question = format!("A new password for {} (not shown): ", clean(name));
        let password = args.password.new_one(&question)?;
        let account = network.coordinator().reset_password(account, password).await?;
        return tell(context, &account);
    }
    let network = login::network(&context.home, args.reach.roster(context)?).await?;
    let account = network.coordinator().own_account().await?;
    let old = PasswordOption::default().existing("The present password (not shown): ")?;
    let new = args.password.new_one("The new password (not shown): ")?;
    network.coordinator().change_password(old, new).await?;
    login::forget(&context.home);
    context.output.result(&account, || {
        "The password is changed and every login ended; log in again with `gavel login`.".to_owned()
    })
}

fn table(accounts: &[AccountLine]) -> String {
    if accounts.is_empty() {
        return "There are no accounts yet; `gavel account add NAME --role operator` makes one."
            .to_owned();
    }
    let mut table = Table::new(&["name", "role", "since", "standing", "key"]);
    for account in accounts {
        table.row([
            account.name.clone(),
            account.role.to_string(),
            view::time(account.created),
            if account.disabled.is_some() { "disabled" } else { "good" }.to_owned(),
            account.key.map(|key| key.to_string()).unwrap_or_default(),
        ]);
    }
    table.to_string()
}

fn tell(context: &Context, account: &AccountLine) -> Result<(), Failure> {
    context.output.result(account, || table(std::slice::from_ref(account)))
}
