//! The person's name and sessions.

use super::{END_OTHER_SESSIONS, END_SESSION, Fields, Next, UNLINK_GOOGLE, UPDATE_PROFILE};
use crate::api_client::{Api, ApiFailure, escape};
use sautikit_api::accounts::{Session, UpdateMe};

const PAGE: &str = "/profile";

pub(super) async fn update(fields: &Fields, api: &Api) -> Next {
    match api.patch("/v1/auth/me", &UpdateMe { name: Some(fields.text("name")), ..UpdateMe::default() }).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=saved")),
        Err(failure) => Next::failed(UPDATE_PROFILE, PAGE, failure, fields),
    }
}

pub(super) async fn unlink_google(fields: &Fields, api: &Api) -> Next {
    match api.post("/v1/auth/google/unlink", &serde_json::json!({})).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=unlinked")),
        Err(failure) => Next::failed(UNLINK_GOOGLE, PAGE, failure, fields),
    }
}

pub(super) async fn end_session(id: &str, fields: &Fields, api: &Api) -> Next {
    match end(id, api).await {
        Ok(()) => Next::redirect(format!("{PAGE}?done=ended")),
        Err(failure) => Next::failed(END_SESSION, PAGE, failure, fields),
    }
}

pub(super) async fn end_other_sessions(fields: &Fields, api: &Api) -> Next {
    match end_others(api).await {
        Ok(()) => Next::redirect(format!("{PAGE}?done=others_ended")),
        Err(failure) => Next::failed(END_OTHER_SESSIONS, PAGE, failure, fields),
    }
}

async fn end_others(api: &Api) -> Result<(), ApiFailure> {
    let sessions: Vec<Session> = api.get("/v1/auth/sessions").await?;
    for session in sessions.iter().filter(|session| !session.current) {
        end(&session.id.to_string(), api).await?;
    }
    Ok(())
}

/// A session that has ended meanwhile is what was wanted.
async fn end(id: &str, api: &Api) -> Result<(), ApiFailure> {
    match api.delete(format!("/v1/auth/sessions/{}", escape(id))).await {
        Ok(_) => Ok(()),
        Err(failure) if failure.status() == 404 => Ok(()),
        Err(failure) => Err(failure),
    }
}
