//! A page that is loaded again takes its calls over (`resume` of the options).
//!
//! What a call needs to go on is left in the tab's storage as the page goes away, and taken by the page that the tab loads next.
//! The server keeps a lost call for 30 s. A tab that is closed leaves nothing to take: its calls end then.

use std::rc::Rc;

use js_sys::{Array, JSON};
use sip::phone::Millis;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::call::Call;
use super::client::Client;
use super::placing::NewCall;
use super::{browser, js, timer};
use crate::call_state::CallState;
use crate::lifeline::{Change, Lifeline};

/// What is older is over at the server.
const LONGEST_AWAY_MS: f64 = 30_000.0;

impl Client {
    /// Whether the page wants its calls to outlive it.
    pub(crate) fn resumes(&self) -> bool {
        js::is(&self.options, "resume", true)
    }

    /// The page shares its phone with other tabs, which take its calls over too (`js/tabs.js`).
    fn is_shared(&self) -> bool {
        js::is(&self.options, "shared", true)
    }

    /// Leaves these calls for the next page; gives those that cannot be left.
    pub(crate) fn leave_calls(&self, calls: Vec<Rc<Call>>) -> Vec<Rc<Call>> {
        let records = Array::new();
        let mut others = Vec::new();
        for call in calls {
            match self.record_of(&call).filter(|_| call.state.get() == CallState::Active) {
                Some(record) => {
                    records.push(&record);
                }
                None => others.push(call),
            }
        }
        if records.length() > 0 {
            let left = js::object(&[("at", js::wall_ms().into()), ("calls", records.into())]);
            if let Some(text) = JSON::stringify(&left).ok().and_then(|text| text.as_string()) {
                browser::keep(&text, self.is_shared());
            }
        }
        others
    }

    fn record_of(&self, call: &Call) -> Option<JsValue> {
        let dialog = self.phone.borrow().record(call.session.get()?)?;
        let since = call.answered_at.get().unwrap_or_default();
        let talked = call.carried.get() + timer::now().saturating_sub(since);
        Some(js::object(&[
            ("dialog", dialog.into()),
            ("callId", call.server_id.borrow().clone().into()),
            ("incoming", call.incoming.into()),
            ("from", call.from.clone().into()),
            ("to", call.to.clone().into()),
            ("muted", call.muted.get().into()),
            ("talkedMs", (talked as f64).into()),
        ]))
    }

    /// Takes over what the page before left in this tab.
    pub(crate) fn resume_calls(self: &Rc<Self>) {
        if !self.resumes() && !self.is_shared() {
            return;
        }
        let Some(left) = browser::take(self.is_shared()).and_then(|text| JSON::parse(&text).ok()) else { return };
        let away_ms = js::wall_ms() - js::get(&left, "at").as_f64().unwrap_or(f64::NEG_INFINITY);
        if !(0.0..LONGEST_AWAY_MS).contains(&away_ms) {
            return;
        }
        for record in Array::from(&js::get(&left, "calls")).iter() {
            self.resume(&record, away_ms);
        }
    }

    fn resume(self: &Rc<Self>, record: &JsValue, away_ms: f64) {
        let Some((_, token)) = self.credentials() else { return };
        let dialog = js::text(record, "dialog").unwrap_or_default();
        let Some(session) = self.phone.borrow_mut().adopt(&dialog, &token) else { return };
        let text = |name| js::text(record, name).unwrap_or_default();
        let (call, shown) = self.add_call(NewCall {
            session: Some(session),
            state: CallState::Active,
            incoming: js::is(record, "incoming", true),
            from: text("from"),
            to: text("to"),
            custom_headers: js::object(&[]),
        });
        *call.server_id.borrow_mut() = js::text(record, "callId");
        call.muted.set(js::is(record, "muted", true));
        let (now, ago) = (timer::now(), millis(away_ms));
        call.carried.set(millis(js::get(record, "talkedMs").as_f64().unwrap_or_default()) + ago);
        call.answered_at.set(Some(now));
        *call.lifeline.borrow_mut() = Lifeline::left(now, ago);
        self.events.emit("resumed", shown);
        call.tell_lifeline(Some(Change::Reconnecting));
        let client = self.clone();
        spawn_local(async move {
            let resumed = call.while_open(async {
                call.open_media(&client, &JsValue::UNDEFINED).await?;
                call.offer_anew(false).await
            });
            match resumed.await {
                Some(Ok(())) => {
                    call.on_gateway(true);
                    call.watch_quality();
                }
                Some(Err(thrown)) => {
                    client.events.emit("error", thrown);
                    call.lose();
                }
                None => {}
            }
        });
    }
}

fn millis(value: f64) -> Millis {
    value.clamp(0.0, 86_400_000.0) as Millis
}
