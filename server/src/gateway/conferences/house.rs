//! What a conference needs of the server around it: ids and time, recordings, and somebody who tells the customer.

use std::sync::Arc;
use std::time::Duration;

use sautikit_api::ids::{CallId, EventId, WorkspaceId};
use serde_json::Value;
use tokio::sync::mpsc;
use uuid::Uuid;
use voice::{RecordedChannels, RecordingSource, RecordingTerms, TakeId};

use crate::gateway::call_task::Arrival;
use crate::gateway::media::Tap;
use crate::gateway::recorder::{self, Ears};
use crate::state::AppState;
use crate::webhooks::{self, EventKind, NewEvent, Subject};

pub use crate::gateway::recorder::Orders;

/// Events that may wait for the database: of a hundred conferences that begin or end together.
const EVENTS: usize = 4_096;

/// Something that happened in a conference.
#[derive(Debug)]
pub struct Happened {
    /// Whose conference it is.
    pub workspace: WorkspaceId,
    /// What.
    pub kind: EventKind,
    /// The event's `data`.
    pub data: Value,
}

/// See the module.
pub trait House: Send + Sync + 'static {
    /// An id that nothing has.
    fn new_id(&self) -> Uuid;

    /// Microseconds UTC.
    fn now_us(&self) -> i64;

    /// The monotonic clock.
    fn now(&self) -> Duration;

    /// Records what `tap` hears, as a recording of this call; what becomes of it is told to `inbox`. None: the server is
    /// stopping.
    fn record(&self, of: (WorkspaceId, CallId), tap: Tap, inbox: mpsc::Sender<Arrival>) -> Option<Orders>;

    /// Tells the customer, in the order in which it is called.
    fn tell(&self, happened: Happened);
}

/// The server's.
pub struct ServerHouse {
    app: AppState,
    events: mpsc::Sender<NewEvent>,
}

impl ServerHouse {
    /// Starts what writes the events.
    pub fn start(app: &AppState) -> Arc<Self> {
        let (events, waiting) = mpsc::channel(EVENTS);
        // Not tracked: it ends with the last conference's house, which a stop of the server does not wait for.
        tokio::spawn(write_all(app.clone(), waiting));
        Arc::new(Self { app: app.clone(), events })
    }
}

impl House for ServerHouse {
    fn new_id(&self) -> Uuid {
        self.app.new_uuid()
    }

    fn now_us(&self) -> i64 {
        self.app.now_us()
    }

    fn now(&self) -> Duration {
        self.app.clock.monotonic()
    }

    fn record(&self, of: (WorkspaceId, CallId), tap: Tap, inbox: mpsc::Sender<Arrival>) -> Option<Orders> {
        // Recorders write to the disk when the server is stopping, not after.
        if self.app.stopping.is_cancelled() {
            return None;
        }
        let (source, channels) = (RecordingSource::Conference, RecordedChannels::Mixed);
        let terms = RecordingTerms { source, channels, trims_silence: false };
        Some(recorder::start(&self.app, of, Ears { leg: tap, other: None }, (TakeId(0), terms), inbox))
    }

    fn tell(&self, Happened { workspace, kind, data }: Happened) {
        let event = NewEvent {
            id: EventId(self.app.new_uuid()),
            workspace_id: workspace,
            kind,
            subject: Subject::Workspace,
            data,
            created_at: self.app.now_us(),
        };
        if self.events.try_send(event).is_err() {
            tracing::warn!(kind = kind.as_str(), "an event of a conference is lost: the database does not keep up");
        }
    }
}

/// After the database failed.
const FAILURE_WAIT: Duration = Duration::from_secs(1);

/// Writes events one after the other, so that they are told in their order. While the database is away they wait here, and
/// behind it as many as the queue holds.
async fn write_all(app: AppState, mut events: mpsc::Receiver<NewEvent>) {
    while let Some(event) = events.recv().await {
        while let Err(error) = write(&app, &event).await {
            if app.stopping.is_cancelled() {
                tracing::error!(kind = event.kind.as_str(), %error, "an event of a conference is lost");
                break;
            }
            tracing::warn!(kind = event.kind.as_str(), %error, "an event of a conference waits: the database failed");
            tokio::select! {
                () = tokio::time::sleep(FAILURE_WAIT) => {}
                () = app.stopping.cancelled() => {}
            }
        }
        webhooks::ring(&app);
    }
}

/// Whether a commit that failed was none is not known: one that stands there already is left as it is.
async fn write(app: &AppState, event: &NewEvent) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    webhooks::emit_together(&mut tx, app.db.dialect(), std::slice::from_ref(event)).await?;
    tx.commit().await
}
