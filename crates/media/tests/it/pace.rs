//! Steps of a frame: a pair that begins to be transcoded does not wait for the step of all others.

use media::{Codec, Fill, MixId, PortParams, STEPS};

use crate::support::*;

const TONE: [u8; 160] = [0x55; 160];

/// A telephone and a browser that has heard nothing.
fn pair() -> World {
    let browser = PortParams { fill: Fill::OnceHeard, ..PortParams::new(Codec::Opus, 111, 8) };
    World::with_ports(PortParams::new(Codec::Pcma, 8, 7), browser)
}

/// How many packets each of a frame's steps sends to the browser.
fn steps(world: &mut World) -> [usize; STEPS as usize] {
    std::array::from_fn(|step| {
        let before = world.sent_to(B).len();
        world.step(step as u8);
        world.sent_to(B).len() - before
    })
}

#[test]
fn a_new_pair_begins_with_the_step_that_comes_next() {
    let mut world = pair();
    assert!((1..STEPS).all(|step| !world.graph.has_step(step)));
    world.graph.expect_step(2);
    world.graph.join(A, B).unwrap();
    assert!(world.graph.has_step(2) && !world.graph.has_step(1));
    for n in 0..5 {
        world.receive(A, audio(n, 8, 160), &TONE);
        assert_eq!(steps(&mut world), [0, 0, 1, 0]);
    }
    assert_eq!(world.sent_to(A).len(), 5, "both ways have the same step");
    world.assert_continuous(B);
    world.graph.remove_port(A);
    world.graph.remove_port(B);
    assert!(!world.graph.has_step(2));
}

#[test]
fn who_has_heard_something_keeps_its_step_and_its_peer_takes_it() {
    let mut world = pair();
    world.ticks(3);
    assert_eq!((world.sent_to(A).len(), world.sent_to(B).len()), (3, 0));
    world.graph.expect_step(3);
    world.graph.join(B, A).unwrap();
    world.receive(A, audio(0, 8, 160), &TONE);
    assert_eq!(steps(&mut world), [1, 0, 0, 0]);
}

#[test]
fn mixes_are_summed_in_the_first_step() {
    let mut world = pair();
    world.graph.expect_step(1);
    world.graph.join(A, B).unwrap();
    for port in [A, B] {
        world.graph.mix(port, MixId(1), media::Voice::Heard).unwrap();
    }
    assert!(!world.graph.has_step(1));
    world.receive(A, audio(0, 8, 160), &TONE);
    assert_eq!(steps(&mut world), [1, 0, 0, 0]);
}
