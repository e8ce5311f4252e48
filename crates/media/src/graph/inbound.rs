//! What a leg sends to us: validation, counting, keys, silence and stall detection.

use core::time::Duration;

use super::{Direction, PortParams, params::DetectSet};
use crate::{
    dtmf, level,
    reception::Reception,
    rtp::{Header, Packet},
};

/// Audio quieter than this is silence: room noise on a telephone lies around −55 dBov, speech
/// above −40.
const SILENCE_BELOW_DBOV: f32 = -48.0;

/// A packet that belongs to the port's stream.
pub(super) struct Arrival {
    pub(super) packet: Packet,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// Encoded audio and, for G.711, its energy.
    Audio { energy: u64 },
    /// A telephone event with the press that it completed, if any.
    Event { event: dtmf::Event, press: Option<dtmf::Press> },
    /// Comfort noise (RFC 3389): the leg is alive and silent.
    ComfortNoise,
}

/// Static payload type of comfort noise.
const COMFORT_NOISE: u8 = 13;

#[derive(Debug)]
pub(super) struct Inbound {
    pub(super) reception: Reception,
    pub(super) bytes: u64,
    pub(super) refused: u64,
    pub(super) energy: u64,
    pub(super) keys: dtmf::Receiver,
    detect: DetectSet,
    loud_at: Duration,
    silence_reported: bool,
    heard_at: Duration,
    stall_reported: bool,
}

impl Inbound {
    pub(super) fn new(now: Duration, params: &PortParams) -> Self {
        Self {
            reception: Reception::new(params.codec.clock_hz()),
            bytes: 0,
            refused: 0,
            energy: 0,
            keys: dtmf::Receiver::new(event_clock_hz(params)),
            detect: DetectSet::default(),
            loud_at: now,
            silence_reported: false,
            heard_at: now,
            stall_reported: false,
        }
    }

    /// Takes over changed parameters; the watchdogs start anew.
    pub(super) fn update(&mut self, now: Duration, old: &PortParams, new: &PortParams) {
        if old.codec != new.codec {
            self.reception = Reception::new(new.codec.clock_hz());
        }
        if event_clock_hz(old) != event_clock_hz(new) {
            self.keys = dtmf::Receiver::new(event_clock_hz(new));
        }
        self.touch(now);
    }

    /// Reads and counts a packet; nothing when it is not of this stream.
    pub(super) fn accept(&mut self, now: Duration, params: &PortParams, bytes: &[u8]) -> Option<Arrival> {
        let Ok(packet) = Packet::parse(bytes) else {
            self.refused += 1;
            return None;
        };
        let header = packet.header;
        let payload = packet.payload(bytes);
        let event_type = params.dtmf_payload_type.map(|(payload_type, _)| payload_type);
        let kind = if header.payload_type == params.payload_type {
            let energy = params.codec.law().map_or(0, |law| law.energy(payload));
            self.count(now, header, payload.len());
            if params.codec.law().is_some() {
                self.hear(now, energy, payload.len());
            }
            Kind::Audio { energy }
        } else if Some(header.payload_type) == event_type
            && let Some(event) = dtmf::Event::parse(payload)
        {
            self.touch(now);
            self.bytes += payload.len() as u64;
            if self.reception.receive_event(header) {
                self.keys.source_changed();
            }
            let press = self.keys.handle(now, header.timestamp, header.marker, event);
            Kind::Event { event, press }
        } else if header.payload_type == COMFORT_NOISE {
            self.count(now, header, payload.len());
            Kind::ComfortNoise
        } else {
            self.refused += 1;
            return None;
        };
        Some(Arrival { packet, kind })
    }

    fn count(&mut self, now: Duration, header: Header, payload_len: usize) {
        self.touch(now);
        self.bytes += payload_len as u64;
        if self.reception.receive(now, header) {
            self.keys.source_changed();
        }
    }

    /// Something proved that the leg is alive.
    /// When the leg was last heard; `None` before its first packet.
    pub(super) fn heard_at(&self) -> Option<Duration> {
        (self.reception.received() > 0).then_some(self.heard_at)
    }

    pub(super) fn touch(&mut self, now: Duration) {
        self.heard_at = now;
        self.stall_reported = false;
    }

    /// Judges the loudness of received audio.
    pub(super) fn hear(&mut self, now: Duration, energy: u64, samples_len: usize) {
        self.energy = self.energy.saturating_add(energy);
        if self.detect.silence_ms.is_some() && level::dbov(energy, samples_len) > SILENCE_BELOW_DBOV {
            self.loud_at = now;
            self.silence_reported = false;
        }
    }

    pub(super) fn detect(&mut self, now: Duration, detect: DetectSet) {
        self.detect = detect;
        self.loud_at = now;
        self.silence_reported = false;
    }

    pub(super) fn detects(&self) -> bool {
        self.detect != DetectSet::default()
    }

    /// How long it has been quiet, once per stretch.
    pub(super) fn silence(&mut self, now: Duration) -> Option<u32> {
        let silence_ms = self.detect.silence_ms?;
        let quiet = now.saturating_sub(self.loud_at);
        if self.silence_reported || quiet < Duration::from_millis(silence_ms.into()) {
            return None;
        }
        self.silence_reported = true;
        Some(u32::try_from(quiet.as_millis()).unwrap_or(u32::MAX))
    }

    /// True once when nothing came for too long from a leg that should send.
    pub(super) fn stalled(&mut self, now: Duration, direction: Direction, stall_after: Option<Duration>) -> bool {
        let Some(limit) = stall_after else {
            return false;
        };
        let late = direction.receives() && now.saturating_sub(self.heard_at) >= limit;
        late && !core::mem::replace(&mut self.stall_reported, true)
    }
}

fn event_clock_hz(params: &PortParams) -> u32 {
    params.dtmf_payload_type.map_or(params.codec.clock_hz(), |(_, clock_hz)| clock_hz)
}
