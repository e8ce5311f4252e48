//! SIP addresses of other domains: off unless the operator turns them on, and then at public addresses only, so that nobody
//! reaches our inside through us. They cost nothing, because no carrier of ours is asked.

use std::time::Duration;

use sautikit_api::ErrorCode;
use sip::message::{Headers, Scheme, Uri};
use sip::ua::Credentials;
use voice::{Cause, CauseKind, Login, Target};

use super::{Dialling, Reach, Ways, refused};
use crate::calls::{Direction, Rate};
use crate::config::SrtpPolicy;
use crate::gateway::begin::leg_record;
use crate::gateway::dns::{self, NameServers, Server, Wanted};
use crate::gateway::leg::MayHear;
use crate::gateway::leg::way::Way;
use crate::gateway::sip::{Hop, StreamTransport, datagram_path};
use crate::state::AppState;
use crate::webhooks::address::may_be_called;

/// Below are the ports of everything else that a server runs.
const LEAST_PORT: u16 = 1024;
/// A name that takes longer to look up is one that nobody waits for: a caller does.
const LOOKED_UP_WITHIN: Duration = Duration::from_secs(3);
/// Addresses of one name that are tried, one after the other.
const MOST_ADDRESSES: usize = 3;

/// Where audio may go by a description of theirs.
pub(in crate::gateway) fn may_hear(app: &AppState) -> MayHear {
    if app.config.is_development() { |ip| may_be_called(ip, true) } else { |ip| may_be_called(ip, false) }
}

/// The way to an address outside.
pub(super) async fn reach(dialling: &Dialling, uri: &Uri) -> Result<Reach, Cause> {
    let app = &dialling.gateway.app;
    if !app.config.sip.external_targets {
        return Err(refused(ErrorCode::CallsDestinationBlocked));
    }
    let wanted = transport_of(uri).ok_or_else(|| refused(ErrorCode::CallsDestinationBlocked))?;
    let host = uri.host.to_string();
    let draw = dns::draw_from(&app.entropy);
    let located = dns::locate(&NameServers, (&host, uri.port), wanted, &draw);
    let found = tokio::time::timeout(LOOKED_UP_WITHIN, located).await.unwrap_or_default();
    if found.is_empty() {
        return Err(CauseKind::NotFound.into());
    }
    let may_hear = may_hear(app);
    // Our socket speaks one of the two.
    let is_v4 = app.config.sip.listen.is_ipv4();
    let allowed =
        found.into_iter().filter(|server| server.address.port() >= LEAST_PORT && may_hear(server.address.ip()));
    let ways: Vec<_> = allowed
        .filter(|server| server.address.is_ipv4() == is_v4)
        .take(MOST_ADDRESSES)
        .map(|server| way(dialling, uri, server, &host))
        .collect();
    if ways.is_empty() {
        return Err(refused(ErrorCode::CallsDestinationBlocked));
    }
    let target = Target::Sip(uri.to_string());
    let record = leg_record(dialling.leg_id, &target, Direction::Outbound, Rate::FREE, app.now_us());
    Ok(Reach { ways: Ways::Outside(ways), record })
}

/// By what an address asks to be reached; nothing for what we do not speak.
fn transport_of(uri: &Uri) -> Option<Wanted> {
    let named = uri.transport().map(str::to_ascii_lowercase);
    match (&uri.scheme, named.as_deref()) {
        (Scheme::Sips, None | Some("tcp" | "tls")) | (Scheme::Sip, Some("tls")) => {
            Some(Wanted::By(Some(StreamTransport::Tls)))
        }
        (Scheme::Sip, Some("tcp")) => Some(Wanted::By(Some(StreamTransport::Tcp))),
        (Scheme::Sip, Some("udp")) => Some(Wanted::By(None)),
        (Scheme::Sip, None) => Some(Wanted::Any),
        _ => None,
    }
}

fn way(dialling: &Dialling, uri: &Uri, server: Server, host: &str) -> Way {
    let Server { address, transport, .. } = server;
    let domain = &dialling.gateway.app.config.sip.domain;
    // What a URI carries for the message that is made of it, and a password, are nobody's business there (RFC 3261 §19.1.5).
    let target = Uri { password: None, headers: Vec::new(), ..uri.clone() };
    let hop = transport.map(|transport| {
        let name = (transport == StreamTransport::Tls && uri.host.ip().is_none()).then(|| host.to_owned());
        Box::new(Hop { transport, remote: address, name })
    });
    Way {
        trunk: None,
        path: datagram_path(address),
        hop,
        borrowing: None,
        from: format!("<sip:{}@{domain}>", dialling.caller_id),
        to: format!("<{target}>"),
        target,
        // Strangers have no use for an id of ours.
        headers: Headers::new(),
        auth: dialling.login.clone().map(|Login { username, password }| Credentials::Digest { username, password }),
        srtp: SrtpPolicy::default(),
        rights: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_how_it_is_reached() {
        let transport = |text: &str| transport_of(&Uri::parse(text).unwrap());
        assert_eq!(transport("sip:sales@pbx.example"), Some(Wanted::Any));
        assert_eq!(transport("sip:sales@pbx.example;transport=UDP"), Some(Wanted::By(None)));
        assert_eq!(transport("sip:sales@pbx.example;transport=tcp"), Some(Wanted::By(Some(StreamTransport::Tcp))));
        assert_eq!(transport("sips:sales@pbx.example"), Some(Wanted::By(Some(StreamTransport::Tls))));
        assert_eq!(transport("sip:sales@pbx.example;transport=tls"), Some(Wanted::By(Some(StreamTransport::Tls))));
        assert_eq!(transport("sip:sales@pbx.example;transport=ws"), None);
        assert_eq!(transport("tel:+254722000042"), None);
    }
}
