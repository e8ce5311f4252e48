//! SQL of calls' legs.

use sautikit_api::ids::CallId;
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
