//! Peer connection and loudspeaker of one call, and the microphone that it sends.
//!
//! A connection that is closed never settles what was asked of it: whoever waits here waits for the call's end beside it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    HtmlAudioElement, MediaStream, RtcConfiguration, RtcIceGatheringState, RtcPeerConnection, RtcSdpType,
    RtcSessionDescriptionInit, RtcSignalingState, RtcTrackEvent,
};

use super::dialpad::Dialpad;
use super::js::{self, Deferred};
use super::microphone::Microphone;
use super::wait;
use crate::fault::Fault;
use crate::offer;

/// Longest wait for ICE candidates: a silent STUN server must not hold the call up; host candidates are there by then.
const GATHERING_LIMIT_MS: i32 = 2_000;

/// Called with each track that the far side sends.
type TrackHandler = Closure<dyn FnMut(RtcTrackEvent)>;

pub(crate) struct Media {
    peer: RtcPeerConnection,
    microphone: Microphone,
    dialpad: Dialpad,
    /// Done when the description that is being applied is: the next one waits for it, because a peer connection takes
    /// them one by one and refuses the second of two that came in one burst.
    turn: RefCell<Promise>,
    /// The description of the last 183.
    early: RefCell<Option<String>>,
    audio: HtmlAudioElement,
    /// Starts the sound at the next gesture when the browser's autoplay policy held it back.
    unblock: RefCell<Option<Closure<dyn FnMut()>>>,
    on_track: RefCell<Option<TrackHandler>>,
    closed: Cell<bool>,
}

impl Media {
    /// Asks for the microphone and opens a connection that sends it. `audio` are constraints of the page's own.
    pub(crate) async fn open(ice_servers: &JsValue, audio: &JsValue) -> Result<Rc<Self>, JsValue> {
        let microphone = Microphone::open(audio).await.map_err(|fault| js::error(&fault))?;
        Self::connect(ice_servers, microphone).map_err(|thrown| failed(&thrown))
    }

    fn connect(ice_servers: &JsValue, microphone: Microphone) -> Result<Rc<Self>, JsValue> {
        let configuration = RtcConfiguration::new();
        if Array::is_array(ice_servers) {
            configuration.set_ice_servers(ice_servers);
        }
        let peer = RtcPeerConnection::new_with_configuration(&configuration)?;
        let audio = HtmlAudioElement::new()?;
        audio.set_autoplay(true);
        audio.set_attribute("data-sautikit", "call")?;
        // Safari plays elements of the document only.
        if let Some(body) = web_sys::window().and_then(|window| window.document()).and_then(|page| page.body()) {
            body.append_child(&audio)?;
        }
        for track in microphone.tracks() {
            peer.add_track(&track, microphone.stream(), &Array::new());
        }
        let media = Rc::new(Self {
            dialpad: Dialpad::of(&peer),
            turn: RefCell::new(Promise::resolve(&JsValue::UNDEFINED)),
            early: RefCell::default(),
            peer,
            microphone,
            audio,
            unblock: RefCell::default(),
            on_track: RefCell::default(),
            closed: Cell::new(false),
        });
        let weak = Rc::downgrade(&media);
        let on_track = Closure::<dyn FnMut(RtcTrackEvent)>::new(move |event: RtcTrackEvent| {
            if let Some(media) = weak.upgrade() {
                media.play(&event);
            }
        });
        media.peer.set_ontrack(Some(on_track.as_ref().unchecked_ref()));
        *media.on_track.borrow_mut() = Some(on_track);
        Ok(media)
    }

    fn play(self: &Rc<Self>, event: &RtcTrackEvent) {
        // A peer that names no stream still sends a track.
        let stream = match event.streams().get(0).dyn_into::<MediaStream>() {
            Ok(stream) => stream,
            Err(_) => match MediaStream::new_with_tracks(&Array::of1(&event.track())) {
                Ok(stream) => stream,
                Err(_) => return,
            },
        };
        self.audio.set_src_object(Some(&stream));
        let Ok(playing) = self.audio.play() else { return };
        let media = self.clone();
        spawn_local(async move {
            if JsFuture::from(playing).await.is_err() && !media.closed.get() {
                media.play_at_next_gesture();
            }
        });
    }

    fn play_at_next_gesture(self: &Rc<Self>) {
        let audio = self.audio.clone();
        let unblock = Closure::<dyn FnMut()>::new(move || drop(audio.play()));
        self.listen_for_gestures("addEventListener", &unblock);
        *self.unblock.borrow_mut() = Some(unblock);
    }

    fn listen_for_gestures(&self, how: &str, unblock: &Closure<dyn FnMut()>) {
        let Some(page) = web_sys::window().and_then(|window| window.document()) else { return };
        let Ok(listen) = js::get(&page, how).dyn_into::<js_sys::Function>() else { return };
        for gesture in ["pointerdown", "keydown"] {
            let _ = listen.call2(&page, &gesture.into(), unblock.as_ref());
        }
    }

    /// Our offer with every candidate.
    pub(crate) async fn offer(&self) -> Result<String, JsValue> {
        let _turn = self.take_turn().await;
        let offer = JsFuture::from(self.peer.create_offer()).await.map_err(|thrown| failed(&thrown))?;
        self.describe(&offer.unchecked_into()).await
    }

    /// Our answer to the peer's offer, with every candidate.
    pub(crate) async fn answer(&self, offer: &str) -> Result<String, JsValue> {
        let _turn = self.take_turn().await;
        self.remote(RtcSdpType::Offer, offer).await?;
        let answer = JsFuture::from(self.peer.create_answer()).await.map_err(|thrown| failed(&thrown))?;
        self.describe(&answer.unchecked_into()).await
    }

    /// The peer's answer to our offer in a 183: provisional, because the 2xx may say something else (JSEP's `pranswer`).
    pub(crate) async fn accept_early(&self, answer: &str) {
        let _turn = self.take_turn().await;
        // A wrong description shows at the answer.
        if self.awaits_answer() && self.remote(RtcSdpType::Pranswer, answer).await.is_ok() {
            *self.early.borrow_mut() = Some(answer.to_owned());
        }
    }

    /// The peer's answer in the 2xx; an empty one leaves it at what the 183 said.
    pub(crate) async fn accept_answer(&self, answer: &str) -> Result<(), JsValue> {
        let _turn = self.take_turn().await;
        if !self.awaits_answer() {
            return Ok(());
        }
        let early = self.early.borrow_mut().take().unwrap_or_default();
        self.remote(RtcSdpType::Answer, if answer.is_empty() { &early } else { answer }).await
    }

    fn awaits_answer(&self) -> bool {
        matches!(self.peer.signaling_state(), RtcSignalingState::HaveLocalOffer | RtcSignalingState::HaveRemotePranswer)
    }

    /// Waits until every description before is applied; the next one waits until what is given is dropped.
    async fn take_turn(&self) -> Turn {
        let mine = Turn(Deferred::new());
        let before = self.turn.replace(mine.0.promise.clone());
        wait::settled(before).await;
        mine
    }

    async fn remote(&self, kind: RtcSdpType, sdp: &str) -> Result<(), JsValue> {
        let description = RtcSessionDescriptionInit::new(kind);
        description.set_sdp(sdp);
        JsFuture::from(self.peer.set_remote_description(&description)).await.map_err(|thrown| failed(&thrown))?;
        Ok(())
    }

    async fn describe(&self, local: &RtcSessionDescriptionInit) -> Result<String, JsValue> {
        JsFuture::from(self.peer.set_local_description(local)).await.map_err(|thrown| failed(&thrown))?;
        self.gathered().await;
        let description = self.peer.local_description().ok_or_else(|| js::error(&Fault::WrongState))?;
        Ok(offer::for_the_wire(&description.sdp()))
    }

    async fn gathered(&self) {
        if self.peer.ice_gathering_state() == RtcIceGatheringState::Complete {
            return;
        }
        let gathered = js::Deferred::new();
        let (done, peer) = (Rc::new(gathered), self.peer.clone());
        let resolve = done.clone();
        let watch = Closure::<dyn FnMut()>::new(move || {
            if peer.ice_gathering_state() == RtcIceGatheringState::Complete {
                resolve.resolve();
            }
        });
        self.peer.set_onicegatheringstatechange(Some(watch.as_ref().unchecked_ref()));
        let limit = super::timer::Timer::after(core::time::Duration::from_millis(GATHERING_LIMIT_MS as u64), {
            let done = done.clone();
            move || done.resolve()
        });
        // Only ever resolved.
        let _ = JsFuture::from(done.promise.clone()).await;
        drop(limit);
        self.peer.set_onicegatheringstatechange(None);
    }

    pub(crate) fn mute(&self, muted: bool) {
        self.microphone.mute(muted);
    }

    /// Sends RFC 4733 events, after those that wait. The promise settles when the last of them has gone; `None`: the peer
    /// takes none.
    pub(crate) fn send_dtmf(&self, digits: &str) -> Option<Promise> {
        self.dialpad.press(digits)
    }

    pub(crate) fn stats(&self) -> Promise {
        self.peer.get_stats()
    }

    /// Gives the microphone back and forgets the browser's objects. Harmless when repeated.
    pub(crate) fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        self.peer.set_ontrack(None);
        self.peer.close();
        self.microphone.stop();
        self.dialpad.close();
        self.audio.set_src_object(None);
        self.audio.remove();
        if let Some(unblock) = self.unblock.borrow_mut().take() {
            self.listen_for_gestures("removeEventListener", &unblock);
        }
        self.on_track.borrow_mut().take();
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.close();
    }
}

/// The right to describe; see [`Media::take_turn`].
struct Turn(Deferred);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.resolve();
    }
}

fn failed(thrown: &JsValue) -> JsValue {
    js::error(&Fault::Media(js::message_of(thrown)))
}
