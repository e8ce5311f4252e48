//! Bytes to messages: one per datagram or WebSocket frame ([`message`]), many per stream ([`Framer`]).
//!
//! Headers stay slices of the source and are read when asked for. What is judged here is what lets
//! two elements disagree about a message: its end, its lines, the headers that name its transaction.
//! Everything else is judged by `message::check` or by whoever reads the header.

pub(crate) mod cursor;
mod error;
mod framer;
mod head;
mod start_line;

pub use error::{ParseError, Refusal};
pub use framer::{Frame, Framer, Raw};

use bytes::Bytes;

use crate::message::Message;
use head::Head;

/// Largest message: a UDP datagram, and more than any INVITE with a full set of ICE candidates.
pub const MAX_MESSAGE_BYTES: usize = 65_535;

/// Most header fields: the longest torture message has 45, and Via and Record-Route grow by one a
/// hop of which there are at most 70.
pub const MAX_HEADERS: usize = 256;

/// Reads the one message of a datagram or WebSocket frame. Octets after its Content-Length are
/// ignored (RFC 3261 §18.3).
pub fn message(bytes: impl Into<Bytes>) -> Result<Message, ParseError> {
    let source = bytes.into();
    if source.len() > MAX_MESSAGE_BYTES {
        return Err(ParseError::TooLarge("message too large"));
    }
    // Line ends before the start line are allowed (RFC 3261 §7.5).
    let Some(at) = source.iter().position(|byte| !matches!(byte, b'\r' | b'\n')) else {
        return Err(ParseError::KeepAlive);
    };
    let mut head = Head::read(source.clone(), at)?;
    // A datagram may end without the empty line only when it says that nothing follows.
    if !head.closed && head.length != Some(0) {
        return Err(ParseError::Malformed("headers do not end"));
    }
    let rest = source.slice(head.body_at.min(source.len())..);
    let body = match head.length {
        Some(length) if length > rest.len() => {
            head.blame("Content-Length exceeds the message");
            Bytes::new()
        }
        Some(length) => rest.slice(..length),
        None => rest,
    };
    head.finish(body)
}
