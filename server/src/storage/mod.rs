//! Storage: how much of its recordings a workspace may keep, for how long and where.
//!
//! Recordings are kept in this installation's own store (a folder, or a bucket of the operator's), sealed; or, where a
//! workspace has set a bucket of its own, there as plain WAV files. What a tier costs is [`charges`]. Deliberately absent: what
//! is kept (`recordings`).

mod bucket;
mod charges;
mod error;
pub mod http;
mod local;
mod objects;
mod s3;
pub mod shared;
mod store;

use std::sync::Arc;

use sautikit_api::ids::{EventId, WorkspaceId};
use sautikit_api::storage as wire;
use serde_json::json;
use sqlx::AnyConnection;
use thiserror::Error;

use crate::audit;
use crate::config;
use crate::secrets::SealBroken;
use crate::state::{AppState, Part};
use crate::wallet::WalletError;
use crate::web::caller::Caller;
use crate::webhooks::{self, EventKind, Subject};

pub use bucket::Bucket;
pub use charges::charge_due;
pub use local::Local;
pub use objects::{ObjectStore, Source, StoreError};
pub(crate) use store::STATEMENTS;

const DAY_US: i64 = 86_400 * 1_000_000;

/// Why storage could not be read or changed.
#[derive(Debug, Error)]
pub enum StorageError {
    /// No such tier.
    #[error("no storage tier is called `{0}`")]
    NoTier(String),
    /// What is kept does not fit.
    #[error("{used_bytes} bytes are kept, and the tier has room for {capacity_bytes}")]
    DoesNotFit {
        /// What is kept.
        used_bytes: i64,
        /// Of the tier that was asked for.
        capacity_bytes: i64,
    },
    /// A member of the body.
    #[error("{message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, and what would do.
        message: String,
    },
    /// The wallet does not pay for it.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// Settings that were stored do not open.
    #[error(transparent)]
    Seal(#[from] SealBroken),
    /// The database failed.
    #[error("the storage could not be read or written")]
    Database(#[from] sqlx::Error),
}

/// How much, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Room for recordings, in bytes.
    pub capacity_bytes: i64,
    /// Days that a recording is kept.
    pub retention_days: i64,
}

impl Tier {
    /// Until when something is kept that is as old as this; microseconds UTC.
    pub fn expires_at(&self, since_us: i64) -> i64 {
        since_us.saturating_add(self.retention_days.saturating_mul(DAY_US))
    }

    /// What is older than this has been kept long enough; microseconds UTC.
    pub fn kept_since(&self, now_us: i64) -> i64 {
        now_us.saturating_sub(self.retention_days.saturating_mul(DAY_US))
    }
}

/// What a workspace has.
#[derive(Debug, Clone)]
pub struct Holding {
    /// Its tier.
    pub tier: Tier,
    /// What is kept here.
    pub used_bytes: i64,
    /// How many recordings that is.
    pub recordings: i64,
    /// Its own bucket, sealed.
    sealed_bucket: Option<String>,
    /// What it has paid for its tier.
    paid: charges::Paid,
}

impl Holding {
    /// Whether another recording may begin: there is room, or it goes to the workspace's own bucket.
    pub fn has_room(&self) -> bool {
        self.sealed_bucket.is_some() || self.used_bytes < self.tier.capacity_bytes
    }

    /// The workspace's own bucket.
    ///
    /// # Errors
    /// Its settings do not open.
    pub fn bucket(&self, app: &AppState, workspace: WorkspaceId) -> Result<Option<Bucket>, SealBroken> {
        self.sealed_bucket.as_deref().map(|sealed| Bucket::open(app, workspace, sealed)).transpose()
    }
}

/// The store of this installation.
pub struct Stores {
    own: Arc<dyn ObjectStore>,
}

impl Part for Stores {}

impl Stores {
    /// As it is configured: a bucket where one is named, else a folder.
    ///
    /// # Errors
    /// The system gives no TLS.
    pub fn from_config(config: &config::Config) -> Result<Self, reqwest::Error> {
        let settings = &config.storage;
        let own: Arc<dyn ObjectStore> = if settings.s3_bucket.is_empty() {
            Arc::new(Local::new(settings.dir_in(&config.data_dir)))
        } else {
            let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
            Arc::new(s3::S3::new(&Bucket::of_config(settings), client))
        };
        Ok(Self { own })
    }

    /// The store of this installation.
    pub fn own(app: &AppState) -> Arc<dyn ObjectStore> {
        app.part::<Self>().own.clone()
    }

    /// A workspace's own bucket, reached through the client for customers' URLs.
    pub fn of_bucket(app: &AppState, bucket: &Bucket) -> Arc<dyn ObjectStore> {
        Arc::new(s3::S3::new(bucket, app.part::<webhooks::client::Customers>().0.clone()))
    }
}

/// What a workspace has.
///
/// # Errors
/// The database failed.
pub async fn holding(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<Holding, sqlx::Error> {
    store::holding(conn, workspace).await
}

/// Notes that a recording is kept here.
///
/// # Errors
/// The database failed.
pub async fn keep(tx: &mut AnyConnection, workspace: WorkspaceId, bytes: i64, now_us: i64) -> Result<(), sqlx::Error> {
    store::ensure(tx, workspace, now_us).await?;
    store::add(tx, workspace, bytes, 1, now_us).await
}

/// Notes that a recording is kept here no more.
///
/// # Errors
/// The database failed.
pub async fn free(tx: &mut AnyConnection, workspace: WorkspaceId, bytes: i64, now_us: i64) -> Result<(), sqlx::Error> {
    store::add(tx, workspace, -bytes, -1, now_us).await
}

/// Seals a bucket's settings for a row of another room.
pub fn seal_bucket(app: &AppState, workspace: WorkspaceId, bucket: &Bucket) -> String {
    bucket.seal(app, workspace)
}

/// The bucket that something was kept in: with the workspace's present credentials where it is still the same.
///
/// # Errors
/// Its settings do not open, or the database failed.
pub async fn bucket_of(
    app: &AppState,
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    sealed: &str,
) -> Result<Bucket, StorageError> {
    let then = Bucket::open(app, workspace, sealed)?;
    let now = holding(conn, workspace).await?.bucket(app, workspace)?;
    // What was kept stays under the beginning of keys that was set then.
    let now = now.filter(|now| now.is_same_place(&then));
    Ok(now.map(|now| Bucket { prefix: then.prefix.clone(), ..now }).unwrap_or(then))
}

/// Puts a workspace into another tier.
async fn switch(app: &AppState, caller: &Caller, tier: &str) -> Result<(), StorageError> {
    let (workspace, now_us) = (caller.workspace.id, app.now_us());
    let mut tx = app.db.begin_write().await?;
    store::ensure(&mut tx, workspace, now_us).await?;
    let before = store::locked(&mut tx, workspace, now_us).await?;
    let tiers = store::tiers(&mut tx).await?;
    let Some(after) = tiers.into_iter().find(|known| known.id == tier) else {
        return Err(StorageError::NoTier(tier.chars().take(60).collect()));
    };
    let data = |reason: Option<&str>| {
        json!({ "from": before.tier.id, "to": after.id, "used_bytes": before.used_bytes,
            "capacity_bytes": after.capacity_bytes, "retention_days": after.retention_days, "reason": reason })
    };
    if before.used_bytes > after.capacity_bytes {
        emit(app, &mut tx, workspace, EventKind::StorageTierSwitchFailed, data(Some("space"))).await?;
        tx.commit().await?;
        webhooks::ring(app);
        let (used_bytes, capacity_bytes) = (before.used_bytes, after.capacity_bytes);
        return Err(StorageError::DoesNotFit { used_bytes, capacity_bytes });
    }
    if before.tier.id != after.id {
        charges::charge_switch(app, &mut tx, workspace, &before, &after).await?;
        store::set_tier(&mut tx, workspace, &after.id, now_us).await?;
        emit(app, &mut tx, workspace, EventKind::StorageTierChanged, data(None)).await?;
        let details = json!({ "before": before.tier.id, "after": after.id });
        audit::record(app, &mut tx, &audit::Entry::by(caller, "storage.tier_changed", workspace, details)).await?;
    }
    tx.commit().await?;
    webhooks::ring(app);
    Ok(())
}

async fn emit(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace_id: WorkspaceId,
    kind: EventKind,
    data: serde_json::Value,
) -> Result<(), sqlx::Error> {
    let (id, created_at) = (EventId(app.new_uuid()), app.now_us());
    webhooks::emit(tx, &webhooks::NewEvent { id, workspace_id, kind, subject: Subject::Workspace, data, created_at })
        .await
}

/// Has new recordings go to a bucket of the workspace's own, or to this installation's store again.
async fn set_bucket(app: &AppState, caller: &Caller, bucket: Option<Bucket>) -> Result<(), StorageError> {
    let (workspace, now_us) = (caller.workspace.id, app.now_us());
    let sealed = bucket.as_ref().map(|bucket| bucket.seal(app, workspace));
    let (kind, details) = match &bucket {
        Some(bucket) => ("storage.bucket_set", json!({ "endpoint": bucket.endpoint, "bucket": bucket.name })),
        None => ("storage.bucket_removed", json!({})),
    };
    let mut tx = app.db.begin_write().await?;
    store::ensure(&mut tx, workspace, now_us).await?;
    store::set_bucket(&mut tx, workspace, sealed, now_us).await?;
    audit::record(app, &mut tx, &audit::Entry::by(caller, kind, workspace, details)).await?;
    Ok(tx.commit().await?)
}

fn tier_body(app: &AppState, currency: &str, tier: Tier) -> wire::StorageTier {
    let Tier { id, name, capacity_bytes, retention_days } = tier;
    let monthly_price_minor = app.config.storage.monthly_price_minor(&id, currency);
    wire::StorageTier { id, name, capacity_bytes, retention_days, monthly_price_minor, currency: currency.to_owned() }
}
