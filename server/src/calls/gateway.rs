//! The seam to the gateway: what it is told to do, and who listens for calls' events.
//!
//! Rooms never call the gateway; they hold this handle. A node without a gateway has none, and calls need one.

use std::sync::{Arc, OnceLock};

use sautikit_api::ids::{CallId, LegRecordId, WorkspaceId};
use tokio::sync::broadcast;

use super::rating::Rate;

/// Changed calls that a slow stream may lag behind; it reads the database anyway, so a loss only delays it.
const FEED_CAPACITY: usize = 1_024;

/// A telephone destination with the rate of the moment the call started.
#[derive(Debug, Clone)]
pub struct RatedTarget {
    /// The leg's id, already in the call's record.
    pub leg_id: LegRecordId,
    /// Where to.
    pub e164: String,
    /// What its answered time costs.
    pub rate: Rate,
}

/// An outbound call that has passed admission and stands in the database as `ringing`.
#[derive(Debug, Clone)]
pub struct OriginateOrder {
    /// The call.
    pub call_id: CallId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// The workspace's number, shown to the callee.
    pub from_e164: String,
    /// All ring at once; the first to answer wins.
    pub targets: Vec<RatedTarget>,
    /// Who is asked for actions on answer.
    pub voice_callback_url: Option<String>,
    /// Actions to run on answer instead.
    pub actions: Option<serde_json::Value>,
    /// How long to ring.
    pub ring_timeout_seconds: i64,
    /// The longest answered time.
    pub max_duration_seconds: i64,
}

/// What the rest of the server asks of the gateway. Both return at once; results come back as call operations.
pub trait CallsGateway: Send + Sync + 'static {
    /// Places an admitted call.
    fn originate(&self, order: OriginateOrder);

    /// Ends a live call, if this node runs it.
    fn hangup(&self, call_id: CallId);
}

/// The handle in the server's state.
pub struct Hub {
    gateway: OnceLock<Arc<dyn CallsGateway>>,
    feed: broadcast::Sender<CallId>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { gateway: OnceLock::new(), feed: broadcast::channel(FEED_CAPACITY).0 }
    }
}

impl Hub {
    /// Connects the gateway, once at start. A second one is ignored.
    pub fn connect(&self, gateway: Arc<dyn CallsGateway>) {
        let _ = self.gateway.set(gateway);
    }

    /// The gateway, where this node has one.
    pub fn gateway(&self) -> Option<&Arc<dyn CallsGateway>> {
        self.gateway.get()
    }

    /// Ids of calls whose record or timeline changed on this node.
    pub fn subscribe(&self) -> broadcast::Receiver<CallId> {
        self.feed.subscribe()
    }

    /// Tells streams that a call changed; after the commit.
    pub(super) fn changed(&self, call_id: CallId) {
        let _ = self.feed.send(call_id); // no listener is fine
    }
}
