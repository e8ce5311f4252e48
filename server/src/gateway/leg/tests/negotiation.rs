//! Any sequence of offers, answers, holds, forks and refreshes, in both roles: what we say keeps to RFC 3264.

use std::sync::OnceLock;

use media::Codec;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use sip::sdp::{self, Direction, Media, RtpMap, Session};

use super::support::{call, engine};
use crate::gateway::leg::{CodecPolicy, MediaEnd, MediaEndError, RtpEnd};
use crate::gateway::media::{LegId, MediaHandle};

/// The formats of the peers: static ones with and without an rtpmap, dynamic ones under numbers of their own.
const FORMATS: [&str; 8] = [
    "0",
    "8 PCMA/8000",
    "9 G722/8000",
    "18",
    "13 CN/8000",
    "97 opus/48000/2",
    "110 telephone-event/8000",
    "98 telephone-event/48000",
];
const DIRECTIONS: [&str; 5] = ["", "a=sendrecv\r\n", "a=sendonly\r\n", "a=recvonly\r\n", "a=inactive\r\n"];
/// RFC 2543's hold among them, and a name that nobody resolves.
const CONNECTIONS: [&str; 4] = ["192.0.2.1", "192.0.2.2", "0.0.0.0", "media.example"];

/// What a peer says.
#[derive(Debug, Clone)]
pub(super) struct Said(pub(super) String);

impl Said {
    pub(super) fn session(&self) -> Session {
        sdp::parse(self.0.as_bytes()).unwrap()
    }
}

pub(super) fn described() -> impl Strategy<Value = Said> {
    let head = (prop::sample::select(&CONNECTIONS[..]), prop::sample::select(&DIRECTIONS[..]));
    (head, prop::collection::vec(line(), 1..5)).prop_map(|((connection, direction), lines)| {
        Said(format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 {connection}\r\nt=0 0\r\n{direction}{}",
            lines.concat()
        ))
    })
}

fn line() -> impl Strategy<Value = String> {
    let audio = (
        prop::sample::select(&["RTP/AVP", "RTP/AVP", "RTP/AVPF", "RTP/SAVP", "UDP/TLS/RTP/SAVPF", "X/Y"][..]),
        prop::sample::select(&[4_000_u16, 4_000, 4_002, 0][..]),
        subsequence(FORMATS.to_vec(), 1..=FORMATS.len()).prop_shuffle(),
        prop::sample::select(&DIRECTIONS[..]),
        prop::option::of(prop::sample::select(&CONNECTIONS[..])),
    )
        .prop_map(|(protocol, port, formats, direction, connection)| {
            audio_line(protocol, port, &formats, direction, connection)
        });
    let other = prop::sample::select(
        &[
            "m=video 4050 RTP/AVP 31\r\na=inactive\r\n",
            "m=image 4060 udptl t38\r\n",
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n",
        ][..],
    );
    prop_oneof![3 => audio, 1 => other.prop_map(str::to_owned)]
}

fn audio_line(protocol: &str, port: u16, formats: &[&str], direction: &str, connection: Option<&str>) -> String {
    let numbers: Vec<_> = formats.iter().filter_map(|format| format.split(' ').next()).collect();
    let connection = connection.map(|connection| format!("c=IN IP4 {connection}\r\n")).unwrap_or_default();
    let maps: String =
        formats.iter().filter(|format| format.contains(' ')).map(|format| format!("a=rtpmap:{format}\r\n")).collect();
    format!("m=audio {port} {protocol} {}\r\n{connection}{maps}{direction}", numbers.join(" "))
}

/// What happens between the sides.
#[derive(Debug, Clone)]
enum Step {
    /// The peer offers.
    Offered(Said),
    /// We offer, and each of these forks answers with some of what was offered.
    Offer(Vec<Choice>),
    /// We offer, and what comes back is no answer.
    Unanswered,
    /// We refresh, and the peer repeats itself.
    Refresh,
}

/// How a peer answers our offer.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    codec: Index,
    all: bool,
    direction: &'static str,
    connection: &'static str,
}

pub(super) fn choice() -> impl Strategy<Value = Choice> {
    (any::<Index>(), any::<bool>(), prop::sample::select(&DIRECTIONS[..]), prop::sample::select(&CONNECTIONS[..]))
        .prop_map(|(codec, all, direction, connection)| Choice { codec, all, direction, connection })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => described().prop_map(Step::Offered),
        3 => prop::collection::vec(choice(), 1..3).prop_map(Step::Offer),
        1 => Just(Step::Unanswered),
        1 => Just(Step::Refresh),
    ];
    prop::collection::vec(step, 1..12)
}

/// The session as an onlooker knows it.
#[derive(Default)]
pub(super) struct Onlooker {
    /// Our last description.
    pub(super) ours: Option<Session>,
    /// What is agreed: the codec and the formats with their meaning.
    pub(super) agreed: Option<Vec<RtpMap>>,
}

impl Onlooker {
    /// One identity for the session, and a version that grows by one exactly when something else changes (§5, §8).
    pub(super) fn described(&mut self, next: &Session) {
        if let Some(last) = &self.ours {
            assert_eq!(next.origin.session_id, last.origin.session_id);
            let same = Session { origin: last.origin.clone(), ..next.clone() } == *last;
            assert_eq!(next.origin.version, last.origin.version + u64::from(!same), "{last}\n{next}");
        }
        for section in &next.media {
            assert!(section.port == 0 || next.connection_of(section).is_some());
        }
        self.ours = Some(next.clone());
    }

    /// §6: line by line, formats of the offer under its numbers, a direction that fits.
    pub(super) fn answered(&mut self, offer: &Session, answer: &Session) {
        assert_eq!(answer.media.len(), offer.media.len());
        let accepted: Vec<_> = answer.media.iter().zip(&offer.media).filter(|(ours, _)| ours.port != 0).collect();
        for (ours, theirs) in answer.media.iter().zip(&offer.media) {
            assert_eq!((&ours.kind, &ours.protocol), (&theirs.kind, &theirs.protocol));
        }
        let [(ours, theirs)] = accepted[..] else { panic!("one line carries audio: {answer}") };
        assert!(is_usable(theirs), "{offer}");
        for format in &ours.formats {
            assert!(theirs.formats.contains(format), "{format} was not offered");
            let number = format.parse().unwrap();
            assert_eq!(ours.rtpmap(number).map(lower), theirs.rtpmap(number).map(lower));
        }
        let (said, meant) = (offer.direction_of(theirs), answer.direction_of(ours));
        assert!(!meant.sends() || said.receives(), "{said:?} {meant:?}");
        assert!(!meant.receives() || said.sends(), "{said:?} {meant:?}");
        if is_zero(offer, theirs) {
            assert!(!meant.sends(), "nothing can be sent to 0.0.0.0");
        }
        self.agreed = Some(ours.codecs());
    }

    /// §8: no line is lost, a number goes on to mean what it meant, and everything that we speak is offered.
    pub(super) fn offered(&self, lines_before: usize, offer: &Session) {
        assert!(offer.media.len() >= lines_before.max(1));
        let ours = our_line(offer);
        for spoken in ["PCMA", "PCMU"] {
            assert!(ours.codecs().iter().any(|map| map.is_encoding(spoken)), "{offer}");
        }
        let mut numbers = ours.formats.clone();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), ours.formats.len());
        for agreed in self.agreed.iter().flatten() {
            let again = ours.codecs().into_iter().find(|map| map.payload_type == agreed.payload_type);
            assert_eq!(again.map(lower), Some(lower(agreed.clone())), "{offer}");
        }
    }
}

fn lower(map: RtpMap) -> RtpMap {
    RtpMap { encoding: map.encoding.to_ascii_lowercase(), ..map }
}

pub(super) fn our_line(description: &Session) -> &Media {
    description.media.iter().find(|section| section.port != 0).unwrap()
}

pub(super) fn is_usable(section: &Media) -> bool {
    section.kind == "audio"
        && section.port != 0
        && ["RTP/AVP", "RTP/AVPF"].contains(&section.protocol.as_str())
        && section.codecs().iter().any(|map| map.is_encoding("PCMA") || map.is_encoding("PCMU"))
}

fn is_zero(session: &Session, section: &Media) -> bool {
    session.connection_of(section).is_some_and(sdp::Address::is_unspecified)
}

/// The answer of a peer to `offer`.
pub(super) fn answer_of(offer: &Session, choice: &Choice) -> Said {
    let lines = offer.media.iter().map(|section| {
        if section.port == 0 {
            return format!("m={} 0 {} {}\r\n", section.kind, section.protocol, section.formats.join(" "));
        }
        let beside = |map: &RtpMap| map.is_encoding("telephone-event") || map.is_encoding("CN");
        let audio: Vec<_> = section.codecs().into_iter().filter(|map| !beside(map)).collect();
        let chosen = choice.codec.get(&audio).clone();
        let rest = section.codecs().into_iter().filter(|map| choice.all && *map != chosen);
        let formats: Vec<String> = core::iter::once(chosen.clone()).chain(rest).map(|map| map.to_string()).collect();
        let formats: Vec<&str> = formats.iter().map(String::as_str).collect();
        audio_line(&section.protocol, 5_000, &formats, choice.direction, Some(choice.connection))
    });
    let lines: String = lines.collect();
    Said(format!("v=0\r\no=- 2 1 IN IP4 192.0.2.9\r\ns=-\r\nt=0 0\r\n{lines}"))
}

/// Whether the peer that described itself so does not want to hear us.
pub(super) fn holds(session: &Session, section: &Media) -> bool {
    !session.direction_of(section).receives() || is_zero(session, section)
}

async fn walk(steps: Vec<Step>) {
    static ENGINE: OnceLock<MediaHandle> = OnceLock::new();
    let (call, _events) = call(ENGINE.get_or_init(engine));
    let mut end = RtpEnd::open(&call, LegId(0), CodecPolicy::trunk()).unwrap();
    let mut onlooker = Onlooker::default();
    let mut last_answer: Option<Said> = None;
    for step in steps {
        let lines_before = onlooker.ours.as_ref().map_or(0, |ours| ours.media.len());
        match step {
            Step::Offered(said) => {
                let offer = said.session();
                let usable = offer.media.iter().any(is_usable);
                let before = (end.codec(), end.is_held());
                match end.answer(said.0.as_bytes()).await {
                    Ok(answer) => {
                        let answer = sdp::parse(&answer).unwrap();
                        onlooker.answered(&offer, &answer);
                        onlooker.described(&answer);
                        let index = answer.media.iter().position(|section| section.port != 0).unwrap();
                        assert_eq!(end.is_held(), holds(&offer, &offer.media[index]));
                    }
                    Err(MediaEndError::NoAudio | MediaEndError::NoCommonCodec(_) | MediaEndError::Unsecured) => {
                        assert!(!usable, "{offer}");
                        assert_eq!((end.codec(), end.is_held()), before, "a refused offer changes nothing");
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            Step::Offer(forks) => {
                let offer = sdp::parse(&end.offer().await.unwrap()).unwrap();
                onlooker.offered(lines_before, &offer);
                onlooker.described(&offer);
                for fork in &forks {
                    let answer = answer_of(&offer, fork);
                    end.apply(answer.0.as_bytes()).await.unwrap();
                    let session = answer.session();
                    let theirs = our_line(&session);
                    assert_eq!(end.is_held(), holds(&session, theirs));
                    let codec = end.codec().unwrap();
                    let name = if codec == Codec::Pcma { "PCMA" } else { "PCMU" };
                    assert!(theirs.codecs().iter().any(|map| map.is_encoding(name)), "of the last answer");
                    let kept = |map: &RtpMap| map.is_encoding(name) || map.is_encoding("telephone-event");
                    onlooker.agreed = Some(theirs.codecs().into_iter().filter(kept).collect());
                    last_answer = Some(answer);
                }
            }
            Step::Unanswered => {
                let offer = sdp::parse(&end.offer().await.unwrap()).unwrap();
                onlooker.offered(lines_before, &offer);
                onlooker.described(&offer);
                let before = (end.codec(), end.is_held());
                for nonsense in
                    ["", "v=1", "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"]
                {
                    assert!(end.apply(nonsense.as_bytes()).await.is_err());
                }
                assert_eq!((end.codec(), end.is_held()), before);
            }
            Step::Refresh => {
                let repeated = sdp::parse(&end.repeat().await.unwrap()).unwrap();
                if let Some(ours) = &onlooker.ours {
                    assert_eq!(&repeated, ours, "a refresh says what was said before");
                }
                onlooker.described(&repeated);
                if let Some(answer) = &last_answer {
                    let _ = end.apply(answer.0.as_bytes()).await;
                    onlooker.agreed = None;
                }
            }
        }
        if end.is_held() {
            let ours = onlooker.ours.as_ref().map(|ours| (ours, our_line(ours)));
            let answered = ours.is_some_and(|(session, section)| session.direction_of(section) == Direction::Inactive);
            assert!(answered || end.codec().is_some());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn any_sequence_of_offers_and_answers_keeps_to_rfc_3264(steps in steps()) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(walk(steps));
    }
}
