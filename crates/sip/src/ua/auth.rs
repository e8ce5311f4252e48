//! Our credentials at a peer: when they are sent, and when a challenge deserves another try.

use core::fmt;
use core::time::Duration;

use crate::message::{HeaderName, Method, Request, Response};

use super::Ua;
use super::client::{ClientKey, Purpose};
use super::io::SessionId;
use super::tokens::Tokens;

/// What we prove ourselves with.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A token (RFC 8898). Sent with every request without waiting for a challenge, so only for TLS and WSS.
    Bearer(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bearer(_) => f.write_str("Bearer(redacted)"),
        }
    }
}

/// Credentials and what is known of the peer's challenges.
pub(crate) struct Authenticator {
    credentials: Credentials,
}

impl Authenticator {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self { credentials }
    }

    /// Adds what the peer is known to want.
    pub(crate) fn decorate(&mut self, request: &mut Request, _tokens: &mut Tokens) {
        match &self.credentials {
            Credentials::Bearer(token) => request.headers.set(HeaderName::Authorization, format!("Bearer {token}")),
        }
    }

    /// The ACK of a 2xx carries the credentials of its INVITE, because nobody can challenge it (RFC 3261 §22.1).
    pub(crate) fn copy_into_ack(&self, ack: &mut Request) {
        match &self.credentials {
            Credentials::Bearer(token) => ack.headers.set(HeaderName::Authorization, format!("Bearer {token}")),
        }
    }

    /// Reads a 401 or 407. True: the same request may be tried once more.
    pub(crate) fn learn(&mut self, _response: &Response) -> bool {
        match &self.credentials {
            // It was in the refused request already.
            Credentials::Bearer(_) => false,
        }
    }
}

impl Ua {
    /// Sends a challenged request of a session again with credentials. False: there is nothing to try.
    pub(crate) fn retry_session(
        &mut self,
        now: Duration,
        key: ClientKey,
        session: SessionId,
        response: &Response,
    ) -> bool {
        let Some(state) = self.sessions.get_mut(&session) else { return false };
        let Some(auth) = &mut state.auth else { return false };
        if !auth.learn(response) {
            return false;
        }
        let Some((path, mut request, purpose, _)) = self.take_for_retry(key) else { return false };
        let Some(state) = self.sessions.get_mut(&session) else { return false };
        let cseq = next_cseq(&mut request);
        if let Some(dialog) = &mut state.dialog {
            dialog.skip_to_cseq(cseq);
        }
        if let Some(auth) = &mut state.auth {
            auth.decorate(&mut request, &mut self.tokens);
        }
        let client = self.send_request(now, path, request, purpose, None);
        if let Some(state) = self.sessions.get_mut(&session) {
            match purpose {
                Purpose::Invite(_) => {
                    state.invite = Some(client);
                    // The early dialogs of the refused request are gone with it (§12.3).
                    state.early.clear();
                }
                Purpose::Reinvite(_) | Purpose::Update(_) => {
                    if let Some(reoffer) = &mut state.reoffer {
                        reoffer.client = client;
                    }
                }
                _ => {}
            }
        }
        true
    }
}

/// Raises the CSeq of a request that is sent again (§22.2) and returns the new number.
pub(crate) fn next_cseq(request: &mut Request) -> u32 {
    // The request is ours, so its CSeq is readable.
    let number = request.cseq().map_or(1, |cseq| cseq.number).saturating_add(1);
    let method: &Method = &request.method;
    let value = format!("{number} {method}");
    request.headers.set(HeaderName::CSeq, value);
    number
}
