//! Who follows on other nodes is told of what the dispatcher placed by a notice of the database.

use std::collections::BTreeSet;

use sautikit_api::ids::WorkspaceId;
use sqlx::AnyConnection;

use super::Live;
use crate::db::notices::MOST_BYTES;
use crate::state::AppState;

/// The channel.
const CHANNEL: &str = "sautikit_events_placed";
/// Between a node and the workspaces, and between these.
const SEPARATOR: char = ',';

/// Tells other nodes, once the transaction is committed, that events of these workspaces have places.
pub(in crate::webhooks) async fn tell(
    app: &AppState,
    tx: &mut AnyConnection,
    workspaces: impl Iterator<Item = WorkspaceId>,
) -> Result<(), sqlx::Error> {
    let workspaces: BTreeSet<_> = workspaces.collect();
    if workspaces.is_empty() {
        return Ok(());
    }
    app.db.tell(tx, CHANNEL, &text(&app.node_id, workspaces)).await
}

/// Those that do not fit are found by the next look.
fn text(node_id: &str, workspaces: impl IntoIterator<Item = WorkspaceId>) -> String {
    let mut text = node_id.to_owned();
    for workspace in workspaces {
        let name = workspace.to_string();
        if text.len() + name.len() + SEPARATOR.len_utf8() > MOST_BYTES {
            break;
        }
        text.push(SEPARATOR);
        text.push_str(&name);
    }
    text
}

/// The workspaces of another node's notice; none of a node's own, which knows.
fn read(node_id: &str, text: &str) -> Vec<WorkspaceId> {
    let mut parts = text.split(SEPARATOR);
    if parts.next() == Some(node_id) {
        return Vec::new();
    }
    parts.filter_map(|part| part.parse().ok()).collect()
}

/// Hears what other nodes tell until the server stops; returns at once where there are none. Started once per node.
pub async fn hear_until_stopped(app: AppState) {
    let heard = |text: Option<String>| {
        // What was missed is found by the next look.
        if let Some(text) = text {
            app.part::<Live>().placed(read(&app.node_id, &text).into_iter());
        }
    };
    let channel = (CHANNEL, "events that other nodes place are heard of late");
    app.db.hear_until_stopped(&app.config.database, &app.stopping, channel, heard).await;
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_notice_is_read_by_others_and_not_by_its_own_node() {
        let workspaces = [WorkspaceId(Uuid::from_u128(1)), WorkspaceId(Uuid::from_u128(2))];
        let text = text("a", workspaces);
        assert_eq!(read("b", &text), workspaces);
        assert_eq!(read("a", &text), []);
        assert_eq!(read("a", "nonsense"), []);
    }

    #[test]
    fn a_notice_is_never_too_long() {
        let many = (0..1_000).map(|number| WorkspaceId(Uuid::from_u128(number)));
        let text = text("a", many);
        assert!(text.len() <= MOST_BYTES && text.len() > MOST_BYTES - 40, "{}", text.len());
    }
}
