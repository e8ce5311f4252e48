//! How a leg's actor speaks to its call.

use std::sync::Arc;
use std::time::Duration;

use media::{Codec, PortId};
use sip::ua::Lasting;
use tokio::sync::mpsc;
use voice::{Cause, CauseKind, Key, LegEvent, LegId};

use crate::calls::trace::LegTrace;
use crate::calls::{DialogKeeper, Written};
use crate::clock::Clock;
use crate::gateway::call_task::Arrival;
use crate::gateway::leg::transfer::TransferRights;
use crate::gateway::sip::{OpenDialog, SipLeg};

/// The way into the call's inbox, for one leg.
#[derive(Clone)]
pub struct Reports {
    /// Which leg speaks.
    pub leg: LegId,
    /// The call's inbox.
    pub inbox: mpsc::Sender<Arrival>,
    /// Stamps what is reported.
    pub clock: Arc<dyn Clock>,
    /// Keeps the dialog before the call knows of it.
    pub keeper: Option<DialogKeeper>,
    /// Takes the leg's messages.
    pub trace: LegTrace,
    /// Whom it may have others connected with; none: with nobody.
    pub rights: Option<Arc<TransferRights>>,
    /// Since when the call lasts, for a phone of ours, which is told at the end; none: it is not told.
    pub lasting: Option<Lasting>,
}

/// How a leg is over.
#[derive(Debug, Clone, Copy)]
pub struct LegEnd {
    /// Why.
    pub cause: Cause,
    /// When, on the clock of the reports; none: in this moment.
    pub at: Option<Duration>,
}

impl From<Cause> for LegEnd {
    fn from(cause: Cause) -> Self {
        Self { cause, at: None }
    }
}

impl From<CauseKind> for LegEnd {
    fn from(kind: CauseKind) -> Self {
        Cause::from(kind).into()
    }
}

impl Reports {
    /// Tells the call. A call that is gone needs no telling.
    pub async fn tell(&self, event: LegEvent) {
        self.tell_of(self.clock.monotonic(), event).await;
    }

    async fn tell_of(&self, at: Duration, event: LegEvent) {
        let _ = self.inbox.send(Arrival::Leg { at, leg: self.leg, event }).await;
    }

    /// The dialog of the attempt `at` stands; whoever comes after a crash can end it by this, once what this gives is written.
    pub async fn dialog(&self, at: SipLeg, dialog: OpenDialog) -> Written {
        let mut written = Written::default();
        // A plain structure of texts always serialises.
        if let (Some(keeper), Ok(dialog)) = (&self.keeper, serde_json::to_value(&dialog)) {
            written = keeper.keep(at.0, &dialog);
        }
        let _ = self.inbox.send(Arrival::Dialog(self.leg, Box::new(dialog))).await;
        written
    }

    /// A caller's INVITE was taken: whoever comes after a crash turns it away, and takes no copy of it for a new call.
    pub fn caller(&self, at: SipLeg, invite: Option<OpenDialog>) {
        // A plain structure of texts always serialises.
        if let (Some(keeper), Some(Ok(invite))) = (&self.keeper, invite.map(serde_json::to_value)) {
            keeper.keep_caller(at.0, &invite);
        }
    }

    /// Nothing is left of the leg `at` that called us.
    pub fn caller_over(&self, at: SipLeg) {
        if let Some(keeper) = &self.keeper {
            keeper.over(at.0);
        }
    }

    /// The leg that we call has answered our offer: from here on it is heard on `port`.
    pub async fn agreed(&self, port: PortId, codec: Codec) {
        let _ = self.inbox.send(Arrival::Agreed { leg: self.leg, port, codec }).await;
    }

    /// The leg is over.
    pub async fn ended(&self, LegEnd { cause, at }: LegEnd) {
        self.tell_of(at.unwrap_or_else(|| self.clock.monotonic()), LegEvent::Ended(cause)).await;
    }

    /// A key came by INFO.
    pub async fn key(&self, key: Key) {
        self.tell(LegEvent::Digit(key)).await;
    }
}
