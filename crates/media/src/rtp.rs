//! RTP packets (RFC 3550 §5.1): a bounds-checked view, a header writer and the in-place rewrite
//! that forwarding uses.
//!
//! Contributing sources, header extensions (RFC 8285) and padding are skipped, never kept: what we
//! forward carries our own plain twelve-byte header, because extension ids are agreed per leg.

use core::ops::Range;

use thiserror::Error;

/// Bytes of a header without contributing sources and extension.
pub const HEADER_LEN: usize = 12;

/// Largest packet that we build: fits an Ethernet frame with IPv6, UDP and SRTP overhead.
pub const MAX_PACKET_LEN: usize = 1_400;

/// Why bytes are not an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RtpError {
    /// Shorter than its header, contributing sources or extension say.
    #[error("RTP packet is shorter than its header says")]
    Truncated,
    /// The version field is not 2.
    #[error("RTP version is not 2")]
    Version,
    /// The payload type lies in 64..=95, which RFC 5761 §4 leaves to RTCP.
    #[error("packet is RTCP, not RTP")]
    Rtcp,
    /// The padding count is zero or longer than the payload.
    #[error("RTP padding is longer than the payload")]
    Padding,
}

/// The fields of the fixed header that audio needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// First packet of a talk spurt.
    pub marker: bool,
    /// 0..=127.
    pub payload_type: u8,
    /// Wraps at 65,536.
    pub sequence: u16,
    /// In units of the payload's clock; wraps.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

impl Header {
    /// The header as sent: version 2, no padding, no extension, no contributing sources.
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [c0, c1, c2, c3] = self.ssrc.to_be_bytes();
        let marker = u8::from(self.marker) << 7;
        [0x80, marker | (self.payload_type & 0x7f), s0, s1, t0, t1, t2, t3, c0, c1, c2, c3]
    }
}

/// A parsed packet: its header and where its payload lies in the bytes that were parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The fixed header.
    pub header: Header,
    /// Payload without extension and padding; may be empty.
    pub payload: Range<usize>,
}

impl Packet {
    /// Reads the header of `bytes` and checks every length it states.
    pub fn parse(bytes: &[u8]) -> Result<Self, RtpError> {
        let (fixed, rest) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(RtpError::Truncated)?;
        let [v, m, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *fixed;
        if v >> 6 != 2 {
            return Err(RtpError::Version);
        }
        let payload_type = m & 0x7f;
        if (64..=95).contains(&payload_type) {
            return Err(RtpError::Rtcp);
        }
        let sources_len = usize::from(v & 0x0f) * 4;
        let after_sources = rest.get(sources_len..).ok_or(RtpError::Truncated)?;
        let mut start = HEADER_LEN + sources_len;
        if v & 0x10 != 0 {
            let [_, _, l0, l1] = *after_sources.first_chunk::<4>().ok_or(RtpError::Truncated)?;
            start += 4 + usize::from(u16::from_be_bytes([l0, l1])) * 4;
        }
        let mut end = bytes.len();
        if start > end {
            return Err(RtpError::Truncated);
        }
        if v & 0x20 != 0 {
            let padding = usize::from(*bytes.last().ok_or(RtpError::Padding)?);
            if padding == 0 || padding > end - start {
                return Err(RtpError::Padding);
            }
            end -= padding;
        }
        let header = Header {
            marker: m & 0x80 != 0,
            payload_type,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
        };
        Ok(Self { header, payload: start..end })
    }

    /// The payload within the bytes that were parsed; empty for any other bytes too short for it.
    pub fn payload<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.payload.clone()).unwrap_or_default()
    }

    /// Writes `header` directly before the payload and returns the resulting packet, without
    /// moving the payload. Extension, contributing sources and padding are left out.
    pub fn rewrite_in_place<'a>(&self, bytes: &'a mut [u8], header: Header) -> Option<&'a [u8]> {
        let begin = self.payload.start.checked_sub(HEADER_LEN)?;
        let packet = bytes.get_mut(begin..self.payload.end)?;
        *packet.first_chunk_mut::<HEADER_LEN>()? = header.to_bytes();
        Some(packet)
    }
}

/// Writes header and payload into `out`, replacing what it held.
pub fn write(out: &mut Vec<u8>, header: Header, payload: &[u8]) {
    out.clear();
    out.extend_from_slice(&header.to_bytes());
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header =
        Header { marker: true, payload_type: 111, sequence: 65_535, timestamp: 0xffff_fff0, ssrc: 0xdead_beef };

    #[test]
    fn what_is_written_is_parsed() {
        let mut bytes = Vec::new();
        write(&mut bytes, HEADER, b"audio");
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!((packet.header, packet.payload(&bytes)), (HEADER, &b"audio"[..]));
    }

    #[test]
    fn sources_extension_and_padding_are_skipped_and_rewritten_away() {
        let mut bytes = HEADER.to_bytes().to_vec();
        bytes[0] |= 0x20 | 0x10 | 0x02;
        bytes.extend_from_slice(&[1; 8]);
        bytes.extend_from_slice(&[0xbe, 0xde, 0, 1, 9, 9, 9, 9]);
        bytes.extend_from_slice(b"audio");
        bytes.extend_from_slice(&[0, 0, 3]);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.payload(&bytes), b"audio");
        let new = Header { ssrc: 1, ..HEADER };
        let rewritten = packet.rewrite_in_place(&mut bytes, new).unwrap().to_vec();
        assert_eq!(rewritten, [&new.to_bytes()[..], b"audio"].concat());
    }

    #[test]
    fn lengths_beyond_the_packet_are_refused() {
        assert_eq!(Packet::parse(&HEADER.to_bytes()[..11]), Err(RtpError::Truncated));
        let with_flags = |flags: u8, tail: &[u8]| {
            let mut bytes = HEADER.to_bytes().to_vec();
            bytes[0] |= flags;
            bytes.extend_from_slice(tail);
            Packet::parse(&bytes)
        };
        assert_eq!(with_flags(0x0f, &[0; 59]), Err(RtpError::Truncated));
        assert_eq!(with_flags(0x10, &[0, 0, 0xff, 0xff, 0]), Err(RtpError::Truncated));
        assert_eq!(with_flags(0x20, &[5, 0]), Err(RtpError::Padding));
        assert_eq!(with_flags(0x20, &[1, 9]), Err(RtpError::Padding));
    }

    #[test]
    fn rtcp_and_other_versions_are_told_apart() {
        let mut bytes = HEADER.to_bytes();
        bytes[1] = 200;
        assert_eq!(Packet::parse(&bytes), Err(RtpError::Rtcp));
        bytes[0] = 0x40;
        assert_eq!(Packet::parse(&bytes), Err(RtpError::Version));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_parse_or_fail_without_panic(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            if let Ok(packet) = Packet::parse(&bytes) {
                let payload = packet.payload(&bytes).to_vec();
                let rewritten = packet.rewrite_in_place(&mut bytes, HEADER).unwrap();
                proptest::prop_assert_eq!(&rewritten[HEADER_LEN..], &payload[..]);
            }
        }
    }
}
