//! Parses and prints the INVITE of a Chrome page with JsSIP, beside rsipstack, in CPU time.
//!
//! Run `cargo run --release` in this folder. Each figure is a batch average: the median and the best of [`BATCHES`].

use std::hint::black_box;

use bytes::Bytes;
use cpu_time::ThreadTime;
use sip::message::Message;

const INVITE: &[u8] = include_bytes!("../../tests/payloads/chrome_invite.sip");
const BATCHES: usize = 200;
const PER_BATCH: u64 = 2_000;

fn main() {
    println!("{} bytes; ns of CPU time per message, median / best of {BATCHES} batches of {PER_BATCH}", INVITE.len());
    let ours = sip::parse::message(INVITE).expect("the payload is a message");
    let theirs = rsipstack::sip::SipMessage::try_from(INVITE).expect("the payload is a message");

    // The copy out of the socket's buffer is part of parsing for both.
    measure("sip        parse only", || sip::parse::message(Bytes::copy_from_slice(INVITE)));
    measure("sip        parse + the typed headers of a call", || {
        let message = sip::parse::message(Bytes::copy_from_slice(INVITE));
        if let Ok(message) = &message {
            read_typed(message);
        }
        message
    });
    measure("sip        print", || ours.to_bytes());
    measure("sip        SDP parse", || sip::sdp::parse(ours.body()));
    measure("rsipstack  parse", || rsipstack::sip::SipMessage::try_from(INVITE));
    measure("rsipstack  print (to_bytes)", || theirs.to_bytes());
    measure("rsipstack  print (to_string)", || theirs.to_string());
}

fn read_typed(message: &Message) {
    black_box(message.via_top().is_ok());
    black_box(message.from().is_ok());
    black_box(message.to().is_ok());
    black_box(message.call_id().is_ok());
    black_box(message.cseq().is_ok());
    black_box(message.contacts().is_ok());
}

fn measure<T>(name: &str, mut work: impl FnMut() -> T) {
    // `cargo run --release -- rsipstack` runs the lines that contain the word.
    if std::env::args().nth(1).is_some_and(|wanted| !name.contains(&wanted)) {
        return;
    }
    let mut batches: Vec<u64> = (0..BATCHES)
        .map(|_| {
            let before = ThreadTime::now();
            for _ in 0..PER_BATCH {
                black_box(work());
            }
            before.elapsed().as_nanos() as u64 / PER_BATCH
        })
        .collect();
    batches.sort_unstable();
    println!("{name:<50} {:>6} / {:>6}", batches[BATCHES / 2], batches[0]);
}
