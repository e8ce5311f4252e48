//! `/media/recordings/{id}.wav`: the audio of a recording for whoever has a signed URL, in parts where a player asks for them.
//! `/media/recordings/{id}.ogg` is the same as Opus, encoded as it is sent, so that it has no parts.

use std::ops::Range;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::stream::{self, StreamExt as _};
use media::codec::{CodecError, Rate};
use media::ogg::OggOpus;
use sautikit_api::ErrorCode;
use sautikit_api::ids::RecordingId;
use serde::Deserialize;

use super::links::{self, Format, Refused};
use super::stored::Reader;
use super::{Recording, RecordingError, RecordingStatus, store};
use crate::state::AppState;
use crate::storage::StoreError;
use crate::web::error::{ApiError, ApiResult};
use crate::web::query::Query;

/// Bytes that are read and sent at once.
const CHUNK_BYTES: u64 = 256 * 1024;

/// The route, outside of `/v1`: the URLs are opaque.
pub fn routes() -> Router<AppState> {
    Router::new().route("/media/recordings/{file}", get(play))
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Signed {
    expires: i64,
    signature: String,
}

async fn play(
    State(app): State<AppState>,
    Path(file): Path<String>,
    Query(signed): Query<Signed>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let named = file.split_once('.').and_then(|(id, format)| Some((id.parse().ok()?, Format::parse(format)?)));
    let (id, format): (RecordingId, Format) = named.ok_or(ErrorCode::NotFound)?;
    let now = app.now_us() / 1_000_000;
    links::check(&app.secrets, id, signed.expires, &signed.signature, now).map_err(|refused| match refused {
        Refused::Forged => ApiError::new(ErrorCode::AuthTokenInvalid).message(
            "This link to a recording is not one that we made. Ask for it again: GET /v1/recordings/ID/audio.",
        ),
        Refused::Expired => ApiError::new(ErrorCode::AuthTokenExpired).message(
            "This link to a recording has served its 15 minutes. Ask for another: GET /v1/recordings/ID/audio.",
        ),
    })?;
    let recording = store::find(&mut *app.db.acquire().await?, id).await?.ok_or(RecordingError::NotFound)?;
    if recording.status == RecordingStatus::Expired {
        return Err(RecordingError::Expired.into());
    }
    let reader = Reader::open(&app, &recording).await?.ok_or(RecordingError::NotFound)?;
    if format == Format::Ogg {
        return compressed(reader, &recording).map_err(ApiError::internal);
    }
    let size = reader.size();
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, range) = match asked.map(|asked| part(asked, size)) {
        None | Some(Asked::All) => (StatusCode::OK, 0..size),
        Some(Asked::Part(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(Asked::Nothing) => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            response.headers_mut().extend(value(header::CONTENT_RANGE, format!("bytes */{size}")));
            return Ok(response);
        }
    };
    let mut response = Response::new(body(reader, range.clone()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // The URL is a credential, and what it gives is private.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.extend(value(header::CONTENT_LENGTH, (range.end - range.start).to_string()));
    headers.extend(value(header::CONTENT_DISPOSITION, format!("inline; filename=\"{id}.wav\"")));
    if status == StatusCode::PARTIAL_CONTENT {
        headers.extend(value(header::CONTENT_RANGE, format!("bytes {}-{}/{size}", range.start, range.end - 1)));
    }
    Ok(response)
}

fn value(name: header::HeaderName, text: String) -> Option<(header::HeaderName, HeaderValue)> {
    Some((name, HeaderValue::from_str(&text).ok()?))
}

/// Piece by piece, each read when the one before has been taken.
fn body(reader: Reader, range: Range<u64>) -> Body {
    Body::from_stream(stream::try_unfold((reader, range), |(reader, left)| async move {
        if left.is_empty() {
            return Ok::<_, StoreError>(None);
        }
        let end = left.end.min(left.start + CHUNK_BYTES);
        let bytes = reader.read(left.start..end).await?;
        Ok(Some((Bytes::from(bytes), (reader, end..left.end))))
    }))
}

/// Bytes of a WAV file of ours before its samples.
const WAV_HEAD_BYTES: u64 = 44;

/// Encoded piece by piece, each when the one before has been taken.
fn compressed(reader: Reader, recording: &Recording) -> Result<Response, CodecError> {
    let mut head = Vec::new();
    let file = OggOpus::new(Rate::Narrow, recording.channels == 2, &mut head)?;
    let left = WAV_HEAD_BYTES.min(reader.size())..reader.size();
    let pieces = stream::try_unfold((reader, left, Some(file)), |(reader, left, file)| async move {
        let Some(mut file) = file else { return Ok::<_, StoreError>(None) };
        let end = left.end.min(left.start + CHUNK_BYTES);
        let bytes = if left.is_empty() { Vec::new() } else { reader.read(left.start..end).await? };
        let is_last = end == left.end;
        let encoding = tokio::task::spawn_blocking(move || {
            let samples: Vec<i16> = bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
            let mut out = Vec::new();
            file.push(&samples, &mut out)?;
            if is_last {
                file.finish(&mut out)?;
                return Ok((out, None));
            }
            Ok::<_, CodecError>((out, Some(file)))
        });
        let failed = || StoreError::Failed("the recording could not be encoded".to_owned());
        let (out, file) = encoding.await.map_err(|_| failed())?.map_err(|_| failed())?;
        Ok(Some((Bytes::from(out), (reader, end..left.end, file))))
    });
    let head = stream::once(async { Ok(Bytes::from(head)) });
    let mut response = Response::new(Body::from_stream(head.chain(pieces)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/ogg"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.extend(value(header::CONTENT_DISPOSITION, format!("inline; filename=\"{}.ogg\"", recording.id)));
    Ok(response)
}

/// What a `Range` asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// All of it: no range that is understood here (RFC 9110 §14.2).
    All,
    /// One part.
    Part(Range<u64>),
    /// A part that is not there.
    Nothing,
}

fn part(asked: &str, size: u64) -> Asked {
    let Some((first, last)) = asked.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::All;
    };
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..size,
        (Err(_), Ok(last)) if first.trim().is_empty() => size.saturating_sub(last)..size,
        _ => return Asked::All,
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Nothing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn players_ask_for_parts_in_every_way() {
        assert_eq!(part("bytes=0-99", 1_000), Asked::Part(0..100));
        assert_eq!(part("bytes=900-", 1_000), Asked::Part(900..1_000));
        assert_eq!(part("bytes=-10", 1_000), Asked::Part(990..1_000));
        assert_eq!(part("bytes=0-5000", 1_000), Asked::Part(0..1_000));
        assert_eq!(part("bytes=1000-", 1_000), Asked::Nothing);
        for other in ["bytes=5-1", "items=0-1", "bytes=0-1,5-6", "bytes=a-b", ""] {
            assert_eq!(part(other, 1_000), Asked::All, "{other}");
        }
    }
}
