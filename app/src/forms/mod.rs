//! What plain HTML forms post to: `/console/…`.
//!
//! A form calls the API once and then redirects, or names the page to show again with what went wrong ([`Flash`]).
//! Deliberately absent: validation (the API's), cookies of our own making, HTTP; the server decodes and encodes.

mod calls;
mod entry;
mod fields;
mod invitations;
mod keys;
mod numbers;
mod wallet;

pub use fields::Fields;

use crate::{
    api_client::{Api, ApiFailure},
    visit::Flash,
};

/// Asks for a magic link.
pub const SIGN_IN: &str = "/console/signin";
/// Spends a magic link's token.
pub const VERIFY: &str = "/console/verify";
/// Makes the first workspace.
pub const ONBOARDING: &str = "/console/onboarding";
/// Accepts or declines an invitation.
pub const ANSWER_INVITATION: &str = "/console/invitation";
/// Ends the session.
pub const SIGN_OUT: &str = "/console/signout";
/// Claims a number.
pub const CLAIM: &str = "/console/numbers/claim";
/// Changes a number's routing; the path carries the number's id.
pub const ROUTING: &str = "/console/numbers/{id}/routing";
/// Has the sandbox carrier call a number; the path carries the number's id.
pub const SANDBOX_CALL: &str = "/console/numbers/{id}/sandbox-call";
/// Ends a call; the path carries the call's id.
pub const HANG_UP: &str = "/console/calls/{id}/hangup";
/// Requests a payment.
pub const TOP_UP: &str = "/console/wallet/top-ups";
/// Creates an API key.
pub const CREATE_KEY: &str = "/console/keys";
/// Revokes an API key; the path carries the key's id.
pub const REVOKE_KEY: &str = "/console/keys/{id}/revoke";
/// Chooses the language. The one form that the server handles alone: it sets a cookie and goes back.
pub const LANGUAGE: &str = "/console/language";

/// What a form came to.
pub struct Submitted {
    /// Where to go or what to show.
    pub next: Next,
    /// `Set-Cookie` values of the API, to be passed on unchanged.
    pub set_cookies: Vec<String>,
}

/// Where a form leads.
pub enum Next {
    /// Answer 303 with this path.
    Redirect(String),
    /// Render this page (path and query) with the flash and the status.
    Show {
        /// Path and query.
        page: String,
        /// What the page has to say.
        flash: Flash,
        /// HTTP status.
        status: u16,
    },
    /// No such form.
    NotFound,
}

impl Next {
    fn redirect(to: impl Into<String>) -> Self {
        Self::Redirect(to.into())
    }

    /// The page again, filled as it was, saying why.
    fn failed(form: &str, page: impl Into<String>, failure: ApiFailure, fields: &Fields) -> Self {
        if failure.is_signed_out() && form != VERIFY {
            return Self::redirect("/signin");
        }
        let status = failure.status();
        Self::Show {
            page: page.into(),
            flash: Flash::Failed { form: form.to_owned(), failure, fields: fields.clone() },
            status,
        }
    }
}

impl From<Next> for Submitted {
    fn from(next: Next) -> Self {
        Self { next, set_cookies: Vec::new() }
    }
}

/// Runs the form at `path` (from `/console/`).
pub async fn submit(path: &str, fields: &Fields, api: &Api) -> Submitted {
    match path {
        SIGN_IN => entry::sign_in(fields, api).await.into(),
        VERIFY => entry::verify(fields, api).await,
        ONBOARDING => entry::onboarding(fields, api).await,
        SIGN_OUT => entry::sign_out(api).await,
        ANSWER_INVITATION => invitations::answer(fields, api).await,
        CLAIM => numbers::claim(fields, api).await.into(),
        TOP_UP => wallet::top_up(fields, api).await.into(),
        CREATE_KEY => keys::create(fields, api).await.into(),
        _ => match path.split('/').collect::<Vec<_>>().as_slice() {
            ["", "console", "numbers", id, "routing"] => numbers::routing(id, fields, api).await.into(),
            ["", "console", "numbers", id, "sandbox-call"] => calls::sandbox_call(id, fields, api).await.into(),
            ["", "console", "calls", id, "hangup"] => calls::hang_up(id, fields, api).await.into(),
            ["", "console", "keys", id, "revoke"] => keys::revoke(id, fields, api).await.into(),
            _ => Next::NotFound.into(),
        },
    }
}
