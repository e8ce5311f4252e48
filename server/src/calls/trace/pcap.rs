//! A call's messages as a capture file that Wireshark, tshark and sngrep open.
//!
//! Classic pcap with microseconds and raw IP (LINKTYPE_RAW, 101). The headers of IP and UDP are made up: messages that came
//! over connections stand in datagrams too, so that each is read by itself.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::packed::{Message, Packed};

/// Little-endian, microseconds, version 2.4.
const MAGIC: u32 = 0xa1b2_c3d4;
const LINKTYPE_RAW: u32 = 101;
const SNAP_LENGTH: u32 = 65_535;
const UDP: u8 = 17;
const UDP_HEADER: usize = 8;
const TTL: u8 = 64;
/// What fits into one IPv4 packet beside its headers.
const MOST_PAYLOAD: usize = 65_535 - 20 - UDP_HEADER;

/// The file.
pub(super) fn file(packed: &Packed) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(MAGIC.to_le_bytes());
    out.extend(2_u16.to_le_bytes());
    out.extend(4_u16.to_le_bytes());
    // Time zone and accuracy.
    out.extend([0; 8]);
    out.extend(SNAP_LENGTH.to_le_bytes());
    out.extend(LINKTYPE_RAW.to_le_bytes());
    for message in &packed.messages {
        let packet = packet(message);
        let seconds = u32::try_from(message.at_us.div_euclid(1_000_000)).unwrap_or(0);
        let micros = u32::try_from(message.at_us.rem_euclid(1_000_000)).unwrap_or(0);
        let length = u32::try_from(packet.len()).unwrap_or(SNAP_LENGTH);
        for word in [seconds, micros, length, length] {
            out.extend(word.to_le_bytes());
        }
        out.extend(packet);
    }
    out
}

/// One message in a datagram.
fn packet(message: &Message) -> Vec<u8> {
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    let address = |text: &str| text.parse().unwrap_or(unknown);
    let (local, remote) = (address(&message.local), address(&message.remote));
    let (from, to) = if message.is_sent { (local, remote) } else { (remote, local) };
    let payload = message.text.as_bytes();
    let payload = payload.get(..MOST_PAYLOAD).unwrap_or(payload);
    match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            let datagram = datagram(from.port(), to.port(), payload);
            let mut out = vec![0x45, 0];
            // Bounded above.
            out.extend(((20 + datagram.len()) as u16).to_be_bytes());
            // No identification; not to be fragmented.
            out.extend([0, 0, 0x40, 0, TTL, UDP, 0, 0]);
            out.extend(source.octets());
            out.extend(target.octets());
            let sum = checksum(&[&out]);
            out[10..12].copy_from_slice(&sum.to_be_bytes());
            out.extend(datagram);
            out
        }
        (source, target) => {
            let (source, target) = (as_v6(source), as_v6(target));
            let mut datagram = datagram(from.port(), to.port(), payload);
            let length = datagram.len() as u16;
            // Needed over IPv6 (RFC 8200 §8.1); zero is written as its complement.
            let pseudo =
                [&source.octets()[..], &target.octets(), &[0, 0], &length.to_be_bytes(), &[0, 0, 0, UDP]].concat();
            let sum = match checksum(&[&pseudo, &datagram]) {
                0 => u16::MAX,
                sum => sum,
            };
            datagram[6..8].copy_from_slice(&sum.to_be_bytes());
            let mut out = vec![0x60, 0, 0, 0];
            out.extend(length.to_be_bytes());
            out.extend([UDP, TTL]);
            out.extend(source.octets());
            out.extend(target.octets());
            out.extend(datagram);
            out
        }
    }
}

fn datagram(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(UDP_HEADER + payload.len());
    out.extend(from.to_be_bytes());
    out.extend(to.to_be_bytes());
    // Bounded by its caller.
    out.extend(((UDP_HEADER + payload.len()) as u16).to_be_bytes());
    // Over IPv4 none need be there (RFC 768).
    out.extend([0, 0]);
    out.extend(payload);
    out
}

fn as_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// RFC 1071, over pieces of which all but the last have an even length.
fn checksum(pieces: &[&[u8]]) -> u16 {
    let words = pieces.iter().flat_map(|piece| piece.chunks(2));
    let mut sum: u32 = words.map(|word| u32::from(word[0]) << 8 | word.get(1).map_or(0, |low| u32::from(*low))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use sautikit_api::ids::LegRecordId;
    use uuid::Uuid;

    use super::*;

    fn message(local: &str, remote: &str, is_sent: bool) -> Message {
        Message {
            at_us: 1_700_000_000_250_000,
            leg: LegRecordId(Uuid::from_u128(7)),
            is_sent,
            transport: "udp".to_owned(),
            local: local.to_owned(),
            remote: remote.to_owned(),
            is_repeated: false,
            text: "BYE sip:b SIP/2.0\r\n\r\n".to_owned(),
        }
    }

    #[test]
    fn a_packet_of_ipv4_has_its_lengths_ends_and_sum() {
        let packet = packet(&message("192.0.2.1:5060", "192.0.2.2:5080", true));
        assert_eq!(packet.len(), 20 + 8 + 21);
        assert_eq!(packet[..4], [0x45, 0, 0, 49]);
        assert_eq!(packet[12..20], [192, 0, 2, 1, 192, 0, 2, 2]);
        assert_eq!(packet[20..26], [0x13, 0xc4, 0x13, 0xd8, 0, 29]);
        assert_eq!(checksum(&[&packet[..20]]), 0, "the sum over a header with its sum is nothing");
        assert!(packet.ends_with(b"BYE sip:b SIP/2.0\r\n\r\n"));
    }

    #[test]
    fn a_packet_of_ipv6_carries_the_sum_of_its_datagram() {
        let packet = packet(&message("[2001:db8::1]:5060", "[2001:db8::2]:5060", false));
        assert_eq!((packet[0], packet[6], packet.len()), (0x60, UDP, 40 + 8 + 21));
        assert!(packet[8..24].ends_with(&[2]), "it came from the peer");
        let pseudo = [&packet[8..40], &[0, 0], &packet[4..6], &[0, 0, 0, UDP]].concat();
        assert_eq!(checksum(&[&pseudo, &packet[40..]]), 0);
    }

    #[test]
    fn a_file_has_a_record_for_each_message() {
        let messages = vec![message("192.0.2.1:5060", "192.0.2.2:5080", true), message("nonsense", "[::1]:1", true)];
        let file = file(&Packed { messages, ..Packed::default() });
        assert_eq!(file[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
        assert_eq!(file[20..24], LINKTYPE_RAW.to_le_bytes());
        let (mut at, mut count) = (24, 0);
        while at < file.len() {
            at += 16 + u32::from_le_bytes(file[at + 8..at + 12].try_into().unwrap()) as usize;
            count += 1;
        }
        assert_eq!((count, at), (2, file.len()));
    }
}
