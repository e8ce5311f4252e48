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
    /// Headers and bodies, where the request was asked for by `request_id` and they were kept; else null.
    #[serde(default)]
    pub exchange: Option<LoggedExchange>,
}

/// What was sent and what came back. Credentials and the values of secrets are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoggedExchange {
    /// Headers of the request, a line each.
    pub request_headers: String,
    /// The first 4,096 bytes of the request's body; null where there was none, or one of more than 64 KiB.
    pub request_body: Option<String>,
    /// Whether the request's body is here as it was sent: nothing cut off or left out.
    pub request_is_whole: bool,
    /// Headers of the answer, a line each.
    pub answer_headers: String,
    /// The first 4,096 bytes of the answer's body; null where there was none, and of reads that succeeded: asking again tells
    /// it.
    pub answer_body: Option<String>,
}
