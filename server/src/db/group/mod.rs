//! Writers of SQLite that wait for each other share one commit: the disk is waited for once per group, not per writer.
//!
//! ```text
//!            turn taken                      nobody waits for the turn
//! writer ──► begin / join ──► its changes ──► commit ──────────────► done, with all who joined before
//!                 ▲                │
//!                 │                └─ others wait ──► savepoint released, group left open, turn given on
//!                 └──────────────────────────────────┘      │
//!                                                           └─► waits for its turn again, behind those who waited:
//!                                                               if none of them has committed by then, it does
//! ```
//! Each member writes between savepoints, so one that fails or is dropped takes back its own changes only. Nobody is told
//! that their changes last before the commit is on the disk; if that fails, all members are told so. Members see what
//! earlier ones of the group wrote, as they would after a commit of their own.
//!
//! The group is always either with who has the turn or in [`Writers::open`], where at least one member waits to commit
//! it. In there it stands on a fresh savepoint, so that joining awaits nothing and can't be broken off half-way.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sqlx::{Any, AnyConnection, AnyPool, Executor, raw_sql};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::turns::{Turn, Turns};

#[cfg(test)]
mod tests;

/// Takes SQLite's write lock at once: a transaction that began by reading could not get it later without failing.
const BEGIN: &str = "begin immediate; savepoint member";
/// Keeps a member's changes within the group and opens the savepoint of the next.
const KEEP: &str = "release member; savepoint member";
/// Takes a member's changes back; the savepoint stays for the next.
const TAKE_BACK: &str = "rollback to member";

/// A transaction of several writers.
struct Group {
    outer: sqlx::Transaction<'static, Any>,
    /// Those who left their changes in it. Dropping one tells that the changes are undone.
    members: Vec<oneshot::Sender<()>>,
}

impl Group {
    async fn commit(self) -> Result<(), sqlx::Error> {
        // Also releases the savepoint.
        self.outer.commit().await?;
        for member in self.members {
            // One whose own turn came first waits no longer.
            let _ = member.send(());
        }
        Ok(())
    }
}

/// The writers of one SQLite database.
pub(super) struct Writers {
    turns: Turns,
    open: Mutex<Option<Group>>,
}

impl Writers {
    pub(super) fn new() -> Self {
        Self { turns: Turns::new(), open: Mutex::new(None) }
    }

    /// Begins a transaction when it is its turn, at the latest after `limit`.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`], or the database failed.
    pub(super) async fn begin(self: &Arc<Self>, pool: &AnyPool, limit: Duration) -> Result<Member, sqlx::Error> {
        let turn = self.turns.take(limit).await?;
        let open = self.open.lock().take();
        let group = match open {
            Some(group) => group,
            None => Group { outer: pool.begin_with(BEGIN).await?, members: Vec::new() },
        };
        Ok(Member(Some(Part { group, _turn: turn, writers: self.clone() })))
    }
}

/// A writer's part of a group, while it has the turn.
pub(super) struct Member(Option<Part>);

struct Part {
    // Before the turn, which must not end before a roll-back is on its way.
    group: Group,
    _turn: Turn,
    writers: Arc<Writers>,
}

impl Member {
    /// Where it writes.
    #[expect(clippy::expect_used, reason = "the part leaves only with the member")]
    pub(super) fn connection(&self) -> &AnyConnection {
        &self.0.as_ref().expect("a member that is there").group.outer
    }

    /// [`Self::connection`], to write.
    #[expect(clippy::expect_used, reason = "the part leaves only with the member")]
    pub(super) fn connection_mut(&mut self) -> &mut AnyConnection {
        &mut self.0.as_mut().expect("a member that is there").group.outer
    }

    /// Waits until the changes are on the disk. Once begun it goes on when it is dropped: others may have joined.
    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        let Some(part) = self.0.take() else { return Ok(()) };
        tokio::spawn(part.commit()).await.unwrap_or_else(|_| Err(undone()))
    }

    /// Takes the changes back.
    pub(super) async fn rollback(mut self) -> Result<(), sqlx::Error> {
        let Some(part) = self.0.take() else { return Ok(()) };
        tokio::spawn(part.take_back()).await.unwrap_or_else(|_| Err(undone()))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let Some(part) = self.0.take() else { return };
        // Alone, the group ends with it. Without a runtime nobody is left who could wait for the others' changes.
        if !part.group.members.is_empty()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(part.take_back());
        }
    }
}

impl Part {
    async fn commit(mut self) -> Result<(), sqlx::Error> {
        if !self.writers.turns.are_awaited() {
            return self.group.commit().await;
        }
        (&mut *self.group.outer).execute(raw_sql(KEEP)).await?;
        let (sender, told) = oneshot::channel();
        self.group.members.push(sender);
        let writers = self.leave();
        tokio::select! {
            // First: once the turn comes too, an open group is another one.
            biased;
            told = told => told.map_err(|_| undone()),
            turn = writers.turns.next() => {
                let _turn = turn?;
                let open = writers.open.lock().take();
                match open {
                    Some(group) => group.commit().await,
                    None => Err(undone()),
                }
            }
        }
    }

    async fn take_back(mut self) -> Result<(), sqlx::Error> {
        if self.group.members.is_empty() {
            return self.group.outer.rollback().await;
        }
        // SQLite ends the whole transaction on the worst of errors (a full disk); then this fails, and all are told.
        (&mut *self.group.outer).execute(raw_sql(TAKE_BACK)).await?;
        self.leave();
        Ok(())
    }

    /// Leaves the group open for the next writer, who has the turn from here on.
    fn leave(self) -> Arc<Writers> {
        let Self { group, _turn, writers } = self;
        *writers.open.lock() = Some(group);
        writers
    }
}

/// What members are told when the group's transaction was lost.
fn undone() -> sqlx::Error {
    sqlx::Error::Protocol("the transaction that this write shared with others was not committed".to_owned())
}
