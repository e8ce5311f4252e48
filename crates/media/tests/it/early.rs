//! The first words: what a leg says just before it is joined is heard, and a leg that has heard nothing is not sent silence.

use std::time::Duration;

use media::{Codec, Fill, MixId, PortParams};

use crate::support::*;

const TONE: [u8; 160] = [0x55; 160];

fn pair(b: Codec) -> World {
    let payload_type = if b == Codec::Pcma { 8 } else { 111 };
    World::with_ports(quiet(Codec::Pcma, 8, 7), quiet(b, payload_type, 8))
}

#[test]
fn what_is_said_just_before_a_join_is_heard_once() {
    for codec in [Codec::Pcma, Codec::Opus] {
        let mut world = pair(codec);
        world.receive(A, audio(0, 8, 160), &[0xd5; 160]);
        world.now += Duration::from_millis(20);
        world.receive(A, audio(1, 8, 160), &TONE);
        world.now += Duration::from_millis(3);
        world.graph.join(A, B).unwrap();
        assert!(world.sent.is_empty(), "{codec:?}");
        world.tick();
        assert_eq!(world.sent_to(B).len(), 1, "{codec:?}");
        if codec == Codec::Pcma {
            assert_eq!(world.sent_to(B)[0].payload, TONE, "the newest");
        }
        world.receive(A, audio(2, 8, 160), &TONE);
        world.tick();
        assert_eq!(world.sent_to(B).len(), 2, "{codec:?}");
        world.assert_continuous(B);
    }
}

#[test]
fn it_is_heard_before_what_is_said_next() {
    let mut world = pair(Codec::Pcma);
    world.receive(A, audio(0, 8, 160), &[1; 160]);
    world.graph.join(A, B).unwrap();
    world.receive(A, audio(1, 8, 160), &[2; 160]);
    let said: Vec<u8> = world.sent_to(B).iter().map(|sent| sent.payload[0]).collect();
    assert_eq!(said, [1, 2]);
    world.assert_continuous(B);
}

#[test]
fn a_mix_hears_it_too() {
    let mut world = pair(Codec::Opus);
    world.receive(A, audio(0, 8, 160), &TONE);
    world.graph.mix(A, MixId(1), media::Voice::Heard).unwrap();
    world.graph.mix(B, MixId(1), media::Voice::Heard).unwrap();
    world.tick();
    assert_eq!(world.sent_to(B).len(), 1);
}

#[test]
fn what_was_said_to_nobody_long_before_is_not_heard() {
    for codec in [Codec::Pcma, Codec::Opus] {
        let mut world = pair(codec);
        world.receive(A, audio(0, 8, 160), &TONE);
        world.now += Duration::from_millis(41);
        world.graph.join(A, B).unwrap();
        world.ticks(2);
        assert!(world.sent.is_empty(), "{codec:?}");
    }
}

#[test]
fn a_leg_is_sent_silence_from_its_first_sound_on() {
    let patient = PortParams { fill: Fill::OnceHeard, ..PortParams::new(Codec::Opus, 111, 8) };
    let mut world = World::with_ports(PortParams::new(Codec::Pcma, 8, 7), patient);
    world.ticks(10);
    assert_eq!((world.sent_to(A).len(), world.sent_to(B).len()), (10, 0));
    world.receive(A, audio(0, 8, 160), &TONE);
    world.graph.join(A, B).unwrap();
    world.ticks(1);
    assert!(world.sent_to(B)[0].header.marker);
    world.graph.split(A);
    world.ticks(10);
    assert_eq!(world.sent_to(B).len(), 11);
    world.assert_continuous(B);
}
