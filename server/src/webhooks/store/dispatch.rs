//! SQL of the dispatcher: what is told anew, what is due, and how attempts ended.

use std::sync::Arc;

use sautikit_api::ids::{DeliveryId, WebhookEndpointId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::events::event;
use super::unplaced::Unplaced;
use crate::db::batch::{Batch, Told as Answer};
use crate::db::rows::{Cell, Column, Filled, Rows, Tells};
use crate::db::{Causes, statements};
use crate::row;
use crate::webhooks::body::{self, StoredEvent};
use crate::webhooks::delivery::{Due, Told};

use Column::{Int, Text};

statements! {
    WITH_PENDING = "
        select e.id as endpoint_id
        from webhook_endpoints e
        where exists (select 1 from webhook_deliveries d where d.endpoint_id = e.id and d.status = 'pending')";
    LIST_DUE = "
        select d.delivery_id, d.call_id, d.tries, d.attempts, d.url, d.next_attempt_at, d.is_asked,
            e.id, e.workspace_id, e.kind, e.version, e.sequence, e.data, e.is_test, e.created_at
        from (
            select id as delivery_id, event_id, call_id, tries, attempts, url, next_attempt_at, is_asked, sequence
            from webhook_deliveries
            where endpoint_id = $1 and status = 'pending' and next_attempt_at <= $2
              and exists (select 1 from webhook_endpoints where id = $1 and revision <= $4)
            order by next_attempt_at, sequence
            limit $3
        ) d
        join events e on e.id = d.event_id
        order by d.next_attempt_at, d.sequence";
    /// What somebody asked for: whenever it is due by the clock of the node that took the request.
    LIST_ASKED = "
        select d.delivery_id, d.call_id, d.tries, d.attempts, d.url, d.next_attempt_at, d.is_asked,
            e.id, e.workspace_id, e.kind, e.version, e.sequence, e.data, e.is_test, e.created_at
        from (
            select id as delivery_id, event_id, call_id, tries, attempts, url, next_attempt_at, is_asked, sequence
            from webhook_deliveries
            where endpoint_id = $1 and status = 'pending' and is_asked = 1
              and exists (select 1 from webhook_endpoints where id = $1 and revision <= $3)
            order by next_attempt_at, sequence
            limit $2
        ) d
        join events e on e.id = d.event_id
        order by d.next_attempt_at, d.sequence";
    NEXT_DUE = "
        select min(next_attempt_at)
        from webhook_deliveries
        where endpoint_id = $1 and status = 'pending' and next_attempt_at > $2";
    /// So many at most are counted: more is a long queue however many they are.
    OUTBOX = "
        select count(*) as waiting, min(created_at) as oldest
        from (
            select created_at
            from events
            where position is null and is_test = 0 and created_at > 0
            order by created_at, sequence, id
            limit $1
        ) waiting_events";
    COUNT_PENDING = "
        select count(*)
        from (
            select endpoint_id
            from webhook_deliveries
            where status = 'pending'
            order by endpoint_id, next_attempt_at, sequence
            limit $1
        ) pending_ones";
    CLOSE_PENDING = "
        update webhook_deliveries
        set status = 'failed', last_error = 'endpoint_off'
        where id in (
            select id
            from webhook_deliveries
            where endpoint_id = $1 and status = 'pending'
                and exists (select 1 from webhook_endpoints e where e.id = $1 and e.status <> 'enabled')
            limit $2
        )";
}

static PLACE_EVENTS: Rows = Rows::new(
    "PLACE_EVENTS",
    4,
    Tells::Nothing,
    "update events
    set position = v.column2
    from {rows} as v
    where {by_key: events.id}",
    &[Text, Int],
);
/// One that comes after others of its call that wait is due with the last of them.
static INSERT_DELIVERIES: Rows = Rows::new(
    "INSERT_DELIVERIES",
    4,
    Tells::Nothing,
    "insert into webhook_deliveries (id, workspace_id, endpoint_id, event_id, event_kind, call_id, url, sequence,
        created_at, status, tries, attempts, next_attempt_at)
    select {columns}, 'pending', 0, 0, coalesce((
            select max(p.next_attempt_at)
            from webhook_deliveries p
            where p.endpoint_id = v.column3 and p.call_id = v.column6 and p.status = 'pending'
                and p.next_attempt_at > v.column9
        ), v.column9)
    from {rows} as v
    where v.column1 is not null",
    &[Text, Text, Text, Text, Text, Text, Text, Int, Int],
);
/// By its id alone: written plainly, the status would have PostgreSQL read the index of those that wait instead.
static SETTLE_DELIVERIES: Rows = Rows::new(
    "SETTLE_DELIVERIES",
    4,
    Tells::Nothing,
    "update webhook_deliveries
    set status = v.column2, tries = v.column3, attempts = v.column4, next_attempt_at = v.column5,
        last_attempt_at = v.column6, last_status = v.column7, last_error = v.column8, last_duration_ms = v.column9,
        delivered_at = v.column10, is_asked = 0
    from {rows} as v
    where {by_key: webhook_deliveries.id} and webhook_deliveries.status || '' = 'pending'",
    &[Text, Text, Int, Int, Int, Int, Int, Text, Int, Int],
);
static INSERT_ATTEMPTS: Rows = Rows::new(
    "INSERT_ATTEMPTS",
    4,
    Tells::Nothing,
    "insert into webhook_attempts (delivery_id, number, started_at, duration_ms, status, error, answer, secret, signature,
        answer_headers)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict do nothing",
    &[Text, Int, Int, Int, Int, Text, Text, Text, Text, Text],
);
/// Of calls of which one failed: the others come after it.
static PUSH_BACK: Rows = Rows::new(
    "PUSH_BACK",
    1,
    Tells::Nothing,
    "update webhook_deliveries
    set next_attempt_at = v.column3
    from {rows} as v
    where webhook_deliveries.endpoint_id = v.column1 and webhook_deliveries.call_id = v.column2
        and webhook_deliveries.status = 'pending' and webhook_deliveries.next_attempt_at < v.column3",
    &[Text, Text, Int],
);
/// Of calls whose URL is gone. That it is due some time leads to the index of the call.
static END_GONE: Rows = Rows::new(
    "END_GONE",
    1,
    Tells::Nothing,
    "update webhook_deliveries
    set status = 'failed', last_error = 'gone'
    from {rows} as v
    where webhook_deliveries.endpoint_id = v.column1 and webhook_deliveries.call_id = v.column2
        and webhook_deliveries.status = 'pending' and webhook_deliveries.next_attempt_at > 0
        and webhook_deliveries.url = v.column3",
    &[Text, Text, Text],
);
/// Not where it is another endpoint meanwhile. A pause is not written over what was asked for since: that waits for none.
static STAND_ENDPOINTS: Rows = Rows::new(
    "STAND_ENDPOINTS",
    1,
    Tells::Nothing,
    "update webhook_endpoints
    set failing_since = v.column2, failures = v.column3, failed_at = v.column4,
        paused_until = case when webhook_endpoints.revision = v.column6 then v.column5 else webhook_endpoints.paused_until end
    from {rows} as v
    where {by_key: webhook_endpoints.id} and webhook_endpoints.generation = v.column7",
    &[Text, Int, Int, Int, Int, Int, Int],
);
/// Changes nothing where another node has taken over.
static RENEW: Rows = Rows::new(
    "RENEW",
    1,
    Tells::Changes,
    "update webhook_dispatcher
    set lease_until = v.column3, last_position = v.column4
    from {rows} as v
    where webhook_dispatcher.node_id = v.column1 and webhook_dispatcher.epoch = v.column2",
    &[Text, Int, Int, Int],
);

/// What is told anew.
static FAN_OUT: Batch = Batch::new("FAN_OUT", &[&RENEW, &PLACE_EVENTS, &INSERT_DELIVERIES]);
/// How attempts ended.
static SETTLE: Batch = Batch::new("SETTLE", &[&SETTLE_DELIVERIES, &INSERT_ATTEMPTS]);
/// What few ends of attempts have.
static BESIDE: Batch = Batch::planned_each_time("SETTLE_BESIDE", &[&PUSH_BACK, &END_GONE, &STAND_ENDPOINTS]);

/// The batches of the dispatcher.
pub(crate) static BATCHES: [&Batch; 3] = [&FAN_OUT, &SETTLE, &BESIDE];

/// A delivery to be made.
pub(in crate::webhooks) struct NewDelivery {
    pub(in crate::webhooks) id: DeliveryId,
    pub(in crate::webhooks) endpoint: WebhookEndpointId,
    pub(in crate::webhooks) url: Option<String>,
}

/// How a delivery stands after an attempt.
pub(in crate::webhooks) struct Settled {
    pub(in crate::webhooks) id: DeliveryId,
    pub(in crate::webhooks) status: &'static str,
    pub(in crate::webhooks) tries: i64,
    pub(in crate::webhooks) attempts: i64,
    pub(in crate::webhooks) next_attempt_at: i64,
    pub(in crate::webhooks) last: AttemptRow,
}

/// A line of the log of attempts.
#[derive(Clone)]
pub(in crate::webhooks) struct AttemptRow {
    pub(in crate::webhooks) delivery_id: DeliveryId,
    pub(in crate::webhooks) number: i64,
    pub(in crate::webhooks) started_at: i64,
    pub(in crate::webhooks) duration_ms: i64,
    pub(in crate::webhooks) status: Option<i64>,
    pub(in crate::webhooks) error: Option<String>,
    pub(in crate::webhooks) answer: Option<String>,
    pub(in crate::webhooks) secret: String,
    pub(in crate::webhooks) signature: Option<String>,
    pub(in crate::webhooks) answer_headers: Option<String>,
}

/// Endpoints that something waits for.
pub(in crate::webhooks) async fn with_pending(conn: &mut AnyConnection) -> Result<Vec<WebhookEndpointId>, sqlx::Error> {
    let rows = sqlx::query(WITH_PENDING).fetch_all(conn).await?;
    rows.iter().map(|row| row::parsed(row, "endpoint_id")).collect()
}

/// What is due for an endpoint that is known as of `revision`, in order, and whether that is all. Nothing of one that has
/// changed since, which is read anew first: what waits since then would be signed with a secret that is gone.
pub(in crate::webhooks) async fn list_due(
    conn: &mut AnyConnection,
    (endpoint, revision): (WebhookEndpointId, i64),
    now_us: i64,
    most: usize,
) -> Result<(Vec<Due>, bool), sqlx::Error> {
    let query = sqlx::query(LIST_DUE).bind(endpoint.to_string()).bind(now_us);
    let rows = query.bind(i64::try_from(most).unwrap_or(i64::MAX)).bind(revision).fetch_all(conn).await?;
    Ok((all_due(&rows, endpoint), rows.len() < most))
}

/// As [`list_due`], of what somebody asked for.
pub(in crate::webhooks) async fn list_asked(
    conn: &mut AnyConnection,
    (endpoint, revision): (WebhookEndpointId, i64),
    most: usize,
) -> Result<(Vec<Due>, bool), sqlx::Error> {
    let query = sqlx::query(LIST_ASKED).bind(endpoint.to_string());
    let rows = query.bind(i64::try_from(most).unwrap_or(i64::MAX)).bind(revision).fetch_all(conn).await?;
    Ok((all_due(&rows, endpoint), rows.len() < most))
}

/// What can't be read stays where it is, and holds up nobody.
fn all_due(rows: &[AnyRow], endpoint: WebhookEndpointId) -> Vec<Due> {
    let read = |row: &AnyRow| {
        let read = due(row, endpoint);
        read.inspect_err(|error| tracing::error!(%endpoint, error = %Causes(error), "a delivery can't be read")).ok()
    };
    rows.iter().filter_map(read).collect()
}

fn due(row: &AnyRow, endpoint: WebhookEndpointId) -> Result<Due, sqlx::Error> {
    let url: Option<String> = row.try_get("url")?;
    Ok(Due {
        id: row::parsed(row, "delivery_id")?,
        endpoint,
        call: row::parsed_opt(row, "call_id")?,
        tries: row.try_get("tries")?,
        attempts: row.try_get("attempts")?,
        due_us: row.try_get("next_attempt_at")?,
        is_asked: row::flag(row, "is_asked")?,
        url: url.map(Arc::from),
        event: told(&event(row)?),
    })
}

/// The event as it is sent.
pub(in crate::webhooks) fn told(event: &StoredEvent) -> Arc<Told> {
    Arc::new(Told { id: event.id, kind: event.kind.clone(), version: event.version, body: body::body(event).into() })
}

/// When the next of an endpoint's is due that is not due yet.
pub(in crate::webhooks) async fn next_due_us(
    conn: &mut AnyConnection,
    endpoint: WebhookEndpointId,
    now_us: i64,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(NEXT_DUE).bind(endpoint.to_string()).bind(now_us).fetch_one(conn).await
}

/// Events that wait to be told, at most so many, and when the oldest happened.
pub(in crate::webhooks) async fn outbox(
    conn: &mut AnyConnection,
    most: i64,
) -> Result<(i64, Option<i64>), sqlx::Error> {
    let row = sqlx::query(OUTBOX).bind(most).fetch_one(conn).await?;
    Ok((row.try_get("waiting")?, row.try_get("oldest")?))
}

/// Deliveries that are not settled, at most so many.
pub(in crate::webhooks) async fn count_pending(conn: &mut AnyConnection, most: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(COUNT_PENDING).bind(most).fetch_one(conn).await
}

/// Gives up what waits for an endpoint that is off, at most so many; how many.
pub(in crate::webhooks) async fn close_pending(
    tx: &mut AnyConnection,
    endpoint: WebhookEndpointId,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(CLOSE_PENDING).bind(endpoint.to_string()).bind(limit).execute(tx).await?;
    Ok(done.rows_affected())
}

/// Keeps the lease and writes what is told anew. False where another node has taken over, and nothing may be committed.
pub(in crate::webhooks) async fn fan_out(
    tx: &mut AnyConnection,
    dialect: crate::db::Dialect,
    (node_id, epoch, until_us, last_position): (&str, i64, i64, i64),
    placed: &[(Unplaced, i64, Vec<NewDelivery>)],
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let renew = RENEW.with([Cell::from(node_id), epoch.into(), until_us.into(), last_position.into()]);
    let places = placed.iter().flat_map(|(one, position, _)| [one.event.id.to_string().into(), (*position).into()]);
    let deliveries = placed.iter().flat_map(|(one, _, all)| all.iter().map(move |delivery| (one, delivery)));
    let deliveries = deliveries.flat_map(|(one, delivery)| {
        [
            Cell::from(delivery.id.to_string()),
            one.event.workspace_id.to_string().into(),
            delivery.endpoint.to_string().into(),
            one.event.id.to_string().into(),
            one.event.kind.as_str().into(),
            one.call_id.clone().into(),
            delivery.url.clone().into(),
            one.event.sequence.into(),
            now_us.into(),
        ]
    });
    let filled = vec![renew, PLACE_EVENTS.with(places), INSERT_DELIVERIES.with(deliveries)];
    let told: Answer = FAN_OUT.run(tx, dialect, filled).await?;
    Ok(told.changes(&RENEW) == 1)
}

/// Writes how attempts ended.
pub(in crate::webhooks) async fn settle(
    tx: &mut AnyConnection,
    dialect: crate::db::Dialect,
    settled: &[Settled],
    attempts: impl Iterator<Item = AttemptRow>,
) -> Result<(), sqlx::Error> {
    let deliveries = settled.iter().flat_map(|one| {
        let last = &one.last;
        let delivered_at = (one.status == "delivered").then(|| last.started_at + last.duration_ms * 1_000);
        [
            Cell::from(one.id.to_string()),
            one.status.into(),
            one.tries.into(),
            one.attempts.into(),
            one.next_attempt_at.into(),
            last.started_at.into(),
            last.status.into(),
            last.error.clone().into(),
            last.duration_ms.into(),
            delivered_at.into(),
        ]
    });
    let attempts = attempts.flat_map(|one| {
        [
            Cell::from(one.delivery_id.to_string()),
            one.number.into(),
            one.started_at.into(),
            one.duration_ms.into(),
            one.status.into(),
            one.error.into(),
            one.answer.into(),
            one.secret.into(),
            one.signature.into(),
            one.answer_headers.into(),
        ]
    });
    let filled = vec![SETTLE_DELIVERIES.with(deliveries), INSERT_ATTEMPTS.with(attempts)];
    SETTLE.run(tx, dialect, filled).await.map(drop)
}

/// Writes what few ends have: calls whose others wait until a moment, or end with it, and how endpoints stand.
pub(in crate::webhooks) async fn settle_beside(
    tx: &mut AnyConnection,
    dialect: crate::db::Dialect,
    (pushed, gone): (Vec<Cell>, Vec<Cell>),
    standing: Vec<Cell>,
) -> Result<(), sqlx::Error> {
    let filled: Vec<Filled> = vec![PUSH_BACK.with(pushed), END_GONE.with(gone), STAND_ENDPOINTS.with(standing)];
    BESIDE.run(tx, dialect, filled).await.map(drop)
}
