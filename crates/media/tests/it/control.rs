//! RTCP through the graph.

use std::time::Duration;

use media::{
    Codec,
    rtcp::{Packet, parse},
};

use crate::support::*;

#[test]
fn two_graphs_measure_their_round_trip_and_loss() {
    let mut here = World::default();
    let mut there = World { now: Duration::from_secs(5_000), ..World::default() };
    here.graph.add_port(here.now, A, quiet(Codec::Pcma, 8, 0x11)).unwrap();
    there.graph.add_port(there.now, A, quiet(Codec::Pcma, 8, 0x22)).unwrap();
    here.graph.tone(A, media::ToneSpec::ringback("GB")).unwrap();
    here.ticks(20);
    for (n, sent) in here.sent_to(A).into_iter().enumerate() {
        if n % 4 != 3 {
            there.receive(A, sent.header, &sent.payload);
        }
        there.now += Duration::from_millis(20);
    }
    let travel = Duration::from_millis(35);
    let mut report = Vec::new();
    here.graph.write_rtcp(here.now, A, "leg", &mut report);
    assert!(matches!(parse(&report).unwrap()[0], Packet::Report { ssrc: 0x11, sender: Some(_), .. }));
    there.graph.handle_rtcp(there.now, A, &report);
    let answered_after = Duration::from_secs(2);
    let mut answer = Vec::new();
    there.graph.write_rtcp(there.now + answered_after, A, "leg", &mut answer);
    here.graph.handle_rtcp(here.now + answered_after + travel * 2, A, &answer);
    let stats = here.graph.stats(A).unwrap();
    assert!(stats.round_trip_ms.is_some_and(|ms| (ms - 70.0).abs() < 1.0), "{stats:?}");
    assert!(stats.remote_loss.is_some_and(|loss| (loss - 0.21).abs() < 0.05), "{stats:?}");
    let mos = there.graph.stats(A).unwrap().mos;
    assert!(mos < 3.0, "a fifth is lost: {mos}");
}

#[test]
fn reports_keep_a_silent_leg_alive_and_garbage_does_not() {
    let mut world = World::default();
    let stall_after = Some(Duration::from_millis(100));
    world.graph.add_port(world.now, A, media::PortParams { stall_after, ..quiet(Codec::Pcma, 8, 1) }).unwrap();
    let mut report = Vec::new();
    media::rtcp::write_bye(&mut report, 9);
    for _ in 0..20 {
        world.graph.handle_rtcp(world.now, A, &report);
        world.tick();
    }
    assert!(world.events.is_empty());
    for _ in 0..20 {
        world.graph.handle_rtcp(world.now, A, &[0x80, 200]);
        world.tick();
    }
    assert_eq!(world.events.len(), 1);
}
