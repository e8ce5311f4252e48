//! Which m-line of a description carries our audio, and what becomes of the others. Pure.
//!
//! An answer has the m-lines of its offer in their order, port 0 where one is not wanted (RFC 3264 §6), and no later
//! description of either side has fewer (§8). Phones use that: "optional SRTP" is an encrypted and a plain line for the same
//! audio, fax and video stand beside the voice.

use sip::sdp::{Media, Session};

use super::codecs::{self, CodecPolicy, Stream};
use super::media_end::MediaEndError;

/// The m-lines of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Index of the line that carries our audio.
    ours: usize,
    /// Its transport as the peer writes it; `None` until the peer has offered.
    protocol: Option<String>,
    /// The other lines as we write them, in their order.
    refused: Vec<Media>,
}

impl Layout {
    /// The lines of a peer's `offer`, of which `ours` is taken.
    pub(super) fn of_offer(offer: &Session, ours: usize) -> Self {
        let others = offer.media.iter().enumerate().filter(|(index, _)| *index != ours);
        Self {
            ours,
            protocol: offer.media.get(ours).map(|section| section.protocol.clone()),
            refused: others.map(|(_, section)| refused(section)).collect(),
        }
    }

    /// Index of our line.
    pub(super) fn ours(&self) -> usize {
        self.ours
    }

    /// All lines of a description of ours: `audio` and the refused ones.
    pub(super) fn lay_out(&self, mut audio: Media) -> Vec<Media> {
        if let Some(protocol) = &self.protocol {
            audio.protocol.clone_from(protocol);
        }
        let mut sections = self.refused.clone();
        sections.insert(self.ours.min(sections.len()), audio);
        sections
    }
}

/// A line that is not wanted: everything of it but the port stays for the peer to recognise it by.
fn refused(offered: &Media) -> Media {
    let mut section = Media { kind: offered.kind.clone(), ..Media::audio(0, &offered.protocol) };
    section.formats.clone_from(&offered.formats);
    if let Some(mid) = offered.mid() {
        section.attributes.push("mid", mid);
    }
    section
}

/// The first audio line whose transport this end `carries` and of whose codecs `policy` allows one; the line in use, if
/// there is one, before all others.
///
/// # Errors
/// [`MediaEndError::NoAudio`] when no line can be carried, [`MediaEndError::NoCommonCodec`] when only the codecs are wrong.
pub(super) fn find(
    session: &Session,
    policy: &CodecPolicy,
    in_use: Option<usize>,
    carries: impl Fn(&Media) -> bool,
) -> Result<(usize, Stream), MediaEndError> {
    let others = (0..session.media.len()).filter(|index| Some(*index) != in_use);
    let mut failure = MediaEndError::NoAudio;
    for index in in_use.into_iter().chain(others) {
        let section = session.media.get(index);
        let Some(section) = section.filter(|section| is_open_audio(section) && carries(section)) else { continue };
        match codecs::choose(section, policy) {
            Ok(stream) => return Ok((index, stream)),
            Err(none) => failure = none.into(),
        }
    }
    Err(failure)
}

fn is_open_audio(section: &Media) -> bool {
    section.kind.eq_ignore_ascii_case("audio") && !section.is_refused()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
    const PLAIN: &str = "m=audio 4000 RTP/AVP 0 8\r\n";

    fn session(lines: &[&str]) -> Session {
        sip::sdp::parse(format!("{HEAD}{}", lines.concat()).as_bytes()).unwrap()
    }

    fn found(lines: &[&str], in_use: Option<usize>) -> Option<usize> {
        let plain = |section: &Media| section.protocol == "RTP/AVP";
        find(&session(lines), &CodecPolicy::trunk(), in_use, plain).ok().map(|(index, _)| index)
    }

    #[test]
    fn the_usable_line_is_found_wherever_it_stands() {
        let others = [
            "m=audio 4000 RTP/SAVP 0\r\n",
            "m=audio 4010 RTP/AVP 18\r\n",
            "m=audio 0 RTP/AVP 0\r\n",
            "m=audio 4012 UDP/MYSTERY 0\r\n",
            "m=video 4050 RTP/AVP 31\r\n",
            "m=image 4060 udptl t38\r\n",
            "m=application 9 TCP/BFCP *\r\n",
        ];
        for other in others {
            assert_eq!(found(&[other, PLAIN], None), Some(1), "{other}");
            assert_eq!(found(&[PLAIN, other], None), Some(0), "{other}");
            assert_eq!(found(&[other], None), None, "{other}");
        }
        assert_eq!(found(&others, None), None);
    }

    #[test]
    fn the_line_in_use_stays_while_it_can() {
        assert_eq!(found(&[PLAIN, PLAIN], None), Some(0));
        assert_eq!(found(&[PLAIN, PLAIN], Some(1)), Some(1));
        assert_eq!(found(&[PLAIN, "m=audio 0 RTP/AVP 0\r\n"], Some(1)), Some(0));
        assert_eq!(found(&[PLAIN], Some(7)), Some(0));
    }

    #[test]
    fn every_line_is_answered_in_its_place() {
        let offer = session(&["m=video 4050 RTP/AVP 31\r\na=mid:v\r\n", "m=audio 4000 RTP/AVPF 0\r\n", PLAIN]);
        let sections = Layout::of_offer(&offer, 1).lay_out(Media::audio(20_000, "RTP/AVP"));
        let lines: Vec<_> =
            sections.iter().map(|section| (section.kind.as_str(), section.port, section.protocol.as_str())).collect();
        assert_eq!(lines, [("video", 0, "RTP/AVP"), ("audio", 20_000, "RTP/AVPF"), ("audio", 0, "RTP/AVP")]);
        assert_eq!((sections[0].mid(), &sections[2].formats), (Some("v"), &vec!["0".to_owned(), "8".to_owned()]));
    }
}
