//! Calls: their records, legs, timelines, what they cost, and who may place them.
//!
//! In: requests to place a call, and the gateway's reports of what happens to it. Out: rows, outbox events and the debit.
//! The status only moves ringing → answered → completed, or ringing → failed | no_answer | busy | canceled; the database
//! refuses the rest. Deliberately absent: SIP and media (the gateway), and the movement of money (`wallet`).

pub mod admission;
pub mod callback_test;
pub mod directory;
mod error;
pub mod export;
pub mod fraud;
pub mod gateway;
pub mod http;
pub mod limits;
pub mod nodes;
pub mod operator;
pub mod pbx;
pub mod placing;
pub mod playground;
pub mod record;
pub mod registrations;
pub mod signing;
pub mod spending;
pub mod stats;
pub(crate) mod store;
pub mod stream;
mod telling;
pub mod trace;

use async_trait::async_trait;
use sautikit_api::calls::CallStatus;
use sautikit_api::ids::{CallId, LedgerEntryId, LegRecordId, NumberId, WorkspaceId};
use sautikit_api::money::Currency;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::AnyConnection;
use thiserror::Error;

use crate::accounts::Dependant;
use crate::tax::TaxRate;
use crate::wallet::WalletError;
use crate::wallet::quota::Day;

pub use self::http::{accepted, not_here};
pub use crate::rating::{self, Rate};
pub use admission::{
    Admitted, NewInbound, admit_browser, admit_client, admit_inbound, admit_leg, own_number_written, workspace_called,
};
pub use gateway::{CallsGateway, Hub, PricedTarget, SettingUp};
pub use record::{
    Allowance, CAUSE_NODE_LOST, CallEnd, CallFunds, CallRecord, DialogKeeper, Recovered, Written, event_data, recover,
};
pub use sautikit_api::calls::{Direction, LegKind};
pub(crate) use store::open::{mark, mark_of_all};
pub use telling::{TellConference, Untold, tell_customer};

/// Why a call was refused or could not be handled.
#[derive(Debug, Error)]
pub enum CallError {
    /// No such call in the workspace.
    #[error("no such call")]
    NotFound,
    /// The call has ended.
    #[error("the call has ended")]
    NotLive,
    /// No active number of the workspace, or no number of ours at all.
    #[error("not an active number of this workspace; claim it first")]
    NumberUnknown,
    /// A field of the request can't be used.
    #[error("{message}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, and what would do.
        message: String,
    },
    /// The actions of the request do not validate.
    #[error("{message}")]
    Actions {
        /// The member of the request that has them.
        field: &'static str,
        /// What is wrong, with its place.
        message: String,
    },
    /// An emergency number or short code.
    #[error("emergency numbers and short codes can't be called here")]
    Emergency {
        /// Where it stands in the request.
        field: &'static str,
        /// As it was dialled.
        number: String,
    },
    /// No price, or blocked.
    #[error("calls to this destination are not allowed or have no price")]
    DestinationBlocked {
        /// Where it stands in the request.
        field: &'static str,
        /// E.164.
        number: String,
        /// What is held against it.
        why: limits::Blocked,
    },
    /// The workspace has too many calls.
    #[error("the workspace has as many calls as it may")]
    LimitExceeded(limits::Full),
    /// The day's calls have cost what they may.
    #[error("the workspace's calls have cost what they may in a day")]
    SpendLimit {
        /// The day.
        day: Day,
        /// What running calls hold of it.
        held_minor: i64,
        /// Of the amounts.
        currency: Currency,
    },
    /// Outbound calls are frozen.
    #[error("the workspace's outbound calls are frozen")]
    Frozen {
        /// Who was called, E.164.
        number: String,
    },
    /// Another node runs the call: that one.
    #[error("another node runs the call")]
    ElsewhereLive(String),
    /// This node is about to stop.
    #[error("this server is about to restart")]
    Draining,
    /// This node can't set up another call in time.
    #[error("this server is setting up as many calls as it can")]
    Overloaded,
    /// Nothing can be recorded just now.
    #[error("calls can not be recorded just now")]
    StorageUnavailable,
    /// Another request took the `Idempotency-Key` meanwhile.
    #[error("another request has the same Idempotency-Key")]
    KeyTaken,
    /// The workspace is suspended or gone.
    #[error("there is no such workspace, or it is suspended")]
    WorkspaceClosed,
    /// This node has no gateway.
    #[error("no gateway serves this node")]
    NoRoute,
    /// The wallet refused.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// A leg's figures are out of range.
    #[error(transparent)]
    Rating(#[from] rating::RatingError),
    /// The database failed.
    #[error("the calls could not be read or written")]
    Database(#[from] sqlx::Error),
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in the database and the API.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)* } }

            /// The value of that name.
            pub fn parse(name: &str) -> Option<Self> { match name { $($text => Some(Self::$variant),)* _ => None } }
        }
    };
}

names! {
    /// Who began a call.
    Origin {
        /// `POST /v1/calls`.
        Api = "api",
        /// A browser or device.
        Client = "client",
        /// A carrier.
        Trunk = "trunk",
    }
}
names! {
    /// What this room adds to a call's timeline; the rest is the voice engine's.
    Milestone {
        /// The call is being placed, or comes in.
        Ringing = "call.ringing",
        /// It was answered.
        Answered = "call.answered",
        /// It was answered and has ended.
        Completed = "call.completed",
        /// It ended without an answer.
        Failed = "call.failed",
        /// Its cost was debited.
        Billed = "call.billed",
    }
}

/// A leg as the gateway reports it; reported again whenever it changes, told apart by its id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LegRecord {
    /// Its id.
    pub id: LegRecordId,
    /// What it leads to.
    pub kind: LegKind,
    /// Whether it called us or we called it.
    pub direction: Direction,
    /// E.164 or SIP identity.
    pub target: String,
    /// The rate in force when it started.
    pub rate: Rate,
    /// Microseconds UTC.
    pub started_at: i64,
    /// Microseconds UTC; none while it rings or when it was never answered.
    pub answered_at: Option<i64>,
    /// Microseconds UTC; none while it lives.
    pub ended_at: Option<i64>,
    /// How it ended.
    pub outcome: Option<String>,
    /// Dialog identifiers, so that recovery after a crash can send BYE.
    pub dialog: Option<Value>,
}

impl LegRecord {
    /// Whole seconds of answered time up to its end, or up to `now_us` while it lives.
    pub fn duration_seconds(&self, now_us: i64) -> i64 {
        self.answered_at.map_or(0, |answered| rating::duration_seconds(answered, self.ended_at.unwrap_or(now_us)))
    }

    /// What it adds to the bill of its call, which ended with `status`: an answered telephone leg of a completed call costs
    /// its rate's minimum at least, everything else nothing (billing.md).
    ///
    /// # Errors
    /// Figures out of range.
    pub fn billed_minor(&self, status: CallStatus) -> Result<i64, rating::RatingError> {
        match (self.kind, self.answered_at, self.ended_at) {
            (LegKind::Telephone, Some(answered_at), Some(ended_at)) if status == CallStatus::Completed => {
                self.rate.cost_minor(rating::billed_seconds(answered_at, ended_at))
            }
            _ => Ok(0),
        }
    }
}

/// A call's row.
#[derive(Debug, Clone)]
pub struct CallRow {
    /// Its id.
    pub id: CallId,
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// The number that it came by.
    pub number_id: NumberId,
    /// Inbound or outbound.
    pub direction: Direction,
    /// Who began it.
    pub origin: Origin,
    /// Where it stands.
    pub status: CallStatus,
    /// Who called.
    pub from: String,
    /// Who was called.
    pub to: String,
    /// The workspace's number.
    pub local_e164: String,
    /// The other party.
    pub remote: String,
    /// The workspace's currency.
    pub currency: Currency,
    /// Callback of this call, else the number's holds.
    pub voice_callback_url: Option<String>,
    /// Events URL of this call.
    pub events_url: Option<String>,
    /// The caller's own data.
    pub metadata: Option<Value>,
    /// How long to ring.
    pub ring_timeout_seconds: i64,
    /// The longest answered time.
    pub max_duration_seconds: i64,
    /// Microseconds UTC.
    pub started_at: i64,
    /// Microseconds UTC.
    pub answered_at: Option<i64>,
    /// Microseconds UTC.
    pub ended_at: Option<i64>,
    /// From answer to end.
    pub duration_seconds: Option<i64>,
    /// Why it ended.
    pub hangup_cause: Option<String>,
    /// What it cost without tax; none until the end.
    pub cost_minor: Option<i64>,
    /// The rate of tax that was in force when it started.
    pub tax: TaxRate,
    /// What was debited beside the cost; 0 until the end.
    pub tax_minor: i64,
    /// The debit.
    pub ledger_entry_id: Option<LedgerEntryId>,
    /// The last media that its node saw.
    pub last_media_at: Option<i64>,
    /// How many entries its timeline has.
    pub(crate) entry_seq: i64,
    /// How many events its outbox has.
    pub(crate) outbox_seq: i64,
}

/// Calls that a workspace has.
pub struct OfWorkspaces;

#[async_trait]
impl Dependant for OfWorkspaces {
    async fn hinders_deletion(
        &self,
        conn: &mut AnyConnection,
        workspace: WorkspaceId,
    ) -> Result<Option<&'static str>, sqlx::Error> {
        let has_open = store::count_open(conn, workspace).await? > 0;
        Ok(has_open.then_some("calls are running or not yet billed; wait for their end"))
    }
}

/// Says where the newest recording of a call stands.
///
/// # Errors
/// The database failed.
pub async fn set_recording_status(
    tx: &mut AnyConnection,
    id: CallId,
    status: Option<String>,
) -> Result<(), sqlx::Error> {
    store::set_recording_status(tx, id, status).await
}

/// Finds a workspace's call by its id.
///
/// # Errors
/// No such call, or the database failed.
pub async fn get_call(conn: &mut AnyConnection, workspace_id: WorkspaceId, id: CallId) -> Result<CallRow, CallError> {
    store::find_call_of(conn, workspace_id, id).await?.ok_or(CallError::NotFound)
}
