//! What is changed in descriptions between a browser and the WebRTC stack. Pure.
//!
//! Inwards only the m-line and the codec that were chosen are left, because the stack matches codecs by name and would mix up the
//! telephone-events of two clock rates. Outwards the one candidate is the shared port, because the
//! stack only knows a throw-away one. Header extensions are not negotiated: no leg reads them and
//! a relay would have to renumber them.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use media::Direction;
use sip::sdp::{Candidate, Media, Session, Setup};

use super::{
    codecs::{CodecPolicy, Stream},
    layout::{self, Layout},
    media_end::MediaEndError,
    rtp_sdp,
};

/// RFC 8445 §5.1.2.1 for a host candidate of the only component and interface.
const CANDIDATE_PRIORITY: u32 = 2_130_706_431;
/// The port of a line whose address is only in its candidates (RFC 8839 §4.3.1).
const DISCARD_PORT: u16 = 9;

/// Candidates of a peer that are handed to the stack. A lite agent needs none of them; a peer that is lite too has one.
const MOST_CANDIDATES: usize = 16;

/// A browser's offer or answer, cut down to what the stack shall see.
#[derive(Debug)]
pub(super) struct Remote {
    pub(super) stream: Stream,
    /// Who may send, seen from us.
    pub(super) direction: Direction,
    /// Which m-line carries the audio.
    pub(super) index: usize,
    /// Its DTLS role.
    pub(super) setup: Setup,
    /// `ice-pwd`.
    pub(super) ice_password: String,
    /// For the stack: this m-line and no other.
    pub(super) sdp: String,
}

/// Reads a browser's description; `in_use` is the m-line that carries the audio so far.
///
/// # Errors
/// [`MediaEndError::NoAudio`] without DTLS-SRTP audio, [`MediaEndError::NoCommonCodec`].
pub(super) fn read(mut session: Session, policy: &CodecPolicy, in_use: Option<usize>) -> Result<Remote, MediaEndError> {
    share_bundled(&mut session);
    let (index, stream) = layout::find(&session, policy, in_use, |section| is_ours(&session, section))?;
    let section = session.media.get(index).ok_or(MediaEndError::NoAudio)?;
    let direction = rtp_sdp::ours(session.direction_of(section), false);
    // Absent means that the peer offers (RFC 4145 §4.1); then it takes either role.
    let setup = session.setup(section).unwrap_or(Setup::ActPass);
    let (_, password) = session.ice_credentials(section).ok_or(MediaEndError::NoAudio)?;
    let ice_password = password.to_owned();
    let mut section = session.media.swap_remove(index);
    keep_only(&mut section, stream);
    match section.mid() {
        Some(mid) if session.attributes.contains("group") => session.attributes.set("group", format!("BUNDLE {mid}")),
        _ => session.attributes.remove("group"),
    }
    session.attributes.remove("candidate");
    session.media = vec![section];
    let sdp = String::from_utf8_lossy(&session.to_bytes()).into_owned();
    Ok(Remote { stream, direction, index, setup, ice_password, sdp })
}

/// DTLS-SRTP over ICE, whatever the profile is called (RFC 8842 §5.1).
fn is_ours(session: &Session, section: &Media) -> bool {
    section.is_secure() && session.fingerprint(section).is_some() && session.ice_credentials(section).is_some()
}

/// Says in every line of a bundle what its first line says for all of them (RFC 9143 §7.1.3).
fn share_bundled(session: &mut Session) {
    const SHARED: [&str; 5] = ["ice-ufrag", "ice-pwd", "fingerprint", "setup", "candidate"];
    let Some(mids) = session.attributes.get("group").and_then(|group| group.strip_prefix("BUNDLE ")) else { return };
    let mids: Vec<String> = mids.split_ascii_whitespace().map(str::to_owned).collect();
    let first = session
        .media
        .iter()
        .find(|section| section.mid().is_some_and(|mid| mids.first().is_some_and(|first| first == mid)));
    let Some(shared) = first.map(|section| section.attributes.clone()) else { return };
    for section in &mut session.media {
        let bundled = section.mid().is_some_and(|mid| mids.iter().any(|other| other == mid));
        if !bundled || section.attributes.contains("ice-ufrag") {
            continue;
        }
        for attribute in shared.iter().filter(|attribute| SHARED.contains(&attribute.name.as_str())) {
            if let Some(value) = &attribute.value {
                section.attributes.push(&attribute.name, value.clone());
            }
        }
    }
}

fn keep_only(section: &mut Media, stream: Stream) {
    let kept: Vec<String> = core::iter::once(stream.payload_type)
        .chain(stream.dtmf.map(|(payload_type, _)| payload_type))
        .map(|payload_type| payload_type.to_string())
        .collect();
    section.formats.retain(|format| kept.contains(format));
    let mut candidates = 0;
    section.attributes.retain(|attribute| {
        let value = attribute.value.as_deref().unwrap_or_default();
        match attribute.name.as_str() {
            "rtpmap" | "fmtp" => kept.iter().any(|kept| Some(kept.as_str()) == value.split_whitespace().next()),
            "candidate" if is_usable(value) && candidates < MOST_CANDIDATES => {
                candidates += 1;
                true
            }
            // Alone in its line now, which therefore has a port.
            "extmap" | "rtcp-fb" | "candidate" | "bundle-only" => false,
            _ => true,
        }
    });
    if section.port == 0 {
        section.port = DISCARD_PORT;
    }
}

/// One that the stack can read and use; it would refuse the whole description for the sake of one that it can't.
fn is_usable(candidate: &str) -> bool {
    Candidate::parse(candidate).is_some_and(|candidate| {
        candidate.component == 1
            && candidate.transport.eq_ignore_ascii_case("udp")
            && candidate.address.parse::<IpAddr>().is_ok()
            && matches!(candidate.kind.as_str(), "host" | "srflx" | "prflx" | "relay")
    })
}

/// The stack's description as the browser shall see it: exactly one candidate, `shared`; our `direction`, because the stack
/// answers a hold with sendrecv; and our DTLS role once it is fixed, because the stack would choose it anew.
///
/// # Errors
/// [`MediaEndError::Malformed`] when the stack wrote something that is no SDP, [`MediaEndError::NoAudio`] when there is no
/// audio in it.
pub(super) fn publish(
    stack: &str,
    shared: SocketAddr,
    direction: Direction,
    layout: &Layout,
    setup: Option<Setup>,
) -> Result<Bytes, MediaEndError> {
    let mut session = sip::sdp::parse(stack.as_bytes())?;
    let mut section = core::mem::take(&mut session.media).into_iter().next().ok_or(MediaEndError::NoAudio)?;
    section
        .attributes
        .retain(|attribute| !matches!(attribute.name.as_str(), "candidate" | "end-of-candidates" | "extmap"));
    let (ip, port) = (shared.ip(), shared.port());
    section.attributes.push("candidate", format!("1 1 udp {CANDIDATE_PRIORITY} {ip} {port} typ host"));
    section.attributes.push_flag("end-of-candidates");
    section.attributes.set_direction(rtp_sdp::theirs(direction));
    if let Some(setup) = setup {
        section.attributes.set("setup", setup.as_str());
    }
    // Old SIP stacks look at m= and c= instead of candidates (RFC 8839 §4.2.1.1).
    section.port = port;
    section.connection = Some(ip.into());
    // Lines that are refused have no address of their own.
    session.connection = Some(ip.into());
    session.media = layout.lay_out(section);
    Ok(session.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSSIP: &[u8] = include_bytes!("testdata/jssip_chrome_offer.sdp");

    #[test]
    fn one_codec_and_its_dtmf_are_left_of_an_offer() {
        let remote = read(sip::sdp::parse(JSSIP).unwrap(), &CodecPolicy::browser(), None).unwrap();
        assert!(remote.sdp.contains("m=audio 51472 UDP/TLS/RTP/SAVPF 111 110\r\n"), "{}", remote.sdp);
        assert!(!remote.sdp.contains("126") && !remote.sdp.contains("extmap:"), "{}", remote.sdp);
        assert_eq!(remote.direction, Direction::SendReceive);
    }

    #[test]
    fn the_published_candidate_is_the_shared_port_alone() {
        let shared = SocketAddr::from(([203, 0, 113, 9], 3_478));
        let stack = core::str::from_utf8(JSSIP).unwrap();
        let layout = Layout::default();
        let published = publish(stack, shared, Direction::ReceiveOnly, &layout, Some(Setup::Passive)).unwrap();
        let session = sip::sdp::parse(&published).unwrap();
        let candidates = session.audio().unwrap().candidates();
        assert_eq!(candidates.len(), 1);
        assert_eq!((candidates[0].address.as_str(), candidates[0].port), ("203.0.113.9", 3_478));
        assert_eq!(session.audio().unwrap().attributes.direction(), Some(sip::sdp::Direction::RecvOnly));
        assert_eq!(session.setup(session.audio().unwrap()), Some(Setup::Passive));
    }

    /// JsSIP's offer with lines before and after its audio, all in one bundle that the first of them speaks for.
    fn bundled() -> String {
        let text = core::str::from_utf8(JSSIP).unwrap();
        let (session, audio) = text.split_at(text.find("m=audio").unwrap());
        let mid = sip::sdp::parse(JSSIP).unwrap().audio().unwrap().mid().unwrap().to_owned();
        let shared: String = audio
            .split_inclusive("\r\n")
            .filter(|line| {
                ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"].iter().any(|name| line.starts_with(name))
            })
            .collect();
        let audio: String = audio.split_inclusive("\r\n").filter(|line| !shared.contains(*line)).collect();
        let session: String = session.split_inclusive("\r\n").filter(|line| !line.starts_with("a=group")).collect();
        let audio = audio.replace("m=audio 51472", "m=audio 0").replace("a=rtcp-mux", "a=bundle-only\r\na=rtcp-mux");
        format!(
            "{session}a=group:BUNDLE v {mid} d\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\n{shared}a=rtpmap:96 VP8/90000\r\n{audio}m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\na=bundle-only\r\n"
        )
    }

    #[test]
    fn audio_is_read_out_of_a_bundle_and_the_rest_is_refused() {
        let offer = sip::sdp::parse(bundled().as_bytes()).unwrap();
        let remote = read(offer.clone(), &CodecPolicy::browser(), None).unwrap();
        let cut = sip::sdp::parse(remote.sdp.as_bytes()).unwrap();
        assert_eq!((remote.index, cut.media.len(), cut.media[0].port), (1, 1, DISCARD_PORT));
        let mid = cut.media[0].mid().unwrap();
        assert_eq!(cut.attributes.get("group"), Some(format!("BUNDLE {mid}").as_str()));
        assert!(cut.ice_credentials(&cut.media[0]).is_some() && cut.fingerprint(&cut.media[0]).is_some());
        let layout = Layout::of_offer(&offer, remote.index);
        let shared = SocketAddr::from(([203, 0, 113, 9], 3_478));
        let published = publish(&remote.sdp, shared, remote.direction, &layout, None).unwrap();
        let published = sip::sdp::parse(&published).unwrap();
        let lines: Vec<_> = published.media.iter().map(|section| (section.kind.as_str(), section.port)).collect();
        assert_eq!(lines, [("video", 0), ("audio", 3_478), ("application", 0)]);
    }

    #[test]
    fn one_bad_candidate_spoils_nothing() {
        let good = "1 1 udp 2113937151 192.0.2.7 50000 typ host";
        for bad in [
            "garbage",
            "1 1 udp x 192.0.2.7 50000 typ host",
            "1 1 udp 1 192.0.2.7 99999 typ host",
            "1 1 udp 1 192.0.2.7 50000 typ mystery",
            "1 1 udp 1 6b0f3a2e.local 50000 typ host",
            "1 1 tcp 1 192.0.2.7 9 typ host tcptype active",
            "1 2 udp 1 192.0.2.7 50001 typ host",
            "",
        ] {
            let text = core::str::from_utf8(JSSIP).unwrap();
            let with = format!("{text}a=candidate:{bad}\r\na=candidate:{good}\r\n");
            let remote = read(sip::sdp::parse(with.as_bytes()).unwrap(), &CodecPolicy::browser(), None).unwrap();
            let cut = sip::sdp::parse(remote.sdp.as_bytes()).unwrap();
            assert!(cut.media[0].attributes.get_all("candidate").all(is_usable), "{bad}: {}", remote.sdp);
            assert!(cut.media[0].attributes.get_all("candidate").any(|candidate| candidate == good), "{bad}");
        }
    }

    #[test]
    fn plain_rtp_is_not_for_a_browser_leg() {
        let plain = include_bytes!("testdata/sipp_uac_offer.sdp");
        let read = read(sip::sdp::parse(plain).unwrap(), &CodecPolicy::browser(), None);
        assert!(matches!(read, Err(MediaEndError::NoAudio)));
    }
}
