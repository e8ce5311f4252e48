//! What delivery takes: events a second from their commit to a receiver's 200, and how long one is on its way.
//!
//!     cargo bench -p sautikit --bench webhooks -- [events per figure] [events a second of the latency]
//!
//! Events are written in the manner of the record writer, 32 in a transaction, each of a call of its own; the dispatcher is
//! the server's own, in this process; the receiver is a bare HTTP server on loopback with threads of its own. Then a thousand
//! readers follow calls live. PostgreSQL
//! takes part when `SAUTIKIT_TEST_POSTGRES` names a server. Not measured here: the network, and receivers that think.

#![expect(clippy::disallowed_methods, reason = "what is measured is measured by the machine's clock")]

#[path = "../shared/account.rs"]
mod account;
mod readers;
mod receiver;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use sautikit::config::Config;
use sautikit::serve;
use sautikit::state::AppState;
use sautikit::webhooks::{self, EventKind, NewEvent, Subject};
use sautikit_api::ids::{CallId, EventId, NumberId, WorkspaceId};
use serde_json::json;
use sqlx::AssertSqlSafe;
use tikv_jemallocator::Jemalloc;
use uuid::Uuid;

use self::receiver::Receiver;

/// As the server's.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Any failure ends the benchmark with a message.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Workspaces with an endpoint each.
const WORKSPACES: usize = 20;
/// Events of one transaction: what a flush of the record writer has in a busy second.
const TOGETHER: usize = 32;
/// Where PostgreSQL is.
const URL: &str = "SAUTIKIT_TEST_POSTGRES";
/// Tells a process that readers are its part, by which engine.
const FOLLOWED: &str = "BENCH_FOLLOWED";
const POSTGRES: &str = "postgres";
/// Until it is an error.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if arguments.first().is_some_and(|first| first == readers::ARGUMENT) {
        return readers::read(&arguments[1..]).await;
    }
    let figure =
        |index: usize, default: usize| arguments.get(index).and_then(|text| text.parse().ok()).unwrap_or(default);
    let (events, rate) = (figure(0, 30_000), figure(1, 200));
    if let Some(engine) = std::env::var_os(FOLLOWED) {
        return follow(engine == POSTGRES).await;
    }
    deliver("SQLite", false, events, rate).await?;
    let followed = async |engine: &str| {
        // A process of its own: what delivery left in the allocator is none of a reader's.
        let status = tokio::process::Command::new(std::env::current_exe()?).env(FOLLOWED, engine).status().await?;
        if status.success() { Outcome::Ok(()) } else { Err("the readers failed".into()) }
    };
    followed("sqlite").await?;
    if std::env::var_os(URL).is_none() {
        println!("PostgreSQL: not measured, {URL} is not set");
        return Ok(());
    }
    deliver("PostgreSQL", true, events, rate).await?;
    followed(POSTGRES).await
}

/// A server's parts by a database of its own on SQLite, or that of the environment; the folder goes with what it is dropped with.
async fn open(postgres: bool) -> Outcome<(AppState, tempfile::TempDir)> {
    let folder = tempfile::tempdir()?;
    let url = match postgres {
        true => std::env::var(URL)?,
        false => format!("sqlite://{}", folder.path().join("bench.db").display()),
    };
    let flags = [
        ("database.url", url),
        ("data_dir", folder.path().display().to_string()),
        // A thousand readers come from one address.
        ("http.trusted_proxies", "127.0.0.1".to_owned()),
    ];
    let config = Config::load(Some(Path::new("/dev/null")), [], &flags)?;
    let app = serve::open(config, SocketAddr::from((Ipv4Addr::LOCALHOST, 4000))).await?;
    app.db.migrate().await?;
    Ok((app, folder))
}

/// A thousand readers.
async fn follow(postgres: bool) -> Outcome<()> {
    let (app, _folder) = open(postgres).await?;
    tokio::spawn(webhooks::run_until_stopped(app.clone()));
    readers::measure(&app).await?;
    app.stopping.cancel();
    Ok(())
}

/// Events to endpoints.
async fn deliver(engine: &str, postgres: bool, events: usize, rate: usize) -> Outcome<()> {
    let (app, _folder) = open(postgres).await?;
    let receiver = Receiver::start()?;
    let workspaces = fill(&app, &receiver.url).await?;
    let delivering = tokio::spawn(webhooks::run_until_stopped(app.clone()));
    println!("\n{engine}, {WORKSPACES} workspaces with an endpoint each");

    let began = Instant::now();
    let mut written = 0;
    while written < events {
        tell(&app, &workspaces, written, TOGETHER).await?;
        written += TOGETHER;
    }
    let committed = began.elapsed();
    receiver.wait(written, PATIENCE)?;
    let per_second = written as f64 / began.elapsed().as_secs_f64();
    let in_seconds = committed.as_secs_f64();
    println!("{written} events, committed in {in_seconds:.2} s: {per_second:>7.0} events/s from commit to 200");

    let mut late = Vec::new();
    let pause = Duration::from_secs_f64(1.0 / rate as f64);
    for number in 0..rate * 10 {
        let ids = tell(&app, &workspaces, number, 1).await?;
        let committed = Instant::now();
        late.push((ids[0], committed));
        tokio::time::sleep(pause).await;
    }
    receiver.wait(written + late.len(), PATIENCE)?;
    let mut spans: Vec<Duration> = late
        .into_iter()
        .filter_map(|(id, committed)| Some(receiver.at(id)?.saturating_duration_since(committed)))
        .collect();
    spans.sort_unstable();
    let of = |share: usize| spans[(spans.len() * share / 100).min(spans.len() - 1)].as_secs_f64() * 1_000.0;
    println!("commit to receiver at {rate} events/s: p50 {:.1} ms, p99 {:.1} ms", of(50), of(99));
    app.stopping.cancel();
    // Who delivers says farewell, so that the next process need not wait for the end of its lease.
    delivering.await?;
    Ok(())
}

/// Events of calls, in one transaction; their ids.
async fn tell(app: &AppState, workspaces: &[WorkspaceId], from: usize, count: usize) -> Outcome<Vec<EventId>> {
    let mut events = Vec::with_capacity(count);
    for number in from..from + count {
        let id = EventId(app.new_uuid());
        let (call_id, number_id) = (CallId(app.new_uuid()), NumberId(Uuid::nil()));
        let event = NewEvent {
            id,
            workspace_id: workspaces[number % workspaces.len()],
            kind: EventKind::CallCompleted,
            subject: Subject::Call { call_id, number_id, sequence: 1 },
            data: json!({ "call_id": call_id, "pbx_call_id": call_id.pbx_call_id(), "status": "completed",
                "direction": "outbound", "from": "+254700000001", "to": "+254722000042", "duration_seconds": 47,
                "cost_minor": null, "tax_minor": null, "hangup_cause": "normal_clearing", "metadata": null }),
            created_at: app.now_us(),
        };
        events.push(event);
    }
    let mut tx = app.db.begin_write().await?;
    webhooks::emit_together(&mut tx, app.db.dialect(), &events).await?;
    tx.commit().await?;
    webhooks::ring(app);
    Ok(events.iter().map(|event| event.id).collect())
}

/// Workspaces with an endpoint each at the receiver.
async fn fill(app: &AppState, url: &str) -> Outcome<Vec<WorkspaceId>> {
    let mut workspaces = Vec::with_capacity(WORKSPACES);
    let mut tx = app.db.begin_write().await?;
    for number in 0..WORKSPACES {
        let (workspace, endpoint, now) = (app.new_uuid(), app.new_uuid(), app.now_us());
        let statements = [
            format!(
                "insert into workspaces (id, name, country, currency, created_at)
                values ('{workspace}', 'Bench {number}', 'KE', 'KES', {now})"
            ),
            format!(
                "insert into webhook_endpoints (id, workspace_id, url, description, events, status, created_at,
                    changed_at)
                values ('{endpoint}', '{workspace}', '{url}', '', '[\"*\"]', 'enabled', {now}, {now})"
            ),
        ];
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut *tx).await?;
        }
        workspaces.push(WorkspaceId(workspace));
    }
    tx.commit().await?;
    Ok(workspaces)
}
