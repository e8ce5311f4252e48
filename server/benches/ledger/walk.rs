//! `ledger verify` over everything.

use std::time::Instant;

use sautikit::state::AppState;
use sautikit::wallet::verify::verify;

use super::Outcome;

/// How many entries were walked, in how many seconds. What is wrong ends the benchmark.
#[expect(clippy::disallowed_methods, reason = "what is measured is measured by the machine's clock")]
pub(super) async fn verified(app: &AppState) -> Outcome<(u64, f64)> {
    let begun = Instant::now();
    let report = verify(app).await?;
    let seconds = begun.elapsed().as_secs_f64();
    if !report.is_sound() {
        return Err(format!("the ledger is broken: {:?}", report.breaks).into());
    }
    Ok((report.entries, seconds))
}
