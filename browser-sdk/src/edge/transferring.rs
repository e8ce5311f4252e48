//! Handing a call over: the other side is connected with somebody else by the gateway (REFER, RFC 3515).

use std::rc::Rc;

use sip::message::{HeaderName, Headers, Method, StatusCode};
use sip::ua::TransactionId;
use wasm_bindgen::prelude::*;

use super::call::Call;
use super::client::Client;
use super::js::{self, Deferred};
use super::timer;
use crate::address;
use crate::call_state::CallState;
use crate::fault::Fault;
use crate::transfer::{self, Progress};

impl Call {
    /// Asks the gateway for it; settles when it has agreed, and `transfer` tells what comes of it.
    pub(crate) async fn transfer(self: &Rc<Self>, to: &str) -> Result<(), JsValue> {
        let wrong = || js::error(&Fault::WrongState);
        let client = self.client.upgrade().ok_or_else(wrong)?;
        let session = self.session.get().filter(|_| self.state.get() == CallState::Active).ok_or_else(wrong)?;
        let domain = client.session.borrow().as_ref().map(|session| session.domain.clone()).ok_or_else(wrong)?;
        let target = address::target(to, &domain).ok_or_else(|| js::error(&Fault::DestinationInvalid))?;
        if self.transferring.borrow().is_some() {
            // One at a time, as the gateway has it too: a NOTIFY does not say of which it tells.
            return Err(wrong());
        }
        let mut headers = Headers::new();
        headers.push(HeaderName::ReferTo, format!("<{target}>"));
        let sent = client.ua.borrow_mut().request_in_dialog(timer::now(), session, Method::Refer, headers, None);
        let agreed = Deferred::new();
        let promise = agreed.promise.clone();
        drop(self.transferring.replace(Some((sent.map_err(|_| wrong())?, agreed))));
        client.pump();
        let agreed = self.while_open(wasm_bindgen_futures::JsFuture::from(promise)).await;
        agreed.unwrap_or_else(|| Err(wrong()))?;
        Ok(())
    }

    /// A NOTIFY of the transfer.
    pub(crate) fn on_notify(&self, sipfrag: &str) {
        let Some((progress, code)) = transfer::progress(sipfrag) else { return };
        let told = js::object([("state", progress.as_str().into()), ("code", code.into())]);
        self.events.emit("transfer", told);
        if progress == Progress::Done {
            // Whoever hands a call over leaves it (RFC 5589 §6.1).
            self.give_up(StatusCode::DECLINE);
        }
    }
}

impl Client {
    /// The answer to a REFER of ours, by its status.
    pub(crate) fn on_answer(&self, transaction: TransactionId, status: u16) {
        let calls: Vec<_> = self.calls.borrow().iter().map(|entry| entry.call.clone()).collect();
        for call in calls {
            let agreed = call.transferring.borrow_mut().take_if(|(asked, _)| *asked == transaction);
            match agreed {
                Some((_, agreed)) if (200..300).contains(&status) => agreed.resolve(),
                Some((_, agreed)) => agreed.reject(&Fault::ChangeRefused(status)),
                None => {}
            }
        }
    }
}
