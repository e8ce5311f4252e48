//! Workspaces: opened, renamed, deleted, and suspended by operators.
//!
//! A person may have several. Deleting ends members, keys and invitations; ledger, calls and audit log stay, because money
//! was moved by them.

pub mod admin;
pub mod http;
pub(in crate::accounts) mod store;

use sautikit_api::accounts::{CreateWorkspace, Role, UpdateWorkspace};
use sautikit_api::ids::{UserId, WorkspaceId};
use serde_json::json;
use sqlx::AnyConnection;

use super::{Error, Membership, Workspace, checked_name, currencies, dependants, invalid, invitations, members};
use crate::audit::{self, Actor};
use crate::state::AppState;
use crate::wallet::{self, OverdraftPolicy};
use crate::web::caller::Caller;

pub(crate) use store::STATEMENTS;

/// A workspace that can be made: its fields are checked.
pub(super) struct NewWorkspace {
    name: String,
    country: String,
    /// As it was written; whether it is offered is seen when the workspace is opened.
    currency: String,
}

impl NewWorkspace {
    /// Checks what a person filled in; `name_field` is how the request calls the name.
    pub(super) fn checked(name_field: &'static str, name: &str, country: &str, currency: &str) -> Result<Self, Error> {
        let (name, country) = (checked_name(name_field, name)?, checked_country(country)?);
        Ok(Self { name, country, currency: currency.to_owned() })
    }
}

/// Makes the workspace with its wallet and its owner, in the caller's transaction. Its currency is one in which something can be
/// bought.
pub(super) async fn open(
    app: &AppState,
    conn: &mut AnyConnection,
    owner: UserId,
    new: NewWorkspace,
    ip: Option<String>,
) -> Result<Membership, Error> {
    let currency = currencies::chosen(app, conn, &new.currency).await?;
    let workspace = Workspace {
        id: WorkspaceId(app.new_uuid()),
        name: new.name,
        country: new.country,
        currency: currency.code().to_owned(),
        suspended: false,
    };
    let now_us = app.now_us();
    super::store::insert_workspace(conn, &workspace, now_us).await?;
    let zone = wallet::period::zone_of_country(&workspace.country);
    wallet::open(conn, workspace.id, currency, (&workspace.country, zone), now_us).await?;
    super::store::insert_member(conn, workspace.id, owner, Role::Owner, now_us).await?;
    let entry = audit::Entry {
        workspace_id: Some(workspace.id),
        actor: Actor::User(owner.to_string()),
        action_kind: "workspace.created",
        subject_id: Some(workspace.id.to_string()),
        details: json!({ "name": workspace.name, "country": workspace.country, "currency": workspace.currency }),
        ip,
    };
    audit::record(app, conn, &entry).await?;
    Ok(Membership { workspace, role: Role::Owner })
}

/// A further workspace of the caller, in the caller's transaction.
pub async fn create(
    app: &AppState,
    conn: &mut AnyConnection,
    caller: &Caller,
    request: &CreateWorkspace,
) -> Result<Membership, Error> {
    let new = NewWorkspace::checked("name", &request.name, &request.country, &request.currency)?;
    open(app, conn, caller.user_id, new, caller.ip.clone()).await
}

/// Changes name, country and what happens when the money ends; what is absent stays.
pub async fn update(app: &AppState, caller: &Caller, update: &UpdateWorkspace) -> Result<Workspace, Error> {
    let mut tx = app.db.begin_write().await?;
    store::lock(&mut tx, caller.workspace.id).await?;
    let before = store::find(&mut tx, caller.workspace.id).await?.ok_or(Error::NotAMember)?.workspace;
    let mut after = before.clone();
    if let Some(name) = &update.name {
        after.name = checked_name("name", name)?;
    }
    if let Some(country) = &update.country {
        after.country = checked_country(country)?;
    }
    let (mut told_before, mut told_after) = (audited(&before), audited(&after));
    if let Some(policy) = checked_policy(update.overdraft_policy.as_deref())? {
        let wallet = wallet::lock(&mut tx, caller.workspace.id).await?.wallet().overdraft_policy;
        if wallet != policy {
            wallet::set_overdraft_policy(&mut tx, caller.workspace.id, policy).await?;
            told_before["overdraft_policy"] = json!(wallet.as_str());
            told_after["overdraft_policy"] = json!(policy.as_str());
        }
    }
    if told_after == told_before {
        return Ok(after);
    }
    store::update(&mut tx, &after).await?;
    // What calls may and what tax they bear goes by it, which is not for the tenant to choose anew.
    if after.country != before.country && !wallet::set_country(&mut tx, after.id, &after.country).await? {
        return Err(invalid(
            "country",
            "It is fixed once money has moved: taxes and the countries that may be called go by it.",
        ));
    }
    let details = json!({ "before": told_before, "after": told_after });
    audit::record(app, &mut tx, &audit::Entry::by(caller, "workspace.updated", after.id, details)).await?;
    tx.commit().await?;
    app.tenant_changes.note();
    Ok(after)
}

/// Deletes the workspace for good: its name typed out, its numbers released, no call running and nothing in its wallet.
pub async fn delete(app: &AppState, caller: &Caller, typed_name: &str) -> Result<(), Error> {
    let id = caller.workspace.id;
    let mut tx = app.db.begin_write().await?;
    store::lock(&mut tx, id).await?;
    let workspace = store::find(&mut tx, id).await?.ok_or(Error::NotAMember)?.workspace;
    if typed_name.trim() != workspace.name {
        return Err(invalid("confirm_name", format!("Type the workspace's name, `{}`, to delete it.", workspace.name)));
    }
    let balance = wallet::lock(&mut tx, id).await?.wallet().clone();
    if balance.balance_minor != 0 || balance.held_minor != 0 {
        let shown = balance.currency.format_minor(balance.balance_minor);
        return Err(Error::NotEmpty(format!("the wallet holds {shown}; it must be empty and nothing may be held")));
    }
    dependants::refuse_deletion(app, &mut tx, id).await?;
    let now_us = app.now_us();
    store::mark_deleted(&mut tx, id, now_us).await?;
    invitations::store::withdraw_all(&mut tx, id, now_us).await?;
    members::store::delete_all_members(&mut tx, id).await?;
    audit::record(app, &mut tx, &audit::Entry::by(caller, "workspace.deleted", id, json!({ "name": workspace.name })))
        .await?;
    tx.commit().await?;
    app.tenant_changes.note();
    Ok(())
}

/// Whether the workspace is suspended or deleted: then nothing of it may call or be called.
pub async fn is_closed_to_calls(conn: &mut AnyConnection, id: WorkspaceId) -> Result<bool, sqlx::Error> {
    store::is_closed(conn, id).await
}

/// What the workspace is called; none where it is deleted or never was.
///
/// # Errors
/// The database failed.
pub async fn name_of(conn: &mut AnyConnection, id: WorkspaceId) -> Result<Option<String>, Error> {
    Ok(store::find(conn, id).await?.map(|found| found.workspace.name))
}

/// What the audit log shows of a workspace.
fn audited(workspace: &Workspace) -> serde_json::Value {
    json!({ "name": workspace.name, "country": workspace.country })
}

fn checked_policy(text: Option<&str>) -> Result<Option<OverdraftPolicy>, Error> {
    let Some(text) = text else { return Ok(None) };
    let policy = OverdraftPolicy::parse(text);
    policy.map(Some).ok_or_else(|| invalid("overdraft_policy", "Give `finish_call` or `none`."))
}

fn checked_country(text: &str) -> Result<String, Error> {
    let country = text.trim();
    // The phone-number library's regions are the countries that numbers and prices can exist for.
    match country.parse::<phonenumber::country::Id>() {
        Ok(id) if country.len() == 2 => Ok(id.as_ref().to_owned()),
        _ => Err(invalid("country", "Give the two letters of ISO 3166-1 in upper case, such as KE.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_iso_3166_letters() {
        assert_eq!(checked_country("KE").unwrap(), "KE");
        assert!(checked_country("KEN").is_err());
        assert!(checked_country("XX").is_err());
        assert!(checked_country("").is_err());
    }
}
