//! What the page is told of a call's quality and levels while it lasts.

use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::browser::{self, Media};
use super::call::Call;
use super::js;
use crate::quality::{self, Change, Expected, Meter, Reading, Sample};

/// Between two `audiolevel` events, milliseconds: a meter that moves.
const LEVEL_MS: i32 = 200;
/// The event that costs something only while somebody listens.
const LEVEL: &str = "audiolevel";

impl Call {
    /// From the answer to the end.
    pub(crate) fn watch_quality(self: &Rc<Self>) {
        let call = self.clone();
        spawn_local(async move {
            let _ = call.while_open(call.read_on()).await;
        });
    }

    async fn read_on(&self) {
        let mut meter = Meter::default();
        loop {
            let media = self.media.borrow().clone();
            // While the call hangs there is nothing to measure, and `reconnecting` says so.
            if let Some(media) = media.filter(|_| self.lifeline.borrow().is_whole())
                && let Some(sample) = sample(&media).await
            {
                let is_muted = self.muted.get() || media.is_listen_only();
                let told = meter.take(sample, Expected { is_muted, is_held: self.held.get() });
                if let Some((reading, changes)) = told {
                    self.tell_quality(reading);
                    changes.into_iter().for_each(|change| self.tell_warning(change));
                }
            }
            js::settled(browser::sleep(quality::INTERVAL_MS)).await;
        }
    }

    fn tell_quality(&self, reading: Reading) {
        let Reading { mos, rtt_ms, jitter_ms, loss_percent, sent_loss_percent } = reading;
        let told = js::object(&[
            ("mos", tenths(mos * 10.0).into()),
            ("rttMs", rtt_ms.round().into()),
            ("jitterMs", tenths(jitter_ms * 10.0).into()),
            ("lossPercent", tenths(loss_percent * 10.0).into()),
            ("sentLossPercent", tenths(sent_loss_percent * 10.0).into()),
        ]);
        self.events.emit_live("quality", told);
    }

    fn tell_warning(&self, change: Change) {
        match change {
            Change::Raised(warning, value) => {
                let told = js::object(&[("name", warning.as_str().into()), ("value", value.into())]);
                self.events.emit("warning", told);
            }
            Change::Cleared(warning) => {
                self.events.emit("warning-cleared", js::object(&[("name", warning.as_str().into())]));
            }
        }
    }

    /// Reads the levels as long as somebody listens to them.
    pub(crate) fn watch_levels(self: &Rc<Self>, event: &str) {
        if event != LEVEL || self.metering.replace(true) {
            return;
        }
        let call = self.clone();
        spawn_local(async move {
            let _ = call.while_open(call.meter_on()).await;
            call.metering.set(false);
        });
    }

    async fn meter_on(&self) {
        while self.events.has(LEVEL) {
            let media = self.media.borrow().clone();
            if let Some(media) = media
                && let Some(sample) = sample(&media).await
            {
                let level = |level: f64| JsValue::from(if level.is_finite() { level } else { 0.0 });
                let told = [("input", level(sample.input_level)), ("output", level(sample.output_level))];
                self.events.emit_live(LEVEL, js::object(&told));
            }
            js::settled(browser::sleep(LEVEL_MS)).await;
        }
    }
}

/// What the browser knows of the call's quality by now.
async fn sample(media: &Media) -> Option<Sample> {
    let figures = js::wait(media.figures()).await.ok()?;
    Some(Sample::of(&figures.unchecked_into::<js_sys::Float64Array>().to_vec()))
}

/// One decimal of a value that is given in tenths.
fn tenths(value: f64) -> f64 {
    value.round() / 10.0
}
