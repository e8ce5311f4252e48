//! Deliveries as people see them: listed, looked into, and sent again by hand, one or all of a span of time.

pub mod http;

use sautikit_api::ids::{CallId, DeliveryId, EventId, WebhookEndpointId, WorkspaceId};
use sautikit_api::webhooks as wire;
use serde_json::json;
use sqlx::AnyConnection;
use uuid::Uuid;

use super::kinds::EventKind;
use super::missed::{self, Looked};
use super::store::deliveries as sql;
use super::store::dispatch::AttemptRow;
use super::store::{endpoints as endpoint_sql, events as event_sql};
use super::{WebhookError, body, delivery, endpoints};
use crate::audit;
use crate::state::AppState;
use crate::web::caller::Caller;

pub(crate) use sql::mark;

/// Where a delivery can stand.
pub const STATUSES: [&str; 4] = ["pending", "delivered", "failed", "exhausted"];
/// Those that can be sent again.
pub(super) const RETRYABLE: [&str; 2] = ["failed", "exhausted"];
/// Deliveries that one request sends again at most: some 20 ms of SQLite's one writer, which live calls share.
const MOST_AT_ONCE: i64 = 1_000;
/// How long deliveries and events are kept: what was missed in a month of holidays can be looked up still.
pub const KEPT_DAYS: i64 = 30;
const DAY_US: i64 = 86_400 * 1_000_000;

/// A delivery.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Where to.
    pub endpoint_id: WebhookEndpointId,
    /// What is told.
    pub event_id: EventId,
    /// The name of its kind.
    pub event_kind: String,
    /// Where to, in full.
    pub url: String,
    /// One of [`STATUSES`].
    pub status: String,
    /// Attempts so far.
    pub attempts: i64,
    /// Microseconds UTC.
    pub next_attempt_at: i64,
    /// Microseconds UTC.
    pub last_attempt_at: Option<i64>,
    /// Of the last answer.
    pub last_status: Option<i64>,
    /// Why the last attempt delivered nothing.
    pub last_error: Option<String>,
    /// Of the last attempt.
    pub last_duration_ms: Option<i64>,
    /// Microseconds UTC.
    pub delivered_at: Option<i64>,
    /// Microseconds UTC.
    pub created_at: i64,
}

/// Which deliveries are asked for; empty text matches all.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    pub(super) endpoint: Option<WebhookEndpointId>,
    pub(super) status: String,
    pub(super) kind: String,
    /// Microseconds UTC.
    pub(super) from_us: i64,
    /// Microseconds UTC, exclusive.
    pub(super) to_us: i64,
    /// Of one event, or one call.
    pub(super) of: Option<Of>,
}

/// What deliveries tell of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    /// One event.
    Event(EventId),
    /// The events of one call.
    Call(CallId),
}

/// One of the workspace's deliveries.
pub(super) async fn get(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<Delivery, WebhookError> {
    sql::find(conn, workspace, id).await?.ok_or(WebhookError::DeliveryNotFound)
}

/// With what is sent and every attempt.
pub(super) async fn get_detail(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<(Delivery, Option<String>, Vec<AttemptRow>), WebhookError> {
    let delivery = get(conn, workspace, id).await?;
    let event = event_sql::find(conn, workspace, delivery.event_id).await?;
    let attempts = sql::list_attempts(conn, id).await?;
    Ok((delivery, event.map(|placed| body::body(&placed.event)), attempts))
}

/// Sends a delivery again, in the caller's transaction.
pub(super) async fn retry(
    app: &AppState,
    tx: &mut AnyConnection,
    caller: &Caller,
    id: DeliveryId,
) -> Result<Delivery, WebhookError> {
    let (workspace, now_us) = (caller.workspace.id, app.now_us());
    let delivery = get(tx, workspace, id).await?;
    if !RETRYABLE.contains(&delivery.status.as_str()) {
        return Err(WebhookError::NotRetryable);
    }
    require_enabled(tx, workspace, delivery.endpoint_id).await?;
    require_dispatcher(app, tx).await?;
    if !sql::requeue(tx, workspace, id, now_us).await? {
        return Err(WebhookError::NotRetryable);
    }
    endpoint_sql::touch(tx, workspace, delivery.endpoint_id, now_us).await?;
    let details = json!({ "event": delivery.event_kind, "webhook_id": delivery.endpoint_id });
    audit::record(app, tx, &audit::Entry::by(caller, "webhook.delivery_retried", id, details)).await?;
    get(tx, workspace, id).await
}

/// What the endpoint was never told of a span, for [`retry_all`]: read beside the transaction, because it may be long.
pub(super) async fn find_missed(
    app: &AppState,
    caller: &Caller,
    id: WebhookEndpointId,
    (span, kind): ((i64, i64), Option<&str>),
    after: Option<EventId>,
) -> Result<Looked, WebhookError> {
    let mut conn = app.db.acquire().await?;
    let endpoint = endpoints::get(&mut conn, caller.workspace.id, id).await?;
    let most = usize::try_from(MOST_AT_ONCE).unwrap_or(usize::MAX);
    let after = match after {
        Some(id) => event_sql::find(&mut conn, caller.workspace.id, id).await?.and_then(|placed| placed.position),
        None => None,
    };
    Ok(missed::find(&mut conn, &endpoint, (span, kind.unwrap_or_default()), after.unwrap_or(0), most).await?)
}

/// Sends all of an endpoint again that were made in a span and did not arrive, and what of it was `missed`, in the caller's
/// transaction.
pub(super) async fn retry_all(
    app: &AppState,
    tx: &mut AnyConnection,
    caller: &Caller,
    id: WebhookEndpointId,
    (from_us, to_us, kind): (i64, i64, Option<String>),
    missed: &Looked,
) -> Result<wire::Retried, WebhookError> {
    let (workspace, now_us) = (caller.workspace.id, app.now_us());
    if let Some(name) = kind.as_ref().filter(|name| EventKind::parse(name).is_none()) {
        return Err(WebhookError::EventUnsupported { field: "event".to_owned(), name: name.clone() });
    }
    require_enabled(tx, workspace, id).await?;
    require_dispatcher(app, tx).await?;
    let kind = kind.unwrap_or_default();
    let mut retried = sql::requeue_all(tx, id, (from_us, to_us), &kind, now_us, MOST_AT_ONCE).await?;
    let room = MOST_AT_ONCE.saturating_sub(i64::try_from(retried).unwrap_or(i64::MAX));
    let left = room == 0 && sql::has_retryable(tx, id, (from_us, to_us), &kind).await?;
    let some = missed.found.get(..usize::try_from(room).unwrap_or(0)).unwrap_or(&missed.found);
    let takes_all = some.len() == missed.found.len();
    if !some.is_empty() {
        retried += missed::deliver(app, tx, workspace, id, some).await?;
    }
    endpoint_sql::touch(tx, workspace, id, now_us).await?;
    let details = json!({ "from": crate::clock::rfc3339(from_us), "to": crate::clock::rfc3339(to_us), "event": kind,
        "retried": retried });
    audit::record(app, tx, &audit::Entry::by(caller, "webhook.deliveries_retried", id, details)).await?;
    let retried = i64::try_from(retried).unwrap_or(i64::MAX);
    // The next look begins where this one ended, unless what it found is still to be sent.
    let next_after = missed.until.as_ref().filter(|_| takes_all).map(|id| format!("{}{id}", body::ID_PREFIX));
    Ok(wire::Retried { retried, has_more: left || !takes_all || next_after.is_some(), next_after })
}

async fn require_enabled(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: WebhookEndpointId,
) -> Result<(), WebhookError> {
    match endpoints::get(conn, workspace, id).await?.status {
        endpoints::Status::Enabled => Ok(()),
        _ => Err(WebhookError::Disabled),
    }
}

/// Refuses where no node delivers: what is asked for by hand is expected now.
pub(super) async fn require_dispatcher(app: &AppState, conn: &mut AnyConnection) -> Result<(), WebhookError> {
    if delivery::is_delivered(app, conn).await? { Ok(()) } else { Err(WebhookError::DispatcherUnavailable) }
}

/// Deletes what is past its time, at most that many of each table, of every workspace; how many.
///
/// # Errors
/// The database failed.
pub async fn delete_old(app: &AppState, most: i64) -> Result<u64, sqlx::Error> {
    let before_us = kept_since(app.now_us());
    let before = first_id_at(before_us);
    let mut tx = app.db.begin_write().await?;
    let deliveries = sql::delete_before(&mut tx, &before, most).await?;
    // Deliveries go first: what waits still needs its event.
    let events = if deliveries == 0 { event_sql::delete_before(&mut tx, (&before, before_us), most).await? } else { 0 };
    let endpoints = if deliveries == 0 { endpoint_sql::delete_forgotten(&mut tx, before_us, most).await? } else { 0 };
    tx.commit().await?;
    Ok(deliveries + events + endpoints)
}

/// What was made before that is past its time.
pub(super) const fn kept_since(now_us: i64) -> i64 {
    now_us - KEPT_DAYS * DAY_US
}

/// The least id that is made at that moment: ids begin with their time (RFC 9562 §5.7).
fn first_id_at(at_us: i64) -> String {
    let millis = u128::try_from(at_us / 1_000).unwrap_or(0);
    Uuid::from_u128(millis << 80).to_string()
}

#[cfg(test)]
mod tests {
    use crate::clock::{Clock, TestClock};
    use crate::entropy::Entropy;

    use super::*;

    #[test]
    fn ids_of_before_are_less_and_later_ones_are_not() {
        let clock = TestClock::starting_at("2026-11-02T08:00:00Z".parse().unwrap());
        let entropy = Entropy::seeded(1);
        let before = entropy.uuid(&*clock).to_string();
        clock.advance(std::time::Duration::from_millis(1));
        let bound = first_id_at(clock.now_us());
        let after = entropy.uuid(&*clock).to_string();
        assert!(before < bound && bound < after, "{before} {bound} {after}");
    }
}
