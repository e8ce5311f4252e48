//! Bodies of `/v1/audit`.

use serde::{Deserialize, Serialize};

use crate::ids::AuditEntryId;

/// One write.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditEntryId,
    /// RFC 3339.
    pub created_at: String,
    /// What was done, as `room.verb`: `api_key.created`.
    pub action_kind: String,
    /// Who did it.
    pub actor: AuditActor,
    /// The id of what was written.
    pub subject_id: Option<String>,
    /// What changed (`before`, `after`), without secrets.
    pub details: serde_json::Value,
    /// The address that asked, if it is known.
    pub ip: Option<String>,
}

/// Who acted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditActor {
    /// `user`, `api_key`, `operator` or `system`.
    pub kind: String,
    /// Of the person or key.
    pub id: Option<String>,
    /// The person's address, or the key's name.
    pub label: Option<String>,
}
