//! What somebody beside the call's steps is told of a target that is called: that it begins, rings, is answered and over.

use crate::{
    callback::{Callback, Purpose},
    cause::Cause,
    compat::{self, Progress, ProgressEnd},
    meter::whole_seconds,
    output::{FetchId, LegId, Output},
    shared::Shared,
};

/// Who is told of a leg, and of what.
#[derive(Debug, Clone)]
pub(crate) struct LegTold {
    /// Absolute.
    pub(crate) url: String,
    /// Some of `initiated`, `ringing`, `answered` and `completed`.
    pub(crate) events: Vec<&'static str>,
    /// Who the target sees calling.
    pub(crate) caller_id: String,
    /// How often it was told so far.
    pub(crate) sequence: u32,
    /// That it rings is told once, whether it sends audio meanwhile or not.
    pub(crate) rang: bool,
}

impl LegTold {
    pub(crate) fn new(url: String, events: Vec<&'static str>) -> Self {
        Self { url, events, caller_id: String::new(), sequence: 0, rang: false }
    }
}

impl Shared {
    /// The target alerts.
    pub(crate) fn leg_rings(&mut self, id: LegId) {
        let told = self.legs.get_mut(&id).and_then(|leg| leg.told.as_mut());
        if told.is_some_and(|told| !core::mem::replace(&mut told.rang, true)) {
            self.tell_of_leg(id, "ringing", None);
        }
    }

    /// Tells of a leg where somebody wants to know; `cause` where it is over.
    pub(crate) fn tell_of_leg(&mut self, id: LegId, event: &'static str, cause: Option<Cause>) {
        let (now, status) = (self.now, self.status());
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let (to, answered) = (leg.target.address().to_owned(), leg.answered().is_some());
        let moment = leg.ended().unwrap_or(now);
        let duration_s = whole_seconds(leg.connected(now));
        let Some(told) = leg.told.as_mut().filter(|told| told.events.contains(&event)) else { return };
        let (url, from, sequence) = (told.url.clone(), told.caller_id.clone(), told.sequence);
        told.sequence += 1;
        let end = cause.map(|cause| ProgressEnd { cause, answered, duration_s });
        let at_us = self.wall_us(moment);
        let progress = Progress { facts: &self.facts, status, event, leg: id, from, to, at_us, sequence, end };
        let params = compat::progress(progress);
        self.send_notice(Callback { fetch: FetchId(0), url, params, purpose: Purpose::Status });
    }

    /// Told to somebody who is not asked, as often as a call may.
    pub(crate) fn send_notice(&mut self, notice: Callback) {
        if self.may_notify() {
            self.emit(Output::Fetch(notice));
        }
    }
}
