//! SIP over TCP and TLS (RFC 3261 §18, RFC 5923): connections that others open, and those that we open to reach them.
//!
//! ```text
//!  accept ─► blocked? too many? ─► (TLS) ─► connection ─┐
//!                                                       ├─► the endpoint's task, by the queue that WebSockets use
//!  a request of ours ─► pool ─► dial ─► (TLS) ─► connection ─┘
//! ```
//! Whose connection it is follows from its address, from its certificate, or from what is proven over it. A request goes over
//! the connection that leads where it shall go ([`pool`]), one for all calls; one that closes under a call is opened again.

mod connection;
mod hop;
mod pool;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use sip::ua::Party;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_util::sync::CancellationToken;

use super::command::Connection;
use super::screening::Screening;
use super::{Incoming, SipHandle, SocketPlace, Sockets, WebInput};
use crate::descriptors;
use crate::state::AppState;
use crate::tls::Certificates;

pub use hop::{Hop, StreamTransport};
pub(super) use pool::{Pool, Wanted};

/// How long a handshake may take: a phone behind a slow line needs two seconds.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How long a connection that we open may take, TLS included: a carrier that is not there in that time is passed over.
const CONNECT_WITHIN: Duration = Duration::from_secs(4);
/// Pause after the system had no socket for us: connections must end before it has.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// Connections whose handshake is not done when they come: the kernel holds them back.
const BACKLOG: u32 = 1_024;

/// The ports of connections, bound.
#[derive(Debug)]
pub(super) struct Listeners {
    /// Beside the datagrams' port, of the same number.
    pub(super) tcp: TcpListener,
    /// Where there are certificates.
    pub(super) tls: Option<TcpListener>,
}

/// What all connections share.
pub(super) struct Streams {
    app: AppState,
    sip: SipHandle,
    incoming: mpsc::Sender<Incoming>,
    screening: Option<Arc<dyn Screening>>,
    sockets: Arc<Sockets>,
    /// Where connections of ours come from.
    own: SocketAddr,
}

/// Opens a port of connections.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of an earlier process that still close must not keep us from our port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Streams {
    pub(super) fn new(
        app: AppState,
        sip: SipHandle,
        incoming: mpsc::Sender<Incoming>,
        screening: Option<Arc<dyn Screening>>,
        own: SocketAddr,
    ) -> Arc<Self> {
        let sockets = Sockets::new(descriptors::for_sip_connections());
        Arc::new(Self { app, sip, incoming, screening, sockets, own })
    }

    /// Takes connections until the server stops.
    pub(super) fn serve(self: &Arc<Self>, listeners: Listeners, stopping: &CancellationToken) {
        let ports = [(Some(listeners.tcp), StreamTransport::Tcp), (listeners.tls, StreamTransport::Tls)];
        for (listener, transport) in ports {
            if let Some(listener) = listener {
                tokio::spawn(self.clone().accept(listener, transport, stopping.clone()));
            }
        }
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, transport: StreamTransport, stopping: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stopping.cancelled() => return,
            };
            match accepted {
                Ok((stream, remote)) => self.take(stream, remote, transport),
                Err(error) if is_of_client(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no SIP connection could be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// One that came. It is closed at once where its address is blocked or has too many.
    fn take(self: &Arc<Self>, stream: TcpStream, remote: SocketAddr, transport: StreamTransport) {
        let now = self.app.clock.monotonic();
        let party = self.party_of(remote);
        let is_open = |screening: &Arc<dyn Screening>| party != Party::Stranger || screening.is_open_to(now, remote);
        if !self.screening.as_ref().is_none_or(is_open) {
            return;
        }
        let Some(place) = self.sockets.place(remote.ip(), party != Party::Stranger) else { return };
        let streams = self.clone();
        tokio::spawn(async move {
            tune(&stream);
            match transport {
                StreamTransport::Tcp => {
                    let opened = Connection::Stream { transport, party, certificate: None, hop: None };
                    streams.run(stream, remote, opened, Some(place)).await;
                }
                StreamTransport::Tls => streams.shake_hands(stream, remote, party, place).await,
            }
        });
    }

    async fn shake_hands(&self, stream: TcpStream, remote: SocketAddr, party: Party, place: SocketPlace) {
        let certificates = self.app.part::<Certificates>();
        let Some(server) = certificates.sip_server() else { return };
        // Whoever fails has no name yet and gets no answer but TLS's own.
        let Ok(Ok(stream)) = timeout(HANDSHAKE_WITHIN, TlsAcceptor::from(server).accept(stream)).await else {
            tracing::debug!(%remote, "a TLS handshake failed");
            return;
        };
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let proven = certificates.proven(chain, self.app.now_us());
        let certified = proven
            .as_ref()
            .zip(self.screening.as_ref())
            .and_then(|(proven, screening)| screening.party_of_certificate(&|name| proven.is_of(name)));
        let party = certified.unwrap_or(party);
        let transport = StreamTransport::Tls;
        let opened = Connection::Stream { transport, party, certificate: proven, hop: None };
        self.run(stream, remote, opened, Some(place)).await;
    }

    /// Opens a connection; [`WebInput::NotOpened`] says that it could not be.
    pub(super) fn dial(self: &Arc<Self>, hop: Hop) {
        let streams = self.clone();
        tokio::spawn(async move {
            let connected = timeout(CONNECT_WITHIN, streams.connect(&hop)).await;
            let remote = hop.remote;
            let party = streams.party_of(remote);
            match connected {
                Ok(Ok(Connected::Plain(stream))) => {
                    let (transport, certificate) = (hop.transport, None);
                    let opened = Connection::Stream { transport, party, certificate, hop: Some(hop) };
                    streams.run(stream, remote, opened, None).await;
                }
                Ok(Ok(Connected::Tls(stream))) => {
                    let (transport, certificate) = (hop.transport, None);
                    let opened = Connection::Stream { transport, party, certificate, hop: Some(hop) };
                    streams.run(*stream, remote, opened, None).await;
                }
                Ok(Err(error)) => {
                    tracing::warn!(%remote, transport = hop.transport.as_str(), %error, "no SIP connection could be opened");
                    streams.sip.send_web(WebInput::NotOpened { hop }).await;
                }
                Err(_) => {
                    tracing::warn!(%remote, transport = hop.transport.as_str(), "a SIP connection took too long to open");
                    streams.sip.send_web(WebInput::NotOpened { hop }).await;
                }
            }
        });
    }

    async fn connect(&self, hop: &Hop) -> io::Result<Connected> {
        let socket = if hop.remote.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // Carriers know us by the address that we listen at.
        if !self.own.ip().is_unspecified() && self.own.is_ipv4() == hop.remote.is_ipv4() {
            socket.bind(SocketAddr::new(self.own.ip(), 0))?;
        }
        let stream = socket.connect(hop.remote).await?;
        tune(&stream);
        if hop.transport == StreamTransport::Tcp {
            return Ok(Connected::Plain(stream));
        }
        let name = match &hop.name {
            Some(name) => ServerName::try_from(name.clone()).map_err(io::Error::other)?,
            None => ServerName::IpAddress(hop.remote.ip().into()),
        };
        let connector = TlsConnector::from(self.app.part::<Certificates>().client());
        Ok(Connected::Tls(Box::new(connector.connect(name, stream).await?)))
    }

    async fn run<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        remote: SocketAddr,
        opened: Connection,
        place: Option<SocketPlace>,
    ) {
        let flow = connection::serve(&self.sip, stream, remote, opened, place).await;
        // The endpoint's owner is there as long as the server runs.
        let _ = self.incoming.send(Incoming::Closed { flow }).await;
    }

    fn party_of(&self, remote: SocketAddr) -> Party {
        self.screening.as_ref().map_or(Party::Stranger, |screening| screening.party_of(remote))
    }
}

/// A connection that we opened.
enum Connected {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// Messages are small and must not wait for each other. A socket that refuses is as good as it is.
fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
}

fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset)
}
