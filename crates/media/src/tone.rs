//! Call-progress tones: what callers hear while nobody speaks, per country (ITU-T E.180
//! Supplement 2), and the sine generator that makes them.

use crate::dtmf::Digit;

/// Peak of one component sine: two of them stay 9 dB below overload.
const PEAK: f32 = 5_800.0;

/// A stretch of a tone's cadence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Up to two frequencies in hertz that sound together; zero is none.
    pub frequencies_hz: [u16; 2],
    /// How long it lasts; silence when both frequencies are zero.
    pub duration_ms: u32,
}

/// A tone: segments in order, repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToneSpec {
    /// The cadence; empty is an empty tone.
    pub segments: Vec<Segment>,
    /// How often the cadence plays; 0 means until flushed.
    pub loops: u32,
}

impl ToneSpec {
    fn cadence(frequencies_hz: [u16; 2], on_off_ms: &[u32]) -> Self {
        let segments = on_off_ms
            .iter()
            .enumerate()
            .map(|(index, duration_ms)| Segment {
                frequencies_hz: if index % 2 == 0 { frequencies_hz } else { [0, 0] },
                duration_ms: *duration_ms,
            })
            .collect();
        Self { segments, loops: 0 }
    }

    /// Ringback of a country (ISO 3166 alpha-2, any case), until flushed. A country that is not in
    /// the table hears the European 425 Hz, one second on, four off.
    pub fn ringback(country: &str) -> Self {
        match country.to_ascii_uppercase().as_str() {
            "KE" | "UG" | "TZ" => Self::cadence([425, 0], &[670, 3_000, 1_500, 5_000]),
            "US" | "CA" => Self::cadence([440, 480], &[2_000, 4_000]),
            "GB" | "IE" | "NG" | "GH" | "ZM" | "ZW" => Self::cadence([400, 450], &[400, 200, 400, 2_000]),
            "ZA" => Self::cadence([400, 433], &[400, 200, 400, 2_000]),
            "IN" => Self::cadence([400, 425], &[400, 200, 400, 2_000]),
            "FR" => Self::cadence([440, 0], &[1_500, 3_500]),
            "JP" => Self::cadence([400, 416], &[1_000, 2_000]),
            "CN" => Self::cadence([450, 0], &[1_000, 4_000]),
            _ => Self::cadence([425, 0], &[1_000, 4_000]),
        }
    }

    /// Busy tone of a country, until flushed; 425 Hz half a second on and off where not listed.
    pub fn busy(country: &str) -> Self {
        match country.to_ascii_uppercase().as_str() {
            "US" | "CA" => Self::cadence([480, 620], &[500, 500]),
            "GB" | "IE" => Self::cadence([400, 0], &[375, 375]),
            "ZA" => Self::cadence([400, 0], &[500, 500]),
            "FR" => Self::cadence([440, 0], &[500, 500]),
            "KE" | "UG" | "TZ" => Self::cadence([425, 0], &[200, 600, 200, 600]),
            _ => Self::cadence([425, 0], &[500, 500]),
        }
    }

    /// The beep before a recording: 1 kHz once for 250 ms.
    pub fn beep() -> Self {
        Self { loops: 1, ..Self::cadence([1_000, 0], &[250]) }
    }

    /// What a party hears while its conference has not begun: a slow tune, until flushed.
    pub fn hold() -> Self {
        /// Thirds and fifths of C, A minor, F and G, each as two notes.
        const NOTES_HZ: [[u16; 2]; 8] =
            [[262, 330], [330, 392], [220, 262], [262, 330], [175, 220], [220, 262], [196, 247], [247, 294]];
        const NOTE_MS: u32 = 900;
        const REST_MS: u32 = 100;
        let sound = |frequencies_hz, duration_ms| Segment { frequencies_hz, duration_ms };
        let notes = NOTES_HZ.into_iter().flat_map(|note| [sound(note, NOTE_MS), sound([0, 0], REST_MS)]);
        Self { segments: notes.collect(), loops: 0 }
    }

    /// What a caller hears while the customer's server thinks: a soft tick every three seconds.
    pub fn waiting() -> Self {
        Self::cadence([440, 0], &[80, 2_920])
    }

    /// One digit as its two tones, once.
    pub fn digit(digit: Digit, duration_ms: u32) -> Self {
        let (low, high) = digit.frequencies_hz();
        Self { loops: 1, ..Self::cadence([low, high], &[duration_ms]) }
    }

    /// Length of the cadence in milliseconds, one loop.
    pub fn cadence_ms(&self) -> u32 {
        self.segments.iter().fold(0, |sum, segment| sum.saturating_add(segment.duration_ms))
    }
}

/// Plays a [`ToneSpec`] sample by sample.
#[derive(Debug, Clone)]
pub struct Generator {
    spec: ToneSpec,
    segment: usize,
    /// Samples of the segment already made.
    position: u64,
    loops_done: u32,
    finished: bool,
}

impl Generator {
    /// Starts at the first segment.
    pub fn new(spec: ToneSpec) -> Self {
        let finished = spec.cadence_ms() == 0;
        Self { spec, segment: 0, position: 0, loops_done: 0, finished }
    }

    /// Fills `out` at `rate_hz`; what lies behind the end is silence. Returns how many samples
    /// belong to the tone: fewer than asked means that it ended.
    pub fn fill(&mut self, out: &mut [i16], rate_hz: u32) -> usize {
        out.fill(0);
        let mut made = 0;
        for sample in out.iter_mut() {
            if !self.find_segment(rate_hz) {
                break;
            }
            if let Some(segment) = self.spec.segments.get(self.segment) {
                *sample = tone_sample(segment.frequencies_hz, self.position, rate_hz);
            }
            self.position += 1;
            made += 1;
        }
        made
    }

    /// Moves to the segment of the next sample; false when the tone is over.
    fn find_segment(&mut self, rate_hz: u32) -> bool {
        while !self.finished {
            let Some(segment) = self.spec.segments.get(self.segment) else {
                self.loops_done = self.loops_done.saturating_add(1);
                self.segment = 0;
                self.finished = self.spec.loops != 0 && self.loops_done >= self.spec.loops;
                continue;
            };
            if self.position < u64::from(segment.duration_ms) * u64::from(rate_hz) / 1_000 {
                return true;
            }
            self.segment += 1;
            self.position = 0;
        }
        false
    }
}

fn tone_sample(frequencies_hz: [u16; 2], position: u64, rate_hz: u32) -> i16 {
    let mut sum = 0.0;
    for frequency_hz in frequencies_hz.into_iter().filter(|hz| *hz != 0) {
        // Whole hertz: the phase repeats every second, which keeps it exact for any length.
        let turn = (position * u64::from(frequency_hz)) % u64::from(rate_hz.max(1));
        sum += (core::f32::consts::TAU * turn as f32 / rate_hz as f32).sin() * PEAK;
    }
    sum as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::{amplitude_at, energy};

    #[test]
    fn kenyan_ringback_has_its_cadence_and_pitch() {
        let mut generator = Generator::new(ToneSpec::ringback("ke"));
        let mut samples = vec![0; 8 * (670 + 3_000 + 1_500)];
        assert_eq!(generator.fill(&mut samples, 8_000), samples.len());
        assert!(amplitude_at(&samples[..5_200], 425.0, 8_000) > 5_000.0);
        assert_eq!(energy(&samples[8 * 670..8 * 3_670]), 0);
        assert!(energy(&samples[8 * 3_670..]) > 0);
    }

    #[test]
    fn a_digit_sounds_as_both_its_frequencies_and_ends() {
        let digit = Digit::try_from('5').unwrap();
        let mut generator = Generator::new(ToneSpec::digit(digit, 100));
        let mut samples = vec![0; 1_000];
        assert_eq!(generator.fill(&mut samples, 8_000), 800);
        for hz in [770.0, 1_336.0] {
            assert!(amplitude_at(&samples[..800], hz, 8_000) > 5_000.0);
        }
        assert_eq!(generator.fill(&mut samples, 8_000), 0);
    }

    #[test]
    fn an_empty_tone_ends_at_once() {
        let mut samples = [1; 4];
        let empty = ToneSpec { segments: vec![Segment { frequencies_hz: [425, 0], duration_ms: 0 }], loops: 0 };
        assert_eq!(Generator::new(empty).fill(&mut samples, 8_000), 0);
        assert_eq!(samples, [0; 4]);
    }

    #[test]
    fn an_endless_tone_repeats() {
        let mut generator = Generator::new(ToneSpec::busy("KE"));
        let mut samples = vec![0; 8 * 1_600 * 3];
        assert_eq!(generator.fill(&mut samples, 8_000), samples.len());
        assert_eq!(samples[..800], samples[8 * 1_600..8 * 1_600 + 800]);
    }
}
