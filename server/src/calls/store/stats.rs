//! SQL of calls' statistics.

use sautikit_api::ids::WorkspaceId;
use sqlx::{AnyConnection, Row};

use crate::db::statements;

statements! {
    /// By slot, because both engines divide integers alike and neither's calendar is needed.
    SUM_BY_SLOT = "
        select cast(started_at / 900000000 as bigint) as slot,
            cast(count(*) as bigint) as calls,
            cast(sum(case when status in ('answered', 'completed') then 1 else 0 end) as bigint) as answered,
            cast(sum(case when status in ('failed', 'no_answer', 'busy', 'canceled') then 1 else 0 end) as bigint) as failed,
            cast(sum(coalesce(duration_seconds, 0)) as bigint) as seconds,
            cast(sum(coalesce(cost_minor, 0)) as bigint) as spend_minor
        from calls
        where workspace_id = $1 and started_at >= $2 and started_at < $3
        group by 1
        order by 1";
    /// The newest calls say how a server answers now; all of a quarter would be read for nothing.
    RECENT_CALLBACKS = concat!("
        select e.kind, e.data
        from (
            select id
            from calls
            where workspace_id = $1 and started_at >= $2 and started_at < $3
            order by started_at desc, id desc
            limit 200) c
        join call_events e on e.call_id = c.id
        where e.kind = 'callback.answered' or (e.kind = 'callback.failed' and ", super::failed_by_server!(), ")");
}

/// Length of a slot; every zone's offset from UTC is a multiple of it, so slots never straddle a local hour or day.
pub(in crate::calls) const SLOT_US: i64 = 900_000_000;

/// Calls that started in one quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::calls) struct SlotSum {
    pub(in crate::calls) start_us: i64,
    pub(in crate::calls) calls: i64,
    pub(in crate::calls) answered: i64,
    pub(in crate::calls) failed: i64,
    pub(in crate::calls) seconds: i64,
    pub(in crate::calls) spend_minor: i64,
}

/// Slots with calls in `[from_us, to_us)`, oldest first.
pub(in crate::calls) async fn sum_by_slot(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    from_us: i64,
    to_us: i64,
) -> Result<Vec<SlotSum>, sqlx::Error> {
    let query = sqlx::query(SUM_BY_SLOT).bind(workspace_id.to_string()).bind(from_us).bind(to_us);
    let rows = query.fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok(SlotSum {
                start_us: row.try_get::<i64, _>("slot")? * SLOT_US,
                calls: row.try_get("calls")?,
                answered: row.try_get("answered")?,
                failed: row.try_get("failed")?,
                seconds: row.try_get("seconds")?,
                spend_minor: row.try_get("spend_minor")?,
            })
        })
        .collect()
}

/// How the workspace's server answered its newest calls that started in `[from_us, to_us)`: milliseconds of each answer, and
/// how many came to nothing.
pub(in crate::calls) async fn recent_callbacks(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    from_us: i64,
    to_us: i64,
) -> Result<(Vec<i64>, i64), sqlx::Error> {
    let query = sqlx::query(RECENT_CALLBACKS).bind(workspace_id.to_string()).bind(from_us).bind(to_us);
    let (mut answered, mut failed) = (Vec::new(), 0);
    for row in query.fetch_all(conn).await? {
        if row.try_get::<String, _>("kind")? == "callback.failed" {
            failed += 1;
            continue;
        }
        let data: serde_json::Value = serde_json::from_str(&row.try_get::<String, _>("data")?).unwrap_or_default();
        answered.extend(data.get("ms").and_then(serde_json::Value::as_i64));
    }
    Ok((answered, failed))
}
