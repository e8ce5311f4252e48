//! One call: what the page may do with it and what happens to it.

use core::pin::pin;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::Promise;
use sip::phone::{Millis, SessionId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::browser::{Media, Told};
use super::client::Client;
use super::devices::refused;
use super::hub::Hub;
use super::js::{self, Deferred};
use super::mending::{Offering, applied, described};
use super::timer::{self, Timer};
use super::turns::Turns;
use super::wait;
use crate::call_state::CallState;
use crate::fault::Fault;
use crate::lifeline::Lifeline;
use crate::reason::{EndReason, Ended};
use crate::tones::Tones;

/// Digits that RFC 4733 knows, and the pause of RTCDTMFSender.
const DIGITS: &str = "0123456789*#ABCDabcd,";

/// SIP statuses that say why we end a call.
pub(crate) const DECLINE: u16 = 603;
pub(crate) const BUSY: u16 = 486;
pub(crate) const UNAVAILABLE: u16 = 480;
pub(crate) const NOT_ACCEPTABLE: u16 = 488;
const TIMED_OUT: u16 = 408;

pub(crate) struct Call {
    pub(crate) client: Weak<Client>,
    /// None until the INVITE is on its way: the microphone is asked for first.
    pub(crate) session: Cell<Option<SessionId>>,
    /// Names it within the page.
    pub(crate) id: String,
    /// The server's `HD_…`, once it told.
    pub(crate) server_id: RefCell<Option<String>>,
    pub(crate) incoming: bool,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) state: Cell<CallState>,
    pub(crate) events: Hub,
    pub(crate) media: RefCell<Option<Media>>,
    /// Told by the media.
    pub(crate) on_media: RefCell<Option<Told>>,
    pub(crate) tones: RefCell<Tones<Deferred>>,
    /// The description in an INVITE that waits for our answer.
    pub(crate) offered: RefCell<Option<String>>,
    /// Of the page's clock; none before the answer.
    pub(crate) answered_at: Cell<Option<Millis>>,
    /// Fixed at the end.
    pub(crate) duration_s: Cell<u32>,
    pub(crate) muted: Cell<bool>,
    /// By us.
    pub(crate) held: Cell<bool>,
    /// It rings while another call is up.
    pub(crate) waiting: Cell<bool>,
    /// Talk before this page took it over.
    pub(crate) carried: Cell<Millis>,
    /// Constraints of its microphone.
    pub(crate) audio: RefCell<JsValue>,
    /// What the caller's page says with it.
    pub(crate) custom_headers: JsValue,
    pub(crate) lifeline: RefCell<Lifeline>,
    /// Fires when what is lost does not come back.
    pub(crate) given_up: RefCell<Option<Timer>>,
    /// Offers of ours in the established call, one at a time, and the one that waits for its answer.
    pub(crate) offers: Turns,
    pub(crate) offering: RefCell<Option<Offering>>,
    /// A new way for the audio is looked for.
    pub(crate) mending: Cell<bool>,
    /// Looking has to begin anew.
    pub(crate) mend_due: Cell<bool>,
    /// A transfer that was asked for, and who waits for the answer.
    pub(crate) transferring: RefCell<Option<Deferred>>,
    /// The levels are read.
    pub(crate) metering: Cell<bool>,
    /// Resolved at the end; whatever waits for the browser on behalf of the call waits for this too.
    pub(crate) over: Deferred,
}

impl Call {
    /// Advances the state machine; true when the page is to be told.
    pub(crate) fn step(&self, step: fn(&mut CallState) -> bool) -> bool {
        let mut state = self.state.get();
        let tell = step(&mut state);
        self.state.set(state);
        tell
    }

    /// Started seconds since the answer, as the call's record counts them.
    pub(crate) fn duration_s(&self) -> u32 {
        match (self.state.get(), self.answered_at.get()) {
            (CallState::Ended, _) | (_, None) => self.duration_s.get(),
            (_, Some(since)) => started_seconds(self.carried.get() + timer::now().saturating_sub(since)),
        }
    }

    /// Does `work` unless the call ends before.
    pub(crate) async fn while_open<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        wait::unless(self.over.promise(), pin!(work)).await
    }

    /// 180 or 183; with a description it is early media (announcements, ringback of the network).
    pub(crate) fn on_ringing(&self, sdp: &str) {
        if self.step(CallState::ring) {
            self.events.emit("ringing", JsValue::UNDEFINED);
        }
        if let Some(media) = self.media.borrow().as_ref().filter(|_| !sdp.is_empty()) {
            media.accept_early(sdp);
        }
    }

    /// The 200 to our INVITE.
    pub(crate) fn on_answered(self: &Rc<Self>, sdp: String) {
        let Some(media) = self.media.borrow().clone() else { return };
        let (call, at) = (self.clone(), timer::now());
        spawn_local(async move {
            match call.while_open(applied(media.accept_answer(&sdp))).await {
                Some(Ok(_)) => call.now_active(at),
                Some(Err(_)) => call.give_up(NOT_ACCEPTABLE),
                None => {}
            }
        });
    }

    /// Answered `at`, which the browser may need a moment to act on.
    fn now_active(self: &Rc<Self>, at: Millis) {
        if self.step(CallState::answer) {
            self.answered_at.set(Some(at));
            self.waiting.set(false);
            self.events.emit("answered", JsValue::UNDEFINED);
            self.watch_quality();
        }
    }

    /// Always the last thing that happens.
    pub(crate) fn on_ended(&self, ended: &Ended) {
        self.duration_s.set(self.duration_s());
        if !self.step(CallState::end) {
            return;
        }
        self.release();
        drop(self.offered.take());
        drop(self.given_up.take());
        let told = js::object(&[
            ("reason", ended.reason.as_str().into()),
            ("code", ended.code.into()),
            ("error", ended.error.clone().into()),
            ("durationSeconds", self.duration_s.get().into()),
        ]);
        if ended.reason.is_failure() {
            self.events.emit("failed", told.clone());
        }
        self.events.emit("ended", told);
    }

    /// Answers an incoming call. What is up meanwhile is held, unless the options say otherwise.
    pub(crate) async fn accept(self: &Rc<Self>, options: &JsValue) -> Result<(), JsValue> {
        let wrong = || js::error(&Fault::WrongState);
        let client = self.client.upgrade().ok_or_else(wrong)?;
        if !self.step(CallState::accept) {
            return Err(wrong());
        }
        let offered = self.offered.borrow_mut().take().ok_or_else(wrong)?;
        client.make_way(self, options);
        let answer = match self.while_open(self.prepare_answer(&client, &offered, options)).await {
            Some(Ok(answer)) => answer,
            Some(Err(thrown)) => {
                // Other devices of the same number may still be picked up.
                self.give_up(UNAVAILABLE);
                return Err(thrown);
            }
            // The caller gave up, or the page hung up.
            None => return Err(wrong()),
        };
        let session = self.session.get().ok_or_else(wrong)?;
        if !client.answer(session, 200, Some(answer)) {
            return Err(wrong());
        }
        self.now_active(timer::now());
        Ok(())
    }

    async fn prepare_answer(
        self: &Rc<Self>,
        client: &Client,
        offer: &str,
        options: &JsValue,
    ) -> Result<String, JsValue> {
        let media = self.open_media(client, options).await?;
        described(media.answer(offer)).await
    }

    /// Microphone, connection and loudspeaker, as the call's own options and the client's want them.
    pub(crate) async fn open_media(self: &Rc<Self>, client: &Client, options: &JsValue) -> Result<Media, JsValue> {
        let audio = client.option(options, "audio");
        let need = client.option(options, "microphone").as_string().unwrap_or_default();
        drop(self.audio.replace(audio.clone()));
        let call = Rc::downgrade(self);
        let told = Told::new(move |what: String, tone: Option<String>| {
            if let Some(call) = call.upgrade() {
                call.on_media(&what, &tone.unwrap_or_default());
            }
        });
        let media = Media::new(&self.over.promise(), told.as_ref());
        drop(self.on_media.replace(Some(told)));
        let (input, output) = (client.input.borrow().clone(), client.output.borrow().clone());
        let opened = media.open(&client.ice_servers(), &audio, &need, input.as_deref(), output.as_deref());
        js::wait(opened).await.map_err(|thrown| refused(&thrown))?;
        media.mute(self.muted.get());
        drop(self.media.replace(Some(media.clone())));
        Ok(media)
    }

    fn on_media(self: &Rc<Self>, what: &str, tone: &str) {
        match what {
            "tone" => {
                let gone = self.tones.borrow_mut().changed(tone);
                gone.iter().for_each(Deferred::resolve);
            }
            "unplugged" => {
                let call = self.clone();
                spawn_local(async move {
                    let _ = call.while_open(call.clone().on_unplugged()).await;
                });
            }
            _ => self.on_audio(what == "connected"),
        }
    }

    /// The peer offers again (hold, ICE restart, a transfer on its side).
    pub(crate) fn on_reoffer(self: &Rc<Self>, session: SessionId, offer: String) {
        let (Some(client), Some(media)) = (self.client.upgrade(), self.media.borrow().clone()) else { return };
        let call = self.clone();
        spawn_local(async move {
            let (status, answer) = match call.while_open(described(media.answer(&offer))).await {
                Some(Ok(answer)) => (200, Some(answer)),
                Some(Err(_)) => (NOT_ACCEPTABLE, None),
                None => return,
            };
            // The call may have ended meanwhile.
            client.answer(session, status, answer);
        });
    }

    /// Ends the call in whatever way its state allows. The microphone is free at once; `ended` does not wait for the
    /// network either.
    pub(crate) fn give_up(&self, status: u16) {
        let before = self.state.get();
        if before == CallState::Ended {
            return;
        }
        if let Some(client) = self.client.upgrade() {
            if let Some(session) = self.session.get() {
                client.hang_up(session, status);
            }
            client.forget(self);
        }
        let (reason, code) = match before {
            CallState::Active if status != DECLINE => (EndReason::Failed, status),
            CallState::Active => (EndReason::LocalHangup, 200),
            // What the far side described cannot be used.
            CallState::Dialing | CallState::Ringing if status == NOT_ACCEPTABLE => (EndReason::Failed, status),
            CallState::Incoming | CallState::Accepting => (EndReason::Rejected, status),
            _ => (EndReason::Canceled, 487),
        };
        self.on_ended(&Ended { reason, code, error: None });
    }

    /// The network did not come back, or the call is not known any more.
    pub(crate) fn lose(&self) {
        if let Some(client) = self.client.upgrade() {
            if let Some(session) = self.session.get() {
                client.hang_up(session, TIMED_OUT);
            }
            client.forget(self);
        }
        self.on_ended(&Ended { reason: EndReason::NetworkLost, code: TIMED_OUT, error: None });
    }

    /// It never got on its way, which the promise of `client.call()` tells: no event.
    pub(crate) fn abandon(&self) {
        if let Some(client) = self.client.upgrade() {
            client.forget(self);
        }
        if self.step(CallState::end) {
            self.release();
        }
    }

    /// Gives the microphone back and ends whatever waits.
    fn release(&self) {
        self.media.take().inspect(Media::close);
        drop(self.on_media.take());
        let unsent = self.tones.borrow_mut().give_up();
        unsent.iter().for_each(|done| done.refuse(&Fault::WrongState));
        self.over.resolve();
    }

    pub(crate) fn mute(&self, muted: bool) {
        if let Some(media) = &*self.media.borrow() {
            media.mute(muted);
        }
        if self.muted.replace(muted) != muted {
            self.events.emit("muted", js::object(&[("muted", muted.into())]));
        }
    }

    /// The promise settles when the last of the digits has gone.
    pub(crate) fn send_dtmf(&self, digits: &str) -> Promise {
        if digits.is_empty() || !digits.chars().all(|digit| DIGITS.contains(digit)) {
            return Promise::reject(&js::error(&Fault::DigitsInvalid));
        }
        let media = self.media.borrow().clone().filter(|_| self.state.get() == CallState::Active);
        if !media.is_some_and(|media| media.press(digits)) {
            return Promise::reject(&js::error(&Fault::WrongState));
        }
        let done = Deferred::new();
        let promise = done.promise();
        self.tones.borrow_mut().add(digits, done);
        promise
    }

    pub(crate) fn stats(&self) -> Promise {
        match &*self.media.borrow() {
            Some(media) => media.stats(),
            None => Promise::reject(&js::error(&Fault::WrongState)),
        }
    }

    pub(crate) fn reject(&self, reason: Option<&str>) {
        self.give_up(match reason {
            Some("busy") => BUSY,
            Some("unavailable") => UNAVAILABLE,
            _ => DECLINE,
        });
    }
}

fn started_seconds(time: Millis) -> u32 {
    u32::try_from(time.div_ceil(1000)).unwrap_or(u32::MAX)
}
