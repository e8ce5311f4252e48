//! The audit log: a row per write, in the write's own transaction. Append-only by trigger.
//!
//! Details hold what changed (`before`, `after`), never secrets. Writes to a person's own account stand in no workspace's
//! log. Absent so far: a log of those for the person.

mod export;
pub mod http;
mod store;

use sautikit_api::ids::{AuditEntryId, UserId, WorkspaceId};
use serde_json::Value;
use sqlx::AnyConnection;

use crate::db::rows::Filled;
use crate::state::AppState;
use crate::web::caller::{Caller, Credential};

pub use sautikit_api::audit::KINDS;
pub(crate) use store::{INSERT_LINES, STATEMENTS, mark};

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    User(String),
    /// A back-end client.
    ApiKey(String),
    /// An operator of the installation; without an id it is the command line.
    Operator(Option<String>),
    /// The server itself.
    System,
}

impl Actor {
    /// What [`Actor::kind`] can say.
    pub(crate) const KINDS: [&str; 4] = [Self::USER, Self::API_KEY, Self::OPERATOR, Self::SYSTEM];
    const USER: &str = "user";
    const API_KEY: &str = "api_key";
    const OPERATOR: &str = "operator";
    const SYSTEM: &str = "system";

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => Self::USER,
            Self::ApiKey(_) => Self::API_KEY,
            Self::Operator(_) => Self::OPERATOR,
            Self::System => Self::SYSTEM,
        }
    }

    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::User(id) | Self::ApiKey(id) => Some(id),
            Self::Operator(id) => id.as_deref(),
            Self::System => None,
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

/// A row as it is read.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its id.
    pub id: AuditEntryId,
    /// Microseconds UTC.
    pub created_at_us: i64,
    /// What, as `room.verb`.
    pub action_kind: String,
    /// `user`, `api_key`, `operator` or `system`.
    pub actor_kind: String,
    /// Of the person or key.
    pub actor_id: Option<String>,
    /// The person's address, or the key's name.
    pub actor_label: Option<String>,
    /// The id of what was written.
    pub subject_id: Option<String>,
    /// What changed.
    pub details: Value,
    /// From where.
    pub ip: Option<String>,
}

/// Which rows are asked for; empty text matches all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// One of [`KINDS`].
    pub action_kind: String,
    /// The actor's id, or a person's address.
    pub actor: String,
    /// Microseconds UTC, inclusive.
    pub from_us: i64,
    /// Microseconds UTC, exclusive.
    pub to_us: i64,
}

/// Adds the row to the transaction of the write.
pub async fn record(app: &AppState, conn: &mut AnyConnection, entry: &Entry) -> Result<(), sqlx::Error> {
    debug_assert!(KINDS.contains(&entry.action_kind), "{} is not in KINDS", entry.action_kind);
    store::insert_entry(conn, &app.new_uuid().to_string(), entry, app.now_us()).await
}

/// A write that is recorded with others: its entry with the id and moment that it will have.
#[derive(Debug)]
pub struct Line {
    pub(crate) id: AuditEntryId,
    pub(crate) entry: Entry,
    pub(crate) created_at_us: i64,
}

impl Line {
    /// Of an entry that is made now.
    pub fn new(app: &AppState, entry: Entry) -> Self {
        debug_assert!(KINDS.contains(&entry.action_kind), "{} is not in KINDS", entry.action_kind);
        Self { id: AuditEntryId(app.new_uuid()), entry, created_at_us: app.now_us() }
    }
}

/// Lines to be written in a batch of their writes' transaction.
pub(crate) fn record_all<'a>(lines: impl Iterator<Item = &'a Line>) -> Filled {
    store::insert_lines(lines)
}

/// A page of the workspace's log, the newest first, those before `(created_at_us, id)`, which has
/// the filter's end in it.
pub async fn list(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    filter: &Filter,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Recorded>, sqlx::Error> {
    store::list_entries(conn, workspace, filter, before, limit).await
}
