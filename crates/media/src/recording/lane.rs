//! One side of a recording: packets put in order of their time, decoded, and laid where they belong.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use super::samples_in;
use crate::{codec::Codec, decoder::Decoder};

/// Packets that wait at most: a window of the shortest, several times over. A sender that floods loses its oldest.
const MOST_WAITING: usize = 4_096;

#[derive(Debug, Default)]
pub(super) struct Lane {
    /// By their time, and of the same time in the order in which they came.
    waiting: BTreeMap<(Duration, u64), (Codec, Vec<u8>)>,
    count: u64,
    decoder: Option<(Codec, Decoder)>,
    /// From the next sample that is given out on.
    samples: VecDeque<i16>,
}

impl Lane {
    pub(super) fn push(&mut self, at: Duration, codec: Codec, payload: &[u8]) {
        self.count += 1;
        self.waiting.insert((at, self.count), (codec, payload.to_vec()));
        if self.waiting.len() > MOST_WAITING {
            self.waiting.pop_first();
        }
    }

    /// Decodes what begins before `until`; `done` samples were given out.
    pub(super) fn settle(&mut self, until: Duration, done: u64) {
        while let Some(((at, count), (codec, payload))) = self.waiting.pop_first() {
            if at >= until {
                self.waiting.insert((at, count), (codec, payload));
                return;
            }
            let mut samples = Vec::new();
            if self.decode(codec, &payload, &mut samples) {
                self.lay(samples_in(at), done, &samples);
            }
        }
    }

    /// The next sample; silence where there is none.
    pub(super) fn take(&mut self) -> i16 {
        self.samples.pop_front().unwrap_or_default()
    }

    fn decode(&mut self, codec: Codec, payload: &[u8], out: &mut Vec<i16>) -> bool {
        if self.decoder.as_ref().is_none_or(|(open, _)| *open != codec) {
            self.decoder = Some((codec, Decoder::new(codec)));
        }
        // A frame that a decoder refuses is a gap.
        self.decoder.as_mut().is_some_and(|(_, decoder)| decoder.decode(payload, out).is_ok())
    }

    fn lay(&mut self, place: u64, done: u64, samples: &[i16]) {
        // What has been given out already is over.
        let skipped = usize::try_from(done.saturating_sub(place)).unwrap_or(usize::MAX);
        let samples = samples.get(skipped..).unwrap_or_default();
        let start = usize::try_from(place.saturating_sub(done)).unwrap_or(usize::MAX);
        let end = start + samples.len();
        if self.samples.len() < end {
            self.samples.resize(end, 0);
        }
        for (slot, sample) in self.samples.iter_mut().skip(start).zip(samples) {
            *slot = *sample;
        }
    }
}
