//! Cost of the media graph: CPU nanoseconds per relayed packet and per transcoded 20 ms frame.
//!
//! Counts the CPU time of the measuring thread (Linux schedstat), not wall time, so that a busy
//! machine does not blur the figures. Run with `cargo bench -p sautikit-media`.

use std::{
    error::Error,
    hint::black_box,
    net::UdpSocket,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use media::{
    Asset, Codec, Fill, Graph, MixId, Output, PortId, PortParams, Voice,
    codec::{Encoder, Rate},
    rtp::{Header, write},
};

const A: PortId = PortId(1);
const B: PortId = PortId(2);

/// Packets of one measurement: seconds of CPU, far above the counter's resolution of some ms.
const RELAYED: u32 = 4_000_000;
const FORWARDED: u32 = 200_000;
const TRANSCODED: u32 = 20_000;
const PLAYED: u32 = 1_000_000;
const MIXED: u32 = 96_000;

/// Packets per second of one direction of 100 calls.
const PACKETS_OF_100_STREAMS: f64 = 100.0 * 50.0;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Nanoseconds that this thread has been on a CPU.
fn cpu_ns() -> Outcome<u64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(stat.split_whitespace().next().ok_or("empty schedstat")?.parse()?)
}

fn report(name: &str, spent_ns: u64, count: u32) {
    let each = spent_ns as f64 / f64::from(count);
    let share = each * PACKETS_OF_100_STREAMS / 1e9 * 100.0;
    println!("{name:<44} {each:>9.0} ns   {share:>6.2} % of a core per 100 streams");
}

fn graph(a: Codec, b: Codec) -> Outcome<Graph> {
    let mut graph = Graph::new();
    for (id, codec, ssrc) in [(A, a, 1), (B, b, 2)] {
        let params =
            PortParams { fill: Fill::Never, stall_after: None, ..PortParams::new(codec, payload_type(codec), ssrc) };
        graph.add_port(Duration::ZERO, id, params)?;
    }
    graph.join(A, B)?;
    Ok(graph)
}

fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Opus => 111,
    }
}

fn header(codec: Codec, n: u32) -> Header {
    Header {
        marker: n == 0,
        payload_type: payload_type(codec),
        sequence: n as u16,
        timestamp: n.wrapping_mul(codec.frame_units()),
        ssrc: 9,
    }
}

fn relay(name: &str, codec: Codec, payload: &[u8]) -> Outcome<()> {
    let mut graph = graph(codec, codec)?;
    let mut bytes = Vec::with_capacity(1_500);
    let mut sent = 0_u64;
    let begin = cpu_ns()?;
    for n in 0..RELAYED {
        write(&mut bytes, header(codec, n), payload);
        graph.handle_rtp(Duration::from_millis(u64::from(n) * 20), A, &mut bytes, |output| {
            if let Output::Send { packet, .. } = black_box(output) {
                sent += packet.len() as u64;
            }
        });
    }
    report(name, cpu_ns()? - begin, RELAYED);
    black_box(sent);
    Ok(())
}

/// The same with an ear on the leg: what recording it costs the media thread, whatever becomes of the packets then.
fn tapped(name: &str, codec: Codec, payload: &[u8]) -> Outcome<()> {
    let mut graph = graph(codec, codec)?;
    graph.tap(Duration::ZERO, A, true)?;
    let mut bytes = Vec::with_capacity(1_500);
    let (mut sent, mut heard) = (0_u64, 0_u64);
    let begin = cpu_ns()?;
    for n in 0..RELAYED {
        write(&mut bytes, header(codec, n), payload);
        graph.handle_rtp(Duration::from_millis(u64::from(n) * 20), A, &mut bytes, |output| match black_box(output) {
            Output::Send { packet, .. } => sent += packet.len() as u64,
            Output::Tapped(tapped) => heard += tapped.payload.len() as u64,
            _ => {}
        });
    }
    report(name, cpu_ns()? - begin, RELAYED);
    black_box((sent, heard));
    Ok(())
}

/// Receives from one loopback socket and sends through another, as a media thread does.
fn forward() -> Outcome<()> {
    let (inside, outside, sink) =
        (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    let (to, target) = (inside.local_addr()?, sink.local_addr()?);
    inside.set_read_timeout(Some(Duration::from_secs(2)))?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let feeder = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut n = 0;
        while !stopped.load(Ordering::Relaxed) {
            write(&mut bytes, header(Codec::Pcma, n), &[0x55; 160]);
            if outside.send_to(&bytes, to).is_err() {
                break;
            }
            n += 1;
        }
    });
    let mut graph = graph(Codec::Pcma, Codec::Pcma)?;
    let mut buffer = [0; 1_500];
    let begin = cpu_ns()?;
    for n in 0..FORWARDED {
        let (len, _) = inside.recv_from(&mut buffer)?;
        let bytes = buffer.get_mut(..len).unwrap_or_default();
        graph.handle_rtp(Duration::from_millis(u64::from(n) * 20), A, bytes, |output| {
            if let Output::Send { packet, .. } = output {
                // The sink's buffer is full most of the time; the kernel's work is the same.
                let _ = inside.send_to(packet, target);
            }
        });
    }
    report("relay PCMA with recvfrom and sendto", cpu_ns()? - begin, FORWARDED);
    stop.store(true, Ordering::Relaxed);
    feeder.join().map_err(|_| "feeder failed")?;
    Ok(())
}

/// Keeps the optimiser from leaving the output out.
fn discard(output: Output<'_>) {
    black_box(output);
}

fn speechlike() -> Vec<i16> {
    let turn = |n: usize, hz: f32| (core::f32::consts::TAU * hz * n as f32 / 8_000.0).sin();
    (0..8_000)
        .map(|n| {
            let loudness = 0.5 + 0.5 * turn(n, 4.0);
            let voice = turn(n, 140.0) + 0.6 * turn(n, 700.0) + 0.3 * turn(n, 2_100.0);
            (voice * loudness * 5_000.0) as i16
        })
        .collect()
}

fn transcode(name: &str, from: Codec, to: Codec) -> Outcome<()> {
    let mut encoder = Encoder::new(from);
    let mut payloads = Vec::new();
    for frame in speechlike().chunks(160) {
        let mut payload = Vec::new();
        encoder.encode(Rate::Narrow, frame, &mut payload)?;
        payloads.push(payload);
    }
    let mut graph = graph(from, to)?;
    let mut bytes = Vec::with_capacity(1_500);
    let begin = cpu_ns()?;
    for (n, payload) in (0..TRANSCODED).zip(payloads.iter().cycle()) {
        let now = Duration::from_millis(u64::from(n) * 20);
        write(&mut bytes, header(from, n), payload);
        graph.handle_rtp(now, A, &mut bytes, discard);
        graph.tick(now, discard);
    }
    report(name, cpu_ns()? - begin, TRANSCODED);
    Ok(())
}

fn play(name: &str, codec: Codec, prepared: bool, count: u32) -> Outcome<()> {
    let asset = Asset::from_narrow(speechlike());
    if prepared {
        asset.prepare(codec);
    }
    let mut graph = Graph::new();
    graph.add_port(
        Duration::ZERO,
        A,
        PortParams { stall_after: None, ..PortParams::new(codec, payload_type(codec), 1) },
    )?;
    graph.play(A, Arc::new(asset), 0)?;
    let begin = cpu_ns()?;
    for n in 0..count {
        graph.tick(Duration::from_millis(u64::from(n) * 20), discard);
    }
    report(name, cpu_ns()? - begin, count);
    Ok(())
}

/// A conference in which everybody speaks and hears all others: what one participant costs in a frame.
fn mix(name: &str, codec: Codec, people: u32) -> Outcome<()> {
    let mut encoder = Encoder::new(codec);
    let mut payloads = Vec::new();
    for frame in speechlike().chunks(160) {
        let mut payload = Vec::new();
        encoder.encode(Rate::Narrow, frame, &mut payload)?;
        payloads.push(payload);
    }
    let mut graph = Graph::new();
    for id in 0..people {
        let params =
            PortParams { fill: Fill::Never, stall_after: None, ..PortParams::new(codec, payload_type(codec), id) };
        graph.add_port(Duration::ZERO, PortId(id.into()), params)?;
        graph.mix(PortId(id.into()), MixId(1), Voice::Heard)?;
    }
    let frames = MIXED / people;
    let mut bytes = Vec::with_capacity(1_500);
    let begin = cpu_ns()?;
    for (n, payload) in (0..frames).zip(payloads.iter().cycle()) {
        let now = Duration::from_millis(u64::from(n) * 20);
        for id in 0..people {
            write(&mut bytes, header(codec, n), payload);
            graph.handle_rtp(now, PortId(id.into()), &mut bytes, discard);
        }
        graph.tick(now, discard);
    }
    report(name, cpu_ns()? - begin, frames * people);
    Ok(())
}

fn main() -> Outcome<()> {
    relay("relay PCMA", Codec::Pcma, &[0x55; 160])?;
    relay("relay Opus", Codec::Opus, &[0x55; 60])?;
    tapped("relay PCMA, recorded", Codec::Pcma, &[0x55; 160])?;
    tapped("relay Opus, recorded", Codec::Opus, &[0x55; 60])?;
    forward()?;
    transcode("transcode Opus to PCMA", Codec::Opus, Codec::Pcma)?;
    transcode("transcode PCMA to Opus", Codec::Pcma, Codec::Opus)?;
    transcode("transcode PCMU to PCMA", Codec::Pcmu, Codec::Pcma)?;
    play("play PCMA, prepared", Codec::Pcma, true, PLAYED)?;
    play("play PCMA", Codec::Pcma, false, PLAYED)?;
    play("play Opus, prepared", Codec::Opus, true, PLAYED)?;
    play("play Opus", Codec::Opus, false, TRANSCODED)?;
    for people in [3, 8, 32] {
        mix(&format!("conference of {people}, PCMA, a participant"), Codec::Pcma, people)?;
        mix(&format!("conference of {people}, Opus, a participant"), Codec::Opus, people)?;
    }
    Ok(())
}
