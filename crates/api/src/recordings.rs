//! Bodies of `/v1/recordings` and of a call's recording.

use serde::{Deserialize, Serialize};

use crate::ids::{CallId, RecordingId};

/// Where a recording stands. It only moves forward; `failed` and `expired` are ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecordingStatus {
    /// It is being recorded.
    Recording,
    /// It waits to go on.
    Paused,
    /// It is over, and is made into a file and stored.
    Processing,
    /// It can be heard.
    Ready,
    /// It could not be recorded or stored.
    Failed,
    /// It was kept as long as the storage tier says.
    Expired,
}

impl RecordingStatus {
    /// Every status.
    pub const ALL: &'static [Self] =
        &[Self::Recording, Self::Paused, Self::Processing, Self::Ready, Self::Failed, Self::Expired];

    /// Its name in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recording => "recording",
            Self::Paused => "paused",
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == name)
    }

    /// Whether it is still being recorded.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Recording | Self::Paused)
    }
}

/// Whether a call is recorded: `true` in one channel, `"dual"` with the party of the call on the left and whom it hears on the
/// right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged, expecting = "neither true, false nor \"dual\"")]
pub enum RecordCall {
    /// In one channel, or not at all.
    Whether(bool),
    /// In two channels.
    Channels(DualChannels),
}

/// The word for two channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DualChannels {
    /// One side each.
    #[serde(rename = "dual")]
    Dual,
}

/// A recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recording {
    /// Its id.
    pub id: RecordingId,
    /// The call that it is of.
    pub call_id: CallId,
    /// What asked for it: `call` (POST /v1/calls), `dial` or `record`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::RecordingSource))]
    pub source: String,
    /// Where it stands.
    pub status: RecordingStatus,
    /// 1, or 2 with the party of the call on the left and whom it hears on the right.
    pub channels: i64,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339; null while it runs.
    pub ended_at: Option<String>,
    /// Its length in milliseconds; null until it is ready.
    pub duration_ms: Option<i64>,
    /// Length of the WAV file; null until it is ready.
    pub size_bytes: Option<i64>,
    /// SHA-256 of the WAV file in hexadecimal; null until it is ready.
    pub sha256: Option<String>,
    /// The loudest sample of each of up to 200 equal parts, 0 to 100; empty until it is ready.
    pub waveform: Vec<u8>,
    /// RFC 3339: until then it is kept; null until it is ready, and in a bucket of the workspace's own.
    pub expires_at: Option<String>,
    /// Why it failed, a sentence.
    pub failure: Option<String>,
}

/// The way to a recording's audio (200).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordingReady {
    /// `ready`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^ready$"))]
    pub status: String,
    /// Whoever has it hears the recording, a WAV file, until it expires.
    pub url: String,
    /// RFC 3339: 15 minutes from now.
    pub expires_at: String,
}

/// There is a recording, but nothing to hear yet (202).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordingPending {
    /// `pending`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^pending$"))]
    pub status: String,
    /// When to ask again, in seconds.
    pub retry_after_seconds: i64,
}

/// `POST /v1/calls/{id}/recording/pause`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PauseRecording {
    /// What becomes of the time of the pause; `silence` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<PauseMode>,
}

/// What becomes of the time of a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PauseMode {
    /// It is silent in the recording, which stays as long as the call was.
    #[default]
    Silence,
    /// It is cut out.
    Cut,
}
