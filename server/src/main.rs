//! The command line. Each command is a few lines over the library.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use sautikit::calls::fraud;
use sautikit::calls::fraud::drill::{Facts, Outcome};
use sautikit::clock::SystemClock;
use sautikit::config::{Config, DEFAULT_FILE};
use sautikit::doctor;
use sautikit::entropy::Entropy;
use sautikit::migrate_check::{self, Handler, Walked, World};
use sautikit::numbers::supply::{self, SupplyError};
use sautikit::pricing::{self, PricingError};
use sautikit::webhooks::client::Customers;
use sautikit::{accounts, listen, payments, serve, telemetry};
use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;
use sautikit_api::numbers::Compat;
use sautikit_api::pricing::{PriceDifference, PriceTerms};
use sautikit_api::supply::LineError;
use tikv_jemallocator::Jemalloc;
use url::Url;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

type Failure = Box<dyn std::error::Error>;

/// Programmable voice: REST API, console and SIP/WebRTC gateway in one binary.
#[derive(Parser)]
#[command(name = "sautikit", version)]
struct Cli {
    /// Configuration file (TOML); `sautikit.toml` is read when present.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
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
}

/// Which server, and the key to it.
#[derive(clap::Args)]
struct OfServer {
    /// An API key of the workspace with `webhooks:write`, and with `numbers:write` where numbers are named.
    #[arg(long, env = "SAUTIKIT_API_KEY", hide_env_values = true)]
    key: String,
    /// Where the API is.
    #[arg(long, env = "SAUTIKIT_SERVER", default_value = "http://127.0.0.1:4000", value_name = "URL")]
    server: Url,
}

impl From<OfServer> for listen::Server {
    fn from(of: OfServer) -> Self {
        Self { url: of.server, key: of.key }
    }
}

#[derive(Subcommand)]
enum NumberSeriesCommand {
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
enum PricesCommand {
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
enum ConfigCommand {
    /// Check file and environment, name the first mistake.
    Check,
    /// Print every key with its default and what it is for.
    Print,
}

#[derive(Subcommand)]
enum LedgerCommand {
    /// Check every invariant; exit 1 on a break. Runs beside a live server.
    Verify,
}

#[derive(Subcommand)]
enum PaymentsCommand {
    /// Tell M-Pesa where payments to the Paybill are validated and confirmed: once per short code.
    Register,
    /// Compare a provider's statement (CSV) with the wallets; exit 1 on a difference. Runs beside a live server.
    Reconcile {
        /// M-Pesa's organisation statement or Paystack's export of transactions.
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum FraudCommand {
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
enum OperatorCommand {
    /// Make the person with this address an operator.
    Grant {
        /// An address that has signed in before.
        email: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    give_memory_back();
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sautikit: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Has the allocator return freed memory to the system from a thread of its own. Otherwise it does so only while more is
/// allocated, and a server that becomes idle after a busy hour keeps all of that hour's memory.
fn give_memory_back() {
    // An allocator that was built without it works as before.
    let _ = tikv_jemalloc_ctl::background_thread::write(true);
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let load = |flags: &[(&str, String)]| -> Result<Config, Failure> {
        let config = Config::load(cli.config.as_deref(), std::env::vars(), flags)?;
        telemetry::init(&config.log)?;
        Ok(config)
    };
    match cli.command {
        None => Ok(serve::serve(load(&[])?).await?),
        Some(Command::Serve { http_listen, data_dir }) => {
            let flags = [("http.listen", http_listen), ("data_dir", data_dir)];
            let flags: Vec<_> = flags.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
            Ok(serve::serve(load(&flags)?).await?)
        }
        Some(Command::Migrate) => {
            let app = open(load(&[])?).await?;
            app.db.migrate().await?;
            println!("the database is up to date");
            Ok(())
        }
        Some(Command::Config(ConfigCommand::Check)) => {
            load(&[])?;
            println!("the configuration is valid");
            Ok(())
        }
        Some(Command::Config(ConfigCommand::Print)) => {
            print!("{DEFAULT_FILE}");
            Ok(())
        }
        Some(Command::Doctor { json }) => examine(&open(load(&[])?).await?, json).await,
        Some(Command::Drain { wait }) => {
            let config = load(&[])?;
            let tell = |calls| println!("{calls} calls run");
            let drained = serve::control::drain(&config.data_dir, wait, tell).await;
            drained.map_err(|error| format!("no server of {} was drained: {error}", config.data_dir.display()).into())
        }
        Some(Command::Openapi) => {
            println!("{:#}", sautikit::http::openapi::document());
            Ok(())
        }
        Some(Command::Licences) => {
            let text = sautikit::http::licences(&load(&[])?);
            let text = text.ok_or("no built site found (cargo run -p xtask -- build)")?;
            // `print!` panics when a pager is closed.
            Ok(std::io::stdout().write_all(text.as_bytes())?)
        }
        Some(Command::Ledger(LedgerCommand::Verify)) => verify_ledger(&open(load(&[])?).await?).await,
        Some(Command::Payments(PaymentsCommand::Register)) => {
            payments::daraja::register_urls(&open(load(&[])?).await?).await?;
            println!("M-Pesa validates and confirms payments to the Paybill here now");
            Ok(())
        }
        Some(Command::Payments(PaymentsCommand::Reconcile { file })) => {
            let text = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            reconcile(&open(load(&[])?).await?, &text).await
        }
        Some(Command::NumberSeries(NumberSeriesCommand::Import { file, dry_run })) => {
            let text = read(&file)?;
            import_series(&open(load(&[])?).await?, &text, dry_run).await
        }
        Some(Command::Prices(PricesCommand::Import { file, dry_run, end_missing, valid_from })) => {
            let text = read(&file)?;
            import_prices(&open(load(&[])?).await?, &text, (dry_run, end_missing), valid_from.as_deref()).await
        }
        Some(Command::Fraud(FraudCommand::Drill { workspace, at_most })) => {
            let workspace = workspace.parse().map_err(|_| format!("`{workspace}` is no id of a workspace"))?;
            drill(&open(load(&[])?).await?, workspace, at_most).await
        }
        Some(Command::MigrateCheck { url, compat, secret, from, to }) => {
            check_handler(&load(&[])?, Handler { url, compat, secret, from, to }).await
        }
        Some(Command::Listen { print_secret: true, of, .. }) => {
            println!("{}", listen::secret(&of.into()).await?);
            Ok(())
        }
        Some(Command::Listen { forward, events, numbers, of, .. }) => {
            let asked = listen::Listen { forward, events, numbers };
            Ok(listen::listen(&of.into(), &asked).await?)
        }
        Some(Command::Trigger { event, webhook, of }) => trigger(&of.into(), &event, webhook.as_deref()).await,
        Some(Command::Operator(OperatorCommand::Grant { email })) => {
            let app = open(load(&[])?).await?;
            if !accounts::grant_operator(&app, &email).await? {
                return Err(format!("no one has signed in with {email} yet; sign in once, then grant").into());
            }
            println!("{email} is an operator");
            Ok(())
        }
    }
}

async fn trigger(server: &listen::Server, event: &str, webhook: Option<&str>) -> Result<(), Failure> {
    if let Some(id) = webhook {
        println!("{event} is on its way: delivery {}", listen::trigger_at(server, id, event).await?);
        return Ok(());
    }
    let (events, listeners) = listen::trigger(server, event).await?;
    if listeners == 0 {
        return Err("nobody listens; start `sautikit listen` first".into());
    }
    events.iter().for_each(|event| println!("{event}"));
    println!("told to {listeners} {}", if listeners == 1 { "listener" } else { "listeners" });
    Ok(())
}

async fn examine(app: &sautikit::state::AppState, json: bool) -> Result<(), Failure> {
    let findings = doctor::examine(app).await;
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        findings.iter().try_for_each(|finding| writeln!(out, "{finding}"))?;
    }
    if doctor::has_failed(&findings) { Err("calls will fail; see the findings".into()) } else { Ok(()) }
}

async fn verify_ledger(app: &sautikit::state::AppState) -> Result<(), Failure> {
    let report = sautikit::wallet::verify::verify(app).await?;
    println!(
        "wallets {} · entries {} · stamps {} · breaks {}",
        report.wallets, report.entries, report.stamps, report.break_count
    );
    for what in &report.breaks {
        println!("broken: {what}");
    }
    if report.is_sound() { Ok(()) } else { Err("the ledger is broken; see the lines above".into()) }
}

async fn reconcile(app: &sautikit::state::AppState, text: &[u8]) -> Result<(), Failure> {
    let (statement, report) = payments::reconcile::reconcile(app, text).await?;
    let minor = |amount: i64| format!("{}.{:02}", amount / 100, amount % 100);
    println!(
        "{}: {} payments of {} on the statement, {} in wallets; {} agree ({}) · {} other lines · differences {}",
        statement.provider.as_str(),
        statement.received.len(),
        minor(report.statement_minor),
        minor(report.booked_minor),
        report.matched,
        minor(report.matched_minor),
        statement.skipped,
        report.differences.len()
    );
    for difference in &report.differences {
        println!("differs: {}", difference.sentence(statement.provider));
    }
    if report.differences.is_empty() {
        Ok(())
    } else {
        Err("the statement and the wallets differ; see the lines above".into())
    }
}

fn read(file: &std::path::Path) -> Result<String, Failure> {
    Ok(std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?)
}

async fn import_series(app: &sautikit::state::AppState, text: &str, dry_run: bool) -> Result<(), Failure> {
    let done = match supply::import_file(app, text, dry_run).await {
        Err(SupplyError::Lines(errors)) => return Err(mistakes(&errors)),
        done => done?,
    };
    for series in &done.series {
        let currencies = series.currencies.join(", ");
        let (first, last) = (&series.first_number, &series.last_number);
        println!("{}: {first} to {last}, {} numbers, priced in {currencies}", series.provider, series.numbers);
    }
    if !done.errors.is_empty() {
        return Err(mistakes(&done.errors));
    }
    let verb = if done.applied { "loaded" } else { "would be loaded" };
    println!("{} series {verb}", done.series.len());
    Ok(())
}

async fn import_prices(
    app: &sautikit::state::AppState,
    text: &str,
    how: (bool, bool),
    valid_from: Option<&str>,
) -> Result<(), Failure> {
    let doer = pricing::operator::Doer::command_line();
    let done = match pricing::operator::import(app, doer, text, how, valid_from).await {
        Err(PricingError::Lines(errors)) => return Err(mistakes(&errors)),
        done => pricing::operator::http::import_body(&done?),
    };
    done.lines.iter().for_each(|line| println!("{}", sentence(line)));
    if !done.errors.is_empty() {
        return Err(mistakes(&done.errors));
    }
    let verb = if done.applied { "" } else { "would be " };
    let (added, changed, ended, unchanged) = (done.added, done.changed, done.ended, done.unchanged);
    println!("{verb}added {added} · changed {changed} · ended {ended} · unchanged {unchanged}");
    Ok(())
}

/// `changed 255 KES 9.50 60/60 → 9.00 60/1 from 2026-12-01T00:00:00Z`.
fn sentence(line: &PriceDifference) -> String {
    let currency = Currency::parse(&line.currency);
    let terms = |terms: &PriceTerms| {
        let price = currency.map_or_else(String::new, |currency| currency.format_e4(terms.per_min_e4));
        format!("{price} {}/{}", terms.billing_minimum_seconds, terms.billing_increment_seconds)
    };
    let shown = [line.before.as_ref(), line.after.as_ref()].into_iter().flatten().map(terms).collect::<Vec<_>>();
    let owner = line.workspace_id.map(|id| format!(" of {id}")).unwrap_or_default();
    let shown = shown.join(" → ");
    format!("{} {}{owner} {} {shown} from {}", line.change, line.prefix, line.currency, line.from)
}

/// Prints every mistake of a file.
fn mistakes(errors: &[LineError]) -> Failure {
    for error in errors {
        let column = error.column.as_deref().map(|column| format!(", {column}")).unwrap_or_default();
        println!("line {}{column}: {}", error.line, error.message);
    }
    "the file has mistakes, so nothing was changed; see the lines above".into()
}

async fn drill(app: &sautikit::state::AppState, workspace: WorkspaceId, at_most: Option<i64>) -> Result<(), Failure> {
    let facts = Facts::read(app, workspace).await?;
    let at_most = at_most.or(facts.day.map(|day| day.limit_minor)).unwrap_or(0);
    let shown = |minor: i64| facts.currency.format_minor(minor);
    let report = fraud::drill::drill(&facts);
    let mut out = std::io::stdout().lock();
    for (attack, played) in &report.played {
        writeln!(out, "{}", attack.name)?;
        for (one, outcome) in attack.tries.iter().zip(&played.outcomes) {
            let cost =
                if let Outcome::Placed(minor) = outcome { format!(" ({})", shown(*minor)) } else { String::new() };
            writeln!(out, "  {:>5} s  {:<16} {}{cost}", one.at_seconds, one.to, outcome.says())?;
        }
        if let Some((finding, at)) = &played.frozen {
            writeln!(out, "  frozen after call {at}: {} {}", finding.count, finding.reason.says())?;
        }
        writeln!(out, "  cost {}\n", shown(played.cost_minor))?;
    }
    writeln!(out, "the dearest attack costs {}, {} are allowed", shown(report.worst_minor), shown(at_most))?;
    if report.worst_minor <= at_most {
        Ok(())
    } else {
        Err("an attack costs more than that; tighten the limits (PUT /v1/wallet/limits)".into())
    }
}

fn compat(name: &str) -> Result<Compat, String> {
    Compat::parse(name).ok_or_else(|| format!("one of {}", Compat::ALL.map(Compat::as_str).join(", ")))
}

/// Prints what each call came to.
async fn check_handler(config: &Config, handler: Handler) -> Result<(), Failure> {
    let development = config.is_development();
    let world = World {
        http: Customers::new(development)?.0,
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(Entropy::from_os()),
        development,
    };
    let walks = migrate_check::check(&world, &handler).await;
    let mut out = std::io::stdout().lock();
    for walked in &walks {
        writeln!(out, "{walked}")?;
    }
    match walks.iter().flat_map(Walked::findings).count() {
        0 => Ok(()),
        count => {
            Err(format!("{count} findings; docs/concepts/voice-actions.md says what is heard of each verb").into())
        }
    }
}

/// The shared parts for a command that does not listen.
async fn open(config: Config) -> Result<sautikit::state::AppState, serve::ServeError> {
    let address: SocketAddr = config.http.listen;
    serve::open(config, address).await
}
