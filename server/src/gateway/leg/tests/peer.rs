//! A peer that writes SIP by hand, so that it can do what a user agent of ours would not: one dialog of its.

use core::fmt::Write as _;

use bytes::Bytes;
use sip::message::{HeaderName, Message, Method, Request, Response, StatusCode};
use tokio::time::timeout;

use super::support::PATIENCE;
use super::wire::{PEER, PeersEnd, US};

/// The session timer that the peer asks for where it wants one, and us to do the refreshing.
const TIMED: &str = "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n";

const ALLOW: &str = "Allow: INVITE, ACK, BYE, CANCEL\r\n";
const ALLOW_WITH_UPDATE: &str = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n";

/// Who the peer is in its dialog.
pub(super) struct Peer {
    pub(super) wire: PeersEnd,
    /// From and To of its own requests.
    us: String,
    them: String,
    call_id: String,
    target: String,
    /// Where it wants to be reached.
    pub(super) contact: String,
    cseq: u32,
    /// Makes branches.
    sent: u32,
    /// It takes UPDATE, and says so.
    takes_update: bool,
    /// It wants its sessions refreshed.
    is_timed: bool,
    /// Requests of ours that nobody has asked for yet.
    waiting: Vec<Request>,
}

impl Peer {
    /// One that will call us, or be called.
    pub(super) fn new(wire: PeersEnd, takes_update: bool, is_timed: bool) -> Self {
        Self {
            wire,
            us: format!("<sip:peer@{PEER}>;tag=p"),
            them: format!("<sip:+254700000001@{US}>"),
            call_id: "negotiation".to_owned(),
            target: format!("sip:+254700000001@{US}"),
            contact: format!("sip:peer@{PEER}"),
            cseq: 0,
            sent: 0,
            takes_update,
            is_timed,
            waiting: Vec::new(),
        }
    }

    /// Sends a request of the next number, and gives the number.
    pub(super) async fn request(&mut self, method: &str, body: &str) -> u32 {
        self.cseq += 1;
        self.request_numbered(method, self.cseq, body).await;
        self.cseq
    }

    /// ACK of a 2xx, with the answer where the 2xx had the offer.
    pub(super) async fn acknowledge(&mut self, number: u32, body: &str) {
        self.request_numbered("ACK", number, body).await;
    }

    /// Gives up its INVITE of this number, the last that it sent.
    pub(super) async fn cancel(&mut self, number: u32) {
        // By the branch of what it cancels (RFC 3261 §9.1).
        self.sent -= 1;
        self.request_numbered("CANCEL", number, "").await;
    }

    async fn request_numbered(&mut self, method: &str, number: u32, body: &str) {
        self.sent += 1;
        let mut text = format!("{method} {} SIP/2.0\r\n", self.target);
        let _ = write!(text, "Via: SIP/2.0/UDP {PEER};branch=z9hG4bK{}\r\nMax-Forwards: 70\r\n", self.sent);
        let _ = write!(text, "From: {}\r\nTo: {}\r\nCall-ID: {}\r\n", self.us, self.them, self.call_id);
        let _ = write!(text, "CSeq: {number} {method}\r\nContact: <{}>\r\n", self.contact);
        if method != "ACK" && method != "BYE" {
            text.push_str(if self.takes_update { ALLOW_WITH_UPDATE } else { ALLOW });
            text.push_str(if self.is_timed { TIMED } else { "" });
        }
        finish(&mut text, body);
        self.wire.send(Bytes::from(text)).await;
    }

    /// Answers a request of ours; `tag` is this dialog's where the request made it.
    pub(super) async fn reply(&self, request: &Request, status: u16, tag: &str, body: &str) {
        let status = StatusCode::new(status).unwrap();
        let mut response = Response::to_request(request, status, Some(tag));
        response.headers.push(HeaderName::Contact, format!("<{}>", self.contact));
        if self.takes_update {
            response.headers.push(HeaderName::Allow, "INVITE, ACK, BYE, CANCEL, UPDATE");
        }
        if self.is_timed && status.is_success() && [Method::Invite, Method::Update].contains(&request.method) {
            response.headers.push(HeaderName::Require, "timer");
            response.headers.push(HeaderName::SessionExpires, "90;refresher=uac");
        }
        if !body.is_empty() {
            response.headers.push(HeaderName::ContentType, "application/sdp");
            response.body = Bytes::copy_from_slice(body.as_bytes());
        }
        self.wire.send(response.to_bytes()).await;
    }

    /// The final answer to our request of this number; an INVITE's 2xx names the dialog.
    pub(super) async fn final_of(&mut self, method: &str, number: u32) -> Response {
        loop {
            match self.next(method).await {
                Message::Response(response) => {
                    let cseq = response.headers.cseq().unwrap();
                    if response.status.code() >= 200 && (cseq.number, cseq.method.as_str()) == (number, method) {
                        if method == "INVITE" && response.status.is_success() {
                            self.learn(&response);
                        }
                        return response;
                    }
                }
                Message::Request(request) => self.waiting.push(request),
            }
        }
    }

    /// The next response with a description that is not final.
    pub(super) async fn progress(&mut self) -> Response {
        loop {
            match self.next("progress").await {
                Message::Response(response) if response.status.code() > 100 => {
                    self.learn(&response);
                    return response;
                }
                Message::Response(_) => {}
                Message::Request(request) => self.waiting.push(request),
            }
        }
    }

    /// The next request of ours of this kind.
    pub(super) async fn asked(&mut self, methods: &[Method]) -> Request {
        loop {
            if let Some(at) = self.waiting.iter().position(|request| methods.contains(&request.method)) {
                return self.waiting.remove(at);
            }
            match self.next("a request").await {
                Message::Request(request) => self.waiting.push(request),
                Message::Response(response) => assert!(response.status.code() != 200, "nobody asked: {response:?}"),
            }
        }
    }

    /// Forgets what came unasked, and gives the requests among it.
    pub(super) fn unasked(&mut self) -> Vec<Request> {
        let came = self.wire.received().into_iter().filter_map(|message| match message {
            Message::Request(request) => Some(request),
            Message::Response(_) => None,
        });
        core::mem::take(&mut self.waiting).into_iter().chain(came).collect()
    }

    /// This INVITE of ours is answered by the dialog of this tag.
    pub(super) fn is_called(&mut self, invite: &Request, tag: &str) {
        let text = |name: &HeaderName| String::from_utf8(invite.headers.get(name).unwrap().to_vec()).unwrap();
        self.us = format!("{};tag={tag}", text(&HeaderName::To));
        self.them = text(&HeaderName::From);
        self.call_id = text(&HeaderName::CallId);
        self.target = format!("sip:gw@{US}");
    }

    fn learn(&mut self, response: &Response) {
        self.them = String::from_utf8(response.headers.get(&HeaderName::To).unwrap().to_vec()).unwrap();
        self.target = format!("sip:gw@{US}");
    }

    async fn next(&mut self, what: &str) -> Message {
        timeout(PATIENCE, self.wire.receive())
            .await
            .unwrap_or_else(|_| panic!("no {what}"))
            .expect("the user agent runs")
    }
}

fn finish(text: &mut String, body: &str) {
    if !body.is_empty() {
        text.push_str("Content-Type: application/sdp\r\n");
    }
    let _ = write!(text, "Content-Length: {}\r\n\r\n{body}", body.len());
}
