//! Recordings as a running call leaves them.

use std::time::Duration;

use media::g711::Law;
use media::{Codec, Side};
use sautikit::recordings::log_file::{BlockWriter, StoredLayout, begin};
use sautikit::recordings::{self, Attempts, Header};
use sautikit::state::AppState;
use sautikit_api::ids::{CallId, RecordingId, WorkspaceId};

use crate::calls::support::Scene;

/// How long [`Scene::recorded`] records.
pub(crate) const LENGTH: Duration = Duration::from_millis(1_000);

/// A recording that runs.
pub(crate) struct Running {
    pub(crate) header: Header,
    key: [u8; 32],
}

/// What a channel says: a tone of that many hertz.
pub(crate) fn tone(hz: f64, samples: usize) -> Vec<i16> {
    let phase = |n: usize| std::f64::consts::TAU * hz * n as f64 / 8_000.0;
    (0..samples).map(|n| Law::Mu.decode(Law::Mu.encode((9_000.0 * phase(n).sin()) as i16))).collect()
}

impl Running {
    /// Begins one, with its row.
    pub(crate) async fn of(app: &AppState, workspace_id: WorkspaceId, call_id: CallId) -> Self {
        let running = Self::unlisted(app, workspace_id, call_id);
        recordings::begin(app, &running.header).await.expect("a row");
        running
    }

    /// Begins one that the database does not know of.
    pub(crate) fn unlisted(app: &AppState, workspace_id: WorkspaceId, call_id: CallId) -> Self {
        let id = RecordingId(app.new_uuid());
        let (key, sealed_key) = recordings::new_key(app, workspace_id, id);
        let header = Header {
            id,
            workspace_id,
            call_id,
            source: "dial".to_owned(),
            layout: StoredLayout::Dual,
            trims_silence: false,
            started_at: app.now_us(),
            sealed_key,
            status_callback: None,
        };
        Self { header, key }
    }

    /// Its file: 440 Hz on the left, 1,000 Hz on the right.
    pub(crate) fn file(&self) -> Vec<u8> {
        let (mut file, mut blocks) = (begin(&self.header), BlockWriter::new(&self.key));
        let sides = [(Side::Said, tone(440.0, 8_000)), (Side::Heard, tone(1_000.0, 8_000))];
        for index in 0..50_u32 {
            let at = Duration::from_millis(20) * index;
            for (side, samples) in &sides {
                let frame = &samples[index as usize * 160..(index as usize + 1) * 160];
                let payload: Vec<u8> = frame.iter().map(|sample| Law::Mu.encode(*sample)).collect();
                blocks.push(*side, at, Codec::Pcmu, &payload);
            }
            if index % 5 == 4 {
                file.extend(blocks.seal(at + Duration::from_millis(20)));
            }
        }
        file
    }

    /// Its file is on the disk, and nobody writes to it any more.
    pub(crate) fn leave(&self, app: &AppState, file: &[u8]) {
        let path = recordings::log_path(app, self.header.id);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, file).expect("a file");
    }
}

impl Scene {
    pub(crate) async fn workspace(&self) -> WorkspaceId {
        self.asha.workspace_id().await.parse().expect("an id")
    }

    /// A recording of the call that runs.
    pub(crate) async fn recording(&self, call: CallId) -> Running {
        Running::of(&self.server.app, self.workspace().await, call).await
    }

    /// A recording of the call that is ready.
    pub(crate) async fn recorded(&self, call: CallId) -> RecordingId {
        let running = self.recording(call).await;
        running.leave(&self.server.app, &running.file());
        self.keep().await;
        running.header.id
    }

    /// Brings what waits to its end.
    pub(crate) async fn keep(&self) {
        recordings::look(&self.server.app, &mut Attempts::default()).await;
    }
}
