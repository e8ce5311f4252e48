//! Where things stand along an axis of time: moments become places between its ends, what would lie on each other gets
//! tracks beside each other, and marks stand at round times. Pure; who draws it decides which way the axis runs.

/// The stretch of time that an axis shows, in microseconds UTC; at least a millisecond long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    from_us: i64,
    to_us: i64,
}

/// How long a window is shown at least, in microseconds.
const SHORTEST_US: i64 = 1_000;
/// Share of the length that is left free behind the last moment, so that a mark at the very end can be seen: one part in
/// this many.
const MARGIN_PARTS: i64 = 50;

impl Window {
    /// From the first of these moments to a little after the last.
    pub(super) fn around(moments_us: impl Iterator<Item = i64>) -> Self {
        let (from_us, last_us) =
            moments_us.fold((i64::MAX, i64::MIN), |(first, last), at| (first.min(at), last.max(at)));
        if from_us > last_us {
            return Self { from_us: 0, to_us: SHORTEST_US };
        }
        let length = last_us.saturating_sub(from_us).max(SHORTEST_US);
        Self { from_us, to_us: from_us.saturating_add(length).saturating_add(length / MARGIN_PARTS) }
    }

    pub(super) const fn from_us(self) -> i64 {
        self.from_us
    }

    pub(super) const fn length_us(self) -> i64 {
        self.to_us - self.from_us
    }

    /// Where a moment stands, in percent of the axis; what lies outside stands at the nearer end.
    pub(super) fn place(self, at_us: i64) -> f64 {
        let within = at_us.clamp(self.from_us, self.to_us) - self.from_us;
        within as f64 * 100.0 / self.length_us() as f64
    }

    /// Round times along it, as offsets from its beginning in microseconds: as many as there is room for, at most `most`.
    pub(super) fn marks_us(self, most: i64) -> Vec<i64> {
        let length = self.length_us();
        let step = STEPS_US.into_iter().find(|step| length / step <= most).unwrap_or(LONGEST_STEP_US);
        (0..=most).map(|count| count * step).take_while(|offset| *offset <= length).collect()
    }
}

/// Distances of marks that people count in: 1, 2 and 5 of tens up to seconds, then what clocks have.
const STEPS_US: [i64; 19] = [
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
    120_000_000,
    300_000_000,
    600_000_000,
    1_800_000_000,
];
/// Of calls that last longer than a day's worth of the steps above.
const LONGEST_STEP_US: i64 = 7_200_000_000;

/// Tracks of one lane at most: what comes after shares the one that is free first.
const TRACKS: usize = 6;

/// A track for each of these stretches (places of begin and end, in percent, in the order of their begins), so that none
/// lies on another where each takes up at least `least` percent.
pub(super) fn tracks(stretches: &[(f64, f64)], least: f64) -> Vec<usize> {
    let mut ends: Vec<f64> = Vec::new();
    let place = |(begin, end): &(f64, f64)| {
        let until = end.max(begin + least);
        if let Some(track) = ends.iter().position(|taken| taken <= begin) {
            ends[track] = until;
            return track;
        }
        if ends.len() < TRACKS {
            ends.push(until);
            return ends.len() - 1;
        }
        let by_end = ends.iter().enumerate().min_by(|(_, one), (_, other)| one.total_cmp(other));
        let track = by_end.map_or(0, |(track, _)| track);
        // Further than it ends, so that the next one finds another track.
        ends[track] = ends[track].max(until) + least;
        track
    };
    stretches.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_moment_stands_at_the_beginning_and_the_last_before_the_end() {
        let window = Window::around([3_000_000, 1_000_000, 2_000_000].into_iter());
        assert_eq!((window.from_us(), window.length_us()), (1_000_000, 2_040_000));
        assert_eq!(window.place(1_000_000), 0.0);
        assert!((window.place(2_020_000) - 50.0).abs() < 1e-9);
        assert!(window.place(3_000_000) < 100.0);
        assert_eq!([window.place(0), window.place(i64::MAX)], [0.0, 100.0]);
    }

    #[test]
    fn a_window_of_one_moment_or_none_has_a_length() {
        assert_eq!(Window::around([5].into_iter()).length_us(), 1_020);
        assert_eq!(Window::around(std::iter::empty()).length_us(), 1_000);
        assert_eq!(Window::around(std::iter::empty()).place(7), 0.7);
    }

    #[test]
    fn marks_stand_at_round_times_and_are_never_too_many() {
        let marks = |length: i64| Window { from_us: 0, to_us: length }.marks_us(8);
        assert_eq!(marks(4_500_000), [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000]);
        assert_eq!(marks(45), [0]);
        for length in (0..46).map(|power| 1_i64 << power) {
            assert!(matches!(marks(length).len(), 1..=9), "{length}");
        }
    }

    #[test]
    fn what_would_lie_on_each_other_gets_tracks_of_its_own() {
        assert_eq!(tracks(&[(0.0, 10.0), (10.0, 20.0), (15.0, 30.0), (20.0, 21.0)], 1.0), [0, 0, 1, 0]);
        // Moments take up room too.
        assert_eq!(tracks(&[(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)], 1.0), [0, 1, 0]);
    }

    #[test]
    fn a_lane_has_its_bound_of_tracks_however_much_happens_at_once() {
        let crowd = vec![(50.0, 60.0); 100];
        let placed = tracks(&crowd, 1.0);
        assert_eq!(placed.iter().max(), Some(&(TRACKS - 1)));
        assert!((0..TRACKS).all(|track| placed.iter().filter(|placed| **placed == track).count() >= 100 / TRACKS));
    }
}
