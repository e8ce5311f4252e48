//! Why a call ended, as the page is told: one table from SIP, Q.850 and the catalogue's codes to nine words.

use sip::message::{HeaderName, Headers};
use sip::ua::{EndCause, Failure};

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
    /// Reads the user agent's cause.
    pub(crate) fn of(cause: &EndCause) -> Self {
        let plain = |reason, code| Self { reason, code, error: None };
        match cause {
            EndCause::Failed(Failure::Response(response)) => {
                let error = catalogue_code(&response.headers);
                let reason = of_status(response.status.code(), error.as_deref(), q850(&response.headers));
                Self { reason, code: response.status.code(), error }
            }
            EndCause::Failed(failure) | EndCause::DialogLost(failure) => {
                plain(EndReason::NetworkLost, failure.status())
            }
            EndCause::CancelledLocally | EndCause::CancelledRemotely(_) => plain(EndReason::Canceled, 487),
            EndCause::Refused(status) => plain(EndReason::Rejected, status.code()),
            EndCause::LocalBye => plain(EndReason::LocalHangup, 200),
            EndCause::RemoteBye(request) => {
                let error = catalogue_code(&request.headers);
                let reason =
                    if is_funds(error.as_deref()) { EndReason::InsufficientFunds } else { EndReason::RemoteHangup };
                Self { reason, code: 200, error }
            }
            EndCause::NoAck => plain(EndReason::NetworkLost, 408),
        }
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

fn catalogue_code(headers: &Headers) -> Option<String> {
    headers.text(&HeaderName::XSautikitError).ok().flatten().map(str::to_owned)
}

fn q850(headers: &Headers) -> Option<u8> {
    headers.reason_header().ok()?.iter().find_map(sip::message::header::Reason::q850)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip::message::{Response, StatusCode};

    fn refused(status: StatusCode, header: Option<(HeaderName, &'static str)>) -> Ended {
        let mut response = Response::new(status);
        if let Some((name, value)) = header {
            response.headers.push(name, value);
        }
        Ended::of(&EndCause::Failed(Failure::Response(Box::new(response))))
    }

    #[test]
    fn statuses_become_words() {
        assert_eq!(refused(StatusCode::BUSY_HERE, None).reason, EndReason::Busy);
        assert_eq!(refused(StatusCode::TEMPORARILY_UNAVAILABLE, None).reason, EndReason::NoAnswer);
        assert_eq!(refused(StatusCode::DECLINE, None).reason, EndReason::Rejected);
        assert_eq!(refused(StatusCode::SERVICE_UNAVAILABLE, None).reason, EndReason::Failed);
        assert_eq!(refused(StatusCode::PAYMENT_REQUIRED, None).reason, EndReason::InsufficientFunds);
    }

    #[test]
    fn a_q850_cause_outranks_the_status() {
        let ended = refused(StatusCode::SERVER_INTERNAL_ERROR, Some((HeaderName::Reason, "Q.850;cause=17")));
        assert_eq!((ended.reason, ended.code), (EndReason::Busy, 500));
    }

    #[test]
    fn the_catalogue_code_is_handed_on() {
        let ended = refused(StatusCode::FORBIDDEN, Some((HeaderName::XSautikitError, "calls.destination_blocked")));
        assert_eq!(ended.error.as_deref(), Some("calls.destination_blocked"));
        assert!(ended.reason.is_failure());
    }

    #[test]
    fn silence_of_the_gateway_is_the_network() {
        assert_eq!(Ended::of(&EndCause::Failed(Failure::Timeout)).reason, EndReason::NetworkLost);
        assert_eq!(Ended::of(&EndCause::LocalBye).reason, EndReason::LocalHangup);
    }
}
