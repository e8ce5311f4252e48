//! That something was written, for those who remember what stood there before.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Counts changes of what tenants have: workspaces, members, keys, sessions, numbers. Whoever keeps facts about them notes the count
/// before it reads, and believes the facts while the count is the same: so it need not know who writes, nor they it.
#[derive(Debug, Default)]
pub struct Changes {
    count: AtomicU64,
    /// Rung for the task that tells other nodes.
    bell: Notify,
}

impl Changes {
    /// To be called after the commit of the change.
    pub fn note(&self) {
        self.heard();
        self.bell.notify_one();
    }

    /// Another node has changed something, or may have.
    pub(super) fn heard(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
    }

    /// Until this node has changed something that was not told yet.
    pub(super) async fn noted(&self) {
        self.bell.notified().await;
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }
}
