//! That something was written, for those who remember what stood there before.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts changes of what tenants have: workspaces, members, keys, numbers. Whoever keeps facts about them notes the count
/// before it reads, and believes the facts while the count is the same: so it need not know who writes, nor they it.
#[derive(Debug, Default)]
pub struct Changes(AtomicU64);

impl Changes {
    /// To be called after the commit of the change.
    pub fn note(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
