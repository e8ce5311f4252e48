//! Opens the endpoint's socket and starts the task that owns the user agent ([`super::task`]).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sip::message::{Method, Uri};
use sip::ua::{Config, Local, Transport, Ua};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::screening::Screening;
use super::task::Task;
use super::{Incoming, SipHandle};
use crate::clock::Clock;

/// Kernel buffers of the socket: a burst of 2,000 INVITEs must fit while the task is busy.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// Requests from outside that may wait for admission; further calls are refused with 503, other requests are dropped and
/// repeated by the peer.
pub(crate) const INCOMING_QUEUE: usize = 1_024;

/// Why the endpoint did not start.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The address is taken or not ours.
    #[error("sip.listen {address}: {source}")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The domain can't stand in a SIP URI.
    #[error("sip.domain {0:?} can't stand in a SIP URI")]
    Domain(String),
}

/// What the endpoint is given.
pub struct Endpoint {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The address in Via and Contact where `listen` names none (0.0.0.0).
    pub public_ip: IpAddr,
    /// Host name in Contact of WebSocket legs.
    pub domain: String,
    /// Whether browsers reach us over TLS (then Via says WSS).
    pub secure_web: bool,
    /// User-Agent.
    pub product: String,
    /// Fresh random bytes.
    pub seed: [u8; 32],
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ends the task.
    pub stopping: CancellationToken,
}

impl Endpoint {
    /// Opens the socket.
    pub fn bind(self) -> Result<BoundEndpoint, EndpointError> {
        let bind_error = |source| EndpointError::Bind { address: self.listen, source };
        let socket = bind(self.listen).map_err(bind_error)?;
        let address = socket.local_addr().map_err(bind_error)?;
        let shown =
            if address.ip().is_unspecified() { SocketAddr::new(self.public_ip, address.port()) } else { address };
        let contact = |text: String| Uri::parse(&text).map_err(|_| EndpointError::Domain(self.domain.clone()));
        let (web, web_suffix) = if self.secure_web { (Transport::Wss, "wss") } else { (Transport::Ws, "ws") };
        let locals = vec![
            Local {
                transport: Transport::Udp,
                sent_by: shown.to_string(),
                contact: contact(format!("sip:gw@{shown}"))?,
            },
            Local {
                transport: web,
                sent_by: self.domain.clone(),
                contact: contact(format!("sip:gw@{};transport={web_suffix}", self.domain))?,
            },
        ];
        let mut config = Config::new(locals, self.seed);
        config.product = self.product;
        config.allow.push(Method::Register);
        Ok(BoundEndpoint { ua: Ua::new(config), socket, address, clock: self.clock, stopping: self.stopping })
    }
}

/// An endpoint whose address is known and that does not read yet.
pub struct BoundEndpoint {
    ua: Ua,
    socket: UdpSocket,
    address: SocketAddr,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
}

impl BoundEndpoint {
    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the task; `screening` looks at every datagram, without one all of them enter. Returns the stream of calls and
    /// requests.
    pub fn start(self, screening: Option<Arc<dyn Screening>>) -> (SipHandle, mpsc::Receiver<Incoming>) {
        let (handle, queues) = SipHandle::new();
        let (incoming, receiver) = mpsc::channel(INCOMING_QUEUE);
        let task = Task::new(self.ua, self.socket, self.clock, screening, incoming, handle.clone());
        tokio::spawn(task.run(queues, self.stopping));
        (handle, receiver)
    }
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::DGRAM, None)?;
    // The kernel may grant less; then bursts cost retransmissions.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}
