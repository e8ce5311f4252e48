//! What PostgreSQL spends on a unit of work: bytes of its write-ahead log, and CPU time of its processes.

use std::process::Command;

use super::{Outcome, bank};

/// Ticks of /proc/PID/stat in a second.
const TICKS: f64 = 100.0;
/// Of /proc/PID/stat, counted from what follows the name: a process's own time and that of its children that have ended.
const TIMES: std::ops::Range<usize> = 11..15;

/// A reading, or what lies between two.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    wal_bytes: f64,
    cpu_seconds: f64,
}

impl Cost {
    /// What has been spent so far; none on SQLite.
    pub(super) fn so_far(url: &str) -> Outcome<Option<Self>> {
        if !url.starts_with("postgres") {
            return Ok(None);
        }
        let ask = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')";
        let told = bank::run(Command::new(bank::program("psql")).args(["-Atc", ask, url]))?;
        Ok(Some(Self { wal_bytes: told.trim().parse()?, cpu_seconds: cpu_seconds()? }))
    }

    /// Prints what each of `units` has cost since `before`.
    pub(super) fn print_since(before: Option<Self>, url: &str, what: &str, units: f64) -> Outcome<()> {
        let Some((before, now)) = before.zip(Self::so_far(url)?) else { return Ok(()) };
        let wal = (now.wal_bytes - before.wal_bytes) / units;
        let cpu = (now.cpu_seconds - before.cpu_seconds) / units * 1e6;
        println!("  each {what}: {wal:.0} bytes of write-ahead log, {cpu:.0} µs of PostgreSQL's CPU time");
        Ok(())
    }
}

/// Of all processes of PostgreSQL on this machine.
fn cpu_seconds() -> Outcome<f64> {
    let mut ticks = 0.0;
    for entry in std::fs::read_dir("/proc")? {
        // A process that ends meanwhile has no file.
        let Ok(stat) = std::fs::read_to_string(entry?.path().join("stat")) else { continue };
        let Some((_, rest)) = stat.split_once("(postgres) ") else { continue };
        let times = rest.split(' ').skip(TIMES.start).take(TIMES.len());
        ticks += times.filter_map(|time| time.parse::<f64>().ok()).sum::<f64>();
    }
    Ok(ticks / TICKS)
}
