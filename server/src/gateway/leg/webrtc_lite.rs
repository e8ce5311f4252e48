//! ICE as a lite agent does it (RFC 8445 §2.5): our one address is known and reachable, so the peer's check is all there
//! is to find out. We answer checks and send none.
//!
//! The stack announces itself as lite, and yet selects a pair only after a check of its own has been answered, and then
//! only with a nomination, which a browser sends with its second check, 50 ms after the first. Its first DTLS flight then
//! waits for one of its timers. So everything that the stack waits for is given to it here, on the spot and off the wire:
//!
//! ```text
//! peer                 here                                            stack
//!  │ check ───────────▶│ ───────────────────────────────────────────────▶│ authentic: asks back, answers
//!  │                   │◀───────────────────────────────────────── check │
//!  │                   │ answer, nomination ────────────────────────────▶│ selects the pair
//!  │◀───────── success │◀─────────────────────── success (of both checks) │
//!  │                   │ no time passes until the next timer ───────────▶│ DTLS begins
//!  │◀──────────────────│◀──────────────────────────────── ClientHello ── │
//!  │ check, nominating▶│ from elsewhere: what is sent goes there from now on
//! ```
//!
//! That an authentic check alone opens the way is consent (RFC 7675): its sender holds our password and is at that address.
//! Nothing is taken on trust: the stack has checked the peer's integrity (RFC 8445 §7.3) before it asks, and a nomination
//! from elsewhere is checked here. The stack keeps to the pair that it selected first, so where the peer is spoken to is
//! decided here, and the stack hears checks of its own pair for as long as the peer is heard anywhere.
//!
//! Between two lite agents the offerer is controlling and does send checks (RFC 8445 §6.1.1); those are left alone.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use parking_lot::Mutex;
use rtc::{
    crypto::RTCCryptoProvider,
    stun::{
        attributes::{
            ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_MESSAGE_INTEGRITY, ATTR_PRIORITY, ATTR_USE_CANDIDATE,
            ATTR_USERNAME, RawAttribute,
        },
        fingerprint::FINGERPRINT,
        integrity::MessageIntegrity,
        message::{BINDING_REQUEST, BINDING_SUCCESS, MESSAGE_HEADER_SIZE, Message, TransactionId, is_stun_message},
        xoraddr::XorMappedAddress,
    },
};

use super::mux::Datagram;

/// First two octets of a Binding request; RTP and DTLS never begin so (RFC 7983 §7).
pub(super) const BINDING_REQUEST_TYPE: [u8; 2] = [0, 1];
/// First octets of what is STUN, and of what is DTLS (RFC 7983 §7).
const STUN: core::ops::RangeInclusive<u8> = 0..=3;
const DTLS: core::ops::RangeInclusive<u8> = 20..=63;
/// Timers of the stack that end at once, so that its first DTLS flight leaves. One is enough; the stack may be busy with
/// something else then.
const MOST_HURRIED: u8 = 8;

/// What becomes of a datagram that the stack wants to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    /// Nobody else's business: it stays here.
    Stays,
    /// A check that goes out; its answer will come from where it goes.
    Check,
    /// It goes out, to this address.
    Goes(SocketAddr),
}

/// One connection's stand-in for the checks that a lite agent does not send.
pub(super) struct LiteChecks {
    crypto: Arc<dyn RTCCryptoProvider>,
    /// Our `ice-pwd`: the key of the checks that come to us.
    password: String,
    /// Names the checks that nobody but the stack shall see answered.
    own: TransactionId,
    /// Timers that shall end at once.
    hurried: AtomicU8,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `ice-pwd` of the peer's description: the key of the answers to our checks.
    remote_password: Option<String>,
    /// The last check that arrived, while no pair is selected.
    check: Option<Datagram>,
    /// For the stack, before anything from the network.
    pending: VecDeque<Datagram>,
    /// Whoever waits for what is pending.
    reader: Option<Waker>,
    /// The peer's address in the pair that the stack has selected.
    selected: Option<SocketAddr>,
    /// Where the peer wants to be spoken to, if that is not what the stack believes.
    moved: Option<SocketAddr>,
}

impl std::fmt::Debug for LiteChecks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiteChecks").finish_non_exhaustive()
    }
}

impl LiteChecks {
    /// For the agent whose `ice-pwd` is `password`; `own` are 96 bits that nobody can guess.
    pub(super) fn new(crypto: Arc<dyn RTCCryptoProvider>, password: String, own: [u8; 12]) -> Self {
        let (own, hurried) = (TransactionId(own), AtomicU8::new(0));
        Self { crypto, password, own, hurried, state: Mutex::default() }
    }

    /// The peer's description says this; a restart of ICE says another, and begins anew.
    pub(super) fn expect(&self, remote_password: &str) {
        let mut state = self.state.lock();
        if state.remote_password.as_deref() != Some(remote_password) {
            let early = state.check.take().filter(|_| state.remote_password.is_none());
            let (remote_password, reader) = (Some(remote_password.to_owned()), state.reader.take());
            *state = State { remote_password, reader, check: early, ..State::default() };
        }
    }

    /// The stack has taken the peer's description. A check may have come before it: the peer sends one as soon as it has
    /// answered, and its answer takes another way.
    pub(super) fn repeat_check(&self) {
        let mut state = self.state.lock();
        if let Some(check) = state.check.clone() {
            state.give(check);
        }
    }

    /// Whether the timer that the stack is about to set shall end at once.
    pub(super) fn hurries(&self) -> bool {
        self.hurried.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// Looks at a datagram on its way to the stack.
    pub(super) fn arriving(&self, datagram: &Bytes, from: SocketAddr) {
        let Some(mut check) = read(datagram) else { return };
        let mut state = self.state.lock();
        let Some(selected) = state.selected else {
            state.check = Some((datagram.clone(), from));
            return;
        };
        let speaks_from = state.moved.unwrap_or(selected);
        if from == speaks_from && from == selected {
            return;
        }
        if MessageIntegrity::check(&mut check, self.password.as_bytes(), self.crypto.crypto()).is_err() {
            return;
        }
        if nominates(&check) {
            state.moved = (from != selected).then_some(from);
        }
        if state.moved == Some(from)
            && let Some(seen) = self.own_check(&check)
        {
            state.give((seen, selected));
        }
    }

    /// Looks at a datagram that the stack wants to send.
    pub(super) fn leaving(&self, datagram: &[u8], to: SocketAddr) -> Leaving {
        let is = |kind: core::ops::RangeInclusive<u8>| datagram.first().is_some_and(|first| kind.contains(first));
        if !is(STUN) {
            if is(DTLS) {
                self.hurried.store(0, Ordering::Relaxed);
            }
            return Leaving::Goes(self.state.lock().moved.unwrap_or(to));
        }
        let Some(check) = read(datagram) else {
            let answers_own = datagram.get(8..MESSAGE_HEADER_SIZE).is_some_and(|transaction| transaction == self.own.0);
            return if answers_own { Leaving::Stays } else { Leaving::Goes(to) };
        };
        if !check.contains(ATTR_ICE_CONTROLLED) {
            return Leaving::Check;
        }
        let mut state = self.state.lock();
        let Some(answer) = state.remote_password.as_deref().and_then(|password| self.answer(&check, password, to))
        else {
            return Leaving::Check;
        };
        state.give((answer, to));
        if let Some((check, from)) = state.check.take_if(|(_, from)| *from == to) {
            // A nomination was not answered yet, because the pair was not valid yet.
            let nomination = match read(&check) {
                Some(message) if !nominates(&message) => self.own_check(&message),
                _ => Some(check),
            };
            if let Some(nomination) = nomination {
                state.give((nomination, from));
            }
            state.selected = Some(from);
            self.hurried.store(MOST_HURRIED, Ordering::Relaxed);
        }
        Leaving::Stays
    }

    /// What the stack reads next, if it does not come from the network.
    pub(super) fn poll_next(&self, context: &Context<'_>) -> Poll<Datagram> {
        let mut state = self.state.lock();
        if let Some(own) = state.pending.pop_front() {
            return Poll::Ready(own);
        }
        state.reader = Some(context.waker().clone());
        Poll::Pending
    }

    fn answer(&self, check: &Message, password: &str, seen_at: SocketAddr) -> Option<Bytes> {
        let mut answer = Message::new();
        answer
            .build(&[
                Box::new(check.clone()),
                Box::new(BINDING_SUCCESS),
                Box::new(XorMappedAddress { ip: seen_at.ip(), port: seen_at.port() }),
                Box::new(MessageIntegrity::new_short_term_integrity_with_provider(
                    password.to_owned(),
                    self.crypto.crypto(),
                )),
                Box::new(FINGERPRINT),
            ])
            .ok()?;
        Some(answer.raw.into())
    }

    /// The peer's check once more as one that nominates, under our own name.
    fn own_check(&self, check: &Message) -> Option<Bytes> {
        let attribute = |typ| {
            let value = check.get(typ).unwrap_or_default();
            Box::new(RawAttribute { typ, length: 0, value })
        };
        let mut own = Message::new();
        own.build(&[
            Box::new(BINDING_REQUEST),
            Box::new(self.own),
            attribute(ATTR_USERNAME),
            attribute(ATTR_ICE_CONTROLLING),
            attribute(ATTR_PRIORITY),
            attribute(ATTR_USE_CANDIDATE),
            Box::new(MessageIntegrity::new_short_term_integrity_with_provider(
                self.password.clone(),
                self.crypto.crypto(),
            )),
            Box::new(FINGERPRINT),
        ])
        .ok()?;
        Some(own.raw.into())
    }
}

impl State {
    /// Has the stack read this before anything from the network.
    fn give(&mut self, datagram: Datagram) {
        self.pending.push_back(datagram);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// Whether a check nominates its pair. What stands behind the integrity is not the sender's (RFC 8489 §14.5).
fn nominates(check: &Message) -> bool {
    let signed = check.attributes.0.iter().take_while(|attribute| attribute.typ != ATTR_MESSAGE_INTEGRITY);
    signed.into_iter().any(|attribute| attribute.typ == ATTR_USE_CANDIDATE)
}

/// A Binding request, if that is what it is.
fn read(datagram: &[u8]) -> Option<Message> {
    if !datagram.starts_with(&BINDING_REQUEST_TYPE)
        || datagram.len() < MESSAGE_HEADER_SIZE
        || !is_stun_message(datagram)
    {
        return None;
    }
    let mut message = Message { raw: datagram.to_vec(), ..Message::default() };
    message.decode().ok()?;
    (message.typ == BINDING_REQUEST).then_some(message)
}

#[cfg(test)]
mod tests {
    use rtc::stun::{attributes::AttrType, message::Setter};

    use super::*;

    const OURS: &str = "the password of this agent";
    const THEIRS: &str = "the password of the peer";
    const OWN: [u8; 12] = [7; 12];

    fn checks() -> LiteChecks {
        let checks = LiteChecks::new(rtc::crypto::default_provider().unwrap(), OURS.to_owned(), OWN);
        checks.expect(THEIRS);
        checks
    }

    fn next(checks: &LiteChecks) -> Option<(Message, SocketAddr)> {
        match checks.poll_next(&Context::from_waker(Waker::noop())) {
            Poll::Ready((datagram, from)) => {
                let mut message = Message { raw: datagram.to_vec(), ..Message::default() };
                message.decode().unwrap();
                Some((message, from))
            }
            Poll::Pending => None,
        }
    }

    /// A check signed with `password`.
    fn check(password: &str, attributes: &[AttrType]) -> Bytes {
        let crypto = rtc::crypto::default_provider().unwrap();
        let attribute =
            |typ: &AttrType| -> Box<dyn Setter> { Box::new(RawAttribute { typ: *typ, ..Default::default() }) };
        let integrity = MessageIntegrity::new_short_term_integrity_with_provider(password.to_owned(), crypto.crypto());
        let mut setters: Vec<Box<dyn Setter + '_>> = vec![Box::new(BINDING_REQUEST), Box::new(TransactionId::new())];
        setters.extend(attributes.iter().map(attribute));
        setters.push(Box::new(integrity));
        let mut message = Message::new();
        message.build(&setters).unwrap();
        message.raw.into()
    }

    fn is_signed(message: &mut Message, password: &str) -> bool {
        let crypto = rtc::crypto::default_provider().unwrap();
        MessageIntegrity::check(message, password.as_bytes(), crypto.crypto()).is_ok()
    }

    /// What the stack asks back.
    fn asks() -> Bytes {
        check(THEIRS, &[ATTR_ICE_CONTROLLED])
    }

    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    /// A peer whose pair is selected.
    fn selected(port: u16) -> LiteChecks {
        let checks = checks();
        checks.arriving(&check(OURS, &[]), peer(port));
        assert_eq!(checks.leaving(&asks(), peer(port)), Leaving::Stays);
        assert!(next(&checks).is_some() && next(&checks).is_some() && next(&checks).is_none());
        checks
    }

    #[test]
    fn the_first_check_is_answered_here_and_selects_the_pair() {
        let checks = checks();
        let first = check(OURS, &[ATTR_ICE_CONTROLLING]);
        checks.arriving(&first, peer(1));
        let asked = asks();
        assert_eq!(checks.leaving(&asked, peer(1)), Leaving::Stays);
        let (mut answer, from) = next(&checks).unwrap();
        assert_eq!((answer.typ, from), (BINDING_SUCCESS, peer(1)));
        assert_eq!(answer.raw[8..20], asked[8..20], "the transaction is the check's");
        assert!(is_signed(&mut answer, THEIRS));
        let (mut nomination, from) = next(&checks).unwrap();
        assert_eq!((nomination.typ, from), (BINDING_REQUEST, peer(1)));
        assert!(nominates(&nomination) && nomination.contains(ATTR_ICE_CONTROLLING));
        assert!(is_signed(&mut nomination, OURS));
        assert_eq!(checks.leaving(&asks(), peer(1)), Leaving::Stays);
        assert!(next(&checks).is_some() && next(&checks).is_none(), "selected once");
    }

    #[test]
    fn the_answer_to_our_own_nomination_is_seen_by_nobody() {
        let checks = selected(1);
        let answer = |transaction: [u8; 12]| {
            let mut message = Message::new();
            message.build(&[Box::new(BINDING_SUCCESS), Box::new(TransactionId(transaction))]).unwrap();
            message.raw
        };
        assert_eq!(checks.leaving(&answer(OWN), peer(1)), Leaving::Stays);
        assert_eq!(checks.leaving(&answer([8; 12]), peer(1)), Leaving::Goes(peer(1)));
    }

    #[test]
    fn a_peer_that_nominates_at_once_is_heard_twice_because_the_stack_was_not_ready() {
        let checks = checks();
        let nomination = check(OURS, &[ATTR_USE_CANDIDATE]);
        checks.arriving(&nomination, peer(1));
        assert_eq!(checks.leaving(&asks(), peer(1)), Leaving::Stays);
        let again = [next(&checks), next(&checks)].into_iter().flatten().find(|(message, _)| message.raw == nomination);
        assert_eq!(again.map(|(_, from)| from), Some(peer(1)));
    }

    #[test]
    fn dtls_begins_without_waiting_for_a_timer() {
        let checks = checks();
        assert!(!checks.hurries());
        checks.arriving(&check(OURS, &[]), peer(1));
        checks.leaving(&asks(), peer(1));
        assert!(checks.hurries() && checks.hurries());
        assert_eq!(checks.leaving(&[22; 60], peer(1)), Leaving::Goes(peer(1)));
        assert!(!checks.hurries(), "its first flight has left");
        let silent = selected(1);
        assert_eq!((0..1_000).filter(|_| silent.hurries()).count(), usize::from(MOST_HURRIED), "no stack spins");
    }

    #[test]
    fn what_is_sent_goes_where_the_peer_nominated_last() {
        let checks = selected(1);
        checks.arriving(&check(OURS, &[]), peer(2));
        assert_eq!(checks.leaving(&[0x80; 40], peer(1)), Leaving::Goes(peer(1)), "tried, not nominated");
        checks.arriving(&check(OURS, &[ATTR_USE_CANDIDATE]), peer(2));
        for datagram in [[0x80; 40], [22; 40]] {
            assert_eq!(checks.leaving(&datagram, peer(1)), Leaving::Goes(peer(2)));
        }
        let (mut seen, from) = next(&checks).unwrap();
        assert!(is_signed(&mut seen, OURS));
        assert_eq!(from, peer(1), "the stack keeps its pair");
        checks.arriving(&check(OURS, &[ATTR_USE_CANDIDATE]), peer(1));
        assert_eq!(checks.leaving(&[0x80; 40], peer(1)), Leaving::Goes(peer(1)));
    }

    #[test]
    fn only_who_holds_our_password_moves_a_peer() {
        let checks = selected(1);
        checks.arriving(&check("guessed", &[ATTR_USE_CANDIDATE]), peer(2));
        let mut behind = check(OURS, &[]).to_vec();
        // An attribute behind the integrity, which it does not cover.
        behind.extend([0, 0x25, 0, 0]);
        behind[3] += 4;
        checks.arriving(&behind.into(), peer(2));
        assert_eq!(checks.leaving(&[0x80; 40], peer(1)), Leaving::Goes(peer(1)));
        assert!(next(&checks).is_none());
    }

    #[test]
    fn a_check_that_came_before_the_peers_description_comes_again() {
        let checks = LiteChecks::new(rtc::crypto::default_provider().unwrap(), OURS.to_owned(), OWN);
        let early = check(OURS, &[ATTR_USE_CANDIDATE]);
        checks.repeat_check();
        assert!(next(&checks).is_none());
        checks.arriving(&early, peer(1));
        checks.expect(THEIRS);
        checks.repeat_check();
        assert_eq!(next(&checks).map(|(message, from)| (message.raw, from)), Some((early.to_vec(), peer(1))));
    }

    #[test]
    fn a_restart_begins_anew() {
        let checks = selected(1);
        checks.arriving(&check(OURS, &[ATTR_USE_CANDIDATE]), peer(2));
        checks.expect(THEIRS);
        assert_eq!(checks.leaving(&[0x80; 40], peer(1)), Leaving::Goes(peer(2)), "the same description again");
        checks.expect("another password");
        assert_eq!(checks.leaving(&[0x80; 40], peer(1)), Leaving::Goes(peer(1)));
    }

    #[test]
    fn a_check_from_elsewhere_selects_nothing() {
        let checks = checks();
        checks.arriving(&check(OURS, &[ATTR_USE_CANDIDATE]), peer(2));
        assert_eq!(checks.leaving(&asks(), peer(1)), Leaving::Stays);
        assert!(next(&checks).is_some() && next(&checks).is_none());
    }

    #[test]
    fn whatever_is_no_check_of_a_controlled_agent_goes_out() {
        let checks = checks();
        for datagram in
            [&[][..], &[0, 1], &[0x80; 200], &[22; 60], &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
        {
            assert_eq!(checks.leaving(datagram, peer(1)), Leaving::Goes(peer(1)));
            checks.arriving(&Bytes::copy_from_slice(datagram), peer(1));
        }
        assert_eq!(checks.leaving(&check(THEIRS, &[ATTR_USE_CANDIDATE]), peer(1)), Leaving::Check);
        assert!(next(&checks).is_none());
    }
}
