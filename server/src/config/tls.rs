//! `[tls]`: the certificates of this host, and whom it believes.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Config, ConfigError};

/// `[tls]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificates with their chains, in PEM; the first is shown to who asks for no name.
    pub certificate_files: Vec<PathBuf>,
    /// Their keys, in the same order.
    pub key_files: Vec<PathBuf>,
    /// Certificate authorities of carriers, in PEM, beside those of the web; empty: none.
    pub ca_file: PathBuf,
}

pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    if config.tls.certificate_files.len() != config.tls.key_files.len() {
        return Err(ConfigError::wrong("tls.key_files", "give one key for each of `tls.certificate_files`"));
    }
    if config.http.tls && config.tls.certificate_files.is_empty() {
        return Err(ConfigError::wrong("http.tls", "HTTPS needs `tls.certificate_files` and `tls.key_files`"));
    }
    Ok(())
}
