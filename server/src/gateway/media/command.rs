//! What a handle asks of its media thread.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, mpsc as thread_mpsc},
    time::Duration,
};

use bytes::Bytes;
use media::{
    Asset, Codec, DetectSet, Direction, Feed, Fill, MixId, PortId, PortParams, PortStats, ToneSpec, Voice, dtmf::Digit,
};
use tokio::sync::{mpsc, oneshot};

use crate::calls::trace::Quality;

use super::{LegId, LegMediaEvent, Security, TapPacket, moving::Moved, poller::Waker, ports::PortPair};

/// Names a call among all that have media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CallKey(pub(super) u64);

/// What offer and answer fixed for one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// The leg's codec.
    pub codec: Codec,
    /// Its RTP payload type, 0 to 127, both ways.
    pub payload_type: u8,
    /// Payload type and clock rate (Hz) of telephone-event; `None`: the peer cannot.
    pub dtmf: Option<(u8, u32)>,
    /// How the peer wants to be sent audio.
    pub wishes: Wishes,
    /// Who may send, seen from us.
    pub direction: Direction,
}

/// How a peer wants to be sent audio, as far as it is not relayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wishes {
    /// Milliseconds of audio in a packet, 10 to 60.
    pub packet_ms: u8,
    /// Most bits per second of Opus, where that is less than we would send.
    pub most_bps: Option<u32>,
    /// Comfort noise (RFC 3389) as payload type 13.
    pub takes_noise: bool,
}

impl Wishes {
    /// Milliseconds of audio in a packet where nobody says another.
    pub const PACKET_MS: u8 = media::FRAME_MS as u8;
}

impl Default for Wishes {
    fn default() -> Self {
        Self { packet_ms: Self::PACKET_MS, most_bps: None, takes_noise: false }
    }
}

impl Agreed {
    pub(super) fn params(self, stream: OwnStream, fill: Fill) -> PortParams {
        PortParams {
            fill,
            dtmf_payload_type: self.dtmf,
            first_sequence: stream.first_sequence,
            first_timestamp: stream.first_timestamp,
            direction: self.direction,
            packet_ms: self.wishes.packet_ms.into(),
            most_bps: self.wishes.most_bps,
            takes_noise: self.wishes.takes_noise,
            ..PortParams::new(self.codec, self.payload_type, stream.ssrc)
        }
    }
}

/// Identity and random start of the stream that we send (RFC 3550 §5.1).
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnStream {
    pub(super) ssrc: u32,
    pub(super) first_sequence: u16,
    pub(super) first_timestamp: u32,
}

/// How a port's packets travel.
#[derive(Debug)]
pub(super) enum Transport {
    /// Our own UDP sockets, and the address that SDP names for them.
    Udp(PortPair, IpAddr),
    /// Whole packets to the owner of another transport.
    Packets(mpsc::Sender<Bytes>),
    /// Nowhere: what would be sent is only tapped.
    Nowhere,
}

/// A port to be.
#[derive(Debug)]
pub(super) struct NewPort {
    pub(super) id: PortId,
    pub(super) leg: LegId,
    pub(super) events: mpsc::Sender<LegMediaEvent>,
    pub(super) stream: OwnStream,
    pub(super) transport: Transport,
    /// Where it is noted how the leg sounds.
    pub(super) quality: Arc<Quality>,
}

/// A command and the call that gives it. Those of one call are obeyed in the order in which they were given.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) call: CallKey,
    /// The other call whose leg it names.
    pub(super) also: Option<CallKey>,
    pub(super) command: Command,
}

/// One command.
#[derive(Debug)]
pub(super) enum Command {
    Add(Box<NewPort>),
    Configure(PortId, Agreed),
    Remote(PortId, SocketAddr),
    Secure(PortId, Security),
    Mux(PortId, bool),
    /// A datagram of a handshake that goes out.
    Handshake(PortId, Bytes),
    Touch(PortId),
    Remove(PortId),
    Join(PortId, PortId),
    Mix(PortId, MixId, Voice),
    Split(PortId),
    Unmix(PortId, MixId),
    Play {
        id: PortId,
        asset: Arc<Asset>,
        loops: u32,
    },
    Feed(PortId, Arc<Feed>),
    Tone(PortId, ToneSpec),
    Beep(PortId, ToneSpec),
    Flush(PortId),
    Digits(PortId, Vec<Digit>),
    Echo(PortId, bool),
    Detect(PortId, DetectSet),
    Tap(PortId, mpsc::Sender<TapPacket>),
    Stats(PortId, oneshot::Sender<PortStats>),
    SinceHeard(Vec<PortId>, oneshot::Sender<Option<Duration>>),
    /// The call goes to the thread behind the waker.
    Depart(thread_mpsc::SyncSender<Moved>, Waker),
    /// The call comes from another thread.
    Expect(thread_mpsc::Receiver<Moved>),
    Stop,
}
