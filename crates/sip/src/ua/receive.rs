//! The way of an incoming request to whoever deals with it: RFC 3261 §8.2 and §18.2.1, in that order.

use core::time::Duration;
use std::sync::Arc;

use crate::message::{Capabilities, HeaderName, Headers, Method, Request, Response, StatusCode};
use crate::parse::ParseError;
use crate::transaction::key::{MergeKey, ServerKey};

use super::Ua;
use super::config::SDP;
use super::fields;
use super::io::{Event, Output, Party, Path, Reply};

impl Ua {
    pub(crate) fn on_request(&mut self, now: Duration, path: Path, party: Party, mut request: Request) {
        let Some(key) = ServerKey::of(&request) else {
            return self.answer_without_transaction(path, &request);
        };
        fields::mark_source(&mut request.headers, path.remote);
        if self.absorb(now, &key, (party, path), &request) {
            return;
        }
        match request.method {
            // An ACK is never answered, not even a broken one.
            Method::Ack if request.check_grammar().is_err() => {}
            Method::Ack => self.on_ack(now, path, party, request),
            Method::Cancel => self.on_cancel(now, path, party, &request),
            _ => self.on_new_request(now, path, party, key, request),
        }
    }

    fn on_new_request(&mut self, now: Duration, path: Path, party: Party, key: ServerKey, request: Request) {
        let to_tag = match request.headers.to() {
            Ok(to) => to.tag().map(str::to_owned),
            Err(_) => return self.answer_once(path, &request, StatusCode::BAD_REQUEST, Headers::new()),
        };
        if let Some(to_tag) = to_tag {
            return self.on_request_in_dialog(now, path, party, key, request, to_tag);
        }
        if !self.held.has_room(&self.config.room, party, self.is_reliable(path)) {
            return;
        }
        if MergeKey::of(&request).is_some_and(|merge| self.merges.contains_key(&merge)) {
            return self.answer_once(path, &request, StatusCode::LOOP_DETECTED, Headers::new());
        }
        if let Some((status, headers)) = self.refusal(&request) {
            return self.answer_once(path, &request, status, headers);
        }
        if request.method == Method::Invite {
            self.on_invite(now, path, party, key, request);
        } else {
            self.on_request_outside(now, path, party, key, request);
        }
    }

    /// The checks of §8.2.1 to §8.2.3 that need no knowledge of calls.
    pub(crate) fn refusal(&self, request: &Request) -> Option<(StatusCode, Headers)> {
        let mut headers = Headers::new();
        if !request.headers.cseq().is_ok_and(|cseq| cseq.method == request.method) {
            return Some((StatusCode::BAD_REQUEST, headers));
        }
        let capabilities = Capabilities {
            methods: &self.config.allow,
            extensions: &self.config.supported,
            bodies: &self.config.bodies,
            answers: SDP,
        };
        if let Err(rejection) = request.check(&capabilities) {
            if let Some((name, value)) = rejection.hint {
                headers.push(name, value);
            }
            return Some((rejection.status, headers));
        }
        // A call that we would pass on as a back-to-back user agent must not loop for ever.
        let is_spent = request.method == Method::Invite && request.max_forwards() == Ok(Some(0));
        is_spent.then_some((StatusCode::TOO_MANY_HOPS, headers))
    }

    /// Whether a request continues what its sender has going with us: a copy, a CANCEL or an ACK of a request that is
    /// remembered, or a request in a dialog with this party. The shell asks before it spends anything on a stranger.
    pub fn continues(&self, path: Path, party: Party, request: &Request) -> bool {
        let of_invite = || ServerKey::cancelled_by(request).filter(|_| request.method == Method::Cancel);
        let known = |key: &ServerKey| self.server_of(key, (party, path)).is_some();
        ServerKey::of(request).is_some_and(|key| known(&key))
            || of_invite().is_some_and(|key| known(&key))
            || self.session_of(path, party, request).is_some()
    }

    /// Whether a response is one to a request of ours that is remembered.
    pub fn expects(&self, response: &Response) -> bool {
        self.client_of(response).is_some()
    }

    /// Answers a request that [`Ua::handle`] has not seen and shall not see, and keeps nothing of it (RFC 3261 §8.2.7): a
    /// copy of the request gets a copy of the answer.
    pub fn answer_stateless(&mut self, path: Path, request: &Request, reply: Reply) {
        let call_id = request.headers.get(&HeaderName::CallId).unwrap_or_default();
        let tag = self.tokens.tag_of(call_id);
        self.print_once(path, request, reply, &tag);
    }

    /// What stands in Allow and Supported, and what bodies are read: the answer to OPTIONS (§11.2).
    pub fn capabilities(&self) -> Headers {
        let mut headers = Headers::new();
        self.add_capabilities(&mut headers);
        headers.push(HeaderName::Accept, SDP);
        headers
    }

    /// As [`Ua::answer_stateless`], for refusals that the user agent decides itself.
    pub(crate) fn answer_once(&mut self, path: Path, request: &Request, status: StatusCode, headers: Headers) {
        self.answer_stateless(path, request, Reply { status, headers, body: None });
    }

    fn print_once(&mut self, path: Path, request: &Request, reply: Reply, tag: &str) {
        let mut response = Response::to_request(request, reply.status, Some(tag));
        fields::mark_source(&mut response.headers, path.remote);
        let path = self.reply_path(path, &response.headers);
        self.add_product(&mut response.headers, HeaderName::Server);
        fields::append(&mut response.headers, &reply.headers);
        fields::set_body(&mut response.headers, &mut response.body, reply.body);
        self.outputs.push_back(Output::Send { path, bytes: response.to_bytes() });
    }

    /// What names no transaction because its Via is broken: 400 to where it came from, unless there is nothing to copy.
    fn answer_without_transaction(&mut self, path: Path, request: &Request) {
        if request.method != Method::Ack && request.headers.contains(&HeaderName::Via) {
            self.answer_once(path, request, StatusCode::BAD_REQUEST, Headers::new());
        }
    }

    /// What could not be read as a message: nothing is kept of it, so the peer's next copy is answered again.
    pub(crate) fn on_unreadable(&mut self, path: Path, error: &ParseError) {
        let Some(mut response) = error.response(&self.tokens.tag()) else { return };
        fields::mark_source(&mut response.headers, path.remote);
        let path = self.reply_path(path, &response.headers);
        self.add_product(&mut response.headers, HeaderName::Server);
        self.outputs.push_back(Output::Send { path, bytes: response.to_bytes() });
    }

    fn on_request_outside(&mut self, now: Duration, path: Path, party: Party, key: ServerKey, request: Request) {
        if matches!(request.method, Method::Bye | Method::Update | Method::Prack) {
            // Only meaningful inside a dialog.
            return self.answer_once(path, &request, StatusCode::CALL_DOES_NOT_EXIST, Headers::new());
        }
        let request = Arc::new(request);
        let tag = self.tokens.tag();
        let transaction = self.start_server(now, key, (party, path), Arc::clone(&request), tag, None);
        self.emit(Event::IncomingRequest { transaction, path, request });
    }

    /// A request that is in no dialog with its sender: one answer, and none to an INVITE of whom a forged address would
    /// cost us nothing but others an answer (a known party or a connection has proven that it hears us).
    pub(crate) fn answer_stray(&mut self, path: Path, party: Party, request: &Request) {
        let hears_us = party != Party::Stranger || self.is_reliable(path);
        if hears_us || request.method != Method::Invite {
            self.answer_once(path, request, StatusCode::CALL_DOES_NOT_EXIST, Headers::new());
        }
    }

    /// §9.2: the CANCEL gets its own answer, the INVITE a 487 unless it has been answered. Nothing is kept of a CANCEL:
    /// the INVITE is remembered long enough for all its copies.
    fn on_cancel(&mut self, now: Duration, path: Path, party: Party, request: &Request) {
        if request.check_grammar().is_err() {
            return self.answer_once(path, request, StatusCode::BAD_REQUEST, Headers::new());
        }
        let invite = ServerKey::cancelled_by(request).and_then(|invite| self.server_of(&invite, (party, path)));
        let Some(invite) = invite else { return self.answer_stray(path, party, request) };
        let tag = self.servers.get(&invite).map(|tx| tx.to_tag().to_owned()).unwrap_or_default();
        self.print_once(path, request, Reply::new(StatusCode::OK), &tag);
        self.cancelled_by_peer(now, invite, request);
    }
}
