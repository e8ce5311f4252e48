//! One media thread: sockets, the 20 ms tick and the graph.
//!
//! Everything that changes a graph happens on its thread, one thing at a time: commands first, then
//! what arrived, then the ticks that are due. Nothing blocks but the poll.

use core::time::Duration;
use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc as thread_mpsc,
    },
    thread,
    time::Instant,
};

use bytes::Bytes;
use media::{Graph, MediaEvent, Output, PortId};
use mio::{Events, Interest, Poll, Registry, Token, Waker, net::UdpSocket};
use tokio::sync::mpsc;

use super::{
    Agreed, LegId, LegMediaEvent,
    command::{Command, NewPort, OwnStream, Transport},
    handle::Counters,
    latch::Latch,
    ports::PortLease,
    waiting::Waiting,
};

/// The graph's frame.
const TICK: Duration = Duration::from_millis(media::FRAME_MS as u64);
/// Ticks made up after a delay; beyond it the listener hears a gap instead of a burst that its jitter
/// buffer would throw away.
const CATCH_UP: u32 = 5;
/// Datagrams read from one socket before the others get their turn: a flood on one port must not
/// starve the rest.
const READS_PER_TURN: usize = 16;
/// Readiness events taken per poll.
const EVENTS: usize = 256;
/// Largest datagram read, bytes: an Ethernet frame.
const DATAGRAM: usize = 1_500;
/// Mean time between two reports to a leg (RFC 3550 §6.2); each is off by up to half of it, so that the reports of many
/// legs do not come in bursts.
const REPORT_EVERY: Duration = Duration::from_secs(5);
/// Events of one leg kept while the call task does not read: every digit of a key masher for 6 s.
const BACKLOG: usize = 64;

const WAKE: Token = Token(0);
/// Ports are numbered from here, so that no token of theirs is [`WAKE`].
pub(super) const FIRST_PORT: u64 = 1;

/// What comes into the thread.
pub(super) struct Queues {
    pub(super) commands: thread_mpsc::Receiver<Command>,
    pub(super) packets: thread_mpsc::Receiver<(PortId, Bytes)>,
    pub(super) woken: Arc<AtomicBool>,
}

/// Starts thread `index`; the waker makes it look at its queues.
pub(super) fn spawn(index: usize, queues: Queues, counters: Arc<Counters>) -> io::Result<Arc<Waker>> {
    let poll = Poll::new()?;
    let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
    let engine = Engine {
        origin: origin(),
        queues,
        graph: Graph::new(),
        ports: Ports { by_id: HashMap::new(), undelivered: Vec::new(), counters },
        waiting: Waiting::default(),
        unfinished: Vec::new(),
        // Says nothing about anybody (RFC 7022 §4.1).
        cname: format!("{:016x}", rand::random::<u64>()),
        report: Vec::new(),
        stopped: false,
    };
    thread::Builder::new().name(format!("media-{index}")).spawn(move || engine.run(poll))?;
    Ok(waker)
}

#[expect(clippy::disallowed_methods, reason = "the media thread stamps datagrams as they arrive")]
fn origin() -> Instant {
    Instant::now()
}

struct Engine {
    origin: Instant,
    queues: Queues,
    graph: Graph,
    ports: Ports,
    waiting: Waiting,
    /// Sockets that had more to read than their turn allowed.
    unfinished: Vec<Token>,
    /// Our name in reports.
    cname: String,
    /// Reused by every report.
    report: Vec<u8>,
    stopped: bool,
}

struct Ports {
    by_id: HashMap<PortId, Leg>,
    /// Ports with a backlog of events.
    undelivered: Vec<PortId>,
    counters: Arc<Counters>,
}

struct Leg {
    tag: LegId,
    events: mpsc::Sender<LegMediaEvent>,
    backlog: VecDeque<LegMediaEvent>,
    stream: OwnStream,
    /// In the graph, which takes a port only once its codec is known.
    configured: bool,
    wire: Wire,
}

enum Wire {
    Udp(Box<Sockets>),
    Packets(mpsc::Sender<Bytes>),
}

struct Sockets {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    latch: Latch,
    /// Where the peer's reports came from last.
    rtcp_peer: Option<SocketAddr>,
    /// When our next report is due; none before the leg has a codec.
    report_at: Option<Duration>,
    _lease: Arc<PortLease>,
}

impl Engine {
    fn run(mut self, mut poll: Poll) {
        let mut events = Events::with_capacity(EVENTS);
        let mut buffer = [0; DATAGRAM];
        let mut next_tick = TICK;
        while !self.stopped {
            let wait = if self.unfinished.is_empty() { next_tick.saturating_sub(self.now()) } else { Duration::ZERO };
            if let Err(error) = poll.poll(&mut events, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "a media thread cannot poll its sockets and ends");
                return;
            }
            self.queues.woken.store(false, Ordering::Release);
            self.obey(poll.registry());
            self.take_packets(&mut buffer);
            for token in std::mem::take(&mut self.unfinished) {
                self.read(token, &mut buffer);
            }
            for event in events.iter().filter(|event| event.token() != WAKE) {
                self.read(event.token(), &mut buffer);
            }
            next_tick = self.tick(next_tick);
        }
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn tick(&mut self, mut next_tick: Duration) -> Duration {
        let now = self.now();
        if now < next_tick {
            return next_tick;
        }
        for _ in 0..CATCH_UP {
            if now < next_tick {
                break;
            }
            next_tick += TICK;
            let ports = &mut self.ports;
            self.graph.tick(now, |output| ports.dispatch(output));
        }
        self.report(now);
        self.ports.deliver_backlog();
        next_tick.max(now)
    }

    /// Sends the reports that are due, so that carriers see us alive on a leg that is held or silent.
    fn report(&mut self, now: Duration) {
        for (id, leg) in &mut self.ports.by_id {
            let Wire::Udp(sockets) = &mut leg.wire else { continue };
            if sockets.report_at.is_none_or(|at| now < at) {
                continue;
            }
            sockets.report_at = Some(now + spread(REPORT_EVERY));
            let Some(to) = sockets.rtcp_destination() else { continue };
            self.report.clear();
            self.graph.write_rtcp(now, *id, &self.cname, &mut self.report);
            // A lost report is made up for by the next one.
            let _ = sockets.rtcp.send_to(&self.report, to);
        }
    }

    fn take_packets(&mut self, buffer: &mut [u8; DATAGRAM]) {
        while let Ok((id, packet)) = self.queues.packets.try_recv() {
            let Some(bytes) = buffer.get_mut(..packet.len()) else { continue };
            bytes.copy_from_slice(&packet);
            let now = self.now();
            let ports = &mut self.ports;
            self.graph.handle_rtp(now, id, bytes, |output| ports.dispatch(output));
        }
    }

    /// Reads a socket until it is empty or had its turn.
    fn read(&mut self, token: Token, buffer: &mut [u8; DATAGRAM]) {
        let (id, is_rtcp) = port_of(token);
        for _ in 0..READS_PER_TURN {
            let Some(Leg { wire: Wire::Udp(sockets), .. }) = self.ports.by_id.get_mut(&id) else { return };
            let socket = if is_rtcp { &sockets.rtcp } else { &sockets.rtp };
            let (length, from) = match socket.recv_from(buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // ICMP of an earlier send: the socket itself is fine.
                Err(_) => continue,
            };
            let now = self.origin.elapsed();
            let Some(bytes) = buffer.get_mut(..length) else { continue };
            if is_rtcp {
                // The port is open to all of the peer's host: what is no RTCP is not the leg's fault.
                if sockets.latch.is_peer(from) && media::rtcp::parse(bytes).is_ok() {
                    sockets.rtcp_peer = Some(from);
                    self.graph.handle_rtcp(now, id, bytes);
                }
                continue;
            }
            // Only RTP may lock the source, or any probe could steal the stream before the peer speaks.
            if media::rtp::Packet::parse(bytes).is_err() || !sockets.latch.accept(now, from) {
                continue;
            }
            let ports = &mut self.ports;
            self.graph.handle_rtp(now, id, bytes, |output| ports.dispatch(output));
        }
        self.unfinished.push(token);
    }

    fn obey(&mut self, registry: &Registry) {
        while let Ok(command) = self.queues.commands.try_recv() {
            self.obey_one(registry, command);
        }
    }

    fn obey_one(&mut self, registry: &Registry, command: Command) {
        let ports = &self.ports;
        let Some(command) = self.waiting.postpone(command, |id| ports.negotiates(id)) else { return };
        let now = self.now();
        let done = match command {
            Command::Add(port) => return self.add(registry, *port),
            Command::Configure(id, agreed) => return self.configure(registry, id, agreed),
            Command::Remote(id, address) => return self.ports.signal(id, address),
            Command::Touch(id) => {
                self.graph.touch(now, id);
                Ok(())
            }
            Command::Remove(id) => return self.remove(registry, id),
            Command::Join(a, b) => self.graph.join(a, b),
            Command::Split(id) => {
                self.graph.split(id);
                Ok(())
            }
            Command::Play { id, asset, loops } => {
                let played = self.graph.play(id, asset, loops);
                self.end_refused(id, played.is_err());
                played
            }
            Command::Tone(id, spec) => {
                let played = self.graph.tone(id, spec);
                self.end_refused(id, played.is_err());
                played
            }
            Command::Flush(id) => {
                self.graph.flush(id);
                Ok(())
            }
            Command::Digits(id, digits) => self.graph.send_digits(id, digits).map(|_| ()),
            Command::Echo(id, on) => self.graph.echo(id, on),
            Command::Detect(id, detect) => self.graph.detect(now, id, detect),
            Command::Stats(id, reply) => {
                if let Some(stats) = self.graph.stats(id) {
                    // The asker may have gone away; the counts are not needed elsewhere.
                    let _ = reply.send(stats);
                }
                Ok(())
            }
            Command::SinceHeard(ids, reply) => {
                let heard_at = ids.into_iter().filter_map(|id| self.graph.heard_at(id)).max();
                let _ = reply.send(heard_at.map(|at| now.saturating_sub(at)));
                Ok(())
            }
            Command::Stop => {
                self.stopped = true;
                Ok(())
            }
        };
        if let Err(error) = done {
            // A leg that ended while the command was on its way is the usual reason.
            tracing::debug!(%error, "a media command was refused");
        }
    }

    /// A play that could not start has ended, so that the verb that waits for it goes on.
    fn end_refused(&mut self, id: PortId, refused: bool) {
        if refused {
            self.ports.dispatch(Output::Event { port: id, event: MediaEvent::PlayEnded { played_ms: 0 } });
        }
    }

    fn add(&mut self, registry: &Registry, port: NewPort) {
        let wire = match port.transport {
            Transport::Packets(outgoing) => Wire::Packets(outgoing),
            Transport::Udp(pair) => {
                let mut rtp = UdpSocket::from_std(pair.rtp);
                let mut rtcp = UdpSocket::from_std(pair.rtcp);
                let registered = registry
                    .register(&mut rtp, token_of(port.id, false), Interest::READABLE)
                    .and_then(|()| registry.register(&mut rtcp, token_of(port.id, true), Interest::READABLE));
                if let Err(error) = registered {
                    // The leg stays deaf and ends by `media.timeout`; other legs are not touched.
                    tracing::error!(%error, "an RTP socket could not be watched");
                }
                Wire::Udp(Box::new(Sockets {
                    rtp,
                    rtcp,
                    latch: Latch::default(),
                    rtcp_peer: None,
                    report_at: None,
                    _lease: pair.lease,
                }))
            }
        };
        let leg = Leg {
            tag: port.leg,
            events: port.events,
            backlog: VecDeque::new(),
            stream: port.stream,
            configured: false,
            wire,
        };
        self.ports.by_id.insert(port.id, leg);
    }

    fn configure(&mut self, registry: &Registry, id: PortId, agreed: Agreed) {
        let now = self.now();
        let Some(leg) = self.ports.by_id.get_mut(&id) else { return };
        let params = agreed.params(leg.stream);
        let first = !std::mem::replace(&mut leg.configured, true);
        if let Wire::Udp(sockets) = &mut leg.wire {
            sockets.latch.hold(!agreed.direction.sends());
            if first {
                // The first one comes sooner (RFC 3550 §6.2).
                sockets.report_at = Some(now + spread(REPORT_EVERY / 2));
            }
        }
        let done = if first { self.graph.add_port(now, id, params) } else { self.graph.update_port(now, id, params) };
        if let Err(error) = done {
            tracing::debug!(%error, "a leg's codec was refused");
        }
        let ports = &self.ports;
        for command in self.waiting.due(id, |id| ports.negotiates(id)) {
            self.obey_one(registry, command);
        }
    }

    fn remove(&mut self, registry: &Registry, id: PortId) {
        self.graph.remove_port(id);
        let Some(leg) = self.ports.by_id.remove(&id) else { return };
        if let Wire::Udp(mut sockets) = leg.wire {
            // Closing the descriptors leaves the poller too; deregistering first is mio's contract.
            let _ = registry.deregister(&mut sockets.rtp);
            let _ = registry.deregister(&mut sockets.rtcp);
        }
        self.ports.counters.ports.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Sockets {
    /// Where reports go: where the peer's come from, else beside its RTP (RFC 3550 §11).
    fn rtcp_destination(&self) -> Option<SocketAddr> {
        let beside = || {
            let rtp = self.latch.destination()?;
            Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?))
        };
        self.rtcp_peer.or_else(beside)
    }
}

impl Ports {
    /// Whether a leg is there and has no codec yet.
    fn negotiates(&self, id: PortId) -> bool {
        self.by_id.get(&id).is_some_and(|leg| !leg.configured)
    }

    fn signal(&mut self, id: PortId, address: SocketAddr) {
        if let Some(Leg { wire: Wire::Udp(sockets), .. }) = self.by_id.get_mut(&id) {
            sockets.latch.signal(address);
        }
    }

    fn dispatch(&mut self, output: Output<'_>) {
        match output {
            Output::Send { port, packet } => self.send(port, packet),
            Output::Event { port, event } => self.report(port, event),
        }
    }

    fn send(&mut self, id: PortId, packet: &[u8]) {
        let Some(leg) = self.by_id.get(&id) else { return };
        let sent = match &leg.wire {
            Wire::Udp(sockets) => match sockets.latch.destination() {
                Some(to) => sockets.rtp.send_to(packet, to).is_ok(),
                // Nobody to send to yet: not a loss.
                None => true,
            },
            Wire::Packets(outgoing) => outgoing.try_send(Bytes::copy_from_slice(packet)).is_ok(),
        };
        if !sent {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn report(&mut self, id: PortId, event: MediaEvent) {
        let Some(leg) = self.by_id.get_mut(&id) else { return };
        let event = LegMediaEvent { leg: leg.tag, event };
        if leg.backlog.is_empty() {
            match leg.events.try_send(event) {
                Err(mpsc::error::TrySendError::Full(event)) => {
                    leg.backlog.push_back(event);
                    self.undelivered.push(id);
                }
                // A call task that is gone needs no events.
                Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            }
        } else if leg.backlog.len() < BACKLOG {
            leg.backlog.push_back(event);
        } else {
            tracing::warn!("a call does not read its media events; one is lost");
        }
    }

    fn deliver_backlog(&mut self) {
        let by_id = &mut self.by_id;
        self.undelivered.retain(|id| {
            let Some(leg) = by_id.get_mut(id) else { return false };
            while let Some(event) = leg.backlog.front() {
                match leg.events.try_send(*event) {
                    Err(mpsc::error::TrySendError::Full(_)) => return true,
                    Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => leg.backlog.pop_front(),
                };
            }
            false
        });
    }
}

/// RTP of port n is token 2n, its RTCP 2n + 1.
fn token_of(id: PortId, is_rtcp: bool) -> Token {
    // Ids count up from 1; 2^63 of them take longer than any process lives.
    Token((id.0 as usize) * 2 + usize::from(is_rtcp))
}

fn port_of(token: Token) -> (PortId, bool) {
    (PortId((token.0 / 2) as u64), token.0 % 2 == 1)
}

/// Half to one and a half of `mean`.
fn spread(mean: Duration) -> Duration {
    mean.mul_f32(0.5 + rand::random::<f32>())
}
