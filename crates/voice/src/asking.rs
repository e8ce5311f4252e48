//! A callback is out: wait for its answer, and let the party know that we wait.

use core::time::Duration;

use serde_json::json;

use crate::{
    callback::{Answer, FetchFailure, Fetched, Purpose, Reply, callback_entry, warnings_entry},
    event::EventName,
    limits::{CALLBACK_OVERDUE_AFTER, WAITING_TONE_AFTER},
    output::{FetchId, LegId, MediaCommand, Tone},
    shared::Shared,
    signal::Signal,
    timers::TimerId,
};

pub(crate) struct Asking {
    fetch: FetchId,
    pub(crate) purpose: Purpose,
    sent: Duration,
    tone_to: Option<LegId>,
}

pub(crate) enum Asked {
    Waiting,
    Answered(Answer),
    Failed(FetchFailure),
}

impl Asking {
    pub(crate) fn send(shared: &mut Shared, url: String, purpose: Purpose, extra: Vec<(&'static str, String)>) -> Self {
        let fetch = shared.fetch(url, purpose, extra);
        shared.arm(TimerId::WaitingTone, WAITING_TONE_AFTER);
        shared.arm(TimerId::CallbackOverdue, CALLBACK_OVERDUE_AFTER);
        Self { fetch, purpose, sent: shared.now, tone_to: None }
    }

    pub(crate) fn on(&mut self, shared: &mut Shared, signal: Signal) -> Asked {
        match signal {
            Signal::Fetched(fetch, fetched) if fetch == self.fetch => {
                let Fetched { outcome, reply } = *fetched;
                self.settle(shared, outcome, &reply)
            }
            Signal::Timer(TimerId::CallbackOverdue) => {
                self.settle(shared, Err(FetchFailure::Timeout), &Reply::default())
            }
            Signal::Timer(TimerId::WaitingTone) => {
                // An unanswered caller hears the ringback of their own network; answering for a tone would cost them.
                if let Some(party) = shared.party.filter(|_| shared.party_is_up()) {
                    self.tone_to = Some(party);
                    shared.media(MediaCommand::Tone(party, Tone::Waiting));
                }
                Asked::Waiting
            }
            _ => Asked::Waiting,
        }
    }

    fn settle(&mut self, shared: &mut Shared, result: Result<Answer, FetchFailure>, reply: &Reply) -> Asked {
        self.stop_waiting(shared);
        if let Some(reason) = &reply.first_failure {
            shared.record(EventName::CallbackRetried, None, json!({"reason": reason}));
        }
        let ms = self.waited_ms(shared);
        let (name, data) = callback_entry(result.as_ref(), reply, ms);
        shared.record(name, None, data);
        if let Some(data) = result.as_ref().ok().and_then(|answer| warnings_entry(&answer.warnings)) {
            shared.record(EventName::ActionsWarning, None, data);
        }
        match result {
            Ok(answer) => Asked::Answered(answer),
            Err(failure) => Asked::Failed(failure),
        }
    }

    /// The call is over before the answer came.
    pub(crate) fn abandon(self, shared: &mut Shared) {
        let data = json!({"ms": self.waited_ms(shared), "code": "calls.not_live",
            "reason": "the call ended before the answer"});
        shared.record(EventName::CallbackUnanswered, None, data);
    }

    /// New actions have come before the answer, or whom it was about is gone: it counts no more.
    pub(crate) fn cancel(mut self, shared: &mut Shared) {
        self.stop_waiting(shared);
        let data = json!({"ms": self.waited_ms(shared), "reason": "its answer is not waited for any more"});
        shared.record(EventName::CallbackUnanswered, None, data);
    }

    fn stop_waiting(&mut self, shared: &mut Shared) {
        shared.timers.disarm(TimerId::WaitingTone);
        shared.timers.disarm(TimerId::CallbackOverdue);
        if let Some(listener) = self.tone_to.take() {
            shared.media(MediaCommand::Flush(listener));
        }
    }

    fn waited_ms(&self, shared: &Shared) -> u64 {
        u64::try_from(shared.now.saturating_sub(self.sent).as_millis()).unwrap_or(u64::MAX)
    }
}
