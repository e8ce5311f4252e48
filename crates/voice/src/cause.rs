//! How legs and calls end: the one table of `hangup_cause`, call status, DialCallStatus and SIP status.
//!
//! A Q.850 cause (from a Reason header) outranks the SIP status, because gateways to the telephone network translate
//! the latter loosely.

use sautikit_api::calls::CallStatus;

use crate::output::Refusal;

/// Why something ended, with what the network said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// What it means.
    pub kind: CauseKind,
    /// The final SIP status that said so.
    pub sip: Option<u16>,
    /// The Q.850 cause that said so.
    pub q850: Option<u8>,
    /// The code of the error catalogue when we are the one who refused.
    pub code: Option<&'static str>,
}

/// What an end means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CauseKind {
    /// A party hung up.
    NormalClearing,
    /// The target is busy.
    Busy,
    /// The target did not answer, is absent or not registered.
    NoAnswer,
    /// The target declined.
    Rejected,
    /// The caller gave up before the answer.
    Canceled,
    /// Another target answered first.
    AnsweredElsewhere,
    /// No such number.
    NotFound,
    /// The network refused with some other status.
    Failed,
    /// Nobody on the network was reached at all.
    TrunkUnreachable,
    /// We refused before the network was asked.
    Refused,
    /// The API ended the call.
    ApiHangup,
    /// The server stops.
    Draining,
    /// The call's or the dial's longest duration is over.
    MaxDuration,
    /// No media arrived.
    MediaTimeout,
    /// The target answered, but not with audio that is secured as it has to be.
    MediaNotSecured,
    /// The connection to a party was lost and did not come back.
    ConnectionLost,
    /// The wallet is empty.
    InsufficientFunds,
    /// The customer's server could not be asked.
    CallbackFailed,
    /// Too many actions or callbacks.
    ActionsLimit,
}

/// What became of a `dial`, as callbacks say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialStatus {
    /// Connected and ended.
    Completed,
    /// Busy.
    Busy,
    /// Not answered.
    NoAnswer,
    /// Declined.
    Rejected,
    /// Given up.
    Canceled,
    /// Anything else.
    Failed,
}

impl DialStatus {
    /// The value of DialCallStatus.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Rejected => "rejected",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
        }
    }
}

/// One line of the table.
struct Row {
    name: &'static str,
    /// Of a call that was never answered.
    status: CallStatus,
    /// Of a dial that was never answered.
    dial: DialStatus,
    /// What an unanswered caller is told.
    refusal: u16,
}

impl CauseKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::NormalClearing,
        Self::Busy,
        Self::NoAnswer,
        Self::Rejected,
        Self::Canceled,
        Self::AnsweredElsewhere,
        Self::NotFound,
        Self::Failed,
        Self::TrunkUnreachable,
        Self::Refused,
        Self::ApiHangup,
        Self::Draining,
        Self::MaxDuration,
        Self::MediaTimeout,
        Self::MediaNotSecured,
        Self::ConnectionLost,
        Self::InsufficientFunds,
        Self::CallbackFailed,
        Self::ActionsLimit,
    ];

    /// Its name in the table, which is the `hangup_cause` where nothing says more.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    #[rustfmt::skip]
    const fn row(self) -> Row {
        let (name, status, dial, refusal) = match self {
            Self::NormalClearing    => ("normal_clearing",    CallStatus::NoAnswer, DialStatus::NoAnswer,  480),
            Self::Busy              => ("busy",               CallStatus::Busy,     DialStatus::Busy,      486),
            Self::NoAnswer          => ("no_answer",          CallStatus::NoAnswer, DialStatus::NoAnswer,  480),
            Self::Rejected          => ("rejected",           CallStatus::Failed,   DialStatus::Rejected,  603),
            Self::Canceled          => ("canceled",           CallStatus::Canceled, DialStatus::Canceled,  487),
            Self::AnsweredElsewhere => ("answered_elsewhere", CallStatus::Canceled, DialStatus::Canceled,  487),
            Self::NotFound          => ("not_found",          CallStatus::Failed,   DialStatus::Failed,    404),
            Self::Failed            => ("failed",             CallStatus::Failed,   DialStatus::Failed,    503),
            Self::TrunkUnreachable  => ("trunk.unreachable",  CallStatus::Failed,   DialStatus::Failed,    503),
            Self::Refused           => ("refused",            CallStatus::Failed,   DialStatus::Failed,    403),
            Self::ApiHangup         => ("api_hangup",         CallStatus::Canceled, DialStatus::Canceled,  480),
            Self::Draining          => ("service.draining",   CallStatus::Failed,   DialStatus::Failed,    503),
            Self::MaxDuration       => ("max_duration",       CallStatus::NoAnswer, DialStatus::NoAnswer,  480),
            Self::MediaTimeout      => ("media.timeout",      CallStatus::Failed,   DialStatus::Failed,    503),
            Self::MediaNotSecured   => ("media.not_secured",  CallStatus::Failed,   DialStatus::Failed,    488),
            Self::ConnectionLost    => ("connection_lost",    CallStatus::Failed,   DialStatus::Failed,    480),
            Self::InsufficientFunds => ("insufficient_funds", CallStatus::Failed,   DialStatus::Failed,    402),
            Self::CallbackFailed    => ("call.callback_failed", CallStatus::Failed, DialStatus::Failed,    503),
            Self::ActionsLimit      => ("actions.limit",      CallStatus::Failed,   DialStatus::Failed,    503),
        };
        Row { name, status, dial, refusal }
    }
}

impl From<CauseKind> for Cause {
    fn from(kind: CauseKind) -> Self {
        Self { kind, sip: None, q850: None, code: None }
    }
}

impl Cause {
    /// The meaning of a final SIP status and, if the message had one, its Q.850 reason. A 487 that nobody asked for with a
    /// CANCEL is a failure like any other: who gives up is known before an answer comes.
    pub fn from_network(sip: u16, q850: Option<u8>) -> Self {
        let kind = q850.and_then(Self::kind_of_q850).unwrap_or(match sip {
            486 | 600 => CauseKind::Busy,
            408 | 480 => CauseKind::NoAnswer,
            603 => CauseKind::Rejected,
            404 | 604 => CauseKind::NotFound,
            _ => CauseKind::Failed,
        });
        Self { kind, sip: Some(sip), q850, code: None }
    }

    /// The meaning of a BYE, whose Reason may carry a Q.850 cause.
    pub fn from_bye(q850: Option<u8>) -> Self {
        Self { q850, ..CauseKind::NormalClearing.into() }
    }

    /// We refused a leg before the network was asked; `code` is of the error catalogue, `sip` what a caller is told.
    pub fn refused(code: &'static str, sip: u16) -> Self {
        Self { code: Some(code), sip: Some(sip), ..CauseKind::Refused.into() }
    }

    /// The target rang for its whole time: what a network says then (408, and Q.850's "no answer from user").
    pub(crate) fn unanswered() -> Self {
        Self { sip: Some(408), q850: Some(19), ..CauseKind::NoAnswer.into() }
    }

    /// The network has said by Q.850 how it is with the callee, so that it would say the same by any other way.
    pub fn is_of_callee(&self) -> bool {
        self.q850.and_then(Self::kind_of_q850).is_some()
    }

    /// `None` where Q.850 says no more than the SIP status does.
    fn kind_of_q850(q850: u8) -> Option<CauseKind> {
        match q850 {
            1 => Some(CauseKind::NotFound),
            17 => Some(CauseKind::Busy),
            18..=20 => Some(CauseKind::NoAnswer),
            21 => Some(CauseKind::Rejected),
            _ => None,
        }
    }

    /// The `hangup_cause` of call records: a name of the table, `sip.NNN` for other refusals of the network, or the
    /// error code under which we refused.
    pub fn hangup_cause(&self) -> String {
        match (self.kind, self.sip, self.code) {
            (CauseKind::Refused, _, Some(code)) => code.to_owned(),
            (CauseKind::Failed, Some(sip), _) => format!("sip.{sip}"),
            (kind, ..) => kind.name().to_owned(),
        }
    }

    /// The final status of a call that ended so, by whether it had been answered.
    pub const fn status(&self, answered: bool) -> CallStatus {
        if answered { CallStatus::Completed } else { self.kind.row().status }
    }

    /// What became of a dial that ended so, by whether it had been answered.
    pub const fn dial_status(&self, answered: bool) -> DialStatus {
        if answered { DialStatus::Completed } else { self.kind.row().dial }
    }

    /// What an unanswered caller is told.
    pub fn refusal(&self) -> Refusal {
        let status = match (self.kind, self.sip) {
            (CauseKind::Refused, Some(sip)) => sip,
            (kind, _) => kind.row().refusal,
        };
        Refusal { status, code: self.code }
    }

    /// How much it tells when several targets failed: the best one is reported.
    pub const fn weight(&self) -> u8 {
        match self.kind {
            CauseKind::Busy => 4,
            CauseKind::Rejected => 3,
            CauseKind::NoAnswer => 2,
            CauseKind::NotFound | CauseKind::Refused => 1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q850_outranks_the_sip_status() {
        let cases = [
            (486, None, CauseKind::Busy, CallStatus::Busy, DialStatus::Busy),
            (600, None, CauseKind::Busy, CallStatus::Busy, DialStatus::Busy),
            (503, Some(17), CauseKind::Busy, CallStatus::Busy, DialStatus::Busy),
            (408, None, CauseKind::NoAnswer, CallStatus::NoAnswer, DialStatus::NoAnswer),
            (480, None, CauseKind::NoAnswer, CallStatus::NoAnswer, DialStatus::NoAnswer),
            (500, Some(18), CauseKind::NoAnswer, CallStatus::NoAnswer, DialStatus::NoAnswer),
            (486, Some(20), CauseKind::NoAnswer, CallStatus::NoAnswer, DialStatus::NoAnswer),
            (480, Some(21), CauseKind::Rejected, CallStatus::Failed, DialStatus::Rejected),
            (487, None, CauseKind::Failed, CallStatus::Failed, DialStatus::Failed),
            (487, Some(17), CauseKind::Busy, CallStatus::Busy, DialStatus::Busy),
            (503, Some(34), CauseKind::Failed, CallStatus::Failed, DialStatus::Failed),
        ];
        for (sip, q850, kind, status, dial) in cases {
            let cause = Cause::from_network(sip, q850);
            assert_eq!(
                (cause.kind, cause.status(false), cause.dial_status(false)),
                (kind, status, dial),
                "{sip} {q850:?}"
            );
        }
    }

    #[test]
    fn only_what_is_said_of_the_callee_forbids_another_way() {
        for (q850, of_callee) in [
            (Some(1), true),
            (Some(17), true),
            (Some(18), true),
            (Some(19), true),
            (Some(20), true),
            (Some(21), true),
            (Some(34), false),
            (Some(38), false),
            (Some(41), false),
            (None, false),
        ] {
            assert_eq!(Cause::from_network(503, q850).is_of_callee(), of_callee, "{q850:?}");
        }
    }

    #[test]
    fn an_answered_call_is_completed_whatever_ended_it() {
        for &kind in CauseKind::ALL {
            let cause = Cause::from(kind);
            assert_eq!(cause.status(true), CallStatus::Completed);
            assert!(cause.status(false).is_terminal());
            assert!((400..700).contains(&cause.refusal().status));
        }
    }

    #[test]
    fn other_refusals_name_their_status_and_ours_their_code() {
        assert_eq!(Cause::from_network(503, None).hangup_cause(), "sip.503");
        let refused = Cause::refused("calls.no_route", 503);
        assert_eq!((refused.hangup_cause().as_str(), refused.refusal().status), ("calls.no_route", 503));
    }
}
