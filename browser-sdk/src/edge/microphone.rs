//! The microphone of one call: asked for, silenced, given back.

use core::time::Duration;

use js_sys::{Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MediaStream, MediaStreamConstraints, MediaStreamTrack};

use super::{js, wait};
use crate::fault::Fault;

/// How long the browser's question may stay open: long enough to read it, short enough that nobody waits for a person who
/// has left.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// An open microphone. Dropping it gives it back: the browser's light goes out.
///
/// The stream is never copied: `MediaStream.clone()` makes new tracks, which nobody would stop.
pub(super) struct Microphone(MediaStream);

impl Microphone {
    /// Asks for it. `audio` are constraints of the page's own.
    pub(super) async fn open(audio: &JsValue) -> Result<Self, Fault> {
        let asked = Asked::ask(audio)?;
        wait::within(ANSWER_LIMIT, asked.answer()).await.unwrap_or(Err(Fault::MicrophoneUnanswered))
    }

    pub(super) fn stream(&self) -> &MediaStream {
        &self.0
    }

    pub(super) fn tracks(&self) -> impl Iterator<Item = MediaStreamTrack> {
        self.0.get_audio_tracks().to_vec().into_iter().map(JsCast::unchecked_into)
    }

    pub(super) fn mute(&self, muted: bool) {
        self.tracks().for_each(|track| track.set_enabled(!muted));
    }

    /// Harmless when repeated.
    pub(super) fn stop(&self) {
        self.tracks().for_each(|track| track.stop());
    }
}

impl Drop for Microphone {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The open question. Whoever stops waiting for the answer gets no microphone, and neither does anybody else: what comes
/// later is given back at once.
struct Asked(Option<Promise>);

impl Asked {
    fn ask(audio: &JsValue) -> Result<Self, Fault> {
        let navigator = web_sys::window().ok_or(Fault::InsecurePage)?.navigator();
        // Browsers hide mediaDevices on insecure pages.
        let devices =
            navigator.media_devices().ok().filter(|devices| !devices.is_undefined()).ok_or(Fault::InsecurePage)?;
        let constraints = MediaStreamConstraints::new();
        constraints.set_audio(&wanted(audio));
        Ok(Self(Some(devices.get_user_media_with_constraints(&constraints).map_err(|thrown| refused(&thrown))?)))
    }

    async fn answer(mut self) -> Result<Microphone, Fault> {
        let Some(promise) = &self.0 else { return Err(Fault::MicrophoneUnanswered) };
        let answer = JsFuture::from(promise.clone()).await;
        self.0 = None;
        answer.map(|stream| Microphone(stream.unchecked_into())).map_err(|thrown| refused(&thrown))
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let Some(promise) = self.0.take() else { return };
        spawn_local(async move {
            if let Ok(stream) = JsFuture::from(promise).await {
                drop(Microphone(stream.unchecked_into()));
            }
        });
    }
}

fn wanted(audio: &JsValue) -> JsValue {
    let wanted = js::object([
        ("echoCancellation", true.into()),
        ("noiseSuppression", true.into()),
        ("autoGainControl", true.into()),
    ]);
    if audio.is_object() {
        for name in Object::keys(audio.unchecked_ref::<Object>()).iter() {
            let _ = Reflect::get(audio, &name).and_then(|value| Reflect::set(&wanted, &name, &value));
        }
    }
    wanted
}

fn refused(thrown: &JsValue) -> Fault {
    Fault::of_microphone(&js::text(thrown, "name").unwrap_or_default(), &js::message_of(thrown))
}
