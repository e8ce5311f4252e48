//! The ways into a call: what others may ask of one that runs, and the inbox that it reads.

use std::sync::Arc;
use std::time::Duration;

use sautikit_api::actions::{Document, Warning};
use sautikit_api::ids::CallId;
use sautikit_api::recordings::PauseMode;
use tokio::sync::{mpsc, oneshot};
use voice::{EventName, Input, LiveCommand, warnings_entry};

use super::Arrival;
use crate::gateway::Gateway;
use crate::gateway::put::put;

/// What may wait for one call: its legs, fetches and the API together make a few a second.
const INBOX: usize = 256;

/// The way into a running call.
#[derive(Clone)]
pub struct CallHandle {
    inbox: mpsc::Sender<Arrival>,
}

/// The inbox of a call: made before the call, so that a hangup that comes while it is being prepared waits for it.
pub struct Inbox {
    pub(super) inbox: mpsc::Sender<Arrival>,
    pub(super) arrivals: mpsc::Receiver<Arrival>,
}

/// A call among those that the gateway runs, until its task is over or lost.
pub(super) struct Listed(pub(super) Arc<Gateway>, pub(super) CallId);

impl Drop for Listed {
    fn drop(&mut self) {
        self.0.calls.lock().remove(&self.1);
    }
}

impl Default for Inbox {
    /// An empty one.
    fn default() -> Self {
        let (inbox, arrivals) = mpsc::channel(INBOX);
        Self { inbox, arrivals }
    }
}

impl Inbox {
    /// For the API and the operator.
    pub fn handle(&self) -> CallHandle {
        CallHandle { inbox: self.inbox.clone() }
    }
}

impl CallHandle {
    /// Ends the call. False when it is over already.
    pub fn hang_up(&self) -> bool {
        self.live(LiveCommand::Hangup)
    }

    /// Ends the call because this node stops. False when it is over already.
    pub fn drain(&self) -> bool {
        self.live(LiveCommand::Drain)
    }

    /// Has these actions take over. False when the call is over already.
    pub fn run_actions(&self, Document { actions, warnings }: Document) -> bool {
        self.skipped(&warnings);
        self.live(LiveCommand::Run(actions))
    }

    /// What of a document was skipped is on the timeline.
    pub fn skipped(&self, warnings: &[Warning]) {
        if let Some(data) = warnings_entry(warnings) {
            put(&self.inbox, Arrival::Noted(EventName::ActionsWarning, data));
        }
    }

    /// Lets its recordings pause, or go on. False when the call is over already.
    pub fn pause_recording(&self, mode: Option<PauseMode>) -> bool {
        self.live(mode.map_or(LiveCommand::ResumeRecording, LiveCommand::PauseRecording))
    }

    fn live(&self, command: LiveCommand) -> bool {
        put(&self.inbox, Arrival::Voice(Input::Live(command)))
    }

    /// Has the call look at how long its money lasts.
    pub fn allow(&self) {
        // A call that is too busy to take it hears of the next grant; until then it ends where it was told.
        let _ = self.inbox.try_send(Arrival::Allowed);
    }

    /// How long ago any of its legs was heard; nothing before the first packet. None when the call is over or busy.
    pub fn since_heard(&self) -> Option<oneshot::Receiver<Option<Duration>>> {
        let (reply, answer) = oneshot::channel();
        self.inbox.try_send(Arrival::SinceHeard(reply)).is_ok().then_some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_is_busy_hears_what_it_is_told_as_soon_as_it_reads() {
        let Inbox { inbox, mut arrivals } = Inbox::default();
        let handle = CallHandle { inbox: inbox.clone() };
        while inbox.try_send(Arrival::Allowed).is_ok() {}
        assert!(handle.hang_up() && handle.drain() && handle.run_actions(Document::default()));
        let mut told = Vec::new();
        while told.len() < 3 {
            if let Some(Arrival::Voice(Input::Live(command))) = arrivals.recv().await {
                told.push(command);
            }
        }
        assert_eq!(told, [LiveCommand::Hangup, LiveCommand::Drain, LiveCommand::Run(Vec::new())]);
        drop(arrivals);
        assert!(!handle.hang_up() && !handle.drain(), "it is over");
    }
}
