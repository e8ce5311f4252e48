//! The server's side of digest: challenging and checking.

use core::time::Duration;

use super::algorithm::same_hex;
use super::nonce::NonceKey;
use super::replay::{ReplayTable, Use};
use super::{Algorithm, Ha1};
use crate::message::{Challenge, Credentials, Request, Uri};
use crate::parse::cursor::is_token;

/// How long a nonce may be used: long enough for a registration's refresh, short enough that a
/// stolen answer is worth little.
const NONCE_LIFETIME: Duration = Duration::from_secs(300);

/// One realm's digest authentication. `now` in its functions counts from an origin that all nodes
/// with the same key share, such as the Unix epoch.
pub struct DigestServer {
    realm: String,
    key: NonceKey,
    seen: ReplayTable,
}

/// Why an answer is not accepted, and so which reply is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestFault {
    /// Answer 400.
    #[error("malformed digest credentials")]
    Malformed,
    /// Challenge again with `stale=true`: the secret is right, the nonce is used up.
    #[error("stale nonce")]
    Stale,
    /// Challenge again: not our nonce, realm or algorithm.
    #[error("answer to another challenge")]
    Foreign,
    /// Challenge again and count the failure: the response is wrong.
    #[error("wrong response")]
    Wrong,
    /// Drop or challenge again, and count: this very answer was seen before.
    #[error("replayed answer")]
    Replayed,
}

/// Digest credentials whose form has been checked. Look up the HA1 of `username` in `algorithm`,
/// then call [`DigestServer::verify`].
#[derive(Clone)]
pub struct DigestAnswer {
    pub username: String,
    pub realm: String,
    pub algorithm: Algorithm,
    nonce: String,
    uri: String,
    response: String,
    nc_text: String,
    nc: u32,
    cnonce: String,
}

impl DigestAnswer {
    /// Reads `Authorization: Digest …`. An answer without `qop=auth` is malformed: it has no count,
    /// so it could be replayed.
    pub fn read(credentials: &Credentials) -> Result<DigestAnswer, DigestFault> {
        if !credentials.is_scheme("Digest") {
            return Err(DigestFault::Foreign);
        }
        let get = |name: &str| credentials.get(name).map(str::to_owned).ok_or(DigestFault::Malformed);
        let algorithm = Algorithm::from_param(credentials.get("algorithm")).ok_or(DigestFault::Foreign)?;
        let nc_text = get("nc")?;
        let hex = nc_text.len() == 8 && nc_text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let nc = u32::from_str_radix(&nc_text, 16).ok().filter(|&nc| hex && nc > 0).ok_or(DigestFault::Malformed)?;
        if !credentials.get("qop").is_some_and(|qop| qop.eq_ignore_ascii_case("auth")) {
            return Err(DigestFault::Malformed);
        }
        let answer = DigestAnswer {
            username: get("username")?,
            realm: get("realm")?,
            algorithm,
            nonce: get("nonce")?,
            uri: get("uri")?,
            response: get("response")?,
            nc_text,
            nc,
            cnonce: get("cnonce")?,
        };
        if answer.cnonce.is_empty() || !is_token(answer.response.as_bytes()) {
            return Err(DigestFault::Malformed);
        }
        Ok(answer)
    }
}

impl DigestServer {
    /// `key` is 256 random bits, shared by nodes that accept each other's nonces.
    pub fn new(realm: &str, key: NonceKey) -> DigestServer {
        DigestServer { realm: realm.to_owned(), key, seen: ReplayTable::default() }
    }

    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// The challenges for a 401 or 407, best first. MD5 stands last because JsSIP and SIP.js take
    /// the last one whatever it is. `salt` is 64 random bits; nothing is stored.
    pub fn challenges(&self, now: Duration, salt: u64, stale: bool) -> [Challenge; 2] {
        let nonce = self.key.make(now, salt, &self.realm);
        [Algorithm::Sha256, Algorithm::Md5].map(|algorithm| {
            let mut challenge = Challenge::new("Digest");
            challenge.params.set_quoted("realm", self.realm.as_str());
            challenge.params.set_quoted("nonce", nonce.as_str());
            challenge.params.set_quoted("qop", "auth");
            challenge.params.set("algorithm", algorithm.as_str());
            if stale {
                challenge.params.set("stale", "true");
            }
            challenge
        })
    }

    /// The salt of the challenge that is answered, if it is one of ours that may still be used. Says nothing of who answers;
    /// a shell that puts a mark of the address into its salts learns that the challenge was heard there, before it keeps
    /// anything.
    pub fn salt_of(&self, now: Duration, answer: &DigestAnswer) -> Option<u64> {
        let nonce = self.key.open(&answer.nonce, &self.realm)?;
        let (now_ms, oldest_ms) = window(now);
        (oldest_ms..=now_ms).contains(&nonce.made_ms).then_some(nonce.salt)
    }

    /// Checks an answer to one of our challenges against the stored HA1 of its user. The replay
    /// table is touched only by answers that are right.
    pub fn verify(
        &mut self,
        now: Duration,
        answer: &DigestAnswer,
        request: &Request,
        ha1: &Ha1,
    ) -> Result<(), DigestFault> {
        if answer.realm != self.realm || answer.algorithm != ha1.algorithm() {
            return Err(DigestFault::Foreign);
        }
        let nonce = self.key.open(&answer.nonce, &self.realm).ok_or(DigestFault::Foreign)?;
        if !names_target(&answer.uri, &request.uri) {
            return Err(DigestFault::Wrong);
        }
        let qop = Some((answer.nc_text.as_str(), answer.cnonce.as_str()));
        let expected = ha1.response(request.method.as_str(), &answer.uri, &answer.nonce, qop);
        if !same_hex(&expected, &answer.response) {
            return Err(DigestFault::Wrong);
        }
        let (now_ms, oldest_ms) = window(now);
        self.seen.expire(oldest_ms);
        // A nonce of the future was made by a clock that has since been set back.
        if nonce.made_ms < oldest_ms || nonce.made_ms > now_ms {
            return Err(DigestFault::Stale);
        }
        match self.seen.record(nonce, answer.nc) {
            Use::Fresh => Ok(()),
            Use::Replayed => Err(DigestFault::Replayed),
            Use::Forgotten => Err(DigestFault::Stale),
        }
    }
}

/// Now, and when the oldest nonce that may still be used was made; in milliseconds.
fn window(now: Duration) -> (u64, u64) {
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let lifetime_ms = u64::try_from(NONCE_LIFETIME.as_millis()).unwrap_or(u64::MAX);
    (now_ms, now_ms.saturating_sub(lifetime_ms))
}

/// The digest URI has to name what the request asks for, or an answer could be moved to another
/// target. Port and parameters are left out, because proxies on the way change them.
fn names_target(digest_uri: &str, target: &Uri) -> bool {
    Uri::parse(digest_uri).is_ok_and(|uri| uri.host == target.host && uri.decoded_user() == target.decoded_user())
}

/// Realm and algorithm only: the rest helps to guess a secret.
impl core::fmt::Debug for DigestAnswer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DigestAnswer")
            .field("realm", &self.realm)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
