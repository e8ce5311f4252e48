//! What Sautikit says to customers' servers: one hardened client, the signature, the voice callback, and events.
//!
//! A room emits an event in the transaction of what it tells, so neither can exist without the other. From the outbox
//! [`delivery`] takes it to every endpoint that wants it ([`endpoints`]); whoever would rather ask reads [`events`].

pub mod address;
pub mod body;
pub mod client;
pub mod deliveries;
pub mod delivery;
pub mod endpoints;
mod error;
pub mod events;
pub mod examples;
pub mod fetch;
mod heads;
pub mod http;
pub mod kinds;
mod letter;
pub mod listener;
pub mod live;
pub mod missed;
mod resolver;
pub mod signature;
pub mod signer;
pub mod signing;
pub(crate) mod store;
pub mod websocket;

use sautikit_api::ids::{CallId, EventId, NumberId, WorkspaceId};
use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use thiserror::Error;

use crate::db::Dialect;
use crate::db::batch::Batch;
use crate::db::rows::Filled;
use crate::secrets::SealBroken;

pub use deliveries::delete_old;
pub use delivery::{ring, run_until_stopped};
pub use kinds::EventKind;
pub(crate) use store::INSERT_EVENTS;

/// The batches of this room.
pub(crate) fn batches() -> impl Iterator<Item = &'static Batch> {
    store::dispatch::BATCHES.into_iter().chain([&store::OUTBOX, &store::missed::MISSED])
}

/// Why webhooks can't be set up or sent.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// No such endpoint in the workspace.
    #[error("no such webhook endpoint")]
    NotFound,
    /// No such delivery in the workspace.
    #[error("No delivery with this id exists in the workspace")]
    DeliveryNotFound,
    /// No such event in the workspace.
    #[error("No event with this id exists in the workspace, or it is past its time.")]
    EventNotFound,
    /// No kind of event is named so.
    #[error("there is no event of that kind")]
    EventUnsupported {
        /// Where it stands.
        field: String,
        /// As it was given.
        name: String,
    },
    /// The secret before the present one signs still, and would no more.
    #[error("{0}")]
    FormerSigns(String),
    /// A member of the body.
    #[error("{message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, and what would do.
        message: String,
    },
    /// The workspace has as many as it may.
    #[error("A workspace has at most {} webhook endpoints. Delete one that is not needed.", endpoints::MOST_ENDPOINTS)]
    TooMany,
    /// The endpoint is off.
    #[error("the endpoint is switched off")]
    Disabled,
    /// What should sign does not open.
    #[error("the endpoint has nothing to sign with")]
    SecretUnset,
    /// It is pending, or was delivered.
    #[error("the delivery can't be sent again")]
    NotRetryable,
    /// No node delivers.
    #[error("no node delivers webhooks")]
    DispatcherUnavailable,
    /// A stored secret does not open.
    #[error(transparent)]
    Seal(#[from] SealBroken),
    /// The database failed.
    #[error("the webhooks could not be read or written")]
    Database(#[from] sqlx::Error),
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

/// Writes events together, in the caller's transaction; those that stand there already are left as they are.
///
/// # Errors
/// The database failed.
pub async fn emit_together(tx: &mut AnyConnection, dialect: Dialect, events: &[NewEvent]) -> Result<(), sqlx::Error> {
    store::OUTBOX.run(tx, dialect, vec![store::insert_events(events.iter())]).await.map(drop)
}

/// The place of the next event of a call that is over, whose own events all stand. Others who ask for one wait until the
/// transaction ends.
///
/// # Errors
/// The database failed.
pub async fn next_sequence(tx: &mut AnyConnection, call_id: CallId) -> Result<i64, sqlx::Error> {
    store::next_sequence(tx, call_id).await
}

/// Events for the outbox, to be written in a batch of the caller's transaction; those that stand there already are left as
/// they are.
pub(crate) fn emit_all<'a>(events: impl Iterator<Item = &'a NewEvent>) -> Filled {
    store::insert_events(events)
}
