//! One call: what the page may do with it and what happens to it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::Promise;
use sip::message::{Headers, StatusCode};
use sip::ua::{Body, Reply, SessionId, TransactionId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::client::Client;
use super::hub::Hub;
use super::js::{self, Deferred};
use super::media::Media;
use super::mending::Offering;
use super::timer::{self, Timer};
use super::turns::Turns;
use super::wait;
use crate::call_state::CallState;
use crate::fault::Fault;
use crate::lifeline::Lifeline;
use crate::reason::{EndReason, Ended};

/// Digits that RFC 4733 knows, and the pause of RTCDTMFSender.
const DIGITS: &str = "0123456789*#ABCDabcd,";

/// An INVITE that waits for our answer.
pub(crate) struct Offered {
    pub(crate) transaction: TransactionId,
    pub(crate) sdp: String,
}

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
    pub(crate) media: RefCell<Option<Rc<Media>>>,
    pub(crate) offered: RefCell<Option<Offered>>,
    /// Of the page's clock; none before the answer.
    pub(crate) answered_at: Cell<Option<core::time::Duration>>,
    /// Fixed at the end.
    pub(crate) duration_s: Cell<u32>,
    pub(crate) muted: Cell<bool>,
    /// By us.
    pub(crate) held: Cell<bool>,
    /// It rings while another call is up.
    pub(crate) waiting: Cell<bool>,
    /// Seconds of talk before this page took it over.
    pub(crate) carried: Cell<core::time::Duration>,
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
    pub(crate) transferring: RefCell<Option<(TransactionId, Deferred)>>,
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
        wait::unless(wait::settled(self.over.promise.clone()), work).await
    }

    /// 180 or 183; with a description it is early media (announcements, ringback of the network).
    pub(crate) fn on_ringing(self: &Rc<Self>, sdp: Option<String>) {
        if self.step(CallState::ring) {
            self.events.emit("ringing", JsValue::UNDEFINED);
        }
        if let (Some(sdp), Some(media)) = (sdp, self.media.borrow().clone()) {
            let call = self.clone();
            spawn_local(async move {
                let _ = call.while_open(media.accept_early(&sdp)).await;
            });
        }
    }

    /// The 200 to our INVITE.
    pub(crate) fn on_answered(self: &Rc<Self>, sdp: String) {
        let Some(media) = self.media.borrow().clone() else { return };
        let (call, at) = (self.clone(), timer::now());
        spawn_local(async move {
            match call.while_open(media.accept_answer(&sdp)).await {
                Some(Ok(())) => call.now_active(at),
                Some(Err(_)) => call.give_up(StatusCode::NOT_ACCEPTABLE_HERE),
                None => {}
            }
        });
    }

    /// Answered `at`, which the browser may need a moment to act on.
    fn now_active(self: &Rc<Self>, at: core::time::Duration) {
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
        if let Some(media) = self.media.borrow_mut().take() {
            media.close();
        }
        self.offered.borrow_mut().take();
        drop(self.given_up.borrow_mut().take());
        self.over.resolve();
        let told = js::object([
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
        let answer = match self.while_open(self.prepare_answer(&client, &offered.sdp, options)).await {
            Some(Ok(answer)) => answer,
            Some(Err(thrown)) => {
                // Other devices of the same number may still be picked up.
                self.give_up(StatusCode::TEMPORARILY_UNAVAILABLE);
                return Err(thrown);
            }
            // The caller gave up, or the page hung up.
            None => return Err(wrong()),
        };
        let reply = Reply::new(StatusCode::OK).body(Body::sdp(answer));
        client.respond(offered.transaction, reply).map_err(|_| wrong())?;
        self.now_active(timer::now());
        Ok(())
    }

    async fn prepare_answer(
        self: &Rc<Self>,
        client: &Client,
        offer: &str,
        options: &JsValue,
    ) -> Result<String, JsValue> {
        self.open_media(client, options).await?.answer(offer).await
    }

    /// Microphone, connection and loudspeaker, as the call's own options and the client's want them.
    pub(crate) async fn open_media(self: &Rc<Self>, client: &Client, options: &JsValue) -> Result<Rc<Media>, JsValue> {
        let wanted = client.wanted(options);
        *self.audio.borrow_mut() = wanted.audio.clone();
        let media = Media::open(&wanted).await?;
        media.mute(self.muted.get());
        let call = Rc::downgrade(self);
        media.watch(move |is_up| {
            if let Some(call) = call.upgrade() {
                call.on_audio(is_up);
            }
        });
        *self.media.borrow_mut() = Some(media.clone());
        self.watch_microphone();
        Ok(media)
    }

    /// The peer offers again (hold, ICE restart, a transfer on its side).
    pub(crate) fn on_reoffer(self: &Rc<Self>, transaction: TransactionId, offer: String) {
        let (Some(client), Some(media)) = (self.client.upgrade(), self.media.borrow().clone()) else { return };
        let call = self.clone();
        spawn_local(async move {
            let reply = match call.while_open(media.answer(&offer)).await {
                Some(Ok(answer)) => Reply::new(StatusCode::OK).body(Body::sdp(answer)),
                Some(Err(_)) => Reply::new(StatusCode::NOT_ACCEPTABLE_HERE),
                None => return,
            };
            // The call may have ended meanwhile.
            let _ = client.respond(transaction, reply);
        });
    }

    /// Ends the call in whatever way its state allows. The microphone is free at once; `ended` does not wait for the
    /// network either.
    pub(crate) fn give_up(&self, status: StatusCode) {
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
            CallState::Active if status.is_failure() && status != StatusCode::DECLINE => {
                (EndReason::Failed, status.code())
            }
            CallState::Active => (EndReason::LocalHangup, 200),
            // What the far side described cannot be used.
            CallState::Dialing | CallState::Ringing if status == StatusCode::NOT_ACCEPTABLE_HERE => {
                (EndReason::Failed, status.code())
            }
            CallState::Incoming | CallState::Accepting => (EndReason::Rejected, status.code()),
            _ => (EndReason::Canceled, 487),
        };
        self.on_ended(&Ended { reason, code, error: None });
    }

    /// The network did not come back, or the call is not known any more.
    pub(crate) fn lose(&self) {
        if let Some(client) = self.client.upgrade() {
            if let Some(session) = self.session.get() {
                client.hang_up(session, StatusCode::REQUEST_TIMEOUT);
            }
            client.forget(self);
        }
        let code = StatusCode::REQUEST_TIMEOUT.code();
        self.on_ended(&Ended { reason: EndReason::NetworkLost, code, error: None });
    }

    /// It never got on its way, which the promise of `client.call()` tells: no event.
    pub(crate) fn abandon(&self) {
        if let Some(client) = self.client.upgrade() {
            client.forget(self);
        }
        if self.step(CallState::end) {
            if let Some(media) = self.media.borrow_mut().take() {
                media.close();
            }
            self.over.resolve();
        }
    }

    pub(crate) fn mute(&self, muted: bool) {
        if let Some(media) = &*self.media.borrow() {
            media.mute(muted);
        }
        if self.muted.replace(muted) != muted {
            self.events.emit("muted", js::object([("muted", muted.into())]));
        }
    }

    /// The promise settles when the last of the digits has gone.
    pub(crate) fn send_dtmf(&self, digits: &str) -> Promise {
        if digits.is_empty() || !digits.chars().all(|digit| DIGITS.contains(digit)) {
            return Promise::reject(&js::error(&Fault::DigitsInvalid));
        }
        let media = self.media.borrow().clone().filter(|_| self.state.get() == CallState::Active);
        let sent = media.and_then(|media| media.send_dtmf(digits));
        sent.unwrap_or_else(|| Promise::reject(&js::error(&Fault::WrongState)))
    }

    pub(crate) fn stats(&self) -> Promise {
        match &*self.media.borrow() {
            Some(media) => media.stats(),
            None => Promise::reject(&js::error(&Fault::WrongState)),
        }
    }

    pub(crate) fn reject(&self, reason: Option<&str>) {
        self.give_up(match reason {
            Some("busy") => StatusCode::BUSY_HERE,
            Some("unavailable") => StatusCode::TEMPORARILY_UNAVAILABLE,
            _ => StatusCode::DECLINE,
        });
    }
}

fn started_seconds(time: core::time::Duration) -> u32 {
    u32::try_from(time.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
}

/// No headers besides the user agent's own.
pub(crate) fn no_headers() -> Headers {
    Headers::new()
}
