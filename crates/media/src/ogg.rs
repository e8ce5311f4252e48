//! Writes Ogg files that hold Opus (RFC 3533, RFC 7845): one stream, a page a second, piece by piece as the audio comes.

use crate::{
    codec::{CodecError, Rate},
    opus::Encoder,
};

/// Granule positions of Opus count samples at this rate, whatever was encoded.
const CLOCK_HZ: u32 = 48_000;
/// 20 ms each: a second, which players show as soon as they have it.
const PACKETS_A_PAGE: usize = 50;
/// Of the 64 bits of flags in a page's header: it begins the stream, or ends it.
const BEGINS: u8 = 2;
const ENDS: u8 = 4;

/// A file that is being written, of one channel or two at one rate.
#[derive(Debug)]
pub struct OggOpus {
    encoder: Encoder,
    rate: Rate,
    channels: usize,
    /// Interleaved samples that do not fill a frame yet.
    waiting: Vec<i16>,
    /// Samples of a channel so far.
    heard: u64,
    /// Frames so far.
    frames: u64,
    /// At [`CLOCK_HZ`], what a decoder gives before the first sample.
    pre_skip: u16,
    page: Page,
}

#[derive(Debug, Default)]
struct Page {
    number: u32,
    lengths: Vec<u8>,
    packets: usize,
    data: Vec<u8>,
}

impl OggOpus {
    /// Begins a file of one channel, or of two.
    ///
    /// # Errors
    /// libopus does not open.
    pub fn new(rate: Rate, is_stereo: bool, out: &mut Vec<u8>) -> Result<Self, CodecError> {
        let mut encoder = Encoder::for_files(rate, is_stereo)?;
        let channels = if is_stereo { 2 } else { 1 };
        let pre_skip = u16::try_from(encoder.lookahead()? * (CLOCK_HZ / rate.hz())).unwrap_or(u16::MAX);
        let mut page = Page::default();
        let skip = pre_skip.to_le_bytes();
        let [hz_0, hz_1, hz_2, hz_3] = rate.hz().to_le_bytes();
        page.push(b"OpusHead");
        // Version, channels, what is skipped, the rate of the original, no gain, the plain order of channels.
        page.data.extend([1, channels as u8, skip[0], skip[1], hz_0, hz_1, hz_2, hz_3, 0, 0, 0]);
        page.lengths = vec![19];
        page.flush(BEGINS, 0, out);
        let vendor = b"sautikit";
        page.data.extend(b"OpusTags");
        page.data.extend((vendor.len() as u32).to_le_bytes());
        page.data.extend(vendor);
        page.data.extend(0_u32.to_le_bytes());
        page.lengths = vec![page.data.len() as u8];
        page.flush(0, 0, out);
        Ok(Self { encoder, rate, channels, waiting: Vec::new(), heard: 0, frames: 0, pre_skip, page })
    }

    /// Takes interleaved samples, and appends the pages that are full.
    ///
    /// # Errors
    /// libopus refuses a frame.
    pub fn push(&mut self, samples: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        self.heard += (samples.len() / self.channels) as u64;
        self.waiting.extend_from_slice(samples);
        let frame = self.rate.frame_len() * self.channels;
        let whole = self.waiting.len() - self.waiting.len() % frame;
        let rest = self.waiting.split_off(whole);
        let ready = core::mem::replace(&mut self.waiting, rest);
        ready.chunks_exact(frame).try_for_each(|frame| self.encode(frame, out))
    }

    /// Ends the file: its length is that of what was pushed, to the sample.
    ///
    /// # Errors
    /// libopus refuses a frame.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let ticks = u64::from(CLOCK_HZ / self.rate.hz());
        let end = u64::from(self.pre_skip) + self.heard * ticks;
        let frame = self.rate.frame_len() * self.channels;
        // At least one, because a decoder is behind by what it skips at first.
        while self.granule() < end {
            let mut samples = core::mem::take(&mut self.waiting);
            samples.resize(frame, 0);
            self.encode(&samples, out)?;
        }
        self.page.flush(ENDS, end, out);
        Ok(())
    }

    /// What a decoder has given by now.
    fn granule(&self) -> u64 {
        self.frames * self.rate.frame_len() as u64 * u64::from(CLOCK_HZ / self.rate.hz())
    }

    fn encode(&mut self, frame: &[i16], out: &mut Vec<u8>) -> Result<(), CodecError> {
        // Not before another follows: the last page says that it is the last.
        if self.page.packets == PACKETS_A_PAGE {
            let granule = self.granule();
            self.page.flush(0, granule, out);
        }
        let start = self.page.data.len();
        self.encoder.encode(frame, &mut self.page.data)?;
        let len = self.page.data.len() - start;
        self.page.lengths.extend(core::iter::repeat_n(255, len / 255));
        self.page.lengths.push((len % 255) as u8);
        self.page.packets += 1;
        self.frames += 1;
        Ok(())
    }
}

impl Page {
    fn push(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
    }

    /// Appends what it holds, and is empty.
    fn flush(&mut self, flags: u8, granule: u64, out: &mut Vec<u8>) {
        /// Any number does: a file has one stream.
        const STREAM: u32 = 1;
        const CHECKSUM: core::ops::Range<usize> = 22..26;
        let start = out.len();
        out.extend_from_slice(b"OggS");
        out.extend([0, flags]);
        out.extend(granule.to_le_bytes());
        out.extend(STREAM.to_le_bytes());
        out.extend(self.number.to_le_bytes());
        out.extend([0; 4]);
        out.push(self.lengths.len() as u8);
        out.append(&mut self.lengths);
        out.append(&mut self.data);
        (self.number, self.packets) = (self.number + 1, 0);
        let page = out.get_mut(start..).unwrap_or_default();
        let sum = checksum(page).to_le_bytes();
        if let Some(place) = page.get_mut(CHECKSUM) {
            place.copy_from_slice(&sum);
        }
    }
}

/// CRC-32 as Ogg has it: not reflected, from 0 (RFC 3533 §6).
fn checksum(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x04c1_1db7;
    bytes.iter().fold(0_u32, |sum, byte| {
        (0..8).fold(
            sum ^ (u32::from(*byte) << 24),
            |sum, _| {
                if sum >> 31 == 1 { (sum << 1) ^ POLYNOMIAL } else { sum << 1 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hz: f32, samples: usize) -> Vec<i16> {
        let phase = |n: usize| core::f32::consts::TAU * hz * n as f32 / 8_000.0;
        (0..samples).map(|n| (8_000.0 * phase(n).sin()) as i16).collect()
    }

    fn written(samples: &[i16], is_stereo: bool, piece: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut file = OggOpus::new(Rate::Narrow, is_stereo, &mut out).unwrap();
        samples.chunks(piece).for_each(|piece| file.push(piece, &mut out).unwrap());
        file.finish(&mut out).unwrap();
        out
    }

    /// Flags and granule position of each page, and whether its checksum is right.
    fn pages(file: &[u8]) -> Vec<(u8, u64, bool)> {
        let (mut pages, mut rest) = (Vec::new(), file);
        while !rest.is_empty() {
            assert!(rest.starts_with(b"OggS"));
            let count = usize::from(rest[26]);
            let len = 27 + count + rest[27..27 + count].iter().map(|len| usize::from(*len)).sum::<usize>();
            let mut page = rest[..len].to_vec();
            let sum = u32::from_le_bytes(page[22..26].try_into().unwrap());
            page[22..26].fill(0);
            pages.push((page[5], u64::from_le_bytes(page[6..14].try_into().unwrap()), checksum(&page) == sum));
            rest = &rest[len..];
        }
        pages
    }

    #[test]
    fn pages_begin_and_end_the_stream_and_count_to_its_last_sample() {
        for samples in [0, 1, 160, 8_000, 12_345] {
            let file = written(&tone(440.0, samples), false, 1_000);
            let pages = pages(&file);
            assert!(pages.iter().all(|(_, _, is_right)| *is_right));
            assert_eq!((pages[0].0, pages.last().unwrap().0), (BEGINS, ENDS));
            let pre_skip = u64::from(u16::from_le_bytes([file[38], file[39]]));
            assert_eq!(pages.last().unwrap().1, pre_skip + samples as u64 * 6, "{samples}");
            assert!(pages.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{samples}: {pages:?}");
        }
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // The check value of CRC-32 with this polynomial, neither reflected nor inverted.
        assert_eq!(checksum(b"123456789"), 0x89a1_897f);
    }

    #[cfg(feature = "files")]
    #[test]
    fn what_is_written_is_read_as_it_was_said() {
        use crate::level::amplitude_at;
        let said = tone(440.0, 24_000);
        let audio = crate::file::read(written(&said, false, 777)).unwrap();
        assert!(audio.samples.len() >= 48_000, "{}", audio.samples.len());
        let middle = &audio.samples[8_000..24_000];
        assert!(amplitude_at(middle, 440.0, audio.rate_hz) > 7_000.0);
        // One side speaks; both as one are half as loud.
        let both: Vec<i16> = said.iter().flat_map(|sample| [*sample, 0]).collect();
        let audio = crate::file::read(written(&both, true, 1_001)).unwrap();
        let heard = amplitude_at(&audio.samples[8_000..24_000], 440.0, audio.rate_hz);
        assert!((2_500.0..5_500.0).contains(&heard), "{heard}");
    }
}
