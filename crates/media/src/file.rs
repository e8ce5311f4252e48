//! Audio files of any common kind into samples: WAV, MP3, Ogg with Vorbis or Opus, told apart by their bytes.
//!
//! Whole files in memory, because prompts are short and players of them many; call it off the media thread. 16-bit PCM and
//! G.711 are [`crate::wav`]'s, Opus packets go to our own libopus, the rest is symphonia's. What a file says about itself
//! besides its audio (titles, covers) is skipped.

use std::io::Cursor;

use symphonia::core::{
    codecs::audio::{AudioCodecParameters, AudioDecoderOptions, well_known::CODEC_ID_OPUS},
    errors::Error,
    formats::{FormatOptions, FormatReader, TrackType, probe::Hint},
    io::MediaSourceStream,
    meta::MetadataOptions,
};
use thiserror::Error as ThisError;

use crate::{
    codec::Rate,
    opus,
    wav::{self, WavError},
};

/// Longest audio that is read, in seconds: hold music with room to spare, and 115 MB while it is read.
pub const MAX_SECONDS: u32 = 1_200;

/// Rates that are read.
const RATES_HZ: core::ops::RangeInclusive<u32> = 4_000..=192_000;

/// Of a file of a higher rate less is read: the bound is one of memory.
const MAX_RATE_HZ: u32 = 48_000;

/// An Opus header's place for the samples to skip at the beginning, at 48 kHz (RFC 7845 §5.1).
const PRE_SKIP: core::ops::Range<usize> = 10..12;
/// Per sample at 16 kHz.
const OPUS_TICKS: usize = 3;

/// Why a file can't be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
pub enum FileError {
    /// Not a kind that is read.
    #[error("neither WAV, MP3 nor Ogg")]
    Unknown,
    /// The kind is known and what it holds is not.
    #[error("its encoding is not supported")]
    Encoding,
    /// It holds no audio.
    #[error("no audio in it")]
    Empty,
    /// More than [`MAX_SECONDS`].
    #[error("longer than 20 minutes")]
    TooLong,
}

/// Audio of a file, mixed to one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// Samples per second.
    pub rate_hz: u32,
    /// Linear samples; at least one.
    pub samples: Vec<i16>,
}

/// Reads a file. A damaged part in the middle is left out.
///
/// # Errors
/// It is no audio file that is known, holds none, or too much of it.
pub fn read(bytes: Vec<u8>) -> Result<Audio, FileError> {
    if bytes.starts_with(b"RIFF") {
        match wav::parse(&bytes) {
            Ok(wav) => return finish(wav.rate_hz, wav.samples),
            Err(WavError::TooLong) => return Err(FileError::TooLong),
            // Other sample formats.
            Err(_) => {}
        }
    }
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let (format, metadata) = (FormatOptions::default(), MetadataOptions::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, format, metadata)
        .map_err(|_| FileError::Unknown)?;
    let track = format.default_track(TrackType::Audio).ok_or(FileError::Empty)?;
    let id = track.id;
    let params = track.codec_params.as_ref().and_then(|params| params.audio()).ok_or(FileError::Encoding)?.clone();
    if params.codec == CODEC_ID_OPUS {
        read_opus(format.as_mut(), id, &params)
    } else {
        read_other(format.as_mut(), id, &params)
    }
}

fn read_other(format: &mut dyn FormatReader, id: u32, params: &AudioCodecParameters) -> Result<Audio, FileError> {
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .map_err(|_| FileError::Encoding)?;
    let (mut rate_hz, mut samples, mut frames) = (0, Vec::new(), Vec::<i16>::new());
    while let Some(packet) = next(format, id) {
        let audio = match decoder.decode(&packet) {
            Ok(audio) => audio,
            Err(Error::DecodeError(_)) => continue,
            Err(_) => break,
        };
        let spec = audio.spec();
        // Nobody changes it within a file; one that does ends there.
        if rate_hz != 0 && spec.rate() != rate_hz {
            break;
        }
        rate_hz = spec.rate();
        // Before anything is kept: how much may be kept goes by it.
        if !RATES_HZ.contains(&rate_hz) {
            return Err(FileError::Encoding);
        }
        let channels = spec.channels().count().max(1);
        audio.copy_to_vec_interleaved(&mut frames);
        samples.extend(frames.chunks_exact(channels).map(mean));
        check_len(rate_hz, samples.len())?;
    }
    finish(rate_hz, samples)
}

fn read_opus(format: &mut dyn FormatReader, id: u32, params: &AudioCodecParameters) -> Result<Audio, FileError> {
    let mut decoder = opus::Decoder::new(Rate::Wide).map_err(|_| FileError::Encoding)?;
    let header = params.extra_data.as_deref().and_then(|header| header.get(PRE_SKIP)?.first_chunk::<2>().copied());
    let pre_skip = usize::from(u16::from_le_bytes(header.unwrap_or_default())) / OPUS_TICKS;
    let mut samples = Vec::new();
    while let Some(packet) = next(format, id) {
        // An empty packet would be made up instead of read; a broken one is left out.
        if !packet.data.is_empty() {
            let _ = decoder.decode(&packet.data, &mut samples);
        }
        check_len(Rate::Wide.hz(), samples.len())?;
    }
    samples.drain(..pre_skip.min(samples.len()));
    finish(Rate::Wide.hz(), samples)
}

/// The next packet of the track; none at the end, which a file that is cut off has too.
fn next(format: &mut dyn FormatReader, id: u32) -> Option<symphonia::core::packet::Packet> {
    loop {
        let packet = format.next_packet().ok().flatten()?;
        if packet.track_id == id {
            return Some(packet);
        }
    }
}

fn check_len(rate_hz: u32, len: usize) -> Result<(), FileError> {
    let most = u64::from(rate_hz.min(MAX_RATE_HZ)) * u64::from(MAX_SECONDS);
    if len as u64 > most { Err(FileError::TooLong) } else { Ok(()) }
}

fn finish(rate_hz: u32, samples: Vec<i16>) -> Result<Audio, FileError> {
    if samples.is_empty() {
        return Err(FileError::Empty);
    }
    if !RATES_HZ.contains(&rate_hz) {
        return Err(FileError::Encoding);
    }
    check_len(rate_hz, samples.len())?;
    Ok(Audio { rate_hz, samples })
}

/// The channels of a frame as one.
fn mean(frame: &[i16]) -> i16 {
    let sum: i32 = frame.iter().map(|sample| i32::from(*sample)).sum();
    i32::try_from(frame.len()).ok().and_then(|count| i16::try_from(sum.checked_div(count)?).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::amplitude_at;

    /// A second of 440 Hz at amplitude 8,000, made of one WAV file by lame (with an ID3 tag), opusenc and oggenc.
    const MP3: &[u8] = include_bytes!("../tests/files/sine.mp3");
    const OPUS: &[u8] = include_bytes!("../tests/files/sine.opus");
    const VORBIS: &[u8] = include_bytes!("../tests/files/sine.ogg");
    const WAV_24: &[u8] = include_bytes!("../tests/files/sine24.wav");

    #[test]
    fn every_kind_is_read_by_its_bytes() {
        for (kind, bytes) in [("mp3", MP3), ("opus", OPUS), ("vorbis", VORBIS), ("24-bit wav", WAV_24)] {
            let audio = read(bytes.to_vec()).unwrap_or_else(|error| panic!("{kind}: {error}"));
            let ms = audio.samples.len() as u64 * 1_000 / u64::from(audio.rate_hz);
            assert!((980..=1_100).contains(&ms), "{kind} lasts {ms} ms");
            let middle = &audio.samples[audio.samples.len() / 4..audio.samples.len() * 3 / 4];
            let heard = amplitude_at(middle, 440.0, audio.rate_hz);
            assert!((7_000.0..9_000.0).contains(&heard), "{kind} at {heard}");
        }
    }

    #[test]
    fn how_much_is_read_does_not_go_by_a_rate_that_no_file_has() {
        let mut claims = VORBIS.to_vec();
        let header = claims.windows(7).position(|bytes| bytes == b"\x01vorbis").unwrap();
        // Vorbis I §4.2.2: version, channels, then the rate.
        claims[header + 12..header + 16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(read(claims).is_err());
        assert_eq!(check_len(192_000, 48_000 * MAX_SECONDS as usize + 1), Err(FileError::TooLong));
    }

    #[test]
    fn our_own_wav_files_are_read() {
        let audio = read(wav::write(16_000, 1, &[100; 1_600])).unwrap();
        assert_eq!((audio.rate_hz, audio.samples.len()), (16_000, 1_600));
    }

    #[test]
    fn what_is_no_audio_is_refused() {
        for bytes in [&b""[..], b"RIFF", b"<html>not found</html>", &[0; 4_096], b"OggS", b"ID3\x04"] {
            assert_eq!(read(bytes.to_vec()), Err(FileError::Unknown), "{bytes:?}");
        }
        assert_eq!(read(wav::write(8_000, 1, &[])), Err(FileError::Empty));
    }

    #[test]
    fn what_is_too_long_is_refused() {
        let samples = vec![0; (MAX_SECONDS * 4_000 + 1) as usize];
        assert_eq!(read(wav::write(4_000, 1, &samples)), Err(FileError::TooLong));
    }

    #[test]
    fn damaged_files_make_no_panic() {
        for whole in [MP3, OPUS, VORBIS, WAV_24] {
            for at in (0..whole.len()).step_by(whole.len() / 200 + 1) {
                let _ = read(whole[..at].to_vec());
                let mut changed = whole.to_vec();
                changed[at] ^= 0xff;
                let _ = read(changed);
            }
        }
    }
}
