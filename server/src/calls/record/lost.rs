//! Calls that are open in the table and run nowhere: closed from what the database knows, billed to the last sign of
//! media and never beyond. A call that is closed so is never dialled again.

use std::collections::HashMap;

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::CallId;
use serde_json::Value;

use super::CallEnd;
use super::change::Changes;
use super::flush::{Batch, flush};
use super::story::Story;
use crate::calls::Hub;
use crate::calls::store::legs::StoredLeg;
use crate::calls::store::{self, nodes};
use crate::calls::{CallError, CallRow};
use crate::state::AppState;

/// Calls closed per round; rounds repeat until none is left.
const BATCH: i64 = 200;
/// Dead nodes looked after per tick.
const DEAD_NODES: i64 = 8;
/// A row without a live call is closed only when it is older: one that is being opened just now, or whose end is being
/// written, is not lost.
const LOST_AFTER_US: i64 = 10 * 1_000_000;

/// The cause that such calls show.
pub const CAUSE_NODE_LOST: &str = "node_lost";

/// A call that was closed, with the dialogs that the carrier may still hold open.
#[derive(Debug, Clone)]
pub struct Recovered {
    /// The call.
    pub call_id: CallId,
    /// Dialog identifiers of its legs; each wants a BYE, so that the carrier does not bill on.
    pub dialogs: Vec<Value>,
}

/// Closes the calls that `node_id` left open and gives back what they held. A node runs it for itself before its gateway
/// takes calls.
///
/// # Errors
/// The database failed.
pub async fn recover(app: &AppState, node_id: &str) -> Result<Vec<Recovered>, CallError> {
    let mut recovered = Vec::new();
    loop {
        let mut conn = app.db.acquire().await?;
        let open = store::list_open_of_node(&mut conn, node_id, i64::MAX, BATCH).await?;
        drop(conn);
        if open.is_empty() {
            break;
        }
        let (closed, changes) = close(app, open).await?;
        // None of the node's calls lives, so none holds anything.
        flush(app, node_id, &HashMap::new(), &Batch { changes, ..Batch::default() }).await?;
        recovered.extend(tell(app, closed));
    }
    give_back(app, node_id).await?;
    Ok(recovered)
}

/// Closes what is open for this node in the table without running on it, and what dead nodes left.
///
/// # Errors
/// The database failed.
pub async fn reconcile(app: &AppState) -> Result<Vec<Recovered>, CallError> {
    if Hub::of(app).writer().is_away() {
        return Ok(Vec::new());
    }
    let now_us = app.now_us();
    let mut conn = app.db.acquire().await?;
    let mut open =
        store::list_open_of_node(&mut conn, &app.node_id, now_us.saturating_sub(LOST_AFTER_US), i64::MAX).await?;
    let dead = nodes::list_dead(&mut conn, &app.node_id, now_us, DEAD_NODES).await?;
    drop(conn);
    // Looked at after the rows were read: a call is live before its row is there, and until its end is kept.
    open.retain(|call| !Hub::of(app).writer().is_live(call.id));
    if !open.is_empty() {
        tracing::warn!(calls = open.len(), "closing calls that are open in the table and do not run");
    }
    let (mut recovered, changes) = close(app, open).await?;
    // By the writer, which knows what the live calls hold.
    let kept: Vec<_> = changes.into_iter().map(|one| Hub::of(app).writer().put_end(one)).collect();
    for told in kept {
        let _ = told.await;
    }
    for node in dead {
        tracing::warn!(node, "closing what a dead node left");
        recovered.extend(recover(app, &node).await?);
    }
    Ok(recovered)
}

/// The ends of lost calls, and what their carriers have to be told.
async fn close(app: &AppState, open: Vec<CallRow>) -> Result<(Vec<Recovered>, Vec<Changes>), CallError> {
    let (mut recovered, mut changes) = (Vec::with_capacity(open.len()), Vec::with_capacity(open.len()));
    let mut conn = app.db.acquire().await?;
    for mut call in open {
        let legs = store::legs::list_legs(&mut conn, call.id).await?;
        let dialogs = legs.iter().filter(|stored| stored.leg.ended_at.is_none());
        let dialogs = dialogs.filter_map(|stored| stored.leg.dialog.clone()).collect();
        recovered.push(Recovered { call_id: call.id, dialogs });
        // Entries may have been written after the row's own count.
        call.entry_seq = call.entry_seq.max(store::events::last_sequence(&mut conn, call.id).await?);
        changes.push(lost(app, call, legs)?);
    }
    Ok((recovered, changes))
}

fn tell(app: &AppState, closed: Vec<Recovered>) -> Vec<Recovered> {
    closed.iter().for_each(|call| Hub::of(app).changed(call.call_id));
    closed
}

/// How a lost call ends: an answered one when it was last heard, at the earliest when its legs were answered; any other
/// one now, at no cost.
fn lost(app: &AppState, call: CallRow, legs: Vec<StoredLeg>) -> Result<Changes, CallError> {
    let heard =
        legs.iter().filter_map(|stored| stored.leg.answered_at).chain(call.answered_at).chain(call.last_media_at);
    let ended_at = match call.status {
        CallStatus::Answered => heard.max().unwrap_or(call.started_at),
        _ => app.now_us(),
    };
    let mut story = Story::new(app, call, legs.into_iter().map(|stored| stored.leg).collect());
    story.close(CallEnd { status: CallStatus::Failed, hangup_cause: CAUSE_NODE_LOST.to_owned(), ended_at });
    let cost_minor = story.cost_minor()?;
    story.tell_end(cost_minor);
    Ok(story.take())
}

/// A node without calls holds nothing.
async fn give_back(app: &AppState, node_id: &str) -> Result<(), CallError> {
    let mut conn = app.db.acquire().await?;
    let held = nodes::list_holds_of_node(&mut conn, node_id).await?;
    drop(conn);
    let restated = held.iter().filter_map(|id| id.parse().ok()).collect::<Vec<_>>();
    if !restated.is_empty() {
        flush(app, node_id, &HashMap::new(), &Batch { restated, ..Batch::default() }).await?;
    }
    Ok(())
}
