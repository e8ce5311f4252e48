//! The peer of the list: the same 50 calls with their legs as axum and sqlx give them when nothing is done about speed: a
//! query for the page, one for its legs, row by row through the driver into structs, and those into JSON. No credential, no
//! limits, no log.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sautikit::db::Db;
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

/// As the API's default.
const CALLS: i64 = 50;
const PAGE: &str = "
    select id, direction, status, from_party, to_party, local_e164, remote_party, currency, started_at, answered_at,
      ended_at, duration_seconds, hangup_cause, cost_minor
    from calls
    where workspace_id = $1
    order by started_at desc, id desc
    limit $2";
const LEGS: &str = "
    select call_id, kind, direction, target, outcome, answered_at, duration_seconds, rate_per_min_e4, cost_minor
    from call_legs
    where call_id in (select id from calls where workspace_id = $1 order by started_at desc, id desc limit $2)";

#[derive(Serialize)]
pub(super) struct Call {
    id: String,
    texts: [String; 7],
    started_at: i64,
    numbers: [Option<i64>; 4],
    hangup_cause: Option<String>,
    legs: Vec<Leg>,
}

#[derive(Serialize)]
struct Leg {
    texts: [String; 3],
    outcome: Option<String>,
    numbers: [Option<i64>; 4],
}

pub(super) async fn list(State((db, workspace)): State<(Db, String)>) -> Result<Json<Vec<Call>>, StatusCode> {
    let read = async { read(&mut *db.acquire().await?, &workspace).await };
    read.await.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn read(conn: &mut AnyConnection, workspace: &str) -> Result<Vec<Call>, sqlx::Error> {
    let rows = sqlx::query(PAGE).bind(workspace).bind(CALLS).fetch_all(&mut *conn).await?;
    let mut legs: HashMap<String, Vec<Leg>> = HashMap::new();
    for row in sqlx::query(LEGS).bind(workspace).bind(CALLS).fetch_all(conn).await? {
        legs.entry(row.try_get(0)?).or_default().push(leg(&row)?);
    }
    rows.iter().map(|row| call(row, &mut legs)).collect()
}

fn call(row: &AnyRow, legs: &mut HashMap<String, Vec<Leg>>) -> Result<Call, sqlx::Error> {
    let id: String = row.try_get(0)?;
    let text = |at: usize| row.try_get::<String, _>(at);
    let number = |at: usize| row.try_get::<Option<i64>, _>(at);
    Ok(Call {
        legs: legs.remove(&id).unwrap_or_default(),
        id,
        texts: [text(1)?, text(2)?, text(3)?, text(4)?, text(5)?, text(6)?, text(7)?],
        started_at: row.try_get(8)?,
        numbers: [number(9)?, number(10)?, number(11)?, number(13)?],
        hangup_cause: row.try_get(12)?,
    })
}

fn leg(row: &AnyRow) -> Result<Leg, sqlx::Error> {
    Ok(Leg {
        texts: [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?],
        outcome: row.try_get(4)?,
        numbers: [row.try_get(5)?, row.try_get(6)?, row.try_get(7)?, row.try_get(8)?],
    })
}
