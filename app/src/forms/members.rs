//! Inviting, withdrawing, changing roles, removing, leaving.

use super::{CHANGE_ROLE, Fields, INVITE, LEAVE, Next, REMOVE_MEMBER, WITHDRAW_INVITATION, is_confirmed};
use crate::api_client::{Api, escape};
use serde_json::json;

const PAGE: &str = "/workspace/members";

pub(super) async fn invite(fields: &Fields, api: &Api) -> Next {
    let body = json!({ "email": fields.text("email"), "role": fields.text("role") });
    match api.post_once("/v1/workspace/invitations", &body, &fields.text("form_token")).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=invited")),
        Err(failure) => Next::failed(INVITE, PAGE, failure, fields),
    }
}

pub(super) async fn withdraw(id: &str, fields: &Fields, api: &Api) -> Next {
    match api.delete(format!("/v1/workspace/invitations/{}", escape(id))).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=withdrawn")),
        Err(failure) => Next::failed(WITHDRAW_INVITATION, PAGE, failure, fields),
    }
}

pub(super) async fn change_role(id: &str, fields: &Fields, api: &Api) -> Next {
    let body = json!({ "role": fields.text("role") });
    match api.patch(format!("/v1/workspace/members/{}", escape(id)), &body).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=role_changed")),
        Err(failure) => Next::failed(CHANGE_ROLE, PAGE, failure, fields),
    }
}

pub(super) async fn remove(id: &str, fields: &Fields, api: &Api) -> Next {
    end(id, (REMOVE_MEMBER, &format!("{PAGE}?done=removed")), fields, api).await
}

/// Home shows another workspace of the person, or the way to make one.
pub(super) async fn leave(id: &str, fields: &Fields, api: &Api) -> Next {
    end(id, (LEAVE, "/home"), fields, api).await
}

async fn end(id: &str, (form, to): (&str, &str), fields: &Fields, api: &Api) -> Next {
    if !is_confirmed(fields) {
        return Next::mistyped(PAGE);
    }
    match api.delete(format!("/v1/workspace/members/{}", escape(id))).await {
        Ok(_) => Next::redirect(to),
        Err(failure) => Next::failed(form, PAGE, failure, fields),
    }
}
