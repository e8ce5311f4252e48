//! Bodies of `/v1/actions/validate` and `/v1/actions/check`.

use serde::{Deserialize, Serialize};

use crate::numbers::ReadingWarning;

/// `POST /v1/actions/validate`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ValidateActions {
    /// What a server would answer a voice callback with, at most 65,536 characters.
    #[cfg_attr(feature = "openapi", schema(max_length = 65_536))]
    pub document: String,
    /// The content type that it would have; its first character says which notation it is in when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 255))]
    pub content_type: Option<String>,
    /// For whom the handler was written: decides what XML means where dialects differ. `sautikit` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::Compat>))]
    pub compat: Option<String>,
}

/// What a document was read as.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ValidatedActions {
    /// What would run; null where the document is refused.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<serde_json::Value>>))]
    pub actions: Option<Vec<serde_json::Value>>,
    /// What was skipped of an XML document.
    pub warnings: Vec<ReadingWarning>,
    /// Why it is refused; null where it is not.
    pub error: Option<InvalidActions>,
}

/// The first thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvalidActions {
    /// What was expected.
    pub message: String,
    /// Where, as a JSON path such as `actions[0].dial.to`; null when it is not about a place in JSON.
    pub path: Option<String>,
    /// Line, from 1; null where it is about the document as a whole.
    pub line: Option<u32>,
    /// Character of the line, from 1.
    pub column: Option<u32>,
}

/// `POST /v1/actions/check`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckHandler {
    /// The handler: https, a public address; in development also http on loopback.
    pub url: String,
    /// Whose words it is asked in; as the number that is called has it, else `sautikit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::Compat>))]
    pub compat: Option<String>,
    /// What the requests are signed with, 1 to 256 bytes: Twilio's auth token, for instance; the called number's own secret when
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Who would call, in any form that telephone numbers are written in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The number that would be called; one of the workspace's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What checking a handler came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckedHandler {
    /// Findings that a call would fail by.
    pub fails: i64,
    /// Findings that are skipped.
    pub skipped: i64,
    /// The calls that were played.
    pub calls: Vec<CheckedCall>,
}

/// A call that was played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckedCall {
    /// What its people do.
    pub name: String,
    /// What the handler was asked, in order.
    pub requests: Vec<CheckedRequest>,
    /// How it ended.
    pub end: String,
}

/// One request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckedRequest {
    /// Where to.
    pub url: String,
    /// The parameters that tell it from others, such as `CallStatus=ringing`.
    pub told: String,
    /// The status and how long it took, or that nothing came.
    pub came: String,
    /// The verbs that the answer was read as.
    pub verbs: Vec<String>,
    /// What of it would not do.
    pub findings: Vec<CheckFinding>,
}

/// Something that would not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckFinding {
    /// What comes of it.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::CheckSeverity))]
    pub severity: String,
    /// What was expected, or what is skipped.
    pub message: String,
    /// Line of the answer, from 1; null where it is not about a place in it.
    pub line: Option<u32>,
    /// Character of the line, from 1.
    pub column: Option<u32>,
}
