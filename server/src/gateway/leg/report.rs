//! How a leg's actor speaks to its call.

use media::{Codec, PortId};
use tokio::sync::mpsc;
use voice::{Cause, Input, Key, LegEvent, LegId};

use crate::gateway::call_task::Arrival;

/// The way into the call's inbox, for one leg.
#[derive(Clone)]
pub struct Reports {
    /// Which leg speaks.
    pub leg: LegId,
    /// The call's inbox.
    pub inbox: mpsc::Sender<Arrival>,
}

impl Reports {
    /// Tells the call. A call that is gone needs no telling.
    pub async fn tell(&self, event: LegEvent) {
        let _ = self.inbox.send(Arrival::Voice(Input::Leg(self.leg, event))).await;
    }

    /// The leg that we call has answered our offer: from here on it is heard on `port`.
    pub async fn agreed(&self, port: PortId, codec: Codec) {
        let _ = self.inbox.send(Arrival::Agreed { leg: self.leg, port, codec }).await;
    }

    /// The leg is over.
    pub async fn ended(&self, cause: Cause) {
        self.tell(LegEvent::Ended(cause)).await;
    }

    /// A key came by INFO.
    pub async fn key(&self, key: Key) {
        self.tell(LegEvent::Digit(key)).await;
    }
}
