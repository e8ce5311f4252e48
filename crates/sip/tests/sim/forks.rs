//! One INVITE, several phones.

use core::time::Duration;

use sip::message::Headers;
use sip::ua::{EndCause, Event, Transport};

use crate::network::Weather;
use crate::world::{FORK, World, to};

fn forked() -> (World, sip::ua::SessionId) {
    let mut world = World::new(3, Transport::Udp, Weather::CLEAR, 1);
    let caller = world.call_over(sip::ua::Path { flow: FORK, ..to(1) }, Some("v=0 offer"));
    world.run(Duration::from_millis(50));
    world.respond(1, 180);
    world.respond(2, 180);
    world.run(Duration::from_millis(50));
    (world, caller)
}

#[test]
fn each_fork_has_its_own_to_tag() {
    let (world, _) = forked();
    let tags: Vec<_> = world.events[0]
        .iter()
        .filter_map(|event| match event {
            Event::Provisional { to_tag, .. } => to_tag.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(tags.len(), 2);
    assert_ne!(tags[0], tags[1]);
}

#[test]
fn late_200_of_a_fork_is_acknowledged_and_hung_up() {
    let (mut world, caller) = forked();
    world.answer(1);
    world.run(Duration::from_secs(3));
    world.answer(2);
    world.run(Duration::from_secs(3));
    assert!(matches!(world.ended(2)[..], [EndCause::RemoteBye(_)]));
    assert!(world.ended(0).is_empty() && world.ended(1).is_empty(), "the first answer stands");
    assert_eq!(world.events[0].iter().filter(|event| matches!(event, Event::Answered { .. })).count(), 1);
    world.agents[0].bye(world.now, caller, Headers::new()).unwrap();
    world.settle();
    assert!(matches!(world.ended(1)[..], [EndCause::RemoteBye(_)]));
    world.assert_empty();
}

#[test]
fn late_200_after_the_call_is_over_is_acknowledged_and_hung_up() {
    let (mut world, caller) = forked();
    world.answer(1);
    world.run(Duration::from_secs(1));
    world.agents[0].bye(world.now, caller, Headers::new()).unwrap();
    world.run(Duration::from_secs(1));
    assert_eq!(world.ended(0).len(), 1);
    world.answer(2);
    world.settle();
    assert!(matches!(world.ended(2)[..], [EndCause::RemoteBye(_)]));
    assert_eq!(world.ended(0).len(), 1);
    world.assert_empty();
}

#[test]
fn two_forks_that_answer_a_cancel_with_200_are_both_hung_up() {
    let (mut world, caller) = forked();
    world.agents[0].cancel(world.now, caller, Headers::new()).unwrap();
    world.answer(1);
    world.answer(2);
    world.settle();
    assert!(matches!(world.ended(0)[..], [EndCause::CancelledLocally]));
    assert!(matches!(world.ended(1)[..], [EndCause::RemoteBye(_)]));
    assert!(matches!(world.ended(2)[..], [EndCause::RemoteBye(_)]));
    world.assert_empty();
}
