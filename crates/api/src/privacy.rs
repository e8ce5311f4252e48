//! Bodies of `/v1/privacy`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{ErasureId, RecordingId, WorkspaceId};

/// `POST /v1/privacy/erasures`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EraseNumber {
    /// The person's telephone number, in any form that telephone numbers are written in.
    pub number: String,
}

/// What an erasure did, signed. Anybody checks it with `public_key` (Ed25519, RFC 8032): signed is `statement` as compact JSON, its
/// members in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErasureReceipt {
    /// What went.
    pub statement: ErasureStatement,
    /// `Ed25519`.
    pub algorithm: String,
    /// The server's, base64.
    pub public_key: String,
    /// Of the statement, base64.
    pub signature: String,
}

/// What an erasure did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErasureStatement {
    /// Its id.
    pub id: ErasureId,
    /// Whose data it was.
    pub workspace_id: WorkspaceId,
    /// A hash of the number, keyed by the server: it proves whose receipt it is, and tells nobody the number.
    pub number_hash: String,
    /// When it was done, RFC 3339.
    pub erased_at: String,
    /// The server that did it.
    pub server: String,
    /// In how many rows of what the number stood, by name.
    pub changed: BTreeMap<String, u64>,
    /// The recordings of the person's calls, which were deleted with their keys.
    pub recordings: Vec<RecordingId>,
}
