//! Where in a recording anything is to be heard.

use core::time::Duration;

use super::time_of;
use crate::level;

/// Quieter than this is silence: as the detector on a leg says.
const SILENCE_BELOW_DBOV: f32 = -48.0;

/// Samples that are judged together: 20 ms.
const FRAME_LEN: usize = 160;

/// What stays of the silence at both ends, so that no consonant is cut.
const MARGIN: Duration = Duration::from_millis(100);

/// From where to where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Since the recording's beginning.
    pub from: Duration,
    /// Since the recording's beginning.
    pub to: Duration,
}

impl Span {
    /// How long it is.
    pub fn length(self) -> Duration {
        self.to.saturating_sub(self.from)
    }
}

/// Listens for the first and the last sound of one channel.
#[derive(Debug, Default)]
pub struct Extent {
    frame: Vec<i16>,
    heard: u64,
    loud: Option<(u64, u64)>,
}

impl Extent {
    /// The next samples.
    pub fn hear(&mut self, samples: &[i16]) {
        for sample in samples {
            self.frame.push(*sample);
            if self.frame.len() == FRAME_LEN {
                self.judge();
            }
        }
    }

    /// What was heard, with a margin, within a recording of that length; `None` where all was silence.
    pub fn span(&mut self, length: Duration) -> Option<Span> {
        self.judge();
        let (first, last) = self.loud?;
        let from = time_of(first).saturating_sub(MARGIN).min(length);
        Some(Span { from, to: (time_of(last) + MARGIN).min(length) })
    }

    fn judge(&mut self) {
        let (begin, len) = (self.heard, self.frame.len());
        self.heard += len as u64;
        if level::dbov(level::energy(&self.frame), len) > SILENCE_BELOW_DBOV {
            let first = self.loud.map_or(begin, |(first, _)| first);
            self.loud = Some((first, self.heard));
        }
        self.frame.clear();
    }
}
