//! A flood of strangers' datagrams at the SIP port beside calls from a trunk: how long these take to be set up and to end.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinSet;

use super::{
    Outcome, callback,
    caller::{self, Carrier},
    customer, free_port, sipp,
    site::{Engine, Site},
};

/// Calls a second beside the flood.
const RATE: u32 = 20;
/// How long a call talks.
const TALK: Duration = Duration::from_secs(2);
/// A caller who waits longer for ringing or the end of the call would notice.
const IN_TIME: Duration = Duration::from_secs(1);
/// Addresses that it comes from: more than are held against one address.
const SOURCES: u8 = 200;
/// Datagrams are sent in bunches of this time.
const BUNCH: Duration = Duration::from_micros(500);

/// What is sent: none is of a call that exists.
const KINDS: [&str; 5] = ["indialog", "invite", "options", "response", "garbage"];

/// Prints how calls fare under each kind of flood, and without one.
pub(super) async fn measure(datagrams_per_second: u32, seconds: u32) -> Outcome<()> {
    let (folder, port) = (tempfile::tempdir()?, free_port()?);
    let _callee = sipp::answer(folder.path(), port)?;
    let callback = format!("{}/voice", callback::serve().await?);
    let site = Site::open(Engine::Sqlite, ([127, 0, 0, 1], port).into(), &callback).await?;
    let carrier = Carrier::open(site.server.subject.sip).await?;
    // Fills pools and caches, so that the start is not counted.
    let mut first = RATE;
    run(&carrier, 0, first).await?;
    for kind in [None].into_iter().chain(KINDS.map(Some)) {
        let target = site.server.subject.sip;
        let flood = kind.map(|kind| Flood::start(target, kind, datagrams_per_second)).transpose()?;
        let calls = RATE * seconds;
        let outcome = run(&carrier, first, calls).await?;
        let sent = flood.map_or(Ok(0), Flood::stop)?;
        first += calls;
        println!(
            "flood, {}: {sent} datagrams beside {calls} calls at {RATE}/s: set up p50 {:.0} ms, \
             worst {:.0} ms; ended p50 {:.0} ms, worst {:.0} ms; {} late, {} failed",
            kind.unwrap_or("none"),
            outcome.share(&outcome.set_up_ms, 0.5),
            outcome.share(&outcome.set_up_ms, 1.0),
            outcome.share(&outcome.ended_ms, 0.5),
            outcome.share(&outcome.ended_ms, 1.0),
            outcome.late(),
            outcome.failed,
        );
        if let Some(error) = outcome.error {
            println!("  the first failure: {error}");
        }
        site.quiet(&["calls", "record_waiting"]).await?;
    }
    customer::settled(&site.account).await.map(drop)
}

/// How the calls fared, in milliseconds, ascending.
#[derive(Default)]
struct Fared {
    set_up_ms: Vec<f64>,
    ended_ms: Vec<f64>,
    failed: usize,
    error: Option<String>,
}

impl Fared {
    fn share(&self, of: &[f64], share: f64) -> f64 {
        let index = (of.len() as f64 * share) as usize;
        of.get(index.min(of.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
    }

    fn late(&self) -> usize {
        let limit = IN_TIME.as_secs_f64() * 1_000.0;
        self.set_up_ms.iter().chain(&self.ended_ms).filter(|took| **took > limit).count()
    }
}

async fn run(carrier: &Arc<Carrier>, first: u32, calls: u32) -> Outcome<Fared> {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / RATE);
    let mut tasks = JoinSet::new();
    for index in first..first + calls {
        pace.tick().await;
        tasks.spawn(one(carrier.clone(), index));
    }
    let mut fared = Fared::default();
    while let Some(call) = tasks.join_next().await {
        match call? {
            Ok((set_up, ended)) => {
                fared.set_up_ms.push(set_up.as_secs_f64() * 1_000.0);
                fared.ended_ms.push(ended.as_secs_f64() * 1_000.0);
            }
            Err(error) => {
                fared.failed += 1;
                fared.error.get_or_insert(error);
            }
        }
    }
    fared.set_up_ms.sort_by(f64::total_cmp);
    fared.ended_ms.sort_by(f64::total_cmp);
    Ok(fared)
}

/// From the INVITE to its 200, and from the BYE to its 200.
async fn one(carrier: Arc<Carrier>, index: u32) -> Result<(Duration, Duration), String> {
    let rtp = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
    let call = carrier.call(index, rtp).await?;
    let set_up = call.answered_after;
    tokio::time::sleep(TALK).await;
    Ok((set_up, call.hang_up().await?))
}

/// A thread that sends until it is stopped.
struct Flood {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<u64>,
}

impl Flood {
    fn start(target: SocketAddr, kind: &'static str, per_second: u32) -> Outcome<Self> {
        let sockets: Result<Vec<_>, _> =
            (1..=SOURCES).map(|host| UdpSocket::bind((Ipv4Addr::new(127, 1, 0, host), 0))).collect();
        let (sockets, stop) = (sockets?, Arc::<AtomicBool>::default());
        let told = stop.clone();
        let thread = std::thread::spawn(move || send(&sockets, target, kind, per_second, &told));
        Ok(Self { stop, thread })
    }

    fn stop(self) -> Outcome<u64> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().map_err(|_| "the flood failed".into())
    }
}

/// Sends at the rate, however late it is woken.
fn send(sockets: &[UdpSocket], target: SocketAddr, kind: &str, per_second: u32, stop: &AtomicBool) -> u64 {
    let (began, mut sent) = (caller::now(), 0_u64);
    while !stop.load(Ordering::Acquire) {
        let due = (began.elapsed().as_secs_f64() * f64::from(per_second)) as u64;
        for number in sent..due {
            let Some(socket) = sockets.get((number % u64::from(SOURCES)) as usize) else { continue };
            // What a full socket buffer drops counts as sent.
            let _ = socket.send_to(datagram(kind, number, target).as_bytes(), target);
        }
        sent = sent.max(due);
        std::thread::sleep(BUNCH);
    }
    sent
}

fn datagram(kind: &str, number: u64, target: SocketAddr) -> String {
    let (start, method, to) = match kind {
        "invite" => (format!("INVITE sip:+254700000001@{target} SIP/2.0"), "INVITE", ""),
        "options" => (format!("OPTIONS sip:x@{target} SIP/2.0"), "OPTIONS", ""),
        "indialog" => (format!("BYE sip:x@{target} SIP/2.0"), "BYE", ";tag=q"),
        "response" => ("SIP/2.0 200 OK".to_owned(), "INVITE", ";tag=q"),
        _ => return format!("{number} is no message of SIP, whoever sends it to {target}"),
    };
    format!(
        "{start}\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKf{number};rport\r\nFrom: <sip:f@127.0.0.1>;tag={number}\r\n\
         To: <sip:x@127.0.0.1>{to}\r\nCall-ID: f{number}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n\
         Contact: <sip:f@127.0.0.1:9>\r\nContent-Length: 0\r\n\r\n"
    )
}
