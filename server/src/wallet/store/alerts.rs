//! SQL of the low-balance alert and of who is told.

use sautikit_api::ids::{AlertSubscriberId, EventId, WorkspaceId};
use sqlx::{AnyConnection, Row};

use crate::db::statements;
use crate::row;

statements! {
    SET_THRESHOLD = "
        update wallets
        set low_balance_threshold_minor = $2
        where workspace_id = $1";
    LIST_SUBSCRIBERS = "
        select id, email, created_at
        from wallet_alert_subscribers
        where workspace_id = $1
        order by created_at, id";
    INSERT_SUBSCRIBER = "
        insert into wallet_alert_subscribers (id, workspace_id, email, created_at)
        values ($1, $2, $3, $4)";
    DELETE_SUBSCRIBER = "
        delete from wallet_alert_subscribers
        where workspace_id = $1 and id = $2
        returning email";
    MARK_TOLD = "
        update wallet_alert_subscribers
        set told_event_id = $2
        where id = $1 and (told_event_id is null or told_event_id <> $2)";
}

/// Somebody who is told.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// Its id.
    pub id: AlertSubscriberId,
    /// The address.
    pub email: String,
    /// Microseconds UTC.
    pub created_at: i64,
}

pub(in crate::wallet) async fn set_threshold(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    minor: Option<i64>,
) -> Result<(), sqlx::Error> {
    sqlx::query(SET_THRESHOLD).bind(workspace.to_string()).bind(minor).execute(tx).await.map(drop)
}

/// The oldest first.
pub(in crate::wallet) async fn list(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
) -> Result<Vec<Subscriber>, sqlx::Error> {
    let rows = sqlx::query(LIST_SUBSCRIBERS).bind(workspace.to_string()).fetch_all(conn).await?;
    let subscriber = |row| {
        Ok(Subscriber {
            id: row::parsed(row, "id")?,
            email: row.try_get("email")?,
            created_at: row.try_get("created_at")?,
        })
    };
    rows.iter().map(subscriber).collect()
}

pub(in crate::wallet) async fn insert(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    subscriber: &Subscriber,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT_SUBSCRIBER).bind(subscriber.id.to_string()).bind(workspace.to_string());
    query.bind(subscriber.email.clone()).bind(subscriber.created_at).execute(tx).await.map(drop)
}

/// The address of the one that was there.
pub(in crate::wallet) async fn delete(
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    id: AlertSubscriberId,
) -> Result<Option<String>, sqlx::Error> {
    let query = sqlx::query_scalar(DELETE_SUBSCRIBER).bind(workspace.to_string()).bind(id.to_string());
    query.fetch_optional(tx).await
}

/// False where the subscriber was told of the event before.
pub(in crate::wallet) async fn mark_told(
    tx: &mut AnyConnection,
    id: AlertSubscriberId,
    event: EventId,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(MARK_TOLD).bind(id.to_string()).bind(event.to_string());
    Ok(query.execute(tx).await?.rows_affected() == 1)
}
