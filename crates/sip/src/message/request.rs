//! A request (RFC 3261 §7.1).

use bytes::Bytes;

use super::{Headers, Method, Uri};

/// Method, Request-URI, headers and body. Content-Length is not among the headers: it is the
/// length of `body`, written when the message is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: Headers,
    pub body: Bytes,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, uri: Uri) -> Request {
        Request { method, uri, headers: Headers::new(), body: Bytes::new() }
    }
}
