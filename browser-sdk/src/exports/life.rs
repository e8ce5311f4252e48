//! What one call is at: its state, its threads, its time and its sound.

use js_sys::Array;
use sip::phone::Millis;
use wasm_bindgen::prelude::*;

use super::{now, object};
use crate::call_state::CallState;
use crate::lifeline::{Change, Lifeline};
use crate::quality::{self, Expected, Meter, Reading, Sample};
use crate::tones::Tones;
use crate::watch::Watch;

/// One call.
#[wasm_bindgen(skip_typescript)]
pub struct CallLife {
    state: CallState,
    lifeline: Lifeline,
    watch: Watch,
    meter: Meter,
    tones: Tones,
    /// None before the answer.
    answered_at: Option<Millis>,
    /// Talk before this page took it over.
    carried: Millis,
    /// Fixed at the end.
    duration_s: u32,
}

#[wasm_bindgen]
impl CallLife {
    /// A call that begins.
    #[wasm_bindgen(constructor)]
    pub fn new(is_incoming: bool) -> CallLife {
        CallLife {
            state: if is_incoming { CallState::Incoming } else { CallState::Dialing },
            lifeline: Lifeline::default(),
            watch: Watch::default(),
            meter: Meter::default(),
            tones: Tones::default(),
            answered_at: None,
            carried: 0,
            duration_s: 0,
        }
    }

    /// A call that another page left after so much talk, so long ago.
    pub fn left(talked: f64, ago: f64) -> CallLife {
        let now = now();
        CallLife {
            state: CallState::Active,
            lifeline: Lifeline::left(now, ago as Millis),
            answered_at: Some(now),
            carried: talked as Millis + ago as Millis,
            ..CallLife::new(false)
        }
    }

    /// dialing, ringing, incoming, accepting, active or ended.
    #[wasm_bindgen(getter)]
    pub fn state(&self) -> String {
        self.state.as_str().into()
    }

    /// Started seconds since the answer, as in the call's record.
    #[wasm_bindgen(getter, js_name = durationSeconds)]
    pub fn duration_seconds(&self) -> u32 {
        if self.state == CallState::Ended { self.duration_s } else { self.talked().div_ceil(1000) as u32 }
    }

    /// Time since the answer.
    #[wasm_bindgen(getter, js_name = talkedMs)]
    pub fn talked_ms(&self) -> f64 {
        self.talked() as f64
    }

    fn talked(&self) -> Millis {
        self.answered_at.map_or(0, |since| self.carried + now().saturating_sub(since))
    }

    /// A provisional answer. True: tell `ringing`.
    pub fn ring(&mut self) -> bool {
        self.state.ring()
    }

    /// The page accepts. False: there is nothing to accept (any more).
    pub fn accept(&mut self) -> bool {
        self.state.accept()
    }

    /// Answered at this time of the page's clock. True: tell `answered`.
    pub fn answer(&mut self, at: f64) -> bool {
        let tell = self.state.answer();
        if tell {
            self.answered_at = Some(at as Millis);
        }
        tell
    }

    /// Over. False: it has been.
    pub fn end(&mut self) -> bool {
        self.duration_s = self.duration_seconds();
        self.state.end()
    }

    /// The connection to the gateway is there or gone. Gives −1 when the page is told `reconnecting`, and the gap of the audio when
    /// it is told `reconnected`.
    pub fn gateway(&mut self, is_up: bool) -> Option<f64> {
        gap(self.lifeline.gateway(now(), is_up))
    }

    /// The same for the audio's way.
    pub fn audio(&mut self, is_up: bool) -> Option<f64> {
        let now = now();
        gap(self.lifeline.audio(if is_up { now } else { self.watch.lost_since(now) }, is_up))
    }

    /// Both are there.
    #[wasm_bindgen(getter, js_name = isWhole)]
    pub fn is_whole(&self) -> bool {
        self.lifeline.is_whole()
    }

    /// The audio's way is there, as far as is known.
    #[wasm_bindgen(getter, js_name = isHeard)]
    pub fn is_heard(&self) -> bool {
        self.lifeline.is_heard()
    }

    /// Takes what names the newest packet that came. True: the gateway is to be asked whether it is there.
    pub fn look(&mut self, newest: f64) -> bool {
        self.watch.look(now(), newest)
    }

    /// So many digits go behind those that wait; gives the number of the last of them.
    pub fn press(&mut self, digits: u32) -> u32 {
        self.tones.add(digits)
    }

    /// A tone begins, or all have gone; gives how many have gone.
    pub fn tone(&mut self, tone: &str) -> u32 {
        self.tones.changed(tone)
    }

    /// Takes the browser's figures, five seconds after the last ones: the event `quality`, with the `warnings` that begin (with
    /// their value) or are over.
    pub fn read(&mut self, figures: &[f64], is_muted: bool, is_held: bool) -> JsValue {
        let told = self.meter.take(Sample::of(figures), Expected { is_muted, is_held });
        let Some((Reading { mos, rtt_ms, jitter_ms, loss_percent, sent_loss_percent }, changes)) = told else {
            return JsValue::UNDEFINED;
        };
        let warnings = Array::new();
        for change in changes {
            let (warning, value) = match change {
                quality::Change::Raised(warning, value) => (warning, value.into()),
                quality::Change::Cleared(warning) => (warning, JsValue::UNDEFINED),
            };
            warnings.push(&object(&[("name", warning.as_str().into()), ("value", value)]));
        }
        object(&[
            ("mos", tenths(mos * 10.0).into()),
            ("rttMs", rtt_ms.round().into()),
            ("jitterMs", tenths(jitter_ms * 10.0).into()),
            ("lossPercent", tenths(loss_percent * 10.0).into()),
            ("sentLossPercent", tenths(sent_loss_percent * 10.0).into()),
            ("warnings", warnings.into()),
        ])
    }
}

fn gap(change: Option<Change>) -> Option<f64> {
    change.map(|change| match change {
        Change::Reconnecting => -1.0,
        Change::Reconnected { gap } => gap as f64,
    })
}

/// One decimal of a value that is given in tenths.
fn tenths(value: f64) -> f64 {
    value.round() / 10.0
}
