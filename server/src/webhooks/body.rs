//! The body of an event, byte for byte what is signed and sent. Pure.

use sautikit_api::ids::{EventId, WorkspaceId};

use crate::clock::rfc3339;

/// How the id of an event begins where others see it.
pub(super) const ID_PREFIX: &str = "evt_";

/// An event as it stands in the outbox.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// Its id.
    pub id: EventId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// The name of its kind.
    pub kind: String,
    /// Which form of its kind's `data` it has.
    pub version: u32,
    /// Its place among those of its call; 0 outside of calls.
    pub sequence: i64,
    /// What is told: JSON, as it was written.
    pub data: String,
    /// Whether somebody only tries out an endpoint.
    pub is_test: bool,
    /// Microseconds UTC.
    pub created_at: i64,
}

/// The id as others see it.
pub fn shown_id(id: EventId) -> String {
    format!("{ID_PREFIX}{id}")
}

/// Reads an id as others see it, or without its beginning.
pub fn read_id(text: &str) -> Option<EventId> {
    text.strip_prefix(ID_PREFIX).unwrap_or(text).parse().ok()
}

/// The body. Both names of the kind and of the data are there, because clients of either exist.
pub fn body(event: &StoredEvent) -> String {
    let StoredEvent { id, kind, sequence, data, workspace_id, .. } = event;
    let (id, created_at) = (shown_id(*id), rfc3339(event.created_at));
    let test = if event.is_test { r#","test":true"# } else { "" };
    // Kinds, ids and times need no escaping, and `data` is JSON as it stands.
    format!(
        r#"{{"id":"{id}","event":"{kind}","event_kind":"{kind}","sequence":{sequence},"created_at":"{created_at}","workspace_id":"{workspace_id}"{test},"data":{data},"payload":{data}}}"#
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_body_is_json_with_both_pairs_of_names() {
        let event = StoredEvent {
            id: EventId(Uuid::from_u128(1)),
            workspace_id: WorkspaceId(Uuid::from_u128(2)),
            kind: "call.failed".to_owned(),
            version: 1,
            sequence: 3,
            data: json!({ "to": "\"quoted\" é" }).to_string(),
            is_test: false,
            created_at: 1_700_000_000_250_000,
        };
        let read: Value = serde_json::from_str(&body(&event)).unwrap();
        assert_eq!(
            read,
            json!({ "id": "evt_00000000-0000-0000-0000-000000000001", "event": "call.failed",
                "event_kind": "call.failed", "sequence": 3, "created_at": "2023-11-14T22:13:20.25Z",
                "workspace_id": "00000000-0000-0000-0000-000000000002", "data": { "to": "\"quoted\" é" },
                "payload": { "to": "\"quoted\" é" } })
        );
        let test: Value = serde_json::from_str(&body(&StoredEvent { is_test: true, ..event })).unwrap();
        assert_eq!(test["test"], true);
    }

    #[test]
    fn an_id_is_read_with_and_without_its_beginning() {
        let id = EventId(Uuid::from_u128(7));
        assert_eq!(read_id(&shown_id(id)), Some(id));
        assert_eq!(read_id(&id.to_string()), Some(id));
        assert_eq!(read_id("evt_x"), None);
    }
}
