//! Ports that move from one graph to another.

use std::sync::Arc;

use media::{Asset, Codec, MediaEvent};

use crate::support::*;

#[test]
fn a_pair_that_moves_goes_on_as_one_stream_and_keeps_what_it_plays_and_counts() {
    let mut here = World::with_ports(quiet(Codec::Pcma, 8, 7), quiet(Codec::Pcma, 8, 8));
    here.graph.join(A, B).unwrap();
    for n in 0..20 {
        here.receive(A, audio(n, 8, 160), &[n as u8; 160]);
        here.tick();
    }
    here.graph.play(A, Arc::new(Asset::from_narrow(vec![500; 800])), 1).unwrap();
    here.ticks(2);
    let mut there = World { now: here.now, sent: here.sent.clone(), ..World::default() };
    assert_eq!(here.graph.joined(A), Some(B));
    for id in [A, B] {
        there.graph.put_port(id, here.graph.take_port(id).unwrap()).unwrap();
    }
    there.graph.join(A, B).unwrap();
    for n in 20..40 {
        there.receive(A, audio(n, 8, 160), &[n as u8; 160]);
        there.tick();
    }
    there.assert_continuous(B);
    there.assert_continuous(A);
    assert_eq!(there.sent_to(B).len(), 40);
    assert_eq!(there.events, [(A, MediaEvent::PlayEnded { played_ms: 100 })]);
    assert_eq!(there.graph.stats(A).map(|stats| stats.packets_in), Some(40));
    assert!(here.graph.stats(A).is_none() && here.graph.take_port(A).is_none());
}

#[test]
fn a_port_does_not_displace_another() {
    let mut here = World::with_ports(quiet(Codec::Pcma, 8, 7), quiet(Codec::Pcma, 8, 8));
    let mut there = World::with_ports(quiet(Codec::Pcma, 8, 9), quiet(Codec::Pcma, 8, 10));
    let moved = here.graph.take_port(A).unwrap();
    let refused = there.graph.put_port(A, moved).unwrap_err();
    there.graph.remove_port(A);
    there.graph.put_port(A, refused).unwrap();
}
