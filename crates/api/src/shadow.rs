//! Bodies of `/v1/shadow-requests`.

use serde::{Deserialize, Serialize};

use crate::ids::{CallId, NumberId, ShadowRequestId};
use crate::numbers::{ReadingWarning, TestedError};

/// A copy of a voice callback request that went to a number's `shadow_url`, and how what came differs from the live answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShadowRequest {
    /// Its id.
    pub id: ShadowRequestId,
    /// When both had answered, RFC 3339.
    pub created_at: String,
    /// The number whose handler is tried.
    pub number_id: NumberId,
    /// The call, which the live answer steered.
    pub call_id: CallId,
    /// What the request was for.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::ShadowPurpose))]
    pub purpose: String,
    /// What comparing came to.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::ShadowOutcome))]
    pub outcome: String,
    /// What the live handler did.
    pub live: ShadowAnswer,
    /// What the shadow did.
    pub shadow: ShadowAnswer,
    /// Where the documents differ: the first 50 places.
    pub differences: Vec<ShadowDifference>,
    /// How many places there are.
    pub difference_count: i64,
    /// The beginning of what the shadow answered, at most 4 KiB; null where nothing differs or nothing came.
    pub answer: Option<String>,
}

/// How one of the two answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShadowAnswer {
    /// Who was asked; values of secret parameters are left out.
    pub url: String,
    /// The HTTP status; null when nothing came.
    pub status: Option<u16>,
    /// How long it took, retry included.
    pub duration_ms: u64,
    /// The verbs of its actions, in order.
    pub verbs: Vec<String>,
    /// What of an XML document was skipped: the first 20 places.
    pub warnings: Vec<ReadingWarning>,
    /// What a call fails by; null where it goes on.
    pub error: Option<TestedError>,
}

/// A place at which two documents differ. The texts are JSON, at most 200 characters of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShadowDifference {
    /// A JSON path such as `actions[0].getDigits.numDigits`: in the live document, or in the shadow's where the live one has no
    /// such action.
    pub path: String,
    /// What stands there in the live document; null where nothing does.
    pub live: Option<String>,
    /// What stands there in the shadow's; null where nothing does.
    pub shadow: Option<String>,
}
