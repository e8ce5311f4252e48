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

/// How a leg's audio is kept from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurityMethod {
    /// Not at all.
    None,
    /// By SRTP, with keys that stood in the descriptions.
    Sdes,
    /// By SRTP, with keys of a DTLS handshake.
    Dtls,
}

impl SecurityMethod {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Sdes, Self::Dtls];

    /// Its name in the API and in the metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sdes => "sdes",
            Self::Dtls => "dtls",
        }
    }
}

/// How a leg's audio is kept from others, and by which suite where that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LegSecurity {
    #[serde(rename = "m")]
    pub(super) method: SecurityMethod,
    #[serde(rename = "s")]
    pub(super) suite: Option<String>,
}

/// What is kept of one leg.
struct Kept {
    /// Its number within the call.
    leg: u32,
    security: Option<LegSecurity>,
    samples: Vec<Sample>,
}

/// The pieces of all legs of a call. The default keeps none.
#[derive(Default)]
pub struct Quality {
    clock: Option<Arc<dyn Clock>>,
    legs: Mutex<Vec<Kept>>,
}

impl Quality {
    /// Of a call that has begun; `clock` says when pieces end.
    pub(in crate::calls) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock: Some(clock), legs: Mutex::default() }
    }

    /// Takes a piece of the leg of this number, which ends now.
    pub fn push(&self, leg: u32, sample: impl FnOnce(i64) -> Sample) {
        let Some(clock) = &self.clock else { return };
        if let Some(kept) = kept(&mut self.legs.lock(), leg)
            && kept.samples.len() < MOST_SAMPLES
        {
            kept.samples.push(sample(clock.now_us()));
        }
    }

    /// Takes how the leg of this number is secured from now on.
    pub fn secured(&self, leg: u32, method: SecurityMethod, suite: Option<&str>) {
        if self.clock.is_none() {
            return;
        }
        if let Some(kept) = kept(&mut self.legs.lock(), leg) {
            kept.security = Some(LegSecurity { method, suite: suite.map(str::to_owned) });
        }
    }

    /// The pieces of a leg.
    pub(super) fn of(&self, leg: u32) -> Vec<Sample> {
        self.read(leg, |kept| kept.samples.clone()).unwrap_or_default()
    }

    /// How a leg is secured; none before its codec is agreed.
    pub(super) fn security_of(&self, leg: u32) -> Option<LegSecurity> {
        self.read(leg, |kept| kept.security.clone()).flatten()
    }

    fn read<T>(&self, leg: u32, read: impl FnOnce(&Kept) -> T) -> Option<T> {
        self.legs.lock().iter().find(|kept| kept.leg == leg).map(read)
    }
}

/// The place of a leg, made where there is room.
fn kept(legs: &mut Vec<Kept>, leg: u32) -> Option<&mut Kept> {
    match legs.iter().position(|kept| kept.leg == leg) {
        Some(at) => legs.get_mut(at),
        None if legs.len() < MOST_LEGS => {
            legs.push(Kept { leg, security: None, samples: Vec::new() });
            legs.last_mut()
        }
        None => None,
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
    fn a_legs_security_is_the_last_that_was_told() {
        let quality = Quality::new(TestClock::starting_at(Timestamp::UNIX_EPOCH));
        assert_eq!(quality.security_of(0), None);
        quality.secured(0, SecurityMethod::None, None);
        quality.secured(0, SecurityMethod::Sdes, Some("AES_CM_128_HMAC_SHA1_80"));
        let security = quality.security_of(0).unwrap();
        assert_eq!(
            (security.method, security.suite.as_deref()),
            (SecurityMethod::Sdes, Some("AES_CM_128_HMAC_SHA1_80"))
        );
    }

    #[test]
    fn the_default_keeps_nothing() {
        let quality = Quality::default();
        quality.push(0, sample);
        assert!(quality.of(0).is_empty());
    }
}
