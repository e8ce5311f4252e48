//! GET `/llms.txt` and `/llms-full.txt`: the list of pages, and all of their text, for programs that read documentation
//! (llmstxt.org).

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::library;
use crate::state::AppState;

/// The list, as Markdown in plain text.
pub(in crate::http) async fn llms_txt(State(app): State<AppState>) -> Response {
    let mut text =
        "# Sautikit\n\n> A programmable voice platform: numbers, calls steered by JSON actions, a browser phone, \
        and a wallet billed by the second, over one REST API.\n"
            .to_owned();
    for section in library::listed() {
        text += &format!("\n## {}\n\n", section.title);
        for (href, title, summary) in section.pages {
            let about = if summary.is_empty() { String::new() } else { format!(": {summary}") };
            text += &format!("- [{title}]({}{href}){about}\n", app.public_url);
        }
    }
    plain(text)
}

/// Every page's Markdown, one after the other. Of the error pages the list alone, which has every code.
pub(in crate::http) async fn llms_full_txt(State(app): State<AppState>) -> Response {
    let mut text = String::new();
    for source in library::sources().iter().filter(|source| !source.is_of_a_code()) {
        text += &format!("<!-- {}{} -->\n\n{}\n\n", app.public_url, source.href, source.markdown.trim());
    }
    plain(text)
}

fn plain(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
