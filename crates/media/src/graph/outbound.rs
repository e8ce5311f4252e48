//! What we send to a leg: one stream, fed in order of precedence by digits, a play or tone, the
//! bridged leg, or silence.

use core::time::Duration;

use super::{
    Fill, PortParams,
    packing::{Packed, Packing},
    source::{Frame, Source},
};
use crate::{
    FRAME_MS,
    codec::{Codec, Encoder, MAX_FRAME_LEN, Rate},
    dtmf::{self, Step},
    noise::{self, Noise},
    rewrite::Rewriter,
    rtp::{self, Header, Packet},
    tone,
};

/// Audio stays back for this long after an event packet of the bridged leg: events come every
/// 20 or 50 ms, and audio between them would cut the key short.
const EVENT_HOLDS_AUDIO: Duration = Duration::from_millis(60);

/// Of the loss that was expected before a report, so much is expected after one that tells of none.
const FORGOTTEN_LOSS: f32 = 0.75;

/// An event packet of the bridged leg.
pub(super) struct ForeignEvent {
    pub(super) header: Header,
    pub(super) event: dtmf::Event,
    /// Clock of the event in the leg that sent it.
    pub(super) clock_hz: u32,
    /// Both legs have the same codec: the packet has its place in the relayed stream. Else it gets
    /// one of its own.
    pub(super) relayed: bool,
}

/// A press of the bridged leg on its way to this one.
#[derive(Debug, Clone, Copy)]
struct ForwardedPress {
    source_timestamp: u32,
    timestamp: u32,
    seen_at: Duration,
    ended: bool,
}

#[derive(Debug)]
pub(super) struct Outbound {
    rewriter: Rewriter,
    pub(super) source: Option<Source>,
    pub(super) digits: dtmf::Sender,
    press_timestamp: u32,
    /// The tones of a digit for a leg without telephone-event.
    in_band: Option<tone::Generator>,
    forwarded: Option<ForwardedPress>,
    encoder: Encoder,
    /// Where packets of the leg are not of 20 ms, from its first on.
    packing: Option<Box<Packing>>,
    /// What the relayed leg wants to be heard as while it says nothing, where the leg can't make it itself.
    pub(super) noise: Noise,
    /// Share of our packets that will be lost, by the leg's reports.
    expected_loss: f32,
    /// Empty until something of our own is sent: a leg that is only relayed to never needs them.
    payload: Vec<u8>,
    packet: Vec<u8>,
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

impl Outbound {
    pub(super) fn new(params: &PortParams) -> Self {
        Self {
            rewriter: Rewriter::new(
                params.ssrc,
                params.codec.clock_hz(),
                params.first_sequence,
                params.first_timestamp,
            ),
            source: None,
            digits: dtmf::Sender::default(),
            press_timestamp: 0,
            in_band: None,
            forwarded: None,
            encoder: encoder(params),
            packing: None,
            noise: Noise::default(),
            expected_loss: 0.0,
            payload: Vec::new(),
            packet: Vec::new(),
            packets: 0,
            bytes: 0,
        }
    }

    /// Takes over changed parameters. A new SSRC begins a new stream, a new codec goes on in the old one.
    pub(super) fn update(&mut self, old: &PortParams, new: &PortParams) {
        if old.codec != new.codec {
            self.encoder = encoder(new);
            self.lost(self.expected_loss);
        }
        self.encoder.limit(new.most_bps);
        if (old.codec, old.packet_ms) != (new.codec, new.packet_ms) {
            self.packing = None;
        }
        if old.codec != new.codec {
            self.rewriter.change_clock(new.codec.clock_hz());
        }
        if old.ssrc != new.ssrc {
            self.rewriter = Rewriter::new(new.ssrc, new.codec.clock_hz(), new.first_sequence, new.first_timestamp);
            self.forwarded = None;
        }
        // What comes after a hold is a new talk spurt, later by as long as the hold was.
        if old.direction.sends() && !new.direction.sends() {
            self.rewriter.pause();
        }
    }

    /// The leg has lost this share of our packets lately, 0.0 to 1.0.
    pub(super) fn lost(&mut self, share: f32) {
        // Loss comes in bursts: what there was is expected again, less with each report.
        self.expected_loss = share.max(self.expected_loss * FORGOTTEN_LOSS);
        self.encoder.expect_loss((self.expected_loss * 100.0).round() as u8);
    }

    /// The RTP timestamp that stands for `now`, for sender reports.
    pub(super) fn timestamp_at(&self, now: Duration) -> u32 {
        self.rewriter.timestamp_at(now)
    }

    /// True while something of our own plays, which outranks the bridged leg.
    fn is_occupied(&self) -> bool {
        self.source.is_some() || self.digits.is_busy()
    }

    /// Forwards a packet of the same codec under our header, at once and without copying it.
    pub(super) fn relay(
        &mut self,
        now: Duration,
        params: &PortParams,
        packet: &Packet,
        bytes: &mut [u8],
        send: impl FnOnce(&[u8]),
    ) {
        self.noise.end();
        if !params.direction.sends() {
            self.rewriter.pause();
            return;
        }
        if self.is_occupied() {
            return;
        }
        let payload_len = packet.payload.len();
        let units = params.codec.payload_units(payload_len);
        let Some(header) = self.rewriter.relayed(now, packet.header, params.payload_type, units) else {
            return;
        };
        if let Some(rewritten) = packet.rewrite_in_place(bytes, header) {
            self.packets += 1;
            self.bytes += payload_len as u64;
            send(rewritten);
        }
    }

    /// The relayed leg says nothing for a while, and how that sounds: forwarded to a leg that takes it, made for any other.
    pub(super) fn relay_noise(
        &mut self,
        now: Duration,
        params: &PortParams,
        packet: &Packet,
        bytes: &mut [u8],
        send: impl FnOnce(&[u8]),
    ) {
        if !params.takes_noise || !params.direction.sends() || self.is_occupied() {
            self.swallow(now, packet.header);
            self.noise.begin(packet.payload(bytes));
            return;
        }
        let Some(header) = self.rewriter.relayed(now, packet.header, noise::PAYLOAD_TYPE, 0) else { return };
        if let Some(rewritten) = packet.rewrite_in_place(bytes, header) {
            self.packets += 1;
            self.bytes += packet.payload.len() as u64;
            send(rewritten);
        }
    }

    /// A packet of the relayed stream that this leg does not get.
    pub(super) fn swallow(&mut self, now: Duration, header: Header) {
        if !self.is_occupied() {
            self.rewriter.swallow(now, header);
        }
    }

    /// Forwards a key of the bridged leg, with its duration in this leg's clock.
    pub(super) fn forward_event(
        &mut self,
        now: Duration,
        params: &PortParams,
        foreign: ForeignEvent,
        send: impl FnOnce(&[u8]),
    ) {
        let ForeignEvent { header: source, event, clock_hz: source_clock_hz, relayed } = foreign;
        if !params.direction.sends() || self.is_occupied() {
            return;
        }
        let Some((payload_type, clock_hz)) = params.dtmf_payload_type else {
            if relayed {
                self.rewriter.swallow(now, source);
            }
            return;
        };
        let event = dtmf::Event { duration: dtmf::rescale(event.duration, source_clock_hz, clock_hz), ..event };
        let units = u32::from(dtmf::rescale(event.duration, clock_hz, params.codec.clock_hz()));
        let header = if relayed {
            self.rewriter.relayed(now, source, payload_type, units)
        } else {
            self.place_event(now, source, event, payload_type, units)
        };
        if let Some(header) = header {
            self.send_payload(header, &event.to_bytes(), send);
        }
    }

    fn place_event(
        &mut self,
        now: Duration,
        source: Header,
        event: dtmf::Event,
        payload_type: u8,
        units: u32,
    ) -> Option<Header> {
        let known = self.forwarded.filter(|press| press.source_timestamp == source.timestamp);
        let (timestamp, first) = match (known, self.forwarded) {
            (Some(press), _) => (press.timestamp, false),
            (None, Some(press)) if (source.timestamp.wrapping_sub(press.source_timestamp) as i32) < 0 => {
                return None;
            }
            _ => (self.rewriter.begin_event(now), true),
        };
        let ended = event.end || known.is_some_and(|press| press.ended);
        self.forwarded = Some(ForwardedPress { source_timestamp: source.timestamp, timestamp, seen_at: now, ended });
        Some(self.rewriter.event(now, payload_type, first, timestamp, units))
    }

    /// Sends this step's frame. `bridged` is audio of the other leg that was decoded for us, and
    /// `relayed` tells that the other leg's packets reach this one without us. Returns how long
    /// the source played when it ended.
    pub(super) fn tick(
        &mut self,
        now: Duration,
        params: &PortParams,
        bridged: Option<(Rate, &[i16])>,
        relayed: bool,
        mut send: impl FnMut(&[u8]),
    ) -> Option<u32> {
        match params.dtmf_payload_type {
            Some((payload_type, clock_hz)) => match self.digits.step(clock_hz) {
                Step::Event { event, first } => {
                    self.press(now, params, (payload_type, clock_hz), event, first, send);
                    return None;
                }
                Step::Gap => return None,
                Step::Idle => {}
            },
            None => {
                let step = self.digits.step(params.codec.clock_hz());
                if step != Step::Idle {
                    self.press_in_band(now, params, step, send);
                    return None;
                }
            }
        }
        if self.source.is_some() {
            return self.play(now, params, send);
        }
        if self.is_event_passing(now) {
            return None;
        }
        if let Some((rate, samples)) = bridged {
            self.send_samples(now, params, rate, samples, &mut send);
        } else if relayed && self.noise.is_on() {
            let mut samples = [0; MAX_FRAME_LEN];
            let frame = samples.get_mut(..Rate::Narrow.frame_len()).unwrap_or_default();
            self.noise.fill(frame);
            self.send_samples(now, params, Rate::Narrow, frame, &mut send);
        } else if self.fills(params.fill) && !relayed {
            self.send_silence(now, params, send);
        }
        None
    }

    fn fills(&self, fill: Fill) -> bool {
        match fill {
            Fill::Never => false,
            Fill::OnceHeard => self.packets > 0,
            Fill::Always => true,
        }
    }

    fn is_event_passing(&self, now: Duration) -> bool {
        self.forwarded.is_some_and(|press| !press.ended && now.saturating_sub(press.seen_at) < EVENT_HOLDS_AUDIO)
    }

    fn play(&mut self, now: Duration, params: &PortParams, mut send: impl FnMut(&[u8])) -> Option<u32> {
        let mut samples = [0; MAX_FRAME_LEN];
        let mut source = self.source.take()?;
        match source.next(params.codec, &mut samples) {
            None => {
                self.send_waiting(now, params, &mut send);
                return Some(source.played_ms());
            }
            Some(Frame::Encoded(payload)) if params.direction.sends() => {
                self.send_frame(now, params, payload, &mut send);
            }
            Some(Frame::Encoded(_)) => {}
            Some(Frame::Linear(rate)) => {
                let frame = samples.get(..rate.frame_len()).unwrap_or_default();
                self.send_samples(now, params, rate, frame, &mut send);
            }
        }
        self.source = Some(source);
        None
    }

    fn press(
        &mut self,
        now: Duration,
        params: &PortParams,
        (payload_type, clock_hz): (u8, u32),
        event: dtmf::Event,
        first: bool,
        send: impl FnMut(&[u8]),
    ) {
        if !params.direction.sends() {
            return;
        }
        if first {
            self.press_timestamp = self.rewriter.begin_event(now);
        }
        let units = u32::from(dtmf::rescale(event.duration, clock_hz, params.codec.clock_hz()));
        let header = self.rewriter.event(now, payload_type, first, self.press_timestamp, units);
        self.send_payload(header, &event.to_bytes(), send);
    }

    fn press_in_band(&mut self, now: Duration, params: &PortParams, step: Step, mut send: impl FnMut(&[u8])) {
        if let Step::Event { event, first: true } = step {
            self.in_band = dtmf::Digit::from_code(event.code)
                .map(|digit| tone::Generator::new(tone::ToneSpec::digit(digit, dtmf::ON_MS)));
        }
        let mut samples = [0; MAX_FRAME_LEN];
        let frame = samples.get_mut(..Rate::Narrow.frame_len()).unwrap_or_default();
        if let Some(generator) = &mut self.in_band {
            generator.fill(frame, Rate::Narrow.hz());
        }
        self.send_samples(now, params, Rate::Narrow, frame, &mut send);
    }

    fn send_samples(
        &mut self,
        now: Duration,
        params: &PortParams,
        rate: Rate,
        samples: &[i16],
        send: &mut impl FnMut(&[u8]),
    ) {
        if !params.direction.sends() {
            return;
        }
        let mut payload = core::mem::take(&mut self.payload);
        payload.clear();
        // A frame that cannot be encoded is left out; the timestamps of the next catch up.
        if self.encoder.encode(rate, samples, &mut payload).is_ok() {
            self.send_frame(now, params, &payload, send);
        } else {
            self.rewriter.pause();
        }
        self.payload = payload;
    }

    fn send_silence(&mut self, now: Duration, params: &PortParams, mut send: impl FnMut(&[u8])) {
        if !params.direction.sends() {
            return;
        }
        if params.codec == Codec::G722 {
            // Its silence depends on what was said before.
            return self.send_samples(now, params, Rate::Wide, &[0; MAX_FRAME_LEN], &mut send);
        }
        match params.codec {
            Codec::G722 => {}
            Codec::Pcmu => self.send_frame(now, params, &[crate::g711::ULAW_SILENCE; 160], &mut send),
            Codec::Pcma => self.send_frame(now, params, &[crate::g711::ALAW_SILENCE; 160], &mut send),
            Codec::Opus => self.send_frame(now, params, &OPUS_SILENCE, &mut send),
        }
    }

    /// Sends an encoded frame, in packets of the length that the leg wants.
    fn send_frame(&mut self, now: Duration, params: &PortParams, frame: &[u8], send: &mut impl FnMut(&[u8])) {
        if params.packet_ms == FRAME_MS {
            let header = self.rewriter.generated(now, params.payload_type, params.codec.frame_units());
            return self.send_payload(header, frame, send);
        }
        let mut packing = self.packing.take().unwrap_or_default();
        if self.rewriter.resume(now) {
            packing.begin();
        }
        packing.push(params.codec, params.packet_ms, frame, |packed| self.send_packed(now, params, &packed, send));
        self.packing = Some(packing);
    }

    /// Sends the rest that fills no packet.
    fn send_waiting(&mut self, now: Duration, params: &PortParams, send: &mut impl FnMut(&[u8])) {
        let Some(mut packing) = self.packing.take() else { return };
        if self.rewriter.resume(now) {
            packing.begin();
        } else if params.direction.sends() {
            packing.flush(params.codec, |packed| self.send_packed(now, params, &packed, send));
        }
        self.packing = Some(packing);
    }

    fn send_packed(&mut self, now: Duration, params: &PortParams, packed: &Packed<'_>, send: &mut impl FnMut(&[u8])) {
        let header = self.rewriter.going_on(now, params.payload_type, packed.units, packed.begins);
        self.send_payload(header, packed.payload, send);
    }

    fn send_payload(&mut self, header: Header, payload: &[u8], send: impl FnOnce(&[u8])) {
        rtp::write(&mut self.packet, header, payload);
        self.packets += 1;
        self.bytes += payload.len() as u64;
        send(&self.packet);
    }
}

fn encoder(params: &PortParams) -> Encoder {
    let mut encoder = Encoder::new(params.codec);
    encoder.limit(params.most_bps);
    encoder
}

/// A 20 ms Opus frame of silence that any decoder accepts: full-band CELT, mono, nothing coded.
const OPUS_SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_expected_for_a_while_after_it_was_told() {
        let mut outbound = Outbound::new(&PortParams::new(Codec::Opus, 111, 1));
        let expected = [0.2, 0.0, 0.0, 0.12, 0.3].map(|share| {
            outbound.lost(share);
            (outbound.expected_loss * 1_000.0).round()
        });
        assert_eq!(expected, [200.0, 150.0, 113.0, 120.0, 300.0]);
    }
}
