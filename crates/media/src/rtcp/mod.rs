//! RTCP (RFC 3550 §6): reading compound packets, writing reports, and the round-trip time.
//!
//! Knows sender and receiver reports, CNAME and BYE; everything else is passed over. When to send
//! is the caller's decision.

mod read;
mod write;

pub use read::{Packet, RtcpError, is_rtcp, parse};
pub use write::{Report, write_bye, write_report};

use core::time::Duration;

/// Reception of one source as its receiver reports it (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source reported on.
    pub ssrc: u32,
    /// Loss since the previous report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; negative when duplicates came. 24 bits on the wire.
    pub total_lost: i32,
    /// Highest sequence number, wraps in the upper half.
    pub highest_sequence: u32,
    /// Jitter in units of the source's RTP clock.
    pub jitter: u32,
    /// Middle of the NTP time of the last sender report; zero when none came.
    pub last_report: u32,
    /// Time since that report, in units of 1/65,536 s.
    pub delay_since: u32,
}

/// What a sender says about its own stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderInfo {
    /// NTP timestamp, 32.32 fixed point.
    pub ntp: u64,
    /// RTP timestamp of the same instant.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub bytes: u32,
}

/// `now` as an NTP timestamp. Any steady clock will do (RFC 3550 §6.4.1): only differences count.
pub fn ntp(now: Duration) -> u64 {
    (now.as_secs() << 32) | ((u64::from(now.subsec_nanos()) << 32) / 1_000_000_000)
}

/// The middle 32 bits of an NTP timestamp, as report blocks refer to it.
pub fn ntp_middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Round-trip time that a block about our stream shows when it arrives at `now`; nothing when its
/// sender had no report of ours yet or states an impossible delay.
pub fn round_trip(now: Duration, block: &ReportBlock) -> Option<Duration> {
    if block.last_report == 0 {
        return None;
    }
    let units = ntp_middle(ntp(now)).wrapping_sub(block.last_report).wrapping_sub(block.delay_since);
    // Above half the range the difference is negative: the peer's clock runs fast.
    (units < 1 << 31).then(|| Duration::from_micros(u64::from(units) * 1_000_000 / 65_536))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block() -> ReportBlock {
        ReportBlock {
            ssrc: 7,
            fraction_lost: 12,
            total_lost: -3,
            highest_sequence: 70_000,
            jitter: 40,
            last_report: 0,
            delay_since: 0,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let sender = SenderInfo { ntp: ntp(Duration::from_millis(1_500)), rtp_timestamp: 9, packets: 3, bytes: 480 };
        for (sender, block) in
            [(Some(sender), Some(block())), (None, Some(block())), (Some(sender), None), (None, None)]
        {
            let mut bytes = Vec::new();
            write_report(&mut bytes, &Report { ssrc: 5, sender, block, cname: "leg" });
            assert_eq!(bytes.len() % 4, 0);
            let packets = parse(&bytes).unwrap();
            let report = Packet::Report { ssrc: 5, sender, blocks: block.into_iter().collect() };
            assert_eq!(packets, [report, Packet::Cname { ssrc: 5, cname: "leg".into() }]);
        }
        let mut bytes = Vec::new();
        write_bye(&mut bytes, 5);
        assert_eq!(parse(&bytes), Ok(vec![Packet::Bye { sources: vec![5] }]));
        assert!(is_rtcp(&bytes));
    }

    #[test]
    fn round_trip_is_what_passed_without_the_peers_delay() {
        let sent_at = Duration::from_secs(100);
        let block = ReportBlock { last_report: ntp_middle(ntp(sent_at)), delay_since: 65_536, ..block() };
        let measured = round_trip(sent_at + Duration::from_millis(1_080), &block).unwrap();
        assert!(measured.abs_diff(Duration::from_millis(80)) < Duration::from_millis(1));
        assert_eq!(round_trip(sent_at, &block), None, "the stated delay is longer than what passed");
        assert_eq!(round_trip(sent_at, &ReportBlock { last_report: 0, ..block }), None);
    }

    #[test]
    fn lengths_beyond_the_packet_and_rtp_are_refused() {
        assert_eq!(parse(&[0x80, 200, 0, 6, 0]), Err(RtcpError::Truncated));
        assert_eq!(parse(&[0x81, 201, 0, 1, 0, 0, 0, 5]), Err(RtcpError::Truncated), "a block is announced");
        assert_eq!(parse(&[0x00, 200, 0, 0]), Err(RtcpError::Version));
        assert!(!is_rtcp(&[0x80, 0x80 | 111, 0, 0]));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..120), kind in 200_u8..208) {
            let _ = parse(&bytes);
            if let [version, packet_type, high, ..] = &mut bytes[..] {
                (*version, *packet_type, *high) = (0x80 | (*version & 0x1f), kind, 0);
            }
            let _ = parse(&bytes);
        }
    }
}
