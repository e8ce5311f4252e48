//! Packets of the length that a leg asks for, of what is sent and not relayed.

use std::sync::Arc;

use media::{
    Asset, Codec, PortParams,
    codec::{Encoder, Rate},
    decoder::Decoder,
    level::amplitude_at,
};

use crate::support::*;

const TONE_HZ: f32 = 600.0;

/// A leg that wants packets so long.
fn wants(codec: Codec, payload_type: u8, packet_ms: u32) -> PortParams {
    PortParams { packet_ms, ..quiet(codec, payload_type, 8) }
}

/// Talks for two seconds as `codec` to a leg of these parameters.
fn talked(codec: Codec, payload_type: u8, to: PortParams) -> World {
    let mut world = World::with_ports(quiet(codec, payload_type, 7), to);
    world.graph.join(A, B).unwrap();
    let mut encoder = Encoder::new(codec);
    for n in 0..100_u16 {
        let first = usize::from(n) * 160;
        let phase = |n: usize| core::f32::consts::TAU * TONE_HZ * n as f32 / 8_000.0;
        let samples: Vec<i16> = (first..first + 160).map(|n| (9_000.0 * phase(n).sin()) as i16).collect();
        let mut payload = Vec::new();
        encoder.encode(Rate::Narrow, &samples, &mut payload).unwrap();
        world.receive(A, audio(n, payload_type, codec.frame_units()), &payload);
        world.tick();
    }
    world
}

#[test]
fn what_is_transcoded_goes_in_packets_of_the_length_that_the_leg_wants() {
    for (codec, payload_type) in [(Codec::Pcmu, 0), (Codec::G722, 9)] {
        for packet_ms in [10, 20, 30, 40, 50, 60] {
            let world = talked(Codec::Pcma, 8, wants(codec, payload_type, packet_ms));
            let sent = world.sent_to(B);
            assert!(sent.len() as u32 >= 1_800 / packet_ms, "{packet_ms}: {}", sent.len());
            assert!(sent.iter().all(|sent| sent.payload.len() == packet_ms as usize * 8), "{packet_ms}");
            for pair in sent.windows(2) {
                assert_eq!(pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp), packet_ms * 8);
                assert!(!pair[1].header.marker);
            }
            world.assert_continuous(B);
            let (mut decoder, mut samples) = (Decoder::new(codec), Vec::new());
            sent.iter().for_each(|sent| decoder.decode(&sent.payload, &mut samples).unwrap());
            assert!(amplitude_at(&samples[1_600..], TONE_HZ, 8_000) > 7_000.0, "{codec:?} {packet_ms}");
        }
    }
}

#[test]
fn opus_goes_in_packets_of_several_frames() {
    let world = talked(Codec::Pcma, 8, wants(Codec::Opus, 111, 60));
    let sent = world.sent_to(B);
    // Frames of another kind begin a packet of their own, as the encoder does at the beginning.
    assert!((30..60).contains(&sent.len()), "{}", sent.len());
    world.assert_continuous(B);
    let (mut decoder, mut samples) = (Decoder::new(Codec::Opus), Vec::new());
    sent.iter().for_each(|sent| decoder.decode(&sent.payload, &mut samples).unwrap());
    let last = sent.last().unwrap().header.timestamp.wrapping_sub(sent[0].header.timestamp);
    assert!(samples.len() as u32 * 6 > last, "timestamps count what is in the packets");
    assert!(amplitude_at(&samples[1_600..], TONE_HZ, 8_000) > 7_000.0);
}

#[test]
fn what_is_relayed_keeps_its_packets() {
    let world = talked(Codec::Pcma, 8, wants(Codec::Pcma, 8, 60));
    assert_eq!(world.sent_to(B).len(), 100);
    assert!(world.sent_to(B).iter().all(|sent| sent.payload.len() == 160));
}

#[test]
fn the_end_of_a_prompt_goes_in_a_shorter_packet() {
    let params = wants(Codec::Pcma, 8, 60);
    let mut world = World::with_ports(params, PortParams { ssrc: 9, ..params });
    world.graph.play(A, Arc::new(Asset::from_narrow(vec![500; 800])), 1).unwrap();
    world.ticks(8);
    let lengths: Vec<usize> = world.sent_to(A).iter().map(|sent| sent.payload.len()).collect();
    assert_eq!(lengths, [480, 320]);
}

#[test]
fn what_waits_is_not_said_behind_what_came_between() {
    let params = wants(Codec::Pcmu, 0, 60);
    let mut world = World::with_ports(quiet(Codec::Pcmu, 0, 7), params);
    world.graph.play(B, Arc::new(Asset::from_narrow(vec![500; 1_600])), 1).unwrap();
    // Two packets, and a frame that waits.
    world.ticks(7);
    world.graph.flush(B);
    world.graph.join(A, B).unwrap();
    for n in 0..5 {
        world.receive(A, audio(n, 0, 160), &[0x55; 160]);
        world.tick();
    }
    world.graph.split(A);
    world.graph.play(B, Arc::new(Asset::from_narrow(vec![0; 480])), 1).unwrap();
    world.ticks(4);
    let sent = world.sent_to(B);
    let lengths: Vec<usize> = sent.iter().map(|sent| sent.payload.len()).collect();
    assert_eq!(lengths, [480, 480, 160, 160, 160, 160, 160, 480]);
    assert!(sent[7].header.marker && sent[7].payload.iter().all(|byte| *byte == sent[7].payload[0]));
    world.assert_continuous(B);
}
