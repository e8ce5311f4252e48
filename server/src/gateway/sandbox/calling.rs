//! How the sandbox carrier calls one of our numbers.

use sautikit_api::ErrorCode;
use sautikit_api::ids::CallId;
use sip::message::{HeaderName, Headers, Host, Uri};
use sip::ua::{Body, EndCause, Event, Failure, Invite};
use tokio::sync::{mpsc, oneshot};

use super::Sandbox;
use super::answering::{LEG, speak_then_echo};
use crate::calls::trace::LegTrace;
use crate::gateway::leg::call_id::call_id_headers;
use crate::gateway::leg::inbound::ERROR_HEADER;
use crate::gateway::leg::{CodecPolicy, MediaEnd, RtpEnd};
use crate::gateway::sip::datagram_path;

/// Media events of one call that may wait.
const MEDIA_EVENTS: usize = 16;

/// Calls and stays until the other side ends it. `tell` hears of the first answer: the code of a refusal, or none where the
/// call is there.
pub(super) async fn call(
    sandbox: Sandbox,
    id: CallId,
    from: String,
    to: String,
    tell: oneshot::Sender<Option<ErrorCode>>,
) {
    let mut tell = Some(tell);
    let mut first_answer = move |code| {
        // Who asked may have gone.
        let _ = tell.take().map(|tell| tell.send(code));
    };
    let parts = &sandbox.parts;
    let (events, mut media_events) = mpsc::channel(MEDIA_EVENTS);
    let media = parts.media.open_call(events);
    let Ok(mut end) = RtpEnd::open(&media, LEG, CodecPolicy::trunk()) else { return };
    let Ok(offer) = end.offer().await else { return };
    let host = |address: std::net::SocketAddr| match address.ip() {
        std::net::IpAddr::V4(address) => Host::V4(address),
        std::net::IpAddr::V6(address) => Host::V6(address),
    };
    let target = Uri::sip(Some(&to), host(parts.gateway), Some(parts.gateway.port()));
    let caller = Uri::sip(Some(&from), host(parts.address), Some(parts.address.port()));
    let callee = format!("<{target}>");
    let mut invite =
        Invite::new(datagram_path(parts.gateway), target, format!("<{caller}>"), callee, Some(Body::sdp(offer)));
    invite.headers = call_id_headers(id);
    let (leg, mut signals) = parts.sip.invite(invite, LegTrace::default(), None).await;
    while let Some(signal) = signals.recv().await {
        match &*signal {
            Event::Provisional { response, .. } if response.status.code() > 100 => first_answer(None),
            Event::Answered { .. } => first_answer(None),
            Event::SessionEnded { cause, .. } => first_answer(code_of(cause)),
            _ => {}
        }
        match *signal {
            Event::Answered { response, .. } => {
                if end.apply(&response.body).await.is_err() {
                    parts.sip.bye(leg, Headers::new()).await;
                    continue;
                }
                return speak_then_echo(&sandbox, &media, end.port(), &mut media_events, &mut signals).await;
            }
            Event::SessionEnded { .. } => return,
            _ => {}
        }
    }
}

/// The code of the catalogue that a refusal names.
fn code_of(cause: &EndCause) -> Option<ErrorCode> {
    let EndCause::Failed(Failure::Response(response)) = cause else { return None };
    ErrorCode::parse(response.headers.text(&HeaderName::from_token(ERROR_HEADER)).ok()??)
}
