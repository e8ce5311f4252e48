//! Comfort noise (RFC 3389): how a leg that sends nothing while nobody speaks wants to be heard meanwhile.
//!
//! Its level is kept, its colour is not: the noise is white. The same payloads make the same samples.

/// Static payload type of comfort noise at 8 kHz.
pub const PAYLOAD_TYPE: u8 = 13;
/// No louder than a street: a leg that says 0 dBov would hurt.
const LOUDEST_DBOV: f32 = -30.0;
/// The level is in the first byte, without its highest bit (RFC 3389 §3).
const LEVEL: u8 = 0x7f;

/// The noise of one direction; silent until a payload has told of it.
#[derive(Debug, Clone, Default)]
pub struct Noise {
    /// Largest sample; none while there is no noise.
    amplitude: Option<i32>,
    /// Of the generator; goes on from one noise to the next.
    state: u32,
}

impl Noise {
    /// Begins or changes, as a payload of RFC 3389 says. One that is empty says nothing.
    pub fn begin(&mut self, payload: &[u8]) {
        let Some(first) = payload.first() else { return };
        let dbov = (-f32::from(first & LEVEL)).min(LOUDEST_DBOV);
        // Of an even distribution the largest sample is √3 times the mean.
        let largest = 10_f32.powf(dbov / 20.0) * f32::from(i16::MAX) * 3_f32.sqrt();
        self.amplitude = Some(largest.round() as i32);
    }

    /// The leg speaks, or is not heard any more.
    pub fn end(&mut self) {
        self.amplitude = None;
    }

    /// Whether there is noise.
    pub fn is_on(&self) -> bool {
        self.amplitude.is_some()
    }

    /// Makes the next samples; zeros where there is no noise.
    pub fn fill(&mut self, samples: &mut [i16]) {
        let amplitude = self.amplitude.unwrap_or_default();
        for sample in samples {
            // Numerical Recipes' generator; its upper half is even enough for an ear.
            self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let even = i32::from((self.state >> 16) as i16);
            *sample = ((even * amplitude) >> 15) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level;

    fn dbov(payload: &[u8]) -> f32 {
        let mut noise = Noise::default();
        noise.begin(payload);
        let mut samples = [0; 8_000];
        noise.fill(&mut samples);
        level::dbov(level::energy(&samples), samples.len())
    }

    #[test]
    fn noise_has_the_level_that_was_told() {
        for level in [40_u8, 50, 60, 70] {
            // The rest of the payload is the noise's colour.
            let heard = dbov(&[level, 0x80, 0x40]);
            assert!((heard + f32::from(level)).abs() < 1.0, "{level}: {heard}");
        }
        assert!(dbov(&[0]) < -29.0, "nobody is hurt");
        assert!(dbov(&[127]) < -90.0);
    }

    #[test]
    fn what_says_nothing_changes_nothing() {
        let mut noise = Noise::default();
        noise.begin(&[]);
        assert!(!noise.is_on());
        let mut samples = [7; 4];
        noise.fill(&mut samples);
        assert_eq!(samples, [0; 4]);
        noise.begin(&[50]);
        noise.begin(&[]);
        assert!(noise.is_on());
        noise.end();
        assert!(!noise.is_on());
    }
}
