//! The keys of one call: RFC 4733 events by the browser's `RTCDTMFSender`.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use web_sys::{RtcPeerConnection, RtcRtpSender, RtcdtmfSender};

use super::js::{self, Deferred};
use crate::fault::Fault;
use crate::tones::Tones;

/// Takes an `RTCDTMFToneChangeEvent`.
type ToneHandler = Closure<dyn FnMut(JsValue)>;

pub(super) struct Dialpad {
    sender: Option<RtcdtmfSender>,
    tones: Rc<RefCell<Tones<Deferred>>>,
    on_tone: RefCell<Option<ToneHandler>>,
}

impl Dialpad {
    /// Of the connection's one audio sender.
    pub(super) fn of(peer: &RtcPeerConnection) -> Self {
        let senders = peer.get_senders();
        let sender = senders.iter().find_map(|sender| sender.unchecked_into::<RtcRtpSender>().dtmf());
        let tones = Rc::<RefCell<Tones<Deferred>>>::default();
        let mut on_tone = None;
        if let Some(sender) = &sender {
            let tones = tones.clone();
            let handler = ToneHandler::new(move |event: JsValue| {
                let gone = tones.borrow_mut().changed(&js::text(&event, "tone").unwrap_or_default());
                gone.iter().for_each(Deferred::resolve);
            });
            sender.set_ontonechange(Some(handler.as_ref().unchecked_ref()));
            on_tone = Some(handler);
        }
        Self { sender, tones, on_tone: RefCell::new(on_tone) }
    }

    /// Puts digits behind those that wait; `None` when the peer takes none (yet).
    pub(super) fn press(&self, digits: &str) -> Option<Promise> {
        let sender = self.sender.as_ref()?;
        // Until the sound is connected, inserting throws.
        if js::get(sender, "canInsertDTMF").as_bool() == Some(false) {
            return None;
        }
        let done = Deferred::new();
        // Nobody has to wait for the tones: a rejection that is not looked at is none that the page failed to handle.
        let promise = done.handled();
        self.tones.borrow_mut().add(digits, done);
        // The browser's buffer is replaced, not extended.
        sender.insert_dtmf(&(sender.tone_buffer() + digits));
        Some(promise)
    }

    /// The call is over: what waits is never sent.
    pub(super) fn close(&self) {
        if let Some(sender) = &self.sender {
            sender.set_ontonechange(None);
        }
        self.on_tone.borrow_mut().take();
        let waiting = self.tones.borrow_mut().give_up();
        waiting.iter().for_each(|done| done.reject(&Fault::WrongState));
    }
}
