//! Calls that were opened for somebody who waits no longer, or may have been: nobody dials them. They are closed at no cost, and
//! the answer that says that they are placed is taken back, so that the same request, sent again, places a call.

use sautikit_api::ErrorCode;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::CallId;

use super::CallEnd;
use super::change::Changes;
use super::flush::{Batch, Opening};
use super::story::Story;
use super::writer::{Failure, Writer};
use crate::db::Causes;
use crate::state::AppState;

/// Openings nobody waits for, closed before the next flush opens others; while the database is away nothing is opened.
#[derive(Default)]
pub(super) struct Abandoned(Vec<Opening>);

impl Abandoned {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes all of these, because whether they stand is not known.
    pub(super) fn take(&mut self, openings: Vec<Opening>) {
        self.0.extend(openings);
    }

    /// Takes those of the openings that are these calls'.
    pub(super) fn take_those(&mut self, openings: Vec<Opening>, calls: &[CallId]) {
        self.0.extend(openings.into_iter().filter(|opening| calls.contains(&opening.call.id)));
    }

    /// What closes them, where they stand: in one batch, or in one for each.
    pub(super) fn batches(&self, app: &AppState, is_together: bool) -> Vec<Batch> {
        let size = if is_together { self.0.len().max(1) } else { 1 };
        self.0.chunks(size).map(|openings| batch(app, openings)).collect()
    }

    /// They are closed.
    pub(super) fn clear(&mut self) {
        self.0 = Vec::new();
    }
}

impl Writer {
    /// Closes what was opened for somebody who waits no longer.
    pub(super) async fn close_abandoned(&mut self) {
        let mut is_together = true;
        while !self.abandoned.is_empty() {
            let mut is_refused = false;
            for batch in self.abandoned.batches(&self.app, is_together) {
                match self.try_flush(&batch).await {
                    Ok(flushed) => {
                        self.tell(&batch, flushed, 0, Vec::new());
                    }
                    Err(Failure::Away(error)) => {
                        // Closed with the next flush; all of it can be repeated.
                        tracing::warn!(%error, "calls that nobody waits for could not be closed");
                        return;
                    }
                    Err(Failure::Refused(error)) => {
                        is_refused = true;
                        tracing::error!(error = %Causes(&error), "the end of a call that nobody waits for is refused");
                    }
                }
            }
            // What is refused by itself is closed as a call that runs nowhere.
            if !(is_refused && std::mem::take(&mut is_together)) {
                self.abandoned.clear();
            }
        }
    }
}

fn batch(app: &AppState, openings: &[Opening]) -> Batch {
    Batch {
        changes: openings.iter().map(|opening| end(app, opening)).collect(),
        withdrawn: openings.iter().filter_map(|opening| opening.answer.clone()).collect(),
        // What they hold is forgotten where their commit was not heard of.
        restated: openings.iter().filter(|one| one.demand.is_some()).map(|one| one.call.workspace_id).collect(),
        ..Batch::default()
    }
}

/// Whoever opened it was told so.
fn end(app: &AppState, opening: &Opening) -> Changes {
    let legs = opening.changes.legs.iter().map(|stored| stored.leg.clone()).collect();
    let ended_at = app.now_us().max(opening.call.started_at);
    let hangup_cause = ErrorCode::StorageUnavailable.as_str().to_owned();
    Story::new(app, opening.call.clone(), legs).end(CallEnd { status: CallStatus::Failed, hangup_cause, ended_at })
}
