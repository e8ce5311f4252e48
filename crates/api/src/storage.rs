//! Bodies of `/v1/storage`.

use serde::{Deserialize, Serialize};

/// How much a workspace may keep, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StorageTier {
    /// Its id, for `PUT /v1/storage/tier`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Room for recordings.
    pub capacity_bytes: i64,
    /// Days that a recording is kept.
    pub retention_days: i64,
    /// What it costs the workspace a month, without tax; 0 where it costs nothing.
    pub monthly_price_minor: i64,
    /// ISO 4217: the wallet's.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
}

/// What a workspace keeps, and where.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Storage {
    /// Its tier.
    pub tier: StorageTier,
    /// RFC 3339: until when the tier is paid for, and so when it is charged next; null where it costs nothing.
    pub paid_until: Option<String>,
    /// What is kept here; recordings in a bucket of the workspace's own do not count.
    pub used_bytes: i64,
    /// How many recordings that is.
    pub recordings: i64,
    /// The workspace's own bucket, where new recordings go; null where they are kept here.
    pub bucket: Option<StorageBucket>,
}

/// `PUT /v1/storage/tier`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SwitchTier {
    /// One of `GET /v1/storage/tiers`.
    pub tier: String,
}

/// A bucket of a workspace's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StorageBucket {
    /// Where S3 is spoken.
    pub endpoint: String,
    /// As requests are signed for it.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// What keys begin with.
    pub prefix: String,
    /// By whom requests are signed.
    pub access_key_id: String,
}

/// `PUT /v1/storage/bucket`.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutBucket {
    /// Where S3 is spoken: `https://s3.eu-west-1.amazonaws.com`, or any compatible service.
    pub endpoint: String,
    /// As requests are signed for it; `us-east-1` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The bucket.
    pub bucket: String,
    /// What keys begin with; nothing when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// By whom requests are signed.
    pub access_key_id: String,
    /// Their secret; kept sealed and never shown.
    pub secret_access_key: String,
}

impl std::fmt::Debug for PutBucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PutBucket")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}
