//! One phone call: inputs go to whatever runs, and what that comes to decides what runs next. Only routing lives here.

use core::time::Duration;

use sautikit_api::actions::Action;
use serde_json::json;

use crate::{
    asking::{Asked, Asking},
    callback::{FetchFailure, Purpose, resolve},
    cause::{Cause, CauseKind},
    event::EventName,
    facts::{Facts, Origin},
    farewell::Farewell,
    input::Input,
    limits::{JUDGEMENT_OVERDUE_AFTER, MAX_ACTIONS_RUN, MAX_CALLBACKS},
    notice::Notice,
    origin::{self, Opening},
    output::{JudgeCommand, LegCommand, LegId, Output, TransferEvent},
    ring_group::{RingGroup, Ringing},
    script::Script,
    shared::Shared,
    signal::{Signal, Verdict, expired, judge},
    target::Target,
    timers::TimerId,
    verb::{Done, Flow, Then, Verb},
};

/// ```text
///              answered                 actions                 nothing left
///  Originating ───────► Asking ◄────────────────────► Running ──────────────┐
///       │    └──────────────│───────────────────────────▲ │                 │
///       │    └► Noticing    │ failed, no fallback         │                 ▼
///       │          │        └──────────► Parting ─────────┼──────────────► Ended
///       ├► Judging ── a person, a machine ── as if answered now
///       └──────────┴──────── party gone, API, money ──────┴─────────────────▲
/// ```
enum Phase {
    /// The targets of an API call ring; there is no party yet.
    Originating(RingGroup),
    /// Whoever answered an API call is listened to first: a person or a machine.
    Judging(LegId),
    /// The customer's server is asked what to do.
    Asking(Asking),
    /// An action runs.
    Running(&'static str, Verb),
    /// A call without instructions is open.
    Noticing(Notice),
    /// The party hears an apology before the end.
    Parting(Farewell),
    /// One step is over and the next has not begun; never seen from outside.
    Between,
    /// Over: everything is ignored.
    Ended,
}

/// One phone call. See the crate's documentation for how to drive it.
pub struct Call {
    shared: Shared,
    phase: Phase,
    actions_run: u32,
}

impl Call {
    /// Begins a call that admission has let in. Drain [`Call::poll`] before the first input.
    pub fn new(now: Duration, facts: Facts, origin: Origin) -> Self {
        let mut call = Self { shared: Shared::new(now, facts), phase: Phase::Between, actions_run: 0 };
        match origin::open(&mut call.shared, origin) {
            Opening::Originate(group, ringing) => {
                call.phase = Phase::Originating(group);
                call.originating(ringing);
            }
            Opening::Run => call.run_next(),
            Opening::Ask(url) => call.ask(&url),
            Opening::End(kind) => call.finish(kind.into()),
        }
        call
    }

    /// Feeds one input that happened at `now`, measured from an origin of the caller's choice. Time that runs
    /// backwards is taken as no time passing, and so is time beyond the call's longest duration.
    pub fn handle(&mut self, now: Duration, input: Input) {
        if self.is_ended() {
            return;
        }
        if input == Input::Timeout {
            return self.expire(now);
        }
        self.shared.advance(now);
        let verdict = judge(&mut self.shared, input);
        self.follow(verdict);
    }

    /// When [`Input::Timeout`] is wanted, by the same origin as `now`: never before, and as soon after as its owner can. It
    /// changes with every input.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.shared.timers.next().filter(|_| !self.is_ended())
    }

    /// Each timer expired when it was due, however late the call's owner was, and those that it led to did so after it.
    fn expire(&mut self, now: Duration) {
        while !self.is_ended()
            && let Some((due, timer)) = self.shared.timers.take_due(now)
        {
            self.shared.advance(due);
            let verdict = expired(&mut self.shared, timer);
            self.follow(verdict);
        }
    }

    fn follow(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Ignore => {}
            Verdict::Tell(signal) => self.tell(signal),
            Verdict::End(cause) => self.finish(cause),
            Verdict::Fail(kind) => self.fail(kind),
            Verdict::TakeOver(actions) => self.take_over(actions),
            Verdict::Transfer(leg, target) => self.transfer(leg, target),
            Verdict::HandOver(leg, actions) => self.hand_over(leg, actions),
        }
    }

    /// Who is connected with nobody else has nobody to transfer.
    fn transfer(&mut self, leg: LegId, target: Target) {
        let begins = match &mut self.phase {
            Phase::Running(_, running) => running.transfer(&mut self.shared, leg, target),
            _ => false,
        };
        if !begins {
            let cause = CauseKind::Rejected.into();
            self.shared.command(leg, LegCommand::Transfer(TransferEvent::Failed(cause)));
        }
    }

    /// The moment of its last input, by the same origin, as its record keeps it.
    pub fn now(&self) -> Duration {
        self.shared.now()
    }

    /// Whether the leg talks with another one, which could go on without it.
    pub fn talks(&self, leg: LegId) -> bool {
        matches!(&self.phase, Phase::Running(_, running) if running.talks(leg))
    }

    /// Who is left goes on with other actions.
    fn hand_over(&mut self, leg: LegId, actions: Vec<Action>) {
        if !self.talks(leg) {
            return;
        }
        if let Phase::Running(verb, running) = core::mem::replace(&mut self.phase, Phase::Between) {
            running.hand_over(&mut self.shared, leg);
            let data = json!({"verb": verb, "outcome": "transferred", "details": {}});
            self.shared.record(EventName::VerbEnded, None, data);
        }
        self.shared.script = Script::new(actions, None);
        self.run_next();
    }

    /// New actions from outside replace what runs and what is left.
    fn take_over(&mut self, actions: Vec<Action>) {
        self.shared.record(EventName::ActionsReplaced, None, json!({"actions": actions.len()}));
        self.shared.script = Script::new(actions, self.shared.facts.voice_callback_url.clone());
        match core::mem::replace(&mut self.phase, Phase::Between) {
            // They run for whoever answers.
            Phase::Originating(group) => {
                self.phase = Phase::Originating(group);
                return;
            }
            Phase::Judging(party) => self.judged(party),
            Phase::Asking(asking) => asking.cancel(&mut self.shared),
            Phase::Running(verb, running) => {
                running.cancel(&mut self.shared);
                let data = json!({"verb": verb, "outcome": "replaced", "details": {}});
                self.shared.record(EventName::VerbEnded, None, data);
            }
            Phase::Noticing(notice) => notice.cancel(&mut self.shared),
            Phase::Parting(farewell) => farewell.cancel(&mut self.shared),
            Phase::Between | Phase::Ended => {}
        }
        self.run_next();
    }

    /// The next effect to carry out; `None` once all are taken.
    pub fn poll(&mut self) -> Option<Output> {
        self.shared.take_output()
    }

    /// Whether the call is over; effects may still wait to be taken.
    pub fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    fn tell(&mut self, signal: Signal) {
        match &mut self.phase {
            Phase::Originating(group) => {
                let ringing = group.on(&mut self.shared, &signal);
                self.originating(ringing);
            }
            Phase::Judging(party) => {
                let party = *party;
                let is_over = match signal {
                    Signal::Judged(leg) => leg == party,
                    Signal::Timer(timer) => timer == TimerId::JudgementOverdue,
                    _ => false,
                };
                if is_over {
                    self.phase = Phase::Between;
                    self.judged(party);
                    self.steer(party);
                }
            }
            Phase::Asking(asking) => {
                let purpose = asking.purpose;
                match asking.on(&mut self.shared, signal) {
                    Asked::Waiting => {}
                    Asked::Answered(answer) => {
                        self.phase = Phase::Between;
                        self.shared.script = Script::new(answer.actions, Some(answer.url));
                        self.run_next();
                    }
                    Asked::Failed(failure) => {
                        self.phase = Phase::Between;
                        self.unanswered(purpose, &failure);
                    }
                }
            }
            Phase::Running(verb, running) => {
                let verb = *verb;
                if let Flow::Done(done) = running.on(&mut self.shared, &signal) {
                    self.done(verb, done);
                }
            }
            Phase::Noticing(notice) => {
                if notice.is_over(&mut self.shared, &signal) {
                    self.finish(CauseKind::MaxDuration.into());
                }
            }
            Phase::Parting(farewell) => {
                if farewell.is_over(&mut self.shared, &signal) {
                    self.finish(CauseKind::CallbackFailed.into());
                }
            }
            Phase::Between | Phase::Ended => {}
        }
    }

    fn originating(&mut self, ringing: Ringing) {
        match ringing {
            Ringing::On => {}
            Ringing::Answered(party) => self.party_answered(party),
            Ringing::Failed(cause) => self.finish(cause),
        }
    }

    /// The first target of an API call answered: it is the party.
    fn party_answered(&mut self, party: LegId) {
        self.shared.seat(party);
        let Some(detection) = self.shared.facts.machine_detection else { return self.steer(party) };
        self.shared.judge(party, detection);
        self.shared.arm(TimerId::JudgementOverdue, JUDGEMENT_OVERDUE_AFTER);
        self.phase = Phase::Judging(party);
    }

    /// Nobody listens any more who it is.
    fn judged(&mut self, party: LegId) {
        self.shared.timers.disarm(TimerId::JudgementOverdue);
        self.shared.emit(Output::Judge(JudgeCommand::Stop(party)));
    }

    /// The party is there; what it hears is decided.
    fn steer(&mut self, party: LegId) {
        match self.shared.facts.voice_callback_url.clone() {
            _ if !self.shared.script.is_exhausted() => self.run_next(),
            Some(url) => self.ask(&url),
            None => self.phase = Phase::Noticing(Notice::start(&mut self.shared, party)),
        }
    }

    /// Runs actions until one takes time, or none is left.
    fn run_next(&mut self) {
        let Some(action) = self.shared.script.next() else { return self.finish(self.shared.cause_of_end()) };
        if self.actions_run >= MAX_ACTIONS_RUN {
            return self.fail(CauseKind::ActionsLimit);
        }
        self.actions_run += 1;
        let verb = action.verb();
        let attributes =
            serde_json::to_value(&action).ok().and_then(|mut value| value.get_mut(verb).map(|own| own.take()));
        self.shared.record(EventName::VerbStarted, None, json!({"verb": verb, "attributes": attributes}));
        let (running, flow) = Verb::start(&mut self.shared, action);
        self.phase = Phase::Running(verb, running);
        // At most one level per action of a list, which has at most fifty.
        if let Flow::Done(done) = flow {
            self.done(verb, done);
        }
    }

    fn done(&mut self, verb: &'static str, done: Done) {
        self.phase = Phase::Between;
        let data = json!({"verb": verb, "outcome": done.outcome, "details": done.details});
        self.shared.record(EventName::VerbEnded, None, data);
        match done.then {
            Then::Next => self.run_next(),
            Then::Ask(url) => self.ask(&url),
            Then::End(cause) => self.finish(cause),
        }
    }

    fn ask(&mut self, url: &str) {
        if self.shared.callbacks_sent() >= MAX_CALLBACKS {
            return self.fail(CauseKind::ActionsLimit);
        }
        let base = self.shared.script.base().or(self.shared.facts.voice_callback_url.as_deref());
        match resolve(base, url) {
            Ok(url) => self.phase = Phase::Asking(Asking::send(&mut self.shared, url, Purpose::Steer, Vec::new())),
            Err(failure) => self.unanswered(Purpose::Steer, &failure),
        }
    }

    /// The customer's server failed: its fallback is asked, and after that the party hears an apology.
    fn unanswered(&mut self, purpose: Purpose, failure: &FetchFailure) {
        let fallback = self.shared.facts.fallback_url.clone().filter(|_| purpose == Purpose::Steer);
        let within_limit = self.shared.callbacks_sent() < MAX_CALLBACKS;
        if let Some(url) = fallback.filter(|_| within_limit) {
            let extra = vec![("ErrorCode", failure.code().to_owned())];
            self.phase = Phase::Asking(Asking::send(&mut self.shared, url, Purpose::Fallback, extra));
            return;
        }
        let data = json!({"code": failure.code(), "reason": failure.to_string()});
        self.shared.record(EventName::CallbackFailed, None, data);
        match self.shared.party {
            Some(party) => self.phase = Phase::Parting(Farewell::start(&mut self.shared, party)),
            None => self.finish(CauseKind::CallbackFailed.into()),
        }
    }

    /// Ends the call for a reason of ours.
    fn fail(&mut self, kind: CauseKind) {
        let cause = Cause::from(kind);
        self.shared.record(EventName::CallFailed, None, json!({"reason": cause.hangup_cause()}));
        self.finish(cause);
    }

    fn finish(&mut self, cause: Cause) {
        // A step that the end cuts off has an entry of its own, so that every beginning on the timeline has its end.
        match core::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Running(verb, running) => {
                running.abandon(&mut self.shared);
                let data = json!({"verb": verb, "outcome": "interrupted", "details": {"cause": cause.hangup_cause()}});
                self.shared.record(EventName::VerbEnded, None, data);
            }
            Phase::Asking(asking) => asking.abandon(&mut self.shared),
            _ => {}
        }
        self.shared.finish(cause);
    }
}
