//! The handles by which calls and legs reach the media threads. See [`super`] for how to use them.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc as thread_mpsc,
    },
    time::Duration,
};

use bytes::Bytes;
use media::{Asset, DetectSet, PortId, PortStats, ToneSpec, dtmf::Digit};
use mio::Waker;
use tokio::sync::{mpsc, oneshot};

use super::{
    Agreed, LegId, LegMediaEvent, PacketSink, PacketSource, PortError,
    command::{Command, NewPort, OwnStream, Transport},
    engine,
    packets::OUTGOING,
    ports::{PortLease, RtpPorts},
};

/// Commands waiting for one thread. It empties the queue on every turn, so a sender that finds
/// it full waits for one turn, well below a millisecond.
const COMMANDS: usize = 1_024;
/// WebRTC packets waiting for one thread: 20 ms of 1,000 legs.
const PACKETS: usize = 1_024;

/// How the engine is set up.
#[derive(Debug, Clone)]
pub struct MediaSettings {
    /// Address that RTP sockets are bound to.
    pub listen: IpAddr,
    /// Address that SDP names.
    pub public_ip: IpAddr,
    /// Ports of trunk RTP (`media.rtp_ports`); `None` takes free ones.
    pub rtp_ports: Option<RangeInclusive<u16>>,
    /// Media threads, at least 1. One serves several hundred relayed calls.
    pub threads: usize,
}

/// What is open right now; all zero when no call is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gauge {
    /// Ports of the graphs, one per leg.
    pub ports: usize,
    /// RTP/RTCP pairs in use.
    pub rtp_pairs: usize,
    /// Packets dropped since the start because a queue or socket was full.
    pub dropped: u64,
}

/// The media engine of this node.
#[derive(Debug, Clone)]
pub struct MediaHandle(Arc<Engines>);

#[derive(Debug)]
struct Engines {
    links: Vec<Arc<Link>>,
    rtp_ports: RtpPorts,
    public_ip: IpAddr,
    next_link: AtomicUsize,
    next_port: AtomicU64,
    counters: Arc<Counters>,
}

/// Shared by handles and threads.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) ports: AtomicUsize,
    pub(super) dropped: AtomicU64,
}

impl Drop for Engines {
    fn drop(&mut self) {
        for link in &self.links {
            link.send(Command::Stop);
        }
    }
}

impl MediaHandle {
    /// Starts the threads. They end when the last handle, call and port are gone.
    ///
    /// # Errors
    /// When the system gives no poller or thread.
    pub fn start(settings: &MediaSettings) -> io::Result<Self> {
        let counters = Arc::new(Counters::default());
        let links = (0..settings.threads.max(1))
            .map(|index| Link::start(index, counters.clone()))
            .collect::<io::Result<Vec<_>>>()?;
        Ok(Self(Arc::new(Engines {
            links,
            rtp_ports: RtpPorts::new(settings.listen, settings.rtp_ports.clone()),
            public_ip: settings.public_ip,
            next_link: AtomicUsize::new(0),
            next_port: AtomicU64::new(engine::FIRST_PORT),
            counters,
        })))
    }

    /// The media of a new call. Its legs' events go to `events`, which should hold a few dozen; more
    /// wait in the media thread up to a bound.
    #[must_use]
    pub fn open_call(&self, events: mpsc::Sender<LegMediaEvent>) -> CallMedia {
        let turn = self.0.next_link.fetch_add(1, Ordering::Relaxed);
        // `start` makes at least one link, so the remainder is defined and in range.
        let link = self.0.links[turn % self.0.links.len()].clone();
        CallMedia { engines: self.0.clone(), link, events }
    }

    /// The address that SDP names.
    #[must_use]
    pub fn public_ip(&self) -> IpAddr {
        self.0.public_ip
    }

    /// What is open now.
    #[must_use]
    pub fn gauge(&self) -> Gauge {
        Gauge {
            ports: self.0.counters.ports.load(Ordering::Acquire),
            rtp_pairs: self.0.rtp_ports.in_use(),
            dropped: self.0.counters.dropped.load(Ordering::Relaxed),
        }
    }
}

/// The media of one call; clones are the same call.
#[derive(Debug, Clone)]
pub struct CallMedia {
    engines: Arc<Engines>,
    link: Arc<Link>,
    events: mpsc::Sender<LegMediaEvent>,
}

impl CallMedia {
    /// A port with an RTP/RTCP socket pair, bound on return. It carries nothing until
    /// [`Port::configure`].
    ///
    /// # Errors
    /// [`PortError`] when no pair can be bound.
    pub fn add_rtp(&self, leg: LegId) -> Result<Port, PortError> {
        let pair = self.engines.rtp_ports.take()?;
        let rtp = SocketAddr::new(self.engines.public_ip, pair.local.port());
        let lease = pair.lease.clone();
        let id = self.add(leg, rand::random(), Transport::Udp(pair));
        Ok(Port {
            id,
            rtp: Some(rtp),
            link: self.link.clone(),
            lease: Some(lease),
            closed: false,
            _engines: self.engines.clone(),
        })
    }

    /// A port that is fed and drained packet by packet; `ssrc` is what the transport announced as ours.
    #[must_use]
    pub fn add_packets(&self, leg: LegId, ssrc: u32) -> (Port, PacketSink, PacketSource) {
        let (outgoing, packets) = mpsc::channel(OUTGOING);
        let id = self.add(leg, ssrc, Transport::Packets(outgoing));
        let port =
            Port { id, rtp: None, link: self.link.clone(), lease: None, closed: false, _engines: self.engines.clone() };
        (port, PacketSink::new(self.link.clone(), id), PacketSource::new(packets))
    }

    fn add(&self, leg: LegId, ssrc: u32, transport: Transport) -> PortId {
        let id = PortId(self.engines.next_port.fetch_add(1, Ordering::Relaxed));
        // Random starts keep two streams of one call from being taken for each other (RFC 3550 §5.1).
        let stream = OwnStream { ssrc, first_sequence: rand::random(), first_timestamp: rand::random() };
        self.engines.counters.ports.fetch_add(1, Ordering::AcqRel);
        self.link.send(Command::Add(Box::new(NewPort { id, leg, events: self.events.clone(), stream, transport })));
        id
    }

    /// Lets two legs hear each other; both leave whatever they were joined to.
    pub fn join(&self, a: PortId, b: PortId) {
        self.link.send(Command::Join(a, b));
    }

    /// Ends a leg's join, on both its sides.
    pub fn split(&self, port: PortId) {
        self.link.send(Command::Split(port));
    }

    /// Plays to a leg instead of what it plays now; `loops` 0 plays until flushed. Ends with
    /// [`super::MediaEvent::PlayEnded`] unless flushed or replaced.
    pub fn play(&self, port: PortId, asset: Arc<Asset>, loops: u32) {
        self.link.send(Command::Play { id: port, asset, loops });
    }

    /// Plays a tone to a leg instead of what it plays now; ends as [`Self::play`] does.
    pub fn tone(&self, port: PortId, spec: ToneSpec) {
        self.link.send(Command::Tone(port, spec));
    }

    /// Stops a play or tone; no event follows.
    pub fn flush(&self, port: PortId) {
        self.link.send(Command::Flush(port));
    }

    /// Presses digits towards a leg; characters that are no digits are left out.
    pub fn send_digits(&self, port: PortId, digits: &str) {
        let digits = digits.chars().filter_map(|key| Digit::try_from(key).ok()).collect();
        self.link.send(Command::Digits(port, digits));
    }

    /// Sends a leg its own audio back, or stops doing so.
    pub fn echo(&self, port: PortId, on: bool) {
        self.link.send(Command::Echo(port, on));
    }

    /// Replaces what is looked for in a leg's audio.
    pub fn detect(&self, port: PortId, detect: DetectSet) {
        self.link.send(Command::Detect(port, detect));
    }

    /// Tells `reply` how long ago any of these legs was heard (RTP, RTCP, consent); `None` if no packet ever came.
    pub fn since_heard(&self, ports: Vec<PortId>, reply: oneshot::Sender<Option<Duration>>) {
        self.link.send(Command::SinceHeard(ports, reply));
    }

    /// A leg's counts so far; `None` when it is gone or has no codec yet.
    pub async fn stats(&self, port: PortId) -> Option<PortStats> {
        let (reply, stats) = oneshot::channel();
        self.link.send(Command::Stats(port, reply));
        stats.await.ok()
    }
}

/// One leg's place in the engine. Dropping it closes its sockets and leaves the graph.
#[derive(Debug)]
pub struct Port {
    id: PortId,
    rtp: Option<SocketAddr>,
    link: Arc<Link>,
    lease: Option<Arc<PortLease>>,
    closed: bool,
    /// Keeps the thread running until the port's removal is queued.
    _engines: Arc<Engines>,
}

impl Port {
    /// By which [`CallMedia`] knows it.
    #[must_use]
    pub fn id(&self) -> PortId {
        self.id
    }

    /// The address to put into SDP; `None` for a packet port.
    #[must_use]
    pub fn rtp(&self) -> Option<SocketAddr> {
        self.rtp
    }

    /// Offer and answer agreed on this; again on every change (hold, resume).
    pub fn configure(&self, agreed: Agreed) {
        self.link.send(Command::Configure(self.id, agreed));
    }

    /// The peer's SDP names this RTP address. Packets from elsewhere outrank it (symmetric RTP).
    pub fn set_remote(&self, rtp: SocketAddr) {
        self.link.send(Command::Remote(self.id, rtp));
    }

    /// Frees everything now; dropping does the same. Later calls do nothing.
    pub fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            self.lease = None;
            self.link.send(Command::Remove(self.id));
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.close();
    }
}

/// The way into one media thread.
#[derive(Debug)]
pub(super) struct Link {
    commands: thread_mpsc::SyncSender<Command>,
    packets: thread_mpsc::SyncSender<(PortId, Bytes)>,
    waker: Arc<Waker>,
    /// A wake is under way: packets that come before the thread looked need no other.
    pub(super) woken: Arc<AtomicBool>,
    counters: Arc<Counters>,
}

impl Link {
    fn start(index: usize, counters: Arc<Counters>) -> io::Result<Arc<Self>> {
        let (commands, command_queue) = thread_mpsc::sync_channel(COMMANDS);
        let (packets, packet_queue) = thread_mpsc::sync_channel(PACKETS);
        let woken = Arc::new(AtomicBool::new(false));
        let queues = engine::Queues { commands: command_queue, packets: packet_queue, woken: woken.clone() };
        let waker = engine::spawn(index, queues, counters.clone())?;
        Ok(Arc::new(Self { commands, packets, waker, woken, counters }))
    }

    pub(super) fn send(&self, command: Command) {
        // A thread that is gone has closed everything; there is nothing left to command.
        if self.commands.send(command).is_ok() {
            self.wake();
        }
    }

    pub(super) fn packet(&self, port: PortId, packet: Bytes) {
        if self.packets.try_send((port, packet)).is_ok() {
            self.wake();
        } else {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn touch(&self, port: PortId) {
        self.send(Command::Touch(port));
    }

    fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) && self.waker.wake().is_err() {
            // The next tick, at most 20 ms away, finds the queues anyway.
            self.woken.store(false, Ordering::Release);
        }
    }
}
