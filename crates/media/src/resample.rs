//! Resampling of whole recordings and prompts by a windowed sinc. For files and speech synthesis,
//! off the media thread; live audio is never resampled, Opus is opened at 8 kHz instead.

/// Zero crossings of the sinc on each side: 60 dB of attenuation with the Blackman window.
const CROSSINGS: f64 = 16.0;

/// The pass band ends at this share of the lower Nyquist frequency, so that the slope of the
/// filter fits below it.
const PASS: f64 = 0.92;

/// Filters are made for at most this many positions between two samples. Usual pairs of rates need
/// fewer; odd ones round to the nearest, 60 dB below the signal.
const MAX_PHASES: u64 = 1_024;

/// The audio at another rate. Rates must be positive; equal rates copy, and a rate of zero gives nothing.
pub fn resample(samples: &[i16], from_hz: u32, to_hz: u32) -> Vec<i16> {
    if from_hz == to_hz {
        return samples.to_vec();
    }
    if from_hz == 0 || to_hz == 0 {
        return Vec::new();
    }
    let divisor = gcd(from_hz, to_hz);
    let (up, down) = (u64::from(to_hz / divisor), u64::from(from_hz / divisor));
    let phases = up.min(MAX_PHASES);
    let cutoff = PASS * f64::from(to_hz.min(from_hz)) / f64::from(from_hz);
    let half = (CROSSINGS / cutoff).ceil() as usize;
    let filters: Vec<Vec<f32>> = (0..phases).map(|phase| filter(phase as f64 / phases as f64, cutoff, half)).collect();
    let out_len = (samples.len() as u64 * up).div_ceil(down);
    (0..out_len)
        .map(|n| {
            let (whole, part) = (n * down / up, n * down % up);
            let taps = filters.get((part * phases / up) as usize).map_or(&[][..], Vec::as_slice);
            convolve(samples, whole as usize, half, taps)
        })
        .collect()
}

/// One filter for outputs that lie `offset` of a sample after an input sample. Sums to one.
fn filter(offset: f64, cutoff: f64, half: usize) -> Vec<f32> {
    let mut taps: Vec<f64> = (0..2 * half)
        .map(|index| {
            let distance = index as f64 - (half as f64 - 1.0) - offset;
            let angle = core::f64::consts::PI * distance * cutoff;
            let sinc = if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
            let turn = core::f64::consts::PI * distance / half as f64;
            let window =
                if distance.abs() >= half as f64 { 0.0 } else { 0.42 + 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos() };
            sinc * window
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.iter_mut().for_each(|tap| *tap /= sum);
    taps.into_iter().map(|tap| tap as f32).collect()
}

/// The filter laid over the samples so that its middle meets `center`; outside is silence.
fn convolve(samples: &[i16], center: usize, half: usize, taps: &[f32]) -> i16 {
    let skipped = (half - 1).saturating_sub(center);
    let start = (center + 1).saturating_sub(half);
    let covered = samples.get(start.min(samples.len())..).unwrap_or_default();
    let taps = taps.get(skipped..).unwrap_or_default();
    let sum: f32 = covered.iter().zip(taps).map(|(sample, tap)| f32::from(*sample) * tap).sum();
    sum.round() as i16
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::amplitude_at;

    fn sine(hz: f32, rate_hz: u32) -> Vec<i16> {
        let phase = |n: u32| core::f32::consts::TAU * hz * n as f32 / rate_hz as f32;
        (0..rate_hz / 2).map(|n| (10_000.0 * phase(n).sin()) as i16).collect()
    }

    #[test]
    fn speech_frequencies_keep_their_strength_and_pitch_at_every_rate() {
        for (from_hz, to_hz) in [(22_050, 8_000), (22_050, 16_000), (22_050, 48_000), (44_100, 8_000), (8_000, 16_000)]
        {
            for hz in [300.0, 1_000.0, 3_000.0] {
                let out = resample(&sine(hz, from_hz), from_hz, to_hz);
                assert_eq!(out.len(), to_hz as usize / 2);
                let amplitude = amplitude_at(&out[400..out.len() - 400], hz, to_hz);
                assert!((amplitude - 10_000.0).abs() < 200.0, "{from_hz} {to_hz} {hz}: {amplitude}");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_does_not_fold_back() {
        let out = resample(&sine(6_000.0, 22_050), 22_050, 8_000);
        assert!(amplitude_at(&out[400..3_600], 2_000.0, 8_000) < 20.0);
    }

    #[test]
    fn odd_rates_and_empty_audio_are_no_trouble() {
        assert_eq!(resample(&[], 22_050, 8_000), Vec::<i16>::new());
        assert_eq!(resample(&[1, 2], 8_000, 8_000), [1, 2]);
        assert_eq!(resample(&[1], 0, 8_000), Vec::<i16>::new());
        let out = resample(&sine(1_000.0, 44_101), 44_101, 16_000);
        assert!((amplitude_at(&out[400..7_600], 1_000.0, 16_000) - 10_000.0).abs() < 300.0);
    }
}
