//! SQL of deliveries as people see them.

use sautikit_api::ids::{DeliveryId, WebhookEndpointId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::dispatch::AttemptRow;
use crate::db::statements;
use crate::row;
use crate::webhooks::body::StoredEvent;
use crate::webhooks::deliveries::{Delivery, Filter, Of, RETRYABLE, STATUSES};
use crate::webhooks::endpoints::health::Sample;

/// Those of an endpoint that have one status and can be sent again, of a span and a kind, the oldest first.
macro_rules! retryable {
    () => {
        "
            select id
            from webhook_deliveries
            where endpoint_id = $1 and status = $5 and created_at >= $2 and created_at < $3
                and ($4 = '' or event_kind = $4)
                and exists (select 1 from events e where e.id = webhook_deliveries.event_id)
            order by created_at, id
            limit $6
        "
    };
}

/// A page of the deliveries of a workspace or an endpoint that have one status.
macro_rules! list_of {
    ($owner:literal) => {
        concat!(
            "
        select d.*, coalesce(d.url, e.url) as whole_url
        from (
            select *
            from webhook_deliveries
            where ",
            $owner,
            " and status = $4 and (created_at, id) < ($2, $3) and created_at >= $7 and ($5 = '' or event_kind = $5)
            order by created_at desc, id desc
            limit $6
        ) d
        join webhook_endpoints e on e.workspace_id = d.workspace_id and e.id = d.endpoint_id
        order by d.created_at desc, d.id desc"
        )
    };
}

/// The newest of an endpoint that have one status.
macro_rules! newest {
    ($status:literal) => {
        concat!(
            "
        select * from (
            select status, last_duration_ms, last_attempt_at, created_at
            from webhook_deliveries
            where endpoint_id = $1 and status = '",
            $status,
            "'
            order by created_at desc, id desc
            limit $2
        ) ",
            $status,
            "_ones"
        )
    };
}

/// So many of the newest of a status are looked at to see whether anything has changed.
const MARKED: i64 = 10;

/// How the newest of a workspace stand that have one status.
macro_rules! marks {
    ($status:literal) => {
        concat!(
            "
        select * from (
            select id, status, attempts
            from webhook_deliveries
            where workspace_id = $1 and status = '",
            $status,
            "'
            order by created_at desc, id desc
            limit $2
        ) ",
            $status,
            "_ones"
        )
    };
}

statements! {
    /// By the index of each status.
    LIST_MARKS = concat!(
        marks!("pending"),
        " union all ",
        marks!("delivered"),
        " union all ",
        marks!("failed"),
        " union all ",
        marks!("exhausted")
    );
    INSERT_DELIVERY = "
        insert into webhook_deliveries (id, workspace_id, endpoint_id, event_id, event_kind, sequence, status, tries,
            attempts, next_attempt_at, created_at, is_asked)
        values ($1, $2, $3, $4, $5, $6, 'pending', 0, 0, $7, $7, 1)";
    FIND_DELIVERY = "
        select d.*, coalesce(d.url, e.url) as whole_url
        from webhook_deliveries d
        join webhook_endpoints e on e.workspace_id = d.workspace_id and e.id = d.endpoint_id
        where d.workspace_id = $1 and d.id = $2";
    /// Of one status, so that the index gives them in their order.
    LIST_OF_WORKSPACE = list_of!("workspace_id = $1");
    LIST_OF_ENDPOINT = list_of!("endpoint_id = $1");
    /// Of one event; what there is of an event is little.
    LIST_OF_EVENT = list_of!("workspace_id = $1 and event_id = $8 and ($9 = '' or endpoint_id = $9)");
    LIST_OF_CALL = list_of!(
        "workspace_id = $1 and event_id in (select id from events where call_id = $8) and ($9 = '' or endpoint_id = $9)"
    );
    LIST_ATTEMPTS = "
        select *
        from webhook_attempts
        where delivery_id = $1
        order by number";
    /// The newest of each status, so that the index gives them. Most that wait in a long queue were not tried yet.
    SAMPLES = concat!(
        "
        select status, last_duration_ms
        from (",
        newest!("pending"),
        " union all ",
        newest!("delivered"),
        " union all ",
        newest!("failed"),
        " union all ",
        newest!("exhausted"),
        ") newest
        where last_attempt_at is not null
        order by created_at desc
        limit $2"
    );
    REQUEUE = "
        update webhook_deliveries
        set status = 'pending', tries = 0, next_attempt_at = $3, is_asked = 1
        where workspace_id = $1 and id = $2 and status in ('failed', 'exhausted')
            and exists (select 1 from events e where e.id = webhook_deliveries.event_id)";
    /// Of one status, the oldest first. One that comes after others of its call that wait is due with the last of them.
    REQUEUE_ALL = concat!(
        "
        update webhook_deliveries
        set status = 'pending', tries = 0, next_attempt_at = coalesce((
                select max(p.next_attempt_at)
                from webhook_deliveries p
                where p.endpoint_id = webhook_deliveries.endpoint_id and p.call_id = webhook_deliveries.call_id
                    and p.status = 'pending' and p.sequence < webhook_deliveries.sequence and p.next_attempt_at > $7
            ), $7)
        where id in (",
        retryable!(),
        ")"
    );
    /// Whether there is one of that status.
    HAS_RETRYABLE = concat!(
        "
        select count(*)
        from (",
        retryable!(),
        ") first_one"
    );
    DELETE_ATTEMPTS = "
        delete from webhook_attempts
        where delivery_id in (
            select id from webhook_deliveries where id < $1 and status <> 'pending' order by id limit $2
        )";
    DELETE_DELIVERIES = "
        delete from webhook_deliveries
        where id in (select id from webhook_deliveries where id < $1 and status <> 'pending' order by id limit $2)";
}

fn delivery(row: &AnyRow) -> Result<Delivery, sqlx::Error> {
    Ok(Delivery {
        id: row::parsed(row, "id")?,
        endpoint_id: row::parsed(row, "endpoint_id")?,
        event_id: row::parsed(row, "event_id")?,
        event_kind: row.try_get("event_kind")?,
        url: row.try_get("whole_url")?,
        status: row.try_get("status")?,
        attempts: row.try_get("attempts")?,
        next_attempt_at: row.try_get("next_attempt_at")?,
        last_attempt_at: row.try_get("last_attempt_at")?,
        last_status: row.try_get("last_status")?,
        last_error: row.try_get("last_error")?,
        last_duration_ms: row.try_get("last_duration_ms")?,
        delivered_at: row.try_get("delivered_at")?,
        created_at: row.try_get("created_at")?,
    })
}

/// Writes a delivery of a test event.
pub(in crate::webhooks) async fn insert(
    tx: &mut AnyConnection,
    id: DeliveryId,
    endpoint: WebhookEndpointId,
    event: &StoredEvent,
) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_DELIVERY)
        .bind(id.to_string())
        .bind(event.workspace_id.to_string())
        .bind(endpoint.to_string())
        .bind(event.id.to_string())
        .bind(event.kind.clone())
        .bind(event.sequence)
        .bind(event.created_at)
        .execute(tx)
        .await
        .map(drop)
}

pub(in crate::webhooks) async fn find(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<Option<Delivery>, sqlx::Error> {
    let query = sqlx::query(FIND_DELIVERY).bind(workspace.to_string()).bind(id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(delivery).transpose()
}

pub(in crate::webhooks) async fn list(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    filter: &Filter,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Delivery>, sqlx::Error> {
    let endpoint = filter.endpoint.map(|id| id.to_string()).unwrap_or_default();
    let (text, of, told) = match (filter.of, filter.endpoint) {
        (Some(Of::Event(id)), _) => (LIST_OF_EVENT, workspace.to_string(), Some(id.to_string())),
        (Some(Of::Call(id)), _) => (LIST_OF_CALL, workspace.to_string(), Some(id.to_string())),
        (None, Some(endpoint)) => (LIST_OF_ENDPOINT, endpoint.to_string(), None),
        (None, None) => (LIST_OF_WORKSPACE, workspace.to_string(), None),
    };
    let mut found: Vec<Delivery> = Vec::new();
    for status in STATUSES.iter().filter(|status| filter.status.is_empty() || filter.status == **status) {
        let query = sqlx::query(text).bind(of.clone()).bind(before.0).bind(before.1.to_owned());
        let mut query = query.bind(*status).bind(filter.kind.clone()).bind(limit).bind(filter.from_us);
        if let Some(told) = &told {
            query = query.bind(told.clone()).bind(endpoint.clone());
        }
        for row in query.fetch_all(&mut *conn).await? {
            found.push(delivery(&row)?);
        }
    }
    found.sort_unstable_by_key(|one| std::cmp::Reverse((one.created_at, one.id.0)));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// The oldest first.
pub(in crate::webhooks) async fn list_attempts(
    conn: &mut AnyConnection,
    id: DeliveryId,
) -> Result<Vec<AttemptRow>, sqlx::Error> {
    let rows = sqlx::query(LIST_ATTEMPTS).bind(id.to_string()).fetch_all(conn).await?;
    let attempt = |row: &AnyRow| {
        Ok(AttemptRow {
            delivery_id: id,
            number: row.try_get("number")?,
            started_at: row.try_get("started_at")?,
            duration_ms: row.try_get("duration_ms")?,
            status: row.try_get("status")?,
            error: row.try_get("error")?,
            answer: row.try_get("answer")?,
            secret: row.try_get("secret")?,
            signature: row.try_get("signature")?,
            answer_headers: row.try_get("answer_headers")?,
        })
    };
    rows.iter().map(attempt).collect()
}

/// The last attempts of an endpoint's newest deliveries.
pub(in crate::webhooks) async fn samples(
    conn: &mut AnyConnection,
    endpoint: WebhookEndpointId,
    limit: i64,
) -> Result<Vec<Sample>, sqlx::Error> {
    let rows = sqlx::query(SAMPLES).bind(endpoint.to_string()).bind(limit).fetch_all(conn).await?;
    let sample = |row: &AnyRow| {
        let status: String = row.try_get("status")?;
        Ok(Sample { is_delivered: status == "delivered", duration_ms: row.try_get("last_duration_ms")? })
    };
    rows.iter().map(sample).collect()
}

/// False where it is pending or was delivered.
pub(in crate::webhooks) async fn requeue(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    id: DeliveryId,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(REQUEUE).bind(workspace.to_string()).bind(id.to_string()).bind(now_us);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// Those of the span that did not arrive, at most so many; how many.
pub(in crate::webhooks) async fn requeue_all(
    tx: &mut AnyConnection,
    endpoint: WebhookEndpointId,
    (from_us, to_us): (i64, i64),
    kind: &str,
    now_us: i64,
    most: i64,
) -> Result<u64, sqlx::Error> {
    let mut requeued = 0;
    for status in RETRYABLE {
        let left = most.saturating_sub(i64::try_from(requeued).unwrap_or(i64::MAX));
        let query = sqlx::query(REQUEUE_ALL).bind(endpoint.to_string()).bind(from_us).bind(to_us);
        let query = query.bind(kind.to_owned()).bind(status).bind(left).bind(now_us);
        requeued += query.execute(&mut *tx).await?.rows_affected();
    }
    Ok(requeued)
}

/// Whether one of the span did not arrive and can be sent again.
pub(in crate::webhooks) async fn has_retryable(
    conn: &mut AnyConnection,
    endpoint: WebhookEndpointId,
    (from_us, to_us): (i64, i64),
    kind: &str,
) -> Result<bool, sqlx::Error> {
    for status in RETRYABLE {
        let query = sqlx::query_scalar(HAS_RETRYABLE).bind(endpoint.to_string()).bind(from_us).bind(to_us);
        let count: i64 = query.bind(kind.to_owned()).bind(status).bind(1_i64).fetch_one(&mut *conn).await?;
        if count > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Deletes deliveries whose id is less and that wait for nothing, with their attempts, at most so many; how many.
pub(in crate::webhooks) async fn delete_before(
    tx: &mut AnyConnection,
    id: &str,
    most: i64,
) -> Result<u64, sqlx::Error> {
    sqlx::query(DELETE_ATTEMPTS).bind(id.to_owned()).bind(most).execute(&mut *tx).await?;
    let done = sqlx::query(DELETE_DELIVERIES).bind(id.to_owned()).bind(most).execute(tx).await?;
    Ok(done.rows_affected())
}

/// Another text whenever one of the workspace's newest deliveries of a status stands otherwise, or there is another.
pub(crate) async fn mark(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<String, sqlx::Error> {
    let query = sqlx::query_as(LIST_MARKS).bind(workspace.to_string()).bind(MARKED);
    let newest: Vec<(String, String, i64)> = query.fetch_all(conn).await?;
    Ok(newest.iter().map(|(id, status, attempts)| format!("{id} {status} {attempts} ")).collect())
}
