//! One who follows a workspace: first what happened since they were here, then what happens.

use std::sync::Arc;

use sautikit_api::ids::WorkspaceId;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{BATCH, Followed, Live, Said, follow, look, sql};
use crate::clock;
use crate::state::AppState;
use crate::webhooks::WebhookError;

/// Where a reader stands.
pub(in crate::webhooks) struct Follower {
    app: AppState,
    followed: Followed,
    /// The place of the last event that it got.
    after: i64,
    /// Of a look at the database.
    waiting: std::vec::IntoIter<Said>,
    /// It has not yet all that happened before it came.
    catches_up: bool,
    /// It has got nothing from the room yet, which goes on while it catches up.
    is_new: bool,
    reader: Receiver<Arc<Said>>,
    /// When it has to come back and show who it is.
    until: tokio::time::Instant,
}

/// What comes next.
pub(in crate::webhooks) enum Next {
    /// An event.
    Event(Arc<Said>),
    /// It fell behind by more than is kept for it; it comes back and asks for what follows this place.
    Dropped(i64),
    /// It comes back.
    End,
}

impl Follower {
    /// Follows what comes after `seen`, or from now on.
    pub(in crate::webhooks) async fn new(
        app: AppState,
        workspace: WorkspaceId,
        kinds: &'static str,
        seen: Option<i64>,
    ) -> Result<Self, WebhookError> {
        let followed = (workspace, kinds);
        let newest = sql::last_position(&mut *app.db.acquire().await?, workspace).await?;
        // Before anything is looked up: what is placed meanwhile comes by the room.
        let reader = follow(&app, followed, newest);
        let until = clock::timer_now() + app.part::<Live>().lasts;
        let (after, waiting) = (seen.unwrap_or(newest), Vec::new().into_iter());
        Ok(Self { app, followed, after, waiting, catches_up: true, is_new: true, reader, until })
    }

    /// The place of the last event that it got, or of the newest when it came.
    pub(in crate::webhooks) const fn after(&self) -> i64 {
        self.after
    }

    /// The next event. Nothing is lost where this is given up.
    pub(in crate::webhooks) async fn next(&mut self) -> Next {
        loop {
            if clock::timer_now() >= self.until {
                return Next::End;
            }
            if let Some(said) = self.waiting.next() {
                self.after = said.position;
                return Next::Event(Arc::new(said));
            }
            if self.catches_up {
                match look(&self.app, self.followed, self.after, BATCH).await {
                    Ok(some) => {
                        self.catches_up = some.len() as i64 == BATCH;
                        self.waiting = some.into_iter();
                    }
                    // The client comes back with what it saw last.
                    Err(error) => {
                        tracing::warn!(workspace = %self.followed.0, error = ?error, "a stream of events was cut");
                        return Next::End;
                    }
                }
                continue;
            }
            let said = tokio::select! {
                said = self.reader.recv() => said,
                () = self.app.stopping.cancelled() => return Next::End,
                () = tokio::time::sleep_until(self.until) => return Next::End,
            };
            let is_new = std::mem::take(&mut self.is_new);
            match said {
                Ok(said) if said.position > self.after => {
                    self.after = said.position;
                    return Next::Event(said);
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) if is_new => self.catches_up = true,
                Err(RecvError::Lagged(_)) => return Next::Dropped(self.after),
                Err(RecvError::Closed) => return Next::End,
            }
        }
    }
}
