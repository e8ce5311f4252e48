//! Conferences that have begun, as their events tell of them. They are kept beside the events, so that the end of one whose node
//! died is told too, once, by whoever closes that node's calls.

use std::collections::{BTreeMap, HashSet};

use sautikit_api::ids::{EventId, WorkspaceId};
use serde_json::{Value, json};
use sqlx::AnyConnection;

use crate::calls::CallError;
use crate::calls::store::conferences::{self as sql, ConferenceRow, MemberRow, Written};
use crate::db::Dialect;
use crate::state::AppState;
use crate::webhooks::{self, EventKind, NewEvent, Subject};

/// Conferences of a dead node that are ended in one transaction.
const AT_ONCE: i64 = 50;
/// So long a conference is remembered that was taken from its node: calls last for hours, and a node that was away for longer has
/// none.
const REMEMBERED_US: i64 = 7 * 86_400 * 1_000_000;

/// The conference that an event tells of, where it is an event of one.
fn of(event: &NewEvent) -> Option<&str> {
    use EventKind::{ConferenceEnded, ConferenceJoined, ConferenceLeft, ConferenceStarted};
    let is_of_one = matches!(event.kind, ConferenceStarted | ConferenceJoined | ConferenceLeft | ConferenceEnded);
    event.data["conference_id"].as_str().filter(|_| is_of_one)
}

/// Those of the events that the node may tell: not what goes on in conferences whose end another has told meanwhile, because it
/// took the node for dead.
pub(super) async fn untold<'a>(
    tx: &mut AnyConnection,
    node_id: &str,
    events: &'a [NewEvent],
) -> Result<Vec<&'a NewEvent>, sqlx::Error> {
    let (mut begun, mut looked_at, mut gone) = (HashSet::new(), HashSet::new(), HashSet::new());
    let mut untold = Vec::with_capacity(events.len());
    for event in events {
        if let Some(id) = of(event) {
            if event.kind == EventKind::ConferenceStarted {
                begun.insert(id);
            } else if !begun.contains(id) && looked_at.insert(id) && sql::is_anothers(tx, id, node_id).await? {
                gone.insert(id);
            }
            if gone.contains(id) && !begun.contains(id) {
                continue;
            }
        }
        untold.push(event);
    }
    Ok(untold)
}

/// Keeps what the events come to, in the transaction that writes them.
pub(super) async fn write(
    tx: &mut AnyConnection,
    dialect: Dialect,
    node_id: &str,
    events: &[&NewEvent],
) -> Result<(), sqlx::Error> {
    match written(events) {
        Some(written) => sql::write(tx, dialect, node_id, written).await,
        None => Ok(()),
    }
}

/// What events come to, each row once: the last word counts. None where they tell of no conference. Pure.
fn written(events: &[&NewEvent]) -> Option<Written> {
    let mut conferences: BTreeMap<&str, &NewEvent> = BTreeMap::new();
    let mut members: BTreeMap<(&str, &str), &NewEvent> = BTreeMap::new();
    for event in events {
        let Some(id) = of(event) else { continue };
        match event.kind {
            EventKind::ConferenceStarted | EventKind::ConferenceEnded => {
                conferences.insert(id, event);
            }
            _ => {
                let Some(call) = event.data["call_id"].as_str() else { continue };
                members.insert((id, call), event);
            }
        }
    }
    if conferences.is_empty() && members.is_empty() {
        return None;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut written = Written::default();
    for (id, event) in &conferences {
        if event.kind == EventKind::ConferenceStarted {
            let name = text(&event.data["name"]);
            written.begun.push(((*id).to_owned(), event.workspace_id, name, event.created_at));
        } else {
            written.over.push((*id).to_owned());
        }
    }
    let is_over = |id: &str| conferences.get(id).is_some_and(|event| event.kind == EventKind::ConferenceEnded);
    for ((id, call), event) in members.into_iter().filter(|((id, _), _)| !is_over(id)) {
        if event.kind == EventKind::ConferenceJoined {
            let member = MemberRow { call_id: call.to_owned(), party: text(&event.data["party"]) };
            written.joined.push((id.to_owned(), member, event.workspace_id, event.created_at));
        } else {
            written.left.push((id.to_owned(), call.to_owned()));
        }
    }
    Some(written)
}

/// Tells that whoever was in them has left, and the end, of conferences that a node left open. Of two that do so one does.
pub(super) async fn close(app: &AppState, node_id: &str) -> Result<(), CallError> {
    sql::forget_taken(&mut *app.db.acquire().await?, app.now_us() - REMEMBERED_US).await?;
    loop {
        let open = sql::list_of_node(&mut *app.db.acquire().await?, node_id, AT_ONCE).await?;
        if open.is_empty() {
            return Ok(());
        }
        tracing::warn!(node_id, conferences = open.len(), "ending the conferences that a node left open");
        let mut tx = app.db.begin_write().await?;
        let (mut events, mut at_us) = (Vec::new(), app.now_us());
        for conference in &open {
            let Some(members) = sql::take(&mut tx, &conference.id, node_id).await? else { continue };
            for (kind, data) in ends(conference, &members) {
                events.push(event(app, conference.workspace_id, kind, data, at_us));
                // So that they are told in this order.
                at_us += 1;
            }
        }
        webhooks::emit_together(&mut tx, app.db.dialect(), &events).await?;
        tx.commit().await?;
        webhooks::ring(app);
    }
}

fn event(app: &AppState, workspace_id: WorkspaceId, kind: EventKind, data: Value, created_at: i64) -> NewEvent {
    NewEvent { id: EventId(app.new_uuid()), workspace_id, kind, subject: Subject::Workspace, data, created_at }
}

/// What a conference would have told of its end, in order. Pure.
fn ends(conference: &ConferenceRow, members: &[MemberRow]) -> Vec<(EventKind, Value)> {
    let data = |members: usize| json!({ "conference_id": conference.id, "name": conference.name, "members": members });
    let left = members.iter().zip((1..=members.len()).rev()).map(|(member, in_it)| {
        let mut data = data(in_it);
        data["call_id"] = json!(member.call_id);
        data["party"] = json!(member.party);
        (EventKind::ConferenceLeft, data)
    });
    left.chain([(EventKind::ConferenceEnded, data(0))]).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn told(kind: EventKind, conference: &str, call: &str) -> NewEvent {
        NewEvent {
            id: EventId(Uuid::nil()),
            workspace_id: WorkspaceId(Uuid::nil()),
            kind,
            subject: Subject::Workspace,
            data: json!({ "conference_id": conference, "name": "stand-up", "call_id": call, "party": "asha" }),
            created_at: 7,
        }
    }

    #[test]
    fn of_each_row_the_last_word_counts() {
        use EventKind::{ConferenceEnded, ConferenceJoined, ConferenceLeft, ConferenceStarted};
        let events = [
            told(ConferenceStarted, "a", ""),
            told(ConferenceJoined, "a", "1"),
            told(ConferenceLeft, "a", "1"),
            told(ConferenceJoined, "a", "1"),
            told(ConferenceJoined, "a", "2"),
            told(ConferenceLeft, "a", "2"),
            told(ConferenceStarted, "b", ""),
            told(ConferenceJoined, "b", "3"),
            told(ConferenceEnded, "b", ""),
            told(EventKind::WalletTopUp, "c", ""),
        ];
        let written = written(&events.iter().collect::<Vec<_>>()).unwrap();
        let begun: Vec<_> = written.begun.iter().map(|(id, ..)| id.as_str()).collect();
        let joined: Vec<_> = written.joined.iter().map(|(id, who, ..)| (id.as_str(), who.call_id.as_str())).collect();
        assert_eq!((begun, joined), (vec!["a"], vec![("a", "1")]));
        assert_eq!(written.left, [("a".to_owned(), "2".to_owned())]);
        assert_eq!(written.over, ["b"]);
        assert!(super::written(&[&events[9]]).is_none());
    }

    #[test]
    fn whoever_was_in_has_left_before_the_end() {
        let conference =
            ConferenceRow { id: "a".to_owned(), workspace_id: WorkspaceId(Uuid::nil()), name: "stand-up".to_owned() };
        let member = |call: &str| MemberRow { call_id: call.to_owned(), party: "asha".to_owned() };
        let told = ends(&conference, &[member("2"), member("1")]);
        let shown: Vec<_> = told.iter().map(|(kind, data)| (kind.as_str(), &data["members"])).collect();
        let expected =
            [("conference.left", &json!(2)), ("conference.left", &json!(1)), ("conference.ended", &json!(0))];
        assert_eq!(shown, expected);
    }
}
