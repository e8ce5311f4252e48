//! `sautikit fraud drill`: a toll-fraud attack played against a workspace's own settings, without a carrier and without
//! money. What it asks are the functions that calls ask; what it reads are the workspace's limits, prices, habits and wallet.

mod attacks;
mod play;

use std::sync::Arc;

use sautikit_api::ids::WorkspaceId;
use sautikit_api::money::Currency;

use super::spread::Habits;
use super::watch::{USUAL_DAYS, day_of};
use crate::calls::limits::Limits;
use crate::calls::store::habits as sql;
use crate::calls::{CallError, Hub};
use crate::config::Fraud;
use crate::pricing::{self, PriceList};
use crate::rating::Rate;
use crate::state::AppState;
use crate::tax::TaxRate;
use crate::wallet;
use crate::wallet::quota::{Day, OverdraftPolicy};

pub use attacks::attacks;
pub use play::{Attack, Outcome, Played, Try, play};

/// What an attack meets.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// The number that the calls go out from, E.164.
    pub number: String,
    /// Its country.
    pub country: String,
    /// What it costs to call at home.
    pub home_rate: Rate,
    /// What its calls may.
    pub limits: Arc<Limits>,
    /// The operator's own premium prefixes.
    pub premium_prefixes: Vec<String>,
    /// All prices.
    pub prices: Arc<PriceList>,
    /// From when on calls look like an attack.
    pub rules: Fraud,
    /// What is usual.
    pub habits: Habits,
    /// Whether outbound calls are frozen already.
    pub is_frozen: bool,
    /// The wallet's.
    pub currency: Currency,
    /// What calls bear beside their cost.
    pub tax: TaxRate,
    /// What is in it.
    pub balance_minor: i64,
    /// What running calls hold.
    pub held_minor: i64,
    /// What happens when it is empty.
    pub policy: OverdraftPolicy,
    /// How far it may be overdrawn.
    pub floor_minor: Option<i64>,
    /// The day's limit.
    pub day: Option<Day>,
    /// Microseconds UTC.
    pub now_us: i64,
}

impl Facts {
    /// Reads them.
    ///
    /// # Errors
    /// No such workspace, one without an active number, or the database failed.
    pub async fn read(app: &AppState, workspace_id: WorkspaceId) -> Result<Self, CallError> {
        let (directory, now_us) = (Hub::of(app).directory(), app.now_us());
        let workspace = directory.workspace(app, workspace_id).await?;
        let number = workspace.own_numbers.first().ok_or(CallError::NumberUnknown)?;
        let number = directory.number(app, number).await?.ok_or(CallError::NumberUnknown)?;
        let mut conn = app.db.acquire().await?;
        let mut wallet = wallet::read(&mut conn, workspace_id).await?;
        wallet.spend = wallet.spend.on(now_us, &wallet.zone);
        let today = day_of(now_us);
        Ok(Self {
            workspace_id,
            number: number.number.e164.clone(),
            country: number.number.country.clone(),
            home_rate: number.number.outbound_rate,
            limits: workspace.limits.clone(),
            premium_prefixes: app.config.call_limits.premium_prefixes.clone(),
            prices: Arc::new(PriceList::read(&mut conn).await?),
            rules: app.config.fraud.clone(),
            habits: sql::habits(&mut conn, workspace_id, today - USUAL_DAYS, today).await?,
            is_frozen: workspace.is_frozen,
            currency: wallet.currency,
            tax: wallet.tax(&app.config.tax),
            balance_minor: wallet.balance_minor,
            held_minor: wallet.held_minor,
            policy: wallet.overdraft_policy,
            floor_minor: wallet.overdraft_floor_minor,
            day: wallet.day(&app.config),
            now_us,
        })
    }

    /// Who calls, as prices go by it.
    fn caller(&self) -> pricing::Caller<'_> {
        pricing::Caller {
            workspace_id: self.workspace_id,
            currency: self.currency,
            number_country: &self.country,
            number_rate: self.home_rate,
        }
    }
}

/// What a drill came to.
#[derive(Debug)]
pub struct Report {
    /// Each attack with what became of it.
    pub played: Vec<(Attack, Played)>,
    /// What the dearest of them cost.
    pub worst_minor: i64,
}

/// Plays all attacks, each by itself.
pub fn drill(facts: &Facts) -> Report {
    let played: Vec<_> = attacks(facts)
        .into_iter()
        .map(|attack| {
            let played = play(facts, &attack);
            (attack, played)
        })
        .collect();
    let worst_minor = played.iter().map(|(_, played)| played.cost_minor).max().unwrap_or(0);
    Report { played, worst_minor }
}

#[cfg(test)]
mod tests;
