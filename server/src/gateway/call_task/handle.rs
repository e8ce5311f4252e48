//! The ways into a call: what others may ask of one that runs, and the inbox that it reads.

use std::time::Duration;

use sautikit_api::actions::Action;
use sautikit_api::recordings::PauseMode;
use tokio::sync::{mpsc, oneshot};
use voice::{Input, LiveCommand};

use super::Arrival;

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
        self.inbox.try_send(Arrival::Voice(Input::Live(LiveCommand::Hangup))).is_ok()
    }

    /// Ends the call because this node stops. False when it is over already.
    pub fn drain(&self) -> bool {
        self.inbox.try_send(Arrival::Voice(Input::Live(LiveCommand::Drain))).is_ok()
    }

    /// Has these actions take over. False when the call is over already, or takes nothing more at the moment.
    pub fn run_actions(&self, actions: Vec<Action>) -> bool {
        self.inbox.try_send(Arrival::Voice(Input::Live(LiveCommand::Run(actions)))).is_ok()
    }

    /// Lets its recordings pause, or go on. False when the call is over already, or takes nothing more at the moment.
    pub fn pause_recording(&self, mode: Option<PauseMode>) -> bool {
        let command = mode.map_or(LiveCommand::ResumeRecording, LiveCommand::PauseRecording);
        self.inbox.try_send(Arrival::Voice(Input::Live(command))).is_ok()
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
