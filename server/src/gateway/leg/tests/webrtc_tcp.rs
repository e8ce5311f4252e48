//! Browsers that reach the shared port by TCP: a whole call through a tunnel, and single connections up to their bounds.
//!
//! ```text
//! telephone ─ RtpEnd │near│ WebrtcEnd ─UDP─ tunnel ═TCP═ the shared port │far│ RtpEnd ─ telephone
//! ```

use core::time::Duration;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use rtc::stun::{
    attributes::{ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME, AttrType, RawAttribute},
    fingerprint::FINGERPRINT,
    integrity::MessageIntegrity,
    message::{BINDING_REQUEST, Message, Setter, TransactionId},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    support::{PATIENCE, Talking},
    webrtc::{Node, node, transcoding},
};
use crate::gateway::{
    leg::{
        MediaEnd,
        ice_tcp::{self, PACE, Pace},
        mux::UdpMux,
        stun::tests::binding_request,
    },
    sip::Sockets,
};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// First octets of SRTP (RFC 7983 §7).
const AUDIO: core::ops::RangeInclusive<u8> = 128..=191;

async fn write_frame(stream: &mut (impl AsyncWrite + Unpin), datagram: &[u8]) {
    let length = u16::try_from(datagram.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], datagram].concat()).await.unwrap();
}

/// The next frame; none once the other end has closed.
async fn read_frame(stream: &mut (impl AsyncRead + Unpin)) -> Option<Vec<u8>> {
    timeout(PATIENCE, async {
        let mut frame = vec![0; usize::from(stream.read_u16().await.ok()?)];
        stream.read_exact(&mut frame).await.ok()?;
        Some(frame)
    })
    .await
    .expect("neither a frame nor an end")
}

/// Carries one browser's datagrams over a TCP connection to `to`; gives where it takes them.
async fn tunnel(to: SocketAddr) -> (SocketAddr, Talking) {
    let socket = UdpSocket::bind(LOOPBACK).await.unwrap();
    let address = socket.local_addr().unwrap();
    let (mut reading, mut writing) = TcpStream::connect(to).await.unwrap().into_split();
    let carrying = tokio::spawn(async move {
        let mut datagram = [0; 1_500];
        let (length, browser) = socket.recv_from(&mut datagram).await.unwrap();
        socket.connect(browser).await.unwrap();
        write_frame(&mut writing, &datagram[..length]).await;
        let there = async {
            while let Ok(length) = socket.recv(&mut datagram).await {
                write_frame(&mut writing, &datagram[..length]).await;
            }
        };
        let back = async {
            loop {
                let length = reading.read_u16().await.unwrap();
                let mut frame = vec![0; usize::from(length)];
                reading.read_exact(&mut frame).await.unwrap();
                socket.send(&frame).await.unwrap();
            }
        };
        tokio::join!(there, back);
    });
    (address, Talking(carrying))
}

/// Two nodes, of which the near one reaches the far one's browser leg through a tunnel alone.
struct Tunnelled {
    near: Node,
    far: Node,
    _tunnel: Talking,
    /// USERNAME of checks for the far one, and their key.
    username: String,
    password: String,
}

async fn tunnelled() -> Tunnelled {
    let (mut near, mut far) = (node(transcoding()).await, node(transcoding()).await);
    let offer = near.browser.offer().await.unwrap();
    let answer = String::from_utf8(far.browser.answer(&offer).await.unwrap().to_vec()).unwrap();
    let (entrance, tunnel) = tunnel(far.shared.local()).await;
    let [by_udp, through] = [far.shared.local(), entrance].map(|at| format!(" {} {} typ host\r\n", at.ip(), at.port()));
    assert!(answer.contains(&by_udp), "{answer}");
    near.browser.apply(answer.replace(&by_udp, &through).as_bytes()).await.unwrap();
    for node in [&near, &far] {
        node.call.join(node.trunk.port(), node.browser.port());
    }
    let credentials = |description: &[u8]| {
        let session = sip::sdp::parse(description).unwrap();
        let (ufrag, password) = session.ice_credentials(session.audio().unwrap()).unwrap();
        (ufrag.to_owned(), password.to_owned())
    };
    let ((near_ufrag, _), (far_ufrag, password)) = (credentials(&offer), credentials(answer.as_bytes()));
    Tunnelled { near, far, _tunnel: tunnel, username: format!("{far_ufrag}:{near_ufrag}"), password }
}

impl Tunnelled {
    /// A check of the near one's that nominates where it comes from.
    fn nomination(&self) -> Vec<u8> {
        let crypto = rtc::crypto::default_provider().unwrap();
        let attribute = |typ: AttrType, value: &[u8]| -> Box<dyn Setter> {
            Box::new(RawAttribute { typ, length: 0, value: value.to_vec() })
        };
        let integrity =
            MessageIntegrity::new_short_term_integrity_with_provider(self.password.clone(), crypto.crypto());
        let mut check = Message::new();
        check
            .build(&[
                Box::new(BINDING_REQUEST),
                Box::new(TransactionId::new()),
                attribute(ATTR_USERNAME, self.username.as_bytes()),
                attribute(ATTR_ICE_CONTROLLING, &[7; 8]),
                attribute(ATTR_PRIORITY, &[1; 4]),
                attribute(ATTR_USE_CANDIDATE, &[]),
                Box::new(integrity),
                Box::new(FINGERPRINT),
            ])
            .unwrap();
        check.raw.to_vec()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_goes_both_ways_by_tcp_alone() {
    let Tunnelled { near, far, _tunnel, .. } = tunnelled().await;
    let (_near_talks, _far_talks) = (near.phone.talk(1_000.0), far.phone.talk(600.0));
    tokio::join!(near.phone.hear(600.0), far.phone.hear(1_000.0));
    assert_eq!(far.shared.tcp_connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audio_moves_between_udp_and_tcp_with_what_the_browser_nominates() {
    let call = tunnelled().await;
    let _far_talks = call.far.phone.talk(600.0);
    call.near.phone.hear(600.0).await;
    let by_udp = UdpSocket::bind(LOOPBACK).await.unwrap();
    by_udp.send_to(&call.nomination(), call.far.shared.local()).await.unwrap();
    let mut datagram = [0; 1_500];
    timeout(PATIENCE, async {
        while by_udp.recv(&mut datagram).await.unwrap() == 0 || !AUDIO.contains(&datagram[0]) {}
    })
    .await
    .expect("no audio by UDP");
    let mut by_tcp = TcpStream::connect(call.far.shared.local()).await.unwrap();
    write_frame(&mut by_tcp, &call.nomination()).await;
    while !AUDIO.contains(&read_frame(&mut by_tcp).await.expect("the connection was closed")[0]) {}
}

/// The port alone, which closes when this is dropped.
struct Port {
    mux: Arc<UdpMux>,
    address: SocketAddr,
    _serving: DropGuard,
}

impl Drop for Port {
    fn drop(&mut self) {
        self.mux.close();
    }
}

/// One that takes so many connections.
fn port(most: usize, pace: Pace) -> Port {
    let mux = UdpMux::bind(LOOPBACK).unwrap();
    let listener = ice_tcp::listen(LOOPBACK).unwrap();
    let address = listener.local_addr().unwrap();
    let closing = CancellationToken::new();
    tokio::spawn(ice_tcp::serve(listener, mux.clone(), Sockets::new(most), pace, closing.clone()));
    Port { mux, address, _serving: closing.drop_guard() }
}

#[tokio::test]
async fn whoever_shows_no_check_of_a_call_is_cut_off() {
    let port = port(100, PACE);
    let (_entry, _datagrams, _links) = port.mux.enter("ours");
    let indication = [&[0, 17], &binding_request("ours:x")[2..]].concat();
    for first in [&binding_request("nobody:x")[..], &indication, &[0x80; 40], &[], &[22; 1_500]] {
        let mut stream = TcpStream::connect(port.address).await.unwrap();
        write_frame(&mut stream, first).await;
        assert_eq!(read_frame(&mut stream).await, None, "{first:?}");
    }
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    stream.write_all(&u16::MAX.to_be_bytes()).await.unwrap();
    assert_eq!(read_frame(&mut stream).await, None, "a frame longer than any datagram");
}

#[tokio::test]
async fn whoever_says_nothing_is_cut_off_before_and_after_the_first_check() {
    let short = Duration::from_millis(50);
    let port = port(100, Pace { checked_within: short, quiet_for: short });
    let (_entry, mut datagrams, _links) = port.mux.enter("ours");
    let mut silent = TcpStream::connect(port.address).await.unwrap();
    silent.write_all(&[0]).await.unwrap();
    assert_eq!(read_frame(&mut silent).await, None);
    let mut checked = TcpStream::connect(port.address).await.unwrap();
    write_frame(&mut checked, &binding_request("ours:x")).await;
    assert!(datagrams.recv().await.is_some());
    assert_eq!(read_frame(&mut checked).await, None);
}

#[tokio::test]
async fn there_are_so_many_connections_and_no_more() {
    let port = port(2, PACE);
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(TcpStream::connect(port.address).await.unwrap());
    }
    let mut third = TcpStream::connect(port.address).await.unwrap();
    assert_eq!(read_frame(&mut third).await, None);
}

#[tokio::test]
async fn datagrams_go_both_ways_and_the_connection_ends_with_the_call() {
    let port = port(100, PACE);
    let (entry, mut datagrams, links) = port.mux.enter("ours");
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    let check = binding_request("ours:x");
    // In pieces, two in one.
    for piece in [&[0][..], &[check.len() as u8, 0], &check[1..], &[0, 3, 0x80, 1, 2, 0], &[2, 0x80, 9]] {
        stream.write_all(piece).await.unwrap();
        stream.flush().await.unwrap();
    }
    let peer = stream.local_addr().unwrap();
    for expected in [&check[..], &[0x80, 1, 2], &[0x80, 9]] {
        let (datagram, from) = timeout(PATIENCE, datagrams.recv()).await.unwrap().unwrap();
        assert_eq!((&datagram[..], from), (expected, peer));
    }
    assert_eq!(links.send(b"answer", peer), Some(Ok(())));
    assert_eq!(links.send(b"goodbye", peer), Some(Ok(())));
    drop(entry);
    assert_eq!(read_frame(&mut stream).await.as_deref(), Some(&b"answer"[..]));
    assert_eq!(read_frame(&mut stream).await.as_deref(), Some(&b"goodbye"[..]));
    assert_eq!(read_frame(&mut stream).await, None);
}

#[tokio::test]
async fn a_reader_that_stops_loses_packets_and_reads_whole_ones_later() {
    const PACKET: usize = 1_000;
    let port = port(100, PACE);
    let (_entry, mut datagrams, links) = port.mux.enter("ours");
    let mut stream = TcpStream::connect(port.address).await.unwrap();
    let peer = stream.local_addr().unwrap();
    write_frame(&mut stream, &binding_request("ours:x")).await;
    datagrams.recv().await.unwrap();
    // The reader's own kernel takes some megabytes at most.
    let mut lost = 0;
    for number in 0..20_000_u16 {
        let mut packet = vec![0x80; PACKET];
        packet[..2].copy_from_slice(&number.to_be_bytes());
        lost += usize::from(links.send(&packet, peer).unwrap().is_err());
        tokio::task::yield_now().await;
    }
    assert!(lost > 0);
    let mut before = None;
    for _ in 0..100 {
        let packet = read_frame(&mut stream).await.unwrap();
        assert_eq!(packet.len(), PACKET);
        let number = u16::from_be_bytes([packet[0], packet[1]]);
        assert!(before.is_none_or(|before| before < number), "in their order");
        before = Some(number);
    }
}
