//! The seam to the gateway: what it is told to do, and who listens for calls' events. Also what calls share on this node:
//! the record writer and the directory.
//!
//! Rooms never call the gateway; they hold this handle. A node without a gateway has none, and calls need one.

use std::sync::{Arc, OnceLock};

use sautikit_api::actions::Document;
use sautikit_api::ids::{CallId, LegRecordId, WorkspaceId};
use sautikit_api::recordings::PauseMode;

use super::admission::Admitted;
use super::directory::Directory;
use super::fraud::Watch;
use super::limits::seats::Seats;
use super::record::{RecordWriter, Recovered};

use crate::rating::Rate;
use crate::state::{AppState, Part};
use crate::webhooks::live::Live;

/// A telephone destination with the rate of the moment the call started.
#[derive(Debug, Clone)]
pub struct PricedTarget {
    /// The leg's id, already in the call's record.
    pub leg_id: LegRecordId,
    /// Where to.
    pub e164: String,
    /// What its answered time costs.
    pub rate: Rate,
}

/// What the rest of the server asks of the gateway. All return at once; results come back as call operations.
pub trait CallsGateway: Send + Sync + 'static {
    /// Places an admitted call: `call.targets` ring at once, then `actions` run, else the voice callback is asked.
    fn originate(&self, call: Admitted, actions: Option<Document>);

    /// Ends a live call; whether this node runs it.
    fn hangup(&self, call_id: CallId) -> bool;

    /// Has these actions take over in a live call; whether this node runs it and takes them.
    fn run_actions(&self, call_id: CallId, actions: Document) -> bool;

    /// Lets a live call's recordings pause, or go on where there is no mode; whether this node runs it and takes it.
    fn pause_recording(&self, call_id: CallId, mode: Option<PauseMode>) -> bool;

    /// Has a live call look at how long it may go on ([`super::CallRecord::allowance`]).
    fn allow(&self, call_id: CallId);

    /// Ends the dialogs of calls that were closed without anybody to hang them up.
    fn end_recovered(&self, closed: Vec<Recovered>);

    /// Begins to set up a call of the workspace, if that can be done in time.
    ///
    /// # Errors
    /// How many seconds later it is worth another try.
    fn set_up(&self, workspace: WorkspaceId) -> Result<Box<dyn SettingUp>, u32>;
}

/// A call that is being set up, until this is dropped.
pub trait SettingUp: Send {
    /// Its record stands.
    fn done(self: Box<Self>);
}

/// The handle in the server's state.
pub struct Hub {
    gateway: OnceLock<Arc<dyn CallsGateway>>,
    writer: Arc<RecordWriter>,
    directory: Directory,
    seats: Seats,
    watch: Watch,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            gateway: OnceLock::new(),
            writer: Arc::default(),
            directory: Directory::default(),
            seats: Seats::default(),
            watch: Watch::default(),
        }
    }
}

impl Part for Hub {}

impl Hub {
    /// This server's.
    pub fn of(app: &AppState) -> &Self {
        app.part()
    }

    /// Connects the gateway, once at start. A second one is ignored.
    pub fn connect(&self, gateway: Arc<dyn CallsGateway>) {
        let _ = self.gateway.set(gateway);
    }

    /// The gateway, where this node has one.
    pub fn gateway(&self) -> Option<&Arc<dyn CallsGateway>> {
        self.gateway.get()
    }

    /// The writer of calls' records.
    pub fn writer(&self) -> &Arc<RecordWriter> {
        &self.writer
    }

    /// What admission knows of numbers, workspaces and prices.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// How many calls of each workspace run here.
    pub fn seats(&self) -> &Seats {
        &self.seats
    }

    /// Who watches how calls spread.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Tells streams that a call changed; after the commit.
    pub(super) fn changed(app: &AppState, call_id: CallId) {
        app.part::<Live>().call_changed(call_id);
    }
}
