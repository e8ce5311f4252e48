use std::{sync::Arc, time::Duration};

use media::{
    Asset, Codec, Direction, GraphError, MediaEvent, PortId, PortParams, ToneSpec,
    dtmf::{Digit, Event},
    rtp::Header,
};

use crate::support::*;

fn pcmu_pair() -> World {
    let params = PortParams { first_sequence: 65_530, first_timestamp: u32::MAX - 300, ..quiet(Codec::Pcmu, 0, 7) };
    World::with_ports(params, PortParams { ssrc: 8, ..params })
}

#[test]
fn same_codec_is_forwarded_at_once_and_untouched() {
    let mut world = World::with_ports(quiet(Codec::Opus, 111, 7), quiet(Codec::Opus, 96, 8));
    world.graph.join(A, B).unwrap();
    world.receive(A, audio(0, 111, 960), b"opus frame");
    let sent = world.sent_to(B);
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].header.payload_type, sent[0].header.ssrc, sent[0].header.marker), (96, 8, true));
    assert_eq!(sent[0].payload, b"opus frame");
    assert!(world.sent_to(A).is_empty());
}

#[test]
fn play_bridge_hold_and_bridge_again_are_one_stream() {
    let mut world = pcmu_pair();
    world.graph.play(B, Arc::new(Asset::from_narrow(vec![500; 1_600])), 1).unwrap();
    world.ticks(15);
    world.graph.join(A, B).unwrap();
    for n in 0..50 {
        world.receive(A, audio(n, 0, 160), &[0x55; 160]);
        world.tick();
    }
    world.graph.tone(B, ToneSpec::ringback("KE")).unwrap();
    for n in 50..80 {
        world.receive(A, audio(n, 0, 160), &[0x55; 160]);
        world.tick();
    }
    assert!(world.graph.flush(B).is_some_and(|played_ms| played_ms == 600));
    for n in 80..120 {
        world.receive(A, audio(n, 0, 160), &[0x55; 160]);
        world.tick();
    }
    world.assert_continuous(B);
    assert_eq!(world.sent_to(B).len(), 10 + 50 + 30 + 40);
    let last = world.sent_to(B).last().unwrap().header.timestamp;
    let first = world.sent_to(B).first().unwrap().header.timestamp;
    assert_eq!(last.wrapping_sub(first), 160 * 134, "media time is wall time over all switches");
}

#[test]
fn loss_of_the_source_stays_visible_to_the_receiver() {
    let mut world = pcmu_pair();
    world.graph.join(A, B).unwrap();
    for n in [0, 1, 4] {
        world.receive(A, audio(n, 0, 160), &[0; 160]);
    }
    let sequences: Vec<u16> = world.sent_to(B).iter().map(|sent| sent.header.sequence).collect();
    assert_eq!(sequences[2].wrapping_sub(sequences[1]), 3);
    assert_eq!(world.graph.stats(A).map(|stats| stats.lost_in), Some(2));
}

#[test]
fn a_held_leg_gets_nothing_and_resumes_without_a_gap() {
    let mut world = pcmu_pair();
    world.graph.join(A, B).unwrap();
    let params = PortParams { ssrc: 8, ..quiet(Codec::Pcmu, 0, 8) };
    for n in 0..30 {
        if n == 10 {
            let held = PortParams { direction: Direction::Inactive, ..params };
            world.graph.update_port(world.now, B, held).unwrap();
        }
        if n == 20 {
            world.graph.update_port(world.now, B, params).unwrap();
        }
        world.receive(A, audio(n, 0, 160), &[0; 160]);
        world.tick();
    }
    assert_eq!(world.sent_to(B).len(), 20);
    world.assert_continuous(B);
}

#[test]
fn a_leg_that_restarts_its_stream_does_not_break_the_other_side() {
    let mut world = pcmu_pair();
    world.graph.join(A, B).unwrap();
    for n in 0..5 {
        world.receive(A, audio(n, 0, 160), &[0; 160]);
        world.now += Duration::from_millis(20);
    }
    for n in 0..5 {
        let header = Header { ssrc: 0x1234, sequence: 77 + n, timestamp: u32::from(n) * 160, ..audio(n, 0, 160) };
        world.receive(A, header, &[0; 160]);
        world.now += Duration::from_millis(20);
    }
    world.assert_continuous(B);
    assert_eq!(world.sent_to(B).len(), 10);
}

#[test]
fn keys_are_reported_once_and_forwarded_with_the_clock_of_the_other_side() {
    let a = with_events(quiet(Codec::Opus, 111, 7), 110, 48_000);
    let b = with_events(quiet(Codec::Opus, 96, 8), 101, 8_000);
    let mut world = World::with_ports(a, b);
    world.graph.join(A, B).unwrap();
    world.receive(A, audio(0, 111, 960), b"opus");
    let press = audio(1, 110, 960);
    for n in 1..6_u16 {
        let event = Event { code: 9, end: n > 2, volume: 10, duration: n.min(3) * 960 };
        let header = Header { sequence: press.sequence.wrapping_add(n - 1), marker: n == 1, ..press };
        world.receive(A, header, &event.to_bytes());
    }
    let expected = MediaEvent::Digit { digit: '9', duration_ms: 60 };
    assert_eq!(world.events, [(A, expected)]);
    let events: Vec<_> = world.sent_to(B).split_off(1);
    assert!(events.iter().all(|sent| sent.header.payload_type == 101));
    assert!(events.windows(2).all(|pair| pair[0].header.timestamp == pair[1].header.timestamp));
    let durations: Vec<u16> =
        events.iter().filter_map(|sent| Event::parse(&sent.payload)).map(|event| event.duration).collect();
    assert_eq!(durations, [160, 320, 480, 480, 480]);
    world.assert_continuous(B);
}

#[test]
fn keys_for_a_leg_without_events_leave_no_gap() {
    let mut world = World::with_ports(with_events(quiet(Codec::Pcma, 8, 7), 101, 8_000), quiet(Codec::Pcma, 8, 8));
    world.graph.join(A, B).unwrap();
    world.receive(A, audio(0, 8, 160), &[0; 160]);
    let event = Event { code: 1, end: true, volume: 10, duration: 800 };
    world.receive(A, audio(1, 101, 160), &event.to_bytes());
    world.receive(A, audio(2, 8, 160), &[0; 160]);
    assert_eq!(world.sent_to(B).len(), 2);
    world.assert_continuous(B);
}

#[test]
fn echo_returns_audio_under_our_own_stream() {
    let mut world = pcmu_pair();
    world.graph.echo(A, true).unwrap();
    world.receive(A, audio(0, 0, 160), &[0x11; 160]);
    let sent = world.sent_to(A);
    assert_eq!((sent[0].header.ssrc, &sent[0].payload[..]), (7, &[0x11; 160][..]));
}

#[test]
fn a_removed_port_leaves_its_peer_alone() {
    let mut world = pcmu_pair();
    world.graph.join(A, B).unwrap();
    world.receive(A, audio(0, 0, 160), &[0; 160]);
    let stats = world.graph.remove_port(A).unwrap();
    assert_eq!((stats.packets_in, stats.bytes_in), (1, 160));
    world.receive(B, audio(0, 0, 160), &[0; 160]);
    assert_eq!(world.sent.len(), 1);
    assert_eq!(world.graph.play(A, Arc::new(Asset::from_narrow(vec![])), 1), Err(GraphError::UnknownPort));
    assert_eq!(world.graph.join(B, B), Err(GraphError::SamePort));
    assert_eq!(world.graph.add_port(world.now, B, quiet(Codec::Pcmu, 0, 1)), Err(GraphError::DuplicatePort));
}

#[test]
fn joining_elsewhere_leaves_the_former_peer() {
    const C: PortId = PortId(3);
    let mut world = pcmu_pair();
    world.graph.add_port(world.now, C, quiet(Codec::Pcmu, 0, 9)).unwrap();
    world.graph.join(A, B).unwrap();
    world.graph.join(A, C).unwrap();
    world.receive(B, audio(0, 0, 160), &[0; 160]);
    world.receive(A, audio(0, 0, 160), &[0; 160]);
    assert_eq!((world.sent_to(A).len(), world.sent_to(B).len(), world.sent_to(C).len()), (0, 0, 1));
}

#[test]
fn foreign_payload_types_and_garbage_are_counted_and_dropped() {
    let mut world = pcmu_pair();
    world.graph.join(A, B).unwrap();
    world.receive(A, audio(0, 97, 160), &[0; 160]);
    world.receive_bytes(A, &mut [0x80, 0]);
    world.receive_bytes(A, &mut []);
    assert_eq!(world.graph.stats(A).map(|stats| stats.refused_in), Some(3));
    assert!(world.sent.is_empty());
}

#[test]
fn digits_sent_to_a_leg_interrupt_the_bridge_and_the_stream_goes_on() {
    let mut world = World::with_ports(quiet(Codec::Pcmu, 0, 7), with_events(quiet(Codec::Pcmu, 0, 8), 101, 8_000));
    world.graph.join(A, B).unwrap();
    for n in 0..30 {
        if n == 5 {
            world.graph.send_digits(B, Digit::try_from('3')).unwrap();
        }
        world.receive(A, audio(n, 0, 160), &[0; 160]);
        world.tick();
    }
    let events = world.sent_to(B).iter().filter(|sent| sent.header.payload_type == 101).count();
    assert_eq!(events, 8);
    world.assert_continuous(B);
}
