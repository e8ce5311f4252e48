//! The end of a call, in ONE transaction: row, legs with their shares of the cost, timeline, outbox, and the job that
//! debits it. A crash before it leaves the call open for recovery; after it nothing can be lost.

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::CallId;
use serde_json::json;
use sqlx::AnyConnection;

use super::store::legs::StoredLeg;
use super::{CallError, CallRow, LegRecord, Milestone, lifecycle, rating, store, tell};
use crate::jobs::{self, Job};
use crate::state::AppState;
use crate::wallet::with_tries;
use crate::webhooks::EventKind;

/// How a call ended, as the gateway saw it.
#[derive(Debug, Clone)]
pub struct CallSummary {
    /// The call.
    pub call_id: CallId,
    /// A terminal status.
    pub status: CallStatus,
    /// Why, from the table of causes.
    pub hangup_cause: String,
    /// Microseconds UTC; set exactly when the status is `completed`.
    pub answered_at: Option<i64>,
    /// Microseconds UTC.
    pub ended_at: i64,
    /// Every leg that took part; those known already are updated by id.
    pub legs: Vec<LegRecord>,
}

/// Ends a call. Says false, and changes nothing, when it had ended before: the first report wins.
///
/// # Errors
/// No such call, a status that is not terminal, figures out of range, or the database failed.
pub async fn finish(app: &AppState, summary: &CallSummary) -> Result<bool, CallError> {
    with_tries!(try_finish(app, summary))
}

async fn try_finish(app: &AppState, summary: &CallSummary) -> Result<bool, CallError> {
    let mut tx = app.db.begin_write().await?;
    let ended = finish_in(app, &mut tx, summary).await?;
    tx.commit().await?;
    if ended {
        app.calls.changed(summary.call_id);
        app.job_bell.notify_one();
    }
    Ok(ended)
}

async fn finish_in(app: &AppState, tx: &mut AnyConnection, summary: &CallSummary) -> Result<bool, CallError> {
    // Whoever comes second waits here for the row's lock, and then sees the end.
    let mut call = store::lock_call(tx, summary.call_id).await?.ok_or(CallError::NotFound)?;
    if call.status.is_terminal() {
        return Ok(false);
    }
    if let (CallStatus::Ringing, Some(answered_at)) = (call.status, summary.answered_at) {
        // Answer and end can arrive in one report; the record still passes through answered.
        lifecycle::answer(app, tx, call.id, answered_at, None).await?;
        call.status = CallStatus::Answered;
        call.answered_at = Some(answered_at);
    }
    let status = if call.status == CallStatus::Answered { CallStatus::Completed } else { summary.status };
    if !call.status.may_become(status) {
        return Err(CallError::Invalid { field: "status", message: format!("{} is not an end", status.as_str()) });
    }
    let cost_minor = rate_legs(tx, &call, summary).await?;
    call.status = status;
    call.ended_at = Some(summary.ended_at);
    call.duration_seconds = Some(call.answered_at.map_or(0, |at| rating::duration_seconds(at, summary.ended_at)));
    call.hangup_cause = Some(summary.hangup_cause.clone());
    call.cost_due_minor = Some(cost_minor);
    // Nothing to debit: the cost is known now. Else the debit stamps it.
    call.cost_minor = (cost_minor == 0).then_some(0);
    store::finish_call(tx, &call).await?;
    if cost_minor > 0 {
        jobs::enqueue(tx, app, &Job::DebitCall { call_id: call.id }, app.now_us()).await?;
    }
    tell_end(app, tx, &call).await?;
    Ok(true)
}

/// Rates every leg once, closes those still open, stores them, and gives the sum.
async fn rate_legs(tx: &mut AnyConnection, call: &CallRow, summary: &CallSummary) -> Result<i64, CallError> {
    let mut legs = summary.legs.clone();
    for stored in store::legs::list_legs(tx, call.id).await? {
        // A leg that the report forgot still counts; the report's own figures win.
        match legs.iter_mut().find(|leg| leg.id == stored.leg.id) {
            Some(leg) => leg.rate = stored.leg.rate,
            None => legs.push(stored.leg),
        }
    }
    let mut sum_minor: i64 = 0;
    for mut leg in legs {
        leg.ended_at.get_or_insert(summary.ended_at);
        let cost_minor = leg.cost_minor(summary.ended_at)?;
        sum_minor = sum_minor.checked_add(cost_minor).ok_or(rating::RatingError)?;
        let duration_seconds = leg.duration_seconds(summary.ended_at);
        store::legs::upsert_leg(tx, call.id, &StoredLeg { leg, duration_seconds, cost_minor: Some(cost_minor) })
            .await?;
    }
    Ok(sum_minor)
}

async fn tell_end(app: &AppState, tx: &mut AnyConnection, call: &CallRow) -> Result<(), CallError> {
    let completed = call.status == CallStatus::Completed;
    let milestone = if completed { Milestone::Completed } else { Milestone::Failed };
    let data = json!({ "status": call.status, "hangup_cause": call.hangup_cause,
        "duration_seconds": call.duration_seconds });
    lifecycle::append(app, tx, call.id, milestone.as_str(), call.ended_at.unwrap_or_else(|| app.now_us()), data)
        .await?;
    let kind = if completed { EventKind::CallCompleted } else { EventKind::CallFailed };
    Ok(tell(tx, app, call, kind).await?)
}
