//! The only place of the server that reads time, besides the sockets' receive stamps.
//!
//! Three notions: [`Clock::now`] is the wall clock for what is recorded (rows, expiry dates), [`Clock::monotonic`] is for
//! durations and deadlines (calls in progress), because the wall clock may be set back, and [`timer_now`] is what the
//! runtime's timers go by, which are set for a moment of its own clock.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

/// Ends when its moment has come.
pub type Until = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A source of time. Cheap to clone behind an `Arc`.
pub trait Clock: Send + Sync + 'static {
    /// The wall clock, UTC, truncated to microseconds: what the database can store.
    fn now(&self) -> Timestamp;

    /// Time since the clock was made; never goes back.
    fn monotonic(&self) -> Duration;

    /// Ends when [`Clock::monotonic`] has reached `at`.
    fn until(&self, at: Duration) -> Until;

    /// [`Clock::now`] as stored in the database: microseconds since 1970-01-01 UTC.
    fn now_us(&self) -> i64 {
        self.now().as_microsecond()
    }
}

/// One moment on both clocks. What is told of the moments of a call counts from it, so that a wall clock which is set
/// meanwhile moves none of them against another.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    monotonic: Duration,
    wall_us: i64,
}

impl Origin {
    /// Now.
    pub fn now(clock: &dyn Clock) -> Self {
        Self { monotonic: clock.monotonic(), wall_us: clock.now_us() }
    }

    /// A moment of the monotonic clock in microseconds UTC, as the wall clock stood at the origin.
    pub fn wall_us(self, moment: Duration) -> i64 {
        let micros = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        match moment.checked_sub(self.monotonic) {
            Some(after) => self.wall_us.saturating_add(micros(after)),
            None => self.wall_us.saturating_sub(micros(self.monotonic.saturating_sub(moment))),
        }
    }
}

/// The machine's clocks.
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// Starts the monotonic clock at zero.
    #[expect(clippy::disallowed_methods, reason = "this file is where time is read")]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        truncated(Timestamp::now())
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }

    fn until(&self, at: Duration) -> Until {
        Box::pin(tokio::time::sleep_until((self.origin + at).into()))
    }
}

/// A clock that stands still until a test moves it.
pub struct TestClock {
    state: Mutex<(Timestamp, Duration)>,
    moved: watch::Sender<Duration>,
}

impl TestClock {
    /// A clock that shows `start`.
    pub fn starting_at(start: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new((truncated(start), Duration::ZERO)),
            moved: watch::Sender::new(Duration::ZERO),
        })
    }

    /// Moves both notions of time forward.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock();
        state.0 = state.0.checked_add(by).unwrap_or(Timestamp::MAX);
        state.1 += by;
        self.moved.send_replace(state.1);
    }

    /// Sets the wall clock by so many microseconds, as an operator or the network's time does.
    pub fn set_by_us(&self, by_us: i64) {
        let mut state = self.state.lock();
        let set = state.0.as_microsecond().saturating_add(by_us);
        state.0 = Timestamp::from_microsecond(set).unwrap_or(state.0);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.state.lock().0
    }

    fn monotonic(&self) -> Duration {
        self.state.lock().1
    }

    fn until(&self, at: Duration) -> Until {
        let mut moved = self.moved.subscribe();
        Box::pin(async move {
            // A clock that is gone has no moments left.
            if moved.wait_for(|now| *now >= at).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Now on the runtime's clock: for what `sleep_until` and `timeout_at` are given, and nothing that is kept or told. Tests can
/// pause it.
pub fn timer_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// A stored time as RFC 3339 with `Z`, the form of the API. Values outside jiff's range (year ±9999) do not come from
/// our own rows; they are shown as the epoch rather than failing a whole list.
pub fn rfc3339(micros: i64) -> String {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// As [`rfc3339`], with three digits of a second always: what is lined up in columns.
pub fn rfc3339_ms(micros: i64) -> String {
    let moment = Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn truncated(moment: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(moment.as_microsecond()).unwrap_or(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_times_are_shown_in_utc_with_z() {
        assert_eq!(rfc3339(1_700_000_000_250_000), "2023-11-14T22:13:20.25Z");
        assert_eq!(rfc3339_ms(1_700_000_000_250_999), "2023-11-14T22:13:20.250Z");
        assert_eq!(rfc3339_ms(1_700_000_000_000_000), "2023-11-14T22:13:20.000Z");
    }

    #[test]
    fn a_wall_clock_that_is_set_moves_no_moment_against_another() {
        let clock = TestClock::starting_at(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_secs(5));
        let origin = Origin::now(&*clock);
        clock.advance(Duration::from_secs(2));
        clock.set_by_us(-3_600_000_000);
        assert_eq!(origin.wall_us(clock.monotonic()), 7_000_000);
        assert_eq!(origin.wall_us(Duration::from_secs(4)), 4_000_000);
    }

    #[test]
    fn a_test_clock_moves_only_when_told() {
        let clock = TestClock::starting_at(Timestamp::UNIX_EPOCH);
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now_us(), 1_500_000);
        assert_eq!(clock.monotonic(), Duration::from_millis(1500));
    }
}
