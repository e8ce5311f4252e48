//! SQL of calls as the API shows them: a page of calls, legs included, in ONE row of JSON.
//!
//! Through the driver each row is a message between threads and a dozen copies: a page of 50 calls and their legs took
//! ten times as long to carry as to find. Both engines build JSON alike; only the functions' names differ.

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LedgerEntryId, WorkspaceId};
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
    pub(crate) ledger_entry_id: Option<LedgerEntryId>,
    pub(crate) legs: Vec<ShownLeg>,
}

/// A leg of a [`ShownCall`].
#[derive(Debug, Deserialize)]
pub(crate) struct ShownLeg {
    pub(crate) kind: String,
    pub(crate) direction: String,
    pub(crate) target: String,
    pub(crate) outcome: Option<String>,
    pub(crate) answered_at: Option<i64>,
    pub(crate) duration_seconds: i64,
    pub(crate) rate_per_min_e4: i64,
    pub(crate) cost_minor: Option<i64>,
}

/// The calls that `$calls` selects, newest first, for one engine: its words for an object, for an array of rows, and for
/// text that is JSON already.
macro_rules! shown {
    ($object:literal, $array:literal, $nested:literal, $calls:literal) => {
        concat!(
            "
        select coalesce(cast(",
            $array,
            "(",
            $object,
            "(
            'id', c.id, 'direction', c.direction, 'status', c.status, 'from_party', c.from_party,
            'to_party', c.to_party, 'local_e164', c.local_e164, 'remote_party', c.remote_party, 'currency', c.currency,
            'metadata', c.metadata, 'started_at', c.started_at, 'answered_at', c.answered_at, 'ended_at', c.ended_at,
            'duration_seconds', c.duration_seconds, 'hangup_cause', c.hangup_cause, 'cost_minor', c.cost_minor,
            'ledger_entry_id', c.ledger_entry_id,
            'legs', ",
            $nested,
            "(coalesce((
                select ",
            $array,
            "(",
            $object,
            "(
                    'kind', l.kind, 'direction', l.direction, 'target', l.target, 'outcome', l.outcome,
                    'answered_at', l.answered_at, 'duration_seconds', l.duration_seconds,
                    'rate_per_min_e4', l.rate_per_min_e4, 'cost_minor', l.cost_minor) order by l.started_at, l.id)
                from call_legs l
                where l.call_id = c.id), '[]')))
            order by c.started_at desc, c.id desc) as text), '[]')
        from (",
            $calls,
            ") c"
        )
    };
}

/// The same for both engines.
macro_rules! on_both {
    ($(#[$doc:meta])* $sqlite:ident, $postgres:ident = $calls:literal) => {
        $(#[$doc])*
        const $sqlite: &str = shown!("json_object", "json_group_array", "json", $calls);
        $(#[$doc])*
        const $postgres: &str = shown!("json_build_object", "json_agg", "", $calls);
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
