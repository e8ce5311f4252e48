//! The `webrtc` crate's view of the shared port: tokio for everything but UDP, and for timers that need not be waited for.
//! What of it goes by TCP instead the crate does not know.

use std::{
    future::Future,
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::mpsc;
use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime, TokioRuntime,
    Transmit,
};

use super::{
    links::Links,
    mux::{Datagram, UdpMux},
    webrtc_lite::{Leaving, LiteChecks},
};

/// One connection's runtime: its UDP socket is the place in the mux.
#[derive(Debug)]
pub(crate) struct MuxRuntime {
    mux: Arc<UdpMux>,
    /// Taken by the first socket that the connection opens; it opens one.
    datagrams: Mutex<Option<mpsc::Receiver<Datagram>>>,
    links: Arc<Links>,
    checks: Arc<LiteChecks>,
    ufrag: String,
}

impl MuxRuntime {
    pub(super) fn new(
        mux: Arc<UdpMux>,
        datagrams: mpsc::Receiver<Datagram>,
        links: Arc<Links>,
        checks: Arc<LiteChecks>,
        ufrag: String,
    ) -> Self {
        Self { mux, datagrams: Mutex::new(Some(datagrams)), links, checks, ufrag }
    }
}

#[derive(Debug)]
struct MuxSocket {
    mux: Arc<UdpMux>,
    /// The throw-away address that the ICE agent believes to be bound to; it only names the candidate.
    name: SocketAddr,
    inbox: Mutex<mpsc::Receiver<Datagram>>,
    links: Arc<Links>,
    checks: Arc<LiteChecks>,
    ufrag: String,
}

impl AsyncUdpSocket for MuxSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.name)
    }

    fn poll_send(&self, _: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        let (destination, is_check) = match self.checks.leaving(transmit.contents, transmit.destination) {
            Leaving::Stays => return Poll::Ready(Ok(transmit.contents.len())),
            Leaving::Check => (transmit.destination, true),
            Leaving::Goes(destination) => (destination, false),
        };
        if let Some(sent) = self.links.send(transmit.contents, destination) {
            if sent.is_err() {
                self.mux.lost();
            }
            return Poll::Ready(Ok(transmit.contents.len()));
        }
        if is_check {
            self.mux.ask(&self.ufrag, destination);
        }
        Poll::Ready(self.mux.send(transmit.contents, destination))
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let (Some(buffer), Some(meta)) = (buffers.first_mut(), meta.first_mut()) else {
            return Poll::Ready(Ok(0));
        };
        let next = match self.checks.poll_next(context) {
            Poll::Ready(own) => Poll::Ready(Some(own)),
            Poll::Pending => {
                let received = self.inbox.lock().poll_recv(context);
                received.map(|received| received.inspect(|(datagram, from)| self.checks.arriving(datagram, *from)))
            }
        };
        match next {
            Poll::Ready(Some((datagram, from))) => {
                let length = datagram.len().min(buffer.len());
                for (to, from) in buffer.iter_mut().zip(&datagram) {
                    *to = *from;
                }
                *meta = RecvMeta::default();
                meta.len = length;
                meta.stride = length.max(1);
                meta.addr = from;
                Poll::Ready(Ok(1))
            }
            Poll::Ready(None) => Poll::Ready(Err(io::Error::other("left the shared port"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Runtime for MuxRuntime {
    fn spawn(&self, future: Boxed<'static, ()>) -> Box<dyn JoinHandle> {
        TokioRuntime.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let datagrams =
            self.datagrams.lock().take().ok_or_else(|| io::Error::other("the shared port is one socket"))?;
        let name = socket.local_addr()?;
        let inbox = Mutex::new(datagrams);
        Ok(Arc::new(MuxSocket {
            mux: self.mux.clone(),
            name,
            inbox,
            links: self.links.clone(),
            checks: self.checks.clone(),
            ufrag: self.ufrag.clone(),
        }))
    }

    fn wrap_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        TokioRuntime.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(&'a self, to: SocketAddr) -> Boxed<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        Box::pin(async move { TokioRuntime.connect_tcp(to).await })
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> Boxed<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { TokioRuntime.resolve_host(host).await })
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        if self.checks.hurries() { Box::pin(std::future::ready(())) } else { TokioRuntime.sleep(duration) }
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        TokioRuntime.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        TokioRuntime.block_on(future);
    }
}
