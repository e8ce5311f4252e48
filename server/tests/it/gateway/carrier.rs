//! A carrier on a socket of its own that answers as the test says. What it says and hears goes by the same socket.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sautikit::config::Trunk;
use sip::message::{HeaderName, Message, Method, Request, Response, StatusCode};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// One packet's audio.
const FRAME: Duration = Duration::from_millis(20);
const FRAME_SAMPLES: u32 = 160;
/// Longer than anything takes that is sent at all.
const SILENCE: Duration = Duration::from_secs(60);

/// The number of a 180 that wants its PRACK.
pub(super) const RSEQ: u32 = 4_711;

/// How it answers an INVITE.
#[derive(Debug, Clone)]
pub(super) enum Manner {
    /// 200 at once, in A-law.
    AtOnce,
    /// 183 with A-law audio, then 200.
    Announcing,
    /// 180 that wants its PRACK, then 200.
    Reliably,
    /// 183 with A-law audio that wants its PRACK, and no more.
    Ahead,
    /// 200 at once, with this description.
    Describing(String),
    /// 302 to `ported` at this address.
    SendingTo(SocketAddr),
    /// This status and no more.
    Refusing(StatusCode),
}

/// A running carrier.
pub(super) struct Carrier {
    pub(super) address: SocketAddr,
    socket: Arc<UdpSocket>,
    messages: mpsc::UnboundedReceiver<Message>,
    audio: mpsc::UnboundedReceiver<Heard>,
}

/// One packet of audio.
pub(super) struct Heard {
    /// When it came.
    pub(super) at: Instant,
    /// Linear, at 8 kHz.
    pub(super) samples: Vec<i16>,
}

impl Carrier {
    /// Listens on a free port.
    pub(super) async fn that_answers(manner: Manner) -> Self {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket"));
        let address = socket.local_addr().expect("an address");
        let (seen, messages) = mpsc::unbounded_channel();
        let (heard, audio) = mpsc::unbounded_channel();
        tokio::spawn(serve(socket.clone(), address, manner, seen, heard));
        Self { address, socket, messages, audio }
    }

    /// Sends a request of a call to `number`; `to` is its To value, `more` further headers, with SDP in an INVITE.
    pub(super) async fn send(&self, server: SocketAddr, method: Method, number: &str, to: &str, cseq: u32, more: &str) {
        let from = format!("<sip:+254722000077@{}>", self.address);
        self.send_from(server, method, number, (&from, to), cseq, more).await;
    }

    /// The same from somebody else; `parties` are the values of From and To without our tag.
    pub(super) async fn send_from(
        &self,
        server: SocketAddr,
        method: Method,
        number: &str,
        parties: (&str, &str),
        cseq: u32,
        more: &str,
    ) {
        let body = if method == Method::Invite { description(self.address) } else { String::new() };
        self.send_with(server, method, number, parties, cseq, (more, &body)).await;
    }

    /// Sends an INVITE with this offer.
    pub(super) async fn offers(&self, server: SocketAddr, number: &str, cseq: u32, (more, offer): (&str, &str)) {
        let (from, to) = (format!("<sip:+254722000077@{}>", self.address), format!("<sip:{number}@{server}>"));
        self.send_with(server, Method::Invite, number, (&from, &to), cseq, (more, offer)).await;
    }

    async fn send_with(
        &self,
        server: SocketAddr,
        method: Method,
        number: &str,
        (from, to): (&str, &str),
        cseq: u32,
        (more, body): (&str, &str),
    ) {
        let address = self.address;
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let request = format!(
            "{method} sip:{number}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{method}{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: {from};tag=carrier\r\nTo: {to}\r\n\
             Call-ID: of-the-carrier\r\nCSeq: {cseq} {method}\r\nContact: <sip:carrier@{address}>\r\n{more}{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.socket.send_to(request.as_bytes(), server).await.expect("sent");
    }

    /// Sends these bytes.
    pub(super) async fn send_raw(&self, server: SocketAddr, bytes: &[u8]) {
        self.socket.send_to(bytes, server).await.expect("sent");
    }

    /// Says a tone to where the offer of this INVITE wants it, in A-law, until the task is aborted.
    pub(super) fn sings(&self, invite: &Request, frequency_hz: f32) -> JoinHandle<()> {
        let offer = std::str::from_utf8(&invite.body).expect("SDP");
        let port = offer.lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok());
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port.expect("a port of audio")));
        let socket = self.socket.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(FRAME);
            for frame in 0_u32.. {
                ticks.tick().await;
                let mut packet = vec![0x80, 8];
                packet.extend(u16::try_from(frame).expect("a short song").to_be_bytes());
                packet.extend((frame * FRAME_SAMPLES).to_be_bytes());
                packet.extend(u32::from(to.port()).to_be_bytes());
                packet.extend((frame * FRAME_SAMPLES..(frame + 1) * FRAME_SAMPLES).map(|at| {
                    let phase = std::f32::consts::TAU * frequency_hz * at as f32 / 8_000.0;
                    media::g711::Law::A.encode((phase.sin() * 8_000.0) as i16)
                }));
                socket.send_to(&packet, to).await.expect("sent");
            }
        })
    }

    /// Says this to where the offer of this INVITE wants it, in A-law, and then silence, until the task is aborted.
    pub(super) fn says(&self, invite: &Request, samples: Vec<i16>) -> JoinHandle<()> {
        let offer = std::str::from_utf8(&invite.body).expect("SDP");
        let port = offer.lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok());
        let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port.expect("a port of audio")));
        let socket = self.socket.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(FRAME);
            let mut frames = samples.chunks_exact(FRAME_SAMPLES as usize);
            for frame in 0_u32.. {
                ticks.tick().await;
                let mut packet = vec![0x80, 8];
                packet.extend(u16::try_from(frame).expect("a short speech").to_be_bytes());
                packet.extend((frame * FRAME_SAMPLES).to_be_bytes());
                packet.extend(u32::from(to.port()).to_be_bytes());
                let silence = [0; FRAME_SAMPLES as usize];
                let samples = frames.next().unwrap_or(&silence);
                packet.extend(samples.iter().map(|sample| media::g711::Law::A.encode(*sample)));
                socket.send_to(&packet, to).await.expect("sent");
            }
        })
    }

    /// So many samples as they come, from the first sound on, less those at the beginning.
    pub(super) async fn hears_from(&mut self, first: usize, samples: usize) -> Vec<i16> {
        let mut heard: Vec<i16> = Vec::new();
        while heard.len() < first + samples {
            let packet = self.hears().await.samples;
            if !heard.is_empty() || packet.iter().any(|sample| sample.unsigned_abs() > 1_000) {
                heard.extend(packet);
            }
        }
        heard.drain(..first);
        heard.truncate(samples);
        heard
    }

    /// Forgets what came so far.
    pub(super) fn forget(&mut self) {
        while self.audio.try_recv().is_ok() {}
    }

    /// The next so many samples, silent or not.
    pub(super) async fn hears_for(&mut self, samples: usize) -> Vec<i16> {
        let mut heard = Vec::new();
        while heard.len() < samples {
            heard.extend(self.hears().await.samples);
        }
        heard
    }

    /// The next packet of audio.
    pub(super) async fn hears(&mut self) -> Heard {
        self.audio.recv().await.expect("a running carrier")
    }

    /// The next response to a request with this method and a final status.
    pub(super) async fn told(&mut self, method: Method) -> Response {
        loop {
            match self.next(&method).await {
                Message::Response(response)
                    if !response.status.is_provisional() && response.cseq().is_ok_and(|cseq| cseq.method == method) =>
                {
                    return response;
                }
                _ => {}
            }
        }
    }

    /// The next response to an INVITE that is neither 100 nor final.
    pub(super) async fn told_early(&mut self) -> Response {
        loop {
            match self.next(&Method::Invite).await {
                Message::Response(response) if response.status.is_provisional() && response.status.code() > 100 => {
                    return response;
                }
                _ => {}
            }
        }
    }

    /// The next message, while one for this method is waited for.
    async fn next(&mut self, method: &Method) -> Message {
        let next = tokio::time::timeout(SILENCE, self.messages.recv()).await;
        next.unwrap_or_else(|_| panic!("no {method} in {SILENCE:?}")).expect("a running carrier")
    }

    /// The setting by which the server knows it.
    pub(super) fn trunk(&self) -> Trunk {
        Trunk {
            name: "test carrier".to_owned(),
            address: self.address.to_string(),
            prefixes: vec!["+".to_owned()],
            country: Some("KE".to_owned()),
            codecs: Vec::new(),
            priority: 1,
            ..Trunk::default()
        }
    }

    /// The next request with this method.
    pub(super) async fn asked(&mut self, method: Method) -> Request {
        self.asked_one_of(&[method]).await
    }

    /// The next request with one of these methods.
    pub(super) async fn asked_one_of(&mut self, methods: &[Method]) -> Request {
        loop {
            match self.next(&methods[0]).await {
                Message::Request(request) if methods.contains(&request.method) => return request,
                _ => {}
            }
        }
    }
}

async fn serve(
    socket: Arc<UdpSocket>,
    address: SocketAddr,
    manner: Manner,
    seen: mpsc::UnboundedSender<Message>,
    heard: mpsc::UnboundedSender<Heard>,
) {
    let mut buffer = vec![0; 65_535];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await.expect("a datagram");
        // Of the two only RTP begins with its version in two bits (RFC 7983).
        if buffer[0] >> 6 == 2 {
            let packet = &buffer[..length];
            let Ok(parsed) = media::rtp::Packet::parse(packet) else { continue };
            let samples = parsed.payload(packet).iter().map(|byte| media::g711::Law::A.decode(*byte)).collect();
            let _ = heard.send(Heard { at: Instant::now(), samples });
            continue;
        }
        let bytes = bytes::Bytes::copy_from_slice(&buffer[..length]);
        let Ok(message) = sip::parse::message(bytes) else { continue };
        if let Message::Request(request) = &message {
            for response in answers(&manner, request, address) {
                socket.send_to(&response.to_bytes(), from).await.expect("sent");
            }
        }
        // The test may have seen enough.
        let _ = seen.send(message);
    }
}

fn answers(manner: &Manner, request: &Request, address: SocketAddr) -> Vec<Response> {
    let with = |status, described: bool| {
        let mut response = Response::to_request(request, status, Some("carrier"));
        response.headers.push(HeaderName::Contact, format!("<sip:carrier@{address}>"));
        if described {
            response.headers.push(HeaderName::ContentType, "application/sdp");
            response.body = description(address).into();
        }
        response
    };
    match (&request.method, manner) {
        (Method::Ack, _) => Vec::new(),
        (Method::Invite, Manner::AtOnce) => vec![with(StatusCode::OK, true)],
        (Method::Invite, Manner::Ahead) => {
            let mut early = with(StatusCode::SESSION_PROGRESS, true);
            early.headers.push(HeaderName::Require, "100rel");
            early.headers.push(HeaderName::RSeq, RSEQ.to_string());
            vec![early]
        }
        (Method::Invite, Manner::Describing(description)) => {
            let mut answer = with(StatusCode::OK, true);
            answer.body = description.clone().into();
            vec![answer]
        }
        (Method::Invite, Manner::Announcing) => {
            vec![with(StatusCode::SESSION_PROGRESS, true), with(StatusCode::OK, true)]
        }
        (Method::Invite, Manner::Reliably) => {
            let mut ringing = with(StatusCode::RINGING, false);
            ringing.headers.push(HeaderName::Require, "100rel");
            ringing.headers.push(HeaderName::RSeq, RSEQ.to_string());
            vec![ringing, with(StatusCode::OK, true)]
        }
        (Method::Invite, Manner::SendingTo(elsewhere)) => {
            let mut moved = with(StatusCode::new(302).expect("a status"), false);
            moved.headers.set(HeaderName::Contact, format!("<sip:ported@{elsewhere}>"));
            vec![moved]
        }
        (Method::Invite, Manner::Refusing(status)) => vec![with(*status, false)],
        _ => vec![with(StatusCode::OK, false)],
    }
}

/// A-law at the carrier's own port.
pub(super) fn description(address: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
    )
}
