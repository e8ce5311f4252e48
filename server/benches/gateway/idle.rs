//! A server that nobody calls: what it costs to be there. At a few calls a second that is a part of what a call costs.

use std::time::Duration;

use super::{
    Outcome, callback, free_port,
    site::{Engine, Site},
};

/// What the start and the sign-up leave to be done.
const SETTLED_AFTER: Duration = Duration::from_secs(5);

/// Prints the share of a core over so many seconds and how often threads were woken, on each engine.
pub(super) async fn measure(seconds: u32) -> Outcome<()> {
    let callback = format!("{}/voice", callback::serve().await?);
    for engine in Engine::all() {
        let site = Site::open(engine, ([127, 0, 0, 1], free_port()?).into(), &callback).await?;
        tokio::time::sleep(SETTLED_AFTER).await;
        let before = (site.server.subject.cpu_seconds()?, site.server.subject.wakes()?);
        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
        let after = (site.server.subject.cpu_seconds()?, site.server.subject.wakes()?);
        println!(
            "idle, {}: {:.2} % of a core, {:.0} wakes a second, over {seconds} s",
            engine.name(),
            (after.0 - before.0) * 100.0 / f64::from(seconds),
            (after.1 - before.1) as f64 / f64::from(seconds),
        );
    }
    Ok(())
}
