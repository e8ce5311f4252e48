//! How long a call has lasted, as its peer is told when it ends.

use core::time::Duration;
use std::sync::{Arc, OnceLock};

use crate::dialog::LENGTH_HEADER;
use crate::message::{HeaderName, Headers};

/// Since when a call lasts. Its clones are one: what one of them learns, all of them know, because a session begins before its call
/// is answered.
#[derive(Debug, Clone, Default)]
pub struct Lasting(Arc<OnceLock<Duration>>);

impl Lasting {
    /// The call is answered, `at` a moment of the clock that the user agent is driven by. What comes later changes nothing.
    pub fn begin(&self, at: Duration) {
        let _ = self.0.set(at);
    }

    /// Whether it is answered.
    pub fn has_begun(&self) -> bool {
        self.0.get().is_some()
    }

    /// [`LENGTH_HEADER`]: the started seconds up to `now`, counted in whole microseconds, 0 before the answer.
    pub fn headers(&self, now: Duration) -> Headers {
        let micros = self.0.get().map_or(0, |since| now.as_micros().saturating_sub(since.as_micros()));
        let mut headers = Headers::new();
        headers.push(HeaderName::from_token(LENGTH_HEADER), micros.div_ceil(1_000_000).to_string());
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lasting: &Lasting, now: Duration) -> String {
        let headers = lasting.headers(now);
        headers.text(&HeaderName::from_token(LENGTH_HEADER)).unwrap().unwrap().to_owned()
    }

    #[test]
    fn started_seconds_are_counted_from_the_first_answer() {
        let lasting = Lasting::default();
        assert_eq!(told(&lasting, Duration::from_secs(9)), "0");
        let answered = Duration::from_micros(1_500_000);
        lasting.clone().begin(answered);
        lasting.begin(Duration::from_secs(8));
        for (micros, seconds) in [(0, "0"), (1, "1"), (1_000_000, "1"), (1_000_001, "2"), (59_999_999, "60")] {
            let now = answered + Duration::from_micros(micros);
            assert_eq!(told(&lasting, now), seconds, "{micros} us");
            assert_eq!(
                told(&lasting, now + Duration::from_nanos(999)),
                seconds,
                "{micros} us, which records do not split"
            );
        }
    }
}
