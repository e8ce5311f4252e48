//! One direction's RTP identity: the SSRC, sequence numbers and timestamps that a peer sees, kept
//! continuous while what feeds them changes (play, tone, bridge, hold, transcode).
//!
//! Relayed packets keep the distances of their source, so that loss and reordering stay visible to
//! the receiver; generated packets step by exactly one frame. At every change of source the next
//! sequence number follows the highest sent, and the timestamp moves on by the time that passed.

use core::time::Duration;

use crate::rtp::Header;

/// A jump of a source's sequence numbers beyond this is a restart, not loss or reordering
/// (MAX_DROPOUT of RFC 3550 A.1).
const MAX_JUMP: i16 = 3_000;

/// A jump of a source's timestamps beyond this many seconds, in either direction, is a restart.
const MAX_TIMESTAMP_JUMP_S: u32 = 60;

/// What feeds the direction at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feed {
    Nothing,
    Generated,
    Relayed { ssrc: u32, base: u16, sequence_offset: u16, timestamp_offset: u32, newest: u16, newest_timestamp: u32 },
}

/// State of one outgoing direction.
#[derive(Debug, Clone)]
pub struct Rewriter {
    ssrc: u32,
    clock_hz: u32,
    next_sequence: u16,
    /// Timestamp that follows the last sent frame without a gap.
    next_timestamp: u32,
    /// When a packet was last sent.
    sent_at: Option<Duration>,
    feed: Feed,
}

impl Rewriter {
    /// A direction that has sent nothing. RFC 3550 §5.1 wants random first values: the caller draws them.
    pub fn new(ssrc: u32, clock_hz: u32, first_sequence: u16, first_timestamp: u32) -> Self {
        Self {
            ssrc,
            clock_hz,
            next_sequence: first_sequence,
            next_timestamp: first_timestamp,
            sent_at: None,
            feed: Feed::Nothing,
        }
    }

    /// The SSRC that the peer sees.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The timestamp that stands for `now` in this direction, for sender reports.
    pub fn timestamp_at(&self, now: Duration) -> u32 {
        let frame = self.frame_units();
        let last = self.next_timestamp.wrapping_sub(frame);
        last.wrapping_add(self.units_since_last(now))
    }

    /// Header of a generated frame of `units` clock units. Consecutive frames step exactly, even
    /// when `now` trembles; after anything else the timestamp catches up with the clock.
    pub fn generated(&mut self, now: Duration, payload_type: u8, units: u32) -> Header {
        let resumed = self.resume(now);
        self.going_on(now, payload_type, units, resumed)
    }

    /// What comes next is generated; true when what came before was not.
    pub fn resume(&mut self, now: Duration) -> bool {
        let resumed = self.feed != Feed::Generated;
        if resumed {
            self.catch_up(now);
            self.feed = Feed::Generated;
        }
        resumed
    }

    /// As [`Self::generated`], of a packet whose audio began when [`Self::resume`] was last asked or went on since; `marker`: it
    /// is the first of a talk spurt.
    pub fn going_on(&mut self, now: Duration, payload_type: u8, units: u32, marker: bool) -> Header {
        let timestamp = self.next_timestamp;
        self.next_timestamp = timestamp.wrapping_add(units);
        self.header(now, payload_type, marker, timestamp)
    }

    /// Ends the current feed: whatever comes next is a new talk spurt.
    pub fn pause(&mut self) {
        self.feed = Feed::Nothing;
    }

    /// The stream goes on in another codec: its numbers as well, its timestamps at the rate of this clock.
    pub fn change_clock(&mut self, clock_hz: u32) {
        self.clock_hz = clock_hz;
        self.pause();
    }

    /// Begins a named event (RFC 4733) and returns the timestamp that all its packets carry.
    pub fn begin_event(&mut self, now: Duration) -> u32 {
        self.catch_up(now);
        self.feed = Feed::Nothing;
        self.next_timestamp
    }

    /// Header of one packet of a named event that began at `timestamp` and has lasted `units`.
    pub fn event(&mut self, now: Duration, payload_type: u8, marker: bool, timestamp: u32, units: u32) -> Header {
        let end = timestamp.wrapping_add(units);
        if (end.wrapping_sub(self.next_timestamp) as i32) > 0 {
            self.next_timestamp = end;
        }
        self.header(now, payload_type, marker, timestamp)
    }

    /// Header under which a packet of another stream is forwarded, or nothing when it belongs
    /// before the point at which that stream was joined (its place was already given away).
    pub fn relayed(&mut self, now: Duration, source: Header, payload_type: u8, units: u32) -> Option<Header> {
        let joined = self.follow(now, source);
        let Feed::Relayed { base, sequence_offset, timestamp_offset, newest, newest_timestamp, .. } = &mut self.feed
        else {
            return None;
        };
        if (source.sequence.wrapping_sub(*base) as i16) < 0 {
            return None;
        }
        let sequence = source.sequence.wrapping_add(*sequence_offset);
        let timestamp = source.timestamp.wrapping_add(*timestamp_offset);
        if joined || (source.sequence.wrapping_sub(*newest) as i16) > 0 {
            *newest = source.sequence;
            *newest_timestamp = source.timestamp;
            // The base trails behind, so that a long stream never looks older than its own start.
            if (newest.wrapping_sub(*base) as i16) > MAX_JUMP {
                *base = newest.wrapping_sub(MAX_JUMP as u16);
            }
            self.next_sequence = sequence.wrapping_add(1);
            let end = timestamp.wrapping_add(units);
            if joined || (end.wrapping_sub(self.next_timestamp) as i32) > 0 {
                self.next_timestamp = end;
            }
            self.sent_at = Some(now);
        }
        Some(Header { marker: source.marker || joined, payload_type, sequence, timestamp, ssrc: self.ssrc })
    }

    /// A packet of the relayed stream is not forwarded: closes the gap that it would leave, so
    /// that the receiver does not count it as lost.
    pub fn swallow(&mut self, now: Duration, source: Header) {
        let joined = self.follow(now, source);
        if let Feed::Relayed { sequence_offset, newest, newest_timestamp, .. } = &mut self.feed
            && (joined || (source.sequence.wrapping_sub(*newest) as i16) > 0)
        {
            *newest = source.sequence;
            *newest_timestamp = source.timestamp;
            *sequence_offset = sequence_offset.wrapping_sub(1);
        }
    }

    /// Makes `source` the relayed stream unless it is already; true when it was not.
    fn follow(&mut self, now: Duration, source: Header) -> bool {
        if let Feed::Relayed { ssrc, newest, newest_timestamp, .. } = self.feed {
            let jump = source.sequence.wrapping_sub(newest) as i16;
            let timestamp_jump = (source.timestamp.wrapping_sub(newest_timestamp) as i32).unsigned_abs();
            let continuous = ssrc == source.ssrc
                && jump.unsigned_abs() <= MAX_JUMP.unsigned_abs()
                && timestamp_jump <= self.clock_hz * MAX_TIMESTAMP_JUMP_S;
            if continuous {
                return false;
            }
        }
        self.catch_up(now);
        self.feed = Feed::Relayed {
            ssrc: source.ssrc,
            base: source.sequence,
            sequence_offset: self.next_sequence.wrapping_sub(source.sequence),
            timestamp_offset: self.next_timestamp.wrapping_sub(source.timestamp),
            newest: source.sequence,
            newest_timestamp: source.timestamp,
        };
        true
    }

    /// Moves the next timestamp to where the clock stands, never backwards.
    fn catch_up(&mut self, now: Duration) {
        let at = self.timestamp_at(now);
        if self.sent_at.is_some() && (at.wrapping_sub(self.next_timestamp) as i32) > 0 {
            self.next_timestamp = at;
        }
    }

    fn units_since_last(&self, now: Duration) -> u32 {
        let elapsed = now.saturating_sub(self.sent_at.unwrap_or(now));
        (elapsed.as_micros() * u128::from(self.clock_hz) / 1_000_000) as u32
    }

    fn frame_units(&self) -> u32 {
        self.clock_hz * crate::FRAME_MS / 1_000
    }

    fn header(&mut self, now: Duration, payload_type: u8, marker: bool, timestamp: u32) -> Header {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        self.sent_at = Some(now);
        Header { marker, payload_type, sequence, timestamp, ssrc: self.ssrc }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn source(sequence: u16, timestamp: u32) -> Header {
        Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 77 }
    }

    #[test]
    fn generated_frames_step_exactly_though_the_tick_trembles() {
        let mut out = Rewriter::new(1, 8_000, 65_534, u32::MAX - 100);
        let headers: Vec<Header> = [0, 23, 39, 61].map(|ms| out.generated(MS(ms), 0, 160)).to_vec();
        for pair in headers.windows(2) {
            assert_eq!(pair[1].sequence, pair[0].sequence.wrapping_add(1));
            assert_eq!(pair[1].timestamp, pair[0].timestamp.wrapping_add(160));
        }
        assert_eq!(headers.iter().map(|h| h.marker).collect::<Vec<_>>(), [true, false, false, false]);
    }

    #[test]
    fn play_bridge_and_hold_are_one_stream() {
        let mut out = Rewriter::new(9, 8_000, 100, 1_000);
        out.generated(MS(0), 0, 160);
        let last_played = out.generated(MS(20), 0, 160);
        let bridged = out.relayed(MS(50), source(5_000, 900_000), 0, 160).unwrap();
        assert_eq!((bridged.ssrc, bridged.sequence, bridged.marker), (9, last_played.sequence + 1, true));
        assert_eq!(bridged.timestamp, last_played.timestamp + 240, "30 ms passed");
        let next = out.relayed(MS(70), source(5_001, 900_160), 0, 160).unwrap();
        assert_eq!((next.sequence, next.timestamp), (bridged.sequence + 1, bridged.timestamp + 160));
        let held = out.generated(MS(90), 0, 160);
        assert_eq!((held.sequence, held.timestamp), (next.sequence + 1, next.timestamp + 160));
        let again = out.relayed(MS(1_090), source(5_051, 908_160), 0, 160).unwrap();
        assert_eq!((again.sequence, again.timestamp), (held.sequence + 1, held.timestamp + 8_000));
    }

    #[test]
    fn loss_and_reordering_of_the_source_stay_visible() {
        let mut out = Rewriter::new(9, 8_000, 0, 0);
        let relayed: Vec<u16> = [10, 13, 12, 14]
            .iter()
            .map(|n| out.relayed(MS(u64::from(*n)), source(*n, u32::from(*n) * 160), 0, 160).unwrap().sequence)
            .collect();
        assert_eq!(relayed, [0, 3, 2, 4]);
        assert!(out.relayed(MS(20), source(9, 1_440), 0, 160).is_none(), "older than the join");
    }

    #[test]
    fn a_new_source_and_a_restart_continue_the_stream() {
        let mut out = Rewriter::new(9, 8_000, 0, 0);
        out.relayed(MS(0), source(65_535, u32::MAX), 0, 160);
        let wrapped = out.relayed(MS(20), source(0, 159), 0, 160).unwrap();
        assert_eq!((wrapped.sequence, wrapped.timestamp, wrapped.marker), (1, 160, false));
        let restarted = out.relayed(MS(40), source(30_000, 1 << 30), 0, 160).unwrap();
        assert_eq!((restarted.sequence, restarted.timestamp, restarted.marker), (2, 320, true));
        let other = out.relayed(MS(60), Header { ssrc: 78, ..source(30_001, 5) }, 0, 160).unwrap();
        assert_eq!((other.sequence, other.timestamp, other.marker), (3, 480, true));
    }

    #[test]
    fn a_swallowed_packet_leaves_no_gap() {
        let mut out = Rewriter::new(9, 8_000, 0, 0);
        out.relayed(MS(0), source(10, 0), 0, 160);
        out.swallow(MS(20), source(11, 160));
        assert_eq!(out.relayed(MS(40), source(12, 320), 0, 160).unwrap().sequence, 1);
    }

    #[test]
    fn hours_of_relay_never_look_older_than_their_start() {
        let mut out = Rewriter::new(9, 8_000, 7, 0);
        for n in 0..200_000_u32 {
            let header = out.relayed(MS(u64::from(n) * 20), source(n as u16, n.wrapping_mul(160)), 0, 160);
            assert_eq!(header.map(|h| h.sequence), Some((n as u16).wrapping_add(7)));
        }
    }

    #[test]
    fn event_packets_share_one_timestamp_and_audio_resumes_after_them() {
        let mut out = Rewriter::new(9, 8_000, 0, 0);
        out.generated(MS(0), 0, 160);
        let at = out.begin_event(MS(20));
        let first = out.event(MS(20), 101, true, at, 160);
        let second = out.event(MS(40), 101, false, at, 320);
        assert_eq!((first.timestamp, second.timestamp, second.sequence), (160, 160, 2));
        assert_eq!(out.generated(MS(60), 0, 160).timestamp, 480);
    }
}
