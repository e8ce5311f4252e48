//! How the legs of a call sounded, piece by piece, as their media thread measured it.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;

/// Pieces of one leg that are kept: four hours of five seconds each. Of a longer call the first are kept.
const MOST_SAMPLES: usize = 2_880;
/// Legs of one call whose pieces are kept; a call rings ten at once at most, and has a few one after the other.
const MOST_LEGS: usize = 32;

/// How a leg sounded for a while. Times in milliseconds, shares from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Its end, microseconds UTC.
    #[serde(rename = "a")]
    pub at_us: i64,
    /// How long it was.
    #[serde(rename = "d")]
    pub span_ms: u32,
    /// Packets that came from the leg.
    #[serde(rename = "i")]
    pub received: u32,
    /// Packets that did not.
    #[serde(rename = "l")]
    pub lost: u32,
    /// Packets that the leg was sent.
    #[serde(rename = "o")]
    pub sent: u32,
    /// Interarrival jitter (RFC 3550 §6.4.1).
    #[serde(rename = "j")]
    pub jitter_ms: f32,
    /// Round-trip time by the leg's reports; none before the first that shows it.
    #[serde(rename = "r")]
    pub round_trip_ms: Option<f32>,
    /// Share of our packets that the leg lost, as it reported last.
    #[serde(rename = "p")]
    pub remote_loss: Option<f32>,
    /// Mean level of what the leg said, in dBov (0 is the loudest there is); none where it is not decoded here.
    #[serde(rename = "v")]
    pub level_dbov: Option<f32>,
    /// Opinion score of what the leg said, 1.0 to 4.5 (ITU-T G.107); none where nothing came.
    #[serde(rename = "m")]
    pub mos: Option<f32>,
}

/// The pieces of all legs of a call. The default keeps none.
#[derive(Default)]
pub struct Quality {
    clock: Option<Arc<dyn Clock>>,
    legs: Mutex<Vec<(u32, Vec<Sample>)>>,
}

impl Quality {
    /// Of a call that has begun; `clock` says when pieces end.
    pub(in crate::calls) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), legs: Mutex::default() }
    }

    /// Takes a piece of the leg of this number, which ends now.
    pub fn push(&self, leg: u32, sample: impl FnOnce(i64) -> Sample) {
        let Some(clock) = &self.clock else { return };
        let mut legs = self.legs.lock();
        let at = legs.iter().position(|(number, _)| *number == leg);
        let at = match at {
            Some(at) => at,
            None if legs.len() < MOST_LEGS => {
                legs.push((leg, Vec::new()));
                legs.len() - 1
            }
            None => return,
        };
        if let Some((_, samples)) = legs.get_mut(at)
            && samples.len() < MOST_SAMPLES
        {
            samples.push(sample(clock.now_us()));
        }
    }

    /// The pieces of a leg.
    pub(super) fn of(&self, leg: u32) -> Vec<Sample> {
        self.legs
            .lock()
            .iter()
            .find(|(number, _)| *number == leg)
            .map(|(_, samples)| samples.clone())
            .unwrap_or_default()
    }
}

impl fmt::Debug for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quality({} legs)", self.legs.lock().len())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::clock::TestClock;

    fn sample(at_us: i64) -> Sample {
        Sample {
            at_us,
            span_ms: 5_000,
            received: 250,
            lost: 0,
            sent: 250,
            jitter_ms: 1.0,
            round_trip_ms: None,
            remote_loss: None,
            level_dbov: None,
            mos: Some(4.4),
        }
    }

    #[test]
    fn pieces_are_kept_by_leg_and_within_bounds() {
        let quality = Quality::new(TestClock::starting_at(Timestamp::UNIX_EPOCH));
        for _ in 0..MOST_SAMPLES + 10 {
            quality.push(0, sample);
        }
        (1..100).for_each(|leg| quality.push(leg, sample));
        assert_eq!((quality.of(0).len(), quality.of(1).len()), (MOST_SAMPLES, 1));
        assert_eq!(quality.legs.lock().len(), MOST_LEGS);
    }

    #[test]
    fn the_default_keeps_nothing() {
        let quality = Quality::default();
        quality.push(0, sample);
        assert!(quality.of(0).is_empty());
    }
}
