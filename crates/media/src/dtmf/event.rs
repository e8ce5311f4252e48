//! The telephone-event payload (RFC 4733 §2.3).

/// Bytes of one event.
pub const EVENT_LEN: usize = 4;

/// One telephone-event payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Event code; 0 to 15 are digits.
    pub code: u8,
    /// The key was released.
    pub end: bool,
    /// Power in −dBm0, 0 to 63.
    pub volume: u8,
    /// How long the key has been down, in units of the RTP clock.
    pub duration: u16,
}

impl Event {
    /// Reads the first event of a payload; further bytes are ignored as RFC 4733 §2.3.5 allows one
    /// event per packet for digits. Nothing for fewer than four bytes.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [code, flags, d0, d1] = *payload.first_chunk::<EVENT_LEN>()?;
        Some(Self { code, end: flags & 0x80 != 0, volume: flags & 0x3f, duration: u16::from_be_bytes([d0, d1]) })
    }

    /// The payload as sent; the reserved bit is zero.
    pub fn to_bytes(self) -> [u8; EVENT_LEN] {
        let [d0, d1] = self.duration.to_be_bytes();
        [self.code, u8::from(self.end) << 7 | (self.volume & 0x3f), d0, d1]
    }
}

/// A duration of one clock in units of another, saturating at the field's 65,535 (8.1 s at 8 kHz,
/// 1.36 s at 48 kHz): a longer press is reported as that long.
pub fn rescale(duration: u16, from_hz: u32, to_hz: u32) -> u16 {
    let scaled = u64::from(duration) * u64::from(to_hz) / u64::from(from_hz.max(1));
    u16::try_from(scaled).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_the_rfc_layout_are_read_and_written() {
        let event = Event { code: 11, end: true, volume: 10, duration: 800 };
        assert_eq!(event.to_bytes(), [11, 0x8a, 3, 0x20]);
        assert_eq!(Event::parse(&[11, 0xca, 3, 0x20, 9]), Some(event), "the reserved bit is ignored");
        assert_eq!(Event::parse(&[1, 2, 3]), None);
    }

    #[test]
    fn durations_rescale_and_saturate() {
        assert_eq!(rescale(800, 8_000, 48_000), 4_800);
        assert_eq!(rescale(4_800, 48_000, 8_000), 800);
        assert_eq!(rescale(16_000, 8_000, 48_000), u16::MAX);
        assert_eq!(rescale(1, 0, 8_000), 8_000);
    }
}
