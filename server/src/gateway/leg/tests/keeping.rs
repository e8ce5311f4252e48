//! What becomes of answers that nobody waits for any more, and what is kept of those that stand, on simulated time.

use std::sync::Arc;

use sip::message::{Method, Request};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;
use voice::{CauseKind, LegCommand, LegEvent};

use super::actors::{media, reports, simulate, way};
use super::peer::Peer;
use super::support::PATIENCE;
use super::wire::{self, PEER};
use crate::clock::TestClock;
use crate::gateway::call_task::Arrival;
use crate::gateway::leg::{CodecPolicy, LegOrder, MediaEnd, RtpEnd, fork, outbound};
use crate::gateway::media::{CallMedia, LegId, LegMediaEvent};
use crate::gateway::sip::OpenDialog;
use crate::gateway::trunks::terms::Terms;

const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
                      m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";
/// More than any of these legs is told, or tells.
const QUEUE: usize = 64;

/// A leg that calls a peer.
struct Calling {
    peer: Peer,
    orders: mpsc::Sender<LegOrder>,
    inbox: mpsc::Receiver<Arrival>,
    leg: JoinHandle<()>,
    _media: (CallMedia, mpsc::Receiver<LegMediaEvent>),
}

fn end(call: &CallMedia, leg: u32) -> Box<dyn MediaEnd> {
    Box::new(RtpEnd::open(call, LegId(leg), CodecPolicy::trunk()).unwrap())
}

/// Calls the peer once, or in several places at once.
fn calling(places: u32) -> Calling {
    let clock: Arc<TestClock> = TestClock::starting_at(jiff::Timestamp::UNIX_EPOCH);
    let (sip, _, end_of_wire) = wire::start(clock.clone());
    let media = media();
    let (reports, inbox) = reports(&clock);
    let (orders, ordered) = mpsc::channel(QUEUE);
    let leg = if places == 1 {
        let ways = vec![(way(), Terms::default())];
        tokio::spawn(outbound::run(sip, end(&media.0, 0), ways, ordered, reports))
    } else {
        let places = (0..places).map(|place| (way(), end(&media.0, place))).collect();
        tokio::spawn(fork::run(sip, places, ordered, reports))
    };
    Calling { peer: Peer::new(end_of_wire, false, false), orders, inbox, leg, _media: media }
}

impl Calling {
    async fn rings(&mut self) -> Request {
        let invite = self.peer.asked(&[Method::Invite]).await;
        self.peer.reply(&invite, 180, "t", "").await;
        assert!(self.told(|arrival| matches!(arrival, Arrival::Leg { event: LegEvent::Ringing, .. })).await.is_empty());
        invite
    }

    async fn answers(&mut self, invite: &Request) {
        self.peer.is_called(invite, "t");
        self.peer.reply(invite, 200, "t", ANSWER).await;
        self.peer.asked(&[Method::Ack]).await;
    }

    /// The dialogs that the call is told of until it is told this.
    async fn told(&mut self, last: impl Fn(&Arrival) -> bool) -> Vec<OpenDialog> {
        let mut dialogs = Vec::new();
        loop {
            let arrival = timeout(PATIENCE, self.inbox.recv()).await.expect("the call is told").expect("the leg lives");
            if last(&arrival) {
                return dialogs;
            }
            if let Arrival::Dialog(_, dialog) = arrival {
                dialogs.push(*dialog);
            }
        }
    }
}

fn is_answered(arrival: &Arrival) -> bool {
    matches!(arrival, Arrival::Leg { event: LegEvent::Answered, .. })
}

fn is_resumed(arrival: &Arrival) -> bool {
    matches!(arrival, Arrival::Leg { event: LegEvent::Resumed, .. })
}

#[test]
fn an_answer_that_the_hang_up_overtakes_is_ended_and_with_it_the_leg() {
    simulate(async {
        let mut calling = calling(1);
        let invite = calling.rings().await;
        // The leg gives up and knows of no answer; the user agent reads that before it hears of it.
        let Calling { mut peer, orders, leg, _media, .. } = calling;
        orders.try_send(LegCommand::Hangup(CauseKind::Canceled.into()).into()).unwrap();
        drop(orders);
        peer.reply(&invite, 200, "t", ANSWER).await;
        peer.asked(&[Method::Ack]).await;
        let bye = peer.asked(&[Method::Bye]).await;
        peer.reply(&bye, 200, "", "").await;
        timeout(PATIENCE, leg).await.expect("the leg ends").unwrap();
    });
}

#[test]
fn the_dialog_of_the_place_that_answers_is_the_legs_before_it_is_answered() {
    simulate(async {
        let mut calling = calling(2);
        let (first, second) = (calling.rings().await, calling.rings().await);
        calling.answers(&second).await;
        let dialogs = calling.told(is_answered).await;
        let [dialog] = &dialogs[..] else { panic!("one dialog: {dialogs:?}") };
        let call_id = second.headers.call_id().unwrap();
        assert!(dialog.record.contains(call_id) && dialog.remote.to_string() == PEER, "{}", dialog.record);
        let cancel = calling.peer.asked(&[Method::Cancel]).await;
        assert_eq!(cancel.headers.call_id(), first.headers.call_id());
        calling.peer.reply(&cancel, 200, "t", "").await;
        calling.peer.reply(&first, 487, "t", "").await;
    });
}

#[test]
fn a_dialog_is_kept_anew_when_its_peer_has_moved_and_not_when_it_has_not() {
    simulate(async {
        let mut calling = calling(1);
        let invite = calling.rings().await;
        calling.answers(&invite).await;
        assert_eq!(calling.told(is_answered).await.len(), 1);
        for (place, renewed) in [(PEER, None), ("192.0.2.9:5070", Some("192.0.2.9:5070")), ("192.0.2.9:5070", None)] {
            calling.peer.contact = format!("sip:peer@{place}");
            let number = calling.peer.request("INVITE", ANSWER).await;
            assert_eq!(calling.peer.final_of("INVITE", number).await.status.code(), 200);
            calling.peer.acknowledge(number, "").await;
            let mut dialogs = calling.told(is_resumed).await;
            // What is kept is kept after the call was told.
            for _ in 0..QUEUE {
                yield_now().await;
            }
            while let Ok(arrival) = calling.inbox.try_recv() {
                if let Arrival::Dialog(_, dialog) = arrival {
                    dialogs.push(*dialog);
                }
            }
            let remotes: Vec<_> = dialogs.iter().map(|dialog| dialog.remote.to_string()).collect();
            assert_eq!(remotes, Vec::from_iter(renewed), "{place}");
        }
    });
}
