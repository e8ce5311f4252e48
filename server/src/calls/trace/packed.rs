//! A call's trace as it is stored and shown: what may be kept of it, in one piece.
//!
//! JSON, deflated and in base64. The messages of a call repeat each other, so that 10 kB of them are some 2.5 kB of text.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use sautikit_api::ids::LegRecordId;
use serde::{Deserialize, Serialize};

use super::quality::LegSecurity;
use super::redact::redacted;
use super::{CallTrace, Captured, Sample, TracedLeg};

/// A row is never larger than this when it is inflated: six legs of the largest kind. Guards readers against a row that was
/// tampered with.
const MOST_INFLATED: u64 = 8 << 20;

/// What is known of a call.
#[derive(Default, Serialize, Deserialize)]
pub(in crate::calls) struct Packed {
    /// In the order of time.
    #[serde(rename = "m")]
    pub(super) messages: Vec<Message>,
    /// Messages that found no room.
    #[serde(rename = "o")]
    pub(super) left_out: u32,
    #[serde(rename = "q")]
    pub(super) quality: Vec<LegQuality>,
}

/// One message, without its secrets.
#[derive(Serialize, Deserialize)]
pub(super) struct Message {
    /// Microseconds UTC.
    #[serde(rename = "a")]
    pub(super) at_us: i64,
    #[serde(rename = "l")]
    pub(super) leg: LegRecordId,
    #[serde(rename = "s")]
    pub(super) is_sent: bool,
    #[serde(rename = "v")]
    pub(super) transport: String,
    #[serde(rename = "f")]
    pub(super) local: String,
    #[serde(rename = "t")]
    pub(super) remote: String,
    #[serde(rename = "r")]
    pub(super) is_repeated: bool,
    #[serde(rename = "m")]
    pub(super) text: String,
}

/// How a leg sounded.
#[derive(Serialize, Deserialize)]
pub(super) struct LegQuality {
    #[serde(rename = "l")]
    pub(super) leg: LegRecordId,
    #[serde(rename = "s")]
    pub(super) samples: Vec<Sample>,
    /// None of a call that an earlier release has kept.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub(super) security: Option<LegSecurity>,
}

impl Packed {
    /// What may be kept of a call's trace as it is now.
    pub(super) fn of(trace: &CallTrace) -> Self {
        let mut packed = Self::default();
        for TracedLeg { id, number, signalling } in trace.legs() {
            let (messages, left_out) = signalling.read();
            packed.left_out = packed.left_out.saturating_add(left_out);
            packed
                .messages
                .extend(messages.iter().map(|(message, is_repeated)| Message::of(id, message, *is_repeated)));
            let (samples, security) = (trace.quality.of(number), trace.quality.security_of(number));
            // Of a call that is over before its first piece is still told how it was secured.
            if !samples.is_empty() || security.is_some() {
                packed.quality.push(LegQuality { leg: id, samples, security });
            }
        }
        // Stable: those of one microsecond stay in their leg's order.
        packed.messages.sort_by_key(|message| message.at_us);
        packed
    }

    fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.quality.is_empty() && self.left_out == 0
    }

    /// As it is stored; none where there is nothing.
    pub(super) fn to_text(&self) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        // The fastest: the best makes it a tenth smaller and takes five times as long.
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::fast());
        // Neither plain structures nor memory refuse.
        deflated.write_all(&serde_json::to_vec(self).ok()?).ok()?;
        Some(STANDARD.encode(deflated.finish().ok()?))
    }

    /// What was stored; none where it can't be read.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let deflated = STANDARD.decode(text).ok()?;
        let mut json = Vec::new();
        DeflateDecoder::new(&deflated[..]).take(MOST_INFLATED).read_to_end(&mut json).ok()?;
        serde_json::from_slice(&json).ok()
    }
}

impl Message {
    fn of(leg: LegRecordId, message: &Captured, is_repeated: bool) -> Self {
        Self {
            at_us: message.at_us,
            leg,
            is_sent: message.is_sent,
            transport: message.transport.as_str().to_owned(),
            local: message.local.to_string(),
            remote: message.remote.to_string(),
            is_repeated,
            text: redacted(&message.head, &message.body),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use bytes::Bytes;
    use uuid::Uuid;

    use super::super::{LegTrace, Room, Transport};
    use super::*;

    fn message(at_us: i64, text: &str) -> Captured {
        let address = SocketAddr::from(([192, 0, 2, 1], 5060));
        let head = Bytes::copy_from_slice(text.as_bytes());
        let (transport, local, remote) = (Transport::Udp, address, address);
        Captured { at_us, is_sent: true, transport, local, remote, head, body: Bytes::new() }
    }

    #[test]
    fn what_is_packed_is_read_in_the_order_of_time_and_without_secrets() {
        let (trace, room) = (CallTrace::default(), Room::default());
        let legs = [1, 2].map(|n| (LegRecordId(Uuid::from_u128(n)), LegTrace::new(&room)));
        for (number, (id, leg)) in legs.iter().enumerate() {
            trace.add(*id, number as u32, leg.clone());
        }
        legs[0].1.push(message(1, "INVITE sip:b SIP/2.0\r\nAuthorization: Digest response=\"geheim\"\r\n\r\n"));
        legs[1].1.push(message(2, "INVITE sip:c SIP/2.0\r\n\r\n"));
        legs[0].1.push(message(3, "BYE sip:b SIP/2.0\r\n\r\n"));
        let text = Packed::of(&trace).to_text().unwrap();
        let read = Packed::from_text(&text).unwrap();
        let order: Vec<_> = read.messages.iter().map(|message| (message.at_us, message.leg)).collect();
        assert_eq!(order, [(1, legs[0].0), (2, legs[1].0), (3, legs[0].0)]);
        assert!(!serde_json::to_string(&read).unwrap().contains("geheim"));
    }

    #[test]
    fn nothing_is_no_row_and_damage_is_no_panic() {
        assert_eq!(Packed::of(&CallTrace::default()).to_text(), None);
        for text in ["", "!!", "AAAA", &STANDARD.encode([0xff; 64])] {
            assert!(Packed::from_text(text).is_none(), "{text}");
        }
    }
}
