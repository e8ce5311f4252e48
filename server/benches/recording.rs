//! What recording costs beside the call: CPU of a second of a call with both sides, while it runs and afterwards.
//!
//!     cargo bench -p sautikit --bench recording
//!
//! Counts the CPU time of the measuring thread (Linux schedstat), without the disk. What the tap costs the media thread is in
//! the benchmark of `sautikit-media`. Three steps: packets are sealed in blocks of a tenth of a second as the recorder does;
//! afterwards they are opened, decoded and mixed; and what came of that is sealed in pieces of 64 KiB and hashed, as it is kept.

use std::{error::Error, hint::black_box, time::Duration};

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
use media::codec::{Encoder, Rate};
use media::recording::{Layout, Mixdown};
use media::{Codec, Side};
use sautikit::recordings::KEY_BYTES;
use sautikit::recordings::log_file::{BlockReader, BlockWriter};
use sha2::{Digest, Sha256};

const KEY: [u8; KEY_BYTES] = [7; KEY_BYTES];
/// Seconds of a recorded call: 50 packets a side each.
const SECONDS: u64 = 600;
const FRAME: Duration = Duration::from_millis(20);
/// The recorder writes so often.
const FRAMES_OF_BLOCK: u64 = 5;
const PIECE_BYTES: usize = 64 * 1024;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Nanoseconds that this thread has been on a CPU.
fn cpu_ns() -> Outcome<u64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split_whitespace().next().ok_or("empty schedstat")?.parse()?)
}

/// A second's tone and noise, frame by frame: neither silence, which codecs make nothing of, nor the same packet over and over.
fn payloads(codec: Codec) -> Outcome<Vec<Vec<u8>>> {
    let mut encoder = Encoder::new(codec);
    let sample = |n: usize| {
        let turn = (core::f32::consts::TAU * 440.0 * n as f32 / 8_000.0).sin();
        (turn * 6_000.0) as i16 + ((n * 7_919) % 2_000) as i16 - 1_000
    };
    let samples: Vec<i16> = (0..8_000).map(sample).collect();
    let mut payloads = Vec::new();
    for frame in samples.chunks(160) {
        let mut payload = Vec::new();
        encoder.encode(Rate::Narrow, frame, &mut payload)?;
        payloads.push(payload);
    }
    Ok(payloads)
}

fn report(step: &str, codec: Codec, spent_ns: u64, bytes: usize) {
    let each = spent_ns as f64 / 1_000.0 / SECONDS as f64;
    let per_core = 1_000_000.0 / each;
    let kib = bytes as f64 / 1_024.0 / SECONDS as f64;
    println!(
        "{codec:?} {step:<24} {each:>8.1} µs of CPU a second of a call, {per_core:>8.0} of them a core, {kib:>6.1} KiB"
    );
}

fn measure(codec: Codec) -> Outcome<()> {
    let payloads = payloads(codec)?;
    let frames = SECONDS * 50;
    let mut writer = BlockWriter::new(&KEY);
    let mut log = Vec::new();
    let begin = cpu_ns()?;
    for (n, payload) in (0..frames).zip(payloads.iter().cycle()) {
        let at = FRAME * u32::try_from(n)?;
        writer.push(Side::Said, at, codec, payload);
        writer.push(Side::Heard, at, codec, payload);
        if (n + 1).is_multiple_of(FRAMES_OF_BLOCK) {
            log.extend(writer.seal(at + FRAME));
        }
    }
    report("sealed as it goes", codec, cpu_ns()? - begin, log.len());

    let mut audio = Vec::new();
    let begin = cpu_ns()?;
    let mut reader = BlockReader::new(log.as_slice(), &KEY);
    let mut mixdown = Mixdown::new(Layout::Dual);
    let mut samples = Vec::new();
    while let Some((until, packets)) = reader.next_block()? {
        for packet in packets {
            mixdown.push(packet.side, packet.at, packet.codec, &packet.payload);
        }
        mixdown.advance(until, &mut samples);
        audio.extend(samples.drain(..).flat_map(i16::to_le_bytes));
    }
    mixdown.finish(Duration::from_secs(SECONDS), &mut samples);
    audio.extend(samples.drain(..).flat_map(i16::to_le_bytes));
    report("opened and mixed", codec, cpu_ns()? - begin, audio.len());

    let cipher = ChaCha20Poly1305::new(&Key::from(KEY));
    let mut hashes = [Sha256::new(), Sha256::new()];
    let begin = cpu_ns()?;
    let mut kept = 0;
    for (number, piece) in (0_u32..).zip(audio.chunks(PIECE_BYTES)) {
        let mut nonce = [0; 12];
        nonce[8..].copy_from_slice(&number.to_be_bytes());
        let sealed = cipher.encrypt(&Nonce::from(nonce), piece).map_err(|_| "sealing failed")?;
        hashes[0].update(piece);
        hashes[1].update(&sealed);
        kept += black_box(sealed).len();
    }
    black_box(hashes.map(Sha256::finalize));
    report("sealed and hashed", codec, cpu_ns()? - begin, kept);
    Ok(())
}

fn main() -> Outcome<()> {
    for codec in [Codec::Pcma, Codec::Opus] {
        measure(codec)?;
    }
    Ok(())
}
