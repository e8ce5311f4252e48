//! `Output::Leg`: calling targets and steering legs.

use sip::message::Headers;
use tokio::sync::mpsc;
use voice::{Cause, CauseKind, Input, LegCommand, LegEvent, LegId, Profile, Target};

use crate::gateway::call_task::{Arrival, LegSeat, Running};
use crate::gateway::MediaTransport;
use crate::gateway::leg::call_id::call_id_headers;
use crate::gateway::leg::orders::{LegOrder, ORDER_QUEUE};
use crate::gateway::leg::report::Reports;
use crate::gateway::leg::{MediaEnd, inbound, outbound};
use crate::gateway::sip::IncomingCall;
use crate::gateway::targets::{self, Reach};

impl Running {
    pub(in crate::gateway) async fn leg(&mut self, leg: LegId, command: LegCommand) {
        let order = match command {
            LegCommand::Dial(target, profile) => return self.dial(leg, &target, &profile).await,
            LegCommand::SendDigits(keys) => {
                let digits: String = keys.iter().map(|key| key.char()).collect();
                if let Some(seat) = self.legs.get(&leg) {
                    self.media.send_digits(seat.port, &digits);
                }
                return;
            }
            LegCommand::Ring => LegOrder::Ring,
            LegCommand::PassEarly => LegOrder::PassEarly,
            LegCommand::Accept => LegOrder::Accept,
            LegCommand::Refuse(refusal) => LegOrder::Refuse(refusal),
            LegCommand::Hangup(cause) => LegOrder::Hangup(cause),
        };
        if let Some(seat) = self.legs.get(&leg) {
            // A leg that is over has closed its orders; there is nothing left to steer.
            let _ = seat.orders.send(order).await;
        }
    }

    async fn dial(&mut self, leg: LegId, target: &Target, profile: &Profile) {
        let admitted = self.admitted.get(&leg);
        match targets::resolve(&self.gateway, &self.row, admitted, target, profile).await {
            Ok(reach) => {
                let Reach { destinations, transport, record } = reach;
                self.recorder.leg(leg, record).await;
                match self.gateway.media_end(&self.media, leg, transport) {
                    Ok(end) => {
                        let reports = self.reports(leg);
                        let orders = self.seat(leg, end.port());
                        tokio::spawn(outbound::run(self.gateway.sip.clone(), end, destinations, orders, reports));
                    }
                    Err(_) => self.never_was(leg, CauseKind::Failed.into()),
                }
            }
            Err(cause) => self.never_was(leg, cause),
        }
    }

    /// Seats the leg that the call begins with.
    pub(in crate::gateway) fn seat_caller(
        &mut self,
        call: IncomingCall,
        end: Box<dyn MediaEnd>,
        transport: MediaTransport,
    ) {
        let reports = self.reports(LegId::FIRST);
        let orders = self.seat(LegId::FIRST, end.port());
        let headers = match transport {
            MediaTransport::WebRtc => call_id_headers(self.facts.call_id),
            // A carrier has no use for an id of ours.
            MediaTransport::Rtp => Headers::new(),
        };
        tokio::spawn(inbound::run(self.gateway.sip.clone(), call, end, headers, orders, reports));
    }

    fn seat(&mut self, leg: LegId, port: crate::gateway::media::PortId) -> mpsc::Receiver<LegOrder> {
        let (orders, receiver) = mpsc::channel(ORDER_QUEUE);
        self.legs.insert(leg, LegSeat { orders, port, playing: None });
        receiver
    }

    fn reports(&self, leg: LegId) -> Reports {
        Reports { leg, inbox: self.inbox.clone() }
    }

    /// A target that could not even be tried ends as a leg all the same, so that the call learns why.
    fn never_was(&self, leg: LegId, cause: Cause) {
        let _ = self.inbox.try_send(Arrival::Voice(Input::Leg(leg, LegEvent::Ended(cause))));
    }
}
