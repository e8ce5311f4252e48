//! Bodies of `/v1/requests`.

use serde::{Deserialize, Serialize};

use crate::audit::AuditActor;
use crate::ids::LoggedRequestId;

/// One request to the API that was made for the workspace.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoggedRequest {
    /// Its id in the log.
    pub id: LoggedRequestId,
    /// When it came, RFC 3339.
    pub created_at: String,
    /// The id in the answer's `X-Request-Id`.
    pub request_id: String,
    /// `GET`, `POST`, ….
    pub method: String,
    /// The path as the reference names it: `/v1/calls/{id}`.
    pub route: String,
    /// What was asked for, with its query; values of secret parameters are left out.
    pub path: String,
    /// The answer's HTTP status.
    pub status: u16,
    /// The answer's code of the error catalogue.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::ErrorCode>))]
    pub error_code: Option<String>,
    /// Who asked: an API key, or a person with a session.
    pub actor: AuditActor,
    /// The address that asked, if it is known.
    pub ip: Option<String>,
    /// Until the answer began, in microseconds.
    pub duration_us: i64,
}
