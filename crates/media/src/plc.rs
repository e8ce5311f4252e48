//! Packet-loss concealment for G.711, after the idea of G.711 Appendix I: repeat the last pitch
//! period, fade it out, and blend back into the first real samples. At 8 kHz, and at 16 kHz with all lengths doubled.

use crate::codec::Rate;

/// Remembered samples at 8 kHz: 40 ms, two of the longest pitch periods.
const HISTORY: usize = 320;
/// The most that is remembered, at 16 kHz.
const MOST_HISTORY: usize = 2 * HISTORY;

/// Pitch periods searched: 50 to 200 Hz.
const LAGS: core::ops::RangeInclusive<usize> = 40..=160;

/// Samples compared for a lag.
const WINDOW: usize = 160;

/// Full strength for 10 ms, then down to silence at 60 ms.
const FADE_FROM: usize = 80;
const FADE_TO: usize = 480;

/// Samples over which real audio is blended in after a loss: 5 ms.
const BLEND: usize = 40;

/// Concealment state of one decoder.
#[derive(Debug, Clone)]
pub struct Concealer {
    history: [i16; MOST_HISTORY],
    /// How many samples stand for one at 8 kHz: 1 or 2.
    scale: usize,
    /// Pitch period of the loss in progress.
    lag: usize,
    /// Samples made for the loss in progress; zero when there is none.
    made: usize,
}

impl Default for Concealer {
    fn default() -> Self {
        Self::at(Rate::Narrow)
    }
}

impl Concealer {
    /// Of audio at a rate.
    pub fn at(rate: Rate) -> Self {
        let scale = if rate == Rate::Wide { 2 } else { 1 };
        Self { history: [0; MOST_HISTORY], scale, lag: *LAGS.end() * scale, made: 0 }
    }

    /// How many samples are remembered.
    fn len(&self) -> usize {
        HISTORY * self.scale
    }

    /// Remembers decoded audio; the first after a loss is blended with what was made up.
    pub fn heard(&mut self, samples: &mut [i16]) {
        if self.made > 0 {
            let blend = BLEND * self.scale;
            for (index, sample) in samples.iter_mut().take(blend).enumerate() {
                let made = i32::from(self.next_sample());
                let weight = index as i32 + 1;
                let mixed = (i32::from(*sample) * weight + made * (blend as i32 - weight)) / blend as i32;
                *sample = mixed as i16;
            }
            self.made = 0;
        }
        let len = self.len();
        let keep = samples.len().min(len);
        self.history.copy_within(keep..len, 0);
        let tail = samples.get(samples.len() - keep..).unwrap_or_default();
        if let Some(end) = self.history.get_mut(len - keep..len) {
            end.copy_from_slice(tail);
        }
    }

    /// Makes up the samples of a lost packet.
    pub fn conceal(&mut self, out: &mut [i16]) {
        if self.made == 0 {
            self.lag = self.pitch();
        }
        for sample in out {
            *sample = self.next_sample();
        }
    }

    fn next_sample(&mut self) -> i16 {
        let index = self.len() - self.lag + self.made % self.lag;
        let sample = i32::from(self.history.get(index).copied().unwrap_or_default());
        let left = FADE_TO.saturating_sub((self.made / self.scale).max(FADE_FROM));
        self.made += 1;
        (sample * left as i32 / (FADE_TO - FADE_FROM) as i32) as i16
    }

    /// The lag at which the newest samples resemble earlier ones most.
    fn pitch(&self) -> usize {
        let (len, window) = (self.len(), WINDOW * self.scale);
        let newest = self.history.get(len - window..len).unwrap_or_default();
        let score = |lag: usize| {
            let earlier = self.history.get(len - window - lag..len - lag).unwrap_or_default();
            let (mut product, mut power) = (0.0_f32, 1.0_f32);
            for (new, old) in newest.iter().zip(earlier) {
                product += f32::from(*new) * f32::from(*old);
                power += f32::from(*old) * f32::from(*old);
            }
            product / power.sqrt()
        };
        let lags = LAGS.map(|lag| lag * self.scale);
        let best = lags.map(|lag| (lag, score(lag))).max_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or(*LAGS.end() * self.scale, |(lag, _)| lag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::{amplitude_at, energy};

    fn sine(from: usize, len: usize) -> Vec<i16> {
        let phase = |n: usize| core::f32::consts::TAU * 200.0 * n as f32 / 8_000.0;
        (from..from + len).map(|n| (8_000.0 * phase(n).sin()) as i16).collect()
    }

    #[test]
    fn a_lost_packet_continues_the_pitch_and_real_audio_joins_smoothly() {
        let mut concealer = Concealer::default();
        let mut all = sine(0, 640);
        concealer.heard(&mut all);
        let mut lost = [0; 160];
        concealer.conceal(&mut lost);
        all.extend_from_slice(&lost);
        let mut after = sine(800, 160);
        concealer.heard(&mut after);
        all.extend_from_slice(&after);
        assert!(amplitude_at(&all[640..800], 200.0, 8_000) > 6_000.0);
        let largest_step = all.windows(2).map(|pair| (pair[1] - pair[0]).abs()).max();
        assert!(largest_step < Some(2_000), "no click: {largest_step:?}");
    }

    #[test]
    fn a_long_loss_fades_to_silence() {
        let mut concealer = Concealer::default();
        concealer.heard(&mut sine(0, 640));
        let mut lost = [0; 640];
        concealer.conceal(&mut lost);
        assert_eq!(energy(&lost[480..]), 0);
    }

    #[test]
    fn a_loss_before_anything_was_heard_is_silence() {
        let mut lost = [1; 160];
        Concealer::default().conceal(&mut lost);
        assert_eq!(lost, [0; 160]);
    }
}
