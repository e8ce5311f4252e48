//! What operators do to the price list: one price more, one price less, a whole list from a file. What was in force stays
//! written: a price is ended, never changed.

pub mod http;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sautikit_api::ids::{PriceId, WorkspaceId};
use sautikit_api::money::Currency;
use sautikit_api::pricing::CreatePrice;
use sautikit_api::supply::LineError;
use serde_json::{Value, json};
use sqlx::AnyConnection;

use super::import::{self, Change, Difference, Wanted};
use super::schedule::{self, Plan};
use super::store::{self, PriceRow};
use super::{PricingError, terms};
use crate::audit::{self, Actor};
use crate::state::AppState;
use crate::wallet::{self, WalletError};
use crate::web::caller::Operator;

/// Who does something to the price list, for the audit log: an operator by the API, or somebody at the command line.
pub struct Doer {
    actor: Actor,
    ip: Option<String>,
}

impl Doer {
    /// At the command line.
    pub fn command_line() -> Self {
        Self { actor: Actor::Operator(None), ip: None }
    }

    async fn note(
        self,
        app: &AppState,
        tx: &mut AnyConnection,
        action_kind: &'static str,
        (workspace_id, subject_id): (Option<WorkspaceId>, Option<PriceId>),
        details: Value,
    ) -> Result<(), sqlx::Error> {
        let subject_id = subject_id.map(|id| id.to_string());
        let entry = audit::Entry { workspace_id, actor: self.actor, action_kind, subject_id, details, ip: self.ip };
        audit::record(app, tx, &entry).await
    }
}

impl From<&Operator> for Doer {
    fn from(operator: &Operator) -> Self {
        Self { actor: Actor::Operator(Some(operator.user_id.to_string())), ip: operator.ip.clone() }
    }
}

/// What an import came to.
#[derive(Debug)]
pub struct Import {
    /// Whether it was made.
    pub is_applied: bool,
    /// Every line of the file, and what ends because the file does not name it.
    differences: Vec<Difference>,
    /// What keeps it from being made.
    pub errors: Vec<LineError>,
}

/// Adds a price. One without end ends the one before it; one that counts already stays as it is.
async fn create(app: &AppState, doer: Doer, asked: &CreatePrice) -> Result<PriceRow, PricingError> {
    let now_us = app.now_us();
    let prefix = terms::prefix(&asked.prefix).map_err(|message| invalid("prefix", message))?;
    let known = || Vec::from_iter(Currency::ALL.iter().map(|known| known.code())).join(", ");
    let currency = Currency::parse(&asked.currency)
        .ok_or_else(|| invalid("currency", format!("`currency` is one of {}.", known())))?;
    let rate = terms::rate(asked.per_min_e4, asked.billing_minimum_seconds, asked.billing_increment_seconds)
        .map_err(|(field, message)| invalid(field, message))?;
    let moment = |field: &'static str, text: &Option<String>| match text {
        Some(text) => terms::moment(field, text, now_us).map(Some).map_err(|message| invalid(field, message)),
        None => Ok(None),
    };
    let valid_from = moment("valid_from", &asked.valid_from)?.unwrap_or(now_us);
    let valid_until = moment("valid_until", &asked.valid_until)?;
    if valid_until.is_some_and(|until| until <= valid_from) {
        return Err(invalid("valid_until", "`valid_until` comes after `valid_from`."));
    }
    let price = PriceRow {
        id: PriceId(app.new_uuid()),
        workspace_id: asked.workspace_id,
        currency,
        prefix,
        rate,
        valid_from,
        valid_until,
        created_at: now_us,
    };
    let mut tx = app.db.begin_write().await?;
    store::lock(&mut tx).await?;
    if let Some(workspace_id) = price.workspace_id {
        check_workspace(&mut tx, workspace_id, currency).await?.map_err(|(field, message)| invalid(field, message))?;
    }
    let mut ended = Vec::new();
    let others = of_key(&mut tx, &price).await?;
    let newest = others.iter().filter(|other| other.counts_at(valid_from)).max_by_key(|other| other.valid_from);
    if let Some(same) = newest.filter(|newest| newest.rate == price.rate && newest.valid_until == valid_until) {
        return Ok(same.clone());
    }
    for other in others {
        if other.valid_from == valid_from {
            let message = format!("{} has a price from that moment already. End it first.", price.prefix);
            return Err(invalid("valid_from", message));
        }
        let overlaps = other.valid_from < valid_from && other.valid_until.is_none_or(|until| until > valid_from);
        if overlaps && valid_until.is_none() {
            ended.push((other.id, valid_from));
        }
    }
    store::write(&mut tx, app.db.dialect(), &ended, std::slice::from_ref(&price)).await?;
    doer.note(app, &mut tx, "price.created", (price.workspace_id, Some(price.id)), audited(&price)).await?;
    tx.commit().await?;
    app.tenant_changes.note();
    Ok(price)
}

/// Ends a price now or at a moment to come; one that was to begin later than that is removed. One that has ended stays so.
async fn end(app: &AppState, doer: Doer, id: PriceId, at: Option<&str>) -> Result<PriceRow, PricingError> {
    let now_us = app.now_us();
    let at_us = match at {
        Some(text) => terms::moment("at", text, now_us).map_err(|message| invalid("at", message))?,
        None => now_us,
    };
    let mut tx = app.db.begin_write().await?;
    store::lock(&mut tx).await?;
    let mut price = store::find(&mut tx, id).await?.ok_or(PricingError::NotFound)?;
    if price.valid_until.is_some_and(|until| until <= at_us) {
        return Ok(price);
    }
    price.valid_until = Some(at_us.max(price.valid_from));
    if price.valid_from >= at_us {
        store::delete(&mut tx, id).await?;
    } else {
        store::write(&mut tx, app.db.dialect(), &[(id, at_us)], &[]).await?;
    }
    doer.note(app, &mut tx, "price.ended", (price.workspace_id, Some(id)), audited(&price)).await?;
    tx.commit().await?;
    app.tenant_changes.note();
    Ok(price)
}

/// Brings the prices to what a file asks for, or says what would change. With mistakes in it nothing does.
///
/// # Errors
/// The file has mistakes and is no dry run, or the database failed.
pub async fn import(
    app: &AppState,
    doer: Doer,
    csv: &str,
    (is_dry_run, ends_missing): (bool, bool),
    valid_from: Option<&str>,
) -> Result<Import, PricingError> {
    let now_us = app.now_us();
    let default_from = match valid_from {
        Some(text) => terms::moment("valid_from", text, now_us).map_err(|message| invalid("valid_from", message))?,
        None => now_us,
    };
    let (wanted, mut errors) = import::read(csv, default_from, now_us);
    let mut conn = app.db.acquire().await?;
    errors.extend(check_workspaces(&mut conn, &wanted).await?);
    errors.sort_by_key(|error| error.line);
    let planned = |there: &[PriceRow]| schedule::plan(there, &wanted, ends_missing, default_from);
    if is_dry_run {
        let differences = planned(&store::list_prices(&mut conn).await?).differences;
        return Ok(Import { is_applied: false, differences, errors });
    }
    if !errors.is_empty() {
        return Err(PricingError::Lines(errors));
    }
    drop(conn);
    let mut tx = app.db.begin_write().await?;
    store::lock(&mut tx).await?;
    let plan = planned(&store::list_prices(&mut tx).await?);
    apply(app, &mut tx, &plan).await?;
    let done = Import { is_applied: true, differences: plan.differences, errors };
    let count = |change: Change| done.count(change);
    let details = json!({ "added": count(Change::Added), "changed": count(Change::Changed), "ended": count(Change::Ended),
        "unchanged": count(Change::Unchanged) });
    doer.note(app, &mut tx, "prices.imported", (None, None), details).await?;
    tx.commit().await?;
    app.tenant_changes.note();
    Ok(done)
}

async fn apply(app: &AppState, tx: &mut AnyConnection, plan: &Plan) -> Result<(), sqlx::Error> {
    let created_at = app.now_us();
    for id in &plan.drops {
        store::delete(tx, *id).await?;
    }
    let added = plan.adds.iter().map(|add| {
        let (workspace_id, currency, prefix) = add.key.clone();
        PriceRow {
            id: PriceId(app.new_uuid()),
            workspace_id,
            currency,
            prefix,
            rate: add.rate,
            valid_from: add.valid_from,
            valid_until: add.valid_until,
            created_at,
        }
    });
    store::write(tx, app.db.dialect(), &plan.ends, &Vec::from_iter(added)).await
}

impl Import {
    fn count(&self, change: Change) -> i64 {
        let of = self.differences.iter().filter(|difference| difference.change == change);
        i64::try_from(of.count()).unwrap_or(i64::MAX)
    }
}

/// The lines whose workspace can't have such a price. Each workspace is looked up once.
async fn check_workspaces(conn: &mut AnyConnection, wanted: &[Wanted]) -> Result<Vec<LineError>, sqlx::Error> {
    let mut known = HashMap::new();
    let mut errors = Vec::new();
    for price in wanted {
        let Some(workspace_id) = price.workspace_id else { continue };
        let verdict = match known.entry((workspace_id, price.currency.code())) {
            Entry::Occupied(verdict) => verdict.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(check_workspace(conn, workspace_id, price.currency).await?),
        };
        if let Err((column, message)) = verdict {
            errors.push(LineError { line: price.line, column: Some((*column).to_owned()), message: message.clone() });
        }
    }
    Ok(errors)
}

/// Whether a workspace can have prices in this currency; if not, the member that is wrong and why.
async fn check_workspace(
    conn: &mut AnyConnection,
    id: WorkspaceId,
    currency: Currency,
) -> Result<Result<(), (&'static str, String)>, sqlx::Error> {
    match wallet::read(conn, id).await {
        Ok(wallet) if wallet.currency == currency => Ok(Ok(())),
        Ok(wallet) => {
            let message =
                format!("The workspace pays in {}, so a price in {currency} would never count.", wallet.currency);
            Ok(Err(("currency", message)))
        }
        Err(WalletError::Database(error)) => Err(error),
        Err(_) => Ok(Err(("workspace_id", "No workspace has this id.".to_owned()))),
    }
}

/// The other prices of the same owner, currency and prefix.
async fn of_key(conn: &mut AnyConnection, price: &PriceRow) -> Result<Vec<PriceRow>, sqlx::Error> {
    let all = store::list_of_prefix(conn, price.currency, &price.prefix).await?;
    Ok(all.into_iter().filter(|other| other.workspace_id == price.workspace_id).collect())
}

fn audited(price: &PriceRow) -> Value {
    json!({ "prefix": price.prefix, "currency": price.currency.code(), "per_min_e4": price.rate.per_minute_e4,
        "billing_minimum_seconds": price.rate.least_seconds(),
        "billing_increment_seconds": price.rate.increment_seconds,
        "valid_from": crate::clock::rfc3339(price.valid_from),
        "valid_until": price.valid_until.map(crate::clock::rfc3339) })
}

fn invalid(field: &'static str, message: impl Into<String>) -> PricingError {
    PricingError::Invalid { field, message: message.into() }
}
