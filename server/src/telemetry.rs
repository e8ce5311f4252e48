//! Structured logs to standard error; standard output belongs to the `ready` line and to answers of commands.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{ConfigError, Log, LogFormat};

/// Installs the process's log writer. A filter that does not parse is a configuration error.
pub fn init(log: &Log) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&log.filter)
        .map_err(|error| ConfigError::WrongValue { key: "log.filter".to_owned(), message: error.to_string() })?;
    // Colours are for terminals; in a file they are noise.
    let writer = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second call (tests in one process) keeps the first writer.
    let _ = match log.format {
        LogFormat::Text => writer.try_init(),
        LogFormat::Json => writer.json().try_init(),
    };
    Ok(())
}
