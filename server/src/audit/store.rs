//! SQL of the audit log.

use sqlx::AnyConnection;

use super::Entry;
use crate::statements::statements;

statements! {
    INSERT_ENTRY = "
        insert into audit_log
          (id, workspace_id, actor_kind, actor_id, action_kind, subject_id, details, ip, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
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
