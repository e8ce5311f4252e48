//! Trunks: the carriers that operators set up by the API. Those of the configuration file stand beside them and can't be
//! changed here.
//!
//! A change is in force on every node within seconds, without a restart: the gateway compares a revision. What runs by a
//! trunk that is disabled or deleted goes on to its end. Deliberately absent: what SIP makes of a trunk (`gateway/trunks`).

mod error;
pub mod http;
mod live;
mod preview;
mod rules;
mod store;

use sautikit_api::ids::TrunkId;
use serde_json::json;
use sqlx::AnyConnection;
use thiserror::Error;

use crate::audit::{self, Actor};
use crate::config;
use crate::secrets::{Purpose, SealBroken};
use crate::state::AppState;
use crate::web::caller::Operator;

pub use live::{Asked, Figures, Health, LiveTrunks, Registration, Standing, Trunks};
pub use rules::{CODECS, source_network};
pub(crate) use store::STATEMENTS;

/// Trunks that the API takes at most: each is looked at for every packet of a stranger.
const TRUNKS_MOST: usize = 200;
/// Where a trunk can be set up.
pub const ORIGINS: [&str; 2] = [http::FROM_API, http::FROM_CONFIGURATION];

/// Why a trunk could not be set up or changed.
#[derive(Debug, Error)]
pub enum TrunkError {
    /// No such trunk, or one of the configuration file.
    #[error("no such trunk")]
    NotFound,
    /// A member of the body.
    #[error("{message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, and what would do.
        message: String,
    },
    /// A stored password does not open.
    #[error(transparent)]
    Seal(#[from] SealBroken),
    /// The database failed.
    #[error("the trunks could not be read or written")]
    Database(#[from] sqlx::Error),
}

/// A trunk of the API.
#[derive(Debug, Clone)]
pub struct Trunk {
    /// Its id.
    pub id: TrunkId,
    /// What it is; the password stands sealed beside it.
    pub settings: config::Trunk,
    /// As stored.
    sealed_password: Option<String>,
    /// Whether it takes new calls.
    pub is_enabled: bool,
    /// Microseconds UTC.
    pub created_at: i64,
    /// Microseconds UTC.
    pub updated_at: i64,
}

/// How often the trunks changed, on any node.
///
/// # Errors
/// The database failed.
pub async fn revision(conn: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    store::revision(conn).await
}

/// Texts that are others whenever something of the trunks has changed.
pub struct Marks {
    /// How they are set up, how they stand on this node and what came of calls by them.
    pub standing: String,
    /// The same, and when each was heard of last.
    pub heard: String,
}

/// How the trunks stand now.
///
/// # Errors
/// The database failed.
pub async fn marks(app: &AppState, conn: &mut AnyConnection) -> Result<Marks, sqlx::Error> {
    let revision = revision(conn).await?;
    let (standing, heard) = Trunks::of(app).standing_marks();
    Ok(Marks { standing: format!("{revision} {standing}"), heard: format!("{revision} {heard}") })
}

/// The settings of every trunk that takes calls, as the gateway uses them, in the order in which they were made. One whose
/// password does not open is left out, and holds up no other.
///
/// # Errors
/// The database failed.
pub async fn list_enabled(app: &AppState, conn: &mut AnyConnection) -> Result<Vec<config::Trunk>, TrunkError> {
    let enabled = store::list(conn).await?.into_iter().filter(|trunk| trunk.is_enabled);
    let opened = enabled.filter_map(|trunk| {
        let name = trunk.settings.name.clone();
        let opened = trunk.opened(app);
        match opened {
            Ok(settings) => Some(settings),
            Err(error) => {
                tracing::error!(trunk = %name, %error, "a trunk is left out");
                None
            }
        }
    });
    Ok(opened.collect())
}

/// Whether any trunk of the API takes calls.
///
/// # Errors
/// The database failed.
pub async fn any_enabled(conn: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    store::any_enabled(conn).await
}

impl Trunk {
    /// The settings with the password.
    fn opened(self, app: &AppState) -> Result<config::Trunk, TrunkError> {
        let mut settings = self.settings;
        settings.password = match &self.sealed_password {
            Some(sealed) => {
                let plain = app.secrets.open(Purpose::TrunkPassword, &self.id.to_string(), sealed)?;
                Some(String::from_utf8(plain).map_err(|_| SealBroken)?)
            }
            None => None,
        };
        Ok(settings)
    }

    /// Seals the password of the settings into its place.
    fn seal(&mut self, app: &AppState) {
        if let Some(password) = self.settings.password.take() {
            let row = self.id.to_string();
            let sealed = app.secrets.seal(Purpose::TrunkPassword, &row, password.as_bytes(), &app.entropy);
            self.sealed_password = Some(sealed);
        } else if self.settings.username.is_none() {
            self.sealed_password = None;
        }
    }
}

/// Sets a trunk up, in the caller's transaction.
async fn create(
    app: &AppState,
    tx: &mut AnyConnection,
    operator: &Operator,
    settings: config::Trunk,
    is_enabled: bool,
) -> Result<Trunk, TrunkError> {
    // First: who sets up trunks at the same moment waits here, and then sees the other's.
    store::count_change(tx).await?;
    let others = store::list(tx).await?;
    if others.len() >= TRUNKS_MOST {
        return Err(invalid("name", format!("There are {TRUNKS_MOST} trunks already; delete one first.")));
    }
    let now_us = app.now_us();
    let id = TrunkId(app.new_uuid());
    let mut trunk = Trunk { id, settings, sealed_password: None, is_enabled, created_at: now_us, updated_at: now_us };
    trunk.seal(app);
    rules::check(&trunk, &others, &app.config)?;
    store::insert(tx, &trunk).await?;
    record(app, tx, operator, "trunk.created", &trunk).await?;
    Ok(trunk)
}

/// Changes a trunk.
async fn update(
    app: &AppState,
    operator: &Operator,
    id: TrunkId,
    change: impl FnOnce(&mut Trunk) + Send,
) -> Result<Trunk, TrunkError> {
    let mut tx = app.db.begin_write().await?;
    store::count_change(&mut tx).await?;
    let mut others = store::list(&mut tx).await?;
    let at = others.iter().position(|trunk| trunk.id == id).ok_or(TrunkError::NotFound)?;
    let mut trunk = others.swap_remove(at);
    change(&mut trunk);
    trunk.seal(app);
    rules::check(&trunk, &others, &app.config)?;
    trunk.updated_at = app.now_us();
    store::update(&mut tx, &trunk).await?;
    record(app, &mut tx, operator, "trunk.changed", &trunk).await?;
    tx.commit().await?;
    Trunks::of(app).changed();
    Ok(trunk)
}

/// Takes a trunk away.
async fn delete(app: &AppState, operator: &Operator, id: TrunkId) -> Result<(), TrunkError> {
    let mut tx = app.db.begin_write().await?;
    store::count_change(&mut tx).await?;
    let trunk = store::find(&mut tx, id).await?.ok_or(TrunkError::NotFound)?;
    store::delete(&mut tx, id).await?;
    record(app, &mut tx, operator, "trunk.deleted", &trunk).await?;
    tx.commit().await?;
    Trunks::of(app).changed();
    Ok(())
}

/// The line of the audit log: everything but the credentials.
async fn record(
    app: &AppState,
    tx: &mut AnyConnection,
    operator: &Operator,
    action_kind: &'static str,
    trunk: &Trunk,
) -> Result<(), sqlx::Error> {
    let settings = &trunk.settings;
    let entry = audit::Entry {
        workspace_id: None,
        actor: Actor::Operator(Some(operator.user_id.to_string())),
        action_kind,
        subject_id: Some(trunk.id.to_string()),
        details: json!({ "name": settings.name, "address": settings.address, "prefixes": settings.prefixes,
            "sources": settings.sources, "is_enabled": trunk.is_enabled, "max_calls": settings.max_calls }),
        ip: operator.ip.clone(),
    };
    audit::record(app, tx, &entry).await
}

fn invalid(field: &'static str, message: impl Into<String>) -> TrunkError {
    TrunkError::Invalid { field, message: message.into() }
}
