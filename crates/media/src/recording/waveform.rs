//! The picture of a recording: its loudest sample in each of up to [`PARTS`] equal parts, of whatever length it is.

/// Parts at most: as many as a picture has room for bars.
pub const PARTS: usize = 200;

/// Samples of a part at the beginning: a tenth of a second. Doubled whenever the parts have become too many.
const FIRST_PART: u64 = 800;

/// Collects it in one pass and little memory.
#[derive(Debug)]
pub struct Waveform {
    parts: Vec<u16>,
    samples_each: u64,
    in_last: u64,
}

impl Default for Waveform {
    fn default() -> Self {
        Self { parts: Vec::new(), samples_each: FIRST_PART, in_last: FIRST_PART }
    }
}

impl Waveform {
    /// The next samples; of several channels each counts.
    pub fn hear(&mut self, samples: &[i16]) {
        for sample in samples {
            if self.in_last == self.samples_each {
                self.next_part();
            }
            self.in_last += 1;
            if let Some(last) = self.parts.last_mut() {
                *last = (*last).max(sample.unsigned_abs());
            }
        }
    }

    /// Each part's loudest sample, 0 to 100.
    pub fn percent(&self) -> Vec<u8> {
        self.parts.iter().map(|peak| u8::try_from(u32::from(*peak) * 100 / 32_768).unwrap_or(100)).collect()
    }

    fn next_part(&mut self) {
        if self.parts.len() == PARTS {
            self.parts = self.parts.chunks(2).filter_map(|pair| pair.iter().copied().max()).collect();
            self.samples_each *= 2;
        }
        self.parts.push(0);
        self.in_last = 0;
    }
}
