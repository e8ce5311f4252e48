//! One leg's media end: its two directions and how it is linked.

use core::time::Duration;

use super::{
    MixId, PortId, PortParams, PortStats, control::Control, early::Early, inbound::Inbound, outbound::Outbound,
    playout::Playout, tap::Tap,
};
use crate::{
    codec::Codec,
    watch::{Look, Piece, Seen, Watch},
};

/// A leg's media end. Opaque outside: it only travels from one [`super::Graph`] to another.
#[derive(Debug)]
pub struct Port {
    pub(super) params: PortParams,
    pub(super) inbound: Inbound,
    pub(super) outbound: Outbound,
    pub(super) control: Control,
    pub(super) link: Link,
    /// Present while the port's audio must be decoded: for the joined port or for a detector.
    pub(super) playout: Option<Box<Playout>>,
    /// Somebody listens in.
    pub(super) tap: Option<Box<Tap>>,
    pub(super) echo: bool,
    /// When in a frame it is moved on.
    pub(super) step: u8,
    /// What it said last while nobody heard it.
    pub(super) early: Option<Box<Early>>,
    watch: Box<Watch>,
}

/// How a port hears the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    None,
    /// Same codec: packets pass at once.
    Relay(PortId),
    /// Different codecs: audio is decoded and encoded by the tick.
    Transcode(PortId),
    /// The sum of all others in the mix, by the tick.
    Mix(MixId),
}

impl Link {
    pub(super) fn peer(self) -> Option<PortId> {
        match self {
            Self::None | Self::Mix(_) => None,
            Self::Relay(peer) | Self::Transcode(peer) => Some(peer),
        }
    }

    pub(super) fn between(codec: Codec, peer: PortId, peer_codec: Codec) -> Self {
        if codec == peer_codec { Self::Relay(peer) } else { Self::Transcode(peer) }
    }
}

impl Port {
    pub(super) fn new(now: Duration, params: PortParams) -> Self {
        Self {
            params,
            inbound: Inbound::new(now, &params),
            outbound: Outbound::new(&params),
            control: Control::default(),
            link: Link::None,
            playout: None,
            tap: None,
            echo: false,
            step: 0,
            early: None,
            watch: Box::new(Watch::new(now)),
        }
    }

    pub(super) fn update(&mut self, now: Duration, params: PortParams) {
        self.inbound.update(now, &self.params, &params);
        self.outbound.update(&self.params, &params);
        if self.params.codec != params.codec {
            self.playout = None;
            self.early = None;
        }
        self.params = params;
        self.choose_playout();
    }

    pub(super) fn set_link(&mut self, link: Link) {
        if self.link != link {
            self.link = link;
            self.playout = None;
            self.outbound.noise.end();
        }
        self.choose_playout();
    }

    /// Keeps a decoder exactly while somebody needs samples.
    pub(super) fn choose_playout(&mut self) {
        // The level of G.711 is read from its bytes.
        let detects = self.inbound.detects() && self.params.codec.law().is_none();
        if !detects && !matches!(self.link, Link::Transcode(_) | Link::Mix(_)) {
            self.playout = None;
        } else if self.playout.is_none() {
            self.playout = Some(Box::new(Playout::new(self.params.codec, matches!(self.link, Link::Mix(_)))));
        }
    }

    /// Decodes this tick's frame of what the leg says.
    pub(super) fn listen(&mut self, now: Duration) {
        let Some(frame) = self.playout.as_mut().and_then(|playout| playout.tick()) else { return };
        if self.params.codec.law().is_none() {
            self.inbound.hear(now, frame);
        }
    }

    /// Looks how the leg sounds.
    pub(super) fn look(&mut self, now: Duration) -> Look {
        let (stats, seen) = (self.stats(), self.seen());
        self.watch.look(now, &stats, seen)
    }

    /// The last piece of how the leg sounded.
    pub(super) fn last_piece(&mut self, now: Duration) -> Option<Piece> {
        let (stats, seen) = (self.stats(), self.seen());
        self.watch.end(now, &stats, seen)
    }

    fn seen(&mut self) -> Seen {
        let (codec, direction) = (self.params.codec, self.params.direction);
        let loudness = self.inbound.take_loudness();
        let receives = direction.receives() && !self.inbound.is_in_noise();
        Seen { codec, receives, sends: direction.sends(), loudness }
    }

    pub(super) fn stats(&self) -> PortStats {
        PortStats {
            packets_in: self.inbound.reception.received(),
            bytes_in: self.inbound.bytes,
            lost_in: self.inbound.reception.lost(),
            jitter_ms: self.inbound.reception.jitter_ms(),
            refused_in: self.inbound.refused,
            packets_out: self.outbound.packets,
            bytes_out: self.outbound.bytes,
            round_trip_ms: self.control.round_trip.map(|time| time.as_secs_f32() * 1_000.0),
            remote_loss: self.control.remote_loss,
            mos: self.mos(),
        }
    }
}
