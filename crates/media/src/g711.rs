//! G.711 (ITU-T): µ-law (PCMU) and A-law (PCMA) at 8 kHz, one byte per sample, both ways, and the
//! energy of encoded audio by table.

/// Samples per second of both laws; also their RTP clock.
pub const RATE_HZ: u32 = 8_000;

/// The µ-law byte of digital silence.
pub const ULAW_SILENCE: u8 = 0xff;

/// The A-law byte of digital silence.
pub const ALAW_SILENCE: u8 = 0xd5;

/// Which of the two companding laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// PCMU, static payload type 0.
    Mu,
    /// PCMA, static payload type 8.
    A,
}

impl Law {
    /// The linear sample of an encoded byte.
    pub fn decode(self, byte: u8) -> i16 {
        // A table of 256 entries holds every byte, so this index cannot miss.
        match self {
            Self::Mu => ULAW_TO_LINEAR[usize::from(byte)],
            Self::A => ALAW_TO_LINEAR[usize::from(byte)],
        }
    }

    /// The encoded byte nearest to a linear sample.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Mu => ulaw_from_linear(sample),
            Self::A => alaw_from_linear(sample),
        }
    }

    /// The byte of digital silence.
    pub fn silence(self) -> u8 {
        match self {
            Self::Mu => ULAW_SILENCE,
            Self::A => ALAW_SILENCE,
        }
    }

    /// Sum of the squared samples of encoded audio, without decoding it.
    pub fn energy(self, payload: &[u8]) -> u64 {
        let table = match self {
            Self::Mu => &ULAW_SQUARED,
            Self::A => &ALAW_SQUARED,
        };
        payload.iter().map(|byte| u64::from(table[usize::from(*byte)])).sum()
    }
}

static ULAW_TO_LINEAR: [i16; 256] = table(true);
static ALAW_TO_LINEAR: [i16; 256] = table(false);
static ULAW_SQUARED: [u32; 256] = squares(&table(true));
static ALAW_SQUARED: [u32; 256] = squares(&table(false));

const fn table(mu: bool) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = if mu { linear_from_ulaw(byte as u8) } else { linear_from_alaw(byte as u8) };
        byte += 1;
    }
    table
}

const fn squares(linear: &[i16; 256]) -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let sample = linear[byte] as i32;
        table[byte] = (sample * sample) as u32;
        byte += 1;
    }
    table
}

/// Added to the magnitude so that every µ-law segment begins at a power of two.
const ULAW_BIAS: i16 = 0x84;

/// Largest magnitude that µ-law can hold after the bias.
const ULAW_CLIP: u16 = 32_635;

const fn linear_from_ulaw(byte: u8) -> i16 {
    let byte = !byte;
    let exponent = (byte >> 4) & 0x07;
    let mantissa = (byte & 0x0f) as i16;
    let magnitude = (((mantissa << 3) + ULAW_BIAS) << exponent) - ULAW_BIAS;
    if byte & 0x80 != 0 { -magnitude } else { magnitude }
}

const fn linear_from_alaw(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let exponent = (byte >> 4) & 0x07;
    let mantissa = ((byte & 0x0f) as i16) << 4;
    let magnitude = if exponent == 0 { mantissa + 8 } else { (mantissa + 0x108) << (exponent - 1) };
    if byte & 0x80 != 0 { magnitude } else { -magnitude }
}

fn ulaw_from_linear(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = sample.unsigned_abs().min(ULAW_CLIP) + ULAW_BIAS as u16;
    let exponent = 8 - magnitude.leading_zeros();
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | (exponent as u8) << 4 | mantissa as u8)
}

fn alaw_from_linear(sample: i16) -> u8 {
    let (sign, magnitude) = if sample < 0 { (0, !sample as u16) } else { (0x80, sample as u16) };
    let code = if magnitude < 256 {
        magnitude >> 4
    } else {
        let exponent = 8 - magnitude.leading_zeros();
        (exponent as u16) << 4 | ((magnitude >> (exponent + 3)) & 0x0f)
    };
    (code as u8 | sign) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        for byte in 0..=255 {
            assert_eq!(Law::A.encode(Law::A.decode(byte)), byte);
            // µ-law has a negative zero (0x7f) that linear samples do not.
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(Law::Mu.encode(Law::Mu.decode(byte)), expected);
        }
    }

    #[test]
    fn known_points_of_the_recommendation_hold() {
        assert_eq!((Law::Mu.decode(0x00), Law::Mu.decode(0x80)), (-32_124, 32_124));
        assert_eq!((Law::A.decode(0x2a), Law::A.decode(0xaa)), (-32_256, 32_256));
        assert_eq!((Law::Mu.encode(0), Law::A.encode(0)), (ULAW_SILENCE, ALAW_SILENCE));
    }

    #[test]
    fn error_stays_within_a_segment_step_for_every_sample() {
        for sample in i16::MIN..=i16::MAX {
            for law in [Law::Mu, Law::A] {
                let error = i32::from(law.decode(law.encode(sample))) - i32::from(sample);
                let step = 16.max(i32::from(sample).abs() / 16);
                assert!(error.abs() <= step, "{law:?} {sample} is off by {error}");
            }
        }
    }

    #[test]
    fn energy_of_bytes_is_energy_of_their_samples() {
        for law in [Law::Mu, Law::A] {
            let bytes: Vec<u8> = (0..=255).collect();
            let samples: Vec<i16> = bytes.iter().map(|byte| law.decode(*byte)).collect();
            assert_eq!(law.energy(&bytes), crate::level::energy(&samples));
        }
    }
}
