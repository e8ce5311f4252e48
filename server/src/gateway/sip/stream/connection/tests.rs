use sip::message::Message;
use sip::ua::Party;
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;

use super::*;
use crate::gateway::sip::stream::StreamTransport;
use crate::gateway::sip::{Queues, Sockets};

const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKa\r\nFrom: <sip:c@d>;tag=1\r\n\
    To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody";

/// Long enough for a busy machine, short enough for a test.
const LIMITS: Limits = Limits {
    proven_within: Duration::from_millis(300),
    message_within: Duration::from_millis(600),
    look_every: Duration::from_millis(20),
    quiet_for: Duration::from_millis(900),
    written_within: Duration::from_millis(200),
};

/// A connection, seen by its peer and by the endpoint.
struct Scene {
    peer: DuplexStream,
    queues: Queues,
    proof: Arc<Proof>,
    outgoing: Option<mpsc::Sender<Bytes>>,
    served: JoinHandle<FlowId>,
}

impl Scene {
    async fn new(party: Party) -> Self {
        let (peer, own) = tokio::io::duplex(64 * 1024);
        let (sip, mut queues) = SipHandle::new();
        let opened = Connection::Stream { transport: StreamTransport::Tcp, party, certificate: None, hop: None };
        let remote = ([192, 0, 2, 1], 40_000).into();
        let place = Sockets::new(10).place([192, 0, 2, 1].into(), party != Party::Stranger);
        let served = tokio::spawn(async move { serve_within(LIMITS, &sip, own, remote, opened, place).await });
        let Some(WebInput::Opened { proof, outgoing, .. }) = queues.web.recv().await else { panic!("not opened") };
        // As the endpoint does for whom it knows.
        if party != Party::Stranger {
            proof.give();
        }
        Self { peer, queues, proof, outgoing: Some(outgoing), served }
    }

    /// The next message that the endpoint is given; none when the connection has closed.
    async fn message(&mut self) -> Option<Result<Message, sip::parse::ParseError>> {
        match self.queues.web.recv().await {
            Some(WebInput::Received { message, .. }) => Some(*message),
            Some(WebInput::Closed { .. }) => {
                self.outgoing = None;
                None
            }
            _ => panic!("something else"),
        }
    }
}

#[tokio::test]
async fn messages_come_whole_however_they_are_cut_and_a_ping_gets_its_pong() {
    let mut scene = Scene::new(Party::Trunk(1)).await;
    for byte in format!("\r\n\r\n{OPTIONS}{OPTIONS}").bytes() {
        scene.peer.write_all(&[byte]).await.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(scene.message().await.unwrap().unwrap().body(), "body");
    }
    let mut pong = [0; 2];
    scene.peer.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"\r\n");
    drop(scene.peer);
    assert!(scene.queues.web.recv().await.is_some_and(|input| matches!(input, WebInput::Closed { .. })));
}

#[tokio::test]
async fn who_proves_nothing_is_closed_and_who_does_stays() {
    let mut stranger = Scene::new(Party::Stranger).await;
    assert!(stranger.message().await.is_none());
    stranger.served.await.unwrap();
    let mut phone = Scene::new(Party::Stranger).await;
    phone.peer.write_all(OPTIONS.as_bytes()).await.unwrap();
    phone.message().await.unwrap().unwrap();
    phone.proof.give();
    // Looked at when it would have been closed, and from then on: a line end each time.
    let mut looked_at = [0; 4];
    phone.peer.read_exact(&mut looked_at).await.unwrap();
    phone.peer.write_all(OPTIONS.as_bytes()).await.unwrap();
    assert!(phone.message().await.is_some());
}

#[tokio::test]
async fn a_message_that_does_not_come_to_its_end_ends_the_connection() {
    let mut scene = Scene::new(Party::Trunk(1)).await;
    let began = clock::timer_now();
    scene.peer.write_all(&OPTIONS.as_bytes()[..30]).await.unwrap();
    assert!(scene.message().await.is_none());
    assert!(clock::timer_now() - began >= LIMITS.message_within);
}

#[tokio::test]
async fn what_can_not_be_cut_is_answered_before_the_connection_closes() {
    let mut scene = Scene::new(Party::Trunk(1)).await;
    let without_length = OPTIONS.replace("Content-Length: 4\r\n", "");
    scene.peer.write_all(without_length.as_bytes()).await.unwrap();
    assert!(scene.message().await.unwrap().is_err());
    scene.outgoing.as_ref().unwrap().send(Bytes::from_static(b"SIP/2.0 400 Bad Request")).await.unwrap();
    assert!(scene.message().await.is_none());
    let mut said = String::new();
    scene.peer.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "SIP/2.0 400 Bad Request");
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_cut_off() {
    let mut scene = Scene::new(Party::Trunk(1)).await;
    let outgoing = scene.outgoing.take().unwrap();
    while outgoing.send(Bytes::from(vec![b'x'; 32 * 1024])).await.is_ok() {}
    drop(outgoing);
    assert!(scene.message().await.is_none());
    scene.served.await.unwrap();
}

#[tokio::test]
async fn a_line_end_at_each_look_keeps_the_way_open_and_silence_is_told() {
    let mut scene = Scene::new(Party::Trunk(1)).await;
    let quiet = async { matches!(scene.queues.web.recv().await, Some(WebInput::Quiet { .. })) };
    assert!(quiet.await);
    let mut kept_open = [0; 10];
    scene.peer.read_exact(&mut kept_open).await.unwrap();
    assert!(kept_open.chunks(2).all(|line| line == LINE_END));
}
