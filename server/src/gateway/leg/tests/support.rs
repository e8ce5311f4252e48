//! A media engine on loopback, a peer that speaks raw RTP, and ears.

use core::time::Duration;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use media::Codec;
use tokio::{net::UdpSocket, sync::mpsc, task::JoinHandle, time::timeout};

use crate::entropy::Entropy;
use crate::gateway::media::{CallMedia, LegMediaEvent, MediaHandle, MediaSettings};

/// Longer than any step takes on a loaded machine; only a failing test waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn engine() -> MediaHandle {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    MediaHandle::start(&MediaSettings {
        listen: loopback,
        public_ip: loopback,
        rtp_ports: None,
        threads: 1,
        entropy: Arc::new(Entropy::seeded(1)),
    })
    .unwrap()
}

pub(crate) fn call(engine: &MediaHandle) -> (CallMedia, mpsc::Receiver<LegMediaEvent>) {
    let (events, received) = mpsc::channel(64);
    (engine.open_call(events), received)
}

/// A telephone: one socket, raw G.711 packets.
pub(crate) struct Phone {
    pub(crate) socket: Arc<UdpSocket>,
    /// Its RTCP, beside the RTP.
    pub(crate) reports: Option<UdpSocket>,
    pub(crate) remote: SocketAddr,
}

/// A tone being sent; stops when dropped.
pub(crate) struct Talking(pub(crate) JoinHandle<()>);

impl Drop for Talking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Samples of a sine.
pub(crate) struct Tone {
    phase: f64,
    step: f64,
}

impl Tone {
    pub(crate) fn new(frequency_hz: f64, rate_hz: f64) -> Self {
        Self { phase: 0.0, step: frequency_hz / rate_hz * core::f64::consts::TAU }
    }
}

impl Iterator for Tone {
    type Item = i16;

    fn next(&mut self) -> Option<i16> {
        self.phase += self.step;
        Some((self.phase.sin() * 8_000.0) as i16)
    }
}

impl Phone {
    pub(crate) async fn new() -> Self {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
        Self { socket, reports: None, remote: SocketAddr::from(([127, 0, 0, 1], 9)) }
    }

    /// One that takes reports too.
    pub(crate) async fn with_reports() -> Self {
        loop {
            let phone = Self::new().await;
            let port = phone.socket.local_addr().unwrap().port();
            // The port beside a free one may be taken by another test.
            if let Some(beside) = port.checked_add(1)
                && let Ok(reports) = UdpSocket::bind((Ipv4Addr::LOCALHOST, beside)).await
            {
                return Self { reports: Some(reports), ..phone };
            }
        }
    }

    /// The next report, and where it came from.
    pub(crate) async fn report(&self) -> (Vec<media::rtcp::Packet>, SocketAddr) {
        let mut buffer = [0; 1_500];
        let reports = self.reports.as_ref().expect("a phone with reports");
        let (length, from) = timeout(PATIENCE, reports.recv_from(&mut buffer)).await.expect("no report").unwrap();
        (media::rtcp::parse(&buffer[..length]).unwrap(), from)
    }

    /// Reports how our stream is received.
    pub(crate) async fn send_report(&self, to: SocketAddr, block: media::rtcp::ReportBlock) {
        let mut bytes = Vec::new();
        let report = media::rtcp::Report { ssrc: 7, sender: None, block: Some(block), cname: "phone" };
        media::rtcp::write_report(&mut bytes, &report);
        self.reports.as_ref().expect("a phone with reports").send_to(&bytes, to).await.unwrap();
    }

    /// An offer or answer of PCMU with telephone-event 101.
    pub(crate) fn sdp(&self) -> String {
        let port = self.socket.local_addr().unwrap().port();
        format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
        )
    }

    /// Learns where to send from the other side's description.
    pub(crate) fn learn(&mut self, sdp: &[u8]) {
        let session = sip::sdp::parse(sdp).unwrap();
        let section = session.audio().unwrap();
        let ip = session.connection_of(section).and_then(sip::sdp::Address::ip).unwrap();
        self.remote = SocketAddr::new(ip, section.port);
    }

    /// Sends one telephone-event packet of RFC 4733.
    pub(crate) async fn send_event(&self, sequence: u16, marker: bool, timestamp: u32, payload: [u8; 4]) {
        let header = media::rtp::Header { marker, payload_type: 101, sequence, timestamp, ssrc: 7 };
        self.socket.send_to(&[&header.to_bytes()[..], &payload].concat(), self.remote).await.unwrap();
    }

    /// Presses a key for 100 ms as telephones do: one update and three ends.
    pub(crate) async fn press(&self, code: u8) {
        self.send_event(1, true, 1_000, [code, 10, 0, 160]).await;
        for sequence in 2..5 {
            self.send_event(sequence, false, 1_000, [code, 0x8a, 3, 32]).await;
        }
    }

    /// Sends a tone, one frame every 20 ms, until the answer is dropped.
    pub(crate) fn talk(&self, frequency_hz: f64) -> Talking {
        let (socket, remote) = (self.socket.clone(), self.remote);
        // Both counters wrap early in the stream.
        let (mut sequence, mut timestamp) = (65_530_u16, u32::MAX - 500);
        let mut samples = Tone::new(frequency_hz, 8_000.0);
        Talking(tokio::spawn(async move {
            let law = Codec::Pcmu.law().unwrap();
            let mut pace = tokio::time::interval(Duration::from_millis(20));
            loop {
                pace.tick().await;
                let header = media::rtp::Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 7 };
                let payload: Vec<u8> = samples.by_ref().take(160).map(|sample| law.encode(sample)).collect();
                socket.send_to(&[&header.to_bytes()[..], &payload].concat(), remote).await.unwrap();
                sequence = sequence.wrapping_add(1);
                timestamp = timestamp.wrapping_add(160);
            }
        }))
    }

    /// The next packet of `payload_type`.
    pub(crate) async fn receive(&self, payload_type: u8) -> Vec<u8> {
        let mut buffer = [0; 1_500];
        timeout(PATIENCE, async {
            loop {
                let (length, _) = self.socket.recv_from(&mut buffer).await.unwrap();
                let bytes = &buffer[..length];
                let packet = media::rtp::Packet::parse(bytes).unwrap();
                if packet.header.payload_type == payload_type {
                    return packet.payload(bytes).to_vec();
                }
            }
        })
        .await
        .expect("no packet of that type")
    }

    /// Listens until 200 ms of audio is mostly this tone.
    pub(crate) async fn hear(&self, frequency_hz: f64) {
        let law = Codec::Pcmu.law().unwrap();
        timeout(PATIENCE, async {
            loop {
                let mut heard = Vec::new();
                for _ in 0..10 {
                    heard.extend(self.receive(0).await.into_iter().map(|byte| law.decode(byte)));
                }
                if is_tone(&heard, 8_000.0, frequency_hz) {
                    return;
                }
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{frequency_hz} Hz was not heard"));
    }
}

/// More than half of the power is at `frequency_hz` (Goertzel), and there is power.
pub(crate) fn is_tone(samples: &[i16], rate_hz: f64, frequency_hz: f64) -> bool {
    let coefficient = 2.0 * (core::f64::consts::TAU * frequency_hz / rate_hz).cos();
    let (mut before, mut last) = (0.0, 0.0);
    for sample in samples {
        let next = f64::from(*sample) + coefficient * last - before;
        (before, last) = (last, next);
    }
    let count = samples.len() as f64;
    let at_frequency = 2.0 * (last * last + before * before - coefficient * last * before) / count;
    let total: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    total / count > 1_000.0 * 1_000.0 && at_frequency > total / 2.0
}
