//! The page goes away: what rings or talks is told so, instead of being found dead half a minute later.

use std::rc::{Rc, Weak};

use sip::message::StatusCode;
use wasm_bindgen::prelude::*;

use super::client::Client;
use crate::call_state::CallState;

/// `pagehide` comes when a page is closed, reloaded or left by a link, and messages that are sent from it still go out.
const EVENT: &str = "pagehide";

/// Listens until it is dropped.
pub(crate) struct Leaving(Option<Closure<dyn FnMut()>>);

impl Leaving {
    pub(crate) fn watch(client: Weak<Client>) -> Self {
        let ends = Closure::<dyn FnMut()>::new(move || {
            if let Some(client) = client.upgrade() {
                client.leave();
            }
        });
        let window = web_sys::window();
        let listens = window.is_some_and(|window| {
            window.add_event_listener_with_callback(EVENT, ends.as_ref().unchecked_ref()).is_ok()
        });
        Self(listens.then_some(ends))
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if let (Some(window), Some(ends)) = (web_sys::window(), &self.0) {
            let _ = window.remove_event_listener_with_callback(EVENT, ends.as_ref().unchecked_ref());
        }
    }
}

impl Client {
    /// CANCEL, BYE, or 480 for what rings here: another page or device of the same person may still pick up. Calls that the
    /// page's next self takes over are left alone.
    fn leave(self: &Rc<Self>) {
        let calls: Vec<_> = self.calls.borrow().iter().map(|entry| entry.call.clone()).collect();
        let calls = if self.resumes() { self.leave_calls(calls) } else { calls };
        for call in calls {
            call.give_up(match call.state.get() {
                CallState::Incoming | CallState::Accepting => StatusCode::TEMPORARILY_UNAVAILABLE,
                _ => StatusCode::DECLINE,
            });
        }
    }
}
