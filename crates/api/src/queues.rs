//! Bodies of `/v1/queues`.

use serde::{Deserialize, Serialize};

use crate::ids::{CallId, QueueId};

/// A queue in which somebody waits, talks, or waits for a caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Queue {
    /// Its id; when it was empty the next one of the name has another.
    pub id: QueueId,
    /// Its name in the workspace.
    pub name: String,
    /// RFC 3339: when it was last empty.
    pub opened_at: String,
    /// Who waits, the next one first.
    pub members: Vec<QueueMember>,
    /// How many have been taken out and talk.
    pub talking: u32,
    /// How many wait for a caller.
    pub waiting_agents: u32,
    /// How long those waited who were taken out, in seconds on average.
    pub average_wait_seconds: u64,
}

/// A caller who waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueMember {
    /// Its call.
    pub call_id: CallId,
    /// The number or identity of who waits.
    pub party: String,
    /// 1 is next.
    pub position: u32,
    /// RFC 3339.
    pub entered_at: String,
    /// So far.
    pub waited_seconds: u64,
}
