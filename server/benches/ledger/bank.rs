//! PostgreSQL's own bank: pgbench's TPC-B, which moves money between a teller, a branch and an account and writes a line of it.

use std::path::PathBuf;
use std::process::Command;

use super::Outcome;

/// Clients, as there are writers.
const CLIENTS: &str = "8";
/// Branches: with fewer than clients they would wait for each other's rows alone.
const SCALE: &str = "10";
const SECONDS: &str = "10";

pub(super) fn transactions_per_second(url: &str) -> Outcome<f64> {
    let folder = std::env::var("SAUTIKIT_POSTGRES_BIN").unwrap_or_else(|_| "/usr/lib/postgresql/15/bin".to_owned());
    let pgbench = PathBuf::from(folder).join("pgbench");
    run(Command::new(&pgbench).args(["--initialize", "--quiet", "--scale", SCALE, url]))?;
    let told = run(Command::new(&pgbench).args(["--client", CLIENTS, "--jobs", "2", "--time", SECONDS, url]))?;
    let line = told.lines().find_map(|line| line.strip_prefix("tps = ")).ok_or("pgbench told no rate")?;
    Ok(line.split(' ').next().unwrap_or_default().parse()?)
}

fn run(command: &mut Command) -> Outcome<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
