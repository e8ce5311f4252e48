//! What the gateway reports while a call lives: timeline entries, legs, the answer, and signs of media.

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallEventId, CallId};
use serde_json::{Value, json};
use sqlx::AnyConnection;

use super::store::events::EventRow;
use super::store::legs::StoredLeg;
use super::{CallError, Direction, LegRecord, Milestone, store, tell};
use crate::state::AppState;
use crate::webhooks::EventKind;

/// Adds an entry to a call's timeline; `at_us` is when it happened. Entries may still come after its end (a late answer that was hung up).
///
/// # Errors
/// No such call, or the database failed.
pub async fn record_event(
    app: &AppState,
    call_id: CallId,
    kind: &str,
    at_us: i64,
    data: Value,
) -> Result<(), CallError> {
    let mut tx = app.db.begin_write().await?;
    append(app, &mut tx, call_id, kind, at_us, data).await?;
    tx.commit().await?;
    app.calls.changed(call_id);
    Ok(())
}

/// Adds an entry in the caller's transaction.
pub(super) async fn append(
    app: &AppState,
    tx: &mut AnyConnection,
    call_id: CallId,
    kind: &str,
    at_us: i64,
    data: Value,
) -> Result<(), CallError> {
    let sequence = store::events::next_sequence(tx, call_id).await?.ok_or(CallError::NotFound)?;
    let id = CallEventId(app.new_uuid());
    let event = EventRow { id, sequence, kind: kind.to_owned(), data, occurred_at: at_us };
    Ok(store::events::insert_event(tx, call_id, &event).await?)
}

/// Writes a leg as it now stands; called when a dialled leg starts, is answered, or gets its dialog identifiers.
///
/// # Errors
/// The database failed.
pub async fn record_leg(app: &AppState, call_id: CallId, leg: &LegRecord) -> Result<(), CallError> {
    let mut tx = app.db.begin_write().await?;
    let stored = StoredLeg { leg: leg.clone(), duration_seconds: leg.duration_seconds(app.now_us()), cost_minor: None };
    store::legs::upsert_leg(&mut tx, call_id, &stored).await?;
    tx.commit().await?;
    Ok(())
}

/// The call was answered: its row, the answered leg, the timeline and the outbox, in one transaction. Says false, and
/// changes nothing, when the call was not ringing any more (the caller gave up in the same moment).
///
/// # Errors
/// The database failed.
pub async fn mark_answered(
    app: &AppState,
    call_id: CallId,
    answered_at: i64,
    leg: &LegRecord,
) -> Result<bool, CallError> {
    let mut tx = app.db.begin_write().await?;
    // A party that we called is who the call was to; one that called us is not.
    let winner = (leg.direction == Direction::Outbound).then_some(leg.target.as_str());
    if !answer(app, &mut tx, call_id, answered_at, winner).await? {
        return Ok(false);
    }
    let stored = StoredLeg { leg: leg.clone(), duration_seconds: 0, cost_minor: None };
    store::legs::upsert_leg(&mut tx, call_id, &stored).await?;
    tx.commit().await?;
    app.calls.changed(call_id);
    Ok(true)
}

/// Moves a ringing call to answered, with its event and outbox row. False when it was not ringing.
pub(super) async fn answer(
    app: &AppState,
    tx: &mut AnyConnection,
    call_id: CallId,
    answered_at: i64,
    winner: Option<&str>,
) -> Result<bool, CallError> {
    if !store::mark_answered(tx, call_id, answered_at, winner).await? {
        return Ok(false);
    }
    let call = store::find_call(tx, call_id).await?.ok_or(CallError::NotFound)?;
    append(app, tx, call_id, Milestone::Answered.as_str(), answered_at, json!({ "status": CallStatus::Answered }))
        .await?;
    tell(tx, app, &call, EventKind::CallAnswered).await?;
    Ok(true)
}

/// When media was last seen on live calls, in microseconds UTC: one batch per node every 10 s. A crash bills up to here.
///
/// # Errors
/// The database failed.
pub async fn touch_media(app: &AppState, seen: &[(CallId, i64)]) -> Result<(), CallError> {
    if seen.is_empty() {
        return Ok(());
    }
    // One order for all batches, so that two of them can't wait for each other's rows.
    let mut seen = seen.to_vec();
    seen.sort_unstable();
    let mut tx = app.db.begin_write().await?;
    for (call_id, at_us) in seen {
        store::touch_media(&mut tx, call_id, at_us).await?;
    }
    tx.commit().await?;
    Ok(())
}
