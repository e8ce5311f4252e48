//! Who is slow, who asked, and what endpoints that change do to the others.

use super::*;

#[test]
fn what_is_asked_for_goes_before_all_that_waits_and_waits_for_no_pause() {
    let mut world = World::new();
    world.add(1, 1);
    for event in 0..10_000 {
        world.emit(1, Some(event), 1);
    }
    let slow = |_: WebhookEndpointId, _: i64| (SECOND_US, OK);
    world.run(10 * SECOND_US, &slow);
    let asked = world.ask(1);
    let at_us = world.now_us;
    world.run(at_us + 3 * SECOND_US, &slow);
    assert!(world.arrived.iter().any(|(_, due)| due.id == asked), "not behind {}", world.waiting());
    let fails = |_: WebhookEndpointId, _: i64| (0, TIMEOUT);
    world.run(world.now_us + 600 * SECOND_US, &fails);
    let asked = world.ask(1);
    world.run(world.now_us, &|_, _| (0, OK));
    assert!(world.arrived.iter().any(|(_, due)| due.id == asked), "its pause is not waited for");
}

#[test]
fn workspaces_that_hang_leave_the_others_room_however_many_they_are() {
    let mut world = World::new();
    let behaviour = |id: WebhookEndpointId, _: i64| match id.0.as_u128() {
        // They answer, after nearly ten seconds, and so are trusted with more and more.
        0..1_000 => (9_900_000, OK),
        _ => (20_000, OK),
    };
    for id in 0..1_000 {
        world.add(1 + id / 100, id);
        (0..50).for_each(|event| world.emit(id, Some(id * 100 + event), 1));
    }
    world.add(99, 5_000);
    for second in 1..=60 {
        world.run(second * SECOND_US, &behaviour);
        let emitted_us = world.now_us;
        let call = 1_000_000 + u128::try_from(second).unwrap();
        world.emit(5_000, Some(call), 1);
        world.run(emitted_us + SECOND_US / 2, &behaviour);
        let last = world.arrived_at(5_000).last().copied();
        assert!(last.is_some_and(|at_us| at_us >= emitted_us), "in second {second}");
    }
}

/// Where all places are taken by others it waits, and has its turn as soon as one of them ends.
#[test]
fn who_had_no_room_goes_when_others_make_some() {
    let mut world = World::new();
    let others = u128::from(MOST_RUNNING) - 1;
    for id in 0..others {
        world.add(id, id);
        world.emit(id, None, 0);
    }
    let begun: Vec<Due> = std::iter::from_fn(|| world.scheduler.next(0)).collect();
    assert_eq!(begun.len(), MOST_RUNNING as usize - 1);
    // The last place is for who has none.
    world.add(0, 5_000);
    world.emit(5_000, None, 0);
    assert_eq!(world.scheduler.next(0), None);
    world.scheduler.done(&begun[1], &OK, 0, 0);
    assert_eq!(world.scheduler.next(0).map(|due| due.endpoint), Some(endpoint(5_000)));
}

#[test]
fn windows_are_small_where_what_waits_is_large() {
    let mut world = World::new();
    world.add(1, 1);
    let body = bytes::Bytes::from(vec![b'x'; 1024 * 1024]);
    for id in 1..=WINDOW as u128 {
        let told = Told { id: EventId(Uuid::from_u128(id)), kind: String::new(), version: 1, body: body.clone() };
        world.scheduler.offer(due_of(1, id, Arc::new(told)), 0);
    }
    assert_eq!(world.scheduler.queued, MOST_QUEUED_BYTES / body.len());
    assert_eq!(world.scheduler.queued_bytes, MOST_QUEUED_BYTES);
    world.scheduler.remove(endpoint(1));
    assert_eq!(world.scheduler.queued_bytes, 0);
}

#[test]
fn nothing_to_sign_with_is_no_failure_of_the_endpoint() {
    let mut world = World::new();
    world.add(1, 1);
    let unset = Outcome::failed(Failure::SecretUnset, None);
    (0..8).for_each(|_| world.emit(1, None, 0));
    world.run(100 * 86_400 * SECOND_US, &|_, _| (0, unset));
    let standing = world.scheduler.lane(endpoint(1)).map(|lane| lane.circuit.standing());
    assert_eq!((standing, world.waiting()), (Some(Standing::default()), 0));
}

#[test]
fn attempts_of_before_say_nothing_of_another_endpoint() {
    let mut world = World::new();
    world.add(1, 1);
    (0..8).for_each(|_| world.emit(1, None, 0));
    let begun: Vec<Due> = std::iter::from_fn(|| world.scheduler.next(0)).collect();
    assert_eq!(begun.len(), 8);
    // It has another URL; then it is off, and on again, while they are on their way.
    let lane = |generation| Lane::new(workspace(1), generation, Circuit::default(), Bucket::new(None));
    world.scheduler.put(endpoint(1), lane(1), 0);
    let gone = Outcome::failed(Failure::Status, Some(410));
    let done = world.scheduler.done(&begun[0], &gone, 0, 0).expect("its lane");
    assert!(matches!(done.verdict, Verdict::Again(_)), "what was gone was another: {done:?}");
    assert_eq!((done.endpoint, done.off), (None, None));
    let standing = |world: &World| world.scheduler.lane(endpoint(1)).map(|lane| lane.circuit.standing());
    assert_eq!(standing(&world), Some(Standing::default()));
    world.scheduler.remove(endpoint(1));
    world.scheduler.put(endpoint(1), lane(2), 0);
    assert_eq!(world.scheduler.running(), 7, "they hold their room");
    // The database has all of them still; none is sent twice at the same time.
    world.scheduler.look(endpoint(1), 0);
    world.load();
    assert_eq!(world.scheduler.next(0), None);
    for due in &begun[1..] {
        world.scheduler.done(due, &TIMEOUT, 0, 0).expect("its lane");
    }
    assert_eq!((world.scheduler.running(), standing(&world)), (0, Some(Standing::default())));
}

#[test]
fn what_an_endpoint_that_went_held_is_given_back_once() {
    let mut world = World::new();
    world.add(1, 1);
    world.add(1, 2);
    world.emit(1, None, 0);
    world.emit(2, None, 0);
    let begun: Vec<Due> = std::iter::from_fn(|| world.scheduler.next(0)).collect();
    world.scheduler.remove(endpoint(1));
    world.add(1, 1);
    assert_eq!(world.scheduler.running(), 2);
    for due in &begun {
        world.scheduler.done(due, &OK, 0, 0);
        world.scheduler.written(due, Verdict::Delivered, 0);
    }
    assert_eq!(world.scheduler.running(), 0);
    world.scheduler.remove(endpoint(2));
    assert!(world.scheduler.open.is_empty() && world.scheduler.queued_of.is_empty());
}

#[test]
fn all_windows_together_are_bounded_and_every_lane_gets_its_turn() {
    let mut world = World::new();
    let lanes = u128::try_from(2 * MOST_QUEUED / WINDOW).unwrap();
    for id in 0..lanes {
        world.add(id, id);
        (0..200).for_each(|event| world.emit(id, Some(id * 1_000 + event), 1));
    }
    // Each lane that is beyond the bound has a small window.
    assert!(world.scheduler.queued <= MOST_QUEUED + SMALL_WINDOW * usize::try_from(lanes).unwrap());
    assert!(world.scheduler.wants(0).len() <= LANES_AT_ONCE);
    world.run(60 * SECOND_US, &|_, _| (1_000, OK));
    assert_eq!((world.waiting(), world.scheduler.queued), (0, 0));
}
