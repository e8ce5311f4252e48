//! The UDP port that all browser calls of this node share, and the TCP port beside it, as the rest of the server sees them.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{ice_tcp, mux::UdpMux, webrtc_sdp::OurAddress};
use crate::config::TcpPort;
use crate::descriptors;
use crate::entropy::Entropy;
use crate::gateway::sip::Sockets;

/// How often a free port is looked for that is free for datagrams and connections alike.
const ATTEMPTS: usize = 16;

/// The shared port; clones are the same port. It closes when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct WebrtcPort(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    mux: Arc<UdpMux>,
    tcp: Option<Tcp>,
    public_ip: IpAddr,
    entropy: Arc<Entropy>,
}

#[derive(Debug)]
struct Tcp {
    local: SocketAddr,
    sockets: Arc<Sockets>,
    _serving: DropGuard,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.mux.close();
    }
}

impl Tcp {
    fn serve(listener: TcpListener, mux: Arc<UdpMux>) -> io::Result<Self> {
        let local = listener.local_addr()?;
        let sockets = Sockets::new(descriptors::for_media_connections());
        let closing = CancellationToken::new();
        tokio::spawn(ice_tcp::serve(listener, mux, sockets.clone(), ice_tcp::PACE, closing.clone()));
        Ok(Self { local, sockets, _serving: closing.drop_guard() })
    }
}

impl WebrtcPort {
    /// Binds `listen` (`media.listen`), and `tcp` (`media.tcp_port`) at the same address; candidates name `public_ip`
    /// (`media.public_ip`). Connections draw their passwords from `entropy`.
    ///
    /// # Errors
    /// When one of them cannot be bound or the reader cannot start.
    pub fn bind(listen: SocketAddr, tcp: TcpPort, public_ip: IpAddr, entropy: Arc<Entropy>) -> io::Result<Self> {
        let mut attempts = ATTEMPTS;
        loop {
            let mux = UdpMux::bind(listen)?;
            let opened = listen_beside(mux.local(), tcp)
                .and_then(|listener| listener.map(|listener| Tcp::serve(listener, mux.clone())).transpose());
            match opened {
                Ok(tcp) => return Ok(Self(Arc::new(Inner { mux, tcp, public_ip, entropy }))),
                Err(error) => {
                    mux.close();
                    attempts -= 1;
                    // A port that is free for datagrams may be taken for connections.
                    if listen.port() != 0 || attempts == 0 || error.kind() != io::ErrorKind::AddrInUse {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// The bound address.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.0.mux.local()
    }

    /// What our candidates name.
    pub(super) fn public(&self) -> OurAddress {
        OurAddress {
            ip: self.0.public_ip,
            udp_port: self.0.mux.local().port(),
            tcp_port: self.0.tcp.as_ref().map(|tcp| tcp.local.port()),
        }
    }

    /// Browser connections that are open; zero when no call is up.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.mux.connections()
    }

    /// TCP connections that are open, whether or not they are a browser's.
    #[must_use]
    pub fn tcp_connections(&self) -> usize {
        self.0.tcp.as_ref().map_or(0, |tcp| tcp.sockets.open())
    }

    /// Datagrams dropped since the start because a queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.mux.dropped()
    }

    pub(super) fn entropy(&self) -> &Entropy {
        &self.0.entropy
    }

    pub(super) fn mux(&self) -> &Arc<UdpMux> {
        &self.0.mux
    }
}

/// Listens for connections beside the port of datagrams, if it shall.
fn listen_beside(datagrams: SocketAddr, tcp: TcpPort) -> io::Result<Option<TcpListener>> {
    let port = match tcp {
        TcpPort::Off => return Ok(None),
        TcpPort::Same => datagrams.port(),
        TcpPort::At(port) => port,
    };
    let told = |error: io::Error| io::Error::new(error.kind(), format!("TCP port {port} (`media.tcp_port`): {error}"));
    ice_tcp::listen(SocketAddr::new(datagrams.ip(), port)).map(Some).map_err(told)
}
