//! Two plain RTP legs joined by the media engine.

use std::{net::SocketAddr, sync::Arc};

use media::{Asset, MediaEvent, PortId, ToneSpec};
use tokio::{sync::mpsc, time::timeout};

use super::support::{PATIENCE, Phone, Tone, call, engine};
use crate::gateway::{
    leg::{CodecPolicy, MediaEnd, MediaEndError, RtpEnd},
    media::{CallMedia, Gauge, LegId, LegMediaEvent, MediaHandle},
};

struct Bridge {
    engine: MediaHandle,
    call: CallMedia,
    events: mpsc::Receiver<LegMediaEvent>,
    caller: (Phone, RtpEnd),
    callee: (Phone, RtpEnd),
}

/// The caller's offer is answered, the callee answers ours, the legs are joined.
async fn bridge() -> Bridge {
    bridge_of(Phone::new().await).await
}

async fn bridge_of(mut alice: Phone) -> Bridge {
    let engine = engine();
    let (call, events) = call(&engine);
    let mut bob = Phone::new().await;
    let mut caller = RtpEnd::open(&call, LegId(1), CodecPolicy::trunk()).unwrap();
    let mut callee = RtpEnd::open(&call, LegId(2), CodecPolicy::trunk()).unwrap();
    alice.learn(&caller.answer(alice.sdp().as_bytes()).await.unwrap());
    callee.prefer(caller.codec().unwrap());
    bob.learn(&callee.offer().await.unwrap());
    callee.apply(bob.sdp().as_bytes()).await.unwrap();
    call.join(caller.port(), callee.port());
    Bridge { engine, call, events, caller: (alice, caller), callee: (bob, callee) }
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

#[tokio::test]
async fn a_tone_is_heard_both_ways() {
    let Bridge { caller: (alice, _a), callee: (bob, _b), .. } = bridge().await;
    let (_alice_talks, _bob_talks) = (alice.talk(1_000.0), bob.talk(600.0));
    tokio::join!(alice.hear(600.0), bob.hear(1_000.0));
}

#[tokio::test]
async fn a_pressed_key_is_reported_once_and_reaches_the_other_leg() {
    let Bridge { caller: (alice, _a), callee: (bob, _b), mut events, .. } = bridge().await;
    alice.press(5).await;
    assert_eq!(digit(&mut events).await, (LegId(1), '5'));
    assert_eq!(bob.receive(101).await[0], 5);
    alice.send_event(9, true, 9_000, [11, 0x8a, 3, 32]).await;
    assert_eq!(digit(&mut events).await, (LegId(1), '#'));
}

#[tokio::test]
async fn digits_are_pressed_towards_a_leg() {
    let Bridge { call, caller: (alice, a), callee: (_bob, _b), .. } = bridge().await;
    call.send_digits(a.port(), "x7");
    assert_eq!(alice.receive(101).await[0], 7);
}

#[tokio::test]
async fn a_played_asset_is_heard_and_its_end_reported() {
    let Bridge { call, caller: (alice, a), callee: (_bob, _b), mut events, .. } = bridge().await;
    let asset = Asset::from_narrow(Tone::new(440.0, 8_000.0).take(8_000).collect());
    call.play(a.port(), Arc::new(asset), 1);
    alice.hear(440.0).await;
    let ended = timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
    assert_eq!(ended, LegMediaEvent { leg: LegId(1), event: MediaEvent::PlayEnded { played_ms: 1_000 } });
}

#[tokio::test]
async fn what_is_commanded_before_the_codec_is_agreed_happens_at_the_agreement() {
    let engine = engine();
    let (call, _events) = call(&engine);
    let (mut alice, mut bob) = (Phone::new().await, Phone::new().await);
    let mut caller = RtpEnd::open(&call, LegId(1), CodecPolicy::trunk()).unwrap();
    let mut callee = RtpEnd::open(&call, LegId(2), CodecPolicy::trunk()).unwrap();
    call.play(caller.port(), Arc::new(Asset::from_narrow(Tone::new(440.0, 8_000.0).take(4_000).collect())), 0);
    call.join(caller.port(), callee.port());
    alice.learn(&caller.answer(alice.sdp().as_bytes()).await.unwrap());
    alice.hear(440.0).await;
    call.flush(caller.port());
    bob.learn(&callee.offer().await.unwrap());
    callee.apply(bob.sdp().as_bytes()).await.unwrap();
    let (_alice_talks, _bob_talks) = (alice.talk(1_000.0), bob.talk(600.0));
    tokio::join!(alice.hear(600.0), bob.hear(1_000.0));
}

#[tokio::test]
async fn a_split_or_flush_takes_back_what_still_waits() {
    let engine = engine();
    let (call, _events) = call(&engine);
    let (mut alice, mut bob) = (Phone::new().await, Phone::new().await);
    let mut caller = RtpEnd::open(&call, LegId(1), CodecPolicy::trunk()).unwrap();
    let mut callee = RtpEnd::open(&call, LegId(2), CodecPolicy::trunk()).unwrap();
    call.tone(caller.port(), ToneSpec::ringback("KE"));
    call.join(caller.port(), callee.port());
    call.flush(caller.port());
    call.split(callee.port());
    call.echo(caller.port(), true);
    alice.learn(&caller.answer(alice.sdp().as_bytes()).await.unwrap());
    bob.learn(&callee.offer().await.unwrap());
    callee.apply(bob.sdp().as_bytes()).await.unwrap();
    let (_alice_talks, _bob_talks) = (alice.talk(1_000.0), bob.talk(600.0));
    alice.hear(1_000.0).await;
}

#[tokio::test]
async fn garbage_and_strangers_are_ignored() {
    let Bridge { call, caller: (alice, a), callee: (bob, _b), .. } = bridge().await;
    let stranger = Phone { remote: alice.remote, ..Phone::new().await };
    for garbage in [&[][..], &[0x80], &[0xff; 40], &[0x80; 3], &[0x80, 200, 0, 1, 0, 0, 0, 0]] {
        stranger.socket.send_to(garbage, alice.remote).await.unwrap();
        let rtcp = SocketAddr::new(alice.remote.ip(), alice.remote.port() + 1);
        stranger.socket.send_to(garbage, rtcp).await.unwrap();
    }
    let _alice_talks = alice.talk(1_000.0);
    bob.hear(1_000.0).await;
    let _stranger_talks = stranger.talk(300.0);
    let before = call.stats(a.port()).await.unwrap().packets_in;
    bob.hear(1_000.0).await;
    // The stranger's stream would at least double what the leg counts.
    let _bob_talks = bob.talk(600.0);
    alice.hear(600.0).await;
    assert!(call.stats(a.port()).await.unwrap().packets_in > before);
    assert_eq!(call.stats(a.port()).await.unwrap().refused_in, 0);
}

#[tokio::test]
async fn hold_stops_our_sending_and_resume_brings_it_back() {
    let Bridge { caller: (alice, mut a), callee: (bob, _b), .. } = bridge().await;
    let (_alice_talks, _bob_talks) = (alice.talk(1_000.0), bob.talk(600.0));
    alice.hear(600.0).await;
    let held = alice.sdp().replace("sendrecv", "inactive");
    let answer = a.answer(held.as_bytes()).await.unwrap();
    assert!(core::str::from_utf8(&answer).unwrap().contains("a=inactive"));
    let answer = a.answer(alice.sdp().as_bytes()).await.unwrap();
    assert!(core::str::from_utf8(&answer).unwrap().contains("a=sendrecv"));
    alice.hear(600.0).await;
}

#[tokio::test]
async fn a_leg_gets_reports_and_its_own_count_as_a_sign_of_life() {
    let Bridge { call, caller: (alice, a), callee: (bob, _b), .. } = bridge_of(Phone::with_reports().await).await;
    let _bob_talks = bob.talk(600.0);
    alice.hear(600.0).await;
    let (report, from) = alice.report().await;
    let [media::rtcp::Packet::Report { ssrc, sender: Some(sent), .. }, media::rtcp::Packet::Cname { .. }] = &report[..]
    else {
        panic!("{report:?}")
    };
    assert!(sent.packets > 0);
    let block = media::rtcp::ReportBlock {
        ssrc: *ssrc,
        fraction_lost: 64,
        total_lost: 1,
        highest_sequence: 1,
        jitter: 0,
        last_report: 0,
        delay_since: 0,
    };
    alice.send_report(from, block).await;
    timeout(PATIENCE, async {
        while call.stats(a.port()).await.unwrap().remote_loss != Some(0.25) {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the report was not read");
}

#[tokio::test]
async fn a_repeated_offer_gets_the_same_answer_and_a_changed_one_a_new_version() {
    let Bridge { caller: (alice, mut a), .. } = bridge().await;
    let first = a.answer(alice.sdp().as_bytes()).await.unwrap();
    assert_eq!(a.answer(alice.sdp().as_bytes()).await.unwrap(), first);
    let held = a.answer(alice.sdp().replace("sendrecv", "sendonly").as_bytes()).await.unwrap();
    let version = |sdp: &[u8]| sip::sdp::parse(sdp).unwrap().origin.version;
    assert_eq!(version(&held), version(&first) + 1);
}

#[tokio::test]
async fn an_answer_without_an_offer_is_refused() {
    let engine = engine();
    let (call, _events) = call(&engine);
    let mut end = RtpEnd::open(&call, LegId(1), CodecPolicy::trunk()).unwrap();
    let answer = Phone::new().await.sdp();
    assert!(matches!(end.apply(answer.as_bytes()).await, Err(MediaEndError::WrongState)));
    assert!(matches!(end.answer(b"garbage").await, Err(MediaEndError::Malformed(_))));
}

#[tokio::test]
async fn closing_frees_ports_sockets_and_streams() {
    let Bridge { engine, call, caller: (_, mut a), callee: (_, b), .. } = bridge().await;
    assert_eq!(engine.gauge(), Gauge { ports: 2, rtp_pairs: 2, dropped: 0 });
    a.close().await;
    let (a, b) = (a, drop_end(b));
    // An answer to a question asked after the removals shows that they were obeyed.
    assert_eq!(call.stats(a.port()).await, None);
    assert_eq!(call.stats(b).await, None);
    assert_eq!(engine.gauge(), Gauge::default());
}

fn drop_end(end: RtpEnd) -> PortId {
    end.port()
}

#[tokio::test]
async fn a_silent_leg_sends_nothing_and_its_port_is_nobody_elses() {
    let engine = engine();
    let (call, _events) = call(&engine);
    let (mut silent, mut other) = (Phone::new().await, Phone::new().await);
    let mut end = RtpEnd::open(&call, LegId(1), CodecPolicy::trunk()).unwrap();
    end.fall_silent();
    silent.learn(&end.answer(silent.sdp().as_bytes()).await.unwrap());
    let mut talkative = RtpEnd::open(&call, LegId(2), CodecPolicy::trunk()).unwrap();
    other.learn(&talkative.answer(other.sdp().as_bytes()).await.unwrap());
    let _talks = silent.talk(1_000.0);
    call.send_digits(end.port(), "7");
    call.send_digits(talkative.port(), "7");
    assert_eq!(other.receive(101).await[0], 7);
    let nothing = silent.socket.try_recv(&mut [0; 1_500]).expect_err("nothing is sent");
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    let taken = std::net::UdpSocket::bind(silent.remote).expect_err("what is sent there reaches nobody who answers");
    assert_eq!(taken.kind(), std::io::ErrorKind::AddrInUse);
}
