//! SRTP and SRTCP of one leg (RFC 3711, RFC 7714), by the library that browsers' legs bring along.
//!
//! Keys come from descriptions (SDES) or from a DTLS handshake; who agrees on them is the leg's business. A packet that does
//! not prove true is dropped before anything else looks at it.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::{Bytes, BytesMut};
use rtc::crypto::SecretVec;
use rtc::rtp::Header;
use rtc::srtp::context::Context;
use rtc::srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use rtc::srtp::protection_profile::ProtectionProfile;
use tokio::sync::mpsc;

use crate::calls::trace::SecurityMethod;
use crate::entropy::Entropy;

/// Packets by which one may be late and is taken still (RFC 3711 §3.3.2 wants 64 at least): 1.3 s of audio in 10 ms each.
const REPLAY_WINDOW: usize = 128;
/// Streams of one peer that are told apart: it has one, and another after each transfer on its side.
const MOST_STREAMS: usize = 16;
/// Packets of unknown streams that are tried before what they have left in memory is thrown away.
const MOST_PROBED: u32 = 64;
/// Octets of the longest master key and salt.
const LONGEST_KEY: usize = 30;
/// RFC 4568 has keys with padding, and some phones leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What packets are encrypted and proven by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// AES in counter mode, HMAC-SHA1 cut to 80 bits: what everybody has.
    AesCm80,
    /// AES in Galois counter mode.
    AesGcm128,
    /// AES in counter mode, HMAC-SHA1 cut to 32 bits on RTP.
    AesCm32,
}

impl Suite {
    /// All of them, the preferred first.
    pub const ALL: [Self; 3] = [Self::AesCm80, Self::AesGcm128, Self::AesCm32];

    /// Its name in `a=crypto` (RFC 4568 §6.2, RFC 7714 §14.2).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesGcm128 => "AEAD_AES_128_GCM",
            Self::AesCm32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// The one of that name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    fn profile(self) -> ProtectionProfile {
        match self {
            Self::AesCm80 => ProtectionProfile::Aes128CmHmacSha1_80,
            Self::AesGcm128 => ProtectionProfile::AeadAes128Gcm,
            Self::AesCm32 => ProtectionProfile::Aes128CmHmacSha1_32,
        }
    }

    fn key_length(self) -> usize {
        self.profile().key_len() + self.profile().salt_len()
    }
}

/// A master key with its salt. Its `Debug` does not show it, and its memory is wiped.
#[derive(Clone)]
pub struct MasterKey {
    suite: Suite,
    bytes: SecretVec,
}

impl MasterKey {
    /// Key and salt one after the other; none where they are not as long as the suite's.
    #[must_use]
    pub fn new(suite: Suite, bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() == suite.key_length()).then(|| Self { suite, bytes: SecretVec::new(bytes) })
    }

    /// A new one.
    #[must_use]
    pub fn draw(suite: Suite, entropy: &Entropy) -> Self {
        let mut bytes = entropy.bytes::<LONGEST_KEY>().to_vec();
        bytes.truncate(suite.key_length());
        Self { suite, bytes: SecretVec::new(bytes) }
    }

    /// As it stands in a description; none where it is not as long as the suite's.
    #[must_use]
    pub fn from_base64(suite: Suite, text: &str) -> Option<Self> {
        Self::new(suite, BASE64.decode(text).ok()?)
    }

    /// As it stands in a description.
    #[must_use]
    pub fn to_base64(&self) -> String {
        BASE64.encode(self.bytes.as_ref())
    }

    /// What it is for.
    #[must_use]
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// A context of packets that go out, or of those that come in, whose copies are dropped.
    fn context(&self, is_incoming: bool) -> Option<Context> {
        let (key, salt) = self.bytes.as_ref().split_at_checked(self.suite.profile().key_len())?;
        let windows =
            is_incoming.then(|| (srtp_replay_protection(REPLAY_WINDOW), srtcp_replay_protection(REPLAY_WINDOW)));
        let (rtp, rtcp) = windows.unzip();
        let made = rtc::crypto::default_provider().map_err(|error| error.to_string()).and_then(|provider| {
            Context::new(key, salt, self.suite.profile(), rtp, rtcp, provider.crypto())
                .map_err(|error| error.to_string())
        });
        // The one provider that is linked has all of these suites.
        made.inspect_err(|error| {
            tracing::error!(error, "SRTP can not be set up");
        })
        .ok()
    }
}

impl PartialEq for MasterKey {
    fn eq(&self, other: &Self) -> bool {
        self.suite == other.suite && self.bytes.as_ref() == other.bytes.as_ref()
    }
}

impl Eq for MasterKey {}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.suite.name())
    }
}

/// How two sides came to their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeysBy {
    /// They stood in the descriptions (RFC 4568).
    Sdes,
    /// By a handshake beside the media (RFC 5764).
    Dtls,
}

/// The keys of a leg.
#[derive(Debug, Clone)]
pub struct Keys {
    /// How they were agreed on.
    pub by: KeysBy,
    /// Of what we send.
    pub send: MasterKey,
    /// Of what the peer sends.
    pub receive: MasterKey,
    /// Octets by which the peer's packets name their key; 0 where they do not.
    pub mki_length: u8,
}

/// How a leg's packets are secured from now on.
#[derive(Debug)]
pub enum Security {
    /// Not at all.
    Plain,
    /// A handshake is under way, whose datagrams go here: nothing else passes until there are keys.
    Handshaking(mpsc::Sender<Bytes>),
    /// By these keys.
    Keyed(Box<Keys>),
}

/// What secures a leg, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecuredBy {
    Nothing,
    Keys(KeysBy, Suite),
    /// The WebRTC stack, which does not say by which suite.
    Stack,
}

impl SecuredBy {
    pub(super) fn method(self) -> SecurityMethod {
        match self {
            Self::Nothing => SecurityMethod::None,
            Self::Keys(KeysBy::Sdes, _) => SecurityMethod::Sdes,
            Self::Keys(KeysBy::Dtls, _) | Self::Stack => SecurityMethod::Dtls,
        }
    }

    /// The suite's name, where it is known.
    pub(super) fn suite(self) -> Option<&'static str> {
        match self {
            Self::Keys(_, suite) => Some(suite.name()),
            Self::Nothing | Self::Stack => None,
        }
    }
}

/// What stands between a leg's sockets and everything else.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Guard {
    state: State,
    handshakes: Option<mpsc::Sender<Bytes>>,
    /// Packets that did not prove true since they were last asked for.
    unproven: u64,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Plain,
    /// Nothing passes.
    Shut,
    Keyed(Box<Keyed>),
}

impl Guard {
    /// Takes other keys, or none. A key that stays goes on with its counts: with those of a new context a packet could come
    /// to be encrypted as one before it was.
    pub(in crate::gateway) fn set(&mut self, security: Security) {
        match security {
            Security::Plain => (self.state, self.handshakes) = (State::Plain, None),
            Security::Handshaking(handshakes) => (self.state, self.handshakes) = (State::Shut, Some(handshakes)),
            Security::Keyed(keys) => {
                if keys.by == KeysBy::Sdes {
                    self.handshakes = None;
                }
                let before = match std::mem::replace(&mut self.state, State::Shut) {
                    State::Keyed(keyed) => Some(*keyed),
                    State::Plain | State::Shut => None,
                };
                if let Some(keyed) = Keyed::after(before, *keys) {
                    self.state = State::Keyed(Box::new(keyed));
                }
            }
        }
    }

    /// What secures the leg; none while nothing passes.
    pub(super) fn secured_by(&self) -> Option<SecuredBy> {
        match &self.state {
            State::Plain => Some(SecuredBy::Nothing),
            State::Shut => None,
            State::Keyed(keyed) => Some(SecuredBy::Keys(keyed.by, keyed.sender.key.suite)),
        }
    }

    /// Whether a datagram is of a handshake that somebody waits for (RFC 7983 §7).
    pub(super) fn takes_handshake(&self, datagram: &[u8]) -> bool {
        self.handshakes.is_some() && matches!(datagram.first(), Some(20..=63))
    }

    /// Hands a datagram of a handshake over. One that finds the queue full is sent again by the peer.
    pub(super) fn hand_over(&self, datagram: &[u8]) {
        if let Some(handshakes) = &self.handshakes {
            let _ = handshakes.try_send(Bytes::copy_from_slice(datagram));
        }
    }

    /// Whether what comes in is RTP only once it is opened.
    pub(super) fn is_keyed(&self) -> bool {
        matches!(self.state, State::Keyed(_))
    }

    /// Packets that did not prove true since this was last asked: a peer with other keys, or somebody else.
    pub(super) fn take_unproven(&mut self) -> u64 {
        std::mem::take(&mut self.unproven)
    }

    /// Opens the packet at the beginning of `buffer` in its place; gives its length, or none for one that is not the peer's.
    pub(in crate::gateway) fn open(&mut self, kind: Kind, buffer: &mut [u8], length: usize) -> Option<usize> {
        let keyed = match &mut self.state {
            State::Plain => return Some(length),
            State::Shut => return None,
            State::Keyed(keyed) => keyed,
        };
        let Some(opened) = keyed.open(kind, buffer.get(..length)?) else {
            self.unproven += 1;
            return None;
        };
        buffer.get_mut(..opened.len())?.copy_from_slice(&opened);
        Some(opened.len())
    }

    /// Gives `send` the packet as it goes out; nothing goes out while nothing passes.
    pub(in crate::gateway) fn seal(&mut self, kind: Kind, packet: &[u8], send: impl FnOnce(&[u8]) -> bool) -> bool {
        match &mut self.state {
            State::Plain => send(packet),
            State::Shut => true,
            State::Keyed(keyed) => keyed.sender.seal(kind, packet).is_some_and(|sealed| send(&sealed)),
        }
    }
}

/// Which of the two a packet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Kind {
    Rtp,
    Rtcp,
}

impl Kind {
    /// The stream of a packet.
    fn ssrc(self, packet: &[u8]) -> Option<u32> {
        let at = match self {
            Self::Rtp => 8,
            Self::Rtcp => 4,
        };
        packet.get(at..)?.first_chunk().map(|octets| u32::from_be_bytes(*octets))
    }

    fn encrypt(self, context: &mut Context, packet: &[u8]) -> Option<BytesMut> {
        match self {
            Self::Rtp => context.encrypt_rtp_with_header(packet, &header(packet)?).ok(),
            Self::Rtcp => context.encrypt_rtcp(packet).ok(),
        }
    }

    fn decrypt(self, context: &mut Context, packet: &[u8], tag: usize) -> Option<BytesMut> {
        match self {
            Self::Rtp => context.decrypt_rtp_with_header(packet, &header(packet)?).ok(),
            // The library takes one that says it is not encrypted without proof.
            Self::Rtcp => is_encrypted(packet, tag).then(|| context.decrypt_rtcp(packet).ok()).flatten(),
        }
    }
}

/// What the library needs of a packet's header. Its own reader goes by what it knows of extensions; here what follows the
/// fixed part is as many words, whatever they mean.
fn header(packet: &[u8]) -> Option<Header> {
    const FIXED: usize = 12;
    let first = *packet.first().filter(|first| **first >> 6 == 2)?;
    let mut length = FIXED + usize::from(first & 0x0f) * 4;
    if first & 0x10 != 0 {
        let words = packet.get(length + 2..)?.first_chunk().map(|words| u16::from_be_bytes(*words))?;
        length += 4 + usize::from(words) * 4;
    }
    let sequence_number = packet.get(2..)?.first_chunk().map(|octets| u16::from_be_bytes(*octets))?;
    let ssrc = Kind::Rtp.ssrc(packet).filter(|_| length <= packet.len())?;
    Some(Header { sequence_number, ssrc, csrc: vec![0; (length - FIXED) / 4], ..Header::default() })
}

/// The first bit of the index, which stands before the tag (RFC 3711 §3.4; RFC 7714 §9.2 has the tag before it).
fn is_encrypted(packet: &[u8], tag: usize) -> bool {
    const INDEX: usize = 4;
    let at = packet.len().checked_sub(INDEX + tag);
    at.and_then(|at| packet.get(at)).is_some_and(|first| first & 0x80 != 0)
}

struct Keyed {
    by: KeysBy,
    sender: Sender,
    receiver: Receiver,
    /// By the key before this one: what was under way when it changed.
    former: Option<Receiver>,
    mki_length: usize,
}

impl Keyed {
    fn after(before: Option<Self>, keys: Keys) -> Option<Self> {
        let (sender, receiver, former) = match before {
            Some(Self { sender, receiver, former, .. }) => (Some(sender), Some(receiver), former),
            None => (None, None, None),
        };
        let sender = match sender.filter(|sender| sender.key == keys.send) {
            Some(sender) => sender,
            None => Sender::new(keys.send)?,
        };
        let (receiver, former) = match receiver {
            Some(receiver) if receiver.key == keys.receive => (receiver, former),
            receiver => (Receiver::new(keys.receive)?, receiver),
        };
        Some(Self { by: keys.by, sender, receiver, former, mki_length: keys.mki_length.into() })
    }

    fn open(&mut self, kind: Kind, packet: &[u8]) -> Option<BytesMut> {
        let ssrc = kind.ssrc(packet)?;
        let cut;
        let packet = match self.mki_length {
            0 => packet,
            length => {
                cut = without_mki(packet, length, self.receiver.tag_length(kind))?;
                &cut
            }
        };
        let opened = self.receiver.open(kind, ssrc, packet);
        opened.or_else(|| self.former.as_mut()?.open(kind, ssrc, packet))
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyed({:?}, {})", self.by, self.sender.key.suite.name())
    }
}

/// The name of the key stands before the tag, which does not cover it (RFC 3711 §3.1, §3.4).
fn without_mki(packet: &[u8], length: usize, tag: usize) -> Option<Vec<u8>> {
    let tag = packet.split_at_checked(packet.len().checked_sub(tag)?)?;
    let kept = tag.0.get(..tag.0.len().checked_sub(length)?)?;
    Some([kept, tag.1].concat())
}

struct Sender {
    key: MasterKey,
    context: Context,
}

impl Sender {
    fn new(key: MasterKey) -> Option<Self> {
        Some(Self { context: key.context(false)?, key })
    }

    fn seal(&mut self, kind: Kind, packet: &[u8]) -> Option<BytesMut> {
        kind.encrypt(&mut self.context, packet)
    }
}

/// The library keeps counts of every stream that a packet names, before it has proven true. So only streams that have go to
/// the context that lasts.
struct Receiver {
    key: MasterKey,
    known: Context,
    /// Streams of RTP that `known` has counts of, and sources of RTCP.
    rtp: Vec<u32>,
    rtcp: Vec<u32>,
    /// What packets of other streams are tried with; none while there are none.
    probe: Option<Context>,
    probed: u32,
}

impl Receiver {
    fn new(key: MasterKey) -> Option<Self> {
        let known = key.context(true)?;
        Some(Self { key, known, rtp: Vec::new(), rtcp: Vec::new(), probe: None, probed: 0 })
    }

    /// Octets of the tag at a packet's very end.
    fn tag_length(&self, kind: Kind) -> usize {
        let profile = self.key.suite.profile();
        match kind {
            Kind::Rtp => profile.rtp_auth_tag_len(),
            Kind::Rtcp => profile.rtcp_auth_tag_len(),
        }
    }

    fn open(&mut self, kind: Kind, ssrc: u32, packet: &[u8]) -> Option<BytesMut> {
        let tag = self.tag_length(kind);
        let streams = match kind {
            Kind::Rtp => &mut self.rtp,
            Kind::Rtcp => &mut self.rtcp,
        };
        if streams.contains(&ssrc) {
            return kind.decrypt(&mut self.known, packet, tag);
        }
        self.probed += 1;
        if self.probed > MOST_PROBED {
            (self.probe, self.probed) = (None, 1);
        }
        let mut probe = match self.probe.take() {
            Some(probe) => probe,
            None => self.key.context(true)?,
        };
        if kind.decrypt(&mut probe, packet, tag).is_none() {
            self.probe = Some(probe);
            return None;
        }
        self.probed = 0;
        if streams.len() >= MOST_STREAMS {
            self.known = self.key.context(true)?;
            self.rtp.clear();
            self.rtcp.clear();
        }
        match kind {
            Kind::Rtp => self.rtp.push(ssrc),
            Kind::Rtcp => self.rtcp.push(ssrc),
        }
        kind.decrypt(&mut self.known, packet, tag)
    }
}

#[cfg(test)]
mod tests;
