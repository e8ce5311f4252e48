//! The handles by which calls and legs reach the media threads. See [`super`] for how to use them.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use media::{Asset, DetectSet, Feed, MixId, PortId, PortStats, ToneSpec, Voice, dtmf::Digit};
use tokio::sync::{mpsc, oneshot};

use super::{
    Agreed, Handshaker, LegId, LegMediaEvent, PacketSink, PacketSource, PortError, Security, Tap,
    command::{CallKey, Command, NewPort, Order, OwnStream, Transport},
    engine,
    link::{Link, Shared},
    packets::OUTGOING,
    place::Place,
    ports::{PortLease, RtpPorts},
};
use crate::calls::trace::Quality;
use crate::entropy::Entropy;
use crate::gateway::figures::{SecurityFigures, SoundFigures};

/// How the engine is set up.
#[derive(Debug, Clone)]
pub struct MediaSettings {
    /// Address that RTP sockets are bound to.
    pub listen: IpAddr,
    /// Address that SDP names.
    pub public_ip: IpAddr,
    /// Ports of trunk RTP (`media.rtp_ports`); `None` takes free ones.
    pub rtp_ports: Option<RangeInclusive<u16>>,
    /// Media threads, at least 1. One serves several hundred relayed calls; another takes calls when it is loaded.
    pub threads: usize,
    /// What streams are named by (RFC 3550 §5.1).
    pub entropy: Arc<Entropy>,
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
    next_call: AtomicU64,
    next_mix: AtomicU64,
    shared: Arc<Shared>,
}

impl Drop for Engines {
    fn drop(&mut self) {
        for link in &self.links {
            link.send(Order { call: CallKey(0), also: None, command: Command::Stop });
        }
    }
}

impl MediaHandle {
    /// Starts the threads. They end when the last handle, call and port are gone.
    ///
    /// # Errors
    /// When the system gives no poller or thread.
    pub fn start(settings: &MediaSettings) -> io::Result<Self> {
        let origin = engine::origin();
        let shared = Arc::new(Shared::new(settings.entropy.clone(), origin));
        let links = (0..settings.threads.max(1))
            .map(|index| Link::start(index, origin, shared.clone()))
            .collect::<io::Result<Vec<_>>>()?;
        Ok(Self(Arc::new(Engines {
            links,
            rtp_ports: RtpPorts::new(settings.listen, settings.rtp_ports.clone()),
            public_ip: settings.public_ip,
            next_call: AtomicU64::new(1),
            next_mix: AtomicU64::new(1),
            shared,
        })))
    }

    /// The media of a new call. Its legs' events go to `events`, which should hold a few dozen; more
    /// wait in the media thread up to a bound.
    #[must_use]
    pub fn open_call(&self, events: mpsc::Sender<LegMediaEvent>) -> CallMedia {
        // `start` makes at least one link.
        let link = Link::choose(&self.0.links).unwrap_or(&self.0.links[0]).clone();
        let call = CallKey(self.0.next_call.fetch_add(1, Ordering::Relaxed));
        let quality = Arc::default();
        CallMedia { engines: self.0.clone(), place: Arc::new(Place::new(call, link)), events, quality }
    }

    /// A mix that nobody is in yet.
    #[must_use]
    pub fn open_mix(&self) -> MixId {
        MixId(self.0.next_mix.fetch_add(1, Ordering::Relaxed))
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
            ports: self.0.shared.ids.in_use(),
            rtp_pairs: self.0.rtp_ports.in_use(),
            dropped: self.0.shared.dropped.load(Ordering::Relaxed),
        }
    }

    /// How legs have sounded since the start.
    pub fn sound(&self) -> &SoundFigures {
        &self.0.shared.sound
    }

    /// Packets of encrypted legs that did not prove true since the start: of a peer with other keys, or of somebody else.
    #[must_use]
    pub fn unproven(&self) -> u64 {
        self.0.shared.unproven.load(Ordering::Relaxed)
    }

    /// How legs have been secured since the start.
    pub fn security(&self) -> &SecurityFigures {
        &self.0.shared.security
    }
}

/// The media of one call; clones are the same call.
#[derive(Debug, Clone)]
pub struct CallMedia {
    engines: Arc<Engines>,
    place: Arc<Place>,
    events: mpsc::Sender<LegMediaEvent>,
    quality: Arc<Quality>,
}

impl CallMedia {
    /// The same call, of which it is noted there how its legs sound; before it has any.
    #[must_use]
    pub fn noted(self, quality: Arc<Quality>) -> Self {
        Self { quality, ..self }
    }

    /// What its streams are named by.
    pub(in crate::gateway) fn entropy(&self) -> &Entropy {
        &self.engines.shared.entropy
    }

    /// A port with an RTP/RTCP socket pair, bound on return. It carries nothing until
    /// [`Port::configure`].
    ///
    /// # Errors
    /// [`PortError`] when no pair can be bound.
    pub fn add_rtp(&self, leg: LegId) -> Result<Port, PortError> {
        let pair = self.engines.rtp_ports.take()?;
        let rtp = SocketAddr::new(self.engines.public_ip, pair.local.port());
        let lease = pair.lease.clone();
        let id = self.add(leg, self.entropy().number(), Transport::Udp(pair, self.engines.public_ip));
        Ok(Port {
            id,
            rtp: Some(rtp),
            place: self.place.clone(),
            lease: Some(lease),
            closed: false,
            engines: self.engines.clone(),
        })
    }

    /// A port that is fed and drained packet by packet; `ssrc` is what the transport announced as ours.
    #[must_use]
    pub fn add_packets(&self, leg: LegId, ssrc: u32) -> (Port, PacketSink, PacketSource) {
        let (outgoing, packets) = mpsc::channel(OUTGOING);
        let id = self.add(leg, ssrc, Transport::Packets(outgoing));
        let port = Port {
            id,
            rtp: None,
            place: self.place.clone(),
            lease: None,
            closed: false,
            engines: self.engines.clone(),
        };
        (port, PacketSink::new(self.place.clone(), id), PacketSource::new(packets))
    }

    /// A port that nobody is behind: what it hears is only tapped. It carries nothing until [`Port::configure`].
    #[must_use]
    pub fn add_ear(&self, leg: LegId) -> Port {
        let id = self.add(leg, self.entropy().number(), Transport::Nowhere);
        let (place, engines) = (self.place.clone(), self.engines.clone());
        Port { id, rtp: None, place, lease: None, closed: false, engines }
    }

    fn add(&self, leg: LegId, ssrc: u32, transport: Transport) -> PortId {
        let id = self.engines.shared.ids.take();
        // Random starts keep two streams of one call from being taken for each other (RFC 3550 §5.1). The numbers of SRTP begin
        // in the lower half, so that a receiver who misses the first ones counts their turns as we do (RFC 3711 §3.3.1).
        let (first_sequence, first_timestamp) = (self.entropy().number::<u16>() >> 1, self.entropy().number());
        let stream = OwnStream { ssrc, first_sequence, first_timestamp };
        let (events, quality) = (self.events.clone(), self.quality.clone());
        self.place.add(Command::Add(Box::new(NewPort { id, leg, events, stream, transport, quality })));
        id
    }

    /// Lets two legs hear each other; both leave whatever they were joined to.
    pub fn join(&self, a: PortId, b: PortId) {
        self.place.send(Command::Join(a, b));
    }

    /// Lets a leg of this call and one of another hear each other; the other call's media come to the thread of this one.
    pub fn join_other(&self, own: PortId, other: &Self, theirs: PortId) {
        self.place.meet(own, &other.place, theirs);
    }

    /// Lets a leg hear all that are in the mix, and be heard as `voice` says. They must be of this call or of calls brought here by
    /// [`Self::come_to`]: a mix that has members on two threads is two mixes.
    pub fn mix(&self, port: PortId, mix: MixId, voice: Voice) {
        self.place.send(Command::Mix(port, mix, voice));
    }

    /// Moves this call's media to the thread of another call. Nothing is heard of it, except that a leg leaves its mix and
    /// its join with a leg of a third call.
    pub fn come_to(&self, other: &Self) {
        self.place.move_to(&other.place.link());
    }

    /// Ends a leg's join, on both its sides, or takes it out of its mix.
    pub fn split(&self, port: PortId) {
        self.place.send(Command::Split(port));
    }

    /// Takes a leg out of that mix, unless it has gone elsewhere meanwhile.
    pub fn unmix(&self, port: PortId, mix: MixId) {
        self.place.send(Command::Unmix(port, mix));
    }

    /// Plays to a leg instead of what it plays now; `loops` 0 plays until flushed. Ends with
    /// [`super::MediaEvent::PlayEnded`] unless flushed or replaced.
    pub fn play(&self, port: PortId, asset: Arc<Asset>, loops: u32) {
        self.place.send(Command::Play { id: port, asset, loops });
    }

    /// Plays what is fed to a leg instead of what it plays now, until flushed.
    pub fn feed(&self, port: PortId, feed: Arc<Feed>) {
        self.place.send(Command::Feed(port, feed));
    }

    /// Plays a tone to a leg instead of what it plays now; ends as [`Self::play`] does.
    pub fn tone(&self, port: PortId, spec: ToneSpec) {
        self.place.send(Command::Tone(port, spec));
    }

    /// Plays a short tone to a leg over what it hears. What plays is interrupted and goes on after it.
    pub fn beep(&self, port: PortId, spec: ToneSpec) {
        self.place.send(Command::Beep(port, spec));
    }

    /// Stops a play or tone; no event follows.
    pub fn flush(&self, port: PortId) {
        self.place.send(Command::Flush(port));
    }

    /// Presses digits towards a leg; characters that are no digits are left out.
    pub fn send_digits(&self, port: PortId, digits: &str) {
        let digits = digits.chars().filter_map(|key| Digit::try_from(key).ok()).collect();
        self.place.send(Command::Digits(port, digits));
    }

    /// Sends a leg its own audio back, or stops doing so.
    pub fn echo(&self, port: PortId, on: bool) {
        self.place.send(Command::Echo(port, on));
    }

    /// Replaces what is looked for in a leg's audio.
    pub fn detect(&self, port: PortId, detect: DetectSet) {
        self.place.send(Command::Detect(port, detect));
    }

    /// Listens in on a leg: what it says and hears, encoded, from now on.
    #[must_use]
    pub fn tap(&self, port: PortId) -> Tap {
        let (ring, tap) = Tap::new();
        self.place.send(Command::Tap(port, ring));
        tap
    }

    /// Tells `reply` how long ago any of these legs was heard (RTP, RTCP, consent); `None` if no packet ever came.
    pub fn since_heard(&self, ports: Vec<PortId>, reply: oneshot::Sender<Option<Duration>>) {
        self.place.send(Command::SinceHeard(ports, reply));
    }

    /// A leg's counts so far; `None` when it is gone or has no codec yet.
    pub async fn stats(&self, port: PortId) -> Option<PortStats> {
        let (reply, stats) = oneshot::channel();
        self.place.send(Command::Stats(port, reply));
        stats.await.ok()
    }
}

/// One leg's place in the engine. Dropping it closes its sockets and leaves the graph.
#[derive(Debug)]
pub struct Port {
    id: PortId,
    rtp: Option<SocketAddr>,
    place: Arc<Place>,
    lease: Option<Arc<PortLease>>,
    closed: bool,
    /// Keeps the thread running until the port's removal is queued.
    engines: Arc<Engines>,
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
        self.place.send(Command::Configure(self.id, agreed));
    }

    /// The peer's SDP names this RTP address. Packets from elsewhere outrank it (symmetric RTP).
    pub fn set_remote(&self, rtp: SocketAddr) {
        self.place.send(Command::Remote(self.id, rtp));
    }

    /// How the leg's packets are secured from now on; before [`Self::configure`] where both change.
    pub fn secure(&self, security: Security) {
        self.place.send(Command::Secure(self.id, security));
    }

    /// Whether RTCP goes where RTP does (RFC 5761).
    pub fn mux(&self, is_muxed: bool) {
        self.place.send(Command::Mux(self.id, is_muxed));
    }

    /// What a handshake beside the media needs of the port.
    #[must_use]
    pub fn handshaker(&self) -> Handshaker {
        Handshaker::new(self.place.clone(), self.id, self.engines.shared.origin)
    }

    /// What the leg's keys are drawn from.
    pub(in crate::gateway) fn entropy(&self) -> &Entropy {
        &self.engines.shared.entropy
    }

    /// Frees everything now; dropping does the same. Later calls do nothing.
    pub fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            self.lease = None;
            self.place.send(Command::Remove(self.id));
        }
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests;
