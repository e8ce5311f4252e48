//! Opus through libopus, at the settings that telephone speech needs: mono, 24 kbit/s,
//! complexity 5, in-band FEC. Opened at 8 kHz towards G.711, so that no resampler is needed.

use ::opus as libopus;

use crate::codec::{CodecError, Rate};

/// Bits per second: speech stays transparent, FEC included.
const BITRATE: i32 = 24_000;

/// Of 0 to 10; above 5 the cost doubles and the ear does not follow.
const COMPLEXITY: i32 = 5;

/// Loss in percent that the encoder prepares for; FEC is written only when it expects some.
const EXPECTED_LOSS_PERCENT: i32 = 5;

/// Bytes of the largest frame at our bit rate, with room for the encoder's excess.
const MAX_ENCODED_LEN: usize = 400;

impl From<libopus::Error> for CodecError {
    fn from(_: libopus::Error) -> Self {
        Self::Opus
    }
}

/// An encoder at one sampling rate.
#[derive(Debug)]
pub struct Encoder(libopus::Encoder);

impl Encoder {
    /// Opens libopus.
    pub fn new(rate: Rate) -> Result<Self, CodecError> {
        let mut encoder = libopus::Encoder::new(
            rate.hz(),
            libopus::Channels::Mono,
            libopus::Application::Voip,
        )?;
        encoder.set_bitrate(libopus::Bitrate::Bits(BITRATE))?;
        encoder.set_complexity(COMPLEXITY)?;
        encoder.set_inband_fec(true)?;
        encoder.set_packet_loss_perc(EXPECTED_LOSS_PERCENT)?;
        encoder.set_signal(libopus::Signal::Voice)?;
        Ok(Self(encoder))
    }

    /// Appends one encoded frame to `out`.
    pub fn encode(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        let start = out.len();
        out.resize(start + MAX_ENCODED_LEN, 0);
        let room = out.get_mut(start..).unwrap_or_default();
        let result = self.0.encode(samples, room);
        out.truncate(start + result.as_ref().map_or(0, |len| *len));
        result.map(|_| ()).map_err(CodecError::from)
    }
}
