//! SQL of claimed numbers.

use sautikit_api::ids::{InventoryNumberId, LedgerEntryId, NumberId, WorkspaceId};
use sautikit_api::money::Currency;
use sautikit_api::numbers::Compat;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::inventory::{capabilities, rate};
use crate::db::statements;
use crate::numbers::TenantNumber;
use crate::numbers::owed::Held;
use crate::row;

statements! {
    INSERT_TENANT = "
        insert into tenant_numbers (id, number_id, workspace_id, e164, currency, monthly_price_minor, ledger_entry_id,
            period_start, period_end, created_at, inbound_per_min_e4, outbound_per_min_e4, billing_minimum_seconds,
            billing_increment_seconds)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8, $10, $11, $12, $13)";
    FIND_TENANT = "
        select t.*, n.country, n.capabilities
        from tenant_numbers t
        join numbers n on n.id = t.number_id
        where t.workspace_id = $1 and t.id = $2 and t.status <> 'released'";
    FIND_ACTIVE_BY_E164 = "
        select t.*, n.country, n.capabilities
        from tenant_numbers t
        join numbers n on n.id = t.number_id
        where t.e164 = $1 and t.status = 'active'";
    LIST_ACTIVE_E164 = "
        select e164
        from tenant_numbers
        where workspace_id = $1 and status = 'active'
        order by created_at, id";
    REVISION = "
        select revision
        from tenant_numbers_revision";
    LIST_ALL_ACTIVE_E164 = "
        select e164
        from tenant_numbers
        where status = 'active'
        limit $1";
    /// Workspaces with numbers whose calls come by a trunk.
    LIST_WORKSPACES_OF_TRUNK = "
        select distinct t.workspace_id
        from number_series s
        join numbers n on n.series_id = s.id
        join tenant_numbers t on t.number_id = n.id
        where s.trunk = $1 and t.status = 'active' and t.workspace_id > $2
        order by t.workspace_id
        limit $3";
    LIST_E164_OF_TRUNK = "
        select t.e164
        from tenant_numbers t
        join numbers n on n.id = t.number_id
        join number_series s on s.id = n.series_id
        where t.workspace_id = $1 and t.status = 'active' and s.trunk = $2
        order by t.e164
        limit $3";
    LIST_TENANTS = "
        select t.*, n.country, n.capabilities
        from tenant_numbers t
        join numbers n on n.id = t.number_id
        where t.workspace_id = $1 and t.status <> 'released'
            and (t.created_at, t.id) < ($2, $3)
        order by t.created_at desc, t.id desc
        limit $4";
    UPDATE_ROUTING = "
        update tenant_numbers
        set voice_callback_url = $2, events_url = $3, fallback_url = $4, ring_devices = $5, voice_signing_secret = $6,
            compat = $7, former_signing_secret = $8, former_secret_until = $9, shadow_url = $10
        where id = $1 and status <> 'released'";
    LIST_DUE = "
        select *
        from tenant_numbers
        where status <> 'released' and period_end <= $1 and (period_end, id) > ($2, $3)
        order by period_end, id
        limit $4";
    LIST_DUE_OF = "
        select *
        from tenant_numbers
        where workspace_id = $1 and status <> 'released' and period_end <= $2
        order by period_end, id";
    FIND_DUE = "
        select *
        from tenant_numbers
        where id = $1 and status <> 'released' and period_end <= $2";
    RENEW_TENANT = "
        update tenant_numbers
        set period_start = $2, period_end = $3, status = 'active', renewal_alerted_at = null
        where id = $1 and status <> 'released'";
    SUSPEND_TENANT = "
        update tenant_numbers
        set status = 'suspended'
        where id = $1 and status = 'active'";
    MARK_ALERTED = "
        update tenant_numbers
        set renewal_alerted_at = $2
        where id = $1";
    HAS_NUMBERS = "
        select count(*)
        from tenant_numbers
        where workspace_id = $1 and status <> 'released'";
    /// A number that the workspace held beyond what it had paid: not charged yet, or charged into a time that is not over.
    FIND_UNPAID = "
        select id, period_end, released_at, monthly_price_minor
        from tenant_numbers
        where number_id = $1 and workspace_id = $2 and status = 'released'
            and (settled_until > $3 or settled_until is null and released_at > period_end)
        order by released_at desc
        limit 1";
    SETTLE_UNPAID = "
        update tenant_numbers
        set period_end = $2, settled_until = $3
        where id = $1 and status = 'released'";
    RELEASE_TENANT = "
        update tenant_numbers
        set status = 'released', released_at = $2
        where id = $1 and status <> 'released'";
}

pub(crate) async fn list_active_e164(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(LIST_ACTIVE_E164).bind(workspace_id.to_string()).fetch_all(conn).await
}

/// How often it changed which numbers are active.
pub(crate) async fn revision(conn: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(REVISION).fetch_one(conn).await
}

/// The E.164 of active numbers of all workspaces, at most so many.
pub(crate) async fn list_all_active_e164(conn: &mut AnyConnection, limit: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(LIST_ALL_ACTIVE_E164).bind(limit).fetch_all(conn).await
}

/// Workspaces with active numbers of series whose calls come by `trunk`, in the order of their ids, those after `after`; at
/// most `limit`.
pub(crate) async fn list_workspaces_of_trunk(
    conn: &mut AnyConnection,
    trunk: &str,
    after: Option<WorkspaceId>,
    limit: i64,
) -> Result<Vec<WorkspaceId>, sqlx::Error> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let query = sqlx::query(LIST_WORKSPACES_OF_TRUNK).bind(trunk.to_owned()).bind(after).bind(limit);
    query.fetch_all(conn).await?.iter().map(|found| row::parsed(found, "workspace_id")).collect()
}

/// Those numbers of one workspace, at most `limit`.
pub(crate) async fn list_e164_of_trunk(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    trunk: &str,
    limit: i64,
) -> Result<Vec<String>, sqlx::Error> {
    let query = sqlx::query_scalar(LIST_E164_OF_TRUNK).bind(workspace_id.to_string()).bind(trunk.to_owned());
    query.bind(limit).fetch_all(conn).await
}

pub(crate) async fn insert(
    tx: &mut AnyConnection,
    number: &TenantNumber,
    entry_id: Option<LedgerEntryId>,
    period_start: i64,
    period_end: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_TENANT)
        .bind(number.id.to_string())
        .bind(number.inventory_id.to_string())
        .bind(number.workspace_id.to_string())
        .bind(number.e164.clone())
        .bind(number.currency.code())
        .bind(number.monthly_price_minor)
        .bind(entry_id.map(|id| id.to_string()))
        .bind(period_start)
        .bind(period_end)
        .bind(number.inbound_rate.per_minute_e4)
        .bind(number.outbound_rate.per_minute_e4)
        .bind(number.outbound_rate.minimum_seconds)
        .bind(number.outbound_rate.increment_seconds)
        .execute(tx)
        .await
        .map(drop)
}

/// What was held beyond what was paid for.
pub(in crate::numbers) struct Unpaid {
    pub(in crate::numbers) id: NumberId,
    /// Until when it is paid, and when it was released: microseconds UTC.
    pub(in crate::numbers) period_end: i64,
    pub(in crate::numbers) released_at: i64,
    pub(in crate::numbers) monthly_price_minor: i64,
}

pub(in crate::numbers) async fn find_unpaid(
    conn: &mut AnyConnection,
    inventory_id: InventoryNumberId,
    workspace_id: WorkspaceId,
    now_us: i64,
) -> Result<Option<Unpaid>, sqlx::Error> {
    let query = sqlx::query(FIND_UNPAID).bind(inventory_id.to_string()).bind(workspace_id.to_string()).bind(now_us);
    let Some(row) = query.fetch_optional(conn).await? else { return Ok(None) };
    Ok(Some(Unpaid {
        id: row::parsed(&row, "id")?,
        period_end: row.try_get("period_end")?,
        released_at: row.try_get("released_at")?,
        monthly_price_minor: row.try_get("monthly_price_minor")?,
    }))
}

impl Unpaid {
    /// As what is owed is reckoned with.
    pub(in crate::numbers) fn held(&self, e164: &str) -> Held {
        Held {
            id: self.id,
            e164: e164.to_owned(),
            monthly_price_minor: self.monthly_price_minor,
            paid_until_us: self.period_end,
            held_until_us: self.released_at,
        }
    }
}

/// What was held is paid until then; `claimable_until` is until when a new claim finds it paid.
pub(in crate::numbers) async fn settle_unpaid(
    tx: &mut AnyConnection,
    id: NumberId,
    paid_until_us: i64,
    claimable_until: Option<i64>,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(SETTLE_UNPAID).bind(id.to_string()).bind(paid_until_us).bind(claimable_until);
    query.execute(tx).await.map(drop)
}

pub(crate) async fn find(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    id: NumberId,
) -> Result<Option<TenantNumber>, sqlx::Error> {
    let query = sqlx::query(FIND_TENANT).bind(workspace_id.to_string()).bind(id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(number).transpose()
}

pub(crate) async fn find_active_by_e164(
    conn: &mut AnyConnection,
    e164: &str,
) -> Result<Option<TenantNumber>, sqlx::Error> {
    let row = sqlx::query(FIND_ACTIVE_BY_E164).bind(e164.to_owned()).fetch_optional(conn).await?;
    row.as_ref().map(number).transpose()
}

pub(crate) async fn list(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<TenantNumber>, sqlx::Error> {
    let query =
        sqlx::query(LIST_TENANTS).bind(workspace_id.to_string()).bind(before.0).bind(before.1.to_owned()).bind(limit);
    query.fetch_all(conn).await?.iter().map(number).collect()
}

pub(crate) async fn update_routing(tx: &mut AnyConnection, number: &TenantNumber) -> Result<(), sqlx::Error> {
    sqlx::query(UPDATE_ROUTING)
        .bind(number.id.to_string())
        .bind(number.voice_callback_url.clone())
        .bind(number.events_url.clone())
        .bind(number.fallback_url.clone())
        .bind(i64::from(number.ring_devices))
        .bind(number.sealed_signing_secret.clone())
        .bind(number.compat.as_str())
        .bind(number.former_secret.as_ref().map(|(sealed, _)| sealed.clone()))
        .bind(number.former_secret.as_ref().map(|(_, until)| *until))
        .bind(number.shadow_url.clone())
        .execute(tx)
        .await
        .map(drop)
}

/// False when it was released before.
pub(crate) async fn release(tx: &mut AnyConnection, id: NumberId, now_us: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(RELEASE_TENANT).bind(id.to_string()).bind(now_us).execute(tx).await?;
    Ok(done.rows_affected() == 1)
}

/// A number whose paid period is over.
#[derive(Debug, Clone)]
pub(in crate::numbers) struct Due {
    pub(in crate::numbers) id: NumberId,
    pub(in crate::numbers) inventory_id: InventoryNumberId,
    pub(in crate::numbers) workspace_id: WorkspaceId,
    pub(in crate::numbers) e164: String,
    pub(in crate::numbers) status: String,
    pub(in crate::numbers) currency: Currency,
    pub(in crate::numbers) monthly_price_minor: i64,
    /// When it was over: microseconds UTC.
    pub(in crate::numbers) period_end: i64,
    /// When the owners were told last that the money is short.
    pub(in crate::numbers) renewal_alerted_at: Option<i64>,
}

impl Due {
    /// The number as one that was held until then (microseconds UTC).
    pub(in crate::numbers) fn held_until(&self, held_until_us: i64) -> Held {
        Held {
            id: self.id,
            e164: self.e164.clone(),
            monthly_price_minor: self.monthly_price_minor,
            paid_until_us: self.period_end,
            held_until_us,
        }
    }
}

fn due(row: &AnyRow) -> Result<Due, sqlx::Error> {
    Ok(Due {
        id: row::parsed(row, "id")?,
        inventory_id: row::parsed(row, "number_id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        e164: row.try_get("e164")?,
        status: row.try_get("status")?,
        currency: row::known(row, "currency", Currency::parse)?,
        monthly_price_minor: row.try_get("monthly_price_minor")?,
        period_end: row.try_get("period_end")?,
        renewal_alerted_at: row.try_get("renewal_alerted_at")?,
    })
}

/// Numbers of all workspaces that are due, the longest first, after that one.
pub(in crate::numbers) async fn list_due(
    conn: &mut AnyConnection,
    now_us: i64,
    after: (i64, &str),
    limit: i64,
) -> Result<Vec<Due>, sqlx::Error> {
    let query = sqlx::query(LIST_DUE).bind(now_us).bind(after.0).bind(after.1.to_owned()).bind(limit);
    query.fetch_all(conn).await?.iter().map(due).collect()
}

/// Numbers of the workspace that are due, the longest first.
pub(in crate::numbers) async fn list_due_of(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    now_us: i64,
) -> Result<Vec<Due>, sqlx::Error> {
    let query = sqlx::query(LIST_DUE_OF).bind(workspace_id.to_string()).bind(now_us);
    query.fetch_all(conn).await?.iter().map(due).collect()
}

/// The number, if it is due.
pub(in crate::numbers) async fn find_due(
    conn: &mut AnyConnection,
    id: NumberId,
    now_us: i64,
) -> Result<Option<Due>, sqlx::Error> {
    let row = sqlx::query(FIND_DUE).bind(id.to_string()).bind(now_us).fetch_optional(conn).await?;
    row.as_ref().map(due).transpose()
}

/// The next period is paid; a suspended number works again.
pub(in crate::numbers) async fn renew(
    tx: &mut AnyConnection,
    id: NumberId,
    (start_us, end_us): (i64, i64),
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(RENEW_TENANT).bind(id.to_string()).bind(start_us).bind(end_us);
    query.execute(tx).await.map(drop)
}

pub(in crate::numbers) async fn suspend(tx: &mut AnyConnection, id: NumberId) -> Result<(), sqlx::Error> {
    sqlx::query(SUSPEND_TENANT).bind(id.to_string()).execute(tx).await.map(drop)
}

pub(in crate::numbers) async fn mark_alerted(
    tx: &mut AnyConnection,
    id: NumberId,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(MARK_ALERTED).bind(id.to_string()).bind(now_us).execute(tx).await.map(drop)
}

/// Whether the workspace has numbers, suspended ones among them.
pub(in crate::numbers) async fn has_numbers(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
) -> Result<bool, sqlx::Error> {
    let count: i64 = sqlx::query_scalar(HAS_NUMBERS).bind(workspace_id.to_string()).fetch_one(conn).await?;
    Ok(count > 0)
}

fn number(row: &AnyRow) -> Result<TenantNumber, sqlx::Error> {
    let former: Option<String> = row.try_get("former_signing_secret")?;
    Ok(TenantNumber {
        id: row::parsed(row, "id")?,
        inventory_id: row::parsed(row, "number_id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        e164: row.try_get("e164")?,
        status: row.try_get("status")?,
        country: row.try_get("country")?,
        capabilities: capabilities(row)?,
        currency: row::known(row, "currency", Currency::parse)?,
        monthly_price_minor: row.try_get("monthly_price_minor")?,
        inbound_rate: rate(row, "inbound_per_min_e4")?,
        outbound_rate: rate(row, "outbound_per_min_e4")?,
        created_at: row.try_get("created_at")?,
        voice_callback_url: row.try_get("voice_callback_url")?,
        events_url: row.try_get("events_url")?,
        fallback_url: row.try_get("fallback_url")?,
        shadow_url: row.try_get("shadow_url")?,
        ring_devices: row::flag(row, "ring_devices")?,
        compat: row::known(row, "compat", Compat::parse)?,
        sealed_signing_secret: row.try_get("voice_signing_secret")?,
        former_secret: former.zip(row.try_get("former_secret_until")?),
    })
}
