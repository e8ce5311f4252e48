//! What the REST API costs: the binary as a process of its own, asked over 64 connections, beside bare axum handlers in
//! another process: one that says a constant, one that reads one row of the same database, one that reads a page of calls,
//! one that inserts a row.
//!
//!     cargo bench -p sautikit --bench rest -- [calls in the table] [seconds per figure]
//!
//! PostgreSQL takes part when `SAUTIKIT_TEST_POSTGRES` names a server. CPU time is that of the asked process alone
//! (/proc/PID/stat): with SQLite it holds the database, with PostgreSQL it does not. Linux only.

#[path = "../shared/account.rs"]
mod account;
mod bare;
mod fill;
mod load;
mod page;
#[path = "../shared/server.rs"]
mod server;
#[path = "../shared/subject.rs"]
mod subject;

use std::time::Duration;

use serde_json::json;
use tikv_jemallocator::Jemalloc;

use self::account::Account;
use self::bare::Bare;
use self::load::{Ask, Load};
use self::server::Server;

/// As the server's, for what stands beside it.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Any failure ends the benchmark with a message.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The table's size before it is filled: what the listing costs then is compared with what it costs when full.
const FEW_CALLS: u64 = 1_000;

/// Rates far above what one machine asks: what is measured is the work, not the refusal.
const NO_LIMITS: &str = "[limits]\nkey_requests_per_second = 1000000\nkey_burst = 1000000\n\
                         ip_requests_per_second = 1000000\nip_burst = 1000000\n";

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [command, url, workspace] = arguments.as_slice()
        && command == bare::COMMAND
    {
        return bare::serve(url, workspace).await;
    }
    let figure =
        |index: usize, default: u64| arguments.get(index).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (calls, time) = (figure(0, 1_000_000), Duration::from_secs(figure(1, 8)));
    let folder = tempfile::tempdir()?;
    measure("SQLite", &format!("sqlite://{}", folder.path().join("bench.db").display()), calls, time).await?;
    match std::env::var("SAUTIKIT_TEST_POSTGRES") {
        Ok(url) => measure("PostgreSQL", &url, calls, time).await,
        Err(_) => {
            println!("PostgreSQL: not measured, SAUTIKIT_TEST_POSTGRES is not set");
            Ok(())
        }
    }
}

async fn measure(engine: &str, url: &str, calls: u64, time: Duration) -> Outcome<()> {
    let server = Server::start(&format!("{NO_LIMITS}[database]\nurl = {url:?}\n"))?;
    let account = Account::sign_up(&server.http).await?;
    let workspace = account.get("/v1/workspace").await?["id"].as_str().ok_or("no workspace")?.to_owned();
    let made = account.post("/v1/api-keys", json!({ "name": "bench", "scopes": ["*", "api_keys:write"] })).await?;
    let key = made["key"].as_str().ok_or("no key")?;
    let bare = Bare::start(url, &workspace)?;

    println!("\n{engine}, 64 connections, {} s each", time.as_secs());
    println!(
        "{:<44} {:>9} {:>8} {:>8} {:>8}  {:>12}",
        "request", "per s", "of row", "p50 ms", "p99 ms", "CPU ms/1,000"
    );
    let ask = |path: &str| Ask::get(&server.http, path).with_key(key);
    let load = Load { subject: &server.subject, time };
    let of_bare = Load { subject: &bare.subject, time };

    of_bare.report("bare handler", &Ask::get(&bare.http, "/constant"), None).await?;
    let row = of_bare.report("bare one-row query", &Ask::get(&bare.http, "/row"), None).await?;
    load.report("GET /v1/wallet/balance", &ask("/v1/wallet/balance"), Some(row)).await?;
    let list = "/v1/calls?limit=50";
    fill::with_calls(url, &workspace, 0..FEW_CALLS).await?;
    load.report(&format!("GET {list} of {FEW_CALLS}"), &ask(list), Some(row)).await?;
    fill::with_calls(url, &workspace, FEW_CALLS..calls).await?;
    load.report(&format!("GET {list} of {calls}"), &ask(list), Some(row)).await?;
    of_bare.report("bare page of 50 with its legs", &Ask::get(&bare.http, "/page"), Some(row)).await?;
    let middle = fill::cursor(calls / 2);
    let deep = format!("{list}&cursor={middle}");
    load.report(&format!("the same, page from the middle of {calls}"), &ask(&deep), Some(row)).await?;
    let insert = of_bare.report("bare one-row insert, committed", &Ask::post(&bare.http, "/row", ""), None).await?;
    let new_key = Ask::post(&server.http, "/v1/api-keys", r#"{"name":"made","scopes":["calls:read"]}"#).with_key(key);
    load.report("POST /v1/api-keys (of row: the insert)", &new_key, Some(insert)).await?;
    println!("the server's own memory: {} MiB", server.subject.resident_kib()? / 1_024);
    Ok(())
}
