use std::{sync::Arc, time::Duration};

use media::{
    Asset, Codec, DetectSet, Direction, MediaEvent, PortParams, ToneSpec,
    dtmf::{Digit, Event, Press, Receiver},
    g711::Law,
    level::amplitude_at,
};

use crate::support::*;

fn decoded(world: &World) -> Vec<i16> {
    world.sent_to(A).iter().flat_map(|sent| sent.payload.iter().map(|byte| Law::A.decode(*byte))).collect()
}

fn one(params: PortParams) -> World {
    let mut world = World::default();
    world.graph.add_port(world.now, A, params).unwrap();
    world
}

#[test]
fn an_asset_plays_its_loops_and_reports_its_end() {
    let mut world = one(quiet(Codec::Pcma, 8, 7));
    let asset = Arc::new(Asset::from_narrow(vec![8_000; 480]));
    world.graph.play(A, asset, 2).unwrap();
    world.ticks(10);
    assert_eq!(world.sent_to(A).len(), 6);
    assert_eq!(world.events, [(A, MediaEvent::PlayEnded { played_ms: 120 })]);
}

#[test]
fn a_prepared_asset_sounds_the_same() {
    let samples: Vec<i16> = (0..700).map(|n| n * 40).collect();
    let mut heard = Vec::new();
    for prepare in [false, true] {
        let mut world = one(quiet(Codec::Pcma, 8, 7));
        let asset = Arc::new(Asset::from_narrow(samples.clone()));
        if prepare {
            asset.prepare(Codec::Pcma);
        }
        world.graph.play(A, asset, 1).unwrap();
        world.ticks(6);
        heard.push(decoded(&world));
    }
    assert_eq!(heard[0], heard[1]);
}

#[test]
fn an_empty_asset_ends_at_once_even_when_looped() {
    let mut world = one(quiet(Codec::Pcma, 8, 7));
    world.graph.play(A, Arc::new(Asset::from_narrow(vec![])), 0).unwrap();
    world.tick();
    assert_eq!(world.events, [(A, MediaEvent::PlayEnded { played_ms: 0 })]);
}

#[test]
fn a_flushed_play_reports_its_length_to_the_caller_only() {
    let mut world = one(quiet(Codec::Pcma, 8, 7));
    world.graph.play(A, Arc::new(Asset::from_narrow(vec![1; 80_000])), 1).unwrap();
    world.ticks(5);
    assert_eq!(world.graph.flush(A), Some(100));
    assert_eq!(world.graph.flush(A), None);
    world.ticks(5);
    assert!(world.events.is_empty());
}

#[test]
fn ringback_sounds_at_its_pitch() {
    let mut world = one(quiet(Codec::Pcma, 8, 7));
    world.graph.tone(A, ToneSpec::ringback("KE")).unwrap();
    world.ticks(30);
    let samples = decoded(&world);
    assert!(amplitude_at(&samples, 425.0, 8_000) > 5_000.0);
    assert!(amplitude_at(&samples, 480.0, 8_000) < 300.0);
}

#[test]
fn a_beep_interrupts_what_plays_and_nothing_of_that_is_lost() {
    let mut world = one(quiet(Codec::Pcma, 8, 7));
    world.graph.play(A, Arc::new(Asset::from_narrow(vec![8_000; 1_600])), 2).unwrap();
    world.ticks(5);
    world.graph.beep(A, ToneSpec::beep()).unwrap();
    world.graph.beep(A, ToneSpec::beep()).unwrap();
    world.ticks(40);
    let samples = decoded(&world);
    let (before, rest) = samples.split_at(5 * 160);
    let (beep, after) = rest.split_at(2_000);
    assert!(amplitude_at(beep, 1_000.0, 8_000) > 5_000.0);
    for speech in [before, &after[80..]] {
        assert!(amplitude_at(speech, 1_000.0, 8_000) < 300.0);
    }
    assert_eq!(world.sent_to(A).len(), 20 + 13, "250 ms are 13 frames");
    assert_eq!(world.events, [(A, MediaEvent::PlayEnded { played_ms: 400 })]);
    world.assert_continuous(A);
}

#[test]
fn digits_arrive_as_their_presses_on_either_clock() {
    for clock_hz in [8_000, 48_000] {
        let mut world = one(with_events(quiet(Codec::Opus, 111, 7), 101, clock_hz));
        let digits = "12#".chars().filter_map(|key| Digit::try_from(key).ok());
        assert_eq!(world.graph.send_digits(A, digits), Ok(3));
        world.ticks(40);
        let mut receiver = Receiver::new(clock_hz);
        let presses: Vec<Press> = world
            .sent_to(A)
            .iter()
            .filter_map(|sent| {
                let event = Event::parse(&sent.payload)?;
                receiver.handle(Duration::ZERO, sent.header.timestamp, sent.header.marker, event)
            })
            .collect();
        let keys: String = presses.iter().map(|press| press.digit.as_char()).collect();
        assert_eq!((keys.as_str(), presses[0].duration_ms), ("12#", 100));
        world.assert_continuous(A);
    }
}

#[test]
fn digits_for_a_leg_without_events_are_tones() {
    let mut world = one(quiet(Codec::Pcma, 8, 7));
    world.graph.send_digits(A, Digit::try_from('5')).unwrap();
    world.ticks(12);
    let samples = decoded(&world);
    assert_eq!(samples.len(), 1_600, "100 ms of tone and 100 ms of gap");
    for hz in [770.0, 1_336.0] {
        assert!(amplitude_at(&samples[..800], hz, 8_000) > 5_000.0);
    }
    assert!(media::level::energy(&samples[800..]) < 800 * 100);
}

#[test]
fn silence_fills_only_where_asked_and_stops_for_a_leg_on_hold() {
    let mut world = one(PortParams::new(Codec::Pcma, 8, 7));
    world.ticks(3);
    assert_eq!(world.sent_to(A).len(), 3);
    let held = PortParams { direction: Direction::Inactive, ..PortParams::new(Codec::Pcma, 8, 7) };
    world.graph.update_port(world.now, A, held).unwrap();
    world.ticks(3);
    assert_eq!(world.sent_to(A).len(), 3);
}

#[test]
fn the_timestamp_moves_on_by_as_long_as_a_hold_was() {
    let talking = PortParams::new(Codec::Pcma, 8, 7);
    for held in [Direction::Inactive, Direction::ReceiveOnly] {
        let mut world = one(talking);
        world.graph.play(A, Arc::new(Asset::from_narrow(vec![300; 16_000])), 1).unwrap();
        world.ticks(3);
        world.graph.update_port(world.now, A, PortParams { direction: held, ..talking }).unwrap();
        world.ticks(50);
        world.graph.update_port(world.now, A, talking).unwrap();
        world.ticks(3);
        let sent: Vec<_> = world.sent_to(A).iter().map(|packet| packet.header).collect();
        let steps: Vec<u32> = sent.windows(2).map(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp)).collect();
        assert_eq!(steps, [160, 160, 51 * 160, 160, 160], "{held:?}");
        assert_eq!(sent[3].sequence, sent[2].sequence.wrapping_add(1));
        assert!(sent[3].marker, "a new talk spurt (RFC 3551 §4.1)");
    }
}

#[test]
fn a_leg_that_falls_silent_on_the_wire_stalls_once_and_may_come_back() {
    let stall_after = Some(Duration::from_millis(200));
    let mut world = one(PortParams { stall_after, ..quiet(Codec::Pcma, 8, 7) });
    world.ticks(30);
    assert_eq!(world.events, [(A, MediaEvent::Stalled)]);
    world.receive(A, audio(0, 8, 160), &[0; 160]);
    world.ticks(5);
    assert_eq!(world.events.len(), 1);
    world.ticks(10);
    assert_eq!(world.events.len(), 2);
}

#[test]
fn a_leg_on_hold_or_proved_alive_does_not_stall() {
    let stall_after = Some(Duration::from_millis(200));
    let mut world = one(PortParams { stall_after, direction: Direction::SendOnly, ..quiet(Codec::Pcma, 8, 7) });
    world.ticks(30);
    world.graph.update_port(world.now, A, PortParams { stall_after, ..quiet(Codec::Pcma, 8, 7) }).unwrap();
    for _ in 0..30 {
        world.graph.touch(world.now, A);
        world.tick();
    }
    assert!(world.events.is_empty());
}

#[test]
fn silence_is_reported_once_per_stretch() {
    let mut world = one(quiet(Codec::Pcma, 8, 7));
    world.graph.detect(world.now, A, DetectSet { silence_ms: Some(100) }).unwrap();
    let loud = [Law::A.encode(8_000); 160];
    let silent = [Law::A.silence(); 160];
    for n in 0..40 {
        let payload = if n == 20 { &loud } else { &silent };
        world.receive(A, audio(n, 8, 160), payload);
        world.tick();
    }
    assert_eq!(world.events, [(A, MediaEvent::Silence { silence_ms: 100 }); 2]);
}

#[test]
fn a_feed_that_is_cleared_is_silent_within_forty_milliseconds() {
    let mut world = World::default();
    world.graph.add_port(world.now, A, quiet(Codec::Pcma, 8, 1)).unwrap();
    let feed = std::sync::Arc::new(media::Feed::default());
    feed.push(&[9_000; 80_000]);
    world.graph.feed(A, feed.clone()).unwrap();
    world.ticks(20);
    let loud = |sent: &Sent| sent.payload.iter().any(|byte| media::g711::Law::A.decode(*byte).unsigned_abs() > 100);
    assert!(world.sent_to(A).last().is_some_and(loud));
    let (cleared, before) = (world.now, world.sent.len());
    feed.clear();
    let mut heard_until = cleared;
    for _ in 0..10 {
        let from = world.sent.len();
        world.tick();
        if world.sent[from..].iter().any(loud) {
            heard_until = world.now;
        }
    }
    assert!(world.sent.len() >= before + 10, "silence is sent, not nothing");
    assert!(heard_until - cleared <= core::time::Duration::from_millis(40), "{:?}", heard_until - cleared);
}
