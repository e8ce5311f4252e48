//! Why bytes are no message, and whether the sender deserves an answer.

use crate::message::{HeaderName, Headers, Method, Response, StatusCode};

/// What to do with bytes that hold no message to act on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Nothing but line ends: a keep-alive (RFC 5626 §3.5.1). CRLFCRLF is answered by CRLF on streams.
    #[error("keep-alive")]
    KeepAlive,
    /// Drop in silence: not SIP, or a response that cannot be trusted. Answers would go to forged
    /// addresses or feed loops.
    #[error("{0}")]
    Malformed(&'static str),
    /// Drop, and close a stream: a bound was passed.
    #[error("{0}")]
    TooLarge(&'static str),
    /// A request that is broken but clear enough to be answered.
    #[error("{}", .0.why)]
    Refused(Box<Refusal>),
}

/// A broken request with what is needed to answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 400, 416 or 505.
    pub status: StatusCode,
    /// For logs and the reason phrase; holds nothing of the message.
    pub why: &'static str,
    pub method: Method,
    pub headers: Headers,
}

impl ParseError {
    /// The answer to send back statelessly, if one is due. An ACK is never answered, and without a
    /// Via there is no way back. `to_tag` is any token; the reason phrase says what was wrong.
    pub fn response(&self, to_tag: &str) -> Option<Response> {
        let ParseError::Refused(refusal) = self else {
            return None;
        };
        if refusal.method == Method::Ack || !refusal.headers.contains(&HeaderName::Via) {
            return None;
        }
        let mut response = Response::to_headers(&refusal.headers, refusal.status, Some(to_tag));
        if refusal.status == StatusCode::BAD_REQUEST {
            response.reason = bytes::Bytes::from_static(refusal.why.as_bytes());
        }
        Some(response)
    }

    /// The status to answer with; `None` means silence.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            ParseError::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }
}
