//! A bucket: where it is, and by whom requests to it are signed.

use std::fmt;

use sautikit_api::ids::WorkspaceId;
use sautikit_api::storage as wire;
use serde::{Deserialize, Serialize};

use super::StorageError;
use crate::config;
use crate::secrets::{Purpose, SealBroken};
use crate::state::AppState;
use crate::webhooks::client::check_url;

/// The region of most services that have none.
const DEFAULT_REGION: &str = "us-east-1";
/// Longest prefix of keys; a key of S3 has 1,024 bytes in all.
const LONGEST_PREFIX: usize = 500;
/// Longest name of a region, a key or a secret; those of every known service are far shorter.
const LONGEST_TEXT: usize = 256;

/// A bucket, with the secret. Its `Debug` leaves that out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Where S3 is spoken, an origin.
    pub endpoint: String,
    /// As requests are signed for it.
    pub region: String,
    /// Its name.
    pub name: String,
    /// What keys begin with.
    pub prefix: String,
    /// By whom requests are signed.
    pub access_key_id: String,
    /// Their secret.
    pub secret_access_key: String,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({} at {})", self.name, self.endpoint)
    }
}

impl Bucket {
    /// Of a request, with its address checked as every URL of customers is.
    pub(super) fn read(asked: wire::PutBucket, development: bool) -> Result<Self, StorageError> {
        let invalid = |field, message: &str| StorageError::Invalid { field, message: format!("`{field}` {message}.") };
        let url = check_url(&asked.endpoint, development).map_err(|refusal| StorageError::Invalid {
            field: "endpoint",
            message: format!("`endpoint`: {refusal}."),
        })?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("endpoint", "is an address without a path, such as https://s3.example.com"));
        }
        let name = asked.bucket;
        let letters = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
        if !(3..=63).contains(&name.len()) || !name.chars().all(letters) {
            return Err(invalid("bucket", "is 3 to 63 letters, digits, hyphens, dots and underscores"));
        }
        let prefix = asked.prefix.unwrap_or_default();
        if prefix.len() > LONGEST_PREFIX || prefix.starts_with('/') || prefix.chars().any(char::is_control) {
            return Err(invalid("prefix", "is at most 500 bytes without a slash at its beginning"));
        }
        let region = asked.region.unwrap_or_else(|| DEFAULT_REGION.to_owned());
        for (field, text) in [
            ("region", &region),
            ("access_key_id", &asked.access_key_id),
            ("secret_access_key", &asked.secret_access_key),
        ] {
            let is_good = |letter: char| letter.is_ascii_graphic();
            if text.is_empty() || text.len() > LONGEST_TEXT || !text.chars().all(is_good) {
                return Err(invalid(field, "is 1 to 256 printable letters without blanks"));
            }
        }
        Ok(Self {
            endpoint: url.as_str().trim_end_matches('/').to_owned(),
            region,
            name,
            prefix,
            access_key_id: asked.access_key_id,
            secret_access_key: asked.secret_access_key,
        })
    }

    /// The operator's.
    pub(super) fn of_config(settings: &config::Storage) -> Self {
        let region = if settings.s3_region.is_empty() { DEFAULT_REGION } else { &settings.s3_region };
        Self {
            endpoint: settings.s3_endpoint.trim_end_matches('/').to_owned(),
            region: region.to_owned(),
            name: settings.s3_bucket.clone(),
            prefix: settings.s3_prefix.clone(),
            access_key_id: settings.s3_access_key_id.clone(),
            secret_access_key: settings.s3_secret_access_key.clone(),
        }
    }

    /// Whether objects of the one are in the other.
    pub(super) fn is_same_place(&self, other: &Self) -> bool {
        self.endpoint == other.endpoint && self.name == other.name
    }

    pub(super) fn seal(&self, app: &AppState, workspace: WorkspaceId) -> String {
        // A plain structure of texts always serialises.
        let plain = serde_json::to_vec(self).unwrap_or_default();
        app.secrets.seal(Purpose::StorageBucket, &workspace.to_string(), &plain, &app.entropy)
    }

    pub(super) fn open(app: &AppState, workspace: WorkspaceId, sealed: &str) -> Result<Self, SealBroken> {
        let plain = app.secrets.open(Purpose::StorageBucket, &workspace.to_string(), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| SealBroken)
    }

    pub(super) fn body(self) -> wire::StorageBucket {
        let Self { endpoint, region, name: bucket, prefix, access_key_id, .. } = self;
        wire::StorageBucket { endpoint, region, bucket, prefix, access_key_id }
    }
}
