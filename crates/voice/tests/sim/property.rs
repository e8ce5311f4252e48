//! Whatever the world reports, in whatever order: no panic, one end, no leg left open; and if it falls silent, the
//! call's own timers end it.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use sautikit_api::actions::{Action, parse_list};
use sautikit_api::calls::{CallStatus, Direction};
use voice::*;

use crate::support::{AMINA, OTIENO, OWN, client, facts, fetched, key, phone};

#[derive(Debug, Clone)]
enum Step {
    Leg(u32, LegEvent),
    Media(u32, MediaEvent),
    Fetched(u32, usize),
    FetchFailed(u32),
    Spoken(u32, bool),
    Money(Money),
    Run(usize),
    Conference(u32, ConferenceEvent),
    Queue(u32, QueueEvent),
    Judged(u32),
    Recording(u32, RecordingEvent),
    Transfer(u32, bool),
    DueTimer,
    Pass(u64),
}

fn scripts() -> Vec<Vec<Action>> {
    [
        serde_json::json!([]),
        serde_json::json!([{"say": {"text": "a", "loop": 2}}, {"getDigits": {"attempts": 2, "prompt": [{"say": {"text": "b"}}, {"play": {"url": "/b.mp3"}}]}},
            {"play": {"url": "/a.mp3"}}, {"sendDigits": {"digits": "1w2"}},
            {"stream": {"url": "wss://a.example"}}]),
        serde_json::json!([{"dial": {"to": ["client:a", OTIENO], "timeout": 5}}, {"say": {"text": "c"}}]),
        serde_json::json!([{"dial": {"to": "client:a", "sequential": true, "action": "/x", "hangupOnStar": true}}]),
        serde_json::json!([{"pause": {}}, {"redirect": {"url": "https://["}}]),
        serde_json::json!([{"reject": {}}]),
        serde_json::json!([{"hangup": {}}]),
        serde_json::json!([{"record": {"action": "/kept"}}, {"dial": {"to": "client:a", "record": "dual"}}]),
        serde_json::json!([{"conference": {"name": "a"}}, {"say": {"text": "d"}}]),
        serde_json::json!([{"enqueue": {"name": "a", "waitUrl": "/wait", "timeout": 90}}, {"dequeue": {"name": "b", "record": true}}]),
        serde_json::json!([{"enqueue": {"name": "a"}}, {"leave": {}}, {"stopStream": {}}]),
    ]
    .iter()
    .map(|list| parse_list(list).unwrap_or_else(|error| panic!("{error}")))
    .collect()
}

fn leg_event() -> impl Strategy<Value = LegEvent> {
    let end = prop_oneof![
        Just(Cause::from_bye(None)),
        Just(CauseKind::Canceled.into()),
        (400u16..700).prop_map(|sip| Cause::from_network(sip, None)),
    ];
    prop_oneof![
        2 => Just(LegEvent::Ringing),
        1 => Just(LegEvent::EarlyMedia),
        6 => Just(LegEvent::Answered),
        1 => prop::sample::select("0123456789*#".chars().collect::<Vec<_>>()).prop_map(|c| LegEvent::Digit(key(c))),
        1 => prop_oneof![any::<bool>().prop_map(|is_silent| LegEvent::HeldByPeer { is_silent }), Just(LegEvent::Resumed), Just(LegEvent::Lost), Just(LegEvent::Back)],
        1 => end.prop_map(LegEvent::Ended),
    ]
}

fn recording_event() -> impl Strategy<Value = RecordingEvent> {
    prop_oneof![
        3 => Just(RecordingEvent::Started(sautikit_api::ids::RecordingId(uuid::Uuid::from_u128(9)))),
        3 => any::<bool>().prop_map(|heard| RecordingEvent::Stopped { length_ms: 1_200, heard }),
        1 => Just(RecordingEvent::Failed { reason: "no room" }),
    ]
}

fn queue_event() -> impl Strategy<Value = QueueEvent> {
    prop::sample::select(vec![
        QueueEvent::Waiting(Standing { position: 1, size: 1, average_wait_s: 0 }),
        QueueEvent::Waiting(Standing { position: 2, size: 4, average_wait_s: 9 }),
        QueueEvent::Full,
        QueueEvent::Connected(sautikit_api::ids::CallId(uuid::Uuid::from_u128(7))),
        QueueEvent::Over,
        QueueEvent::Removed,
    ])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u32..5, leg_event()).prop_map(|(leg, event)| Step::Leg(leg, event)),
        2 => (0u32..5, 0u32..6).prop_map(|(leg, asset)| Step::Media(leg, MediaEvent::PlayEnded(AssetId(asset)))),
        1 => (0u32..5, prop::sample::select("0123456789*#".chars().collect::<Vec<_>>())).prop_map(|(leg, c)| Step::Media(leg, MediaEvent::Digit(key(c)))),
        1 => (0u32..5).prop_map(|leg| Step::Media(leg, MediaEvent::Stalled)),
        1 => (0u32..5).prop_map(|leg| Step::Media(leg, MediaEvent::Silence)),
        4 => (0u32..6, 0usize..11).prop_map(|(fetch, script)| Step::Fetched(fetch, script)),
        1 => (0u32..6).prop_map(Step::FetchFailed),
        3 => (0u32..6, any::<bool>()).prop_map(|(asset, works)| Step::Spoken(asset, works)),
        1 => (1_000u64..1_100, prop::option::of(0u64..100)).prop_map(|(s, more)| {
            let paid_until = Duration::from_secs(s);
            Step::Money(Money::Until { paid_until, lasts_until: more.map(|more| paid_until + Duration::from_secs(more)) })
        }),
        1 => Just(Step::Money(Money::Unbounded)),
        2 => (0usize..11).prop_map(Step::Run),
        1 => (0u32..4, prop::sample::select(vec![ConferenceEvent::Waiting, ConferenceEvent::Joined, ConferenceEvent::Full, ConferenceEvent::Ended, ConferenceEvent::Removed]))
            .prop_map(|(stay, event)| Step::Conference(stay, event)),
        2 => (0u32..4, queue_event()).prop_map(|(place, event)| Step::Queue(place, event)),
        2 => (0u32..4).prop_map(Step::Judged),
        2 => (0u32..4, any::<bool>()).prop_map(|(leg, telephone)| Step::Transfer(leg, telephone)),
        2 => (0u32..3, recording_event()).prop_map(|(take, event)| Step::Recording(take, event)),
        3 => Just(Step::DueTimer),
        2 => (0u64..20_000).prop_map(Step::Pass),
    ]
}

fn origin() -> impl Strategy<Value = (Direction, Origin, bool)> {
    let scripts = scripts();
    let origins = vec![
        (Direction::Outbound, Origin::Api { to: vec![phone(AMINA)], actions: None }),
        (Direction::Outbound, Origin::Api { to: vec![phone(AMINA), phone(OTIENO)], actions: scripts.get(1).cloned() }),
        (Direction::Outbound, Origin::Api { to: Vec::new(), actions: None }),
        (Direction::Inbound, Origin::Inbound { caller: phone(AMINA), ring: vec![client("a"), client("b")] }),
        (Direction::Outbound, Origin::Client { caller: client("a"), to: phone(AMINA) }),
    ];
    (prop::sample::select(origins), any::<bool>())
        .prop_map(|((direction, origin), steered)| (direction, origin, steered))
}

/// More firings than any call can need: a thousand actions and two hundred callbacks with a few timers each.
const MOST_FIRINGS: usize = 10_000;

/// What the outputs so far amount to.
#[derive(Default)]
struct World {
    open: BTreeMap<LegId, bool>,
    ends: usize,
    changes: Vec<LegChange>,
    summary: Option<Summary>,
    /// How often the call was told to be answered.
    answered: u32,
    /// Verbs that the timeline saw begin and not end, and callbacks sent and not settled.
    verbs_open: u32,
    /// Recordings that were begun and neither ended nor failed.
    recordings_open: Vec<TakeId>,
    recordings_failed: usize,
    callbacks_open: u32,
}

impl World {
    fn drain(&mut self, call: &mut Call) {
        while let Some(output) = call.poll() {
            assert_eq!(self.ends, 0, "{output:?} follows the end");
            match output {
                Output::Dial(leg, ..) => {
                    assert!(self.open.insert(leg, true).is_none(), "{leg:?} dialled twice");
                }
                Output::Leg(leg, LegCommand::Hangup(_) | LegCommand::Refuse(_)) => {
                    assert_eq!(self.open.insert(leg, false), Some(true), "{leg:?} ended twice");
                }
                Output::Leg(leg, command) => {
                    assert_eq!(self.open.get(&leg), Some(&true), "{command:?} to an ended leg")
                }
                Output::Ended(summary) => {
                    self.ends += 1;
                    self.summary = Some(summary);
                }
                Output::Record(event) => self.record(&event),
                Output::LegChanged(change) => self.changes.push(change),
                Output::Answered { .. } => self.answered += 1,
                Output::Recording(RecordingCommand::Start { take, .. }) => {
                    self.recordings_open.push(take);
                }
                Output::Recording(RecordingCommand::Stop(take)) => {
                    let before = self.recordings_open.len();
                    self.recordings_open.retain(|open| *open != take);
                    assert_eq!(self.recordings_open.len() + 1, before, "{take:?} is stopped once");
                }
                Output::Recording(_)
                | Output::Media(_)
                | Output::Fetch(_)
                | Output::Speak(_)
                | Output::Load(_)
                | Output::Stream(_)
                | Output::Conference(_)
                | Output::Queue(_)
                | Output::Judge(_) => {}
            }
        }
    }

    fn record(&mut self, event: &CallEvent) {
        match event.name {
            EventName::VerbStarted => self.verbs_open += 1,
            EventName::VerbEnded => self.verbs_open -= 1,
            EventName::CallbackSent if event.data["final"] == false => self.callbacks_open += 1,
            EventName::RecordingFailed => self.recordings_failed += 1,
            EventName::CallbackAnswered | EventName::CallbackUnanswered => self.callbacks_open -= 1,
            _ => {}
        }
        assert!(self.verbs_open <= 1 && self.callbacks_open <= 1, "{event:?}");
    }
}

fn input(step: Step, call: &Call, world: &mut World, now: &mut Duration) -> Option<Input> {
    Some(match step {
        Step::Leg(leg, event) => {
            if let LegEvent::Ended(_) = event {
                let open = world.open.get_mut(&LegId(leg)).filter(|open| **open)?;
                *open = false;
            }
            Input::Leg(LegId(leg), event)
        }
        Step::Media(leg, event) => Input::Media(LegId(leg), event),
        Step::Fetched(fetch, script) => {
            let actions = scripts().into_iter().nth(script)?;
            fetched(FetchId(fetch), Ok(Answer { url: "https://shop.example/v".into(), actions, warnings: Vec::new() }))
        }
        Step::FetchFailed(fetch) => fetched(FetchId(fetch), Err(FetchFailure::Status(500))),
        Step::Spoken(asset, true) => Input::Spoken(AssetId(asset), Ok(())),
        Step::Spoken(asset, false) => Input::Spoken(AssetId(asset), Err(SpeechFailure { reason: "none".into() })),
        Step::Money(money) => Input::Money(money),
        Step::Run(script) => Input::Live(LiveCommand::Run(scripts().into_iter().nth(script)?)),
        Step::Conference(stay, event) => Input::Conference(StayId(stay), event),
        Step::Queue(place, event) => Input::Queue(PlaceId(place), event),
        Step::Judged(leg) => {
            let judged = Judged { answered_by: "human", confidence_percent: 90, heard_ms: 1_800 };
            Input::Judged(LegId(leg), judged)
        }
        Step::Recording(take, event) => Input::Recording(TakeId(take), event),
        Step::Transfer(leg, telephone) => {
            let target = if telephone { phone(OTIENO) } else { client("boss") };
            Input::Transfer(LegId(leg), Box::new(target))
        }
        Step::DueTimer => {
            *now = (*now).max(call.next_timeout()?);
            Input::Timeout
        }
        Step::Pass(ms) => {
            *now += Duration::from_millis(ms);
            return None;
        }
    })
}

/// A call after these steps, with its world.
fn played((direction, origin, steered): (Direction, Origin, bool), steps: Vec<Step>) -> (Call, World, Duration) {
    let mut facts = facts(direction, OWN, AMINA);
    if !steered {
        facts.voice_callback_url = None;
        facts.machine_detection = Some(sautikit_api::actions::MachineDetection::Enable);
    }
    let mut world = World::default();
    let mut now = Duration::ZERO;
    if !matches!(origin, Origin::Api { .. }) {
        world.open.insert(LegId::FIRST, true);
    }
    let mut call = Call::new(now, facts, origin);
    world.drain(&mut call);
    for step in steps {
        if let Some(input) = input(step, &call, &mut world, &mut now) {
            call.handle(now, input);
            world.drain(&mut call);
            // What a leg is billed for is over when that is told.
            assert!(world.changes.iter().all(|change| change.at <= now), "{:?} at {now:?}", world.changes);
        }
    }
    (call, world, now)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_world_that_falls_silent_leaves_no_call_behind(
        origin in origin(),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let (mut call, mut world, mut now) = played(origin, steps);
        for _ in 0..MOST_FIRINGS {
            let Some(input) = input(Step::DueTimer, &call, &mut world, &mut now) else { break };
            call.handle(now, input);
            world.drain(&mut call);
        }
        prop_assert_eq!(world.ends, 1);
    }

    #[test]
    fn any_order_of_inputs_ends_every_call_once_with_no_leg_open(
        origin in origin(),
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let (mut call, mut world, now) = played(origin, steps);
        call.handle(now, Input::Live(LiveCommand::Hangup));
        world.drain(&mut call);
        prop_assert_eq!(world.ends, 1);
        prop_assert!(call.is_ended());
        prop_assert!(world.open.values().all(|open| !open), "open: {:?}", world.open);
        prop_assert_eq!((world.verbs_open, world.callbacks_open), (0, 0));
        prop_assert_eq!(world.recordings_open.len(), world.recordings_failed, "each recording is stopped, or has failed");
        let Some(summary) = world.summary else { return Err(TestCaseError::fail("no summary")) };
        prop_assert!(summary.status.is_terminal());
        prop_assert_eq!(world.answered, u32::from(summary.status == CallStatus::Completed));
        // Each leg was told to end once, within the call, and before that at most to be answered.
        for leg in world.open.keys() {
            let told: Vec<_> = world.changes.iter().filter(|change| change.leg == *leg).collect();
            let Some((end, before)) = told.split_last() else { return Err(TestCaseError::fail("a leg without an end")) };
            prop_assert!(matches!(end.state, LegState::Ended(_)) && end.at <= summary.ended, "{told:?}");
            let answered = before.iter().all(|change| change.state == LegState::Answered && change.at <= end.at);
            prop_assert!(answered && before.len() <= 1, "{told:?}");
        }
    }
}
