//! Bodies of `/v1/actions/validate`.

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
