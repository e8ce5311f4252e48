//! Proving who somebody is: a browser by its WebSocket's own token, a bearer token, or digest with the token as password; a
//! device by digest with its SIP credential.
//!
//! A request on an authenticated WebSocket is its identity's as long as that is good; credentials in the request outrank
//! it, so that a page renews its token on the connection that it has. Whatever proved it, the identity is looked at again
//! every time: a connection outlives its token, the key that minted it, and the member who held that. Nothing proven gets a
//! challenge of every kind we take: bearer on connections, SHA-256, MD5 last (JsSIP and SIP.js keep the last).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use sip::auth::{
    Algorithm, BearerFault, DigestAnswer, DigestFault, DigestServer, Ha1, NonceKey, bearer_challenge, bearer_token,
};
use sip::message::{Credentials, HeaderName, Headers, Request, StatusCode};
use sip::ua::Reply;

use super::door::old_phones::OldPhones;
use super::sip::Peer;
use crate::db::in_time;
use crate::secrets::hmac_sha256;
use crate::sip_tokens::identity::{Identity, is_device_name};
use crate::state::AppState;
use crate::{sip_credentials, sip_tokens};

/// Says in words why a token was refused (browser-sdk.md).
const REASON_HEADER: &str = "X-Sautikit-Error";

/// Checks identities.
pub struct Authentication {
    digest: Mutex<DigestServer>,
    realm: String,
    /// Of the marks of addresses in challenges.
    mark_key: [u8; 32],
    old_phones: Mutex<OldPhones>,
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
    /// What came could not be looked up: nobody knows whether it is right.
    NotLookedUp,
}

impl Authentication {
    /// `nonce_key`: 32 random bytes of this node.
    pub fn new(realm: &str, nonce_key: [u8; 32]) -> Self {
        let mark_key = hmac_sha256(&nonce_key, &[b"marks of addresses"]);
        let digest = Mutex::new(DigestServer::new(realm, NonceKey::new(nonce_key)));
        Self { digest, realm: realm.to_owned(), mark_key, old_phones: Mutex::default() }
    }

    /// Whether the sender of a datagram has heard a challenge of ours at the address that it comes from: it answers one whose
    /// nonce bears the address's mark. It may still be anybody; but what is said to it goes to nobody else.
    pub fn is_heard(&self, app: &AppState, source: SocketAddr, request: &Request) -> bool {
        let Some(answer) = digest_of(request) else { return false };
        let salt = self.digest.lock().salt_of(since_epoch(app), &answer);
        // Half of the salt is the mark: 32 bits that nobody can compute, in a nonce that nobody can make.
        salt.is_some_and(|salt| salt as u32 == self.mark_of(source.ip()))
    }

    /// The half of a salt that says for whom a challenge is.
    fn mark_of(&self, address: IpAddr) -> u32 {
        let octets = match address.to_canonical() {
            IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
            IpAddr::V6(address) => address.octets(),
        };
        let mac = hmac_sha256(&self.mark_key, &[&octets]);
        u32::from_be_bytes([mac[0], mac[1], mac[2], mac[3]])
    }

    /// Who sent the request.
    pub async fn identify(&self, app: &AppState, peer: &Peer, request: &Request) -> Result<Arc<Identity>, Unproven> {
        let connected = match peer {
            Peer::Web(Some(identity)) => Some(identity),
            Peer::Web(None) | Peer::Datagram(_) | Peer::Stream(..) => None,
        };
        let identity = match (self.by_credentials(app, peer, request).await, connected) {
            // A connection that came with one identity is not lent to another.
            (Ok(identity), Some(connected)) if identity.user() != connected.user() => return Err(Unproven::Token),
            (Err(Unproven::Nothing), Some(connected)) => connected.clone(),
            (identity, _) => identity?,
        };
        if identity.device.is_some() {
            // Its credential was looked up just now.
            return Ok(identity);
        }
        match in_time(sip_tokens::is_still_good(app, &identity)).await {
            Ok(true) => Ok(identity),
            Ok(false) => Err(Unproven::Token),
            Err(error) => {
                tracing::error!(%error, "whether a token still holds could not be looked up");
                Err(Unproven::NotLookedUp)
            }
        }
    }

    async fn by_credentials(&self, app: &AppState, peer: &Peer, request: &Request) -> Result<Arc<Identity>, Unproven> {
        let Ok(mut credentials) = request.authorizations() else { return Err(Unproven::Nothing) };
        credentials.extend(request.proxy_authorizations().unwrap_or_default());
        if let Some(token) = credentials.iter().find_map(bearer_token) {
            // In a datagram it proves no way back to its sender, whose address may be another's.
            if matches!(peer, Peer::Datagram(_)) {
                return Err(Unproven::Token);
            }
            let identity = in_time(sip_tokens::verify_sip_token(app, token)).await;
            return identity.map(Arc::new).map_err(|error| match error {
                sip_tokens::Error::Database(error) => {
                    tracing::error!(%error, "the key of a token could not be looked up");
                    Unproven::NotLookedUp
                }
                _ => Unproven::Token,
            });
        }
        let Some(answer) = digest_in(&credentials) else { return Err(Unproven::Nothing) };
        // Before anything is looked up: who answers no challenge of ours learns nothing and costs no query.
        if self.digest.lock().salt_of(since_epoch(app), &answer).is_none() {
            return Err(Unproven::Stale);
        }
        let proven = if is_device_name(&answer.username) {
            self.by_credential(app, &answer, request).await
        } else {
            self.by_digest(app, &answer, request).await
        };
        if let (Ok(_), Some(source)) = (&proven, peer.address()) {
            self.old_phones.lock().proven(source.ip(), answer.algorithm == Algorithm::Md5);
        }
        proven
    }

    /// A device, by its SIP credential.
    async fn by_credential(
        &self,
        app: &AppState,
        answer: &DigestAnswer,
        request: &Request,
    ) -> Result<Arc<Identity>, Unproven> {
        let live = in_time(sip_credentials::find_live(app, &answer.username)).await.map_err(|error| {
            tracing::error!(%error, "a device's credential could not be looked up");
            Unproven::NotLookedUp
        });
        let live = live?.ok_or(Unproven::Digest)?;
        let hex = match answer.algorithm {
            Algorithm::Md5 => &live.ha1_md5,
            Algorithm::Sha256 => &live.ha1_sha256,
        };
        let ha1 = Ha1::from_hex(answer.algorithm, hex).ok_or(Unproven::Digest)?;
        match self.digest.lock().verify(since_epoch(app), answer, request, &ha1) {
            Ok(()) => Ok(Arc::new(live.identity())),
            Err(DigestFault::Stale) => Err(Unproven::Stale),
            Err(_) => Err(Unproven::Digest),
        }
    }

    async fn by_digest(
        &self,
        app: &AppState,
        answer: &DigestAnswer,
        request: &Request,
    ) -> Result<Arc<Identity>, Unproven> {
        let tokens = match in_time(sip_tokens::live_tokens(app, &answer.username)).await {
            Err(sip_tokens::Error::Database(error)) => {
                tracing::error!(%error, "the tokens of an identity could not be looked up");
                return Err(Unproven::NotLookedUp);
            }
            tokens => tokens.unwrap_or_default(),
        };
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

    /// 401 with every scheme that is taken: SHA-256 before MD5, or MD5 alone to old phones. `source`: where
    /// the request came from that is answered; none on a WebSocket.
    pub fn challenge(&self, app: &AppState, source: Option<SocketAddr>, unproven: Unproven) -> Reply {
        let drawn: u64 = u64::from_le_bytes(app.entropy.bytes());
        let salt = match source {
            Some(source) => drawn << 32 | u64::from(self.mark_of(source.ip())),
            None => drawn,
        };
        let mut headers = Headers::new();
        let fault = (unproven == Unproven::Token).then_some(BearerFault::InvalidToken);
        let mut push = |challenge: String| headers.push(HeaderName::WwwAuthenticate, Bytes::from(challenge));
        // Devices have no tokens, and some take the first scheme whatever it is.
        if source.is_none() {
            push(bearer_challenge(&self.realm, None, fault).to_string());
        }
        // Whoever answers an old nonce has understood the offer.
        let is_old = source.is_some_and(|source| {
            let mut phones = self.old_phones.lock();
            unproven != Unproven::Stale && phones.offer(app.clock.monotonic(), source.ip())
        });
        let challenges = self.digest.lock().challenges(since_epoch(app), salt, unproven == Unproven::Stale);
        let md5 = Some(Algorithm::Md5.as_str());
        for challenge in challenges.iter().filter(|challenge| !is_old || challenge.get("algorithm") == md5) {
            push(challenge.to_string());
        }
        if unproven != Unproven::Nothing {
            headers.push(HeaderName::from_token(REASON_HEADER), Bytes::from_static(b"auth.token_invalid"));
        }
        Reply { status: StatusCode::UNAUTHORIZED, headers, body: None }
    }
}

fn digest_of(request: &Request) -> Option<DigestAnswer> {
    let mut credentials = request.authorizations().ok()?;
    credentials.extend(request.proxy_authorizations().unwrap_or_default());
    digest_in(&credentials)
}

fn digest_in(credentials: &[Credentials]) -> Option<DigestAnswer> {
    credentials.iter().find_map(|one| DigestAnswer::read(one).ok())
}

/// Nonces count from an origin that all nodes share.
fn since_epoch(app: &AppState) -> Duration {
    Duration::from_micros(u64::try_from(app.now_us()).unwrap_or_default())
}
