//! WAV files: reading prompts (16-bit PCM, G.711; any channels, mixed to one) and writing 16-bit
//! PCM. Sizes that streaming writers leave open are cut to what is there.

use thiserror::Error;

use crate::g711::Law;

/// Longest audio that is read: an hour at 48 kHz, beyond any prompt and within 350 MB.
const MAX_SAMPLES: usize = 3_600 * 48_000;

/// Rates that are read.
const RATES_HZ: core::ops::RangeInclusive<u32> = 4_000..=192_000;

/// Why a file is not usable as a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WavError {
    /// No RIFF/WAVE header, or cut off within a chunk that is needed.
    #[error("not a WAV file")]
    NotWav,
    /// Neither 16-bit PCM nor G.711.
    #[error("WAV encoding is not supported: use 16-bit PCM")]
    Encoding,
    /// No channels, or a sampling rate outside 4 to 192 kHz.
    #[error("WAV has no channels or an impossible sampling rate")]
    Format,
    /// More than an hour at 48 kHz.
    #[error("WAV is too long")]
    TooLong,
}

/// Audio read from a file, mixed to one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wav {
    /// Samples per second.
    pub rate_hz: u32,
    /// Linear samples.
    pub samples: Vec<i16>,
}

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Pcm16,
    G711(Law),
}

#[derive(Debug, Clone, Copy)]
struct Format {
    encoding: Encoding,
    channels: usize,
    rate_hz: u32,
}

/// Reads a file.
pub fn parse(bytes: &[u8]) -> Result<Wav, WavError> {
    let (riff, mut rest) = bytes.split_first_chunk::<12>().ok_or(WavError::NotWav)?;
    if !riff.starts_with(b"RIFF") || !riff.ends_with(b"WAVE") {
        return Err(WavError::NotWav);
    }
    let mut format = None;
    loop {
        let (head, body) = rest.split_first_chunk::<8>().ok_or(WavError::NotWav)?;
        let [i0, i1, i2, i3, l0, l1, l2, l3] = *head;
        let len = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        match &[i0, i1, i2, i3] {
            b"fmt " => format = Some(parse_format(body.get(..len).ok_or(WavError::NotWav)?)?),
            b"data" => {
                let format = format.ok_or(WavError::NotWav)?;
                return decode(format, body.get(..len).unwrap_or(body));
            }
            _ => {}
        }
        // Chunks begin at even offsets.
        rest = body.get(len.saturating_add(len % 2)..).ok_or(WavError::NotWav)?;
    }
}

fn parse_format(body: &[u8]) -> Result<Format, WavError> {
    let [t0, t1, c0, c1, r0, r1, r2, r3, _, _, _, _, _, _, b0, b1] =
        *body.first_chunk::<16>().ok_or(WavError::NotWav)?;
    let mut tag = u16::from_le_bytes([t0, t1]);
    if tag == 0xfffe {
        // WAVE_FORMAT_EXTENSIBLE: the tag is the beginning of the sub-format.
        let sub_format = body.get(24..26).and_then(|bytes| bytes.first_chunk::<2>());
        tag = u16::from_le_bytes(*sub_format.ok_or(WavError::NotWav)?);
    }
    let encoding = match (tag, u16::from_le_bytes([b0, b1])) {
        (1, 16) => Encoding::Pcm16,
        (6, 8) => Encoding::G711(Law::A),
        (7, 8) => Encoding::G711(Law::Mu),
        _ => return Err(WavError::Encoding),
    };
    let channels = usize::from(u16::from_le_bytes([c0, c1]));
    let rate_hz = u32::from_le_bytes([r0, r1, r2, r3]);
    if channels == 0 || !RATES_HZ.contains(&rate_hz) {
        return Err(WavError::Format);
    }
    Ok(Format { encoding, channels, rate_hz })
}

fn decode(format: Format, data: &[u8]) -> Result<Wav, WavError> {
    let bytes_per_sample = if matches!(format.encoding, Encoding::Pcm16) { 2 } else { 1 };
    let frame_len = bytes_per_sample * format.channels;
    if data.len() / frame_len > MAX_SAMPLES {
        return Err(WavError::TooLong);
    }
    let samples = data.chunks_exact(frame_len).map(|frame| mix(format, frame)).collect();
    Ok(Wav { rate_hz: format.rate_hz, samples })
}

/// The mean of a frame's channels.
fn mix(format: Format, frame: &[u8]) -> i16 {
    let sum: i64 = match format.encoding {
        Encoding::Pcm16 => frame.as_chunks::<2>().0.iter().map(|sample| i64::from(i16::from_le_bytes(*sample))).sum(),
        Encoding::G711(law) => frame.iter().map(|byte| i64::from(law.decode(*byte))).sum(),
    };
    (sum / format.channels as i64) as i16
}

/// A 16-bit PCM file of interleaved samples; `channels` is 1 or 2.
pub fn write(rate_hz: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let data_len = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let frame_len = u32::from(channels) * 2;
    let mut out = Vec::with_capacity(44 + samples.len() * 2);
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&data_len.saturating_add(36).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16_u32.to_le_bytes());
    out.extend_from_slice(&1_u16.to_le_bytes());
    out.extend_from_slice(&channels.to_le_bytes());
    out.extend_from_slice(&rate_hz.to_le_bytes());
    out.extend_from_slice(&rate_hz.saturating_mul(frame_len).to_le_bytes());
    out.extend_from_slice(&(frame_len as u16).to_le_bytes());
    out.extend_from_slice(&16_u16.to_le_bytes());
    out.extend_from_slice(b"data");
    out.extend_from_slice(&data_len.to_le_bytes());
    out.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let samples = vec![0, 1, -1, i16::MAX, i16::MIN];
        let wav = parse(&write(22_050, 1, &samples));
        assert_eq!(wav, Ok(Wav { rate_hz: 22_050, samples }));
    }

    #[test]
    fn channels_are_mixed_to_one() {
        let wav = parse(&write(8_000, 2, &[100, 200, i16::MIN, i16::MIN, 7]));
        assert_eq!(wav.map(|wav| wav.samples), Ok(vec![150, i16::MIN]));
    }

    #[test]
    fn a_streaming_writers_open_size_and_foreign_chunks_are_read() {
        let mut bytes = write(22_050, 1, &[1, 2, 3]);
        bytes[40..44].copy_from_slice(&0x7fff_f000_u32.to_le_bytes());
        let list = [&b"LIST"[..], &3_u32.to_le_bytes(), b"abc\0"].concat();
        bytes.splice(12..12, list);
        assert_eq!(parse(&bytes).map(|wav| wav.samples), Ok(vec![1, 2, 3]));
    }

    #[test]
    fn companded_files_are_decoded() {
        let mut bytes = write(8_000, 1, &[]);
        (bytes[20], bytes[34]) = (6, 8);
        bytes.push(0xd5);
        bytes[40] = 1;
        assert_eq!(parse(&bytes).map(|wav| wav.samples), Ok(vec![8]));
    }

    #[test]
    fn what_is_no_prompt_is_refused_with_its_reason() {
        let good = write(8_000, 1, &[1]);
        let with = |index: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[index] = value;
            parse(&bytes)
        };
        assert_eq!(with(0, b'X'), Err(WavError::NotWav));
        assert_eq!(with(20, 3), Err(WavError::Encoding));
        assert_eq!(with(22, 0), Err(WavError::Format));
        assert_eq!(with(25, 0), Err(WavError::Format), "64 Hz");
        assert_eq!(parse(&good[..30]), Err(WavError::NotWav));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_after_the_header_are_survived(tail in proptest::collection::vec(proptest::num::u8::ANY, 0..120)) {
            let _ = parse(&[&b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0"[..], &tail].concat());
        }
    }
}
