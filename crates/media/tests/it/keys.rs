//! Keys as legs press them, on networks as they are: each is told once.

use media::dtmf::{Digit, Event};
use media::rtp::Header;
use media::tone::Generator;
use media::{Codec, MediaEvent, PortParams, ToneSpec};

use crate::support::*;

/// Numbers that are random enough and the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

const EVENTS: u8 = 101;

fn told(world: &World) -> String {
    let keys = world.events.iter().filter_map(|(_, event)| match event {
        MediaEvent::Digit { digit, .. } => Some(*digit),
        _ => None,
    });
    keys.collect()
}

/// The packets of a key that is down for so many milliseconds: an update every 20 ms, the end three times.
fn packets(digit: Digit, ms: u64, timestamp: u32, sequence: &mut u16) -> Vec<(Header, [u8; 4])> {
    let updates = ms / 20;
    (1..=updates + 2)
        .map(|index| {
            let (end, duration) = (index >= updates, index.min(updates) * 160);
            let event = Event { code: digit.code(), end, volume: 10, duration: duration as u16 };
            *sequence = sequence.wrapping_add(1);
            let header = Header { marker: index == 1, payload_type: EVENTS, sequence: *sequence, timestamp, ssrc: 9 };
            (header, event.to_bytes())
        })
        .collect()
}

#[test]
fn a_thousand_telephone_events_under_loss_and_disorder_are_told_once_each() {
    let mut dice = Dice(11);
    let params = with_events(quiet(Codec::Pcma, 8, 1), EVENTS, 8_000);
    let mut world = World::default();
    world.graph.add_port(world.now, A, params).unwrap();
    let (mut pressed, mut sequence) = (String::new(), 0);
    let mut timestamp: u32 = 4_000_000_000;
    for _ in 0..1_000 {
        let digit = Digit::from_code(dice.below(16) as u8).unwrap();
        pressed.push(digit.as_char());
        let ms = 40 + 20 * dice.below(9);
        let mut sent = packets(digit, ms, timestamp, &mut sequence);
        for index in 1..sent.len() {
            if dice.below(20) == 0 {
                sent.swap(index - 1, index);
            }
        }
        for (header, payload) in sent {
            if dice.below(20) != 0 {
                world.receive(A, header, &payload);
            }
            world.tick();
        }
        let pause = 2 + dice.below(10);
        world.ticks(pause as usize);
        timestamp = timestamp.wrapping_add(((ms + 40 + pause * 20) * 8) as u32);
    }
    world.ticks(20);
    let heard = told(&world);
    assert!(heard == pressed, "{} of {}", heard.len(), pressed.len());
}

#[test]
fn keys_in_the_audio_of_a_leg_without_events_are_told_and_with_events_are_not() {
    let press = |params: PortParams| {
        let mut world = World::default();
        world.graph.add_port(world.now, A, params).unwrap();
        let mut n = 0_u16;
        for key in "159#".chars() {
            let mut tone = Generator::new(ToneSpec::digit(Digit::try_from(key).unwrap(), 100));
            for _ in 0..12 {
                let mut samples = [0; 160];
                tone.fill(&mut samples, 8_000);
                let payload: Vec<u8> = samples.iter().map(|sample| media::g711::Law::A.encode(*sample)).collect();
                world.receive(A, audio(n, 8, 160), &payload);
                world.tick();
                n += 1;
            }
        }
        told(&world)
    };
    assert_eq!(press(quiet(Codec::Pcma, 8, 1)), "159#");
    assert_eq!(press(with_events(quiet(Codec::Pcma, 8, 1), EVENTS, 8_000)), "");
}
