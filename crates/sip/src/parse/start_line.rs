//! Request line and status line (RFC 3261 §7.1, §7.2).

use super::cursor::{is_token, number};
use crate::message::{Method, StatusCode, Uri};

/// What the first line says.
pub(super) enum Start {
    Request {
        method: Method,
        uri: Uri,
    },
    /// The reason phrase is the rest of the line from this offset.
    Response {
        status: StatusCode,
        reason_at: usize,
    },
    /// A request line with a fault that can be answered.
    Broken {
        method: Method,
        status: StatusCode,
        why: &'static str,
    },
}

/// `None`: not SIP, or a status line that nobody can use.
pub(super) fn start_line(line: &[u8]) -> Option<Start> {
    if line.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case(b"SIP/")) {
        return status_line(line);
    }
    request_line(line)
}

fn status_line(line: &[u8]) -> Option<Start> {
    const CODE_AT: usize = "SIP/2.0 ".len();
    const CODE_END: usize = CODE_AT + 3;
    if !line.get(..CODE_AT)?.eq_ignore_ascii_case(b"SIP/2.0 ") {
        return None;
    }
    let status = number(line.get(CODE_AT..CODE_END)?).and_then(StatusCode::new)?;
    match line.get(CODE_END) {
        Some(b' ') => Some(Start::Response { status, reason_at: CODE_END + 1 }),
        // The space is required even before an empty phrase, but harmless when it is forgotten.
        None => Some(Start::Response { status, reason_at: CODE_END }),
        Some(_) => None,
    }
}

fn request_line(line: &[u8]) -> Option<Start> {
    let method_end = memchr::memchr(b' ', line)?;
    let method = line.get(..method_end).filter(|method| is_token(method))?;
    let method = Method::from_token(core::str::from_utf8(method).ok()?);
    let rest = line.get(method_end + 1..)?;
    let tidy = super::cursor::trim(rest);
    let version_at = memchr::memrchr(b' ', tidy)? + 1;
    let version = tidy.get(version_at..)?;
    if !version.get(..4)?.eq_ignore_ascii_case(b"SIP/") {
        return None;
    }
    let broken = |method, status, why| Some(Start::Broken { method, status, why });
    if !version.eq_ignore_ascii_case(b"SIP/2.0") {
        return broken(method, StatusCode::VERSION_NOT_SUPPORTED, "unknown SIP version");
    }
    // One space between the parts and none around them: anything else is read differently by
    // different elements (RFC 4475 §3.1.2.8 to §3.1.2.10).
    if tidy.len() != rest.len() {
        return broken(method, StatusCode::BAD_REQUEST, "white space in the request line");
    }
    match Uri::parse(tidy.get(..version_at - 1)?) {
        Ok(uri) if !uri.headers.is_empty() => broken(method, StatusCode::BAD_REQUEST, "header part in the Request-URI"),
        Ok(uri) => Some(Start::Request { method, uri }),
        Err(_) => broken(method, StatusCode::BAD_REQUEST, "bad Request-URI"),
    }
}
