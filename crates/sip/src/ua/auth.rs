//! Our credentials at a peer: when they are sent, and when a challenge deserves another try.

use core::fmt;
use core::time::Duration;

use crate::auth::bearer_credentials;
use crate::auth::{DigestClient, Secret};
use crate::message::{HeaderName, Method, Request, Response};

use super::Ua;
use super::client::{ClientKey, Purpose};
use super::io::{Event, SessionId};
use super::tokens::Tokens;

/// What we prove ourselves with.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A token (RFC 8898). Sent with every request without waiting for a challenge, so only for TLS and WSS.
    Bearer(String),
    /// Digest (RFC 8760), sent once the peer has challenged.
    Digest { username: String, password: String },
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bearer(_) => "Bearer(redacted)",
            Self::Digest { .. } => "Digest(redacted)",
        })
    }
}

enum Scheme {
    Bearer(String),
    Digest(DigestClient),
}

/// Challenges in a row that are answered before the peer has taken an answer: a proxy's and the callee's, or one and a
/// nonce that was used up. A peer that challenges on (every nonce is "stale") would be asked for ever.
const MAX_CHALLENGES: u8 = 2;

/// Credentials and what is known of the peer's challenges. One for a call or registration, so that only its first
/// request is challenged.
pub(crate) struct Authenticator {
    scheme: Scheme,
    /// Authorization after a 401, Proxy-Authorization after a 407.
    header: HeaderName,
    /// What the last request carried, for the ACK of its 2xx.
    last: Option<String>,
    /// The peer has accepted our answer to its last challenge, so another challenge means a new nonce and not a
    /// wrong password.
    proven: bool,
    /// Challenges answered since then.
    challenges: u8,
}

impl Authenticator {
    pub(crate) fn new(credentials: Credentials) -> Self {
        let scheme = match credentials {
            Credentials::Bearer(token) => Scheme::Bearer(token),
            Credentials::Digest { username, password } => {
                Scheme::Digest(DigestClient::new(&username, Secret::Password(password)))
            }
        };
        Self { scheme, header: HeaderName::Authorization, last: None, proven: false, challenges: 0 }
    }

    /// Adds what the peer is known to want.
    pub(crate) fn decorate(&mut self, request: &mut Request, tokens: &mut Tokens) {
        let credentials = match &mut self.scheme {
            Scheme::Bearer(token) => Some(bearer_credentials(token)),
            Scheme::Digest(digest) => digest.credentials(&request.method, &request.uri.to_string(), &tokens.tag()),
        };
        self.last = credentials.map(|credentials| credentials.to_string());
        if let Some(value) = &self.last {
            request.headers.set(self.header.clone(), value.clone());
        }
    }

    /// The ACK of a 2xx carries the credentials of its INVITE, because nobody can challenge it (RFC 3261 §22.1).
    pub(crate) fn copy_into_ack(&self, ack: &mut Request) {
        if let Some(value) = &self.last {
            ack.headers.set(self.header.clone(), value.clone());
        }
    }

    /// Reads a 401 or 407. True: the same request deserves another try; once per nonce, unless it was stale.
    pub(crate) fn learn(&mut self, response: &Response) -> bool {
        if self.challenges >= MAX_CHALLENGES {
            return false;
        }
        self.challenges += 1;
        match &mut self.scheme {
            // The token was in the refused request already.
            Scheme::Bearer(_) => false,
            Scheme::Digest(digest) => {
                let (header, challenges) = match response.status.code() {
                    401 => (HeaderName::Authorization, response.www_authenticates()),
                    _ => (HeaderName::ProxyAuthorization, response.proxy_authenticates()),
                };
                if core::mem::take(&mut self.proven) {
                    digest.accepted();
                }
                self.header = header;
                challenges.is_ok_and(|challenges| digest.challenged(&challenges))
            }
        }
    }

    /// A request with our credentials was not refused for them.
    pub(crate) fn accepted(&mut self) {
        self.proven = self.last.is_some();
        self.challenges = 0;
    }
}

impl Ua {
    /// The peer took a request of the session.
    pub(crate) fn credentials_accepted(&mut self, session: SessionId) {
        if let Some(auth) = self.sessions.get_mut(&session).and_then(|state| state.auth.as_mut()) {
            auth.accepted();
        }
    }

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
        if let Purpose::Invite(_) = purpose {
            self.emit(Event::InviteResent { session });
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
