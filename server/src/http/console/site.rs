//! The site folder that `xtask build` wrote: assets under one content hash, and the SDK.
//!
//! A precompressed sibling (`.br`) is sent to browsers that take it; nothing is compressed per request.

use std::path::{Path, PathBuf};

use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;

use super::Console;
use crate::error::ApiError;

/// The content hash is in the URL, so a file never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The SDK's latest is under a fixed name: browsers ask again after a while.
const A_WHILE: &str = "public, max-age=300";

/// Where the built files are.
pub(super) struct Site {
    root: PathBuf,
}

impl Site {
    /// The configured folder; empty means `site` beside the executable or one level up (cargo's target folder).
    pub(super) fn find(configured: &Path) -> Self {
        if !configured.as_os_str().is_empty() {
            return Self { root: configured.to_path_buf() };
        }
        let executable = std::env::current_exe().unwrap_or_default();
        let candidates = executable.ancestors().skip(1).take(3).map(|folder| folder.join("site"));
        let found = candidates.into_iter().find(|folder| folder.join("version").is_file());
        if found.is_none() {
            tracing::warn!("no built site found (cargo run -p xtask -- build); pages will have no style");
        }
        Self { root: found.unwrap_or_else(|| PathBuf::from("site")) }
    }

    /// URL folder of the current build. Read per page, so that a rebuild of the assets needs no restart.
    pub(super) fn assets_url(&self) -> String {
        let version = std::fs::read_to_string(self.root.join("version")).unwrap_or_default();
        format!("/assets/{}", version.trim())
    }

    async fn file(&self, folder: &str, file: &str, accepts_brotli: bool) -> Option<(Vec<u8>, bool)> {
        // Plain names only: no way out of the folder.
        let plain = file.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.contains('\\'));
        if !plain {
            return None;
        }
        let path = self.root.join(folder).join(file);
        if accepts_brotli && let Ok(bytes) = tokio::fs::read(path.with_added_extension("br")).await {
            return Some((bytes, true));
        }
        tokio::fs::read(path).await.ok().map(|bytes| (bytes, false))
    }
}

/// GET `/assets/HASH/FILE`.
pub(super) async fn asset(
    State(console): State<Console>,
    UrlPath(file): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    serve(&console.site, "assets", &file, &headers, FOR_EVER).await
}

/// GET `/sdk/browser/FILE`; any page may load the SDK.
pub(super) async fn sdk(
    State(console): State<Console>,
    UrlPath(file): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    let mut response = serve(&console.site, "sdk/browser", &file, &headers, A_WHILE).await;
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

async fn serve(site: &Site, folder: &str, file: &str, headers: &HeaderMap, caching: &'static str) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let brotli = accepted.split(',').any(|coding| coding.trim().split(';').next() == Some("br"));
    let Some((bytes, compressed)) = site.file(folder, file, brotli).await else {
        return ApiError::from(ErrorCode::NotFound).into_response();
    };
    let mut response = bytes.into_response();
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(file)));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if compressed {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

fn content_type(file: &str) -> &'static str {
    match file.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json" | "map") => "application/json",
        _ => "application/octet-stream",
    }
}
