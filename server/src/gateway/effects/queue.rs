//! `Output::Queue`: legs wait in queues, and take who waits out of them.

use voice::QueueCommand;

use crate::gateway::call_task::Running;
use crate::gateway::queues::Comer;

impl Running {
    pub(in crate::gateway) fn queue(&mut self, command: QueueCommand) {
        match command {
            QueueCommand::Wait { place, leg, name, max_size } => {
                // Of a leg that is gone the end has been told already.
                let Some(seat) = self.legs.get(&leg) else { return };
                let comer = self.comer(place, seat.port);
                let waiting = self.gateway.queues.wait(self.facts.workspace_id, name, max_size, comer);
                self.queue_place = Some(Box::new((place, waiting)));
            }
            QueueCommand::Take { place, leg, name, waits } => {
                let Some(seat) = self.legs.get(&leg) else { return };
                let comer = self.comer(place, seat.port);
                let taking = self.gateway.queues.take(self.facts.workspace_id, name, waits, comer);
                self.queue_place = Some(Box::new((place, taking)));
            }
            QueueCommand::Leave(left) => drop(self.queue_place.take_if(|held| held.0 == left)),
        }
    }

    fn comer(&self, place: voice::PlaceId, port: media::PortId) -> Comer {
        let (media, inbox) = (self.media.clone(), self.inbox.clone());
        Comer { call_id: self.facts.call_id, party: self.party(), place, media, port, inbox }
    }
}
