//! The media of many calls: ports, one per leg, and what flows between them.
//!
//! One graph per media thread. The thread stamps each datagram with `now` and hands it to
//! [`Graph::handle_rtp`], and calls [`Graph::step`] every 5 ms; packets to send and events come
//! out through the sink closure, during the call. `now` is the time since any fixed origin.
//!
//! Two joined ports with the same codec relay: a packet leaves in the call in which it came, under
//! the header of the other side's stream, without decoding, copying or allocating. With different
//! codecs they transcode at 8 kHz, through a jitter buffer; in a mix everyone hears the sum of all
//! others in the same way, at 16 kHz where they can. That and what else a port sends (prompts, tones, digits, silence) is paced
//! by the tick. Digits outrank a play or tone, which outranks the joined ports. Every switch continues
//! the same SSRC, sequence and timestamps. What a port says in the moment before it is joined is heard too. A tap listens in without changing any of it.
//!
//! Not here: sockets, SRTP, source address checks, who may hear whom.

mod control;
mod early;
mod inbound;
mod mix;
mod outbound;
mod output;
mod pace;
mod packing;
mod params;
mod playout;
mod port;
mod silence;
mod source;
mod table;
mod tap;

use core::time::Duration;
use std::{collections::BTreeMap, sync::Arc};

use thiserror::Error;

pub use self::{
    early::EARLY_FOR,
    mix::{MixId, Voice},
    output::{MediaEvent, Output, PortStats},
    pace::{STEP, STEPS},
    params::{DetectSet, Direction, Fill, PortId, PortParams},
    port::Port,
    table::PortTable,
    tap::{Side, Tapped},
};
use self::{
    inbound::{Arrival, Kind},
    mix::{Heard, Mix},
    outbound::ForeignEvent,
    pace::Pace,
    playout::Playout,
    port::Link,
    source::Source,
    tap::Tap,
};
use crate::{
    asset::Asset,
    codec::Codec,
    dtmf,
    feed::Feed,
    rtp,
    tone::ToneSpec,
    watch::{Look, Piece},
};

/// How long a key in the audio has been heard when it is told.
const IN_BAND_HEARD_MS: u32 = 25;

/// Why a command was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum GraphError {
    /// No port has this id; it was removed or never added.
    #[error("no such media port")]
    UnknownPort,
    /// The id is taken.
    #[error("media port exists already")]
    DuplicatePort,
    /// A port cannot be joined to itself; that is [`Graph::echo`].
    #[error("a media port cannot be joined to itself")]
    SamePort,
    /// The ports have different codecs and the crate was built without Opus.
    #[error("built without Opus, which this join must transcode")]
    CannotTranscode,
}

/// All ports of one media thread.
#[derive(Debug, Default)]
pub struct Graph {
    /// Boxed: a table with holes shall be small.
    ports: PortTable<Box<Port>>,
    mixes: BTreeMap<MixId, Mix>,
    /// Ports that are heard since a moment ago, and said something just before.
    early: Vec<PortId>,
    pace: Pace,
}

impl Graph {
    /// A graph without ports.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a leg's media end. Stall detection counts from `now`.
    pub fn add_port(&mut self, now: Duration, id: PortId, params: PortParams) -> Result<(), GraphError> {
        self.put_port(id, Box::new(Port::new(now, params))).map_err(|_| GraphError::DuplicatePort)
    }

    /// Takes a port out with all that it plays, counts and holds, for another graph with the same clock; splits it from its
    /// peer.
    pub fn take_port(&mut self, id: PortId) -> Option<Box<Port>> {
        self.split(id);
        let port = self.ports.remove(id)?;
        self.pace.leave(port.step);
        Some(port)
    }

    /// Puts in what [`Self::take_port`] took out of another graph; gives it back when its place is taken.
    pub fn put_port(&mut self, id: PortId, port: Box<Port>) -> Result<(), Box<Port>> {
        if !self.ports.is_free(id) {
            return Err(port);
        }
        self.pace.enter(port.step);
        self.ports.insert(id, port);
        Ok(())
    }

    /// The port that a port is joined to.
    pub fn joined(&self, id: PortId) -> Option<PortId> {
        self.ports.get(id)?.link.peer()
    }

    /// Changes what was agreed: hold, payload types, a new codec. Joins, plays and counts stay.
    pub fn update_port(&mut self, now: Duration, id: PortId, params: PortParams) -> Result<(), GraphError> {
        let port = self.port(id)?;
        port.update(now, params);
        match port.link.peer() {
            Some(peer) => self.link(id, peer),
            None => Ok(()),
        }
    }

    /// Removes a port, splits it from its peer and returns its final counts.
    pub fn remove_port(&mut self, id: PortId) -> Option<PortStats> {
        self.take_port(id).map(|port| port.stats())
    }

    /// Lets two ports hear each other; both leave whatever they were joined to.
    pub fn join(&mut self, a: PortId, b: PortId) -> Result<(), GraphError> {
        if a == b {
            return Err(GraphError::SamePort);
        }
        let (codec, other) = (self.port(a)?.params.codec, self.port(b)?.params.codec);
        if codec != other && [codec, other].contains(&Codec::Opus) && !cfg!(feature = "opus") {
            return Err(GraphError::CannotTranscode);
        }
        self.split(a);
        self.split(b);
        self.link(a, b)
    }

    fn link(&mut self, a: PortId, b: PortId) -> Result<(), GraphError> {
        let (codec, other) = (self.port(a)?.params.codec, self.port(b)?.params.codec);
        self.port(a)?.set_link(Link::between(codec, b, other));
        self.port(b)?.set_link(Link::between(other, a, codec));
        self.pace_pair(a, b);
        self.is_heard(a);
        self.is_heard(b);
        Ok(())
    }

    /// Ends the join of a port on both its sides, or takes it out of its mix; nothing happens to one that has neither.
    pub fn split(&mut self, id: PortId) {
        let Some(port) = self.ports.get_mut(id) else { return };
        let link = core::mem::replace(&mut port.link, Link::None);
        port.set_link(Link::None);
        if let Link::Mix(mix) = link {
            self.leave_mix(id, mix);
        }
        if let Some(peer) = link.peer().and_then(|peer| self.ports.get_mut(peer)) {
            peer.set_link(Link::None);
        }
    }

    /// Takes a port out of that mix; nothing happens to one that is in another, or joined with somebody meanwhile.
    pub fn unmix(&mut self, id: PortId, mix: MixId) {
        if self.ports.get_mut(id).is_some_and(|port| matches!(port.link, Link::Mix(of) if of == mix)) {
            self.split(id);
        }
    }

    /// Plays an asset to a port instead of what it plays now; `loops` of 0 repeat until flushed.
    pub fn play(&mut self, id: PortId, asset: Arc<Asset>, loops: u32) -> Result<(), GraphError> {
        self.port(id)?.outbound.source = Some(Source::asset(asset, loops));
        Ok(())
    }

    /// Plays what is fed to a port instead of what it plays now, and silence where nothing is; until flushed.
    pub fn feed(&mut self, id: PortId, feed: Arc<Feed>) -> Result<(), GraphError> {
        self.port(id)?.outbound.source = Some(Source::feed(feed));
        Ok(())
    }

    /// Plays a tone to a port instead of what it plays now.
    pub fn tone(&mut self, id: PortId, spec: ToneSpec) -> Result<(), GraphError> {
        self.port(id)?.outbound.source = Some(Source::tone(spec));
        Ok(())
    }

    /// Plays a short tone to a port over what it hears: a play or tone is interrupted and goes on after it, and ends as it would
    /// have. Without one the port's own end is reported ([`MediaEvent::PlayEnded`] after 0 ms).
    pub fn beep(&mut self, id: PortId, spec: ToneSpec) -> Result<(), GraphError> {
        let outbound = &mut self.port(id)?.outbound;
        outbound.source = Some(Source::beep(spec, outbound.source.take()));
        Ok(())
    }

    /// Stops a play or tone and returns how long it played; no event follows.
    pub fn flush(&mut self, id: PortId) -> Option<u32> {
        let source = self.ports.get_mut(id)?.outbound.source.take()?;
        Some(source.played_ms())
    }

    /// Presses digits towards a leg, 100 ms on and 100 ms off, as telephone events or, where none
    /// were agreed, as tones. Returns how many fitted into the queue.
    pub fn send_digits(
        &mut self,
        id: PortId,
        digits: impl IntoIterator<Item = dtmf::Digit>,
    ) -> Result<usize, GraphError> {
        Ok(self.port(id)?.outbound.digits.push(digits))
    }

    /// Sends a leg its own audio back, or stops doing so. Events are not echoed.
    pub fn echo(&mut self, id: PortId, on: bool) -> Result<(), GraphError> {
        self.port(id)?.echo = on;
        Ok(())
    }

    /// Replaces what is looked for in a port's audio; silence counts from `now`.
    pub fn detect(&mut self, now: Duration, id: PortId, detect: DetectSet) -> Result<(), GraphError> {
        let port = self.port(id)?;
        port.inbound.detect(now, detect);
        port.choose_playout();
        Ok(())
    }

    /// Listens in on a port from now on, or stops: its audio both ways comes out as [`Output::Tapped`].
    pub fn tap(&mut self, now: Duration, id: PortId, on: bool) -> Result<(), GraphError> {
        self.port(id)?.tap = on.then(|| Box::new(Tap::new(now)));
        Ok(())
    }

    /// For how long somebody has been listening in on a port; `None` while nobody is.
    pub fn tapped_for(&self, now: Duration, id: PortId) -> Option<Duration> {
        self.ports.get(id)?.tap.as_ref().map(|tap| tap.since(now))
    }

    /// RTCP or an ICE consent proved that the leg is alive though it sends no audio.
    pub fn touch(&mut self, now: Duration, id: PortId) {
        if let Some(port) = self.ports.get_mut(id) {
            port.inbound.touch(now);
        }
    }

    /// Looks how a port's leg sounds, once a second: a piece of it that is full, and whether it has fallen silent.
    pub fn watch(&mut self, now: Duration, id: PortId) -> Option<Look> {
        self.ports.get_mut(id).map(|port| port.look(now))
    }

    /// The last piece of a port that is about to be removed.
    pub fn last_piece(&mut self, now: Duration, id: PortId) -> Option<Piece> {
        self.ports.get_mut(id)?.last_piece(now)
    }

    /// Counts of a port so far.
    pub fn stats(&self, id: PortId) -> Option<PortStats> {
        self.ports.get(id).map(|port| port.stats())
    }

    /// When a port was last heard, on the clock of `now`; `None` before its first packet.
    pub fn heard_at(&self, id: PortId) -> Option<Duration> {
        self.ports.get(id)?.inbound.heard_at()
    }

    /// Takes a datagram of a port's RTP flow. Garbage is counted and dropped. The bytes are
    /// overwritten when the packet is relayed.
    pub fn handle_rtp(&mut self, now: Duration, id: PortId, bytes: &mut [u8], mut sink: impl FnMut(Output<'_>)) {
        self.say_early(now, &mut sink);
        let Some(port) = self.ports.get_mut(id) else {
            return;
        };
        let Some(arrival) = port.inbound.accept(now, &port.params, bytes) else {
            return;
        };
        if let Kind::Event { press: Some(press), .. } = arrival.kind {
            sink(Output::Event { port: id, event: digit_event(press) });
        }
        if let Some(digit) = port.inbound.take_heard_key() {
            // How long it is held is known only later, and whoever waits for it need not wait for that.
            let event = MediaEvent::Digit { digit: digit.as_char(), duration_ms: IN_BAND_HEARD_MS };
            sink(Output::Event { port: id, event });
        }
        let header = arrival.packet.header;
        if let (Some(tap), Kind::Audio) = (&mut port.tap, &arrival.kind) {
            let codec = port.params.codec;
            let at = tap.place(now, Side::Said, header, codec.clock_hz(), arrival.restarted);
            sink(Output::Tapped(Tapped {
                port: id,
                side: Side::Said,
                at,
                codec,
                payload: arrival.packet.payload(bytes),
            }));
        }
        self.pass_on(now, id, arrival, bytes, &mut sink);
    }

    /// Gives a packet of a port to whoever hears the port.
    fn pass_on(
        &mut self,
        now: Duration,
        id: PortId,
        arrival: Arrival,
        bytes: &mut [u8],
        mut sink: impl FnMut(Output<'_>),
    ) {
        let Some(port) = self.ports.get_mut(id) else { return };
        let header = arrival.packet.header;
        if let Some(playout) = &mut port.playout {
            match arrival.kind {
                Kind::Audio => playout.insert(now, header, arrival.packet.payload(bytes)),
                Kind::Event { .. } => playout.skip(header),
                Kind::ComfortNoise => playout.noise(header, arrival.packet.payload(bytes)),
            }
        }
        let (echo, source, link) = (port.echo, port.params, port.link);
        if link == Link::None && !echo {
            if matches!(arrival.kind, Kind::Audio) {
                port.keep_early(now, bytes);
            }
            return;
        }
        let destination = if echo { Some(id) } else { link.peer() };
        let relayed = echo || matches!(link, Link::Relay(_));
        let Some((to, port)) = destination.and_then(|to| Some((to, self.ports.get_mut(to)?))) else {
            return;
        };
        let Port { outbound, tap, params, .. } = &mut **port;
        let send = |packet: &[u8]| send(now, to, params, tap, packet, &mut sink);
        match arrival.kind {
            Kind::Audio if relayed => outbound.relay(now, params, &arrival.packet, bytes, send),
            Kind::Event { event, .. } if !echo => {
                let clock_hz = source.dtmf_payload_type.map_or(source.codec.clock_hz(), |(_, hz)| hz);
                let foreign = ForeignEvent { header, event, clock_hz, relayed };
                outbound.forward_event(now, params, foreign, send);
            }
            Kind::Event { .. } if relayed => outbound.swallow(now, header),
            Kind::ComfortNoise if relayed => outbound.relay_noise(now, params, &arrival.packet, bytes, send),
            _ => {}
        }
    }

    /// Moves every port on by one 20 ms frame: all its steps at once.
    pub fn tick(&mut self, now: Duration, mut sink: impl FnMut(Output<'_>)) {
        for step in 0..STEPS {
            self.step(now, step, &mut sink);
        }
    }

    /// Moves the ports of one of a frame's steps on by 20 ms. Call it for one step after the other, 0 to 3, at a steady pace of
    /// [`STEP`]; after a delay as often as steps were missed. Where [`Self::has_step`] says no, there is nothing to do.
    pub fn step(&mut self, now: Duration, step: u8, mut sink: impl FnMut(Output<'_>)) {
        self.say_early(now, &mut sink);
        if !self.has_step(step) {
            return;
        }
        // All listen before any speaks, so that both directions of a join have the same delay.
        for (_, port) in self.ports.iter_mut().filter(|(_, port)| port.step == step) {
            port.listen(now);
        }
        if step == 0 {
            self.sum_mixes();
        }
        for index in 0..self.ports.end() {
            let Some(id) = self.ports.at(index) else { continue };
            if self.ports.get(id).is_some_and(|port| port.step == step) {
                self.tick_port(now, id, &mut sink);
            }
        }
    }

    fn tick_port(&mut self, now: Duration, id: PortId, sink: &mut impl FnMut(Output<'_>)) {
        let Some(port) = self.ports.get(id) else { return };
        let link = port.link;
        let said = |port: PortId| self.ports.get(port)?.playout.as_ref()?.frame();
        let (transcoded, mixed) = match link {
            Link::Transcode(peer) => (said(peer).copied(), None),
            Link::Mix(mix) => (None, self.heard_in(mix, id)),
            Link::None | Link::Relay(_) => (None, None),
        };
        let Some(port) = self.ports.get_mut(id) else { return };
        let bridged = transcoded.as_ref().map(|frame| (Playout::RATE, frame.as_slice()));
        let bridged = bridged.or_else(|| mixed.as_ref().map(Heard::as_frame));
        let relayed = port.echo || matches!(link, Link::Relay(_));
        let Port { outbound, tap, params, .. } = &mut **port;
        let ended =
            outbound.tick(now, params, bridged, relayed, |packet| send(now, id, params, tap, packet, &mut *sink));
        let mut report = |event| sink(Output::Event { port: id, event });
        if let Some(played_ms) = ended {
            report(MediaEvent::PlayEnded { played_ms });
        }
        if let Some(press) = port.inbound.keys.expire(now) {
            report(digit_event(press));
        }
        if let Some(silence_ms) = port.inbound.silence(now) {
            report(MediaEvent::Silence { silence_ms });
        }
        if port.inbound.stalled(now, port.params.direction, port.params.stall_after) {
            report(MediaEvent::Stalled);
        }
    }

    fn port(&mut self, id: PortId) -> Result<&mut Port, GraphError> {
        self.ports.get_mut(id).map(|port| &mut **port).ok_or(GraphError::UnknownPort)
    }
}

/// Gives a packet to the leg and to whoever listens in. A tap hears audio only, as it does of the other side.
fn send(
    now: Duration,
    port: PortId,
    params: &PortParams,
    tap: &mut Option<Box<Tap>>,
    packet: &[u8],
    sink: &mut impl FnMut(Output<'_>),
) {
    if let Some(tap) = tap
        && let Ok(parsed) = rtp::Packet::parse(packet)
        && parsed.header.payload_type == params.payload_type
    {
        let codec = params.codec;
        let at = tap.place(now, Side::Heard, parsed.header, codec.clock_hz(), false);
        sink(Output::Tapped(Tapped { port, side: Side::Heard, at, codec, payload: parsed.payload(packet) }));
    }
    sink(Output::Send { port, packet });
}

fn digit_event(press: dtmf::Press) -> MediaEvent {
    MediaEvent::Digit { digit: press.digit.as_char(), duration_ms: press.duration_ms }
}
