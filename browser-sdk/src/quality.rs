//! How good a call sounds: figures of the browser in, a reading every five seconds out, and warnings when one stays bad.
//!
//! The score is the E-model (ITU-T G.107) reduced to what a browser knows, the same one that the server computes for its end.

/// Rating of an undisturbed narrow-band call (G.107, defaults).
const BEST_RATING: f64 = 93.2;
/// Delay of packetising, jitter buffer and playing at both ends, beside the network's.
const END_SYSTEMS_MS: f64 = 60.0;

/// The browser's counters since the call began; NaN where it does not know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) rtt_ms: f64,
    pub(crate) jitter_ms: f64,
    pub(crate) received: f64,
    pub(crate) lost: f64,
    pub(crate) sent: f64,
    /// Share of our packets that the far end lost lately, 0.0 to 1.0.
    pub(crate) lost_far: f64,
    /// Energy of the microphone and the seconds that it was measured over (WebRTC statistics, `totalAudioEnergy`).
    pub(crate) input_energy: f64,
    pub(crate) input_seconds: f64,
    pub(crate) is_opus: bool,
}

impl Sample {
    /// In the order in which `js/edge.js` (`figures`) writes them; the levels of the moment are between, for whoever shows them.
    pub(crate) fn of(figures: &[f64]) -> Self {
        let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
        Self {
            rtt_ms: at(0),
            jitter_ms: at(1),
            received: at(2),
            lost: at(3),
            sent: at(4),
            lost_far: at(5),
            input_energy: at(8),
            input_seconds: at(9),
            is_opus: at(10) != 0.0,
        }
    }
}

/// What the page is told every five seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// 1.0 (bad) to 4.5.
    pub(crate) mos: f64,
    pub(crate) rtt_ms: f64,
    pub(crate) jitter_ms: f64,
    /// Of what should have come since the last reading.
    pub(crate) loss_percent: f64,
    /// Of what we sent, as the far end reports it.
    pub(crate) sent_loss_percent: f64,
}

/// What may be wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Warning {
    HighLoss,
    HighJitter,
    HighRtt,
    LowLevel,
    Silence,
    OneWayAudio,
}

/// When a warning is raised and when it is cleared. `value` is worse the larger it is.
struct Rule {
    warning: Warning,
    /// From here on …
    raise: f64,
    /// … and below this it is over: apart, so that a value on the edge does not flicker.
    clear: f64,
    /// In as many readings in a row.
    readings: u8,
}

/// The table of the page `docs/sdk/browser.md`. Levels are negative, because there less is worse: −45 dBFS is 0.0056
/// of full scale, −70 dBFS is 0.0003.
const RULES: [Rule; 6] = [
    Rule { warning: Warning::HighLoss, raise: 3.0, clear: 1.0, readings: 2 },
    Rule { warning: Warning::HighJitter, raise: 30.0, clear: 20.0, readings: 2 },
    Rule { warning: Warning::HighRtt, raise: 400.0, clear: 300.0, readings: 2 },
    Rule { warning: Warning::LowLevel, raise: -0.0056, clear: -0.01, readings: 6 },
    Rule { warning: Warning::Silence, raise: -0.0003, clear: -0.0006, readings: 2 },
    Rule { warning: Warning::OneWayAudio, raise: 1.0, clear: 1.0, readings: 2 },
];

impl Warning {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::HighLoss => "high-loss",
            Self::HighJitter => "high-jitter",
            Self::HighRtt => "high-rtt",
            Self::LowLevel => "low-level",
            Self::Silence => "silence",
            Self::OneWayAudio => "one-way-audio",
        }
    }
}

/// A warning begins, with the value that was too much, or is over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Change {
    Raised(Warning, f64),
    Cleared(Warning),
}

/// What explains silence and is no reason for a warning.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected {
    /// Our microphone is off, by the page's wish or because there is none.
    pub(crate) is_muted: bool,
    /// We hold the call, so that nothing comes.
    pub(crate) is_held: bool,
}

/// The readings of one call.
#[derive(Default)]
pub(crate) struct Meter {
    before: Option<Sample>,
    /// For each rule: bad readings in a row, and whether it is raised.
    states: [(u8, bool); RULES.len()],
}

impl Meter {
    /// Takes the counters five seconds after the last ones; the first only begin.
    pub(crate) fn take(&mut self, sample: Sample, expected: Expected) -> Option<(Reading, Vec<Change>)> {
        let before = self.before.replace(sample)?;
        let received = grown(sample.received, before.received);
        let lost = grown(sample.lost, before.lost);
        let loss_percent = percent(lost, received + lost);
        let sent_loss_percent = known(sample.lost_far) * 100.0;
        let (rtt_ms, jitter_ms) = (known(sample.rtt_ms), known(sample.jitter_ms));
        let mos = mos(sample.is_opus, rtt_ms, jitter_ms, loss_percent.max(sent_loss_percent));
        let reading = Reading { mos, rtt_ms, jitter_ms, loss_percent, sent_loss_percent };
        let level = level(sample, before).filter(|_| !expected.is_muted && !expected.is_held);
        let is_deaf = received == 0.0 && grown(sample.sent, before.sent) > 0.0 && !expected.is_held;
        let mut changes = Vec::new();
        for (rule, state) in RULES.iter().zip(&mut self.states) {
            let value = match rule.warning {
                Warning::HighLoss => Some(loss_percent.max(sent_loss_percent)),
                Warning::HighJitter => Some(jitter_ms),
                Warning::HighRtt => Some(rtt_ms),
                Warning::LowLevel => level.filter(|level| *level > 0.0003).map(|level| -level),
                Warning::Silence => level.map(|level| -level),
                Warning::OneWayAudio => Some(f64::from(u8::from(is_deaf))),
            };
            changes.extend(judge(rule, state, value));
        }
        Some((reading, changes))
    }
}

/// A value that says nothing (a muted microphone's level) ends what was raised.
fn judge(rule: &Rule, (bad, raised): &mut (u8, bool), value: Option<f64>) -> Option<Change> {
    match value.filter(|value| *value >= rule.raise) {
        Some(value) => {
            *bad = bad.saturating_add(1);
            let raises = !*raised && *bad >= rule.readings;
            *raised |= raises;
            raises.then(|| Change::Raised(rule.warning, value.abs()))
        }
        None => {
            *bad = 0;
            let clears = *raised && value.is_none_or(|value| value < rule.clear);
            *raised &= !clears;
            clears.then_some(Change::Cleared(rule.warning))
        }
    }
}

/// Mean opinion score, 1.0 to 4.5, of a way with this round trip, jitter and loss.
pub(crate) fn mos(is_opus: bool, rtt_ms: f64, jitter_ms: f64, loss_percent: f64) -> f64 {
    // A jitter buffer holds about twice the jitter.
    let delay_ms = rtt_ms / 2.0 + END_SYSTEMS_MS + 2.0 * jitter_ms;
    let delay_impairment = 0.024 * delay_ms + 0.11 * (delay_ms - 177.3).max(0.0);
    // Robustness to random loss (G.113 Appendix I, with concealment).
    let robustness = if is_opus { 30.0 } else { 25.1 };
    let loss = loss_percent.clamp(0.0, 100.0);
    let loss_impairment = 95.0 * loss / (loss + robustness);
    let rating = (BEST_RATING - delay_impairment - loss_impairment).clamp(0.0, 100.0);
    (1.0 + 0.035 * rating + 7e-6 * rating * (rating - 60.0) * (100.0 - rating)).clamp(1.0, 4.5)
}

/// The microphone's effective value since the last reading, 0.0 to 1.0.
fn level(sample: Sample, before: Sample) -> Option<f64> {
    let seconds = sample.input_seconds - before.input_seconds;
    let energy = sample.input_energy - before.input_energy;
    (seconds > 0.0 && energy >= 0.0).then(|| (energy / seconds).sqrt())
}

/// How far a counter came; one that began anew counts from zero.
fn grown(now: f64, before: f64) -> f64 {
    let (now, before) = (known(now), known(before));
    if now >= before { now - before } else { now }
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole * 100.0 } else { 0.0 }
}

fn known(value: f64) -> f64 {
    if value.is_finite() { value.max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reading `number` of a good call: 250 packets in five seconds, a microphone at −20 dBFS.
    fn good(number: f64) -> Sample {
        Sample {
            rtt_ms: 40.0,
            jitter_ms: 2.0,
            received: 250.0 * number,
            lost: 0.0,
            sent: 250.0 * number,
            lost_far: 0.0,
            input_energy: 0.05 * number,
            input_seconds: 5.0 * number,
            is_opus: true,
        }
    }

    /// The changes of readings that `spoil` makes bad.
    fn changes(meter: &mut Meter, numbers: core::ops::Range<u32>, spoil: impl Fn(&mut Sample, f64)) -> Vec<Change> {
        let mut all = Vec::new();
        for number in numbers.map(f64::from) {
            let mut sample = good(number);
            spoil(&mut sample, number);
            all.extend(meter.take(sample, Expected::default()).map(|(_, changes)| changes).unwrap_or_default());
        }
        all
    }

    fn names(changes: &[Change]) -> Vec<String> {
        let name = |change: &Change| match change {
            Change::Raised(warning, _) => format!("+{}", warning.as_str()),
            Change::Cleared(warning) => format!("-{}", warning.as_str()),
        };
        changes.iter().map(name).collect()
    }

    #[test]
    fn a_good_call_is_good_and_warns_of_nothing() {
        let mut meter = Meter::default();
        assert!(meter.take(good(0.0), Expected::default()).is_none());
        let (reading, changes) = meter.take(good(1.0), Expected::default()).unwrap();
        assert!(reading.mos > 4.2 && reading.loss_percent == 0.0, "{reading:?}");
        assert!(changes.is_empty());
    }

    #[test]
    fn the_score_falls_with_loss_delay_and_jitter_and_never_leaves_its_range() {
        let clean = mos(true, 40.0, 1.0, 0.0);
        assert!(mos(true, 40.0, 1.0, 5.0) < clean - 0.4);
        assert!(mos(true, 900.0, 1.0, 0.0) < clean - 0.7);
        assert!(mos(true, 40.0, 80.0, 0.0) < clean);
        assert!(mos(false, 40.0, 1.0, 5.0) < mos(true, 40.0, 1.0, 5.0));
        for worst in [mos(true, 1e9, 1e9, 1e9), mos(false, 1e9, 0.0, 100.0)] {
            assert!((1.0..1.01).contains(&worst), "{worst}");
        }
    }

    #[test]
    fn loss_is_that_of_the_last_five_seconds() {
        let mut meter = Meter::default();
        changes(&mut meter, 0..10, |_, _| {});
        let lossy = Sample { lost: 25.0, received: 250.0 * 9.0 + 225.0, ..good(10.0) };
        let (reading, _) = meter.take(lossy, Expected::default()).unwrap();
        assert!((reading.loss_percent - 10.0).abs() < 0.01, "{reading:?}");
    }

    #[test]
    fn one_bad_reading_warns_of_nothing_and_two_do_once() {
        let mut meter = Meter::default();
        changes(&mut meter, 0..2, |_, _| {});
        assert!(changes(&mut meter, 2..3, |sample, _| sample.jitter_ms = 45.0).is_empty());
        let raised = changes(&mut meter, 3..6, |sample, _| sample.jitter_ms = 45.0);
        assert_eq!(raised, [Change::Raised(Warning::HighJitter, 45.0)]);
        // Between the two thresholds it stays.
        assert!(changes(&mut meter, 6..9, |sample, _| sample.jitter_ms = 25.0).is_empty());
        assert_eq!(names(&changes(&mut meter, 9..10, |_, _| {})), ["-high-jitter"]);
    }

    #[test]
    fn each_kind_of_trouble_has_its_name() {
        type Spoil = fn(&mut Sample, f64);
        let cases: [(&str, Spoil); 6] = [
            ("+high-loss", |sample, _| sample.lost_far = 0.05),
            ("+high-jitter", |sample, _| sample.jitter_ms = 31.0),
            ("+high-rtt", |sample, _| sample.rtt_ms = 401.0),
            ("+low-level", |sample, number| sample.input_energy = number * 5.0 * 0.002 * 0.002),
            ("+silence", |sample, _| sample.input_energy = 0.0),
            ("+one-way-audio", |sample, _| sample.received = 0.0),
        ];
        for (name, spoil) in cases {
            let all = names(&changes(&mut Meter::default(), 0..8, spoil));
            assert_eq!(all, [name], "{name}");
        }
    }

    #[test]
    fn what_is_muted_or_held_may_be_silent() {
        let mut meter = Meter::default();
        for number in 0..8 {
            let mut sample = good(f64::from(number));
            (sample.input_energy, sample.received) = (0.0, 0.0);
            let held = Expected { is_muted: true, is_held: true };
            let told = meter.take(sample, held).map(|(_, changes)| changes).unwrap_or_default();
            assert!(told.is_empty(), "{told:?}");
        }
    }

    #[test]
    fn a_browser_that_knows_nothing_harms_nothing() {
        let mut meter = Meter::default();
        for _ in 0..4 {
            if let Some((reading, changes)) = meter.take(Sample::of(&[]), Expected::default()) {
                assert!(reading.mos.is_finite() && changes.is_empty(), "{reading:?} {changes:?}");
            }
        }
    }
}
