//! Joins of different codecs: what one leg says is heard on the other, in one stream.

use std::{sync::Arc, time::Duration};

use media::{
    Asset, Codec, DetectSet, MediaEvent,
    codec::{Encoder, Rate},
    decoder::Decoder,
    dtmf::Event,
    level::amplitude_at,
    rtp::Header,
};

use crate::support::*;

const TONE_HZ: f32 = 600.0;

fn units(codec: Codec) -> u32 {
    codec.frame_units()
}

/// A leg that says a tone.
struct Talker {
    codec: Codec,
    payload_type: u8,
    encoder: Encoder,
    n: u16,
}

impl Talker {
    fn new(codec: Codec, payload_type: u8) -> Self {
        Self { codec, payload_type, encoder: Encoder::new(codec), n: 0 }
    }

    fn next(&mut self) -> (Header, Vec<u8>) {
        let first = usize::from(self.n) * 160;
        let phase = |n: usize| core::f32::consts::TAU * TONE_HZ * n as f32 / 8_000.0;
        let samples: Vec<i16> = (first..first + 160).map(|n| (9_000.0 * phase(n).sin()) as i16).collect();
        let mut payload = Vec::new();
        self.encoder.encode(Rate::Narrow, &samples, &mut payload).unwrap();
        let header = audio(self.n, self.payload_type, units(self.codec));
        self.n += 1;
        (header, payload)
    }
}

fn heard(world: &World, port: media::PortId, codec: Codec) -> Vec<i16> {
    let mut decoder = Decoder::new(codec);
    let mut samples = Vec::new();
    for sent in world.sent_to(port).iter().filter(|sent| sent.header.payload_type != 101) {
        decoder.decode(&sent.payload, &mut samples).unwrap();
    }
    samples
}

fn bridge(a: (Codec, u8), b: (Codec, u8)) -> World {
    let mut world = World::with_ports(quiet(a.0, a.1, 7), quiet(b.0, b.1, 8));
    world.graph.join(A, B).unwrap();
    world
}

const PAIRS: [((Codec, u8), (Codec, u8)); 5] = [
    ((Codec::Opus, 111), (Codec::Pcma, 8)),
    ((Codec::Pcmu, 0), (Codec::Opus, 111)),
    ((Codec::Pcmu, 0), (Codec::Pcma, 8)),
    ((Codec::G722, 9), (Codec::Pcma, 8)),
    ((Codec::Opus, 111), (Codec::G722, 9)),
];

#[test]
fn a_tone_survives_every_pair_of_codecs_both_ways_at_once() {
    for (a, b) in PAIRS {
        let mut world = bridge(a, b);
        let (mut from_a, mut from_b) = (Talker::new(a.0, a.1), Talker::new(b.0, b.1));
        for _ in 0..100 {
            let ((ha, pa), (hb, pb)) = (from_a.next(), from_b.next());
            world.receive(A, ha, &pa);
            world.receive(B, hb, &pb);
            world.tick();
        }
        for (port, codec) in [(A, a.0), (B, b.0)] {
            let samples = heard(&world, port, codec);
            assert!(samples.len() > 15_000, "{a:?} {b:?}: {} samples", samples.len());
            let amplitude = amplitude_at(&samples[1_600..], TONE_HZ, 8_000);
            assert!(amplitude > 7_000.0, "{a:?} {b:?}: {amplitude}");
            world.assert_continuous(port);
            let steps: Vec<u32> = world
                .sent_to(port)
                .windows(2)
                .map(|pair| pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp))
                .collect();
            assert!(steps.iter().all(|step| *step == units(codec)));
        }
    }
}

#[test]
fn one_packet_in_ten_lost_is_concealed() {
    for (a, b) in PAIRS {
        let mut world = bridge(a, b);
        let mut talker = Talker::new(a.0, a.1);
        for n in 0..200 {
            let (header, payload) = talker.next();
            if n % 10 != 7 {
                world.receive(A, header, &payload);
            }
            world.tick();
        }
        let samples = heard(&world, B, b.0);
        let amplitude = amplitude_at(&samples[1_600..], TONE_HZ, 8_000);
        assert!(amplitude > 6_000.0, "{a:?} {b:?}: {amplitude}");
        let silent = samples[1_600..].chunks(160).filter(|frame| media::level::energy(frame) < 1_000_000).count();
        assert_eq!(silent, 0, "{a:?} {b:?}");
        world.assert_continuous(B);
    }
}

#[test]
fn play_relay_transcode_and_relay_again_are_one_stream() {
    let mut world = World::with_ports(quiet(Codec::Opus, 111, 7), quiet(Codec::Pcma, 8, 8));
    world.graph.play(B, Arc::new(Asset::from_narrow(vec![300; 1_600])), 1).unwrap();
    world.ticks(12);
    world.graph.join(A, B).unwrap();
    let mut opus = Talker::new(Codec::Opus, 111);
    for _ in 0..50 {
        let (header, payload) = opus.next();
        world.receive(A, header, &payload);
        world.tick();
    }
    world.graph.update_port(world.now, A, quiet(Codec::Pcma, 8, 7)).unwrap();
    let mut pcma = Talker::new(Codec::Pcma, 8);
    for _ in 0..50 {
        let (header, payload) = pcma.next();
        world.receive(A, header, &payload);
        world.tick();
    }
    assert!(world.sent_to(B).len() > 105);
    world.assert_continuous(B);
}

#[test]
fn keys_cross_a_transcoded_join_with_the_clock_of_the_other_side() {
    let a = with_events(quiet(Codec::Opus, 111, 7), 110, 48_000);
    let b = with_events(quiet(Codec::Pcmu, 0, 8), 101, 8_000);
    let mut world = World::with_ports(a, b);
    world.graph.join(A, B).unwrap();
    let mut talker = Talker::new(Codec::Opus, 111);
    for _ in 0..10 {
        let (header, payload) = talker.next();
        world.receive(A, header, &payload);
        world.tick();
    }
    let press = audio(10, 110, 960);
    for n in 1..=8_u16 {
        let event = Event { code: 3, end: n > 5, volume: 10, duration: n.min(5) * 960 };
        let header = Header { sequence: press.sequence.wrapping_add(n - 1), marker: n == 1, ..press };
        world.receive(A, header, &event.to_bytes());
        world.tick();
    }
    talker.n = 18;
    for _ in 0..10 {
        let (header, payload) = talker.next();
        world.receive(A, header, &payload);
        world.tick();
    }
    assert_eq!(world.events, [(A, MediaEvent::Digit { digit: '3', duration_ms: 100 })]);
    let events: Vec<Sent> = world.sent_to(B).into_iter().filter(|sent| sent.header.payload_type == 101).collect();
    assert!(events.windows(2).all(|pair| pair[0].header.timestamp == pair[1].header.timestamp));
    let durations: Vec<u16> =
        events.iter().filter_map(|sent| Event::parse(&sent.payload)).map(|event| event.duration).collect();
    assert_eq!(durations, [160, 320, 480, 640, 800, 800, 800, 800]);
    assert!(events[0].header.marker);
    let sequences = world.sent_to(B);
    for pair in sequences.windows(2) {
        assert_eq!(pair[1].header.sequence, pair[0].header.sequence.wrapping_add(1));
    }
}

#[test]
fn silence_of_an_opus_leg_is_heard_by_decoding_it() {
    let mut world = World::default();
    world.graph.add_port(world.now, A, quiet(Codec::Opus, 111, 7)).unwrap();
    world.graph.detect(world.now, A, DetectSet { silence_ms: Some(400) }).unwrap();
    let mut talker = Talker::new(Codec::Opus, 111);
    for _ in 0..50 {
        let (header, payload) = talker.next();
        world.receive(A, header, &payload);
        world.tick();
    }
    assert!(world.events.is_empty());
    world.ticks(40);
    assert!(matches!(world.events[..], [(A, MediaEvent::Silence { silence_ms: 400..=420 })]), "{:?}", world.events);
}

#[test]
fn jitter_of_the_network_does_not_reach_the_other_side() {
    let mut world = bridge((Codec::Pcma, 8), (Codec::Pcmu, 0));
    let mut talker = Talker::new(Codec::Pcma, 8);
    let mut arrivals: Vec<(u64, Header, Vec<u8>)> = (0..300_u64)
        .map(|n| {
            let (header, payload) = talker.next();
            (n * 20 + (n * 37 % 5) * 11, header, payload)
        })
        .collect();
    arrivals.sort_by_key(|(at_ms, ..)| *at_ms);
    let mut arrivals = arrivals.into_iter().peekable();
    for tick in 0..290_u64 {
        let tick_at = Duration::from_millis(tick * 20);
        while let Some((at_ms, header, payload)) = arrivals.next_if(|(at_ms, ..)| *at_ms <= tick * 20) {
            world.now = Duration::from_millis(at_ms);
            world.receive(A, header, &payload);
        }
        world.now = tick_at;
        world.tick();
    }
    let samples = heard(&world, B, Codec::Pcmu);
    let settled = &samples[samples.len() - 32_000..];
    assert!(amplitude_at(settled, TONE_HZ, 8_000) > 7_000.0);
    world.assert_continuous(B);
}
