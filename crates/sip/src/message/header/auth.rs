//! Challenges and credentials (RFC 3261 §20.7, §20.44; RFC 7235 §2.1 for the shared grammar).
//!
//! Only their form; what a digest or bearer means is in `sip::auth`.

use core::fmt;

use crate::message::params::write_quoted;
use crate::message::{Param, Params};
use crate::parse::cursor::{Cursor, trim};

/// WWW-Authenticate or Proxy-Authenticate. One per header field: commas separate its parameters.
pub type Challenge = AuthParams;
/// Authorization or Proxy-Authorization.
pub type Credentials = AuthParams;

/// `scheme token68` or `scheme name=value, name="value"`.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthParams {
    /// `Digest`, `Bearer`, …; compare with [`AuthParams::is_scheme`].
    pub scheme: String,
    /// The bare token of a Bearer; empty for schemes with parameters.
    pub token: String,
    pub params: Params,
}

impl AuthParams {
    pub fn new(scheme: &str) -> AuthParams {
        AuthParams { scheme: scheme.to_owned(), token: String::new(), params: Params::new() }
    }

    /// Reads one header value.
    pub fn parse(value: &[u8]) -> Option<AuthParams> {
        let mut cursor = Cursor::new(value);
        cursor.skip_space();
        let scheme = cursor.token()?.to_owned();
        cursor.skip_space();
        let mut auth = AuthParams { scheme, token: String::new(), params: Params::new() };
        let rest = trim(cursor.rest());
        if rest.is_empty() {
            return Some(auth);
        }
        if is_token68(rest) {
            auth.token = core::str::from_utf8(rest).ok()?.to_owned();
            return Some(auth);
        }
        auth.params = read_params(&mut cursor)?;
        Some(auth)
    }

    pub fn is_scheme(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// A parameter without quotes.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params.get(name)
    }
}

fn read_params(cursor: &mut Cursor<'_>) -> Option<Params> {
    let mut params = Params::new();
    loop {
        // An empty element between commas is allowed by the list rule of RFC 7230 §7.
        while cursor.eat_separator(b',') {}
        cursor.skip_space();
        if cursor.is_empty() {
            return Some(params);
        }
        let name = cursor.token()?.to_owned();
        if !cursor.eat_separator(b'=') {
            return None;
        }
        let quoted = cursor.peek() == Some(b'"');
        let value = if quoted {
            cursor.quoted()?
        } else {
            let bare = cursor.take_while(|byte| byte > b' ' && byte < 0x7f && !matches!(byte, b',' | b'"'));
            core::str::from_utf8(bare).ok().filter(|text| !text.is_empty())?.to_owned()
        };
        // The same parameter twice lets two checks look at different values.
        if params.contains(&name) {
            return None;
        }
        params.append(Param { name, value: Some(value), quoted });
        cursor.skip_space();
        if !cursor.is_empty() && cursor.peek() != Some(b',') {
            return None;
        }
    }
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`, which no `name=value` is.
fn is_token68(bytes: &[u8]) -> bool {
    let body = bytes.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    bytes.get(..body).is_some_and(|body| {
        !body.is_empty()
            && body
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'))
    })
}

impl fmt::Display for AuthParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.scheme)?;
        if !self.token.is_empty() {
            return write!(f, " {}", self.token);
        }
        for (index, param) in self.params.iter().enumerate() {
            write!(f, "{}{}=", if index == 0 { " " } else { ", " }, param.name)?;
            let value = param.value.as_deref().unwrap_or_default();
            if param.quoted {
                write_quoted(f, value)?;
            } else {
                f.write_str(value)?;
            }
        }
        Ok(())
    }
}

/// Scheme only: the rest is a secret or helps to guess one.
impl fmt::Debug for AuthParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthParams").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}
