//! One call against a handler: the voice crate decides, its time is simulated, and the handler is asked in earnest.

use std::collections::VecDeque;
use std::time::Duration;

use sautikit_api::actions::{Asked as AskedFor, Warning, parse_answer};
use sautikit_api::calls::Direction;
use sautikit_api::ids::{CallId, RecordingId, WorkspaceId};
use uuid::Uuid;
use voice::{
    Answer, Call, CallEvent, Callback, Cause, ConferenceCommand, ConferenceEvent, EventName, Facts, FetchFailure,
    Fetched, Input, Key, LegEvent, LegId, MediaCommand, MediaEvent, Origin, Output, PlaceId, Purpose, QueueCommand,
    QueueEvent, RecordingCommand, RecordingEvent, Reply, SpeechFailure, Standing, StreamCommand, StreamEvent, Target,
};

use super::super::files::Files;
use super::{Asked, Finding, Handler, Manners, Severity, Walked, World};
use crate::calls::playground::placed;
use crate::webhooks::fetch;
use crate::webhooks::signer::Signer;

/// Requests of one call; a menu that leads back to itself ends here.
const MOST_ASKED: usize = 12;
/// Longest simulated time: an hour of waiting is a call that waits for somebody.
const LONGEST: Duration = Duration::from_secs(3_600);
/// As a number without settings has them.
const RING_TIMEOUT_S: u32 = 60;
const MAX_DURATION_S: u32 = 14_400;
/// What the caller says in a message.
const MESSAGE_MS: u64 = 5_000;
/// Where a handler is told that recordings are: nothing is kept of a check (RFC 2606).
const RECORDINGS_URL: &str = "https://api.example/v1/recordings";

struct Walk<'a> {
    world: &'a World,
    files: &'a Files,
    handler: &'a Handler,
    manners: Manners,
    now: Duration,
    /// What happens next, with how much later.
    next: VecDeque<(Duration, Input)>,
    walked: Walked,
    /// The verb that runs.
    verb: String,
    /// Keys that were pressed in it.
    pressed: usize,
    /// Legs, streams and conferences that are open and end when nothing else happens.
    open: VecDeque<Input>,
    is_over: bool,
}

pub(super) async fn walk(world: &World, files: &Files, handler: &Handler, manners: Manners) -> Walked {
    let facts = Facts {
        call_id: CallId(world.entropy.uuid(world.clock.as_ref())),
        workspace_id: WorkspaceId(Uuid::nil()),
        direction: Direction::Inbound,
        from: handler.from.clone(),
        to: handler.to.clone(),
        number: handler.to.clone(),
        own_numbers: [handler.to.clone()].into(),
        voice_callback_url: Some(handler.url.clone()),
        fallback_url: None,
        compat: handler.compat,
        began_at_us: world.clock.now().as_microsecond(),
        ring_timeout_s: RING_TIMEOUT_S,
        max_duration_s: MAX_DURATION_S,
        record: None,
        machine_detection: None,
        recordings_url: RECORDINGS_URL.into(),
    };
    let caller = Target::Telephone(handler.from.clone());
    let mut walk = Walk {
        world,
        files,
        handler,
        manners,
        now: Duration::ZERO,
        next: VecDeque::new(),
        walked: Walked { name: manners.name, ..Walked::default() },
        verb: String::new(),
        pressed: 0,
        open: VecDeque::new(),
        is_over: false,
    };
    let mut call = Call::new(walk.now, facts, Origin::Inbound { caller, ring: Vec::new() });
    walk.drain(&mut call).await;
    while !walk.is_over {
        let Some(input) = walk.next_input(&call) else { break };
        call.handle(walk.now, input);
        walk.drain(&mut call).await;
    }
    if walk.walked.end.is_empty() {
        walk.walked.end = "it goes on; the check ends here".to_owned();
    }
    walk.walked
}

impl Walk<'_> {
    /// What happens next: what was set off, then what the people do, then time.
    fn next_input(&mut self, call: &Call) -> Option<Input> {
        if let Some((later, input)) = self.next.pop_front() {
            self.now += later;
            return Some(input);
        }
        if self.verb == "getDigits"
            && let Some(key) = self.next_key()
        {
            return Some(Input::Media(LegId::FIRST, MediaEvent::Digit(key)));
        }
        if let Some(input) = self.open.pop_front() {
            self.now += self.manners.talks_for.unwrap_or_default();
            return Some(input);
        }
        self.now = call.next_timeout()?;
        if self.now > LONGEST { None } else { Some(Input::Timeout) }
    }

    /// Four keys, then the one that ends the input: menus take one, PINs four.
    fn next_key(&mut self) -> Option<Key> {
        const KEYS: usize = 4;
        self.pressed += 1;
        match self.pressed {
            _ if self.manners.keys.is_empty() => None,
            at if at <= KEYS => self.manners.keys.chars().cycle().nth(at - 1).and_then(Key::new),
            at if at == KEYS + 1 => Key::new('#'),
            _ => None,
        }
    }

    async fn drain(&mut self, call: &mut Call) {
        while let Some(output) = call.poll() {
            match output {
                // Told beside the call's steps; nothing comes of the answer.
                Output::Fetch(callback) if callback.purpose == Purpose::Status => {}
                Output::Fetch(callback) => self.fetch(callback).await,
                Output::Speak(text) => self.soon(Input::Spoken(text.asset, Ok(()))),
                Output::Load(file) => {
                    let loaded = self.files.load(WorkspaceId(Uuid::nil()), &file.url).await.map(drop);
                    let loaded = loaded.map_err(|error| SpeechFailure { reason: error.to_string() });
                    self.soon(Input::Spoken(file.asset, loaded));
                }
                // What repeats until the caller hangs up is not heard to its end.
                Output::Media(MediaCommand::Play { leg, asset, loops }) if loops > 0 => {
                    self.soon(Input::Media(leg, MediaEvent::PlayEnded(asset)));
                }
                Output::Dial(leg, ..) => {
                    self.soon(Input::Leg(leg, LegEvent::Ringing));
                    if self.manners.talks_for.is_some() {
                        self.soon(Input::Leg(leg, LegEvent::Answered));
                        self.open.push_back(Input::Leg(leg, LegEvent::Ended(Cause::from_bye(None))));
                    }
                }
                Output::Conference(ConferenceCommand::Enter { stay, .. }) => {
                    // So that its wait URL is asked too, where it has one.
                    self.soon(Input::Conference(stay, ConferenceEvent::Waiting));
                    self.open.push_back(Input::Conference(stay, ConferenceEvent::Joined));
                    self.open.push_back(Input::Conference(stay, ConferenceEvent::Ended));
                }
                Output::Queue(QueueCommand::Wait { place, .. }) => {
                    let standing = Standing { position: 1, size: 1, average_wait_s: 0 };
                    self.soon(Input::Queue(place, QueueEvent::Waiting(standing)));
                    self.meet(place);
                }
                Output::Queue(QueueCommand::Take { place, .. }) => self.meet(place),
                Output::Stream(StreamCommand::Open { stream, terms, .. }) => {
                    self.soon(Input::Stream(stream, StreamEvent::Connected { sid: "MZ0".to_owned() }));
                    if terms.bidirectional {
                        let reason = "the check hung up".to_owned();
                        self.open.push_back(Input::Stream(stream, StreamEvent::Closed { reason }));
                    }
                }
                Output::Recording(RecordingCommand::Start { take, .. }) => {
                    let id = RecordingId(self.world.entropy.uuid(self.world.clock.as_ref()));
                    self.soon(Input::Recording(take, RecordingEvent::Started(id)));
                }
                Output::Recording(RecordingCommand::Stop(take)) => {
                    let said = RecordingEvent::Stopped { length_ms: MESSAGE_MS, heard: true };
                    self.soon(Input::Recording(take, said));
                }
                Output::Record(event) => self.record(&event),
                Output::Ended(summary) => {
                    let status = summary.status.as_str();
                    self.walked.end = format!("the call ends: {status} ({})", summary.cause.hangup_cause());
                    self.is_over = true;
                }
                Output::Media(_)
                | Output::Leg(..)
                | Output::Conference(_)
                | Output::Queue(_)
                | Output::Judge(_)
                | Output::Stream(_)
                | Output::Recording(_) => {}
                Output::LegChanged(_) | Output::Answered { .. } => {}
            }
        }
    }

    /// Whoever waits in a queue talks with somebody where people answer, and waits in vain where they do not.
    fn meet(&mut self, place: PlaceId) {
        let with = CallId(Uuid::nil());
        if self.manners.talks_for.is_some() {
            self.open.push_back(Input::Queue(place, QueueEvent::Connected(with)));
            self.open.push_back(Input::Queue(place, QueueEvent::Over));
        } else {
            self.open.push_back(Input::Queue(place, QueueEvent::Removed));
        }
    }

    fn soon(&mut self, input: Input) {
        self.next.push_back((Duration::ZERO, input));
    }

    /// What the timeline would show beside the answers.
    fn record(&mut self, event: &CallEvent) {
        let text = |name: &str| event.data[name].as_str().unwrap_or_default().to_owned();
        match event.name {
            EventName::VerbStarted => (self.verb, self.pressed) = (text("verb"), 0),
            EventName::VerbEnded => self.verb.clear(),
            EventName::PlayFailed => self.find(Finding::fails(format!("{}: {}", text("url"), text("reason")))),
            EventName::CallbackFailed => {
                self.find(Finding::fails("the caller hears an apology, and the call ends"));
            }
            EventName::CallFailed => self.find(Finding::fails(format!("the call fails: {}", text("reason")))),
            _ => {}
        }
    }

    /// Of the newest answer.
    fn find(&mut self, finding: Finding) {
        if let Some(asked) = self.walked.asked.last_mut() {
            asked.findings.push(finding);
        }
    }

    async fn fetch(&mut self, callback: Callback) {
        if self.walked.asked.len() >= MOST_ASKED {
            self.is_over = true;
            return;
        }
        let Callback { fetch: id, url, params, purpose } = callback;
        // What is heard while somebody waits is asked again and again; once says enough.
        let is_of_wait = params.iter().any(|(name, _)| matches!(*name, "QueuePosition" | "FriendlyName"));
        if is_of_wait && self.walked.asked.iter().any(|asked| asked.url == url) {
            return;
        }
        let World { http, clock, development, until, .. } = self.world;
        if until.is_some_and(|until| clock.monotonic() >= until) {
            self.walked.end = "the time for a check is over; it ends here".to_owned();
            self.is_over = true;
            return;
        }
        let signer = Signer {
            secret: &self.handler.secret,
            whose: None,
            is_former: false,
            former: None,
            compat: self.handler.compat,
            is_shadow: false,
        };
        let began = clock.monotonic();
        let fetched = fetch::fetch(http, clock.as_ref(), *development, &url, &params, signer).await;
        let took = clock.monotonic().saturating_sub(began);
        let mut asked =
            Asked { url, told: told(&params), came: String::new(), verbs: Vec::new(), findings: Vec::new() };
        let mut refused = None;
        let outcome = fetched.outcome.map_err(FetchFailure::from).and_then(|answer| {
            asked.came = format!("{} {}, {} ms", answer.status, answer.content_type, took.as_millis());
            let of = AskedFor { url: answer.url.as_str(), room: &self.handler.to, compat: self.handler.compat };
            let document = parse_answer(&answer.content_type, &answer.body, &of).inspect_err(|error| {
                refused = Some(placed(&String::from_utf8_lossy(&answer.body), error.clone()));
            })?;
            let (actions, warnings) = (document.actions, document.warnings);
            Ok(Answer { url: answer.url.into(), actions, warnings })
        });
        match &outcome {
            // What comes to the last one is ignored.
            Ok(_) if purpose == Purpose::Final => {}
            Ok(answer) => {
                asked.verbs = answer.actions.iter().map(sautikit_api::actions::Action::verb).collect();
                asked.findings.extend(answer.warnings.iter().map(skipped));
            }
            // Then it is fetched as a file, and what that comes to is told.
            Err(FetchFailure::Status(400..=499)) if is_of_wait => {}
            Err(_) if is_of_wait && asked.came.contains(" audio/") => {}
            Err(failure) => {
                if asked.came.is_empty() {
                    asked.came = format!("nothing that can be used, {} ms", took.as_millis());
                }
                let place = refused.and_then(|refused| refused.line.zip(refused.column));
                asked.findings.push(Finding { place, ..Finding::fails(failure.to_string()) });
            }
        }
        self.walked.asked.push(asked);
        if purpose != Purpose::Final {
            self.next.push_back((took, Input::Fetched(id, Box::new(Fetched { outcome, reply: Reply::default() }))));
        }
    }
}

fn skipped(warning: &Warning) -> Finding {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let place = Some((number(warning.line), number(warning.column)));
    Finding { severity: Severity::Skipped, message: warning.message.clone(), place }
}

/// The parameters that tell one request from another.
fn told(params: &[(&'static str, String)]) -> String {
    const TELLING: [&str; 11] = [
        "CallStatus",
        "isActive",
        "Digits",
        "dtmfDigits",
        "DialCallStatus",
        "ConferenceName",
        "FriendlyName",
        "QueuePosition",
        "ErrorCode",
        "IsFinal",
        "hangupCause",
    ];
    let telling = params.iter().filter(|(name, _)| TELLING.contains(name));
    telling.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("  ")
}
