//! Proving a browser's identity: the WebSocket's own token, a bearer token, or digest with the token as password.
//!
//! A request on an authenticated WebSocket is its identity's as long as that is good; credentials in the request outrank
//! it, so that a page renews its token on the connection that it has. Whatever proved it, the identity is looked at again
//! every time: a connection outlives its token, the key that minted it, and the member who held that. Nothing proven gets a challenge of every kind we take:
//! bearer, SHA-256, MD5 last (JsSIP and SIP.js keep the last).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use sip::auth::{
    Algorithm, BearerFault, DigestAnswer, DigestFault, DigestServer, Ha1, NonceKey, bearer_challenge, bearer_token,
};
use sip::message::{HeaderName, Headers, Request, StatusCode};
use sip::ua::Reply;

use super::sip::Peer;
use crate::sip_tokens;
use crate::sip_tokens::identity::Identity;
use crate::state::AppState;

/// Says in words why a token was refused (browser-sdk.md).
const REASON_HEADER: &str = "X-Sautikit-Error";

/// Checks identities.
pub struct Authentication {
    digest: Mutex<DigestServer>,
    realm: String,
}

/// Why nobody was recognised, and so how the challenge reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unproven {
    /// No credential came.
    Nothing,
    /// A bearer token that is not good.
    Token,
    /// Digest that is not right.
    Digest,
    /// Right, but the nonce is used up.
    Stale,
}

impl Authentication {
    /// `nonce_key`: 32 random bytes of this node.
    pub fn new(realm: &str, nonce_key: [u8; 32]) -> Self {
        Self { digest: Mutex::new(DigestServer::new(realm, NonceKey::new(nonce_key))), realm: realm.to_owned() }
    }

    /// Who sent the request.
    pub async fn identify(&self, app: &AppState, peer: &Peer, request: &Request) -> Result<Arc<Identity>, Unproven> {
        let connected = match peer {
            Peer::Web(Some(identity)) => Some(identity),
            Peer::Web(None) | Peer::Datagram(_) => None,
        };
        let identity = match (self.by_credentials(app, request).await, connected) {
            // A connection that came with one identity is not lent to another.
            (Ok(identity), Some(connected)) if identity.user() != connected.user() => return Err(Unproven::Token),
            (Err(Unproven::Nothing), Some(connected)) => connected.clone(),
            (identity, _) => identity?,
        };
        match sip_tokens::is_still_good(app, &identity).await {
            Ok(true) => Ok(identity),
            Ok(false) => Err(Unproven::Token),
            Err(error) => {
                tracing::error!(%error, "whether a token still holds could not be looked up");
                Err(Unproven::Token)
            }
        }
    }

    async fn by_credentials(&self, app: &AppState, request: &Request) -> Result<Arc<Identity>, Unproven> {
        let Ok(mut credentials) = request.authorizations() else { return Err(Unproven::Nothing) };
        credentials.extend(request.proxy_authorizations().unwrap_or_default());
        if let Some(token) = credentials.iter().find_map(bearer_token) {
            let identity = sip_tokens::verify_sip_token(app, token).await;
            return identity.map(Arc::new).map_err(|_| Unproven::Token);
        }
        let Some(answer) = credentials.iter().find_map(|one| DigestAnswer::read(one).ok()) else {
            return Err(Unproven::Nothing);
        };
        self.by_digest(app, &answer, request).await
    }

    async fn by_digest(
        &self,
        app: &AppState,
        answer: &DigestAnswer,
        request: &Request,
    ) -> Result<Arc<Identity>, Unproven> {
        let tokens = sip_tokens::live_tokens(app, &answer.username).await.unwrap_or_default();
        let now = since_epoch(app);
        for token in tokens {
            let hex = match answer.algorithm {
                Algorithm::Md5 => &token.ha1_md5,
                Algorithm::Sha256 => &token.ha1_sha256,
            };
            let Some(ha1) = Ha1::from_hex(answer.algorithm, hex) else { continue };
            match self.digest.lock().verify(now, answer, request, &ha1) {
                Ok(()) => return Ok(Arc::new(token.identity)),
                Err(DigestFault::Stale) => return Err(Unproven::Stale),
                Err(_) => {}
            }
        }
        Err(Unproven::Digest)
    }

    /// 401 with every scheme that is taken.
    pub fn challenge(&self, app: &AppState, unproven: Unproven) -> Reply {
        let salt = u64::from_le_bytes(app.entropy.bytes());
        let mut headers = Headers::new();
        let fault = (unproven == Unproven::Token).then_some(BearerFault::InvalidToken);
        let mut push = |challenge: String| headers.push(HeaderName::WwwAuthenticate, Bytes::from(challenge));
        push(bearer_challenge(&self.realm, None, fault).to_string());
        for challenge in self.digest.lock().challenges(since_epoch(app), salt, unproven == Unproven::Stale) {
            push(challenge.to_string());
        }
        if unproven != Unproven::Nothing {
            headers.push(HeaderName::from_token(REASON_HEADER), Bytes::from_static(b"auth.token_invalid"));
        }
        Reply { status: StatusCode::UNAUTHORIZED, headers, body: None }
    }
}

/// Nonces count from an origin that all nodes share.
fn since_epoch(app: &AppState) -> Duration {
    Duration::from_micros(u64::try_from(app.now_us()).unwrap_or_default())
}
