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

/// Events that may wait for the database, some 30 MB: while it is away no new calls come, and those that run enter and leave
/// conferences a few times each.
const EVENTS: usize = 65_536;
/// Of one transaction.
const TOGETHER: usize = 256;

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

    /// Records what `tap` hears, as a recording of this call; what becomes of it is told to `inbox`, and its end to
    /// `status_callback`. None: the server is stopping.
    fn record(
        &self,
        of: (WorkspaceId, CallId),
        tap: Tap,
        status_callback: Option<String>,
        inbox: mpsc::Sender<Arrival>,
    ) -> Option<Orders>;

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

    fn record(
        &self,
        of: (WorkspaceId, CallId),
        tap: Tap,
        status_callback: Option<String>,
        inbox: mpsc::Sender<Arrival>,
    ) -> Option<Orders> {
        // Recorders write to the disk when the server is stopping, not after.
        if self.app.stopping.is_cancelled() {
            return None;
        }
        let (source, channels) = (RecordingSource::Conference, RecordedChannels::Mixed);
        let terms = RecordingTerms { source, channels, trims_silence: false, status_callback };
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
        if let Err(error) = self.events.try_send(event) {
            lost(&error.into_inner(), "the database has been away for too long");
        }
    }
}

/// After the database failed.
const FAILURE_WAIT: Duration = Duration::from_secs(1);

/// So that an operator can tell the customer which; without the party's number, which is no log's.
fn lost(event: &NewEvent, why: &str) {
    let conference = event.data["conference_id"].as_str().unwrap_or_default();
    let (id, workspace, kind) = (event.id, event.workspace_id, event.kind.as_str());
    tracing::error!(%id, %workspace, kind, conference, why, "an event of a conference is lost");
}

/// Writes events in their order, those together that have come meanwhile. While the database is away they wait here, and behind
/// them as many as the queue holds.
async fn write_all(app: AppState, mut events: mpsc::Receiver<NewEvent>) {
    let mut together = Vec::new();
    while events.recv_many(&mut together, TOGETHER).await > 0 {
        while let Err(error) = write(&app, &together).await {
            if app.stopping.is_cancelled() {
                tracing::error!(%error, "the server stops while the database is away");
                together.iter().for_each(|event| lost(event, "the server stops"));
                break;
            }
            tracing::warn!(events = together.len(), %error, "events of conferences wait: the database failed");
            tokio::select! {
                () = tokio::time::sleep(FAILURE_WAIT) => {}
                () = app.stopping.cancelled() => {}
            }
        }
        together.clear();
        webhooks::ring(&app);
    }
}

/// Whether a commit that failed was none is not known: those that stand there already are left as they are.
async fn write(app: &AppState, events: &[NewEvent]) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    webhooks::emit_together(&mut tx, app.db.dialect(), events).await?;
    tx.commit().await
}
