//! A call's messages as text, in the form in which `sngrep` saves them.

use std::fmt::Write;

use jiff::Timestamp;

use super::packed::Packed;

/// One message after the other: when, between whom, and its text.
pub(super) fn text(packed: &Packed) -> String {
    let mut out = String::new();
    for message in &packed.messages {
        let at = Timestamp::from_microsecond(message.at_us).unwrap_or(Timestamp::UNIX_EPOCH);
        let (from, to) =
            if message.is_sent { (&message.local, &message.remote) } else { (&message.remote, &message.local) };
        let again = if message.is_repeated { " (retransmission)" } else { "" };
        // Text takes everything.
        let _ = writeln!(out, "{} {from} -> {to}{again}", at.strftime("%Y/%m/%d %H:%M:%S%.6f"));
        out.push_str(&message.text);
        out.push_str("\r\n\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use sautikit_api::ids::LegRecordId;
    use uuid::Uuid;

    use super::super::packed::Message;
    use super::*;

    #[test]
    fn who_sent_a_message_stands_first() {
        let message = |is_sent, is_repeated| Message {
            at_us: 1_700_000_000_250_000,
            leg: LegRecordId(Uuid::from_u128(7)),
            is_sent,
            transport: "udp".to_owned(),
            local: "192.0.2.1:5060".to_owned(),
            remote: "[2001:db8::2]:5061".to_owned(),
            is_repeated,
            text: "BYE sip:b SIP/2.0\r\n\r\n".to_owned(),
        };
        let packed = Packed { messages: vec![message(true, false), message(false, true)], ..Packed::default() };
        let text = text(&packed);
        assert!(
            text.starts_with("2023/11/14 22:13:20.250000 192.0.2.1:5060 -> [2001:db8::2]:5061\nBYE sip:b SIP/2.0\r\n")
        );
        assert!(text.contains("[2001:db8::2]:5061 -> 192.0.2.1:5060 (retransmission)\n"));
    }
}
