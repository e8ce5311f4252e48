//! Sending a request of the log again, as whoever looks at it.

use super::{Fields, Next, REPEAT_REQUEST};
use crate::{
    api_client::{Api, ApiFailure, Method, with_query},
    visit::{Flash, Repeated},
};
use sautikit_api::{ErrorBody, requests::LoggedRequest};
use serde_json::Value;

const PAGE: &str = "/developers/requests";

pub(super) async fn repeat(fields: &Fields, api: &Api) -> Next {
    let request_id = fields.text("request_id");
    let page = with_query(PAGE, &[("request_id", &request_id)]);
    let found =
        api.get::<Vec<LoggedRequest>>(with_query("/v1/requests", &[("request_id", &request_id), ("limit", "1")]));
    let request = match found.await.map(|found| found.into_iter().next()) {
        Ok(Some(request)) => request,
        Ok(None) => return Next::redirect(page),
        Err(failure) => return Next::failed(REPEAT_REQUEST, page, failure, fields),
    };
    let Some((method, path, body)) = repeatable(&request) else { return Next::redirect(page) };
    // What changes something was asked about first, by a page that names it.
    if method != Method::Get && fields.text("sure") != "yes" {
        return Next::redirect(page);
    }
    let (status, body) = match api.repeat(method, path, body, &fields.text("form_token")).await {
        Ok(answer) => (answer.status, answer.json.to_string()),
        Err(failure) if failure.is_signed_out() => return Next::failed(REPEAT_REQUEST, page, failure, fields),
        Err(ApiFailure::Refused { status, detail }) => {
            (status, serde_json::to_string(&ErrorBody { error: *detail }).unwrap_or_default())
        }
        Err(failure) => return Next::failed(REPEAT_REQUEST, page, failure, fields),
    };
    let flash = Flash::Repeated(Box::new(Repeated { request_id, status, body }));
    Next::Show { page, flash, status: 200 }
}

/// What can be sent again: all of it is known, and nothing secret was left out.
pub(crate) fn repeatable(request: &LoggedRequest) -> Option<(Method, String, Option<Value>)> {
    let method = Method::parse(&request.method)?;
    let exchange = request.exchange.as_ref().filter(|exchange| exchange.request_is_whole)?;
    let is_whole = request.path.starts_with("/v1/") && !request.path.contains('…');
    let body = match exchange.request_body.as_deref() {
        Some(text) => Some(serde_json::from_str(text).ok()?),
        None => None,
    };
    is_whole.then(|| (method, request.path.clone(), body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn logged(method: &str, path: &str, body: Option<&str>, is_whole: bool) -> LoggedRequest {
        let exchange = json!({ "request_headers": "", "request_body": body, "request_is_whole": is_whole, "answer_headers": "",
            "answer_body": null });
        serde_json::from_value(json!({ "id": "019a0000-0000-7000-8000-000000000001", "created_at": "2026-11-21T09:00:00Z",
            "request_id": "req_1", "method": method, "route": path, "path": path, "status": 400, "error_code": null,
            "actor": { "kind": "user", "id": null, "label": null }, "ip": null, "duration_us": 1, "exchange": exchange }))
        .unwrap()
    }

    #[test]
    fn only_what_is_known_whole_is_sent_again() {
        let sent = repeatable(&logged("POST", "/v1/calls", Some(r#"{"to":"+254722000042"}"#), true));
        assert_eq!(sent, Some((Method::Post, "/v1/calls".to_owned(), Some(json!({ "to": "+254722000042" })))));
        assert_eq!(repeatable(&logged("POST", "/v1/webhooks", Some(r#"{"secret":"[removed]"}"#), false)), None);
        assert_eq!(repeatable(&logged("GET", "/v1/calls/x/stream?token=…", None, true)), None);
        assert_eq!(repeatable(&logged("POST", "/v1/calls", Some("{no json"), true)), None);
        assert_eq!(repeatable(&logged("TRACE", "/v1/calls", None, true)), None);
    }
}
