//! SIP messages: start line, headers, body, and the typed values in headers.
//!
//! A message is what was sent, not what it should have been: headers keep their bytes and order,
//! and only the accessors judge them. Whether a request deserves an error answer is decided in
//! `check`; reading and writing bytes is in `parse` and `print`.

mod check;
mod error;
mod header_name;
mod headers;
mod host;
mod method;
mod params;
mod request;
mod response;
mod session_body;
mod status;
mod typed;
pub(crate) mod uri;
mod uri_equality;

pub mod header;

pub use check::{Capabilities, Rejection};
pub use error::HeaderError;
pub use header::{AuthParams, CSeq, Challenge, Contact, Credentials, MediaType, NameAddr, Reason, Via};
pub use header_name::HeaderName;
pub use headers::Headers;
pub use host::Host;
pub use method::Method;
pub use params::{Param, Params};
pub use request::Request;
pub use response::Response;
pub(crate) use session_body::unwrap_session;
pub use status::StatusCode;
pub use uri::{Scheme, Uri, UriError};

use bytes::Bytes;

/// A request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Request(Request),
    Response(Response),
}

impl Message {
    pub fn headers(&self) -> &Headers {
        match self {
            Message::Request(request) => &request.headers,
            Message::Response(response) => &response.headers,
        }
    }

    pub fn headers_mut(&mut self) -> &mut Headers {
        match self {
            Message::Request(request) => &mut request.headers,
            Message::Response(response) => &mut response.headers,
        }
    }

    pub fn body(&self) -> &Bytes {
        match self {
            Message::Request(request) => &request.body,
            Message::Response(response) => &response.body,
        }
    }
}

impl From<Request> for Message {
    fn from(request: Request) -> Message {
        Message::Request(request)
    }
}

impl From<Response> for Message {
    fn from(response: Response) -> Message {
        Message::Response(response)
    }
}
