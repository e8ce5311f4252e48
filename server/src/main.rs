//! The command line. Each command is a few lines over the library.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use sautikit::audit::Actor;
use sautikit::calls::fraud;
use sautikit::calls::fraud::drill::{Facts, Outcome};
use sautikit::clock::{SystemClock, rfc3339};
use sautikit::config::{Config, DEFAULT_FILE};
use sautikit::doctor;
use sautikit::entropy::Entropy;
use sautikit::gateway::migrate_check::{self, Handler, Walked, World};
use sautikit::numbers::supply::{self, SupplyError};
use sautikit::pricing::{self, PricingError};
use sautikit::spreadsheet;
use sautikit::state::AppState;
use sautikit::webhooks::client::Customers;
use sautikit::{accounts, listen, payments, privacy, serve, sip_tokens, telemetry, telephone};
use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;
use sautikit_api::pricing::{PriceDifference, PriceTerms};
use sautikit_api::privacy::ErasureReceipt;
use sautikit_api::supply::LineError;
use tikv_jemallocator::Jemalloc;

mod cli;

use self::cli::{
    Cli, Command, ConfigCommand, FraudCommand, LedgerCommand, NumberSeriesCommand, OperatorCommand, PaymentsCommand,
    PricesCommand, SipKeysCommand,
};

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

type Failure = Box<dyn std::error::Error>;

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
    // Its last lines are written when it is dropped.
    let mut log = None;
    let mut load = |flags: &[(&str, String)]| -> Result<Config, Failure> {
        let config = Config::load(cli.config.as_deref(), std::env::vars(), flags)?;
        log = Some(telemetry::init(&config.log)?);
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
        Some(Command::Payments(PaymentsCommand::Reconcile { file, take })) => {
            let text = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            reconcile(&open(load(&[])?).await?, &text, take).await
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
            drill(&open(load(&[])?).await?, workspace_id(&workspace)?, at_most).await
        }
        Some(Command::MigrateCheck { url, compat, secret, from, to }) => {
            check_handler(&load(&[])?, Handler { url, compat, secret, from, to }).await
        }
        Some(Command::Erase { number, workspace }) => {
            let workspace = workspace.as_deref().map(workspace_id).transpose()?;
            erase(&open(load(&[])?).await?, &number, workspace).await
        }
        Some(Command::VerifyReceipt { file, number }) => {
            verify_receipt(&open(load(&[])?).await?, &read(&file)?, number.as_deref())
        }
        Some(Command::Export { workspace, to }) => {
            export(&open(load(&[])?).await?, workspace_id(&workspace)?, to.as_deref()).await
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
        Some(Command::SipKeys(SipKeysCommand::Rotate)) => {
            let app = open(load(&[])?).await?;
            let rotated = sip_tokens::rotate_sip_keys(&app, Actor::Operator(None), None).await?;
            println!(
                "{} signs from now on; keys before it verify until {}",
                rotated.kid,
                rfc3339(rotated.former_until)
            );
            Ok(())
        }
    }
}

fn workspace_id(text: &str) -> Result<WorkspaceId, Failure> {
    Ok(text.parse().map_err(|_| format!("`{text}` is no id of a workspace"))?)
}

/// Prints a receipt for each workspace that had the number, as a list.
async fn erase(app: &AppState, number: &str, workspace: Option<WorkspaceId>) -> Result<(), Failure> {
    let e164 = telephone::e164_of_carrier(number, None).ok_or("the number is written as +254…")?;
    let (receipts, failures) = match workspace {
        Some(workspace) => (vec![privacy::erase_by_operator(app, workspace, &e164).await?], Vec::new()),
        None => privacy::erase_everywhere(app, &e164).await?,
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string_pretty(&receipts)?)?;
    for (workspace, failure) in &failures {
        eprintln!("workspace {workspace}: {failure}");
    }
    match failures.len() {
        0 => Ok(()),
        count => Err(format!("{count} workspaces still have it; see the lines above, and run this again").into()),
    }
}

fn verify_receipt(app: &AppState, text: &str, number: Option<&str>) -> Result<(), Failure> {
    let receipts: Vec<ErasureReceipt> = match serde_json::from_str(text) {
        Ok(receipts) => receipts,
        Err(_) => vec![serde_json::from_str(text).map_err(|error| format!("no receipt: {error}"))?],
    };
    let number = number.map(|number| telephone::e164_of_carrier(number, None).ok_or("the number is written as +254…"));
    let number = number.transpose()?;
    for receipt in &receipts {
        let id = receipt.statement.id;
        privacy::verify(&app.secrets, receipt, number.as_deref()).map_err(|error| format!("{id}: {error}"))?;
        println!("{id}: signed by this server, {}", receipt.statement.erased_at);
    }
    if receipts.is_empty() { Err("the list is empty".into()) } else { Ok(()) }
}

/// Writes an archive piece by piece.
async fn export(app: &AppState, workspace: WorkspaceId, to: Option<&std::path::Path>) -> Result<(), Failure> {
    let mut out: Box<dyn Write> = match to {
        Some(file) => {
            let made = std::fs::File::create(file).map_err(|error| format!("{}: {error}", file.display()))?;
            Box::new(std::io::BufWriter::new(made))
        }
        None => Box::new(std::io::stdout().lock()),
    };
    let mut pieces = privacy::export(app, workspace);
    while let Some(piece) = pieces.recv().await {
        out.write_all(&piece?)?;
    }
    Ok(out.flush()?)
}

async fn trigger(server: &listen::Server, event: &str, webhook: Option<&str>) -> Result<(), Failure> {
    if let Some(id) = webhook {
        println!("{event} is on its way: delivery {}", listen::trigger_at(server, id, event).await?);
        return Ok(());
    }
    let (events, listeners) = listen::trigger(server, event).await?;
    if listeners == 0 {
        return Err("nobody listens at this server; start `sautikit listen` first. Where other servers share its \
                    database, listeners there were told too"
            .into());
    }
    events.iter().for_each(|event| println!("{event}"));
    println!("told to {listeners} {}", if listeners == 1 { "listener" } else { "listeners" });
    Ok(())
}

async fn examine(app: &AppState, json: bool) -> Result<(), Failure> {
    let findings = doctor::examine(app).await;
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&findings)?)?;
    } else {
        findings.iter().try_for_each(|finding| writeln!(out, "{finding}"))?;
    }
    if doctor::has_failed(&findings) { Err("calls will fail; see the findings".into()) } else { Ok(()) }
}

async fn verify_ledger(app: &AppState) -> Result<(), Failure> {
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

async fn reconcile(app: &AppState, text: &[u8], take: bool) -> Result<(), Failure> {
    let (statement, report) = payments::reconcile::reconcile(app, text).await?;
    println!(
        "{}: {} payments on the statement, {} of them agree, {} came and went back · {} other lines · differences {}",
        statement.provider.as_str(),
        statement.received.len(),
        report.matched,
        report.returned,
        statement.skipped,
        report.differences.len()
    );
    for totals in &report.totals {
        let written = |amount_minor| totals.currency.format_minor(amount_minor);
        println!(
            "{}: {} on the statement, {} in wallets, {} agree",
            totals.currency,
            written(totals.statement_minor),
            written(totals.booked_minor),
            written(totals.matched_minor)
        );
    }
    for difference in &report.differences {
        println!("differs: {}", difference.sentence(statement.provider));
    }
    if take {
        let taken = payments::reconcile::take(app, statement.provider, &report).await?;
        println!(
            "taken in: {} payments and {} returns; the running server books them",
            taken.payments, taken.reversals
        );
    }
    if report.differences.is_empty() {
        Ok(())
    } else {
        Err("the statement and the wallets differ; see the lines above".into())
    }
}

fn read(file: &std::path::Path) -> Result<String, Failure> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(spreadsheet::text(&bytes))
}

async fn import_series(app: &AppState, text: &str, dry_run: bool) -> Result<(), Failure> {
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

async fn import_prices(app: &AppState, text: &str, how: (bool, bool), valid_from: Option<&str>) -> Result<(), Failure> {
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

async fn drill(app: &AppState, workspace: WorkspaceId, at_most: Option<i64>) -> Result<(), Failure> {
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

/// Prints what each call came to.
async fn check_handler(config: &Config, handler: Handler) -> Result<(), Failure> {
    let development = config.is_development();
    sautikit::webhooks::address::set(&config.customers);
    let world = World {
        http: Customers::new(development)?.0,
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(Entropy::from_os()),
        development,
        until: None,
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
async fn open(config: Config) -> Result<AppState, serve::ServeError> {
    let address: SocketAddr = config.http.listen;
    serve::open(config, address).await
}
