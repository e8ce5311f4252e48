//! SQL of the calls that run now, of all workspaces.

use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, WorkspaceId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::calls::Direction;
use crate::db::statements;
use crate::row;

statements! {
    /// By the index of open calls: as many as run, whatever the table holds.
    LIST_OPEN = "
        select c.id, c.workspace_id, w.name, c.direction, c.status, c.from_party, c.to_party, c.node_id, c.started_at,
            c.answered_at
        from calls c
        join workspaces w on w.id = c.workspace_id
        where c.ended_at is null and (c.started_at, c.id) < ($1, $2) and ($3 = '' or c.workspace_id = $3)
        order by c.started_at desc, c.id desc
        limit $4";
    /// By the same index. A timeline's counter says more than the row: a place in a queue or a conference is an entry of it.
    MARK_OF_WORKSPACE = "
        select count(*) as calls, cast(coalesce(sum(event_seq), 0) as bigint) as entries, coalesce(max(started_at), 0) as newest
        from calls
        where workspace_id = $1 and ended_at is null";
    /// What operators see of them: how many run, how many talk, which is the newest.
    MARK_OF_ALL = "
        select count(*) as calls, count(answered_at) as entries, coalesce(max(started_at), 0) as newest
        from calls
        where ended_at is null";
    FIND_RUN = "
        select c.id, c.workspace_id, w.name, c.direction, c.status, c.from_party, c.to_party, c.node_id, c.started_at,
            c.answered_at
        from calls c
        join workspaces w on w.id = c.workspace_id
        where c.id = $1";
}

/// A call as operators see it.
#[derive(Debug)]
pub(in crate::calls) struct Run {
    pub(in crate::calls) id: CallId,
    pub(in crate::calls) workspace_id: WorkspaceId,
    pub(in crate::calls) workspace_name: String,
    pub(in crate::calls) direction: Direction,
    pub(in crate::calls) status: CallStatus,
    pub(in crate::calls) from: String,
    pub(in crate::calls) to: String,
    pub(in crate::calls) node_id: Option<String>,
    /// Microseconds UTC.
    pub(in crate::calls) started_at: i64,
    /// Microseconds UTC.
    pub(in crate::calls) answered_at: Option<i64>,
}

/// The newest calls that run and began before `(started_at, id)`; of one workspace where one is named.
pub(in crate::calls) async fn list_open(
    conn: &mut AnyConnection,
    before: (i64, &str),
    workspace: Option<WorkspaceId>,
    limit: i64,
) -> Result<Vec<Run>, sqlx::Error> {
    let query = sqlx::query(LIST_OPEN).bind(before.0).bind(before.1.to_owned());
    let workspace = workspace.map(|id| id.to_string()).unwrap_or_default();
    let rows = query.bind(workspace).bind(limit).fetch_all(conn).await?;
    rows.iter().map(run).collect()
}

/// Another text whenever something happens in a call of the workspace that runs, or one begins or ends.
pub(crate) async fn mark(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<String, sqlx::Error> {
    marked(&sqlx::query(MARK_OF_WORKSPACE).bind(workspace.to_string()).fetch_one(conn).await?)
}

/// Another text whenever a call of the installation begins, is answered or ends.
pub(crate) async fn mark_of_all(conn: &mut AnyConnection) -> Result<String, sqlx::Error> {
    marked(&sqlx::query(MARK_OF_ALL).fetch_one(conn).await?)
}

fn marked(row: &AnyRow) -> Result<String, sqlx::Error> {
    let [calls, entries, newest]: [i64; 3] = [row.try_get("calls")?, row.try_get("entries")?, row.try_get("newest")?];
    Ok(format!("{calls} {entries} {newest}"))
}

/// Any workspace's call, running or not.
pub(in crate::calls) async fn find_run(conn: &mut AnyConnection, id: CallId) -> Result<Option<Run>, sqlx::Error> {
    let row = sqlx::query(FIND_RUN).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(run).transpose()
}

fn run(row: &AnyRow) -> Result<Run, sqlx::Error> {
    Ok(Run {
        id: row::parsed(row, "id")?,
        workspace_id: row::parsed(row, "workspace_id")?,
        workspace_name: row.try_get("name")?,
        direction: row::known(row, "direction", Direction::parse)?,
        status: row::known(row, "status", CallStatus::parse)?,
        from: row.try_get("from_party")?,
        to: row.try_get("to_party")?,
        node_id: row.try_get("node_id")?,
        started_at: row.try_get("started_at")?,
        answered_at: row.try_get("answered_at")?,
    })
}
