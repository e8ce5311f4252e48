//! When a media thread moves its graph on, and how busy it is. Pure.

use core::time::Duration;

use media::{STEP, STEPS};

/// How much packets of a stream tremble that nothing holds up.
const TREMBLE: Duration = Duration::from_micros(1_500);
/// Between two looks at all legs, for what is not urgent: reports, silence, listeners.
const ROUND: Duration = Duration::from_millis(100);
/// Over which the thread's load is measured.
const MEASURED_EVERY: Duration = Duration::from_secs(1);

/// The thread's clock.
#[derive(Debug)]
pub(super) struct Clock {
    /// When the next of the graph's steps is due, and which it is.
    next_step: Duration,
    step: u8,
    round: Every,
    measuring: Every,
    /// Time that was not waited since the load was measured last, and when that was.
    busy: Duration,
    measured_at: Duration,
}

impl Clock {
    /// Of a thread that starts at `now`.
    pub(super) fn new(now: Duration) -> Self {
        let (round, measuring) = (Every::new(ROUND, now), Every::new(MEASURED_EVERY, now));
        Self { next_step: Duration::ZERO, step: 0, round, measuring, busy: Duration::ZERO, measured_at: now }
    }

    /// A frame begins at this moment.
    pub(super) fn begin(&mut self, at: Duration) {
        (self.next_step, self.step) = (at, 0);
    }

    /// When the next step is due in which anything happens.
    pub(super) fn due(&self, happens: impl Fn(u8) -> bool) -> Duration {
        let idle = (self.step..STEPS).take_while(|step| !happens(*step)).count();
        self.next_step + STEP * idle as u32
    }

    /// The step that comes first for what is joined at `now`. One that is nearly there is too near: the next packet would miss
    /// it as soon as it trembles.
    pub(super) fn next_for(&self, now: Duration) -> u8 {
        let missed = (now + TREMBLE).saturating_sub(self.next_step).as_micros().div_ceil(STEP.as_micros());
        ((u128::from(self.step) + missed) % u128::from(STEPS)) as u8
    }

    /// The next step, if it is due at `now`.
    pub(super) fn take(&mut self, now: Duration) -> Option<u8> {
        if now < self.next_step {
            return None;
        }
        let step = self.step;
        self.next_step += STEP;
        self.step = (step + 1) % STEPS;
        Some(step)
    }

    /// Steps that are still due at `now` are not made up for.
    pub(super) fn give_up(&mut self, now: Duration) {
        self.next_step = self.next_step.max(now);
    }

    /// Whether it is time for what is looked at now and then: every 100 ms.
    pub(super) fn is_round(&mut self, now: Duration) -> bool {
        self.round.is_due(now)
    }

    /// Whether it is time to measure the load and the legs: every second, of a busy thread as well.
    pub(super) fn is_measuring(&mut self, now: Duration) -> bool {
        self.measuring.is_due(now)
    }

    /// The thread did not wait for so long.
    pub(super) fn worked(&mut self, time: Duration) {
        self.busy += time;
    }

    /// The share of the time since the last call in which the thread worked, in thousandths.
    pub(super) fn load(&mut self, now: Duration) -> u32 {
        let elapsed = now.saturating_sub(self.measured_at).as_micros().max(1);
        let load = (self.busy.as_micros() * 1_000 / elapsed) as u32;
        (self.busy, self.measured_at) = (Duration::ZERO, now);
        load
    }
}

/// Something that is done every so often, by the time: a thread that makes up for several frames at once, or gives some up,
/// would pass by a number of frames.
#[derive(Debug)]
struct Every {
    every: Duration,
    next: Duration,
}

impl Every {
    fn new(every: Duration, now: Duration) -> Self {
        Self { every, next: now + every }
    }

    fn is_due(&mut self, now: Duration) -> bool {
        let is_due = now >= self.next;
        if is_due {
            // In step with the time, and once however late it is.
            self.next += self.every;
            if self.next <= now {
                self.next = now + self.every;
            }
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn begun() -> Clock {
        let mut clock = Clock::new(MS(0));
        clock.begin(MS(100));
        clock
    }

    #[test]
    fn steps_come_every_5_ms_and_late_ones_are_made_up_for_or_given_up() {
        let mut clock = begun();
        assert_eq!(clock.take(MS(99)), None);
        assert_eq!((clock.take(MS(100)), clock.take(MS(100))), (Some(0), None));
        let late: Vec<u8> = core::iter::from_fn(|| clock.take(MS(121))).collect();
        assert_eq!(late, vec![1, 2, 3, 0]);
        clock.give_up(MS(150));
        assert_eq!((clock.take(MS(150)), clock.take(MS(150))), (Some(1), None));
    }

    #[test]
    fn a_step_in_which_nothing_happens_wakes_nobody() {
        let mut clock = begun();
        assert_eq!(clock.due(|step| step == 0), MS(100));
        clock.take(MS(100));
        assert_eq!(clock.due(|step| step == 0), MS(120));
        assert_eq!(clock.due(|step| step != 1), MS(110));
        assert_eq!(clock.due(|_| true), MS(105));
    }

    #[test]
    fn a_new_pair_gets_the_step_that_it_can_reach() {
        let mut clock = begun();
        assert_eq!(clock.next_for(MS(90)), 0);
        assert_eq!(clock.next_for(MS(98)), 0);
        assert_eq!(clock.next_for(MS(99)), 1);
        assert_eq!(clock.next_for(MS(112)), 3, "a thread that slept through idle steps");
        assert_eq!(clock.next_for(MS(114)), 0);
        clock.take(MS(100));
        assert_eq!(clock.next_for(MS(101)), 1);
    }

    #[test]
    fn a_thread_that_is_late_measures_once_a_second_all_the_same() {
        let mut clock = begun();
        // Three frames at once, some of them given up: 60 ms between two looks.
        let measured = (0..100).filter(|look| clock.is_measuring(MS(look * 60))).count();
        assert_eq!(measured, 5);
        assert!(clock.is_round(MS(6_000)) && !clock.is_round(MS(6_050)) && clock.is_round(MS(6_100)));
    }

    #[test]
    fn load_is_the_share_of_the_time_since_it_was_asked_for() {
        let mut clock = Clock::new(MS(0));
        clock.worked(MS(250));
        assert_eq!(clock.load(MS(1_000)), 250);
        assert_eq!(clock.load(MS(2_000)), 0);
    }
}
