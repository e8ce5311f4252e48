//! SIP, SIPS and telephone URIs (RFC 3261 §19.1, RFC 3966).
//!
//! Components keep their wire form: `%41` stays `%41`, because what an escape means depends on who
//! reads it. [`Uri::decoded_user`] resolves it; equality lives in `uri_equality`.

use core::fmt;
use std::borrow::Cow;

use super::host::is_host_byte;
use super::{Host, Param, Params};
use crate::parse::cursor::number;

/// A URI as it stands in a request line or header.
///
/// `==` is the comparison of RFC 3261 §19.1.4, not of letters.
#[derive(Debug, Clone)]
pub struct Uri {
    pub scheme: Scheme,
    /// Escaped user part; the subscriber number of `tel:`; everything after the colon of an opaque URI.
    pub user: Option<String>,
    /// Deprecated and never printed into logs by us.
    pub password: Option<String>,
    pub host: Host,
    pub port: Option<u16>,
    pub params: Params,
    /// `?name=value` pairs, escaped. Not allowed in a Request-URI.
    pub headers: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    Sip,
    Sips,
    Tel,
    /// Any other scheme, lower case; its URI is kept opaque in `user`.
    Other(String),
}

/// Why bytes are no URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    #[error("no scheme")]
    Scheme,
    #[error("a byte that a URI must escape")]
    Byte,
    #[error("bad percent escape")]
    Escape,
    #[error("bad user part")]
    User,
    #[error("bad host")]
    Host,
    #[error("bad port")]
    Port,
    #[error("bad parameter")]
    Param,
    #[error("bad header part")]
    Header,
}

impl Uri {
    /// `sip:user@host` or `sip:host`. The user is escaped here.
    pub fn sip(user: Option<&str>, host: Host, port: Option<u16>) -> Uri {
        Uri {
            scheme: Scheme::Sip,
            user: user.map(escape_user),
            password: None,
            host,
            port,
            params: Params::new(),
            headers: Vec::new(),
        }
    }

    /// Reads one URI that fills `input`.
    pub fn parse(input: impl AsRef<[u8]>) -> Result<Uri, UriError> {
        let input = input.as_ref();
        // Checked once here, so that the parts below are slices of valid, printable text.
        if input.iter().any(|&byte| byte <= b' ' || byte >= 0x7f || matches!(byte, b'<' | b'>' | b'"')) {
            return Err(UriError::Byte);
        }
        let text = core::str::from_utf8(input).map_err(|_| UriError::Byte)?;
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        if scheme.eq_ignore_ascii_case("sip") {
            return parse_sip(Scheme::Sip, rest);
        }
        if scheme.eq_ignore_ascii_case("sips") {
            return parse_sip(Scheme::Sips, rest);
        }
        let mut bytes = scheme.bytes();
        let starts_with_letter = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
        if !starts_with_letter || !bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        {
            return Err(UriError::Scheme);
        }
        if rest.is_empty() {
            return Err(UriError::User);
        }
        let scheme = scheme.to_ascii_lowercase();
        let mut uri = Uri { scheme: Scheme::Tel, ..Uri::sip(None, Host::None, None) };
        if scheme == "tel" {
            let (number, params) = rest.split_once(';').unwrap_or((rest, ""));
            if !number.bytes().all(is_phone_byte) || number.is_empty() {
                return Err(UriError::User);
            }
            uri.user = Some(number.to_owned());
            parse_params(&mut uri.params, params)?;
        } else {
            uri.scheme = Scheme::Other(scheme);
            uri.user = Some(rest.to_owned());
        }
        Ok(uri)
    }

    /// The user part with its escapes resolved; octets that are not UTF-8 become U+FFFD.
    pub fn decoded_user(&self) -> Option<Cow<'_, str>> {
        let user = self.user.as_deref()?;
        if !user.contains('%') {
            return Some(Cow::Borrowed(user));
        }
        Some(Cow::Owned(String::from_utf8_lossy(&unescape(user)).into_owned()))
    }

    /// The telephone number as it is written: the user part with its escapes resolved, and of a `tel:` URI, whose parameters
    /// are the number's own, with the context that it belongs to (RFC 3966 §5.1.5).
    pub fn telephone(&self) -> Option<Cow<'_, str>> {
        let number = self.decoded_user()?;
        match self.params.get("phone-context").filter(|_| self.scheme == Scheme::Tel) {
            Some(context) => Some(Cow::Owned(format!("{number};phone-context={context}"))),
            None => Some(number),
        }
    }

    /// `lr` of a loose router (RFC 3261 §16.12).
    pub fn is_loose_router(&self) -> bool {
        self.params.contains("lr")
    }

    /// The `transport` parameter.
    pub fn transport(&self) -> Option<&str> {
        self.params.get("transport")
    }
}

fn parse_sip(scheme: Scheme, rest: &str) -> Result<Uri, UriError> {
    let mut uri = Uri { scheme, ..Uri::sip(None, Host::None, None) };
    // The user part may hold `;` and `?` (RFC 4475 §3.1.1.9), so it is cut off first.
    let rest = match rest.split_once('@') {
        // A second `@` reads differently in every stack: refuse it.
        Some((_, tail)) if tail.contains('@') => return Err(UriError::User),
        Some((userinfo, tail)) => {
            check_escapes(userinfo)?;
            let (user, password) = match userinfo.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (userinfo, None),
            };
            if user.is_empty() {
                return Err(UriError::User);
            }
            uri.user = Some(user.to_owned());
            uri.password = password.map(str::to_owned);
            tail
        }
        None => rest,
    };
    let (rest, headers) = match rest.split_once('?') {
        Some((rest, headers)) => (rest, Some(headers)),
        None => (rest, None),
    };
    let (hostport, params) = rest.split_once(';').map_or((rest, None), |(hostport, params)| (hostport, Some(params)));
    (uri.host, uri.port) = parse_hostport(hostport)?;
    if let Some(params) = params {
        parse_params(&mut uri.params, params)?;
    }
    if let Some(headers) = headers {
        check_escapes(headers)?;
        for pair in headers.split('&') {
            let (name, value) = pair.split_once('=').ok_or(UriError::Header)?;
            if name.is_empty() {
                return Err(UriError::Header);
            }
            uri.headers.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(uri)
}

/// `host [":" port]`, as in a URI or a Via.
pub(crate) fn parse_hostport(text: &str) -> Result<(Host, Option<u16>), UriError> {
    let after_host = match text.find(']') {
        Some(bracket) => bracket + 1,
        None => text.bytes().position(|byte| !is_host_byte(byte)).unwrap_or(text.len()),
    };
    let (host, tail) = text.split_at_checked(after_host).ok_or(UriError::Host)?;
    let host = Host::parse(host).ok_or(UriError::Host)?;
    let port = match tail.strip_prefix(':') {
        Some(port) => Some(number(port.as_bytes()).ok_or(UriError::Port)?),
        None if tail.is_empty() => None,
        None => return Err(UriError::Host),
    };
    Ok((host, port))
}

fn parse_params(params: &mut Params, text: &str) -> Result<(), UriError> {
    if text.is_empty() {
        return Ok(());
    }
    check_escapes(text)?;
    for part in text.split(';') {
        let (name, value) = part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
        // The same parameter twice is forbidden by RFC 3261 §19.1.1.
        if name.is_empty() || value == Some("") || part.contains('?') || params.contains(name) {
            return Err(UriError::Param);
        }
        params.append(Param { name: name.to_owned(), value: value.map(str::to_owned), quoted: false });
    }
    Ok(())
}

fn is_phone_byte(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || matches!(byte, b'+' | b'-' | b'.' | b'(' | b')' | b'*' | b'#')
}

fn check_escapes(text: &str) -> Result<(), UriError> {
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr(b'%', rest) {
        rest = match rest.get(at + 1..) {
            Some([a, b, tail @ ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => tail,
            _ => return Err(UriError::Escape),
        };
    }
    Ok(())
}

/// Resolves percent escapes; a stray `%` stays.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [a, b, after @ ..]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                plain.push(hex_digit(*a) << 4 | hex_digit(*b));
                rest = after;
            }
            _ => {
                plain.push(*first);
                rest = tail;
            }
        }
    }
    plain
}

const fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

fn escape_user(user: &str) -> String {
    use fmt::Write as _;
    let mut escaped = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match &self.scheme {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
            Scheme::Other(name) => name,
        };
        f.write_str(scheme)?;
        f.write_str(":")?;
        if let Some(user) = &self.user {
            f.write_str(user)?;
            if let Some(password) = &self.password {
                write!(f, ":{password}")?;
            }
            if !matches!(self.host, Host::None) {
                f.write_str("@")?;
            }
        }
        write!(f, "{}", self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        // Escaped text needs no quotes; a URI has none.
        for param in self.params.iter() {
            match &param.value {
                Some(value) => write!(f, ";{}={value}", param.name)?,
                None => write!(f, ";{}", param.name)?,
            }
        }
        for (index, (name, value)) in self.headers.iter().enumerate() {
            write!(f, "{}{name}={value}", if index == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

impl core::str::FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Uri, UriError> {
        Uri::parse(text)
    }
}
