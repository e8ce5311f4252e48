//! What media notes of a leg that nothing is heard of, or that hears nothing: an entry of the timeline, once until it is over.
//!
//! Before a leg is answered it need not say anything.

use media::{Change, Silent};
use serde_json::json;
use voice::{CallEvent, EventName, LegId};

use crate::gateway::call_task::Running;

impl Running {
    pub(in crate::gateway) fn watched(&mut self, leg: LegId, change: Change) {
        match change {
            Change::Over(silent) => self.seldom.silent.retain(|known| *known != (leg, silent)),
            Change::Lasts(silent) if self.recorder.is_answered(leg) && !self.seldom.silent.contains(&(leg, silent)) => {
                self.seldom.silent.push((leg, silent));
                let (direction, reason) = told(silent);
                let seconds = media::watch::SILENT_AFTER.as_secs();
                let at = self.now().saturating_sub(self.began);
                let data = json!({ "direction": direction, "reason": reason, "seconds": seconds });
                self.recorder.event(CallEvent { at, name: EventName::MediaSilent, leg: Some(leg), data });
                self.recorder.hand_over();
            }
            Change::Lasts(_) => {}
        }
    }
}

/// Which way is silent, seen from us, and why.
fn told(silent: Silent) -> (&'static str, &'static str) {
    match silent {
        Silent::NoPackets => ("received", "no_packets"),
        Silent::Nobody => ("received", "nobody_heard"),
        Silent::NotReached => ("sent", "not_reached"),
    }
}
