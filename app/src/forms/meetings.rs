//! Conferences and queues: muting, holding, taking out, ending.

use super::{CHANGE_MEMBER, END_CONFERENCE, Fields, LEAVE_QUEUE, Next, TAKE_OUT};
use crate::api_client::{Api, escape};
use sautikit_api::conferences::UpdateConferenceMember;

/// Their page.
pub(crate) const PAGE: &str = "/calls/meetings";

pub(super) async fn change((id, call): (&str, &str), fields: &Fields, api: &Api) -> Next {
    let flag = |name| match fields.text(name).as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    };
    let change = UpdateConferenceMember { muted: flag("muted"), held: flag("held"), coach: None };
    match api.patch(format!("/v1/conferences/{}/members/{}", escape(id), escape(call)), &change).await {
        Ok(_) => Next::redirect(PAGE),
        // Who has left meanwhile is as quiet as was wanted.
        Err(failure) if failure.status() == 404 => Next::redirect(PAGE),
        Err(failure) => Next::failed(CHANGE_MEMBER, PAGE, failure, fields),
    }
}

pub(super) async fn take_out((id, call): (&str, &str), fields: &Fields, api: &Api) -> Next {
    match api.delete(format!("/v1/conferences/{}/members/{}", escape(id), escape(call))).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=removed")),
        Err(failure) if failure.status() == 404 => Next::redirect(PAGE),
        Err(failure) => Next::failed(TAKE_OUT, PAGE, failure, fields),
    }
}

pub(super) async fn end(id: &str, fields: &Fields, api: &Api) -> Next {
    match api.delete(format!("/v1/conferences/{}", escape(id))).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=ended")),
        Err(failure) if failure.status() == 404 => Next::redirect(PAGE),
        Err(failure) => Next::failed(END_CONFERENCE, PAGE, failure, fields),
    }
}

pub(super) async fn leave_queue((id, call): (&str, &str), fields: &Fields, api: &Api) -> Next {
    match api.delete(format!("/v1/queues/{}/members/{}", escape(id), escape(call))).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=removed")),
        Err(failure) if failure.status() == 404 => Next::redirect(PAGE),
        Err(failure) => Next::failed(LEAVE_QUEUE, PAGE, failure, fields),
    }
}
