//! The simulated world around one call: what it asks for is written down in words, timers fire by themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use sautikit_api::{
    actions::{Asked, Document, parse_list, parse_xml},
    calls::{CallStatus, Direction},
    ids::{CallId, WorkspaceId},
    numbers::Compat,
};
use voice::*;

pub(crate) const CALLBACK: &str = "https://shop.example/voice";
pub(crate) const OWN: &str = "+254700000001";
pub(crate) const AMINA: &str = "+254722000042";
pub(crate) const OTIENO: &str = "+254733000007";

pub(crate) fn facts(direction: Direction, from: &str, to: &str) -> Facts {
    Facts {
        call_id: CallId(uuid::Uuid::from_u128(1)),
        workspace_id: WorkspaceId(uuid::Uuid::from_u128(2)),
        direction,
        from: from.into(),
        to: to.into(),
        number: OWN.into(),
        own_numbers: [OWN.into(), "+254700000002".into()].into(),
        voice_callback_url: Some(CALLBACK.into()),
        fallback_url: None,
        compat: Compat::Sautikit,
        began_at_us: 1_798_722_000_000_000,
        ring_timeout_s: 60,
        max_duration_s: 14_400,
        record: None,
        machine_detection: None,
        recordings_url: "https://voice.example/v1/recordings".into(),
    }
}

pub(crate) fn phone(number: &str) -> Target {
    Target::Telephone(number.into())
}

pub(crate) fn client(identity: &str) -> Target {
    Target::Client(identity.into())
}

pub(crate) fn key(key: char) -> Key {
    Key::new(key).unwrap_or_else(|| panic!("{key} is no key"))
}

/// A callback ended so.
pub(crate) fn fetched(fetch: FetchId, outcome: Result<Answer, FetchFailure>) -> Input {
    Input::Fetched(fetch, Box::new(Fetched { outcome, reply: Reply::default() }))
}

/// What was told of a leg: what its record and its bill are made of.
pub(crate) struct SimLeg {
    pub(crate) address: String,
    /// Since the call began.
    pub(crate) answered: Option<Duration>,
    ended: Option<Duration>,
}

impl SimLeg {
    fn new(target: &Target) -> Self {
        Self { address: target.address().to_owned(), answered: None, ended: None }
    }

    /// Answered time, rounded up.
    pub(crate) fn seconds(&self) -> u64 {
        let lasted = self.answered.zip(self.ended).map(|(answered, ended)| ended - answered);
        lasted.map_or(0, whole_seconds)
    }
}

fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

pub(crate) struct Sim {
    pub(crate) call: Call,
    pub(crate) now: Duration,
    /// What was asked for since the last look, in words.
    said: Vec<String>,
    pub(crate) events: Vec<CallEvent>,
    /// Facts about legs, in order.
    pub(crate) changes: Vec<LegChange>,
    /// Who was connected when the call was answered, once.
    pub(crate) answered: Vec<Option<LegId>>,
    /// Whom callers were told to hear next, with 183 and 200.
    pub(crate) hears: Vec<Option<LegId>>,
    pub(crate) fetches: Vec<Callback>,
    pub(crate) summaries: Vec<Summary>,
    /// By their ids.
    pub(crate) legs: Vec<SimLeg>,
    /// The newest stay in a conference.
    pub(crate) stay: Option<StayId>,
    /// The newest place in a queue.
    pub(crate) place: Option<PlaceId>,
    /// When the call was answered, since it began.
    answered_at: Option<Duration>,
    pub(crate) texts: BTreeMap<AssetId, String>,
    /// Whether the speech provider works.
    pub(crate) speech_works: bool,
    /// Whether it has not come to an answer.
    pub(crate) speech_is_slow: bool,
    /// Whether callers that are answered are not told so yet.
    pub(crate) answers_are_slow: bool,
}

impl Sim {
    pub(crate) fn new(facts: Facts, origin: Origin) -> Self {
        let now = Duration::from_secs(1_000);
        let caller = match &origin {
            Origin::Inbound { caller, .. } | Origin::Client { caller, .. } => Some(caller),
            Origin::Api { .. } => None,
        };
        let legs = caller.map(SimLeg::new).into_iter().collect();
        let mut sim = Self {
            call: Call::new(now, facts, origin),
            now,
            said: Vec::new(),
            events: Vec::new(),
            changes: Vec::new(),
            answered: Vec::new(),
            hears: Vec::new(),
            fetches: Vec::new(),
            summaries: Vec::new(),
            legs,
            stay: None,
            place: None,
            answered_at: None,
            texts: BTreeMap::new(),
            speech_works: true,
            speech_is_slow: false,
            answers_are_slow: false,
        };
        sim.drain();
        sim
    }

    /// An API call to one telephone, steered by the callback.
    pub(crate) fn outbound() -> Self {
        let origin = Origin::Api { to: vec![phone(AMINA)], actions: None };
        Self::new(facts(Direction::Outbound, OWN, AMINA), origin)
    }

    /// Somebody calls our number, which has a callback.
    pub(crate) fn inbound() -> Self {
        let origin = Origin::Inbound { caller: phone(AMINA), ring: Vec::new() };
        Self::new(facts(Direction::Inbound, AMINA, OWN), origin)
    }

    /// An answered inbound call that runs these actions; what led there is forgotten.
    pub(crate) fn running(actions: &str) -> Self {
        let mut sim = Self::inbound();
        sim.answer(actions);
        sim.said.clear();
        sim
    }

    /// A browser calls a telephone.
    pub(crate) fn browser() -> Self {
        let mut facts = facts(Direction::Outbound, OWN, AMINA);
        facts.voice_callback_url = None;
        Self::new(facts, Origin::Client { caller: client("agent"), to: phone(AMINA) })
    }

    pub(crate) fn input(&mut self, input: Input) -> &mut Self {
        self.call.handle(self.now, input);
        self.drain();
        self
    }

    /// The conference of the newest stay reports.
    pub(crate) fn conference(&mut self, event: ConferenceEvent) -> &mut Self {
        let stay = self.stay.unwrap_or_else(|| panic!("nobody entered a conference"));
        self.input(Input::Conference(stay, event))
    }

    /// The queue of the newest place reports.
    pub(crate) fn queue(&mut self, event: QueueEvent) -> &mut Self {
        let place = self.place.unwrap_or_else(|| panic!("nobody entered a queue"));
        self.input(Input::Queue(place, event))
    }

    /// New actions from outside.
    pub(crate) fn replace(&mut self, actions: &str) -> &mut Self {
        let list = serde_json::from_str(actions).unwrap_or_else(|error| panic!("{error}"));
        let actions = parse_list(&list).unwrap_or_else(|error| panic!("{error}"));
        self.input(Input::Live(LiveCommand::Run(actions)))
    }

    pub(crate) fn leg(&mut self, leg: u32, event: LegEvent) -> &mut Self {
        self.input(Input::Leg(LegId(leg), event))
    }

    pub(crate) fn ended(&mut self, leg: u32, sip: u16) -> &mut Self {
        self.leg(leg, LegEvent::Ended(Cause::from_network(sip, None)))
    }

    pub(crate) fn bye(&mut self, leg: u32) -> &mut Self {
        self.leg(leg, LegEvent::Ended(Cause::from_bye(None)))
    }

    pub(crate) fn press(&mut self, leg: u32, keys: &str) -> &mut Self {
        for digit in keys.chars() {
            self.after_ms(200);
            self.input(Input::Media(LegId(leg), MediaEvent::Digit(key(digit))));
        }
        self
    }

    /// The newest text was heard to its end by that leg.
    pub(crate) fn heard(&mut self, leg: u32) -> &mut Self {
        let asset = self.newest_text();
        self.input(Input::Media(LegId(leg), MediaEvent::PlayEnded(asset)))
    }

    /// The newest text or file is there, after all.
    pub(crate) fn spoken(&mut self) -> &mut Self {
        let asset = self.newest_text();
        self.input(Input::Spoken(asset, Ok(())))
    }

    /// The newest text or file can't be had.
    pub(crate) fn not_spoken(&mut self) -> &mut Self {
        let asset = self.newest_text();
        self.input(Input::Spoken(asset, Err(SpeechFailure { reason: "no voice".to_owned() })))
    }

    /// The customer's server answers the newest callback with these actions.
    pub(crate) fn answer(&mut self, actions: &str) -> &mut Self {
        let list = serde_json::from_str(actions).unwrap_or_else(|error| panic!("{error}"));
        let actions = parse_list(&list).unwrap_or_else(|error| panic!("{error}"));
        let callback = self.newest_fetch();
        self.input(fetched(callback.fetch, Ok(Answer { url: callback.url, actions, warnings: Vec::new() })))
    }

    /// As [`Sim::answer`], in XML.
    pub(crate) fn answer_xml(&mut self, children: &str) -> &mut Self {
        let callback = self.newest_fetch();
        let xml = format!("<Response>{children}</Response>");
        let Document { actions, warnings } = parse_xml(
            xml.as_bytes(),
            &Asked { url: &callback.url, room: "room", compat: sautikit_api::numbers::Compat::Sautikit },
        )
        .unwrap_or_else(|error| panic!("{error}"));
        self.input(fetched(callback.fetch, Ok(Answer { url: callback.url, actions, warnings })))
    }

    pub(crate) fn refuse_fetch(&mut self, failure: FetchFailure) -> &mut Self {
        let callback = self.newest_fetch();
        self.input(fetched(callback.fetch, Err(failure)))
    }

    pub(crate) fn newest_fetch(&self) -> Callback {
        self.fetches.last().cloned().unwrap_or_else(|| panic!("nobody was asked"))
    }

    /// A parameter of the newest callback.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        self.newest_fetch().params.into_iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Lets time pass, firing timers when they are due.
    pub(crate) fn after_ms(&mut self, ms: u64) -> &mut Self {
        let until = self.now + Duration::from_millis(ms);
        while let Some(at) = self.call.next_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.input(Input::Timeout);
        }
        self.now = until;
        self
    }

    pub(crate) fn after(&mut self, seconds: u64) -> &mut Self {
        self.after_ms(seconds * 1_000)
    }

    /// The newest text that was to be spoken.
    pub(crate) fn newest_text(&self) -> AssetId {
        self.texts.last_key_value().map(|(asset, _)| *asset).unwrap_or_else(|| panic!("nothing was spoken"))
    }

    /// What was asked for since the last look.
    pub(crate) fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// Claims what was asked for since the last look.
    #[track_caller]
    pub(crate) fn expect(&mut self, expected: &[&str]) -> &mut Self {
        let said = self.said();
        assert_eq!(said, expected, "\nsaid {said:#?}");
        self
    }

    /// Claims that the call is over, and how.
    #[track_caller]
    pub(crate) fn expect_end(&self, status: CallStatus, hangup_cause: &str, duration_s: u64) -> &Summary {
        let [summary] = self.summaries.as_slice() else { panic!("{} summaries", self.summaries.len()) };
        let lasted = self.answered_at.map_or(0, |at| whole_seconds(summary.ended - at));
        let found = (summary.status, summary.cause.hangup_cause(), lasted);
        assert_eq!(found, (status, hangup_cause.to_owned(), duration_s));
        summary
    }

    pub(crate) fn event_names(&self) -> Vec<&'static str> {
        self.events.iter().map(|event| event.name.as_str()).collect()
    }

    fn drain(&mut self) {
        let (mut speak, mut told) = (Vec::new(), Vec::new());
        while let Some(output) = self.call.poll() {
            assert!(self.summaries.is_empty(), "{output:?} follows the end");
            let words = match output {
                Output::Dial(leg, target, profile) => {
                    assert_eq!(leg.0 as usize, self.legs.len(), "legs are numbered as they begin");
                    self.legs.push(SimLeg::new(&target));
                    let (kind, address) = (target.kind().as_str(), target.address());
                    format!("dial {} {kind} {address} as {}", leg.0, profile.caller_id)
                }
                Output::Leg(leg, command) => {
                    if let LegCommand::PassEarly { hears } | LegCommand::Accept { hears } = command {
                        self.hears.push(hears);
                    }
                    if let LegCommand::Accept { .. } = command {
                        told.push(leg);
                    }
                    leg_words(leg, command)
                }
                Output::Media(command) => self.media_words(command),
                Output::Conference(ConferenceCommand::Enter { stay, leg, terms }) => {
                    self.stay = Some(stay);
                    format!("enter {} {}", leg.0, terms.name)
                }
                Output::Stream(StreamCommand::Open { stream, leg, terms }) => {
                    format!("stream {} {} {}", stream.0, leg.0, terms.url)
                }
                Output::Stream(StreamCommand::Press(stream, key)) => format!("stream {} key {}", stream.0, key.char()),
                Output::Stream(StreamCommand::Close(stream)) => format!("stream {} close", stream.0),
                Output::Conference(ConferenceCommand::Leave(stay)) => format!("leave {}", stay.0),
                Output::Conference(ConferenceCommand::PauseRecording(stay, mode)) => {
                    format!("pause recording of stay {} {mode:?}", stay.0)
                }
                Output::Queue(QueueCommand::Wait { place, leg, name, max_size }) => {
                    self.place = Some(place);
                    format!("wait {} {name} of {max_size}", leg.0)
                }
                Output::Queue(QueueCommand::Take { place, leg, name, .. }) => {
                    self.place = Some(place);
                    format!("take {} {name}", leg.0)
                }
                Output::Queue(QueueCommand::Leave(place)) => format!("leave queue {}", place.0),
                Output::Judge(JudgeCommand::Start { leg, awaits_end: false }) => format!("judge {}", leg.0),
                Output::Judge(JudgeCommand::Start { leg, awaits_end: true }) => format!("judge {} to its end", leg.0),
                Output::Judge(JudgeCommand::Stop(leg)) => format!("judge {} no more", leg.0),
                Output::Recording(command) => recording_words(command),
                Output::Fetch(callback) => {
                    let words = format!("ask {:?} {}", callback.purpose, callback.url);
                    self.fetches.push(callback);
                    words
                }
                Output::Speak(text) => {
                    self.texts.insert(text.asset, text.text);
                    speak.push(text.asset);
                    continue;
                }
                Output::Load(file) => {
                    self.texts.insert(file.asset, file.url);
                    speak.push(file.asset);
                    continue;
                }
                Output::Record(event) => {
                    self.events.push(event);
                    continue;
                }
                Output::LegChanged(change) => {
                    let leg = &mut self.legs[change.leg.0 as usize];
                    match change.state {
                        LegState::Answered => leg.answered = Some(change.at),
                        LegState::Ended(_) => leg.ended = Some(change.at),
                    }
                    self.changes.push(change);
                    continue;
                }
                Output::Answered { at, party } => {
                    self.answered_at = Some(at);
                    self.answered.push(party);
                    continue;
                }
                Output::Ended(summary) => {
                    let words = format!("end {}", summary.status.as_str());
                    self.summaries.push(summary);
                    words
                }
            };
            self.said.push(words);
        }
        if self.answers_are_slow {
            told.clear();
        }
        for leg in told {
            self.input(Input::Leg(leg, LegEvent::Answered));
        }
        if self.speech_is_slow {
            return;
        }
        for asset in speak {
            let result = if self.speech_works { Ok(()) } else { Err(SpeechFailure { reason: "no voice".to_owned() }) };
            self.input(Input::Spoken(asset, result));
        }
    }

    fn media_words(&self, command: MediaCommand) -> String {
        match command {
            MediaCommand::Join(a, b) => format!("join {} {}", a.0, b.0),
            MediaCommand::Split(a, b) => format!("split {} {}", a.0, b.0),
            MediaCommand::Play { leg, asset, loops } => {
                let text = self.texts.get(&asset).map_or("?", |t| t);
                format!("play {} {text}{}", leg.0, if loops == 1 { String::new() } else { format!(" x{loops}") })
            }
            MediaCommand::Tone(leg, Tone::Ringback(None)) => format!("tone {} Ringback", leg.0),
            MediaCommand::Tone(leg, Tone::Ringback(Some(country))) => {
                format!("tone {} Ringback {}", leg.0, String::from_utf8_lossy(&country))
            }
            MediaCommand::Tone(leg, tone) => format!("tone {} {tone:?}", leg.0),
            MediaCommand::Flush(leg) => format!("flush {}", leg.0),
            MediaCommand::Detect(leg, Some(ms)) => format!("detect {} {ms}", leg.0),
            MediaCommand::Detect(leg, None) => format!("detect {} off", leg.0),
            MediaCommand::Press(leg, key) => format!("press {} {}", leg.0, key.char()),
        }
    }
}

fn recording_words(command: RecordingCommand) -> String {
    match command {
        RecordingCommand::Start { take, leg, with, terms } => {
            let with = with.map_or_else(String::new, |leg| format!(" with {}", leg.0));
            let told = terms.status_callback.map_or_else(String::new, |url| format!(", told {url}"));
            format!("record {} of {}{with} {:?} for {}{told}", take.0, leg.0, terms.channels, terms.source.as_str())
        }
        RecordingCommand::Pause(take, mode) => format!("pause recording {} {mode:?}", take.0),
        RecordingCommand::Resume(take) => format!("resume recording {}", take.0),
        RecordingCommand::Stop(take) => format!("stop recording {}", take.0),
    }
}

fn leg_words(leg: LegId, command: LegCommand) -> String {
    let leg = leg.0;
    match command {
        LegCommand::Ring => format!("ring {leg}"),
        LegCommand::PassEarly { .. } => format!("pass early {leg}"),
        LegCommand::Accept { .. } => format!("accept {leg}"),
        LegCommand::Refuse(refusal) => format!("refuse {leg} {}", refusal.status),
        LegCommand::Transfer(TransferEvent::Ringing) => format!("transfer {leg} ringing"),
        LegCommand::Transfer(TransferEvent::Done) => format!("transfer {leg} done"),
        LegCommand::Transfer(TransferEvent::Failed(cause)) => format!("transfer {leg} {}", cause.hangup_cause()),
        LegCommand::Hangup(cause) => format!("hang up {leg} {}", cause.hangup_cause()),
    }
}
