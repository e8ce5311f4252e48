//! Counts key presses in a stream of telephone events.
//!
//! ```text
//!            update (new timestamp)            end, time-out, or next press
//!   Idle ───────────────────────────▶ Down ──────────────────────────────▶ Idle + Press
//!    ▲  end (new timestamp): Press     │  ▲
//!    └─ repeated end: ignored          └──┘ update of the same timestamp: duration grows
//! ```
//!
//! A press is known by its RTP timestamp; the end packet comes three times (RFC 4733 §2.5.1.4) and
//! counts once. When all three are lost the press ends by time-out or with the next press.

use core::time::Duration;

use super::{Digit, Event};

/// Without an update for this long the key counts as released: three of the usual 50 ms updates.
const RELEASE_AFTER: Duration = Duration::from_millis(150);

/// One complete key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Press {
    /// The key.
    pub digit: Digit,
    /// How long it was down.
    pub duration_ms: u32,
}

#[derive(Debug, Clone, Copy)]
struct Down {
    digit: Digit,
    timestamp: u32,
    /// Units of earlier segments of a press longer than the duration field holds (RFC 4733 §2.5.1.3).
    before: u32,
    duration: u16,
    seen_at: Duration,
}

/// State of one direction.
#[derive(Debug, Clone)]
pub struct Receiver {
    clock_hz: u32,
    down: Option<Down>,
    /// Timestamp of the newest press that was seen; anything not newer is a repetition.
    newest: Option<u32>,
}

impl Receiver {
    /// A receiver for events of this RTP clock.
    pub fn new(clock_hz: u32) -> Self {
        Self { clock_hz: clock_hz.max(1), down: None, newest: None }
    }

    /// Takes one event packet. At most one press completes per packet: when a new press shows that
    /// the one before ended unseen, a new press that is itself complete is kept until [`Self::expire`].
    pub fn handle(&mut self, now: Duration, timestamp: u32, marker: bool, event: Event) -> Option<Press> {
        let digit = Digit::from_code(event.code)?;
        if let Some(down) = &mut self.down {
            if down.timestamp == timestamp {
                down.duration = down.duration.max(event.duration);
                down.seen_at = now;
                return if event.end { self.release() } else { None };
            }
            let continues =
                !marker && down.digit == digit && timestamp == down.timestamp.wrapping_add(u32::from(down.duration));
            if continues {
                down.before = down.before.saturating_add(u32::from(down.duration));
                (down.timestamp, down.duration, down.seen_at) = (timestamp, event.duration, now);
                self.newest = Some(timestamp);
                return if event.end { self.release() } else { None };
            }
        }
        if self.newest.is_some_and(|newest| (timestamp.wrapping_sub(newest) as i32) <= 0) {
            return None;
        }
        let unseen_end = self.release();
        self.newest = Some(timestamp);
        self.down = Some(Down { digit, timestamp, before: 0, duration: event.duration, seen_at: now });
        match unseen_end {
            Some(press) => Some(press),
            None if event.end => self.release(),
            None => None,
        }
    }

    /// Ends a press whose end packets were all lost. Call about every 20 ms.
    pub fn expire(&mut self, now: Duration) -> Option<Press> {
        let down = self.down?;
        if now.saturating_sub(down.seen_at) < RELEASE_AFTER {
            return None;
        }
        self.release()
    }

    /// Forgets the timestamps of a source that was replaced by another.
    pub fn source_changed(&mut self) -> Option<Press> {
        self.newest = None;
        self.release()
    }

    fn release(&mut self) -> Option<Press> {
        let down = self.down.take()?;
        let units = u64::from(down.before) + u64::from(down.duration);
        let duration_ms = u32::try_from(units * 1_000 / u64::from(self.clock_hz)).unwrap_or(u32::MAX);
        Some(Press { digit: down.digit, duration_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn event(code: u8, end: bool, duration: u16) -> Event {
        Event { code, end, volume: 10, duration }
    }

    #[test]
    fn three_end_packets_are_one_press() {
        let mut receiver = Receiver::new(8_000);
        assert_eq!(receiver.handle(MS(0), 1_000, true, event(5, false, 160)), None);
        assert_eq!(receiver.handle(MS(20), 1_000, false, event(5, false, 320)), None);
        let press = receiver.handle(MS(40), 1_000, false, event(5, true, 800));
        assert_eq!(press.map(|p| (p.digit.as_char(), p.duration_ms)), Some(('5', 100)));
        assert_eq!(receiver.handle(MS(60), 1_000, false, event(5, true, 800)), None);
        assert_eq!(receiver.handle(MS(80), 1_000, false, event(5, true, 800)), None);
        assert_eq!(receiver.handle(MS(90), 900, false, event(4, true, 800)), None, "a late packet of an older press");
    }

    #[test]
    fn the_same_key_twice_is_two_presses() {
        let mut receiver = Receiver::new(48_000);
        let first = receiver.handle(MS(0), u32::MAX - 5, true, event(1, true, 4_800));
        let second = receiver.handle(MS(200), 9_600, true, event(1, true, 4_800));
        assert_eq!(first.map(|p| p.duration_ms), Some(100));
        assert_eq!(second, first);
    }

    #[test]
    fn a_single_surviving_end_packet_is_a_press() {
        let mut receiver = Receiver::new(8_000);
        assert!(receiver.handle(MS(0), 7, false, event(11, true, 640)).is_some());
    }

    #[test]
    fn lost_end_packets_end_by_time_out_or_by_the_next_press() {
        let mut receiver = Receiver::new(8_000);
        receiver.handle(MS(0), 7, true, event(1, false, 160));
        assert_eq!(receiver.expire(MS(149)), None);
        assert!(receiver.expire(MS(150)).is_some());
        receiver.handle(MS(200), 2_000, true, event(2, false, 160));
        let press = receiver.handle(MS(400), 4_000, true, event(3, false, 160));
        assert_eq!(press.map(|p| p.digit.as_char()), Some('2'));
    }

    #[test]
    fn a_press_longer_than_the_field_is_one_press() {
        let mut receiver = Receiver::new(48_000);
        receiver.handle(MS(0), 0, true, event(0, false, u16::MAX));
        receiver.handle(MS(1_380), 65_535, false, event(0, false, 960));
        let press = receiver.handle(MS(1_900), 65_535, false, event(0, true, 28_800));
        assert_eq!(press.map(|p| p.duration_ms), Some(1_965));
    }

    #[test]
    fn flash_and_fax_events_are_no_digits() {
        assert_eq!(Receiver::new(8_000).handle(MS(0), 1, true, event(16, true, 800)), None);
    }
}
