//! Where a carrier sends a call elsewhere to (RFC 3261 §8.1.3.4): a redirect server names the gateways that take it, or a number
//! that was ported. Followed for trunks whose operator says so, because it decides where calls go.

use std::time::Duration;

use sip::message::{Response, Scheme, Uri};
use tokio::time::timeout;

use super::way::Way;
use crate::gateway::dns::{self, NameServers, Wanted};
use crate::gateway::sip::{Hop, StreamTransport, datagram_path};

/// Redirections of one leg: more than this is a circle.
pub(super) const MOST_REDIRECTIONS: usize = 3;
/// Contacts of one redirection that are tried.
const MOST_TARGETS: usize = 3;
/// A name that takes longer to look up is one that no caller waits for.
const LOOKED_UP_WITHIN: Duration = Duration::from_secs(2);

/// What a 3xx names, the liked best first.
pub(super) fn targets_of(response: &Response) -> Vec<Uri> {
    let mut contacts = response.headers.contacts().unwrap_or_default();
    contacts.sort_by_key(|contact| std::cmp::Reverse(contact.q_thousandths()));
    let uris = contacts.into_iter().map(|contact| contact.addr.uri);
    uris.filter(|uri| matches!(uri.scheme, Scheme::Sip | Scheme::Sips)).take(MOST_TARGETS).collect()
}

/// The ways to those targets, as the one that led to them but for where it goes.
pub(super) async fn ways_to(way: &Way, targets: Vec<Uri>) -> Vec<Way> {
    let mut ways = Vec::with_capacity(targets.len());
    for uri in targets {
        let host = uri.host.to_string();
        // The servers of one target share its load; a carrier that names several targets has said their order.
        let located = dns::locate(&NameServers, (&host, uri.port), transport_of(&uri, way), &|_| 0);
        let found = timeout(LOOKED_UP_WITHIN, located).await.unwrap_or_default();
        let Some(server) = found.first() else { continue };
        let hop = server.transport.map(|transport| {
            let is_named = transport == StreamTransport::Tls && uri.host.ip().is_none();
            Box::new(Hop { transport, remote: server.address, name: is_named.then(|| host.clone()) })
        });
        // What a URI carries for the message that is made of it is the carrier's own business (RFC 3261 §19.1.5).
        let target = Uri { password: None, headers: Vec::new(), ..uri };
        ways.push(Way { path: datagram_path(server.address), hop, target, ..way.clone() });
    }
    ways
}

/// By what a target is reached: as it says, else as the trunk that named it.
fn transport_of(uri: &Uri, way: &Way) -> Wanted {
    let named = uri.transport().map(str::to_ascii_lowercase);
    Wanted::By(match (&uri.scheme, named.as_deref()) {
        (Scheme::Sips, _) | (_, Some("tls")) => Some(StreamTransport::Tls),
        (_, Some("tcp")) => Some(StreamTransport::Tcp),
        (_, Some("udp")) => None,
        _ => way.hop.as_ref().map(|hop| hop.transport),
    })
}

#[cfg(test)]
mod tests {
    use sip::message::{HeaderName, Headers, Method, Request, StatusCode};

    use super::*;

    fn moved(contacts: &'static str) -> Response {
        let mut request = Request::new(Method::Invite, Uri::parse("sip:a@b").unwrap());
        request.headers.push(HeaderName::CSeq, "1 INVITE");
        let mut response = Response::to_request(&request, StatusCode::new(302).unwrap(), Some("t"));
        response.headers.push(HeaderName::Contact, contacts);
        response
    }

    #[tokio::test]
    async fn the_contacts_are_tried_as_the_carrier_likes_them_and_by_what_they_say() {
        let contacts = "<sip:1@192.0.2.1>;q=0.5, <sip:2@192.0.2.2:5070;transport=tcp>, <tel:+254722000042>, \
                        <sips:3@192.0.2.3>;q=0.7";
        let targets = targets_of(&moved(contacts));
        let way = Way {
            trunk: Some("carrier".to_owned()),
            path: datagram_path("192.0.2.9:5060".parse().unwrap()),
            hop: None,
            borrowing: None,
            target: Uri::parse("sip:0@192.0.2.9").unwrap(),
            from: "<sip:x@y>".to_owned(),
            to: "<sip:0@192.0.2.9>".to_owned(),
            headers: Headers::new(),
            auth: None,
            srtp: crate::config::SrtpPolicy::Accepted,
            rights: None,
        };
        let ways = ways_to(&way, targets).await;
        let told: Vec<_> = ways
            .iter()
            .map(|way| (way.path.remote.to_string(), way.hop.as_ref().map(|hop| hop.transport), way.to.as_str()))
            .collect();
        let to = "<sip:0@192.0.2.9>";
        assert_eq!(
            told,
            [
                ("192.0.2.2:5070".to_owned(), Some(StreamTransport::Tcp), to),
                ("192.0.2.3:5061".to_owned(), Some(StreamTransport::Tls), to),
                ("192.0.2.1:5060".to_owned(), None, to),
            ]
        );
        assert!(targets_of(&moved("<tel:+254722000042>")).is_empty());
    }
}
