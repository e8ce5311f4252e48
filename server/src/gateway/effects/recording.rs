//! `Output::Recording`: legs are recorded.

use std::sync::Arc;

use sautikit_api::ids::CallId;
use sautikit_api::recordings::PauseMode;
use voice::{Input, RecordingCommand, RecordingEvent, TakeId};

use crate::gateway::Gateway;
use crate::gateway::call_task::{Arrival, Running};
use crate::gateway::put::put;
use crate::gateway::recorder::{self, Ears};
use crate::recordings;

impl Running {
    pub(in crate::gateway) fn recording(&mut self, command: RecordingCommand) {
        match command {
            RecordingCommand::Start { take, leg, with, terms } => {
                // Of a leg that is gone the end has been told already.
                let Some(seat) = self.legs.get(&leg) else { return };
                // Recorders write to the disk when the server is stopping, not after.
                if self.gateway.app.stopping.is_cancelled() {
                    let event = RecordingEvent::Failed { reason: "the server is stopping" };
                    put(&self.inbox, Arrival::Voice(Input::Recording(take, event)));
                    return;
                }
                // Both are obeyed in the same turn of the media thread, so that they count from the same moment.
                let ears = Ears {
                    leg: self.media.tap(seat.port),
                    other: with.and_then(|leg| self.legs.get(&leg)).map(|seat| self.media.tap(seat.port)),
                };
                let of = (self.facts.workspace_id, self.facts.call_id);
                let trims_silence = terms.trims_silence;
                let orders = recorder::start(&self.gateway.app, of, ears, (take, terms), self.inbox.clone());
                self.takes.push((take, orders));
                self.was_recorded = true;
                if trims_silence {
                    self.maybe_empty = Some(take);
                }
            }
            RecordingCommand::Pause(take, mode) => self.change_recording(take, Some(mode)),
            RecordingCommand::Resume(take) => self.change_recording(take, None),
            RecordingCommand::Stop(take) => {
                if let Some(index) = self.takes.iter().position(|(other, _)| *other == take) {
                    self.takes.swap_remove(index).1.stop(self.now());
                }
            }
        }
    }

    /// As of now, whenever the recorder hears of it.
    fn change_recording(&self, take: TakeId, mode: Option<PauseMode>) {
        if let Some((_, orders)) = self.takes.iter().find(|(other, _)| *other == take) {
            orders.change(self.now(), mode);
        }
    }
}

/// A call that was recorded has ended: what is ready of it is told of.
pub(in crate::gateway) fn tell_of(gateway: &Arc<Gateway>, call_id: CallId) {
    let app = gateway.app.clone();
    gateway.app.tasks.spawn(async move {
        if let Err(error) = recordings::call_ended(&app, call_id).await {
            tracing::warn!(call = %call_id, %error, "that recordings are ready could not be told");
        }
    });
}
