//! Why a call ended, as the page is told: one table from SIP, Q.850 and the catalogue's codes to nine words.

use sip::dialog::LENGTH_HEADER;
use sip::phone::{Cause, Message};

use crate::call_state::CallState;

/// What ends a call that is nobody's fault, and one whose description is.
const DECLINE: u16 = 603;
const NOT_ACCEPTABLE: u16 = 488;

/// The `reason` of `ended`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndReason {
    LocalHangup,
    RemoteHangup,
    Busy,
    NoAnswer,
    Rejected,
    Canceled,
    Failed,
    NetworkLost,
    InsufficientFunds,
}

impl EndReason {
    /// The word in the event.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::LocalHangup => "localHangup",
            Self::RemoteHangup => "remoteHangup",
            Self::Busy => "busy",
            Self::NoAnswer => "noAnswer",
            Self::Rejected => "rejected",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
            Self::NetworkLost => "networkLost",
            Self::InsufficientFunds => "insufficientFunds",
        }
    }

    /// Whether the page also hears `failed`: something went wrong, nobody decided it.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::NetworkLost | Self::InsufficientFunds)
    }
}

/// The end of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) reason: EndReason,
    /// The SIP status; 200 for a call that was hung up.
    pub(crate) code: u16,
    /// `X-Sautikit-Error`: the catalogue's code, when the server gave one.
    pub(crate) error: Option<String>,
}

impl Ended {
    /// Of a call in this state that we end with this status.
    pub(crate) fn by_us(state: CallState, status: u16) -> Self {
        let (reason, code) = match state {
            CallState::Active if status != DECLINE => (EndReason::Failed, status),
            CallState::Active => (EndReason::LocalHangup, 200),
            // What the far side described cannot be used.
            CallState::Dialing | CallState::Ringing if status == NOT_ACCEPTABLE => (EndReason::Failed, status),
            CallState::Incoming | CallState::Accepting => (EndReason::Rejected, status),
            _ => (EndReason::Canceled, 487),
        };
        Self { reason, code, error: None }
    }

    /// Reads the phone's cause.
    pub(crate) fn of(cause: &Cause) -> Self {
        let plain = |reason, code| Self { reason, code, error: None };
        match cause {
            Cause::Refused(response) => {
                let (error, code) = (catalogue_code(response), response.status().unwrap_or_default());
                Self { reason: of_status(code, error.as_deref(), q850(response)), code, error }
            }
            Cause::Lost(status) => plain(EndReason::NetworkLost, *status),
            Cause::Cancelled => plain(EndReason::Canceled, 487),
            Cause::Rejected(status) => plain(EndReason::Rejected, *status),
            Cause::HungUp(_) => plain(EndReason::LocalHangup, 200),
            Cause::Bye(request) => {
                let error = catalogue_code(request);
                let reason =
                    if is_funds(error.as_deref()) { EndReason::InsufficientFunds } else { EndReason::RemoteHangup };
                Self { reason, code: 200, error }
            }
        }
    }
}

/// The seconds of the call's record, empty where the gateway has not told them.
pub(crate) fn counted_seconds(cause: &Cause) -> &str {
    match cause {
        Cause::Bye(message) | Cause::HungUp(Some(message)) => message.get(LENGTH_HEADER),
        _ => "",
    }
}

/// A Q.850 cause outranks the status; the catalogue's code outranks both for money.
fn of_status(status: u16, error: Option<&str>, q850: Option<u8>) -> EndReason {
    match (status, q850) {
        (402, _) => EndReason::InsufficientFunds,
        _ if is_funds(error) => EndReason::InsufficientFunds,
        (_, Some(17)) => EndReason::Busy,
        (_, Some(18..=20)) => EndReason::NoAnswer,
        (_, Some(21)) => EndReason::Rejected,
        (486 | 600, _) => EndReason::Busy,
        (408 | 480, _) => EndReason::NoAnswer,
        (603, _) => EndReason::Rejected,
        (487, _) => EndReason::Canceled,
        _ => EndReason::Failed,
    }
}

fn is_funds(error: Option<&str>) -> bool {
    error.is_some_and(|code| code.starts_with("wallet.insufficient"))
}

fn catalogue_code(message: &Message) -> Option<String> {
    Some(message.get("X-Sautikit-Error")).filter(|code| !code.is_empty()).map(str::to_owned)
}

/// The cause in Reason (RFC 3326), which may hold others beside it.
fn q850(message: &Message) -> Option<u8> {
    let reasons = message.values("Reason");
    let own = reasons
        .iter()
        .find(|reason| reason.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("Q.850")))?;
    let params = own.split(';').filter_map(|param| param.split_once('='));
    let mut causes = params.filter(|(name, _)| name.trim().eq_ignore_ascii_case("cause"));
    causes.next()?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, header: &str) -> Ended {
        let response = Message::read(&format!("SIP/2.0 {status} X\r\n{header}\r\n\r\n"));
        Ended::of(&Cause::Refused(response.unwrap()))
    }

    #[test]
    fn statuses_become_words() {
        assert_eq!(refused(486, "").reason, EndReason::Busy);
        assert_eq!(refused(480, "").reason, EndReason::NoAnswer);
        assert_eq!(refused(603, "").reason, EndReason::Rejected);
        assert_eq!(refused(503, "").reason, EndReason::Failed);
        assert_eq!(refused(402, "").reason, EndReason::InsufficientFunds);
    }

    #[test]
    fn a_q850_cause_outranks_the_status() {
        for header in ["Reason: Q.850;cause=17", "Reason: SIP ;cause=500 ;text=\"a, b\", q.850 ; cause = 17;text=\"x\""]
        {
            let ended = refused(500, header);
            assert_eq!((ended.reason, ended.code), (EndReason::Busy, 500), "{header}");
        }
    }

    #[test]
    fn the_catalogue_code_is_handed_on() {
        let ended = refused(403, "X-Sautikit-Error: calls.destination_blocked");
        assert_eq!(ended.error.as_deref(), Some("calls.destination_blocked"));
        assert!(ended.reason.is_failure());
    }

    #[test]
    fn what_we_end_ends_as_its_state_says() {
        let by_us = |state, status| {
            let Ended { reason, code, .. } = Ended::by_us(state, status);
            (reason, code)
        };
        assert_eq!(by_us(CallState::Active, DECLINE), (EndReason::LocalHangup, 200));
        assert_eq!(by_us(CallState::Active, NOT_ACCEPTABLE), (EndReason::Failed, NOT_ACCEPTABLE));
        assert_eq!(by_us(CallState::Ringing, NOT_ACCEPTABLE), (EndReason::Failed, NOT_ACCEPTABLE));
        assert_eq!(by_us(CallState::Ringing, DECLINE), (EndReason::Canceled, 487));
        assert_eq!(by_us(CallState::Incoming, 486), (EndReason::Rejected, 486));
    }

    #[test]
    fn the_seconds_are_read_where_the_gateway_tells_them() {
        let message = |text: &str| Message::read(text).unwrap();
        let bye = message("BYE sip:a@b SIP/2.0\r\nX-Sautikit-Duration: 61\r\n\r\n");
        assert_eq!(counted_seconds(&Cause::Bye(bye)), "61");
        let ok = |header: &str| Cause::HungUp(Some(message(&format!("SIP/2.0 200 OK\r\n{header}\r\n\r\n"))));
        assert_eq!(counted_seconds(&ok("x-sautikit-duration: 7")), "7");
        for other in [ok("Server: x"), Cause::HungUp(None), Cause::Lost(408)] {
            assert_eq!(counted_seconds(&other), "", "{other:?}");
        }
    }

    #[test]
    fn silence_of_the_gateway_is_the_network() {
        assert_eq!(Ended::of(&Cause::Lost(408)).reason, EndReason::NetworkLost);
        assert_eq!(Ended::of(&Cause::HungUp(None)).reason, EndReason::LocalHangup);
    }
}
