//! Nothing leaks: after many calls and the last timer an agent is as empty as a new one.

use core::time::Duration;

use sip::message::{Headers, StatusCode};
use sip::ua::{Body, Event, Party, Reply};

use crate::world::World;

const CALLS: usize = 10_000;
/// Calls up at the same time, so that the tables grow and shrink.
const WAVE: usize = 500;

#[test]
fn ten_thousand_calls_leave_nothing_behind() {
    let mut world = World::pair();
    world.parties[0] = Party::Trunk(0);
    for wave in 0..CALLS / WAVE {
        let callers: Vec<_> = (0..WAVE).map(|_| world.call(Some("v=0 offer"))).collect();
        world.run(Duration::from_millis(100));
        let calls: Vec<_> = world.events[1]
            .drain(..)
            .filter_map(|event| match event {
                Event::IncomingInvite { transaction, .. } => Some(transaction),
                _ => None,
            })
            .collect();
        assert_eq!(calls.len(), WAVE);
        for (index, transaction) in calls.into_iter().enumerate() {
            let reply = match index % 4 {
                0 => Reply::new(StatusCode::BUSY_HERE),
                1 => Reply::new(StatusCode::RINGING),
                _ => Reply::new(StatusCode::OK).body(Body::sdp("v=0 answer")),
            };
            world.agents[1].respond(world.now, transaction, reply).unwrap();
        }
        world.run(Duration::from_millis(100));
        for session in callers {
            // Refused calls are over already.
            let _ = world.agents[0].hang_up(world.now, session, StatusCode::DECLINE, Headers::new());
        }
        world.run(Duration::from_millis(500));
        let ended = world.ended(0).len();
        assert_eq!(ended, WAVE, "wave {wave}");
        world.events[0].clear();
        world.sent.clear();
    }
    assert_eq!(world.agents[0].load().sessions, 0);
    world.settle();
    world.assert_empty();
}
