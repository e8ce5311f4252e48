//! The SDP of a plain RTP leg (RFC 3264, RFC 3551). Pure.

use std::net::SocketAddr;

use media::Direction;
use sip::sdp::{self, Media, Session};

use super::{
    codecs::{self, CodecPolicy, Stream},
    media_end::MediaEndError,
};

/// The only transport of a plain RTP leg.
const PROTOCOL: &str = "RTP/AVP";
/// Milliseconds of audio per packet.
const PTIME_MS: u32 = media::FRAME_MS;

/// What the peer's description says about its audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remote {
    /// The formats agreed on.
    pub(super) stream: Stream,
    /// Who may send, seen from us.
    pub(super) direction: Direction,
    /// Where the peer wants its audio; `None` when it names no usable address.
    pub(super) rtp: Option<SocketAddr>,
}

/// Reads an offer or answer.
///
/// # Errors
/// [`MediaEndError::NoAudio`] and [`MediaEndError::NoCommonCodec`].
pub(super) fn read(session: &Session, policy: &CodecPolicy) -> Result<Remote, MediaEndError> {
    let section = session
        .audio()
        .filter(|section| section.protocol == PROTOCOL && !section.is_refused())
        .ok_or(MediaEndError::NoAudio)?;
    let stream = codecs::choose(section, policy)?;
    let address = session.connection_of(section);
    // RFC 2543 agents hold a call with 0.0.0.0: nothing can be sent there.
    let held = address.is_some_and(sdp::Address::is_unspecified);
    let direction = ours(session.direction_of(section), held);
    let rtp = address.and_then(sdp::Address::ip).filter(|_| !held).map(|ip| SocketAddr::new(ip, section.port));
    Ok(Remote { stream, direction, rtp })
}

/// Our offer.
pub(super) fn offer(session_id: u64, version: u64, local: SocketAddr, policy: &CodecPolicy) -> Session {
    let mut section = Media::audio(local.port(), PROTOCOL);
    codecs::offer(&mut section, policy);
    complete(&mut section, sdp::Direction::SendRecv);
    session(session_id, version, local, vec![section])
}

/// Our answer to `offer`; sections other than the first audio are refused (RFC 3264 §6).
pub(super) fn answer(session_id: u64, version: u64, local: SocketAddr, offer: &Session, remote: &Remote) -> Session {
    let audio = offer.media.iter().position(|section| section.kind == "audio");
    let sections = offer.media.iter().enumerate().map(|(index, offered)| {
        if Some(index) != audio {
            let mut refused = Media { kind: offered.kind.clone(), ..Media::audio(0, &offered.protocol) };
            refused.formats.clone_from(&offered.formats);
            return refused;
        }
        let mut section = Media::audio(local.port(), PROTOCOL);
        codecs::answer(&mut section, remote.stream);
        complete(&mut section, theirs(remote.direction));
        section
    });
    session(session_id, version, local, sections.collect())
}

fn complete(section: &mut Media, direction: sdp::Direction) {
    section.attributes.push("ptime", PTIME_MS.to_string());
    section.attributes.set_direction(direction);
}

fn session(session_id: u64, version: u64, local: SocketAddr, media: Vec<Media>) -> Session {
    let mut session = Session::new(session_id, local.ip());
    session.origin.version = version;
    session.media = media;
    session
}

/// The peer's attribute, seen from us; a peer that is `held` receives nothing.
pub(super) fn ours(peer: sdp::Direction, held: bool) -> Direction {
    match (peer.receives() && !held, peer.sends()) {
        (true, true) => Direction::SendReceive,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::ReceiveOnly,
        (false, false) => Direction::Inactive,
    }
}

/// Our direction as the attribute of our own description.
pub(super) fn theirs(direction: Direction) -> sdp::Direction {
    match direction {
        Direction::SendReceive => sdp::Direction::SendRecv,
        Direction::SendOnly => sdp::Direction::SendOnly,
        Direction::ReceiveOnly => sdp::Direction::RecvOnly,
        Direction::Inactive => sdp::Direction::Inactive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Session {
        sdp::parse(text.as_bytes()).unwrap()
    }

    fn local() -> SocketAddr {
        SocketAddr::from(([198, 51, 100, 1], 20_000))
    }

    const HELD: &str = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\nm=video 4002 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n";

    #[test]
    fn hold_is_answered_with_recvonly_and_video_refused() {
        let offer = parsed(HELD);
        let remote = read(&offer, &CodecPolicy::trunk()).unwrap();
        assert_eq!(remote.direction, Direction::ReceiveOnly);
        let answer = answer(7, 1, local(), &offer, &remote);
        let text = String::from_utf8(answer.to_bytes().to_vec()).unwrap();
        assert!(text.contains("m=audio 20000 RTP/AVP 8 101\r\n"), "{text}");
        assert!(text.contains("a=recvonly\r\n"), "{text}");
        assert!(text.contains("m=video 0 RTP/AVP 96\r\n"), "{text}");
    }

    #[test]
    fn an_old_hold_by_zero_address_stops_our_sending() {
        let offer = parsed(&HELD.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0").replace("a=sendonly\r\n", ""));
        let remote = read(&offer, &CodecPolicy::trunk()).unwrap();
        assert_eq!((remote.direction, remote.rtp), (Direction::ReceiveOnly, None));
    }

    #[test]
    fn our_offer_is_one_that_we_would_answer() {
        let offer = offer(7, 1, local(), &CodecPolicy::trunk());
        let remote = read(&parsed(core::str::from_utf8(&offer.to_bytes()).unwrap()), &CodecPolicy::trunk()).unwrap();
        assert_eq!(remote.rtp, Some(local()));
        assert_eq!(remote.stream.dtmf, Some((101, 8_000)));
    }

    #[test]
    fn secure_and_refused_audio_is_none_that_we_carry() {
        let secure = parsed(&HELD.replace("audio 4000 RTP/AVP", "audio 4000 RTP/SAVP"));
        assert!(matches!(read(&secure, &CodecPolicy::trunk()), Err(MediaEndError::NoAudio)));
        let refused = parsed(&HELD.replace("audio 4000", "audio 0"));
        assert!(matches!(read(&refused, &CodecPolicy::trunk()), Err(MediaEndError::NoAudio)));
    }
}
