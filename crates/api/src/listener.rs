//! What a server and a listener of a developer's machine say to each other, by a WebSocket at `/v1/listener`: JSON, a message
//! each. `sautikit listen` is the one client; it is of the same release as its server or older.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::WorkspaceId;

/// From the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToListener {
    /// The first message.
    Ready {
        /// To come back as the same listener by.
        listener_id: String,
        /// Whose events.
        workspace_id: WorkspaceId,
        /// What everything that is forwarded is signed with: the workspace's own for listeners.
        secret: String,
        /// The place of the last event that was told before: whoever comes back goes on from there.
        after: i64,
    },
    /// An event.
    Event {
        /// Its place; none of a test event.
        place: Option<i64>,
        /// What it tells.
        kind: String,
        /// What is forwarded.
        request: Forwarded,
    },
    /// A voice callback, which awaits an answer.
    Callback {
        /// Names it in the answer.
        callback_id: String,
        /// Path and query of the number's or call's URL.
        path: String,
        /// What is forwarded.
        request: Forwarded,
    },
    /// The test events that were asked for are on their way.
    Triggered {
        /// Their kinds.
        events: Vec<String>,
        /// To so many listeners.
        listeners: usize,
    },
    /// What was asked for can't be done.
    Refused {
        /// Why.
        message: String,
    },
    /// The last message: it fell too far behind, and comes back.
    Dropped,
}

/// A request as it is to be made, byte for byte: a POST, or a GET where there is no body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// What is signed.
    pub body: String,
}

/// From the listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromListener {
    /// What the developer's server answered to a voice callback.
    Answer {
        /// As it was sent.
        callback_id: String,
        /// The HTTP status.
        status: u16,
        /// The header `Content-Type`; empty without one.
        content_type: String,
        /// The body in base64.
        body: String,
    },
    /// It answered nothing.
    Failed {
        /// As it was sent.
        callback_id: String,
        /// Why.
        reason: FailureReason,
    },
    /// Test events are to be told to every listener of the workspace.
    Trigger {
        /// A kind, or what stands for several, as in subscriptions.
        event: String,
    },
}

/// Why a developer's server answered nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// Not in time.
    Timeout,
    /// No connection, or it broke.
    Connection,
    /// More than is read of an answer.
    TooLarge,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_their_type() {
        let failed = FromListener::Failed { callback_id: "c".to_owned(), reason: FailureReason::Timeout };
        let text = serde_json::to_string(&failed).unwrap();
        assert_eq!(text, r#"{"type":"failed","callback_id":"c","reason":"timeout"}"#);
        assert_eq!(serde_json::from_str::<FromListener>(&text).unwrap(), failed);
        assert_eq!(serde_json::to_string(&ToListener::Dropped).unwrap(), r#"{"type":"dropped"}"#);
    }
}
