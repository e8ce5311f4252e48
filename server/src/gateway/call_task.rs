//! One call, one task: wait for one input, `voice::Call::handle`, drain the outputs. Select and dispatch only;
//! what an output does stands in [`super::effects`], a file each.

mod handle;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use media::{Asset, Codec, Feed};
use sautikit_api::ErrorCode;
use sautikit_api::actions::Action;
use sautikit_api::ids::LegRecordId;
use serde_json::Value;
use sip::message::Headers;
use tokio::sync::{mpsc, oneshot};
use voice::{
    AssetId, Call, CallEvent, Callback, Cause, EventName, Facts, Input, LegEvent, LegId, MediaEvent, Money, Origin,
    Output, PlaceId, Purpose, RecordingEvent, SpeechFailure, StayId, StreamEvent, StreamId, Summary, TakeId,
};

use super::conferences::Stay;
use super::effects;
use super::effects::record::Recorder;
use super::leg::orders::LegOrder;
use super::leg::transfer::TransferRights;
use super::media::{CallMedia, LegMediaEvent, PortId};
use super::queues::Place;
use super::recorder::Orders;
use super::shadow::Shadow;
use super::sip::OpenDialog;
use super::streams::RunningStream;
use super::targets::Reach;
use super::{Gateway, begin};
use crate::calls::signing::CallSecrets;
use crate::calls::{Allowance, CallRecord};

use handle::Listed;
pub use handle::{CallHandle, Inbox};

/// Media events that may wait for one call, digits above all.
const MEDIA_EVENTS: usize = 64;

/// So long the last callback waits for whether anything was said into a message: as an action does.
const LENGTH_KNOWN_WITHIN: Duration = Duration::from_secs(5);

/// Something for the call that does not come from its media.
#[derive(Debug)]
pub enum Arrival {
    /// As the call knows it.
    Voice(Input),
    /// A leg has agreed on what it speaks; it is heard on this port.
    Agreed {
        /// Which leg.
        leg: LegId,
        /// Its place in the media engine.
        port: PortId,
        /// What it speaks, for good.
        codec: Codec,
    },
    /// A leg's report. Its moment is the report's, so that what a call lasted does not depend on how busy its task is.
    Leg {
        /// On the server's monotonic clock.
        at: Duration,
        /// Whose.
        leg: LegId,
        /// What happened.
        event: LegEvent,
    },
    /// A target was looked up: the way to it, or why there is none.
    Reached(LegId, Box<Result<Reach, Cause>>),
    /// How long the money lasts may have changed. How long that is is asked when this is handled: whatever it said here
    /// could be older than what a leg's answer has made of it since.
    Allowed,
    /// A leg's dialog stands, and can be ended by this after a crash.
    Dialog(LegId, Box<OpenDialog>),
    /// A leg is to be let go, and whoever it talks with goes on otherwise.
    HandOver(Box<HandOver>),
    /// Somebody wants to know how long ago the call's legs were last heard.
    SinceHeard(oneshot::Sender<Option<Duration>>),
    /// A stream is connected, and plays by this to the leg of the port.
    StreamFeeds(StreamId, PortId, Arc<Feed>),
    /// Something belongs on the timeline that changes nothing.
    Noted(EventName, Value),
    /// A text or file has become audio, or can't.
    Spoken(AssetId, Result<Arc<Asset>, SpeechFailure>),
}

/// A leg that is to be let go.
#[derive(Debug)]
pub struct HandOver {
    /// Which.
    pub leg: LegId,
    /// With what whoever it talks with goes on; none: it is only asked whether it talks with anybody.
    pub actions: Option<Vec<Action>>,
    /// Told whether it does.
    pub reply: oneshot::Sender<bool>,
}

/// What a call begins with.
pub struct CallSetup {
    /// Fixed by admission.
    pub facts: Facts,
    /// How it begins.
    pub origin: Origin,
    /// Signs the voice callbacks.
    pub signing_secret: CallSecrets,
    /// Gets a copy of each.
    pub(super) shadow: Option<Arc<Shadow>>,
    /// The call's record, which stands.
    pub record: CallRecord,
    /// Legs that admission has written: the caller's, and the targets with their rates.
    pub legs: Vec<(LegId, LegRecordId)>,
    /// On-net calls that led to this one; 0 for a call from outside.
    pub hops: u32,
    /// Whom the caller may have others connected with.
    pub rights: Option<Arc<TransferRights>>,
    /// Of the page or the carrier that calls, for those that the call reaches.
    pub custom_headers: Headers,
}

/// A leg's way out: its orders and its place in the media engine.
pub(super) struct LegSeat {
    pub(super) orders: mpsc::Sender<LegOrder>,
    pub(super) port: PortId,
    /// What it speaks once that is agreed; before, what a caller's offer would come to.
    pub(super) codec: Option<Codec>,
    pub(super) is_agreed: bool,
    /// What is being played to it, so that the end of a play can be told by name.
    pub(super) playing: Option<AssetId>,
}

/// Two legs that are joined while one of them still agrees on its codec.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bridging {
    pub(super) legs: (LegId, LegId),
    /// When they were, since the call's begin.
    pub(super) at: Duration,
}

/// What few calls have.
#[derive(Default)]
pub(super) struct Seldom {
    /// Those who listen whether a person or a machine answered.
    pub(super) judges: Vec<(LegId, effects::judge::Listening)>,
    /// Media streams that were opened and are not over.
    pub(super) streams: HashMap<StreamId, RunningStream>,
    /// Legs of which, or by which, nothing is heard, as the timeline says.
    pub(super) silent: Vec<(LegId, media::Silent)>,
    /// What the calling page tells the browsers that it reaches.
    pub(super) custom_headers: Headers,
    /// Since when it is answered, on the clock of `began`; from then on it is counted among the calls that talk.
    pub(super) lasting: sip::ua::Lasting,
}

/// A running call and what its effects need.
pub(super) struct Running {
    pub(super) gateway: Arc<Gateway>,
    pub(super) facts: Facts,
    pub(super) signing_secret: CallSecrets,
    pub(super) shadow: Option<Arc<Shadow>>,
    pub(super) inbox: mpsc::Sender<Arrival>,
    pub(super) media: CallMedia,
    pub(super) legs: HashMap<LegId, LegSeat>,
    /// Legs whose target is being looked up, with whom each is to be connected.
    pub(super) reaching: HashMap<LegId, Option<LegId>>,
    /// Bridges that the timeline does not show yet.
    pub(super) bridging: Vec<Bridging>,
    /// The last callback, which is sent once the call's end is kept.
    pub(super) farewell: Option<Callback>,
    /// When the call began.
    pub(super) began: Duration,
    /// The conference that one of its legs is in; a call that ends leaves it with this.
    pub(super) stay: Option<(StayId, Stay)>,
    /// Its place in a queue, waiting or talking, in the same way.
    pub(super) queue_place: Option<Box<(PlaceId, Place)>>,
    /// On-net calls that led to this one.
    pub(super) hops: u32,
    /// Whom the caller may have others connected with.
    pub(super) rights: Option<Arc<TransferRights>>,
    /// Of its own memory, because a call's task holds what a call is twice.
    pub(super) seldom: Box<Seldom>,
    /// The text or file that has just become audio, for the play that the call answers it with.
    pub(super) spoken: Option<(AssetId, Arc<Asset>)>,
    /// Recordings that run.
    pub(super) takes: Vec<(TakeId, Orders)>,
    /// Whether there was one.
    pub(super) was_recorded: bool,
    /// One of which nothing is kept where nothing was said, while that is not known.
    pub(super) maybe_empty: Option<TakeId>,
    pub(super) recorder: Recorder,
}

/// A call that is about to run: its channels exist, so that legs can be added before it begins.
pub struct PendingCall {
    running: Running,
    arrivals: mpsc::Receiver<Arrival>,
    media_events: mpsc::Receiver<LegMediaEvent>,
    origin: Origin,
}

impl PendingCall {
    /// Joins what a call begins with and its inbox.
    pub fn new(gateway: &Arc<Gateway>, mut setup: CallSetup, Inbox { inbox, arrivals }: Inbox) -> Self {
        let (media_sender, media_events) = mpsc::channel(MEDIA_EVENTS);
        // The record's times are this one plus what the call measured.
        let began = gateway.app.clock.monotonic();
        let began_at_us = setup.record.wall_us(began);
        setup.facts.began_at_us = began_at_us;
        let recorder = Recorder::new(setup.record, began_at_us, setup.legs);
        let running = Running {
            gateway: gateway.clone(),
            facts: setup.facts,
            signing_secret: setup.signing_secret,
            shadow: setup.shadow,
            inbox,
            media: gateway.media.open_call(media_sender).noted(recorder.quality()),
            legs: HashMap::new(),
            reaching: HashMap::new(),
            bridging: Vec::new(),
            farewell: None,
            began,
            hops: setup.hops,
            rights: setup.rights,
            spoken: None,
            stay: None,
            queue_place: None,
            takes: Vec::new(),
            was_recorded: false,
            maybe_empty: None,
            seldom: Box::new(Seldom { custom_headers: setup.custom_headers, ..Seldom::default() }),
            recorder,
        };
        Self { running, arrivals, media_events, origin: setup.origin }
    }

    /// Ends the record of a call that can't begin.
    pub(super) async fn abandon(self, code: ErrorCode) {
        let Self { mut running, .. } = self;
        let now_us = running.gateway.app.now_us();
        let kept = running.recorder.abandon(begin::failed(code, now_us));
        let _ = kept.await;
        running.recorder.close();
    }

    /// The call's effects, for seating the leg that it begins with.
    pub(super) fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// Runs the call to its end. What it does between two waits lives on the heap meanwhile: the task is as large as the largest
    /// of its states.
    pub async fn run(self) {
        let Self { mut running, mut arrivals, mut media_events, origin } = self;
        let _listed = Box::new(Listed(running.gateway.clone(), running.facts.call_id));
        let mut call = Call::new(running.began, running.facts.clone(), origin);
        let mut ended = running.drain(&mut call);
        while ended.is_none() {
            let wait = call.next_timeout().map(|at| at.saturating_sub(running.now()));
            let input = tokio::select! {
                arrival = arrivals.recv() => match arrival {
                    Some(Arrival::Allowed) => {
                        if let Some(allowance) = running.recorder.allowance() {
                            running.allowed(&mut call, allowance);
                        }
                        ended = running.drain(&mut call);
                        None
                    }
                    Some(Arrival::HandOver(wanted)) => {
                        running.hand_over(&mut call, *wanted);
                        ended = running.drain(&mut call);
                        None
                    }
                    Some(arrival) => running.arrived(arrival),
                    // The task itself holds a sender, so the inbox never closes.
                    None => break,
                },
                Some(event) = media_events.recv() => running.media_event(event).map(|input| (running.now(), input)),
                () = sleep_for(wait) => Some((running.now(), Input::Timeout)),
            };
            if let Some((at, input)) = input {
                call.handle(at, input);
                ended = running.drain(&mut call);
            }
        }
        if let Some(summary) = ended {
            Box::pin(running.finish(summary, arrivals)).await;
        }
    }
}

impl Running {
    pub(super) fn now(&self) -> Duration {
        self.gateway.app.clock.monotonic()
    }

    fn drain(&mut self, call: &mut Call) -> Option<Summary> {
        while let Some(output) = call.poll() {
            match output {
                Output::Dial(leg, target, profile) => self.dial(leg, target, profile),
                Output::Leg(leg, command) => self.leg(leg, command, call.now()),
                Output::Media(command) => self.media(command),
                // What it tells is the end, which is told only once it is kept.
                Output::Fetch(callback) if callback.purpose == Purpose::Final => self.farewell = Some(callback),
                Output::Fetch(callback) if callback.purpose == Purpose::Status => {
                    effects::fetch::notify(self, callback);
                }
                Output::Fetch(callback) => self.fetch(callback),
                Output::Speak(text) => self.speak(text),
                Output::Load(file) => self.load(file),
                Output::Stream(command) => self.stream(command),
                Output::Conference(command) => self.conference(command),
                Output::Queue(command) => self.queue(command),
                Output::Judge(command) => self.judge(command),
                Output::Recording(command) => self.recording(command),
                Output::Record(event) => self.recorder.event(event),
                Output::LegChanged(change) => {
                    if let Some(allowance) = self.recorder.leg_changed(change) {
                        self.allowed(call, allowance);
                    }
                }
                Output::Answered { at, party } => {
                    self.seldom.lasting.begin(self.began.saturating_add(at));
                    self.gateway.figures.answered();
                    self.recorder.answered(at, party);
                }
                Output::Ended(summary) => return Some(summary),
            }
        }
        // A text that is not wanted any more.
        self.spoken = None;
        self.recorder.hand_over();
        None
    }

    fn hand_over(&self, call: &mut Call, HandOver { leg, actions, reply }: HandOver) {
        let talks = call.talks(leg);
        if let Some(actions) = actions.filter(|_| talks) {
            call.handle(self.now(), Input::HandOver(leg, Box::new(actions)));
        }
        // Who asked may have stopped waiting.
        let _ = reply.send(talks);
    }

    /// The call's time on the monotonic clock is the record's, so that it ends on the second that is paid for.
    fn allowed(&self, call: &mut Call, allowance: Allowance) {
        let moment = |at_us| self.began.saturating_add(self.recorder.offset(at_us));
        let money = match allowance {
            Allowance::Unbounded => Money::Unbounded,
            Allowance::Until { paid_until_us, lasts_until_us } => {
                Money::Until { paid_until: moment(paid_until_us), lasts_until: lasts_until_us.map(moment) }
            }
        };
        call.handle(self.now(), Input::Money(money));
    }

    /// The input that an arrival is, and when it happened.
    fn arrived(&mut self, arrival: Arrival) -> Option<(Duration, Input)> {
        let input = match arrival {
            Arrival::Voice(input) => {
                if let Input::Stream(id, StreamEvent::Closed { .. } | StreamEvent::Failed { .. }) = &input {
                    self.seldom.streams.remove(id);
                }
                if let Input::Recording(take, RecordingEvent::Stopped { .. } | RecordingEvent::Failed { .. }) = &input {
                    self.maybe_empty = self.maybe_empty.filter(|open| open != take);
                }
                input
            }
            Arrival::Leg { at, leg, event } => return Some((at, Input::Leg(leg, event))),
            Arrival::Agreed { leg, port, codec } => {
                let seat = self.legs.get_mut(&leg)?;
                (seat.port, seat.codec, seat.is_agreed) = (port, Some(codec), true);
                self.record_bridges();
                self.recorder.hand_over();
                return None;
            }
            Arrival::Dialog(leg, dialog) => {
                self.recorder.dialog(leg, &dialog);
                self.recorder.hand_over();
                return None;
            }
            Arrival::Reached(leg, reach) => {
                self.reached(leg, *reach);
                return None;
            }
            // Handed to the call by whoever waits for arrivals.
            Arrival::Allowed | Arrival::HandOver(_) => return None,
            Arrival::SinceHeard(reply) => {
                self.media.since_heard(self.legs.values().map(|seat| seat.port).collect(), reply);
                return None;
            }
            Arrival::StreamFeeds(stream, port, feed) => {
                // One that was closed meanwhile plays nothing over what came after it.
                if self.seldom.streams.contains_key(&stream) {
                    self.media.feed(port, feed);
                }
                return None;
            }
            Arrival::Noted(name, data) => {
                let at = self.now().saturating_sub(self.began);
                self.recorder.event(CallEvent { at, name, leg: None, data });
                self.recorder.hand_over();
                return None;
            }
            Arrival::Spoken(id, Ok(asset)) => {
                self.spoken = Some((id, asset));
                Input::Spoken(id, Ok(()))
            }
            Arrival::Spoken(id, Err(failure)) => Input::Spoken(id, Err(failure)),
        };
        Some((self.now(), input))
    }

    fn media_event(&mut self, event: LegMediaEvent) -> Option<Input> {
        let leg = event.leg;
        let event = match event.event {
            media::MediaEvent::PlayEnded { .. } => MediaEvent::PlayEnded(self.legs.get_mut(&leg)?.playing.take()?),
            media::MediaEvent::Digit { digit, .. } => MediaEvent::Digit(voice::Key::new(digit)?),
            media::MediaEvent::Stalled => MediaEvent::Stalled,
            media::MediaEvent::Silence { .. } => MediaEvent::Silence,
            media::MediaEvent::Watched(change) => {
                self.watched(leg, change);
                return None;
            }
        };
        Some(Input::Media(leg, event))
    }

    /// The end is kept first, then the customer's server is told of it. The call counts as running until then.
    async fn finish(self, summary: Summary, arrivals: mpsc::Receiver<Arrival>) {
        // Orders close with the seats: a leg that is still up hangs up by itself. A conference is left with the stay in it.
        let Self {
            mut recorder,
            gateway,
            facts,
            legs,
            media,
            stay,
            queue_place,
            takes,
            was_recorded,
            maybe_empty,
            farewell,
            signing_secret,
            shadow,
            seldom,
            ..
        } = self;
        gateway.figures.ended(summary.status, seldom.lasting.has_begun());
        drop((stay, queue_place, legs, media, takes));
        // A recording of silence is named to nobody. Asked beside, so that nobody who reports to the call waits meanwhile.
        let take = maybe_empty.filter(|_| farewell.as_ref().is_some_and(Callback::names_recording));
        let is_empty = take.map(|take| gateway.app.tasks.spawn(is_empty(arrivals, take)));
        let kept = recorder.end(summary);
        let _ = kept.await;
        recorder.close();
        if was_recorded {
            effects::recording::tell_of(&gateway, facts.call_id);
        }
        if let Some(mut callback) = farewell {
            // Tracked, because it outlives its call and its entry should outlive a stop of the server.
            let tasks = gateway.app.tasks.clone();
            tasks.spawn(async move {
                if let Some(is_empty) = is_empty
                    && is_empty.await.unwrap_or(false)
                {
                    callback.forget_recording();
                }
                let of = (facts.workspace_id, &*facts.number);
                let signing = (&signing_secret, facts.compat);
                effects::fetch::tell_end(&gateway, recorder, of, callback, signing, shadow.as_ref()).await
            });
        }
    }
}

/// Whether nothing was kept of a recording that is over, as its recorder says.
async fn is_empty(mut arrivals: mpsc::Receiver<Arrival>, take: TakeId) -> bool {
    let told = async {
        while let Some(arrival) = arrivals.recv().await {
            match arrival {
                Arrival::Voice(Input::Recording(of, RecordingEvent::Stopped { heard, .. })) if of == take => {
                    return !heard;
                }
                Arrival::Voice(Input::Recording(of, RecordingEvent::Failed { .. })) if of == take => return true,
                _ => {}
            }
        }
        false
    };
    tokio::time::timeout(LENGTH_KNOWN_WITHIN, told).await.unwrap_or(false)
}

async fn sleep_for(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
