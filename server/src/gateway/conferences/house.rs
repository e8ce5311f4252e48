//! What a conference needs of the server around it: ids and time, recordings, and somebody who tells the customer.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sautikit_api::ids::{CallId, EventId, WorkspaceId};
use serde_json::Value;
use tokio::sync::mpsc;
use uuid::Uuid;
use voice::{RecordedChannels, RecordingSource, RecordingTerms, TakeId};

use crate::calls::Hub;
use crate::gateway::call_task::Arrival;
use crate::gateway::media::Tap;
use crate::gateway::recorder::{self, Ears};
use crate::state::AppState;
use crate::webhooks::{EventKind, NewEvent, Subject};

pub use crate::gateway::recorder::Orders;

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

    /// Runs a conference until it is over.
    fn run(&self, conference: BoxFuture<'static, ()>) {
        tokio::spawn(conference);
    }
}

/// The server's.
pub struct ServerHouse {
    app: AppState,
}

impl ServerHouse {
    /// Of this server.
    pub fn new(app: &AppState) -> Arc<Self> {
        Arc::new(Self { app: app.clone() })
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
        // With the records of its calls: to the database, or to the disk while that is away.
        if let Some(event) = Hub::of(&self.app).writer().tell(event) {
            lost(&event);
        }
    }

    fn run(&self, conference: BoxFuture<'static, ()>) {
        // A stop of the server waits for what it tells last.
        self.app.tasks.spawn(conference);
    }
}

/// So that an operator can tell the customer which; without the party's number, which is no log's.
fn lost(event: &NewEvent) {
    let conference = event.data["conference_id"].as_str().unwrap_or_default();
    let (id, workspace, kind) = (event.id, event.workspace_id, event.kind.as_str());
    tracing::error!(%id, %workspace, kind, conference, "an event of a conference is lost: nothing takes it for too long");
}
