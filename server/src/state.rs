//! What every request handler and task shares. Cheap to clone: one counter around all of it, because layers, extractors
//! and handlers clone it a dozen times per request.
//!
//! It knows no room. What a room shares between its requests and tasks is a [`Part`], put in at the start.

mod changes;
pub mod notices;
mod parts;

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config::Config;
use crate::db::Db;
use crate::entropy::Entropy;
use crate::secrets::Secrets;

pub use self::changes::Changes;
pub use self::parts::{Part, Parts};

/// The shared parts, shared.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

/// The server's shared parts.
#[derive(Clone)]
pub struct Shared {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness and ids.
    pub entropy: Arc<Entropy>,
    /// The settings.
    pub config: Arc<Config>,
    /// Keyed hashes and sealing.
    pub secrets: Arc<Secrets>,
    /// The origin that browsers see, without a slash at the end: `http.public_url`, or made from the bound address.
    pub public_url: Arc<str>,
    /// Cancelled when everything ends: sockets close, tasks return.
    pub stopping: CancellationToken,
    /// Cancelled when the server is told to stop, which is earlier: no new calls, running ones may finish. A child of
    /// `stopping`, so that whoever stops has drained too.
    pub draining: CancellationToken,
    /// Rung after a job was enqueued, so that it need not wait for the next look.
    pub job_bell: Arc<Notify>,
    /// Rung after a mail was posted, as `job_bell` for mails, which have a runner of their own.
    pub mail_bell: Arc<Notify>,
    /// Rung after something is to be asked of a payment provider, which has a runner of its own too.
    pub payment_bell: Arc<Notify>,
    /// Rung after a customer's server is to be told something, which has a runner of its own too.
    pub callback_bell: Arc<Notify>,
    /// Counts what is written about tenants.
    pub tenant_changes: Arc<Changes>,
    /// This node, as calls and job leases name it; stays the same across restarts.
    pub node_id: Arc<str>,
    /// Background tasks that the end of the server waits for.
    pub tasks: TaskTracker,
    /// What the rooms share.
    pub parts: Parts,
}

impl From<Shared> for AppState {
    fn from(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl AppState {
    /// The same parts, some of them others; who has the former state keeps it.
    #[must_use]
    pub fn changed(&self, change: impl FnOnce(&mut Shared)) -> Self {
        let mut shared = Shared::clone(&self.0);
        change(&mut shared);
        shared.into()
    }

    /// The time as rows store it, in microseconds.
    pub fn now_us(&self) -> i64 {
        self.clock.now_us()
    }

    /// A new time-ordered id.
    pub fn new_uuid(&self) -> uuid::Uuid {
        self.entropy.uuid(self.clock.as_ref())
    }

    /// Whether cookies are sent over https only.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}
