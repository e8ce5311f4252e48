//! The first workspace of a person: name, country, and the currency that its wallet keeps for good.

use sautikit_api::accounts::{OnboardingRequest, Role};
use sautikit_api::ids::{SessionId, UserId, WorkspaceId};
use sautikit_api::money::Currency;
use serde_json::json;

use super::{Error, Membership, Workspace, checked_name, invalid, store};
use crate::audit::{self, Actor};
use crate::state::AppState;
use crate::wallet;

/// Who onboards, from where.
pub struct Onboarding<'a> {
    /// The person.
    pub user_id: UserId,
    /// The session that shall work in the new workspace.
    pub session_id: SessionId,
    /// The client's address, for the audit log.
    pub ip: Option<String>,
    /// What they filled in.
    pub request: &'a OnboardingRequest,
}

/// Makes the workspace with its owner, in one transaction.
pub async fn onboard(app: &AppState, onboarding: Onboarding<'_>) -> Result<Membership, Error> {
    let Onboarding { user_id, session_id, ip, request } = onboarding;
    let person = checked_name("name", &request.name)?;
    let currency = checked_currency(&request.currency)?;
    let workspace = Workspace {
        id: WorkspaceId(app.new_uuid()),
        name: checked_name("workspace_name", &request.workspace_name)?,
        country: checked_country(&request.country)?,
        currency: currency.code().to_owned(),
        suspended: false,
    };
    let now_us = app.now_us();

    let mut tx = app.db.begin_write().await?;
    // Locks the person's row, so that two onboardings at once make one workspace.
    store::rename_user(&mut tx, user_id, &person).await?;
    if !store::list_memberships(&mut tx, user_id).await?.is_empty() {
        return Err(Error::AlreadyOnboarded);
    }
    store::insert_workspace(&mut tx, &workspace, now_us).await?;
    let zone = wallet::period::zone_of_country(&workspace.country);
    wallet::open(&mut tx, workspace.id, currency, zone, now_us).await?;
    store::insert_member(&mut tx, workspace.id, user_id, Role::Owner, now_us).await?;
    store::set_session_workspace(&mut tx, session_id, workspace.id).await?;
    let entry = audit::Entry {
        workspace_id: Some(workspace.id),
        actor: Actor::User(user_id.to_string()),
        action_kind: "workspace.created",
        subject_id: Some(workspace.id.to_string()),
        details: json!({ "name": workspace.name, "country": workspace.country, "currency": workspace.currency }),
        ip,
    };
    audit::record(app, &mut tx, &entry).await?;
    tx.commit().await?;
    Ok(Membership { workspace, role: Role::Owner })
}

fn checked_country(text: &str) -> Result<String, Error> {
    let country = text.trim();
    // The phone-number library's regions are the countries that numbers and prices can exist for.
    match country.parse::<phonenumber::country::Id>() {
        Ok(id) if country.len() == 2 => Ok(id.as_ref().to_owned()),
        _ => Err(invalid("country", "Give the two letters of ISO 3166-1 in upper case, such as KE.")),
    }
}

fn checked_currency(text: &str) -> Result<Currency, Error> {
    Currency::parse(text.trim()).ok_or_else(|| Error::CurrencyUnsupported(text.trim().chars().take(8).collect()))
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

    #[test]
    fn an_unknown_currency_is_its_own_error() {
        assert!(matches!(checked_currency("EUR"), Err(Error::CurrencyUnsupported(code)) if code == "EUR"));
    }
}
