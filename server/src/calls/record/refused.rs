//! What becomes of a flush that the database refuses: all that it can take is written, part by part.

use super::change::Fresh;
use super::flush::Batch;
use super::pending::{Kept, Reply};
use super::writer::{Failure, Writer, tell_kept};
use crate::db::Causes;

impl Writer {
    /// A flush that the database refuses: what it holds against one call must not keep the others from being written.
    pub(super) async fn one_by_one(
        &mut self,
        mut batch: Batch,
        own_demands: usize,
        tickets: Vec<(bool, Reply)>,
        kept: Kept,
    ) {
        self.keep_alive(&mut batch, own_demands).await;
        for trace in std::mem::take(&mut batch.traces) {
            let call = trace.call_id;
            // Of no call that is to be billed, so that one that is refused is given up.
            if let Err(Failure::Away(error) | Failure::Refused(error)) =
                self.try_flush(&Batch { traces: vec![trace], ..Batch::default() }).await
            {
                tracing::error!(%call, %error, "a call's trace could not be written");
            }
            self.writer.ended.done(call);
        }
        let fresh = || Fresh { changes: batch.changes.clone(), events: batch.events.clone() };
        if let Err(error) = self.write(fresh()).await {
            tracing::error!(%error, "calls could not be written one by one");
            // What is spooled is written before all that comes later of the same calls.
            self.writer.state.lock().is_away = true;
            self.spool(fresh(), Vec::new(), kept).await;
        } else {
            tell_kept(kept);
        }
        let mut openings = batch.openings.into_iter();
        let mut demands = batch.demands.into_iter();
        for (is_opening, reply) in tickets {
            let one = if is_opening {
                Batch { openings: openings.next().into_iter().collect(), ..Batch::default() }
            } else {
                Batch { demands: demands.next().into_iter().collect(), ..Batch::default() }
            };
            match self.try_flush(&one).await {
                Ok(flushed) => {
                    let unheard = self.tell(&one, flushed, 0, vec![(is_opening, reply)]);
                    self.abandoned.take_those(one.openings, &unheard);
                }
                Err(Failure::Refused(error)) => {
                    let _ = reply.send(Err(error));
                }
                Err(Failure::Away(error)) => {
                    let _ = reply.send(Err(error));
                    self.abandoned.take(one.openings);
                }
            }
        }
        self.close_abandoned().await;
    }

    /// Writes what the node says of itself and what its running calls hold, its own first demands of the batch: others take
    /// it for dead while they hear nothing, whatever is refused beside it.
    async fn keep_alive(&mut self, batch: &mut Batch, own_demands: usize) {
        let demands: Vec<_> = batch.demands.drain(..own_demands).collect();
        let (heard, lease_until) = (std::mem::take(&mut batch.heard), batch.lease_until.take());
        let money = Batch { demands, restated: std::mem::take(&mut batch.restated), ..Batch::default() };
        let mut parts = vec![money, Batch { heard, lease_until, ..Batch::default() }];
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match self.try_flush(&part).await {
                Ok(flushed) => {
                    if part.lease_until.is_some() {
                        self.ticked(self.app.clock.monotonic());
                    }
                    self.tell(&part, flushed, part.demands.len(), Vec::new());
                }
                Err(Failure::Refused(_)) if part.workspaces() > 1 => parts.extend(part.by_workspace()),
                // The next tick says it again.
                Err(Failure::Away(error) | Failure::Refused(error)) => {
                    tracing::error!(error = %Causes(&error), "what running calls hold could not be written");
                }
            }
        }
    }
}
