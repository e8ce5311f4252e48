//! What is changed in descriptions between a browser and the WebRTC stack. Pure.
//!
//! Inwards only the chosen codec is left, because the stack matches codecs by name and would mix up the
//! telephone-events of two clock rates. Outwards the one candidate is the shared port, because the
//! stack only knows a throw-away one. Header extensions are not negotiated: no leg reads them and
//! a relay would have to renumber them.

use std::net::SocketAddr;

use bytes::Bytes;
use media::Direction;
use sip::sdp::{Media, Session};

use super::{
    codecs::{self, CodecPolicy, Stream},
    media_end::MediaEndError,
    rtp_sdp,
};

/// RFC 8445 §5.1.2.1 for a host candidate of the only component and interface.
const CANDIDATE_PRIORITY: u32 = 2_130_706_431;

/// A browser's offer or answer, cut down to what the stack shall see.
#[derive(Debug)]
pub(super) struct Remote {
    pub(super) stream: Stream,
    /// Who may send, seen from us.
    pub(super) direction: Direction,
    /// For the stack.
    pub(super) sdp: String,
}

/// Reads a browser's description.
///
/// # Errors
/// [`MediaEndError::NoAudio`] without DTLS-SRTP audio, [`MediaEndError::NoCommonCodec`].
pub(super) fn read(mut session: Session, policy: &CodecPolicy) -> Result<Remote, MediaEndError> {
    let section =
        session.audio().filter(|section| section.is_secure() && !section.is_refused()).ok_or(MediaEndError::NoAudio)?;
    let stream = codecs::choose(section, policy)?;
    let direction = rtp_sdp::ours(session.direction_of(section), false);
    if let Some(section) = session.audio_mut() {
        keep_only(section, stream);
    }
    let sdp = String::from_utf8_lossy(&session.to_bytes()).into_owned();
    Ok(Remote { stream, direction, sdp })
}

fn keep_only(section: &mut Media, stream: Stream) {
    let kept: Vec<String> = core::iter::once(stream.payload_type)
        .chain(stream.dtmf.map(|(payload_type, _)| payload_type))
        .map(|payload_type| payload_type.to_string())
        .collect();
    section.formats.retain(|format| kept.contains(format));
    section.attributes.retain(|attribute| {
        let format = attribute.value.as_deref().and_then(|value| value.split_whitespace().next()).unwrap_or_default();
        match attribute.name.as_str() {
            "rtpmap" | "fmtp" => kept.iter().any(|kept| kept == format),
            "extmap" | "rtcp-fb" => false,
            _ => true,
        }
    });
}

/// The stack's description as the browser shall see it: exactly one candidate, `shared`, and our
/// `direction`, because the stack answers a hold with sendrecv.
///
/// # Errors
/// [`MediaEndError::Malformed`] when the stack wrote something that is no SDP.
pub(super) fn publish(stack: &str, shared: SocketAddr, direction: Direction) -> Result<Bytes, MediaEndError> {
    let mut session = sip::sdp::parse(stack.as_bytes())?;
    for section in &mut session.media {
        section
            .attributes
            .retain(|attribute| !matches!(attribute.name.as_str(), "candidate" | "end-of-candidates" | "extmap"));
    }
    if let Some(section) = session.audio_mut() {
        let (ip, port) = (shared.ip(), shared.port());
        section.attributes.push("candidate", format!("1 1 udp {CANDIDATE_PRIORITY} {ip} {port} typ host"));
        section.attributes.push_flag("end-of-candidates");
        section.attributes.set_direction(rtp_sdp::theirs(direction));
        // Old SIP stacks look at m= and c= instead of candidates (RFC 8839 §4.2.1.1).
        section.port = port;
        section.connection = Some(ip.into());
    }
    Ok(session.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSSIP: &[u8] = include_bytes!("testdata/jssip_chrome_offer.sdp");

    #[test]
    fn one_codec_and_its_dtmf_are_left_of_an_offer() {
        let remote = read(sip::sdp::parse(JSSIP).unwrap(), &CodecPolicy::browser()).unwrap();
        assert!(remote.sdp.contains("m=audio 51472 UDP/TLS/RTP/SAVPF 111 110\r\n"), "{}", remote.sdp);
        assert!(!remote.sdp.contains("126") && !remote.sdp.contains("extmap:"), "{}", remote.sdp);
        assert_eq!(remote.direction, Direction::SendReceive);
    }

    #[test]
    fn the_published_candidate_is_the_shared_port_alone() {
        let shared = SocketAddr::from(([203, 0, 113, 9], 3_478));
        let published = publish(core::str::from_utf8(JSSIP).unwrap(), shared, Direction::ReceiveOnly).unwrap();
        let session = sip::sdp::parse(&published).unwrap();
        let candidates = session.audio().unwrap().candidates();
        assert_eq!(candidates.len(), 1);
        assert_eq!((candidates[0].address.as_str(), candidates[0].port), ("203.0.113.9", 3_478));
        assert_eq!(session.audio().unwrap().attributes.direction(), Some(sip::sdp::Direction::RecvOnly));
    }

    #[test]
    fn plain_rtp_is_not_for_a_browser_leg() {
        let plain = include_bytes!("testdata/sipp_uac_offer.sdp");
        let read = read(sip::sdp::parse(plain).unwrap(), &CodecPolicy::browser());
        assert!(matches!(read, Err(MediaEndError::NoAudio)));
    }
}
