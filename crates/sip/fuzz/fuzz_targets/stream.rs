//! A byte stream: however it is cut, the same messages come out. The first byte says how.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip::parse::{Frame, Framer};

fn messages(stream: &[u8], step: usize) -> Vec<Frame> {
    let mut framer = Framer::new();
    let mut frames = Vec::new();
    for piece in stream.chunks(step) {
        framer.push(piece);
        loop {
            match framer.poll() {
                Ok(Some(Frame::Message(message))) => frames.push(Frame::Message(message)),
                Ok(Some(Frame::Ping)) => {}
                Err(_) if !framer.is_closed() => {}
                Ok(None) | Err(_) => break,
            }
        }
    }
    frames
}

fuzz_target!(|data: &[u8]| {
    if let [step, stream @ ..] = data {
        assert_eq!(messages(stream, usize::from(*step) + 1), messages(stream, stream.len().max(1)));
    }
});
