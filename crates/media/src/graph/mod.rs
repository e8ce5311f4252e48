//! The media of many calls: ports, one per leg, and what flows between them.
//!
//! One graph per media thread. The thread stamps each datagram with `now` and hands it to
//! [`Graph::handle_rtp`], and calls [`Graph::tick`] every 20 ms; packets to send and events come
//! out through the sink closure, during the call. `now` is the time since any fixed origin.
//!
//! Two joined ports with the same codec relay: a packet leaves in the call in which it came, under
//! the header of the other side's stream, without decoding, copying or allocating. What else a port
//! sends (prompts, tones, digits, silence) is paced by the tick. Digits outrank a play or tone,
//! which outranks the joined port. Every switch continues the same SSRC, sequence and timestamps.
//!
//! Not here: sockets, SRTP, source address checks, who may hear whom.

mod inbound;
mod outbound;
mod output;
mod params;
mod source;

use core::time::Duration;
use std::{collections::BTreeMap, sync::Arc};

use thiserror::Error;

use self::{
    inbound::{Inbound, Kind},
    outbound::{ForeignEvent, Outbound},
    source::Source,
};
pub use self::{
    output::{MediaEvent, Output, PortStats},
    params::{DetectSet, Direction, PortId, PortParams},
};
use crate::{asset::Asset, dtmf, tone::ToneSpec};

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
    /// The two ports have different codecs.
    #[error("media ports have different codecs")]
    CodecsDiffer,
}

#[derive(Debug)]
struct Port {
    params: PortParams,
    inbound: Inbound,
    outbound: Outbound,
    peer: Option<PortId>,
    echo: bool,
}

/// All ports of one media thread.
#[derive(Debug, Default)]
pub struct Graph {
    ports: BTreeMap<PortId, Port>,
    /// Reused by every tick.
    ids: Vec<PortId>,
}

impl Graph {
    /// A graph without ports.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a leg's media end. Stall detection counts from `now`.
    pub fn add_port(
        &mut self,
        now: Duration,
        id: PortId,
        params: PortParams,
    ) -> Result<(), GraphError> {
        if self.ports.contains_key(&id) {
            return Err(GraphError::DuplicatePort);
        }
        let port = Port {
            params,
            inbound: Inbound::new(now, &params),
            outbound: Outbound::new(&params),
            peer: None,
            echo: false,
        };
        self.ports.insert(id, port);
        Ok(())
    }

    /// Changes what was agreed: hold, payload types, a new codec. Joins, plays and counts stay.
    pub fn update_port(
        &mut self,
        now: Duration,
        id: PortId,
        params: PortParams,
    ) -> Result<(), GraphError> {
        let port = self.port(id)?;
        port.inbound.update(now, &port.params, &params);
        port.outbound.update(&port.params, &params);
        port.params = params;
        Ok(())
    }

    /// Removes a port, splits it from its peer and returns its final counts.
    pub fn remove_port(&mut self, id: PortId) -> Option<PortStats> {
        self.split(id);
        self.ports.remove(&id).map(|port| port.stats())
    }

    /// Lets two ports hear each other; both leave whatever they were joined to.
    pub fn join(&mut self, a: PortId, b: PortId) -> Result<(), GraphError> {
        if a == b {
            return Err(GraphError::SamePort);
        }
        let codec = self.port(a)?.params.codec;
        if self.port(b)?.params.codec != codec {
            return Err(GraphError::CodecsDiffer);
        }
        self.split(a);
        self.split(b);
        self.port(a)?.peer = Some(b);
        self.port(b)?.peer = Some(a);
        Ok(())
    }

    /// Ends the join of a port on both its sides; nothing happens to one that has none.
    pub fn split(&mut self, id: PortId) {
        let peer = self.ports.get_mut(&id).and_then(|port| port.peer.take());
        if let Some(peer) = peer.and_then(|peer| self.ports.get_mut(&peer)) {
            peer.peer = None;
        }
    }

    /// Plays an asset to a port instead of what it plays now; `loops` of 0 repeat until flushed.
    pub fn play(&mut self, id: PortId, asset: Arc<Asset>, loops: u32) -> Result<(), GraphError> {
        self.port(id)?.outbound.source = Some(Source::asset(asset, loops));
        Ok(())
    }

    /// Plays a tone to a port instead of what it plays now.
    pub fn tone(&mut self, id: PortId, spec: ToneSpec) -> Result<(), GraphError> {
        self.port(id)?.outbound.source = Some(Source::tone(spec));
        Ok(())
    }

    /// Stops a play or tone and returns how long it played; no event follows.
    pub fn flush(&mut self, id: PortId) -> Option<u32> {
        let source = self.ports.get_mut(&id)?.outbound.source.take()?;
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
    pub fn detect(
        &mut self,
        now: Duration,
        id: PortId,
        detect: DetectSet,
    ) -> Result<(), GraphError> {
        self.port(id)?.inbound.detect(now, detect);
        Ok(())
    }

    /// RTCP or an ICE consent proved that the leg is alive though it sends no audio.
    pub fn touch(&mut self, now: Duration, id: PortId) {
        if let Some(port) = self.ports.get_mut(&id) {
            port.inbound.touch(now);
        }
    }

    /// Counts of a port so far.
    pub fn stats(&self, id: PortId) -> Option<PortStats> {
        self.ports.get(&id).map(Port::stats)
    }

    /// Takes a datagram of a port's RTP flow. Garbage is counted and dropped. The bytes are
    /// overwritten when the packet is relayed.
    pub fn handle_rtp(
        &mut self,
        now: Duration,
        id: PortId,
        bytes: &mut [u8],
        mut sink: impl FnMut(Output<'_>),
    ) {
        let Some(port) = self.ports.get_mut(&id) else {
            return;
        };
        let Some(arrival) = port.inbound.accept(now, &port.params, bytes) else {
            return;
        };
        if let Kind::Event {
            press: Some(press), ..
        } = arrival.kind
        {
            sink(Output::Event {
                port: id,
                event: digit_event(press),
            });
        }
        let (echo, source) = (port.echo, port.params);
        let destination = if echo { Some(id) } else { port.peer };
        let Some((to, port)) = destination.and_then(|to| Some((to, self.ports.get_mut(&to)?)))
        else {
            return;
        };
        let header = arrival.packet.header;
        let send = |packet: &[u8]| sink(Output::Send { port: to, packet });
        match arrival.kind {
            Kind::Audio { energy } => {
                port.outbound
                    .relay(now, &port.params, &arrival.packet, bytes, energy, send);
            }
            Kind::Event { event, .. } if !echo => {
                let clock_hz = source
                    .dtmf_payload_type
                    .map_or(source.codec.clock_hz(), |(_, hz)| hz);
                let foreign = ForeignEvent {
                    header,
                    event,
                    clock_hz,
                    relayed: true,
                };
                port.outbound
                    .forward_event(now, &port.params, foreign, send);
            }
            Kind::Event { .. } | Kind::ComfortNoise => port.outbound.swallow(now, header),
        }
    }

    /// Moves every port on by one 20 ms frame. Call it at a steady pace; after a delay call it as
    /// often as frames were missed.
    pub fn tick(&mut self, now: Duration, mut sink: impl FnMut(Output<'_>)) {
        let mut ids = core::mem::take(&mut self.ids);
        ids.clear();
        ids.extend(self.ports.keys().copied());
        for id in &ids {
            self.tick_port(now, *id, &mut sink);
        }
        self.ids = ids;
    }

    fn tick_port(&mut self, now: Duration, id: PortId, sink: &mut impl FnMut(Output<'_>)) {
        let Some(port) = self.ports.get_mut(&id) else {
            return;
        };
        let relayed = port.peer.is_some() || port.echo;
        let ended = port
            .outbound
            .tick(now, &port.params, None, relayed, |packet| {
                sink(Output::Send { port: id, packet })
            });
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
        if port
            .inbound
            .stalled(now, port.params.direction, port.params.stall_after)
        {
            report(MediaEvent::Stalled);
        }
    }

    fn port(&mut self, id: PortId) -> Result<&mut Port, GraphError> {
        self.ports.get_mut(&id).ok_or(GraphError::UnknownPort)
    }
}

impl Port {
    fn stats(&self) -> PortStats {
        PortStats {
            packets_in: self.inbound.reception.received(),
            bytes_in: self.inbound.bytes,
            lost_in: self.inbound.reception.lost(),
            jitter_ms: self.inbound.reception.jitter_ms(),
            refused_in: self.inbound.refused,
            energy_in: self.inbound.energy,
            packets_out: self.outbound.packets,
            bytes_out: self.outbound.bytes,
            energy_out: self.outbound.energy,
        }
    }
}

fn digit_event(press: dtmf::Press) -> MediaEvent {
    MediaEvent::Digit {
        digit: press.digit.as_char(),
        duration_ms: press.duration_ms,
    }
}
