//! What short calls leave behind: memory, descriptors, tasks, transactions and ports before, at the end of, and after many.

use std::time::Duration;

use super::{
    Outcome, callback, customer, free_port, sipp,
    site::{Engine, Site},
};

/// A SIP transaction is remembered for 32 s (RFC 3261 timers B, H and J), and the allocator gives back a little later.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(45);
/// Connections to customers' servers are kept for 90 s after their last use.
const CLOSED_AFTER: Duration = Duration::from_secs(75);

/// Prints what `calls` calls at `rate` a second leave behind, on each engine.
pub(super) async fn measure(calls: u32, rate: u32) -> Outcome<()> {
    let (folder, port) = (tempfile::tempdir()?, free_port()?);
    let _callee = sipp::answer(folder.path(), port)?;
    let callback = format!("{}/voice", callback::serve().await?);
    for engine in Engine::all() {
        let site = Site::open(engine, ([127, 0, 0, 1], port).into(), &callback).await?;
        let target = site.server.subject.sip;
        sipp::call(folder.path(), target, 10, 20).await?;
        customer::settled(&site.account).await?;
        tokio::time::sleep(FORGOTTEN_AFTER).await;
        let before = State::of(&site).await?;
        let told = sipp::call(folder.path(), target, rate, calls).await?;
        let at_end = State::of(&site).await?;
        site.quiet(&["calls", "record_waiting"]).await?;
        tokio::time::sleep(FORGOTTEN_AFTER).await;
        let after = State::of(&site).await?;
        tokio::time::sleep(CLOSED_AFTER).await;
        let at_rest = State::of(&site).await?;
        println!("memory, {}: {calls} calls at {rate}/s, {} failed", engine.name(), told.failed);
        println!("  before: {before}\n  at the end: {at_end}\n  after 45 s: {after}\n  after 2 min: {at_rest}");
        let kept = |state: &State| state.resident_mib - before.resident_mib;
        println!("  kept: {:.1} MiB after 45 s, {:.1} MiB after 2 min", kept(&after), kept(&at_rest));
    }
    Ok(())
}

/// What the server holds.
struct State {
    resident_mib: f64,
    descriptors: usize,
    /// By their names in `/metrics`.
    gauges: Vec<(&'static str, f64)>,
}

impl State {
    async fn of(site: &Site) -> Outcome<Self> {
        let gauges = site.gauges().await?;
        let names = ["tasks", "calls", "sip_sessions", "sip_transactions", "media_ports", "media_rtp_pairs"];
        Ok(Self {
            resident_mib: site.server.subject.resident_kib()? as f64 / 1_024.0,
            descriptors: site.descriptors()?,
            gauges: names.map(|name| (name, gauges.get(name).copied().unwrap_or(f64::NAN))).to_vec(),
        })
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} MiB, {} descriptors", self.resident_mib, self.descriptors)?;
        self.gauges.iter().try_for_each(|(name, value)| write!(f, ", {value} {name}"))
    }
}
