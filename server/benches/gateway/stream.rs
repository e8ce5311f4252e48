//! RTP both ways on every call, each packet stamped with its send time, and what became of the packets.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::UdpSocket};

use super::Outcome;

/// Time of one packet's audio.
const FRAME: Duration = Duration::from_millis(20);
/// RTP header (RFC 3550 §5.1) and 20 ms of G.711.
const PACKET_BYTES: usize = 12 + 160;
/// Tells the generator's packets from others.
const MARK: [u8; 8] = *b"sautikit";
/// What the kernel keeps while the receiving thread is off the CPU.
const SOCKET_BUFFER_BYTES: usize = 1 << 20;
/// Packets under way when sending ends arrive within this.
const TAIL: Duration = Duration::from_millis(300);

/// An RTP socket of a telephone.
pub(super) struct Stream {
    socket: Arc<UdpSocket>,
    pub(super) local: SocketAddr,
}

impl Stream {
    pub(super) fn open() -> Outcome<Self> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None)?;
        socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        let socket = UdpSocket::from_std(socket.into());
        let local = socket.local_addr()?;
        Ok(Self { socket: Arc::new(socket), local })
    }

    pub(super) fn connect(&self, peer: SocketAddr) -> Outcome<()> {
        Ok(self.socket.connect(peer)?)
    }
}

/// What a run came to.
pub(super) struct Counted {
    pub(super) sent: usize,
    /// Microseconds from sending to receiving of every packet that arrived, ascending.
    pub(super) delays_us: Vec<u32>,
}

impl Counted {
    /// The delay, in milliseconds, that `share` of the packets stayed below.
    pub(super) fn delay_ms(&self, share: f64) -> f64 {
        let index = (self.delays_us.len() as f64 * share) as usize;
        self.delays_us.get(index).map_or(f64::NAN, |us| f64::from(*us) / 1_000.0)
    }
}

/// Sends on every stream for `time`, 50 packets a second each, evenly spread, and receives on all of them.
#[expect(clippy::disallowed_methods, reason = "a load generator paces itself by the machine's clock")]
pub(super) fn run(streams: &[Stream], time: Duration) -> Outcome<Counted> {
    let origin = Instant::now();
    let stop = Arc::new(AtomicBool::new(false));
    let receiver = {
        let sockets: Vec<_> = streams.iter().map(|stream| stream.socket.clone()).collect();
        let stop = stop.clone();
        std::thread::spawn(move || receive(&sockets, origin, &stop))
    };
    let sent = send_all(streams, time, origin)?;
    std::thread::sleep(TAIL);
    stop.store(true, Ordering::Release);
    let mut delays_us = receiver.join().map_err(|_| "the receiving thread failed")??;
    delays_us.sort_unstable();
    Ok(Counted { sent, delays_us })
}

/// Sends on every stream; how many packets.
fn send_all(streams: &[Stream], time: Duration, origin: Instant) -> Outcome<usize> {
    let frames = u32::try_from(time.as_millis() / FRAME.as_millis())?;
    let count = u32::try_from(streams.len())?;
    let mut sent = 0;
    for frame in 0..frames {
        for (index, stream) in (0_u32..).zip(streams) {
            let due = FRAME * frame + FRAME * index / count;
            let wait = due.saturating_sub(origin.elapsed());
            if !wait.is_zero() {
                std::thread::sleep(wait);
            }
            sent += usize::from(stream.socket.send(&packet(index, frame, origin.elapsed())).is_ok());
        }
    }
    Ok(sent)
}

/// What every stream heard, whoever's audio it was.
pub(super) struct Heard {
    pub(super) sent: usize,
    /// Packets that came to each.
    pub(super) each: Vec<usize>,
    /// Microseconds between two packets of a stream, of all streams, ascending.
    pub(super) gaps_us: Vec<u32>,
}

impl Heard {
    /// The gap, in milliseconds, that `share` of them stayed below.
    pub(super) fn gap_ms(&self, share: f64) -> f64 {
        let index = (self.gaps_us.len() as f64 * share) as usize;
        self.gaps_us.get(index).map_or(f64::NAN, |us| f64::from(*us) / 1_000.0)
    }

    /// Frames that came more than so late.
    pub(super) fn later_than(&self, late: Duration) -> usize {
        let most = (FRAME + late).as_micros() as u32;
        self.gaps_us.iter().filter(|gap| **gap > most).count()
    }
}

/// As [`run`], where what comes back is made anew: what counts is that a frame comes every 20 ms.
#[expect(clippy::disallowed_methods, reason = "a load generator paces itself by the machine's clock")]
pub(super) fn hear(streams: &[Stream], time: Duration) -> Outcome<Heard> {
    let origin = Instant::now();
    let stop = Arc::new(AtomicBool::new(false));
    let receiver = {
        let sockets: Vec<_> = streams.iter().map(|stream| stream.socket.clone()).collect();
        let stop = stop.clone();
        std::thread::spawn(move || count(&sockets, origin, &stop))
    };
    let sent = send_all(streams, time, origin)?;
    stop.store(true, Ordering::Release);
    let (each, mut gaps_us) = receiver.join().map_err(|_| "the receiving thread failed")??;
    gaps_us.sort_unstable();
    Ok(Heard { sent, each, gaps_us })
}

fn count(sockets: &[Arc<UdpSocket>], origin: Instant, stop: &AtomicBool) -> std::io::Result<(Vec<usize>, Vec<u32>)> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1_024);
    for (index, socket) in sockets.iter().enumerate() {
        let mut source = mio::unix::SourceFd(&std::os::fd::AsRawFd::as_raw_fd(&**socket));
        poll.registry().register(&mut source, Token(index), Interest::READABLE)?;
    }
    let (mut each, mut last, mut gaps_us) = (vec![0; sockets.len()], vec![None; sockets.len()], Vec::new());
    let mut buffer = [0; 1_500];
    while !stop.load(Ordering::Acquire) {
        poll.poll(&mut events, Some(FRAME))?;
        for event in &events {
            let index = event.token().0;
            let (Some(socket), Some(own), Some(before)) =
                (sockets.get(index), each.get_mut(index), last.get_mut(index))
            else {
                continue;
            };
            while let Ok(length) = socket.recv(&mut buffer) {
                if length != PACKET_BYTES {
                    continue;
                }
                let now = origin.elapsed().as_micros() as u32;
                *own += 1;
                if let Some(before) = before.replace(now) {
                    gaps_us.push(now - before);
                }
            }
        }
    }
    Ok((each, gaps_us))
}

/// PCMA whose audio begins with [`MARK`] and the time of sending.
fn packet(stream: u32, frame: u32, now: Duration) -> [u8; PACKET_BYTES] {
    let header = media::rtp::Header {
        marker: frame == 0,
        payload_type: 8,
        sequence: (frame & 0xffff) as u16,
        timestamp: frame.wrapping_mul(160),
        ssrc: stream + 1,
    };
    let mut packet = [0xd5; PACKET_BYTES];
    packet[..12].copy_from_slice(&header.to_bytes());
    packet[12..20].copy_from_slice(&MARK);
    packet[20..28].copy_from_slice(&(now.as_micros() as u64).to_be_bytes());
    packet
}

fn receive(sockets: &[Arc<UdpSocket>], origin: Instant, stop: &AtomicBool) -> std::io::Result<Vec<u32>> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1_024);
    let mut delays_us = Vec::new();
    for (index, socket) in sockets.iter().enumerate() {
        // mio wants the socket itself; a duplicate of its descriptor reports the same packets.
        let mut source = mio::unix::SourceFd(&std::os::fd::AsRawFd::as_raw_fd(&**socket));
        poll.registry().register(&mut source, Token(index), Interest::READABLE)?;
    }
    let mut buffer = [0; 1_500];
    while !stop.load(Ordering::Acquire) {
        poll.poll(&mut events, Some(FRAME))?;
        for event in &events {
            let Some(socket) = sockets.get(event.token().0) else { continue };
            while let Ok(length) = socket.recv(&mut buffer) {
                let now = origin.elapsed().as_micros() as u64;
                // Silence that the gateway made itself is not counted.
                let is_ours = length == PACKET_BYTES && buffer.get(12..20) == Some(&MARK);
                let stamp = buffer.get(20..28).filter(|_| is_ours);
                if let Some(sent) = stamp.and_then(|stamp| stamp.try_into().ok()).map(u64::from_be_bytes) {
                    delays_us.push(u32::try_from(now.saturating_sub(sent)).unwrap_or(u32::MAX));
                }
            }
        }
    }
    Ok(delays_us)
}
