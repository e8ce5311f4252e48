//! SQL of what the calls of a workspace may, and of the times in which they were frozen.

use sautikit_api::ids::{FreezeId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::calls::limits::{Countries, Set, Side};
use crate::db::batch::Told;
use crate::db::rows::{Cell, Column, Filled, Rows, Tells};
use crate::db::statements;
use crate::row;

statements! {
    SET_LIMITS = "
        insert into workspace_limits (workspace_id, set_by, concurrent_calls, calls_per_second, countries, premium, satellite,
            changed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (workspace_id, set_by) do update
        set concurrent_calls = excluded.concurrent_calls, calls_per_second = excluded.calls_per_second,
            countries = excluded.countries, premium = excluded.premium, satellite = excluded.satellite,
            changed_at = excluded.changed_at";
    /// Everything that admission asks of a workspace beside its wallet and numbers; the newest freeze with each side.
    STANDING = "
        select w.country, w.status, w.deleted_at, l.set_by, l.concurrent_calls, l.calls_per_second, l.countries, l.premium,
            l.satellite, f.frozen_at, f.lifted_at
        from workspaces w
        left join workspace_limits l on l.workspace_id = w.id
        left join workspace_freezes f on f.workspace_id = w.id and f.frozen_at = (
            select max(n.frozen_at) from workspace_freezes n where n.workspace_id = w.id)
        where w.id = $1";
    FREEZE = "
        insert into workspace_freezes (id, workspace_id, finding, frozen_at)
        values ($1, $2, $3, $4)
        on conflict do nothing";
    LIFT = "
        update workspace_freezes
        set lifted_at = case when $2 < frozen_at then frozen_at else $2 end
        where workspace_id = $1 and lifted_at is null";
    FIND_FREEZE = "
        select finding, frozen_at
        from workspace_freezes
        where workspace_id = $1 and lifted_at is null";
}

/// How many calls of each workspace are open, and how many outbound ones began after a moment.
pub(in crate::calls) static COUNT_CALLS: Rows = Rows::new(
    "COUNT_CALLS",
    1,
    Tells::Answers,
    "select {answer: v.column1,
        (select count(*) from calls c where c.workspace_id = v.column1 and c.ended_at is null),
        (select count(*) from calls c where c.workspace_id = v.column1 and c.started_at > v.column2
            and c.direction = 'outbound')}
    from {rows} as v
    where v.column1 is not null",
    &[Column::Text, Column::Int],
);

/// Asks for the counts of workspaces; `after_us` is in microseconds UTC.
pub(in crate::calls) fn count_calls(workspaces: impl Iterator<Item = WorkspaceId>, after_us: i64) -> Filled {
    COUNT_CALLS.with(workspaces.flat_map(|id| [Cell::from(id.to_string()), after_us.into()]))
}

/// Workspace, calls that are open, and outbound ones that began after the moment.
pub(in crate::calls) fn counted(told: &Told) -> Result<Vec<(WorkspaceId, i64, i64)>, sqlx::Error> {
    told.answers(&COUNT_CALLS)
}

pub(in crate::calls) async fn set_limits(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    side: Side,
    set: &Set,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let countries = set.countries.as_ref().map(|countries| serde_json::json!(countries.codes()).to_string());
    sqlx::query(SET_LIMITS)
        .bind(workspace.to_string())
        .bind(side.as_str())
        .bind(set.concurrent_calls.map(i64::from))
        .bind(set.calls_per_second.map(i64::from))
        .bind(countries)
        .bind(set.premium.map(i64::from))
        .bind(set.satellite.map(i64::from))
        .bind(now_us)
        .execute(tx)
        .await
        .map(drop)
}

/// A workspace as admission sees it.
pub(in crate::calls) struct Standing {
    pub(in crate::calls) country: String,
    /// Suspended or deleted.
    pub(in crate::calls) is_closed: bool,
    pub(in crate::calls) sets: Vec<(Side, Set)>,
    /// When its outbound calls were last frozen, and when that ended, in microseconds UTC.
    pub(in crate::calls) frozen_at: Option<i64>,
    pub(in crate::calls) lifted_at: Option<i64>,
}

impl Standing {
    pub(in crate::calls) fn is_frozen(&self) -> bool {
        self.frozen_at.is_some() && self.lifted_at.is_none()
    }
}

pub(in crate::calls) async fn standing(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
) -> Result<Option<Standing>, sqlx::Error> {
    let rows = sqlx::query(STANDING).bind(workspace.to_string()).fetch_all(conn).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let deleted_at: Option<i64> = first.try_get("deleted_at")?;
    let status: String = first.try_get("status")?;
    Ok(Some(Standing {
        country: first.try_get("country")?,
        is_closed: deleted_at.is_some() || status != "active",
        sets: rows.iter().filter_map(|row| side_and_set(row).transpose()).collect::<Result<_, _>>()?,
        frozen_at: first.try_get("frozen_at")?,
        lifted_at: first.try_get("lifted_at")?,
    }))
}

/// None where no side has set anything.
fn side_and_set(row: &AnyRow) -> Result<Option<(Side, Set)>, sqlx::Error> {
    let side: Option<String> = row.try_get("set_by")?;
    let Some(side) = side.as_deref().and_then(Side::parse) else { return Ok(None) };
    let figure = |name: &str| -> Result<Option<u32>, sqlx::Error> {
        Ok(row.try_get::<Option<i64>, _>(name)?.and_then(|figure| u32::try_from(figure).ok()))
    };
    let flag = |name: &str| -> Result<Option<bool>, sqlx::Error> {
        Ok(row.try_get::<Option<i64>, _>(name)?.map(|flag| flag == 1))
    };
    let codes: Option<serde_json::Value> = row::parsed_opt(row, "countries")?;
    let texts = |codes: serde_json::Value| {
        let codes = codes.as_array()?.iter().filter_map(serde_json::Value::as_str);
        Some(Countries::of(codes))
    };
    let set = Set {
        concurrent_calls: figure("concurrent_calls")?,
        calls_per_second: figure("calls_per_second")?,
        countries: codes.and_then(texts),
        premium: flag("premium")?,
        satellite: flag("satellite")?,
    };
    Ok(Some((side, set)))
}

/// False where they are frozen already.
pub(in crate::calls) async fn freeze(
    tx: &mut AnyConnection,
    id: FreezeId,
    workspace: WorkspaceId,
    finding: &str,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(FREEZE).bind(id.to_string()).bind(workspace.to_string()).bind(finding).bind(now_us);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// False where nothing was frozen.
pub(in crate::calls) async fn lift(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    now_us: i64,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(LIFT).bind(workspace.to_string()).bind(now_us);
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// What was found and when, in microseconds UTC, where the workspace's outbound calls are frozen.
pub(in crate::calls) async fn find_freeze(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
) -> Result<Option<(String, i64)>, sqlx::Error> {
    let row = sqlx::query(FIND_FREEZE).bind(workspace.to_string()).fetch_optional(conn).await?;
    row.map(|row| Ok((row.try_get("finding")?, row.try_get("frozen_at")?))).transpose()
}
