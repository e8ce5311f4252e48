//! Messages out of a byte stream (TCP, TLS): RFC 3261 §18.3, §7.5.

use bytes::{Buf, Bytes, BytesMut};

use super::head::Head;
use super::{MAX_MESSAGE_BYTES, ParseError};
use crate::message::Message;

/// What a stream yields.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "almost every frame is a message, so a box would be one allocation more for each"
)]
pub enum Frame {
    Message(Message),
    /// CRLFCRLF between messages: answer with CRLF (RFC 5626 §3.5.1).
    Ping,
}

/// Cuts a stream into messages. Holds at most [`MAX_MESSAGE_BYTES`] and the last push.
#[derive(Default)]
pub struct Framer {
    buffer: BytesMut,
    /// How far the buffer was searched for the end of the headers.
    searched: usize,
    /// Headers that wait for this many body bytes.
    waiting: Option<(Head, usize)>,
    /// What the last message was made of.
    taken: Raw,
    closed: bool,
}

/// The octets of a message as they came: in two pieces out of a stream, else in one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Raw {
    /// Start line and headers with the empty line, or all of it.
    pub head: Bytes,
    /// The body, where it does not stand in `head`.
    pub body: Bytes,
}

impl From<Bytes> for Raw {
    fn from(whole: Bytes) -> Self {
        Self { head: whole, body: Bytes::new() }
    }
}

impl Framer {
    pub fn new() -> Framer {
        Framer::default()
    }

    /// Adds what the socket gave.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.closed {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next frame, `None` when more bytes are needed. Call until `None` after each push.
    ///
    /// After [`ParseError::Refused`] with a sound Content-Length the stream goes on; after any other
    /// error the end of the message is unknown: answer if an answer is due, then close. The framer
    /// yields nothing more ([`Framer::is_closed`]).
    pub fn poll(&mut self) -> Result<Option<Frame>, ParseError> {
        if self.closed {
            return Ok(None);
        }
        if self.waiting.is_none() {
            if self.skip_line_ends() {
                return Ok(Some(Frame::Ping));
            }
            self.read_head()?;
        }
        match self.waiting.take() {
            Some((head, length)) if self.buffer.len() >= length => {
                let body: Bytes = self.buffer.split_to(length).freeze();
                self.taken.body = body.clone();
                head.finish(body).map(|message| Some(Frame::Message(message)))
            }
            waiting => {
                self.waiting = waiting;
                Ok(None)
            }
        }
    }

    /// The octets of the message that [`Framer::poll`] gave last; not to be asked for before one.
    pub fn taken(&self) -> Raw {
        self.taken.clone()
    }

    /// True when the stream must be closed.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// True when a message has begun and not ended: whoever holds a connection to a pace asks.
    pub fn is_midway(&self) -> bool {
        self.waiting.is_some() || !b"\r\n\r\n".starts_with(&self.buffer)
    }

    /// Takes line ends before a start line; true for a ping.
    fn skip_line_ends(&mut self) -> bool {
        if self.buffer.starts_with(b"\r\n\r\n") {
            self.buffer.advance(4);
            return true;
        }
        while self.buffer.starts_with(b"\r\n") && self.buffer.len() > 2 && !b"\r\n\r\n".starts_with(&self.buffer) {
            self.buffer.advance(2);
        }
        false
    }

    fn read_head(&mut self) -> Result<(), ParseError> {
        // The empty line may straddle two pushes.
        let from = self.searched.saturating_sub(3).min(self.buffer.len());
        let Some(found) = memchr::memmem::find(self.buffer.get(from..).unwrap_or_default(), b"\r\n\r\n") else {
            self.searched = self.buffer.len();
            if self.buffer.len() > MAX_MESSAGE_BYTES {
                return self.fail(ParseError::TooLarge("headers too large"));
            }
            return Ok(());
        };
        self.searched = 0;
        let head_bytes = self.buffer.split_to(from + found + 4).freeze();
        if head_bytes.len() > MAX_MESSAGE_BYTES {
            return self.fail(ParseError::TooLarge("headers too large"));
        }
        self.taken.head = head_bytes.clone();
        let head = match Head::read(head_bytes.clone(), 0) {
            Ok(head) => head,
            Err(error) => return self.fail(error),
        };
        match head.length {
            Some(length) if head_bytes.len().saturating_add(length) > MAX_MESSAGE_BYTES => {
                self.fail(ParseError::TooLarge("message too large"))
            }
            Some(length) if head.has_sound_length() => {
                self.waiting = Some((head, length));
                Ok(())
            }
            // Without a Content-Length a stream cannot be cut (RFC 3261 §20.14).
            _ => {
                let mut head = head;
                head.blame("no Content-Length on a stream");
                let error =
                    head.finish(Bytes::new()).err().unwrap_or(ParseError::Malformed("no Content-Length on a stream"));
                self.fail(error)
            }
        }
    }

    fn fail(&mut self, error: ParseError) -> Result<(), ParseError> {
        self.closed = true;
        self.buffer = BytesMut::new();
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::StatusCode;

    const OPTIONS: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKa\r\nFrom: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody";

    #[test]
    fn messages_are_found_however_the_stream_is_cut() {
        let mut stream = b"\r\n\r\n\r\n".to_vec();
        stream.extend_from_slice(OPTIONS);
        stream.extend_from_slice(b"\r\n");
        stream.extend_from_slice(OPTIONS);
        for step in 1..stream.len() {
            let mut framer = Framer::new();
            let (mut messages, mut pings) = (0, 0);
            for piece in stream.chunks(step) {
                framer.push(piece);
                while let Some(frame) = framer.poll().unwrap() {
                    match frame {
                        Frame::Message(message) => {
                            assert_eq!(message.body(), "body");
                            let Raw { head, body } = framer.taken();
                            assert_eq!([&head[..], &body[..]].concat(), OPTIONS, "step {step}");
                            messages += 1;
                        }
                        Frame::Ping => pings += 1,
                    }
                }
            }
            assert_eq!((messages, pings), (2, 1), "step {step}");
        }
    }

    #[test]
    fn a_message_is_midway_from_its_first_byte_to_its_last() {
        let mut framer = Framer::new();
        for byte in b"\r\n\r\n\r\n" {
            framer.push(&[*byte]);
            while framer.poll().unwrap().is_some() {}
            assert!(!framer.is_midway());
        }
        for (at, byte) in OPTIONS.iter().enumerate() {
            framer.push(&[*byte]);
            assert_eq!(framer.poll().unwrap().is_some(), at + 1 == OPTIONS.len());
            assert_eq!(framer.is_midway(), at + 1 < OPTIONS.len());
        }
    }

    #[test]
    fn two_lengths_close_the_stream_with_an_answer() {
        let text = String::from_utf8(OPTIONS.to_vec()).unwrap().replace("CSeq:", "l: 0\r\nCSeq:");
        let mut framer = Framer::new();
        framer.push(text.as_bytes());
        assert_eq!(framer.poll().unwrap_err().status(), Some(StatusCode::BAD_REQUEST));
        assert!(framer.is_closed());
        assert_eq!(framer.poll(), Ok(None));
    }

    #[test]
    fn headers_without_end_are_bounded() {
        let mut framer = Framer::new();
        framer.push(b"OPTIONS sip:a@b SIP/2.0\r\n");
        for _ in 0..2000 {
            framer.push(b"X-Fill: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
            if framer.poll().is_err() {
                return;
            }
        }
        panic!("no bound");
    }

    #[test]
    fn a_refused_request_with_sound_length_leaves_the_stream_open() {
        let broken = String::from_utf8(OPTIONS.to_vec()).unwrap().replace("1 OPTIONS", "1 INVITE");
        let mut framer = Framer::new();
        framer.push(broken.as_bytes());
        framer.push(OPTIONS);
        assert_eq!(framer.poll().unwrap_err().status(), Some(StatusCode::BAD_REQUEST));
        assert!(matches!(framer.poll(), Ok(Some(Frame::Message(_)))));
    }
}
