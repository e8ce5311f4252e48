//! Conferences as calls see them: who is let in, who waits, and who is told that it is over.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use sautikit::entropy::Entropy;
use sautikit::gateway::call_task::Arrival;
use sautikit::gateway::conferences::{Conferences, Member, Stay};
use sautikit::gateway::media::{CallMedia, MediaHandle, MediaSettings, Port};
use sautikit_api::ids::WorkspaceId;
use tokio::sync::mpsc;
use voice::{ConferenceEvent, ConferenceTerms, Input, LegId, StayId};

/// A call with one leg that may enter.
struct Caller {
    media: CallMedia,
    port: Port,
    inbox: mpsc::Sender<Arrival>,
    arrivals: mpsc::Receiver<Arrival>,
}

fn conferences() -> (Conferences, MediaHandle) {
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let settings =
        MediaSettings { listen: ip, public_ip: ip, rtp_ports: None, threads: 2, entropy: Arc::new(Entropy::seeded(1)) };
    let media = MediaHandle::start(&settings).expect("media threads");
    (Conferences::new(media.clone()), media)
}

fn terms() -> ConferenceTerms {
    let name = "stand-up".to_owned();
    ConferenceTerms { name, beep: true, start_on_enter: true, end_on_exit: false, max_participants: 32, muted: false }
}

impl Caller {
    fn of(engine: &MediaHandle) -> Self {
        let media = engine.open_call(mpsc::channel(8).0);
        let port = media.add_rtp(LegId::FIRST).expect("a port");
        let (inbox, arrivals) = mpsc::channel(8);
        Self { media, port, inbox, arrivals }
    }

    fn enters(&self, conferences: &Conferences, workspace: u128, terms: ConferenceTerms) -> Stay {
        let (media, port, inbox) = (self.media.clone(), self.port.id(), self.inbox.clone());
        let member = Member { stay: StayId(1), media, port, inbox, terms };
        conferences.enter(WorkspaceId(uuid::Uuid::from_u128(workspace)), member).expect("a place")
    }

    async fn told(&mut self) -> ConferenceEvent {
        match self.arrivals.recv().await {
            Some(Arrival::Voice(Input::Conference(StayId(1), event))) => event,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn it_waits_for_somebody_who_begins_it() {
    let (conferences, media) = conferences();
    let [mut guest, mut other, mut host] = [(); 3].map(|()| Caller::of(&media));
    let waiting = || ConferenceTerms { start_on_enter: false, ..terms() };
    let _guest = guest.enters(&conferences, 1, waiting());
    assert_eq!(guest.told().await, ConferenceEvent::Waiting);
    let _host = host.enters(&conferences, 1, terms());
    assert_eq!([guest.told().await, host.told().await], [ConferenceEvent::Joined; 2]);
    let _other = other.enters(&conferences, 1, waiting());
    assert_eq!(other.told().await, ConferenceEvent::Joined);
}

#[tokio::test]
async fn who_finds_no_place_is_told_and_a_place_can_be_had_again() {
    let (conferences, media) = conferences();
    let [mut one, mut two, mut three] = [(); 3].map(|()| Caller::of(&media));
    let pair = || ConferenceTerms { max_participants: 2, ..terms() };
    let _one = one.enters(&conferences, 1, pair());
    let second = two.enters(&conferences, 1, pair());
    assert_eq!([one.told().await, two.told().await], [ConferenceEvent::Joined; 2]);
    let refused = three.enters(&conferences, 1, pair());
    assert_eq!(three.told().await, ConferenceEvent::Full);
    drop((second, refused));
    let _third = three.enters(&conferences, 1, pair());
    assert_eq!(three.told().await, ConferenceEvent::Joined);
}

#[tokio::test]
async fn who_ends_it_by_leaving_ends_it_for_all() {
    let (conferences, media) = conferences();
    let [mut guest, mut host] = [(); 2].map(|()| Caller::of(&media));
    let _guest = guest.enters(&conferences, 1, terms());
    let hosting = host.enters(&conferences, 1, ConferenceTerms { end_on_exit: true, ..terms() });
    assert_eq!([guest.told().await, host.told().await], [ConferenceEvent::Joined; 2]);
    drop(hosting);
    assert_eq!(guest.told().await, ConferenceEvent::Ended);
    // Whoever comes then comes to a new one.
    let _host = host.enters(&conferences, 1, ConferenceTerms { start_on_enter: false, ..terms() });
    assert_eq!(host.told().await, ConferenceEvent::Waiting);
}

#[tokio::test]
async fn names_are_of_their_workspace_and_empty_ones_are_gone() {
    let (conferences, media) = conferences();
    let [mut ours, mut theirs] = [(); 2].map(|()| Caller::of(&media));
    let waiting = || ConferenceTerms { start_on_enter: false, ..terms() };
    let stays = (ours.enters(&conferences, 1, terms()), theirs.enters(&conferences, 2, waiting()));
    assert_eq!([ours.told().await, theirs.told().await], [ConferenceEvent::Joined, ConferenceEvent::Waiting]);
    assert_eq!(conferences.count(), 2);
    drop(stays);
    while conferences.count() > 0 {
        tokio::task::yield_now().await;
    }
}
