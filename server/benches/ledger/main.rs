//! What the ledger takes: ends of calls with their debits by 8 writers, in one workspace and in 1,000, beside PostgreSQL's own
//! bank (pgbench's TPC-B) on the same server in the same run; and how fast `ledger verify` walks a ledger of a million entries.
//!
//!     cargo bench -p sautikit --bench ledger -- [calls per figure] [entries to verify]
//!
//! PostgreSQL takes part when `SAUTIKIT_TEST_POSTGRES` names a server; `SAUTIKIT_POSTGRES_BIN` names the folder of its pgbench.

mod bank;
mod cost;
mod fill;
mod settle;
mod walk;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use sautikit::config::Config;
use sautikit::serve;
use sautikit::state::AppState;
use tikv_jemallocator::Jemalloc;

/// As the server's.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Any failure ends the benchmark with a message.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Workspaces of the second figure.
const MANY: usize = 1_000;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let figure =
        |index: usize, default: usize| arguments.get(index).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (calls, entries) = (figure(0, 20_000), figure(1, 1_000_000));
    let folder = tempfile::tempdir()?;
    measure("SQLite", folder.path(), &format!("sqlite://{}", folder.path().join("bench.db").display()), calls, entries)
        .await?;
    let Ok(url) = std::env::var("SAUTIKIT_TEST_POSTGRES") else {
        println!("PostgreSQL: not measured, SAUTIKIT_TEST_POSTGRES is not set");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let settled = measure("PostgreSQL", folder.path(), &url, calls, entries).await?;
    let tpcb = bank::transactions_per_second(&url)?;
    println!("pgbench, TPC-B, 8 clients: {tpcb:>9.0} transactions/s");
    for (what, rate) in ["in one workspace", "in 1,000"].iter().zip(settled) {
        println!("settlements {what}: {:.1} times as many", rate / tpcb);
    }
    Ok(())
}

/// Settlements a second in one workspace and in many.
async fn measure(engine: &str, data_dir: &Path, url: &str, calls: usize, entries: usize) -> Outcome<[f64; 2]> {
    let app = open(data_dir, url).await?;
    println!("\n{engine}");
    let mut rates = [0.0; 2];
    for (rate, workspaces) in rates.iter_mut().zip([1, MANY]) {
        let numbers = fill::workspaces(&app, workspaces).await?;
        *rate = settle::per_second(&app, url, &numbers, calls).await?;
        println!("{calls} calls of {workspaces:>5} workspaces ended by 8 writers: {rate:>9.0} settlements/s");
    }
    fill::ledger(&app, entries).await?;
    let (walked, seconds) = walk::verified(&app).await?;
    println!("ledger verify, {walked} entries: {seconds:.2} s, {:.0} entries/s", walked as f64 / seconds);
    app.stopping.cancel();
    Ok(rates)
}

async fn open(data_dir: &Path, url: &str) -> Outcome<AppState> {
    let flags = [("database.url", url.to_owned()), ("data_dir", data_dir.display().to_string())];
    let config = Config::load(Some(Path::new("/dev/null")), [], &flags)?;
    let app = serve::open(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 4000))).await?;
    app.db.migrate().await?;
    sautikit::calls::record::start_writer(&app);
    Ok(app)
}
