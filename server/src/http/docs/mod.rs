//! The documentation under `/docs/…`: Markdown of the repository's `docs/`, packed into the binary, and the error pages.
//!
//! Each folder of `docs/` is a section, each file in it a page: `docs/concepts/calls.md` is `/docs/concepts/calls`. Files below
//! `docs/sw` are translations of those with the same path. Files that stand in `docs/` itself are for people who work on the
//! code, and are not served. Deliberately absent: the page around the text (`app` has it).

mod errors;
mod events;
mod library;
mod links;
mod llms;
mod markdown;
mod provoked;
mod reference;
mod roles;
mod search;
mod verbs;

use app::article::Article;
use axum::http::Uri;

pub(super) use library::menu;
pub(super) use llms::{llms_full_txt, llms_txt};
pub(super) use search::{INDEX, PATH as SEARCH, search_index};

/// Where the documentation begins.
pub(super) const ROOT: &str = "/docs";

/// Title and section of the page at this address, as readers of this language see them; `None` when there is none.
pub(super) fn named(path: &str, lang: &str) -> Option<(&'static str, &'static str)> {
    let source = library::sources_in(lang).iter().find(|source| source.href == path)?;
    Some((&source.title, &source.section))
}

/// Of every page.
#[cfg(test)]
pub(super) fn addresses() -> impl Iterator<Item = &'static str> {
    library::sources().iter().map(|source| source.href.as_str())
}

/// The page at this address for readers of this language, `None` when there is none.
pub(super) fn article(uri: &Uri, lang: &str) -> Option<Article> {
    if uri.path() != search::PATH {
        return library::article(uri.path(), lang);
    }
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query = pairs.into_iter().find(|(name, _)| name == "q").map(|(_, value)| value.into_owned());
    Some(search::article(&query.unwrap_or_default(), lang))
}
