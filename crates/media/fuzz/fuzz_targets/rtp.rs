//! Any datagram parses or fails; what is rewritten parses again with the same payload.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtp::Packet;

fuzz_target!(|data: &[u8]| {
    let mut bytes = data.to_vec();
    let Ok(packet) = Packet::parse(&bytes) else { return };
    let payload = packet.payload(&bytes).to_vec();
    let rewritten = packet.rewrite_in_place(&mut bytes, packet.header).expect("a parsed packet has room");
    let again = Packet::parse(rewritten).expect("our own header is valid");
    assert_eq!((again.header, again.payload(rewritten)), (packet.header, &payload[..]));
});
