mod fair;

use std::collections::BTreeMap;
use std::sync::Arc;

use sautikit_api::ids::{CallId, DeliveryId, EventId};
use uuid::Uuid;

use super::super::bucket::Bucket;
use super::super::circuit::{Circuit, MOST_AT_ONCE};
use super::super::lane::{Told, WINDOW};
use super::super::schedule::{Failure, SECOND_US};
use super::*;

const OK: Outcome = Outcome::delivered(200);
const TIMEOUT: Outcome = Outcome::failed(Failure::Timeout, None);

/// The scheduler with a database and receivers around it, on simulated time.
struct World {
    scheduler: Scheduler,
    now_us: i64,
    /// Pending rows of each endpoint, by when they are due and their place in the call.
    rows: HashMap<WebhookEndpointId, BTreeMap<Place, Due>>,
    place_of: HashMap<DeliveryId, Place>,
    /// When the last pending row of a call is due, or was.
    call_due_us: HashMap<(WebhookEndpointId, CallId), i64>,
    next_id: u128,
    /// What arrived, when, in order.
    arrived: Vec<(i64, Due)>,
    /// Attempts on their way, until when, and how they end.
    on_the_way: Vec<(i64, Due, Outcome)>,
    /// What is not yet in the database.
    unwritten: Vec<(Due, Verdict)>,
    random: u32,
}

/// When it is due, its place in the call, its id.
type Place = (i64, i64, DeliveryId);

/// How an endpoint behaves at a moment: how long it takes, and what it answers.
type Behaviour<'a> = &'a dyn Fn(WebhookEndpointId, i64) -> (i64, Outcome);

fn endpoint(number: u128) -> WebhookEndpointId {
    WebhookEndpointId(Uuid::from_u128(number))
}

fn workspace(number: u128) -> WorkspaceId {
    WorkspaceId(Uuid::from_u128(number))
}

/// A delivery that was just made.
fn due_of(to: u128, id: u128, event: Arc<Told>) -> Due {
    let (endpoint, id) = (endpoint(to), DeliveryId(Uuid::from_u128(id)));
    Due { id, endpoint, call: None, tries: 0, attempts: 0, due_us: 0, is_asked: false, url: None, event }
}

impl World {
    fn new() -> Self {
        Self {
            scheduler: Scheduler::default(),
            now_us: 0,
            rows: HashMap::new(),
            place_of: HashMap::new(),
            call_due_us: HashMap::new(),
            next_id: 1,
            arrived: Vec::new(),
            on_the_way: Vec::new(),
            unwritten: Vec::new(),
            random: 0,
        }
    }

    fn add(&mut self, of: u128, id: u128) {
        let lane = Lane::new(workspace(of), 0, Circuit::default(), Bucket::new(None));
        self.scheduler.put(endpoint(id), lane, self.now_us);
    }

    /// An event for the endpoint, committed now.
    fn emit(&mut self, to: u128, call: Option<u128>, sequence: i64) {
        let id = self.next_id;
        self.next_id += 1;
        let told = Told { id: EventId(Uuid::from_u128(id)), kind: sequence.to_string(), version: 1, body: "".into() };
        let call = call.map(|call| CallId(Uuid::from_u128(call)));
        let due = Due { call, ..due_of(to, id, Arc::new(told)) };
        let after_us = due.call.and_then(|call| self.call_due_us.get(&(due.endpoint, call)).copied());
        self.put(due.clone(), (after_us.unwrap_or(0).max(self.now_us), sequence, due.id));
        self.scheduler.offer(due, self.now_us);
    }

    /// A delivery that somebody asked for, written now and behind what waits.
    fn ask(&mut self, to: u128) -> DeliveryId {
        let id = self.next_id;
        self.next_id += 1;
        let told = Told { id: EventId(Uuid::from_u128(id)), kind: "0".to_owned(), version: 1, body: "".into() };
        let due = Due { attempts: 10, due_us: self.now_us, is_asked: true, ..due_of(to, id, Arc::new(told)) };
        let asked = due.id;
        self.put(due, (self.now_us, 0, asked));
        self.scheduler.look(endpoint(to), self.now_us);
        asked
    }

    fn put(&mut self, due: Due, place: Place) {
        if let Some(call) = due.call {
            let at_us = self.call_due_us.entry((due.endpoint, call)).or_default();
            *at_us = place.0.max(*at_us);
        }
        self.place_of.insert(due.id, place);
        self.rows.entry(due.endpoint).or_default().insert(place, due);
    }

    fn take(&mut self, due: &Due) -> Option<(Due, Place)> {
        let place = self.place_of.remove(&due.id)?;
        Some((self.rows.entry(due.endpoint).or_default().remove(&place)?, place))
    }

    /// Sends what may go; ends what is over; writes; loads. Until that moment.
    fn run(&mut self, until_us: i64, behaviour: Behaviour<'_>) {
        loop {
            self.scheduler.tick(self.now_us);
            self.write();
            self.load();
            while let Some(due) = self.scheduler.next(self.now_us) {
                self.check(&due);
                let (takes_us, outcome) = behaviour(due.endpoint, self.now_us);
                self.on_the_way.push((self.now_us + takes_us, due, outcome));
            }
            let ends = self.on_the_way.iter().map(|(at_us, ..)| *at_us).min();
            let hungry = (!self.scheduler.wants(self.now_us).is_empty()).then_some(self.now_us);
            let unwritten = (!self.unwritten.is_empty()).then_some(self.now_us);
            let next = [ends, self.scheduler.wake_us(), hungry, unwritten].into_iter().flatten().min();
            match next {
                Some(at_us) if at_us <= until_us => self.now_us = self.now_us.max(at_us),
                _ => break,
            }
            self.end();
        }
        self.now_us = until_us;
    }

    /// No two of a call are on their way to an endpoint, and nothing twice.
    fn check(&self, due: &Due) {
        let others = || self.on_the_way.iter().filter(|(_, other, _)| other.endpoint == due.endpoint);
        assert!(others().all(|(_, other, _)| other.id != due.id), "twice on its way");
        assert!(due.call.is_none() || others().all(|(_, other, _)| other.call != due.call), "two of a call");
        assert!(others().count() < MOST_AT_ONCE as usize);
        assert!(self.on_the_way.len() < MOST_RUNNING as usize);
    }

    fn end(&mut self) {
        let now_us = self.now_us;
        let (over, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.on_the_way).into_iter().partition(|(at_us, ..)| *at_us <= now_us);
        self.on_the_way = rest;
        for (_, due, outcome) in over {
            self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let done = self.scheduler.done(&due, &outcome, now_us, self.random >> 8);
            if outcome.failure.is_none() {
                self.arrived.push((now_us, due.clone()));
            }
            if let Some(done) = done {
                self.unwritten.push((due, done.verdict));
            }
        }
    }

    fn write(&mut self) {
        for (due, verdict) in std::mem::take(&mut self.unwritten) {
            let Some((row, (_, sequence, _))) = self.take(&due) else { continue };
            if let Verdict::Again(at_us) = verdict {
                let rows = self.rows.entry(due.endpoint).or_default();
                let waits =
                    |(place, other): &(&Place, &Due)| due.call.is_some() && other.call == due.call && place.0 < at_us;
                let others: Vec<Due> = rows.iter().filter(waits).map(|(_, other)| other.clone()).collect();
                for other in others {
                    let Some((other, (_, sequence, id))) = self.take(&other) else { continue };
                    self.put(other, (at_us, sequence, id));
                }
                self.put(Due { tries: row.tries + 1, is_asked: false, ..row }, (at_us, sequence, due.id));
            }
            self.scheduler.written(&due, verdict, self.now_us);
        }
    }

    fn load(&mut self) {
        for (id, want) in self.scheduler.wants(self.now_us) {
            let (now_us, wanted) = (self.now_us, want.rows);
            let rows = self.rows.entry(id).or_default();
            if want.asked {
                let asked = rows.iter().filter(|(_, due)| due.is_asked);
                let asked: Vec<Due> = asked.take(WINDOW).map(|(_, due)| due.clone()).collect();
                let is_all = asked.len() < WINDOW;
                self.scheduler.load_asked(id, asked, is_all, now_us);
            }
            if wanted == 0 {
                continue;
            }
            let is_due = |(place, _): &(&Place, &Due)| place.0 <= now_us;
            let due: Vec<Due> = rows.iter().take_while(is_due).take(wanted).map(|(_, due)| due.clone()).collect();
            let next = rows.keys().map(|place| place.0).find(|at_us| *at_us > now_us && due.len() < wanted);
            let is_all = due.len() < wanted;
            self.scheduler.load(id, due, is_all, next, now_us);
        }
    }

    fn waiting(&self) -> usize {
        self.rows.values().map(BTreeMap::len).sum()
    }

    fn arrived_at(&self, id: u128) -> Vec<i64> {
        self.arrived.iter().filter(|(_, due)| due.endpoint == endpoint(id)).map(|(at_us, _)| *at_us).collect()
    }
}

/// The order in which a call's events arrived first.
fn order_of(world: &World, call: u128) -> Vec<i64> {
    let of_call = world.arrived.iter().filter(|(_, due)| due.call == Some(CallId(Uuid::from_u128(call))));
    of_call.map(|(_, due)| due.event.kind.parse().expect("a sequence")).collect()
}

#[test]
fn endpoints_that_hang_or_refuse_slow_no_other_down() {
    let mut world = World::new();
    for id in 0..100 {
        world.add(1_000 + id, id);
    }
    let behaviour = |id: WebhookEndpointId, _: i64| match id.0.as_u128() {
        0..10 => (10 * SECOND_US, TIMEOUT),
        10..20 => (1_000, Outcome::failed(Failure::Connection, None)),
        _ => (20_000, OK),
    };
    for second in 0..20 {
        for id in 0..100 {
            for event in 0..50 {
                world.emit(id, Some(second * 10_000 + id * 100 + event / 5), i64::try_from(event % 5).unwrap());
            }
        }
        let begun_us = world.now_us;
        world.run(begun_us + SECOND_US, &behaviour);
        for id in 20..100 {
            let late = world.arrived_at(id).into_iter().filter(|at_us| *at_us >= begun_us).max();
            assert!(late.is_some_and(|at_us| at_us < begun_us + SECOND_US), "{id} in second {second}: {late:?}");
        }
    }
    assert_eq!(world.arrived.len(), 80 * 20 * 50);
}

#[test]
fn a_workspace_with_100000_events_does_not_delay_another() {
    let mut world = World::new();
    world.add(1, 1);
    world.add(2, 2);
    for event in 0..100_000 {
        world.emit(1, Some(event), 1);
    }
    let behaviour = |_: WebhookEndpointId, _: i64| (50_000, OK);
    world.run(SECOND_US, &behaviour);
    for event in 0..50 {
        world.emit(2, Some(1_000_000 + event), 1);
    }
    let emitted_us = world.now_us;
    world.run(emitted_us + SECOND_US, &behaviour);
    assert_eq!(world.arrived_at(2).len(), 50);
    assert!(world.arrived_at(2).into_iter().all(|at_us| at_us - emitted_us < SECOND_US));
    assert!(world.waiting() > 90_000, "the other one goes on meanwhile: {}", world.waiting());
}

#[test]
fn a_calls_events_arrive_in_order_whatever_fails_and_none_is_lost() {
    for seed in 0..20_u32 {
        let mut world = World::new();
        world.random = seed;
        world.add(1, 1);
        let state = std::cell::Cell::new(seed);
        // A third fails, at random.
        let behaviour = |_: WebhookEndpointId, _: i64| {
            state.set(state.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
            let takes_us = i64::from(state.get() >> 20);
            if (state.get() >> 16) % 3 == 0 { (takes_us, TIMEOUT) } else { (takes_us, OK) }
        };
        for sequence in 1..=5 {
            for call in 0..200 {
                world.emit(1, Some(call), sequence);
            }
            let until_us = world.now_us + i64::from(seed) * SECOND_US;
            world.run(until_us, &behaviour);
        }
        world.run(40 * 86_400 * SECOND_US, &behaviour);
        assert_eq!(world.waiting(), 0, "seed {seed}");
        for call in 0..200 {
            let order = order_of(&world, call);
            assert!(order.is_sorted(), "seed {seed}: {order:?}");
        }
    }
}

#[test]
fn what_fails_is_tried_by_the_schedule_and_then_given_up() {
    let mut world = World::new();
    world.add(1, 1);
    world.emit(1, None, 0);
    let attempts = std::cell::RefCell::new(Vec::new());
    let behaviour = |_: WebhookEndpointId, now_us: i64| {
        attempts.borrow_mut().push(now_us);
        (0, TIMEOUT)
    };
    world.run(10 * 86_400 * SECOND_US, &behaviour);
    let attempts = attempts.into_inner();
    assert_eq!((attempts.len(), world.waiting()), (10, 0));
    let schedule = [5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200, 86_400];
    for (pair, seconds) in attempts.windows(2).zip(schedule) {
        let delay_us = pair[1] - pair[0];
        assert!((seconds * 800_000..=seconds * 1_200_000).contains(&delay_us), "{seconds}: {delay_us}");
    }
}

#[test]
fn an_endpoint_that_is_back_gets_what_waited() {
    let mut world = World::new();
    world.add(1, 1);
    let back_us = 3_600 * SECOND_US;
    let behaviour = |_: WebhookEndpointId, now_us: i64| if now_us < back_us { (1_000, TIMEOUT) } else { (1_000, OK) };
    for event in 0..1_000 {
        world.emit(1, Some(event / 4), i64::try_from(event % 4).unwrap());
        let until_us = world.now_us + SECOND_US;
        world.run(until_us, &behaviour);
    }
    world.run(back_us + 3 * 3_600 * SECOND_US, &behaviour);
    assert_eq!((world.arrived.len(), world.waiting()), (1_000, 0));
    for call in 0..250 {
        assert_eq!(order_of(&world, call), [0, 1, 2, 3]);
    }
}

#[test]
fn three_days_of_failures_switch_an_endpoint_off() {
    let mut world = World::new();
    world.add(1, 1);
    let behaviour = |_: WebhookEndpointId, _: i64| (0, TIMEOUT);
    for hour in 0..90 {
        world.emit(1, None, 0);
        world.run(hour * 3_600 * SECOND_US, &behaviour);
        let is_on = world.scheduler.lane(endpoint(1)).is_some();
        assert_eq!(is_on, hour < 73, "after {hour} hours");
        if !is_on {
            break;
        }
    }
    assert!(world.waiting() > 0, "who switches it off gives up what waits");
}

#[test]
fn an_endpoint_that_is_gone_is_switched_off_at_once() {
    let mut world = World::new();
    world.add(1, 1);
    world.emit(1, None, 0);
    world.run(1, &|_, _| (0, Outcome::failed(Failure::Status, Some(410))));
    assert!(world.scheduler.lane(endpoint(1)).is_none());
    assert_eq!(world.scheduler.running(), 0);
}

#[test]
fn no_more_than_a_window_of_an_endpoint_is_in_memory() {
    let mut world = World::new();
    world.add(1, 1);
    for event in 0..10_000 {
        world.emit(1, Some(event), 1);
    }
    let wants = world.scheduler.lane(endpoint(1)).expect("a lane").wants(WINDOW, 0);
    assert_eq!(wants, None, "its window is full");
    let in_memory = std::iter::from_fn(|| world.scheduler.next(0)).count();
    assert!(in_memory <= WINDOW);
}

#[test]
fn a_url_that_is_gone_ends_its_call_and_not_its_endpoint() {
    let mut scheduler = Scheduler::default();
    scheduler.put(endpoint(1), Lane::new(workspace(1), 0, Circuit::default(), Bucket::new(None)), 0);
    let due = |id: u128, call: u128| Due {
        id: DeliveryId(Uuid::from_u128(id)),
        endpoint: endpoint(1),
        call: Some(CallId(Uuid::from_u128(call))),
        tries: 0,
        attempts: 0,
        due_us: 0,
        is_asked: false,
        url: Some("https://shop.example/call".into()),
        event: Arc::new(Told { id: EventId(Uuid::from_u128(id)), kind: String::new(), version: 1, body: "".into() }),
    };
    for (id, call) in [(1, 7), (2, 7), (3, 8)] {
        scheduler.offer(due(id, call), 0);
    }
    let first = scheduler.next(0).unwrap();
    assert_eq!((first.id, scheduler.next(0).map(|due| due.id)), (due(1, 7).id, Some(due(3, 8).id)));
    let done = scheduler.done(&first, &Outcome::failed(Failure::Status, Some(410)), 0, 0).unwrap();
    assert_eq!(done, Done { verdict: Verdict::Gone, endpoint: None, off: None });
    assert_eq!(scheduler.next(0), None, "the other of its call ended with it");
    scheduler.written(&first, done.verdict, 0);
    assert_eq!(scheduler.next(0), None);
    scheduler.offer(due(4, 9), 0);
    assert_eq!(scheduler.next(0).map(|due| due.id), Some(due(4, 9).id));
}
