//! G.722 at 64 kbit/s through `ezk-g722`: 16 kHz in, one octet per two samples, an RTP clock of 8 kHz all the same
//! (RFC 3551 §4.5.2).
//!
//! Decoded at 8 kHz, where telephones are bridged (the lower of its two bands is what they carry), or at 16 kHz for a conference.

use ezk_g722::libg722::{self, Bitrate};

use crate::codec::Rate;

/// Samples that the interpolation looks back on.
const MEMORY: usize = 3;

/// Encodes one direction.
pub struct Encoder {
    inner: libg722::encoder::Encoder,
    /// The last samples of narrow audio.
    memory: [i16; MEMORY],
    wide: Vec<i16>,
}

impl Default for Encoder {
    fn default() -> Self {
        // Its mode for 8 kHz input writes no valid octets (0.1.2); ours is interpolated instead.
        Self {
            inner: libg722::encoder::Encoder::new(Bitrate::Mode1_64000, false, false),
            memory: [0; MEMORY],
            wide: Vec::with_capacity(Rate::Wide.frame_len()),
        }
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

impl Encoder {
    /// Appends one encoded frame to `out`.
    pub fn encode(&mut self, rate: Rate, samples: &[i16], out: &mut Vec<u8>) {
        if rate == Rate::Wide {
            // The encoder takes pairs and nothing else.
            let pairs = samples.get(..samples.len() & !1).unwrap_or_default();
            out.extend(self.inner.encode(pairs));
            return;
        }
        self.wide.clear();
        for sample in samples {
            let [first, second, third] = self.memory.map(i32::from);
            let between = (9 * (second + third) - first - i32::from(*sample)) / 16;
            let between = between.clamp(i16::MIN.into(), i16::MAX.into());
            self.wide.push(self.memory[1]);
            self.wide.push(i16::try_from(between).unwrap_or_default());
            self.memory = [self.memory[1], self.memory[2], *sample];
        }
        out.extend(self.inner.encode(&self.wide));
    }
}

/// Decodes one direction.
pub struct Decoder(libg722::decoder::Decoder);

impl Default for Decoder {
    fn default() -> Self {
        Self::at(Rate::Narrow)
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Decoder {
    /// To a rate.
    pub fn at(rate: Rate) -> Self {
        Self(libg722::decoder::Decoder::new(Bitrate::Mode1_64000, false, rate == Rate::Narrow))
    }

    /// Appends the samples of a packet to `out`: one per octet at 8 kHz, two at 16 kHz.
    pub fn decode(&mut self, packet: &[u8], out: &mut Vec<i16>) {
        out.extend(self.0.decode(packet));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sine(rate: Rate, frequency_hz: f64, samples: usize) -> Vec<i16> {
        let step = frequency_hz / f64::from(rate.hz()) * core::f64::consts::TAU;
        (0..samples).map(|n| ((step * n as f64).sin() * 8_000.0) as i16).collect()
    }

    /// Share of the power at a frequency (Goertzel).
    fn share(samples: &[i16], frequency_hz: f64) -> f64 {
        let coefficient = 2.0 * (core::f64::consts::TAU * frequency_hz / 8_000.0).cos();
        let (mut before, mut last) = (0.0, 0.0);
        for sample in samples {
            (before, last) = (last, f64::from(*sample) + coefficient * last - before);
        }
        let total: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        2.0 * (last * last + before * before - coefficient * last * before) / samples.len() as f64 / total
    }

    #[test]
    fn a_tone_survives_at_either_rate_and_keeps_its_level() {
        for (rate, frequency_hz) in
            [(Rate::Narrow, 440.0), (Rate::Narrow, 1_800.0), (Rate::Wide, 440.0), (Rate::Wide, 1_800.0)]
        {
            let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
            let mut heard = Vec::new();
            for frame in sine(rate, frequency_hz, rate.frame_len() * 50).chunks(rate.frame_len()) {
                let mut octets = Vec::new();
                encoder.encode(rate, frame, &mut octets);
                assert_eq!(octets.len(), 160);
                decoder.decode(&octets, &mut heard);
            }
            let settled = &heard[800..];
            assert!(share(settled, frequency_hz) > 0.95, "{rate:?} {frequency_hz}: {}", share(settled, frequency_hz));
            let power = settled.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / settled.len() as f64;
            assert!((0.7..1.4).contains(&(power / (8_000.0 * 8_000.0 / 2.0))), "{rate:?} {frequency_hz}: {power}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_and_samples_make_no_panic(
            octets in proptest::collection::vec(any::<u8>(), 0..2_000),
            samples in proptest::collection::vec(any::<i16>(), 0..2_000),
        ) {
            let mut out = Vec::new();
            Decoder::default().decode(&octets, &mut out);
            prop_assert_eq!(out.len(), octets.len());
            let mut encoder = Encoder::default();
            let mut encoded = Vec::new();
            encoder.encode(Rate::Wide, &samples, &mut encoded);
            encoder.encode(Rate::Narrow, &samples, &mut encoded);
        }
    }
}
