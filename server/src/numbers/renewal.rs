//! The monthly rental: due on the first of each month in the workspace's zone, in full.
//!
//! ```text
//!            money is there                     (a top-up tries again at once)
//! active ◄──────────────────┐ ◄──────────────────────────────┐
//!    │ due, money is short  │                                │
//!    └─► alert, once a day ─┴─ after 7 days ─► suspended ────┴─ after 30 days ─► released
//! ```
//! Each number is renewed in a transaction of its own, under its wallet's lock, by the cause `rental:NUMBER:YYYY-MM`: twice is
//! once. A server that was off for months charges each month that it missed, as long as the number is still held. What is owed when
//! a number is given up is debited then ([`super::owed`]).

mod letter;

use jiff::tz::TimeZone;
use sautikit_api::ids::{EventId, NumberId, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::AnyConnection;

use super::store::{self, tenants::Due};
use super::{ACTIVE, NumberError, SUSPENDED, owed, release};
use crate::accounts::members;
use crate::audit::{self, Actor};
use crate::config;
use crate::db::Causes;
use crate::jobs::{self, Failure, Job};
use crate::mail::{self, Posted};
use crate::state::AppState;
use crate::wallet::period::BillingMonth;
use crate::wallet::{self, EntryKind, Funds, LockedWallet, NewEntry, WalletError, with_tries};
use crate::webhooks::{self, EventKind, Subject};

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;
/// Numbers that are looked up at once.
const AT_ONCE: i64 = 200;

/// What happens to a number whose rental is due and can't be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Told today already.
    Wait,
    /// The owners are told.
    Alert,
    /// No calls until it is paid.
    Suspend,
    /// Back to the inventory.
    Release,
}

/// Decides for a number that has been due since `due_us`. Pure.
fn decide(due_us: i64, now_us: i64, status: &str, alerted_at: Option<i64>, rules: &config::Numbers) -> Step {
    let late_us = now_us - due_us;
    if late_us >= i64::from(rules.release_after_days) * DAY_US {
        Step::Release
    } else if status == ACTIVE && late_us >= i64::from(rules.suspend_after_days) * DAY_US {
        Step::Suspend
    } else if alerted_at.is_none_or(|alerted_at| now_us - alerted_at >= DAY_US) {
        Step::Alert
    } else {
        Step::Wait
    }
}

/// Leaves the job for the next hour, then renews what is due, in every workspace.
#[derive(Debug, Serialize, Deserialize)]
pub struct RenewAll {
    /// Hours since 1970-01-01 UTC.
    hour: i64,
}

impl Job for RenewAll {
    const KIND: &'static str = "renew_numbers";

    fn subject(&self) -> String {
        self.hour.to_string()
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        // First: one hour that fails for days ends no other.
        let next = self.hour.max(app.now_us() / HOUR_US) + 1;
        enqueue(&mut *app.db.acquire().await?, app, next).await?;
        let mut after = (i64::MIN, String::new());
        loop {
            let due = {
                let mut conn = app.db.acquire().await?;
                store::tenants::list_due(&mut conn, app.now_us(), (after.0, &after.1), AT_ONCE).await?
            };
            let Some(last) = due.last() else { break };
            after = (last.period_end, last.id.to_string());
            for number in due {
                // One that fails holds up no other; the next hour tries it again.
                if let Err(error) = renew(app, number.id).await {
                    tracing::error!(number = %number.id, error = %Causes(&error), "a number was not renewed");
                }
            }
        }
        Ok(())
    }
}

/// Renews what is due of a workspace that has money again.
#[derive(Debug, Serialize, Deserialize)]
pub struct RenewOf {
    /// Which.
    pub workspace_id: WorkspaceId,
    /// What brought the money: tells apart the times that it is tried.
    pub cause: String,
}

impl Job for RenewOf {
    const KIND: &'static str = "renew_numbers_of_workspace";

    fn subject(&self) -> String {
        self.cause.clone()
    }

    async fn run(self, app: &AppState) -> Result<(), Failure> {
        let due = {
            let mut conn = app.db.acquire().await?;
            store::tenants::list_due_of(&mut conn, self.workspace_id, app.now_us()).await?
        };
        let mut failed = None;
        for number in due {
            if let Err(error) = renew(app, number.id).await {
                tracing::error!(number = %number.id, error = %Causes(&error), "a number was not renewed");
                failed = Some(error);
            }
        }
        // The queue tries again: what is renewed by then is not due any more.
        failed.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Leaves the job for this hour, unless it was left before; it leaves all others.
///
/// # Errors
/// The database failed.
pub async fn schedule(app: &AppState) -> Result<(), sqlx::Error> {
    enqueue(&mut *app.db.acquire().await?, app, app.now_us() / HOUR_US).await
}

async fn enqueue(conn: &mut AnyConnection, app: &AppState, hour: i64) -> Result<(), sqlx::Error> {
    jobs::enqueue(conn, app, &RenewAll { hour }, hour * HOUR_US).await
}

/// Charges every month that is due of a number, or goes one step on with one that can't be paid.
async fn renew(app: &AppState, id: NumberId) -> Result<(), NumberError> {
    while with_tries!(step(app, id))? {}
    Ok(())
}

/// One transaction; says whether another month may be due.
async fn step(app: &AppState, id: NumberId) -> Result<bool, NumberError> {
    let mut tx = app.db.begin_write().await?;
    let Some(seen) = store::tenants::find_due(&mut tx, id, app.now_us()).await? else { return Ok(false) };
    let mut wallet = wallet::lock(&mut tx, seen.workspace_id).await?;
    // Again under the lock: a top-up may have renewed it meanwhile.
    let Some(number) = store::tenants::find_due(&mut tx, id, app.now_us()).await? else { return Ok(false) };
    let month = BillingMonth::containing(number.period_end, &wallet.wallet().zone).map_err(WalletError::from)?;
    if number.monthly_price_minor > 0 {
        let tax = wallet.wallet().tax(&app.config.tax);
        let entry = NewEntry {
            kind: EntryKind::Rental,
            amount_minor: -tax.gross_minor(number.monthly_price_minor),
            tax_minor: -tax.on_minor(number.monthly_price_minor),
            currency: number.currency,
            cause: format!("rental:{id}:{}", month.name),
            reference: &number.e164,
            funds: Funds::Required,
        };
        match wallet.post(&mut tx, app, entry).await {
            Ok(_) => {}
            Err(WalletError::InsufficientFunds { .. }) => {
                let posted = short(app, &mut tx, &mut wallet, &number).await?;
                tx.commit().await?;
                webhooks::ring(app);
                app.tenant_changes.note();
                posted.into_iter().for_each(|mail| mail.committed(app));
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
    }
    store::tenants::renew(&mut tx, id, (month.start_us, month.end_us)).await?;
    if number.status == SUSPENDED {
        note(app, &mut tx, &number, "number.resumed").await?;
    }
    tx.commit().await?;
    // Money may have fallen low with it.
    webhooks::ring(app);
    app.tenant_changes.note();
    Ok(month.end_us <= app.now_us())
}

/// The money is short: alert, suspend or release.
async fn short(
    app: &AppState,
    tx: &mut AnyConnection,
    wallet: &mut LockedWallet,
    number: &Due,
) -> Result<Vec<Posted>, NumberError> {
    let now_us = app.now_us();
    let rules = &app.config.numbers;
    let tax = wallet.wallet().tax(&app.config.tax);
    let told = letter::Told {
        price: number.currency.format_minor(tax.gross_minor(number.monthly_price_minor)),
        zone: zone_of(&wallet.wallet().zone),
    };
    let step = decide(number.period_end, now_us, &number.status, number.renewal_alerted_at, rules);
    match step {
        Step::Wait => return Ok(Vec::new()),
        Step::Alert => {}
        Step::Suspend => {
            store::tenants::suspend(tx, number.id).await?;
            note(app, tx, number, "number.suspended").await?;
        }
        Step::Release => {
            if !store::tenants::release(tx, number.id, now_us).await? {
                return Ok(Vec::new());
            }
            // Until the day on which it was to be given back: a server that was off charges no time that it cost itself.
            let held_until_us = now_us.min(number.period_end + i64::from(rules.release_after_days) * DAY_US);
            owed::charge(app, tx, wallet, &number.held_until(held_until_us)).await?;
            release::give_back(app, tx, number.inventory_id, number.workspace_id).await?;
            let event = webhooks::NewEvent {
                id: EventId(app.new_uuid()),
                workspace_id: number.workspace_id,
                kind: EventKind::NumberReleased,
                subject: Subject::Number(number.id),
                data: json!({ "id": number.id, "number": number.e164 }),
                created_at: now_us,
            };
            webhooks::emit(tx, &event).await?;
            note(app, tx, number, "number.released").await?;
        }
    }
    store::tenants::mark_alerted(tx, number.id, now_us).await?;
    let mut posted = Vec::new();
    for to in members::list_bookkeepers(tx, number.workspace_id).await? {
        let write = |to, lang| letter::letter(&app.public_url, to, number, step, rules, &told, now_us, lang);
        posted.push(mail::post_to(app, tx, to, write).await?);
    }
    Ok(posted)
}

/// The zone of that name; UTC where this build does not know it.
fn zone_of(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

async fn note(
    app: &AppState,
    tx: &mut AnyConnection,
    number: &Due,
    action_kind: &'static str,
) -> Result<(), sqlx::Error> {
    let entry = audit::Entry {
        workspace_id: Some(number.workspace_id),
        actor: Actor::System,
        action_kind,
        subject_id: Some(number.id.to_string()),
        details: json!({ "number": number.e164, "unpaid_since": crate::clock::rfc3339(number.period_end) }),
        ip: None,
    };
    audit::record(app, tx, &entry).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_short_is_told_daily_then_suspended_then_released() {
        let rules = config::Numbers { suspend_after_days: 7, release_after_days: 30, cooling_off_days: 30 };
        let at = |days: i64, status: &str, alerted: Option<i64>| {
            decide(0, days * DAY_US, status, alerted.map(|day| day * DAY_US), &rules)
        };
        assert_eq!(at(0, ACTIVE, None), Step::Alert);
        assert_eq!(decide(0, DAY_US - 1, ACTIVE, Some(0), &rules), Step::Wait);
        assert_eq!(at(1, ACTIVE, Some(0)), Step::Alert);
        assert_eq!(at(7, ACTIVE, Some(6)), Step::Suspend);
        assert_eq!(at(8, SUSPENDED, Some(7)), Step::Alert);
        assert_eq!(at(30, SUSPENDED, Some(29)), Step::Release);
        assert_eq!(at(40, ACTIVE, None), Step::Release);
    }
}
