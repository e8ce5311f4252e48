//! A connection whose request heads are held to RFC 9112 where hyper is lenient: a line that ends by a bare LF (§2.2), and
//! HTTP/1.1 without `Host` or with two (§3.2). What stands in front of us may read such a request as another one.
//!
//! hyper parses and answers. Here the head's bytes are only looked at on their way, and the one that breaks the rule is made
//! a byte that no parser takes, so that hyper answers 400 and closes. Bodies are counted by their `Content-Length`; after a
//! chunked one or an upgrade nothing more is looked at on the connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As much of a line as has to be known: the names and values that matter are shorter.
const KEPT_OF_LINE: usize = 128;
/// No parser of heads takes it (RFC 9110 §5.5).
const REFUSED: u8 = 0;

/// A socket that lets strict heads through.
pub(super) struct Strict<S> {
    stream: S,
    heads: Heads,
}

impl<S> Strict<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, heads: Heads::default() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(fresh) = buffer.filled_mut().get_mut(before..) {
            self.heads.look_at(fresh);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Where in the stream of requests the next byte stands.
enum Heads {
    /// In a head.
    Head(Head),
    /// In a body, of which this much is left.
    Body(u64),
    /// In something that is not looked at.
    Beyond,
}

impl Default for Heads {
    fn default() -> Self {
        Self::Head(Head::default())
    }
}

/// What is known of a head so far.
#[derive(Default)]
struct Head {
    /// Of the line that is being read, in lower case.
    line: Vec<u8>,
    last: u8,
    lines: usize,
    is_http_1_1: bool,
    hosts: usize,
    body: u64,
    is_last_looked_at: bool,
}

impl Heads {
    fn look_at(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            match self {
                Self::Beyond => return,
                Self::Body(left) => {
                    let skipped = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= skipped as u64;
                    if *left == 0 {
                        *self = Self::default();
                    }
                    bytes = bytes.get_mut(skipped..).unwrap_or_default();
                }
                Self::Head(head) => {
                    let (taken, next) = head.look_at(bytes);
                    if let Some(next) = next {
                        *self = next;
                    }
                    bytes = bytes.get_mut(taken..).unwrap_or_default();
                }
            }
        }
    }
}

impl Head {
    /// How many bytes belong to the head, and what follows it when it ends in them.
    fn look_at(&mut self, bytes: &mut [u8]) -> (usize, Option<Heads>) {
        for (at, byte) in bytes.iter_mut().enumerate() {
            if *byte != b'\n' {
                if self.line.len() < KEPT_OF_LINE {
                    self.line.push(byte.to_ascii_lowercase());
                }
                self.last = *byte;
                continue;
            }
            if self.last != b'\r' {
                *byte = REFUSED;
                return (at + 1, Some(Heads::Beyond));
            }
            self.last = b'\n';
            let line = std::mem::take(&mut self.line);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            // Empty lines before a request are passed over (§2.2).
            if line.is_empty() && self.lines > 0 {
                if self.is_http_1_1 && self.hosts != 1 {
                    *byte = REFUSED;
                    return (at + 1, Some(Heads::Beyond));
                }
                return (at + 1, Some(self.next()));
            }
            self.read(line);
            self.lines += usize::from(!line.is_empty());
        }
        (bytes.len(), None)
    }

    fn next(&self) -> Heads {
        match (self.is_last_looked_at, self.body) {
            (true, _) => Heads::Beyond,
            (false, 0) => Heads::default(),
            (false, length) => Heads::Body(length),
        }
    }

    fn read(&mut self, line: &[u8]) {
        if self.lines == 0 {
            // A target may be longer than what is kept, and then its version is not known here: hyper's own look at the head
            // stays, and the rule about hosts is asked of every version but 1.0.
            self.is_http_1_1 = !line.ends_with(b" http/1.0");
            return;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
        let (name, value) = line.split_at(colon);
        match name {
            b"host" => self.hosts += 1,
            b"content-length" => {
                let digits = std::str::from_utf8(value).unwrap_or_default().trim_matches([':', ' ', '\t']);
                // hyper refuses what is no number.
                self.body = digits.parse().unwrap_or(0);
            }
            b"transfer-encoding" | b"upgrade" => self.is_last_looked_at = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that were refused, when the stream comes in pieces of `size`.
    fn refused(sent: &[u8], size: usize) -> Vec<usize> {
        let (mut heads, mut bytes) = (Heads::default(), sent.to_vec());
        bytes.chunks_mut(size).for_each(|piece| heads.look_at(piece));
        (0..sent.len()).filter(|at| bytes[*at] != sent[*at]).collect()
    }

    #[test]
    fn strict_heads_pass_however_they_are_cut() {
        let sent: [&[u8]; 6] = [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nhost:x\r\n\r\n",
            b"GET / HTTP/1.0\r\n\r\n",
            b"\r\n\r\nGET / HTTP/1.1\r\nHOST: x\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n\n\n\n\n\n\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\n\n\r\n0\r\n\r\n",
            b"GET /sip HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n\x82\x01\n",
        ];
        for sent in sent {
            for size in 1..=sent.len() {
                assert_eq!(refused(sent, size), Vec::<usize>::new(), "{} by {size}", String::from_utf8_lossy(sent));
            }
        }
    }

    #[test]
    fn a_bare_line_feed_or_another_number_of_hosts_is_refused() {
        let sent: [&[u8]; 6] = [
            b"GET / HTTP/1.1\nHost: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\n\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nhOsT: y\r\n\r\n",
        ];
        for sent in sent {
            for size in 1..=sent.len() {
                assert_eq!(refused(sent, size).len(), 1, "{} by {size}", String::from_utf8_lossy(sent));
            }
        }
        let second = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}GET / HTTP/1.1\r\n\r\n";
        assert_eq!(refused(second, 7), [second.len() - 1]);
    }
}
