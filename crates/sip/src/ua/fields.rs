//! Small readings and writings of headers that the user agent needs in several places.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::message::header::Via;
use crate::message::{HeaderName, Headers, Method, Request, Response};

use super::io::Body;

/// Port of a Via without one (RFC 3261 §18.2.2).
pub(crate) const DEFAULT_PORT: u16 = 5060;

/// The same over TLS (RFC 3261 §19.1.2).
pub(crate) const DEFAULT_TLS_PORT: u16 = 5061;

/// Notes in the topmost Via where the request came from (RFC 3261 §18.2.1, RFC 3581 §4). Unreadable Vias stay.
pub(crate) fn mark_source(headers: &mut Headers, source: SocketAddr) {
    let Some(value) = headers.get(&HeaderName::Via) else { return };
    let Some(mut vias) = crate::message::header::comma_list(value, Via::read) else { return };
    let Some(top) = vias.first_mut() else { return };
    top.set_source(source.ip(), source.port());
    let marked: Vec<String> = vias.iter().map(ToString::to_string).collect();
    headers.set_first(HeaderName::Via, marked.join(", "));
}

/// The port that a response over datagrams goes to (RFC 3261 §18.2.2): none when the peer asked for its source port with
/// rport (RFC 3581 §4). A Via that is broken after its sent-by still says where its sender listens.
pub(crate) fn reply_port(headers: &Headers) -> Option<u16> {
    if let Ok(via) = headers.via_top() {
        return (!via.wants_rport()).then_some(via.port.unwrap_or(DEFAULT_PORT));
    }
    let via = headers.get(&HeaderName::Via)?;
    let sent_by = via.split(|byte| matches!(byte, b';' | b',')).next()?;
    let port = Via::parse(sent_by)?.port.unwrap_or(DEFAULT_PORT);
    let wants_rport = via.windows(6).any(|window| window.eq_ignore_ascii_case(b";rport"));
    (!wants_rport).then_some(port)
}

/// 401 or 407.
pub(crate) fn is_challenge(response: &Response) -> bool {
    matches!(response.status.code(), 401 | 407)
}

/// Appends every field of `extra`.
pub(crate) fn append(headers: &mut Headers, extra: &Headers) {
    for (name, value) in extra.iter() {
        headers.push(name.clone(), Bytes::copy_from_slice(value));
    }
}

/// Puts a body and its type into a message.
pub(crate) fn set_body(headers: &mut Headers, slot: &mut Bytes, body: Option<Body>) {
    if let Some(body) = body {
        headers.push(HeaderName::ContentType, body.content_type);
        *slot = body.content;
    }
}

/// The CANCEL of an INVITE as it was sent: same Request-URI, top Via, Route and identity (RFC 3261 §9.1).
pub(crate) fn cancel_of(invite: &Request) -> Request {
    of_transaction(invite, Method::Cancel, &invite.headers)
}

/// The ACK of a 3xx–6xx, in the transaction of the INVITE (RFC 3261 §17.1.1.3), Via included.
pub(crate) fn failure_ack(invite: &Request, response: &Response) -> Request {
    of_transaction(invite, Method::Ack, &response.headers)
}

/// What of an INVITE its CANCEL, its ACK and its dialogs are made from: neither body nor credentials.
pub(crate) fn outline_of(invite: &Request) -> Request {
    of_transaction(invite, Method::Invite, &invite.headers)
}

/// What of a caller's INVITE its answers are made from (RFC 3261 §8.2.6.2), and by what a copy of it is known.
pub(crate) fn answerable_of(invite: &Request) -> Request {
    let mut request = Request::new(Method::Invite, invite.uri.clone());
    for name in [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
        request.headers.copy_from(&invite.headers, &name);
    }
    request
}

fn of_transaction(invite: &Request, method: Method, to: &Headers) -> Request {
    // The INVITE is ours, so its CSeq is readable.
    let number = invite.cseq().map_or(1, |cseq| cseq.number);
    let cseq = format!("{number} {method}");
    let mut request = Request::new(method, invite.uri.clone());
    if let Some(via) = invite.headers.get(&HeaderName::Via) {
        request.headers.push(HeaderName::Via, Bytes::copy_from_slice(via));
    }
    for name in [HeaderName::Route, HeaderName::MaxForwards, HeaderName::From, HeaderName::CallId] {
        request.headers.copy_from(&invite.headers, &name);
    }
    request.headers.copy_from(to, &HeaderName::To);
    request.headers.push(HeaderName::CSeq, cseq);
    request
}

/// Removes the first Via, which the next sending replaces.
pub(crate) fn remove_top_via(headers: &mut Headers) {
    // A request of ours has exactly one.
    headers.remove(&HeaderName::Via);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_goes_to_the_port_that_a_via_names_broken_or_not() {
        for (via, port) in [
            ("SIP/2.0/UDP a:5070;branch=z9hG4bK1", Some(5070)),
            ("SIP/2.0/UDP a;branch=z9hG4bK1", Some(5060)),
            ("SIP/2.0/UDP a:5070;branch=z9hG4bK1;rport", None),
            ("SIP/2.0/UDP 192.0.2.15;;,;,,", Some(5060)),
            ("SIP/2.0/UDP 192.0.2.15:5090;;rport", None),
            ("nonsense", None),
        ] {
            let mut headers = Headers::new();
            headers.push(HeaderName::Via, via);
            assert_eq!(reply_port(&headers), port, "{via}");
        }
    }

    #[test]
    fn source_is_noted_without_losing_the_other_hops() {
        let mut headers = Headers::new();
        headers.push(HeaderName::Via, "SIP/2.0/UDP a;branch=z9hG4bK1;rport, SIP/2.0/UDP b;branch=z9hG4bK2");
        mark_source(&mut headers, "192.0.2.7:4000".parse().unwrap());
        let vias = headers.vias().unwrap();
        assert_eq!(vias.len(), 2);
        assert_eq!(vias[0].rport(), Some(4000));
        assert_eq!(vias[1].branch(), Some("z9hG4bK2"));
    }
}
