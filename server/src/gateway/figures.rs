//! Figures of calls for whoever watches from outside: how they ended, how long carriers took, how legs sounded. Counted where it
//! happens, without a lock; read by `/metrics`.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use sautikit_api::calls::CallStatus;

use crate::calls::trace::SecurityMethod;

/// Seconds from the INVITE to the first ringing, and to the answer.
const SECONDS: &[f64] = &[0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0, 60.0];
/// Opinion scores (ITU-T G.107): below 3.6 many are dissatisfied, below 3.1 nearly all.
const SCORES: &[f64] = &[1.5, 2.0, 2.6, 3.1, 3.6, 4.0, 4.2, 4.3, 4.5];
/// Shares of packets that did not come.
const SHARES: &[f64] = &[0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];
/// Sums are kept in thousandths.
const SUM_UNIT: f64 = 1_000.0;

/// How often values up to each bound were seen.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [f64],
    /// One for each bound, and one for what is beyond.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    /// Counts a value, not below zero.
    pub fn observe(&self, value: f64) {
        let at = self.bounds.iter().position(|bound| value <= *bound).unwrap_or(self.bounds.len());
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add((value.max(0.0) * SUM_UNIT) as u64, Ordering::Relaxed);
    }

    /// For each bound how many values were not above it; none stands for all. And the sum of all.
    pub fn read(&self) -> (Vec<(Option<f64>, u64)>, f64) {
        let mut below = 0;
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        let counts = bounds.zip(&self.counts).map(|(bound, count)| {
            below += count.load(Ordering::Relaxed);
            (bound, below)
        });
        (counts.collect(), self.sum.load(Ordering::Relaxed) as f64 / SUM_UNIT)
    }

    /// The mean of all values; none where there are none.
    pub fn mean(&self) -> Option<f64> {
        let (counts, sum) = self.read();
        let count = counts.last().map(|(_, count)| *count).filter(|count| *count > 0)?;
        Some(sum / count as f64)
    }

    /// What so large a share of the values, 0 to 1, is not above: reckoned as if they lay evenly between their bounds. None where
    /// there are none; the last bound where it lies beyond.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let (counts, _) = self.read();
        let wanted = counts.last().map(|(_, count)| *count as f64 * share).filter(|wanted| *wanted > 0.0)?;
        let (mut from, mut below) = (0.0, 0.0);
        for (bound, count) in counts {
            let (Some(bound), count) = (bound, count as f64) else { break };
            if count >= wanted {
                return Some(from + (bound - from) * (wanted - below) / (count - below));
            }
            (from, below) = (bound, count);
        }
        Some(from)
    }
}

/// What came of an INVITE to a trunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It was answered.
    Answered,
    /// It came to nothing, and the call with it: busy, declined, canceled, no answer.
    Ended,
    /// The trunk failed before anything rang: the next one is tried, if there is one.
    Failed,
}

impl Attempt {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Answered, Self::Ended, Self::Failed];

    /// Its name in the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }
}

/// Of one trunk, for as long as this process knows it.
#[derive(Debug)]
pub struct TrunkFigures {
    /// From the INVITE to the first 18x, in seconds.
    pub post_dial: Histogram,
    /// From the INVITE to the 2xx, in seconds.
    pub answer: Histogram,
    attempts: [AtomicU64; Attempt::ALL.len()],
}

impl Default for TrunkFigures {
    fn default() -> Self {
        Self { post_dial: Histogram::new(SECONDS), answer: Histogram::new(SECONDS), attempts: Default::default() }
    }
}

impl TrunkFigures {
    /// It rings, so long after its INVITE.
    pub fn rang(&self, after: Duration) {
        self.post_dial.observe(after.as_secs_f64());
    }

    /// It was answered, so long after its INVITE.
    pub fn answered(&self, after: Duration) {
        self.answer.observe(after.as_secs_f64());
        self.count(Attempt::Answered);
    }

    /// An INVITE to it came to this.
    pub fn count(&self, attempt: Attempt) {
        self.attempts[attempt as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many came to this.
    pub fn attempts(&self, attempt: Attempt) -> u64 {
        self.attempts[attempt as usize].load(Ordering::Relaxed)
    }
}

/// Of the calls of this node.
#[derive(Debug, Default)]
pub struct CallFigures {
    /// Calls that run and were answered.
    talking: AtomicI64,
    ended: [AtomicU64; CallStatus::ALL.len()],
}

impl CallFigures {
    /// A call was answered.
    pub(super) fn answered(&self) {
        self.talking.fetch_add(1, Ordering::Relaxed);
    }

    /// A call is over; whether it was [`CallFigures::answered`].
    pub(super) fn ended(&self, status: CallStatus, was_answered: bool) {
        if was_answered {
            self.talking.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(at) = CallStatus::ALL.iter().position(|known| *known == status) {
            self.ended[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Calls that run and were answered.
    pub fn talking(&self) -> usize {
        usize::try_from(self.talking.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// Calls that have ended since the start, by status; those that no call ends with are left out.
    pub fn by_status(&self) -> impl Iterator<Item = (CallStatus, u64)> {
        let all = CallStatus::ALL.iter().zip(&self.ended);
        let counted = all.map(|(status, count)| (*status, count.load(Ordering::Relaxed)));
        counted.filter(|(status, _)| !matches!(status, CallStatus::Ringing | CallStatus::Answered))
    }
}

/// How legs sounded, piece by piece (five seconds each), over all media threads.
#[derive(Debug)]
pub struct SoundFigures {
    /// Opinion scores, 1.0 to 4.5.
    pub scores: Histogram,
    /// Share of a piece's packets that did not come, 0 to 1.
    pub losses: Histogram,
}

impl Default for SoundFigures {
    fn default() -> Self {
        Self { scores: Histogram::new(SCORES), losses: Histogram::new(SHARES) }
    }
}

impl SoundFigures {
    /// A piece of a leg in which so many packets came and so many did not; its score where there is one.
    pub fn piece(&self, received: u64, lost: u64, score: Option<f32>) {
        let Some(expected) = received.checked_add(lost).filter(|all| *all > 0) else { return };
        self.losses.observe(lost as f64 / expected as f64);
        if let Some(score) = score {
            self.scores.observe(score.into());
        }
    }
}

/// How legs were secured, over all media threads. One whose security changes counts for each.
#[derive(Debug, Default)]
pub struct SecurityFigures([AtomicU64; SecurityMethod::ALL.len()]);

impl SecurityFigures {
    /// A leg is secured so from now on.
    pub fn count(&self, method: SecurityMethod) {
        self.0[method as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many were.
    pub fn legs(&self, method: SecurityMethod) -> u64 {
        self.0[method as usize].load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_count_for_their_bound_and_all_above_it() {
        let histogram = Histogram::new(&[1.0, 2.0]);
        [0.5, 1.0, 1.5, 9.0].into_iter().for_each(|value| histogram.observe(value));
        assert_eq!(histogram.read(), (vec![(Some(1.0), 2), (Some(2.0), 3), (None, 4)], 12.0));
    }

    #[test]
    fn a_quantile_lies_between_the_bounds_of_its_values() {
        let histogram = Histogram::new(&[1.0, 2.0, 4.0]);
        assert_eq!((histogram.mean(), histogram.quantile(0.95)), (None, None));
        [0.5, 1.5, 1.5, 3.5].into_iter().for_each(|value| histogram.observe(value));
        assert_eq!(histogram.mean(), Some(1.75));
        assert_eq!((histogram.quantile(0.25), histogram.quantile(0.5)), (Some(1.0), Some(1.5)));
        assert_eq!(histogram.quantile(1.0), Some(4.0));
        histogram.observe(60.0);
        assert_eq!(histogram.quantile(1.0), Some(4.0), "as far as is known");
    }

    #[test]
    fn a_call_talks_from_its_answer_to_its_end() {
        let figures = CallFigures::default();
        figures.answered();
        assert_eq!(figures.talking(), 1);
        figures.ended(CallStatus::Completed, true);
        figures.ended(CallStatus::Busy, false);
        assert_eq!(figures.talking(), 0);
        let ended: Vec<_> = figures.by_status().filter(|(_, count)| *count > 0).collect();
        assert_eq!(ended, [(CallStatus::Completed, 1), (CallStatus::Busy, 1)]);
    }

    #[test]
    fn a_piece_without_packets_says_nothing() {
        let figures = SoundFigures::default();
        figures.piece(0, 0, None);
        figures.piece(240, 10, Some(4.1));
        let all = |histogram: &Histogram| histogram.read().0.last().map(|(_, count)| *count);
        assert_eq!((all(&figures.losses), all(&figures.scores)), (Some(1), Some(1)));
    }
}
