//! Comfort noise (RFC 3389): a leg that says how its silence sounds is heard so.

use media::{Codec, MediaEvent, PortParams, decoder::Decoder, level, rtp::Header};

use crate::support::*;

const NOISE: u8 = 13;
/// What the leg's silence is to sound like, and how near that is met.
const DBOV: u8 = 45;
const NEAR_DB: f32 = 2.0;

/// Mean level of what a port was sent from packet `from` on.
fn level_of(world: &World, codec: Codec, from: usize) -> f32 {
    let (mut decoder, mut samples) = (Decoder::new(codec), Vec::new());
    let sent = world.sent_to(B);
    sent.iter().skip(from).for_each(|sent| decoder.decode(&sent.payload, &mut samples).unwrap());
    level::dbov(level::energy(&samples), samples.len())
}

/// Ten packets of silence, and then how that sounds, for a second.
fn falls_silent(world: &mut World) {
    for n in 0..10 {
        world.receive(A, audio(n, 8, 160), &[0xd5; 160]);
        world.tick();
    }
    world.receive(A, audio(10, NOISE, 160), &[DBOV, 0x40]);
    world.ticks(50);
}

/// A second later it speaks again.
fn speaks(world: &mut World) {
    for n in 11..16 {
        let header = Header { timestamp: audio(n + 49, 8, 160).timestamp, ..audio(n, 8, 160) };
        world.receive(A, header, &[0x2a; 160]);
        world.tick();
    }
}

#[test]
fn a_leg_that_takes_no_noise_hears_it_at_its_level_until_the_other_speaks() {
    let mut world = World::with_ports(quiet(Codec::Pcma, 8, 7), quiet(Codec::Pcma, 8, 8));
    world.graph.join(A, B).unwrap();
    falls_silent(&mut world);
    assert!((59..=61).contains(&world.sent_to(B).len()), "{}", world.sent_to(B).len());
    let heard = level_of(&world, Codec::Pcma, 10);
    assert!((heard + f32::from(DBOV)).abs() < NEAR_DB, "{heard}");
    let noisy = world.sent_to(B).len();
    speaks(&mut world);
    let sent = world.sent_to(B).split_off(noisy);
    assert_eq!(sent.len(), 5);
    assert!(sent.iter().all(|sent| sent.payload == [0x2a; 160]));
    world.assert_continuous(B);
    world.ticks(10);
    assert_eq!(world.sent_to(B).len(), noisy + 5, "the noise is over");
}

#[test]
fn a_leg_that_takes_noise_gets_the_packet() {
    let b = PortParams { takes_noise: true, ..quiet(Codec::Pcma, 8, 8) };
    let mut world = World::with_ports(quiet(Codec::Pcma, 8, 7), b);
    world.graph.join(A, B).unwrap();
    falls_silent(&mut world);
    speaks(&mut world);
    let sent = world.sent_to(B);
    assert_eq!(sent.len(), 16);
    assert_eq!((sent[10].header.payload_type, &sent[10].payload[..]), (NOISE, &[DBOV, 0x40][..]));
    world.assert_continuous(B);
}

#[test]
fn transcoded_and_mixed_it_is_noise_too() {
    for mixed in [false, true] {
        let mut world = World::with_ports(quiet(Codec::Pcma, 8, 7), quiet(Codec::Pcmu, 0, 8));
        if mixed {
            for port in [A, B] {
                world.graph.mix(port, media::MixId(1), media::Voice::Heard).unwrap();
            }
        } else {
            world.graph.join(A, B).unwrap();
        }
        falls_silent(&mut world);
        let heard = level_of(&world, Codec::Pcmu, 20);
        assert!((heard + f32::from(DBOV)).abs() < NEAR_DB, "mixed {mixed}: {heard}");
        world.assert_continuous(B);
    }
}

#[test]
fn another_join_does_not_hear_the_noise_of_the_former() {
    let mut world = World::with_ports(quiet(Codec::Pcma, 8, 7), quiet(Codec::Pcma, 8, 8));
    world.graph.join(A, B).unwrap();
    falls_silent(&mut world);
    let sent = world.sent_to(B).len();
    world.graph.split(B);
    world.graph.join(A, B).unwrap();
    world.ticks(10);
    assert_eq!(world.sent_to(B).len(), sent);
}

#[test]
fn a_leg_in_comfort_noise_counts_as_gone_much_later() {
    let mut world = World::with_ports(quiet(Codec::Pcma, 8, 7), quiet(Codec::Pcma, 8, 8));
    world.graph.join(A, B).unwrap();
    let stalls = |world: &World| world.events.iter().filter(|event| **event == (A, MediaEvent::Stalled)).count();
    falls_silent(&mut world);
    world.ticks(100 * 50);
    assert_eq!(stalls(&world), 0);
    world.ticks(25 * 50);
    assert_eq!(stalls(&world), 1);
}
