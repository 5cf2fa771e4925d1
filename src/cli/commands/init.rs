//! `gavel init node|coordinator|bidder`: keys, and for a node its card.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::base::name::{check_name, normal};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::home::{Person, Server, host, write_json};
use crate::cli::options::PassphraseOption;
use crate::cli::output::strong;
use crate::identity::key_file::{BidderKeys, CoordinatorKeys, NodeKeys};
use crate::identity::roster::check_place;
use crate::identity::{Digest, PublicKey};

/// Whose keys to make.
#[derive(Subcommand)]
pub enum InitCommand {
    /// Keys of a node, and its card for the coordinator
    Node(ServerArgs),
    /// Keys of a coordinator
    Coordinator(ServerArgs),
    /// The key of a bidder
    Bidder(BidderArgs),
}

/// A node or a coordinator.
#[derive(Args)]
pub struct ServerArgs {
    /// The organisation's name, as others will see it
    #[arg(long)]
    name: String,
    /// Host and port under which others reach it, such as node.example.org:7001
    #[arg(long, value_name = "HOST:PORT")]
    address: String,
    /// Where to listen, when not on every interface at the address's port
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    #[command(flatten)]
    lock: Lock,
}

/// A bidder.
#[derive(Args)]
pub struct BidderArgs {
    /// The name to bid under
    #[arg(long)]
    name: String,
    #[command(flatten)]
    lock: Lock,
}

/// Whether the key file is put under a passphrase.
#[derive(Args)]
struct Lock {
    /// Put the key file under a passphrase, asked for on the terminal
    #[arg(long)]
    passphrase: bool,
    #[command(flatten)]
    source: PassphraseOption,
}

impl Lock {
    fn passphrase(&self) -> Result<Option<secrecy::SecretString>, Failure> {
        if self.passphrase || self.source.passphrase_file.is_some() {
            return self.source.for_new_keys().map(Some);
        }
        self.source.given()
    }
}

/// What was made.
#[derive(Serialize)]
struct Made {
    role: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    key: PublicKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Digest>,
    key_file: PathBuf,
    passphrase: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<PathBuf>,
}

/// Make keys. Existing ones are never touched.
///
/// # Errors
/// When there are keys already, or the folder cannot be written.
pub fn run(context: &Context, command: InitCommand) -> Result<(), Failure> {
    match command {
        InitCommand::Node(args) => node(context, &args),
        InitCommand::Coordinator(args) => coordinator(context, &args),
        InitCommand::Bidder(args) => bidder(context, &args),
    }
}

fn check(args: &ServerArgs) -> Result<(), Failure> {
    check_place(&args.name, &args.address).map_err(Failure::usage)
}

fn node(context: &Context, args: &ServerArgs) -> Result<(), Failure> {
    check(args)?;
    let home = &context.home;
    home.create()?;
    let mut settings = home.settings()?;
    let passphrase = args.lock.passphrase()?;
    let mut keys = NodeKeys::generate(host(&args.address))?;
    // Node and coordinator at one address are one server, and a server has one certificate.
    if shares(settings.coordinator.as_ref(), args) {
        let path = home.file("coordinator.key");
        keys.tls = args.lock.source.load(&path, CoordinatorKeys::load)?.tls;
    }
    let key_file = home.file("node.key");
    keys.save(&key_file, passphrase.as_ref())?;
    let card = keys.card(&args.name, &args.address);
    let card_file = home.file("node-card.json");
    write_json(&card_file, &card)?;
    let (key, certificate) = (card.body.card.key, card.body.card.certificate);
    settings.node = Some(server(args, key, certificate));
    home.save_settings(&settings)?;
    let made = Made {
        role: "node",
        name: args.name.clone(),
        address: Some(args.address.clone()),
        key,
        certificate: Some(certificate),
        key_file,
        passphrase: passphrase.is_some(),
        card: Some(card_file.clone()),
    };
    tell(context, &made, || {
        format!(
            "Hand {} to the coordinator, who puts it into the roster. Take in the roster that \
             comes back with {}, then run {}.",
            strong(card_file.display()),
            strong("gavel roster pin DIGEST FILE"),
            strong("gavel serve"),
        )
    })
}

fn coordinator(context: &Context, args: &ServerArgs) -> Result<(), Failure> {
    check(args)?;
    let home = &context.home;
    home.create()?;
    let mut settings = home.settings()?;
    let passphrase = args.lock.passphrase()?;
    let mut keys = CoordinatorKeys::generate(host(&args.address))?;
    if shares(settings.node.as_ref(), args) {
        keys.tls = args.lock.source.load(&home.file("node.key"), NodeKeys::load)?.tls;
    }
    let key_file = home.file("coordinator.key");
    keys.save(&key_file, passphrase.as_ref())?;
    let card = keys.card(&args.name, &args.address);
    settings.coordinator = Some(server(args, card.key, card.certificate));
    home.save_settings(&settings)?;
    let made = Made {
        role: "coordinator",
        name: args.name.clone(),
        address: Some(args.address.clone()),
        key: card.key,
        certificate: Some(card.certificate),
        key_file,
        passphrase: passphrase.is_some(),
        card: None,
    };
    tell(context, &made, || {
        format!(
            "Collect the nodes' cards and make the roster: {}",
            strong("gavel roster make --threshold T CARD..."),
        )
    })
}

fn bidder(context: &Context, args: &BidderArgs) -> Result<(), Failure> {
    let name = normal(&args.name);
    check_name("the name", &name).map_err(Failure::usage)?;
    let home = &context.home;
    home.create()?;
    let mut settings = home.settings()?;
    let passphrase = args.lock.passphrase()?;
    let keys = BidderKeys::generate()?;
    let key_file = home.file("bidder.key");
    keys.save(&key_file, passphrase.as_ref())?;
    let key = keys.identity.public();
    settings.bidder = Some(Person { name, key });
    home.save_settings(&settings)?;
    let made = Made {
        role: "bidder",
        name: args.name.clone(),
        address: None,
        key,
        certificate: None,
        key_file,
        passphrase: passphrase.is_some(),
        card: None,
    };
    tell(context, &made, || {
        format!(
            "Fetch the roster with {}, then bid with {}.",
            strong("gavel roster fetch HOST:PORT DIGEST"),
            strong("gavel bid SESSION"),
        )
    })
}

/// Whether the other role of this home is at the same address.
fn shares(other: Option<&Server>, args: &ServerArgs) -> bool {
    other.is_some_and(|other| other.address == args.address)
}

fn server(args: &ServerArgs, key: PublicKey, certificate: Digest) -> Server {
    Server {
        name: args.name.clone(),
        address: args.address.clone(),
        listen: args.listen.clone(),
        key,
        certificate,
        earlier: Vec::new(),
        issue: 0,
    }
}

fn tell(context: &Context, made: &Made, next: impl FnOnce() -> String) -> Result<(), Failure> {
    context.output.result(made, || {
        let mut text = format!(
            "{} {:?} is set up.\n  private keys   {}{}\n  public key     {}\n",
            made.role,
            made.name,
            made.key_file.display(),
            if made.passphrase {
                ", under a passphrase"
            } else {
                ", readable by this account only"
            },
            made.key,
        );
        if let Some(certificate) = made.certificate {
            let _ = writeln!(text, "  certificate    {certificate}");
        }
        text + &next()
    })
}
