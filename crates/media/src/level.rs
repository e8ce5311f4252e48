//! Loudness of linear audio: energy and level relative to full scale.

/// Sum of the squared samples.
pub fn energy(samples: &[i16]) -> u64 {
    samples.iter().map(|sample| u64::from(i32::from(*sample).unsigned_abs().pow(2))).sum()
}

/// Level of `samples_len` samples with this energy in decibels below overload (dBov, RFC 6465):
/// 0 is a full-scale square wave, −127 stands for silence and for no samples.
pub fn dbov(energy: u64, samples_len: usize) -> f32 {
    if energy == 0 || samples_len == 0 {
        return -127.0;
    }
    let full = f64::from(i16::MAX).powi(2);
    let ratio = energy as f64 / samples_len as f64 / full;
    (10.0 * ratio.log10()).clamp(-127.0, 0.0) as f32
}

/// Power of one frequency in a block (Goertzel), as the amplitude of a sine with that power.
pub fn amplitude_at(samples: &[i16], frequency_hz: f32, rate_hz: u32) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let coefficient = 2.0 * (core::f32::consts::TAU * frequency_hz / rate_hz as f32).cos();
    let (mut last, mut before) = (0.0_f32, 0.0_f32);
    for sample in samples {
        (last, before) = (f32::from(*sample) + coefficient * last - before, last);
    }
    let power = last * last + before * before - coefficient * last * before;
    2.0 * power.max(0.0).sqrt() / samples.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(frequency_hz: f32, amplitude: f32) -> Vec<i16> {
        (0..800)
            .map(|n| (amplitude * (core::f32::consts::TAU * frequency_hz * n as f32 / 8_000.0).sin()) as i16)
            .collect()
    }

    #[test]
    fn a_sine_is_three_decibels_below_a_square_wave() {
        let sine = sine(400.0, 32_767.0);
        assert!((dbov(energy(&sine), sine.len()) + 3.01).abs() < 0.1);
        assert_eq!(dbov(energy(&[i16::MIN; 8]), 8), 0.0);
        assert_eq!(dbov(0, 8), -127.0);
    }

    #[test]
    fn goertzel_finds_the_frequency_that_is_there_only() {
        let samples = sine(697.5, 8_000.0);
        assert!((amplitude_at(&samples, 697.5, 8_000) - 8_000.0).abs() < 100.0);
        assert!(amplitude_at(&samples, 1_210.0, 8_000) < 200.0);
        assert_eq!(amplitude_at(&[], 697.0, 8_000), 0.0);
    }
}
