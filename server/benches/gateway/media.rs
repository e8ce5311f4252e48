//! Relayed calls: CPU of the subject while PCMA flows both ways, memory per call, and the delay that it adds.

use std::time::Duration;

use super::{
    NUMBER, Outcome, callback, customer,
    peer::Peer,
    phone::{Callee, Caller, Dialog},
    server::Server,
    stream::{self, Counted, Stream},
    subject::Subject,
    trunk_to,
};

/// Timers, retransmissions and jobs of setting up are over after this.
const CALM: Duration = Duration::from_secs(2);
/// 100 calls send 50 packets a second each way. CPU time is taken per packet: a generator that the machine holds up sends
/// fewer of them, and per second the subject would look cheaper than it is.
const PACKETS_PER_SECOND_OF_100: f64 = 10_000.0;

/// Prints the figures of `calls` calls through our server that talk for `seconds`.
pub(super) async fn measure(calls: u32, seconds: u32) -> Outcome<()> {
    let mut telephones = Telephones::new(calls, seconds)?;
    let server = Server::start(&trunk_to(telephones.callee.address))?;
    let account = customer::open(&server.http, &format!("{}/voice", callback::serve().await?)).await?;
    // The telephones block; the callback's server must not wait for them.
    tokio::task::block_in_place(|| telephones.talk("sautikit", &server.subject))?;
    let completed = customer::settled(&account).await?;
    println!("  {completed} of the newest {} calls completed and are billed", calls.min(100));
    Ok(())
}

/// The same through Kamailio and rtpengine.
pub(super) fn measure_peer(calls: u32, seconds: u32) -> Outcome<()> {
    let mut telephones = Telephones::new(calls, seconds)?;
    let peer = Peer::start(telephones.callee.address, true)?;
    telephones.talk("kamailio + rtpengine", &peer.subject)
}

/// The same packets without anything between: what the generator and the kernel take.
pub(super) fn measure_nothing(calls: u32, seconds: u32) -> Outcome<()> {
    let (callers, callees) = (streams(calls)?, streams(calls)?);
    for (caller, callee) in callers.iter().zip(&callees) {
        caller.connect(callee.local)?;
        callee.connect(caller.local)?;
    }
    let all: Vec<Stream> = callers.into_iter().chain(callees).collect();
    report_packets("nothing between", &stream::run(&all, Duration::from_secs(seconds.into()))?);
    Ok(())
}

struct Telephones {
    callee: Callee,
    /// First those of the callers, then those of the callees.
    streams: Vec<Stream>,
    calls: usize,
    time: Duration,
}

impl Telephones {
    fn new(calls: u32, seconds: u32) -> Outcome<Self> {
        let (callers, callees) = (streams(calls)?, streams(calls)?);
        let callee = Callee::start(callees.iter().map(|stream| stream.local).collect())?;
        let streams = callers.into_iter().chain(callees).collect();
        Ok(Self { callee, streams, calls: usize::try_from(calls)?, time: Duration::from_secs(seconds.into()) })
    }

    fn talk(&mut self, name: &str, subject: &Subject) -> Outcome<()> {
        let caller = Caller::new(subject.sip, NUMBER)?;
        let (callers, callees) = self.streams.split_at(self.calls);
        let mut dialogs: Vec<Dialog> = Vec::with_capacity(self.calls);
        let mut empty_kib = 0;
        for (id, own) in callers.iter().enumerate() {
            let dialog = caller.call(id, own.local)?;
            own.connect(dialog.audio)?;
            dialogs.push(dialog);
            let (index, peer) = self.callee.answered.recv()?;
            callees.get(index).ok_or("more calls than asked for")?.connect(peer)?;
            if id == 0 {
                // What is allocated once, with the first call, is not counted per call.
                empty_kib = subject.resident_kib()?;
            }
        }
        std::thread::sleep(CALM);
        let cpu = subject.cpu_seconds()?;
        let counted = stream::run(&self.streams, self.time)?;
        let cpu = subject.cpu_seconds()? - cpu;
        let others = u64::try_from(self.calls.saturating_sub(1).max(1))?;
        let per_call_kib = subject.resident_kib()?.saturating_sub(empty_kib) / others;
        for dialog in &dialogs {
            caller.hang_up(dialog)?;
        }
        let per_100 = cpu / counted.sent as f64 * PACKETS_PER_SECOND_OF_100 * 100.0;
        println!("{name}: {} calls, {per_100:.1} % of a core per 100 calls, {per_call_kib} KiB per call", self.calls);
        report_packets(name, &counted);
        Ok(())
    }
}

fn report_packets(name: &str, counted: &Counted) {
    println!(
        "{name}: {} of {} packets arrived, delay p50 {:.3} ms, p99 {:.3} ms",
        counted.delays_us.len(),
        counted.sent,
        counted.delay_ms(0.5),
        counted.delay_ms(0.99)
    );
}

fn streams(count: u32) -> Outcome<Vec<Stream>> {
    (0..count).map(|_| Stream::open()).collect()
}
