//! A caller that gives up while it is being answered.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::timeout;
use voice::{CauseKind, LegCommand, LegEvent};

use super::peer::Peer;
use super::support::{PATIENCE, Phone, call, engine};
use super::wire;
use crate::calls::trace::LegTrace;
use crate::clock::TestClock;
use crate::gateway::MediaTransport;
use crate::gateway::call_task::Arrival;
use crate::gateway::leg::inbound::Answering;
use crate::gateway::leg::invited::Invited;
use crate::gateway::leg::report::Reports;
use crate::gateway::leg::{CodecPolicy, RtpEnd, inbound};
use crate::gateway::media::LegId;
use crate::gateway::trunks::terms::Terms;

#[tokio::test]
async fn a_caller_whose_cancel_comes_before_our_200_is_reported_as_canceled_and_not_as_answered() {
    let clock = TestClock::starting_at(jiff::Timestamp::UNIX_EPOCH);
    let (sip, mut calls, end_of_wire) = wire::start(clock.clone());
    let engine = engine();
    let (media, _events) = call(&engine);
    let mut peer = Peer::new(end_of_wire, false, false);
    let number = peer.request("INVITE", &Phone::new().await.sdp()).await;
    let incoming = calls.recv().await.unwrap();
    let invited = Invited::read(&incoming.request, MediaTransport::Rtp, &Terms::default()).unwrap();
    let end = Box::new(RtpEnd::open(&media, LegId(0), CodecPolicy::trunk()).unwrap());
    let (orders, ordered) = mpsc::channel(1);
    let (inbox, mut arrivals) = mpsc::channel(16);
    let (leg, clock, trace) = (voice::LegId::FIRST, Arc::clone(&clock) as _, LegTrace::default());
    let reports = Reports { leg, inbox, clock, keeper: None, trace, rights: None, lasting: None };
    orders.send(LegCommand::Accept { hears: None }.into()).await.unwrap();
    tokio::spawn(inbound::run(sip, incoming, end, wire::none(), Answering::WhenHeard, invited, ordered, reports));
    // The leg takes its order first, and the wire is read before what the leg asks of it.
    peer.cancel(number).await;
    assert_eq!(peer.final_of("INVITE", number).await.status.code(), 487);
    let mut events = Vec::new();
    while let Some(arrival) = timeout(PATIENCE, arrivals.recv()).await.expect("the leg ends") {
        if let Arrival::Leg { event, .. } = arrival {
            events.push(event);
        }
    }
    assert_eq!(events, [LegEvent::Ended(CauseKind::Canceled.into())]);
}
