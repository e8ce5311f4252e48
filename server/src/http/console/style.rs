//! The style of a browser's first page stands in the page: asked for by itself, it is one more way over a slow line before
//! anything is seen. A cookie names the build whose style a browser was told to fetch meanwhile; its next pages link to it.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::Console;
use crate::web::caller::cookie;

/// Names the build whose style the browser has.
const COOKIE: &str = "sk_style";
/// As long as its files may be kept.
const MAX_AGE_SECONDS: u32 = 31_536_000;
/// The file among the assets.
const FILE: &str = "app.css";

/// A style to be written into a page.
pub(super) struct Inline {
    pub(super) css: Arc<str>,
    /// By which the page's policy lets it in (Content Security Policy Level 3 section 2.3.1).
    pub(super) source: String,
    /// What the answer sets, so that the next page has none.
    pub(super) cookie: Option<HeaderValue>,
}

/// The style for a browser that has not got this build's; none where it has, or where there is none.
pub(super) async fn of_first_page(console: &Console, headers: &HeaderMap) -> Option<Inline> {
    let assets = console.site.assets_url();
    let build = assets.rsplit('/').next().unwrap_or_default();
    if cookie(headers, COOKIE) == Some(build) {
        return None;
    }
    let file = console.site.read(&format!("{}/{FILE}", assets.trim_start_matches('/'))).await?;
    let css = in_page(std::str::from_utf8(&file).ok()?, &assets)?;
    let source = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(&css)));
    let secure = if console.app.is_https() { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={build}; Path=/; SameSite=Lax; HttpOnly; Max-Age={MAX_AGE_SECONDS}{secure}");
    Some(Inline { css: css.into(), source, cookie: HeaderValue::try_from(cookie).ok() })
}

/// The sheet with its addresses as seen from a page; none where it would end the element that it stands in.
fn in_page(css: &str, assets: &str) -> Option<String> {
    if css.to_ascii_lowercase().contains("</style") {
        return None;
    }
    let mut pieces = css.split("url(");
    let mut page = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let quote = if piece.starts_with(['"', '\'']) { 1 } else { 0 };
        let (quote, address) = piece.split_at(quote);
        let is_elsewhere = address.starts_with(['/', '#']) || address.starts_with("data:");
        let folder = if is_elsewhere { String::new() } else { format!("{assets}/") };
        page.push_str(&format!("url({quote}{folder}{address}"));
    }
    Some(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_from_the_page_to_where_the_sheet_stood() {
        let css = "@font-face{src:url(inter.woff2)}a{b:url(\"a.svg\") url(data:x) url('/b') url(#c)}";
        let page = in_page(css, "/assets/1").unwrap();
        assert_eq!(
            page,
            "@font-face{src:url(/assets/1/inter.woff2)}a{b:url(\"/assets/1/a.svg\") url(data:x) url('/b') url(#c)}"
        );
        assert_eq!(in_page("a{}", "/assets/1").as_deref(), Some("a{}"));
        assert_eq!(in_page("a{content:'</STYLE>'}", "/assets/1"), None);
    }
}
