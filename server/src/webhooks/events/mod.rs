//! Events as they are read: the pull form of webhooks, and one of them by its id.

pub mod http;

use sautikit_api::ids::{EventId, WorkspaceId};
use sqlx::AnyConnection;

use super::WebhookError;
use super::body::StoredEvent;
use super::store::events as sql;

/// One of the workspace's events.
pub(super) async fn get(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    id: EventId,
) -> Result<StoredEvent, WebhookError> {
    Ok(sql::find(conn, workspace, id).await?.ok_or(WebhookError::EventNotFound)?.event)
}

/// The workspace's events after that one, or from the oldest that is kept on, in the order in which they are told.
pub(super) async fn list_after(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    after: Option<EventId>,
    kind: &str,
    limit: i64,
) -> Result<Vec<StoredEvent>, WebhookError> {
    let after = match after {
        Some(id) => {
            let seen = sql::find(conn, workspace, id).await?.ok_or(WebhookError::EventNotFound)?;
            match seen.position {
                // A test has no place: after it comes what happened since.
                None if seen.event.is_test => {
                    Some(sql::last_position_at(conn, workspace, seen.event.created_at).await?)
                }
                // One that waits for its place has none after it.
                position => position,
            }
        }
        None => Some(0),
    };
    let Some(after) = after else { return Ok(Vec::new()) };
    let placed = sql::list_after(conn, workspace, after, ("", kind), limit).await?;
    Ok(placed.into_iter().map(|placed| placed.event).collect())
}
