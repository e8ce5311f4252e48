//! Keys that are pressed as tones in the audio, for legs whose peer knows no telephone events.
//!
//! Eight Goertzel filters over blocks of 12.75 ms; a key counts once two blocks in a row hear it, and again only after it was
//! not heard for two. What speech must not pass for: both tones together are nearly all of the block, about equally loud, and
//! far louder than the other tones of their group (the bounds are those of ITU-T Q.24, as telephone exchanges apply them).

use super::Digit;

/// Samples of a block at 8 kHz: two whole ones lie within the shortest key of 40 ms.
const BLOCK: usize = 102;
/// Hertz of the low and the high group (ITU-T Q.23).
const TONES_HZ: [f32; 8] = [697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0];
/// The amplitude of a tone of −34 dBm0: below, nobody's key arrives.
const QUIETEST: f32 = 455.0;
/// The high tone may be so much stronger than the low one in power (4 dB), and so much weaker (8 dB).
const TWIST: (f32, f32) = (2.51, 6.31);
/// A tone is so much stronger than the others of its group, in power (8 dB).
const ALONE: f32 = 6.31;
/// Share of the block's power that is the two tones'.
const PURE: f32 = 0.8;
/// Blocks without a key after which it may be pressed again.
const RELEASED_AFTER: u8 = 2;

/// Listens to one direction.
#[derive(Debug, Clone)]
pub struct InBand {
    filters: [Filter; 8],
    power: f32,
    count: usize,
    /// What the block before was.
    last: Option<Digit>,
    /// The key that is down.
    down: Option<Digit>,
    /// Blocks since it was heard.
    unheard: u8,
}

#[derive(Debug, Clone, Copy)]
struct Filter {
    coefficient: f32,
    before: f32,
    last: f32,
}

impl Default for InBand {
    fn default() -> Self {
        let filter = |hz: f32| Filter {
            coefficient: 2.0 * (core::f32::consts::TAU * hz / 8_000.0).cos(),
            before: 0.0,
            last: 0.0,
        };
        Self { filters: TONES_HZ.map(filter), power: 0.0, count: 0, last: None, down: None, unheard: 0 }
    }
}

impl InBand {
    /// Hears samples at 8 kHz; the key that they complete. A packet of 20 ms completes one at most.
    pub fn hear(&mut self, samples: impl IntoIterator<Item = i16>) -> Option<Digit> {
        let mut pressed = None;
        for sample in samples {
            let sample = f32::from(sample);
            for filter in &mut self.filters {
                (filter.before, filter.last) = (filter.last, sample + filter.coefficient * filter.last - filter.before);
            }
            self.power += sample * sample;
            self.count += 1;
            if self.count == BLOCK {
                pressed = self.block().or(pressed);
            }
        }
        pressed
    }

    fn block(&mut self) -> Option<Digit> {
        let powers = self
            .filters
            .map(|Filter { coefficient, before, last }| last * last + before * before - coefficient * last * before);
        let heard = heard(&powers, self.power);
        for filter in &mut self.filters {
            (filter.before, filter.last) = (0.0, 0.0);
        }
        (self.power, self.count) = (0.0, 0);
        if self.down.is_some() && heard != self.down {
            self.unheard += 1;
            if self.unheard >= RELEASED_AFTER {
                self.down = None;
            }
        } else {
            self.unheard = 0;
        }
        let is_new = heard.is_some() && heard == self.last && heard != self.down;
        self.last = heard;
        if !is_new {
            return None;
        }
        (self.down, self.unheard) = (heard, 0);
        heard
    }
}

/// By row and column.
const KEYS: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// The key of a block.
fn heard(powers: &[f32; 8], total: f32) -> Option<Digit> {
    let (low, high) = powers.split_at(4);
    let (row, low_power) = strongest(low)?;
    let (column, high_power) = strongest(high)?;
    // The power of a sine of this amplitude in one of these filters.
    let quietest = (QUIETEST * BLOCK as f32 / 2.0).powi(2);
    let is_loud = low_power >= quietest && high_power >= quietest;
    let is_even = high_power <= low_power * TWIST.0 && low_power <= high_power * TWIST.1;
    let is_pure = low_power + high_power >= PURE * total * BLOCK as f32 / 2.0;
    if !(is_loud && is_even && is_pure) {
        return None;
    }
    Digit::try_from(*KEYS.get(row)?.get(column)?).ok()
}

/// The strongest of a group, where it is that by far.
fn strongest(group: &[f32]) -> Option<(usize, f32)> {
    let (index, power) = group.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let is_alone = group.iter().enumerate().all(|(other, weaker)| other == index || weaker * ALONE <= power);
    is_alone.then_some((index, power))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::g711::Law;

    /// Amplitude of a sine of 0 dBm0: 3.14 dB below the loudest that G.711 carries.
    const ZERO_DBM0: f32 = 22_826.0;

    /// Numbers that are random enough and the same each time.
    struct Dice(u64);

    impl Dice {
        fn between(&mut self, low: f32, high: f32) -> f32 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            low + (high - low) * ((self.0 >> 33) as f32 / (1_u64 << 31) as f32)
        }
    }

    fn key(dice: &mut Dice, digit: Digit, ms: f32, dbm0: f32) -> Vec<i16> {
        let (low, high) = digit.frequencies_hz();
        let amplitude = ZERO_DBM0 * 10_f32.powf(dbm0 / 20.0);
        let twist = 10_f32.powf(dice.between(-2.0, 2.0) / 40.0);
        let phases = [dice.between(0.0, core::f32::consts::TAU), dice.between(0.0, core::f32::consts::TAU)];
        let turn =
            |n: usize, hz: u16, phase: f32| (core::f32::consts::TAU * f32::from(hz) * n as f32 / 8_000.0 + phase).sin();
        (0..(ms * 8.0) as usize)
            .map(|n| (amplitude * (turn(n, low, phases[0]) * twist + turn(n, high, phases[1]) / twist)) as i16)
            .collect()
    }

    #[test]
    fn a_thousand_keys_of_any_length_and_loudness_are_heard_once_each() {
        let mut dice = Dice(7);
        for law in [Law::A, Law::Mu] {
            let (mut detector, mut pressed, mut heard) = (InBand::default(), String::new(), String::new());
            for _ in 0..1_000 {
                let digit = Digit::from_code(dice.between(0.0, 15.99) as u8).unwrap();
                pressed.push(digit.as_char());
                let (ms, dbm0) = (dice.between(50.0, 200.0), dice.between(-25.0, -5.0));
                let mut audio = key(&mut dice, digit, ms, dbm0);
                audio.extend(vec![0; (dice.between(50.0, 300.0) * 8.0) as usize]);
                let carried: Vec<i16> = audio.into_iter().map(|sample| law.decode(law.encode(sample))).collect();
                for packet in carried.chunks(160) {
                    heard.extend(detector.hear(packet.iter().copied()).map(Digit::as_char));
                }
            }
            assert!(heard == pressed, "{law:?}: {} of {}", heard.len(), pressed.len());
        }
    }

    #[test]
    fn a_single_tone_noise_and_three_tones_are_no_key() {
        let tones = |hz: &[f32]| -> Vec<i16> {
            let turn = |n: usize, hz: f32| (core::f32::consts::TAU * hz * n as f32 / 8_000.0).sin();
            (0..8_000).map(|n| hz.iter().map(|hz| 5_000.0 * turn(n, *hz)).sum::<f32>() as i16).collect()
        };
        let mut dice = Dice(1);
        let noise: Vec<i16> = (0..80_000).map(|_| dice.between(-12_000.0, 12_000.0) as i16).collect();
        for audio in [tones(&[697.0]), tones(&[425.0]), tones(&[697.0, 770.0, 1_209.0]), tones(&[350.0, 440.0]), noise]
        {
            assert_eq!(InBand::default().hear(audio), None);
        }
    }
}
