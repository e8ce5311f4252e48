//! From what was tapped to what is heard: packets of both sides with their media time become one file's samples.
//!
//! ```text
//! push(side, at, codec, payload) ─► lane of that side, in order of time ─► decoded, placed by time ─► advance ─► samples
//! ```
//! A packet's place follows from its media time alone, so that nothing drifts however long it takes; where nothing came
//! there is silence. Packets may come late by up to [`WINDOW`]. Deliberately absent: where packets come from and where samples
//! go, headers ([`crate::wav`]) and loss concealment (a recording shows what was heard, gaps too).

mod extent;
mod lane;
mod waveform;

use core::time::Duration;

pub use extent::{Extent, Span};
pub use waveform::{PARTS, Waveform};

use self::lane::Lane;
use crate::{codec::Codec, graph::Side};

/// Sampling rate of recordings: what the telephone network carries.
pub const RATE_HZ: u32 = 8_000;

/// A packet may come so late after those that are placed later: more than the tap itself believes of timestamps.
pub const WINDOW: Duration = Duration::from_millis(2_500);

/// Which sides a recording holds, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// What the leg says, in one channel.
    Said,
    /// What it says and hears, in one channel.
    Mixed,
    /// What it says on the left, what it hears on the right.
    Dual,
}

impl Layout {
    /// How many channels its samples have.
    pub fn channels(self) -> u16 {
        if self == Self::Dual { 2 } else { 1 }
    }

    fn holds(self, side: Side) -> bool {
        self != Self::Said || side == Side::Said
    }
}

/// One recording while it is made.
#[derive(Debug)]
pub struct Mixdown {
    layout: Layout,
    said: Lane,
    heard: Lane,
    /// Samples given out so far, of each channel.
    done: u64,
}

impl Mixdown {
    /// An empty one.
    pub fn new(layout: Layout) -> Self {
        Self { layout, said: Lane::default(), heard: Lane::default(), done: 0 }
    }

    /// Takes a packet. One that is not of this layout, or comes later than [`WINDOW`], is left out.
    pub fn push(&mut self, side: Side, at: Duration, codec: Codec, payload: &[u8]) {
        if self.layout.holds(side) {
            let lane = match side {
                Side::Said => &mut self.said,
                Side::Heard => &mut self.heard,
            };
            lane.push(at, codec, payload);
        }
    }

    /// The recording has reached `until`: gives out the samples that no packet can change any more, channels interleaved.
    pub fn advance(&mut self, until: Duration, out: &mut Vec<i16>) {
        self.give(until.saturating_sub(WINDOW), out);
    }

    /// The recording ends at `until`: gives out the rest.
    pub fn finish(&mut self, until: Duration, out: &mut Vec<i16>) {
        self.give(until, out);
    }

    fn give(&mut self, until: Duration, out: &mut Vec<i16>) {
        let end = samples_in(until);
        // A second at a time, so that a long stretch takes no more memory than a short one.
        while self.done < end {
            let step_end = end.min(self.done + u64::from(RATE_HZ));
            for lane in [&mut self.said, &mut self.heard] {
                lane.settle(until.min(time_of(step_end)), self.done);
            }
            while self.done < step_end {
                let (said, heard) = (self.said.take(), self.heard.take());
                match self.layout {
                    Layout::Said => out.push(said),
                    Layout::Mixed => out.push(said.saturating_add(heard)),
                    Layout::Dual => out.extend([said, heard]),
                }
                self.done += 1;
            }
        }
    }
}

/// Samples of a channel in that time.
pub fn samples_in(time: Duration) -> u64 {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    micros.saturating_mul(u64::from(RATE_HZ)).saturating_add(500_000) / 1_000_000
}

/// How long so many samples of a channel are.
pub fn time_of(samples: u64) -> Duration {
    Duration::from_micros(samples.saturating_mul(1_000_000 / u64::from(RATE_HZ)))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
