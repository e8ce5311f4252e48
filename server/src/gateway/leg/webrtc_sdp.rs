//! What is changed in descriptions between a browser and the WebRTC stack. Pure.
//!
//! Inwards only the m-line and the codec that were chosen are left, because the stack matches codecs by name and would mix up the
//! telephone-events of two clock rates. Outwards the candidates are the shared port and the TCP port beside it, because the
//! stack only knows a throw-away one. Header extensions are not negotiated: no leg reads them and
//! a relay would have to renumber them.

use std::net::IpAddr;

use bytes::Bytes;
use media::Direction;
use sip::sdp::{Candidate, Media, Session, Setup};

use super::{
    codecs::{self, CodecPolicy, Stream},
    layout::{self, Layout},
    media_end::MediaEndError,
    rtp_sdp,
};
use crate::gateway::media::Wishes;

/// RFC 8445 §5.1.2.1 for a host candidate of the only component and interface.
const CANDIDATE_PRIORITY: u32 = 2_130_706_431;
/// RFC 6544 §4.2 for a passive host candidate: a type preference of 90, below all of UDP's but relayed ones, the direction's 4 and
/// the interface's 8191.
const TCP_CANDIDATE_PRIORITY: u32 = (90 << 24) | (((4 << 13) | 8_191) << 8) | 255;
/// The port of a line whose address is only in its candidates (RFC 8839 §4.3.1).
const DISCARD_PORT: u16 = 9;

/// Candidates of a peer that are handed to the stack. A lite agent needs none of them; a peer that is lite too has one.
const MOST_CANDIDATES: usize = 16;

/// Where peers reach us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OurAddress {
    pub(super) ip: IpAddr,
    pub(super) udp_port: u16,
    /// None where TCP is off.
    pub(super) tcp_port: Option<u16>,
}

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
    // The stack has one codec and keys, and our description nothing else.
    let stream = Stream { wishes: Wishes { takes_noise: false, ..stream.wishes }, ..stream };
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

/// The stack's description as the browser shall see it: the candidates of `shared` and no other; our `direction`, because the
/// stack answers a hold with sendrecv; our DTLS role once it is fixed, because the stack would choose it anew; and where we answer
/// how the peer wants `answered` to be sent.
///
/// # Errors
/// [`MediaEndError::Malformed`] when the stack wrote something that is no SDP, [`MediaEndError::NoAudio`] when there is no
/// audio in it.
pub(super) fn publish(
    stack: &str,
    shared: OurAddress,
    direction: Direction,
    layout: &Layout,
    setup: Option<Setup>,
    answered: Option<Stream>,
) -> Result<Bytes, MediaEndError> {
    let mut session = sip::sdp::parse(stack.as_bytes())?;
    let mut section = core::mem::take(&mut session.media).into_iter().next().ok_or(MediaEndError::NoAudio)?;
    section
        .attributes
        .retain(|attribute| !matches!(attribute.name.as_str(), "candidate" | "end-of-candidates" | "extmap"));
    let OurAddress { ip, udp_port: port, tcp_port } = shared;
    section.attributes.push("candidate", format!("1 1 udp {CANDIDATE_PRIORITY} {ip} {port} typ host"));
    if let Some(port) = tcp_port {
        let passive = format!("2 1 tcp {TCP_CANDIDATE_PRIORITY} {ip} {port} typ host tcptype passive");
        section.attributes.push("candidate", passive);
    }
    section.attributes.push_flag("end-of-candidates");
    section.attributes.set_direction(rtp_sdp::theirs(direction));
    if let Some(setup) = setup {
        section.attributes.set("setup", setup.as_str());
    }
    if let Some(stream) = answered {
        wish_the_same(&mut section, stream);
    }
    // Old SIP stacks look at m= and c= instead of candidates (RFC 8839 §4.2.1.1).
    section.port = port;
    section.connection = Some(ip.into());
    // Lines that are refused have no address of their own.
    session.connection = Some(ip.into());
    session.media = layout.lay_out(section);
    Ok(session.to_bytes())
}

/// A line that is narrow one way is narrow the other way too: the peer is to send as it wants to be sent.
fn wish_the_same(section: &mut Media, stream: Stream) {
    let Wishes { packet_ms, most_bps, .. } = stream.wishes;
    if packet_ms != Wishes::PACKET_MS {
        section.attributes.set("ptime", packet_ms.to_string());
    }
    if let (Some(most), Some(parameters)) = (most_bps, codecs::parameters(stream.codec)) {
        let number = stream.payload_type;
        section.attributes.retain(|attribute| {
            let value = attribute.value.as_deref().unwrap_or_default();
            attribute.name != "fmtp" || value.split_whitespace().next() != Some(number.to_string().as_str())
        });
        section.attributes.push("fmtp", format!("{number} {parameters};maxaveragebitrate={most}"));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SHARED: OurAddress =
        OurAddress { ip: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)), udp_port: 3_478, tcp_port: Some(443) };
    const JSSIP: &[u8] = include_bytes!("testdata/jssip_chrome_offer.sdp");

    #[test]
    fn one_codec_and_its_dtmf_are_left_of_an_offer() {
        let remote = read(sip::sdp::parse(JSSIP).unwrap(), &CodecPolicy::browser(), None).unwrap();
        assert!(remote.sdp.contains("m=audio 51472 UDP/TLS/RTP/SAVPF 111 110\r\n"), "{}", remote.sdp);
        assert!(!remote.sdp.contains("126") && !remote.sdp.contains("extmap:"), "{}", remote.sdp);
        assert_eq!(remote.direction, Direction::SendReceive);
    }

    #[test]
    fn the_published_candidates_are_the_shared_port_and_the_one_beside_it_alone() {
        let stack = core::str::from_utf8(JSSIP).unwrap();
        let layout = Layout::default();
        let published = publish(stack, SHARED, Direction::ReceiveOnly, &layout, Some(Setup::Passive), None).unwrap();
        let session = sip::sdp::parse(&published).unwrap();
        let candidates = session.audio().unwrap().candidates();
        let told: Vec<_> = candidates
            .iter()
            .map(|candidate| (candidate.transport.as_str(), candidate.address.as_str(), candidate.port))
            .collect();
        assert_eq!(told, [("udp", "203.0.113.9", 3_478), ("tcp", "203.0.113.9", 443)]);
        let values: Vec<_> = session.audio().unwrap().attributes.get_all("candidate").collect();
        assert!(values[1].ends_with("typ host tcptype passive"), "{values:?}");
        assert!(candidates[0].priority > candidates[1].priority);
        let alone = OurAddress { tcp_port: None, ..SHARED };
        let published = publish(stack, alone, Direction::ReceiveOnly, &layout, Some(Setup::Passive), None).unwrap();
        assert_eq!(sip::sdp::parse(&published).unwrap().audio().unwrap().candidates().len(), 1);
        assert_eq!(session.audio().unwrap().attributes.direction(), Some(sip::sdp::Direction::RecvOnly));
        assert_eq!(session.setup(session.audio().unwrap()), Some(Setup::Passive));
    }

    #[test]
    fn who_has_a_narrow_line_is_asked_to_send_as_narrowly() {
        let narrow = core::str::from_utf8(JSSIP).unwrap().replace("useinbandfec=1", "maxaveragebitrate=12000");
        let narrow = format!("{narrow}a=ptime:60\r\n");
        let remote = read(sip::sdp::parse(narrow.as_bytes()).unwrap(), &CodecPolicy::browser(), None).unwrap();
        let wishes = Wishes { packet_ms: 60, most_bps: Some(12_000), takes_noise: false };
        assert_eq!(remote.stream.wishes, wishes);
        let stack = core::str::from_utf8(JSSIP).unwrap();
        let layout = Layout::default();
        let published = publish(stack, SHARED, remote.direction, &layout, None, Some(remote.stream)).unwrap();
        let published = sip::sdp::parse(&published).unwrap();
        let audio = published.audio().unwrap();
        assert_eq!((audio.ptime_ms(), audio.fmtp_param(111, "maxaveragebitrate")), (Some(60), Some("12000")));
        assert_eq!(audio.fmtp_param(111, "useinbandfec"), Some("1"));
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
        let published = publish(&remote.sdp, SHARED, remote.direction, &layout, None, None).unwrap();
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
