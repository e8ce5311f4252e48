//! Reading a voice document, and running it as a call.

use super::{BESIDE, CHECK_ACTIONS, CHECK_HANDLER, Fields, Next, QUICKSTART, RUN_ACTIONS};
use crate::{
    api_client::{Api, ApiFailure, escape},
    visit::Flash,
};
use sautikit_api::{
    calls::CallAccepted,
    playground::{CheckHandler, CheckedHandler, ValidateActions, ValidatedActions},
};
use serde_json::{Value, json};

const PAGE: &str = "/developers/playground";

pub(super) async fn check(fields: &Fields, api: &Api) -> Next {
    let (document, compat) = (fields.text("document"), fields.text("compat"));
    let body = ValidateActions {
        document: document.clone(),
        content_type: None,
        compat: Some(compat.clone()).filter(|compat| !compat.is_empty()),
    };
    let answer = api.post("/v1/actions/validate", &body).await;
    match answer.and_then(|answer| answer.read::<ValidatedActions>()) {
        Ok(read) => {
            let flash = Flash::ActionsRead(Box::new((read, document, compat)));
            Next::Show { page: PAGE.to_owned(), flash, status: 200 }
        }
        Err(failure) => Next::failed(CHECK_ACTIONS, PAGE, failure, fields),
    }
}

pub(super) async fn check_handler(fields: &Fields, api: &Api) -> Next {
    let given = |name: &str| Some(fields.text(name)).filter(|text| !text.is_empty());
    let body = CheckHandler {
        url: fields.text("url"),
        compat: given("check_compat"),
        secret: given("secret"),
        from: None,
        to: given("check_to"),
    };
    match api.post("/v1/actions/check", &body).await.and_then(|answer| answer.read::<CheckedHandler>()) {
        Ok(checked) => {
            // What signs is not shown again.
            let asked = CheckHandler { secret: None, ..body };
            Next::Show { page: PAGE.to_owned(), flash: Flash::HandlerChecked(Box::new((checked, asked))), status: 200 }
        }
        Err(failure) => Next::failed(CHECK_HANDLER, PAGE, failure, fields),
    }
}

pub(super) async fn run(fields: &Fields, api: &Api) -> Next {
    let beside = fields.get(BESIDE).is_some();
    let (from, to, typed) = (fields.text("from"), fields.text("to"), fields.text("document"));
    let body = if typed.trim_start().starts_with('<') {
        json!({ "from": from, "to": to, "xml": typed })
    } else {
        let document: Value = serde_json::from_str(&typed).unwrap_or_default();
        let Some(actions) = document.get("actions") else {
            let failure = ApiFailure::of_field("document", |text| text.document, &[]);
            return Next::failed(RUN_ACTIONS, PAGE, failure, fields);
        };
        json!({ "from": from, "to": to, "actions": actions })
    };
    let answer = api.post_once("/v1/calls", &body, &fields.text("form_token")).await;
    match answer.and_then(|answer| answer.read::<CallAccepted>()) {
        Ok(call) if beside => Next::redirect(format!("{QUICKSTART}?call={}#run", escape(&call.call_id.to_string()))),
        Ok(call) => Next::redirect(format!("/calls/{}", escape(&call.call_id.to_string()))),
        Err(failure) => Next::failed(RUN_ACTIONS, if beside { QUICKSTART } else { PAGE }, failure, fields),
    }
}
