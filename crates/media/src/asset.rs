//! Audio to be played: linear samples prepared once, shared by every call that plays them.
//!
//! Holds 8 kHz always and 16 kHz when it was made from wider audio. Encoded forms are cached, so
//! that hold music for a hundred callers costs a copy per frame. Reading files is [`crate::wav`]'s.

use std::sync::OnceLock;

use crate::{
    codec::{Codec, Encoder, Rate},
    g711::Law,
    resample::resample,
    wav::{self, WavError},
};

/// Samples that were prepared for playing.
#[derive(Debug)]
pub struct Asset {
    narrow: Vec<i16>,
    wide: Option<Vec<i16>>,
    ulaw: OnceLock<Vec<u8>>,
    alaw: OnceLock<Vec<u8>>,
    opus: OnceLock<Vec<Vec<u8>>>,
}

impl Asset {
    /// Audio at 8 kHz.
    pub fn from_narrow(samples: Vec<i16>) -> Self {
        Self::new(samples, None)
    }

    /// Audio that is at hand at both 8 and 16 kHz.
    pub fn from_narrow_and_wide(narrow: Vec<i16>, wide: Vec<i16>) -> Self {
        Self::new(narrow, Some(wide))
    }

    /// Audio at any rate, resampled here: call it off the media thread.
    pub fn from_samples(rate_hz: u32, samples: &[i16]) -> Self {
        let narrow = resample(samples, rate_hz, Rate::Narrow.hz());
        if rate_hz < Rate::Wide.hz() {
            return Self::new(narrow, None);
        }
        Self::new(narrow, Some(resample(samples, rate_hz, Rate::Wide.hz())))
    }

    /// The audio of a WAV file.
    pub fn from_wav(bytes: &[u8]) -> Result<Self, WavError> {
        let file = wav::parse(bytes)?;
        Ok(Self::from_samples(file.rate_hz, &file.samples))
    }

    fn new(narrow: Vec<i16>, wide: Option<Vec<i16>>) -> Self {
        Self { narrow, wide, ulaw: OnceLock::new(), alaw: OnceLock::new(), opus: OnceLock::new() }
    }

    /// Length in milliseconds.
    pub fn duration_ms(&self) -> u32 {
        u32::try_from(self.narrow.len() / 8).unwrap_or(u32::MAX)
    }

    /// Samples at 8 kHz.
    pub fn narrow(&self) -> &[i16] {
        &self.narrow
    }

    /// Whole and partial frames of 20 ms.
    pub fn frames_len(&self) -> usize {
        self.narrow.len().div_ceil(Rate::Narrow.frame_len())
    }

    /// Encodes the whole asset for a codec ahead of playing. Takes up to 6 ms per second of audio
    /// for Opus, so call it off the media thread. Without it frames are encoded as they play.
    pub fn prepare(&self, codec: Codec) {
        match codec.law() {
            Some(law) => {
                self.companded(law);
            }
            // Its encoder is cheap, and would have to go on from frame to frame.
            None if codec == Codec::G722 => {}
            None => {
                self.opus.get_or_init(|| self.encode_opus());
            }
        }
    }

    /// Copies frame `index` at the best rate for `codec` into `out`, padded with silence; nothing
    /// past the end.
    pub(crate) fn frame(&self, codec: Codec, index: usize, out: &mut [i16; 320]) -> Option<Rate> {
        let (rate, samples) = match (&self.wide, codec.best_rate()) {
            (Some(wide), Rate::Wide) => (Rate::Wide, wide),
            _ => (Rate::Narrow, &self.narrow),
        };
        if index >= self.frames_len() {
            return None;
        }
        let len = rate.frame_len();
        let start = (index * len).min(samples.len());
        let frame = samples.get(start..(start + len).min(samples.len())).unwrap_or_default();
        out.fill(0);
        out.get_mut(..frame.len())?.copy_from_slice(frame);
        Some(rate)
    }

    /// Frame `index` already encoded, when [`Self::prepare`] was called for the codec.
    pub(crate) fn encoded(&self, codec: Codec, index: usize) -> Option<&[u8]> {
        match codec {
            Codec::Pcmu => companded_frame(self.ulaw.get()?, index),
            Codec::Pcma => companded_frame(self.alaw.get()?, index),
            Codec::G722 => None,
            Codec::Opus => self.opus.get()?.get(index).map(Vec::as_slice),
        }
    }

    fn companded(&self, law: Law) -> &[u8] {
        let cache = match law {
            Law::Mu => &self.ulaw,
            Law::A => &self.alaw,
        };
        cache.get_or_init(|| {
            let mut bytes: Vec<u8> = self.narrow.iter().map(|sample| law.encode(*sample)).collect();
            bytes.resize(self.frames_len() * Rate::Narrow.frame_len(), law.silence());
            bytes
        })
    }

    fn encode_opus(&self) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::new(Codec::Opus);
        let mut samples = [0; 320];
        let mut frames = Vec::with_capacity(self.frames_len());
        while let Some(rate) = self.frame(Codec::Opus, frames.len(), &mut samples) {
            let mut bytes = Vec::new();
            let frame = samples.get(..rate.frame_len()).unwrap_or_default();
            if encoder.encode(rate, frame, &mut bytes).is_err() {
                break;
            }
            frames.push(bytes);
        }
        frames
    }
}

fn companded_frame(bytes: &[u8], index: usize) -> Option<&[u8]> {
    let len = Rate::Narrow.frame_len();
    bytes.get(index * len..(index + 1) * len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_frame_is_padded_and_nothing_follows_it() {
        let asset = Asset::from_narrow(vec![1_000; 200]);
        let mut out = [7; 320];
        assert_eq!((asset.duration_ms(), asset.frames_len()), (25, 2));
        assert_eq!(asset.frame(Codec::Pcmu, 1, &mut out), Some(Rate::Narrow));
        assert_eq!((out[39], out[40]), (1_000, 0));
        assert_eq!(asset.frame(Codec::Pcmu, 2, &mut out), None);
    }

    #[test]
    fn cached_frames_are_what_encoding_on_the_way_gives() {
        let asset = Asset::from_narrow((0..500).map(|n| n * 60).collect());
        assert_eq!(asset.encoded(Codec::Pcma, 0), None);
        asset.prepare(Codec::Pcma);
        let mut samples = [0; 320];
        for index in 0..asset.frames_len() {
            asset.frame(Codec::Pcma, index, &mut samples);
            let mut bytes = Vec::new();
            Encoder::new(Codec::Pcma).encode(Rate::Narrow, &samples[..160], &mut bytes).unwrap();
            assert_eq!(asset.encoded(Codec::Pcma, index), Some(&bytes[..]));
        }
        assert_eq!(asset.encoded(Codec::Pcma, asset.frames_len()), None);
    }

    #[test]
    fn a_file_is_resampled_for_narrow_and_wide_legs() {
        let file = wav::write(22_050, 1, &[100; 22_050]);
        let asset = Asset::from_wav(&file).unwrap();
        assert_eq!((asset.duration_ms(), asset.wide.as_ref().map(Vec::len)), (1_000, Some(16_000)));
        assert!(Asset::from_samples(8_000, &[1; 8]).wide.is_none());
    }

    #[cfg(feature = "opus")]
    #[test]
    fn opus_frames_can_be_prepared() {
        let asset = Asset::from_narrow_and_wide(vec![0; 1_600], vec![0; 3_200]);
        asset.prepare(Codec::Opus);
        assert!(asset.encoded(Codec::Opus, 9).is_some_and(|frame| !frame.is_empty()));
        assert_eq!(asset.encoded(Codec::Opus, 10), None);
    }
}
