//! Any sequence of event packets counts presses without overflow. Each packet takes ten bytes:
//! timestamp, marker, pause and payload.
#![no_main]

use core::time::Duration;

use libfuzzer_sys::fuzz_target;
use media::dtmf::{Event, Receiver, rescale};

fuzz_target!(|data: &[u8]| {
    let mut receiver = Receiver::new(48_000);
    let mut now = Duration::ZERO;
    for packet in data.chunks_exact(10) {
        let [t0, t1, t2, t3, marker, pause, payload @ ..] = packet else { continue };
        now += Duration::from_millis(u64::from(*pause));
        let Some(event) = Event::parse(payload) else { continue };
        let timestamp = u32::from_be_bytes([*t0, *t1, *t2, *t3]);
        let _ = receiver.handle(now, timestamp, marker & 1 == 1, event);
        let _ = receiver.expire(now);
        let _ = rescale(event.duration, 48_000, 8_000);
    }
});
