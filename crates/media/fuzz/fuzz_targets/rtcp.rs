//! Any compound parses or fails, and its report blocks give a round trip or none.
#![no_main]

use core::time::Duration;

use libfuzzer_sys::fuzz_target;
use media::rtcp::{Packet, parse, round_trip};

fuzz_target!(|data: &[u8]| {
    for packet in parse(data).unwrap_or_default() {
        if let Packet::Report { blocks, .. } = packet {
            for block in blocks {
                let _ = round_trip(Duration::from_secs(1), &block);
            }
        }
    }
});
