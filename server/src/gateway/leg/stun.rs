//! What of a STUN message says whose it is (RFC 8489). Bytes in, text out: `server/fuzz` takes this file as it is.

/// STUN's fixed header, bytes, and its magic cookie (RFC 8489 §5).
const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// Attribute USERNAME (RFC 8489 §14.3).
const USERNAME: u16 = 0x0006;

/// The part of USERNAME before the colon: the fragment of the agent that is asked, which is us.
/// `None` for anything that is not a well-formed STUN message with that attribute.
pub(super) fn local_fragment(datagram: &[u8]) -> Option<&str> {
    // RFC 7983 §7: first byte 0 to 3 is STUN.
    if *datagram.first()? > 3 || datagram.get(4..8)? != COOKIE {
        return None;
    }
    let mut attributes = datagram.get(HEADER..)?;
    loop {
        let (header, rest) = attributes.split_at_checked(4)?;
        let &[kind_high, kind_low, length_high, length_low] = header else { return None };
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        if u16::from_be_bytes([kind_high, kind_low]) == USERNAME {
            return core::str::from_utf8(rest.get(..length)?).ok()?.split(':').next();
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A check of the peer's with this USERNAME.
    pub(crate) fn binding_request(username: &str) -> Vec<u8> {
        let mut message = vec![0, 1, 0, 0];
        message.extend(COOKIE);
        message.extend([7; 12]);
        // An attribute of odd length first, so that the padding is walked.
        message.extend([0x80, 0x22, 0, 3, b'a', b'b', b'c', 0]);
        message.extend(USERNAME.to_be_bytes());
        message.extend((username.len() as u16).to_be_bytes());
        message.extend(username.as_bytes());
        message.resize(message.len().next_multiple_of(4), 0);
        message
    }

    #[test]
    fn the_local_fragment_is_read_past_other_attributes() {
        assert_eq!(local_fragment(&binding_request("ours:theirs")), Some("ours"));
    }

    #[test]
    fn every_truncation_of_a_check_is_survived() {
        let whole = binding_request("ours:theirs");
        for length in 0..whole.len() {
            let _ = local_fragment(&whole[..length]);
        }
        assert_eq!(local_fragment(&[0; 64]), None);
        assert_eq!(local_fragment(&[0x80; 64]), None);
    }
}
