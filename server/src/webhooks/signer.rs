//! What a voice callback is signed with: ours always, and what the number's `compat` has its handler check.
//!
//! `X-Twilio-Signature` is base64 of an HMAC-SHA1, keyed with the auth token (here the number's signing secret), over the URL as
//! it is asked and every parameter's name and value, sorted by name.
//! Source: <https://www.twilio.com/docs/usage/security>. Whoever checks ours checks the stronger one.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sautikit_api::numbers::Compat;
use sha1::Sha1;
use url::Url;

use super::signature;
use super::signing::{Signing, Whose};

/// Name of Twilio's header.
pub const TWILIO_HEADER: &str = "x-twilio-signature";

/// Signs the callbacks of a number.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// The number's secret.
    pub secret: &'a str,
    /// Whose it is; none where it is no tenant's.
    pub whose: Option<Whose>,
    /// It is the one that rotation replaced.
    pub is_former: bool,
    /// What signed before it, and until when it may sign what the new one is refused for, in microseconds UTC.
    pub former: Option<(&'a str, i64)>,
    /// Whose words its callbacks are in.
    pub compat: Compat,
    /// Whether it signs copies, which say so in a header: who is tried need not charge anybody twice.
    pub is_shadow: bool,
}

/// What signs for a number, kept for as long as a call lasts.
#[derive(Clone)]
pub struct NumberSecrets {
    /// Whose they are.
    pub whose: Whose,
    /// What signs.
    pub secret: Arc<str>,
    /// What signed before, and until when it still may, in microseconds UTC.
    pub former: Option<(Arc<str>, i64)>,
}

impl fmt::Debug for NumberSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NumberSecrets")
    }
}

impl From<Signing> for NumberSecrets {
    fn from(signing: Signing) -> Self {
        let former = signing.former.map(|(secret, until)| (secret.into(), until));
        Self { whose: signing.whose, secret: signing.secret.into(), former }
    }
}

impl NumberSecrets {
    /// Signs for a number whose handler is of that kind.
    pub fn signer(&self, compat: Compat) -> Signer<'_> {
        let former = self.former.as_ref().map(|(secret, until)| (&**secret, *until));
        Signer { secret: &self.secret, whose: Some(self.whose), is_former: false, former, compat, is_shadow: false }
    }
}

impl<'a> Signer<'a> {
    /// The signer of what was refused, where a former secret may sign at that moment.
    pub fn former(&self, now_us: i64) -> Option<Signer<'a>> {
        let (secret, _) = self.former.filter(|(_, until)| now_us < *until)?;
        Some(Signer { secret, former: None, is_former: true, ..*self })
    }

    /// Which secret it is, in the words of the log of attempts; none where it is no tenant's.
    pub fn name(&self) -> Option<&'static str> {
        let name = if self.is_former { Whose::former_as_str } else { Whose::as_str };
        self.whose.map(name)
    }
}

/// Name of the header of copies.
pub const SHADOW_HEADER: &str = "x-sautikit-shadow";

/// A request's signatures by header, and what else its signer says of it.
pub type Signatures = Vec<(&'static str, String)>;

impl Signer<'_> {
    /// The signatures of a form, which is `body` as it is sent.
    pub fn sign(&self, url: &Url, params: &[(&'static str, String)], body: &str, unix_seconds: i64) -> Signatures {
        let mut signatures = vec![(signature::HEADER, signature::sign(self.secret, body.as_bytes(), unix_seconds))];
        if self.compat == Compat::Twilio {
            signatures.push((TWILIO_HEADER, twilio(self.secret, url, params)));
        }
        if self.is_shadow {
            signatures.push((SHADOW_HEADER, "true".to_owned()));
        }
        signatures
    }
}

fn twilio(secret: &str, url: &Url, params: &[(&'static str, String)]) -> String {
    // HMAC takes keys of every length (RFC 2104 §2), so there is no error to report.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(url.as_str().as_bytes());
    let mut sorted: Vec<_> = params.iter().collect();
    sorted.sort();
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Twilio's own documentation.
    #[test]
    fn the_signature_is_the_one_that_twilio_documents() {
        let url = Url::parse("https://mycompany.com/myapp.php?foo=1&bar=2").unwrap();
        let params = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675310"),
            ("Digits", "1234"),
            ("From", "+14158675310"),
            ("To", "+18005551212"),
        ];
        let params = params.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(twilio("12345", &url, &params), "GvWf1cFY/Q7PnoempGyD5oXAezc=");
    }

    #[test]
    fn only_who_asks_for_twilios_gets_it() {
        let url = Url::parse("https://shop.example/voice").unwrap();
        let headers = |compat| {
            let signer =
                Signer { secret: "whsec_test", whose: None, is_former: false, former: None, compat, is_shadow: false };
            let signed = signer.sign(&url, &[], "a=1", 1);
            signed.into_iter().map(|(header, _)| header).collect::<Vec<_>>()
        };
        assert_eq!(headers(Compat::Twilio), [signature::HEADER, TWILIO_HEADER]);
        assert_eq!(headers(Compat::AfricasTalking), [signature::HEADER]);
        assert_eq!(headers(Compat::Sautikit), [signature::HEADER]);
    }
}
