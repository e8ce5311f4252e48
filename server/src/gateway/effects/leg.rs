//! `Output::Leg`: calling targets and steering legs.

use std::time::Duration;

use media::Codec;
use sip::message::Headers;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use voice::{Cause, CauseKind, Input, LegCommand, LegEvent, LegId, Profile, Target};

use crate::gateway::MediaTransport;
use crate::gateway::call_task::{Arrival, LegSeat, Running};
use crate::gateway::leg::call_id::call_id_headers;
use crate::gateway::leg::codecs::first_choice;
use crate::gateway::leg::destination::Destination;
use crate::gateway::leg::orders::{LegOrder, ORDER_QUEUE, Settle};
use crate::gateway::leg::report::Reports;
use crate::gateway::leg::{MediaEnd, fork, inbound, outbound};
use crate::gateway::media::PortId;
use crate::gateway::sip::IncomingCall;
use crate::gateway::targets::{self, Destinations, Reach};

/// The longest that a caller's answer takes: opening a WebRTC connection on a starved machine.
const SETTLING: Duration = Duration::from_secs(4);

impl Running {
    pub(in crate::gateway) async fn leg(&mut self, leg: LegId, command: LegCommand) {
        let order = match command {
            LegCommand::Dial(target, profile) => return self.dial(leg, target, profile),
            LegCommand::SendDigits(keys) => {
                let digits: String = keys.iter().map(|key| key.char()).collect();
                if let Some(seat) = self.legs.get(&leg) {
                    self.media.send_digits(seat.port, &digits);
                }
                return;
            }
            LegCommand::Ring => LegOrder::Ring,
            LegCommand::PassEarly => return self.settle(leg, LegOrder::PassEarly).await,
            LegCommand::Accept => return self.settle(leg, LegOrder::Accept).await,
            LegCommand::Refuse(refusal) => LegOrder::Refuse(refusal),
            LegCommand::Hangup(cause) => LegOrder::Hangup(cause),
        };
        if let Some(seat) = self.legs.get(&leg) {
            // A leg that is over has closed its orders; there is nothing left to steer.
            let _ = seat.orders.send(order).await;
        } else if let LegOrder::Hangup(_) = order {
            // Its way is still being looked up: it will not be taken.
            self.reaching.remove(&leg);
        }
    }

    /// Has the caller answered with what its bridge speaks, and waits until that stands: what is joined or played next
    /// finds a codec.
    async fn settle(&mut self, leg: LegId, order: impl FnOnce(Settle) -> LegOrder) {
        let peer = self.connecting.filter(|other| *other != leg).and_then(|other| self.legs.get(&other)?.codec);
        let Some(seat) = self.legs.get_mut(&leg) else { return };
        let (settled, codec) = oneshot::channel();
        let _ = seat.orders.send(order(Settle { peer, settled })).await;
        // Neither comes from a leg that is over, or whose codec is in its ACK.
        if let Ok(Ok(codec)) = timeout(SETTLING, codec).await {
            seat.codec = Some(codec);
        }
    }

    /// Looks the way to a target up, beside the call: neither prices nor money may hold up its timers.
    fn dial(&mut self, leg: LegId, target: Target, profile: Profile) {
        self.reaching.insert(leg);
        let asked = self.ask_way(leg, target, profile);
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let reach = asked.await;
            let _ = inbox.send(Arrival::Reached(leg, Box::new(reach))).await;
        });
    }

    fn ask_way(
        &self,
        leg: LegId,
        target: Target,
        profile: Profile,
    ) -> impl Future<Output = Result<Reach, Cause>> + use<> {
        let (gateway, call) = (self.gateway.clone(), self.recorder.call().clone());
        let (admitted, funds, hops) = (self.recorder.admitted(leg).cloned(), self.recorder.funds(), self.hops);
        async move { targets::resolve(&gateway, &call, &funds, admitted, &target, &profile, hops).await }
    }

    /// The way to a target is known, or that there is none.
    pub(in crate::gateway) fn reached(&mut self, leg: LegId, reach: Result<Reach, Cause>) {
        if !self.reaching.remove(&leg) {
            // Hung up meanwhile: what was reserved for it goes back with the next tick.
            if let Ok(reach) = reach {
                self.recorder.funds().release(reach.record.id);
            }
            return;
        }
        match reach {
            Ok(Reach { destinations, transport, record }) => {
                self.recorder.leg(leg, record);
                self.recorder.hand_over();
                match destinations {
                    Destinations::InTurn(destinations) => self.dial_in_turn(leg, destinations, transport),
                    Destinations::AtOnce(destinations) => self.dial_at_once(leg, destinations, transport),
                }
            }
            Err(cause) => self.never_was(leg, cause),
        }
    }

    fn dial_in_turn(&mut self, leg: LegId, destinations: Vec<Destination>, transport: MediaTransport) {
        let Some(end) = self.open_end(leg, transport) else { return self.never_was(leg, CauseKind::Failed.into()) };
        let reports = self.reports(leg);
        let orders = self.seat(leg, end.port(), None);
        tokio::spawn(outbound::run(self.gateway.sip.clone(), end, destinations, orders, reports));
    }

    /// Each destination has media of its own, because any of them may answer.
    fn dial_at_once(&mut self, leg: LegId, destinations: Vec<Destination>, transport: MediaTransport) {
        let branches: Vec<_> = destinations
            .into_iter()
            .filter_map(|destination| Some((destination, self.open_end(leg, transport)?)))
            .collect();
        let Some((_, first)) = branches.first() else { return self.never_was(leg, CauseKind::Failed.into()) };
        let port = first.port();
        let reports = self.reports(leg);
        let orders = self.seat(leg, port, None);
        tokio::spawn(fork::run(self.gateway.sip.clone(), branches, orders, reports));
    }

    /// Carriers are offered first what the party speaks. A browser that we call is offered Opus whoever calls it: its
    /// network is the worse one, and Opus mends losses at a third of the data (browser-sdk.md, "Opus preferred").
    fn open_end(&self, leg: LegId, transport: MediaTransport) -> Option<Box<dyn MediaEnd>> {
        let mut end = self.gateway.media_end(&self.media, leg, transport).ok()?;
        let spoken = self.party.and_then(|party| self.legs.get(&party)?.codec);
        if let (MediaTransport::Rtp, Some(codec)) = (transport, spoken) {
            end.prefer(codec);
        }
        Some(end)
    }

    /// Seats the leg that the call begins with.
    pub(in crate::gateway) fn seat_caller(
        &mut self,
        call: IncomingCall,
        end: Box<dyn MediaEnd>,
        transport: MediaTransport,
    ) {
        let reports = self.reports(LegId::FIRST);
        let expected = first_choice(&call.request.body, &transport.policy());
        let orders = self.seat(LegId::FIRST, end.port(), expected);
        self.party = Some(LegId::FIRST);
        let headers = match transport {
            MediaTransport::WebRtc => call_id_headers(self.facts.call_id),
            // A carrier has no use for an id of ours.
            MediaTransport::Rtp => Headers::new(),
        };
        tokio::spawn(inbound::run(self.gateway.sip.clone(), call, end, headers, orders, reports));
    }

    fn seat(&mut self, leg: LegId, port: PortId, codec: Option<Codec>) -> mpsc::Receiver<LegOrder> {
        let (orders, receiver) = mpsc::channel(ORDER_QUEUE);
        self.legs.insert(leg, LegSeat { orders, port, codec, playing: None });
        receiver
    }

    fn reports(&self, leg: LegId) -> Reports {
        Reports { leg, inbox: self.inbox.clone(), clock: self.gateway.app.clock.clone() }
    }

    /// A target that could not even be tried ends as a leg all the same, so that the call learns why.
    fn never_was(&self, leg: LegId, cause: Cause) {
        let _ = self.inbox.try_send(Arrival::Voice(Input::Leg(leg, LegEvent::Ended(cause))));
    }
}
