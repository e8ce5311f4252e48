//! A response (RFC 3261 §7.2) and how it is made from a request (§8.2.6.2).

use bytes::Bytes;

use super::{HeaderName, Headers, Request, StatusCode};

/// Status, reason phrase, headers and body. Content-Length is not among the headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub status: StatusCode,
    /// Octets of UTF-8 by the grammar, whatever came in practice; may be empty.
    pub reason: Bytes,
    pub headers: Headers,
    pub body: Bytes,
}

impl Response {
    /// A response with the registry's reason phrase, without headers and body.
    pub fn new(status: StatusCode) -> Response {
        Response {
            status,
            reason: Bytes::from_static(status.default_reason().as_bytes()),
            headers: Headers::new(),
            body: Bytes::new(),
        }
    }

    /// The response to this request with its Via, From, To, Call-ID and CSeq, and for 1xx and 2xx
    /// its Record-Route. `to_tag` is added when the request's To has none; a 100 goes without it.
    pub fn to_request(request: &Request, status: StatusCode, to_tag: Option<&str>) -> Response {
        Response::to_headers(&request.headers, status, to_tag)
    }

    /// As [`Response::to_request`], for a request of which only the headers could be read.
    pub(crate) fn to_headers(headers: &Headers, status: StatusCode, to_tag: Option<&str>) -> Response {
        let mut response = Response::new(status);
        let copied = &mut response.headers;
        copied.copy_from(headers, &HeaderName::Via);
        copied.copy_from(headers, &HeaderName::From);
        match (headers.get(&HeaderName::To), to_tag) {
            (Some(to), Some(tag)) if status != StatusCode::TRYING && !has_tag(to) => {
                // The value is extended and not reprinted, so that the peer finds its own bytes.
                let mut value = to.to_vec();
                value.extend_from_slice(b";tag=");
                value.extend_from_slice(tag.as_bytes());
                copied.push(HeaderName::To, value);
            }
            _ => copied.copy_from(headers, &HeaderName::To),
        }
        copied.copy_from(headers, &HeaderName::CallId);
        copied.copy_from(headers, &HeaderName::CSeq);
        if status.code() < 300 {
            copied.copy_from(headers, &HeaderName::RecordRoute);
        }
        if status == StatusCode::TRYING {
            copied.copy_from(headers, &HeaderName::Timestamp);
        }
        response
    }
}

/// A To that cannot be read gets no tag appended: inside broken quotes it would mean something else.
fn has_tag(to: &[u8]) -> bool {
    super::header::NameAddr::parse(to).is_none_or(|to| to.tag().is_some())
}
