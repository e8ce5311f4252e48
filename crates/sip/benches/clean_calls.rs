//! Clean calls through the user agent, messages in memory: INVITE, 180, 200, ACK, BYE, 200.
//!
//! Each call counts both ends and all parsing and printing, so a back-to-back user agent costs about as much: it is the
//! callee of one call and the caller of another. Simulated time advances as at 1,500 calls a second and the agents are
//! warm, so that the transactions of the last 32 s are in the tables and the heap.
//!
//! Not criterion: the figure that matters is CPU seconds per 1,000 calls in that steady state, not the time of one
//! iteration. CPU time comes from `/proc/self/schedstat`, so this runs on Linux.
//!
//! `cargo bench -p sautikit-sip --bench clean_calls`

use core::time::Duration;

use bytes::Bytes;
use sip::message::{Headers, StatusCode, Uri};
use sip::ua::{Body, Config, Event, FlowId, Input, Invite, Local, LocalId, Output, Party, Path, Reply, Transport, Ua};

/// Between two calls at 1,500 calls a second.
const PACE: Duration = Duration::from_micros(667);

/// Calls before the measurement: more than 64·T1 of them, so that as many transactions end as begin.
const WARM_UP: u32 = 60_000;
const MEASURED: u32 = 60_000;

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8 0 101\r\n\
                     a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n\
                     a=ptime:20\r\na=sendrecv\r\n";

fn agent(host: &str, seed: u8) -> Ua {
    let contact = Uri::parse(format!("sip:{host}:5060")).expect("a valid URI");
    Ua::new(Config::new(
        vec![Local { transport: Transport::Udp, sent_by: format!("{host}:5060"), contact }],
        [seed; 32],
    ))
}

/// Moves everything that `from` sends to `to`; returns the last event of `from`.
fn carry(from: &mut Ua, to: &mut Ua, path: Path, now: Duration) -> Option<Event> {
    let mut last = None;
    while let Some(output) = from.poll() {
        match output {
            Output::Send { bytes, .. } => {
                let message = sip::parse::message(bytes).expect("agents print what parses");
                to.handle(now, Input::Received { path, party: Party::Stranger, message });
            }
            Output::Event(event) => last = Some(event),
        }
    }
    last
}

fn one_call(caller: &mut Ua, callee: &mut Ua, path: Path, now: Duration) {
    let target = Uri::parse("sip:254722000042@192.0.2.2").expect("a valid URI");
    let offer = Some(Body::sdp(Bytes::from_static(OFFER.as_bytes())));
    let invite = Invite::new(path, target, "<sip:254700000001@192.0.2.1>", "<sip:254722000042@192.0.2.2>", offer);
    let call = caller.invite(now, invite);
    carry(caller, callee, path, now);
    let Some(Event::IncomingInvite { transaction, .. }) = carry(callee, caller, path, now) else {
        panic!("the INVITE arrived")
    };
    let answer = Body::sdp(Bytes::from_static(OFFER.as_bytes()));
    callee.respond(now, transaction, Reply::new(StatusCode::RINGING)).expect("open");
    callee.respond(now, transaction, Reply::new(StatusCode::OK).body(answer)).expect("open");
    carry(callee, caller, path, now);
    carry(caller, callee, path, now);
    caller.bye(now, call, Headers::new()).expect("up");
    carry(caller, callee, path, now);
    carry(callee, caller, path, now);
    let ended = carry(caller, callee, path, now);
    assert!(matches!(ended, Some(Event::SessionEnded { .. })), "the call ended");
    for agent in [caller, callee] {
        if agent.next_timeout().is_some_and(|due| due <= now) {
            agent.handle(now, Input::Timeout);
        }
    }
}

/// Time that this process has spent on a CPU.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    let nanoseconds = stat.split(' ').next().and_then(|first| first.parse().ok()).expect("a number");
    Duration::from_nanos(nanoseconds)
}

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let (warm, measured) = if std::env::args().any(|arg| arg == "--bench") { (WARM_UP, MEASURED) } else { (10, 10) };
    let (mut caller, mut callee) = (agent("192.0.2.1", 1), agent("192.0.2.2", 2));
    let path = Path { flow: FlowId(1), local: LocalId(0), remote: ([192, 0, 2, 9], 5060).into() };
    let mut now = Duration::ZERO;
    let mut run = |calls: u32| {
        for _ in 0..calls {
            now += PACE;
            one_call(&mut caller, &mut callee, path, now);
        }
    };
    run(warm);
    let before = cpu_time();
    run(measured);
    let spent = cpu_time() - before;
    let per_call = spent / measured;
    println!("clean calls, both ends: {} calls", measured);
    println!(
        "  {:.1} µs of CPU per call, {:.3} CPU-s per 1,000 calls",
        per_call.as_secs_f64() * 1e6,
        per_call.as_secs_f64() * 1e3
    );
    println!("  {:.0} calls/s on one core", 1.0 / per_call.as_secs_f64());
    println!("  in the tables of the caller at the end: {:?}", caller.load());
}
