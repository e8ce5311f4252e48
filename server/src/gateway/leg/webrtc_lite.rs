//! ICE as a lite agent does it (RFC 8445 §2.5): our one address is known and reachable, so the peer's check is all there
//! is to find out. We answer checks and send none.
//!
//! The stack announces itself as lite, and yet selects a pair only after a check of its own has been answered, and then
//! only with the peer's next nomination, which a browser sends 50 ms later. So what the stack asks is answered here, on the
//! spot and off the wire, and the nomination that it was not ready for is handed to it a second time. DTLS then starts with
//! the first check that arrives. Nothing is taken on trust: the stack has checked the peer's integrity (RFC 8445 §7.3)
//! before it asks.
//!
//! Between two lite agents the offerer is controlling and does send checks (RFC 8445 §6.1.1); those are left alone.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use rtc::{
    crypto::RTCCryptoProvider,
    stun::{
        attributes::{ATTR_ICE_CONTROLLED, ATTR_USE_CANDIDATE},
        fingerprint::FINGERPRINT,
        integrity::MessageIntegrity,
        message::{BINDING_REQUEST, BINDING_SUCCESS, MESSAGE_HEADER_SIZE, Message, is_stun_message},
        xoraddr::XorMappedAddress,
    },
};

use super::mux::Datagram;

/// First two octets of a Binding request; RTP and DTLS never begin so (RFC 7983 §7).
const BINDING_REQUEST_TYPE: [u8; 2] = [0, 1];

/// What a datagram is that the stack wants to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaving {
    /// A check that is answered already and stays here.
    Answered,
    /// A check that goes out; its answer will come from where it goes.
    Check,
    /// Anything else.
    Other,
}

/// One connection's stand-in for the checks that a lite agent does not send.
pub(super) struct LiteChecks {
    crypto: Arc<dyn RTCCryptoProvider>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// `ice-pwd` of the peer's description: the key of the answers to our checks.
    remote_password: Option<String>,
    /// The last nomination that arrived, until it has been handed over again.
    nomination: Option<Datagram>,
    /// For the stack, before anything from the network.
    pending: VecDeque<Datagram>,
}

impl std::fmt::Debug for LiteChecks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiteChecks").finish_non_exhaustive()
    }
}

impl LiteChecks {
    pub(super) fn new(crypto: Arc<dyn RTCCryptoProvider>) -> Self {
        Self { crypto, state: Mutex::default() }
    }

    /// The peer's description says this; a restart of ICE says another.
    pub(super) fn expect(&self, remote_password: &str) {
        self.state.lock().remote_password = Some(remote_password.to_owned());
    }

    /// Looks at a datagram on its way to the stack.
    pub(super) fn arriving(&self, datagram: &Bytes, from: SocketAddr) {
        if read(datagram).is_some_and(|check| check.contains(ATTR_USE_CANDIDATE)) {
            self.state.lock().nomination = Some((datagram.clone(), from));
        }
    }

    /// Looks at a datagram that the stack wants to send.
    pub(super) fn leaving(&self, datagram: &[u8], to: SocketAddr) -> Leaving {
        let Some(check) = read(datagram) else { return Leaving::Other };
        if !check.contains(ATTR_ICE_CONTROLLED) {
            return Leaving::Check;
        }
        let mut state = self.state.lock();
        let Some(answer) = state.remote_password.as_deref().and_then(|password| self.answer(&check, password, to))
        else {
            return Leaving::Check;
        };
        state.pending.push_back((answer, to));
        if let Some(nomination) = state.nomination.take_if(|(_, from)| *from == to) {
            state.pending.push_back(nomination);
        }
        Leaving::Answered
    }

    /// What the stack reads next, if it does not come from the network.
    pub(super) fn next(&self) -> Option<Datagram> {
        self.state.lock().pending.pop_front()
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
    use rtc::stun::{attributes::AttrType, message::TransactionId};

    use super::*;

    fn checks() -> LiteChecks {
        let checks = LiteChecks::new(rtc::crypto::default_provider().unwrap());
        checks.expect("the password of the peer");
        checks
    }

    fn request(attribute: AttrType) -> Bytes {
        let mut message = Message::new();
        message.build(&[Box::new(BINDING_REQUEST), Box::new(TransactionId::new())]).unwrap();
        message.add(attribute, &[]);
        message.raw.into()
    }

    fn peer(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn a_check_of_ours_is_answered_here_and_the_nomination_comes_again_once() {
        let checks = checks();
        let nomination = request(ATTR_USE_CANDIDATE);
        checks.arriving(&nomination, peer(1));
        let check = request(ATTR_ICE_CONTROLLED);
        assert_eq!(checks.leaving(&check, peer(1)), Leaving::Answered);
        let (answer, from) = checks.next().unwrap();
        let mut answer = Message { raw: answer.to_vec(), ..Message::default() };
        answer.decode().unwrap();
        assert_eq!((answer.typ, from), (BINDING_SUCCESS, peer(1)));
        assert_eq!(answer.raw[8..20], check[8..20], "the transaction is the check's");
        let crypto = rtc::crypto::default_provider().unwrap();
        MessageIntegrity::check(&mut answer, b"the password of the peer", crypto.crypto()).unwrap();
        assert_eq!(checks.next(), Some((nomination, peer(1))));
        assert_eq!(checks.leaving(&check, peer(1)), Leaving::Answered);
        assert!(checks.next().is_some() && checks.next().is_none(), "handed over a second time only");
    }

    #[test]
    fn a_nomination_from_elsewhere_is_not_for_this_check() {
        let checks = checks();
        checks.arriving(&request(ATTR_USE_CANDIDATE), peer(2));
        assert_eq!(checks.leaving(&request(ATTR_ICE_CONTROLLED), peer(1)), Leaving::Answered);
        assert!(checks.next().is_some() && checks.next().is_none());
    }

    #[test]
    fn whatever_is_no_check_of_a_controlled_agent_goes_out() {
        let checks = checks();
        for datagram in
            [&[][..], &[0, 1], &[0x80; 200], &[22; 60], &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
        {
            assert_eq!(checks.leaving(datagram, peer(1)), Leaving::Other);
            checks.arriving(&Bytes::copy_from_slice(datagram), peer(1));
        }
        assert_eq!(checks.leaving(&request(ATTR_USE_CANDIDATE), peer(1)), Leaving::Check);
        assert_eq!(checks.next(), None);
    }
}
