//! The legs that may be handed over to another call, and the way to their calls: an attended transfer names two of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sautikit_api::actions::Action;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use voice::LegId;

use super::transfer::TransferRights;
use crate::gateway::call_task::{Arrival, HandOver};
use crate::gateway::sip::SipLeg;

/// For a call to say whether it hands over: it waits for nothing.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// All of them on this node.
#[derive(Debug, Clone, Default)]
pub struct Talks(Arc<Mutex<HashMap<SipLeg, Talking>>>);

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Talking {
    /// The way to its call.
    pub(super) inbox: mpsc::Sender<Arrival>,
    /// Which one of it.
    pub(super) leg: LegId,
    /// Whose it is.
    pub(super) rights: Arc<TransferRights>,
}

/// Takes the leg out again when it is over.
pub(super) struct Listed {
    talks: Talks,
    leg: SipLeg,
}

impl Talks {
    /// Lists a leg as long as what it gives is kept.
    pub(super) fn list(&self, leg: SipLeg, talking: Talking) -> Listed {
        self.0.lock().insert(leg, talking);
        Listed { talks: self.clone(), leg }
    }

    pub(super) fn get(&self, leg: SipLeg) -> Option<Talking> {
        self.0.lock().get(&leg).cloned()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.talks.0.lock().remove(&self.leg);
    }
}

impl Talking {
    /// Has its call let go of it, so that whoever it talks with goes on with these actions; without them it is only asked
    /// whether that could be. False where it talks with nobody.
    pub(super) async fn hand_over(&self, actions: Option<Vec<Action>>) -> bool {
        let (reply, answer) = oneshot::channel();
        let wanted = HandOver { leg: self.leg, actions, reply };
        let sent = self.inbox.send(Arrival::HandOver(Box::new(wanted))).await;
        sent.is_ok() && timeout(ANSWERED_WITHIN, answer).await.is_ok_and(|answer| answer.unwrap_or(false))
    }
}
