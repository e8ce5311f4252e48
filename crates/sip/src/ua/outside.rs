//! Requests of ours that open no session: inside a dialog (INFO, REFER, NOTIFY …) and outside any (OPTIONS, MESSAGE …).

use core::time::Duration;

use crate::dialog::MAX_FORWARDS;
use crate::message::{HeaderName, Headers, Method, Request, Response, Uri};

use super::Ua;
use super::auth::{Authenticator, Credentials, next_cseq};
use super::client::{ClientKey, Purpose};
use super::error::CommandError;
use super::fields;
use super::io::{Body, Event, Failure, Path, SessionId, TransactionId};
use super::session::Phase;

/// A request outside dialogs.
#[derive(Debug, Clone)]
pub struct OutsideRequest {
    /// Any method but INVITE, ACK, BYE, CANCEL and REGISTER, which have their own commands.
    pub method: Method,
    /// Where it goes.
    pub path: Path,
    /// Request-URI.
    pub target: Uri,
    /// From without tag.
    pub from: String,
    /// To.
    pub to: String,
    /// Further headers.
    pub headers: Headers,
    /// Body, if any.
    pub body: Option<Body>,
    /// For a 401 or 407.
    pub auth: Option<Credentials>,
}

impl Ua {
    /// Sends a request outside dialogs. Ends with [`Event::Response`] or [`Event::RequestFailed`].
    pub fn request(&mut self, now: Duration, outside: OutsideRequest) -> TransactionId {
        let id = TransactionId(self.fresh_id());
        let mut request = Request::new(outside.method, outside.target);
        let cseq = format!("1 {}", request.method);
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, MAX_FORWARDS.to_string());
        headers.push(HeaderName::From, format!("{};tag={}", outside.from, self.tokens.tag()));
        headers.push(HeaderName::To, outside.to);
        headers.push(HeaderName::CallId, self.tokens.call_id());
        headers.push(HeaderName::CSeq, cseq);
        headers.push(HeaderName::Contact, self.contact_of(outside.path));
        fields::append(headers, &outside.headers);
        fields::set_body(&mut request.headers, &mut request.body, outside.body);
        let mut auth = outside.auth.map(|credentials| Box::new(Authenticator::new(credentials)));
        if let Some(auth) = &mut auth {
            auth.decorate(&mut request, &mut self.tokens);
        }
        self.send_request(now, outside.path, request, Purpose::Outside(id), auth);
        id
    }

    /// Sends INFO, REFER, NOTIFY, MESSAGE or OPTIONS inside a call.
    pub fn request_in_dialog(
        &mut self,
        now: Duration,
        session: SessionId,
        method: Method,
        extra: Headers,
        body: Option<Body>,
    ) -> Result<TransactionId, CommandError> {
        let id = TransactionId(self.fresh_id());
        let state = self.sessions.get_mut(&session).ok_or(CommandError::UnknownSession)?;
        if !matches!(state.phase, Phase::Confirmed | Phase::Offered { .. }) {
            return Err(CommandError::WrongState);
        }
        let Some(dialog) = &mut state.dialog else { return Err(CommandError::WrongState) };
        let mut request = dialog.request(method);
        request.headers.push(HeaderName::Contact, state.contact.clone());
        fields::append(&mut request.headers, &extra);
        fields::set_body(&mut request.headers, &mut request.body, body);
        if let Some(auth) = &mut state.auth {
            auth.decorate(&mut request, &mut self.tokens);
        }
        let path = self.sessions.get(&session).map(|state| self.next_hop(state)).ok_or(CommandError::UnknownSession)?;
        self.send_request(now, path, request, Purpose::InDialog(session, id), None);
        Ok(id)
    }

    pub(crate) fn in_dialog_response(
        &mut self,
        now: Duration,
        key: ClientKey,
        session: SessionId,
        transaction: TransactionId,
        response: Response,
    ) {
        if response.status.is_provisional() {
            return;
        }
        if fields::is_challenge(&response) && self.retry_session(now, key, session, &response) {
            return;
        }
        self.credentials_accepted(session);
        self.emit_response(transaction, response.clone());
        // INFO may be refused for its own sake; only these two say that the dialog is gone (§12.2.1.2). Of a NOTIFY they say that
        // nobody wants to know any more, which leaves the call (RFC 5057 §5.1).
        let is_notify = response.headers.cseq().is_ok_and(|cseq| cseq.method == Method::Notify);
        if matches!(response.status.code(), 408 | 481) && !is_notify {
            self.dialog_lost(now, session, Failure::Response(Box::new(response)));
        }
    }

    pub(crate) fn in_dialog_failed(
        &mut self,
        now: Duration,
        session: SessionId,
        transaction: TransactionId,
        failure: Failure,
    ) {
        let silent = matches!(failure, Failure::Timeout);
        self.emit(Event::RequestFailed { transaction, failure });
        if silent {
            self.dialog_lost(now, session, Failure::Timeout);
        }
    }

    pub(crate) fn outside_response(
        &mut self,
        now: Duration,
        key: ClientKey,
        transaction: TransactionId,
        response: Response,
    ) {
        if response.status.is_provisional() {
            return;
        }
        let retries = fields::is_challenge(&response)
            && self.clients.get_mut(&key).and_then(|tx| tx.auth.as_mut()).is_some_and(|auth| auth.learn(&response));
        if retries && let Some((path, mut request, purpose, mut auth)) = self.take_for_retry(key) {
            next_cseq(&mut request);
            if let Some(auth) = &mut auth {
                auth.decorate(&mut request, &mut self.tokens);
            }
            self.send_request(now, path, request, purpose, auth);
            return;
        }
        self.emit_response(transaction, response);
    }

    fn emit_response(&mut self, transaction: TransactionId, response: Response) {
        let event = if response.status.is_success() {
            Event::Response { transaction, response: Box::new(response) }
        } else {
            Event::RequestFailed { transaction, failure: Failure::Response(Box::new(response)) }
        };
        self.emit(event);
    }

    pub(crate) fn outside_failed(&mut self, transaction: TransactionId, failure: Failure) {
        self.emit(Event::RequestFailed { transaction, failure });
    }
}
