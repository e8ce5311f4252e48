//! SQL of calls' legs.

use sautikit_api::ids::{CallId, LegRecordId, WorkspaceId};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::calls::{Direction, LegKind, LegRecord, Rate};
use crate::db::statements;
use crate::row;

statements! {
    LIST_LEGS = "
        select *
        from call_legs
        where call_id = $1
        order by started_at, id";

    CALL_OF_LEG = "
        select call_id
        from call_legs
        where id = $1 and workspace_id = $2";

    CALL_THAT_MAY_HAVE_DIALLED = "
        select id as call_id
        from calls
        where id between $1 and $2 and substr(id, 20) = substr($1, 20) and workspace_id = $3";
}

/// A leg and what it cost, once known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredLeg {
    pub(crate) leg: LegRecord,
    pub(crate) duration_seconds: i64,
    pub(crate) cost_minor: Option<i64>,
}

pub(crate) async fn list_legs(conn: &mut AnyConnection, call_id: CallId) -> Result<Vec<StoredLeg>, sqlx::Error> {
    let rows = sqlx::query(LIST_LEGS).bind(call_id.to_string()).fetch_all(conn).await?;
    rows.iter().map(leg).collect()
}

/// The workspace's call that a leg is of. Callbacks name a leg that is dialled before there is a record of it, and its call is
/// found by that name at once.
pub(crate) async fn call_of_leg(
    conn: &mut AnyConnection,
    workspace_id: WorkspaceId,
    id: LegRecordId,
) -> Result<Option<CallId>, sqlx::Error> {
    let query = sqlx::query(CALL_OF_LEG).bind(id.to_string()).bind(workspace_id.to_string());
    if let Some(row) = query.fetch_optional(&mut *conn).await? {
        return row::parsed(&row, "call_id").map(Some);
    }
    let Some((least, greatest)) = id.calls_that_may_have_dialled() else { return Ok(None) };
    let query = sqlx::query(CALL_THAT_MAY_HAVE_DIALLED)
        .bind(least.to_string())
        .bind(greatest.to_string())
        .bind(workspace_id.to_string());
    query.fetch_optional(conn).await?.map(|row| row::parsed(&row, "call_id")).transpose()
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
                minimum_seconds: row.try_get("billing_minimum_seconds")?,
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
