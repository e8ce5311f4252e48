//! What a media thread does when it is ordered to.

use core::time::Duration;
use std::collections::VecDeque;

use media::{EARLY_FOR, Graph, MediaEvent, Output, PortId};

use super::{
    Agreed,
    command::{CallKey, Command, NewPort, Order, Transport},
    engine::{Engine, token_of},
    legs::{Leg, Wire},
    moving::Moved,
    sockets::Sockets,
};
use crate::entropy::Entropy;

/// Mean time between two reports to a leg (RFC 3550 §6.2); each is off by up to half of it, so that the reports of many
/// legs do not come in bursts.
const REPORT_EVERY: Duration = Duration::from_secs(5);

impl Engine {
    /// Does all that was ordered, and what waited for calls that have arrived.
    pub(super) fn obey(&mut self) {
        while let Ok(order) = self.queues.orders.try_recv() {
            self.obey_one(order);
        }
        while let Some((moved, kept)) = self.expected.arrived() {
            if let Some(moved) = moved {
                self.arrive(moved);
            }
            for order in kept {
                self.obey_one(order);
            }
        }
    }

    fn obey_one(&mut self, order: Order) {
        let Some(Order { call, command, .. }) = self.expected.postpone(order) else { return };
        match command {
            Command::Expect(arrival) => self.expected.expect(call, arrival),
            Command::Depart(hand_over, waker) => {
                // The other end waits; if its thread is gone, the legs end here.
                let _ = hand_over.send(self.depart(call));
                let _ = waker.wake();
            }
            command => self.command(call, command),
        }
    }

    fn command(&mut self, call: CallKey, command: Command) {
        let legs = &self.legs;
        let Some(command) = self.waiting.postpone(command, |id| legs.negotiates(id)) else { return };
        let now = self.now();
        let done = match command {
            Command::Add(port) => return self.add(call, *port),
            Command::Configure(id, agreed) => return self.configure(call, id, agreed),
            Command::Remove(id) => return self.remove(id),
            Command::Stop => {
                self.stopped = true;
                return;
            }
            Command::Remote(id, address) => {
                if let Some(sockets) = self.legs.sockets(id) {
                    sockets.signal(address);
                }
                return;
            }
            Command::Secure(id, security) => {
                if let Some(sockets) = self.legs.sockets(id) {
                    sockets.secure(security);
                }
                self.legs.tell_security(id);
                return;
            }
            Command::Mux(id, is_muxed) => {
                if let Some(sockets) = self.legs.sockets(id) {
                    sockets.mux(is_muxed);
                }
                return;
            }
            Command::Handshake(id, datagram) => {
                if let Some(sockets) = self.legs.sockets(id) {
                    sockets.send_handshake(&datagram);
                }
                return;
            }
            Command::Stats(id, reply) => {
                if let Some(stats) = self.graph.stats(id) {
                    // The asker may have gone away; the counts are not needed elsewhere.
                    let _ = reply.send(stats);
                }
                return;
            }
            Command::SinceHeard(ids, reply) => {
                let heard_at = ids.into_iter().filter_map(|id| self.graph.heard_at(id)).max();
                let _ = reply.send(heard_at.map(|at| now.saturating_sub(at)));
                return;
            }
            Command::Touch(id) => return self.graph.touch(now, id),
            Command::Split(id) => return self.graph.split(id),
            Command::Unmix(id, mix) => return self.graph.unmix(id, mix),
            Command::Flush(id) => {
                self.graph.flush(id);
                return;
            }
            // Above.
            Command::Expect(_) | Command::Depart(..) => return,
            Command::Join(a, b) => self.graph.join(a, b),
            Command::Mix(id, mix, voice) => self.graph.mix(id, mix, voice),
            Command::Play { id, asset, loops } => {
                let played = self.graph.play(id, asset, loops);
                self.end_refused(id, played.is_err());
                played
            }
            Command::Feed(id, feed) => self.graph.feed(id, feed),
            Command::Tone(id, spec) => {
                let played = self.graph.tone(id, spec);
                self.end_refused(id, played.is_err());
                played
            }
            Command::Beep(id, spec) => self.graph.beep(id, spec),
            Command::Digits(id, digits) => self.graph.send_digits(id, digits).map(|_| ()),
            Command::Echo(id, on) => self.graph.echo(id, on),
            Command::Detect(id, detect) => self.graph.detect(now, id, detect),
            Command::Tap(id, ring) => match self.graph.tapped_for(now, id) {
                // Another listens already: the tap runs on, and this one counts from here.
                Some(since) => return self.legs.listen(id, since, ring),
                None => {
                    self.legs.listen(id, Duration::ZERO, ring);
                    self.graph.tap(now, id, true)
                }
            },
        };
        if let Err(error) = done {
            // A leg that ended while the command was on its way is the usual reason.
            tracing::debug!(%error, "a media command was refused");
        }
    }

    /// A play that could not start has ended, so that the verb that waits for it goes on.
    fn end_refused(&mut self, id: PortId, refused: bool) {
        if refused {
            self.legs.dispatch(Output::Event { port: id, event: MediaEvent::PlayEnded { played_ms: 0 } });
        }
    }

    fn add(&mut self, call: CallKey, port: NewPort) {
        let wire = match port.transport {
            Transport::Packets(outgoing) => Wire::Packets(outgoing),
            Transport::Nowhere => Wire::Nowhere,
            Transport::Udp(pair, named) => Wire::Udp(Box::new(Sockets::new(pair, named))),
        };
        let leg = Box::new(Leg {
            call,
            tag: port.leg,
            events: port.events,
            backlog: VecDeque::new(),
            stream: port.stream,
            configured: false,
            early: None,
            wire,
            secured: None,
            listeners: Vec::new(),
            quality: port.quality,
        });
        self.watch(port.id, &leg);
        self.legs.insert(port.id, leg);
    }

    fn watch(&self, id: PortId, leg: &Leg) {
        if let Wire::Udp(sockets) = &leg.wire
            && let Err(error) = sockets.watch(&self.poller, token_of(id, false), token_of(id, true))
        {
            // The leg stays deaf and ends by `media.timeout`; other legs are not touched.
            tracing::error!(%error, "an RTP socket could not be watched");
        }
    }

    fn configure(&mut self, call: CallKey, id: PortId, agreed: Agreed) {
        let now = self.now();
        let Some(leg) = self.legs.get_mut(id) else { return };
        let params = agreed.params(leg.stream, leg.wire.fill());
        let first = !std::mem::replace(&mut leg.configured, true);
        let mut early = leg.early.take();
        if let Wire::Udp(sockets) = &mut leg.wire {
            // By now it is known by which keys it came.
            early = early.and_then(|mut early| {
                if !early.is_open {
                    let length = sockets.open_early(&mut early.packet)?;
                    early.packet.truncate(length);
                }
                Some(early)
            });
            sockets.hold(!agreed.direction.sends());
            if first {
                // The first one comes sooner (RFC 3550 §6.2).
                sockets.report_at = Some(now + ReportName::after(&self.shared.entropy) / 2);
            }
        }
        let done = if first { self.graph.add_port(now, id, params) } else { self.graph.update_port(now, id, params) };
        if let Err(error) = done {
            tracing::debug!(%error, "a leg's codec was refused");
        }
        if let Some(mut early) = early.filter(|early| now.saturating_sub(early.at) <= EARLY_FOR) {
            let legs = &mut self.legs;
            self.graph.handle_rtp(early.at, id, &mut early.packet, |output| legs.dispatch(output));
        }
        self.legs.tell_security(id);
        let legs = &self.legs;
        for command in self.waiting.due(id, |id| legs.negotiates(id)) {
            self.command(call, command);
        }
    }

    fn remove(&mut self, id: PortId) {
        let now = self.now();
        if let Some(piece) = self.graph.last_piece(now, id) {
            self.legs.note(id, &piece);
        }
        self.graph.remove_port(id);
        let Some(leg) = self.legs.remove(id) else { return };
        if let Wire::Udp(sockets) = &leg.wire {
            sockets.forget(&self.poller);
        }
        self.load.remove(1);
        self.shared.ids.give_back(id);
    }

    /// Takes out all legs of a call.
    fn depart(&mut self, call: CallKey) -> Moved {
        let ids = self.legs.of(call);
        let waiting = self.waiting.depart(&ids);
        let pairs = ids.iter().filter_map(|id| Some((*id, self.graph.joined(*id)?)));
        let joins = pairs.filter(|(id, peer)| id < peer && ids.contains(peer)).collect();
        let mut legs = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(leg) = self.legs.remove(id) else { continue };
            if let Wire::Udp(sockets) = &leg.wire {
                sockets.forget(&self.poller);
            }
            legs.push((id, leg, self.graph.take_port(id)));
        }
        self.load.remove(legs.len());
        Moved { legs, joins, waiting }
    }

    /// Puts in the legs of a call that another thread had.
    fn arrive(&mut self, moved: Moved) {
        self.load.add(moved.legs.len());
        for (id, leg, port) in moved.legs {
            self.watch(id, &leg);
            self.legs.insert(id, leg);
            if let Some(port) = port {
                // Names are unique among all threads, so the place is free.
                let _ = self.graph.put_port(id, port);
            }
        }
        for (a, b) in moved.joins {
            // Both were put in just now.
            let _ = self.graph.join(a, b);
        }
        self.waiting.arrive(moved.waiting);
    }
}

/// Our name in reports, and where they are written.
#[derive(Debug)]
pub(super) struct ReportName {
    cname: String,
    bytes: Vec<u8>,
}

impl ReportName {
    /// A new one, which says nothing about anybody (RFC 7022 §4.1).
    pub(super) fn new(entropy: &Entropy) -> Self {
        Self { cname: format!("{:016x}", entropy.number::<u64>()), bytes: Vec::new() }
    }

    /// Half to one and a half of the mean time between reports.
    pub(super) fn after(entropy: &Entropy) -> Duration {
        REPORT_EVERY.mul_f32(0.5 + entropy.number::<f32>())
    }

    /// The report that is due about a port.
    pub(super) fn report(&mut self, graph: &mut Graph, now: Duration, id: PortId) -> &[u8] {
        self.bytes.clear();
        graph.write_rtcp(now, id, &self.cname, &mut self.bytes);
        &self.bytes
    }
}
