//! What operators do to workspaces: list, suspend, resume, bound what they may overdraw. Each change is written to the
//! tenant's own audit log; of a suspension and its end the owners get a mail.
//!
//! A suspended workspace reads, tops up and settles, nothing else.

pub mod http;
mod letter;

use sautikit_api::ids::WorkspaceId;
use serde_json::json;

use super::checked_country;
use super::store::{self, Tenant};
use crate::accounts::{Error, checked_name, invalid, members};
use crate::audit::{self, Actor};
use crate::mail;
use crate::state::AppState;
use crate::wallet::{self, Wallet};
use crate::web::caller::Operator;

/// A page of the workspaces with this id or with this in their name, the newest first; of all when `search` is empty.
async fn list(app: &AppState, search: &str, before: (i64, &str), limit: i64) -> Result<Vec<Tenant>, Error> {
    // PostgreSQL takes no NUL in text, and no name has a control character.
    let search: String = search.trim().to_lowercase().chars().filter(|letter| !letter.is_control()).collect();
    store::list(&mut *app.db.acquire().await?, &search, before, limit).await
}

async fn find(app: &AppState, id: WorkspaceId) -> Result<Tenant, Error> {
    store::find(&mut *app.db.acquire().await?, id).await?.ok_or(Error::WorkspaceUnknown)
}

/// Suspends the workspace; it is suspended already: nothing happens.
async fn suspend(app: &AppState, operator: &Operator, id: WorkspaceId, reason: &str) -> Result<Tenant, Error> {
    let reason = checked_name("reason", reason)?;
    set_suspended(app, operator, id, Some(&reason)).await
}

/// Lets the workspace work again; it does: nothing happens.
async fn resume(app: &AppState, operator: &Operator, id: WorkspaceId) -> Result<Tenant, Error> {
    set_suspended(app, operator, id, None).await
}

/// Puts the workspace into another country, also where money has moved; nothing without a change.
async fn set_country(app: &AppState, operator: &Operator, id: WorkspaceId, country: &str) -> Result<Tenant, Error> {
    let country = checked_country(country)?;
    let mut tx = app.db.begin_write().await?;
    store::lock(&mut tx, id).await?;
    let mut tenant = store::find(&mut tx, id).await?.ok_or(Error::WorkspaceUnknown)?;
    let before = std::mem::replace(&mut tenant.workspace.country, country.clone());
    if before == country {
        return Ok(tenant);
    }
    store::update(&mut tx, &tenant.workspace).await?;
    wallet::move_to_country(&mut tx, id, &country).await?;
    let entry = audit::Entry {
        workspace_id: Some(id),
        actor: Actor::Operator(Some(operator.user_id.to_string())),
        action_kind: "workspace.updated",
        subject_id: Some(id.to_string()),
        details: json!({ "before": { "country": before }, "after": { "country": country } }),
        ip: operator.ip.clone(),
    };
    audit::record(app, &mut tx, &entry).await?;
    tx.commit().await?;
    app.tenant_changes.note();
    Ok(tenant)
}

/// Sets how far the workspace's live calls may overdraw; nothing without a change.
async fn set_overdraft_floor(
    app: &AppState,
    operator: &Operator,
    id: WorkspaceId,
    floor_minor: Option<Option<i64>>,
) -> Result<Wallet, Error> {
    let mut tx = app.db.begin_write().await?;
    store::find(&mut tx, id).await?.ok_or(Error::WorkspaceUnknown)?;
    let mut wallet = wallet::lock(&mut tx, id).await?.wallet().clone();
    let before_minor = wallet.overdraft_floor_minor;
    let Some(floor_minor) = floor_minor.filter(|floor_minor| *floor_minor != before_minor) else { return Ok(wallet) };
    if floor_minor.is_some_and(|floor_minor| !(-wallet::MAX_AMOUNT_MINOR..=0).contains(&floor_minor)) {
        return Err(invalid("overdraft_floor_minor", "Give 0 or less, in minor units, or null for no bound."));
    }
    wallet::set_overdraft_floor(&mut tx, id, floor_minor).await?;
    let entry = audit::Entry {
        workspace_id: Some(id),
        actor: Actor::Operator(Some(operator.user_id.to_string())),
        action_kind: "wallet.overdraft_floor_changed",
        subject_id: Some(id.to_string()),
        details: json!({ "before": { "overdraft_floor_minor": before_minor },
            "after": { "overdraft_floor_minor": floor_minor } }),
        ip: operator.ip.clone(),
    };
    audit::record(app, &mut tx, &entry).await?;
    tx.commit().await?;
    wallet.overdraft_floor_minor = floor_minor;
    Ok(wallet)
}

async fn set_suspended(
    app: &AppState,
    operator: &Operator,
    id: WorkspaceId,
    reason: Option<&str>,
) -> Result<Tenant, Error> {
    let suspended = reason.is_some();
    let mut tx = app.db.begin_write().await?;
    store::lock(&mut tx, id).await?;
    let mut tenant = store::find(&mut tx, id).await?.ok_or(Error::WorkspaceUnknown)?;
    if tenant.workspace.suspended == suspended {
        return Ok(tenant);
    }
    store::set_suspended(&mut tx, id, suspended).await?;
    let entry = audit::Entry {
        workspace_id: Some(id),
        actor: Actor::Operator(Some(operator.user_id.to_string())),
        action_kind: if suspended { "workspace.suspended" } else { "workspace.resumed" },
        subject_id: Some(id.to_string()),
        details: reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason })),
        ip: operator.ip.clone(),
    };
    audit::record(app, &mut tx, &entry).await?;
    let mut posted = Vec::new();
    for owner in members::store::list_owner_emails(&mut tx, id).await? {
        let write = |to, lang| letter::letter(&app.public_url, to, &tenant.workspace, reason, app.now_us(), lang);
        posted.push(mail::post_to(app, &mut tx, owner, write).await?);
    }
    tx.commit().await?;
    app.tenant_changes.note();
    posted.into_iter().for_each(|mail| mail.committed(app));
    tenant.workspace.suspended = suspended;
    Ok(tenant)
}
