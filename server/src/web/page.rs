//! Cursor pagination: `limit` and an opaque `cursor`, newest first, stable under inserts.
//!
//! The cursor is the position of the last row shown, `created_at` and `id`, and a mark by which we know our own: 64 hexadecimal
//! digits, so that the API's description can say which cursors are well formed. One that was altered, or that another list
//! gave, is refused instead of showing rows from somewhere. A list fetches one row more than it shows to know whether a next page
//! exists.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;
use serde::Serialize;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::query;
use crate::secrets::{Purpose, Secrets};
use crate::state::AppState;
use crate::web::error::{ApiError, ApiResult};

/// Rows shown when the request does not say.
const DEFAULT_LIMIT: i64 = 50;
/// Most rows of one page: keeps an answer below about 200 kB.
const MAX_LIMIT: i64 = 200;
/// What most rows stay below, so that a page's text is not moved while it grows.
const ROW_BYTES: usize = 768;
/// Of a moment (16) and an id (32).
const POSITION_DIGITS: usize = 48;
/// Of the mark: nobody gains more by guessing one than a place in their own list.
const MARK_DIGITS: usize = 16;
/// Sorts after every id.
const LAST_ID: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";
const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");
/// The cursors of all rows, with commas between, for a node that puts several nodes' lists together.
pub const POSITIONS: HeaderName = HeaderName::from_static("x-sautikit-positions");

/// Marks a request whose answer is put together with those of other nodes.
#[derive(Debug, Clone, Copy)]
pub struct OfSeveralNodes;

/// Which part of a list is asked for.
pub struct Page {
    limit: i64,
    before_us: i64,
    before_id: String,
    uri: Uri,
    marks: Marks,
    tells_positions: bool,
}

/// Makes and knows the cursors of one list.
struct Marks {
    secrets: Arc<Secrets>,
    /// The list's path; what is read as another format is the same list.
    list: String,
}

impl Marks {
    fn new(secrets: &Arc<Secrets>, uri: &Uri) -> Self {
        let path = uri.path();
        Self { secrets: secrets.clone(), list: path.strip_suffix(".csv").unwrap_or(path).to_owned() }
    }

    fn cursor(&self, (micros, id): (i64, Uuid)) -> String {
        // As its bits: no sign has a place in it.
        let position = format!("{:016x}{}", u64::from_be_bytes(micros.to_be_bytes()), id.simple());
        let mark = self.mark(&position);
        position + &mark
    }

    fn read(&self, cursor: &str) -> Option<(i64, String)> {
        let (position, mark) = cursor.split_at_checked(POSITION_DIGITS)?;
        if !bool::from(self.mark(position).as_bytes().ct_eq(mark.as_bytes())) {
            return None;
        }
        let (micros, id) = position.split_at_checked(16)?;
        let micros = i64::from_be_bytes(u64::from_str_radix(micros, 16).ok()?.to_be_bytes());
        Some((micros, Uuid::try_parse(id).ok()?.to_string()))
    }

    fn mark(&self, position: &str) -> String {
        let mut mark = self.secrets.hash(Purpose::Cursor, &format!("{} {position}", self.list));
        mark.truncate(MARK_DIGITS);
        mark
    }
}

impl Page {
    /// Rows to show.
    pub fn limit(&self) -> i64 {
        self.limit
    }

    /// Rows to fetch: one more than are shown.
    pub fn fetch_limit(&self) -> i64 {
        self.limit + 1
    }

    /// Only rows whose `(created_at, id)` is less than this.
    pub fn before(&self) -> (i64, &str) {
        (self.before_us, &self.before_id)
    }

    /// [`Self::before`] for a list that also ends at a moment, exclusive: one bound of both, because an index follows only
    /// one. No id sorts before the empty text, so `(at, "")` is "earlier than `at`".
    pub fn before_until(&self, to_us: i64) -> (i64, &str) {
        if to_us <= self.before_us { (to_us, "") } else { self.before() }
    }

    /// The bare array, with the next cursor in its headers if there are more rows.
    pub fn answer<R, B: Serialize>(
        &self,
        mut rows: Vec<R>,
        position: impl Fn(&R) -> (i64, Uuid),
        body: impl Fn(R) -> B,
    ) -> Response {
        let shown = usize::try_from(self.limit).unwrap_or(0);
        let more = rows.len() > shown;
        rows.truncate(shown);
        let next = rows.last().filter(|_| more).map(|row| self.marks.cursor(position(row)));
        let cursors = |rows: &[R]| Vec::from_iter(rows.iter().map(|row| self.marks.cursor(position(row)))).join(",");
        let positions = self.tells_positions.then(|| cursors(&rows));
        let mut response = self.written(rows.into_iter().map(body), next);
        if let Some(positions) = positions.and_then(|positions| HeaderValue::from_str(&positions).ok()) {
            response.headers_mut().insert(POSITIONS, positions);
        }
        response
    }

    /// The same of rows whose cursors other nodes have told, as [`POSITIONS`]; `is_cut` where one of those has more.
    pub fn answer_together<B: Serialize>(&self, mut rows: Vec<(String, B)>, is_cut: bool) -> Response {
        // Positions sort as their texts do: no moment is before 1970.
        rows.sort_by(|(one, _), (other, _)| other.cmp(one));
        let shown = usize::try_from(self.limit).unwrap_or(0);
        let more = is_cut || rows.len() > shown;
        rows.truncate(shown);
        let next = rows.last().filter(|_| more).map(|(cursor, _)| cursor.clone());
        self.written(rows.into_iter().map(|(_, row)| row), next)
    }

    fn written<B: Serialize>(&self, rows: impl ExactSizeIterator<Item = B>, next: Option<String>) -> Response {
        let mut text = Vec::with_capacity(rows.len() * ROW_BYTES);
        let rows: Vec<B> = rows.collect();
        let mut response = match serde_json::to_writer(&mut text, &rows) {
            Ok(()) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
            Err(error) => ApiError::internal(error).into_response(),
        };
        if let Some(next) = next {
            let link = format!("<{}>; rel=\"next\"", next_uri(&self.uri, &next));
            for (name, text) in [(NEXT_CURSOR, next), (header::LINK, link)] {
                if let Ok(value) = HeaderValue::from_str(&text) {
                    response.headers_mut().insert(name, value);
                }
            }
        }
        response
    }
}

impl FromRequestParts<AppState> for Page {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> ApiResult<Self> {
        // A nested router sees the path without its prefix.
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let tells_positions = parts.extensions.get::<OfSeveralNodes>().is_some();
        Ok(Self { tells_positions, ..Self::of(&app.secrets, uri)? })
    }
}

impl Page {
    fn of(secrets: &Arc<Secrets>, uri: &Uri) -> ApiResult<Self> {
        let marks = Marks::new(secrets, uri);
        let (mut limit, mut position) = (DEFAULT_LIMIT, (i64::MAX, LAST_ID.to_owned()));
        for (key, value) in query::pairs(uri)? {
            match key.as_ref() {
                "limit" => limit = read_limit(&value)?,
                "cursor" => position = marks.read(&value).ok_or_else(invalid_cursor)?,
                _ => {}
            }
        }
        Ok(Self {
            limit,
            before_us: position.0,
            before_id: position.1,
            uri: uri.clone(),
            marks,
            tells_positions: false,
        })
    }
}

fn read_limit(text: &str) -> ApiResult<i64> {
    let limit = text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| ApiError::field("limit", format!("`limit` is a whole number from 1 to {MAX_LIMIT}.")))
}

fn invalid_cursor() -> ApiError {
    ApiError::new(ErrorCode::ValidationInvalidCursor).at("cursor")
}

fn next_uri(uri: &Uri, next: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if key != "cursor" {
            query.append_pair(&key, &value);
        }
    }
    format!("{}?{}", uri.path(), query.append_pair("cursor", next).finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_several_nodes_are_one_that_goes_on_where_it_was_cut() {
        let uri = Uri::from_static("/v1/queues?limit=2");
        let page = Page::of(&secrets(), &uri).unwrap();
        let cursor = |at_us: i64| page.marks.cursor((at_us, Uuid::from_u128(1)));
        let rows = vec![(cursor(5), 5), (cursor(1), 1), (cursor(3), 3)];
        let answer = page.answer_together(rows, false);
        let next = answer.headers()[NEXT_CURSOR].to_str().unwrap().to_owned();
        assert_eq!(page.marks.read(&next).unwrap().0, 3);
        assert!(page.answer_together(vec![(cursor(5), 5)], false).headers().get(NEXT_CURSOR).is_none());
        assert!(page.answer_together(vec![(cursor(5), 5)], true).headers().get(NEXT_CURSOR).is_some());
    }

    fn secrets() -> Arc<Secrets> {
        Arc::new(Secrets::new([7; 32]))
    }

    fn marks(uri: &'static str) -> Marks {
        Marks::new(&secrets(), &Uri::from_static(uri))
    }

    #[test]
    fn a_cursor_reads_back() {
        let (id, list) = (Uuid::from_u128(7), marks("/v1/calls?limit=2"));
        assert_eq!(list.read(&list.cursor((42, id))), Some((42, id.to_string())));
        assert_eq!(list.read(&list.cursor((-42, id))), Some((-42, id.to_string())));
        let csv = marks("/v1/calls.csv");
        assert!(csv.read(&list.cursor((42, id))).is_some());
    }

    #[test]
    fn a_cursor_that_is_not_this_lists_own_is_refused() {
        let (id, list) = (Uuid::from_u128(7), marks("/v1/calls"));
        let own = list.cursor((42, id));
        assert_eq!(own.len(), POSITION_DIGITS + MARK_DIGITS);
        assert_eq!(marks("/v1/audit").read(&own), None);
        for at in 0..own.len() {
            let mut altered = own.clone().into_bytes();
            altered[at] = if altered[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(list.read(&String::from_utf8(altered).unwrap()), None, "digit {at}");
        }
        for text in ["", "nonsense", "é", &own[1..], &own[..POSITION_DIGITS], &own.to_uppercase()] {
            assert!(text == own || list.read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_next_link_keeps_the_filters() {
        let uri: Uri = "/v1/calls?status=busy&cursor=old&limit=2".parse().unwrap();
        assert_eq!(next_uri(&uri, "new"), "/v1/calls?status=busy&limit=2&cursor=new");
    }

    #[test]
    fn limits_are_bounded() {
        assert!(Page::of(&secrets(), &"/x?limit=0".parse().unwrap()).is_err());
        assert!(Page::of(&secrets(), &"/x?limit=201".parse().unwrap()).is_err());
        assert!(Page::of(&secrets(), &"/x?limit=2&limit=3".parse().unwrap()).is_err());
        assert_eq!(Page::of(&secrets(), &"/x".parse().unwrap()).unwrap().limit(), 50);
    }
}
