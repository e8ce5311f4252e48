//! ICE over TCP (RFC 6544) for browsers whose network lets no UDP out: we are passive, they connect.
//!
//! ```text
//!  accept ─► too many? ─► first frame is a check of one of our connections ─► its datagrams, both ways ─► closed
//!                 within 5 s, or closed                                       nothing heard for 30 s, or the call is over
//! ```
//! A frame is a datagram behind its length (RFC 4571). What is in it, and whether the check is authentic, is the business of the
//! connection it is given to, as with datagrams of the shared port; so is when the browser moves from one to the other.

use core::time::Duration;
use std::{io, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    mux::{DATAGRAM, Datagram, UdpMux},
    stun,
    webrtc_lite::BINDING_REQUEST_TYPE,
};
use crate::gateway::sip::{SocketPlace, Sockets};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;
/// Kernel buffer of what the peer has not read yet, bytes: about a second of audio, so that a slow line loses packets instead of
/// falling ever further behind.
const SEND_BUFFER: u32 = 16 * 1_024;
/// What is read at a time, bytes.
const READ_BYTES: usize = 2 * 1_024;
/// Datagrams written at a time. Few, because what is taken for writing has left the queue that bounds how old audio may be.
const WRITTEN_AT_ONCE: usize = 8;
/// Pause after the system had no socket for us: connections must end before it has.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// The length in front of each frame, bytes.
const LENGTH: usize = 2;

/// How long what may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Until the first check has come. Browsers send it as soon as they are connected.
    pub(super) checked_within: Duration,
    /// From one frame to the next. Browsers repeat checks every 5 s and give up after 30 s (RFC 7675 §5.1).
    pub(super) quiet_for: Duration,
}

/// For browsers.
pub(super) const PACE: Pace = Pace { checked_within: Duration::from_secs(5), quiet_for: Duration::from_secs(30) };

/// Opens the port.
///
/// # Errors
/// When it cannot be bound.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of an earlier process that still close must not keep us from our port.
    socket.set_reuseaddr(true)?;
    // Those that are accepted have it too.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Takes connections until the port closes.
pub(super) async fn serve(
    listener: TcpListener,
    mux: Arc<UdpMux>,
    sockets: Arc<Sockets>,
    pace: Pace,
    closing: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.cancelled() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Closed at once where its address has too many.
                if let Some(place) = sockets.place(peer.ip(), false) {
                    tokio::spawn(carry(mux.clone(), stream, peer, place, pace));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::error!(%error, "no connection of a browser's media could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn carry(mux: Arc<UdpMux>, mut stream: TcpStream, peer: SocketAddr, mut place: SocketPlace, pace: Pace) {
    // Audio must not wait for more of it. A socket that refuses is as good as it is.
    let _ = stream.set_nodelay(true);
    let (reading, writing) = stream.split();
    let mut reading = BufReader::with_capacity(READ_BYTES, reading);
    let mut frame = Vec::with_capacity(DATAGRAM);
    let Ok(Ok(())) = timeout(pace.checked_within, read(&mut reading, &mut frame)).await else { return };
    let asked = if frame.starts_with(&BINDING_REQUEST_TYPE) { stun::local_fragment(&frame) } else { None };
    let Some((received, sent)) = asked.and_then(|ufrag| mux.link(ufrag, peer)) else { return };
    place.proven();
    mux.hand(&received, &frame, peer);
    tokio::select! {
        () = hear(&mux, reading, frame, received, peer, pace) => {}
        () = tell(writing, sent) => {}
    }
}

/// Peer to connection, until either is gone.
async fn hear(
    mux: &UdpMux,
    mut reading: impl AsyncRead + Unpin,
    mut frame: Vec<u8>,
    received: mpsc::Sender<Datagram>,
    peer: SocketAddr,
    pace: Pace,
) {
    while let Ok(Ok(())) = timeout(pace.quiet_for, read(&mut reading, &mut frame)).await {
        if received.is_closed() {
            return;
        }
        mux.hand(&received, &frame, peer);
    }
}

/// Connection to peer, until either is gone.
async fn tell(mut writing: impl AsyncWrite + Unpin, mut sent: mpsc::Receiver<Bytes>) {
    let mut datagrams = Vec::with_capacity(WRITTEN_AT_ONCE);
    let mut bytes = Vec::new();
    while sent.recv_many(&mut datagrams, WRITTEN_AT_ONCE).await > 0 {
        bytes.clear();
        for datagram in datagrams.drain(..) {
            // The stack makes none that is longer.
            let Ok(length) = u16::try_from(datagram.len()) else { continue };
            bytes.extend(length.to_be_bytes());
            bytes.extend_from_slice(&datagram);
        }
        if writing.write_all(&bytes).await.is_err() {
            return;
        }
    }
    // Whoever is gone needs no goodbye.
    let _ = writing.shutdown().await;
}

/// Reads one frame.
async fn read(reading: &mut (impl AsyncRead + Unpin), frame: &mut Vec<u8>) -> io::Result<()> {
    let mut length = [0; LENGTH];
    reading.read_exact(&mut length).await?;
    let length = usize::from(u16::from_be_bytes(length));
    if length > DATAGRAM {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than any datagram"));
    }
    frame.resize(length, 0);
    reading.read_exact(frame).await?;
    Ok(())
}
