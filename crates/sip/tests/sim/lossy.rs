//! The property that matters: whatever the network does, every call ends, on both sides, and nothing stays behind.

use core::time::Duration;

use sip::message::{Headers, StatusCode};
use sip::ua::{Body, Event, Reply, SessionId, TransactionId, Transport};

use crate::network::{Dice, Weather};
use crate::world::{Peer, World};

const CALLS_PER_SEED: usize = 20;
const SEEDS: u64 = 60;

/// What the people at the phones do, and when.
enum Deed {
    Answer(Peer, TransactionId, u16),
    HangUp(Peer, SessionId),
    Reinvite(Peer, SessionId),
    Accept(Peer, TransactionId),
}

fn act(world: &mut World, deed: Deed) {
    let now = world.now;
    // The network may have ended the call or transaction before: then there is nothing to do.
    let _ = match deed {
        Deed::Answer(peer, transaction, status) => {
            let mut reply = Reply::new(StatusCode::new(status).unwrap());
            if status == 200 {
                reply = reply.body(Body::sdp("v=0 answer"));
            }
            world.agents[peer].respond(now, transaction, reply)
        }
        Deed::HangUp(peer, session) => world.agents[peer].hang_up(now, session, StatusCode::DECLINE, Headers::new()),
        Deed::Reinvite(peer, session) => {
            world.agents[peer].reinvite(now, session, Headers::new(), Some(Body::sdp("v=0 again")))
        }
        Deed::Accept(peer, transaction) => {
            world.agents[peer].respond(now, transaction, Reply::new(StatusCode::OK).body(Body::sdp("v=0 fine")))
        }
    };
    world.flush();
}

fn plan(event: &Event, peer: Peer, dice: &mut Dice) -> Vec<(Duration, Deed)> {
    let mut soon = |low: u64, high: u64| dice.between((Duration::from_millis(low), Duration::from_millis(high)));
    match event {
        Event::IncomingInvite { session, transaction, .. } => {
            let ring = (soon(0, 500), Deed::Answer(peer, *transaction, 180));
            let (answer, end) = (soon(500, 6000), soon(3000, 30_000));
            let status = if soon(0, 9) > Duration::from_millis(6) { 486 } else { 200 };
            // A caller whose CANCEL is lost for good must not leave the phone ringing: the callee gives up too.
            let give_up = Duration::from_secs(150);
            vec![
                ring,
                (answer, Deed::Answer(peer, *transaction, status)),
                (end, Deed::HangUp(peer, *session)),
                (give_up, Deed::HangUp(peer, *session)),
            ]
        }
        Event::Answered { session, .. } => {
            vec![(soon(0, 4000), Deed::Reinvite(peer, *session)), (soon(1000, 20_000), Deed::HangUp(peer, *session))]
        }
        Event::AckReceived { session, .. } => vec![(soon(0, 4000), Deed::Reinvite(peer, *session))],
        Event::OfferDue { session } => vec![(Duration::ZERO, Deed::Reinvite(peer, *session))],
        Event::ReinviteReceived { transaction, .. } => vec![(soon(0, 300), Deed::Accept(peer, *transaction))],
        _ => Vec::new(),
    }
}

/// Runs the people until `limit`.
fn live(world: &mut World, dice: &mut Dice, deeds: &mut Vec<(Duration, Deed)>, seen: &mut [usize; 2], limit: Duration) {
    while world.now < limit {
        for (peer, seen) in seen.iter_mut().enumerate() {
            while let Some(event) = world.events[peer].get(*seen) {
                *seen += 1;
                deeds.extend(plan(event, peer, dice).into_iter().map(|(delay, deed)| (world.now + delay, deed)));
            }
        }
        let due = deeds.iter().enumerate().min_by_key(|(_, (at, _))| *at).map(|(index, (at, _))| (index, *at));
        match due {
            Some((index, at)) if at <= world.now => {
                let (_, deed) = deeds.swap_remove(index);
                act(world, deed);
            }
            Some((_, at)) => {
                world.step(at.min(limit));
            }
            None => {
                world.step(limit);
            }
        }
    }
}

fn storm(transport: Transport, weather: Weather, seed: u64) -> usize {
    let mut world = World::new(2, transport, weather, seed);
    let mut dice = Dice::new(seed ^ 0xdead_beef);
    let (mut deeds, mut seen) = (Vec::new(), [0, 0]);
    for _ in 0..CALLS_PER_SEED {
        let session = world.call(Some("v=0 offer"));
        // The ring timeout of the caller.
        deeds.push((world.now + Duration::from_secs(40), Deed::HangUp(0, session)));
        let pause = dice.between((Duration::ZERO, Duration::from_secs(2)));
        let limit = world.now + pause;
        live(&mut world, &mut dice, &mut deeds, &mut seen, limit);
    }
    let limit = world.now + Duration::from_secs(600);
    live(&mut world, &mut dice, &mut deeds, &mut seen, limit);
    let started = world.events[1].iter().filter(|event| matches!(event, Event::IncomingInvite { .. })).count();
    assert_eq!(world.ended(0).len(), CALLS_PER_SEED, "seed {seed}: each call of the caller ended once");
    assert_eq!(world.ended(1).len(), started, "seed {seed}: each call of the callee ended once");
    world.assert_empty();
    world.events[0].iter().filter(|event| matches!(event, Event::Answered { .. })).count()
}

#[test]
fn every_call_ends_on_both_sides_in_a_storm() {
    let answered: usize = (1..=SEEDS).map(|seed| storm(Transport::Udp, Weather::STORM, seed)).sum();
    let calls = CALLS_PER_SEED * usize::try_from(SEEDS).unwrap();
    assert!(answered * 2 > calls, "{answered} of {calls} were answered: the storm must not stop ordinary calls");
}

#[test]
fn every_call_ends_on_both_sides_in_clear_weather() {
    for seed in 1..=5 {
        storm(Transport::Udp, Weather::CLEAR, seed);
        storm(Transport::Wss, Weather::CLEAR, seed);
    }
}

#[test]
fn same_seed_gives_the_same_messages() {
    let run = |seed| {
        let mut world = World::new(2, Transport::Udp, Weather::STORM, seed);
        for _ in 0..5 {
            world.call(Some("v=0 offer"));
        }
        world.settle();
        world.sent
    };
    assert_eq!(run(4), run(4));
}
