//! The codecs of a leg, and encoding and decoding of single frames.

use thiserror::Error;

use crate::{FRAME_MS, g711::Law};

/// An audio codec as agreed in SDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722 at 64 kbit/s.
    G722,
    /// Opus (RFC 7587), mono.
    Opus,
}

impl Codec {
    /// Every codec.
    pub const ALL: [Self; 4] = [Self::Pcmu, Self::Pcma, Self::G722, Self::Opus];

    /// RTP clock in hertz; G.722 counts at 8 kHz although it samples at 16 (RFC 3551 §4.5.2), Opus at 48 kHz
    /// whatever rate it is opened at (RFC 7587 §4.1).
    pub fn clock_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// Clock units of one 20 ms frame: 160 or 960.
    pub fn frame_units(self) -> u32 {
        self.clock_hz() * FRAME_MS / 1_000
    }

    /// The companding law, for G.711.
    pub fn law(self) -> Option<Law> {
        match self {
            Self::Pcmu => Some(Law::Mu),
            Self::Pcma => Some(Law::A),
            Self::G722 | Self::Opus => None,
        }
    }

    /// The best rate of audio that it carries.
    pub fn best_rate(self) -> Rate {
        match self {
            Self::Pcmu | Self::Pcma => Rate::Narrow,
            Self::G722 | Self::Opus => Rate::Wide,
        }
    }

    /// Clock units of a payload as far as that can be told cheaply: G.711 and G.722 have one unit per
    /// byte, Opus counts as one frame.
    pub fn payload_units(self, payload_len: usize) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => u32::try_from(payload_len).unwrap_or(self.frame_units()),
            Self::Opus => self.frame_units(),
        }
    }
}

/// Sampling rate of linear audio inside the crate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// 8 kHz: G.711 and everything bridged to it.
    Narrow,
    /// 16 kHz: prompts and tones towards wideband legs.
    Wide,
}

impl Rate {
    /// Samples per second.
    pub fn hz(self) -> u32 {
        match self {
            Self::Narrow => 8_000,
            Self::Wide => 16_000,
        }
    }

    /// Samples of one 20 ms frame.
    pub fn frame_len(self) -> usize {
        match self {
            Self::Narrow => 160,
            Self::Wide => 320,
        }
    }
}

/// Samples of the longest frame at any [`Rate`].
pub const MAX_FRAME_LEN: usize = 320;

/// Why a frame was not encoded or decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodecError {
    /// The crate was built without the feature of this codec.
    #[error("built without this codec")]
    Unsupported,
    /// The library refused the frame or could not start.
    #[error("Opus refused the frame")]
    Opus,
}

/// Encodes frames of one outgoing direction.
#[derive(Debug)]
pub struct Encoder {
    codec: Codec,
    #[cfg(feature = "opus")]
    opus: Option<(Rate, crate::opus::Encoder)>,
    /// Of a hundred packets.
    #[cfg(feature = "opus")]
    expected_loss: u8,
    #[cfg(feature = "opus")]
    most_bps: Option<u32>,
    #[cfg(feature = "g722")]
    g722: Option<Box<crate::g722::Encoder>>,
}

impl Encoder {
    /// An encoder that opens libopus only when the first frame needs it.
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            #[cfg(feature = "opus")]
            opus: None,
            #[cfg(feature = "opus")]
            expected_loss: 0,
            #[cfg(feature = "opus")]
            most_bps: None,
            #[cfg(feature = "g722")]
            g722: None,
        }
    }

    /// So many of a hundred packets get lost, which Opus provides for.
    #[cfg_attr(not(feature = "opus"), expect(unused_variables, reason = "the others can't"))]
    pub fn expect_loss(&mut self, percent: u8) {
        #[cfg(feature = "opus")]
        if self.expected_loss != percent {
            self.expected_loss = percent;
            if let Some((_, encoder)) = &mut self.opus {
                // An encoder that refuses goes on with what it expected before.
                let _ = encoder.expect_loss(percent);
            }
        }
    }

    /// Opus takes no more bits per second than this.
    #[cfg_attr(not(feature = "opus"), expect(unused_variables, reason = "the others can't"))]
    pub fn limit(&mut self, most_bps: Option<u32>) {
        #[cfg(feature = "opus")]
        if self.most_bps != most_bps {
            self.most_bps = most_bps;
            if let Some((_, encoder)) = &mut self.opus {
                // An encoder that refuses goes on as before.
                let _ = encoder.limit(most_bps);
            }
        }
    }

    #[cfg(all(test, feature = "opus"))]
    pub(crate) fn expected_loss(&mut self) -> Option<i32> {
        self.opus.as_mut()?.1.expected_loss()
    }

    /// Encodes one 20 ms frame and appends it to `out`. G.711 takes 8 kHz: every second sample of
    /// wider audio is left out, so callers should not pass it.
    pub fn encode(&mut self, rate: Rate, samples: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        match self.codec.law() {
            Some(law) => {
                let step = if rate == Rate::Wide { 2 } else { 1 };
                out.extend(samples.iter().step_by(step).map(|sample| law.encode(*sample)));
                Ok(())
            }
            None if self.codec == Codec::G722 => self.encode_g722(rate, samples, out),
            None => self.encode_opus(rate, samples, out),
        }
    }

    #[cfg(feature = "g722")]
    fn encode_g722(&mut self, rate: Rate, samples: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        self.g722.get_or_insert_default().encode(rate, samples, out);
        Ok(())
    }

    #[cfg(not(feature = "g722"))]
    fn encode_g722(&mut self, _: Rate, _: &[i16], _: &mut Vec<u8>) -> Result<(), CodecError> {
        Err(CodecError::Unsupported)
    }

    #[cfg(feature = "opus")]
    fn encode_opus(&mut self, rate: Rate, samples: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        if self.opus.as_ref().is_none_or(|(open, _)| *open != rate) {
            let mut encoder = crate::opus::Encoder::new(rate)?;
            encoder.expect_loss(self.expected_loss)?;
            encoder.limit(self.most_bps)?;
            self.opus = Some((rate, encoder));
        }
        let (_, encoder) = self.opus.as_mut().ok_or(CodecError::Opus)?;
        encoder.encode(samples, out)
    }

    #[cfg(not(feature = "opus"))]
    fn encode_opus(&mut self, _: Rate, _: &[i16], _: &mut Vec<u8>) -> Result<(), CodecError> {
        Err(CodecError::Unsupported)
    }
}
