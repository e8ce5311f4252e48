//! Peer connection and loudspeaker of one call, and the microphone that it sends.
//!
//! A connection that is closed never settles what was asked of it: whoever waits here waits for the call's end beside it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Float64Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    HtmlAudioElement, MediaStream, RtcConfiguration, RtcIceGatheringState, RtcPeerConnection, RtcSdpType,
    RtcSessionDescriptionInit, RtcSignalingState, RtcTrackEvent,
};

use super::browser;
use super::dialpad::Dialpad;
use super::js;
use super::microphone::{Microphone, Need};
use super::turns::Turns;
use crate::fault::Fault;
use crate::offer;
use crate::quality::Sample;

/// Longest wait for ICE candidates: a silent STUN server must not hold the call up; host candidates are there by then.
const GATHERING_LIMIT_MS: i32 = 2_000;

/// Called with each track that the far side sends.
type TrackHandler = Closure<dyn FnMut(RtcTrackEvent)>;
/// Called with each state of the connection.
type StateHandler = Closure<dyn FnMut(String)>;

/// What a call's audio begins with, by the page's options.
pub(crate) struct Wanted {
    pub(crate) ice_servers: JsValue,
    /// Constraints of the page's own.
    pub(crate) audio: JsValue,
    pub(crate) need: Need,
    /// Ids of the devices that the page has chosen.
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
}

pub(crate) struct Media {
    peer: RtcPeerConnection,
    /// None in a call that only listens.
    microphone: RefCell<Option<Microphone>>,
    muted: Cell<bool>,
    held: Cell<bool>,
    dialpad: Dialpad,
    /// A description waits until the one before is applied, because a peer connection takes them one by one and refuses the
    /// second of two that came in one burst.
    turns: Turns,
    /// The description of the last 183.
    early: RefCell<Option<String>>,
    audio: HtmlAudioElement,
    /// Starts the sound at the next gesture when the browser's autoplay policy held it back.
    unblock: RefCell<Option<Closure<dyn FnMut()>>>,
    on_track: RefCell<Option<TrackHandler>>,
    on_state: RefCell<Option<StateHandler>>,
    closed: Cell<bool>,
}

impl Media {
    /// Asks for the microphone and opens a connection that sends it.
    pub(crate) async fn open(wanted: &Wanted) -> Result<Rc<Self>, JsValue> {
        let microphone = Microphone::open_if(wanted.need, &wanted.audio, wanted.input.as_deref()).await;
        let microphone = microphone.map_err(|fault| js::error(&fault))?;
        Self::connect(wanted, microphone).map_err(|thrown| failed(&thrown))
    }

    fn connect(wanted: &Wanted, microphone: Option<Microphone>) -> Result<Rc<Self>, JsValue> {
        let configuration = RtcConfiguration::new();
        if Array::is_array(&wanted.ice_servers) {
            configuration.set_ice_servers(&wanted.ice_servers);
        }
        let peer = RtcPeerConnection::new_with_configuration(&configuration)?;
        let audio = HtmlAudioElement::new()?;
        audio.set_autoplay(true);
        audio.set_attribute("data-sautikit", "call")?;
        // Safari plays elements of the document only.
        if let Some(body) = web_sys::window().and_then(|window| window.document()).and_then(|page| page.body()) {
            body.append_child(&audio)?;
        }
        if let Some(output) = &wanted.output {
            // One that is gone by now leaves the system's choice.
            spawn_local(super::wait::settled(browser::play_on(&audio, output)));
        }
        match &microphone {
            Some(microphone) => {
                for track in microphone.tracks() {
                    peer.add_track(&track, microphone.stream(), &Array::new());
                }
            }
            // Open both ways all the same: a microphone that comes later needs no new description.
            None => drop(peer.add_transceiver_with_str("audio")),
        }
        let media = Rc::new(Self {
            dialpad: Dialpad::of(&peer),
            turns: Turns::default(),
            early: RefCell::default(),
            peer,
            microphone: RefCell::new(microphone),
            muted: Cell::new(false),
            held: Cell::new(false),
            audio,
            unblock: RefCell::default(),
            on_track: RefCell::default(),
            on_state: RefCell::default(),
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

    /// Tells whether the audio's way is there, each time that this changes.
    pub(crate) fn watch(&self, mut told: impl FnMut(bool) + 'static) {
        let on_state = StateHandler::new(move |state: String| match state.as_str() {
            "connected" => told(true),
            "disconnected" | "failed" => told(false),
            // On the way to one of these, or closed by us.
            _ => {}
        });
        browser::watch_peer(&self.peer, on_state.as_ref());
        *self.on_state.borrow_mut() = Some(on_state);
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

    /// Our offer with every candidate; in a call that stands `restart` looks for a new way.
    pub(crate) async fn offer(&self, restart: bool) -> Result<String, JsValue> {
        let _turn = self.turns.take().await;
        let offer = JsFuture::from(browser::offer(&self.peer, restart)).await.map_err(|thrown| failed(&thrown))?;
        self.describe(&offer.unchecked_into()).await
    }

    /// Our offer came to nothing: the description before it counts again.
    pub(crate) async fn roll_back(&self) {
        let _turn = self.turns.take().await;
        super::wait::settled(browser::rollback(&self.peer)).await;
    }

    /// Our answer to the peer's offer, with every candidate.
    pub(crate) async fn answer(&self, offer: &str) -> Result<String, JsValue> {
        let _turn = self.turns.take().await;
        self.remote(RtcSdpType::Offer, offer).await?;
        let answer = JsFuture::from(self.peer.create_answer()).await.map_err(|thrown| failed(&thrown))?;
        self.describe(&answer.unchecked_into()).await
    }

    /// The peer's answer to our offer in a 183: provisional, because the 2xx may say something else (JSEP's `pranswer`).
    pub(crate) async fn accept_early(&self, answer: &str) {
        let _turn = self.turns.take().await;
        // A wrong description shows at the answer.
        if self.awaits_answer() && self.remote(RtcSdpType::Pranswer, answer).await.is_ok() {
            *self.early.borrow_mut() = Some(answer.to_owned());
        }
    }

    /// The peer's answer in the 2xx; an empty one leaves it at what the 183 said.
    pub(crate) async fn accept_answer(&self, answer: &str) -> Result<(), JsValue> {
        let _turn = self.turns.take().await;
        if !self.awaits_answer() {
            return Ok(());
        }
        let early = self.early.borrow_mut().take().unwrap_or_default();
        self.remote(RtcSdpType::Answer, if answer.is_empty() { &early } else { answer }).await
    }

    fn awaits_answer(&self) -> bool {
        matches!(self.peer.signaling_state(), RtcSignalingState::HaveLocalOffer | RtcSignalingState::HaveRemotePranswer)
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
        self.muted.set(muted);
        self.quieten();
    }

    /// Neither side hears the other. The far side goes on getting packets, of silence, so that nobody on the way takes the
    /// line for dead; the next description says that we want none.
    pub(crate) fn hold(&self, held: bool) {
        self.held.set(held);
        self.audio.set_muted(held);
        browser::set_direction(&self.peer, if held { "sendonly" } else { "sendrecv" });
        self.quieten();
    }

    fn quieten(&self) {
        if let Some(microphone) = &*self.microphone.borrow() {
            microphone.mute(self.muted.get() || self.held.get());
        }
    }

    /// Whether there is no microphone.
    pub(crate) fn is_listening_only(&self) -> bool {
        self.microphone.borrow().is_none()
    }

    /// Sends another microphone from here on; the one before is given back.
    pub(crate) async fn speak_into(&self, microphone: Microphone) -> Result<(), JsValue> {
        let track: JsValue = microphone.tracks().next().map(JsValue::from).unwrap_or_default();
        JsFuture::from(browser::replace_track(&self.peer, &track)).await.map_err(|thrown| failed(&thrown))?;
        if self.closed.get() {
            return Ok(());
        }
        let former = self.microphone.replace(Some(microphone));
        drop(former);
        self.quieten();
        Ok(())
    }

    /// The microphone is gone and there is no other.
    pub(crate) async fn only_listen(&self) {
        super::wait::settled(browser::replace_track(&self.peer, &JsValue::NULL)).await;
        let former = self.microphone.replace(None);
        drop(former);
    }

    /// Calls once when the microphone is unplugged; not when we give it back.
    pub(crate) fn when_unplugged(&self, told: impl FnOnce() + 'static) {
        if let Some(microphone) = &mut *self.microphone.borrow_mut() {
            microphone.when_unplugged(told);
        }
    }

    /// Plays on this loudspeaker; the empty id is the system's own choice.
    pub(crate) fn play_on(&self, output: &str) -> Promise {
        browser::play_on(&self.audio, output)
    }

    /// What the browser knows of the call's quality by now.
    pub(crate) async fn sample(&self) -> Option<Sample> {
        let figures = JsFuture::from(browser::figures(&self.peer)).await.ok()?;
        Some(Sample::of(&figures.unchecked_into::<Float64Array>().to_vec()))
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
        browser::watch_peer(&self.peer, &JsValue::NULL);
        self.peer.close();
        // Dropped after the borrow.
        let microphone = self.microphone.replace(None);
        drop(microphone);
        self.dialpad.close();
        self.audio.set_src_object(None);
        self.audio.remove();
        if let Some(unblock) = self.unblock.borrow_mut().take() {
            self.listen_for_gestures("removeEventListener", &unblock);
        }
        self.on_track.borrow_mut().take();
        self.on_state.borrow_mut().take();
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.close();
    }
}

fn failed(thrown: &JsValue) -> JsValue {
    js::error(&Fault::Media(js::message_of(thrown)))
}
