//! Whether the time of `POST /v1/auth/magic-link` tells who is known: addresses that have signed in against addresses that
//! never have, asked in random order, one at a time, everything else being equal.
//!
//!     cargo bench -p sautikit --bench sign_in -- [requests of each kind]
//!
//! Two distributions are compared by the two-sample Kolmogorov–Smirnov statistic: the largest distance of their cumulated
//! shares. What equal distributions exceed once in a hundred runs stands beside it; so does the same figure for known
//! addresses against known ones, which shows what the method sees where there is nothing. Addresses that had their share of
//! links for the hour are compared too: an early answer would tell that their owner signs in just now. PostgreSQL takes part when
//! `SAUTIKIT_TEST_POSTGRES` names a server.

mod people;
#[path = "../shared/server.rs"]
mod server;
#[path = "../shared/subject.rs"]
mod subject;

use std::time::Duration;

use rand::seq::SliceRandom;

use self::people::{Asker, Kind};
use self::server::Server;

/// Any failure ends the benchmark with a message.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Below what an address gets in an hour of development, with what it got when it signed in.
const ASKS_PER_ADDRESS: usize = 80;
/// Asked before it counts: fills pools and caches.
const WARM_UP: usize = 200;
/// Of the Kolmogorov–Smirnov statistic, at one per cent.
const CRITICAL: f64 = 1.628;
/// Rates that never refuse.
const NO_LIMITS: &str = "[limits]\nip_requests_per_second = 1000000\nip_burst = 1000000\n";

#[tokio::main]
async fn main() -> Outcome<()> {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(4_000);
    let folder = tempfile::tempdir()?;
    measure("SQLite", &format!("sqlite://{}", folder.path().join("bench.db").display()), count).await?;
    match std::env::var("SAUTIKIT_TEST_POSTGRES") {
        Ok(url) => measure("PostgreSQL", &url, count).await,
        Err(_) => {
            println!("PostgreSQL: not measured, SAUTIKIT_TEST_POSTGRES is not set");
            Ok(())
        }
    }
}

async fn measure(engine: &str, url: &str, count: usize) -> Outcome<()> {
    let server = Server::start(&format!("{NO_LIMITS}[database]\nurl = {url:?}\n"))?;
    let mut asker = Asker::new(&server.http);
    let addresses = count.div_ceil(ASKS_PER_ADDRESS);
    let kinds = [Kind::Known, Kind::KnownToo, Kind::Unknown, Kind::HadItsShare];
    let mut asks = Vec::new();
    for kind in kinds {
        let people = asker.prepare(kind, addresses).await?;
        asks.extend((0..count).map(|ask| (kind, people[ask % addresses].clone())));
    }
    asks.shuffle(&mut rand::rng());
    for (_, address) in asks.iter().take(WARM_UP) {
        asker.ask(address).await?;
    }
    let mut took = kinds.map(|kind| (kind, Vec::with_capacity(count)));
    for (kind, address) in &asks {
        let time = asker.ask(address).await?;
        took.iter_mut().filter(|(of, _)| of == kind).for_each(|(_, times)| times.push(time));
    }
    let [known, known_too, unknown, had_its_share] = took.map(|(_, mut times)| {
        times.sort_unstable();
        times
    });
    println!("\n{engine}, {count} requests of each kind, one at a time");
    println!("{:<24} {:>8} {:>8} {:>8} {:>8}", "address", "mean ms", "p50", "p90", "p99");
    for (name, times) in [
        ("known", &known),
        ("known, another half", &known_too),
        ("unknown", &unknown),
        ("had its share", &had_its_share),
    ] {
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        let at = |share: usize| times.get(times.len() * share / 100).copied().map_or(0.0, ms);
        let mean = times.iter().copied().map(ms).sum::<f64>() / times.len() as f64;
        println!("{name:<24} {mean:>8.3} {:>8.3} {:>8.3} {:>8.3}", at(50), at(90), at(99));
    }
    let limit = CRITICAL * (2.0 / count as f64).sqrt();
    println!("distance from the known ones; by chance below {limit:.4}");
    for (name, times) in [("known", &known_too), ("unknown", &unknown), ("had its share", &had_its_share)] {
        println!("{name:<24} {:>8.4}", distance(&known, times));
    }
    let cpu_ms = server.subject.cpu_seconds()? * 1_000.0;
    println!("the server: {cpu_ms:.0} ms of CPU time, {} MiB", server.subject.resident_kib()? / 1_024);
    Ok(())
}

/// The largest distance between the cumulated shares of two sorted samples.
fn distance(one: &[Duration], other: &[Duration]) -> f64 {
    let share =
        |times: &[Duration], upto: Duration| times.partition_point(|time| *time <= upto) as f64 / times.len() as f64;
    let points = one.iter().chain(other);
    points.map(|time| (share(one, *time) - share(other, *time)).abs()).fold(0.0, f64::max)
}
