//! `/docs/errors` and `/docs/errors/CODE`: written from the catalogue, so that no code lacks its page.

use sautikit_api::ErrorCode;

use super::ROOT;

/// Path of the list.
pub(super) const LIST: &str = "/docs/errors";

/// Every page as path and Markdown: the list, one per code, and one per other spelling of a code.
pub(super) fn pages() -> Vec<(String, String)> {
    let mut pages = vec![(LIST.to_owned(), list())];
    for code in ErrorCode::ALL.iter().copied() {
        let names = [code.as_str()].into_iter().chain(code.aliases().iter().copied());
        pages.extend(names.map(|name| (format!("{ROOT}/errors/{name}"), page(code))));
    }
    pages
}

fn list() -> String {
    let mut text = "# Error catalogue\n\n\
        Every answer that is not a success carries one of these codes in `error.code`, a sentence in `error.message`, \
        the address of the code's page in `error.docs_url` and the request's id in `error.request_id`. Codes are stable: \
        programs may rely on them, and never on the wording of a message.\n\n\
        ```json\n{\"error\": {\n  \"code\": \"not_found\",\n  \"message\": \"…\",\n  \"docs_url\": \"…/docs/errors/not_found\",\n  \
        \"request_id\": \"req_…\"\n}}\n```\n\n\
        `error.field` names the field of the request at fault and `error.details` holds further facts, where there are any.\n"
        .to_owned();
    let mut codes = ErrorCode::ALL.to_vec();
    codes.sort_by_key(|code| (area(*code).is_some(), code.as_str()));
    let mut current = None;
    for code in codes {
        if current != Some(area(code)) {
            current = Some(area(code));
            let heading = area(code).map_or_else(|| "General".to_owned(), |area| area.to_owned());
            text += &format!("\n## {heading}\n\n| code | status | title |\n|---|---|---|\n");
        }
        text += &format!("| [`{code}`]({LIST}/{code}) | {} | {} |\n", code.status(), code.title());
    }
    text
}

/// The part before the first full stop; codes without one are general.
fn area(code: ErrorCode) -> Option<&'static str> {
    code.as_str().split_once('.').map(|(area, _)| area)
}

fn page(code: ErrorCode) -> String {
    let mut text = format!("# {}\n\n<code>{code}</code> · HTTP {}\n", code.title(), code.status());
    if !code.aliases().is_empty() {
        let names: Vec<_> = code.aliases().iter().map(|alias| format!("`{alias}`")).collect();
        text += &format!("\nAlso known as {}: answers list it in `error.aliases`.\n", names.join(", "));
    }
    text += &format!("\n## What happened\n\n{}\n\n## What to do\n\n{}\n", code.happened(), code.remedy());
    text += &advice(code);
    text += &format!("\n[All codes]({LIST})\n");
    text
}

/// Whether sending the request again can help, which follows from the status.
fn advice(code: ErrorCode) -> String {
    let words = match code.status() {
        429 | 503 => {
            "Sending the same request again later can succeed; wait for as long as the header `Retry-After` says, where there is one."
        }
        500 | 502 | 504 => {
            "The fault is not in your request. Send it again with the same `Idempotency-Key`; if the error stays, give the operator the `request_id`."
        }
        _ => "Sending the same request again gives the same answer, until what it says is put right.",
    };
    format!("\n## Trying again\n\n{words}\n")
}
