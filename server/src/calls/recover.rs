//! Calls that a node left open when it died: closed from what the database knows, billed to the last media that was seen
//! and never beyond. A recovered call is never dialled again.

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::CallId;
use serde_json::Value;

use super::{CallError, CallSummary, finish, store};
use crate::state::AppState;

/// Calls closed per round; rounds repeat until none is left.
const BATCH: i64 = 200;

/// The cause that recovered calls show.
pub const CAUSE_NODE_LOST: &str = "node_lost";

/// A call that was closed, with the dialogs that the carrier may still hold open.
#[derive(Debug, Clone)]
pub struct Recovered {
    /// The call.
    pub call_id: CallId,
    /// Dialog identifiers of its legs; each wants a BYE, so that the carrier does not bill on.
    pub dialogs: Vec<Value>,
}

/// Closes the calls that `node_id` left open. A node runs it for itself before its gateway takes calls.
///
/// # Errors
/// The database failed.
pub async fn recover(app: &AppState, node_id: &str) -> Result<Vec<Recovered>, CallError> {
    let mut recovered = Vec::new();
    loop {
        let mut conn = app.db.acquire().await?;
        let open = store::list_open_of_node(&mut conn, node_id, BATCH).await?;
        if open.is_empty() {
            return Ok(recovered);
        }
        for call in open {
            let legs = store::legs::list_legs(&mut conn, call.id).await?;
            let answered = call.status == CallStatus::Answered;
            // Answered: up to the last media, at least the answer. Ringing: nothing was billed, it ends now.
            let ended_at = if answered {
                call.last_media_at.max(call.answered_at).unwrap_or(call.started_at)
            } else {
                app.now_us()
            };
            let summary = CallSummary {
                call_id: call.id,
                status: if answered { CallStatus::Completed } else { CallStatus::Failed },
                hangup_cause: CAUSE_NODE_LOST.to_owned(),
                answered_at: call.answered_at,
                ended_at,
                legs: Vec::new(),
            };
            finish(app, &summary).await?;
            let dialogs = legs.into_iter().filter(|stored| stored.leg.ended_at.is_none());
            recovered.push(Recovered {
                call_id: call.id,
                dialogs: dialogs.filter_map(|stored| stored.leg.dialog).collect(),
            });
        }
    }
}
