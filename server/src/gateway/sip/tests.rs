//! The endpoint on loopback, with a peer that writes SIP by hand and legs that do not read what they are told.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::message::{HeaderName, Headers, Message, Method, Request, Response, StatusCode, Uri};
use sip::ua::{Body, Credentials, Event, Invite};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Endpoint, Incoming, OpenDialog, SipHandle, datagram_path};
use crate::calls::trace::LegTrace;
use crate::clock::SystemClock;

/// The longest that anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The way in, what comes in, and what stops the endpoint.
fn endpoint() -> (SipHandle, mpsc::Receiver<Incoming>, DropGuard) {
    endpoint_after(&[])
}

/// As [`endpoint`], after a process that left these callers without an answer.
fn endpoint_after(callers: &[OpenDialog]) -> (SipHandle, mpsc::Receiver<Incoming>, DropGuard) {
    let stopping = CancellationToken::new();
    let endpoint = Endpoint {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        public_ip: Ipv4Addr::LOCALHOST.into(),
        domain: "us.invalid".to_owned(),
        secure_web: false,
        product: String::new(),
        seed: [7; 32],
        clock: Arc::new(SystemClock::default()),
        stopping: stopping.clone(),
        connections: None,
        traced: None,
    };
    let (sip, incoming) = endpoint.bind().unwrap().start(None, callers);
    (sip, incoming, stopping.drop_guard())
}

struct Peer {
    socket: UdpSocket,
    address: SocketAddr,
}

impl Peer {
    async fn new() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        Self { socket, address }
    }

    fn invite(&self) -> Invite {
        let target = Uri::parse(format!("sip:peer@{}", self.address)).unwrap();
        let offer = Some(Body::sdp("v=0 offer"));
        Invite::new(datagram_path(self.address), target, "<sip:us@us.invalid>", "<sip:peer@us.invalid>", offer)
    }

    /// The next response, and where it came from.
    async fn response(&self) -> (Response, SocketAddr) {
        let mut buffer = [0; 2_048];
        let (length, from) = timeout(PATIENCE, self.socket.recv_from(&mut buffer)).await.expect("a response").unwrap();
        match sip::parse::message(Bytes::copy_from_slice(&buffer[..length])) {
            Ok(Message::Response(response)) => (response, from),
            other => panic!("no response: {other:?}"),
        }
    }

    /// The next request of this kind, and where it came from.
    async fn request(&self, method: Method) -> (Request, SocketAddr) {
        let mut buffer = vec![0; 65_535];
        loop {
            let received = timeout(PATIENCE, self.socket.recv_from(&mut buffer)).await;
            let (length, from) = received.unwrap_or_else(|_| panic!("no {method:?}")).unwrap();
            let message = sip::parse::message(Bytes::copy_from_slice(&buffer[..length])).unwrap();
            if let Message::Request(request) = message
                && request.method == method
            {
                return (request, from);
            }
        }
    }

    async fn reply(&self, (request, to): &(Request, SocketAddr), status: u16) {
        self.reply_with(request, *to, status, None).await;
    }

    async fn reply_with(
        &self,
        request: &Request,
        to: SocketAddr,
        status: u16,
        more: Option<(HeaderName, &'static str)>,
    ) {
        let mut response = Response::to_request(request, StatusCode::new(status).unwrap(), Some("peer"));
        response.headers.push(HeaderName::Contact, format!("<sip:peer@{}>", self.address));
        if let Some((name, value)) = more {
            response.headers.push(name, value);
        }
        self.socket.send_to(&response.to_bytes(), to).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_that_its_leg_has_not_heard_of_is_ended_by_the_cancel() {
    let (sip, _incoming, _stop) = endpoint();
    let peer = Peer::new().await;
    let (leg, mut signals) = sip.invite(peer.invite(), LegTrace::default(), None).await;
    peer.reply(&peer.request(Method::Invite).await, 200).await;
    peer.request(Method::Ack).await;
    sip.cancel(leg, Headers::new()).await;
    peer.reply(&peer.request(Method::Bye).await, 200).await;
    let mut has_ended = false;
    while let Some(signal) = timeout(PATIENCE, signals.recv()).await.expect("the session ends") {
        has_ended |= matches!(*signal, Event::SessionEnded { .. });
    }
    assert!(has_ended);
    assert_eq!(sip.gauge().await.sessions, 0);
}

#[tokio::test]
async fn a_leg_that_takes_no_signals_is_ended_while_it_rings_too() {
    let (sip, _incoming, _stop) = endpoint();
    let peer = Peer::new().await;
    drop(sip.invite(peer.invite(), LegTrace::default(), None).await);
    let invite = peer.request(Method::Invite).await;
    peer.reply(&invite, 180).await;
    peer.reply(&peer.request(Method::Cancel).await, 200).await;
    peer.reply(&invite, 487).await;
    peer.request(Method::Ack).await;
    assert_eq!(sip.gauge().await.sessions, 0);
}

/// An INVITE that an earlier process sent the peer.
fn left_ringing(peer: &Peer) -> (Request, OpenDialog) {
    let address = peer.address;
    let record = format!(
        "INVITE sip:peer@{address} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK00000000000000ff2;rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:us@us.invalid>;tag=ours\r\nTo: <sip:peer@us.invalid>\r\nCall-ID: left\r\n\
         CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    );
    let Ok(Message::Request(invite)) = sip::parse::message(Bytes::from(record.clone())) else { panic!("no INVITE") };
    (invite, OpenDialog { remote: address, record, hop: None })
}

#[tokio::test]
async fn what_an_earlier_process_left_ringing_is_cancelled() {
    let (sip, _incoming, _stop) = endpoint();
    let peer = Peer::new().await;
    let (invite, open) = left_ringing(&peer);
    let ending = tokio::spawn({
        let sip = sip.clone();
        async move { sip.end_recovered(open, None).await }
    });
    let cancel = peer.request(Method::Cancel).await;
    assert_eq!(cancel.0.headers.via_top().unwrap().branch(), invite.headers.via_top().unwrap().branch());
    peer.reply(&cancel, 200).await;
    peer.reply_with(&invite, cancel.1, 487, None).await;
    peer.request(Method::Ack).await;
    timeout(PATIENCE, ending).await.expect("it is over").unwrap();
    assert_eq!(sip.gauge().await.sessions, 0);
}

#[tokio::test]
async fn what_answers_an_earlier_process_is_hung_up_with_the_credentials_of_its_trunk() {
    let (sip, _incoming, _stop) = endpoint();
    let peer = Peer::new().await;
    let (invite, open) = left_ringing(&peer);
    let auth = Some(Credentials::Digest { username: "us".to_owned(), password: "secret".to_owned() });
    let ending = tokio::spawn({
        let sip = sip.clone();
        async move { sip.end_recovered(open, auth).await }
    });
    let cancel = peer.request(Method::Cancel).await;
    peer.reply(&cancel, 481).await;
    peer.reply_with(&invite, cancel.1, 200, None).await;
    peer.request(Method::Ack).await;
    let (bye, from) = peer.request(Method::Bye).await;
    let challenge = "Digest realm=\"peer\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256";
    peer.reply_with(&bye, from, 401, Some((HeaderName::WwwAuthenticate, challenge))).await;
    let again = loop {
        // Copies of the first one may be on their way.
        let again = peer.request(Method::Bye).await;
        if again.0.headers.contains(&HeaderName::Authorization) {
            break again;
        }
    };
    peer.reply(&again, 200).await;
    timeout(PATIENCE, ending).await.expect("it is over").unwrap();
    assert_eq!(sip.gauge().await.sessions, 0);
}

#[tokio::test]
async fn a_caller_of_an_earlier_process_is_turned_away_and_calls_nobody_twice() {
    let peer = Peer::new().await;
    let text = format!(
        "INVITE sip:us@us.invalid SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bKcaller;rport={port}\r\nVia: SIP/2.0/UDP \
         192.0.2.1;branch=z9hG4bKfirst\r\nMax-Forwards: 70\r\nFrom: <sip:peer@us.invalid>;tag=theirs\r\nTo: <sip:us@us.invalid>\r\n\
         Call-ID: caller\r\nCSeq: 1 INVITE\r\nContact: <sip:peer@{address}>\r\nContent-Length: 0\r\n\r\n",
        address = peer.address,
        port = peer.address.port(),
    );
    let Ok(Message::Request(invite)) = sip::parse::message(Bytes::from(text.clone())) else { panic!("no INVITE") };
    let record = sip::ua::caller_record(&invite, "ours").unwrap();
    let left = OpenDialog { remote: peer.address, record, hop: None };
    assert!(left.is_caller() && left.is_same(&left.clone()) && left.dialog().is_none());
    let (sip, mut incoming, _stop) = endpoint_after(&[left]);
    let (refusal, from) = peer.response().await;
    assert_eq!((refusal.status, refusal.headers.to().unwrap().tag()), (StatusCode::SERVICE_UNAVAILABLE, Some("ours")));
    assert_eq!(refusal.headers.get_all(&HeaderName::Via).count(), 2);
    // A copy of it was on its way.
    peer.socket.send_to(text.as_bytes(), from).await.unwrap();
    assert_eq!(peer.response().await.0.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(sip.gauge().await.sessions, 0);
    assert!(incoming.try_recv().is_err(), "a new call");
}
