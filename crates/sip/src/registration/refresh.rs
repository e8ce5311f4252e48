//! When a client asks its registrar again.

use core::time::Duration;

use crate::message::Response;

/// A binding is refreshed this long before it expires at the latest, so that one lost REGISTER (32 s until the
/// time-out) does not lose it …
const MARGIN: Duration = Duration::from_secs(40);
/// … or, when it is granted for so short a time that the margin would eat most of it, at this share.
const SHORT_SHARE: (u32, u32) = (1, 2);
/// Granted when the registrar names no time (RFC 3261 §10.2.4).
const DEFAULT_EXPIRES: Duration = Duration::from_secs(3600);
/// Longest time that a 423 can talk us into; more is a mistake or malice.
const MAX_EXPIRES: Duration = Duration::from_secs(86_400);

/// Times in a row that a 423 is followed: a registrar that raises its minimum again and again would be asked for ever.
const MAX_LONGER: u8 = 2;

/// What an answer to REGISTER means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The binding is held for this long.
    Held { expires: Duration },
    /// 423: send again, asking for [`Refresh::asked`].
    AskLonger,
    /// Anything else.
    Refused,
}

/// The refresh rule of one registration.
#[derive(Debug, Clone)]
pub struct Refresh {
    asked: Duration,
    due: Option<Duration>,
    /// 423s followed since the last success.
    longer: u8,
}

impl Refresh {
    /// Asks for `expires`.
    pub fn new(expires: Duration) -> Self {
        Self { asked: expires, due: None, longer: 0 }
    }

    /// What the next REGISTER asks for.
    pub fn asked(&self) -> Duration {
        self.asked
    }

    /// When the next REGISTER is due.
    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// A refresh has been sent.
    pub fn started(&mut self) {
        self.due = None;
    }

    /// A final answer came.
    pub fn answer(&mut self, now: Duration, response: &Response) -> Verdict {
        if response.status.is_success() {
            let expires = granted(response);
            let (part, whole) = SHORT_SHARE;
            let wait = expires.saturating_sub(MARGIN).max(expires * part / whole);
            self.due = Some(now + wait);
            self.longer = 0;
            return Verdict::Held { expires };
        }
        match (response.status.code(), response.min_expires()) {
            (423, Ok(Some(minimum))) => {
                let minimum = Duration::from_secs(u64::from(minimum));
                if minimum <= self.asked || minimum > MAX_EXPIRES || self.longer >= MAX_LONGER {
                    return Verdict::Refused;
                }
                self.longer += 1;
                self.asked = minimum;
                Verdict::AskLonger
            }
            _ => Verdict::Refused,
        }
    }
}

/// The shortest time in the answer's Contacts, else its Expires. Contacts of other devices may be longer; refreshing
/// by the shortest is early for ours and never late.
fn granted(response: &Response) -> Duration {
    let contacts = response.contacts().unwrap_or_default();
    let shortest = contacts.iter().filter_map(|contact| contact.expires_s()).filter(|seconds| *seconds > 0).min();
    let seconds = shortest.or_else(|| response.expires().ok().flatten()).map(u64::from);
    seconds.map_or(DEFAULT_EXPIRES, Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{HeaderName, StatusCode};

    fn answer(status: u16, name: HeaderName, value: &'static str) -> Response {
        let mut response = Response::new(StatusCode::new(status).unwrap());
        response.headers.push(name, value);
        response
    }

    #[test]
    fn refreshed_well_before_it_expires() {
        let mut refresh = Refresh::new(Duration::from_secs(600));
        let ok = answer(200, HeaderName::Contact, "<sip:a@b>;expires=300");
        assert_eq!(refresh.answer(Duration::ZERO, &ok), Verdict::Held { expires: Duration::from_secs(300) });
        assert_eq!(refresh.due(), Some(Duration::from_secs(260)));
    }

    #[test]
    fn short_grant_is_refreshed_at_half_time() {
        let mut refresh = Refresh::new(Duration::from_secs(600));
        refresh.answer(Duration::ZERO, &answer(200, HeaderName::Expires, "30"));
        assert_eq!(refresh.due(), Some(Duration::from_secs(15)));
    }

    #[test]
    fn too_brief_is_asked_again_with_the_minimum() {
        let mut refresh = Refresh::new(Duration::from_secs(60));
        let brief = answer(423, HeaderName::MinExpires, "120");
        assert_eq!(refresh.answer(Duration::ZERO, &brief), Verdict::AskLonger);
        assert_eq!(refresh.asked(), Duration::from_secs(120));
        assert_eq!(refresh.answer(Duration::ZERO, &brief), Verdict::Refused);
    }

    #[test]
    fn a_minimum_that_rises_without_end_is_not_followed_without_end() {
        let mut refresh = Refresh::new(Duration::from_secs(60));
        let followed = (0..10)
            .filter(|step| {
                let mut brief = Response::new(StatusCode::new(423).unwrap());
                brief.headers.push(HeaderName::MinExpires, (61 + step).to_string());
                refresh.answer(Duration::ZERO, &brief) == Verdict::AskLonger
            })
            .count();
        assert_eq!(followed, usize::from(MAX_LONGER));
    }
}
