//! What an INVITE and we can agree on before its call is admitted: audio that both speak, a session timer, and a place among
//! the calls of its trunk.
//!
//! A caller that is turned away for one of them must be so before anything is written, asked or dialled for it: a refusal
//! after the answer was decided on would be billed as a call.

use media::Codec;
use sip::message::{Headers, Request, StatusCode};
use sip::ua::Reply;

use super::codecs::CodecPolicy;
use super::media_end::MediaEndError;
use super::session_timer::{SessionTimer, TooBrief};
use super::srtp::Exchange;
use super::talk::{status_of, warning_of};
use super::{rtp_sdp, webrtc_sdp};
use crate::config::SrtpPolicy;
use crate::gateway::MediaTransport;
use crate::gateway::trunks::terms::{Full, Place, Terms};

/// An INVITE that we can take.
#[derive(Debug)]
pub struct Invited {
    pub(in crate::gateway) transport: MediaTransport,
    /// The only codecs of its leg, the favourite first; `None`: whatever the transport carries.
    pub(in crate::gateway) codecs: Option<Vec<Codec>>,
    /// How its leg secures what is said.
    pub(in crate::gateway) srtp: SrtpPolicy,
    /// What its offer would come to; `None` without one.
    pub(in crate::gateway) expected: Option<Codec>,
    /// What the 200 fixes about the session timer. In a box, because few legs have one.
    pub(super) timer: Option<Box<(SessionTimer, Headers)>>,
    /// Its place among the calls of its trunk, as long as its leg lives.
    pub(super) place: Place,
}

/// Why an INVITE can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// The interval of its session timer is too short: 422.
    #[error("session interval too small")]
    TooBrief,
    /// Its offer has nothing for us: 488, or 400 where it can't be read.
    #[error(transparent)]
    Offer(#[from] MediaEndError),
    /// Its trunk has as many calls as it takes: 503.
    #[error(transparent)]
    Full(#[from] Full),
}

impl From<TooBrief> for Unfit {
    fn from(TooBrief: TooBrief) -> Self {
        Self::TooBrief
    }
}

impl Unfit {
    /// What the caller is told.
    pub(in crate::gateway) fn reply(&self) -> Reply {
        match self {
            Self::TooBrief => {
                Reply { status: StatusCode::SESSION_INTERVAL_TOO_SMALL, headers: TooBrief::headers(), body: None }
            }
            Self::Offer(error) => Reply { headers: warning_of(error), ..Reply::new(status_of(error)) },
            Self::Full(Full) => Reply::new(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

impl Invited {
    /// Reads the INVITE of a caller over this transport, on these terms, and takes its place.
    ///
    /// # Errors
    /// [`Unfit`]; then no place is taken.
    pub fn read(invite: &Request, transport: MediaTransport, terms: &Terms) -> Result<Self, Unfit> {
        let timer = SessionTimer::of_request(&invite.headers)?.map(Box::new);
        let codecs = terms.codecs().map(<[Codec]>::to_vec);
        let mut policy = transport.policy();
        if let Some(codecs) = &codecs {
            policy.codecs.clone_from(codecs);
        }
        let expected = match &invite.body[..] {
            // Our offer will be in the 200.
            [] => None,
            offer => Some(first_choice(offer, transport, &policy, terms.srtp())?),
        };
        let place = terms.enter()?;
        Ok(Self { transport, codecs, srtp: terms.srtp(), expected, timer, place })
    }
}

/// What a leg over this transport would take of an offer.
fn first_choice(
    offer: &[u8],
    transport: MediaTransport,
    policy: &CodecPolicy,
    srtp: SrtpPolicy,
) -> Result<Codec, MediaEndError> {
    let session = sip::sdp::parse(offer)?;
    let stream = match transport {
        MediaTransport::Rtp | MediaTransport::Device => {
            rtp_sdp::read(&session, policy, srtp, Exchange::Offer, None)?.1.stream
        }
        MediaTransport::WebRtc => webrtc_sdp::read(session, policy, None)?.stream,
    };
    Ok(stream.codec)
}

#[cfg(test)]
mod tests {
    use sip::message::{HeaderName, Method, Uri};

    use super::*;

    const SIPP: &str = include_str!("testdata/sipp_uac_offer.sdp");
    const CHROME: &str = include_str!("testdata/chrome_offer.sdp");
    const G729: &str =
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n";

    fn read(
        offer: &'static str,
        timer: &'static str,
        transport: MediaTransport,
        terms: &Terms,
    ) -> Result<Invited, u16> {
        let mut invite = Request::new(Method::Invite, Uri::parse("sip:us.example").unwrap());
        invite.body = offer.into();
        invite.headers.push(HeaderName::Supported, "timer");
        if !timer.is_empty() {
            invite.headers.push(HeaderName::SessionExpires, timer);
        }
        Invited::read(&invite, transport, terms).map_err(|unfit| unfit.reply().status.code())
    }

    #[test]
    fn an_offer_is_judged_by_what_the_leg_will_carry() {
        use MediaTransport::{Device, Rtp, WebRtc};
        for (offer, transport, expected) in [
            (SIPP, Rtp, Ok(Some(Codec::Pcmu))),
            (SIPP, Device, Ok(Some(Codec::Pcmu))),
            (SIPP, WebRtc, Err(488)),
            (CHROME, WebRtc, Ok(Some(Codec::Opus))),
            (CHROME, Rtp, Err(488)),
            (G729, Rtp, Err(488)),
            (G729, Device, Err(488)),
            ("nonsense", Rtp, Err(400)),
            ("", Rtp, Ok(None)),
            ("", WebRtc, Ok(None)),
        ] {
            let read = read(offer, "", transport, &Terms::default()).map(|invited| invited.expected);
            assert_eq!(read, expected, "{transport:?}: {offer}");
        }
        let secured = Terms::default().secured(SrtpPolicy::Required);
        assert_eq!(read(SIPP, "", Rtp, &secured).err(), Some(488));
        let opus = Terms::from_settings(&["opus".to_owned()], None).unwrap();
        assert_eq!(read(SIPP, "", Rtp, &opus).err(), Some(488));
    }

    #[test]
    fn who_is_refused_takes_no_place_and_who_is_taken_keeps_it() {
        let terms = Terms::from_settings(&[], Some(1)).unwrap();
        assert_eq!(read(SIPP, "30", MediaTransport::Rtp, &terms).err(), Some(422));
        assert_eq!(read(G729, "", MediaTransport::Rtp, &terms).err(), Some(488));
        assert_eq!(terms.calls(), 0);
        let taken = read(SIPP, "1800", MediaTransport::Rtp, &terms).unwrap();
        assert!(taken.timer.is_some());
        assert_eq!((terms.calls(), read(SIPP, "", MediaTransport::Rtp, &terms).err()), (1, Some(503)));
        drop(taken);
        assert_eq!(terms.calls(), 0);
    }
}
