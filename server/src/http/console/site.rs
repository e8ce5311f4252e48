//! GET of the site's files: assets under one content hash, and the SDK.
//!
//! A precompressed sibling (`.br`, `.gz`) is sent to browsers that take it; nothing is compressed per request.

use std::borrow::Cow;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use sautikit_api::ErrorCode;

use super::Console;
use super::files::{LICENCES, SiteFiles};
use super::pages::policy;
use crate::web::error::ApiError;
use crate::web::etag;

/// The content hash is in the URL, so a file never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The SDK's latest is under a fixed name: browsers ask again after a while, by its ETag.
const A_WHILE: &str = "public, max-age=300";
/// A build that is being worked on has no stable names at all.
const NOT_AT_ALL: &str = "no-cache";
/// The SDK's version, which is the server's: both come from one workspace (`xtask` checks the npm package's too).
const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");
/// Content codings that siblings exist in, the smaller first: coding and file extension.
const CODINGS: [(&str, &str); 2] = [("br", "br"), ("gzip", "gz")];

/// GET `/assets/HASH/FILE`.
pub(super) async fn asset(State(console): State<Console>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    serve(&console.site, &format!("assets/{file}"), &headers, FOR_EVER).await
}

/// GET `/favicon.ico`, which browsers ask for on pages that name no icon (mails in development, answers of the API).
pub(super) async fn icon(State(console): State<Console>) -> Redirect {
    Redirect::temporary(&format!("{}/icon.svg", console.site.assets_url()))
}

/// GET `/sdk/browser/FILE` (the latest) and `/sdk/browser/VERSION/FILE` (for ever); any page may load the SDK.
pub(super) async fn sdk(State(console): State<Console>, Path(file): Path<String>, headers: HeaderMap) -> Response {
    let versioned = file.strip_prefix(SDK_VERSION).and_then(|rest| rest.strip_prefix('/'));
    let caching = match versioned {
        _ if cfg!(debug_assertions) => NOT_AT_ALL,
        Some(_) => FOR_EVER,
        None => A_WHILE,
    };
    let path = format!("sdk/browser/{}", versioned.unwrap_or(&file));
    let mut response = serve(&console.site, &path, &headers, caching).await;
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// GET `/docs/licences.txt`: of the binary and everything in it.
pub(super) async fn licences(State(console): State<Console>, headers: HeaderMap) -> Response {
    serve(&console.site, LICENCES, &headers, A_WHILE).await
}

/// GET `/sdk/demo/FILE`: the click-to-call page, which speaks as whoever is signed in.
pub(super) async fn demo(State(console): State<Console>, file: Option<Path<String>>, headers: HeaderMap) -> Response {
    let file = file.map_or_else(|| "index.html".to_owned(), |Path(file)| file);
    let mut response = serve(&console.site, &format!("sdk/demo/{file}"), &headers, NOT_AT_ALL).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy(&console.app.public_url, None, None));
    response
}

async fn serve(site: &SiteFiles, path: &str, headers: &HeaderMap, caching: &'static str) -> Response {
    let Some((bytes, coding)) = smallest(site, path, headers).await else {
        return ApiError::from(ErrorCode::NotFound).into_response();
    };
    let tag = etag::tag_of(&bytes);
    let mut response = etag::answer(headers, &tag, bytes);
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

/// The file in the smallest coding that there is and the browser takes; `None` as coding is the file itself.
async fn smallest(
    site: &SiteFiles,
    path: &str,
    headers: &HeaderMap,
) -> Option<(Cow<'static, [u8]>, Option<&'static str>)> {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for (coding, extension) in CODINGS {
        if takes(accepted, coding)
            && let Some(bytes) = site.read(&format!("{path}.{extension}")).await
        {
            return Some((bytes, Some(coding)));
        }
    }
    Some((site.read(path).await?, None))
}

/// Whether an `Accept-Encoding` names `coding` without `q=0` (RFC 9110 §12.5.3).
fn takes(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|offer| {
        let (name, weight) = offer.split_once(';').unwrap_or((offer, ""));
        let refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim().trim_matches(['0', '.']).is_empty());
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("ts" | "txt") => "text/plain; charset=utf-8",
        Some("json" | "map") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn a_refused_coding_is_not_sent() {
        assert!(takes("gzip, deflate, br;q=0.9", "br"));
        assert!(takes("BR", "br"));
        assert!(!takes("gzip, br;q=0", "br"));
        assert!(!takes("gzip, br; q=0.00", "br"));
        assert!(!takes("gzip", "br"));
    }

    #[tokio::test]
    async fn a_known_etag_saves_the_body() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("assets")).unwrap();
        std::fs::write(folder.path().join("assets/a.js"), "plain").unwrap();
        std::fs::write(folder.path().join("assets/a.js.gz"), "gzipped").unwrap();
        let site = SiteFiles::find(folder.path());
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip"));
        let first = serve(&site, "assets/a.js", &headers, FOR_EVER).await;
        assert_eq!(first.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(first.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        headers.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(serve(&site, "assets/a.js", &headers, FOR_EVER).await.status(), StatusCode::NOT_MODIFIED);
        headers.remove(header::ACCEPT_ENCODING);
        assert_eq!(serve(&site, "assets/a.js", &headers, FOR_EVER).await.status(), StatusCode::OK);
    }
}
