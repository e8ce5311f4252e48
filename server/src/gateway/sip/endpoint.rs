//! Opens the endpoint's socket and starts the task that owns the user agent ([`super::task`]).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sip::message::{Method, Uri};
use sip::ua::{Config, Local, Transport, Ua};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::screening::Screening;
use super::stream::{self, Listeners, Streams};
use super::task::Task;
use super::tracer::{Traced, Tracer};
use super::{Incoming, OpenDialog, SipHandle};
use crate::clock::Clock;
use crate::state::AppState;

/// Kernel buffers of the socket: a burst of 2,000 INVITEs must fit while the task is busy.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// Requests from outside that may wait for admission; further calls are refused with 503, other requests are dropped and
/// repeated by the peer.
pub(crate) const INCOMING_QUEUE: usize = 1_024;

/// How often another free port is taken whose number is free for connections too.
const FREE_PORT_TRIES: u32 = 32;

/// Why the endpoint did not start.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// The address is taken or not ours.
    #[error("{key} {address}: {source}")]
    Bind {
        /// The setting.
        key: &'static str,
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
    /// TCP and TLS beside; none: datagrams and WebSockets only.
    pub connections: Option<Connections>,
    /// How the messages of its calls are kept; none: they are not.
    pub traced: Option<Traced>,
}

/// What TCP and TLS need.
pub struct Connections {
    /// For certificates and the clock.
    pub app: AppState,
    /// Where TLS listens; none without certificates.
    pub tls_listen: Option<SocketAddr>,
}

impl Endpoint {
    /// Opens the sockets.
    pub fn bind(self) -> Result<BoundEndpoint, EndpointError> {
        let (socket, tcp) = self.bind_both()?;
        let bind_error = |source| EndpointError::Bind { key: "sip.listen", address: self.listen, source };
        let address = socket.local_addr().map_err(bind_error)?;
        let mut streams = None;
        let mut tls_address = None;
        if let (Some(tcp), Some(connections)) = (tcp, &self.connections) {
            let tls = connections.tls_listen.map(|address| {
                let failed = |source| EndpointError::Bind { key: "sip.tls_listen", address, source };
                let listener = stream::listen(address).map_err(failed)?;
                tls_address = Some(listener.local_addr().map_err(failed)?);
                Ok(listener)
            });
            streams = Some((connections.app.clone(), Listeners { tcp, tls: tls.transpose()? }));
        }
        let shown = self.shown(address);
        let tls_shown = tls_address.map_or(shown, |address| self.shown(address));
        let tracer = self.traced.clone().map(|traced| Tracer::new(traced, shown, tls_shown, self.clock.clone()));
        let mut config = Config::new(self.locals(address, tls_address)?, self.seed);
        config.product = self.product;
        config.allow.extend([Method::Register, Method::Refer]);
        let ua = Ua::new(config.clone());
        let (clock, stopping) = (self.clock, self.stopping);
        Ok(BoundEndpoint { ua, config, socket, address, tls_address, streams, tracer, clock, stopping })
    }

    /// The port of datagrams, and that of connections, which has the same number.
    fn bind_both(&self) -> Result<(UdpSocket, Option<TcpListener>), EndpointError> {
        let failed = |source| EndpointError::Bind { key: "sip.listen", address: self.listen, source };
        let mut tries = if self.listen.port() == 0 { FREE_PORT_TRIES } else { 1 };
        loop {
            let socket = bind(self.listen).map_err(failed)?;
            if self.connections.is_none() {
                return Ok((socket, None));
            }
            tries -= 1;
            match stream::listen(socket.local_addr().map_err(failed)?) {
                Ok(listener) => return Ok((socket, Some(listener))),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// A bound address as peers know it.
    fn shown(&self, address: SocketAddr) -> SocketAddr {
        let ip = if address.ip().is_unspecified() { self.public_ip } else { address.ip() };
        SocketAddr::new(ip, address.port())
    }

    /// Our ends, in the order of their numbers.
    fn locals(&self, address: SocketAddr, tls_address: Option<SocketAddr>) -> Result<Vec<Local>, EndpointError> {
        let (own, tls) = (self.shown(address), self.shown(tls_address.unwrap_or(address)));
        let local = |transport: Transport, sent_by: String, suffix: &str| {
            let contact = Uri::parse(format!("sip:gw@{sent_by}{suffix}"));
            let contact = contact.map_err(|_| EndpointError::Domain(self.domain.clone()))?;
            Ok(Local { transport, sent_by, contact })
        };
        let (web, of_web) = if self.secure_web { (Transport::Wss, "wss") } else { (Transport::Ws, "ws") };
        Ok(vec![
            local(Transport::Udp, own.to_string(), "")?,
            local(web, self.domain.clone(), &format!(";transport={of_web}"))?,
            local(Transport::Tcp, own.to_string(), ";transport=tcp")?,
            local(Transport::Tls, tls.to_string(), ";transport=tls")?,
        ])
    }
}

/// An endpoint whose address is known and that does not read yet.
pub struct BoundEndpoint {
    ua: Ua,
    config: Config,
    socket: UdpSocket,
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    streams: Option<(AppState, Listeners)>,
    tracer: Option<Tracer>,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
}

impl BoundEndpoint {
    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What its messages begin with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where TLS listens.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls_address
    }

    /// Starts the task; `screening` looks at every datagram, without one all of them enter. `callers` were left without a final
    /// answer by an earlier process, and get one first. Returns the stream of calls and requests.
    pub fn start(
        self,
        screening: Option<Arc<dyn Screening>>,
        callers: &[OpenDialog],
    ) -> (SipHandle, mpsc::Receiver<Incoming>) {
        let (handle, queues) = SipHandle::new();
        let (incoming, receiver) = mpsc::channel(INCOMING_QUEUE);
        let streams = self.streams.map(|(app, listeners)| {
            let streams = Streams::new(app, handle.clone(), incoming.clone(), screening.clone(), self.address);
            streams.serve(listeners, &self.stopping);
            streams
        });
        let mut task =
            Task::new(self.ua, self.socket, self.clock, screening, incoming, handle.clone(), streams, self.tracer);
        task.turn_away(callers);
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
