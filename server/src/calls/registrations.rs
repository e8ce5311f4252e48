//! Which nodes have which browsers and devices: written down when the first place of a name registers and when the last one goes, not
//! whenever one registers anew. Where they are is each node's own to know.

use sautikit_api::ids::{NumberId, WorkspaceId};

use super::store::registrations as store;
use crate::db;
use crate::state::AppState;

/// Nodes that are asked for one name.
const MOST_NODES: i64 = 16;
/// Names that ring for one number.
const MOST_NAMES: i64 = 200;
/// How long what a node had is kept after it lived last.
const KEPT_US: i64 = 86_400 * 1_000_000;

/// Somebody who can be called at this node now, or no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Whose.
    pub workspace: WorkspaceId,
    /// An identity, or the user name of a device's credential.
    pub name: String,
    /// None: it is gone. Within: the number that a device rings for, none for a browser.
    pub number: Option<Option<NumberId>>,
}

/// Another node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Its id.
    pub node: String,
    /// Its internal listener, as `ADDRESS:PORT`.
    pub address: String,
}

/// Tells other nodes whom this one has now.
///
/// # Errors
/// The database failed; nothing of it is written.
pub async fn tell(app: &AppState, changes: &[Presence]) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin_write().await?;
    for Presence { workspace, name, number } in changes {
        let named = (*workspace, name.as_str());
        match number {
            Some(number) => {
                let number = number.map(|id| id.to_string()).unwrap_or_default();
                store::insert_registration(&mut tx, &app.node_id, named, &number).await?;
            }
            None => store::delete_registration(&mut tx, &app.node_id, named).await?,
        }
    }
    tx.commit().await
}

/// Tells other nodes that this one has nobody: when it begins and when it ends. What nodes had that are long gone is forgotten too.
///
/// # Errors
/// The database failed.
pub async fn tell_none(app: &AppState) -> Result<(), sqlx::Error> {
    let mut conn = app.db.acquire().await?;
    store::delete_registrations_of_node(&mut conn, &app.node_id).await?;
    store::delete_registrations_of_dead(&mut conn, app.now_us() - KEPT_US).await
}

/// The other nodes that live, can be reached and have this name of the workspace.
///
/// # Errors
/// The database failed, or did not answer in time for a caller.
pub async fn others_with(app: &AppState, workspace: WorkspaceId, name: &str) -> Result<Vec<Other>, sqlx::Error> {
    let found = db::in_time(async {
        let mut conn = app.db.acquire().await?;
        store::list_nodes_with(&mut conn, (workspace, name), &app.node_id, app.now_us(), MOST_NODES).await
    });
    Ok(found.await?.into_iter().map(|(node, address)| Other { node, address }).collect())
}

/// Who rings at other nodes for a number of the workspace: its browsers, and the number's own devices.
///
/// # Errors
/// The database failed, or did not answer in time for a caller.
pub async fn names_at_others(
    app: &AppState,
    workspace: WorkspaceId,
    number: NumberId,
) -> Result<Vec<String>, sqlx::Error> {
    let number = number.to_string();
    db::in_time(async {
        let mut conn = app.db.acquire().await?;
        store::list_names_of_others(&mut conn, (workspace, &number), &app.node_id, app.now_us(), MOST_NAMES).await
    })
    .await
}
