//! A carrier that answers every call at once and talks, or lets it ring, and keeps the requests that it gets.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::UdpSocket;

use super::node::eventually;

/// A packet of G.711 A-law.
const FRAME: Duration = Duration::from_millis(20);
/// Samples and bytes of a frame.
const FRAME_SAMPLES: u16 = 160;

/// A request that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) call_id: String,
}

/// The carrier; it stops with the test's runtime.
pub(super) struct Carrier {
    pub(super) address: SocketAddr,
    socket: Arc<UdpSocket>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Carrier {
    pub(super) async fn start() -> Self {
        Self::start_with(false).await
    }

    /// One whose callees ring until they are cancelled.
    pub(super) async fn ringing() -> Self {
        Self::start_with(true).await
    }

    async fn start_with(rings: bool) -> Self {
        let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket"));
        let address = socket.local_addr().expect("an address");
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        tokio::spawn(serve(socket.clone(), seen.clone(), rings));
        Self { address, socket, seen }
    }

    /// The requests of that method, retransmissions counted once.
    pub(super) fn requests(&self, method: &str) -> Vec<Seen> {
        let mut requests = Vec::new();
        for text in self.seen.lock().iter().filter(|text| text.starts_with(method)) {
            let seen = Seen { method: method.to_owned(), call_id: header(text, "Call-ID") };
            if !requests.contains(&seen) {
                requests.push(seen);
            }
        }
        requests
    }

    /// The first request of that method, once there is one.
    pub(super) async fn request(&self, method: &str) -> Seen {
        eventually(&format!("the carrier gets {method}"), async || self.requests(method).first().cloned()).await
    }

    /// The response to a request of ours with this Call-ID.
    pub(super) async fn response(&self, call_id: &str) -> String {
        eventually("the carrier gets a response", async || {
            let seen = self.seen.lock();
            seen.iter().find(|text| text.starts_with("SIP/2.0") && header(text, "Call-ID") == call_id).cloned()
        })
        .await
    }

    /// Calls one of the node's numbers.
    pub(super) async fn invite(&self, node: SocketAddr, number: &str, call_id: &str) {
        let address = self.address;
        let invite = format!(
            "INVITE sip:{number}@{node} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{call_id};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+254722000077@{address}>;tag=c{call_id}\r\nTo: <sip:{number}@{node}>\r\n\
             Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:{address}>\r\nContent-Length: 0\r\n\r\n"
        );
        self.socket.send_to(invite.as_bytes(), node).await.expect("sent");
    }

    /// Hangs up the call that it answered.
    pub(super) async fn bye(&self) {
        let invite = self.seen.lock().iter().find(|text| text.starts_with("INVITE")).cloned().expect("a call");
        let node = header(&invite, "Via");
        let node: SocketAddr = node["SIP/2.0/UDP ".len()..].split(';').next().expect("sent-by").parse().expect("it");
        let address = self.address;
        let bye = format!(
            "BYE sip:gw@{node} SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bKbye;rport\r\nMax-Forwards: 70\r\n\
             From: {};tag=carrier\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
            header(&invite, "To"),
            header(&invite, "From"),
            header(&invite, "Call-ID"),
        );
        self.socket.send_to(bye.as_bytes(), node).await.expect("sent");
    }
}

async fn serve(socket: Arc<UdpSocket>, seen: Arc<Mutex<Vec<String>>>, rings: bool) {
    let mut buffer = vec![0; 65_535];
    // A peer that was killed leaves ICMP errors on the socket; they concern no one.
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let answers = match text.split(' ').next() {
            Some("INVITE") if rings => vec![answer(&text, "180 Ringing", "", "")],
            Some("INVITE") => vec![answer_call(&text, socket.local_addr().expect("an address")).await],
            Some("BYE") => vec![answer(&text, "200 OK", "", "")],
            Some("CANCEL") => {
                let call_id = header(&text, "Call-ID");
                let is_its = |seen: &&String| seen.starts_with("INVITE") && header(seen, "Call-ID") == call_id;
                let invite = seen.lock().iter().find(is_its).cloned();
                let terminated = invite.map(|invite| answer(&invite, "487 Request Terminated", "", ""));
                [answer(&text, "200 OK", "", "")].into_iter().chain(terminated).collect()
            }
            _ => Vec::new(),
        };
        seen.lock().push(text);
        for answer in answers {
            let _ = socket.send_to(answer.as_bytes(), from).await;
        }
    }
}

/// The 200 with a description, and speech from now on.
async fn answer_call(invite: &str, address: SocketAddr) -> String {
    let rtp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
    let port = rtp.local_addr().expect("an address").port();
    let media = invite.lines().find_map(|line| line.strip_prefix("m=audio ")).expect("an offer of audio");
    let to_port: u16 = media.split(' ').next().expect("a port").parse().expect("a port");
    tokio::spawn(talk(rtp, SocketAddr::from((Ipv4Addr::LOCALHOST, to_port))));
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n\
         a=rtpmap:8 PCMA/8000\r\n"
    );
    answer(invite, "200 OK", &format!("Contact: <sip:{address}>\r\nContent-Type: application/sdp\r\n"), &sdp)
}

/// Sends silence frame by frame; a node that is gone does not disturb it.
async fn talk(rtp: UdpSocket, to: SocketAddr) {
    let mut frames = tokio::time::interval(FRAME);
    for sequence in 0_u16.. {
        frames.tick().await;
        let mut packet = vec![0x80, 8];
        packet.extend(sequence.to_be_bytes());
        packet.extend((u32::from(sequence) * u32::from(FRAME_SAMPLES)).to_be_bytes());
        packet.extend(7_u32.to_be_bytes());
        packet.resize(packet.len() + usize::from(FRAME_SAMPLES), 0xd5);
        let _ = rtp.send_to(&packet, to).await;
    }
}

fn answer(request: &str, status: &str, headers: &str, body: &str) -> String {
    let vias: String =
        request.lines().filter(|line| line.starts_with("Via:")).map(|via| format!("{via}\r\n")).collect();
    let to = header(request, "To");
    let tag = if to.contains(";tag=") { "" } else { ";tag=carrier" };
    let (from, call_id, cseq) = (header(request, "From"), header(request, "Call-ID"), header(request, "CSeq"));
    format!(
        "SIP/2.0 {status}\r\n{vias}From: {from}\r\nTo: {to}{tag}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A header's value; empty when there is none.
pub(super) fn header(message: &str, name: &str) -> String {
    let line = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_default().trim().to_owned()
}
