//! Nodes tell each other by notices of the database: who delivers, of what has a place now; the others, that something waits to
//! be told, and that somebody follows there; and who runs calls, of those that have changed while somebody follows one elsewhere.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

use sautikit_api::ids::{CallId, EventId, WorkspaceId};
use sqlx::AnyConnection;
use uuid::Uuid;

use super::Live;
use crate::clock;
use crate::db::Causes;
use crate::db::notices::MOST_BYTES;
use crate::state::AppState;
use crate::webhooks::{delivery, listener};

/// The channel.
const CHANNEL: &str = "sautikit_events_placed";
/// Between a node and the workspaces, and between these.
const SEPARATOR: char = ',';
/// In place of a workspace: something waits to be told.
const WRITTEN: &str = "written";
/// The same, and somebody follows on the node.
const FOLLOWED: &str = "followed";
/// Somebody follows a call on the node.
const CALLS_FOLLOWED: &str = "calls_followed";
/// Before calls that have changed.
const CALLS: &str = "calls";
/// Before a workspace and a test event for its listeners.
const TRIGGERED: &str = "triggered";
/// Who listens has changed on the node.
const LISTENERS: &str = "listeners";
/// Before an ask of a listener, and the node that has it.
const ASKED: &str = "asked";
/// Before an ask that is answered.
const ANSWERED: &str = "answered";
/// How often a node says that somebody follows a call there: well within the time for which that is believed.
const FOLLOWS_EVERY: Duration = Duration::from_secs(1);
/// What changes within so long shares a notice: each is a commit that others wait for.
const TOGETHER: Duration = Duration::from_millis(5);

/// What a notice says.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// Events of these have places.
    Placed(Vec<WorkspaceId>),
    Written,
    Followed,
    CallsFollowed,
    /// These have changed.
    Calls(Vec<CallId>),
    /// A test event for the workspace's listeners.
    Triggered(WorkspaceId, EventId),
    /// Who listens there has changed.
    Listeners,
    /// A listener of that node is asked.
    Asked(Uuid, String),
    /// It has answered.
    Answered(Uuid),
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

/// Tells other nodes, once the transaction is committed, of a test event for the workspace's listeners there.
pub(in crate::webhooks) async fn tell_triggered(
    app: &AppState,
    tx: &mut AnyConnection,
    workspace: WorkspaceId,
    event: EventId,
) -> Result<(), sqlx::Error> {
    let text = format!("{}{SEPARATOR}{TRIGGERED}{SEPARATOR}{workspace}{SEPARATOR}{event}", app.node_id);
    app.db.tell(tx, CHANNEL, &text).await
}

/// Tells other nodes, once the transaction is committed, that who listens here has changed.
pub(in crate::webhooks) async fn tell_listeners(app: &AppState, tx: &mut AnyConnection) -> Result<(), sqlx::Error> {
    app.db.tell(tx, CHANNEL, &format!("{}{SEPARATOR}{LISTENERS}", app.node_id)).await
}

/// Tells the node that has the listener, once the transaction is committed, that it is asked.
pub(in crate::webhooks) async fn tell_asked(
    app: &AppState,
    tx: &mut AnyConnection,
    ask: Uuid,
    node_id: &str,
) -> Result<(), sqlx::Error> {
    let text = format!("{}{SEPARATOR}{ASKED}{SEPARATOR}{ask}{SEPARATOR}{node_id}", app.node_id);
    app.db.tell(tx, CHANNEL, &text).await
}

/// Tells who asked, once the transaction is committed, that there is an answer.
pub(in crate::webhooks) async fn tell_answered(
    app: &AppState,
    tx: &mut AnyConnection,
    ask: Uuid,
) -> Result<(), sqlx::Error> {
    app.db.tell(tx, CHANNEL, &format!("{}{SEPARATOR}{ANSWERED}{SEPARATOR}{ask}", app.node_id)).await
}

/// Tells other nodes that somebody follows a call here, and of calls that have changed here while somebody does there.
async fn tell_of_calls(app: &AppState) {
    if !app.db.has_other_nodes() {
        return;
    }
    let calls = &app.part::<Live>().calls;
    let mut due = clock::timer_now();
    loop {
        tokio::select! {
            () = calls.bell.notified() => {}
            () = tokio::time::sleep_until(due) => {}
            () = app.stopping.cancelled() => return,
        }
        tokio::time::sleep(TOGETHER).await;
        let is_due = clock::timer_now() >= due;
        if is_due {
            due = clock::timer_now() + FOLLOWS_EVERY;
        }
        let follows = calls.take_begun() || (is_due && app.part::<Live>().is_call_followed());
        if let Err(error) = tell_once(app, follows, calls.take_changed()).await {
            tracing::warn!(error = %Causes(&error), "other nodes notice a change of a call a second later");
        }
    }
}

async fn tell_once(app: &AppState, follows: bool, changed: BTreeSet<CallId>) -> Result<(), sqlx::Error> {
    if !follows && changed.is_empty() {
        return Ok(());
    }
    let mut conn = app.db.acquire().await?;
    if follows {
        app.db.tell(&mut conn, CHANNEL, &format!("{}{SEPARATOR}{CALLS_FOLLOWED}", app.node_id)).await?;
    }
    if changed.is_empty() {
        return Ok(());
    }
    let from = format!("{}{SEPARATOR}{CALLS}", app.node_id);
    app.db.tell(&mut conn, CHANNEL, &text(&from, changed)).await
}

/// Tells who delivers, on whichever node, that something waits, or that somebody follows on this one.
pub(in crate::webhooks) async fn tell_written(app: &AppState) -> Result<(), sqlx::Error> {
    let what = if app.part::<Live>().is_followed() { FOLLOWED } else { WRITTEN };
    let text = format!("{}{SEPARATOR}{what}", app.node_id);
    app.db.tell(&mut *app.db.acquire().await?, CHANNEL, &text).await
}

/// Those that do not fit are found by the next look.
fn text(from: &str, ids: impl IntoIterator<Item = impl Display>) -> String {
    let mut text = from.to_owned();
    for id in ids {
        let name = id.to_string();
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
    let (what, ids) = rest.split_once(SEPARATOR).unwrap_or((rest, ""));
    Some(match what {
        WRITTEN => Said::Written,
        FOLLOWED => Said::Followed,
        CALLS_FOLLOWED => Said::CallsFollowed,
        TRIGGERED => {
            let (workspace, event) = ids.split_once(SEPARATOR)?;
            Said::Triggered(workspace.parse().ok()?, event.parse().ok()?)
        }
        LISTENERS => Said::Listeners,
        ASKED => {
            let (ask, node_id) = ids.split_once(SEPARATOR)?;
            Said::Asked(ask.parse().ok()?, node_id.to_owned())
        }
        ANSWERED => Said::Answered(ids.parse().ok()?),
        CALLS => Said::Calls(ids.split(SEPARATOR).filter_map(|part| part.parse().ok()).collect()),
        _ => Said::Placed(rest.split(SEPARATOR).filter_map(|part| part.parse().ok()).collect()),
    })
}

/// Hears what other nodes tell, and tells them of calls, until the server stops; returns at once where there are none. Started
/// once per node.
pub async fn exchange_until_stopped(app: AppState) {
    tokio::join!(hear(&app), tell_of_calls(&app), listener::nodes::exchange(&app));
}

async fn hear(app: &AppState) {
    let heard = |text: Option<String>| {
        // What was missed is found by the next look.
        match text.and_then(|text| read(&app.node_id, &text)) {
            Some(Said::Placed(workspaces)) => app.part::<Live>().placed(workspaces.into_iter()),
            Some(Said::Written) => delivery::ring_here(app),
            Some(Said::Followed) => {
                app.part::<Live>().follows_elsewhere();
                delivery::ring_here(app);
            }
            Some(Said::CallsFollowed) => *app.part::<Live>().calls.elsewhere.lock() = Some(clock::timer_now()),
            Some(Said::Calls(calls)) => calls.into_iter().for_each(|call| app.part::<Live>().wake_call(call)),
            Some(Said::Triggered(workspace, event)) => listener::forward_of_other(app, workspace, event),
            Some(Said::Listeners) => listener::nodes::changed(app),
            Some(Said::Asked(ask, node_id)) if *node_id == *app.node_id => listener::nodes::asked(app, ask),
            Some(Said::Answered(ask)) => listener::nodes::answered(app, ask),
            Some(Said::Asked(..)) | None => {}
        }
    };
    let channel = (CHANNEL, "events that other nodes place are heard of late");
    app.db.hear_until_stopped(&app.config.database, &app.stopping, channel, heard).await;
}

#[cfg(test)]
mod tests {
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
    fn a_notice_of_calls_names_them_and_is_none_of_workspaces() {
        let calls = [CallId(Uuid::from_u128(1)), CallId(Uuid::from_u128(2))];
        let text = text(&format!("a{SEPARATOR}{CALLS}"), calls);
        assert_eq!((read("b", &text), read("a", &text)), (Some(Said::Calls(calls.to_vec())), None));
        assert_eq!(read("b", "a,calls_followed"), Some(Said::CallsFollowed));
        let (workspace, event) = (WorkspaceId(Uuid::from_u128(1)), EventId(Uuid::from_u128(2)));
        let text = format!("a,triggered,{workspace},{event}");
        assert_eq!(read("b", &text), Some(Said::Triggered(workspace, event)));
        assert_eq!(read("b", "a,triggered,nobody"), None);
        let ask = Uuid::from_u128(3);
        assert_eq!(read("b", &format!("a,asked,{ask},b")), Some(Said::Asked(ask, "b".to_owned())));
        assert_eq!(read("b", &format!("a,answered,{ask}")), Some(Said::Answered(ask)));
        assert_eq!((read("b", "a,listeners"), read("b", "a,asked,b")), (Some(Said::Listeners), None));
    }

    #[test]
    fn a_notice_is_never_too_long() {
        let many = (0..1_000).map(|number| WorkspaceId(Uuid::from_u128(number)));
        let text = text("a", many);
        assert!(text.len() <= MOST_BYTES && text.len() > MOST_BYTES - 40, "{}", text.len());
    }
}
