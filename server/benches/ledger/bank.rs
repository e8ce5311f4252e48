//! PostgreSQL's own bank: pgbench's TPC-B, which moves money between a teller, a branch and an account and writes a line of it.

use std::path::PathBuf;
use std::process::Command;

use super::Outcome;
use super::cost::Cost;

/// Clients, as there are writers.
const CLIENTS: &str = "8";
/// Branches: with fewer than clients they would wait for each other's rows alone.
const SCALE: &str = "10";
const SECONDS: &str = "10";

pub(super) fn transactions_per_second(url: &str) -> Outcome<f64> {
    let pgbench = program("pgbench");
    run(Command::new(&pgbench).args(["--initialize", "--quiet", "--scale", SCALE, url]))?;
    let before = Cost::so_far(url)?;
    let told = run(Command::new(&pgbench).args(["--client", CLIENTS, "--jobs", "2", "--time", SECONDS, url]))?;
    let number_after = |start: &str| {
        let rest = told.lines().find_map(|line| line.strip_prefix(start)).ok_or("pgbench told no such figure")?;
        Ok::<f64, Box<dyn std::error::Error + Send + Sync>>(rest.split(' ').next().unwrap_or_default().parse()?)
    };
    Cost::print_since(
        before,
        url,
        "transaction of pgbench",
        number_after("number of transactions actually processed: ")?,
    )?;
    number_after("tps = ")
}

/// One of PostgreSQL's programs.
pub(super) fn program(name: &str) -> PathBuf {
    let folder = std::env::var("SAUTIKIT_POSTGRES_BIN").unwrap_or_else(|_| "/usr/lib/postgresql/15/bin".to_owned());
    PathBuf::from(folder).join(name)
}

pub(super) fn run(command: &mut Command) -> Outcome<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
