//! Structured logs to standard error; standard output belongs to the `ready` line and to answers of commands.
//!
//! Lines are written by a thread of their own: whoever reads them may be slow or stand still (a pipe that nobody empties, a file
//! on a disk that hangs), and no call waits for that. What comes beyond [`MOST_WAITING`] lines is left out and counted.

use std::fmt::Debug;
use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::Duration;

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::{Context, Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::clock::{Clock, SystemClock};
use crate::config::{ConfigError, Log, LogFormat};

/// Libraries that complain about every bad packet at their port, which anybody can send.
const TALKATIVE: [&str; 2] = ["rtc", "webrtc"];
/// One line of theirs in this time says as much as all of them.
const TALKS_EVERY: Duration = Duration::from_secs(1);

/// Lines that wait to be written: some seconds of a busy server's, and at most a few MB.
const MOST_WAITING: usize = 16_384;

/// Counts what the process's log left out.
static LEFT_OUT: OnceLock<ErrorCounter> = OnceLock::new();

/// Installs the process's log writer, which writes what waits when the guard is dropped, for a second at most. A filter that does
/// not parse is a configuration error.
///
/// # Errors
/// [`ConfigError::WrongValue`] of `log.filter`.
pub fn init(log: &Log) -> Result<WorkerGuard, ConfigError> {
    let filter = EnvFilter::try_new(&log.filter)
        .map_err(|error| ConfigError::WrongValue { key: "log.filter".to_owned(), message: error.to_string() })?;
    // Colours are for terminals; in a file they are noise.
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(MOST_WAITING).thread_name("log");
    let (lines, guard) = builder.finish(std::io::stderr());
    let _ = LEFT_OUT.set(lines.error_counter());
    let writer = fmt::layer().with_writer(lines).with_ansi(std::io::stderr().is_terminal());
    let writer = match log.format {
        LogFormat::Text => writer.boxed(),
        LogFormat::Json => writer.json().boxed(),
    };
    let writer = writer.with_filter(Calm::new(SystemClock::new()));
    // A second call (tests in one process) keeps the first writer.
    let _ = tracing_subscriber::registry().with(filter).with(writer).try_init();
    Ok(guard)
}

/// Lines that the log has left out, because whoever reads it is too slow.
pub fn lines_left_out() -> usize {
    LEFT_OUT.get().map_or(0, ErrorCounter::dropped_lines)
}

/// Lets through all lines but those of [`TALKATIVE`] libraries that come too soon after the last one.
struct Calm<C> {
    clock: C,
    last: Mutex<Option<Duration>>,
}

impl<C: Clock> Calm<C> {
    fn new(clock: C) -> Self {
        Self { clock, last: Mutex::new(None) }
    }

    fn lets_through(&self, target: &str) -> bool {
        if !TALKATIVE.iter().any(|name| target.starts_with(name)) {
            return true;
        }
        let now = self.clock.monotonic();
        let mut last = self.last.lock();
        let is_due = last.is_none_or(|last| now.saturating_sub(last) >= TALKS_EVERY);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

impl<S, C: Clock> Filter<S> for Calm<C> {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let target = event.metadata().target();
        if target != "log" {
            return self.lets_through(target);
        }
        // A line of the `log` crate names its target in a field.
        let mut of_log = LogTarget::default();
        event.record(&mut of_log);
        self.lets_through(&of_log.0)
    }
}

#[derive(Default)]
struct LogTarget(String);

impl Visit for LogTarget {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "log.target" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::clock::{TestClock, Until};

    use super::*;

    /// A clock that the test moves while the filter has it.
    struct Shared(Arc<TestClock>);

    impl Clock for Shared {
        fn now(&self) -> jiff::Timestamp {
            self.0.now()
        }

        fn monotonic(&self) -> Duration {
            self.0.monotonic()
        }

        fn until(&self, at: Duration) -> Until {
            self.0.until(at)
        }
    }

    #[test]
    fn noise_of_the_media_libraries_makes_one_line_a_second_and_all_else_is_written() {
        let clock = TestClock::starting_at("2026-11-02T08:00:00Z".parse().unwrap());
        let calm = Calm::new(Shared(clock.clone()));
        let mut lines = 0;
        for _ in 0..100 {
            clock.advance(Duration::from_millis(50));
            lines +=
                usize::from(calm.lets_through("rtc_ice::agent")) + usize::from(calm.lets_through("webrtc::driver"));
            assert!(calm.lets_through("sautikit::gateway"));
        }
        assert_eq!(lines, 5);
    }
}
