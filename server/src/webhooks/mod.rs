//! What Sautikit says to customers' servers: one hardened client, the signature, the voice callback, and the outbox of
//! events.
//!
//! A room emits an event in the transaction of what it tells, so neither can exist without the other. Deliberately
//! absent here: delivery, which reads the outbox.

pub mod address;
pub mod client;
pub mod fetch;
pub mod signature;
pub(crate) mod store;

use sautikit_api::ids::{CallId, EventId, NumberId, WorkspaceId};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use crate::db::rows::Filled;

pub(crate) use store::INSERT_EVENTS;

/// The kinds of event that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// A call began to ring.
    CallStarted,
    /// It was answered.
    CallAnswered,
    /// It was answered and has ended.
    CallCompleted,
    /// It ended without an answer.
    CallFailed,
    /// Its cost was debited.
    CallBilled,
    /// A number was claimed.
    NumberProvisioned,
    /// A number was given back.
    NumberReleased,
    /// The balance fell below the threshold.
    WalletLowBalance,
    /// A payment arrived.
    WalletTopUp,
    /// Outbound calls were frozen.
    WalletFrozen,
}

impl EventKind {
    /// Its name in bodies and subscriptions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallStarted => "call.started",
            Self::CallAnswered => "call.answered",
            Self::CallCompleted => "call.completed",
            Self::CallFailed => "call.failed",
            Self::CallBilled => "call.billed",
            Self::NumberProvisioned => "number.provisioned",
            Self::NumberReleased => "number.released",
            Self::WalletLowBalance => "wallet.low_balance",
            Self::WalletTopUp => "wallet.top_up",
            Self::WalletFrozen => "wallet.frozen",
        }
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// The workspace as a whole.
    Workspace,
    /// One of its numbers.
    Number(NumberId),
    /// One of its calls, on one of its numbers; `sequence` counts up from 1 within the call.
    Call {
        /// The call.
        call_id: CallId,
        /// The number that it came by.
        number_id: NumberId,
        /// Its place among the call's events.
        sequence: i64,
    },
}

/// An event to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewEvent {
    /// Its id; consumers tell repetitions by it.
    pub id: EventId,
    /// Whose it is.
    pub workspace_id: WorkspaceId,
    /// What happened.
    pub kind: EventKind,
    /// To what.
    pub subject: Subject,
    /// The body's `data`.
    pub data: serde_json::Value,
    /// Microseconds UTC.
    pub created_at: i64,
}

/// Writes the event into the outbox, in the caller's transaction.
///
/// # Errors
/// The database failed.
pub async fn emit(tx: &mut AnyConnection, event: &NewEvent) -> Result<(), sqlx::Error> {
    store::insert_event(tx, event).await
}

/// Events for the outbox, to be written in a batch of the caller's transaction; those that stand there already are left as
/// they are.
pub(crate) fn emit_all<'a>(events: impl Iterator<Item = &'a NewEvent>) -> Filled {
    store::insert_events(events)
}
