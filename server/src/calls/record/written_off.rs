//! What a call used up after another node had closed it. The ledger takes one entry a call, made by who closed it, so that nobody
//! pays for the rest: it is written off, and said.

use super::flush::Late;
use super::writer::Writer;
use crate::calls::{CallError, store};
use crate::state::AppState;

impl Writer {
    /// Looks at ends that came after another one, and counts those of which something is written off.
    pub(super) async fn write_off(&self, late: &[Late]) {
        for one in late.iter().filter(|one| one.cost_minor > 0) {
            let call = one.call_id;
            match beyond(&self.app, one).await {
                Ok(0) => {}
                Ok(minor) => {
                    self.writer.state.lock().written_off += 1;
                    tracing::warn!(%call, minor, "a call went on after another node had closed it; the rest is written off");
                }
                Err(error) => {
                    tracing::warn!(%call, %error, "what a call used up after its end is not known");
                }
            }
        }
    }
}

/// What the end says that the call cost beyond what it was billed, tax included, in the wallet's minor units; nothing where the
/// end is the one that was billed.
async fn beyond(app: &AppState, late: &Late) -> Result<i64, CallError> {
    let call = store::find_call(&mut *app.db.acquire().await?, late.call_id).await?;
    let billed_minor = call.and_then(|call| Some(call.cost_minor?.saturating_add(call.tax_minor)));
    // Of a call without a row, or that is open after all, nothing is lost here.
    Ok(billed_minor.map_or(0, |billed_minor| late.cost_minor.saturating_sub(billed_minor).max(0)))
}
