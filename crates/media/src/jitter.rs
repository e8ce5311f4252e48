//! Adaptive jitter buffer: encoded packets in, in order and at the listener's pace out.
//!
//! ```text
//!             deep enough, or waited long enough
//!   Filling ─────────────────────────────────────▶ Playing
//!      ▲                  ran empty, or too shallow    │
//!      └───────────────────────────────────────────────┘
//! ```
//! The wanted depth follows the delay variation of the last seconds. It grows at once and shrinks
//! slowly; a buffer that stays deeper than wanted drops a packet. What to play for a lost packet is
//! the decoder's business: the buffer only says that one is missing.

use core::time::Duration;

use crate::rtp::Header;

/// Packets that may be held: 1.28 s of 20 ms packets, more than anyone would wait in a talk.
const CAPACITY: u16 = 64;

/// The depth never grows beyond this many packets: 200 ms more of mouth-to-ear delay is where
/// people begin to talk over each other.
const MAX_DEPTH: u16 = 10;

/// A packet late by more than this belongs to a stream that restarted.
const RESTART_AFTER: i16 = 1_000;

/// Pulls for which the buffer must be too deep before a packet is dropped.
const TOO_DEEP_PULLS: u16 = 50;

/// Delay variation up to here is the scheduler's, not the network's, and wants no more depth.
const TREMBLE_MS: f32 = 1.0;

/// Share of the delay peak that is forgotten with each packet: half in 3.5 s of 20 ms packets.
const PEAK_DECAY: f32 = 1.0 / 256.0;

/// What the next step of playing finds.
#[derive(Debug, PartialEq, Eq)]
pub enum Pull<'a> {
    /// The payload of the next packet.
    Packet(&'a [u8]),
    /// Comfort noise begins or changes: its payload. None follows until the leg speaks again.
    Noise(&'a [u8]),
    /// The next packet is lost. The one after it, when it is there, may carry redundancy (Opus FEC).
    Lost {
        /// Payload of the packet after the lost one.
        following: Option<&'a [u8]>,
    },
    /// Nothing to play: not begun, still filling, or ran empty.
    Empty,
}

#[derive(Debug, Clone, Default)]
struct Slot {
    filled: bool,
    content: Content,
    payload: Vec<u8>,
}

/// What has a place in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Content {
    #[default]
    Audio,
    Noise,
    /// Neither (an event): it is passed over.
    Other,
}

/// Buffer of one source. Slots are reused: a steady stream does not allocate.
#[derive(Debug)]
pub struct JitterBuffer {
    clock_hz: u32,
    slots: Vec<Slot>,
    /// Sequence number to play next.
    next: Option<u16>,
    ssrc: u32,
    filled: u16,
    playing: bool,
    /// Something of this stream was played: what comes before `next` is late for good.
    started: bool,
    waited: u16,
    too_deep: u16,
    /// Smallest transit seen lately and the peak above it, in milliseconds.
    base_transit_ms: Option<f64>,
    peak_ms: f32,
    packet_ms: f32,
    newest: Option<(u16, u32)>,
    late: u64,
    shed: u64,
}

impl JitterBuffer {
    /// An empty buffer for packets of this RTP clock.
    pub fn new(clock_hz: u32) -> Self {
        Self {
            clock_hz: clock_hz.max(1),
            slots: vec![Slot::default(); usize::from(CAPACITY)],
            next: None,
            ssrc: 0,
            filled: 0,
            playing: false,
            started: false,
            waited: 0,
            too_deep: 0,
            base_transit_ms: None,
            peak_ms: 0.0,
            packet_ms: crate::FRAME_MS as f32,
            newest: None,
            late: 0,
            shed: 0,
        }
    }

    /// Forgets the stream; the memory stays.
    pub fn reset(&mut self) {
        for slot in &mut self.slots {
            slot.filled = false;
        }
        self.next = None;
        self.filled = 0;
        (self.playing, self.started) = (false, false);
        (self.waited, self.too_deep) = (0, 0);
        self.base_transit_ms = None;
        self.peak_ms = 0.0;
        self.newest = None;
    }

    /// Packets that came after their turn.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Packets dropped to shorten the delay.
    pub fn shed(&self) -> u64 {
        self.shed
    }

    /// Packets that the buffer wants to hold before it plays, 1 to 10.
    pub fn wanted_depth(&self) -> u16 {
        let packets = ((self.peak_ms - TREMBLE_MS).max(0.0) / self.packet_ms.max(1.0)).ceil();
        (1 + packets as u16).min(MAX_DEPTH)
    }

    /// Takes an audio packet. Late and repeated ones are dropped.
    pub fn insert(&mut self, now: Duration, header: Header, payload: &[u8]) {
        self.measure(now, header);
        self.store(header, Content::Audio, payload);
    }

    /// Takes a packet of comfort noise. Its delay says nothing: it is sent when silence begins or changes.
    pub fn insert_noise(&mut self, header: Header, payload: &[u8]) {
        self.store(header, Content::Noise, payload);
    }

    /// Notes that a sequence number was used by something that is not audio.
    pub fn skip(&mut self, header: Header) {
        if self.next.is_some() && header.ssrc == self.ssrc {
            self.store(header, Content::Other, &[]);
        }
    }

    fn store(&mut self, header: Header, content: Content, payload: &[u8]) {
        if header.ssrc != self.ssrc {
            self.reset();
            self.ssrc = header.ssrc;
        }
        let sequence = header.sequence;
        let mut next = *self.next.get_or_insert(sequence);
        let ahead = sequence.wrapping_sub(next) as i16;
        if ahead < 0 && ahead > -RESTART_AFTER {
            if self.started || ahead <= -(CAPACITY as i16) {
                self.late += 1;
                return;
            }
            // Nothing was played yet: the stream simply began out of order.
            next = sequence;
            self.next = Some(next);
        } else if !(0..CAPACITY as i16).contains(&ahead) {
            self.reset();
            self.next = Some(sequence);
        }
        let Some(slot) = self.slots.get_mut(usize::from(sequence % CAPACITY)) else { return };
        if !slot.filled {
            self.filled += 1;
            slot.filled = true;
            slot.content = content;
            slot.payload.clear();
            slot.payload.extend_from_slice(payload);
        }
    }

    /// The next packet in order. Call once per packet time.
    pub fn pull(&mut self) -> Pull<'_> {
        let Some(mut next) = self.next else { return Pull::Empty };
        if !self.playing && !self.ready() {
            return Pull::Empty;
        }
        if !self.playing {
            // What is missing at the front of a refilled buffer is past: begin at what is there.
            next = self.first_filled(next);
            (self.playing, self.started) = (true, true);
        }
        next = self.pass_skipped(next);
        // A gap in a buffer that is shallower than it should be is rather lateness than loss: to
        // wait deepens the buffer, and a packet that is lost after all is passed over then.
        if self.filled == 0 || (!self.is_filled(next) && self.filled < self.wanted_depth()) {
            self.next = Some(next);
            (self.playing, self.waited, self.too_deep) = (false, 0, 0);
            return Pull::Empty;
        }
        next = self.shorten(next);
        self.next = Some(next.wrapping_add(1));
        let (index, after) = (usize::from(next % CAPACITY), usize::from(next.wrapping_add(1) % CAPACITY));
        if self.take(next) {
            return match self.slots.get(index) {
                Some(slot) if slot.content == Content::Noise => Pull::Noise(&slot.payload),
                slot => Pull::Packet(slot.map_or(&[], |slot| &slot.payload)),
            };
        }
        let following = self.slots.get(after).filter(|slot| slot.filled && slot.content == Content::Audio);
        Pull::Lost { following: following.map(|slot| slot.payload.as_slice()) }
    }

    fn ready(&mut self) -> bool {
        if self.filled == 0 {
            return false;
        }
        // One pull of patience per wanted packet: the tail of a stream that ended is still played.
        self.waited += 1;
        let wanted = self.wanted_depth();
        self.filled >= wanted || self.waited >= wanted
    }

    fn first_filled(&self, next: u16) -> u16 {
        (0..CAPACITY).map(|step| next.wrapping_add(step)).find(|sequence| self.is_filled(*sequence)).unwrap_or(next)
    }

    fn pass_skipped(&mut self, mut next: u16) -> u16 {
        let is_other = |slot: &Slot| slot.filled && slot.content == Content::Other;
        while self.slots.get(usize::from(next % CAPACITY)).is_some_and(is_other) {
            self.take(next);
            next = next.wrapping_add(1);
        }
        next
    }

    /// Drops one packet when the buffer was too deep for long enough.
    fn shorten(&mut self, next: u16) -> u16 {
        if self.filled <= self.wanted_depth() + 1 {
            self.too_deep = 0;
            return next;
        }
        self.too_deep += 1;
        if self.too_deep < TOO_DEEP_PULLS {
            return next;
        }
        self.too_deep = 0;
        self.shed += 1;
        self.take(next);
        self.pass_skipped(next.wrapping_add(1))
    }

    fn is_filled(&self, sequence: u16) -> bool {
        self.slots.get(usize::from(sequence % CAPACITY)).is_some_and(|slot| slot.filled)
    }

    fn take(&mut self, sequence: u16) -> bool {
        let Some(slot) = self.slots.get_mut(usize::from(sequence % CAPACITY)) else { return false };
        let was_filled = core::mem::replace(&mut slot.filled, false);
        self.filled -= u16::from(was_filled);
        was_filled
    }

    /// Follows the delay variation: how much later than the quickest packets this one came.
    fn measure(&mut self, now: Duration, header: Header) {
        if header.ssrc != self.ssrc {
            self.newest = None;
        }
        let clock = f64::from(self.clock_hz);
        let Some((sequence, timestamp)) = self.newest else {
            self.newest = Some((header.sequence, header.timestamp));
            self.base_transit_ms = Some(now.as_secs_f64() * 1_000.0);
            return;
        };
        let step_ms = f64::from(header.timestamp.wrapping_sub(timestamp) as i32) * 1_000.0 / clock;
        if header.sequence == sequence.wrapping_add(1) && (1.0..=120.0).contains(&step_ms) {
            self.packet_ms = step_ms as f32;
        }
        // Timestamps are kept relative to the first packet seen, extended through the clock.
        let transit_ms = now.as_secs_f64() * 1_000.0 - step_ms;
        let base = self.base_transit_ms.get_or_insert(transit_ms);
        if (transit_ms - *base).abs() > 1_000.0 {
            // A pause with a frozen timestamp or a restart, not delay.
            self.newest = None;
            return;
        }
        let excess = transit_ms - *base;
        if excess < 0.0 {
            *base = transit_ms;
        } else {
            // The base creeps up, so that clocks that drift apart do not look like delay.
            *base += excess.min(1.0) * 0.002;
        }
        self.peak_ms = (self.peak_ms - self.peak_ms * PEAK_DECAY).max(excess.max(0.0) as f32);
        if (header.sequence.wrapping_sub(sequence) as i16) > 0 {
            // Moves the reference on, and the base with it, so that neither wraps.
            *base += step_ms;
            self.newest = Some((header.sequence, header.timestamp));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(sequence: u16) -> Header {
        Header {
            marker: false,
            payload_type: 0,
            sequence,
            timestamp: u32::from(sequence.wrapping_add(100)).wrapping_mul(160),
            ssrc: 1,
        }
    }

    fn insert(buffer: &mut JitterBuffer, sequence: u16, at_ms: u64) {
        buffer.insert(Duration::from_millis(at_ms), header(sequence), &sequence.to_be_bytes());
    }

    fn number(pull: Pull<'_>) -> Option<u16> {
        match pull {
            Pull::Packet(payload) => payload.first_chunk().map(|bytes| u16::from_be_bytes(*bytes)),
            _ => None,
        }
    }

    #[test]
    fn an_even_stream_passes_in_order_across_the_wrap() {
        let mut buffer = JitterBuffer::new(8_000);
        for n in 0..100_u16 {
            insert(&mut buffer, n.wrapping_add(65_500), u64::from(n) * 20);
            assert_eq!(number(buffer.pull()), Some(n.wrapping_add(65_500)));
        }
        assert_eq!(buffer.wanted_depth(), 1);
    }

    #[test]
    fn reordered_and_repeated_packets_play_once_in_order() {
        let mut buffer = JitterBuffer::new(8_000);
        for n in [2, 1, 1, 3, 2] {
            insert(&mut buffer, n, 0);
        }
        assert_eq!([1, 2, 3].map(|_| number(buffer.pull())), [Some(1), Some(2), Some(3)]);
        insert(&mut buffer, 2, 60);
        assert_eq!((buffer.late(), buffer.pull()), (1, Pull::Empty));
    }

    #[test]
    fn a_lost_packet_is_named_and_the_following_one_offered() {
        let mut buffer = JitterBuffer::new(8_000);
        for n in [1, 3] {
            insert(&mut buffer, n, 0);
        }
        assert_eq!(number(buffer.pull()), Some(1));
        assert_eq!(buffer.pull(), Pull::Lost { following: Some(&[0, 3]) });
        assert_eq!(number(buffer.pull()), Some(3));
    }

    #[test]
    fn places_of_events_are_no_loss() {
        let mut buffer = JitterBuffer::new(8_000);
        insert(&mut buffer, 1, 0);
        buffer.skip(header(2));
        buffer.skip(header(3));
        insert(&mut buffer, 4, 0);
        assert_eq!([1, 4].map(|_| number(buffer.pull())), [Some(1), Some(4)]);
        assert_eq!(buffer.pull(), Pull::Empty);
    }

    #[test]
    fn noise_has_its_turn_behind_what_was_said() {
        let mut buffer = JitterBuffer::new(8_000);
        insert(&mut buffer, 1, 0);
        buffer.insert_noise(header(2), &[50]);
        assert_eq!(number(buffer.pull()), Some(1));
        assert_eq!(buffer.pull(), Pull::Noise(&[50]));
        assert_eq!(buffer.pull(), Pull::Empty);
        insert(&mut buffer, 3, 40);
        assert_eq!(number(buffer.pull()), Some(3));
    }

    #[test]
    fn depth_grows_with_jitter_and_then_nothing_runs_dry() {
        let mut buffer = JitterBuffer::new(8_000);
        let mut arrivals: Vec<(u64, u16)> =
            (0..500_u16).map(|n| (u64::from(n) * 20 + u64::from(n * 37 % 5) * 12, n)).collect();
        arrivals.sort_unstable();
        let mut arrivals = arrivals.into_iter().peekable();
        let mut gaps_late = 0;
        for tick in 0..480_u64 {
            while let Some((at_ms, n)) = arrivals.next_if(|(at_ms, _)| *at_ms <= tick * 20) {
                insert(&mut buffer, n, at_ms);
            }
            if number(buffer.pull()).is_none() && tick > 100 {
                gaps_late += 1;
            }
        }
        assert!(buffer.wanted_depth() >= 3, "depth {}", buffer.wanted_depth());
        assert_eq!(gaps_late, 0);
    }

    #[test]
    fn a_burst_after_a_stall_is_worked_off() {
        let mut buffer = JitterBuffer::new(8_000);
        for n in 0..10 {
            insert(&mut buffer, n, u64::from(n) * 20);
            buffer.pull();
        }
        for n in 10..40 {
            insert(&mut buffer, n, 600);
        }
        for n in 40..2_000_u16 {
            insert(&mut buffer, n, u64::from(n) * 20);
            buffer.pull();
        }
        assert!(buffer.shed() > 0);
        assert!(buffer.filled <= buffer.wanted_depth() + 2, "still {} deep", buffer.filled);
    }

    #[test]
    fn a_restarted_stream_replaces_the_old_one() {
        let mut buffer = JitterBuffer::new(8_000);
        insert(&mut buffer, 1, 0);
        assert_eq!(number(buffer.pull()), Some(1));
        insert(&mut buffer, 30_000, 20);
        assert_eq!(number(buffer.pull()), Some(30_000));
        buffer.insert(Duration::ZERO, Header { ssrc: 2, ..header(5) }, &[0, 5]);
        assert_eq!(number(buffer.pull()), Some(5));
    }

    proptest::proptest! {
        #[test]
        fn any_order_of_packets_plays_each_at_most_once(sequences in proptest::collection::vec(0_u16..200, 0..300)) {
            let mut buffer = JitterBuffer::new(8_000);
            let mut last = None;
            for (index, sequence) in sequences.iter().enumerate() {
                insert(&mut buffer, *sequence, index as u64 * 20);
                if let Some(played) = number(buffer.pull()) {
                    // A jump beyond the capacity restarts; within it the order holds.
                    if let Some(last) = last {
                        proptest::prop_assert!(played != last);
                    }
                    last = Some(played);
                }
            }
        }
    }
}
