//! The SDP of a plain RTP leg (RFC 3264, RFC 3551). Pure.

use std::net::SocketAddr;

use media::Direction;
use sip::sdp::{self, Media, Session};

use super::{
    codecs::{self, CodecPolicy, Stream},
    layout::{self, Layout},
    media_end::MediaEndError,
};

/// The transport of a plain RTP leg as we offer it.
const PROTOCOL: &str = "RTP/AVP";
/// The same with feedback that nobody has to send (RFC 4585 §3.1): taken where offered.
const PROTOCOL_WITH_FEEDBACK: &str = "RTP/AVPF";
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

/// Reads an offer or answer; `in_use` is the m-line that carries the audio so far.
///
/// # Errors
/// [`MediaEndError::NoAudio`] and [`MediaEndError::NoCommonCodec`].
pub(super) fn read(
    session: &Session,
    policy: &CodecPolicy,
    in_use: Option<usize>,
) -> Result<(usize, Remote), MediaEndError> {
    let (index, stream) = layout::find(session, policy, in_use, is_plain)?;
    let section = session.media.get(index).ok_or(MediaEndError::NoAudio)?;
    let address = session.connection_of(section);
    // RFC 2543 agents hold a call with 0.0.0.0: nothing can be sent there.
    let held = address.is_some_and(sdp::Address::is_unspecified);
    let direction = ours(session.direction_of(section), held);
    let rtp = address.and_then(sdp::Address::ip).filter(|_| !held).map(|ip| SocketAddr::new(ip, section.port));
    Ok((index, Remote { stream, direction, rtp }))
}

fn is_plain(section: &Media) -> bool {
    section.protocol == PROTOCOL || section.protocol == PROTOCOL_WITH_FEEDBACK
}

/// Our offer: everything that `policy` allows, in the numbers of what is `agreed`.
pub(super) fn offer(local: SocketAddr, policy: &CodecPolicy, agreed: Option<Stream>) -> Media {
    let mut section = Media::audio(local.port(), PROTOCOL);
    codecs::offer(&mut section, policy, agreed);
    complete(&mut section, sdp::Direction::SendRecv);
    section
}

/// What a trunk is offered of these codecs, or of those of trunks in general.
pub(in crate::gateway) fn sample(local: SocketAddr, codecs: Option<&[media::Codec]>) -> bytes::Bytes {
    let mut policy = CodecPolicy::trunk();
    if let Some(codecs) = codecs {
        policy.codecs = codecs.to_vec();
    }
    describe(1, 1, local, &Layout::default(), offer(local, &policy, None)).to_bytes()
}

/// The audio of our answer.
pub(super) fn answer(local: SocketAddr, remote: &Remote) -> Media {
    let mut section = Media::audio(local.port(), PROTOCOL);
    codecs::answer(&mut section, remote.stream);
    complete(&mut section, theirs(remote.direction));
    section
}

/// A description of ours with `audio` in its place among the m-lines.
pub(super) fn describe(session_id: u64, version: u64, local: SocketAddr, layout: &Layout, audio: Media) -> Session {
    let mut session = Session::new(session_id, local.ip());
    session.origin.version = version;
    session.media = layout.lay_out(audio);
    session
}

fn complete(section: &mut Media, direction: sdp::Direction) {
    section.attributes.push("ptime", PTIME_MS.to_string());
    section.attributes.set_direction(direction);
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

    fn read_by_trunk(session: &Session) -> Result<Remote, MediaEndError> {
        read(session, &CodecPolicy::trunk(), None).map(|(_, remote)| remote)
    }

    #[test]
    fn hold_is_answered_with_recvonly_and_video_refused() {
        let offer = parsed(HELD);
        let remote = read_by_trunk(&offer).unwrap();
        assert_eq!(remote.direction, Direction::ReceiveOnly);
        let answer = describe(7, 1, local(), &Layout::of_offer(&offer, 0), answer(local(), &remote));
        let text = String::from_utf8(answer.to_bytes().to_vec()).unwrap();
        assert!(text.contains("m=audio 20000 RTP/AVP 8 101\r\n"), "{text}");
        assert!(text.contains("a=recvonly\r\n"), "{text}");
        assert!(text.contains("m=video 0 RTP/AVP 96\r\n"), "{text}");
    }

    #[test]
    fn an_old_hold_by_zero_address_stops_our_sending() {
        let zero = HELD.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0");
        for (said, direction) in [
            ("", Direction::ReceiveOnly),
            ("a=sendrecv\r\n", Direction::ReceiveOnly),
            ("a=sendonly\r\n", Direction::ReceiveOnly),
            ("a=recvonly\r\n", Direction::Inactive),
            ("a=inactive\r\n", Direction::Inactive),
        ] {
            let remote = read_by_trunk(&parsed(&zero.replace("a=sendonly\r\n", said))).unwrap();
            assert_eq!((remote.direction, remote.rtp), (direction, None), "{said}");
        }
    }

    #[test]
    fn our_offer_is_one_that_we_would_answer() {
        let offer = describe(7, 1, local(), &Layout::default(), offer(local(), &CodecPolicy::trunk(), None));
        let remote = read_by_trunk(&parsed(core::str::from_utf8(&offer.to_bytes()).unwrap())).unwrap();
        assert_eq!(remote.rtp, Some(local()));
        assert_eq!(remote.stream.dtmf, Some((101, 8_000)));
    }

    #[test]
    fn secure_and_refused_audio_is_none_that_we_carry() {
        let secure = parsed(&HELD.replace("audio 4000 RTP/AVP", "audio 4000 RTP/SAVP"));
        assert!(matches!(read_by_trunk(&secure), Err(MediaEndError::NoAudio)));
        let refused = parsed(&HELD.replace("audio 4000", "audio 0"));
        assert!(matches!(read_by_trunk(&refused), Err(MediaEndError::NoAudio)));
    }
}
