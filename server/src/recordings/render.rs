//! Makes what was written during a call into the file that is kept. Reads the disk, so it belongs on a thread that may wait.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use media::recording::{Extent, Mixdown, RATE_HZ, Span, Waveform, samples_in};
use media::wav;
use sha2::{Digest, Sha256};

use super::log_file::{BlockReader, Header, KEY_BYTES, LogError, read_header};
use super::sealed::{SALT_BYTES, SealedWriter};
use crate::secrets::hex;

/// Why a recording could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum RenderError {
    /// What was written can't be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendered {
    /// How long it is.
    pub(super) duration_ms: i64,
    /// Of the WAV file.
    pub(super) size_bytes: u64,
    /// Of the WAV file, hexadecimal.
    pub(super) sha256: String,
    /// Of the sealed file, hexadecimal.
    pub(super) sealed_sha256: String,
    /// Its picture.
    pub(super) waveform: Vec<u8>,
    /// How long the recording was when it ended, silence that was cut off included.
    pub(super) lasted: Duration,
}

/// Makes the sealed WAV file `to` of what `from` holds.
///
/// # Errors
/// The disk failed, or what was written is damaged.
pub(super) fn render(
    from: &Path,
    to: &Path,
    key: &[u8; KEY_BYTES],
    salt: [u8; SALT_BYTES],
) -> Result<Rendered, RenderError> {
    let (header, span, lasted) = measure(from, key)?;
    let layout = media::recording::Layout::from(header.layout);
    let channels = layout.channels();
    let samples = samples_in(span.to).saturating_sub(samples_in(span.from)) * u64::from(channels);
    let sink = Hashing { to: BufWriter::new(File::create(to)?), hash: Sha256::new() };
    let mut file = Hashing { to: SealedWriter::begin(sink, key, salt)?, hash: Sha256::new() };
    file.write_all(&wav_header(channels, samples))?;
    let mut waveform = Waveform::default();
    let mut skip = samples_in(span.from) * u64::from(channels);
    let mut left = samples;
    let mut bytes = Vec::new();
    let mut size_bytes = 44;
    play(from, key, layout, lasted, |samples| {
        let skipped = skip.min(samples.len() as u64);
        skip -= skipped;
        let rest = samples.get(skipped as usize..).unwrap_or_default();
        let kept = &rest[..left.min(rest.len() as u64) as usize];
        left -= kept.len() as u64;
        waveform.hear(kept);
        bytes.clear();
        bytes.extend(kept.iter().flat_map(|sample| sample.to_le_bytes()));
        size_bytes += bytes.len() as u64;
        file.write_all(&bytes)
    })?;
    let Hashing { to, hash } = file;
    let sha256 = hex(&hash.finalize());
    let (Hashing { to, hash }, _) = to.finish()?;
    to.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(Rendered {
        duration_ms: i64::try_from(span.length().as_millis()).unwrap_or(i64::MAX),
        size_bytes,
        sha256,
        sealed_sha256: hex(&hash.finalize()),
        waveform: waveform.percent(),
        lasted,
    })
}

/// What of the recording is kept, and how long it was.
fn measure(from: &Path, key: &[u8; KEY_BYTES]) -> Result<(Header, Span, Duration), RenderError> {
    let mut file = BufReader::new(File::open(from)?);
    let header = read_header(&mut file)?;
    let mut reader = BlockReader::new(file, key);
    let mut lasted = Duration::ZERO;
    while let Some((until, _)) = reader.next_block()? {
        lasted = lasted.max(until);
    }
    let whole = Span { from: Duration::ZERO, to: lasted };
    if !header.trims_silence {
        return Ok((header, whole, lasted));
    }
    let mut extent = Extent::default();
    play(from, key, header.layout.into(), lasted, |samples| {
        extent.hear(samples);
        Ok(())
    })?;
    Ok((header, extent.span(lasted).unwrap_or(Span { to: Duration::ZERO, ..whole }), lasted))
}

/// Gives `listener` all samples of a recording that lasted so long.
fn play(
    from: &Path,
    key: &[u8; KEY_BYTES],
    layout: media::recording::Layout,
    lasted: Duration,
    mut listener: impl FnMut(&[i16]) -> io::Result<()>,
) -> Result<(), RenderError> {
    let mut file = BufReader::new(File::open(from)?);
    read_header(&mut file)?;
    let mut reader = BlockReader::new(file, key);
    let mut mixdown = Mixdown::new(layout);
    let mut samples = Vec::new();
    while let Some((until, packets)) = reader.next_block()? {
        for packet in packets {
            mixdown.push(packet.side, packet.at, packet.codec, &packet.payload);
        }
        mixdown.advance(until.min(lasted), &mut samples);
        listener(&samples)?;
        samples.clear();
    }
    mixdown.finish(lasted, &mut samples);
    Ok(listener(&samples)?)
}

/// The 44 bytes before so many samples.
fn wav_header(channels: u16, samples: u64) -> Vec<u8> {
    let mut header = wav::write(RATE_HZ, channels, &[]);
    let data = u32::try_from(samples.saturating_mul(2)).unwrap_or(u32::MAX);
    header[4..8].copy_from_slice(&data.saturating_add(36).to_le_bytes());
    header[40..44].copy_from_slice(&data.to_le_bytes());
    header
}

/// Passes on what is written, and hashes it.
struct Hashing<W> {
    to: W,
    hash: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
