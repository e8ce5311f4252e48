//! Live audio between 8 and 16 kHz, frame by frame: what a conference needs in which some legs are wide and some are not.
//!
//! One half-band filter for both ways: every second of its taps is zero and the middle one is a half, so that a sample costs
//! twelve multiplications. It keeps what lies below 3.4 kHz and has nothing left above 4.6 kHz; its delay is 1.4 ms.

/// Taps other than zero on each side of the middle.
const SIDE: usize = 12;
/// Samples of a frame at 8 and at 16 kHz.
const NARROW: usize = 160;
const WIDE: usize = 320;
/// What a frame needs of the one before it.
const NARROW_MEMORY: usize = 2 * SIDE - 1;
const WIDE_MEMORY: usize = 4 * SIDE - 2;

/// The taps on one side, so that those of both sides sum to one.
fn taps() -> [f32; SIDE] {
    let mut taps = [0.0; SIDE];
    for (index, tap) in taps.iter_mut().enumerate() {
        let distance = (2 * index + 1) as f32;
        let sinc = if index % 2 == 0 { 1.0 } else { -1.0 } / (core::f32::consts::PI * distance);
        // Hamming's window over the whole filter: its side lobes are 50 dB down.
        let turn = core::f32::consts::PI * distance / (2 * SIDE) as f32;
        *tap = sinc * (0.54 + 0.46 * turn.cos());
    }
    let sum: f32 = taps.iter().sum::<f32>() * 2.0;
    taps.map(|tap| tap / sum)
}

fn sample(value: f32) -> i16 {
    // Rounded and within the type's range, so the cast keeps the value.
    value.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
}

/// From 8 to 16 kHz.
#[derive(Debug, Clone)]
pub struct Doubler {
    taps: [f32; SIDE],
    samples: [f32; NARROW_MEMORY + NARROW],
}

impl Default for Doubler {
    fn default() -> Self {
        Self { taps: taps(), samples: [0.0; NARROW_MEMORY + NARROW] }
    }
}

impl Doubler {
    /// The next frame.
    pub fn double(&mut self, frame: &[i16; NARROW], wide: &mut [i16; WIDE]) {
        self.samples.copy_within(NARROW.., 0);
        for (kept, given) in self.samples.iter_mut().skip(NARROW_MEMORY).zip(frame) {
            *kept = f32::from(*given);
        }
        for (window, pair) in self.samples.windows(2 * SIDE).zip(wide.chunks_exact_mut(2)) {
            let (before, after) = window.split_at(SIDE);
            let sides = before.iter().rev().zip(after);
            let between: f32 = self.taps.iter().zip(sides).map(|(tap, (left, right))| tap * (left + right)).sum();
            if let ([first, second], Some(middle)) = (pair, before.last()) {
                (*first, *second) = (sample(*middle), sample(between));
            }
        }
    }
}

/// From 16 to 8 kHz.
#[derive(Debug, Clone)]
pub struct Halver {
    taps: [f32; SIDE],
    samples: [f32; WIDE_MEMORY + WIDE],
}

impl Default for Halver {
    fn default() -> Self {
        Self { taps: taps(), samples: [0.0; WIDE_MEMORY + WIDE] }
    }
}

impl Halver {
    /// The next frame.
    pub fn halve(&mut self, wide: &[i16; WIDE], frame: &mut [i16; NARROW]) {
        self.samples.copy_within(WIDE.., 0);
        for (kept, given) in self.samples.iter_mut().skip(WIDE_MEMORY).zip(wide) {
            *kept = f32::from(*given);
        }
        // The first window begins with the second sample, so that the last one ends with the frame.
        let windows = self.samples.windows(WIDE_MEMORY + 1).skip(1).step_by(2);
        for (window, out) in windows.zip(frame) {
            let (before, rest) = window.split_at(2 * SIDE - 1);
            let Some((middle, after)) = rest.split_first() else { continue };
            let sides = before.iter().rev().step_by(2).zip(after.iter().step_by(2));
            let around: f32 = self.taps.iter().zip(sides).map(|(tap, (left, right))| tap * (left + right)).sum();
            *out = sample((middle + around) / 2.0);
        }
    }
}

const _: () = assert!(WIDE == 2 * NARROW);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::amplitude_at;

    fn sine(hz: f32, rate_hz: f32, len: usize) -> Vec<i16> {
        (0..len).map(|n| (8_000.0 * (core::f32::consts::TAU * hz * n as f32 / rate_hz).sin()) as i16).collect()
    }

    fn doubled(hz: f32) -> Vec<i16> {
        let (mut doubler, mut out, mut wide) = (Doubler::default(), Vec::new(), [0; WIDE]);
        for frame in sine(hz, 8_000.0, 8_000).as_chunks::<NARROW>().0 {
            doubler.double(frame, &mut wide);
            out.extend(wide);
        }
        out.split_off(WIDE)
    }

    fn halved(hz: f32) -> Vec<i16> {
        let (mut halver, mut out, mut frame) = (Halver::default(), Vec::new(), [0; NARROW]);
        for wide in sine(hz, 16_000.0, 16_000).as_chunks::<WIDE>().0 {
            halver.halve(wide, &mut frame);
            out.extend(frame);
        }
        out.split_off(NARROW)
    }

    #[test]
    fn speech_passes_both_ways_at_its_level() {
        for hz in [300.0, 1_000.0, 2_000.0, 3_300.0] {
            let (wide, narrow) = (amplitude_at(&doubled(hz), hz, 16_000), amplitude_at(&halved(hz), hz, 8_000));
            assert!(
                (7_600.0..8_400.0).contains(&wide) && (7_600.0..8_400.0).contains(&narrow),
                "{hz}: {wide} {narrow}"
            );
        }
    }

    #[test]
    fn what_one_rate_can_not_hold_does_not_come_back_as_something_else() {
        // 1 kHz mirrored at 4 kHz is 7 kHz; 6 kHz sampled at 8 kHz would be 2 kHz.
        assert!(amplitude_at(&doubled(1_000.0), 7_000.0, 16_000) < 80.0);
        assert!(amplitude_at(&halved(6_000.0), 2_000.0, 8_000) < 80.0);
    }
}
