//! Listening in on a port: what the leg says and what it hears, still encoded and with its place on one time line.
//!
//! A relayed stream stays relayed: whoever listens decodes for itself, later and elsewhere. Both sides count from the
//! tap's beginning. Within a stream the place follows the RTP timestamps, so that loss and pauses leave gaps of the right
//! length; a stream that begins, begins anew or goes astray is placed where the clock stands.

use core::time::Duration;

use super::PortId;
use crate::{codec::Codec, rtp::Header};

/// Timestamps that lead further than this from the clock are not believed: some senders let them stand still over a pause
/// or a hold. Far above what networks delay, and above what clocks drift apart in hours.
const ASTRAY: Duration = Duration::from_secs(2);

/// Which of the two directions of a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What the leg says.
    Said,
    /// What the leg hears.
    Heard,
}

/// A packet's audio as it was received or sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tapped<'a> {
    /// The leg's port.
    pub port: PortId,
    /// Who said it.
    pub side: Side,
    /// Media time since the tap began.
    pub at: Duration,
    /// How `payload` is encoded.
    pub codec: Codec,
    /// One packet's payload; valid only during the call of the sink.
    pub payload: &'a [u8],
}

/// The time lines of a tapped port.
#[derive(Debug)]
pub(super) struct Tap {
    began: Duration,
    said: TimeLine,
    heard: TimeLine,
}

/// One direction's place on the time line.
#[derive(Debug, Default)]
struct TimeLine {
    stream: Option<Stream>,
}

#[derive(Debug)]
struct Stream {
    clock_hz: u32,
    /// Place of `timestamp`.
    at: Duration,
    timestamp: u32,
}

impl Tap {
    pub(super) fn new(now: Duration) -> Self {
        Self { began: now, said: TimeLine::default(), heard: TimeLine::default() }
    }

    /// How long the tap has run.
    pub(super) fn since(&self, now: Duration) -> Duration {
        now.saturating_sub(self.began)
    }

    /// The place of a packet with this header; `restarted`: it is the first of another source.
    pub(super) fn place(
        &mut self,
        now: Duration,
        side: Side,
        header: Header,
        clock_hz: u32,
        restarted: bool,
    ) -> Duration {
        let since = self.since(now);
        let line = match side {
            Side::Said => &mut self.said,
            Side::Heard => &mut self.heard,
        };
        if restarted {
            line.stream = None;
        }
        line.place(since, header.timestamp, clock_hz)
    }
}

impl TimeLine {
    fn place(&mut self, since: Duration, timestamp: u32, clock_hz: u32) -> Duration {
        let continued = self
            .stream
            .as_ref()
            .filter(|stream| stream.clock_hz == clock_hz)
            .map(|stream| stream.place(timestamp))
            .filter(|at| at.abs_diff(since) <= ASTRAY);
        let at = continued.unwrap_or(since);
        // A late packet finds its place before the newest, which stays the one to count from.
        if continued.is_none() || self.stream.as_ref().is_some_and(|stream| at > stream.at) {
            self.stream = Some(Stream { clock_hz, at, timestamp });
        }
        at
    }
}

impl Stream {
    fn place(&self, timestamp: u32) -> Duration {
        let step = timestamp.wrapping_sub(self.timestamp) as i32;
        let micros = u64::from(step.unsigned_abs()) * 1_000_000 / u64::from(self.clock_hz.max(1));
        let length = Duration::from_micros(micros);
        if step < 0 { self.at.saturating_sub(length) } else { self.at + length }
    }
}
