//! Presses digits: which event packet goes out at each 20 ms step.
//!
//! ```text
//!   next digit      5 steps, duration grows     end ×3       2 quiet steps
//!   Quiet ───────▶ Down 1…5 ─────────────────▶ End 1…3 ───▶ Gap ───▶ Quiet
//! ```
//! The gap counts from the first end packet, so that it lasts [`GAP_MS`] as the receiver hears it.

use std::collections::VecDeque;

use super::{Digit, Event};
use crate::FRAME_MS;

/// How long a digit is pressed. Q.24 wants at least 40 ms; 100 ms passes old exchanges too.
pub const ON_MS: u32 = 100;

/// Silence between digits.
pub const GAP_MS: u32 = 100;

/// Digits that may wait: 32 of a `getDigits` twice over, enough for card numbers with pauses.
pub const MAX_QUEUED: usize = 64;

/// Level of sent digits in −dBm0: the usual level of telephones.
const VOLUME: u8 = 10;

/// End packets per press (RFC 4733 §2.5.1.4).
const END_REPEATS: u32 = 3;

/// What one step sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing is being pressed: audio may flow.
    Idle,
    /// The pause between two digits: neither event nor audio.
    Gap,
    /// One event packet; `first` marks the first packet of a press.
    Event {
        /// The payload to send.
        event: Event,
        /// First packet of the press: set the marker, begin a new timestamp.
        first: bool,
    },
}

/// Queue of digits and the press in progress.
#[derive(Debug, Clone, Default)]
pub struct Sender {
    queue: VecDeque<Digit>,
    /// The digit in progress and its step, counted from 1.
    pressing: Option<(Digit, u32)>,
}

impl Sender {
    /// Appends digits; those beyond [`MAX_QUEUED`] are not taken. Returns how many were.
    pub fn push(&mut self, digits: impl IntoIterator<Item = Digit>) -> usize {
        let room = MAX_QUEUED.saturating_sub(self.queue.len());
        let before = self.queue.len();
        self.queue.extend(digits.into_iter().take(room));
        self.queue.len() - before
    }

    /// True while a digit is pressed or waits.
    pub fn is_busy(&self) -> bool {
        self.pressing.is_some() || !self.queue.is_empty()
    }

    /// Drops the digits that wait; the one in progress is completed.
    pub fn clear(&mut self) {
        self.queue.clear();
    }

    /// Moves on by one frame. `clock_hz` is the clock of the telephone-event payload type.
    pub fn step(&mut self, clock_hz: u32) -> Step {
        const ON: u32 = ON_MS / FRAME_MS;
        const GAP: u32 = GAP_MS / FRAME_MS;
        let (digit, step) = match self.pressing {
            Some((digit, step)) => (digit, step + 1),
            None => match self.queue.pop_front() {
                Some(digit) => (digit, 1),
                None => return Step::Idle,
            },
        };
        self.pressing = (step < ON + GAP).then_some((digit, step));
        if step > ON + END_REPEATS {
            return Step::Gap;
        }
        let units = clock_hz * FRAME_MS / 1_000 * step.min(ON);
        let duration = u16::try_from(units).unwrap_or(u16::MAX);
        let event = Event { code: digit.code(), end: step > ON, volume: VOLUME, duration };
        Step::Event { event, first: step == 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<Digit> {
        text.chars().filter_map(|key| Digit::try_from(key).ok()).collect()
    }

    #[test]
    fn a_digit_is_five_updates_three_ends_and_a_gap() {
        let mut sender = Sender::default();
        sender.push(digits("7"));
        let steps: Vec<Step> = (0..11).map(|_| sender.step(8_000)).collect();
        let durations: Vec<(u16, bool, bool)> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Event { event, first } => Some((event.duration, event.end, *first)),
                _ => None,
            })
            .collect();
        assert_eq!(durations[..3], [(160, false, true), (320, false, false), (480, false, false)]);
        assert_eq!(durations[5..], [(800, true, false); 3]);
        assert_eq!(steps[8..], [Step::Gap, Step::Gap, Step::Idle]);
        assert!(!sender.is_busy());
    }

    #[test]
    fn digits_follow_each_other_every_two_hundred_milliseconds() {
        let mut sender = Sender::default();
        sender.push(digits("12"));
        let firsts: Vec<usize> =
            (0..40).filter(|_| matches!(sender.step(48_000), Step::Event { first: true, .. })).collect();
        assert_eq!(firsts, [0, 10]);
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut sender = Sender::default();
        assert_eq!(sender.push(digits(&"1".repeat(100))), MAX_QUEUED);
        assert_eq!(sender.push(digits("1")), 0);
    }
}
