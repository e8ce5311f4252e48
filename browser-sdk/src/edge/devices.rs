//! Microphones and loudspeakers: which are there, which the page has chosen, and what happens when one is unplugged.

use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::call::Call;
use super::client::Client;
use super::{browser, js};
use crate::fault::Fault;

const INPUT: &str = "input";
const OUTPUT: &str = "output";

impl Client {
    /// Speaks into this microphone from now on, in calls that are up too; without an id into the system's own choice.
    pub(crate) async fn choose_input(self: &Rc<Self>, id: Option<String>) -> Result<(), JsValue> {
        let id = known(INPUT, id).await?;
        let former = self.input.replace(id);
        for call in self.calls_with_sound() {
            if let Err(thrown) = call.change_microphone(self).await {
                drop(self.input.replace(former));
                return Err(thrown);
            }
        }
        Ok(())
    }

    /// Plays on this loudspeaker from now on, in calls that are up too; without an id on the system's own choice.
    pub(crate) async fn choose_output(self: &Rc<Self>, id: Option<String>) -> Result<(), JsValue> {
        if !browser::can_choose_output() {
            return if id.is_none() { Ok(()) } else { Err(js::error(&Fault::OutputFixed)) };
        }
        let id = known(OUTPUT, id).await?;
        let sink = id.clone().unwrap_or_default();
        for call in self.calls_with_sound() {
            let media = call.media.borrow().clone();
            if let Some(media) = media {
                js::wait(media.play_on(&sink)).await.map_err(|_| js::error(&Fault::DeviceMissing))?;
            }
        }
        drop(self.output.replace(id));
        Ok(())
    }

    /// Some device came or went. What the page had chosen and is gone is chosen no more; `unplugged` names what a call was
    /// using.
    pub(crate) async fn on_devices(self: Rc<Self>, unplugged: Option<&'static str>) {
        let Ok(devices) = js::wait(browser::list_devices()).await else { return };
        let lost = Array::new();
        if let Some(kind) = unplugged {
            lost.push(&kind.into());
        }
        if forget_missing(&self.input, &devices, INPUT) && unplugged.is_none() {
            lost.push(&INPUT.into());
        }
        if forget_missing(&self.output, &devices, OUTPUT) {
            for call in self.calls_with_sound() {
                if let Some(media) = &*call.media.borrow() {
                    spawn_local(js::settled(media.play_on("")));
                }
            }
            lost.push(&OUTPUT.into());
        }
        self.events.emit_live("devicechange", js::object(&[("devices", devices), ("lost", lost.into())]));
    }

    fn calls_with_sound(&self) -> Vec<Rc<Call>> {
        self.all_calls().into_iter().filter(|call| call.media.borrow().is_some()).collect()
    }
}

impl Call {
    /// Speaks into the microphone that the page has chosen by now.
    async fn change_microphone(self: &Rc<Self>, client: &Client) -> Result<(), JsValue> {
        let (audio, input) = (self.audio.borrow().clone(), client.input.borrow().clone());
        let media = self.media.borrow().clone().ok_or_else(|| js::error(&Fault::WrongState))?;
        js::wait(media.speak_into(&audio, input.as_deref())).await.map_err(|thrown| refused(&thrown))?;
        Ok(())
    }

    /// Goes over to the system's choice when the microphone is unplugged, and only listens when there is no other.
    pub(crate) async fn on_unplugged(self: Rc<Self>) {
        let Some(client) = self.client.upgrade() else { return };
        drop(client.input.replace(None));
        if self.change_microphone(&client).await.is_err() {
            let media = self.media.borrow().clone();
            if let Some(media) = media {
                js::settled(media.only_listen()).await;
            }
        }
        client.on_devices(Some(INPUT)).await;
    }
}

/// Why there is no microphone.
pub(crate) fn refused(thrown: &JsValue) -> JsValue {
    let name = js::text(thrown, "name").unwrap_or_default();
    js::error(&Fault::of_microphone(&name, &js::message_of(thrown)))
}

/// The id, when it is one of a device of this kind; none for the system's own choice.
async fn known(kind: &str, id: Option<String>) -> Result<Option<String>, JsValue> {
    let Some(id) = id.filter(|id| !id.is_empty()) else { return Ok(None) };
    let devices = js::wait(browser::list_devices()).await?;
    if has(&devices, kind, &id) { Ok(Some(id)) } else { Err(js::error(&Fault::DeviceMissing)) }
}

fn has(devices: &JsValue, kind: &str, id: &str) -> bool {
    let is = |device: &JsValue, name: &str, value: &str| js::text(device, name).as_deref() == Some(value);
    Array::from(devices).iter().any(|device| is(&device, "kind", kind) && is(&device, "id", id))
}

fn forget_missing(chosen: &std::cell::RefCell<Option<String>>, devices: &JsValue, kind: &str) -> bool {
    let is_gone = chosen.borrow().as_deref().is_some_and(|id| !has(devices, kind, id));
    if is_gone {
        drop(chosen.replace(None));
    }
    is_gone
}
