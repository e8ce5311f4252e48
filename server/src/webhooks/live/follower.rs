//! One who follows: first what happened since they were here, then what happens.

use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;

use super::Live;
use super::rooms::{self, Followed, Said, Seat, Source};
use crate::clock;
use crate::db::Causes;
use crate::state::AppState;

/// Of one look of a reader who catches up: each holds its own.
const BATCH: usize = 16;

/// Where a reader stands.
pub struct Follower {
    app: AppState,
    source: Arc<dyn Source>,
    /// The place of the last that it got.
    after: i64,
    /// Of a look at the database.
    waiting: std::vec::IntoIter<Said>,
    /// It has not yet all that happened before it came.
    catches_up: bool,
    /// All was told that there will ever be.
    is_over: bool,
    /// It has got something from the room since it caught up.
    is_of_room: bool,
    /// None while it is far behind: what the ring holds for it would be held back from others.
    seat: Option<Seat>,
    /// That of the token by which it reads; none where a credential is.
    revision: Option<i64>,
    /// When it has to come back and show who it is.
    until: tokio::time::Instant,
}

/// What comes next.
pub enum Next {
    /// Something happened.
    Said(Arc<Said>),
    /// It fell behind by more than is kept for it; it comes back and asks for what follows this place.
    Dropped(i64),
    /// It comes back, if there is anything left to be told.
    End,
}

/// Whether the token of revision `read_by` reads no more, because `now` another one does; either is none where no token is.
fn is_revoked(read_by: Option<i64>, now: Option<i64>) -> bool {
    read_by.is_some() && now.is_some() && read_by != now
}

impl Follower {
    /// Follows what comes after `after`; by a token of that revision, where by one.
    pub fn new(app: AppState, source: Arc<dyn Source>, after: i64, revision: Option<i64>) -> Self {
        let until = clock::timer_now() + app.part::<Live>().lasts;
        Self {
            app,
            source,
            after,
            waiting: Vec::new().into_iter(),
            catches_up: true,
            is_over: false,
            is_of_room: false,
            seat: None,
            revision,
            until,
        }
    }

    /// The place of the last that it got, or of where it began.
    pub const fn after(&self) -> i64 {
        self.after
    }

    /// Whether nothing is left to be told, and nothing will be.
    pub fn is_over(&self) -> bool {
        self.is_over && self.waiting.len() == 0
    }

    /// Looks for what it has not got. Nothing is changed where this is given up.
    ///
    /// # Errors
    /// The database failed.
    pub async fn catch_up(&mut self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let looked = self.source.look(&self.app, self.after, BATCH).await?;
        let is_all = looked.said.len() < BATCH;
        if is_all && self.seat.is_none() && !looked.is_over {
            // Once more after this: what comes between the look and the seat.
            self.seat = Some(rooms::enter(&self.app, &self.source, self.after));
        } else {
            self.catches_up = !is_all;
        }
        let is_revoked = is_revoked(self.revision, looked.revision);
        self.is_over = looked.is_over || is_revoked;
        self.waiting = if is_revoked { Vec::new() } else { looked.said }.into_iter();
        Ok(())
    }

    /// The next. Nothing is lost where this is given up.
    pub async fn next(&mut self) -> Next {
        loop {
            if clock::timer_now() >= self.until || self.app.stopping.is_cancelled() {
                return Next::End;
            }
            if let Some(said) = self.waiting.next() {
                self.after = said.position;
                if self.waiting.len() == 0 {
                    // Of many readers each would keep the room of its last look.
                    self.waiting = Vec::new().into_iter();
                }
                return Next::Said(Arc::new(said));
            }
            if self.is_over {
                return Next::End;
            }
            if self.catches_up {
                // The client comes back with what it saw last.
                if let Err(error) = self.catch_up().await {
                    tracing::warn!(followed = ?self.source.followed(), error = %Causes(error.as_ref()), "a stream was cut");
                    return Next::End;
                }
                continue;
            }
            let Some(seat) = &mut self.seat else { return Next::End };
            let revision = *seat.revision.borrow_and_update();
            if is_revoked(self.revision, revision) {
                return Next::End;
            }
            let said = tokio::select! {
                said = seat.ring.recv() => said,
                Ok(()) = seat.revision.changed() => continue,
                () = self.app.stopping.cancelled() => return Next::End,
                () = tokio::time::sleep_until(self.until) => return Next::End,
            };
            match said {
                Ok(said) if said.position > self.after => {
                    self.after = said.position;
                    self.is_of_room = true;
                    return Next::Said(said);
                }
                Ok(_) => {}
                // Of events a reader who has stopped is told so; a call's timeline is short, and is read again.
                Err(RecvError::Lagged(_)) if self.is_of_room && self.is_dropped() => return Next::Dropped(self.after),
                Err(RecvError::Lagged(_)) => {
                    (self.catches_up, self.is_of_room, self.seat) = (true, false, None);
                }
                Err(RecvError::Closed) => return Next::End,
            }
        }
    }

    fn is_dropped(&self) -> bool {
        !matches!(self.source.followed(), Followed::Call(_))
    }
}
