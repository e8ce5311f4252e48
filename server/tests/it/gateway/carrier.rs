//! A carrier on a socket of its own that answers as the test says. It sends and takes no audio.

use std::net::{Ipv4Addr, SocketAddr};

use sautikit::config::{Trunk, TrunkTransport};
use sip::message::{HeaderName, Message, Method, Request, Response, StatusCode};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

/// How it answers an INVITE.
#[derive(Debug, Clone)]
pub(super) enum Manner {
    /// 200 at once, in A-law.
    AtOnce,
    /// 183 with A-law audio, then 200.
    Announcing,
}

/// A running carrier.
pub(super) struct Carrier {
    pub(super) address: SocketAddr,
    requests: mpsc::UnboundedReceiver<Request>,
}

impl Carrier {
    /// Listens on a free port.
    pub(super) async fn that_answers(manner: Manner) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket");
        let address = socket.local_addr().expect("an address");
        let (seen, requests) = mpsc::unbounded_channel();
        tokio::spawn(serve(socket, address, manner, seen));
        Self { address, requests }
    }

    /// The setting by which the server knows it.
    pub(super) fn trunk(&self) -> Trunk {
        Trunk {
            name: "test carrier".to_owned(),
            address: self.address.to_string(),
            transport: TrunkTransport::Udp,
            prefixes: vec!["+".to_owned()],
            sources: Vec::new(),
            username: None,
            password: None,
            codecs: Vec::new(),
            priority: 1,
            max_calls: None,
        }
    }

    /// The next request with this method.
    pub(super) async fn asked(&mut self, method: Method) -> Request {
        loop {
            let request = self.requests.recv().await.expect("a running carrier");
            if request.method == method {
                return request;
            }
        }
    }
}

async fn serve(socket: UdpSocket, address: SocketAddr, manner: Manner, seen: mpsc::UnboundedSender<Request>) {
    let mut buffer = vec![0; 65_535];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await.expect("a datagram");
        let bytes = bytes::Bytes::copy_from_slice(&buffer[..length]);
        let Ok(Message::Request(request)) = sip::parse::message(bytes) else { continue };
        for response in answers(&manner, &request, address) {
            socket.send_to(&response.to_bytes(), from).await.expect("sent");
        }
        // The test may have seen enough.
        let _ = seen.send(request);
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
        (Method::Invite, Manner::Announcing) => {
            vec![with(StatusCode::SESSION_PROGRESS, true), with(StatusCode::OK, true)]
        }
        _ => vec![with(StatusCode::OK, false)],
    }
}

/// A-law at the carrier's own port, where nothing listens to it.
fn description(address: SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
    )
}
