//! Whatever arrives, nothing panics and nothing stays: old messages replayed out of order, and messages with bytes
//! changed on the way.

use core::time::Duration;

use sip::message::{Headers, StatusCode};
use sip::ua::{Event, Transport};

use crate::network::{Dice, Weather};
use crate::world::World;

const SEEDS: u64 = 20;
const REPLAYS: u64 = 400;

/// Every kind of message that two agents exchange.
fn recording(seed: u64) -> World {
    let mut world = World::new(2, Transport::Udp, Weather::CLEAR, seed);
    let (caller, callee) = world.established();
    world.agents[0].reinvite(world.now, caller, Headers::new(), Some(sip::ua::Body::sdp("v=0"))).unwrap();
    world.agents[1].update(world.now, callee, Headers::new(), Some(sip::ua::Body::sdp("v=0"))).unwrap();
    world.run(Duration::from_millis(200));
    world.agents[1].bye(world.now, callee, Headers::new()).unwrap();
    world.run(Duration::from_millis(200));
    let cancelled = world.call(Some("v=0 offer"));
    world.run(Duration::from_millis(50));
    world.respond(1, 183);
    world.run(Duration::from_millis(50));
    world.agents[0].cancel(world.now, cancelled, Headers::new()).unwrap();
    world.run(Duration::from_secs(1));
    world
}

fn spoil(bytes: &mut [u8], dice: &mut Dice) {
    for _ in 0..dice.below(4) {
        let at = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
        bytes[at] = u8::try_from(dice.below(256)).unwrap();
    }
}

/// Everybody hangs up whatever calls they have.
fn hang_up_all(world: &mut World) {
    for peer in 0..2 {
        let calls: Vec<_> = world.events[peer]
            .iter()
            .filter_map(|event| match event {
                Event::IncomingInvite { session, .. } => Some(*session),
                _ => None,
            })
            .collect();
        for session in calls {
            // Most are over by themselves.
            let _ = world.agents[peer].hang_up(world.now, session, StatusCode::DECLINE, Headers::new());
        }
    }
    world.flush();
}

#[test]
fn replayed_and_spoilt_messages_do_no_lasting_harm() {
    for seed in 1..=SEEDS {
        let mut world = recording(seed);
        let recorded: Vec<_> = world.sent.iter().map(|sent| sent.bytes.clone()).collect();
        let mut dice = Dice::new(seed);
        for _ in 0..REPLAYS {
            let index = usize::try_from(dice.below(recorded.len() as u64)).unwrap();
            let mut bytes = recorded[index].clone();
            spoil(&mut bytes, &mut dice);
            let receiver = usize::try_from(dice.below(2)).unwrap();
            world.deliver(1 - receiver, receiver, bytes);
            let pause = dice.between((Duration::ZERO, Duration::from_millis(300)));
            world.run(pause);
        }
        hang_up_all(&mut world);
        world.settle();
        for agent in &world.agents {
            assert_eq!(agent.load(), sip::ua::Load::default(), "seed {seed}");
        }
    }
}
