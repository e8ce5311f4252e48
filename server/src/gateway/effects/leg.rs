//! `Output::Dial` and `Output::Leg`: calling targets and steering legs.

use std::time::Duration;

use media::Codec;
use sautikit_api::ids::LegRecordId;
use sip::message::Headers;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use voice::{Cause, CauseKind, Input, LegCommand, LegEvent, LegId, Profile, Target};

use crate::gateway::MediaTransport;
use crate::gateway::call_task::{Arrival, LegSeat, Running};
use crate::gateway::leg::call_id::call_id_headers;
use crate::gateway::leg::inbound::Answering;
use crate::gateway::leg::invited::Invited;
use crate::gateway::leg::orders::{LegOrder, ORDER_QUEUE};
use crate::gateway::leg::report::Reports;
use crate::gateway::leg::way::Way;
use crate::gateway::leg::{MayHear, MediaEnd, fork, inbound, outbound};
use crate::gateway::media::PortId;
use crate::gateway::put::put;
use crate::gateway::sip::IncomingCall;
use crate::gateway::targets::{self, Dialling, Reach, Ways, outside};

impl Running {
    /// `at` is the moment of the call.
    pub(in crate::gateway) fn leg(&mut self, leg: LegId, command: LegCommand, at: Duration) {
        let hears = match command {
            LegCommand::PassEarly { hears } | LegCommand::Accept { hears } => hears,
            _ => None,
        };
        let peer = hears.and_then(|other| self.legs.get(&other)?.codec);
        let Some(seat) = self.legs.get(&leg) else {
            if let LegCommand::Hangup(_) = command {
                // Its way is still being looked up: it will not be taken.
                self.reaching.remove(&leg);
            }
            return;
        };
        let at = matches!(command, LegCommand::Hangup(_)).then(|| Box::new(at));
        match seat.orders.try_send(LegOrder { command, peer, at }) {
            Ok(()) => {}
            // It is over: there is nothing left to steer.
            Err(TrySendError::Closed(_)) => {}
            // One that takes no orders must not hold up the others and the call's timers. Without a seat it hangs up as soon
            // as it comes to it.
            Err(TrySendError::Full(_)) => {
                tracing::warn!(call = %self.facts.call_id, leg = leg.0, "a leg does not take its orders; it is let go");
                self.legs.remove(&leg);
            }
        }
    }

    /// Looks the way to a target up, beside the call: neither prices nor money may hold up its timers.
    pub(in crate::gateway) fn dial(&mut self, leg: LegId, target: Target, profile: Profile) {
        self.reaching.insert(leg, profile.hears);
        let dialling = Dialling {
            gateway: self.gateway.clone(),
            call_id: self.facts.call_id,
            leg_id: LegRecordId::dialled(self.facts.call_id, leg.0),
            workspace_id: self.facts.workspace_id,
            number: self.facts.number.clone(),
            caller_id: profile.caller_id,
            login: profile.login,
            admitted: self.recorder.admitted(leg).cloned(),
            funds: self.recorder.funds(),
            hops: self.hops,
            custom_headers: self.seldom.custom_headers.clone(),
        };
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            let reach = targets::resolve(dialling, &target).await;
            let _ = inbox.send(Arrival::Reached(leg, Box::new(reach))).await;
        });
    }

    /// The way to a target is known, or that there is none.
    pub(in crate::gateway) fn reached(&mut self, leg: LegId, reach: Result<Reach, Cause>) {
        let Some(hears) = self.reaching.remove(&leg) else {
            // Hung up meanwhile: what was reserved for it goes back with the next tick.
            if let Ok(reach) = reach {
                self.recorder.funds().release(reach.record.id);
            }
            return;
        };
        match reach {
            Ok(Reach { ways, record }) => {
                self.recorder.leg(leg, record);
                self.recorder.hand_over();
                match ways {
                    Ways::InTurn(ways) => self.dial_in_turn(leg, hears, ways, None),
                    Ways::Outside(ways) => {
                        let may_hear = outside::may_hear(&self.gateway.app);
                        self.dial_in_turn(leg, hears, ways, Some(may_hear));
                    }
                    Ways::AtOnce(ways) => self.dial_at_once(leg, hears, ways),
                }
            }
            Err(cause) => self.never_was(leg, cause),
        }
    }

    fn dial_in_turn(&mut self, leg: LegId, hears: Option<LegId>, ways: Vec<Way>, may_hear: Option<MayHear>) {
        let Some(mut end) = self.open_end(leg, hears, MediaTransport::Rtp) else {
            return self.never_was(leg, CauseKind::Failed.into());
        };
        if let Some(may_hear) = may_hear {
            end.restrict(may_hear);
        }
        let reports = self.reports(leg);
        let orders = self.seat(leg, end.port(), None);
        let trunks = self.gateway.trunks.table();
        let terms_of = |way: &Way| {
            let entry = way.trunk.as_deref().and_then(|trunk| trunks.named(trunk));
            entry.map(|entry| entry.trunk.terms.clone()).unwrap_or_default()
        };
        let ways = ways.into_iter().map(|way| (way.clone(), terms_of(&way))).collect();
        tokio::spawn(outbound::run(self.gateway.sip.clone(), end, ways, orders, reports));
    }

    /// Each way has media of its own, because any of them may answer.
    fn dial_at_once(&mut self, leg: LegId, hears: Option<LegId>, ways: Vec<Way>) {
        let open = |way: Way| {
            let end = self.open_end(leg, hears, MediaTransport::over(way.path))?;
            Some((way, end))
        };
        let branches: Vec<_> = ways.into_iter().filter_map(open).collect();
        let Some((_, first)) = branches.first() else { return self.never_was(leg, CauseKind::Failed.into()) };
        let port = first.port();
        let reports = Reports { lasting: Some(self.seldom.lasting.clone()), ..self.reports(leg) };
        let orders = self.seat(leg, port, None);
        tokio::spawn(fork::run(self.gateway.sip.clone(), branches, orders, reports));
    }

    /// Carriers and devices are offered first what the leg speaks that they are connected with. A browser that we call is offered Opus whoever calls it: its
    /// network is the worse one, and Opus mends losses at a third of the data (browser-sdk.md, "Opus preferred").
    fn open_end(&self, leg: LegId, hears: Option<LegId>, transport: MediaTransport) -> Option<Box<dyn MediaEnd>> {
        let mut end = self.gateway.media_end(&self.media, leg, transport).ok()?;
        let spoken = hears.and_then(|other| self.legs.get(&other)?.codec);
        if let (MediaTransport::Rtp | MediaTransport::Device, Some(codec)) = (transport, spoken) {
            end.prefer(codec);
        }
        Some(end)
    }

    /// Seats the leg that the call begins with. A browser is answered at once and does not wait for its callee to set up its
    /// media; a carrier is answered in the codec that the callee comes to speak.
    pub(in crate::gateway) fn seat_caller(
        &mut self,
        call: IncomingCall,
        mut end: Box<dyn MediaEnd>,
        mut invited: Invited,
    ) {
        self.recorder.trace(LegId::FIRST, call.trace.clone());
        let (headers, answering) = match invited.transport {
            MediaTransport::WebRtc => (call_id_headers(self.facts.call_id), Answering::AtOnce),
            MediaTransport::Device => (call_id_headers(self.facts.call_id), Answering::WhenHeard),
            // A carrier has no use for an id of ours, nor for our seconds.
            MediaTransport::Rtp => (Headers::new(), Answering::WhenHeard),
        };
        let lasting = (invited.transport != MediaTransport::Rtp).then(|| self.seldom.lasting.clone());
        let reports = Reports { rights: self.rights.take(), lasting, ..self.reports(LegId::FIRST) };
        if let Some(codecs) = invited.codecs.take() {
            end.allow(codecs);
        }
        end.secure(invited.srtp);
        let orders = self.seat(LegId::FIRST, end.port(), invited.expected);
        tokio::spawn(inbound::run(self.gateway.sip.clone(), call, end, headers, answering, invited, orders, reports));
    }

    fn seat(&mut self, leg: LegId, port: PortId, codec: Option<Codec>) -> mpsc::Receiver<LegOrder> {
        let (orders, receiver) = mpsc::channel(ORDER_QUEUE);
        self.legs.insert(leg, LegSeat { orders, port, codec, is_agreed: false, playing: None });
        receiver
    }

    fn reports(&self, leg: LegId) -> Reports {
        let (inbox, clock) = (self.inbox.clone(), self.gateway.app.clock.clone());
        let trace = self.recorder.traced(leg);
        Reports { leg, inbox, clock, keeper: self.recorder.dialog_keeper(leg), trace, rights: None, lasting: None }
    }

    /// A target that could not even be tried ends as a leg all the same, so that the call learns why.
    fn never_was(&self, leg: LegId, cause: Cause) {
        put(&self.inbox, Arrival::Voice(Input::Leg(leg, LegEvent::Ended(cause))));
    }
}
