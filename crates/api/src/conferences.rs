//! Bodies of `/v1/conferences`.

use serde::{Deserialize, Serialize};

use crate::double_option;
use crate::ids::{CallId, ConferenceId, RecordingId};

/// A conference that is live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveConference {
    /// Its id; the next conference of the name has another one.
    pub id: ConferenceId,
    /// Its name in the workspace.
    pub name: String,
    /// Whether it has begun: until then its members wait with music.
    pub begun: bool,
    /// RFC 3339: when its first member entered.
    pub opened_at: String,
    /// Its recording, while it is recorded.
    pub recording_id: Option<RecordingId>,
    /// Who is in it, in the order in which they entered.
    pub members: Vec<ConferenceMember>,
}

/// A call's party in a conference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConferenceMember {
    /// Its call.
    pub call_id: CallId,
    /// The number or identity of who is in.
    pub party: String,
    /// By what the action that brought it in names it (`participantLabel`).
    pub label: Option<String>,
    /// Whether it hears and is not heard.
    pub muted: bool,
    /// Whether it hears music instead of the others, and is not heard.
    pub held: bool,
    /// The call that it coaches, by whose party alone it is heard.
    pub coach: Option<CallId>,
    /// Whether the conference is over for all when it leaves.
    pub end_on_exit: bool,
    /// RFC 3339.
    pub entered_at: String,
}

/// `PATCH /v1/conferences/{id}/members/{call_id}`: what is absent stays as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateConferenceMember {
    /// Whether it hears and is not heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub muted: Option<bool>,
    /// Whether it hears music instead of the others, and is not heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<bool>,
    /// The call that it coaches; null ends that.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "double_option")]
    pub coach: Option<Option<CallId>>,
}

/// `POST /v1/conferences/{id}/announce`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Announce {
    /// What is heard: one to ten of `say` and `play`, whose URLs are absolute.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::VoiceActions))]
    pub actions: serde_json::Value,
    /// The call whose party alone hears it; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<CallId>,
}

/// Answer of an announcement (202).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Announced {
    /// The conference.
    pub conference_id: ConferenceId,
    /// How long it takes, in milliseconds.
    pub duration_ms: u64,
}
