//! How the end of a SIP session is told to the call: statuses and Q.850 causes become a [`Cause`]. Pure.

use sip::message::{Headers, Request, Response};
use sip::ua::{EndCause, Failure};
use voice::{Cause, CauseKind};

/// Protocol of the Reason header that carries telephone causes (RFC 3326 §2).
const Q850: &str = "Q.850";
/// 200 in a CANCEL's Reason: another target answered.
const ANSWERED_ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// What the end of a session means.
pub(super) fn of_end(end: &EndCause) -> Cause {
    match end {
        EndCause::Failed(failure) => of_failure(failure),
        EndCause::CancelledLocally | EndCause::CancelledRemotely(_) => CauseKind::Canceled.into(),
        EndCause::Refused(status) => Cause::from_network(status.code(), None),
        EndCause::LocalBye => CauseKind::NormalClearing.into(),
        EndCause::RemoteBye(request) => Cause::from_bye(q850_of_request(request)),
        EndCause::NoAck | EndCause::DialogLost(_) => CauseKind::ConnectionLost.into(),
    }
}

fn of_failure(failure: &Failure) -> Cause {
    match failure {
        Failure::Response(response) => Cause::from_network(response.status.code(), q850_of_response(response)),
        // Nobody answered the INVITE at all: not the callee's doing but the network's.
        Failure::Timeout => CauseKind::TrunkUnreachable.into(),
        // A browser that was closed while it rang: it is away, and may be back.
        Failure::FlowClosed => Cause::from_network(480, None),
    }
}

fn q850_of_request(request: &Request) -> Option<u8> {
    q850_of(&request.headers)
}

fn q850_of_response(response: &Response) -> Option<u8> {
    q850_of(&response.headers)
}

fn q850_of(headers: &Headers) -> Option<u8> {
    let reasons = headers.reason_header().ok()?;
    reasons
        .iter()
        .find(|reason| reason.protocol.eq_ignore_ascii_case(Q850))
        .and_then(|reason| u8::try_from(reason.cause()?).ok())
}

/// The Reason header for ending a leg, when there is something to say.
pub(super) fn reason_for(cause: &Cause) -> Option<String> {
    match cause.kind {
        CauseKind::AnsweredElsewhere => Some(ANSWERED_ELSEWHERE.to_owned()),
        CauseKind::Busy => Some(format!("{Q850};cause=17")),
        CauseKind::NoAnswer => Some(format!("{Q850};cause=19")),
        CauseKind::Rejected => Some(format!("{Q850};cause=21")),
        CauseKind::NormalClearing => Some(format!("{Q850};cause=16")),
        _ => None,
    }
}
