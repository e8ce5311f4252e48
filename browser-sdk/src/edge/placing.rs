//! Calls of the page's: from `client.call()` to the INVITE, and how every call is filed.
//!
//! The call is there from the first step, in `client.calls`, so that there is something to hang up while the browser asks
//! for the microphone. One is placed at a time: a key that repeats must not ring twice.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sip::phone::{Invite, SessionId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::call::{Call, DECLINE};
use super::client::{Client, ClientState, Entry};
use super::exports;
use super::hub::Hub;
use super::js::{self, Deferred};
use super::mending::described;
use super::timer;
use super::turns::Turns;
use crate::address;
use crate::call_state::CallState;
use crate::fault::Fault;
use crate::headers;
use crate::lifeline::Lifeline;

/// What the page wants.
struct Order {
    target: String,
    /// Shown as `call.from`, and the value of P-Preferred-Identity.
    from: Option<(String, String)>,
    custom: Vec<(String, String)>,
}

/// A call that is filed.
pub(crate) struct NewCall {
    pub(crate) session: Option<SessionId>,
    pub(crate) state: CallState,
    pub(crate) incoming: bool,
    pub(crate) from: String,
    pub(crate) to: String,
    /// An object of names and values.
    pub(crate) custom_headers: JsValue,
}

impl Client {
    /// Calls. Asks for the microphone first, so that no phone rings for a call without sound.
    pub(crate) async fn call(self: &Rc<Self>, destination: &str, options: &JsValue) -> Result<JsValue, JsValue> {
        if self.state.get() != ClientState::Registered {
            return Err(js::error(&Fault::NotConnected));
        }
        let order = self.order(destination, options).map_err(|fault| js::error(&fault))?;
        if self.placing.replace(true) {
            return Err(js::error(&Fault::CallInProgress));
        }
        let shown = address::shown(&order.target);
        let from = order.from.as_ref().map_or_else(|| self.identity(), |(number, _)| number.clone());
        let (call, object) = self.add_call(NewCall {
            session: None,
            state: CallState::Dialing,
            incoming: false,
            from,
            to: shown,
            custom_headers: js::get(options, "customHeaders"),
        });
        self.make_way(&call, options);
        let placed = call.while_open(self.place(&call, order, options)).await;
        self.placing.set(false);
        match placed {
            Some(Ok(())) => Ok(object),
            Some(Err(thrown)) => {
                call.abandon();
                Err(thrown)
            }
            None => Err(js::error(&Fault::CallCanceled)),
        }
    }

    fn order(&self, destination: &str, options: &JsValue) -> Result<Order, Fault> {
        let domain = self.domain().ok_or(Fault::NotConnected)?;
        let target = address::target(destination, &domain).ok_or(Fault::DestinationInvalid)?;
        let from = match js::text(options, "from") {
            Some(from) => {
                let identity = address::preferred_identity(&from, &domain).ok_or(Fault::FromInvalid)?;
                Some((from, identity))
            }
            None => None,
        };
        let custom = js::texts(&js::get(options, "customHeaders")).ok_or(Fault::HeaderInvalid)?;
        if !headers::may_send(&custom) {
            return Err(Fault::HeaderInvalid);
        }
        Ok(Order { target, from, custom })
    }

    /// The calls that are up, besides this one.
    pub(crate) fn others_up(&self, besides: Option<&Call>) -> Vec<Rc<Call>> {
        let is_other = |call: &Rc<Call>| !besides.is_some_and(|besides| core::ptr::eq(&**call, besides));
        let calls = self.all_calls().into_iter();
        calls.filter(|call| call.state.get() == CallState::Active && is_other(call)).collect()
    }

    /// What is up is held while `call` begins, or as the option `others` says: nobody talks to two people at once by accident.
    pub(crate) fn make_way(self: &Rc<Self>, call: &Call, options: &JsValue) {
        let others = js::text(options, "others");
        for other in self.others_up(Some(call)) {
            match others.as_deref() {
                Some("keep") => {}
                Some("hangup") => other.give_up(DECLINE),
                _ => spawn_local(async move {
                    // One that can't be held is silent here all the same, or ends by itself.
                    let _ = other.hold(true).await;
                }),
            }
        }
    }

    /// Token, microphone, offer, INVITE.
    async fn place(self: &Rc<Self>, call: &Rc<Call>, order: Order, options: &JsValue) -> Result<(), JsValue> {
        self.ensure_fresh_token().await?;
        let media = call.open_media(self, options).await?;
        let sdp = described(media.offer(false)).await?;
        let (true, Some((address, token))) = (self.socket.borrow().is_some(), self.credentials()) else {
            return Err(js::error(&Fault::NotConnected));
        };
        let mut headers = order.custom;
        if let Some((_, identity)) = order.from {
            headers.insert(0, ("P-Preferred-Identity".to_owned(), identity));
        }
        let invite = Invite { target: order.target, address, token, headers, sdp };
        let session = self.phone.borrow_mut().invite(timer::now(), invite);
        call.session.set(Some(session));
        self.pump();
        Ok(())
    }

    /// Files a call and makes its JavaScript object.
    pub(crate) fn add_call(self: &Rc<Self>, new: NewCall) -> (Rc<Call>, JsValue) {
        let NewCall { session, state, incoming, from, to, custom_headers } = new;
        let call = Rc::new(Call {
            client: Rc::downgrade(self),
            session: Cell::new(session),
            id: js::random_name(),
            server_id: RefCell::default(),
            incoming,
            from,
            to,
            state: Cell::new(state),
            events: Hub::default(),
            media: RefCell::default(),
            offered: RefCell::default(),
            answered_at: Cell::new(None),
            tones: RefCell::default(),
            on_media: RefCell::default(),
            duration_s: Cell::new(0),
            muted: Cell::new(false),
            held: Cell::new(false),
            waiting: Cell::new(false),
            carried: Cell::default(),
            audio: RefCell::default(),
            custom_headers,
            lifeline: RefCell::new(Lifeline::default()),
            given_up: RefCell::default(),
            offers: Turns::default(),
            offering: RefCell::default(),
            mending: Cell::new(false),
            mend_due: Cell::new(false),
            transferring: RefCell::default(),
            metering: Cell::new(false),
            over: Deferred::new(),
        });
        let shown: JsValue = exports::Call::of(call.clone()).into();
        self.calls.borrow_mut().push(Entry { call: call.clone(), shown: shown.clone() });
        (call, shown)
    }
}
