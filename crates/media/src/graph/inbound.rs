//! What a leg sends to us: validation, counting, keys, silence and stall detection.

use core::time::Duration;

use super::{DetectSet, Direction, PortParams, silence::Silence};
use crate::{
    dtmf, level, noise,
    reception::Reception,
    rtp::{Header, Packet},
};

/// A packet that belongs to the port's stream.
pub(super) struct Arrival {
    pub(super) packet: Packet,
    pub(super) kind: Kind,
    /// The first packet of another source.
    pub(super) restarted: bool,
}

pub(super) enum Kind {
    /// Encoded audio.
    Audio,
    /// A telephone event with the press that it completed, if any.
    Event { event: dtmf::Event, press: Option<dtmf::Press> },
    /// Comfort noise (RFC 3389): the leg is alive and silent.
    ComfortNoise,
}

/// One packet of so many is measured for its loudness: ten a second tell as much as fifty.
const LOUDNESS_OF: u8 = 5;
/// A leg that has fallen silent with comfort noise may say nothing for so many times as long before it counts as gone: what it
/// sends meanwhile is left to it (RFC 3389 §5).
const NOISE_LASTS: u32 = 4;

/// The loudness of some of what came.
#[derive(Debug, Default)]
struct Loudness {
    energy: u64,
    samples: u32,
    /// Packets since one was measured.
    passed: u8,
}

impl Loudness {
    /// Measures one packet of [`LOUDNESS_OF`].
    fn hear(&mut self, energy: impl FnOnce() -> u64, samples: usize) {
        self.passed += 1;
        if self.passed >= LOUDNESS_OF {
            self.passed = 0;
            self.energy = self.energy.saturating_add(energy());
            self.samples = self.samples.saturating_add(u32::try_from(samples).unwrap_or(u32::MAX));
        }
    }
}

#[derive(Debug)]
pub(super) struct Inbound {
    pub(super) reception: Reception,
    pub(super) bytes: u64,
    pub(super) refused: u64,
    pub(super) keys: dtmf::Receiver,
    /// Keys in the audio of a leg that knows no events; G.711 only, which is what such legs speak.
    in_band: Option<Box<dtmf::InBand>>,
    /// One that was heard so, until it is told.
    heard_key: Option<dtmf::Digit>,
    /// Present while somebody asked for it.
    silence: Option<Silence>,
    loudness: Loudness,
    heard_at: Duration,
    stall_reported: bool,
    /// Its last packet was comfort noise: nothing more comes until it speaks.
    in_noise: bool,
}

impl Inbound {
    pub(super) fn new(now: Duration, params: &PortParams) -> Self {
        Self {
            reception: Reception::new(params.codec.clock_hz()),
            bytes: 0,
            refused: 0,
            keys: dtmf::Receiver::new(event_clock_hz(params)),
            in_band: listens_in_band(params).then(Box::default),
            heard_key: None,
            silence: None,
            loudness: Loudness::default(),
            heard_at: now,
            stall_reported: false,
            in_noise: false,
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
        if listens_in_band(old) != listens_in_band(new) {
            self.in_band = listens_in_band(new).then(Box::default);
        }
        self.touch(now);
    }

    /// The key that the last packet completed in the audio.
    pub(super) fn take_heard_key(&mut self) -> Option<dtmf::Digit> {
        self.heard_key.take()
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
        let mut restarted = false;
        let kind = if header.payload_type == params.payload_type {
            restarted = self.count(now, header, payload.len());
            self.in_noise = false;
            // The level of G.711 is read from its bytes.
            if let (Some(silence), Some(law)) = (&mut self.silence, params.codec.law()) {
                silence.hear(now, law.energy(payload), payload.len());
            }
            if let Some(law) = params.codec.law() {
                self.loudness.hear(|| law.energy(payload), payload.len());
            }
            if let (Some(in_band), Some(law)) = (&mut self.in_band, params.codec.law()) {
                self.heard_key = in_band.hear(payload.iter().map(|byte| law.decode(*byte)));
            }
            Kind::Audio
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
        } else if header.payload_type == noise::PAYLOAD_TYPE {
            self.count(now, header, payload.len());
            self.in_noise = true;
            Kind::ComfortNoise
        } else {
            self.refused += 1;
            return None;
        };
        Some(Arrival { packet, kind, restarted })
    }

    fn count(&mut self, now: Duration, header: Header, payload_len: usize) -> bool {
        self.touch(now);
        self.bytes += payload_len as u64;
        let restarted = self.reception.receive(now, header);
        if restarted {
            self.keys.source_changed();
        }
        restarted
    }

    /// Whether the leg owes no packets, because it has said how its silence sounds.
    pub(super) fn is_in_noise(&self) -> bool {
        self.in_noise
    }

    /// When the leg was last heard; `None` before its first packet.
    pub(super) fn heard_at(&self) -> Option<Duration> {
        (self.reception.received() > 0).then_some(self.heard_at)
    }

    /// Something proved that the leg is alive.
    pub(super) fn touch(&mut self, now: Duration) {
        self.heard_at = now;
        self.stall_reported = false;
    }

    /// Judges the loudness of audio that was decoded.
    pub(super) fn hear(&mut self, now: Duration, samples: &[i16]) {
        self.loudness.hear(|| level::energy(samples), samples.len());
        if let Some(silence) = &mut self.silence {
            silence.hear(now, level::energy(samples), samples.len());
        }
    }

    /// Energy and number of the samples that were measured since it was asked last.
    pub(super) fn take_loudness(&mut self) -> (u64, u32) {
        let Loudness { energy, samples, .. } = &mut self.loudness;
        (core::mem::take(energy), core::mem::take(samples))
    }

    pub(super) fn detect(&mut self, now: Duration, detect: DetectSet) {
        self.silence = detect.silence_ms.map(|silence_ms| Silence::new(now, silence_ms));
    }

    pub(super) fn detects(&self) -> bool {
        self.silence.is_some()
    }

    /// How long it has been quiet, once per stretch.
    pub(super) fn silence(&mut self, now: Duration) -> Option<u32> {
        self.silence.as_mut()?.due(now)
    }

    /// True once when nothing came for too long from a leg that should send.
    pub(super) fn stalled(&mut self, now: Duration, direction: Direction, stall_after: Option<Duration>) -> bool {
        let Some(limit) = stall_after else {
            return false;
        };
        let limit = if self.in_noise { limit * NOISE_LASTS } else { limit };
        let late = direction.receives() && now.saturating_sub(self.heard_at) >= limit;
        late && !core::mem::replace(&mut self.stall_reported, true)
    }
}

/// Whether keys are looked for in the audio.
fn listens_in_band(params: &PortParams) -> bool {
    params.dtmf_payload_type.is_none() && params.codec.law().is_some()
}

fn event_clock_hz(params: &PortParams) -> u32 {
    params.dtmf_payload_type.map_or(params.codec.clock_hz(), |(_, clock_hz)| clock_hz)
}
