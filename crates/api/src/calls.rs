//! Bodies of `/v1/calls`.

use serde::{Deserialize, Serialize};

use crate::actions::MachineDetection;
use crate::ids::{CallEventId, CallId, LedgerEntryId, LegRecordId};
use crate::recordings::{RecordCall, RecordingStatus};

/// Where a call stands. It only moves ringing → answered → completed, or from ringing to one of the other ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// The far side is being alerted.
    Ringing,
    /// Both sides are connected.
    Answered,
    /// It was answered and has ended.
    Completed,
    /// Something prevented the connection.
    Failed,
    /// Nobody answered in time.
    NoAnswer,
    /// The far side was busy.
    Busy,
    /// The caller gave up first.
    Canceled,
}

impl CallStatus {
    /// Every status.
    pub const ALL: &'static [Self] =
        &[Self::Ringing, Self::Answered, Self::Completed, Self::Failed, Self::NoAnswer, Self::Busy, Self::Canceled];

    /// The status's name in JSON, in callbacks and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Answered => "answered",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::Canceled => "canceled",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == name)
    }

    /// Whether nothing can follow.
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Ringing | Self::Answered)
    }

    /// Whether `next` may follow this status.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Ringing => {
                matches!(next, Self::Answered | Self::Failed | Self::NoAnswer | Self::Busy | Self::Canceled)
            }
            Self::Answered => matches!(next, Self::Completed),
            _ => false,
        }
    }
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in JSON, in callbacks and in the database.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)* } }

            /// The value of that name.
            pub fn parse(name: &str) -> Option<Self> { match name { $($text => Some(Self::$variant),)* _ => None } }
        }
    };
}

named! {
    /// Which way a call or a leg goes, seen from the platform.
    Direction {
        /// A call towards the workspace's number; a leg that called us.
        Inbound = "inbound",
        /// A call from it; a leg that we call.
        Outbound = "outbound",
    }
}
named! {
    /// What a leg leads to. Only telephone legs cost money.
    LegKind {
        /// The telephone network.
        Telephone = "telephone",
        /// A browser or app of the workspace.
        Client = "client",
        /// A SIP device.
        Sip = "sip",
        /// Another number of this server.
        Onnet = "onnet",
    }
}

/// Whom to call: one, or several that ring at once and of which the first to answer wins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged, expecting = "neither a telephone number nor a list of them")]
pub enum Destinations {
    /// One telephone number.
    One(String),
    /// Several, rung together.
    Many(Vec<String>),
}

impl Destinations {
    /// As a slice, whichever form was sent.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(to) => std::slice::from_ref(to),
            Self::Many(to) => to,
        }
    }
}

/// `POST /v1/calls` and `POST /v1/calls/originate`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateCall {
    /// Whom to call, E.164 or in the workspace's national form.
    pub to: Destinations,
    /// One of the workspace's active numbers.
    pub from: String,
    /// Who steers the call; the number's callback when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice_callback_url: Option<String>,
    /// Voice actions to run on answer, instead of asking a callback. None of them is `reject`: whom one calls can't be turned away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::bounds::VoiceActions>))]
    pub actions: Option<serde_json::Value>,
    /// A document of XML (`<Response>…</Response>`) to run on answer, instead of `actions`; at most 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 65_536))]
    pub xml: Option<String>,
    /// Who is told of the call's events; the number's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events_url: Option<String>,
    /// The caller's own data, at most 4 KiB; returned and sent with events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<serde_json::Value>,
    /// How long to ring, in seconds: 5 to 600, default 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 5, maximum = 600))]
    pub timeout: Option<i64>,
    /// The longest answered time, in seconds: 1 to 14,400 (default).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 14_400))]
    pub max_duration: Option<i64>,
    /// Whether the call is recorded from its answer on; false when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordCall>,
    /// Whether who answers is judged to be a person or a machine before anything else happens; not when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_detection: Option<MachineDetection>,
}

/// `POST /v1/calls/{id}/actions`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReplaceActions {
    /// Voice actions that take over; none end the call.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::bounds::VoiceActions))]
    pub actions: serde_json::Value,
}

/// Answer of placing a call (202).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallAccepted {
    /// The call's id.
    pub call_id: CallId,
    /// The PBX's id, `HD_…`.
    pub pbx_session_id: String,
    /// `ringing`.
    pub status: CallStatus,
    /// Server-sent events of this one call.
    pub stream_url: String,
}

/// Where a call's stream is read after the token before was revoked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallStream {
    /// The call's id.
    pub call_id: CallId,
    /// Server-sent events of this one call, with the token that reads them from now on.
    pub stream_url: String,
}

/// One telephone, browser or device that took part.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallLeg {
    /// Its id. `GET /v1/calls/{id}` finds its call by it too.
    pub id: LegRecordId,
    /// The same as callbacks spell it: `DialCallSid` of who was dialled, `HD_…`.
    pub pbx_call_id: String,
    /// `telephone`, `client` or `sip`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::LegKind))]
    pub kind: String,
    /// `inbound` (it called us) or `outbound` (we called it).
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::Direction))]
    pub direction: String,
    /// E.164 number or SIP identity.
    pub target: String,
    /// The name of how it ended; null while it runs.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::HangupCause>))]
    pub outcome: Option<String>,
    /// RFC 3339; null when it was not answered.
    pub answered_at: Option<String>,
    /// Answered time in whole seconds, rounded up.
    pub duration_seconds: i64,
    /// Rate per minute at its start, in 1/10,000 of a minor unit.
    pub rate_per_min_e4: i64,
    /// What an answered leg is billed for at least, in seconds.
    pub billing_minimum_seconds: i64,
    /// Time is sold in steps of this many seconds.
    pub billing_increment_seconds: i64,
    /// Its share of the cost.
    pub cost_minor: Option<i64>,
}

/// A call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Call {
    /// Its id.
    pub id: CallId,
    /// The PBX's id, `HD_…`.
    pub pbx_call_id: String,
    /// `inbound` or `outbound`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::Direction))]
    pub direction: String,
    /// Where it stands.
    pub status: CallStatus,
    /// Who called.
    pub from: String,
    /// Who was called.
    pub to: String,
    /// The workspace's number.
    pub local_e164: String,
    /// The other party.
    pub remote_e164: String,
    /// From answer to end in whole seconds, rounded up; null until the call has ended.
    pub duration_seconds: Option<i64>,
    /// What it cost without tax, the sum of its legs' shares; null until it was debited.
    pub cost_minor: Option<i64>,
    /// What was debited beside it as tax, 0 where there is none; null until then.
    #[serde(default)]
    pub tax_minor: Option<i64>,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// Why it ended, from the table in the documentation.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<crate::sets::HangupCause>))]
    pub hangup_cause: Option<String>,
    /// The debit's entry; null until then, or when the call cost nothing.
    pub ledger_entry_id: Option<LedgerEntryId>,
    /// What `POST /v1/calls` was given.
    pub metadata: Option<serde_json::Value>,
    /// RFC 3339.
    pub started_at: String,
    /// RFC 3339.
    pub answered_at: Option<String>,
    /// RFC 3339.
    pub ended_at: Option<String>,
    /// Who took part.
    pub legs: Vec<CallLeg>,
    /// Where the newest recording stands; null without one.
    pub recording_status: Option<RecordingStatus>,
    /// How often your server was asked in vain: it failed, came too late or answered what is no document.
    #[serde(default)]
    pub failed_callbacks: i64,
}

/// An entry of a call's timeline, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallEvent {
    /// Its id.
    pub id: CallEventId,
    /// Counts up from 1 within the call.
    pub sequence: i64,
    /// For instance `call.ringing`, `leg.answered`, `verb.started`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::CallEventKind))]
    pub kind: String,
    /// RFC 3339.
    pub occurred_at: String,
    /// Facts, their shape told by the kind.
    pub data: serde_json::Value,
}

/// One server-sent event of `GET /v1/calls/{id}/stream`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamedEvent {
    /// The entry's `sequence`, for `Last-Event-ID`.
    pub id: String,
    /// The entry's `kind`.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::sets::CallEventKind))]
    pub event: String,
    /// The entry, a [`CallEvent`] as JSON.
    pub data: String,
}

/// Answer of `GET /v1/calls/stats`: the calls that started in a span of time, summed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallStats {
    /// All of them, running ones included.
    pub total_calls: i64,
    /// Those that were answered, running ones included.
    pub answered_calls: i64,
    /// Those that ended as failed, no_answer, busy or canceled.
    pub failed_calls: i64,
    /// Answered time in whole minutes, the sum rounded up.
    pub total_minutes: i64,
    /// What was debited so far.
    pub total_spend_minor: i64,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::money::Currency))]
    pub currency: String,
    /// One per hour or day of the span, oldest first, empty ones included.
    pub buckets: Vec<CallStatsBucket>,
    /// How your server answered the calls of the span.
    #[serde(default)]
    pub callbacks: CallbackStats,
}

/// How a workspace's server answered its newest calls of a span, at most 200 of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallbackStats {
    /// Callbacks that were answered.
    pub answered: i64,
    /// Those that came to nothing.
    pub failed: i64,
    /// Of 100 answers 95 came within so many milliseconds; null without any.
    pub p95_ms: Option<i64>,
}

/// One hour or day of [`CallStats`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallStatsBucket {
    /// RFC 3339: its first moment. Days begin at midnight in the workspace's zone.
    pub start: String,
    /// The calendar day in the workspace's zone, `2026-11-21`.
    pub date: String,
    /// Calls that started in it.
    pub total_calls: i64,
    /// Those of them that were answered, as above.
    pub answered_calls: i64,
    /// Those of them that failed, as above.
    pub failed_calls: i64,
    /// Answered time in seconds.
    pub total_seconds: i64,
    /// What was debited for them so far.
    pub total_spend_minor: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_status_is_final() {
        for status in CallStatus::ALL.iter().filter(|status| status.is_terminal()) {
            assert!(CallStatus::ALL.iter().all(|next| !status.may_become(*next)));
        }
        assert!(!CallStatus::Answered.may_become(CallStatus::Ringing));
    }

    #[test]
    fn one_destination_or_several() {
        let one: Destinations = serde_json::from_str(r#""+254722000001""#).unwrap();
        let many: Destinations = serde_json::from_str(r#"["+254722000001"]"#).unwrap();
        assert_eq!(one.as_slice(), many.as_slice());
    }
}
