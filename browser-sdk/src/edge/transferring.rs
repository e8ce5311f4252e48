//! Handing a call over: the other side is connected with somebody else by the gateway (REFER, RFC 3515).

use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::call::{Call, DECLINE};
use super::js::{self, Deferred};
use super::timer;
use crate::address;
use crate::call_state::CallState;
use crate::fault::Fault;
use crate::transfer::{self, Progress};

impl Call {
    /// Asks the gateway for it; settles when it has agreed, and `transfer` tells what comes of it.
    pub(crate) async fn transfer(self: &Rc<Self>, to: &str) -> Result<(), JsValue> {
        let agreed = self.refer(to).map_err(|fault| js::error(&fault))?;
        let agreed = self.while_open(js::wait(agreed.promise())).await;
        agreed.unwrap_or_else(|| Err(js::error(&Fault::WrongState)))?;
        Ok(())
    }

    fn refer(self: &Rc<Self>, to: &str) -> Result<Deferred, Fault> {
        let client = self.client.upgrade().ok_or(Fault::WrongState)?;
        let session = self.session.get().filter(|_| self.state.get() == CallState::Active).ok_or(Fault::WrongState)?;
        let domain = client.domain().ok_or(Fault::WrongState)?;
        let target = address::target(to, &domain).ok_or(Fault::DestinationInvalid)?;
        if self.transferring.borrow().is_some() {
            // One at a time, as the gateway has it too: a NOTIFY does not say of which it tells.
            return Err(Fault::WrongState);
        }
        let agreed = Deferred::new();
        drop(self.transferring.replace(Some(agreed.clone())));
        if !client.phone.borrow_mut().refer(timer::now(), session, &target) {
            drop(self.transferring.take());
            return Err(Fault::WrongState);
        }
        client.pump();
        Ok(agreed)
    }

    /// The answer to our REFER.
    pub(crate) fn on_refer_answered(&self, status: u16) {
        let agreed = self.transferring.take();
        match agreed {
            Some(agreed) if (200..300).contains(&status) => agreed.resolve(),
            Some(agreed) => agreed.refuse(&Fault::ChangeRefused(status)),
            None => {}
        }
    }

    /// A NOTIFY of the transfer.
    pub(crate) fn on_notify(&self, sipfrag: &str) {
        let Some((progress, code)) = transfer::progress(sipfrag) else { return };
        let told = js::object(&[("state", progress.as_str().into()), ("code", code.into())]);
        self.events.emit("transfer", told);
        if progress == Progress::Done {
            // Whoever hands a call over leaves it (RFC 5589 §6.1).
            self.give_up(DECLINE);
        }
    }
}
