//! Session timers (RFC 4028): who refreshes a leg's session and when it counts as dead. Pure.
//!
//! Carriers end calls whose session nobody refreshes. We ask for no timer ourselves, because stalled media tell sooner;
//! we keep to what the peer wants, and leave the refreshing to it where it lets us choose.

use std::time::Duration;

use bytes::Bytes;
use sip::message::header::{Refresher, SessionExpires};
use sip::message::{HeaderName, Headers};

/// Option tag of the extension.
const OPTION: &str = "timer";
/// The shortest interval that RFC 4028 §4 allows.
const MIN_INTERVAL_S: u32 = 90;
/// 422s in a row that are followed: a peer whose minimum rises with every try would be asked for ever.
const MAX_RAISED: u8 = 2;
/// A session without a refresh is ended this long before its interval is over, or a third of it if that is less (§10).
const END_BEFORE: Duration = Duration::from_secs(32);

/// What was agreed about one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SessionTimer {
    /// At least [`MIN_INTERVAL_S`], whatever was asked: half of less would have us refresh without end.
    interval_s: u32,
    /// We refresh; else the peer does.
    pub(super) ours: bool,
    /// 422s that have raised the interval since it was agreed.
    raised: u8,
}

/// The peer wants a shorter interval than anybody may: 422.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooBrief;

impl TooBrief {
    /// Says what would do.
    pub(super) fn headers() -> Headers {
        let mut headers = Headers::new();
        headers.push(HeaderName::MinSe, Bytes::from(MIN_INTERVAL_S.to_string()));
        headers
    }
}

impl SessionTimer {
    fn new(interval_s: u32, ours: bool) -> Self {
        Self { interval_s: interval_s.max(MIN_INTERVAL_S), ours, raised: 0 }
    }

    /// What the 2xx to a request of ours has fixed; `None` without a timer.
    pub(super) fn of_answer(headers: &Headers) -> Option<Self> {
        let said = headers.session_expires().ok()??;
        // Nobody named means that nobody would: refreshing once too often does no harm.
        let ours = said.refresher != Some(Refresher::Uas);
        Some(Self::new(said.interval_s, ours))
    }

    /// What our 2xx to a request of the peer's fixes, and the headers that say so.
    pub(super) fn of_request(headers: &Headers) -> Result<Option<(Self, Headers)>, TooBrief> {
        let Ok(Some(said)) = headers.session_expires() else { return Ok(None) };
        let peer_knows = headers.supported().unwrap_or_default().iter().any(|tag| tag.eq_ignore_ascii_case(OPTION));
        if peer_knows && said.interval_s < MIN_INTERVAL_S {
            return Err(TooBrief);
        }
        // A peer that does not know the extension cannot refresh (a proxy asked for the timer).
        let ours = said.refresher == Some(Refresher::Uas) || !peer_knows;
        let refresher = Some(if ours { Refresher::Uas } else { Refresher::Uac });
        let mut answer = Headers::new();
        if peer_knows {
            answer.push(HeaderName::Require, Bytes::from_static(OPTION.as_bytes()));
        }
        let timer = Self::new(said.interval_s, ours);
        let value = SessionExpires { interval_s: timer.interval_s, refresher };
        answer.push(HeaderName::SessionExpires, Bytes::from(value.to_string()));
        Ok(Some((timer, answer)))
    }

    /// From one refresh to the next step: our refresh at half of the interval, or the end when the peer's did not come.
    pub(super) fn wait(self) -> Duration {
        let interval = Duration::from_secs(self.interval_s.into());
        if self.ours { interval / 2 } else { interval - END_BEFORE.min(interval / 3) }
    }

    /// The headers of our refresh, in which we are the one who asks.
    pub(super) fn refresh_headers(self) -> Headers {
        let value = SessionExpires { interval_s: self.interval_s, refresher: Some(Refresher::Uac) };
        let mut headers = Headers::new();
        headers.push(HeaderName::SessionExpires, Bytes::from(value.to_string()));
        headers
    }

    /// The same with at least this interval (a 422's Min-SE); unchanged when it was raised often enough.
    pub(super) fn at_least(self, interval_s: u32) -> Self {
        if interval_s <= self.interval_s || self.raised >= MAX_RAISED {
            return self;
        }
        Self { interval_s, raised: self.raised + 1, ..self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(fields: &[(HeaderName, &'static str)]) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.push(name.clone(), *value);
        }
        headers
    }

    fn answer_to(expires: &'static str, supported: &'static str) -> (SessionTimer, String, bool) {
        let asked = headers(&[(HeaderName::SessionExpires, expires), (HeaderName::Supported, supported)]);
        let (timer, answer) = SessionTimer::of_request(&asked).unwrap().unwrap();
        let said = answer.text(&HeaderName::SessionExpires).unwrap().unwrap().to_owned();
        (timer, said, answer.contains(&HeaderName::Require))
    }

    #[test]
    fn the_peer_refreshes_where_it_can_and_we_where_it_wants_or_cannot() {
        let (timer, said, required) = answer_to("1800", "100rel, timer");
        assert_eq!((timer.ours, said.as_str(), required), (false, "1800;refresher=uac", true));
        let (timer, said, _) = answer_to("1800;refresher=uas", "timer");
        assert_eq!((timer.ours, said.as_str()), (true, "1800;refresher=uas"));
        let (timer, said, required) = answer_to("600", "replaces");
        assert_eq!((timer.ours, said.as_str(), required), (true, "600;refresher=uas", false));
    }

    #[test]
    fn too_brief_an_interval_is_refused_and_none_is_none() {
        let brief = headers(&[(HeaderName::SessionExpires, "30"), (HeaderName::Supported, "timer")]);
        assert_eq!(SessionTimer::of_request(&brief), Err(TooBrief));
        assert_eq!(SessionTimer::of_request(&Headers::new()), Ok(None));
        assert_eq!(SessionTimer::of_answer(&Headers::new()), None);
    }

    #[test]
    fn an_interval_that_is_never_long_enough_is_raised_twice() {
        let timer = SessionTimer { interval_s: 90, ours: true, raised: 0 };
        let raised = (91..200).fold((timer, 0), |(timer, times), min| {
            let longer = timer.at_least(min);
            (longer, times + u8::from(longer != timer))
        });
        assert_eq!(raised.1, MAX_RAISED);
    }

    #[test]
    fn refreshes_come_at_half_time_and_the_end_before_the_peers_own() {
        let ours = SessionTimer::of_answer(&headers(&[(HeaderName::SessionExpires, "1800;refresher=uac")])).unwrap();
        assert_eq!(ours.wait(), Duration::from_secs(900));
        let said = ours.refresh_headers();
        assert_eq!(said.text(&HeaderName::SessionExpires), Ok(Some("1800;refresher=uac")));
        let theirs = SessionTimer::of_answer(&headers(&[(HeaderName::SessionExpires, "1800;refresher=uas")])).unwrap();
        assert_eq!(theirs.wait(), Duration::from_secs(1_768));
        assert_eq!(theirs.at_least(90), theirs);
        assert_eq!(SessionTimer { interval_s: 90, ours: false, raised: 0 }.wait(), Duration::from_secs(60));
    }
    proptest! {
        #[test]
        fn no_interval_that_a_peer_names_has_us_refresh_without_end(
            interval_s in prop_oneof![0_u32..200, any::<u32>()],
            min_se in any::<u32>(),
            refresher in prop::sample::select(vec!["", ";refresher=uas", ";refresher=uac"]),
            supported in prop::sample::select(vec!["timer", "replaces"]),
        ) {
            let mut said = Headers::new();
            said.push(HeaderName::SessionExpires, format!("{interval_s}{refresher}"));
            said.push(HeaderName::Supported, supported);
            let asked = SessionTimer::of_request(&said).ok().flatten().map(|(timer, _)| timer);
            for timer in asked.into_iter().chain(SessionTimer::of_answer(&said)) {
                prop_assert!(timer.wait() >= Duration::from_secs(30), "{timer:?}");
                prop_assert!(timer.at_least(min_se).wait() >= Duration::from_secs(30), "{timer:?}");
            }
        }
    }
}
