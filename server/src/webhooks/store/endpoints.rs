//! SQL of endpoints.

use sautikit_api::ids::{NumberId, WebhookEndpointId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::db::{Causes, statements};
use crate::row;
use crate::webhooks::endpoints::{Endpoint, Status};
use crate::webhooks::signing::Sealed;

statements! {
    INSERT_ENDPOINT = "
        insert into webhook_endpoints (id, workspace_id, number_id, url, description, events, status, rate_per_second,
            secret, created_at, changed_at, revision)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, (select last_revision from webhook_changes))";
    /// Not where the number is none of the workspace's, or its origin has one.
    INSERT_OF_NUMBER = "
        insert into webhook_endpoints (id, workspace_id, number_id, url, description, events, status, created_at,
            changed_at, revision)
        select $1, n.workspace_id, n.id, $4, '', $5, 'enabled', $6, $6, (select last_revision from webhook_changes)
        from tenant_numbers n
        where n.workspace_id = $2 and n.id = $3
        on conflict do nothing";
    NEXT_REVISION = "
        update webhook_changes
        set last_revision = last_revision + 1
        where id = 1";
    FIND_ENDPOINT = "
        select *
        from webhook_endpoints
        where workspace_id = $1 and id = $2 and status <> 'deleted'";
    /// Takes the row's lock on both engines: who reads it to write it comes after this.
    LOCK_ENDPOINT = "
        update webhook_endpoints
        set changed_at = changed_at
        where workspace_id = $1 and id = $2";
    LIST_ENDPOINTS = "
        select *
        from webhook_endpoints
        where workspace_id = $1 and status <> 'deleted' and (created_at, id) < ($2, $3)
        order by created_at desc, id desc
        limit $4";
    COUNT_ENDPOINTS = "
        select count(*)
        from webhook_endpoints
        where workspace_id = $1 and status <> 'deleted' and number_id is null";
    UPDATE_ENDPOINT = "
        update webhook_endpoints
        set url = $3, description = $4, events = $5, status = $6, disabled_reason = $7, rate_per_second = $8,
            secret = $9, former_secret = $10, former_until = $11, rotated_at = $12, failing_since = $13,
            failures = $14, paused_until = $15, changed_at = $16, failed_at = $17, generation = $18,
            revision = (select last_revision from webhook_changes)
        where workspace_id = $1 and id = $2";
    /// What is asked for by hand waits for no pause.
    TOUCH_ENDPOINT = "
        update webhook_endpoints
        set paused_until = null, changed_at = $3, revision = (select last_revision from webhook_changes)
        where workspace_id = $1 and id = $2";
    TOUCH_ENDPOINTS = "
        update webhook_endpoints
        set changed_at = $3, revision = (select last_revision from webhook_changes)
        where workspace_id = $1 and ($2 = '' or number_id = $2) and status <> 'deleted'";
    /// With the secrets of the number or the workspace that may have to sign.
    LIST_ALL = "
        select e.*, n.voice_signing_secret as number_secret,
            n.former_signing_secret as number_former, n.former_secret_until as number_former_until, w.secret as workspace_secret,
            w.former_secret as workspace_former, w.former_until as workspace_former_until
        from webhook_endpoints e
        left join tenant_numbers n on n.workspace_id = e.workspace_id and n.id = e.number_id
        left join workspace_signing_secrets w on w.workspace_id = e.workspace_id
        where e.revision > $1
        order by e.revision, e.id";
    /// Nothing was sent there for as long as deliveries are kept. Those that somebody switched off stay off, and what somebody
    /// gave one stays with it: a secret that receivers know is not to be had again.
    FORGET_IDLE = "
        update webhook_endpoints
        set status = 'deleted', changed_at = $2, revision = (select last_revision from webhook_changes)
        where id in (
            select e.id
            from webhook_endpoints e
            where e.number_id is not null and e.status <> 'deleted' and e.created_at < $1
                and coalesce(e.disabled_reason, '') <> 'by_hand'
                and e.secret is null and e.rate_per_second is null and e.description = ''
                and not exists (select 1 from webhook_deliveries d where d.endpoint_id = e.id)
            limit $3
        )
        returning id";
    DELETE_FORGOTTEN = "
        delete from webhook_endpoints
        where id in (
            select e.id
            from webhook_endpoints e
            where e.status = 'deleted' and e.changed_at < $1
                and not exists (select 1 from webhook_deliveries d where d.endpoint_id = e.id)
            limit $2
        )";
    FIND_FULL = "
        select e.*, n.voice_signing_secret as number_secret,
            n.former_signing_secret as number_former, n.former_secret_until as number_former_until, w.secret as workspace_secret,
            w.former_secret as workspace_former, w.former_until as workspace_former_until
        from webhook_endpoints e
        left join tenant_numbers n on n.workspace_id = e.workspace_id and n.id = e.number_id
        left join workspace_signing_secrets w on w.workspace_id = e.workspace_id
        where e.workspace_id = $1 and e.id = $2";
}

/// An endpoint with everything that may sign for it.
pub(in crate::webhooks) struct Full {
    pub(in crate::webhooks) endpoint: Endpoint,
    pub(in crate::webhooks) of_number: Sealed,
    pub(in crate::webhooks) of_workspace: Sealed,
}

fn endpoint(row: &AnyRow) -> Result<Endpoint, sqlx::Error> {
    let events: String = row.try_get("events")?;
    Ok(Endpoint {
        id: row::parsed(row, "id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        number_id: row::parsed_opt(row, "number_id")?,
        url: row.try_get("url")?,
        description: row.try_get("description")?,
        events: serde_json::from_str(&events).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
        status: row::known(row, "status", Status::parse)?,
        disabled_reason: row.try_get("disabled_reason")?,
        rate_per_second: row.try_get("rate_per_second")?,
        sealed: Sealed {
            secret: row.try_get("secret")?,
            former: row.try_get("former_secret")?,
            former_until: row.try_get("former_until")?,
        },
        rotated_at: row.try_get("rotated_at")?,
        failing_since: row.try_get("failing_since")?,
        failures: row.try_get("failures")?,
        failed_at: row.try_get("failed_at")?,
        paused_until: row.try_get("paused_until")?,
        created_at: row.try_get("created_at")?,
        changed_at: row.try_get("changed_at")?,
        revision: row.try_get("revision")?,
        generation: row.try_get("generation")?,
    })
}

fn full(row: &AnyRow) -> Result<Full, sqlx::Error> {
    Ok(Full {
        endpoint: endpoint(row)?,
        of_number: Sealed {
            secret: row.try_get("number_secret")?,
            former: row.try_get("number_former")?,
            former_until: row.try_get("number_former_until")?,
        },
        of_workspace: Sealed {
            secret: row.try_get("workspace_secret")?,
            former: row.try_get("workspace_former")?,
            former_until: row.try_get("workspace_former_until")?,
        },
    })
}

fn events_of(endpoint: &Endpoint) -> String {
    serde_json::json!(endpoint.events).to_string()
}

/// Takes the number of a change. The first lock of every transaction that changes endpoints, so that no two wait for each
/// other; others that change some wait until it ends.
pub(in crate::webhooks) async fn begin_change(tx: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query(NEXT_REVISION).execute(tx).await.map(drop)
}

/// After [`begin_change`].
pub(in crate::webhooks) async fn insert(tx: &mut AnyConnection, endpoint: &Endpoint) -> Result<(), sqlx::Error> {
    let number: Option<NumberId> = endpoint.number_id;
    sqlx::query(INSERT_ENDPOINT)
        .bind(endpoint.id.to_string())
        .bind(endpoint.workspace_id.to_string())
        .bind(number.map(|number| number.to_string()))
        .bind(endpoint.url.clone())
        .bind(endpoint.description.clone())
        .bind(events_of(endpoint))
        .bind(endpoint.status.as_str())
        .bind(endpoint.rate_per_second)
        .bind(endpoint.sealed.secret.clone())
        .bind(endpoint.created_at)
        .execute(tx)
        .await
        .map(drop)
}

/// Makes that of a number's origin, after [`begin_change`]; false where there can be none.
pub(in crate::webhooks) async fn insert_of_number(
    tx: &mut AnyConnection,
    endpoint: &Endpoint,
    number: NumberId,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(INSERT_OF_NUMBER).bind(endpoint.id.to_string()).bind(endpoint.workspace_id.to_string());
    let query = query.bind(number.to_string()).bind(endpoint.url.clone()).bind(events_of(endpoint));
    Ok(query.bind(endpoint.created_at).execute(tx).await?.rows_affected() == 1)
}

pub(in crate::webhooks) async fn find(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: WebhookEndpointId,
) -> Result<Option<Endpoint>, sqlx::Error> {
    let query = sqlx::query(FIND_ENDPOINT).bind(workspace.to_string()).bind(id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(endpoint).transpose()
}

/// Begins a change, and keeps others who write the endpoint waiting until the transaction ends.
pub(in crate::webhooks) async fn lock(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    id: WebhookEndpointId,
) -> Result<(), sqlx::Error> {
    begin_change(tx).await?;
    sqlx::query(LOCK_ENDPOINT).bind(workspace.to_string()).bind(id.to_string()).execute(tx).await.map(drop)
}

/// With what signs for it.
pub(in crate::webhooks) async fn find_full(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: WebhookEndpointId,
) -> Result<Option<Full>, sqlx::Error> {
    let query = sqlx::query(FIND_FULL).bind(workspace.to_string()).bind(id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(full).transpose()
}

pub(in crate::webhooks) async fn list(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Endpoint>, sqlx::Error> {
    let query = sqlx::query(LIST_ENDPOINTS).bind(workspace.to_string()).bind(before.0).bind(before.1.to_owned());
    query.bind(limit).fetch_all(conn).await?.iter().map(endpoint).collect()
}

/// How many the workspace has set up.
pub(in crate::webhooks) async fn count(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(COUNT_ENDPOINTS).bind(workspace.to_string()).fetch_one(conn).await
}

/// After [`begin_change`].
pub(in crate::webhooks) async fn update(tx: &mut AnyConnection, endpoint: &Endpoint) -> Result<(), sqlx::Error> {
    sqlx::query(UPDATE_ENDPOINT)
        .bind(endpoint.workspace_id.to_string())
        .bind(endpoint.id.to_string())
        .bind(endpoint.url.clone())
        .bind(endpoint.description.clone())
        .bind(events_of(endpoint))
        .bind(endpoint.status.as_str())
        .bind(endpoint.disabled_reason.clone())
        .bind(endpoint.rate_per_second)
        .bind(endpoint.sealed.secret.clone())
        .bind(endpoint.sealed.former.clone())
        .bind(endpoint.sealed.former_until)
        .bind(endpoint.rotated_at)
        .bind(endpoint.failing_since)
        .bind(endpoint.failures)
        .bind(endpoint.paused_until)
        .bind(endpoint.changed_at)
        .bind(endpoint.failed_at)
        .bind(endpoint.generation)
        .execute(tx)
        .await
        .map(drop)
}

/// Lets the dispatcher look for what waits for the endpoint.
pub(in crate::webhooks) async fn touch(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    id: WebhookEndpointId,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    begin_change(tx).await?;
    let query = sqlx::query(TOUCH_ENDPOINT).bind(workspace.to_string()).bind(id.to_string());
    query.bind(now_us).execute(tx).await.map(drop)
}

/// Lets the dispatcher read the workspace's endpoints anew, or those of one of its numbers.
pub(in crate::webhooks) async fn touch_all(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    number: Option<NumberId>,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    begin_change(tx).await?;
    let number = number.map(|number| number.to_string()).unwrap_or_default();
    let query = sqlx::query(TOUCH_ENDPOINTS).bind(workspace.to_string()).bind(number);
    query.bind(now_us).execute(tx).await.map(drop)
}

/// Endpoints of all workspaces that changed after that revision, deleted ones too, and the newest revision. One that can't be
/// read is left out: the others have nothing to do with it.
pub(in crate::webhooks) async fn list_changed(
    conn: &mut AnyConnection,
    after: i64,
) -> Result<(Vec<Full>, i64), sqlx::Error> {
    let rows = sqlx::query(LIST_ALL).bind(after).fetch_all(conn).await?;
    let newest = rows.last().map(|row| row.try_get("revision")).transpose()?.unwrap_or(after);
    let read = |row: &AnyRow| {
        let id = row.try_get::<String, _>("id").unwrap_or_default();
        full(row).inspect_err(|error| tracing::error!(%id, error = %Causes(error), "an endpoint can't be read")).ok()
    };
    Ok((rows.iter().filter_map(read).collect(), newest))
}

/// Takes endpoints of numbers away that were made before a moment and of which nothing that was sent is kept, at most so
/// many, after [`begin_change`]; which.
pub(in crate::webhooks) async fn forget_idle(
    tx: &mut AnyConnection,
    before_us: i64,
    now_us: i64,
    most: i64,
) -> Result<Vec<WebhookEndpointId>, sqlx::Error> {
    let rows = sqlx::query(FORGET_IDLE).bind(before_us).bind(now_us).bind(most).fetch_all(tx).await?;
    rows.iter().map(|row| row::parsed(row, "id")).collect()
}

/// Deletes the rows of endpoints that were deleted before a moment and of which nothing that was sent is kept; how many.
pub(in crate::webhooks) async fn delete_forgotten(
    tx: &mut AnyConnection,
    before_us: i64,
    most: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(DELETE_FORGOTTEN).bind(before_us).bind(most).execute(tx).await?;
    Ok(done.rows_affected())
}
