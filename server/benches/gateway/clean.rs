//! Clean calls without media: SIPp calls, SIPp answers, each call is hung up at once. What they cost at a rate, and the
//! highest rate at which none fails.

use super::{
    Outcome, callback, customer, free_port,
    peer::Peer,
    sipp::{self, Told},
    site::{Engine, Site},
    subject::Subject,
};

/// Where the search begins, in calls per second.
const FIRST_RATE: u32 = 100;
/// Where it gives up: twice what a stateful proxy does on two cores that it shares with the generator.
const MOST_RATE: u32 = 4_000;
/// How exactly the highest rate is told: to a twentieth.
const STEPS: u32 = 20;
/// A generator that comes to less of what it should offer has measured itself.
const OFFERED: f64 = 0.9;

/// Somebody between SIPp and SIPp.
pub(super) struct Between {
    pub(super) name: &'static str,
    who: Who,
    folder: tempfile::TempDir,
    _callee: sipp::Process,
}

enum Who {
    Sautikit(Box<Site>),
    Kamailio(Peer),
}

/// What a run came to.
pub(super) struct Run {
    /// CPU seconds per 1,000 calls that were set up.
    pub(super) cpu_per_1000: f64,
    /// How often a thread was woken for a call.
    pub(super) wakes_per_call: f64,
    pub(super) told: Told,
    pub(super) resident_mib: u64,
}

impl Run {
    /// Whether every call that was to be offered was offered and set up.
    fn is_without_failure(&self, rate: u32) -> bool {
        self.told.failed == 0 && self.told.rate >= f64::from(rate) * OFFERED
    }
}

impl Between {
    /// Our server on `engine`.
    pub(super) async fn sautikit(engine: Engine) -> Outcome<Self> {
        let (folder, port) = (tempfile::tempdir()?, free_port()?);
        let callee = sipp::answer(folder.path(), port)?;
        let callback = format!("{}/voice", callback::serve().await?);
        let site = Site::open(engine, ([127, 0, 0, 1], port).into(), &callback).await?;
        let between = Self { name: engine.name(), who: Who::Sautikit(Box::new(site)), folder, _callee: callee };
        // Fills pools and caches, so that the start is not counted.
        between.run(10, 20).await?;
        Ok(between)
    }

    /// Kamailio as a stateful proxy; rtpengine is not asked, since no audio flows.
    pub(super) async fn kamailio() -> Outcome<Self> {
        let (folder, port) = (tempfile::tempdir()?, free_port()?);
        let callee = sipp::answer(folder.path(), port)?;
        let peer = Peer::start(([127, 0, 0, 1], port).into(), false)?;
        let between = Self { name: "Kamailio", who: Who::Kamailio(peer), folder, _callee: callee };
        between.run(10, 20).await?;
        Ok(between)
    }

    pub(super) fn subject(&self) -> &Subject {
        match &self.who {
            Who::Sautikit(site) => &site.server.subject,
            Who::Kamailio(peer) => &peer.subject,
        }
    }

    /// `calls` calls at `rate` a second, with all that is done for them afterwards.
    pub(super) async fn run(&self, rate: u32, calls: u32) -> Outcome<Run> {
        let before = (self.subject().cpu_seconds()?, self.subject().wakes()?);
        let told = sipp::call(self.folder.path(), self.subject().sip, rate, calls).await?;
        if let Who::Sautikit(site) = &self.who {
            site.quiet(&["calls", "record_waiting"]).await?;
            customer::settled(&site.account).await?;
        }
        let (cpu, wakes) = (self.subject().cpu_seconds()? - before.0, self.subject().wakes()? - before.1);
        let set_up = f64::from(calls.saturating_sub(told.failed).max(1));
        Ok(Run {
            cpu_per_1000: cpu * 1_000.0 / set_up,
            wakes_per_call: wakes as f64 / set_up,
            told,
            resident_mib: self.subject().resident_kib()? / 1_024,
        })
    }

    /// A run, printed.
    pub(super) async fn report(&self, rate: u32, calls: u32) -> Outcome<()> {
        let run = self.run(rate, calls).await?;
        println!(
            "clean calls, {}: {calls} at {rate}/s: {:.2} CPU-s per 1,000, {:.0} wakes each, {:.1}/s reached, \
             {} failed, {} retransmissions, {} MiB",
            self.name,
            run.cpu_per_1000,
            run.wakes_per_call,
            run.told.rate,
            run.told.failed,
            run.told.retransmissions,
            run.resident_mib,
        );
        Ok(())
    }

    /// The session establishment rate in the manner of RFC 7502 §6.1: the rate is doubled until a session fails, then
    /// narrowed between the highest without and the lowest with a failure. Each try offers for `seconds`.
    pub(super) async fn highest(&self, seconds: u32) -> Outcome<()> {
        let (mut good, mut bad, mut best) = (0, None, None);
        let mut rate = FIRST_RATE;
        while rate <= MOST_RATE && bad.is_none_or(|bad| bad - good > (good / STEPS).max(1)) {
            let run = self.run(rate, rate * seconds).await?;
            let is_good = run.is_without_failure(rate);
            println!(
                "  {}: {rate}/s for {seconds} s: {:.1}/s reached, {} of {} failed, {:.2} CPU-s per 1,000",
                self.name,
                run.told.rate,
                run.told.failed,
                rate * seconds,
                run.cpu_per_1000
            );
            if is_good {
                (good, best) = (rate, Some(run));
            } else {
                bad = Some(rate);
            }
            rate = bad.map_or(good * 2, |bad| good.midpoint(bad).max(1));
        }
        let cpu = best.map_or(f64::NAN, |run| run.cpu_per_1000);
        println!("session establishment rate, {}: {good}/s at {cpu:.2} CPU-s per 1,000", self.name);
        Ok(())
    }
}

/// Prints CPU seconds per 1,000 calls at `rate` calls per second, on each engine.
pub(super) async fn measure(rate: u32, calls: u32) -> Outcome<()> {
    for engine in Engine::all() {
        Between::sautikit(engine).await?.report(rate, calls).await?;
    }
    Ok(())
}

/// Prints the highest rate without a failed session: on each engine, and Kamailio's.
pub(super) async fn measure_highest(seconds: u32) -> Outcome<()> {
    for engine in Engine::all() {
        Between::sautikit(engine).await?.highest(seconds).await?;
    }
    Between::kamailio().await?.highest(seconds).await
}

/// Prints Kamailio's CPU seconds per 1,000 calls at `rate` calls per second.
pub(super) async fn measure_kamailio(rate: u32, calls: u32) -> Outcome<()> {
    Between::kamailio().await?.report(rate, calls).await
}
