//! Start line and header fields up to the empty line.
//!
//! Lines end in CRLF and nothing else: an element that also took a bare CR or LF would see headers
//! that its neighbour does not.

use bytes::Bytes;

use super::cursor::{is_token, number};
use super::start_line::{Start, start_line};
use super::{MAX_HEADERS, ParseError, Refusal};
use crate::message::{HeaderName, Headers, Message, Method, Request, Response, StatusCode};

/// A message without its body.
pub(super) struct Head {
    start: Start,
    headers: Headers,
    /// Offset of the body in the source.
    pub(super) body_at: usize,
    /// The Content-Length, when there was exactly one that is a number.
    pub(super) length: Option<usize>,
    /// Content-Length stood twice or was no number: nobody knows where the message ends.
    bad_length: bool,
    /// The first fault that makes the message unusable but not unanswerable.
    fault: Option<&'static str>,
    source: Bytes,
    reason: core::ops::Range<usize>,
    /// The headers were closed by an empty line.
    pub(super) closed: bool,
}

impl Head {
    /// Reads from `at` (after leading line ends) to the empty line or the end of the source.
    pub(super) fn read(source: Bytes, at: usize) -> Result<Head, ParseError> {
        let line_end = line_end(&source, at)?.ok_or(ParseError::Malformed("no line end"))?;
        let line = source.get(at..line_end).unwrap_or_default();
        let start = start_line(line).ok_or(ParseError::Malformed("not a SIP start line"))?;
        let reason = match start {
            Start::Response { reason_at, .. } => at + reason_at..line_end,
            _ => 0..0,
        };
        let headers = Headers::over(source.clone());
        let mut head = Head {
            start,
            headers,
            body_at: line_end + 2,
            length: None,
            bad_length: false,
            fault: None,
            source,
            reason,
            closed: false,
        };
        head.read_fields()?;
        Ok(head)
    }

    fn read_fields(&mut self) -> Result<(), ParseError> {
        let source = self.source.clone();
        let mut at = self.body_at;
        let mut count = 0usize;
        let mut lengths = 0usize;
        while let Some(mut end) = line_end(&source, at)? {
            if end == at {
                self.closed = true;
                self.body_at = at + 2;
                return Ok(());
            }
            let mut folded = false;
            while let Some(b' ' | b'\t') = source.get(end + 2) {
                let Some(next) = line_end(&source, end + 2)? else {
                    break;
                };
                folded = true;
                end = next;
            }
            count += 1;
            if count > MAX_HEADERS {
                return Err(ParseError::TooLarge("too many header fields"));
            }
            let line = source.get(at..end).unwrap_or_default();
            match self.field(line, at, folded) {
                None => self.blame("malformed header field"),
                Some(Field::Kept) => {}
                Some(Field::Length(length)) => {
                    lengths += 1;
                    self.length = length;
                    self.bad_length |= lengths > 1 || length.is_none();
                    if lengths > 1 {
                        self.blame("several Content-Length headers");
                    } else if length.is_none() {
                        self.blame("bad Content-Length");
                    }
                }
            }
            at = end + 2;
            self.body_at = at;
        }
        Ok(())
    }

    pub(super) fn blame(&mut self, why: &'static str) {
        self.fault.get_or_insert(why);
    }

    pub(super) fn has_sound_length(&self) -> bool {
        self.length.is_some() && !self.bad_length
    }

    fn field(&mut self, line: &[u8], at: usize, folded: bool) -> Option<Field> {
        let colon = memchr::memchr(b':', line)?;
        let mut name = line.get(..colon)?;
        while let [rest @ .., b' ' | b'\t'] = name {
            name = rest;
        }
        let name = match HeaderName::known(name) {
            Some(name) => name,
            None if is_token(name) => HeaderName::Other(core::str::from_utf8(name).ok()?.into()),
            None => return None,
        };
        let mut start = colon + 1;
        let mut end = line.len();
        while matches!(line.get(start), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            start += 1;
        }
        while end > start && matches!(line.get(end - 1), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            end -= 1;
        }
        if name == HeaderName::ContentLength {
            return Some(Field::Length(number(line.get(start..end)?)));
        }
        if folded && line.get(start..end)?.contains(&b'\n') {
            self.headers.push(name, unfold(line.get(start..end)?));
        } else {
            self.headers.push_span(name, u32::try_from(at + start).ok()?, u32::try_from(at + end).ok()?);
        }
        Some(Field::Kept)
    }

    /// Joins head and body, and refuses what must not be acted on.
    pub(super) fn finish(mut self, body: Bytes) -> Result<Message, ParseError> {
        if self.fault.is_none() {
            self.fault = self.essentials().err();
        }
        match (self.start, self.fault) {
            (Start::Request { method, uri }, None) => {
                Ok(Message::Request(Request { method, uri, headers: self.headers, body }))
            }
            (Start::Request { method, .. }, Some(why)) => {
                Err(refused(method, StatusCode::BAD_REQUEST, why, self.headers))
            }
            (Start::Broken { method, status, why }, _) => Err(refused(method, status, why, self.headers)),
            (Start::Response { status, .. }, None) => Ok(Message::Response(Response {
                status,
                reason: self.source.slice(self.reason),
                headers: self.headers,
                body,
            })),
            (Start::Response { .. }, Some(why)) => Err(ParseError::Malformed(why)),
        }
    }

    /// The headers every message needs, once each (RFC 3261 §8.1.1), and a CSeq that names the
    /// method: an element that went by the one and its neighbour by the other could be played
    /// against each other.
    fn essentials(&self) -> Result<(), &'static str> {
        let (mut via, mut from, mut to, mut call_id) = (0u32, 0u32, 0u32, 0u32);
        for (name, _) in self.headers.iter() {
            match name {
                HeaderName::Via => via += 1,
                HeaderName::From => from += 1,
                HeaderName::To => to += 1,
                HeaderName::CallId => call_id += 1,
                _ => {}
            }
        }
        if via == 0 {
            return Err("no Via");
        }
        if [from, to, call_id] != [1; 3] {
            return Err("From, To and Call-ID must stand once each");
        }
        let cseq = self.headers.cseq().map_err(|_| "bad CSeq")?;
        match &self.start {
            Start::Request { method, .. } if *method != cseq.method => Err("CSeq names another method"),
            _ => Ok(()),
        }
    }
}

enum Field {
    Kept,
    Length(Option<usize>),
}

fn refused(method: Method, status: StatusCode, why: &'static str, headers: Headers) -> ParseError {
    ParseError::Refused(Box::new(Refusal { status, why, method, headers }))
}

/// Offset of the CRLF that ends the line at `at`; `None` when the source ends first.
fn line_end(source: &[u8], at: usize) -> Result<Option<usize>, ParseError> {
    let Some(end) = memchr::memchr2(b'\r', b'\n', source.get(at..).unwrap_or_default()) else {
        return Ok(None);
    };
    match source.get(at + end..) {
        Some([b'\r', b'\n', ..]) => Ok(Some(at + end)),
        Some([b'\r']) => Ok(None),
        _ => Err(ParseError::Malformed("bare CR or LF")),
    }
}

/// Replaces each fold by one space (RFC 3261 §7.3.1).
fn unfold(value: &[u8]) -> Bytes {
    let mut plain = Vec::with_capacity(value.len());
    for line in value.split(|&byte| byte == b'\n') {
        let line = super::cursor::trim(line.strip_suffix(b"\r").unwrap_or(line));
        if !plain.is_empty() {
            plain.push(b' ');
        }
        plain.extend_from_slice(line);
    }
    plain.into()
}
