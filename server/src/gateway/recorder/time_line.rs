//! Where a recording stands, pauses considered. All moments are the call's own, so that it makes no difference when the recorder
//! hears of a pause, or in which order it hears of what was said.

use std::time::Duration;

use sautikit_api::recordings::PauseMode;

/// A recording's time.
#[derive(Debug)]
pub(super) struct TimeLine {
    /// On the monotonic clock; the tap counts from the same moment.
    began: Duration,
    /// In their order; only the last may be open. A call has as many as its customer asks for, which the API's rate bounds.
    pauses: Vec<Pause>,
    /// Since it began; nothing of what is said later belongs to it.
    ended: Option<Duration>,
}

/// One pause; its moments count from the recording's beginning.
#[derive(Debug)]
struct Pause {
    from: Duration,
    to: Option<Duration>,
    mode: PauseMode,
    /// What was cut out before it.
    cut: Duration,
}

impl Pause {
    /// What is cut out until a moment that is not before it.
    fn cut_until(&self, since: Duration) -> Duration {
        let to = self.to.unwrap_or(since).min(since);
        match self.mode {
            PauseMode::Cut => self.cut + to.saturating_sub(self.from),
            PauseMode::Silence => self.cut,
        }
    }
}

impl TimeLine {
    /// One that begins at that moment of the monotonic clock.
    pub(super) fn new(began: Duration) -> Self {
        Self { began, pauses: Vec::new(), ended: None }
    }

    /// Whether it pauses at last.
    pub(super) fn is_paused(&self) -> bool {
        self.pauses.last().is_some_and(|pause| pause.to.is_none())
    }

    /// How long the recording is at a moment of the monotonic clock.
    pub(super) fn now(&self, moment: Duration) -> Duration {
        let since = moment.saturating_sub(self.began);
        let since = self.ended.map_or(since, |ended| ended.min(since));
        since.saturating_sub(self.before(since).map_or(Duration::ZERO, |pause| pause.cut_until(since)))
    }

    /// Where a packet belongs; nowhere during a pause and after the end.
    pub(super) fn place(&self, at: Duration) -> Option<Duration> {
        if self.ended.is_some_and(|ended| at >= ended) {
            return None;
        }
        let Some(pause) = self.before(at) else { return Some(at) };
        match pause.to {
            Some(to) if at >= to => at.checked_sub(pause.cut_until(at)),
            _ => None,
        }
    }

    /// It waits from that moment on, or goes on. What it does already changes nothing.
    pub(super) fn change(&mut self, moment: Duration, mode: Option<PauseMode>) {
        let since = moment.saturating_sub(self.began);
        let last = self.pauses.last_mut();
        match (last, mode) {
            (Some(open), None) if open.to.is_none() => open.to = Some(since.max(open.from)),
            (Some(open), Some(_)) if open.to.is_none() => {}
            (last, Some(mode)) => {
                let earliest = last.as_ref().and_then(|pause| pause.to).unwrap_or_default();
                let from = since.max(earliest);
                let cut = last.map_or(Duration::ZERO, |pause| pause.cut_until(from));
                self.pauses.push(Pause { from, to: None, mode, cut });
            }
            _ => {}
        }
    }

    /// It is over at that moment.
    pub(super) fn end(&mut self, moment: Duration) {
        self.ended = Some(moment.saturating_sub(self.began));
    }

    /// The last pause that had begun by then.
    fn before(&self, since: Duration) -> Option<&Pause> {
        let begun = self.pauses.partition_point(|pause| pause.from <= since);
        begun.checked_sub(1).and_then(|last| self.pauses.get(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_pause_is_silent_or_cut_out_and_nothing_of_it_is_kept() {
        let mut time = TimeLine::new(s(100));
        assert_eq!((time.now(s(110)), time.place(s(9))), (s(10), Some(s(9))));
        time.change(s(110), Some(PauseMode::Silence));
        assert_eq!((time.now(s(115)), time.place(s(12)), time.place(s(9))), (s(15), None, Some(s(9))));
        time.change(s(120), None);
        assert_eq!((time.now(s(120)), time.place(s(20))), (s(20), Some(s(20))));
        time.change(s(130), Some(PauseMode::Cut));
        time.change(s(131), Some(PauseMode::Silence));
        assert_eq!((time.now(s(140)), time.place(s(35))), (s(30), None));
        time.change(s(150), None);
        assert_eq!((time.now(s(151)), time.place(s(51))), (s(31), Some(s(31))));
    }

    #[test]
    fn what_was_said_in_a_pause_is_left_out_however_late_it_comes_and_what_was_said_before_has_its_place() {
        let mut time = TimeLine::new(s(100));
        for (at, mode) in [(110, Some(PauseMode::Cut)), (120, None), (130, Some(PauseMode::Silence)), (140, None)] {
            time.change(s(at), mode);
        }
        let places = [5, 10, 15, 20, 25, 30, 35, 40, 45].map(|at| time.place(s(at)));
        let kept = [Some(5), None, None, Some(10), Some(15), None, None, Some(30), Some(35)].map(|at| at.map(s));
        assert_eq!(places, kept);
        // What is heard of late counts from when it was.
        assert_eq!((time.now(s(105)), time.now(s(115)), time.now(s(135))), (s(5), s(10), s(25)));
    }

    #[test]
    fn nothing_belongs_to_it_after_its_end() {
        let mut time = TimeLine::new(s(100));
        time.change(s(110), Some(PauseMode::Cut));
        time.end(s(130));
        assert_eq!((time.now(s(200)), time.place(s(31)), time.place(s(9))), (s(10), None, Some(s(9))));
        assert!(time.is_paused());
    }

    #[test]
    fn a_recording_that_begins_in_a_pause_has_nothing_of_it() {
        let mut time = TimeLine::new(s(100));
        time.change(s(99), Some(PauseMode::Silence));
        assert_eq!((time.place(s(0)), time.place(s(3))), (None, None));
        time.change(s(105), None);
        assert_eq!((time.place(s(4)), time.place(s(5))), (None, Some(s(5))));
    }
}
