//! A phone of ours is told how long its call has lasted, and the record has the same.

use std::sync::Arc;
use std::time::Duration;

use sip::dialog::LENGTH_HEADER;
use sip::message::{HeaderName, Headers, Method};
use sip::ua::Lasting;
use tokio::sync::mpsc;
use tokio::time::timeout;
use voice::{CauseKind, LegCommand, LegEvent};

use super::actors::{media, reports};
use super::peer::Peer;
use super::support::{PATIENCE, Phone};
use super::wire;
use crate::clock::{Clock, TestClock};
use crate::gateway::MediaTransport;
use crate::gateway::call_task::Arrival;
use crate::gateway::leg::inbound::Answering;
use crate::gateway::leg::invited::Invited;
use crate::gateway::leg::report::Reports;
use crate::gateway::leg::{CodecPolicy, LegOrder, RtpEnd, inbound};
use crate::gateway::media::LegId;
use crate::gateway::trunks::terms::Terms;

/// A caller that is answered; the call counts from that moment.
struct Scene {
    clock: Arc<TestClock>,
    peer: Peer,
    orders: mpsc::Sender<LegOrder>,
    arrivals: mpsc::Receiver<Arrival>,
}

impl Scene {
    /// `is_told`: it is a phone of ours.
    async fn new(is_told: bool) -> Self {
        let clock = TestClock::starting_at(jiff::Timestamp::UNIX_EPOCH);
        let (sip, mut calls, end_of_wire) = wire::start(clock.clone());
        let (media, _events) = media();
        let mut peer = Peer::new(end_of_wire, false, false);
        let number = peer.request("INVITE", &Phone::new().await.sdp()).await;
        let incoming = calls.recv().await.unwrap();
        let invited = Invited::read(&incoming.request, MediaTransport::Rtp, &Terms::default()).unwrap();
        let end = Box::new(RtpEnd::open(&media, LegId(0), CodecPolicy::trunk()).unwrap());
        let (orders, ordered) = mpsc::channel(1);
        let (reports, arrivals) = reports(&clock);
        let lasting = Lasting::default();
        let reports = Reports { lasting: is_told.then(|| lasting.clone()), ..reports };
        tokio::spawn(inbound::run(sip, incoming, end, wire::none(), Answering::WhenHeard, invited, ordered, reports));
        orders.send(LegCommand::Accept { hears: None }.into()).await.unwrap();
        assert_eq!(peer.final_of("INVITE", number).await.status.code(), 200);
        peer.acknowledge(number, "").await;
        let mut scene = Self { clock, peer, orders, arrivals };
        scene.told(&LegEvent::Answered).await;
        lasting.begin(scene.clock.monotonic());
        scene
    }

    /// When the call was told this.
    async fn told(&mut self, wanted: &LegEvent) -> Duration {
        loop {
            match timeout(PATIENCE, self.arrivals.recv()).await.expect("the call is told").expect("the leg lives") {
                Arrival::Leg { at, event, .. } if event == *wanted => return at,
                _ => {}
            }
        }
    }
}

fn length(headers: &Headers) -> Option<String> {
    headers.text(&HeaderName::from_token(LENGTH_HEADER)).unwrap().map(str::to_owned)
}

#[tokio::test]
async fn a_phone_that_hangs_up_is_told_the_seconds_up_to_the_moment_that_the_call_is_told() {
    let mut scene = Scene::new(true).await;
    let answered = scene.clock.monotonic();
    scene.clock.advance(Duration::from_micros(61_000_001));
    let number = scene.peer.request("BYE", "").await;
    assert_eq!(length(&scene.peer.final_of("BYE", number).await.headers).as_deref(), Some("62"));
    let ended = scene.told(&LegEvent::Ended(voice::Cause::from_bye(None))).await;
    assert_eq!(ended - answered, Duration::from_micros(61_000_001));
}

#[tokio::test]
async fn a_phone_that_is_hung_up_on_is_told_the_seconds_up_to_the_calls_end_however_late_the_bye_is() {
    let mut scene = Scene::new(true).await;
    scene.clock.advance(Duration::from_secs(7));
    let at = Some(Box::new(scene.clock.monotonic()));
    scene.clock.advance(Duration::from_millis(300));
    let command = LegCommand::Hangup(CauseKind::NormalClearing.into());
    scene.orders.send(LegOrder { command, peer: None, at }).await.unwrap();
    let bye = scene.peer.asked(&[Method::Bye]).await;
    assert_eq!(length(&bye.headers).as_deref(), Some("7"));
}

#[tokio::test]
async fn a_carrier_is_told_nothing_of_it() {
    let mut scene = Scene::new(false).await;
    let number = scene.peer.request("BYE", "").await;
    assert_eq!(length(&scene.peer.final_of("BYE", number).await.headers), None);
}
