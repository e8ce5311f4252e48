//! Any sequence of offers, answers, holds, forks, updates and refreshes through the actor of a leg that calls us and of one
//! that we call, each behind a real user agent on simulated time: what we say keeps to RFC 3264, and the call hears of
//! every hold.

use core::time::Duration;
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use sip::message::{HeaderName, Method, Request, Response, Uri};
use sip::sdp::{self, Session};
use tokio::sync::mpsc;
use tokio::task::yield_now;
use voice::{CauseKind, LegCommand, LegEvent};

use super::negotiation::{Choice, Onlooker, Said, answer_of, holds, is_usable, our_line};
use super::peer::Peer;
use super::script::{Coming, End, Going, Step, TAGS, Taken, Talk, coming, going};
use super::support::engine;
use super::wire::{self, PEER, US, address};
use crate::calls::trace::LegTrace;
use crate::clock::TestClock;
use crate::gateway::MediaTransport;
use crate::gateway::call_task::Arrival;
use crate::gateway::leg::inbound::Answering;
use crate::gateway::leg::invited::Invited;
use crate::gateway::leg::report::Reports;
use crate::gateway::leg::way::Way;
use crate::gateway::leg::{CodecPolicy, LegOrder, RtpEnd, inbound, outbound};
use crate::gateway::media::{CallMedia, LegId, LegMediaEvent, MediaHandle};
use crate::gateway::sip::datagram_path;
use crate::gateway::trunks::terms::Terms;

const INBOX: usize = 1_024;
/// Turns of everybody after which all that was said has been heard: the longest way has a dozen.
const TURNS: usize = 64;
/// Half of the session interval that the peer asks for.
const HALF_OF_SESSION: Duration = Duration::from_secs(45);
/// The longest wait after a collision (RFC 3261 §14.1).
const COLLISION: Duration = Duration::from_secs(4);

/// A leg, its peer, its call and an onlooker.
struct Scene {
    clock: Arc<TestClock>,
    peer: Peer,
    onlooker: Onlooker,
    orders: mpsc::Sender<LegOrder>,
    inbox: mpsc::Receiver<Arrival>,
    /// What the call was told last about holds.
    told_held: bool,
    answered: usize,
    ended: usize,
    /// What the peer last said of itself, as far as we took it.
    peer_holds: bool,
    is_timed: bool,
    takes_update: bool,
    _media: mpsc::Receiver<LegMediaEvent>,
}

pub(super) fn media() -> (CallMedia, mpsc::Receiver<LegMediaEvent>) {
    static ENGINE: OnceLock<MediaHandle> = OnceLock::new();
    super::support::call(ENGINE.get_or_init(engine))
}

pub(super) fn reports(clock: &Arc<TestClock>) -> (Reports, mpsc::Receiver<Arrival>) {
    let (inbox, arrivals) = mpsc::channel(INBOX);
    (
        Reports {
            leg: voice::LegId::FIRST,
            inbox,
            clock: clock.clone(),
            keeper: None,
            trace: LegTrace::default(),
            rights: None,
            lasting: None,
        },
        arrivals,
    )
}

/// The way to the peer.
pub(super) fn way() -> Way {
    Way {
        trunk: None,
        path: datagram_path(address(PEER)),
        hop: None,
        borrowing: None,
        target: Uri::parse(format!("sip:+254722000042@{PEER}")).unwrap(),
        from: format!("<sip:+254700000001@{US}>"),
        to: format!("<sip:+254722000042@{PEER}>"),
        headers: wire::none(),
        auth: None,
        srtp: crate::config::SrtpPolicy::Accepted,
        rights: None,
    }
}

fn session(response: &Response) -> Session {
    sdp::parse(&response.body).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

impl Scene {
    /// Lets everybody come to rest, and reads what the call was told.
    async fn settle(&mut self) {
        for _ in 0..TURNS {
            yield_now().await;
        }
        while let Ok(arrival) = self.inbox.try_recv() {
            let Arrival::Leg { event, .. } = arrival else { continue };
            assert_eq!(self.ended, 0, "nothing follows the end: {event:?}");
            match event {
                LegEvent::HeldByPeer { .. } => self.told_held = true,
                LegEvent::Resumed => self.told_held = false,
                LegEvent::Answered => self.answered += 1,
                LegEvent::Ended(_) => self.ended += 1,
                _ => {}
            }
        }
    }

    async fn order(&self, command: LegCommand) {
        self.orders.send(command.into()).await.expect("the leg lives");
    }

    /// Judges our final answer to an offer; true when it was taken.
    fn judge(&mut self, said: &Said, response: &Response) -> bool {
        let offer = said.session();
        if !offer.media.iter().any(is_usable) {
            assert_eq!(response.status.code(), 488, "{offer}\n{response:?}");
            assert!(response.body.is_empty());
            return false;
        }
        assert_eq!(response.status.code(), 200, "{offer}\n{response:?}");
        let answer = session(response);
        self.onlooker.answered(&offer, &answer);
        self.onlooker.described(&answer);
        let index = answer.media.iter().position(|section| section.port != 0).unwrap();
        self.peer_holds = holds(&offer, &offer.media[index]);
        true
    }

    /// Takes our offer, and gives the peer's answer to it.
    fn answer(&mut self, offer: &Session, choice: &Choice) -> Said {
        self.onlooker.described(offer);
        self.take(offer, choice)
    }

    fn take(&mut self, offer: &Session, choice: &Choice) -> Said {
        let answer = answer_of(offer, choice);
        let theirs = answer.session();
        let line = our_line(&theirs);
        let spoken = ["PCMA", "PCMU", "telephone-event"];
        let kept = line.codecs().into_iter().filter(|map| spoken.iter().any(|name| map.is_encoding(name)));
        self.onlooker.agreed = Some(kept.collect());
        self.peer_holds = holds(&theirs, line);
        answer
    }

    /// Our new offer must hold all that we speak, in as many lines as before.
    fn offered(&self, offer: &Session) {
        let lines_before = self.onlooker.ours.as_ref().map_or(0, |ours| ours.media.len());
        self.onlooker.offered(lines_before, offer);
    }

    async fn walk(&mut self, talk: &Talk) {
        for step in &talk.steps {
            self.step(step).await;
            self.settle().await;
            assert_eq!(self.told_held, self.peer_holds, "after {step:?}");
            assert_eq!(self.ended, 0, "{step:?}");
            let unasked = self.peer.unasked();
            assert!(unasked.is_empty(), "{step:?}: {unasked:?}");
        }
        self.end(talk.end).await;
    }

    async fn step(&mut self, step: &Step) {
        match step {
            Step::Reinvite(said) => {
                let number = self.peer.request("INVITE", &said.0).await;
                let response = self.peer.final_of("INVITE", number).await;
                self.judge(said, &response);
                self.acknowledge(&response, number, "").await;
            }
            Step::Update(said) => {
                let number = self.peer.request("UPDATE", &said.0).await;
                let response = self.peer.final_of("UPDATE", number).await;
                self.judge(said, &response);
            }
            Step::Refresh => {
                let number = self.peer.request("UPDATE", "").await;
                let response = self.peer.final_of("UPDATE", number).await;
                assert_eq!((response.status.code(), response.body.len()), (200, 0));
            }
            Step::Asked(choice) => {
                let (number, offer) = self.ask().await;
                let answer = self.take(&offer, choice);
                self.peer.acknowledge(number, &answer.0).await;
            }
            Step::AskedAndOffered(choice, said) => {
                let (number, offer) = self.ask().await;
                let crossing = self.peer.request("UPDATE", &said.0).await;
                let refused = self.peer.final_of("UPDATE", crossing).await;
                // RFC 3311 §5.2: our offer is open.
                assert_eq!((refused.status.code(), refused.body.len()), (491, 0));
                let answer = self.take(&offer, choice);
                self.peer.acknowledge(number, &answer.0).await;
            }
            Step::Twice(first, second) => {
                let number = self.peer.request("INVITE", &first.0).await;
                let too_early = self.peer.request("UPDATE", &second.0).await;
                // RFC 3311 §5.2: their first offer is open.
                let refused = self.peer.final_of("UPDATE", too_early).await;
                assert_eq!((refused.status.code(), refused.body.len()), (500, 0));
                assert!(refused.headers.contains(&HeaderName::RetryAfter));
                let response = self.peer.final_of("INVITE", number).await;
                self.judge(first, &response);
                self.acknowledge(&response, number, "").await;
            }
            Step::Ours(taken) if self.is_timed => self.refreshed(taken).await,
            Step::Ours(_) => {}
        }
    }

    /// ACK of a 2xx; that of a refusal is the transaction's, and of the same branch, so it is left out.
    async fn acknowledge(&mut self, response: &Response, number: u32, body: &str) {
        if response.status.is_success() {
            self.peer.acknowledge(number, body).await;
        }
    }

    /// Asks for our offer.
    async fn ask(&mut self) -> (u32, Session) {
        let number = self.peer.request("INVITE", "").await;
        let response = self.peer.final_of("INVITE", number).await;
        assert_eq!(response.status.code(), 200);
        let offer = session(&response);
        self.offered(&offer);
        self.onlooker.described(&offer);
        (number, offer)
    }

    async fn refreshed(&mut self, taken: &Taken) {
        self.clock.advance(HALF_OF_SESSION);
        let ours = self.our_refresh().await;
        match taken {
            Taken::Accepted(choice) => self.accept(&ours, choice).await,
            Taken::Refused => self.peer.reply(&ours, 500, "", "").await,
            Taken::Collided(said, choice) => {
                let number = self.peer.request("INVITE", &said.0).await;
                // RFC 3261 §14.2: ours is open.
                let refused = self.peer.final_of("INVITE", number).await;
                assert_eq!((refused.status.code(), refused.body.len()), (491, 0));
                self.peer.reply(&ours, 491, "", "").await;
                self.settle().await;
                self.clock.advance(COLLISION);
                let again = self.our_refresh().await;
                assert_eq!(again.method, ours.method);
                self.accept(&again, choice).await;
            }
        }
        if ours.method == Method::Invite {
            self.settle().await;
            let acks = self.peer.unasked();
            assert!(acks.iter().all(|request| request.method == Method::Ack), "{acks:?}");
        }
    }

    /// A refresh says what was said before, or nothing.
    async fn our_refresh(&mut self) -> Request {
        let ours = self.peer.asked(&[Method::Invite, Method::Update]).await;
        assert_eq!(ours.method == Method::Update, self.takes_update);
        assert_eq!(ours.body.is_empty(), self.takes_update);
        if !ours.body.is_empty() {
            let offer = sdp::parse(&ours.body).unwrap();
            assert_eq!(Some(&offer), self.onlooker.ours.as_ref(), "a refresh repeats the session");
        }
        ours
    }

    async fn accept(&mut self, ours: &Request, choice: &Choice) {
        let answer = match ours.body.is_empty() {
            true => String::new(),
            false => {
                let offer = sdp::parse(&ours.body).unwrap();
                self.answer(&offer, choice).0
            }
        };
        self.peer.reply(ours, 200, "", &answer).await;
    }

    async fn end(&mut self, end: End) {
        match end {
            End::Theirs => {
                let number = self.peer.request("BYE", "").await;
                assert_eq!(self.peer.final_of("BYE", number).await.status.code(), 200);
            }
            End::Ours => self.order(LegCommand::Hangup(CauseKind::NormalClearing.into())).await,
            End::Unanswered => {
                let (number, _) = self.ask().await;
                self.peer.acknowledge(number, "").await;
            }
        }
        if end != End::Theirs {
            let bye = self.peer.asked(&[Method::Bye]).await;
            self.peer.reply(&bye, 200, "", "").await;
        }
        self.is_over().await;
    }

    async fn is_over(&mut self) {
        self.settle().await;
        assert_eq!(self.ended, 1, "the call hears of the end once");
    }
}

async fn comes_in(coming: Coming) {
    let clock = TestClock::starting_at(jiff::Timestamp::UNIX_EPOCH);
    let (sip, mut calls, end_of_wire) = wire::start(clock.clone());
    let (call, media_events) = media();
    let (reports, inbox) = reports(&clock);
    let (orders, ordered) = mpsc::channel(INBOX);
    let talk = &coming.talk;
    let peer = Peer::new(end_of_wire, talk.takes_update, talk.is_timed);
    let mut scene = scene(clock, peer, orders, inbox, media_events, talk);
    let number = scene.peer.request("INVITE", coming.offer.as_ref().map_or("", |said| &said.0)).await;
    let incoming = calls.recv().await.unwrap();
    let invited = match Invited::read(&incoming.request, MediaTransport::Rtp, &Terms::default()) {
        Ok(invited) => invited,
        Err(unfit) => {
            sip.respond(incoming.transaction, unfit.reply()).await;
            let refusal = scene.peer.final_of("INVITE", number).await;
            let said = coming.offer.expect("no other INVITE is refused");
            assert!(!scene.judge(&said, &refusal), "what was refused could be taken");
            return;
        }
    };
    let end = Box::new(RtpEnd::open(&call, LegId(0), CodecPolicy::trunk()).unwrap());
    let answering = if coming.at_once { Answering::AtOnce } else { Answering::WhenHeard };
    tokio::spawn(inbound::run(sip, incoming, end, wire::none(), answering, invited, ordered, reports));
    if coming.rings && !coming.at_once {
        scene.order(LegCommand::Ring).await;
    }
    if coming.early && !coming.at_once {
        scene.order(LegCommand::PassEarly { hears: None }).await;
    }
    // What it hears early is what it hears in the 200.
    let mut early = None;
    if coming.early || coming.at_once {
        early = Some(loop {
            let response = scene.peer.progress().await;
            if response.status.code() == 183 {
                break response.body;
            }
        });
        if let Some(hasty) = &coming.hasty {
            let number = scene.peer.request("UPDATE", &hasty.0).await;
            let refused = scene.peer.final_of("UPDATE", number).await;
            // RFC 3311 §5.2. Without an offer of theirs there is none of ours yet either, as no 183 is reliable.
            if coming.offer.is_ok() {
                assert_eq!((refused.status.code(), refused.body.len()), (500, 0));
            }
        }
    }
    scene.order(LegCommand::Accept { hears: None }).await;
    let response = scene.peer.final_of("INVITE", number).await;
    match &coming.offer {
        Ok(said) => {
            assert!(scene.judge(said, &response), "what was taken is answered");
            assert!(early.is_none_or(|early| early == response.body), "one answer, said twice");
            scene.peer.acknowledge(number, "").await;
        }
        Err(choice) => {
            assert_eq!(response.status.code(), 200);
            assert!(early.is_none_or(|early| early.is_empty()), "no offer in what can be lost");
            let offer = session(&response);
            scene.offered(&offer);
            let answer = scene.answer(&offer, choice);
            scene.peer.acknowledge(number, &answer.0).await;
        }
    }
    scene.settle().await;
    assert_eq!((scene.answered, scene.told_held), (1, scene.peer_holds), "after the answer");
    scene.walk(talk).await;
}

async fn goes_out(going: Going) {
    let clock = TestClock::starting_at(jiff::Timestamp::UNIX_EPOCH);
    let (sip, _calls, end_of_wire) = wire::start(clock.clone());
    let (call, media_events) = media();
    let (reports, inbox) = reports(&clock);
    let (orders, ordered) = mpsc::channel(INBOX);
    let talk = &going.talk;
    let peer = Peer::new(end_of_wire, talk.takes_update, talk.is_timed);
    let mut scene = scene(clock, peer, orders, inbox, media_events, talk);
    let end = Box::new(RtpEnd::open(&call, LegId(0), CodecPolicy::trunk()).unwrap());
    tokio::spawn(outbound::run(sip, end, vec![(way(), Terms::default())], ordered, reports));
    let invite = scene.peer.asked(&[Method::Invite]).await;
    let offer = sdp::parse(&invite.body).unwrap();
    scene.offered(&offer);
    scene.onlooker.described(&offer);
    let mut last_of_early = None;
    for (tag, answer) in &going.forks {
        let body = answer.as_ref().map(|choice| scene.take(&offer, choice).0);
        if body.is_some() {
            last_of_early = Some(*tag);
        }
        let status = if body.is_some() { 183 } else { 180 };
        scene.peer.reply(&invite, status, TAGS[*tag], body.as_deref().unwrap_or_default()).await;
    }
    if let (Some(hasty), Some((tag, _))) = (&going.hasty, going.forks.last()) {
        scene.peer.is_called(&invite, TAGS[*tag]);
        let number = scene.peer.request("UPDATE", &hasty.0).await;
        let refused = scene.peer.final_of("UPDATE", number).await;
        assert!(refused.status.code() >= 400 && refused.body.is_empty(), "{refused:?}");
    }
    let (tag, answer) = &going.taken;
    scene.peer.is_called(&invite, TAGS[*tag]);
    let body = answer.as_ref().map(|choice| scene.take(&offer, choice).0);
    scene.peer.reply(&invite, 200, TAGS[*tag], body.as_deref().unwrap_or_default()).await;
    scene.peer.asked(&[Method::Ack]).await;
    // A 200 may leave the answer out only where its own 18x had it (RFC 3261 §13.2.1).
    if body.is_none() && last_of_early != Some(*tag) {
        let bye = scene.peer.asked(&[Method::Bye]).await;
        scene.peer.reply(&bye, 200, "", "").await;
        scene.is_over().await;
        return assert_eq!(scene.answered, 0);
    }
    scene.settle().await;
    assert_eq!((scene.answered, scene.told_held), (1, scene.peer_holds), "after the answer");
    scene.walk(talk).await;
}

fn scene(
    clock: Arc<TestClock>,
    peer: Peer,
    orders: mpsc::Sender<LegOrder>,
    inbox: mpsc::Receiver<Arrival>,
    media: mpsc::Receiver<LegMediaEvent>,
    talk: &Talk,
) -> Scene {
    Scene {
        clock,
        peer,
        onlooker: Onlooker::default(),
        orders,
        inbox,
        told_held: false,
        answered: 0,
        ended: 0,
        peer_holds: false,
        is_timed: talk.is_timed,
        takes_update: talk.takes_update,
        _media: media,
    }
}

/// Everybody on one thread, on a clock that the test moves.
pub(super) fn simulate(run: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(run);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_leg_that_calls_us_keeps_to_rfc_3264_whatever_its_peer_says(coming in coming()) {
        simulate(comes_in(coming));
    }

    #[test]
    fn a_leg_that_we_call_keeps_to_rfc_3264_whatever_its_peer_says(going in going()) {
        simulate(goes_out(going));
    }
}
