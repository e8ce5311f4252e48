//! What a call and its legs cost in memory before anything happens: a channel holds room for 32 of its items from the moment
//! it is made (tokio's block), and a task holds the largest of its states. So what is rare and large is in boxes.

use sautikit::gateway::call_task::{Arrival, PendingCall};
use sautikit::gateway::leg::{LegOrder, inbound, outbound};
use sautikit::gateway::media::LegMediaEvent;
use sautikit::gateway::sip::Signal;

/// Items of one block of a channel.
const BLOCK: usize = 32;

#[test]
fn what_waits_for_a_call_and_its_legs_is_small() {
    let items = [
        ("arrivals of a call", size_of::<Arrival>(), 48),
        ("media events of a call", size_of::<LegMediaEvent>(), 24),
        ("orders of a leg", size_of::<LegOrder>(), 48),
        ("signals of a leg", size_of::<Signal>(), 8),
    ];
    for (what, size, most) in items {
        assert!(size <= most, "{what}: {size} bytes each, {} a channel", size * BLOCK);
    }
}

#[test]
fn the_tasks_of_a_call_and_its_legs_are_small() {
    let tasks = [
        ("a call", size_of_task(|(call,): (PendingCall,)| call.run()), 3_584),
        ("a leg that calls us", size_of_task(|(a, b, c, d, e, f, g, h)| inbound::run(a, b, c, d, e, f, g, h)), 2_048),
        ("a leg that we call", size_of_task(|(a, b, c, d, e)| outbound::run(a, b, c, d, e)), 2_560),
    ];
    for (what, size, most) in tasks {
        assert!(size <= most, "{what}: {size} bytes");
    }
}

fn size_of_task<A, F: Future>(_: impl FnOnce(A) -> F) -> usize {
    size_of::<F>()
}
