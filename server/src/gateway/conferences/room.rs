//! The actor of one conference: who is in, who hears whom, and what is recorded of it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::media::{Asset, Codec, Direction, MixId, ToneSpec, Voice};
use sautikit_api::conferences as wire;
use sautikit_api::ids::{CallId, ConferenceId, RecordingId};
use sautikit_api::recordings::PauseMode;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Sleep;
use voice::{ConferenceEvent, ConferenceStatus, Input, LegId, Membership, RecordingEvent};

use super::announcements::Announcements;
use super::{Conferences, Happened, House, Key, Member, Teller};
use crate::clock::rfc3339;
use crate::gateway::call_task::Arrival;
use crate::gateway::media::{Agreed, CallMedia, MediaHandle, Port, Wishes};
use crate::gateway::recorder::Orders;
use crate::webhooks::EventKind;

/// Reports of the recorder that may wait: it makes two.
const REPORTS: usize = 8;
/// Events of the conference's own ear: none is expected.
const MEDIA_EVENTS: usize = 1;
/// Why a conference is over where nobody ended it.
const LAST_LEFT: &str = "last-participant-left";

pub(super) enum Order {
    Enter(u64, Box<Member>),
    Leave(u64),
    Look(oneshot::Sender<wire::LiveConference>),
    Change(CallId, wire::UpdateConferenceMember, oneshot::Sender<Option<wire::ConferenceMember>>),
    Remove(CallId, oneshot::Sender<bool>),
    Announce(Vec<Arc<Asset>>, Option<CallId>, oneshot::Sender<bool>),
    PauseRecording(u64, Duration, Option<PauseMode>),
    End,
}

/// A member and how it is in.
struct Seat {
    number: u64,
    member: Box<Member>,
    membership: Membership,
    entered_at: i64,
}

/// What is recorded of it. Dropped, the recording ends.
struct Recording {
    /// Who asked for it.
    owner: u64,
    id: Option<RecordingId>,
    orders: Orders,
    /// An ear in the mix that hears all.
    ear: Port,
}

pub(super) struct Room {
    id: ConferenceId,
    key: Key,
    house: Arc<dyn House>,
    /// The media of the conference itself; members come to their thread.
    media: CallMedia,
    mix: MixId,
    seats: Vec<Seat>,
    /// They hear each other.
    begun: bool,
    opened_at: i64,
    recording: Option<Recording>,
    /// It could not be recorded; that is not tried again.
    unrecordable: bool,
    reports: (mpsc::Sender<Arrival>, mpsc::Receiver<Arrival>),
    /// Who is told of it as a whole: the first party's.
    status: Option<(Teller, ConferenceStatus)>,
    /// Why it is over, in the words of TwiML's status callbacks.
    ending: &'static str,
    announcements: Announcements,
    /// Until what is announced has been heard.
    heard: Option<Pin<Box<Sleep>>>,
}

impl Room {
    pub(super) fn new(id: ConferenceId, key: Key, media: &MediaHandle, house: Arc<dyn House>) -> Self {
        Self {
            id,
            key,
            opened_at: house.now_us(),
            house,
            media: media.open_call(mpsc::channel(MEDIA_EVENTS).0),
            mix: media.open_mix(),
            seats: Vec::new(),
            begun: false,
            recording: None,
            unrecordable: false,
            reports: mpsc::channel(REPORTS),
            status: None,
            ending: LAST_LEFT,
            announcements: Announcements::default(),
            heard: None,
        }
    }

    /// Where its members hear each other.
    pub(super) fn mix(&self) -> MixId {
        self.mix
    }

    pub(super) async fn run(mut self, conferences: Conferences, mut orders: mpsc::Receiver<Order>) {
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return,
                },
                report = self.reports.1.recv() => if let Some(Arrival::Voice(Input::Recording(_, event))) = report {
                    self.recorded(event).await;
                },
                () = over(&mut self.heard) => self.announce(),
            }
            if self.seats.is_empty() {
                self.over();
                if conferences.close(&self.key, &orders) {
                    return;
                }
            }
        }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Enter(number, member) => self.enter(number, member).await,
            Order::Leave(number) => {
                if let Some(index) = self.seats.iter().position(|seat| seat.number == number) {
                    self.leaves(index).await;
                }
            }
            Order::Look(reply) => drop(reply.send(self.shown())),
            Order::Change(call, change, reply) => drop(reply.send(self.change(call, change).await)),
            Order::Remove(call, reply) => drop(reply.send(self.remove(call).await)),
            Order::Announce(audio, only, reply) => {
                let taken = self.announcements.add(audio, only);
                if self.announcements.is_silent() {
                    self.announce();
                }
                let _ = reply.send(taken);
            }
            Order::PauseRecording(number, at, mode) => {
                if let Some(recording) = self.recording.as_ref().filter(|recording| recording.owner == number) {
                    recording.orders.change(at, mode);
                }
            }
            Order::End => {
                self.ending = "conference-ended-via-api";
                self.end().await;
            }
        }
    }

    async fn enter(&mut self, number: u64, member: Box<Member>) {
        // Who is in may have allowed fewer, or more: each one's own word counts when it enters.
        if self.seats.len() >= member.terms.max_participants as usize {
            return member.tell(ConferenceEvent::Full).await;
        }
        member.media.come_to(&self.media);
        if self.begun && member.terms.beep.on_enter() {
            self.beep();
        }
        let membership = Membership { muted: member.terms.muted, held: false, coach: member.terms.coach };
        let begins = !self.begun && member.terms.start_on_enter;
        member.tell(ConferenceEvent::Entered(self.id)).await;
        if self.status.is_none() {
            self.status = member.teller.clone().zip(member.terms.status.clone());
        }
        self.seats.push(Seat { number, member, membership, entered_at: self.house.now_us() });
        if begins {
            self.begun = true;
            self.tell(EventKind::ConferenceStarted, None);
            self.tell_status(|status| status.tells_start, "conference-start", None);
        }
        let entered = if begins { 0..self.seats.len() } else { self.seats.len() - 1..self.seats.len() };
        if self.begun {
            self.arrange();
            for index in entered.clone() {
                let Some(seat) = self.seats.get(index) else { continue };
                seat.member.tell(ConferenceEvent::Joined).await;
                self.tell(EventKind::ConferenceJoined, Some(index));
            }
            self.record();
        } else {
            for seat in self.seats.get(entered).unwrap_or_default() {
                seat.member.tell(ConferenceEvent::Waiting).await;
            }
        }
    }

    /// Who hears whom, of those that are not held.
    fn arrange(&self) {
        // Of one that has gone the leaving is on its way here.
        let is_in = |seat: &&Seat| !seat.membership.held && !seat.member.has_gone.load(Ordering::Acquire);
        for seat in self.seats.iter().filter(is_in) {
            seat.member.media.mix(seat.member.port, self.mix, self.voice_of(seat));
        }
    }

    fn voice_of(&self, seat: &Seat) -> Voice {
        match seat.membership {
            Membership { muted: true, .. } => Voice::Muted,
            Membership { coach: None, .. } => Voice::Heard,
            // Whom it coaches is not in, or hears nobody: then nobody hears it.
            Membership { coach: Some(call), .. } => {
                let coached = self.seats.iter().find(|other| other.member.call_id == call && !other.membership.held);
                coached.map_or(Voice::Muted, |coached| Voice::By(coached.member.port))
            }
        }
    }

    fn beep(&self) {
        for seat in self.seats.iter().filter(|seat| !seat.membership.held) {
            seat.member.media.beep(seat.member.port, ToneSpec::beep());
        }
    }

    /// A member goes, by itself or taken out.
    async fn leaves(&mut self, index: usize) -> Box<Member> {
        if self.begun {
            self.tell(EventKind::ConferenceLeft, Some(index));
        }
        let Seat { member, number, .. } = self.seats.remove(index);
        // By now it may be connected with somebody else.
        member.media.unmix(member.port, self.mix);
        if let Some(recording) = self.recording.as_ref().filter(|recording| recording.owner == number) {
            // Nobody else could let it go on.
            recording.orders.change(self.house.now(), None);
        }
        if member.terms.end_on_exit {
            self.ending = "participant-with-end-conference-on-exit-left";
            self.end().await;
        } else if self.begun {
            // A coach whose trainee has gone is heard by nobody.
            self.arrange();
            if member.terms.beep.on_exit() {
                self.beep();
            }
        }
        member
    }

    async fn end(&mut self) {
        while let Some(last) = self.seats.len().checked_sub(1) {
            if self.begun {
                self.tell(EventKind::ConferenceLeft, Some(last));
            }
            let Seat { member, .. } = self.seats.remove(last);
            member.media.unmix(member.port, self.mix);
            member.tell(ConferenceEvent::Ended).await;
        }
    }

    /// Whoever enters it after this finds it as new.
    fn over(&mut self) {
        if std::mem::take(&mut self.begun) {
            self.tell(EventKind::ConferenceEnded, None);
            self.tell_status(|status| status.tells_end, "conference-end", Some(self.ending));
        }
        (self.status, self.ending) = (None, LAST_LEFT);
        self.recording = None;
        self.unrecordable = false;
        (self.announcements, self.heard) = (Announcements::default(), None);
    }

    async fn remove(&mut self, call: CallId) -> bool {
        let Some(index) = self.seats.iter().position(|seat| seat.member.call_id == call) else { return false };
        let member = self.leaves(index).await;
        member.tell(ConferenceEvent::Removed).await;
        true
    }

    async fn change(&mut self, call: CallId, change: wire::UpdateConferenceMember) -> Option<wire::ConferenceMember> {
        let begun = self.begun;
        let seat = self.seats.iter_mut().find(|seat| seat.member.call_id == call)?;
        let before = seat.membership;
        let wire::UpdateConferenceMember { muted, held, coach } = change;
        seat.membership = Membership {
            muted: muted.unwrap_or(before.muted),
            held: held.unwrap_or(before.held),
            coach: coach.unwrap_or(before.coach),
        };
        if seat.membership.held && !before.held && begun {
            seat.member.media.unmix(seat.member.port, self.mix);
        }
        let (membership, shown) = (seat.membership, shown(seat));
        if membership != before {
            seat.member.tell(ConferenceEvent::Changed(membership)).await;
        }
        if begun {
            self.arrange();
        }
        Some(shown)
    }

    /// The next piece of what is announced, once the one before has been heard.
    fn announce(&mut self) {
        self.heard = self.announcements.next().map(|(piece, lasts)| {
            self.play(&piece.audio, piece.only);
            Box::pin(tokio::time::sleep(lasts))
        });
    }

    /// All hear it over what they hear, or one of them; so does the recording.
    fn play(&self, audio: &Arc<Asset>, only: Option<CallId>) {
        let hears =
            |seat: &&Seat| self.begun && !seat.membership.held && only.is_none_or(|call| seat.member.call_id == call);
        for seat in self.seats.iter().filter(hears) {
            seat.member.media.play(seat.member.port, audio.clone(), 1);
        }
        if let Some(recording) = self.recording.as_ref().filter(|_| only.is_none()) {
            self.media.play(recording.ear.id(), audio.clone(), 1);
        }
    }

    /// Begins to record where somebody who is in asks for it. It goes on until the conference is over, whoever leaves.
    fn record(&mut self) {
        if self.recording.is_some() || self.unrecordable {
            return;
        }
        let Some(seat) = self.seats.iter().find(|seat| seat.member.terms.record) else { return };
        let ear = self.media.add_ear(LegId::FIRST);
        ear.configure(Agreed {
            codec: Codec::Pcmu,
            payload_type: 0,
            dtmf: None,
            wishes: Wishes::default(),
            direction: Direction::SendOnly,
        });
        self.media.mix(ear.id(), self.mix, Voice::Muted);
        let tap = self.media.tap(ear.id());
        let orders = self.house.record(
            (self.key.0, seat.member.call_id),
            tap,
            seat.member.terms.recording_status_callback.clone(),
            self.reports.0.clone(),
        );
        self.unrecordable = orders.is_none();
        self.recording = orders.map(|orders| Recording { owner: seat.number, id: None, orders, ear });
    }

    /// The recorder reports; the call that asked for it is told while it is in.
    async fn recorded(&mut self, event: RecordingEvent) {
        let Some(recording) = &mut self.recording else { return };
        let owner = recording.owner;
        let event = match event {
            RecordingEvent::Started(id) => {
                recording.id = Some(id);
                ConferenceEvent::Recording(id)
            }
            RecordingEvent::Failed { reason } => {
                (self.recording, self.unrecordable) = (None, true);
                ConferenceEvent::NotRecorded(reason)
            }
            RecordingEvent::Stopped { .. } => return,
        };
        if let Some(seat) = self.seats.iter().find(|seat| seat.number == owner) {
            seat.member.tell(event).await;
        }
    }

    fn tell(&self, kind: EventKind, index: Option<usize>) {
        let mut data = json!({ "conference_id": self.id, "name": self.key.1, "members": self.seats.len() });
        if let Some(seat) = index.and_then(|index| self.seats.get(index)) {
            data["call_id"] = json!(seat.member.call_id);
            data["party"] = json!(seat.member.party);
        }
        self.house.tell(Happened { workspace: self.key.0, kind, data });
    }

    /// In the words of Twilio, as the parties' calls tell what concerns them.
    fn tell_status(&self, wanted: fn(&ConferenceStatus) -> bool, event: &'static str, reason: Option<&'static str>) {
        let Some((tell, _)) = self.status.as_ref().filter(|(_, status)| wanted(status)) else { return };
        let mut told = vec![
            ("StatusCallbackEvent", event.to_owned()),
            ("FriendlyName", self.key.1.clone()),
            ("ConferenceSid", self.id.to_string()),
        ];
        told.extend(reason.map(|reason| ("ReasonConferenceEnded", reason.to_owned())));
        tell(told);
    }

    fn shown(&self) -> wire::LiveConference {
        wire::LiveConference {
            id: self.id,
            name: self.key.1.clone(),
            begun: self.begun,
            opened_at: rfc3339(self.opened_at),
            recording_id: self.recording.as_ref().and_then(|recording| recording.id),
            members: self.seats.iter().map(shown).collect(),
        }
    }
}

async fn over(heard: &mut Option<Pin<Box<Sleep>>>) {
    match heard {
        Some(heard) => heard.await,
        None => std::future::pending().await,
    }
}

fn shown(seat: &Seat) -> wire::ConferenceMember {
    let Membership { muted, held, coach } = seat.membership;
    wire::ConferenceMember {
        call_id: seat.member.call_id,
        party: seat.member.party.clone(),
        label: seat.member.terms.label.clone(),
        muted,
        held,
        coach,
        end_on_exit: seat.member.terms.end_on_exit,
        entered_at: rfc3339(seat.entered_at),
    }
}

impl Member {
    async fn tell(&self, event: ConferenceEvent) {
        // A call that is over needs no telling; its leaving is on the way.
        let _ = self.inbox.send(Arrival::Voice(Input::Conference(self.stay, event))).await;
    }
}
