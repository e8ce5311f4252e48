//! How this host looks from outside: the address that a STUN server sees, and whether somebody on the way to a trunk rewrites
//! SIP (an "ALG" of a router, which breaks calls in ways that nobody finds).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use sip::message::Message;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::Finding;
use crate::state::AppState;

/// Asked which address it sees (RFC 8489).
const STUN_SERVER: &str = "stun.cloudflare.com:3478";
const STUN_WITHIN: Duration = Duration::from_secs(3);
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const STUN_HEADER_BYTES: usize = 20;
const BINDING_REQUEST: [u8; 2] = [0, 1];
const BINDING_SUCCESS: [u8; 2] = [1, 1];
const XOR_MAPPED_ADDRESS: u16 = 0x20;
/// How long a trunk has to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// The sender that a request to a trunk names: nobody's (RFC 5737), so that whoever puts another there has rewritten it.
const SENT_BY: &str = "192.0.2.254:5060";

/// Compares what a STUN server sees with what calls name as our address.
pub(super) async fn seen(app: &AppState) -> Vec<Finding> {
    let named = app.config.media.public_ip;
    if app.config.is_development() {
        return Vec::new();
    }
    let asked = timeout(STUN_WITHIN, mapped(app, named.is_ipv4())).await;
    vec![match asked {
        Ok(Some(seen)) if seen == named => Finding::good("address", format!("{STUN_SERVER} sees us at {seen} too")),
        Ok(Some(seen)) => {
            let mend = format!("Set `media.public_ip` to {seen}, unless calls come and go by another interface.");
            Finding::warning("address", format!("{STUN_SERVER} sees us at {seen}, and calls name {named}"), mend)
        }
        Ok(None) | Err(_) => {
            let mend = "Let UDP out of the firewall; browsers and phones will need it too.";
            Finding::warning("address", format!("{STUN_SERVER} did not answer over UDP"), mend)
        }
    }]
}

async fn mapped(app: &AppState, is_v4: bool) -> Option<IpAddr> {
    let mut servers = tokio::net::lookup_host(STUN_SERVER).await.ok()?;
    let server = servers.find(|server| server.is_ipv4() == is_v4)?;
    let any: IpAddr = if is_v4 { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await.ok()?;
    socket.connect(server).await.ok()?;
    let id: [u8; 12] = app.entropy.bytes();
    let mut request = Vec::with_capacity(STUN_HEADER_BYTES);
    request.extend(BINDING_REQUEST);
    request.extend([0, 0]);
    request.extend(STUN_COOKIE);
    request.extend(id);
    socket.send(&request).await.ok()?;
    let mut answer = [0_u8; 512];
    let length = socket.recv(&mut answer).await.ok()?;
    mapped_address(answer.get(..length)?, id)
}

/// The address in a STUN server's answer to the request of this id.
fn mapped_address(answer: &[u8], id: [u8; 12]) -> Option<IpAddr> {
    let (header, mut rest) = answer.split_at_checked(STUN_HEADER_BYTES)?;
    if !header.starts_with(&BINDING_SUCCESS) || header.get(4..8)? != STUN_COOKIE || header.get(8..)? != id {
        return None;
    }
    while let Some((head, behind)) = rest.split_at_checked(4) {
        let word = |at: usize| Some(u16::from_be_bytes([*head.get(at)?, *head.get(at + 1)?]));
        let (kind, length) = (word(0)?, usize::from(word(2)?));
        let value = behind.get(..length)?;
        if kind == XOR_MAPPED_ADDRESS {
            let masked = value.get(4..)?;
            let mask = STUN_COOKIE.into_iter().chain(id);
            let bytes: Vec<u8> = masked.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
            return <[u8; 4]>::try_from(&*bytes)
                .map(IpAddr::from)
                .or_else(|_| <[u8; 16]>::try_from(&*bytes).map(IpAddr::from))
                .ok();
        }
        // Attributes end on a multiple of four.
        rest = behind.get(length.next_multiple_of(4)..)?;
    }
    None
}

/// Asks a trunk by a datagram whose Via names nobody, and looks what of it comes back. Nothing where it does not answer, which
/// is told elsewhere.
pub(super) async fn on_the_way(app: &AppState, name: &str, trunk: SocketAddr) -> Vec<Finding> {
    let asked = timeout(ANSWER_WITHIN, returned_via(app, trunk)).await;
    let Ok(Some(answer)) = asked else { return Vec::new() };
    judge(name, &answer, app.config.media.public_ip, app.config.is_development())
}

async fn returned_via(app: &AppState, trunk: SocketAddr) -> Option<Vec<u8>> {
    let any: IpAddr = if trunk.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await.ok()?;
    socket.connect(trunk).await.ok()?;
    let (id, domain) = (app.entropy.number::<u64>(), &app.config.sip.domain);
    let request = format!(
        "OPTIONS sip:{trunk} SIP/2.0\r\nVia: SIP/2.0/UDP {SENT_BY};branch=z9hG4bK{id:016x};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:{domain}>;tag={id:x}\r\nTo: <sip:{trunk}>\r\nCall-ID: {id:032x}\r\nCSeq: 1 OPTIONS\r\n\
         Contact: <sip:{SENT_BY}>\r\nContent-Length: 0\r\n\r\n"
    );
    socket.send(request.as_bytes()).await.ok()?;
    let mut answer = vec![0_u8; 4_096];
    let length = socket.recv(&mut answer).await.ok()?;
    answer.truncate(length);
    Some(answer)
}

/// What the Via that came back says of the way.
fn judge(name: &str, answer: &[u8], named: IpAddr, is_development: bool) -> Vec<Finding> {
    let Ok(Message::Response(response)) = sip::parse::message(bytes::Bytes::copy_from_slice(answer)) else {
        return Vec::new();
    };
    let Ok(via) = response.via_top() else { return Vec::new() };
    let port = via.port.map(|port| format!(":{port}")).unwrap_or_default();
    let sent_by = format!("{}{port}", via.host);
    if sent_by != SENT_BY {
        let message = format!("{name}: somebody on the way rewrites SIP: the Via came back with {sent_by}");
        let mend = "Turn the SIP ALG (\"SIP helper\") of the router or firewall off, or reach the trunk by TLS.";
        return vec![Finding::failure("alg", message, mend)];
    }
    match via.received() {
        Some(seen) if seen != named && !is_development => {
            let message = format!("{name}: the trunk sees us at {seen}, and calls name {named}");
            let mend = format!("Set `media.public_ip` to {seen}, unless calls reach us at {named} all the same.");
            vec![Finding::warning("alg", message, mend)]
        }
        _ => vec![Finding::good("alg", format!("{name}: nobody on the way rewrites SIP"))],
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    const ID: [u8; 12] = [7; 12];

    fn answer(attributes: &[u8]) -> Vec<u8> {
        let mut answer = vec![1, 1, 0, attributes.len() as u8];
        answer.extend(STUN_COOKIE);
        answer.extend(ID);
        answer.extend(attributes);
        answer
    }

    #[test]
    fn the_mapped_address_is_found_behind_what_is_not_known() {
        // SOFTWARE of five bytes, padded, then 203.0.113.9 behind the mask.
        let mut attributes = vec![0x80, 0x22, 0, 5, b'x', b'x', b'x', b'x', b'x', 0, 0, 0];
        attributes.extend([0, 0x20, 0, 8, 0, 1, 0, 0, 203 ^ 0x21, 0x12, 113 ^ 0xa4, 9 ^ 0x42]);
        assert_eq!(mapped_address(&answer(&attributes), ID), Some("203.0.113.9".parse().unwrap()));
        assert_eq!(mapped_address(&answer(&attributes), [8; 12]), None, "an answer to somebody else");
        assert_eq!(mapped_address(&answer(&attributes)[..30], ID), None);
        assert_eq!(mapped_address(&answer(&[]), ID), None);
    }

    #[test]
    fn a_via_that_comes_back_as_another_was_rewritten() {
        let named: IpAddr = "203.0.113.9".parse().unwrap();
        let judged = |via: &str| {
            let text = format!(
                "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bK1\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>;tag=2\r\n\
                 Call-ID: c\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            );
            judge("carrier", text.as_bytes(), named, false).first().map(|finding| finding.verdict)
        };
        assert_eq!(judged("192.0.2.254:5060;received=203.0.113.9;rport=40000"), Some(Verdict::Good));
        assert_eq!(judged("192.0.2.254:5060;received=198.51.100.7;rport=40000"), Some(Verdict::Warning));
        assert_eq!(judged("203.0.113.9:40000"), Some(Verdict::Failure));
        assert_eq!(judge("carrier", b"noise", named, false), []);
    }
}
