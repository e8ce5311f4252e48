//! SQL of erasures: where persons' numbers stand, and the receipts.

use sautikit_api::ids::{CallId, ErasureId, WorkspaceId};
use sqlx::{AnyConnection, Row};

use crate::row;

/// How a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Json,
}

/// Columns of a table in which numbers can stand.
#[derive(Debug)]
pub(super) struct Place {
    /// What receipts call it.
    pub(super) name: &'static str,
    select: &'static str,
    update: &'static str,
    pub(super) columns: &'static [Kind],
}

/// Declares the places and the list of all statements, `STATEMENTS`.
macro_rules! places {
    ($(
        $name:literal of $table:literal by $key:literal where $of:literal
            $first:ident $first_kind:ident $(, $column:ident $kind:ident)*
            set $set:literal;
    )* and $($other:ident = $sql:expr;)*) => {
        /// Every place.
        pub(super) const PLACES: &[Place] = &[$(Place {
            name: $name,
            select: select!($table, $key, $of, $first $(, $column)*),
            update: concat!("update ", $table, " set ", $set, " where ", $key, " = $1"),
            columns: &[Kind::$first_kind $(, Kind::$kind)*],
        },)*];
        $(const $other: &str = $sql;)*
        /// Name and text of every statement of this store.
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[
            $(
                (concat!("SELECT_", $table), select!($table, $key, $of, $first $(, $column)*)),
                (concat!("UPDATE_", $table), concat!("update ", $table, " set ", $set, " where ", $key, " = $1")),
            )*
            $((stringify!($other), $other),)*
        ];
    };
}

macro_rules! select {
    ($table:literal, $key:literal, $of:literal, $first:ident $(, $column:ident)*) => {
        concat!(
            "select ", $key, " as row_key, ", stringify!($first) $(, ", ", stringify!($column))*,
            " from ", $table,
            " where ", $of, " and ", $key, " > $2 and (", stringify!($first), " like $3" $(, " or ", stringify!($column), " like $3")*,
            ") order by ", $key, " limit $4"
        )
    };
}

places! {
    "calls" of "calls" by "id" where "workspace_id = $1"
        from_party Text, to_party Text, remote_party Text, voice_callback_url Text, events_url Text, actions Json, metadata Json
        set "from_party = $2, to_party = $3, remote_party = $4, voice_callback_url = $5, events_url = $6, actions = $7, metadata = $8";
    "recordings" of "recordings" by "id" where "workspace_id = $1"
        status_callback Text
        set "status_callback = $2";
    "legs" of "call_legs" by "id" where "workspace_id = $1"
        target Text, dialog Json
        set "target = $2, dialog = $3";
    "timeline_entries" of "call_events" by "id" where "workspace_id = $1"
        data Json
        set "data = $2";
    "events" of "events" by "id" where "workspace_id = $1"
        data Json
        set "data = $2";
    "deliveries" of "webhook_deliveries" by "id" where "workspace_id = $1"
        url Text, last_error Text
        set "url = $2, last_error = $3";
    "delivery_attempts" of "webhook_attempts" by "delivery_id || '/' || cast(number as text)"
        where "delivery_id in (select id from webhook_deliveries where workspace_id = $1)"
        error Text, answer Text, answer_headers Text
        set "error = $2, answer = $3, answer_headers = $4";
    "api_requests" of "requests" by "id" where "workspace_id = $1"
        path Text, exchange Text
        set "path = $2, exchange = $3";
    "shadow_requests" of "shadow_requests" by "id" where "workspace_id = $1"
        comparison Json
        set "comparison = $2";
    "audit_entries" of "audit_log" by "id" where "workspace_id = $1"
        details Json
        set "details = $2";
    "top_ups" of "top_ups" by "id" where "workspace_id = $1 and status <> 'pending'"
        phone Text, callback_phone Text
        set "phone = $2, callback_phone = $3";
    "payments" of "incoming_payments" by "id" where "workspace_id = $1"
        payer_phone Text, account_reference Text
        set "payer_phone = $2, account_reference = $3";
    "payment_claims" of "payment_claims" by "id" where "workspace_id = $1 and outcome <> 'waiting'"
        phone Text
        set "phone = $2";
    "call_freezes" of "workspace_freezes" by "id" where "workspace_id = $1"
        finding Json
        set "finding = $2";
    and
    FIND_CALLS = "
        select id as row_key, id, ended_at, from_party as one, to_party as two, remote_party as three
        from calls
        where workspace_id = $1 and id > $2 and (from_party like $3 or to_party like $3 or remote_party like $3)
        order by id
        limit $4";
    FIND_LEGS = "
        select l.id as row_key, c.id, c.ended_at, l.target as one, '' as two, '' as three
        from call_legs l
        join calls c on c.workspace_id = l.workspace_id and c.id = l.call_id
        where l.workspace_id = $1 and l.id > $2 and l.target like $3
        order by l.id
        limit $4";
    OPEN = "
        insert into erasures_open (workspace_id)
        values ($1)";
    CLOSE = "
        delete from erasures_open
        where workspace_id = $1";
    INSERT_ERASURE = "
        insert into erasures (id, workspace_id, receipt, created_at)
        values ($1, $2, $3, $4)";
    LIST_ERASURES = "
        select id, receipt, created_at
        from erasures
        where workspace_id = $1 and (created_at, id) < ($2, $3)
        order by created_at desc, id desc
        limit $4";
    LIST_WORKSPACES = "
        select id
        from workspaces
        order by id";
}

/// A row of a place in which the digits stand somewhere.
pub(super) struct Found {
    pub(super) key: String,
    pub(super) columns: Vec<Option<String>>,
}

/// Rows of the workspace after `after` that could hold the number.
pub(super) async fn find(
    conn: &mut AnyConnection,
    place: &Place,
    workspace: WorkspaceId,
    (after, pattern): (&str, &str),
    limit: i64,
) -> Result<Vec<Found>, sqlx::Error> {
    let query = sqlx::query(place.select)
        .bind(workspace.to_string())
        .bind(after.to_owned())
        .bind(pattern.to_owned())
        .bind(limit);
    let rows = query.fetch_all(conn).await?;
    let found = rows.iter().map(|row| {
        let columns = (1..=place.columns.len()).map(|at| row.try_get(at)).collect::<Result<_, _>>()?;
        Ok(Found { key: row.try_get(0)?, columns })
    });
    found.collect()
}

/// Writes a row of a place.
pub(super) async fn put(conn: &mut AnyConnection, place: &Place, row: Found) -> Result<(), sqlx::Error> {
    let mut query = sqlx::query(place.update).bind(row.key);
    for column in row.columns {
        query = query.bind(column);
    }
    query.execute(conn).await.map(drop)
}

/// A call that could be with the number.
pub(super) struct FoundCall {
    pub(super) key: String,
    pub(super) id: CallId,
    pub(super) is_open: bool,
    /// Who takes part, as it is written.
    pub(super) parties: [String; 3],
}

/// Whose column has the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Calls,
    Legs,
}

/// Calls of the workspace whose rows, or legs' rows, after `after` could have the number.
pub(super) async fn find_calls(
    conn: &mut AnyConnection,
    of: Of,
    workspace: WorkspaceId,
    (after, pattern): (&str, &str),
    limit: i64,
) -> Result<Vec<FoundCall>, sqlx::Error> {
    let query = sqlx::query(match of {
        Of::Calls => FIND_CALLS,
        Of::Legs => FIND_LEGS,
    });
    let query = query.bind(workspace.to_string()).bind(after.to_owned()).bind(pattern.to_owned()).bind(limit);
    let rows = query.fetch_all(conn).await?;
    let calls = rows.iter().map(|row| {
        let ended_at: Option<i64> = row.try_get("ended_at")?;
        Ok(FoundCall {
            key: row.try_get("row_key")?,
            id: row::parsed(row, "id")?,
            is_open: ended_at.is_none(),
            parties: [row.try_get("one")?, row.try_get("two")?, row.try_get("three")?],
        })
    });
    calls.collect()
}

/// The audit log of the workspace gives way to this transaction.
pub(super) async fn open(tx: &mut AnyConnection, workspace: WorkspaceId) -> Result<(), sqlx::Error> {
    sqlx::query(OPEN).bind(workspace.to_string()).execute(tx).await.map(drop)
}

/// And does no more.
pub(super) async fn close(tx: &mut AnyConnection, workspace: WorkspaceId) -> Result<(), sqlx::Error> {
    sqlx::query(CLOSE).bind(workspace.to_string()).execute(tx).await.map(drop)
}

pub(super) async fn insert_erasure(
    tx: &mut AnyConnection,
    id: ErasureId,
    workspace: WorkspaceId,
    receipt: &str,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT_ERASURE).bind(id.to_string()).bind(workspace.to_string());
    query.bind(receipt.to_owned()).bind(now_us).execute(tx).await.map(drop)
}

/// A receipt as it is kept.
pub(super) struct KeptReceipt {
    pub(super) id: ErasureId,
    /// JSON.
    pub(super) receipt: String,
    /// Microseconds UTC.
    pub(super) created_at: i64,
}

/// A page of the workspace's, the newest first.
pub(super) async fn list(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<KeptReceipt>, sqlx::Error> {
    let query = sqlx::query(LIST_ERASURES).bind(workspace.to_string()).bind(before.0).bind(before.1.to_owned());
    let rows = query.bind(limit).fetch_all(conn).await?;
    let kept = rows.iter().map(|row| {
        Ok(KeptReceipt {
            id: row::parsed(row, "id")?,
            receipt: row.try_get("receipt")?,
            created_at: row.try_get("created_at")?,
        })
    });
    kept.collect()
}

/// Every workspace.
pub(super) async fn workspaces(conn: &mut AnyConnection) -> Result<Vec<WorkspaceId>, sqlx::Error> {
    sqlx::query(LIST_WORKSPACES).fetch_all(conn).await?.iter().map(|row| row::parsed(row, "id")).collect()
}
