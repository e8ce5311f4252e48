//! SQL of what an endpoint was never told.

use sautikit_api::ids::{DeliveryId, NumberId, WebhookEndpointId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::batch::Batch;
use crate::db::rows::{Cell, Column, Rows, Tells};
use crate::db::{Dialect, statements};
use crate::webhooks::missed::Missed;

use Column::{Int, Text};

statements! {
    /// Of these kinds, each with a comma before and behind it.
    LIST_MISSED = "
        select e.id, e.kind, e.sequence, e.call_id, e.position, c.events_url
        from events e
        left join calls c on c.id = e.call_id
        where e.workspace_id = $1 and e.position > $2 and e.created_at >= $3 and e.created_at < $4
            and $5 like '%,' || e.kind || ',%' and ($6 = '' or e.number_id = $6)
            and not exists (select 1 from webhook_deliveries d where d.event_id = e.id and d.endpoint_id = $7)
        order by e.position
        limit $8";
}

/// Not where somebody else has made it meanwhile.
static INSERT_MISSED: Rows = Rows::new(
    "INSERT_MISSED",
    4,
    Tells::Changes,
    "insert into webhook_deliveries (id, workspace_id, endpoint_id, event_id, event_kind, call_id, url, sequence,
        created_at, status, tries, attempts, next_attempt_at)
    select {columns}, 'pending', 0, 0, v.column9
    from {rows} as v
    where v.column1 is not null
        and not exists (
            select 1 from webhook_deliveries d where d.event_id = v.column4 and d.endpoint_id = v.column3
        )",
    &[Text, Text, Text, Text, Text, Text, Text, Int, Int],
);

/// Deliveries of what an endpoint was never told.
pub(in crate::webhooks) static MISSED: Batch = Batch::new("MISSED", &[&INSERT_MISSED]);

/// Which events are asked for.
pub(in crate::webhooks) struct Asked<'a> {
    pub(in crate::webhooks) workspace: WorkspaceId,
    pub(in crate::webhooks) endpoint: WebhookEndpointId,
    /// Of the calls of this one only.
    pub(in crate::webhooks) number: Option<NumberId>,
    /// Microseconds UTC.
    pub(in crate::webhooks) span: (i64, i64),
    pub(in crate::webhooks) kinds: &'a [&'a str],
}

/// Those after a place that the endpoint has no delivery of, in order, with their places.
pub(in crate::webhooks) async fn list(
    conn: &mut AnyConnection,
    asked: &Asked<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Missed)>, sqlx::Error> {
    let number = asked.number.map(|number| number.to_string()).unwrap_or_default();
    let query = sqlx::query(LIST_MISSED).bind(asked.workspace.to_string()).bind(after);
    let query = query.bind(asked.span.0).bind(asked.span.1).bind(format!(",{},", asked.kinds.join(","))).bind(number);
    let rows = query.bind(asked.endpoint.to_string()).bind(limit).fetch_all(conn).await?;
    let missed = |row: &AnyRow| {
        let missed = Missed {
            event: row.try_get("id")?,
            kind: row.try_get("kind")?,
            sequence: row.try_get("sequence")?,
            call: row.try_get("call_id")?,
            url: row.try_get("events_url")?,
        };
        Ok((row.try_get("position")?, missed))
    };
    rows.iter().map(missed).collect()
}

/// Makes deliveries of them, due now; how many.
pub(in crate::webhooks) async fn insert(
    tx: &mut AnyConnection,
    dialect: Dialect,
    (workspace, endpoint): (WorkspaceId, WebhookEndpointId),
    missed: impl Iterator<Item = (DeliveryId, &Missed)>,
    now_us: i64,
) -> Result<u64, sqlx::Error> {
    let cells = missed.flat_map(|(id, one)| {
        [
            Cell::from(id.to_string()),
            workspace.to_string().into(),
            endpoint.to_string().into(),
            one.event.as_str().into(),
            one.kind.as_str().into(),
            one.call.clone().into(),
            one.url.clone().into(),
            one.sequence.into(),
            now_us.into(),
        ]
    });
    let told = MISSED.run(tx, dialect, vec![INSERT_MISSED.with(cells)]).await?;
    Ok(told.changes(&INSERT_MISSED))
}
