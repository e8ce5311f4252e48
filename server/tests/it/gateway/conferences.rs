//! Conferences as calls see them: who is let in, who waits, and who is told that it is over.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use sautikit::entropy::Entropy;
use sautikit::gateway::call_task::Arrival;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use sautikit::gateway::conferences::{Conferences, Happened, House, Member, Orders, Stay, Teller};
use sautikit::gateway::media::{CallMedia, MediaHandle, MediaSettings, Port, Tap};
use sautikit_api::actions::Beep;
use sautikit_api::conferences::UpdateConferenceMember;
use sautikit_api::ids::{CallId, WorkspaceId};
use tokio::sync::mpsc;
use voice::{ConferenceEvent, ConferenceStatus, ConferenceTerms, Input, LegId, StayId};

/// A house in which nothing is recorded, and what is told is kept.
#[derive(Default)]
struct Quiet {
    ids: AtomicU64,
    told: Mutex<Vec<&'static str>>,
}

impl House for Quiet {
    fn new_id(&self) -> uuid::Uuid {
        uuid::Uuid::from_u64_pair(1, self.ids.fetch_add(1, Ordering::Relaxed))
    }

    fn now_us(&self) -> i64 {
        0
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn record(&self, _: (WorkspaceId, CallId), _: Tap, _: Option<String>, _: mpsc::Sender<Arrival>) -> Option<Orders> {
        None
    }

    fn tell(&self, happened: Happened) {
        self.told.lock().push(happened.kind.as_str());
    }
}

/// A call with one leg that may enter.
struct Caller {
    media: CallMedia,
    port: Port,
    inbox: mpsc::Sender<Arrival>,
    arrivals: mpsc::Receiver<Arrival>,
    call_id: CallId,
}

fn conferences() -> (Conferences, MediaHandle) {
    let (conferences, media, _) = in_a_house();
    (conferences, media)
}

fn in_a_house() -> (Conferences, MediaHandle, Arc<Quiet>) {
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let settings =
        MediaSettings { listen: ip, public_ip: ip, rtp_ports: None, threads: 2, entropy: Arc::new(Entropy::seeded(1)) };
    let media = MediaHandle::start(&settings).expect("media threads");
    let house = Arc::new(Quiet::default());
    (Conferences::new(media.clone(), house.clone()), media, house)
}

fn terms() -> ConferenceTerms {
    let name = "stand-up".to_owned();
    ConferenceTerms {
        name,
        beep: Beep::Both,
        start_on_enter: true,
        end_on_exit: false,
        max_participants: 32,
        muted: false,
        coach: None,
        record: false,
        recording_status_callback: None,
        label: None,
        status: None,
    }
}

impl Caller {
    fn of(engine: &MediaHandle) -> Self {
        let media = engine.open_call(mpsc::channel(8).0);
        let port = media.add_rtp(LegId::FIRST).expect("a port");
        let (inbox, arrivals) = mpsc::channel(8);
        let call_id = CallId(uuid::Uuid::from_u128(u128::from(port.id().0)));
        Self { media, port, inbox, arrivals, call_id }
    }

    fn enters(&self, conferences: &Conferences, workspace: u128, terms: ConferenceTerms) -> Stay {
        self.enters_telling(conferences, workspace, terms, None)
    }

    fn enters_telling(
        &self,
        conferences: &Conferences,
        workspace: u128,
        terms: ConferenceTerms,
        teller: Option<Teller>,
    ) -> Stay {
        let (media, port, inbox) = (self.media.clone(), self.port.id(), self.inbox.clone());
        let party = "+254722000042".to_owned();
        let member = Member {
            call_id: self.call_id,
            party,
            stay: StayId(1),
            media,
            port,
            inbox,
            terms,
            teller,
            has_gone: Arc::default(),
        };
        conferences.enter(WorkspaceId(uuid::Uuid::from_u128(workspace)), member).expect("a place")
    }

    /// What it was told last, its conference's id apart.
    async fn told(&mut self) -> ConferenceEvent {
        loop {
            match self.arrivals.recv().await {
                Some(Arrival::Voice(Input::Conference(StayId(1), ConferenceEvent::Entered(_)))) => {}
                Some(Arrival::Voice(Input::Conference(StayId(1), event))) => return event,
                other => panic!("{other:?}"),
            }
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

#[tokio::test]
async fn the_first_party_that_names_somebody_has_the_begin_and_the_end_told_once() {
    let (conferences, media) = conferences();
    let [mut first, mut second] = [(); 2].map(|()| Caller::of(&media));
    let told: [Arc<Mutex<Vec<String>>>; 2] = Default::default();
    let teller = |at: usize| -> Option<Teller> {
        let told = told[at].clone();
        Some(Arc::new(move |params: Vec<(&'static str, String)>| {
            let of = |name: &str| params.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone());
            assert_eq!((of("FriendlyName").as_deref(), of("ConferenceSid").is_some()), (Some("stand-up"), true));
            let words = [of("StatusCallbackEvent"), of("ReasonConferenceEnded")];
            told.lock().push(words.into_iter().flatten().collect::<Vec<_>>().join(" "));
        }))
    };
    let status = || Some(ConferenceStatus { url: "https://a.example".to_owned(), tells_start: true, tells_end: true });
    let labelled = ConferenceTerms { status: status(), label: Some("agent".to_owned()), ..terms() };
    let stay = first.enters_telling(&conferences, 1, labelled, teller(0));
    let other = second.enters_telling(&conferences, 1, ConferenceTerms { status: status(), ..terms() }, teller(1));
    assert_eq!([first.told().await, second.told().await], [ConferenceEvent::Joined; 2]);
    let workspace = WorkspaceId(uuid::Uuid::from_u128(1));
    let shown = conferences.find(workspace, "stand-up").expect("it is live").look().await.expect("it is live");
    assert_eq!(shown.members[0].label.as_deref(), Some("agent"));
    // Who named somebody has gone before the end is there to tell.
    drop(stay);
    drop(other);
    while conferences.count() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(*told[0].lock(), ["conference-start", "conference-end last-participant-left"]);
    assert!(told[1].lock().is_empty());
}

#[tokio::test]
async fn members_are_listed_changed_and_taken_out_from_outside() {
    let (conferences, media, house) = in_a_house();
    let [mut host, mut guest] = [(); 2].map(|()| Caller::of(&media));
    let _host = host.enters(&conferences, 1, terms());
    let _guest = guest.enters(&conferences, 1, ConferenceTerms { muted: true, ..terms() });
    assert_eq!((host.told().await, guest.told().await), (ConferenceEvent::Joined, ConferenceEvent::Joined));
    let workspace = WorkspaceId(uuid::Uuid::from_u128(1));
    assert!(conferences.find(WorkspaceId(uuid::Uuid::from_u128(2)), "stand-up").is_none(), "another's");
    let found = conferences.find(workspace, "stand-up").expect("it is live");
    let shown = found.look().await.expect("it is live");
    let members: Vec<_> = shown.members.iter().map(|member| (member.call_id, member.muted)).collect();
    assert_eq!(members, [(host.call_id, false), (guest.call_id, true)]);
    let held = UpdateConferenceMember { held: Some(true), muted: Some(false), coach: Some(Some(host.call_id)) };
    let changed = found.change(guest.call_id, held).await.expect("it is in");
    assert!(changed.held && !changed.muted && changed.coach == Some(host.call_id));
    assert!(matches!(guest.told().await, ConferenceEvent::Changed(now) if now.held && !now.muted));
    // Nothing new is no news.
    found.change(guest.call_id, UpdateConferenceMember { held: Some(true), ..Default::default() }).await;
    assert!(found.remove(guest.call_id).await && !found.remove(guest.call_id).await);
    assert_eq!(guest.told().await, ConferenceEvent::Removed);
    found.end().await;
    assert_eq!(host.told().await, ConferenceEvent::Ended);
    assert!(found.look().await.is_none_or(|now| now.members.is_empty()));
    let told = house.told.lock().clone();
    let joined = ["conference.started", "conference.joined", "conference.joined", "conference.left"];
    assert_eq!(told[..4], joined);
    // Whoever is in when it is ended leaves it too.
    assert_eq!(told[4], "conference.left");
}
