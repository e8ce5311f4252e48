//! What we send to a leg: one stream, fed in order of precedence by digits, a play or tone, the
//! bridged leg, or silence.

use core::time::Duration;

use super::{
    Fill, PortParams,
    source::{Frame, Source},
};
use crate::{
    codec::{Codec, Encoder, MAX_FRAME_LEN, Rate},
    dtmf::{self, Step},
    rewrite::Rewriter,
    rtp::{self, Header, Packet},
    tone,
};

/// Audio stays back for this long after an event packet of the bridged leg: events come every
/// 20 or 50 ms, and audio between them would cut the key short.
const EVENT_HOLDS_AUDIO: Duration = Duration::from_millis(60);

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
            encoder: Encoder::new(params.codec),
            payload: Vec::new(),
            packet: Vec::new(),
            packets: 0,
            bytes: 0,
        }
    }

    /// Takes over changed parameters. A new SSRC begins a new stream, a new codec goes on in the old one.
    pub(super) fn update(&mut self, old: &PortParams, new: &PortParams) {
        if old.codec != new.codec {
            self.encoder = Encoder::new(new.codec);
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
            None => return Some(source.played_ms()),
            Some(Frame::Encoded(payload)) if params.direction.sends() => {
                let header = self.rewriter.generated(now, params.payload_type, params.codec.frame_units());
                self.send_payload(header, payload, send);
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
            let header = self.rewriter.generated(now, params.payload_type, params.codec.frame_units());
            self.send_payload(header, &payload, send);
        } else {
            self.rewriter.pause();
        }
        self.payload = payload;
    }

    fn send_silence(&mut self, now: Duration, params: &PortParams, send: impl FnMut(&[u8])) {
        if !params.direction.sends() {
            return;
        }
        if params.codec == Codec::G722 {
            // Its silence depends on what was said before.
            return self.send_samples(now, params, Rate::Wide, &[0; MAX_FRAME_LEN], &mut { send });
        }
        let header = self.rewriter.generated(now, params.payload_type, params.codec.frame_units());
        match params.codec {
            Codec::G722 => {}
            Codec::Pcmu => self.send_payload(header, &[crate::g711::ULAW_SILENCE; 160], send),
            Codec::Pcma => self.send_payload(header, &[crate::g711::ALAW_SILENCE; 160], send),
            Codec::Opus => self.send_payload(header, &OPUS_SILENCE, send),
        }
    }

    fn send_payload(&mut self, header: Header, payload: &[u8], send: impl FnOnce(&[u8])) {
        rtp::write(&mut self.packet, header, payload);
        self.packets += 1;
        self.bytes += payload.len() as u64;
        send(&self.packet);
    }
}

/// A 20 ms Opus frame of silence that any decoder accepts: full-band CELT, mono, nothing coded.
const OPUS_SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
