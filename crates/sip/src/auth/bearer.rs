//! Bearer tokens in SIP (RFC 8898). What a token says and whether it holds is the caller's business.

use crate::message::{Challenge, Credentials};

/// Why a token was refused (RFC 6750 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerFault {
    /// Expired, revoked, forged, or for another audience.
    InvalidToken,
    /// Genuine, but without the permission that the request needs.
    InsufficientScope,
}

/// `WWW-Authenticate: Bearer`; without a fault when the request carried no token.
pub fn bearer_challenge(realm: &str, authz_server: Option<&str>, fault: Option<BearerFault>) -> Challenge {
    let mut challenge = Challenge::new("Bearer");
    challenge.params.set_quoted("realm", realm);
    if let Some(server) = authz_server {
        challenge.params.set_quoted("authz_server", server);
    }
    if let Some(fault) = fault {
        let code = match fault {
            BearerFault::InvalidToken => "invalid_token",
            BearerFault::InsufficientScope => "insufficient_scope",
        };
        challenge.params.set_quoted("error", code);
    }
    challenge
}

/// The token of `Authorization: Bearer …`; `None` for other schemes and empty tokens.
pub fn bearer_token(credentials: &Credentials) -> Option<&str> {
    (credentials.is_scheme("Bearer") && !credentials.token.is_empty()).then_some(credentials.token.as_str())
}

/// `Authorization: Bearer token`.
pub fn bearer_credentials(token: &str) -> Credentials {
    Credentials { token: token.to_owned(), ..Credentials::new("Bearer") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_as_it_was_sent() {
        let value = bearer_credentials("eyJhbGciOi.J9_-x.sig==").to_string();
        assert_eq!(value, "Bearer eyJhbGciOi.J9_-x.sig==");
        assert_eq!(bearer_token(&Credentials::parse(value.as_bytes()).unwrap()), Some("eyJhbGciOi.J9_-x.sig=="));
    }

    #[test]
    fn challenges_name_the_fault() {
        let challenge = bearer_challenge("example.org", None, Some(BearerFault::InvalidToken)).to_string();
        assert_eq!(challenge, "Bearer realm=\"example.org\", error=\"invalid_token\"");
    }

    #[test]
    fn digest_is_no_bearer() {
        assert_eq!(bearer_token(&Credentials::parse(b"Digest username=\"a\"").unwrap()), None);
        assert_eq!(bearer_token(&Credentials::parse(b"Bearer").unwrap()), None);
    }
}
