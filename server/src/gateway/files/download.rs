//! One file over HTTP: redirects to public addresses, a bound on its size, and what its server says about keeping it.

use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderName};
use url::Url;

use super::FileError;
use super::cache::Validators;
use crate::webhooks::client::{self, TooLarge};

/// Largest file: twenty minutes of MP3 at 128 kbit/s.
const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;
/// Storage services need one or two.
const MAX_REDIRECTS: usize = 5;
/// How long a file holds whose server does not say: a menu that is asked about for each of its calls would begin with a
/// pause, and who replaces a file hears it soon.
const HOLDS_FOR: Duration = Duration::from_secs(60);
/// Longest that a server is believed.
const HOLDS_AT_MOST: Duration = Duration::from_secs(24 * 3_600);

/// What came.
pub(super) enum Downloaded {
    /// The file.
    Sent(Vec<u8>),
    /// It is what the validators stand for.
    Unchanged,
}

/// A longer ETag is not kept: no server needs it.
const MAX_VALIDATOR_BYTES: usize = 1_024;

/// What a server says about keeping a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    holds_for: Duration,
    /// What it is asked about with; none where it must not be kept.
    pub(super) validators: Option<Validators>,
}

impl Terms {
    pub(super) fn holds_until(&self, now: Duration) -> Duration {
        now.saturating_add(self.holds_for)
    }

    fn of(headers: &HeaderMap) -> Self {
        let control = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let control = control.to_ascii_lowercase();
        let says = |name: &str| control.split(',').any(|one| one.trim() == name);
        let age =
            control.split(',').find_map(|one| one.trim().strip_prefix("max-age=")?.trim_matches('"').parse().ok());
        let holds_for = match age {
            _ if says("no-cache") || says("no-store") => Duration::ZERO,
            Some(seconds) => Duration::from_secs(seconds).min(HOLDS_AT_MOST),
            None => HOLDS_FOR,
        };
        let copy = |from: HeaderName, to: HeaderName| {
            headers.get(from).filter(|value| value.len() <= MAX_VALIDATOR_BYTES).map(|value| (to, value.clone()))
        };
        let validators =
            [copy(header::ETAG, header::IF_NONE_MATCH), copy(header::LAST_MODIFIED, header::IF_MODIFIED_SINCE)];
        Self { holds_for, validators: (!says("no-store")).then(|| validators.into_iter().flatten().collect()) }
    }
}

/// Fetches a file, unless it is what the validators stand for.
pub(super) async fn download(
    http: &reqwest::Client,
    development: bool,
    url: &str,
    validators: &[(HeaderName, header::HeaderValue)],
) -> Result<(Downloaded, Terms), FileError> {
    let mut url = client::check_url(url, development)?;
    for _ in 0..=MAX_REDIRECTS {
        let asked = http.get(url.clone()).headers(validators.iter().cloned().collect());
        let response = asked.send().await.map_err(|_| FileError::Connection)?;
        let terms = Terms::of(response.headers());
        match response.status().as_u16() {
            304 if !validators.is_empty() => return Ok((Downloaded::Unchanged, terms)),
            200 => {
                let read = client::read_up_to(response, MAX_FILE_BYTES).await;
                let bytes = read.map_err(|broken| match broken {
                    Some(TooLarge) => FileError::TooLarge,
                    None => FileError::Connection,
                })?;
                return Ok((Downloaded::Sent(bytes), terms));
            }
            301 | 302 | 303 | 307 | 308 => url = next(&url, response.headers(), development)?,
            status => return Err(FileError::Status(status)),
        }
    }
    Err(FileError::Redirect)
}

/// Where a redirect leads: any server, because storage services have their own.
fn next(url: &Url, headers: &HeaderMap, development: bool) -> Result<Url, FileError> {
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    let next = location.and_then(|location| url.join(location).ok()).ok_or(FileError::Redirect)?;
    Ok(client::check_url(next.as_str(), development)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(lines: &[(HeaderName, &'static str)]) -> (u64, Option<usize>) {
        let headers =
            lines.iter().map(|(name, value)| (name.clone(), header::HeaderValue::from_static(value))).collect();
        let terms = Terms::of(&headers);
        (terms.holds_for.as_secs(), terms.validators.map(|validators| validators.len()))
    }

    #[test]
    fn a_server_says_how_long_its_file_holds() {
        assert_eq!(terms(&[]), (60, Some(0)));
        assert_eq!(terms(&[(header::CACHE_CONTROL, "public, max-age=300")]), (300, Some(0)));
        assert_eq!(terms(&[(header::CACHE_CONTROL, "max-age=31536000, immutable")]), (86_400, Some(0)));
        assert_eq!(terms(&[(header::CACHE_CONTROL, "no-cache"), (header::ETAG, "\"a\"")]), (0, Some(1)));
        assert_eq!(terms(&[(header::CACHE_CONTROL, "No-Store, max-age=60")]), (0, None));
        assert_eq!(
            terms(&[(header::ETAG, "\"a\""), (header::LAST_MODIFIED, "Mon, 30 Nov 2026 10:00:00 GMT")]),
            (60, Some(2))
        );
    }
}
