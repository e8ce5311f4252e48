//! Finds stretches of silence in what a leg says. It exists on a port only while somebody asked for it, so that nobody
//! else pays for the loudness of every packet.

use core::time::Duration;

use crate::level;

/// Audio quieter than this is silence: room noise on a telephone lies around −55 dBov, speech
/// above −40.
const SILENCE_BELOW_DBOV: f32 = -48.0;

/// The detector of one port.
#[derive(Debug)]
pub(super) struct Silence {
    /// Length of a stretch that is reported.
    wanted: Duration,
    loud_at: Duration,
    reported: bool,
}

impl Silence {
    /// Counts from `now`.
    pub(super) fn new(now: Duration, silence_ms: u32) -> Self {
        Self { wanted: Duration::from_millis(silence_ms.into()), loud_at: now, reported: false }
    }

    /// Judges received audio by its energy.
    pub(super) fn hear(&mut self, now: Duration, energy: u64, samples_len: usize) {
        if level::dbov(energy, samples_len) > SILENCE_BELOW_DBOV {
            self.loud_at = now;
            self.reported = false;
        }
    }

    /// How long it has been quiet, once per stretch.
    pub(super) fn due(&mut self, now: Duration) -> Option<u32> {
        let quiet = now.saturating_sub(self.loud_at);
        if self.reported || quiet < self.wanted {
            return None;
        }
        self.reported = true;
        Some(u32::try_from(quiet.as_millis()).unwrap_or(u32::MAX))
    }
}
