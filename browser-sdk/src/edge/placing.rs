//! Calls of the page's: from `client.call()` to the INVITE, and how every call is filed.
//!
//! The call is there from the first step, in `client.calls`, so that there is something to hang up while the browser asks
//! for the microphone. One is placed at a time: a key that repeats must not ring twice.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use sip::message::{HeaderName, Uri};
use sip::ua::{Body, Credentials, Invite, SessionId};
use wasm_bindgen::prelude::*;

use super::call::{Call, Offered, no_headers};
use super::client::{Client, ClientState, Entry};
use super::connection::GATEWAY;
use super::exports;
use super::hub::Hub;
use super::js::{self, Deferred};
use super::media::Media;
use super::timer;
use crate::address;
use crate::call_state::CallState;
use crate::fault::Fault;

/// What the page wants.
struct Order {
    target: Uri,
    /// Shown as `call.from`, and the value of P-Preferred-Identity.
    from: Option<(String, String)>,
    audio: JsValue,
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
        let (call, object) = self.add_call(None, CallState::Dialing, from, shown, None);
        let placed = call.while_open(self.place(&call, order)).await;
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
        let domain = self.session.borrow().as_ref().map(|session| session.domain.clone());
        let domain = domain.ok_or(Fault::NotConnected)?;
        let target = address::target(destination, &domain).ok_or(Fault::DestinationInvalid)?;
        let from = match js::text(options, "from") {
            Some(from) => {
                let identity = address::preferred_identity(&from, &domain).ok_or(Fault::FromInvalid)?;
                Some((from, identity))
            }
            None => None,
        };
        let own = js::get(options, "audio");
        let audio = if own.is_object() { own } else { self.audio() };
        Ok(Order { target, from, audio })
    }

    /// Token, microphone, offer, INVITE.
    async fn place(self: &Rc<Self>, call: &Rc<Call>, order: Order) -> Result<(), JsValue> {
        self.ensure_fresh_token().await?;
        let media = Media::open(&self.ice_servers(), &order.audio).await?;
        media.mute(call.muted.get());
        *call.media.borrow_mut() = Some(media.clone());
        let sdp = media.offer().await?;
        let flow = self.socket.borrow().as_ref().map(|socket| socket.flow);
        let (Some(flow), Some((aor, token))) = (flow, self.credentials()) else {
            return Err(js::error(&Fault::NotConnected));
        };
        let to = format!("<{}>", order.target);
        let mut invite = Invite::new(self.path(flow), order.target, format!("<{aor}>"), to, Some(Body::sdp(sdp)));
        invite.party = GATEWAY;
        invite.headers = no_headers();
        if let Some((_, identity)) = order.from {
            invite.headers.push(HeaderName::PPreferredIdentity, identity);
        }
        invite.auth = Some(Credentials::Bearer(token));
        let session = self.ua.borrow_mut().invite(timer::now(), invite);
        call.session.set(Some(session));
        self.pump();
        Ok(())
    }

    /// Files a call and makes its JavaScript object.
    pub(crate) fn add_call(
        self: &Rc<Self>,
        session: Option<SessionId>,
        state: CallState,
        from: String,
        to: String,
        offered: Option<Offered>,
    ) -> (Rc<Call>, JsValue) {
        let call = Rc::new(Call {
            client: Rc::downgrade(self),
            session: Cell::new(session),
            id: js::random_name(),
            server_id: RefCell::default(),
            incoming: state == CallState::Incoming,
            from,
            to,
            state: Cell::new(state),
            events: Hub::default(),
            media: RefCell::default(),
            offered: RefCell::new(offered),
            answered_at: Cell::new(None),
            duration_s: Cell::new(0),
            muted: Cell::new(false),
            over: Deferred::new(),
        });
        let shown: JsValue = exports::Call::of(call.clone()).into();
        self.calls.borrow_mut().push(Entry { call: call.clone(), shown: shown.clone() });
        (call, shown)
    }
}
