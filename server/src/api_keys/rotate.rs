//! Another secret for a key, while the one before lives on for an overlap, so that servers can change over without a gap.
//!
//! Whoever rotates sees the new secret. Therefore it takes every right that the key has now: rotating someone else's key
//! must not be a way to more rights than one's own.

use sautikit_api::accounts::Role;
use sautikit_api::ids::ApiKeyId;
use sautikit_api::keys::ApiKeyStatus;
use sautikit_api::rights::{RIGHTS, Scope};
use serde_json::json;
use sqlx::AnyConnection;

use super::{ApiKey, ApiKeySecret, Error, Grant, new_secret, store, within_lifetime};
use crate::audit;
use crate::secrets::Purpose;
use crate::state::AppState;
use crate::web::caller::{Caller, grants_include};

/// How long the former secret works unless the request says otherwise: a day's deployments.
const DEFAULT_OVERLAP_SECONDS: i64 = 24 * 3_600;
/// Longest overlap: beyond a week two secrets are a habit, not a change-over.
const MAX_OVERLAP_SECONDS: i64 = 7 * 24 * 3_600;

/// Gives the key another secret in the caller's transaction, and returns it. No former secret outlives the overlap.
pub async fn rotate_api_key(
    app: &AppState,
    conn: &mut AnyConnection,
    caller: &Caller,
    id: ApiKeyId,
    overlap_seconds: Option<i64>,
) -> Result<(ApiKey, ApiKeySecret), Error> {
    let overlap_seconds = checked_overlap(overlap_seconds)?;
    let workspace = caller.workspace.id;
    let now_us = app.now_us();
    let mut key = store::lock_key(conn, workspace, id).await?.ok_or(Error::NotFound)?;
    match key.status(now_us) {
        ApiKeyStatus::Active => {}
        ApiKeyStatus::Expired => return Err(Error::AlreadyExpired),
        ApiKeyStatus::Revoked => return Err(Error::AlreadyRevoked),
    }
    let creators_role = store::find_creators_role(conn, workspace, id).await?.ok_or(Error::AlreadyRevoked)?;
    if let Some(scope) = rights_of(&key.grants, creators_role).find(|scope| !caller.may_give(Grant::One(*scope))) {
        return Err(Error::BeyondRights(scope));
    }

    if !matches!(within_lifetime(caller, key.expires_at_us), Ok(expiry) if expiry == key.expires_at_us) {
        return Err(Error::BeyondLifetime);
    }

    let secret = new_secret(app, conn).await?;
    let before = std::mem::replace(&mut key.prefix, secret.public_prefix().to_owned());
    let former_until_us = now_us + overlap_seconds * 1_000_000;
    key.rotated_at_us = Some(now_us);
    key.former_until_us = Some(former_until_us);
    let hash = app.secrets.hash(Purpose::ApiKey, secret.as_str());
    store::replace_secret(conn, workspace, &key, &hash, former_until_us).await?;
    let details = json!({
        "name": key.name,
        "before": { "prefix": before },
        "after": { "prefix": key.prefix },
        "overlap_seconds": overlap_seconds,
    });
    audit::record(app, conn, &audit::Entry::by(caller, "api_key.rotated", id, details)).await?;
    Ok((key, secret))
}

fn checked_overlap(seconds: Option<i64>) -> Result<i64, Error> {
    let seconds = seconds.unwrap_or(DEFAULT_OVERLAP_SECONDS);
    if (0..=MAX_OVERLAP_SECONDS).contains(&seconds) { Ok(seconds) } else { Err(Error::OverlapInvalid) }
}

/// What a key with these grants may do while its creator has this role.
fn rights_of(grants: &[Grant], role: Role) -> impl Iterator<Item = Scope> {
    let held = move |scope: &Scope| grants_include(grants, *scope) && scope.is_of(role);
    RIGHTS.iter().map(|row| row.scope).filter(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overlap_is_a_day_and_at_most_a_week() {
        assert_eq!(checked_overlap(None).unwrap(), 86_400);
        assert_eq!(checked_overlap(Some(0)).unwrap(), 0);
        assert_eq!(checked_overlap(Some(604_800)).unwrap(), 604_800);
        assert!(matches!(checked_overlap(Some(604_801)), Err(Error::OverlapInvalid)));
        assert!(matches!(checked_overlap(Some(-1)), Err(Error::OverlapInvalid)));
    }

    #[test]
    fn a_wildcard_is_worth_what_its_creators_role_has() {
        let rights = |role| rights_of(&[Grant::All], role).collect::<Vec<_>>();
        assert!(rights(Role::Owner).contains(&Scope::StorageWrite));
        assert!(!rights(Role::Developer).contains(&Scope::StorageWrite));
        assert!(!rights(Role::Owner).contains(&Scope::ApiKeysWrite));
    }
}
