//! Ends of calls with their debits: opened and answered before, ended by eight writers at once.

use std::sync::Arc;
use std::time::Instant;

use futures::future::join_all;
use sautikit::calls::{Admitted, CallEnd, CallRecord, NewInbound, admit_inbound};
use sautikit::state::AppState;
use sautikit_api::calls::CallStatus;

use super::Outcome;
use super::cost::Cost;

const WRITERS: usize = 8;
/// Ends of one writer that wait at the same time: a carrier's calls end without asking each other.
const AT_ONCE: usize = 64;
/// Calls that are opened at the same time: nobody measures them, so no more than any machine takes.
const OPENED_AT_ONCE: usize = 64;
/// What each lasts.
const TALK_US: i64 = 47_000_000;

#[expect(clippy::disallowed_methods, reason = "what is measured is measured by the machine's clock")]
pub(super) async fn per_second(app: &AppState, url: &str, numbers: &[String], calls: usize) -> Outcome<f64> {
    let mut open = Vec::with_capacity(calls);
    for from in (0..calls).step_by(OPENED_AT_ONCE) {
        let to = calls.min(from + OPENED_AT_ONCE);
        let opening = (from..to).map(|place| opened(app, &numbers[place % numbers.len()]));
        for record in join_all(opening).await {
            open.push(record?);
        }
    }
    let mut shares: Vec<Vec<CallRecord>> = (0..WRITERS).map(|_| Vec::new()).collect();
    for (place, record) in open.into_iter().enumerate() {
        shares[place % WRITERS].push(record);
    }
    let before = Cost::so_far(url)?;
    let begun = Instant::now();
    let writers = shares.into_iter().map(|share| tokio::spawn(end(share)));
    for ended in join_all(writers).await {
        ended?;
    }
    let took = begun.elapsed();
    Cost::print_since(before, url, "settlement", calls as f64)?;
    Ok(calls as f64 / took.as_secs_f64())
}

async fn opened(app: &AppState, number: &str) -> Outcome<CallRecord> {
    let inbound = NewInbound {
        id: None,
        number_e164: number,
        caller: Some("+254722000042"),
        country: Some("KE"),
        is_on_net: false,
    };
    let Admitted { mut record, inbound_leg, .. } = admit_inbound(app, inbound).await?;
    let now_us = app.now_us();
    record.leg_answered(inbound_leg.ok_or("no leg")?, now_us);
    record.answered(now_us, None);
    record.hand_over();
    Ok(record)
}

async fn end(share: Vec<CallRecord>) {
    let free = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let ends = share.into_iter().map(|mut record| {
        let free = free.clone();
        async move {
            // Never closed.
            let Ok(_one) = free.acquire().await else { return };
            let ended_at = record.call().answered_at.unwrap_or_default() + TALK_US;
            let end = CallEnd { status: CallStatus::Completed, hangup_cause: "normal_clearing".to_owned(), ended_at };
            let kept = record.end(end);
            // It is kept, or the process ends.
            let _ = kept.await;
        }
    });
    join_all(ends).await;
}
