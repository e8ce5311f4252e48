//! The first workspace of a person: their name, and a workspace whose wallet keeps its currency for good. From here on a
//! session is worth money, so the person's other ones end.

use sautikit_api::accounts::OnboardingRequest;
use sautikit_api::ids::{SessionId, UserId};
use sqlx::AnyConnection;

use super::workspaces::{self, NewWorkspace};
use super::{Error, Membership, checked_name, sessions, store};
use crate::state::AppState;

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

/// Makes the workspace with its owner, in the caller's transaction; it keeps other onboardings of the person waiting.
pub async fn onboard(app: &AppState, tx: &mut AnyConnection, onboarding: Onboarding<'_>) -> Result<Membership, Error> {
    let Onboarding { user_id, session_id, ip, request } = onboarding;
    let person = checked_name("name", &request.name)?;
    let new = NewWorkspace::checked("workspace_name", &request.workspace_name, &request.country, &request.currency)?;

    // Locks the person's row, so that two onboardings at once make one workspace.
    store::rename_user(tx, user_id, &person).await?;
    if !store::list_memberships(tx, user_id).await?.is_empty() {
        return Err(Error::AlreadyOnboarded);
    }
    let membership = workspaces::open(app, tx, user_id, new, ip).await?;
    store::set_session_workspace(tx, session_id, membership.workspace.id).await?;
    sessions::end_other_sessions(app, tx, user_id, session_id).await?;
    Ok(membership)
}
