//! Nodes tell each other by notices of the database: who delivers, of what has a place now; the others, that something waits to
//! be told, and that somebody follows there.

use std::collections::BTreeSet;

use sautikit_api::ids::WorkspaceId;
use sqlx::AnyConnection;

use super::Live;
use crate::db::notices::MOST_BYTES;
use crate::state::AppState;
use crate::webhooks::delivery;

/// The channel.
const CHANNEL: &str = "sautikit_events_placed";
/// Between a node and the workspaces, and between these.
const SEPARATOR: char = ',';
/// In place of a workspace: something waits to be told.
const WRITTEN: &str = "written";
/// The same, and somebody follows on the node.
const FOLLOWED: &str = "followed";

/// What a notice says.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// Events of these have places.
    Placed(Vec<WorkspaceId>),
    Written,
    Followed,
}

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

/// Tells who delivers, on whichever node, that something waits, or that somebody follows on this one.
pub(in crate::webhooks) async fn tell_written(app: &AppState) -> Result<(), sqlx::Error> {
    let what = if app.part::<Live>().is_followed() { FOLLOWED } else { WRITTEN };
    let text = format!("{}{SEPARATOR}{what}", app.node_id);
    app.db.tell(&mut *app.db.acquire().await?, CHANNEL, &text).await
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

/// What another node's notice says; none of a node's own, which knows.
fn read(node_id: &str, text: &str) -> Option<Said> {
    let (from, rest) = text.split_once(SEPARATOR)?;
    if from == node_id {
        return None;
    }
    Some(match rest {
        WRITTEN => Said::Written,
        FOLLOWED => Said::Followed,
        workspaces => Said::Placed(workspaces.split(SEPARATOR).filter_map(|part| part.parse().ok()).collect()),
    })
}

/// Hears what other nodes tell until the server stops; returns at once where there are none. Started once per node.
pub async fn hear_until_stopped(app: AppState) {
    let heard = |text: Option<String>| {
        // What was missed is found by the next look.
        match text.and_then(|text| read(&app.node_id, &text)) {
            Some(Said::Placed(workspaces)) => app.part::<Live>().placed(workspaces.into_iter()),
            Some(Said::Written) => delivery::ring_here(&app),
            Some(Said::Followed) => {
                app.part::<Live>().follows_elsewhere();
                delivery::ring_here(&app);
            }
            None => {}
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
        assert_eq!(read("b", &text), Some(Said::Placed(workspaces.to_vec())));
        assert_eq!(read("a", &text), None);
        assert_eq!(read("a", "nonsense"), None);
        assert_eq!((read("b", "a,written"), read("b", "a,followed")), (Some(Said::Written), Some(Said::Followed)));
        assert_eq!((read("a", "a,written"), read("b", "a,of later")), (None, Some(Said::Placed(Vec::new()))));
    }

    #[test]
    fn a_notice_is_never_too_long() {
        let many = (0..1_000).map(|number| WorkspaceId(Uuid::from_u128(number)));
        let text = text("a", many);
        assert!(text.len() <= MOST_BYTES && text.len() > MOST_BYTES - 40, "{}", text.len());
    }
}
