//! SQL of the audit log.

use sautikit_api::ids::WorkspaceId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::{Entry, Filter, Line, Recorded};
use crate::db::rows::{Cell, Column, Filled, Rows, Tells};
use crate::db::statements;
use crate::row::parsed;

statements! {
    INSERT_ENTRY = "
        insert into audit_log
          (id, workspace_id, actor_kind, actor_id, action_kind, subject_id, details, ip, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND_NEWEST = "
        select id
        from audit_log
        where workspace_id = $1
        order by created_at desc, id desc
        limit 1";
    LIST_ENTRIES = "
        select a.id, a.created_at, a.action_kind, a.actor_kind, a.actor_id, coalesce(u.email, k.name) as actor_label,
          a.subject_id, a.details, a.ip
        from audit_log a
        left join users u on u.id = a.actor_id
        left join api_keys k on k.id = a.actor_id and k.workspace_id = a.workspace_id
        where a.workspace_id = $1 and (a.created_at, a.id) < ($2, $3)
          and a.created_at >= $4
          and ($5 = '' or a.action_kind = $5)
          and ($6 = '' or a.actor_id = $6 or u.email = $6)
        order by a.created_at desc, a.id desc
        limit $7";
}

pub(crate) static INSERT_LINES: Rows = Rows::new(
    "INSERT_LINES",
    1,
    Tells::Nothing,
    "insert into audit_log
        (id, workspace_id, actor_kind, actor_id, action_kind, subject_id, details, ip, created_at)
    select {columns}
    from {rows} as v
    where v.column1 is not null
    on conflict (id) do nothing",
    &[
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Text,
        Column::Int,
    ],
);

/// Another text whenever the workspace's log has another newest entry.
pub(crate) async fn mark(conn: &mut AnyConnection, workspace: WorkspaceId) -> Result<String, sqlx::Error> {
    let id: Option<String> = sqlx::query_scalar(FIND_NEWEST).bind(workspace.to_string()).fetch_optional(conn).await?;
    Ok(id.unwrap_or_default())
}

pub(super) fn insert_lines<'a>(lines: impl Iterator<Item = &'a Line>) -> Filled {
    INSERT_LINES.with(lines.flat_map(|Line { id, entry, created_at_us }| {
        [
            Cell::from(id.to_string()),
            entry.workspace_id.map(|id| id.to_string()).into(),
            entry.actor.kind().into(),
            entry.actor.id().map(str::to_owned).into(),
            entry.action_kind.into(),
            entry.subject_id.clone().into(),
            entry.details.to_string().into(),
            entry.ip.clone().into(),
            (*created_at_us).into(),
        ]
    }))
}

pub(super) async fn insert_entry(
    conn: &mut AnyConnection,
    id: &str,
    entry: &Entry,
    now_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(INSERT_ENTRY)
        .bind(id)
        .bind(entry.workspace_id.map(|id| id.to_string()))
        .bind(entry.actor.kind())
        .bind(entry.actor.id())
        .bind(entry.action_kind)
        .bind(entry.subject_id.as_deref())
        .bind(entry.details.to_string())
        .bind(entry.ip.as_deref())
        .bind(now_us)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn list_entries(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    filter: &Filter,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<Recorded>, sqlx::Error> {
    let rows = sqlx::query(LIST_ENTRIES)
        .bind(workspace.to_string())
        .bind(before.0)
        .bind(before.1)
        .bind(filter.from_us)
        .bind(filter.action_kind.as_str())
        .bind(filter.actor.as_str())
        .bind(limit)
        .fetch_all(conn)
        .await?;
    rows.iter().map(recorded).collect()
}

fn recorded(row: &AnyRow) -> Result<Recorded, sqlx::Error> {
    let details: String = row.try_get("details")?;
    Ok(Recorded {
        id: parsed(row, "id")?,
        created_at_us: row.try_get("created_at")?,
        action_kind: row.try_get("action_kind")?,
        actor_kind: row.try_get("actor_kind")?,
        actor_id: row.try_get("actor_id")?,
        actor_label: row.try_get("actor_label")?,
        subject_id: row.try_get("subject_id")?,
        // Written by us as JSON; a row that is not readable is still shown.
        details: serde_json::from_str(&details).unwrap_or_default(),
        ip: row.try_get("ip")?,
    })
}
