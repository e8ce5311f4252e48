//! Gives the messages that the endpoint sends and receives to the legs that they belong to, by their Call-ID.
//!
//! What belongs to no call is passed over: it costs a look at its Call-ID, and nothing where no call is up.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sip::message::{HeaderName, Message, Method};
use sip::parse::Raw;
use sip::ua::Path;

use super::{TCP, TLS, UDP};
use crate::calls::trace::{Captured, LISTENS_FOR, LegTrace, Room, Transport};
use crate::clock::Clock;

/// How our own messages name what tells whose they are ([`sip::message::HeaderName`]).
const CALL_ID: &[u8] = b"\r\nCall-ID: ";
const FROM: &[u8] = b"\r\nFrom: ";
const TO: &[u8] = b"\r\nTo: ";

/// What an endpoint is traced with.
#[derive(Debug, Clone)]
pub struct Traced {
    /// How much all legs of the node may hold.
    pub room: Room,
    /// Where WebSockets end.
    pub web: SocketAddr,
    /// Whether they do so under TLS.
    pub is_web_secure: bool,
}

/// A Call-ID as the table knows it, and which of its ends is meant: a call between two numbers of ours has both here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallKey {
    call_id: u64,
    is_caller: bool,
}

/// The legs whose messages are kept.
pub(super) struct Tracer {
    traced: Traced,
    udp: SocketAddr,
    tls: SocketAddr,
    clock: Arc<dyn Clock>,
    /// Call-IDs are the peers' to choose.
    hasher: RandomState,
    /// By the hash of the Call-ID; nearly always one.
    open: HashMap<u64, Vec<Open>>,
    /// Legs that are over, and until when their last messages are listened for.
    closing: VecDeque<(Duration, CallKey)>,
    /// An INVITE of which it is not known yet whether it begins a leg.
    arriving: Option<u64>,
}

/// One end of a Call-ID. The called end may have several sessions: an INVITE that is challenged is one, and the next with
/// credentials another.
struct Open {
    trace: LegTrace,
    /// Our tag where we call.
    tag: Option<String>,
    sessions: u32,
    until: Option<Duration>,
}

impl Open {
    fn is_caller(&self) -> bool {
        self.tag.is_some()
    }
}

impl Tracer {
    pub(super) fn new(traced: Traced, udp: SocketAddr, tls: SocketAddr, clock: Arc<dyn Clock>) -> Self {
        let (open, closing) = (HashMap::new(), VecDeque::new());
        Self { traced, udp, tls, clock, hasher: RandomState::new(), open, closing, arriving: None }
    }

    /// A message came that the user agent is about to be given.
    pub(super) fn received(&mut self, path: Path, message: &Message, raw: &Raw) {
        let headers = message.headers();
        let is_invite = matches!(message, Message::Request(request) if request.method == Method::Invite);
        if self.open.is_empty() && !is_invite {
            return;
        }
        let Some(call_id) = headers.get(&HeaderName::CallId) else { return };
        let call_id = self.hash(call_id);
        let begins = is_invite && headers.to().is_ok_and(|to| to.tag().is_none());
        if begins && self.is_new(call_id) {
            self.begin(call_id);
            self.arriving = Some(call_id);
        }
        let ours = || match message {
            Message::Request(_) => headers.to().ok()?.tag().map(str::to_owned),
            Message::Response(_) => headers.from().ok()?.tag().map(str::to_owned),
        };
        if let Some(open) = self.open.get(&call_id).and_then(|open| place(open, ours)) {
            open.trace.push(self.captured(path, false, raw.head.clone(), raw.body.clone()));
        }
    }

    /// A message is sent.
    pub(super) fn sent(&self, path: Path, bytes: &Bytes) {
        if self.open.is_empty() {
            return;
        }
        let Some(call_id) = value(bytes, CALL_ID) else { return };
        let ours = || {
            let field = value(bytes, if bytes.starts_with(b"SIP/2.0 ") { TO } else { FROM })?;
            let field = std::str::from_utf8(field).ok()?;
            let tag = field.split(";tag=").nth(1)?;
            Some(tag.split(';').next().unwrap_or_default().to_owned())
        };
        if let Some(open) = self.open.get(&self.hash(call_id)).and_then(|open| place(open, ours)) {
            open.trace.push(self.captured(path, true, bytes.clone(), Bytes::new()));
        }
    }

    /// The INVITE of this Call-ID has begun a leg.
    pub(super) fn called(&mut self, call_id: &[u8]) -> (CallKey, LegTrace) {
        let call_id = self.hash(call_id);
        self.arriving = self.arriving.filter(|arriving| *arriving != call_id);
        if self.is_new(call_id) {
            self.begin(call_id);
        }
        let key = CallKey { call_id, is_caller: false };
        let open = self.end(key).map(|open| {
            open.sessions += 1;
            open.trace.clone()
        });
        (key, open.unwrap_or_default())
    }

    /// A leg of ours has this Call-ID and this tag.
    pub(super) fn calls(&mut self, call_id: &str, tag: &str, trace: LegTrace) -> CallKey {
        let call_id = self.hash(call_id.as_bytes());
        let open = Open { trace, tag: Some(tag.to_owned()), sessions: 1, until: None };
        self.open.entry(call_id).or_default().push(open);
        CallKey { call_id, is_caller: true }
    }

    /// A session of this end is over `now`.
    pub(super) fn ended(&mut self, now: Duration, key: CallKey) {
        if let Some(open) = self.end(key) {
            open.sessions = open.sessions.saturating_sub(1);
            open.until = Some(now + LISTENS_FOR);
            self.closing.push_back((now + LISTENS_FOR, key));
        }
    }

    /// Lets go of what has come to nothing, and of legs that have been over for long enough.
    pub(super) fn tidy(&mut self, now: Duration) {
        if let Some(call_id) = self.arriving.take() {
            self.forget(call_id, |open| !open.is_caller() && open.sessions == 0);
        }
        while let Some((due, key)) = self.closing.front().copied().filter(|(due, _)| *due <= now) {
            self.closing.pop_front();
            // Another session of the same end may have begun, or ended later.
            let is_over = |open: &Open| open.sessions == 0 && open.until == Some(due);
            self.forget(key.call_id, |open| open.is_caller() == key.is_caller && is_over(open));
        }
        // A burst of calls leaves a table of its size behind.
        if self.open.capacity() > 1_024 && self.open.len() * 8 < self.open.capacity() {
            self.open.shrink_to_fit();
            self.closing.shrink_to_fit();
        }
    }

    /// Whether nobody is called by this Call-ID yet.
    fn is_new(&self, call_id: u64) -> bool {
        self.open.get(&call_id).is_none_or(|open| open.iter().all(Open::is_caller))
    }

    fn begin(&mut self, call_id: u64) {
        let trace = LegTrace::new(&self.traced.room);
        self.open.entry(call_id).or_default().push(Open { trace, tag: None, sessions: 0, until: None });
    }

    fn end(&mut self, key: CallKey) -> Option<&mut Open> {
        self.open.get_mut(&key.call_id)?.iter_mut().find(|open| open.is_caller() == key.is_caller)
    }

    fn forget(&mut self, call_id: u64, which: impl Fn(&Open) -> bool) {
        if let Some(open) = self.open.get_mut(&call_id) {
            open.retain(|open| !which(open));
            if open.is_empty() {
                self.open.remove(&call_id);
            }
        }
    }

    fn hash(&self, call_id: &[u8]) -> u64 {
        self.hasher.hash_one(call_id)
    }

    fn captured(&self, path: Path, is_sent: bool, head: Bytes, body: Bytes) -> Captured {
        let (transport, local) = match path.local {
            UDP => (Transport::Udp, self.udp),
            TCP => (Transport::Tcp, self.udp),
            TLS => (Transport::Tls, self.tls),
            _ if self.traced.is_web_secure => (Transport::Wss, self.traced.web),
            _ => (Transport::Ws, self.traced.web),
        };
        Captured { at_us: self.clock.now_us(), is_sent, transport, local, remote: path.remote, head, body }
    }
}

/// Which end of a Call-ID a message is of, by our tag in it.
fn place(open: &[Open], ours: impl FnOnce() -> Option<String>) -> Option<&Open> {
    if let [one] = open {
        return Some(one);
    }
    let ours = ours();
    let caller = open.iter().find(|open| open.is_caller() && open.tag == ours);
    caller.or_else(|| open.iter().find(|open| !open.is_caller()))
}

/// The Call-ID of a message that a user agent of ours has printed.
pub(super) fn call_id_of(message: &[u8]) -> Option<&[u8]> {
    value(message, CALL_ID)
}

/// The value of a header of a message of ours.
fn value<'a>(message: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = message.windows(name.len()).position(|bytes| bytes == name)? + name.len();
    let rest = message.get(at..)?;
    rest.get(..rest.iter().position(|byte| *byte == b'\r')?)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sip::ua::FlowId;

    use super::*;
    use crate::clock::TestClock;

    const NOW: Duration = Duration::from_secs(1);

    fn tracer() -> Tracer {
        let own = SocketAddr::from(([192, 0, 2, 1], 5060));
        let traced = Traced { room: Room::default(), web: own, is_web_secure: false };
        Tracer::new(traced, own, own, TestClock::starting_at(Timestamp::UNIX_EPOCH))
    }

    fn path() -> Path {
        Path { flow: FlowId(0), local: UDP, remote: ([192, 0, 2, 2], 5060).into() }
    }

    fn receive(tracer: &mut Tracer, start: &str, call_id: &str, cseq: &str) {
        let text = format!(
            "{start}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\ni: {call_id}\r\nCSeq: {cseq}\r\nContent-Length: 0\r\n\r\n"
        );
        let bytes = Bytes::from(text);
        let message = sip::parse::message(bytes.clone()).unwrap();
        tracer.received(path(), &message, &bytes.into());
    }

    fn send(tracer: &Tracer, start: &str, call_id: &str) {
        tracer.sent(path(), &Bytes::from(format!("{start}\r\nCall-ID: {call_id}\r\n\r\n")));
    }

    fn texts(trace: &LegTrace) -> Vec<String> {
        trace.heads().iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_leg_that_calls_us_has_its_invite_and_what_follows_and_nothing_of_others() {
        let mut tracer = tracer();
        receive(&mut tracer, "INVITE sip:a@b SIP/2.0", "one", "1 INVITE");
        send(&tracer, "SIP/2.0 100 Trying", "one");
        let (key, trace) = tracer.called(b"one");
        tracer.tidy(NOW);
        send(&tracer, "SIP/2.0 200 OK", "one");
        send(&tracer, "SIP/2.0 200 OK", "other");
        receive(&mut tracer, "BYE sip:a@b SIP/2.0", "other", "2 BYE");
        receive(&mut tracer, "BYE sip:a@b SIP/2.0", "one", "2 BYE");
        tracer.ended(NOW, key);
        send(&tracer, "SIP/2.0 200 Bye", "one");
        tracer.tidy(NOW + LISTENS_FOR);
        send(&tracer, "SIP/2.0 200 Late", "one");
        let starts = [
            "INVITE sip:a@b SIP/2.0",
            "SIP/2.0 100 Trying",
            "SIP/2.0 200 OK",
            "BYE sip:a@b SIP/2.0",
            "SIP/2.0 200 Bye",
        ];
        assert_eq!(texts(&trace), starts);
        assert!(tracer.open.is_empty() && tracer.closing.is_empty());
    }

    #[test]
    fn an_invite_that_begins_no_leg_is_forgotten() {
        let mut tracer = tracer();
        receive(&mut tracer, "INVITE sip:a@b SIP/2.0", "one", "1 INVITE");
        tracer.tidy(NOW);
        receive(&mut tracer, "OPTIONS sip:a@b SIP/2.0", "two", "1 OPTIONS");
        tracer.tidy(NOW);
        assert!(tracer.open.is_empty());
    }

    #[test]
    fn an_invite_with_credentials_goes_on_where_the_challenged_one_ended() {
        let mut tracer = tracer();
        receive(&mut tracer, "INVITE sip:a@b SIP/2.0", "one", "1 INVITE");
        let (first, _) = tracer.called(b"one");
        send(&tracer, "SIP/2.0 401 Unauthorized", "one");
        tracer.ended(NOW, first);
        receive(&mut tracer, "INVITE sip:a@b SIP/2.0", "one", "2 INVITE");
        let (_, trace) = tracer.called(b"one");
        tracer.tidy(NOW + LISTENS_FOR);
        send(&tracer, "SIP/2.0 200 OK", "one");
        assert_eq!(texts(&trace).len(), 4);
    }

    #[test]
    fn a_leg_of_ours_is_traced_from_its_invite_on() {
        let mut tracer = tracer();
        let trace = LegTrace::new(&Room::default());
        tracer.calls("ours", "t", trace.clone());
        send(&tracer, "INVITE sip:a@b SIP/2.0", "ours");
        receive(&mut tracer, "SIP/2.0 180 Ringing", "ours", "1 INVITE");
        assert_eq!(texts(&trace), ["INVITE sip:a@b SIP/2.0", "SIP/2.0 180 Ringing"]);
    }

    #[test]
    fn a_call_between_two_of_ours_is_told_apart_by_its_tags() {
        let mut tracer = tracer();
        let (caller, own) = (LegTrace::new(&Room::default()), "\r\nFrom: <sip:c@d>;tag=1\r\nTo: <sip:a@b>");
        tracer.calls("both", "1", caller.clone());
        send(&tracer, &format!("INVITE sip:a@b SIP/2.0{own}"), "both");
        receive(&mut tracer, "INVITE sip:a@b SIP/2.0", "both", "1 INVITE");
        let (key, called) = tracer.called(b"both");
        send(&tracer, &format!("SIP/2.0 200 OK{own};tag=2"), "both");
        receive(&mut tracer, "SIP/2.0 200 OK", "both", "1 INVITE");
        send(&tracer, &format!("BYE sip:a@b SIP/2.0{own};tag=2"), "both");
        receive(&mut tracer, "BYE sip:a@b SIP/2.0", "both", "2 BYE");
        let starts = ["INVITE sip:a@b SIP/2.0", "SIP/2.0 200 OK", "BYE sip:a@b SIP/2.0"];
        assert_eq!(
            (texts(&caller), texts(&called)),
            (starts.map(str::to_owned).into(), starts.map(str::to_owned).into())
        );
        tracer.ended(NOW, key);
        tracer.tidy(NOW + LISTENS_FOR);
        assert_eq!(tracer.open.values().map(Vec::len).collect::<Vec<_>>(), [1], "the caller is there still");
    }
}
