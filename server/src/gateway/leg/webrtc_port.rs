//! The UDP port that all browser calls of this node share, as the rest of the server sees it.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use super::mux::UdpMux;
use crate::entropy::Entropy;

/// The shared port; clones are the same port. It closes when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct WebrtcPort(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    mux: Arc<UdpMux>,
    public_ip: IpAddr,
    entropy: Arc<Entropy>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.mux.close();
    }
}

impl WebrtcPort {
    /// Binds `listen` (`media.listen`); candidates name `public_ip` (`media.public_ip`). Connections draw their passwords from
    /// `entropy`.
    ///
    /// # Errors
    /// When the address cannot be bound or the reader cannot start.
    pub fn bind(listen: SocketAddr, public_ip: IpAddr, entropy: Arc<Entropy>) -> io::Result<Self> {
        Ok(Self(Arc::new(Inner { mux: UdpMux::bind(listen)?, public_ip, entropy })))
    }

    /// The bound address.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.0.mux.local()
    }

    /// The address of our one candidate.
    #[must_use]
    pub fn public(&self) -> SocketAddr {
        SocketAddr::new(self.0.public_ip, self.0.mux.local().port())
    }

    /// Browser connections that are open; zero when no call is up.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.mux.connections()
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
