//! Answering an invitation.

use super::{ANSWER_INVITATION, Fields, Next, Submitted};
use crate::api_client::{Api, escape};

pub(super) async fn answer(fields: &Fields, api: &Api) -> Submitted {
    let token = escape(&fields.text("token"));
    // Anything but the one button that makes a member turns the invitation down.
    let accepts = fields.text("answer") == "accept";
    let verb = if accepts { "accept" } else { "decline" };
    match api.post(format!("/v1/invitations/{token}/{verb}"), &serde_json::json!({})).await {
        // Accepting renews the session.
        Ok(answer) => {
            let next = Next::redirect(if accepts { "/home" } else { "/invitation?done=declined" });
            Submitted { next, set_cookies: answer.set_cookies() }
        }
        Err(failure) => Next::failed(ANSWER_INVITATION, format!("/invitation?token={token}"), failure, fields).into(),
    }
}
