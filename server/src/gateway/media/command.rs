//! What a handle asks of its media thread.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use media::{Asset, Codec, DetectSet, Direction, PortId, PortParams, PortStats, ToneSpec, dtmf::Digit};
use tokio::sync::{mpsc, oneshot};

use super::{LegId, LegMediaEvent, ports::PortPair};

/// What offer and answer fixed for one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// The leg's codec.
    pub codec: Codec,
    /// Its RTP payload type, 0 to 127, both ways.
    pub payload_type: u8,
    /// Payload type and clock rate (Hz) of telephone-event; `None`: the peer cannot.
    pub dtmf: Option<(u8, u32)>,
    /// Who may send, seen from us.
    pub direction: Direction,
}

impl Agreed {
    pub(super) fn params(self, stream: OwnStream) -> PortParams {
        PortParams {
            dtmf_payload_type: self.dtmf,
            first_sequence: stream.first_sequence,
            first_timestamp: stream.first_timestamp,
            direction: self.direction,
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
    /// Our own UDP sockets.
    Udp(PortPair),
    /// Whole packets to the owner of another transport.
    Packets(mpsc::Sender<Bytes>),
}

/// A port to be.
#[derive(Debug)]
pub(super) struct NewPort {
    pub(super) id: PortId,
    pub(super) leg: LegId,
    pub(super) events: mpsc::Sender<LegMediaEvent>,
    pub(super) stream: OwnStream,
    pub(super) transport: Transport,
}

/// One command; those of one call are obeyed in the order in which they were given.
#[derive(Debug)]
pub(super) enum Command {
    Add(Box<NewPort>),
    Configure(PortId, Agreed),
    Remote(PortId, SocketAddr),
    Touch(PortId),
    Remove(PortId),
    Join(PortId, PortId),
    Split(PortId),
    Play { id: PortId, asset: Arc<Asset>, loops: u32 },
    Tone(PortId, ToneSpec),
    Flush(PortId),
    Digits(PortId, Vec<Digit>),
    Echo(PortId, bool),
    Detect(PortId, DetectSet),
    Stats(PortId, oneshot::Sender<PortStats>),
    SinceHeard(Vec<PortId>, oneshot::Sender<Option<Duration>>),
    Stop,
}
