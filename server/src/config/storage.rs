//! `[storage]`: where recordings are kept.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::checks::is_safe_url;
use super::{Config, ConfigError};

/// `[storage]`. Its `Debug` leaves the secret out.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// The folder, where there is no bucket; empty: `storage` in `data_dir`.
    pub dir: PathBuf,
    /// Where S3 is spoken.
    pub s3_endpoint: String,
    /// As requests are signed for it.
    pub s3_region: String,
    /// The bucket; empty keeps recordings in the folder.
    pub s3_bucket: String,
    /// What keys begin with.
    pub s3_prefix: String,
    /// By whom requests are signed.
    pub s3_access_key_id: String,
    /// Their secret.
    pub s3_secret_access_key: String,
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("dir", &self.dir).field("s3_bucket", &self.s3_bucket).finish_non_exhaustive()
    }
}

impl Storage {
    /// The folder of a server with this `data_dir`.
    pub fn dir_in(&self, data_dir: &Path) -> PathBuf {
        if self.dir.as_os_str().is_empty() { data_dir.join("storage") } else { self.dir.clone() }
    }
}

/// A bucket is named as a whole or not at all.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let storage = &config.storage;
    let of_bucket = [
        ("storage.s3_endpoint", &storage.s3_endpoint),
        ("storage.s3_bucket", &storage.s3_bucket),
        ("storage.s3_access_key_id", &storage.s3_access_key_id),
        ("storage.s3_secret_access_key", &storage.s3_secret_access_key),
    ];
    if of_bucket.iter().all(|(_, value)| value.is_empty()) {
        return Ok(());
    }
    if let Some((key, _)) = of_bucket.iter().find(|(_, value)| value.is_empty()) {
        return Err(ConfigError::wrong(key, "a bucket needs endpoint, name, access key and its secret"));
    }
    if is_safe_url(&storage.s3_endpoint, config.is_development()) {
        Ok(())
    } else {
        Err(ConfigError::wrong("storage.s3_endpoint", "give an https origin"))
    }
}
