//! SQL of calls' legs.

use sautikit_api::ids::{CallId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::calls::{Direction, LegKind, LegRecord, Rate};
use crate::row;
use crate::statements::statements;

statements! {
    /// The rate is the start's and never changes after it.
    UPSERT_LEG = "
        insert into call_legs (id, workspace_id, call_id, kind, direction, target, rate_per_min_e4, billing_increment_seconds, started_at,
            answered_at, ended_at, duration_seconds, cost_minor, outcome, dialog)
        values ($1, (select workspace_id from calls where id = $2), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
            $14)
        on conflict (id) do update
        set answered_at = coalesce(excluded.answered_at, call_legs.answered_at),
            ended_at = coalesce(excluded.ended_at, call_legs.ended_at),
            duration_seconds = excluded.duration_seconds,
            cost_minor = coalesce(excluded.cost_minor, call_legs.cost_minor),
            outcome = coalesce(excluded.outcome, call_legs.outcome),
            dialog = coalesce(excluded.dialog, call_legs.dialog)";
    LIST_LEGS = "
        select *
        from call_legs
        where call_id = $1
        order by started_at, id";
    LIST_LIVE_LEGS = "
        select l.*
        from call_legs l
        join calls c on c.id = l.call_id
        where c.workspace_id = $1 and c.ended_at is null and l.answered_at is not null and l.rate_per_min_e4 > 0";
}

/// A leg and what it cost, once known.
#[derive(Debug, Clone)]
pub(crate) struct StoredLeg {
    pub(crate) leg: LegRecord,
    pub(crate) duration_seconds: i64,
    pub(crate) cost_minor: Option<i64>,
}

pub(crate) async fn upsert_leg(tx: &mut AnyConnection, call_id: CallId, stored: &StoredLeg) -> Result<(), sqlx::Error> {
    let leg = &stored.leg;
    sqlx::query(UPSERT_LEG)
        .bind(leg.id.to_string())
        .bind(call_id.to_string())
        .bind(leg.kind.as_str())
        .bind(leg.direction.as_str())
        .bind(leg.target.clone())
        .bind(leg.rate.per_minute_e4)
        .bind(leg.rate.increment_seconds)
        .bind(leg.started_at)
        .bind(leg.answered_at)
        .bind(leg.ended_at)
        .bind(stored.duration_seconds)
        .bind(stored.cost_minor)
        .bind(leg.outcome.clone())
        .bind(leg.dialog.as_ref().map(ToString::to_string))
        .execute(tx)
        .await
        .map(drop)
}

pub(crate) async fn list_legs(conn: &mut AnyConnection, call_id: CallId) -> Result<Vec<StoredLeg>, sqlx::Error> {
    let rows = sqlx::query(LIST_LEGS).bind(call_id.to_string()).fetch_all(conn).await?;
    rows.iter().map(leg).collect()
}

/// Answered, paid legs of the workspace's open calls.
pub(crate) async fn list_live_legs(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
) -> Result<Vec<StoredLeg>, sqlx::Error> {
    let rows = sqlx::query(LIST_LIVE_LEGS).bind(workspace_id.to_string()).fetch_all(conn).await?;
    rows.iter().map(leg).collect()
}

fn leg(row: &AnyRow) -> Result<StoredLeg, sqlx::Error> {
    Ok(StoredLeg {
        leg: LegRecord {
            id: row::parsed(row, "id")?,
            kind: row::known(row, "kind", LegKind::parse)?,
            direction: row::known(row, "direction", Direction::parse)?,
            target: row.try_get("target")?,
            rate: Rate {
                per_minute_e4: row.try_get("rate_per_min_e4")?,
                increment_seconds: row.try_get("billing_increment_seconds")?,
            },
            started_at: row.try_get("started_at")?,
            answered_at: row.try_get("answered_at")?,
            ended_at: row.try_get("ended_at")?,
            outcome: row.try_get("outcome")?,
            dialog: row::parsed_opt(row, "dialog")?,
        },
        duration_seconds: row.try_get("duration_seconds")?,
        cost_minor: row.try_get("cost_minor")?,
    })
}
