//! `dial`: rings targets and connects the party to the first who answers.
//!
//! While it rings, the party hears the only target's early media, or else our ringback; a caller that is not answered
//! yet is answered when the target is. When the connection is over, the action URL or the next action goes on. Either of the
//! two may be transferred by the other meanwhile ([`transfer`]).

mod recorded;
mod screening;
mod transfer;

use sautikit_api::{
    actions::{self, Callee, RingTone},
    calls::{Direction, LegKind},
};
use serde_json::json;

use self::screening::{Screened, Screening};
use self::transfer::Transferring;
use super::send_digits::Pressing;
use super::{Flow, Then, Verb};
use crate::{
    cause::{Cause, CauseKind},
    input::SpeechFailure,
    leg::{KeySource, Leg},
    limits::SCREENING_LONGEST,
    meter::whole_seconds,
    output::{AssetId, File, JudgeCommand, LegId, MediaCommand, Output, TakeId, Tone},
    playlist::{ask_for_file, play_failed},
    ring_group::{CallerIds, RingGroup, Ringing},
    shared::Shared,
    signal::{Signal, seconds},
    target::Candidate,
    timers::TimerId,
};

pub(crate) struct Dial {
    spec: actions::Dial,
    party: LegId,
    stage: Stage,
    /// Who rings if whoever has answered does not take the call.
    others: Option<RingGroup>,
    /// Which of the targets has answered last.
    answered: usize,
    /// Our ringback plays to the party.
    ringback: bool,
    /// The file that takes its place once it is there.
    music: Option<File>,
    /// The leg whose audio the party has.
    joined: Option<LegId>,
    /// The recording of the connection.
    take: Option<TakeId>,
    /// Who hears our music, because the other one put the call on hold.
    hears_music: Option<LegId>,
}

/// ```text
///   Ringing ── a target answers ──► (Pressing, Screening) ──► Bridged ── it ends, `*`, longest duration ──► done
///      │                            │  ▲ answered, or back with whom it was
///      │             one transfers  ▼  │
///      │                       Transferring ── nobody answers and nobody is left ──► done
///      └────── nobody answers ────────────────────────────────────────────────────► done
/// ```
enum Stage {
    /// Targets ring.
    Ringing(RingGroup),
    /// One has answered, and hears an extension before the two are connected.
    Pressing(Pressing),
    /// The same, and is told something or asked whether it takes the call.
    Screening(Screening),
    /// Party and this leg talk.
    Bridged(LegId),
    /// Nobody was connected.
    Over,
    /// One of them waits for somebody else instead of the other.
    Transferring(Transferring),
}

pub(super) fn start(shared: &mut Shared, spec: actions::Dial) -> (Verb, Flow) {
    let Some(party) = shared.party else {
        return (Verb::Instant, Flow::done("no_party", Then::End(CauseKind::NormalClearing.into())));
    };
    // An earlier dial's far end is not this one's.
    for name in ["DialBridgedTo", "DialCallSid", "AnsweredBy", "AnsweredByConfidence", "MachineDetectionDuration"] {
        shared.results.forget(name);
    }
    let caller_ids = match caller_ids(shared, party, spec.caller_id.as_deref()) {
        Ok(caller_ids) => caller_ids,
        // Nobody was called.
        Err(cause) => return (Verb::Instant, failed(shared, &spec, cause, None)),
    };
    let candidates = spec.to.iter().enumerate().map(|(place, callee)| Candidate::of(shared, place, callee)).collect();
    let (group, ringing) = RingGroup::start(shared, candidates, spec.timeout_s, spec.sequential, caller_ids);
    let mut dial = Dial {
        spec,
        party,
        stage: Stage::Ringing(group),
        others: None,
        answered: 0,
        ringback: false,
        music: None,
        joined: None,
        take: None,
        hears_music: None,
    };
    if dial.spec.record_ringing && ringing == Ringing::On && shared.party_is_up() {
        // Who answers is not known yet: what the party hears is the other side.
        dial.begin_recording(shared, None);
    }
    let flow = dial.ringing(shared, ringing);
    if let (Flow::Stay, Some(RingTone::Url(url))) = (&flow, dial.spec.ring_tone.clone()) {
        dial.music = ask_for_file(shared, &url);
    }
    (Verb::Dial(Box::new(dial)), flow)
}

/// Telephones see a number of the workspace and nothing else: a foreign one would be a forged caller.
fn caller_ids(shared: &Shared, party: LegId, asked: Option<&str>) -> Result<CallerIds, Cause> {
    let facts = &shared.facts;
    let own = |number: &str| number == facts.number || facts.own_numbers.iter().any(|other| other == number);
    let telephone = match asked {
        None => facts.number.clone(),
        Some(number) if own(number) => number.to_owned(),
        Some(_) => return Err(Cause::refused("numbers.not_assigned", 403)),
    };
    // The one at the far end of the call, whichever side placed it.
    let original = match shared.legs.get(&party) {
        Some(leg) if leg.direction == Direction::Outbound => leg.target.address().to_owned(),
        _ => facts.from.clone(),
    };
    Ok(CallerIds { telephone, other: asked.map_or(original, str::to_owned) })
}

impl Dial {
    pub(super) fn on(&mut self, shared: &mut Shared, signal: &Signal) -> Flow {
        match &mut self.stage {
            Stage::Ringing(group) => {
                let ringing = group.on(shared, signal);
                if let Signal::Spoken(asset, outcome) = signal {
                    self.music_came(shared, *asset, outcome.as_ref().err());
                } else if ringing == Ringing::On {
                    self.progress(shared, signal);
                }
                self.ringing(shared, ringing)
            }
            Stage::Pressing(pressing) => {
                let leg = pressing.leg();
                match signal {
                    Signal::Ended(ended, _) if *ended == leg => return self.not_connected(shared),
                    Signal::Timer(TimerId::SendDigits) if !pressing.next(shared) => self.screen(shared, leg),
                    _ => {}
                }
                Flow::Stay
            }
            Stage::Screening(screening) => {
                let leg = screening.leg();
                if matches!(signal, Signal::Ended(ended, _) if *ended == leg) {
                    return self.not_connected(shared);
                }
                let screened = match signal {
                    Signal::Timer(TimerId::Ring) => Screened::Refused,
                    signal => screening.on(shared, signal),
                };
                match screened {
                    Screened::On => {}
                    Screened::Connected => {
                        shared.timers.disarm(TimerId::Ring);
                        self.bridge(shared, leg);
                    }
                    Screened::Refused => {
                        shared.hang_up(leg, CauseKind::NormalClearing.into());
                        return self.not_connected(shared);
                    }
                }
                Flow::Stay
            }
            Stage::Bridged(leg) => {
                let leg = *leg;
                self.bridged(shared, leg, signal)
            }
            Stage::Transferring(_) => self.transferring(shared, signal),
            Stage::Over => Flow::Stay,
        }
    }

    /// Whoever rings or talks is let go; the next callback learns what became of it.
    pub(super) fn cancel(mut self, shared: &mut Shared) {
        match &mut self.stage {
            Stage::Ringing(group) => {
                group.cancel(shared);
                self.unjoin(shared);
                self.stop_ringback(shared);
                self.end_recording(shared);
                let status = Cause::from(CauseKind::Canceled).dial_status(false);
                shared.results.set("DialCallStatus", status.as_str());
                shared.results.set("DialCallDuration", "0");
                shared.name_dialled(shared.last_dialled());
            }
            Stage::Pressing(_) | Stage::Screening(_) => {
                if let Some(leg) = self.who_answered() {
                    shared.hang_up(leg, CauseKind::NormalClearing.into());
                }
                self.others = None;
                self.not_connected(shared);
            }
            Stage::Bridged(leg) => {
                let leg = *leg;
                self.hang_up(shared, leg, CauseKind::NormalClearing);
            }
            Stage::Transferring(_) => self.give_up_transfer(shared),
            Stage::Over => {}
        }
    }

    fn ringing(&mut self, shared: &mut Shared, ringing: Ringing) -> Flow {
        match ringing {
            Ringing::On => Flow::Stay,
            Ringing::Answered(leg) => {
                self.answers(shared, leg);
                Flow::Stay
            }
            Ringing::Failed(cause) => {
                self.unjoin(shared);
                self.stop_ringback(shared);
                self.end_recording(shared);
                failed(shared, &self.spec, cause, shared.last_dialled())
            }
        }
    }

    /// Whoever answers may have an extension pressed and be told something first; the party hears it ring until then.
    fn answers(&mut self, shared: &mut Shared, leg: LegId) {
        self.answered = shared.legs.get(&leg).map_or(0, |leg| leg.place);
        let send_digits = self.own(|callee| callee.send_digits.clone(), |spec| spec.send_digits.clone());
        if send_digits.is_none() && self.whisper_url().is_none() {
            return self.bridge(shared, leg);
        }
        if let Stage::Ringing(group) = core::mem::replace(&mut self.stage, Stage::Over) {
            self.others = Some(group);
        }
        let heard_it = self.joined.is_some();
        self.unjoin(shared);
        self.start_ringback(shared);
        // A network that was given the target's own sound makes none of its own.
        if heard_it && !self.ringback {
            self.ringback = true;
            shared.media(MediaCommand::Tone(self.party, Tone::Ringback(None)));
        }
        match send_digits.map(|digits| Pressing::new(leg, &digits)) {
            Some(mut pressing) => {
                pressing.next(shared);
                self.stage = Stage::Pressing(pressing);
            }
            None => self.screen(shared, leg),
        }
    }

    fn screen(&mut self, shared: &mut Shared, leg: LegId) {
        match self.whisper_url().and_then(|url| Screening::start(shared, leg, &url)) {
            Some(screening) => {
                shared.arm(TimerId::Ring, SCREENING_LONGEST);
                self.stage = Stage::Screening(screening);
            }
            None => self.bridge(shared, leg),
        }
    }

    /// What holds for whoever has answered: its own, or the dial's.
    fn own(
        &self,
        of_callee: impl Fn(&Callee) -> Option<String>,
        of_dial: impl Fn(&actions::Dial) -> Option<String>,
    ) -> Option<String> {
        self.spec.to.get(self.answered).and_then(of_callee).or_else(|| of_dial(&self.spec))
    }

    fn whisper_url(&self) -> Option<String> {
        self.own(|callee| callee.whisper_url.clone(), |spec| spec.whisper_url.clone())
    }

    /// Who has answered and is not connected yet.
    fn who_answered(&self) -> Option<LegId> {
        match &self.stage {
            Stage::Pressing(pressing) => Some(pressing.leg()),
            Stage::Screening(screening) => Some(screening.leg()),
            _ => None,
        }
    }

    /// Whoever answered is gone, or does not take the call.
    fn not_connected(&mut self, shared: &mut Shared) -> Flow {
        self.drop_screening(shared);
        if let Some(mut group) = self.others.take()
            && group.go_on(shared) == Ringing::On
        {
            self.stage = Stage::Ringing(group);
            return Flow::Stay;
        }
        self.stop_ringback(shared);
        self.end_recording(shared);
        failed(shared, &self.spec, Cause::unanswered(), shared.last_dialled())
    }

    fn drop_screening(&mut self, shared: &mut Shared) {
        shared.timers.disarm(TimerId::SendDigits);
        shared.timers.disarm(TimerId::Ring);
        let stage = core::mem::replace(&mut self.stage, Stage::Over);
        if let Stage::Screening(screening) = stage {
            screening.cancel(shared);
        }
    }

    /// The call is over: a callback that is out has its end on the timeline.
    pub(super) fn abandon(self, shared: &mut Shared) {
        if let Stage::Screening(screening) = self.stage {
            screening.abandon(shared);
        }
    }

    /// What the party hears while it waits.
    fn progress(&mut self, shared: &mut Shared, signal: &Signal) {
        match signal {
            Signal::Ringing if self.joined.is_none() => self.start_ringback(shared),
            // Who says what is heard meanwhile hears nothing else.
            Signal::EarlyMedia(leg) if self.spec.to.len() == 1 && self.spec.ring_tone.is_none() => {
                shared.pass_early(Some(*leg));
                self.join(shared, *leg);
            }
            Signal::EarlyMedia(_) => self.start_ringback(shared),
            _ => {}
        }
    }

    /// An unanswered telephone makes its own ringback from our 180; a browser or device hears ours.
    fn start_ringback(&mut self, shared: &mut Shared) {
        shared.ring_party();
        let telephone = shared.legs.get(&self.party).is_some_and(|leg| leg.target.kind() == LegKind::Telephone);
        let makes_its_own = telephone && !shared.party_is_up() && self.spec.ring_tone.is_none();
        if self.ringback || makes_its_own {
            return;
        }
        shared.pass_early(None);
        self.ringback = true;
        let country = match &self.spec.ring_tone {
            Some(RingTone::Country(code)) => code.as_bytes().first_chunk::<2>().copied(),
            _ => None,
        };
        shared.media(MediaCommand::Tone(self.party, Tone::Ringback(country)));
    }

    /// The file is there and takes over from the tone, or is not to be had.
    fn music_came(&mut self, shared: &mut Shared, asset: AssetId, failure: Option<&SpeechFailure>) {
        let Some(file) = self.music.take_if(|file| file.asset == asset) else { return };
        if let Some(failure) = failure {
            return play_failed(shared, &file.url, &failure.reason);
        }
        self.stop_ringback(shared);
        shared.pass_early(None);
        self.ringback = true;
        shared.media(MediaCommand::Play { leg: self.party, asset, loops: 0 });
    }

    fn stop_ringback(&mut self, shared: &mut Shared) {
        if core::mem::take(&mut self.ringback) {
            shared.media(MediaCommand::Flush(self.party));
        }
    }

    fn bridge(&mut self, shared: &mut Shared, leg: LegId) {
        shared.answer_party(Some(leg));
        self.connect(shared, leg);
        if let Some(detection) = self.spec.machine_detection {
            shared.judge(leg, detection);
        }
    }

    /// Party and this leg hear each other from here on.
    fn connect(&mut self, shared: &mut Shared, leg: LegId) {
        self.join(shared, leg);
        // Keys pressed from here on are meant for the far end.
        shared.digits.clear();
        let longest = seconds(self.spec.max_duration_s);
        let latest_end = shared.now.saturating_add(longest);
        if let Some(far) = shared.legs.get_mut(&leg) {
            far.limit(latest_end);
        }
        shared.arm(TimerId::DialMaxDuration, longest);
        if self.take.is_none() {
            self.begin_recording(shared, Some(leg));
        }
        self.stage = Stage::Bridged(leg);
    }

    fn join(&mut self, shared: &mut Shared, leg: LegId) {
        self.stop_ringback(shared);
        if self.joined == Some(leg) {
            return;
        }
        self.unjoin(shared);
        self.joined = Some(leg);
        shared.media(MediaCommand::Join(self.party, leg));
    }

    fn unjoin(&mut self, shared: &mut Shared) {
        self.resume(shared);
        if let Some(leg) = self.joined.take() {
            shared.media(MediaCommand::Split(self.party, leg));
        }
    }

    fn bridged(&mut self, shared: &mut Shared, far: LegId, signal: &Signal) -> Flow {
        match signal {
            Signal::Ended(leg, cause) if *leg == far => self.over(shared, far, *cause),
            Signal::Timer(TimerId::DialMaxDuration) => self.hang_up(shared, far, CauseKind::MaxDuration),
            Signal::Held(leg, is_silent) if *leg == far || *leg == self.party => {
                let other = if *leg == far { self.party } else { far };
                self.hold(shared, *leg, other, *is_silent);
                Flow::Stay
            }
            Signal::Resumed(leg) if *leg == far || *leg == self.party => {
                self.resume(shared);
                Flow::Stay
            }
            Signal::Key(leg, key, source) => {
                shared.digits.clear();
                if *leg == self.party && self.spec.hangup_on_star && key.char() == '*' {
                    return self.hang_up(shared, far, CauseKind::NormalClearing);
                }
                // Keys in the audio travel with it; those in signalling end at us and are sent on.
                if *source == KeySource::Signalling {
                    let other = if *leg == far { self.party } else { far };
                    shared.media(MediaCommand::Press(other, *key));
                }
                Flow::Stay
            }
            _ => Flow::Stay,
        }
    }

    fn hang_up(&mut self, shared: &mut Shared, far: LegId, kind: CauseKind) -> Flow {
        shared.hang_up(far, kind.into());
        self.over(shared, far, kind.into())
    }

    /// Who was put on hold hears our music, unless a network plays its own: what browsers and phones send meanwhile is none.
    fn hold(&mut self, shared: &mut Shared, by: LegId, other: LegId, is_silent: bool) {
        let telephone = shared.legs.get(&by).is_some_and(|leg| leg.target.kind() == LegKind::Telephone);
        if self.hears_music.is_none() && (is_silent || !telephone) {
            self.hears_music = Some(other);
            shared.media(MediaCommand::Tone(other, Tone::Hold));
        }
    }

    fn resume(&mut self, shared: &mut Shared) {
        if let Some(leg) = self.hears_music.take() {
            shared.media(MediaCommand::Flush(leg));
        }
    }

    /// A connection has ended.
    fn over(&mut self, shared: &mut Shared, far: LegId, cause: Cause) -> Flow {
        self.unjoin(shared);
        self.end_recording(shared);
        if self.spec.machine_detection.is_some() {
            shared.emit(Output::Judge(JudgeCommand::Stop(far)));
        }
        shared.timers.disarm(TimerId::DialMaxDuration);
        shared.dial_failure = None;
        let status = cause.dial_status(true).as_str();
        let duration_s = shared.legs.get(&far).map_or(0, |leg: &Leg| whole_seconds(leg.connected(shared.now)));
        shared.results.set("DialCallStatus", status.to_owned());
        shared.results.set("DialCallDuration", duration_s.to_string());
        shared.results.set("DialBridgedTo", shared.address_of(far));
        shared.name_dialled(Some(far));
        let then = match self.spec.ends_when_answered {
            true => Then::End(CauseKind::NormalClearing.into()),
            false => then(&self.spec),
        };
        Flow::done_with(status, json!({"duration_s": duration_s, "cause": cause.hangup_cause()}), then)
    }
}

/// Nobody was connected; `last` was called last.
fn failed(shared: &mut Shared, spec: &actions::Dial, cause: Cause, last: Option<LegId>) -> Flow {
    shared.dial_failure = Some(cause);
    let status = cause.dial_status(false).as_str();
    shared.results.set("DialCallStatus", status.to_owned());
    shared.results.set("DialCallDuration", "0".to_owned());
    shared.name_dialled(last);
    if let Some(code) = cause.code {
        shared.results.set("ErrorCode", code.to_owned());
    }
    Flow::done_with(status, json!({"duration_s": 0, "cause": cause.hangup_cause()}), then(spec))
}

fn then(spec: &actions::Dial) -> Then {
    spec.action.clone().map_or(Then::Next, Then::Ask)
}
