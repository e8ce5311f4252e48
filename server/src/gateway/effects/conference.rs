//! `Output::Conference`: legs enter and leave conferences.

use std::sync::Arc;

use sautikit_api::calls::Direction;
use voice::{ConferenceCommand, ConferenceEvent, Input};

use crate::gateway::call_task::{Arrival, Running};
use crate::gateway::conferences::Member;
use crate::gateway::effects::fetch;
use crate::gateway::put::put;

impl Running {
    pub(in crate::gateway) fn conference(&mut self, command: ConferenceCommand) {
        match command {
            ConferenceCommand::Enter { stay, leg, terms } => {
                // Of a leg that is gone the end has been told already.
                let Some(seat) = self.legs.get(&leg) else { return };
                let (media, port, inbox) = (self.media.clone(), seat.port, self.inbox.clone());
                let (call_id, party) = (self.facts.call_id, self.party());
                if terms.record {
                    self.was_recorded = true;
                }
                let teller = terms.status.as_ref().map(|status| fetch::teller(self, status.url.clone()));
                let has_gone = Arc::default();
                let member = Member { call_id, party, stay, media, port, inbox, terms, teller, has_gone };
                self.stay = self.gateway.conferences.enter(self.facts.workspace_id, member).map(|place| (stay, place));
                if self.stay.is_none() {
                    put(&self.inbox, Arrival::Voice(Input::Conference(stay, ConferenceEvent::Full)));
                }
            }
            ConferenceCommand::PauseRecording(of, mode) => {
                if let Some((_, place)) = self.stay.as_ref().filter(|(stay, _)| *stay == of) {
                    place.pause_recording(self.now(), mode);
                }
            }
            ConferenceCommand::Leave(left) => drop(self.stay.take_if(|(stay, _)| *stay == left)),
        }
    }

    /// The number or identity that the call's script steers.
    pub(in crate::gateway) fn party(&self) -> String {
        match self.facts.direction {
            Direction::Inbound => self.facts.from.clone(),
            Direction::Outbound => self.facts.to.clone(),
        }
    }
}
