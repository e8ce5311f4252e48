//! The commands and their arguments.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use sautikit::listen;
use sautikit_api::numbers::Compat;
use url::Url;

/// Programmable voice: REST API, console and SIP/WebRTC gateway in one binary.
#[derive(Parser)]
#[command(name = "sautikit", version)]
pub(crate) struct Cli {
    /// Configuration file (TOML); `sautikit.toml` is read when present.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Start the server (the default).
    Serve {
        /// Overrides `http.listen`.
        #[arg(long, value_name = "ADDRESS:PORT")]
        http_listen: Option<String>,
        /// Overrides `data_dir`.
        #[arg(long, value_name = "FOLDER")]
        data_dir: Option<String>,
    },
    /// Bring the database's schema up to date.
    Migrate,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at everything that calls need, and say in words what to mend; exit 1 on a failure. Runs beside a live server.
    Doctor {
        /// Print JSON instead of words.
        #[arg(long)]
        json: bool,
    },
    /// Have the server of this data folder take no new calls: it answers 503, `/readyz` too. Calls that run go on.
    Drain {
        /// Wait until the last call has ended.
        #[arg(long)]
        wait: bool,
    },
    /// Print the description of the API (OpenAPI 3.1).
    Openapi,
    /// Print the licences of everything that this binary contains.
    Licences,
    /// The wallets' ledger.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Payment providers.
    #[command(subcommand)]
    Payments(PaymentsCommand),
    /// Series of numbers.
    #[command(subcommand)]
    NumberSeries(NumberSeriesCommand),
    /// Prices of destinations.
    #[command(subcommand)]
    Prices(PricesCommand),
    /// Toll fraud.
    #[command(subcommand)]
    Fraud(FraudCommand),
    /// Call a voice handler as calls would, in every state, and say what of its answers would not do; exit 1 where something
    /// would fail or be skipped. No call is made.
    MigrateCheck {
        /// The handler's URL; in development also http on loopback.
        url: String,
        /// Whose words it is asked in: sautikit, twilio or africastalking.
        #[arg(long, default_value = "sautikit", value_parser = compat)]
        compat: Compat,
        /// What the requests are signed with: the number's secret, or Twilio's auth token.
        #[arg(long, default_value = "a-secret-for-checking", hide_default_value = true)]
        secret: String,
        /// Who calls.
        #[arg(long, default_value = "+254722000001")]
        from: String,
        /// The number that is called.
        #[arg(long, default_value = "+254700000001")]
        to: String,
    },
    /// Erase a person's number from everything that is kept, in one workspace or in all, and print a signed receipt for each. Runs
    /// beside a live server. It can't be undone.
    Erase {
        /// The number, as +254….
        number: String,
        /// The workspace's id; all workspaces where it is not given.
        #[arg(long, value_name = "ID")]
        workspace: Option<String>,
    },
    /// Check that this server signed a receipt of `erase` and that nothing in it was changed; exit 1 where not.
    VerifyReceipt {
        /// A receipt (JSON), or a list of them as `erase` prints it.
        file: PathBuf,
        /// Whose receipt it has to be, as +254….
        #[arg(long, value_name = "NUMBER")]
        number: Option<String>,
    },
    /// Write all that a workspace has into one archive (tar): calls, recordings, ledger. Runs beside a live server.
    Export {
        /// The workspace's id.
        workspace: String,
        /// The file; standard output where it is not given.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Have a workspace's events, and voice callbacks of numbers, sent to a server on this machine, over a connection that is
    /// opened from here.
    Listen {
        /// Where events are posted to. Voice callbacks go to the same host, at the paths of their own URLs.
        #[arg(long, value_name = "URL", default_value = "http://localhost:3000/events")]
        forward: Url,
        /// Kinds of event, separated by commas: call.completed, call.* or *.
        #[arg(long, value_delimiter = ',', default_value = "*")]
        events: Vec<String>,
        /// A number whose voice callbacks are taken while this runs, as +254…; may be given several times.
        #[arg(long = "number", value_name = "NUMBER")]
        numbers: Vec<String>,
        /// Only print what signs for listeners of the workspace.
        #[arg(long)]
        print_secret: bool,
        #[command(flatten)]
        of: OfServer,
    },
    /// Send a test event to every listener of the workspace, or to one endpoint.
    Trigger {
        /// A kind of event; call.* or * for one of each.
        event: String,
        /// The endpoint's id. It takes one kind at a time.
        #[arg(long, value_name = "ID")]
        webhook: Option<String>,
        #[command(flatten)]
        of: OfServer,
    },
    /// Operators of this installation.
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// The keys that sign the tokens of phones and browsers.
    #[command(subcommand)]
    SipKeys(SipKeysCommand),
}

/// Which server, and the key to it.
#[derive(clap::Args)]
pub(crate) struct OfServer {
    /// An API key of the workspace with `webhooks:write`, and with `numbers:write` where numbers are named.
    #[arg(long, env = "SAUTIKIT_API_KEY", hide_env_values = true)]
    pub(crate) key: String,
    /// Where the API is.
    #[arg(long, env = "SAUTIKIT_SERVER", default_value = "http://127.0.0.1:4000", value_name = "URL")]
    pub(crate) server: Url,
}

impl From<OfServer> for listen::Server {
    fn from(of: OfServer) -> Self {
        Self { url: of.server, key: of.key }
    }
}

#[derive(Subcommand)]
pub(crate) enum NumberSeriesCommand {
    /// Load series from a file (CSV), all of it or nothing. Runs beside a live server.
    Import {
        /// Its first line names the columns: provider, country, prefix, `first_suffix`, `last_suffix`, currency, `monthly_price`,
        /// `outbound_per_minute`.
        file: PathBuf,
        /// Only say what would be made.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum PricesCommand {
    /// Load prices from a file (CSV), all of it or nothing. Runs beside a live server, whose next calls cost them.
    Import {
        /// Its first line names the columns: prefix, currency, `per_minute`.
        file: PathBuf,
        /// Only say what would change.
        #[arg(long)]
        dry_run: bool,
        /// End the prices of the file's currencies that the file does not name.
        #[arg(long)]
        end_missing: bool,
        /// From when they count: a day or a moment; now when absent.
        #[arg(long, value_name = "WHEN")]
        valid_from: Option<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check file and environment, name the first mistake.
    Check,
    /// Print every key with its default and what it is for.
    Print,
}

#[derive(Subcommand)]
pub(crate) enum LedgerCommand {
    /// Check every invariant; exit 1 on a break. Runs beside a live server.
    Verify,
}

#[derive(Subcommand)]
pub(crate) enum PaymentsCommand {
    /// Tell M-Pesa where payments to the Paybill are validated and confirmed: once per short code.
    Register,
    /// Compare a provider's statement (CSV) with the wallets; exit 1 on a difference. Runs beside a live server.
    Reconcile {
        /// M-Pesa's organisation statement or Paystack's export of transactions.
        file: PathBuf,
        /// Take in what the statement shows and the wallets lack: payments of which nothing was told, and money that went back. The
        /// running server credits and debits it; run the comparison again after that.
        #[arg(long)]
        take: bool,
    },
}

#[derive(Subcommand)]
pub(crate) enum FraudCommand {
    /// Play attacks against a workspace's own limits, prices and wallet: prints each call, what refused it, and what it would
    /// have cost; exit 1 where an attack would have cost more than `--at-most`. No carrier is asked and no money moves.
    Drill {
        /// The workspace's id.
        workspace: String,
        /// What an attack may cost at most, in minor units; the day's spend limit where it is not given, else nothing.
        #[arg(long, value_name = "MINOR")]
        at_most: Option<i64>,
    },
}

#[derive(Subcommand)]
pub(crate) enum OperatorCommand {
    /// Make the person with this address an operator.
    Grant {
        /// An address that has signed in before.
        email: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum SipKeysCommand {
    /// Have a new key sign from now on; tokens of those before it are good until they expire, within five minutes. Runs beside a
    /// live server.
    Rotate,
}

fn compat(name: &str) -> Result<Compat, String> {
    Compat::parse(name).ok_or_else(|| format!("one of {}", Compat::ALL.map(Compat::as_str).join(", ")))
}
