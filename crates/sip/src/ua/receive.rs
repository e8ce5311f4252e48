//! The way of an incoming request to whoever deals with it: RFC 3261 §8.2 and §18.2.1, in that order.

use core::time::Duration;
use std::sync::Arc;

use crate::message::{Capabilities, HeaderName, Headers, Method, Request, Response, StatusCode};
use crate::parse::ParseError;
use crate::transaction::key::{MergeKey, ServerKey};

use super::Ua;
use super::config::SDP;
use super::fields;
use super::io::{Event, Output, Path, Reply, TransactionId};

impl Ua {
    pub(crate) fn on_request(&mut self, now: Duration, path: Path, mut request: Request) {
        // Without these headers not even a refusal can be built.
        let Some(key) = ServerKey::of(&request) else { return };
        fields::mark_source(&mut request.headers, path.remote);
        if self.absorb(now, &key, &request) {
            return;
        }
        match request.method {
            // An ACK is never answered, not even a broken one.
            Method::Ack if request.check_grammar().is_err() => {}
            Method::Ack => self.on_ack(now, path, request),
            Method::Cancel => self.on_cancel(now, path, key, request),
            _ => self.on_new_request(now, path, key, request),
        }
    }

    fn on_new_request(&mut self, now: Duration, path: Path, key: ServerKey, request: Request) {
        let to_tag = match request.headers.to() {
            Ok(to) => to.tag().map(str::to_owned),
            Err(_) => return,
        };
        if to_tag.is_none() && self.servers.len() >= self.config.max_peer_requests {
            return;
        }
        let merged = to_tag.is_none() && MergeKey::of(&request).is_some_and(|merge| self.merges.contains_key(&merge));
        let refusal = if merged { Some((StatusCode::LOOP_DETECTED, Headers::new())) } else { self.refusal(&request) };
        if let Some((status, headers)) = refusal {
            let tag = to_tag.unwrap_or_else(|| self.tokens.tag());
            let transaction = self.start_server(now, key, path, Arc::new(request), tag);
            self.refuse(now, transaction, status, headers);
            return;
        }
        match to_tag {
            Some(tag) => self.on_request_in_dialog(now, path, key, request, tag),
            None if request.method == Method::Invite => self.on_invite(now, path, key, request),
            None => self.on_request_outside(now, path, key, request),
        }
    }

    /// The checks of §8.2.1 to §8.2.3 that need no knowledge of calls.
    fn refusal(&self, request: &Request) -> Option<(StatusCode, Headers)> {
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

    /// Answers a request that [`Ua::handle`] has not seen and shall not see, and keeps nothing of it (RFC 3261 §8.2.7): a
    /// copy of the request gets a copy of the answer.
    pub fn answer_stateless(&mut self, path: Path, request: &Request, reply: Reply) {
        let call_id = request.headers.get(&HeaderName::CallId).unwrap_or_default();
        let tag = self.tokens.tag_of(call_id);
        let mut response = Response::to_request(request, reply.status, Some(&tag));
        fields::mark_source(&mut response.headers, path.remote);
        let path = self.reply_path(path, &response.headers);
        self.add_product(&mut response.headers, HeaderName::Server);
        fields::append(&mut response.headers, &reply.headers);
        fields::set_body(&mut response.headers, &mut response.body, reply.body);
        self.outputs.push_back(Output::Send { path, bytes: response.to_bytes() });
    }

    /// What could not be read as a message: nothing is kept of it, so the peer's next copy is answered again.
    pub(crate) fn on_unreadable(&mut self, path: Path, error: &ParseError) {
        let Some(mut response) = error.response(&self.tokens.tag()) else { return };
        fields::mark_source(&mut response.headers, path.remote);
        let path = self.reply_path(path, &response.headers);
        self.add_product(&mut response.headers, HeaderName::Server);
        self.outputs.push_back(Output::Send { path, bytes: response.to_bytes() });
    }

    fn on_request_outside(&mut self, now: Duration, path: Path, key: ServerKey, request: Request) {
        let request = Arc::new(request);
        let tag = self.tokens.tag();
        let transaction = self.start_server(now, key, path, Arc::clone(&request), tag);
        if request.method == Method::Bye || request.method == Method::Update {
            // Only meaningful inside a dialog.
            self.refuse(now, transaction, StatusCode::CALL_DOES_NOT_EXIST, Headers::new());
            return;
        }
        self.emit(Event::IncomingRequest { transaction, path, request });
    }

    /// §9.2: the CANCEL gets its own answer, the INVITE a 487 unless it has been answered.
    fn on_cancel(&mut self, now: Duration, path: Path, key: ServerKey, request: Request) {
        let target: Option<TransactionId> =
            ServerKey::cancelled_by(&request).and_then(|invite| self.server_keys.get(&invite).copied());
        let tag = target
            .and_then(|invite| self.servers.get(&invite).map(|tx| tx.to_tag().to_owned()))
            .unwrap_or_else(|| self.tokens.tag());
        let is_broken = request.check_grammar().is_err();
        let request = Arc::new(request);
        let transaction = self.start_server(now, key, path, Arc::clone(&request), tag);
        // A CANCEL has the identity of its INVITE apart from the method and must never count as a second INVITE.
        self.release_merge(transaction);
        if is_broken {
            self.refuse(now, transaction, StatusCode::BAD_REQUEST, Headers::new());
            return;
        }
        let Some(invite) = target else {
            self.refuse(now, transaction, StatusCode::CALL_DOES_NOT_EXIST, Headers::new());
            return;
        };
        self.refuse(now, transaction, StatusCode::OK, Headers::new());
        self.cancelled_by_peer(now, invite, &request);
    }
}
