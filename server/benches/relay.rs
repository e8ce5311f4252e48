//! What relaying 100 G.711 calls costs: CPU of the media threads and memory per call.
//!
//!     cargo bench -p sautikit --bench relay -- [calls] [seconds] [bunches] [srtp]
//!
//! The generator runs in a child process (this program with `generate`), so that its CPU time is not
//! counted. It sends 50 packets a second on every leg, as independent callers do or in so many bunches a frame, and counts
//! what comes back. CPU time is taken per packet, so that a generator that is held up makes nothing look cheaper. Linux
//! only (/proc).

use std::{
    io::{BufRead, BufReader, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rtc::srtp::context::Context;
use rtc::srtp::protection_profile::ProtectionProfile;
use sautikit::entropy::Entropy;
use sautikit::gateway::media::{
    Agreed, Codec, Direction, Keys, KeysBy, LegId, MasterKey, MediaHandle, MediaSettings, Port, Security, Suite, Wishes,
};

/// What all telephones and legs encrypt by; each stream has an SSRC of its own.
const KEY: [u8; 30] = [7; 30];
const PROFILE: ProtectionProfile = ProtectionProfile::Aes128CmHmacSha1_80;
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const FRAME: Duration = Duration::from_millis(20);
/// Kernel ticks per second in /proc/PID/stat; 100 on every Linux that we run on.
const TICKS_PER_SECOND: f64 = 100.0;
/// 100 calls send 50 packets a second each way.
const PACKETS_PER_SECOND_OF_100: f64 = 10_000.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if arguments.first().is_some_and(|first| first == "generate") {
        return generate();
    }
    let calls = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(100_u32);
    let seconds = arguments.get(1).and_then(|text| text.parse().ok()).unwrap_or(20_u64);
    let bunches = arguments.get(2).and_then(|text| text.parse().ok()).unwrap_or(calls * 2);
    measure(calls, seconds, bunches, arguments.get(3).is_some_and(|text| text == "srtp"))
}

#[expect(clippy::disallowed_methods, reason = "the load is measured by the machine's clock")]
fn measure(calls: u32, seconds: u64, bunches: u32, is_secured: bool) -> Result<(), Box<dyn std::error::Error>> {
    let settings = MediaSettings {
        listen: LOOPBACK,
        public_ip: LOOPBACK,
        rtp_ports: None,
        threads: 1,
        entropy: Arc::new(Entropy::from_os()),
    };
    let engine = MediaHandle::start(&settings)?;
    // One call first, so that what is allocated once is not counted per call.
    let mut ports: Vec<Port> = bridge(&engine, is_secured)?.into();
    let empty = resident_kib()?;
    for _ in 1..calls {
        ports.extend(bridge(&engine, is_secured)?);
    }
    let mut generator =
        Command::new(std::env::current_exe()?).arg("generate").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = generator.stdin.take().ok_or("no stdin")?;
    let mut output = BufReader::new(generator.stdout.take().ok_or("no stdout")?);
    writeln!(input, "{seconds} {bunches} {is_secured}")?;
    for address in ports.iter().filter_map(Port::rtp) {
        writeln!(input, "{address}")?;
    }
    drop(input);
    let mut line = String::new();
    for port in &ports {
        line.clear();
        output.read_line(&mut line)?;
        port.set_remote(line.trim().parse()?);
    }
    line.clear();
    output.read_line(&mut line)?;
    let (cpu, started) = (cpu_seconds()?, Instant::now());
    line.clear();
    output.read_line(&mut line)?;
    let (cpu, elapsed) = (cpu_seconds()? - cpu, started.elapsed().as_secs_f64());
    generator.wait()?;
    let sent: f64 = line.split(' ').nth(1).and_then(|count| count.parse().ok()).ok_or("no count")?;
    let per_100 = cpu / sent * PACKETS_PER_SECOND_OF_100 * 100.0;
    let memory = (resident_kib()?.saturating_sub(empty)) / u64::from(calls.saturating_sub(1).max(1));
    println!("{calls} calls, {elapsed:.1} s: {per_100:.1} % of a core per 100 calls, {memory} KiB resident per call");
    println!("generator: {} engine dropped {}", line.trim(), engine.gauge().dropped);
    Ok(())
}

fn bridge(engine: &MediaHandle, is_secured: bool) -> Result<[Port; 2], Box<dyn std::error::Error>> {
    let (events, _) = tokio::sync::mpsc::channel(8);
    let call = engine.open_call(events);
    let legs = [call.add_rtp(LegId(0))?, call.add_rtp(LegId(1))?];
    let direction = Direction::SendReceive;
    for leg in &legs {
        if is_secured {
            let key = || MasterKey::new(Suite::AesCm80, KEY.to_vec()).ok_or("no key");
            let keys = Keys { by: KeysBy::Sdes, send: key()?, receive: key()?, mki_length: 0 };
            leg.secure(Security::Keyed(Box::new(keys)));
        }
        leg.configure(Agreed {
            codec: Codec::Pcma,
            payload_type: 8,
            dtmf: Some((101, 8_000)),
            wishes: Wishes::default(),
            direction,
        });
    }
    call.join(legs[0].id(), legs[1].id());
    Ok(legs)
}

/// User and system time of this process so far.
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may contain spaces; fields 14 and 15 are counted after it.
    let fields: Vec<&str> = stat.rsplit(") ").next().ok_or("no fields")?.split(' ').collect();
    let ticks: f64 =
        fields.get(11).ok_or("no utime")?.parse::<f64>()? + fields.get(12).ok_or("no stime")?.parse::<f64>()?;
    Ok(ticks / TICKS_PER_SECOND)
}

fn resident_kib() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// The other process: a telephone per address.
#[expect(clippy::disallowed_methods, reason = "a load generator paces itself by the machine's clock")]
fn generate() -> Result<(), Box<dyn std::error::Error>> {
    let lines: Vec<String> = std::io::stdin().lines().collect::<Result<_, _>>()?;
    let first: Vec<&str> = lines.first().ok_or("no duration")?.split(' ').collect();
    let [seconds, bunches, is_secured] = first[..] else { return Err("no duration".into()) };
    let (seconds, bunches, is_secured): (u64, usize, bool) = (seconds.parse()?, bunches.parse()?, is_secured.parse()?);
    let provider = rtc::crypto::default_provider()?;
    let (key, salt) = KEY.split_at(PROFILE.key_len());
    let mut context = Context::new(key, salt, PROFILE, None, None, provider.crypto())?;
    let phones = lines
        .iter()
        .skip(1)
        .map(|address| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.connect(address.parse::<SocketAddr>().map_err(std::io::Error::other)?)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        })
        .collect::<std::io::Result<Vec<UdpSocket>>>()?;
    for phone in &phones {
        println!("{}", phone.local_addr()?);
    }
    println!("ready");
    let (start, mut sent, mut received, mut frame) = (Instant::now(), 0_u64, 0_u64, 0_u32);
    let mut buffer = [0; 1_500];
    while start.elapsed().as_secs() < seconds {
        for (index, phone) in phones.iter().enumerate() {
            let header = media::rtp::Header {
                marker: frame == 0,
                payload_type: 8,
                sequence: (frame & 0xffff) as u16,
                timestamp: frame.wrapping_mul(160),
                ssrc: index as u32,
            };
            let mut packet = [0xd5; 172];
            packet[..12].copy_from_slice(&header.to_bytes());
            let is_sent = if is_secured {
                phone.send(&context.encrypt_rtp(&packet)?).is_ok()
            } else {
                phone.send(&packet).is_ok()
            };
            sent += u64::from(is_sent);
            if (index + 1) % phones.len().div_ceil(bunches) == 0 {
                let due = FRAME * frame + FRAME * (index as u32 + 1) / phones.len() as u32;
                let wait = due.saturating_sub(start.elapsed());
                if !wait.is_zero() {
                    std::thread::sleep(wait);
                }
            }
        }
        for phone in &phones {
            while phone.recv(&mut buffer).is_ok() {
                received += 1;
            }
        }
        frame += 1;
    }
    println!("sent {sent} received {received};");
    Ok(())
}
