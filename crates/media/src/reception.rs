//! What was received of one RTP source: loss and interarrival jitter (RFC 3550 A.3, A.8).

use core::time::Duration;

use crate::rtp::Header;

/// A sequence jump beyond this starts a new count (MAX_DROPOUT of RFC 3550 A.1).
const MAX_DROPOUT: i32 = 3_000;

#[derive(Debug, Clone, Copy)]
struct Source {
    ssrc: u32,
    /// Sequence numbers from here, extended past their wraps.
    base: i64,
    highest: i64,
    received: u64,
    /// Arrival minus timestamp of the packet before, in clock units; wraps.
    transit: Option<u32>,
}

/// Counts over the sources that followed each other on one port.
#[derive(Debug, Clone)]
pub struct Reception {
    clock_hz: u32,
    source: Option<Source>,
    /// Expected and received of sources that are gone.
    past_expected: u64,
    past_received: u64,
    /// Running jitter in clock units, times 16 as in RFC 3550 A.8.
    jitter_x16: u32,
    /// Expected and received when the last report block was made.
    reported: (u64, u64),
}

/// What a reception report says (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// The source reported on.
    pub ssrc: u32,
    /// Loss since the previous report, in 256ths.
    pub fraction: u8,
    /// Packets lost since the beginning, never negative here.
    pub total: u32,
    /// Highest sequence number, wraps in the upper half.
    pub highest_sequence: u32,
    /// Jitter in clock units.
    pub jitter: u32,
}

impl Reception {
    /// Nothing received yet; `clock_hz` is the payload's RTP clock.
    pub fn new(clock_hz: u32) -> Self {
        Self {
            clock_hz: clock_hz.max(1),
            source: None,
            past_expected: 0,
            past_received: 0,
            jitter_x16: 0,
            reported: (0, 0),
        }
    }

    /// Counts a packet; true when it is the first of a new source or of a restarted one.
    pub fn receive(&mut self, now: Duration, header: Header) -> bool {
        let arrival = (now.as_micros() * u128::from(self.clock_hz) / 1_000_000) as u32;
        self.count(header, Some(arrival.wrapping_sub(header.timestamp)))
    }

    /// Counts a packet of a named event, whose timestamp stands still and says nothing of jitter.
    pub fn receive_event(&mut self, header: Header) -> bool {
        self.count(header, None)
    }

    fn count(&mut self, header: Header, transit: Option<u32>) -> bool {
        if let Some(source) = &mut self.source
            && source.ssrc == header.ssrc
        {
            let step = i32::from(header.sequence.wrapping_sub(source.highest as u16) as i16);
            if step.abs() < MAX_DROPOUT {
                source.received += 1;
                if step > 0 {
                    source.highest += i64::from(step);
                }
                if let (Some(transit), Some(before)) = (transit, source.transit) {
                    let difference = (transit.wrapping_sub(before) as i32).unsigned_abs();
                    // A pause in sending with a frozen timestamp is no jitter.
                    if difference < self.clock_hz {
                        let old = self.jitter_x16;
                        self.jitter_x16 = old.saturating_add(difference) - ((old + 8) >> 4);
                    }
                }
                source.transit = transit.or(source.transit);
                return false;
            }
        }
        self.retire();
        let first = i64::from(header.sequence);
        self.source = Some(Source { ssrc: header.ssrc, base: first, highest: first, received: 1, transit });
        true
    }

    /// Packets received from all sources, duplicates included.
    pub fn received(&self) -> u64 {
        self.past_received + self.source.map_or(0, |source| source.received)
    }

    /// Packets that never came; duplicates do not make it negative.
    pub fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received())
    }

    /// Interarrival jitter in milliseconds.
    pub fn jitter_ms(&self) -> f32 {
        (self.jitter_x16 >> 4) as f32 * 1_000.0 / self.clock_hz as f32
    }

    /// The SSRC that is being received.
    pub fn ssrc(&self) -> Option<u32> {
        self.source.map(|source| source.ssrc)
    }

    /// Makes the next report; fractions count from the previous one. Nothing before a packet came.
    pub fn report(&mut self) -> Option<Loss> {
        let source = self.source?;
        let (expected, received) = (self.expected(), self.received());
        let expected_since = expected.saturating_sub(self.reported.0);
        let lost_since = expected_since.saturating_sub(received.saturating_sub(self.reported.1));
        self.reported = (expected, received);
        let fraction = (lost_since * 256).checked_div(expected_since).unwrap_or(0);
        Some(Loss {
            ssrc: source.ssrc,
            fraction: u8::try_from(fraction).unwrap_or(u8::MAX),
            total: u32::try_from(self.lost()).unwrap_or(u32::MAX),
            highest_sequence: source.highest as u32,
            jitter: self.jitter_x16 >> 4,
        })
    }

    fn expected(&self) -> u64 {
        let current = self.source.map_or(0, |source| source.highest.abs_diff(source.base) + 1);
        self.past_expected + current
    }

    fn retire(&mut self) {
        self.past_expected = self.expected();
        self.past_received = self.received();
        self.source = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(sequence: u16, timestamp: u32) -> Header {
        Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 5 }
    }

    fn receive(reception: &mut Reception, sequence: u16, arrival_ms: u64) -> bool {
        let timestamp = u32::from(sequence) * 160;
        reception.receive(Duration::from_millis(arrival_ms), header(sequence, timestamp))
    }

    #[test]
    fn gaps_are_loss_and_late_packets_are_not() {
        let mut reception = Reception::new(8_000);
        for (sequence, arrival_ms) in [(0, 0), (1, 20), (4, 80), (3, 81)] {
            receive(&mut reception, sequence, arrival_ms);
        }
        assert_eq!((reception.received(), reception.lost()), (4, 1));
        let loss = reception.report().unwrap();
        assert_eq!((loss.fraction, loss.total, loss.highest_sequence), (51, 1, 4));
        assert_eq!(reception.report().map(|loss| loss.fraction), Some(0));
    }

    #[test]
    fn an_even_stream_has_no_jitter_and_an_uneven_one_has() {
        let mut reception = Reception::new(8_000);
        for n in 0..50 {
            receive(&mut reception, n, u64::from(n) * 20);
        }
        assert_eq!(reception.jitter_ms(), 0.0);
        for n in 50..250 {
            receive(&mut reception, n, u64::from(n) * 20 + u64::from(n % 2) * 10);
        }
        assert!((reception.jitter_ms() - 10.0).abs() < 1.0, "{}", reception.jitter_ms());
    }

    #[test]
    fn wrap_is_no_loss_and_a_new_source_keeps_the_count() {
        let mut reception = Reception::new(8_000);
        assert!(reception.receive(Duration::ZERO, header(65_535, 0)));
        assert!(!reception.receive(Duration::ZERO, header(0, 160)));
        assert!(reception.receive(Duration::ZERO, Header { ssrc: 6, ..header(9_000, 0) }));
        assert_eq!((reception.received(), reception.lost()), (3, 0));
    }
}
