//! Those who follow a workspace's calls live: how much memory one takes, and how long an event takes to all of them.
//!
//! Readers are connections of a process of their own, which notes when each has read which event; some stop reading. The server
//! is this process, by the connections that `sautikit serve` has.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sautikit::state::AppState;
use sautikit::{jobs, numbers, serve};
use sautikit_api::ids::{EventId, WorkspaceId};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::Mutex;

use super::account::Account;
use super::{Outcome, tell};

/// The first argument of the process that reads.
pub(super) const ARGUMENT: &str = "readers";
/// Readers.
const READERS: usize = 1_000;
/// Of them, those that stop reading after the first event.
const STOPPED: usize = 10;
/// Events, a tenth of a second apart.
const EVENTS: usize = 100;
const PAUSE: Duration = Duration::from_millis(100);
/// Between two readers that come: below what a key may ask a second.
const COMING: Duration = Duration::from_millis(12);
/// How an event's id begins.
const ID: &str = "\"id\":\"evt_";
/// Characters of a UUID.
const UUID_CHARS: usize = 36;

/// Measures them at a server with these parts.
pub(super) async fn measure(app: &AppState) -> Outcome<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    numbers::seed_development(app).await?;
    tokio::spawn(jobs::run_until_stopped(app.clone()));
    tokio::spawn(serve::serve_web(app.clone(), listener, sautikit::http::router(app)));
    let account = Account::sign_up(&format!("http://{address}")).await?;
    let workspace: WorkspaceId = account.get("/v1/workspace").await?["id"].as_str().ok_or("no workspace")?.parse()?;
    let key = account.key("calls:read").await?.secret().to_owned();
    // What every server takes for its first readers is none of a reader's.
    run(app, workspace, address, &key, 20, 5).await?;
    let before = resident_kib()?;
    let (after, mut spans) = run(app, workspace, address, &key, READERS, EVENTS).await?;
    let of_one = (after.saturating_sub(before)) as f64 / READERS as f64;
    spans.sort_unstable();
    let of = |share: usize| spans[(spans.len() * share / 100).min(spans.len() - 1)] as f64 / 1_000.0;
    println!(
        "{READERS} readers, {STOPPED} of which stop reading: {of_one:.1} KiB each; commit to reader p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
        of(50),
        of(99),
        of(100)
    );
    Ok(())
}

/// Has so many read so many events; the memory while they do, and how long each event took to each that reads.
async fn run(
    app: &AppState,
    workspace: WorkspaceId,
    address: SocketAddr,
    key: &str,
    readers: usize,
    events: usize,
) -> Outcome<(u64, Vec<i64>)> {
    let stopped = if readers == READERS { STOPPED } else { 0 };
    let mut child = Command::new(std::env::current_exe()?)
        .args([ARGUMENT, &address.to_string(), key, &readers.to_string(), &stopped.to_string(), &events.to_string()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    if lines.next_line().await?.as_deref() != Some("open") {
        return Err("the readers could not connect".into());
    }
    let mut committed = HashMap::new();
    for number in 0..events {
        let ids = tell(app, &[workspace], number, 1).await?;
        committed.insert(ids[0], now_us());
        tokio::time::sleep(PAUSE).await;
    }
    let memory = resident_kib()?;
    let mut spans = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let mut words = line.split(' ');
        let id: EventId = words.next().unwrap_or_default().parse()?;
        let at = committed.get(&id).ok_or("an event that was not told")?;
        for word in words {
            spans.push(word.parse::<i64>()? - at);
        }
    }
    child.wait().await?;
    if spans.len() != (readers - stopped) * events {
        return Err(format!("{} events were read", spans.len()).into());
    }
    Ok((memory, spans))
}

fn now_us() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_micros()).unwrap_or(i64::MAX)
}

/// What of this process's memory is its own and resident.
fn resident_kib() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no figure")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// When which event was read by whom, in microseconds UTC.
type Read = Arc<Mutex<HashMap<EventId, Vec<i64>>>>;

/// The process that reads: says when all are connected, and at the end when each event was read.
pub(super) async fn read(arguments: &[String]) -> Outcome<()> {
    let [address, key, readers, stopped, events] = arguments else { return Err("five arguments are needed".into()) };
    let (readers, stopped, events): (usize, usize, usize) = (readers.parse()?, stopped.parse()?, events.parse()?);
    let seen = Read::default();
    let mut tasks = Vec::new();
    let mut idle = Vec::new();
    for number in 0..readers {
        let mut stream = TcpStream::connect(address).await?;
        let head = format!("GET /v1/calls/stream HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        let mut answer = [0; 64];
        let read = stream.read(&mut answer).await?;
        if !answer[..read].starts_with(b"HTTP/1.1 200") {
            return Err(format!("refused: {}", String::from_utf8_lossy(&answer[..read])).into());
        }
        if number < stopped {
            idle.push(stream);
        } else {
            tasks.push(tokio::spawn(follow(stream, events, seen.clone())));
        }
        tokio::time::sleep(COMING).await;
    }
    println!("open");
    for task in tasks {
        task.await??;
    }
    drop(idle);
    for (id, times) in seen.lock().await.iter() {
        let times: Vec<_> = times.iter().map(i64::to_string).collect();
        println!("{id} {}", times.join(" "));
    }
    Ok(())
}

async fn follow(mut stream: TcpStream, events: usize, seen: Read) -> Outcome<()> {
    let began = Instant::now();
    let (mut text, mut count) = (String::new(), 0);
    let mut buffer = [0; 4_096];
    while count < events {
        let read = stream.read(&mut buffer).await?;
        let now = now_us();
        if read == 0 {
            return Err(format!("a stream ended after {count} events and {:?}", began.elapsed()).into());
        }
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
        while let Some(start) = text.find(ID) {
            let start = start + ID.len();
            let Some(id) = text.get(start..start + UUID_CHARS) else { break };
            seen.lock().await.entry(id.parse()?).or_default().push(now);
            count += 1;
            text.drain(..start + UUID_CHARS);
        }
    }
    Ok(())
}
