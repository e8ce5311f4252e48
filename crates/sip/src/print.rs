//! Messages to bytes (RFC 3261 §7).
//!
//! Names are written in their long form, headers one a line in their order, Content-Length last and
//! computed. Reading the result gives an equal message.

use bytes::Bytes;

use crate::message::{Headers, Message, Request, Response};

/// Start line, separators and Content-Length beside the header bytes.
const FIXED_BYTES: usize = 160;

impl Message {
    /// The message as it goes into a datagram, frame or stream.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Message::Request(request) => request.to_bytes(),
            Message::Response(response) => response.to_bytes(),
        }
    }
}

impl Request {
    /// The request as it goes into a datagram, frame or stream.
    pub fn to_bytes(&self) -> Bytes {
        use std::io::Write as _;
        let mut out = Vec::with_capacity(capacity(&self.headers, &self.body));
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        // Writing into a Vec cannot fail.
        let _ = write!(out, "{}", self.uri);
        out.extend_from_slice(b" SIP/2.0\r\n");
        rest(out, &self.headers, &self.body)
    }
}

impl Response {
    /// The response as it goes into a datagram, frame or stream.
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(capacity(&self.headers, &self.body));
        out.extend_from_slice(b"SIP/2.0 ");
        push_number(&mut out, usize::from(self.status.code()));
        out.push(b' ');
        out.extend(self.reason.iter().map(|&byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }));
        out.extend_from_slice(b"\r\n");
        rest(out, &self.headers, &self.body)
    }
}

fn capacity(headers: &Headers, body: &[u8]) -> usize {
    let fields: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    FIXED_BYTES + fields + body.len()
}

fn rest(mut out: Vec<u8>, headers: &Headers, body: &[u8]) -> Bytes {
    for (name, value) in headers.iter() {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"Content-Length: ");
    push_number(&mut out, body.len());
    out.extend_from_slice(b"\r\n\r\n");
    out.extend_from_slice(body);
    out.into()
}

fn push_number(out: &mut Vec<u8>, mut number: usize) {
    let start = out.len();
    loop {
        out.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}
