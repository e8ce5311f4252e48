//! How the sandbox carrier calls one of our numbers.

use sip::message::{Headers, Host, Uri};
use sip::ua::{Body, Event, Invite};
use tokio::sync::mpsc;

use super::Sandbox;
use super::answering::{LEG, is_end, speak_then_echo};
use crate::gateway::leg::{CodecPolicy, MediaEnd, RtpEnd};
use crate::gateway::sip::{Signal, datagram_path};

/// Media events of one call that may wait.
const MEDIA_EVENTS: usize = 16;

/// Calls and stays until the other side ends it.
pub(super) async fn call(sandbox: Sandbox, from: String, to: String) {
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
    let invite =
        Invite::new(datagram_path(parts.gateway), target, format!("<{caller}>"), callee, Some(Body::sdp(offer)));
    let (leg, mut signals) = parts.sip.invite(invite).await;
    while let Some(signal) = signals.recv().await {
        match signal {
            Signal::Event(Event::Answered { response, .. }) => {
                if end.apply(&response.body).await.is_err() {
                    parts.sip.bye(leg, Headers::new()).await;
                    continue;
                }
                return speak_then_echo(&sandbox, &media, end.port(), &mut media_events, &mut signals).await;
            }
            signal if is_end(Some(&signal)) => return,
            _ => {}
        }
    }
}
