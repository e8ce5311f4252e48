//! A leg's SIP messages, as the endpoint sends and receives them.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;

/// Messages of one leg. An ordinary one has a dozen; one that is refreshed every minute for four hours has 500.
const MOST_MESSAGES: usize = 600;
/// Bytes of one leg: a browser's INVITE has 4 kB.
const MOST_LEG_BYTES: usize = 256 * 1_024;
/// Of one message: what is beyond is cut off.
const MOST_MESSAGE_BYTES: usize = 32 * 1_024;
/// Bytes of all legs of a node, some 10 kB a call. What is beyond is left out of the traces, never out of the calls.
const MOST_NODE_BYTES: usize = 96 << 20;

/// How a message travelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A connection in clear.
    Tcp,
    /// A connection under TLS.
    Tls,
    /// A WebSocket in clear.
    Ws,
    /// A WebSocket under TLS.
    Wss,
}

impl Transport {
    /// Its name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }
}

/// One message.
#[derive(Clone)]
pub struct Captured {
    /// Microseconds UTC.
    pub at_us: i64,
    /// Whether it was ours.
    pub is_sent: bool,
    /// How it travelled.
    pub transport: Transport,
    /// Our end. Of a connection that we opened it is where we listen.
    pub local: SocketAddr,
    /// The peer's end.
    pub remote: SocketAddr,
    /// The whole message, or its head where a stream gave it in two pieces.
    pub head: Bytes,
    /// The second piece.
    pub body: Bytes,
}

/// How many bytes the legs of a node hold.
#[derive(Debug, Clone, Default)]
pub struct Room(Arc<AtomicUsize>);

/// The messages of one leg; clones are the same leg. The default takes none.
#[derive(Clone, Default)]
pub struct LegTrace(Option<Arc<Mutex<Messages>>>);

/// The messages of a leg, and which of them are copies of earlier ones.
struct Messages {
    list: Vec<(Captured, bool)>,
    bytes: usize,
    left_out: u32,
    is_closed: bool,
    room: Room,
}

impl LegTrace {
    /// A leg without messages; `room` is its node's.
    pub fn new(room: &Room) -> Self {
        Self(Some(Arc::new(Mutex::new(Messages::new(room.clone())))))
    }

    /// Takes a message. Never waits for more than a reader's copy of the list.
    pub fn push(&self, message: Captured) {
        if let Some(messages) = &self.0 {
            messages.lock().push(message);
        }
    }

    /// The messages in their order, whether each is a copy of an earlier one, and how many were left out.
    pub(super) fn read(&self) -> (Vec<(Captured, bool)>, u32) {
        self.0.as_ref().map_or_else(Default::default, |messages| {
            let messages = messages.lock();
            (messages.list.clone(), messages.left_out)
        })
    }

    /// The heads of its messages as text, for tests.
    #[cfg(test)]
    pub(crate) fn heads(&self) -> Vec<String> {
        self.read().0.iter().map(|(message, _)| String::from_utf8_lossy(&message.head).into_owned()).collect()
    }

    /// Takes no more, and forgets what there is.
    pub(super) fn close(&self) {
        if let Some(messages) = &self.0 {
            messages.lock().close();
        }
    }
}

impl Messages {
    fn new(room: Room) -> Self {
        Self { list: Vec::new(), bytes: 0, left_out: 0, is_closed: false, room }
    }

    fn push(&mut self, mut message: Captured) {
        if self.is_closed {
            return;
        }
        message.head.truncate(MOST_MESSAGE_BYTES);
        message.body.truncate(MOST_MESSAGE_BYTES);
        let bytes = message.head.len() + message.body.len();
        let is_full = self.list.len() >= MOST_MESSAGES || self.bytes + bytes > MOST_LEG_BYTES;
        if is_full || self.room.0.load(Ordering::Relaxed) + bytes > MOST_NODE_BYTES {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        // A copy has the same branch and number, so that nothing of it differs (RFC 3261 §17).
        let is_copy = |(known, _): &(Captured, bool)| {
            known.is_sent == message.is_sent && same(&known.head, &message.head) && same(&known.body, &message.body)
        };
        let is_repeated = self.list.iter().any(is_copy);
        self.bytes += bytes;
        self.room.0.fetch_add(bytes, Ordering::Relaxed);
        self.list.push((message, is_repeated));
    }

    fn close(&mut self) {
        self.is_closed = true;
        self.list = Vec::new();
        self.room.0.fetch_sub(std::mem::take(&mut self.bytes), Ordering::Relaxed);
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.close();
    }
}

/// Our own copies are the same octets, which need no look.
fn same(a: &Bytes, b: &Bytes) -> bool {
    a.len() == b.len() && (a.as_ptr() == b.as_ptr() || a == b)
}

impl fmt::Debug for LegTrace {
    /// Messages hold numbers and secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LegTrace")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str, is_sent: bool) -> Captured {
        let address = SocketAddr::from(([192, 0, 2, 1], 5060));
        let head = Bytes::copy_from_slice(text.as_bytes());
        let (local, remote) = (address, address);
        Captured { at_us: 1, is_sent, transport: Transport::Udp, local, remote, head, body: Bytes::new() }
    }

    #[test]
    fn a_copy_of_an_earlier_message_is_marked_and_one_of_the_other_side_is_not() {
        let trace = LegTrace::new(&Room::default());
        for (text, is_sent) in [("INVITE 1", true), ("INVITE 1", true), ("INVITE 1", false), ("INVITE 2", true)] {
            trace.push(message(text, is_sent));
        }
        let repeated: Vec<_> = trace.read().0.iter().map(|(_, is_repeated)| *is_repeated).collect();
        assert_eq!(repeated, [false, true, false, false]);
    }

    #[test]
    fn a_leg_is_bounded_and_gives_back_what_it_held() {
        let room = Room::default();
        let trace = LegTrace::new(&room);
        let large = "x".repeat(2 * MOST_MESSAGE_BYTES);
        for n in 0..2 * MOST_MESSAGES {
            trace.push(message(&format!("{n} {}", if n < 4 { &large } else { "" }), false));
        }
        let (kept, left_out) = trace.read();
        assert_eq!((kept.len(), left_out as usize), (MOST_MESSAGES, MOST_MESSAGES));
        assert_eq!(kept[0].0.head.len(), MOST_MESSAGE_BYTES);
        assert!(room.0.load(Ordering::Relaxed) > 4 * MOST_MESSAGE_BYTES);
        trace.close();
        trace.push(message("late", false));
        assert_eq!((trace.read().0.len(), room.0.load(Ordering::Relaxed)), (0, 0));
    }

    #[test]
    fn a_node_that_is_full_leaves_messages_out() {
        let room = Room(Arc::new(AtomicUsize::new(MOST_NODE_BYTES)));
        let trace = LegTrace::new(&room);
        trace.push(message("INVITE", true));
        assert_eq!((trace.read().0.len(), trace.read().1), (0, 1));
        drop(trace);
        assert_eq!(room.0.load(Ordering::Relaxed), MOST_NODE_BYTES);
    }

    #[test]
    fn the_default_takes_nothing() {
        let trace = LegTrace::default();
        trace.push(message("INVITE", true));
        assert!(trace.read().0.is_empty());
    }
}
