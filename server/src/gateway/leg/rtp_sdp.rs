//! The SDP of a leg over RTP, secured or not (RFC 3264, RFC 3551). Pure.

use std::net::SocketAddr;

use media::Direction;
use sip::sdp::{self, Media, Session};

use super::{
    codecs::{self, CodecPolicy, Stream},
    layout::{self, Layout},
    media_end::MediaEndError,
    srtp::{self, Exchange, Own, Secured},
};
use crate::config::SrtpPolicy;
use crate::gateway::media::Wishes;

/// What the peer's description says about its audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    /// The formats agreed on.
    pub(super) stream: Stream,
    /// Who may send, seen from us.
    pub(super) direction: Direction,
    /// Where the peer wants its audio; `None` when it names no usable address.
    pub(super) rtp: Option<SocketAddr>,
    /// How it is secured.
    pub(super) secured: Secured,
    /// Its RTCP goes where its RTP does, and ours may as well.
    pub(super) is_muxed: bool,
}

/// Reads an offer or answer; `in_use` is the m-line that carries the audio so far. Of several lines one that is secured is taken
/// before one that is not.
///
/// # Errors
/// [`MediaEndError::NoAudio`], [`MediaEndError::NoCommonCodec`], and [`MediaEndError::Unsecured`] where there would be audio if
/// it were secured otherwise.
pub(super) fn read(
    session: &Session,
    policy: &CodecPolicy,
    srtp: SrtpPolicy,
    exchange: Exchange<'_>,
    in_use: Option<usize>,
) -> Result<(usize, Remote), MediaEndError> {
    let secured = |section: &Media| srtp::read(session, section, srtp, exchange);
    let is_secured = |section: &Media| secured(section).is_some_and(|secured| secured != Secured::Plain);
    let found = match layout::find(session, policy, in_use, is_secured) {
        Ok(found) if in_use.is_none_or(|index| index == found.0) => Ok(found),
        _ => layout::find(session, policy, in_use, |section| secured(section).is_some()),
    };
    let (index, stream) = found.map_err(|error| match layout::find(session, policy, in_use, srtp::is_rtp) {
        Ok(_) => MediaEndError::Unsecured,
        Err(_) => error,
    })?;
    let section = session.media.get(index).ok_or(MediaEndError::NoAudio)?;
    let secured = secured(section).ok_or(MediaEndError::Unsecured)?;
    let address = session.connection_of(section);
    // RFC 2543 agents hold a call with 0.0.0.0: nothing can be sent there.
    let held = address.is_some_and(sdp::Address::is_unspecified);
    let direction = ours(session.direction_of(section), held);
    let rtp = address.and_then(sdp::Address::ip).filter(|_| !held).map(|ip| SocketAddr::new(ip, section.port));
    Ok((index, Remote { stream, direction, rtp, secured, is_muxed: section.rtcp_mux() }))
}

/// Our offer: everything that `policy` allows, in the numbers of what is `agreed`.
pub(super) fn offer(local: SocketAddr, policy: &CodecPolicy, agreed: Option<Stream>, own: &Line<'_>) -> Media {
    let mut section = Media::audio(local.port(), own.security.protocol());
    codecs::offer(&mut section, policy, agreed);
    complete(&mut section, sdp::Direction::SendRecv, Wishes::PACKET_MS, own);
    section
}

/// What a trunk is offered of these codecs, or of those of trunks in general.
pub(in crate::gateway) fn sample(local: SocketAddr, codecs: Option<&[media::Codec]>, srtp: SrtpPolicy) -> bytes::Bytes {
    let mut policy = CodecPolicy::trunk();
    if let Some(codecs) = codecs {
        policy.codecs = codecs.to_vec();
    }
    let mut audio = offer(local, &policy, None, &Line { security: Own::Plain, is_muxed: false });
    srtp::describe_sample(&mut audio, srtp);
    describe(1, 1, local, &Layout::default(), audio).to_bytes()
}

/// The audio of our answer. Packets shall be as long as the peer wants ours: we read any.
pub(super) fn answer(local: SocketAddr, remote: &Remote, own: &Line<'_>) -> Media {
    let mut section = Media::audio(local.port(), own.security.protocol());
    codecs::answer(&mut section, remote.stream);
    complete(&mut section, theirs(remote.direction), remote.stream.wishes.packet_ms, own);
    section
}

/// What our line says beside codecs and direction.
pub(super) struct Line<'a> {
    pub(super) security: Own<'a>,
    /// Our RTCP goes where our RTP does.
    pub(super) is_muxed: bool,
}

/// A description of ours with `audio` in its place among the m-lines.
pub(super) fn describe(session_id: u64, version: u64, local: SocketAddr, layout: &Layout, audio: Media) -> Session {
    let mut session = Session::new(session_id, local.ip());
    session.origin.version = version;
    session.media = layout.lay_out(audio);
    session
}

fn complete(section: &mut Media, direction: sdp::Direction, packet_ms: u8, own: &Line<'_>) {
    section.attributes.push("ptime", packet_ms.to_string());
    own.security.describe(section);
    if own.is_muxed {
        section.attributes.push_flag("rtcp-mux");
    }
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

    const PLAIN: Line<'_> = Line { security: Own::Plain, is_muxed: false };

    fn read_by_trunk(session: &Session) -> Result<Remote, MediaEndError> {
        read(session, &CodecPolicy::trunk(), SrtpPolicy::Accepted, Exchange::Offer, None).map(|(_, remote)| remote)
    }

    #[test]
    fn hold_is_answered_with_recvonly_and_video_refused() {
        let offer = parsed(HELD);
        let remote = read_by_trunk(&offer).unwrap();
        assert_eq!(remote.direction, Direction::ReceiveOnly);
        let answer = describe(7, 1, local(), &Layout::of_offer(&offer, 0), answer(local(), &remote, &PLAIN));
        let text = String::from_utf8(answer.to_bytes().to_vec()).unwrap();
        assert!(text.contains("m=audio 20000 RTP/AVP 8 101\r\n"), "{text}");
        assert!(text.contains("a=recvonly\r\n"), "{text}");
        assert!(text.contains("m=video 0 RTP/AVP 96\r\n"), "{text}");
    }

    #[test]
    fn packets_shall_be_as_long_as_the_peer_wants_ours() {
        for (said, answered) in [("", "a=ptime:20\r\n"), ("a=ptime:30\r\n", "a=ptime:30\r\n")] {
            let offer = parsed(&HELD.replace("a=sendonly\r\n", said));
            let remote = read_by_trunk(&offer).unwrap();
            let answer = describe(7, 1, local(), &Layout::of_offer(&offer, 0), answer(local(), &remote, &PLAIN));
            let text = String::from_utf8(answer.to_bytes().to_vec()).unwrap();
            assert!(text.contains(answered), "{text}");
        }
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
        let offer = offer(local(), &CodecPolicy::trunk(), None, &PLAIN);
        let offer = describe(7, 1, local(), &Layout::default(), offer);
        let remote = read_by_trunk(&parsed(core::str::from_utf8(&offer.to_bytes()).unwrap())).unwrap();
        assert_eq!(remote.rtp, Some(local()));
        assert_eq!(remote.stream.dtmf, Some((101, 8_000)));
    }

    #[test]
    fn secure_and_refused_audio_is_none_that_we_carry() {
        let secure = parsed(&HELD.replace("audio 4000 RTP/AVP", "audio 4000 RTP/SAVP"));
        assert!(matches!(read_by_trunk(&secure), Err(MediaEndError::Unsecured)), "it has no keys");
        let refused = parsed(&HELD.replace("audio 4000", "audio 0"));
        assert!(matches!(read_by_trunk(&refused), Err(MediaEndError::NoAudio)));
    }

    #[test]
    fn of_optional_srtp_the_secured_line_is_taken_first_and_stays_or_the_plain_one() {
        let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
        let key = "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR";
        let secure = format!("m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 {key}\r\n");
        let plain = "m=audio 4002 RTP/AVP 8\r\n";
        let read = |lines: [&str; 2], srtp, in_use| {
            let session = parsed(&format!("{head}{}", lines.concat()));
            let read = read(&session, &CodecPolicy::trunk(), srtp, Exchange::Offer, in_use);
            read.map(|(index, remote)| (index, remote.secured != Secured::Plain)).ok()
        };
        use SrtpPolicy::{Accepted, Off, Required};
        for (lines, srtp, in_use, expected) in [
            ([&secure[..], plain], Accepted, None, Some((0, true))),
            ([plain, &secure], Accepted, None, Some((1, true))),
            ([plain, &secure], Off, None, Some((0, false))),
            ([&secure, plain], Off, None, Some((1, false))),
            ([plain, &secure], Required, None, Some((1, true))),
            ([plain, plain], Required, None, None),
            ([&secure, plain], Accepted, Some(1), Some((1, false))),
            ([&secure, plain], Accepted, Some(0), Some((0, true))),
        ] {
            assert_eq!(read(lines, srtp, in_use), expected, "{srtp:?} {in_use:?} {lines:?}");
        }
    }
}
