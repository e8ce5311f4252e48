//! Mixes: everyone hears all others and nobody themselves.

use media::{
    Codec, GraphError, MixId, PortId, PortParams, Voice,
    codec::{Encoder, Rate},
    decoder::Decoder,
    level::amplitude_at,
};

use crate::support::*;

const ROOM: MixId = MixId(1);
const PITCHES: [f32; 3] = [500.0, 700.0, 1_100.0];
const CODECS: [(Codec, u8); 3] = [(Codec::Pcma, 8), (Codec::Pcmu, 0), (Codec::Opus, 111)];

fn id(index: usize) -> PortId {
    PortId(index as u64)
}

fn params(index: usize) -> PortParams {
    let (codec, payload_type) = CODECS[index];
    quiet(codec, payload_type, 70 + index as u32)
}

/// Three legs that each say a tone of their own, for `frames` frames; those that do not speak are left out.
struct Room {
    world: World,
    encoders: Vec<Encoder>,
    n: u16,
}

impl Room {
    fn new() -> Self {
        let mut world = World::default();
        for index in 0..3 {
            world.graph.add_port(world.now, id(index), params(index)).unwrap();
            world.graph.mix(id(index), ROOM, Voice::Heard).unwrap();
        }
        Self { world, encoders: CODECS.iter().map(|(codec, _)| Encoder::new(*codec)).collect(), n: 0 }
    }

    fn talk(&mut self, frames: u16, speakers: &[usize]) {
        for _ in 0..frames {
            for index in speakers {
                let (codec, payload_type) = CODECS[*index];
                let first = usize::from(self.n) * 160;
                let turn = |n: usize| (core::f32::consts::TAU * PITCHES[*index] * n as f32 / 8_000.0).sin();
                let samples: Vec<i16> = (first..first + 160).map(|n| (6_000.0 * turn(n)) as i16).collect();
                let mut payload = Vec::new();
                self.encoders[*index].encode(Rate::Narrow, &samples, &mut payload).unwrap();
                self.world.receive(id(*index), audio(self.n, payload_type, codec.frame_units()), &payload);
            }
            self.world.tick();
            self.n += 1;
        }
    }

    /// How loud each of the pitches is to a leg.
    fn heard(&self, index: usize) -> [f32; 3] {
        let mut decoder = Decoder::new(CODECS[index].0);
        let mut samples = Vec::new();
        for sent in self.world.sent_to(id(index)) {
            decoder.decode(&sent.payload, &mut samples).unwrap();
        }
        PITCHES.map(|pitch| amplitude_at(&samples[samples.len().min(1_600)..], pitch, 8_000))
    }
}

#[test]
fn everyone_hears_all_others_and_nobody_themselves() {
    let mut room = Room::new();
    room.talk(100, &[0, 1, 2]);
    for index in 0..3 {
        let heard = room.heard(index);
        for (other, amplitude) in heard.into_iter().enumerate() {
            let expected = if other == index { 0.0..400.0 } else { 4_500.0..7_500.0 };
            assert!(expected.contains(&amplitude), "{index} hears {other} at {amplitude}: {heard:?}");
        }
        room.world.assert_continuous(id(index));
    }
}

#[test]
fn a_muted_one_hears_all_others_and_is_not_heard() {
    let mut room = Room::new();
    room.world.graph.mix(id(0), ROOM, Voice::Muted).unwrap();
    room.talk(100, &[0, 1, 2]);
    let loud = |index: usize| room.heard(index).map(|amplitude| amplitude > 4_500.0);
    assert_eq!([loud(0), loud(1), loud(2)], [[false, true, true], [false, false, true], [false, true, false]]);
}

#[test]
fn who_leaves_hears_nothing_and_is_not_heard_and_the_rest_talk_on() {
    let mut room = Room::new();
    room.talk(20, &[0, 1]);
    room.world.graph.split(id(1));
    let before = room.world.sent_to(id(1)).len();
    room.world.sent.clear();
    room.talk(50, &[0, 1, 2]);
    assert!(before > 0 && room.world.sent_to(id(1)).is_empty());
    assert!(room.heard(0)[1] < 400.0 && room.heard(0)[2] > 4_500.0);
    assert_eq!(room.world.graph.mixed(ROOM), 2);
    for index in [0, 2] {
        room.world.graph.remove_port(id(index));
    }
    assert_eq!(room.world.graph.mixed(ROOM), 0);
    assert_eq!(room.world.graph.mix(id(0), ROOM, Voice::Heard), Err(GraphError::UnknownPort));
}

#[test]
fn a_loud_room_is_cut_and_does_not_wrap() {
    let mut room = Room::new();
    let loud = [media::g711::Law::A.encode(32_000); 160];
    for n in 0..40 {
        room.world.receive(id(0), audio(n, 8, 160), &loud);
        room.world.receive(id(1), audio(n, 0, 160), &[media::g711::Law::Mu.encode(32_000); 160]);
        room.world.tick();
    }
    let mut samples = Vec::new();
    let mut decoder = Decoder::new(Codec::Opus);
    for sent in room.world.sent_to(id(2)) {
        decoder.decode(&sent.payload, &mut samples).unwrap();
    }
    assert!(samples.len() > 3_000);
}

#[test]
fn a_leg_goes_from_a_join_to_a_mix_and_back_in_one_stream() {
    let mut room = Room::new();
    room.talk(20, &[0, 1]);
    room.world.graph.join(id(0), id(1)).unwrap();
    assert_eq!(room.world.graph.mixed(ROOM), 1);
    room.talk(20, &[0, 1]);
    room.world.graph.mix(id(0), ROOM, Voice::Heard).unwrap();
    room.world.graph.mix(id(1), ROOM, Voice::Heard).unwrap();
    room.talk(20, &[0, 1]);
    for index in 0..2 {
        room.world.assert_continuous(id(index));
        assert!(room.world.sent_to(id(index)).len() > 50);
    }
}

#[test]
fn a_coach_hears_all_and_is_heard_by_the_one_it_coaches_alone() {
    let mut room = Room::new();
    room.world.graph.mix(id(0), ROOM, Voice::By(id(1))).unwrap();
    room.talk(100, &[0, 1, 2]);
    let loud = |index: usize| room.heard(index).map(|amplitude| amplitude > 4_500.0);
    assert_eq!([loud(0), loud(1), loud(2)], [[false, true, true], [true, false, true], [false, true, false]]);
    // The coach speaks alone: the others are told nothing.
    room.world.sent.clear();
    room.talk(50, &[0]);
    assert!(room.heard(1)[0] > 4_500.0);
    assert!(room.world.sent_to(id(2)).len() < 5);
}

/// What a wideband leg hears of another, at 16 kHz: how loud a tone is that a telephone does not carry.
fn above_the_telephone(codecs: [(Codec, u8); 2]) -> f32 {
    const PITCH: f32 = 5_500.0;
    let mut world = World::default();
    let mut encoder = Encoder::new(codecs[0].0);
    for (index, (codec, payload_type)) in codecs.into_iter().enumerate() {
        let params = quiet(codec, payload_type, 70 + index as u32);
        world.graph.add_port(world.now, id(index), params).unwrap();
        world.graph.mix(id(index), ROOM, Voice::Heard).unwrap();
    }
    for n in 0..60_u16 {
        let turn = |at: usize| (core::f32::consts::TAU * PITCH * at as f32 / 16_000.0).sin();
        let samples: Vec<i16> = (0..320).map(|at| (6_000.0 * turn(usize::from(n) * 320 + at)) as i16).collect();
        let mut payload = Vec::new();
        encoder.encode(Rate::Wide, &samples, &mut payload).unwrap();
        world.receive(id(0), audio(n, codecs[0].1, codecs[0].0.frame_units()), &payload);
        world.tick();
    }
    let mut decoder = Decoder::at(codecs[1].0, Rate::Wide);
    let mut samples = Vec::new();
    for sent in world.sent_to(id(1)) {
        decoder.decode(&sent.payload, &mut samples).unwrap();
    }
    amplitude_at(&samples[samples.len() / 2..], PITCH, 16_000)
}

#[test]
fn wideband_legs_hear_each_other_as_wide_as_they_speak() {
    for speaker in [(Codec::Opus, 111), (Codec::G722, 9)] {
        for listener in [(Codec::Opus, 111), (Codec::G722, 9)] {
            let amplitude = above_the_telephone([speaker, listener]);
            assert!(amplitude > 3_000.0, "{speaker:?} to {listener:?}: {amplitude}");
        }
    }
}

#[test]
fn thirty_two_in_a_mix_get_a_frame_each_every_twenty_milliseconds() {
    const PEOPLE: usize = 32;
    let mut world = World::default();
    for index in 0..PEOPLE {
        world.graph.add_port(world.now, id(index), quiet(Codec::Pcma, 8, index as u32)).unwrap();
        world.graph.mix(id(index), ROOM, Voice::Heard).unwrap();
    }
    let payload = [media::g711::Law::A.encode(700); 160];
    for n in 0..500_u16 {
        for index in 0..PEOPLE {
            world.receive(id(index), audio(n, 8, 160), &payload);
        }
        let before = world.sent.len();
        world.tick();
        // The jitter buffers fill up first.
        if n > 10 {
            let mut heard: Vec<_> = world.sent[before..].iter().map(|sent| sent.port).collect();
            heard.sort();
            heard.dedup();
            assert_eq!((heard.len(), world.sent.len() - before), (PEOPLE, PEOPLE), "frame {n}");
        }
    }
    for index in 0..PEOPLE {
        world.assert_continuous(id(index));
    }
}

#[test]
fn a_hundred_conferences_of_two_are_apart() {
    const ROOMS: usize = 100;
    let pitch = |index: usize| 400.0 + 12.0 * index as f32;
    let mut world = World::default();
    for index in 0..2 * ROOMS {
        world.graph.add_port(world.now, id(index), quiet(Codec::Pcma, 8, index as u32)).unwrap();
        world.graph.mix(id(index), MixId(index as u64 / 2), Voice::Heard).unwrap();
    }
    for n in 0..60_u16 {
        for index in 0..2 * ROOMS {
            let turn = |at: usize| (core::f32::consts::TAU * pitch(index) * at as f32 / 8_000.0).sin();
            let first = usize::from(n) * 160;
            let tone = (first..first + 160).map(|at| media::g711::Law::A.encode((6_000.0 * turn(at)) as i16));
            world.receive(id(index), audio(n, 8, 160), &tone.collect::<Vec<_>>());
        }
        world.tick();
    }
    for index in 0..2 * ROOMS {
        let sent = world.sent_to(id(index));
        let bytes = sent[sent.len() - 40..].iter().flat_map(|sent| sent.payload.clone());
        let samples: Vec<i16> = bytes.map(|byte| media::g711::Law::A.decode(byte)).collect();
        let (own, other) = (pitch(index), pitch(index ^ 1));
        let loud = |hz| amplitude_at(&samples, hz, 8_000);
        assert!(loud(other) > 5_000.0 && loud(own) < 1_500.0, "{index}: {} {}", loud(other), loud(own));
    }
}
