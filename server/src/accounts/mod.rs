//! Who someone is and where they belong: magic links, sessions, onboarding, workspaces and members.
//!
//! This room is the model for the others: types, rules and the error enum here and in a file per operation,
//! [`http`] turns a body into one operation and its result into a body, `store` holds SQL and nothing else.
//! What a role may do stands in `sautikit_api::rights`.

mod currencies;
mod dependants;
mod error;
pub mod google;
pub mod http;
pub mod invitations;
mod magic_link;
pub mod members;
mod onboarding;
mod sessions;
mod store;
pub mod workspaces;

use sautikit_api::accounts::Role;
use sautikit_api::ids::{UserId, WorkspaceId};
use sautikit_api::return_to;
use serde_json::json;
use sqlx::AnyConnection;

use crate::audit;
use crate::line;
use crate::mail::{self, Lang};
use crate::mailbox;
use crate::state::AppState;
use crate::wallet::WalletError;

pub use crate::web::caller::{Device, Session, Workspace};
pub use currencies::{Currencies, OffersCurrencies};
pub use dependants::{Dependant, Dependants};
pub use magic_link::{
    LINK_COOKIE, LINK_COOKIE_SECONDS, LinkSpent, asked_here, is_code_of, request_magic_link, verify_magic_link,
};
pub use onboarding::{Onboarding, onboard};
pub use sautikit_api::rights::{Grant, Scope};
pub use sessions::{NewSession, list_sessions, remember_workspace, resolve_session, revoke_session};
pub(crate) use store::STATEMENTS;
pub(crate) use store::workspace as workspace_in;

/// Longest name of a person or workspace, in characters: what fits one line of the console.
pub const NAME_MAX_CHARS: usize = 120;

/// What can go wrong here, as a caller can act on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such magic link.
    #[error("the sign-in link is unknown")]
    LinkUnknown,
    /// Older than its 15 minutes.
    #[error("the sign-in link has expired")]
    LinkExpired,
    /// Spent, or voided by the use of another link to the same address.
    #[error("the sign-in link was used")]
    LinkUsed,
    /// The person has a workspace already.
    #[error("the person has a workspace already")]
    AlreadyOnboarded,
    /// Nothing can be bought in this currency.
    #[error("Currency `{code}` is not offered. {remedy}")]
    CurrencyUnsupported {
        /// What was asked for.
        code: String,
        /// What would do.
        remedy: String,
    },
    /// The workspace asked for is not one of the person's.
    #[error("not a member of this workspace")]
    NotAMember,
    /// A field's value breaks its rule.
    #[error("{message}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// The rule, as a sentence for the customer.
        message: String,
    },
    /// No such session of the person.
    #[error("No session with this id is yours. List the sessions and use one of their ids.")]
    SessionUnknown,
    /// No such member of the workspace.
    #[error("No member with this id is in the workspace. List the members and use one of their ids.")]
    MemberUnknown,
    /// No such workspace, for operators.
    #[error("No workspace has this id. List the workspaces and use one of their ids.")]
    WorkspaceUnknown,
    /// The last owner can't leave, be removed or be demoted.
    #[error("the workspace needs an owner")]
    LastOwner,
    /// The actor may not give or take this role.
    #[error("the role can't be given or taken by this member")]
    RoleChangeDenied,
    /// The actor may not remove this member.
    #[error("the member can't be removed by this member")]
    RemoveDenied,
    /// Unknown, answered, withdrawn or expired.
    #[error("the invitation is not open")]
    InvitationUnknown,
    /// Sent to another address than the person's.
    #[error("the invitation is for another address")]
    InvitationForAnother,
    /// More invitations in an hour than a workspace may send.
    #[error("This workspace has sent its share of invitations for this hour. Try again later.")]
    TooManyInvitations,
    /// The workspace takes nobody in while it is suspended.
    #[error("the workspace is suspended")]
    WorkspaceSuspended,
    /// Something stands in the way of deleting the workspace.
    #[error("The workspace can't be deleted yet: {0}.")]
    NotEmpty(String),
    /// The wallet failed.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// A row that the schema should have refused.
    #[error("a stored {0} is not readable")]
    Corrupt(&'static str),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their address, lower case.
    pub email: String,
    /// Their name; empty before onboarding.
    pub name: String,
    /// Whether they operate the installation.
    pub is_operator: bool,
    /// Whether a Google account is linked.
    pub google_linked: bool,
}

/// A workspace seen by one of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The workspace.
    pub workspace: Workspace,
    /// The member's role.
    pub role: Role,
}

/// An address in the form that is stored and compared: trimmed, lower case.
pub fn normalise_email(text: &str) -> Result<String, Error> {
    mailbox::read(text).map_err(|error| invalid("email", error.to_string()))
}

/// The page that a sign-in leads back to.
pub fn checked_return_to(path: &str) -> Result<&str, Error> {
    let problem = "Give a path of one of this server's pages, such as /calls?status=failed.";
    if return_to::is_page(path) { Ok(path) } else { Err(invalid("return_to", problem)) }
}

/// A person's or workspace's name, trimmed.
pub fn checked_name(field: &'static str, text: &str) -> Result<String, Error> {
    line::checked(text, NAME_MAX_CHARS).ok_or_else(|| invalid(field, line::rule(NAME_MAX_CHARS)))
}

/// The person of that id.
pub async fn find_user(app: &AppState, id: UserId) -> Result<Option<User>, Error> {
    store::find_user(&mut *app.db.acquire().await?, id).await
}

/// Changes name and language of mails; what is absent stays.
///
/// # Errors
/// A name that is none, a language that mails are not written in, or the database failed.
pub async fn update_user(
    app: &AppState,
    id: UserId,
    name: Option<&str>,
    language: Option<&str>,
    ip: Option<String>,
) -> Result<(), Error> {
    let name = name.map(|name| checked_name("name", name)).transpose()?;
    let wrong = || invalid("language", "`language` is `en` or `sw`.");
    let lang = language.map(|code| Lang::parse(code).ok_or_else(wrong)).transpose()?;
    let mut tx = app.db.begin_write().await?;
    let user = store::find_user(&mut tx, id).await?.ok_or(Error::Corrupt("session"))?;
    if let Some(lang) = lang {
        let before = mail::language_of(&mut tx, &user.email).await?;
        if before != lang {
            mail::choose_language(&mut tx, &user.email, lang, app.now_us()).await?;
            let mut entry = audit::Entry::of_person(id, "user.language_chosen", id, ip.clone());
            let of = |lang: Lang| json!({ "language": lang.as_str() });
            entry.details = json!({ "before": of(before), "after": of(lang) });
            audit::record(app, &mut tx, &entry).await?;
        }
    }
    if let Some(name) = name {
        store::rename_user(&mut tx, id, &name).await?;
        let mut entry = audit::Entry::of_person(id, "user.renamed", id, ip);
        entry.details = json!({ "before": { "name": user.name }, "after": { "name": name } });
        audit::record(app, &mut tx, &entry).await?;
    }
    Ok(tx.commit().await?)
}

/// Every workspace of the person, the oldest membership first.
pub async fn list_memberships(conn: &mut AnyConnection, user: UserId) -> Result<Vec<Membership>, Error> {
    store::list_memberships(conn, user).await
}

/// The person's place in one workspace.
pub async fn find_membership(
    conn: &mut AnyConnection,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Option<Membership>, Error> {
    store::find_membership(conn, workspace, user).await
}

/// Whether the person is a member of the workspace.
pub async fn is_member(conn: &mut AnyConnection, workspace: WorkspaceId, user: UserId) -> Result<bool, sqlx::Error> {
    store::is_member(conn, workspace, user).await
}

/// Makes the person of that address an operator of the installation; all but their newest session end. `false` when there is none.
pub async fn grant_operator(app: &AppState, email: &str) -> Result<bool, Error> {
    let email = normalise_email(email)?;
    let mut tx = app.db.begin_write().await?;
    let Some(user) = store::find_user_by_email(&mut tx, &email).await? else { return Ok(false) };
    store::grant_operator(&mut tx, user.id).await?;
    let ended_sessions = sessions::end_older_sessions(app, &mut tx, user.id).await?;
    let mut entry = audit::Entry::of_person(user.id, "operator.granted", user.id, None);
    entry.details = json!({ "ended_sessions": ended_sessions });
    entry.actor = audit::Actor::Operator(None);
    audit::record(app, &mut tx, &entry).await?;
    tx.commit().await?;
    Ok(true)
}

/// The addresses of the installation's operators, in order.
///
/// # Errors
/// The database failed.
pub async fn list_operators(conn: &mut AnyConnection) -> Result<Vec<String>, Error> {
    store::list_operators(conn).await
}

fn invalid(field: &'static str, message: impl Into<String>) -> Error {
    Error::Invalid { field, message: message.into() }
}

/// A person's address.
///
/// # Errors
/// No such person, or the database failed.
pub async fn email_of(conn: &mut AnyConnection, user: UserId) -> Result<String, Error> {
    store::find_user(conn, user).await?.map(|user| user.email).ok_or(Error::MemberUnknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_without_case() {
        assert_eq!(normalise_email(" Asha@Example.COM ").unwrap(), "asha@example.com");
        assert!(normalise_email("asha").is_err());
        assert!(normalise_email("a@b\r\nBcc: c@d").is_err());
    }

    #[test]
    fn an_address_has_one_spelling() {
        for twin in
            ["asha@bücher.example", "ASHA@BÜCHER.example", "asha@xn--bcher-kva.example", "asha@Xn--Bcher-Kva.EXAMPLE"]
        {
            assert_eq!(normalise_email(twin).unwrap(), "asha@xn--bcher-kva.example", "{twin}");
        }
        for unseen in [
            "as\u{200b}ha@example.com",
            "asha@exam\u{ad}ple.com\u{200d}",
            "\u{feff}asha@example.com",
            "asha\u{202e}@example.com",
        ] {
            let normal = normalise_email(unseen);
            assert!(normal.is_err() || normal.unwrap() == "asha@example.com", "{unseen:?}");
        }
        assert_eq!(normalise_email("asha@example.com").unwrap(), "asha@example.com");
    }

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(checked_name("name", " Asha ").unwrap(), "Asha");
        assert!(checked_name("name", "  ").is_err());
        assert!(checked_name("name", &"x".repeat(121)).is_err());
    }
}
