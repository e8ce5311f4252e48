//! What a status callback of a recording tells: that it can be heard, or never will.
//!
//! A job for each, begun in the transaction that has the recording at its end, so that no crash loses it; a server that does not
//! answer is asked again for two days.

use sautikit_api::ErrorCode;
use sautikit_api::ids::{RecordingId, WorkspaceId};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::{Recording, RecordingStatus, links, store};
use crate::calls::{self, Untold};
use crate::jobs::{self, Failure, Job, Lane};
use crate::state::AppState;
use crate::webhooks;

/// Tells a customer's server what became of a recording.
#[derive(Debug, Serialize, Deserialize)]
pub struct TellRecording {
    workspace_id: WorkspaceId,
    recording_id: RecordingId,
}

impl Job for TellRecording {
    const KIND: &'static str = "tell_recording";
    const LANE: Lane = Lane::Callbacks;

    fn subject(&self) -> String {
        self.recording_id.to_string()
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        let found = store::find_of(&mut *app.db.acquire().await?, self.workspace_id, self.recording_id).await?;
        // It was deleted meanwhile.
        let Some(recording) = found else { return Ok(()) };
        let Some(url) = &recording.status_callback else { return Ok(()) };
        let of = (recording.workspace_id, recording.call_id);
        match calls::tell_customer(app, of, url, told(app, &recording)).await {
            Err(Untold::Refused(error)) => {
                tracing::info!(recording = %recording.id, %error, "a recording's status callback was refused");
                Ok(())
            }
            told => Ok(told?),
        }
    }
}

/// Has it told, where somebody wants to know.
pub(super) async fn enqueue(app: &AppState, tx: &mut AnyConnection, recording: &Recording) -> Result<(), sqlx::Error> {
    if recording.status_callback.is_none() {
        return Ok(());
    }
    let job = TellRecording { workspace_id: recording.workspace_id, recording_id: recording.id };
    jobs::enqueue(tx, app, &job, app.now_us()).await
}

/// After the commit: whoever delivers need not wait for the next look.
pub(super) fn ring(app: &AppState) {
    webhooks::ring(app);
    jobs::ring(app, Lane::Callbacks);
}

fn told(app: &AppState, recording: &Recording) -> Vec<(&'static str, String)> {
    let has_failed = recording.status == RecordingStatus::Failed;
    let mut told = vec![
        ("RecordingStatus", if has_failed { "failed" } else { "completed" }.to_owned()),
        ("RecordingUrl", links::audio_url(app, recording.id)),
        ("RecordingId", recording.id.to_string()),
        ("RecordingChannels", recording.channels.to_string()),
        ("RecordingSource", recording.source.clone()),
        ("RecordingStartTime", crate::clock::rfc3339(recording.started_at)),
    ];
    if let Some(ms) = recording.duration_ms {
        // Seconds, begun ones too, as callbacks of the call count them.
        told.push(("RecordingDuration", ms.saturating_add(999).div_euclid(1_000).to_string()));
    }
    if has_failed {
        told.push(("ErrorCode", ErrorCode::CallsRecordingFailed.as_str().to_owned()));
    }
    told
}
