//! What whoever answers is told before the two are connected: who calls, or that a key takes the call. The caller hears it ring.
//!
//! A document that can't be had, or that says nothing, connects: nobody loses a call by it. Keys that do not come are what the
//! document says next.

use std::collections::VecDeque;

use sautikit_api::actions::{self, Action, MAX_DIGITS, Play, Prompt};
use serde_json::json;

use crate::{
    asking::{Asked, Asking},
    callback::{Answer, Purpose, resolve},
    event::EventName,
    input::Key,
    limits::MAX_CALLBACKS,
    output::LegId,
    playlist::{Playing, Playlist},
    shared::Shared,
    signal::{Signal, seconds},
    timers::TimerId,
    verb::send_digits::Pressing,
};

/// ```text
///   Asking ── answered ──► Steps ── none is left ──► connected
///     ▲ │                    │ └──── hangup ───────► refused
///     │ └── no answer ───────│─────────────────────► connected
///     └── keys, redirect ────┘
/// ```
pub(super) struct Screening {
    leg: LegId,
    state: State,
}

enum State {
    /// The customer's server is asked.
    Asking(Asking),
    /// Its answer is run.
    Steps(Steps),
}

struct Steps {
    /// The URL that answered.
    base: String,
    waiting: VecDeque<Action>,
    now: Now,
}

/// The step that takes time.
enum Now {
    Nothing,
    Heard(Playlist),
    Paused,
    Pressing(Pressing),
    Keys(Keys),
}

/// A `getDigits` towards the leg.
struct Keys {
    spec: Box<actions::GetDigits>,
    attempts_left: u32,
    /// What is heard first; none once keys alone are waited for.
    prompt: Option<Playlist>,
    digits: String,
}

/// What it has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Screened {
    /// It goes on.
    On,
    /// The two are to be connected.
    Connected,
    /// Whoever answered does not take the call.
    Refused,
}

impl Screening {
    /// Asks `url` for what `leg` is told; none where there is nothing to ask.
    pub(super) fn start(shared: &mut Shared, leg: LegId, url: &str) -> Option<Self> {
        let url = shared.absolute(Some(url))?;
        let mut screening = Self { leg, state: State::Steps(Steps::none(url.clone())) };
        (screening.ask(shared, url, Vec::new()) == Screened::On).then_some(screening)
    }

    /// Whom it is about.
    pub(super) fn leg(&self) -> LegId {
        self.leg
    }

    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Screened {
        let leg = self.leg;
        let steps = match &mut self.state {
            State::Asking(asking) => {
                return match asking.on(shared, signal.clone()) {
                    Asked::Waiting => Screened::On,
                    Asked::Answered(Answer { url, actions, .. }) => {
                        self.state = State::Steps(Steps { waiting: actions.into(), ..Steps::none(url) });
                        self.step(shared)
                    }
                    // Its failure is on the timeline.
                    Asked::Failed(_) => Screened::Connected,
                };
            }
            State::Steps(steps) => steps,
        };
        let is_over = match (&mut steps.now, signal) {
            (Now::Heard(playlist), signal) => playlist.on(shared, signal) != Playing::On,
            (Now::Paused, Signal::Timer(TimerId::Pause)) => true,
            (Now::Pressing(pressing), Signal::Timer(TimerId::SendDigits)) => !pressing.next(shared),
            (Now::Keys(keys), Signal::Key(from, key, _)) if *from == leg => keys.press(shared, *key),
            (Now::Keys(keys), signal) => keys.on(shared, leg, signal),
            _ => false,
        };
        if !is_over {
            return Screened::On;
        }
        match core::mem::replace(&mut steps.now, Now::Nothing) {
            Now::Keys(Keys { spec, digits, .. }) if !digits.is_empty() => {
                let url = spec.action.as_deref().map(|action| resolve(Some(&steps.base), action));
                let url = url.transpose().ok().flatten().unwrap_or_else(|| steps.base.clone());
                self.ask(shared, url, vec![("Digits", digits)])
            }
            _ => self.step(shared),
        }
    }

    /// Nothing of it is heard or waited for any more.
    pub(super) fn cancel(self, shared: &mut Shared) {
        match self.state {
            State::Asking(asking) => asking.cancel(shared),
            State::Steps(steps) => match steps.now {
                Now::Heard(mut playlist) | Now::Keys(Keys { prompt: Some(mut playlist), .. }) => playlist.stop(shared),
                _ => {}
            },
        }
        for timer in [TimerId::Pause, TimerId::SendDigits, TimerId::FirstDigit, TimerId::NextDigit] {
            shared.timers.disarm(timer);
        }
    }

    /// The call is over: a callback that is out has its end on the timeline.
    pub(super) fn abandon(self, shared: &mut Shared) {
        if let State::Asking(asking) = self.state {
            asking.abandon(shared);
        }
    }

    fn ask(&mut self, shared: &mut Shared, url: String, mut told: Vec<(&'static str, String)>) -> Screened {
        if shared.callbacks_sent() >= MAX_CALLBACKS {
            return Screened::Connected;
        }
        told.push(("DialTarget", shared.address_of(self.leg)));
        self.state = State::Asking(Asking::send(shared, url, Purpose::Steer, told));
        // The party hears it ring meanwhile, however long that takes.
        shared.timers.disarm(TimerId::WaitingTone);
        Screened::On
    }

    /// The next step that takes time.
    fn step(&mut self, shared: &mut Shared) -> Screened {
        let leg = self.leg;
        while let State::Steps(steps) = &mut self.state {
            let Some(step) = steps.waiting.pop_front() else { return Screened::Connected };
            let verb = step.verb();
            match step {
                Action::Say(say) => steps.hear(shared, leg, Prompt::Say(say)),
                Action::Play(play) => steps.hear(shared, leg, Prompt::Play(play)),
                Action::Pause(pause) => {
                    shared.arm(TimerId::Pause, seconds(pause.length_s));
                    steps.now = Now::Paused;
                }
                Action::SendDigits(keys) => {
                    let mut pressing = Pressing::new(leg, &keys.digits);
                    if pressing.next(shared) {
                        steps.now = Now::Pressing(pressing);
                    }
                }
                Action::GetDigits(spec) => {
                    let attempts_left = spec.attempts;
                    let mut keys = Keys { spec: Box::new(spec), attempts_left, prompt: None, digits: String::new() };
                    for part in keys.spec.prompt.iter_mut().chain(&mut keys.spec.invalid_prompt) {
                        part_of(&steps.base, part);
                    }
                    keys.attempt(shared, leg, false);
                    steps.now = Now::Keys(keys);
                }
                Action::Redirect(redirect) => {
                    let url = resolve(Some(&steps.base), &redirect.url).unwrap_or(redirect.url);
                    return self.ask(shared, url, Vec::new());
                }
                Action::Hangup(_) | Action::Reject(_) => return Screened::Refused,
                _ => {
                    let message = format!("{verb} is not run before a dial is connected; it was skipped");
                    shared.record(EventName::ActionsWarning, Some(leg), json!({"message": message, "count": 1}));
                }
            }
            if !matches!(steps.now, Now::Nothing) {
                return Screened::On;
            }
        }
        Screened::On
    }
}

impl Steps {
    fn none(base: String) -> Self {
        Self { base, waiting: VecDeque::new(), now: Now::Nothing }
    }

    fn hear(&mut self, shared: &mut Shared, leg: LegId, mut prompt: Prompt) {
        part_of(&self.base, &mut prompt);
        let (playlist, playing) = Playlist::start(shared, leg, [prompt]);
        if playing == Playing::On {
            self.now = Now::Heard(playlist);
        }
    }
}

/// Relative to the answer that it stands in, which is not the call's newest.
fn part_of(base: &str, prompt: &mut Prompt) {
    if let Prompt::Play(Play { url, .. }) = prompt
        && let Ok(absolute) = resolve(Some(base), url)
    {
        *url = absolute;
    }
}

impl Keys {
    /// One round of prompt and input.
    fn attempt(&mut self, shared: &mut Shared, leg: LegId, again: bool) {
        self.attempts_left = self.attempts_left.saturating_sub(1);
        let invalid = self.spec.invalid_prompt.iter().filter(|_| again);
        let heard: Vec<_> = invalid.chain(&self.spec.prompt).cloned().collect();
        let (playlist, playing) = Playlist::start(shared, leg, heard);
        if playing == Playing::On {
            self.prompt = Some(playlist);
        } else {
            self.collect(shared);
        }
    }

    fn collect(&mut self, shared: &mut Shared) {
        self.prompt = None;
        shared.arm(TimerId::FirstDigit, seconds(self.spec.first_digit_timeout_s));
    }

    /// Something else than a key; true where the input is over.
    fn on(&mut self, shared: &mut Shared, leg: LegId, signal: &Signal) -> bool {
        match (&mut self.prompt, signal) {
            (Some(playlist), signal) => {
                if playlist.on(shared, signal) != Playing::On {
                    self.collect(shared);
                }
                false
            }
            (None, Signal::Timer(TimerId::FirstDigit)) if self.attempts_left > 0 => {
                self.attempt(shared, leg, true);
                false
            }
            (None, Signal::Timer(TimerId::FirstDigit | TimerId::NextDigit)) => self.over(shared),
            (None, _) => false,
        }
    }

    /// The leg pressed a key; true where the input is over.
    fn press(&mut self, shared: &mut Shared, key: Key) -> bool {
        if let Some(playlist) = &mut self.prompt {
            if !self.spec.barge_in {
                return false;
            }
            playlist.stop(shared);
            self.prompt = None;
        }
        shared.timers.disarm(TimerId::FirstDigit);
        if self.spec.finish_on_key == Some(key.char()) {
            return self.over(shared);
        }
        self.digits.push(key.char());
        if self.digits.len() >= self.spec.num_digits.unwrap_or(MAX_DIGITS) as usize {
            return self.over(shared);
        }
        shared.arm(TimerId::NextDigit, seconds(self.spec.timeout_s));
        false
    }

    fn over(&self, shared: &mut Shared) -> bool {
        shared.timers.disarm(TimerId::FirstDigit);
        shared.timers.disarm(TimerId::NextDigit);
        true
    }
}
