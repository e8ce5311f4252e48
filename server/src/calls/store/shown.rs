//! SQL of calls as the API shows them: a page of calls, legs included, in ONE row of JSON.
//!
//! Through the driver each row is a message between threads and a dozen copies: a page of 50 calls and their legs took
//! ten times as long to carry as to find. Both engines build JSON alike; only the functions' names differ.

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LedgerEntryId, LegRecordId, WorkspaceId};
use sautikit_api::recordings::RecordingStatus;
use serde::Deserialize;
use sqlx::AnyConnection;

use super::Filter;
use crate::db::Dialect;

/// A call as lists and single reads show it; times are microseconds UTC.
#[derive(Debug, Deserialize)]
pub(crate) struct ShownCall {
    pub(crate) id: CallId,
    pub(crate) direction: String,
    pub(crate) status: CallStatus,
    pub(crate) from_party: String,
    pub(crate) to_party: String,
    pub(crate) local_e164: String,
    pub(crate) remote_party: String,
    pub(crate) currency: String,
    /// JSON in text.
    pub(crate) metadata: Option<String>,
    pub(crate) started_at: i64,
    pub(crate) answered_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) duration_seconds: Option<i64>,
    pub(crate) hangup_cause: Option<String>,
    pub(crate) cost_minor: Option<i64>,
    pub(crate) tax_minor: i64,
    pub(crate) ledger_entry_id: Option<LedgerEntryId>,
    pub(crate) recording_status: Option<RecordingStatus>,
    /// How often the customer's server was asked in vain.
    pub(crate) failed_callbacks: i64,
    pub(crate) legs: Vec<ShownLeg>,
}

/// A leg of a [`ShownCall`].
#[derive(Debug, Deserialize)]
pub(crate) struct ShownLeg {
    pub(crate) id: LegRecordId,
    pub(crate) kind: String,
    pub(crate) direction: String,
    pub(crate) target: String,
    pub(crate) outcome: Option<String>,
    pub(crate) answered_at: Option<i64>,
    pub(crate) duration_seconds: i64,
    pub(crate) rate_per_min_e4: i64,
    pub(crate) minimum_seconds: i64,
    pub(crate) increment_seconds: i64,
    pub(crate) cost_minor: Option<i64>,
}

/// A call's values in the order of the fields of [`ShownCall`], without its legs. Their names, repeated for each call,
/// would be half of the text.
macro_rules! call_values {
    () => {
        concat!("c.id, c.direction, c.status, c.from_party, c.to_party, c.local_e164, c.remote_party, c.currency, c.metadata,
        c.started_at, c.answered_at, c.ended_at, c.duration_seconds, c.hangup_cause, c.cost_minor, c.tax_minor,
        c.ledger_entry_id, c.recording_status,
        (select count(*) from call_events e where e.call_id = c.id and e.kind = 'callback.failed'
            and ", super::failed_by_server!(), ")")
    };
}

/// A leg's values in the order of the fields of [`ShownLeg`].
macro_rules! leg_values {
    () => {
        "l.id, l.kind, l.direction, l.target, l.outcome, l.answered_at, l.duration_seconds, l.rate_per_min_e4,
        l.billing_minimum_seconds, l.billing_increment_seconds, l.cost_minor"
    };
}

/// The calls that a query selects, newest first, for each engine. SQLite puts a call together as text, because an array
/// inside an array is parsed once more, and takes the legs in order, because an aggregate that orders makes a sorter for
/// every call: together that was a third of the query.
macro_rules! on_both {
    ($(#[$doc:meta])* $sqlite:ident, $postgres:ident = $calls:literal) => {
        $(#[$doc])*
        const $sqlite: &str = concat!(
            "
        select coalesce('[' || group_concat(
            rtrim(json_array(", call_values!(), "), ']') || ',' || coalesce((
                select json_group_array(json_array(", leg_values!(), "))
                from (select * from call_legs where call_id = c.id order by started_at, id) l), '[]') || ']',
            ',' order by c.started_at desc, c.id desc) || ']', '[]')
        from (", $calls, ") c"
        );
        $(#[$doc])*
        const $postgres: &str = concat!(
            "
        select coalesce(cast(json_agg(
            json_build_array(", call_values!(), ", coalesce((
                select json_agg(json_build_array(", leg_values!(), ") order by l.started_at, l.id)
                from call_legs l
                where l.call_id = c.id), '[]'))
            order by c.started_at desc, c.id desc) as text), '[]')
        from (", $calls, ") c"
        );
    };
}

on_both! {
    /// One upper bound, so that the index finds the page's first row wherever it is.
    PAGE_SQLITE, PAGE_POSTGRES = "
            select *
            from calls
            where workspace_id = $1
                and (started_at, id) < ($2, $3) and started_at >= $4
                and ($5 = '' or status = $5)
                and ($6 = '' or direction = $6)
                and ($7 = '' or remote_party like '%' || $7 || '%')
                and ($8 = '' or tenant_number_id = $8 or local_e164 = $8)
            order by started_at desc, id desc
            limit $9"
}

on_both! {
    /// At most one.
    SINGLE_SQLITE, SINGLE_POSTGRES = "
            select *
            from calls
            where workspace_id = $1 and id = $2"
}

/// A page of the workspace's calls, newest first, those before `(started_at, id)`, which has the filter's end in it.
pub(crate) async fn list_shown(
    conn: &mut AnyConnection,
    dialect: Dialect,
    workspace_id: WorkspaceId,
    before: (i64, &str),
    filter: &Filter,
    limit: i64,
) -> Result<Vec<ShownCall>, sqlx::Error> {
    let text: String = sqlx::query_scalar(of(dialect, PAGE_SQLITE, PAGE_POSTGRES))
        .bind(workspace_id.to_string())
        .bind(before.0)
        .bind(before.1)
        .bind(filter.from_us)
        .bind(filter.status.as_str())
        .bind(filter.direction.as_str())
        .bind(filter.remote.as_str())
        .bind(filter.number.as_str())
        .bind(limit)
        .fetch_one(conn)
        .await?;
    read(&text)
}

/// One of the workspace's calls.
pub(crate) async fn find_shown(
    conn: &mut AnyConnection,
    dialect: Dialect,
    workspace_id: WorkspaceId,
    id: CallId,
) -> Result<Option<ShownCall>, sqlx::Error> {
    let query = sqlx::query_scalar(of(dialect, SINGLE_SQLITE, SINGLE_POSTGRES));
    let text: String = query.bind(workspace_id.to_string()).bind(id.to_string()).fetch_one(conn).await?;
    Ok(read(&text)?.pop())
}

fn of(dialect: Dialect, sqlite: &'static str, postgres: &'static str) -> &'static str {
    match dialect {
        Dialect::Sqlite => sqlite,
        Dialect::Postgres => postgres,
    }
}

fn read(text: &str) -> Result<Vec<ShownCall>, sqlx::Error> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))
}
