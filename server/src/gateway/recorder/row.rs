//! A recording's row, written beside the recording: however slow the database is, what is said is kept meanwhile. One write at
//! a time, so that the row shows the last of what it was told.

use futures::future::BoxFuture;

use crate::recordings::{self, Header, RecordingError};
use crate::state::AppState;

/// The write that is under way.
pub(super) struct Row(Option<BoxFuture<'static, Written>>);

/// What became of a write.
pub(super) enum Written {
    /// The row itself.
    Begun(Result<(), RecordingError>),
    /// That it pauses, or goes on.
    Shown(Result<(), RecordingError>),
}

impl Row {
    /// Writes the row.
    pub(super) fn begin(app: &AppState, header: &Header) -> Self {
        let (app, header) = (app.clone(), header.clone());
        Self(Some(Box::pin(async move { Written::Begun(recordings::begin(&app, &header).await) })))
    }

    /// Writes whether it pauses; only where nothing else is being written.
    pub(super) fn show(&mut self, app: &AppState, header: &Header, is_paused: bool) {
        let (app, header) = (app.clone(), header.clone());
        let shown =
            async move { Written::Shown(recordings::pause(&app, &header, is_paused).await.map_err(Into::into)) };
        self.0 = Some(Box::pin(shown));
    }

    /// Nothing is being written.
    pub(super) fn is_free(&self) -> bool {
        self.0.is_none()
    }

    /// What became of the write that is under way; never, where none is.
    pub(super) async fn written(&mut self) -> Written {
        let Some(write) = &mut self.0 else { return std::future::pending().await };
        let written = write.await;
        self.0 = None;
        written
    }
}
