//! Listening in: what a tap hears, and when.

use std::{sync::Arc, time::Duration};

use media::{Asset, Codec, PortParams, Side, dtmf::Event, rtp::Header};

use crate::support::*;

const MS: fn(u64) -> Duration = Duration::from_millis;

fn tapped(world: &World, side: Side) -> Vec<(Duration, Vec<u8>)> {
    world.tapped.iter().filter(|heard| heard.side == side).map(|heard| (heard.at, heard.payload.clone())).collect()
}

#[test]
fn a_relayed_leg_is_heard_both_ways_and_stays_relayed() {
    let mut world = World::with_ports(quiet(Codec::Opus, 111, 7), quiet(Codec::Opus, 111, 8));
    world.graph.join(A, B).unwrap();
    world.now = MS(5_000);
    world.graph.tap(world.now, A, true).unwrap();
    for n in 0..3 {
        world.now = MS(5_000 + u64::from(n) * 20);
        world.receive(A, audio(n, 111, 960), b"alice");
        world.now += MS(7);
        world.receive(B, audio(n, 111, 960), b"bob");
    }
    assert_eq!(tapped(&world, Side::Said), [0, 20, 40].map(|at| (MS(at), b"alice".to_vec())));
    assert_eq!(tapped(&world, Side::Heard), [7, 27, 47].map(|at| (MS(at), b"bob".to_vec())));
    assert!(world.tapped.iter().all(|heard| heard.port == A && heard.codec == Codec::Opus));
    assert_eq!(world.sent_to(B).iter().filter(|sent| sent.payload == b"alice").count(), 3);
    world.graph.tap(world.now, A, false).unwrap();
    world.receive(A, audio(3, 111, 960), b"alice");
    assert_eq!(world.tapped.len(), 6);
}

#[test]
fn media_time_follows_the_timestamps_and_not_the_network() {
    let mut world = World::with_ports(quiet(Codec::Pcma, 8, 7), quiet(Codec::Pcma, 8, 8));
    world.graph.tap(world.now, A, true).unwrap();
    // The third is lost, the fifth comes before the fourth, and all come late in a burst.
    for (at_ms, n) in [(100, 0), (400, 1), (400, 4), (401, 3), (401, 5)] {
        world.now = MS(at_ms);
        world.receive(A, audio(n, 8, 160), &[n as u8; 160]);
    }
    let places: Vec<u128> = tapped(&world, Side::Said).iter().map(|(at, _)| at.as_millis()).collect();
    assert_eq!(places, [100, 120, 180, 160, 200]);
}

#[test]
fn a_stream_that_begins_anew_or_goes_astray_is_placed_where_the_clock_stands() {
    let mut world = World::with_ports(quiet(Codec::Pcma, 8, 7), quiet(Codec::Pcma, 8, 8));
    world.graph.tap(world.now, A, true).unwrap();
    world.receive(A, audio(0, 8, 160), &[1; 160]);
    let first = audio(0, 8, 160).timestamp;
    // Another SSRC, one that stood still for 3 s, and one that jumps.
    for (at_ms, timestamp) in [(700, first), (3_700, first + 160), (4_500, 5_000_000)] {
        world.now = MS(at_ms);
        world.receive(A, Header { ssrc: 0x1234, timestamp, ..audio(1, 8, 160) }, &[2; 160]);
    }
    let places: Vec<u128> = tapped(&world, Side::Said).iter().map(|(at, _)| at.as_millis()).collect();
    assert_eq!(places, [0, 700, 3_700, 4_500]);
}

#[test]
fn a_prompt_is_heard_and_keys_are_not() {
    let params = PortParams { first_timestamp: u32::MAX - 200, ..with_events(quiet(Codec::Pcma, 8, 7), 101, 8_000) };
    let mut world = World::with_ports(params, quiet(Codec::Pcma, 8, 8));
    world.graph.tap(world.now, A, true).unwrap();
    world.graph.play(A, Arc::new(Asset::from_narrow(vec![900; 480])), 1).unwrap();
    world.receive(A, audio(0, 101, 160), &Event { code: 1, end: true, volume: 10, duration: 800 }.to_bytes());
    world.ticks(5);
    let places: Vec<u128> = tapped(&world, Side::Heard).iter().map(|(at, _)| at.as_millis()).collect();
    assert_eq!((places, tapped(&world, Side::Said)), (vec![0, 20, 40], vec![]));
}
