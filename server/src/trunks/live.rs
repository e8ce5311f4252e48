//! The seam to the gateway: it learns of changes here, and says here how each trunk stands on this node.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use crate::state::{AppState, Part};

/// How a trunk stands on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What its name resolved to; none while it does not.
    pub address: Option<SocketAddr>,
    /// Calls that it has now.
    pub calls: u32,
}

/// What the gateway knows of trunks.
pub trait LiveTrunks: Send + Sync + 'static {
    /// How the trunk of that name stands; none where it takes no calls.
    fn standing(&self, name: &str) -> Option<Standing>;
}

/// The handle in the server's state.
#[derive(Default)]
pub struct Trunks {
    live: OnceLock<Arc<dyn LiveTrunks>>,
    bell: Arc<Notify>,
}

impl Part for Trunks {}

impl Trunks {
    /// The handle.
    pub fn of(app: &AppState) -> &Self {
        app.part()
    }

    /// Connects this node's gateway. It listens to the bell that comes back.
    pub fn connect(&self, live: Arc<dyn LiveTrunks>) -> Arc<Notify> {
        // One gateway a server; another would be a fault of ours, and the first one stays.
        let _ = self.live.set(live);
        self.bell.clone()
    }

    /// To be called after the commit of a change.
    pub(super) fn changed(&self) {
        self.bell.notify_one();
    }

    /// How the trunk of that name stands on this node.
    pub(super) fn standing(&self, name: &str) -> Option<Standing> {
        self.live.get()?.standing(name)
    }
}
