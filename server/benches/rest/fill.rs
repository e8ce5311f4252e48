//! Fills the table of calls: ended calls, one a second, each with one leg. Written by SQL, because a million calls through
//! the gateway would take hours; what reads them can't tell.

use std::ops::Range;

use sautikit::config::Database;
use sautikit::db::{Db, Dialect};
use sqlx::AssertSqlSafe;

use super::Outcome;

/// 2025-01-01, microseconds UTC.
const FIRST_US: u64 = 1_735_689_600_000_000;
/// Rows of one statement.
const BATCH: u64 = 50_000;
/// The workspace's number, which the rows refer to.
const NUMBER: &str = "00000000-0000-7000-9000-000000000001";

/// Adds the calls of these numbers in time.
pub(super) async fn with_calls(url: &str, workspace: &str, calls: Range<u64>) -> Outcome<()> {
    let db = Db::connect(&Database { url: url.to_owned(), max_connections: 2 }).await?;
    if calls.start == 0 {
        own_number(&db, workspace).await?;
    }
    let mut from = calls.start;
    while from < calls.end {
        let to = calls.end.min(from + BATCH);
        let (series, id) = match db.dialect() {
            Dialect::Sqlite => (
                format!(
                    "with recursive numbers (n) as (select {from} union all select n + 1 from numbers where n + 1 < {to})"
                ),
                "printf('00000000-0000-7000-8000-%012x', n)",
            ),
            Dialect::Postgres => (
                format!("with numbers as (select n from generate_series({from}::bigint, {to} - 1) as n)"),
                "'00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0')",
            ),
        };
        let times = format!("{FIRST_US} + n * 1000000, {FIRST_US} + n * 1000000 + 200000");
        for insert in [
            format!(
                "insert into calls (id, workspace_id, tenant_number_id, direction, origin, status, from_party, to_party,
                    local_e164, remote_party, currency, ring_timeout_seconds, max_duration_seconds, started_at,
                    answered_at, ended_at, duration_seconds, hangup_cause, cost_minor)
                {series}
                select {id}, '{workspace}', '{NUMBER}', 'outbound', 'api', 'completed', '+254700000001', '+254722000042',
                    '+254700000001', '+254722000042', 'KES', 30, 14400, {times}, {FIRST_US} + n * 1000000 + 900000, 1,
                    'normal', 5
                from numbers"
            ),
            format!(
                "insert into call_legs (id, workspace_id, call_id, kind, direction, target, rate_per_min_e4, billing_increment_seconds,
                    started_at, answered_at, ended_at, duration_seconds, cost_minor, outcome)
                {series}
                select {id}, '{workspace}', {id}, 'telephone', 'outbound', '+254722000042', 30000, 1, {times},
                    {FIRST_US} + n * 1000000 + 900000, 1, 5, 'answered'
                from numbers"
            ),
        ] {
            let mut tx = db.begin_write().await?;
            sqlx::query(AssertSqlSafe(insert)).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        from = to;
    }
    sqlx::query("analyze").execute(db.pool()).await?;
    db.close().await;
    Ok(())
}

/// A claimed number of the inventory, for the calls to refer to.
async fn own_number(db: &Db, workspace: &str) -> Outcome<()> {
    let insert = format!(
        "insert into tenant_numbers (id, number_id, workspace_id, e164, currency, monthly_price_minor, period_start,
            period_end, created_at)
        select '{NUMBER}', id, '{workspace}', e164, 'KES', 0, 0, 0, 0 from numbers order by e164 limit 1"
    );
    sqlx::query(AssertSqlSafe(insert)).execute(db.pool()).await?;
    Ok(())
}

/// The cursor after which the page begins with call `n - 1`: the time's bits and the id's, in hexadecimal digits.
pub(super) fn cursor(n: u64) -> String {
    format!("{:016x}0000000000007000800{:013x}", FIRST_US + n * 1_000_000, n)
}
