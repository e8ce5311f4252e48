//! Which codec a leg speaks: an offer and a policy in, a choice out. Pure.
//!
//! RFC 3264 §6.1 lets the answerer choose among the formats offered. We answer with one audio codec
//! and, when offered at the same clock rate, telephone-event (RFC 4733 §2.1): a single codec means
//! that the peer never switches in mid-call and a relay never has to become a transcoder.
//! Not done here: the rest of the SDP ([`super::rtp_sdp`], [`super::webrtc_sdp`]).

use media::Codec;
use sip::sdp::{Media, RtpMap};

use crate::gateway::media::{Agreed, Wishes};

/// The payload types we give to what has no static one, as offerer; browsers use the same.
const OPUS_PAYLOAD_TYPE: u8 = 111;
const DTMF_48_PAYLOAD_TYPE: u8 = 110;
const DTMF_8_PAYLOAD_TYPE: u8 = 101;
/// Payload types without a meaning of their own (RFC 3551 §3).
const DYNAMIC: core::ops::RangeInclusive<u8> = 96..=127;
/// Opus loss concealment by redundancy, and the shortest packets we read (RFC 7587 §7).
const OPUS_PARAMETERS: &str = "minptime=10;useinbandfec=1";
/// Lengths of packets that a peer can ask for, milliseconds.
const PACKET_MS: core::ops::RangeInclusive<u32> = 10..=60;
/// What we send at most as Opus, bits per second.
const OPUS_BPS: u32 = 24_000;
/// RTP clock of comfort noise as payload type 13, Hz: that of the codec beside it (RFC 3389 §4).
const NOISE_CLOCK_HZ: u32 = 8_000;
/// The sixteen keys (RFC 4733 §2.4.1).
pub(super) const DTMF_PARAMETERS: &str = "0-15";

/// What a leg may speak and what it would rather.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecPolicy {
    /// Codecs allowed on this leg, the favourite first. Our order outranks the offer's: Chrome puts
    /// G.711 last and SIP phones put it first, and neither knows the other side of the bridge.
    pub codecs: Vec<Codec>,
    /// What the other side of the bridge already speaks.
    pub peer: Option<Codec>,
    /// Take `peer`'s codec when it is offered, so that packets are relayed untouched. Off: the
    /// favourite wins and the bridge transcodes (Opus keeps its loss concealment on the browser's
    /// side, which is usually the worse network).
    pub prefer_passthrough: bool,
}

impl CodecPolicy {
    /// A trunk that says nothing about its codecs: G.711, A-law first as African carriers have it.
    #[must_use]
    pub fn trunk() -> Self {
        Self { codecs: vec![Codec::Pcma, Codec::Pcmu], peer: None, prefer_passthrough: true }
    }

    /// A desk phone or softphone: what the other side speaks, else the widest that it has.
    #[must_use]
    pub fn device() -> Self {
        let codecs = vec![Codec::Opus, Codec::G722, Codec::Pcma, Codec::Pcmu];
        Self { codecs, peer: None, prefer_passthrough: true }
    }

    /// A browser: what the other side speaks, else Opus, else what most trunks speak.
    #[must_use]
    pub fn browser() -> Self {
        Self { codecs: vec![Codec::Opus, Codec::Pcma, Codec::Pcmu], peer: None, prefer_passthrough: true }
    }

    /// For a leg that can speak nothing else any more.
    #[must_use]
    pub fn fixed(codec: Codec) -> Self {
        Self { codecs: vec![codec], peer: None, prefer_passthrough: false }
    }

    /// The same policy for a leg that speaks `codec`: it stays with it as long as the peer does.
    #[must_use]
    pub fn keeping(&self, codec: Codec) -> Self {
        Self { codecs: self.codecs.clone(), peer: Some(codec), prefer_passthrough: true }
    }

    /// Allowed codecs in the order in which they are tried or offered.
    pub fn preferred(&self) -> impl Iterator<Item = Codec> + '_ {
        let passed = self.peer.filter(|peer| self.prefer_passthrough && self.codecs.contains(peer));
        passed.into_iter().chain(self.codecs.iter().copied().filter(move |codec| Some(*codec) != passed))
    }
}

/// The formats that offer and answer fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// The audio codec.
    pub codec: Codec,
    /// Its payload type.
    pub payload_type: u8,
    /// Payload type and clock rate (Hz) of telephone-event.
    pub dtmf: Option<(u8, u32)>,
    /// How the peer wants to be sent it.
    pub wishes: Wishes,
}

impl From<Agreed> for Stream {
    fn from(Agreed { codec, payload_type, dtmf, wishes, .. }: Agreed) -> Self {
        Self { codec, payload_type, dtmf, wishes }
    }
}

/// The offer and the policy share no codec: 488 Not Acceptable Here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no audio codec in common")]
pub struct NoCommonCodec;

/// Chooses from an offer, or reads the choice out of an answer.
///
/// # Errors
/// [`NoCommonCodec`].
pub fn choose(offered: &Media, policy: &CodecPolicy) -> Result<Stream, NoCommonCodec> {
    let formats = offered.codecs();
    policy
        .preferred()
        .find_map(|codec| {
            let format = formats.iter().find(|format| is(format, codec))?;
            let dtmf = formats
                .iter()
                .find(|format| format.is_encoding("telephone-event") && format.clock_rate_hz == codec.clock_hz())
                .map(|format| (format.payload_type, format.clock_rate_hz));
            let wishes = wishes(offered, &formats, codec, format.payload_type);
            Some(Stream { codec, payload_type: format.payload_type, dtmf, wishes })
        })
        .ok_or(NoCommonCodec)
}

/// What the peer says of how it wants to be sent `codec`.
fn wishes(section: &Media, formats: &[RtpMap], codec: Codec, payload_type: u8) -> Wishes {
    let is_length = |ms: &u32| ms >= PACKET_MS.start();
    let longest = section.maxptime_ms().filter(is_length).unwrap_or(*PACKET_MS.end());
    let wanted = section.ptime_ms().filter(is_length).unwrap_or(Wishes::PACKET_MS.into()).min(longest);
    // Tens, because G.711 of other lengths is more than old phones read; Opus frames stay whole.
    let step = if codec == Codec::Opus { Wishes::PACKET_MS.into() } else { *PACKET_MS.start() };
    let packet_ms = (wanted.min(*PACKET_MS.end()) / step * step).max(step);
    let most_bps = (codec == Codec::Opus)
        .then(|| section.fmtp_param(payload_type, "maxaveragebitrate")?.trim().parse().ok())
        .flatten()
        .filter(|most| *most < OPUS_BPS);
    Wishes {
        packet_ms: u8::try_from(packet_ms).unwrap_or(Wishes::PACKET_MS),
        most_bps,
        takes_noise: codec.clock_hz() == NOISE_CLOCK_HZ && formats.iter().any(is_noise),
    }
}

fn is_noise(format: &RtpMap) -> bool {
    format.payload_type == media::noise::PAYLOAD_TYPE && format.is_encoding("CN")
}

fn noise() -> RtpMap {
    RtpMap::new(media::noise::PAYLOAD_TYPE, "CN", NOISE_CLOCK_HZ, 1)
}

/// Adds our own offer: the allowed codecs, then telephone-event once per clock rate in use. What is `agreed` keeps its
/// numbers, and they mean nothing else (RFC 3264 §8.3.2). Comfort noise is offered to whoever has offered it alone: a peer that
/// was asked for it would stop sending, and how its silence sounds says less than the silence itself.
pub fn offer(section: &mut Media, policy: &CodecPolicy, agreed: Option<Stream>) {
    let mut numbers = Numbers::keeping(agreed);
    let mut clock_rates: Vec<u32> = Vec::new();
    for codec in policy.preferred() {
        let map = rtpmap(codec);
        let agreed = agreed.filter(|stream| stream.codec == codec).map(|stream| stream.payload_type);
        let payload_type = agreed.unwrap_or_else(|| numbers.take(map.payload_type));
        section.add_codec(&RtpMap { payload_type, ..map }, parameters(codec));
        if !clock_rates.contains(&codec.clock_hz()) {
            clock_rates.push(codec.clock_hz());
        }
    }
    for clock_rate in clock_rates {
        let agreed = agreed.and_then(|stream| stream.dtmf).filter(|(_, hz)| *hz == clock_rate);
        let payload_type =
            agreed.map_or_else(|| numbers.take(dtmf_payload_type(clock_rate)), |(payload_type, _)| payload_type);
        section.add_codec(&telephone_event(payload_type, clock_rate), Some(DTMF_PARAMETERS));
    }
    if agreed.is_some_and(|stream| stream.wishes.takes_noise) {
        section.add_codec(&noise(), None);
    }
}

/// Payload types of an offer that are given away.
struct Numbers(Vec<u8>);

impl Numbers {
    fn keeping(agreed: Option<Stream>) -> Self {
        let kept = agreed.into_iter();
        Self(
            kept.flat_map(|stream| [Some(stream.payload_type), stream.dtmf.map(|(number, _)| number)])
                .flatten()
                .collect(),
        )
    }

    /// `wanted`, or another of the dynamic ones (RFC 3551 §3) when that is taken.
    fn take(&mut self, wanted: u8) -> u8 {
        let free = |number: &u8| !self.0.contains(number);
        let number = Some(wanted).filter(free).or_else(|| DYNAMIC.rev().find(free)).unwrap_or(wanted);
        self.0.push(number);
        number
    }
}

/// Adds our answer: the stream and nothing else, under the offerer's payload types.
pub fn answer(section: &mut Media, stream: Stream) {
    let map = RtpMap { payload_type: stream.payload_type, ..rtpmap(stream.codec) };
    section.add_codec(&map, parameters(stream.codec));
    if let Some((payload_type, clock_rate)) = stream.dtmf {
        section.add_codec(&telephone_event(payload_type, clock_rate), Some(DTMF_PARAMETERS));
    }
    if stream.wishes.takes_noise {
        section.add_codec(&noise(), None);
    }
}

/// How we offer `codec`.
#[must_use]
pub fn rtpmap(codec: Codec) -> RtpMap {
    match codec {
        Codec::Pcmu => RtpMap::new(0, "PCMU", 8_000, 1),
        Codec::Pcma => RtpMap::new(8, "PCMA", 8_000, 1),
        // Static, with the clock rate of RFC 1890's mistake (RFC 3551 §4.5.2).
        Codec::G722 => RtpMap::new(9, "G722", 8_000, 1),
        // Always two channels in SDP, whatever is sent (RFC 7587 §7).
        Codec::Opus => RtpMap::new(OPUS_PAYLOAD_TYPE, "opus", 48_000, 2),
    }
}

/// The codec of this name in SDP, in any case.
#[must_use]
pub fn named(name: &str) -> Option<Codec> {
    Codec::ALL.into_iter().find(|codec| rtpmap(*codec).is_encoding(name))
}

/// The `fmtp` that goes with [`rtpmap`].
#[must_use]
pub fn parameters(codec: Codec) -> Option<&'static str> {
    (codec == Codec::Opus).then_some(OPUS_PARAMETERS)
}

/// The payload type by which we offer telephone-event at this clock rate, Hz.
#[must_use]
pub fn dtmf_payload_type(clock_rate: u32) -> u8 {
    if clock_rate == Codec::Opus.clock_hz() { DTMF_48_PAYLOAD_TYPE } else { DTMF_8_PAYLOAD_TYPE }
}

fn telephone_event(payload_type: u8, clock_rate: u32) -> RtpMap {
    RtpMap::new(payload_type, "telephone-event", clock_rate, 1)
}

fn is(format: &RtpMap, codec: Codec) -> bool {
    let ours = rtpmap(codec);
    format.is_encoding(&ours.encoding) && format.clock_rate_hz == ours.clock_rate_hz && format.channels == ours.channels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(sdp: &str, policy: &CodecPolicy) -> Result<Stream, NoCommonCodec> {
        choose(sip::sdp::parse(sdp.as_bytes()).unwrap().audio().unwrap(), policy)
    }

    const CHROME: &str = include_str!("testdata/chrome_offer.sdp");
    const JSSIP: &str = include_str!("testdata/jssip_chrome_offer.sdp");
    const SIPJS: &str = include_str!("testdata/sipjs_chrome_offer.sdp");
    const SIPP: &str = include_str!("testdata/sipp_uac_offer.sdp");

    #[test]
    fn a_browser_speaks_opus_with_dtmf_at_the_same_clock() {
        let stream = chosen(CHROME, &CodecPolicy::browser()).unwrap();
        let wishes = Wishes::default();
        assert_eq!(stream, Stream { codec: Codec::Opus, payload_type: 111, dtmf: Some((110, 48_000)), wishes });
    }

    #[test]
    fn passthrough_takes_the_codec_of_the_other_side() {
        for sdp in [CHROME, JSSIP, SIPJS] {
            let policy = CodecPolicy { peer: Some(Codec::Pcma), ..CodecPolicy::browser() };
            let stream = chosen(sdp, &policy).unwrap();
            assert_eq!((stream.codec, stream.payload_type, stream.dtmf), (Codec::Pcma, 8, Some((126, 8_000))), "{sdp}");
        }
    }

    #[test]
    fn without_passthrough_the_favourite_stays() {
        let policy = CodecPolicy { peer: Some(Codec::Pcmu), prefer_passthrough: false, ..CodecPolicy::browser() };
        assert_eq!(chosen(JSSIP, &policy).unwrap().codec, Codec::Opus);
    }

    #[test]
    fn static_payload_types_need_no_rtpmap() {
        let stream = chosen(SIPP, &CodecPolicy::trunk()).unwrap();
        assert_eq!((stream.codec, stream.payload_type, stream.dtmf), (Codec::Pcmu, 0, None));
        let bare =
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18 8\r\n";
        assert_eq!(chosen(bare, &CodecPolicy::trunk()).unwrap().codec, Codec::Pcma);
    }

    #[test]
    fn nothing_in_common_is_an_error() {
        assert_eq!(chosen(SIPP, &CodecPolicy::fixed(Codec::Opus)), Err(NoCommonCodec));
    }

    #[test]
    fn an_offer_names_dtmf_once_per_clock_rate() {
        let mut section = Media::audio(4_000, "RTP/AVP");
        offer(&mut section, &CodecPolicy::browser(), None);
        assert_eq!(section.formats, ["111", "8", "0", "110", "101"]);
        section.formats.clear();
        offer(&mut section, &CodecPolicy::trunk(), None);
        assert_eq!(section.formats, ["8", "0", "101"]);
    }

    #[test]
    fn a_later_offer_lists_all_and_keeps_what_the_agreed_numbers_mean() {
        let wishes = Wishes::default();
        let agreed = Stream { codec: Codec::Opus, payload_type: 101, dtmf: Some((111, 48_000)), wishes };
        let mut section = Media::audio(4_000, "RTP/AVP");
        offer(&mut section, &CodecPolicy::browser().keeping(Codec::Opus), Some(agreed));
        assert_eq!(section.formats, ["101", "8", "0", "111", "127"]);
        assert!(section.rtpmap(101).unwrap().is_encoding("opus"));
        assert_eq!(section.rtpmap(127).unwrap().to_string(), "127 telephone-event/8000");
        let chosen = choose(&section, &CodecPolicy::browser().keeping(Codec::Opus)).unwrap();
        assert_eq!(chosen, agreed);
    }

    /// An offer of A-law, of Opus and of comfort noise that says this too.
    fn offering(attributes: &str) -> String {
        format!(
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 13 111\r\na=rtpmap:111 opus/48000/2\r\n{attributes}"
        )
    }

    #[test]
    fn packets_are_as_long_as_the_peer_wants_them_and_can_be() {
        for (attributes, g711, opus) in [
            ("", 20, 20),
            ("a=ptime:30\r\n", 30, 20),
            ("a=ptime:60\r\n", 60, 60),
            ("a=ptime:45\r\n", 40, 40),
            ("a=ptime:10\r\n", 10, 20),
            ("a=ptime:200\r\n", 60, 60),
            ("a=ptime:0\r\n", 20, 20),
            ("a=ptime:60\r\na=maxptime:40\r\n", 40, 40),
            ("a=maxptime:10\r\n", 10, 20),
            ("a=ptime:often\r\n", 20, 20),
        ] {
            for (codec, expected) in [(Codec::Pcma, g711), (Codec::Opus, opus)] {
                let stream = chosen(&offering(attributes), &CodecPolicy::fixed(codec)).unwrap();
                assert_eq!(stream.wishes.packet_ms, expected, "{codec:?} {attributes}");
            }
        }
    }

    #[test]
    fn opus_keeps_to_a_bitrate_that_is_less_than_ours() {
        for (most, expected) in [("12000", Some(12_000)), ("24000", None), ("64000", None), ("much", None)] {
            let offer = offering(&format!("a=fmtp:111 useinbandfec=1;maxaveragebitrate={most}\r\n"));
            let of = |codec| chosen(&offer, &CodecPolicy::fixed(codec)).unwrap().wishes.most_bps;
            assert_eq!((of(Codec::Opus), of(Codec::Pcma)), (expected, None), "{most}");
        }
    }

    #[test]
    fn comfort_noise_is_answered_where_it_was_offered_beside_a_codec_of_its_clock() {
        let mut section = Media::audio(4_002, "RTP/AVP");
        let stream = chosen(&offering(""), &CodecPolicy::trunk()).unwrap();
        answer(&mut section, stream);
        assert_eq!(section.formats, ["8", "13"]);
        assert_eq!(section.rtpmap(13).unwrap().to_string(), "13 CN/8000");
        section.formats.clear();
        offer(&mut section, &CodecPolicy::trunk(), Some(stream));
        assert_eq!(section.formats, ["8", "0", "101", "13"]);
        let opus = chosen(&offering(""), &CodecPolicy::fixed(Codec::Opus)).unwrap();
        assert!(!opus.wishes.takes_noise);
    }

    #[test]
    fn a_leg_stays_with_its_codec_while_the_peer_does() {
        let kept = CodecPolicy::trunk().keeping(Codec::Pcmu);
        assert_eq!(chosen(JSSIP, &kept).unwrap().codec, Codec::Pcmu);
        let only_alaw =
            "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
        assert_eq!(chosen(only_alaw, &kept).unwrap().codec, Codec::Pcma);
    }

    #[test]
    fn an_answer_keeps_the_payload_types_of_the_offer() {
        let offered = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 97 98\r\na=rtpmap:97 OPUS/48000/2\r\na=rtpmap:98 telephone-event/48000\r\n";
        let mut section = Media::audio(4_002, "RTP/AVP");
        answer(&mut section, chosen(offered, &CodecPolicy::browser()).unwrap());
        assert_eq!(section.formats, ["97", "98"]);
        assert_eq!(section.rtpmap(97).unwrap().to_string(), "97 opus/48000/2");
    }
}
