//! Browser legs: two nodes whose WebRTC ends talk to each other, with a G.711 telephone behind each.
//!
//! ```text
//! telephone ─PCMU─ RtpEnd │near│ WebrtcEnd (offers) ══Opus══ WebrtcEnd (answers) │far│ RtpEnd ─PCMU─ telephone
//! ```

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use media::{Codec, MediaEvent};
use tokio::{sync::mpsc, time::timeout};

use super::support::{PATIENCE, Phone, call, engine};
use crate::config::TcpPort;
use crate::entropy::Entropy;
use crate::gateway::{
    leg::{CodecPolicy, MediaEnd, MediaEndError, RtpEnd, WebrtcEnd, WebrtcPort},
    media::{CallMedia, Gauge, LegId, LegMediaEvent, MediaHandle},
};

const TRUNK: LegId = LegId(0);
const BROWSER: LegId = LegId(1);

pub(super) struct Node {
    engine: MediaHandle,
    pub(super) shared: WebrtcPort,
    pub(super) call: CallMedia,
    events: mpsc::Receiver<LegMediaEvent>,
    pub(super) phone: Phone,
    pub(super) trunk: RtpEnd,
    pub(super) browser: WebrtcEnd,
}

/// A browser's policy under which the telephones' G.711 is not passed through.
pub(super) fn transcoding() -> CodecPolicy {
    CodecPolicy { prefer_passthrough: false, ..CodecPolicy::browser() }
}

pub(super) async fn node(policy: CodecPolicy) -> Node {
    node_of(policy, 1).await
}

/// One with credentials of its own, by its `seed`.
async fn node_of(policy: CodecPolicy, seed: u64) -> Node {
    let engine = engine();
    let shared = WebrtcPort::bind(
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        TcpPort::Same,
        Ipv4Addr::LOCALHOST.into(),
        Arc::new(Entropy::seeded(seed)),
    )
    .unwrap();
    let (call, events) = call(&engine);
    let mut phone = Phone::new().await;
    let mut trunk = RtpEnd::open(&call, TRUNK, CodecPolicy::trunk()).unwrap();
    phone.learn(&trunk.answer(phone.sdp().as_bytes()).await.unwrap());
    let mut browser = WebrtcEnd::open(&shared, &call, BROWSER, policy);
    browser.prefer(trunk.codec().unwrap());
    Node { engine, shared, call, events, phone, trunk, browser }
}

/// Two nodes connected by WebRTC, each with its telephone bridged in.
async fn connected(policy: CodecPolicy) -> (Node, Node) {
    let (mut near, mut far) = (node(policy.clone()).await, node(policy).await);
    let offer = near.browser.offer().await.unwrap();
    let answer = far.browser.answer(&offer).await.unwrap();
    near.browser.apply(&answer).await.unwrap();
    for node in [&near, &far] {
        node.call.join(node.trunk.port(), node.browser.port());
    }
    (near, far)
}

async fn digit(events: &mut mpsc::Receiver<LegMediaEvent>) -> (LegId, char) {
    timeout(PATIENCE, async {
        loop {
            if let LegMediaEvent { leg, event: MediaEvent::Digit { digit, .. } } = events.recv().await.unwrap() {
                return (leg, digit);
            }
        }
    })
    .await
    .expect("no digit was reported")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opus_is_transcoded_to_g711_both_ways() {
    let (near, far) = connected(transcoding()).await;
    assert_eq!((near.browser.codec(), far.browser.codec()), (Some(Codec::Opus), Some(Codec::Opus)));
    let (_near_talks, _far_talks) = (near.phone.talk(1_000.0), far.phone.talk(600.0));
    tokio::join!(near.phone.hear(600.0), far.phone.hear(1_000.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g711_is_passed_through_when_the_other_side_speaks_it() {
    let (near, far) = connected(CodecPolicy::browser()).await;
    assert_eq!(far.browser.codec(), Some(Codec::Pcmu));
    let (_near_talks, _far_talks) = (near.phone.talk(1_000.0), far.phone.talk(600.0));
    tokio::join!(near.phone.hear(600.0), far.phone.hear(1_000.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pressed_key_crosses_the_clock_rates() {
    let (near, mut far) = connected(transcoding()).await;
    let _near_talks = near.phone.talk(1_000.0);
    far.phone.talk(600.0);
    far.phone.hear(1_000.0).await;
    near.call.send_digits(near.browser.port(), "8");
    assert_eq!(digit(&mut far.events).await, (BROWSER, '8'));
    assert_eq!(far.phone.receive(101).await[0], 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answers_candidates_are_the_shared_port_by_udp_and_by_tcp() {
    let (mut near, mut far) = (node(transcoding()).await, node(transcoding()).await);
    let offer = near.browser.offer().await.unwrap();
    let answer = sip::sdp::parse(&far.browser.answer(&offer).await.unwrap()).unwrap();
    let candidates = answer.audio().unwrap().candidates();
    let told: Vec<_> = candidates.iter().map(|candidate| (candidate.transport.as_str(), candidate.port)).collect();
    let port = far.shared.local().port();
    assert_eq!(told, [("udp", port), ("tcp", port)]);
    assert_eq!(answer.audio().unwrap().attributes.get("extmap"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold_and_resume_are_renegotiated_on_the_same_connection() {
    let (mut near, mut far) = connected(transcoding()).await;
    let (_near_talks, _far_talks) = (near.phone.talk(1_000.0), far.phone.talk(600.0));
    far.phone.hear(1_000.0).await;
    let offer = near.browser.offer().await.unwrap();
    let held = core::str::from_utf8(&offer).unwrap().replace("a=sendrecv", "a=sendonly");
    let answer = far.browser.answer(held.as_bytes()).await.unwrap();
    assert!(core::str::from_utf8(&answer).unwrap().contains("a=recvonly"), "{answer:?}");
    let answer = far.browser.answer(&offer).await.unwrap();
    assert!(core::str::from_utf8(&answer).unwrap().contains("a=sendrecv"), "{answer:?}");
    near.browser.apply(&answer).await.unwrap();
    near.phone.hear(600.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_restarts_ice_is_heard_from_wherever_it_is() {
    let (near, mut far) = connected(transcoding()).await;
    let near_talks = near.phone.talk(1_000.0);
    far.phone.hear(1_000.0).await;
    let before = far.browser.codec();
    // The same call from another address, with other keys: what a page has that was loaded again.
    let mut again = node_of(transcoding(), 2).await;
    let offer = again.browser.offer().await.unwrap();
    let answer = far.browser.answer(&offer).await.unwrap();
    again.browser.apply(&answer).await.unwrap();
    again.call.join(again.trunk.port(), again.browser.port());
    drop(near_talks);
    let (_again_talks, _far_talks) = (again.phone.talk(1_400.0), far.phone.talk(600.0));
    tokio::join!(again.phone.hear(600.0), far.phone.hear(1_400.0));
    assert_eq!(far.browser.codec(), before);
    timeout(PATIENCE, async {
        while far.shared.connections() > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the former connection stayed in the mux");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chrome_jssip_and_sipjs_offers_are_answered_and_others_refused() {
    for offer in [
        &include_bytes!("../testdata/chrome_offer.sdp")[..],
        include_bytes!("../testdata/jssip_chrome_offer.sdp"),
        include_bytes!("../testdata/sipjs_chrome_offer.sdp"),
    ] {
        let mut node = node(transcoding()).await;
        let answer = node.browser.answer(offer).await.unwrap();
        let answer = sip::sdp::parse(&answer).unwrap();
        assert_eq!(answer.audio().unwrap().formats, ["111", "110"]);
    }
    let mut node = node(transcoding()).await;
    let plain = include_bytes!("../testdata/sipp_uac_offer.sdp");
    assert!(matches!(node.browser.answer(plain).await, Err(MediaEndError::NoAudio)));
    assert!(matches!(node.browser.answer(b"v=1").await, Err(MediaEndError::Malformed(_))));
    assert!(matches!(node.browser.apply(plain).await, Err(MediaEndError::WrongState)));
    assert_eq!(node.shared.connections(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_at_the_shared_port_harms_no_call() {
    let (near, far) = connected(transcoding()).await;
    let stranger = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for length in [0, 1, 4, 19, 20, 21, 200, 1_400] {
        for first in [0_u8, 1, 20, 63, 128, 255] {
            stranger.send_to(&vec![first; length], far.shared.local()).unwrap();
        }
    }
    let _near_talks = near.phone.talk(1_000.0);
    far.phone.hear(1_000.0).await;
    assert_eq!(far.shared.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_and_dropping_both_free_everything() {
    let (mut near, far) = connected(transcoding()).await;
    near.browser.close().await;
    assert_eq!(near.shared.connections(), 0);
    near.trunk.close().await;
    let gone = near.trunk.port();
    assert_eq!(near.call.stats(gone).await, None);
    assert_eq!(near.engine.gauge(), Gauge { dropped: near.engine.gauge().dropped, ..Gauge::default() });
    let Node { browser, shared, .. } = far;
    drop(browser);
    // A dropped end closes in the background, as it must not wait.
    timeout(PATIENCE, async {
        while shared.connections() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the connection stayed in the mux");
}
