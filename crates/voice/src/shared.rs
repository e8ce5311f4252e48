//! What every part of a call shares: its facts, legs, timers and outbox. It holds no decision about what comes next.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use sautikit_api::{
    actions::MachineDetection,
    calls::{CallStatus, Direction},
    ids::LegRecordId,
    recordings::PauseMode,
};
use serde_json::{Value, json};

use crate::{
    callback::{Callback, Purpose, resolve, shown_url},
    cause::{Cause, CauseKind},
    compat::{self, End, LastDial, Told},
    digits::DigitBuffer,
    event::{CallEvent, EventName},
    facts::Facts,
    input::{Judged, Money},
    leg::Leg,
    leg_status::LegTold,
    limits::{MAX_NOTICES, MONEY_WARNING_BEFORE},
    meter::{Meter, recorded, whole_seconds},
    output::{
        AssetId, FetchId, JudgeCommand, LegChange, LegCommand, LegId, LegState, MediaCommand, Output, PlaceId, StayId,
        StreamId, Summary,
    },
    recording::{ConferenceTake, Take},
    results::Results,
    script::Script,
    stream_status::OpenStream,
    target::{Candidate, Profile, Target},
    timers::{TimerId, Timers},
};

pub(crate) struct Shared {
    pub(crate) now: Duration,
    pub(crate) facts: Facts,
    /// The leg that the script steers.
    pub(crate) party: Option<LegId>,
    pub(crate) legs: BTreeMap<LegId, Leg>,
    pub(crate) script: Script,
    pub(crate) digits: DigitBuffer,
    pub(crate) timers: Timers,
    pub(crate) meter: Meter,
    /// What the steps since the last callback came to: parameters of the next one.
    pub(crate) results: Results,
    /// How the last dial failed: what an unanswered caller is told in the end.
    pub(crate) dial_failure: Option<Cause>,
    begin: Duration,
    /// The end of the longest duration, once the call is answered: the call's time stops there.
    deadline: Duration,
    /// The end of what is paid for, if the money is bounded: the call's time stops there too.
    paid_until: Duration,
    /// It was said that the money ends.
    pub(crate) money_warned: bool,
    /// Recordings that run.
    pub(crate) recordings: Vec<Take>,
    /// They pause, and so does what begins meanwhile.
    pub(crate) recordings_paused: Option<PauseMode>,
    /// The conference's that the party asked for, while it is in.
    pub(crate) conference_take: Option<ConferenceTake>,
    /// How many there were.
    pub(crate) takes: u32,
    last_leg: Option<u32>,
    assets: u32,
    fetches: u32,
    stays: u32,
    places: u32,
    /// How often somebody was told who is not asked.
    notices: u32,
    /// Streams that go one way and were not ended, with what tells of each.
    pub(crate) streams_open: Vec<OpenStream>,
    streams: u32,
    out: VecDeque<Output>,
}

impl Shared {
    pub(crate) fn new(now: Duration, facts: Facts) -> Self {
        let now = recorded(now);
        Self {
            now,
            facts,
            party: None,
            legs: BTreeMap::new(),
            script: Script::default(),
            digits: DigitBuffer::default(),
            timers: Timers::default(),
            meter: Meter::default(),
            results: Results::default(),
            dial_failure: None,
            begin: now,
            deadline: Duration::MAX,
            paid_until: Duration::MAX,
            money_warned: false,
            recordings: Vec::new(),
            recordings_paused: None,
            conference_take: None,
            takes: 0,
            last_leg: None,
            assets: 0,
            fetches: 0,
            stays: 0,
            places: 0,
            notices: 0,
            streams_open: Vec::new(),
            streams: 0,
            out: VecDeque::new(),
        }
    }

    /// Moves the call's time on. It never runs backwards, and it stops at the longest duration: however late the timer
    /// for it is handled, nobody pays for our delay.
    pub(crate) fn advance(&mut self, now: Duration) {
        self.now = self.now.max(recorded(now).min(self.deadline).min(self.paid_until));
    }

    pub(crate) fn emit(&mut self, output: Output) {
        self.out.push_back(output);
    }

    pub(crate) fn take_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    pub(crate) fn command(&mut self, leg: LegId, command: LegCommand) {
        self.emit(Output::Leg(leg, command));
    }

    pub(crate) fn media(&mut self, command: MediaCommand) {
        self.emit(Output::Media(command));
    }

    pub(crate) fn record(&mut self, name: EventName, leg: Option<LegId>, data: Value) {
        self.record_at(self.now, name, leg, data);
    }

    pub(crate) fn now(&self) -> Duration {
        self.now
    }

    /// Since the call began.
    fn offset(&self, moment: Duration) -> Duration {
        moment.saturating_sub(self.begin)
    }

    fn record_at(&mut self, moment: Duration, name: EventName, leg: Option<LegId>, data: Value) {
        let at = self.offset(moment);
        self.emit(Output::Record(CallEvent { at, name, leg, data }));
    }

    pub(crate) fn arm(&mut self, timer: TimerId, after: Duration) {
        self.timers.arm(timer, self.now.saturating_add(after));
    }

    /// Whoever answered this leg is listened to.
    pub(crate) fn judge(&mut self, leg: LegId, detection: MachineDetection) {
        let awaits_end = detection == MachineDetection::DetectMessageEnd;
        self.emit(Output::Judge(JudgeCommand::Start { leg, awaits_end }));
    }

    /// It is clear who answered it: the timeline and the next callback are told.
    pub(crate) fn judged(&mut self, leg: LegId, judged: Judged) {
        let Judged { answered_by, confidence_percent, heard_ms } = judged;
        let confidence = format!("{:.2}", f32::from(confidence_percent) / 100.0);
        let data = json!({"answered_by": answered_by, "confidence": confidence, "heard_ms": heard_ms});
        self.record(EventName::MachineJudged, Some(leg), data);
        self.results.set("AnsweredBy", answered_by);
        self.results.set("AnsweredByConfidence", confidence);
        self.results.set("MachineDetectionDuration", heard_ms.to_string());
    }

    pub(crate) fn next_asset(&mut self) -> AssetId {
        self.assets += 1;
        AssetId(self.assets)
    }

    pub(crate) fn next_stay(&mut self) -> StayId {
        self.stays += 1;
        StayId(self.stays)
    }

    pub(crate) fn next_place(&mut self) -> PlaceId {
        self.places += 1;
        PlaceId(self.places)
    }

    pub(crate) fn next_stream(&mut self) -> StreamId {
        self.streams += 1;
        StreamId(self.streams)
    }

    fn next_leg(&mut self) -> LegId {
        let next = self.last_leg.map_or(LegId::FIRST.0, |last| last + 1);
        self.last_leg = Some(next);
        LegId(next)
    }

    /// The leg that called us becomes the party.
    pub(crate) fn admit_caller(&mut self, caller: Target) -> LegId {
        let id = self.next_leg();
        self.legs.insert(id, Leg::new(caller, Direction::Inbound));
        self.party = Some(id);
        id
    }

    pub(crate) fn dial(&mut self, candidate: Candidate, caller_id: String) -> LegId {
        let Candidate { target, place, login, told } = candidate;
        let id = self.next_leg();
        self.record(
            EventName::LegDialing,
            Some(id),
            json!({"target": target.address(), "kind": target.kind().as_str()}),
        );
        let told = told.map(|told| LegTold { caller_id: caller_id.clone(), ..told });
        let mut leg = Leg::new(target.clone(), Direction::Outbound);
        (leg.told, leg.place) = (told, place);
        self.legs.insert(id, leg);
        self.emit(Output::Dial(id, target, Profile { caller_id, hears: self.party, login }));
        self.tell_of_leg(id, "initiated", None);
        id
    }

    pub(crate) fn address_of(&self, leg: LegId) -> String {
        self.legs.get(&leg).map(|leg| leg.target.address().to_owned()).unwrap_or_default()
    }

    /// The next callback says which leg a `dial` came to.
    pub(crate) fn name_dialled(&mut self, leg: Option<LegId>) {
        if let Some(leg) = leg {
            let id = LegRecordId::dialled(self.facts.call_id, leg.0);
            self.results.set("DialCallSid", id.pbx_call_id());
        }
    }

    /// Who was called last, the party apart.
    pub(crate) fn last_dialled(&self) -> Option<LegId> {
        let dialled = |(id, leg): &(&LegId, &Leg)| leg.direction == Direction::Outbound && Some(**id) != self.party;
        self.legs.iter().rev().find(dialled).map(|(id, _)| *id)
    }

    /// Whether the party is connected.
    pub(crate) fn party_is_up(&self) -> bool {
        self.party.and_then(|id| self.legs.get(&id)).is_some_and(Leg::is_up)
    }

    /// Whether the party hears what is played to it: connected, or given early media.
    pub(crate) fn party_hears(&self) -> bool {
        self.party.and_then(|id| self.legs.get(&id)).is_some_and(|leg| leg.is_up() || leg.early_passed)
    }

    /// Alerts a caller that is not answered yet, once.
    pub(crate) fn ring_party(&mut self) {
        if let Some(id) = self.party
            && self.legs.get_mut(&id).is_some_and(Leg::ring)
        {
            self.command(id, LegCommand::Ring);
        }
    }

    /// Lets a caller that is not answered yet hear audio, once: that of another leg, or ours.
    pub(crate) fn pass_early(&mut self, hears: Option<LegId>) {
        if self.party_hears() {
            return;
        }
        if let Some(id) = self.party
            && let Some(leg) = self.legs.get_mut(&id)
        {
            leg.early_passed = true;
            self.command(id, LegCommand::PassEarly { hears });
        }
    }

    /// Answers a caller that is not answered yet: audio is needed, that of another leg or ours. It is connected, and pays, once
    /// its leg says that it was told: its CANCEL may have come first.
    pub(crate) fn answer_party(&mut self, hears: Option<LegId>) {
        if let Some(id) = self.party
            && self.legs.get_mut(&id).is_some_and(Leg::accept)
        {
            self.command(id, LegCommand::Accept { hears });
            // Whatever becomes of the leg's report, the call ends.
            self.arm(TimerId::MaxDuration, Duration::from_secs(self.facts.max_duration_s.into()));
        }
    }

    /// A caller was told that it is answered.
    pub(crate) fn caller_told(&mut self, leg: LegId) {
        self.leg_answered(leg);
        self.mark_answered();
    }

    /// We end a leg before it says that it was told. It carries our commands out in their order, so it is told before it is
    /// ended; where its CANCEL came first, it was connected for no time at all.
    fn presume_told(&mut self, leg: LegId) {
        let now = self.now;
        if self.legs.get_mut(&leg).is_some_and(|leg| leg.told(now)) {
            self.caller_told(leg);
        }
    }

    /// Whether the call is answered, or is being so.
    pub(crate) fn is_answered(&self) -> bool {
        let accepted = self.party.and_then(|id| self.legs.get(&id)).is_some_and(Leg::is_accepted);
        accepted || self.meter.answered().is_some()
    }

    /// A leg is connected, on the timeline and in its record.
    pub(crate) fn leg_answered(&mut self, leg: LegId) {
        self.record(EventName::LegAnswered, Some(leg), json!({}));
        let at = self.offset(self.now);
        self.emit(Output::LegChanged(LegChange { leg, at, state: LegState::Answered }));
        self.tell_of_leg(leg, "answered", None);
    }

    /// The party is connected: the call is answered.
    pub(crate) fn mark_answered(&mut self) {
        if self.meter.start(self.now) {
            self.emit(Output::Answered { at: self.offset(self.now), party: self.party });
            let longest = Duration::from_secs(self.facts.max_duration_s.into());
            self.deadline = self.now.saturating_add(longest);
            self.arm(TimerId::MaxDuration, longest);
            self.record_whole_call();
        }
    }

    /// The call ends where the money does unless more is granted before, and is warned.
    pub(crate) fn pay_until(&mut self, money: Money) {
        self.paid_until = Duration::MAX;
        self.timers.disarm(TimerId::MoneyEnd);
        self.timers.disarm(TimerId::MoneyWarning);
        let Money::Until { paid_until, lasts_until } = money else { return };
        // As the call's own time is kept: a finer moment would never be reached by it.
        self.paid_until = recorded(paid_until);
        self.timers.arm(TimerId::MoneyEnd, self.paid_until);
        if let Some(end) = lasts_until.filter(|_| !self.money_warned) {
            self.timers.arm(TimerId::MoneyWarning, end.saturating_sub(MONEY_WARNING_BEFORE));
        }
    }

    /// A target that answered becomes the party, and the one that callbacks name as called.
    pub(crate) fn seat(&mut self, party: LegId) {
        self.party = Some(party);
        if let Some(leg) = self.legs.get(&party) {
            self.facts.to = leg.target.address().to_owned();
        }
        self.mark_answered();
    }

    /// How a call ends that has nothing left to do: an unanswered caller is told what the last dial came to.
    pub(crate) fn cause_of_end(&self) -> Cause {
        if self.is_answered() {
            return CauseKind::NormalClearing.into();
        }
        self.dial_failure.unwrap_or(CauseKind::NoAnswer.into())
    }

    /// Ends a leg from our side.
    pub(crate) fn hang_up(&mut self, id: LegId, cause: Cause) {
        self.presume_told(id);
        let now = self.now;
        if self.legs.get_mut(&id).is_some_and(|leg| leg.end(now, cause)) {
            self.timers.disarm(TimerId::LegLost(id));
            self.command(id, LegCommand::Hangup(cause));
            self.record_leg_end(id, cause);
        }
    }

    pub(crate) fn record_leg_end(&mut self, id: LegId, cause: Cause) {
        let data = json!({"cause": cause.hangup_cause(), "sip": cause.sip, "q850": cause.q850});
        let ended = self.legs.get(&id).and_then(Leg::ended).unwrap_or(self.now);
        self.record_at(ended, EventName::LegEnded, Some(id), data);
        let at = self.offset(ended);
        self.emit(Output::LegChanged(LegChange { leg: id, at, state: LegState::Ended(cause) }));
        self.tell_of_leg(id, "completed", Some(cause));
    }

    pub(crate) fn callbacks_sent(&self) -> u32 {
        self.fetches
    }

    /// Asks the customer's server; `extra` goes before the results of the steps so far.
    pub(crate) fn fetch(&mut self, url: String, purpose: Purpose, extra: Vec<(&'static str, String)>) -> FetchId {
        self.fetches += 1;
        let fetch = FetchId(self.fetches);
        let status = self.status();
        let results = extra.into_iter().chain(self.results.take()).collect();
        let params = compat::params(Told { facts: &self.facts, status, results, end: None });
        self.send(Callback { fetch, url, params, purpose });
        fetch
    }

    /// A URL of the answer that runs, made absolute; none where it is no URL, which its author sees by nothing being told.
    pub(crate) fn absolute(&self, url: Option<&str>) -> Option<String> {
        let base = self.script.base().or(self.facts.voice_callback_url.as_deref());
        resolve(base, url?).ok()
    }

    /// Tells somebody of the customer's, and takes no answer: neither the call nor the limit of its callbacks knows of it.
    pub(crate) fn notify(&mut self, url: &str, told: Vec<(&'static str, String)>) {
        // A URL that is none was in an answer whose other actions run; its author sees it on the timeline.
        let Some(url) = self.absolute(Some(url)) else { return };
        let told = Told { facts: &self.facts, status: self.status(), results: told, end: None };
        let params = compat::params(told);
        self.send_notice(Callback { fetch: FetchId(0), url, params, purpose: Purpose::Status });
    }

    /// Whether somebody who is not asked may be told once more.
    pub(crate) fn may_notify(&mut self) -> bool {
        self.notices += 1;
        self.notices <= MAX_NOTICES
    }

    /// Where the call stands while it lives.
    pub(crate) fn status(&self) -> CallStatus {
        if self.is_answered() { CallStatus::Answered } else { CallStatus::Ringing }
    }

    fn send(&mut self, callback: Callback) {
        let shown: serde_json::Map<_, _> = callback.params.iter().map(|(name, value)| shown(name, value)).collect();
        let data =
            json!({"url": shown_url(&callback.url), "final": callback.purpose == Purpose::Final, "params": shown});
        self.record(EventName::CallbackSent, None, data);
        self.emit(Output::Fetch(callback));
    }

    /// Ends every leg, tells the customer's server and sums up. The last thing a call does.
    pub(crate) fn finish(&mut self, cause: Cause) {
        if let Some(party) = self.party {
            self.presume_told(party);
        }
        self.stop_recordings();
        self.streams_over();
        for id in self.legs.keys().copied().collect::<Vec<_>>() {
            self.release(id, cause);
        }
        let status = cause.status(self.meter.answered().is_some());
        let duration_s = self.meter.seconds(self.now);
        self.inform(status, duration_s, cause);
        self.emit(Output::Ended(Summary { status, cause, ended: self.offset(self.now) }));
    }

    /// A caller that is not answered is refused, a target that has not answered is canceled, the rest is hung up.
    fn release(&mut self, id: LegId, cause: Cause) {
        let now = self.now;
        let Some(leg) = self.legs.get_mut(&id).filter(|leg| leg.is_open()) else { return };
        if leg.is_up() {
            self.hang_up(id, cause);
        } else if leg.direction == Direction::Outbound {
            self.hang_up(id, CauseKind::Canceled.into());
        } else {
            leg.end(now, cause);
            self.command(id, LegCommand::Refuse(cause.refusal()));
            self.record_leg_end(id, cause);
        }
    }

    /// The newest target that was connected with the party.
    fn last_dial(&self) -> Option<LastDial> {
        let (id, leg, answered) = self.legs.iter().rev().find_map(|(id, leg)| Some((*id, leg, leg.answered()?)))?;
        (Some(id) != self.party).then(|| LastDial {
            address: leg.target.address().to_owned(),
            duration_s: whole_seconds(leg.connected(self.now)),
            answered_us: self.wall_us(answered),
        })
    }

    /// A moment of the call in microseconds UTC.
    pub(crate) fn wall_us(&self, moment: Duration) -> i64 {
        let offset = i64::try_from(self.offset(moment).as_micros()).unwrap_or(i64::MAX);
        self.facts.began_at_us.saturating_add(offset)
    }

    fn inform(&mut self, status: CallStatus, duration_s: u64, cause: Cause) {
        let Some(url) = self.facts.voice_callback_url.clone() else { return };
        self.fetches += 1;
        let fetch = FetchId(self.fetches);
        let results = self.results.take();
        let end = End { cause, duration_s, at_us: self.wall_us(self.now), last_dial: self.last_dial() };
        let params = compat::params(Told { facts: &self.facts, status, results, end: Some(end) });
        self.send(Callback { fetch, url, params, purpose: Purpose::Final });
    }
}

/// A parameter as the timeline shows it: what a caller typed may be a PIN, so only its length is kept.
fn shown(name: &str, value: &str) -> (String, Value) {
    let value = if matches!(name, "Digits" | "dtmfDigits") { "•".repeat(value.len()) } else { value.to_owned() };
    (name.to_owned(), value.into())
}
