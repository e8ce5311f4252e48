//! Changing a call that stands: on hold and off, and a new way for its audio when the old one is gone.
//!
//! Every change is an offer of ours (re-INVITE, RFC 3261 §14). They go one at a time; one that meets an offer of the other
//! side waits and goes again.

use std::rc::Rc;

use js_sys::Promise;
use sip::phone::{Millis, NotNow};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::browser;
use super::call::Call;
use super::client::ClientState;
use super::js::{self, Deferred};
use super::timer::{self, Timer};
use crate::call_state::CallState;
use crate::fault::Fault;
use crate::lifeline::Change;
use crate::offer;

/// Tries of one change before it counts as refused.
const MOST_TRIES: u8 = 5;
/// Wait when another offer is under way, milliseconds: its answer takes a round trip.
const BUSY_MS: i32 = 250;
/// A new way that is not there by now is looked for again, milliseconds: ICE and DTLS take two round trips each …
const MEND_MS: i32 = 3_000;
/// … and how often it is looked meanwhile whether the network has changed once more.
const MEND_STEP_MS: i32 = 250;
/// The server gives a lost call up after 30 s; by now it has.
const LOST_LIMIT: Millis = 35_000;

/// An offer of ours that waits for its answer.
pub(crate) struct Offering {
    answered: Deferred,
    outcome: Option<Outcome>,
}

/// A description of ours as it goes on the wire.
pub(crate) async fn described(promise: Promise) -> Result<String, JsValue> {
    let sdp = applied(promise).await?;
    Ok(offer::for_the_wire(&sdp.as_string().unwrap_or_default()))
}

/// What the browser's WebRTC makes of a description.
pub(crate) async fn applied(promise: Promise) -> Result<JsValue, JsValue> {
    js::wait(promise).await.map_err(|thrown| js::error(&Fault::Media(js::message_of(&thrown))))
}

/// What became of an offer.
pub(crate) enum Outcome {
    /// Holds the answer.
    Accepted(String),
    /// With this status; the call goes on as it was.
    Refused(u16),
    /// Both sides offered at once: after this time it may be tried again.
    Collided(Millis),
}

impl Call {
    pub(crate) fn on_outcome(&self, outcome: Outcome) {
        if let Some(offering) = &mut *self.offering.borrow_mut() {
            offering.outcome = Some(outcome);
            offering.answered.resolve();
        }
    }

    /// Puts the call on hold or takes it off. Silent at once; settles when the gateway has agreed.
    pub(crate) async fn hold(self: &Rc<Self>, held: bool) -> Result<(), JsValue> {
        let media = self.media.borrow().clone().filter(|_| self.state.get() == CallState::Active);
        let media = media.ok_or_else(|| js::error(&Fault::WrongState))?;
        if self.held.replace(held) == held {
            return Ok(());
        }
        media.hold(held);
        let agreed = self.offer_anew(false).await;
        if agreed.is_ok() {
            self.events.emit("held", js::object(&[("held", held.into())]));
        } else if self.held.get() == held {
            // Nobody has changed it meanwhile.
            self.held.set(!held);
            media.hold(!held);
        }
        agreed
    }

    /// Offers the session as it is to be now; with `restart` over a new way.
    pub(crate) async fn offer_anew(self: &Rc<Self>, restart: bool) -> Result<(), JsValue> {
        let offered = self.while_open(async {
            let _turn = self.offers.take().await;
            for _ in 0..MOST_TRIES {
                match self.offer_once(restart).await? {
                    None => return Ok(()),
                    Some(wait_ms) => js::settled(browser::sleep(wait_ms)).await,
                }
            }
            Err(js::error(&Fault::ChangeRefused(491)))
        });
        offered.await.unwrap_or_else(|| Err(js::error(&Fault::WrongState)))
    }

    /// Gives the wait before the next try when both sides offered at once.
    async fn offer_once(&self, restart: bool) -> Result<Option<i32>, JsValue> {
        let wrong = || js::error(&Fault::WrongState);
        let client = self.client.upgrade().ok_or_else(wrong)?;
        let media = self.media.borrow().clone().ok_or_else(wrong)?;
        let session = self.session.get().ok_or_else(wrong)?;
        let sdp = described(media.offer(restart)).await?;
        let answered = Deferred::new();
        let promise = answered.promise();
        drop(self.offering.replace(Some(Offering { answered, outcome: None })));
        let sent = client.phone.borrow_mut().offer(timer::now(), session, sdp);
        client.pump();
        if sent.is_ok() {
            js::settled(promise).await;
        }
        let outcome = self.offering.borrow_mut().take().and_then(|offering| offering.outcome);
        let failed = match (sent, outcome) {
            (Ok(()), Some(Outcome::Accepted(answer))) if !answer.is_empty() => {
                return applied(media.accept_answer(&answer)).await.map(|_| None);
            }
            (Ok(()), Some(Outcome::Collided(wait))) => Ok(Some(timer::ms(wait))),
            (Err(NotNow::Pending), _) => Ok(Some(BUSY_MS)),
            (Err(NotNow::Disconnected), _) => Err(js::error(&Fault::ChangeRefused(503))),
            (Ok(()), Some(Outcome::Refused(status))) => Err(js::error(&Fault::ChangeRefused(status))),
            (Ok(()), _) => Err(js::error(&Fault::ChangeRefused(488))),
            (Err(_), _) => Err(wrong()),
        };
        js::settled(media.roll_back()).await;
        failed
    }

    /// The audio's way is there, or gone: then another one is looked for.
    pub(crate) fn on_audio(self: &Rc<Self>, is_up: bool) {
        if self.state.get() != CallState::Active {
            return;
        }
        let change = self.lifeline.borrow_mut().audio(timer::now(), is_up);
        self.tell_lifeline(change);
        if !is_up {
            self.mend();
        }
    }

    /// The connection to the gateway is there, or gone.
    pub(crate) fn on_gateway(self: &Rc<Self>, is_up: bool) {
        if self.state.get() == CallState::Active {
            let change = self.lifeline.borrow_mut().gateway(timer::now(), is_up);
            self.tell_lifeline(change);
        }
    }

    pub(crate) fn tell_lifeline(self: &Rc<Self>, change: Option<Change>) {
        match change {
            Some(Change::Reconnecting) => {
                let call = Rc::downgrade(self);
                let timer = Timer::after(
                    LOST_LIMIT,
                    Box::new(move || {
                        if let Some(call) = call.upgrade() {
                            spawn_local(async move { call.lose() });
                        }
                    }),
                );
                drop(self.given_up.replace(Some(timer)));
                self.events.emit("reconnecting", JsValue::UNDEFINED);
            }
            Some(Change::Reconnected { gap }) => {
                drop(self.given_up.borrow_mut().take());
                self.events.emit("reconnected", js::object(&[("gapMs", (gap as f64).into())]));
            }
            None => {}
        }
    }

    /// Looks for a new way for the audio until there is one. Through the gateway only: while that is away nothing is done, and
    /// its return begins anew.
    pub(crate) fn mend(self: &Rc<Self>) {
        if self.state.get() != CallState::Active {
            return;
        }
        self.mend_due.set(true);
        if self.mending.replace(true) {
            return;
        }
        let call = self.clone();
        spawn_local(async move {
            let _ = call.while_open(call.mend_until_heard()).await;
            call.mending.set(false);
        });
    }

    async fn mend_until_heard(self: &Rc<Self>) {
        loop {
            self.mend_due.set(false);
            let client = self.client.upgrade();
            if client.is_none_or(|client| client.state.get() != ClientState::Registered) {
                return;
            }
            // Refused, or lost with the connection: the next round tries again.
            let _ = self.offer_anew(true).await;
            for _ in 0..MEND_MS / MEND_STEP_MS {
                if !self.mend_due.get() {
                    js::settled(browser::sleep(MEND_STEP_MS)).await;
                }
            }
            if !self.mend_due.get() && self.lifeline.borrow().is_heard() {
                return;
            }
        }
    }
}
