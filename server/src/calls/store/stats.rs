//! SQL of calls' statistics.

use sautikit_api::ids::WorkspaceId;
use sqlx::{AnyConnection, Row};

use crate::db::statements;

statements! {
    /// By slot, because both engines divide integers alike and neither's calendar is needed.
    SUM_BY_SLOT = "
        select cast(started_at / 900000000 as bigint) as slot,
            cast(count(*) as bigint) as calls,
            cast(sum(case when status in ('failed', 'no_answer', 'busy', 'canceled') then 1 else 0 end) as bigint) as failed,
            cast(sum(coalesce(duration_seconds, 0)) as bigint) as seconds,
            cast(sum(coalesce(cost_minor, 0)) as bigint) as spend_minor
        from calls
        where workspace_id = $1 and started_at >= $2 and started_at < $3
        group by 1
        order by 1";
}

/// Length of a slot; every zone's offset from UTC is a multiple of it, so slots never straddle a local hour or day.
pub(in crate::calls) const SLOT_US: i64 = 900_000_000;

/// Calls that started in one quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::calls) struct SlotSum {
    pub(in crate::calls) start_us: i64,
    pub(in crate::calls) calls: i64,
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
                failed: row.try_get("failed")?,
                seconds: row.try_get("seconds")?,
                spend_minor: row.try_get("spend_minor")?,
            })
        })
        .collect()
}
