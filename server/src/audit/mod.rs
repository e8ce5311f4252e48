//! The audit log: a row per write, in the write's own transaction. Append-only by trigger.
//!
//! Details hold what changed, never secrets. Reading and export are deliberately absent here so far.

mod store;

use sautikit_api::ids::{UserId, WorkspaceId};
use serde_json::Value;
use sqlx::AnyConnection;

use crate::http::caller::{Caller, Credential};
use crate::state::AppState;

pub(crate) use store::STATEMENTS;

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    User(String),
    /// A back-end client.
    ApiKey(String),
    /// The operator's command line.
    Operator,
    /// The server itself.
    System,
}

impl Actor {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::ApiKey(_) => "api_key",
            Self::Operator => "operator",
            Self::System => "system",
        }
    }

    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::User(id) | Self::ApiKey(id) => Some(id),
            Self::Operator | Self::System => None,
        }
    }
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        match &caller.credential {
            Credential::Session(_) => Self::User(caller.user_id.to_string()),
            Credential::ApiKey { id, .. } => Self::ApiKey(id.to_string()),
        }
    }
}

/// One write.
#[derive(Debug)]
pub struct Entry {
    /// The tenant whose log it is; `None` for writes of no tenant.
    pub workspace_id: Option<WorkspaceId>,
    /// Who did it.
    pub actor: Actor,
    /// What, as `room.verb`: `api_key.created`.
    pub action_kind: &'static str,
    /// The id of what was written.
    pub subject_id: Option<String>,
    /// What changed, without secrets.
    pub details: Value,
    /// From where.
    pub ip: Option<String>,
}

impl Entry {
    /// A write to a person's own account, which belongs to no workspace.
    pub fn of_person(user: UserId, action_kind: &'static str, subject_id: impl ToString, ip: Option<String>) -> Self {
        Self {
            workspace_id: None,
            actor: Actor::User(user.to_string()),
            action_kind,
            subject_id: Some(subject_id.to_string()),
            details: Value::Object(serde_json::Map::new()),
            ip,
        }
    }

    /// A write by a caller of the API in its workspace.
    pub fn by(caller: &Caller, action_kind: &'static str, subject_id: impl ToString, details: Value) -> Self {
        Self {
            workspace_id: Some(caller.workspace.id),
            actor: caller.into(),
            action_kind,
            subject_id: Some(subject_id.to_string()),
            details,
            ip: caller.ip.clone(),
        }
    }
}

/// Adds the row to the transaction of the write.
pub async fn record(app: &AppState, conn: &mut AnyConnection, entry: &Entry) -> Result<(), sqlx::Error> {
    store::insert_entry(conn, &app.new_uuid().to_string(), entry, app.now_us()).await
}
