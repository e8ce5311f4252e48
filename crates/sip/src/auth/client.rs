//! The client's side of digest: answering challenges.

use super::{Algorithm, Ha1};
use crate::message::{Challenge, Credentials, Method};

/// What the client knows.
#[derive(Clone)]
pub enum Secret {
    Password(String),
    /// Fits only challenges of its algorithm, and of the realm it was made for.
    Ha1(Ha1),
}

/// Answers one server's challenges and counts the uses of its nonce.
pub struct DigestClient {
    username: String,
    secret: Secret,
    current: Option<Current>,
}

struct Current {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// The challenge names its algorithm, so the answer does too.
    named: bool,
    qop: bool,
    /// Uses so far.
    nc: u32,
}

impl DigestClient {
    pub fn new(username: &str, secret: Secret) -> DigestClient {
        DigestClient { username: username.to_owned(), secret, current: None }
    }

    /// Takes the first challenge that we can answer, as the server sends its favourite first
    /// (RFC 8760 §2.4). `false` means giving up: nothing fits, or the answer to this very nonce was
    /// refused without `stale`, so the secret is wrong.
    pub fn challenged(&mut self, challenges: &[Challenge]) -> bool {
        let Some((challenge, algorithm, qop)) = challenges.iter().find_map(|challenge| self.fits(challenge)) else {
            return false;
        };
        let (Some(realm), Some(nonce)) = (challenge.get("realm"), challenge.get("nonce")) else { return false };
        let stale = challenge.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
        if let Some(current) = &self.current
            && current.nc > 0
            && current.realm == realm
            && !stale
        {
            return false;
        }
        self.current = Some(Current {
            realm: realm.to_owned(),
            nonce: nonce.to_owned(),
            opaque: challenge.get("opaque").map(str::to_owned),
            algorithm,
            named: challenge.get("algorithm").is_some(),
            qop,
            nc: 0,
        });
        true
    }

    fn fits<'a>(&self, challenge: &'a Challenge) -> Option<(&'a Challenge, Algorithm, bool)> {
        if !challenge.is_scheme("Digest") {
            return None;
        }
        challenge.get("nonce")?;
        let algorithm = Algorithm::from_param(challenge.get("algorithm"))?;
        if matches!(&self.secret, Secret::Ha1(ha1) if ha1.algorithm() != algorithm) {
            return None;
        }
        match challenge.get("qop") {
            None => Some((challenge, algorithm, false)),
            Some(offered) => offered
                .split(',')
                .any(|qop| qop.trim().eq_ignore_ascii_case("auth"))
                .then_some((challenge, algorithm, true)),
        }
    }

    /// Says that the last answer was accepted, so that a later challenge is met with a new answer
    /// instead of giving up.
    pub fn accepted(&mut self) {
        self.current = None;
    }

    /// Credentials for a request; `None` before any challenge. `cnonce` is a fresh random token.
    pub fn credentials(&mut self, method: &Method, digest_uri: &str, cnonce: &str) -> Option<Credentials> {
        let current = self.current.as_mut()?;
        current.nc = current.nc.checked_add(1)?;
        let nc = format!("{:08x}", current.nc);
        let ha1 = match &self.secret {
            Secret::Password(password) => Ha1::new(current.algorithm, &self.username, &current.realm, password),
            Secret::Ha1(ha1) => ha1.clone(),
        };
        let qop = current.qop.then_some((nc.as_str(), cnonce));
        let response = ha1.response(method.as_str(), digest_uri, &current.nonce, qop);
        let mut credentials = Credentials::new("Digest");
        let params = &mut credentials.params;
        params.set_quoted("username", self.username.as_str());
        params.set_quoted("realm", current.realm.as_str());
        params.set_quoted("nonce", current.nonce.as_str());
        params.set_quoted("uri", digest_uri);
        params.set_quoted("response", response);
        if current.named {
            params.set("algorithm", current.algorithm.as_str());
        }
        if let Some(opaque) = &current.opaque {
            params.set_quoted("opaque", opaque.as_str());
        }
        if let Some((nc, cnonce)) = qop {
            params.set("qop", "auth");
            params.set("nc", nc);
            params.set_quoted("cnonce", cnonce);
        }
        Some(credentials)
    }
}
