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

/// Whether a call needs one (`microphone` of the options).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// No call without.
    Required,
    /// A call that only listens where there is none.
    Optional,
    /// The call only listens; nobody is asked.
    None,
}

/// An open microphone. Dropping it gives it back: the browser's light goes out.
///
/// The stream is never copied: `MediaStream.clone()` makes new tracks, which nobody would stop.
pub(crate) struct Microphone {
    stream: MediaStream,
    unplugged: Option<Closure<dyn FnMut()>>,
}

impl Microphone {
    /// Asks for it where one is needed; none where a call may do without and there is none.
    pub(super) async fn open_if(need: Need, audio: &JsValue, input: Option<&str>) -> Result<Option<Self>, Fault> {
        if need == Need::None {
            return Ok(None);
        }
        match Self::open(audio, input).await {
            Err(Fault::MicrophoneMissing) if need == Need::Optional => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Asks for it. `audio` are constraints of the page's own; `input` the id that it has chosen, if any.
    pub(crate) async fn open(audio: &JsValue, input: Option<&str>) -> Result<Self, Fault> {
        let asked = Asked::ask(audio, input)?;
        wait::within(ANSWER_LIMIT, asked.answer()).await.unwrap_or(Err(Fault::MicrophoneUnanswered))
    }

    fn of(stream: JsValue) -> Self {
        Self { stream: stream.unchecked_into(), unplugged: None }
    }

    pub(super) fn stream(&self) -> &MediaStream {
        &self.stream
    }

    pub(super) fn tracks(&self) -> impl Iterator<Item = MediaStreamTrack> {
        self.stream.get_audio_tracks().to_vec().into_iter().map(JsCast::unchecked_into)
    }

    pub(super) fn mute(&self, muted: bool) {
        self.tracks().for_each(|track| track.set_enabled(!muted));
    }

    /// Calls once when it is unplugged.
    pub(super) fn when_unplugged(&mut self, told: impl FnOnce() + 'static) {
        let told = Closure::once(told);
        self.tracks().for_each(|track| track.set_onended(Some(told.as_ref().unchecked_ref())));
        self.unplugged = Some(told);
    }
}

impl Drop for Microphone {
    fn drop(&mut self) {
        for track in self.tracks() {
            track.set_onended(None);
            track.stop();
        }
    }
}

/// The open question. Whoever stops waiting for the answer gets no microphone, and neither does anybody else: what comes
/// later is given back at once.
struct Asked(Option<Promise>);

impl Asked {
    fn ask(audio: &JsValue, input: Option<&str>) -> Result<Self, Fault> {
        let navigator = web_sys::window().ok_or(Fault::InsecurePage)?.navigator();
        // Browsers hide mediaDevices on insecure pages.
        let devices =
            navigator.media_devices().ok().filter(|devices| !devices.is_undefined()).ok_or(Fault::InsecurePage)?;
        let constraints = MediaStreamConstraints::new();
        constraints.set_audio(&wanted(audio, input));
        Ok(Self(Some(devices.get_user_media_with_constraints(&constraints).map_err(|thrown| refused(&thrown))?)))
    }

    async fn answer(mut self) -> Result<Microphone, Fault> {
        let Some(promise) = &self.0 else { return Err(Fault::MicrophoneUnanswered) };
        let answer = JsFuture::from(promise.clone()).await;
        self.0 = None;
        answer.map(Microphone::of).map_err(|thrown| refused(&thrown))
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let Some(promise) = self.0.take() else { return };
        spawn_local(async move {
            if let Ok(stream) = JsFuture::from(promise).await {
                drop(Microphone::of(stream));
            }
        });
    }
}

fn wanted(audio: &JsValue, input: Option<&str>) -> JsValue {
    let wanted = js::object([
        ("echoCancellation", true.into()),
        ("noiseSuppression", true.into()),
        ("autoGainControl", true.into()),
    ]);
    if let Some(id) = input {
        // That one or none: whoever has chosen a headset is not heard by the room instead.
        let exact = js::object([("exact", id.into())]);
        let _ = Reflect::set(&wanted, &"deviceId".into(), &exact);
    }
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
