//! JSON bodies, read after authentication and scope: the order of checks is route, credential, scope, body.
//!
//! So [`JsonBody`] only collects bytes; the handler calls [`JsonBody::read`] when the caller is allowed.

use std::marker::PhantomData;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use sautikit_api::ErrorCode;
use serde::de::DeserializeOwned;

use crate::state::AppState;
use crate::web::error::{ApiError, ApiResult};
use crate::web::told::Told;

/// Longest time that a body takes to arrive, so that nobody holds a request open for ever: 1 MiB in it is 140 kbit/s.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// A body that will be read as `T`.
pub struct JsonBody<T> {
    bytes: Bytes,
    is_json: bool,
    shape: PhantomData<T>,
}

impl<T: DeserializeOwned> JsonBody<T> {
    /// The body, or which field is wrong.
    pub fn read(&self) -> ApiResult<T> {
        if !self.is_json && !self.bytes.is_empty() {
            return Err(ErrorCode::UnsupportedMediaType.into());
        }
        read_json(&self.bytes)
    }
}

impl<T: DeserializeOwned + Default> JsonBody<T> {
    /// The body, or the default where a body is optional and absent.
    pub fn read_or_default(&self) -> ApiResult<T> {
        if self.bytes.is_empty() { Ok(T::default()) } else { self.read() }
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &AppState) -> ApiResult<Self> {
        let is_json = is_json(request.headers());
        Ok(Self { bytes: collect(request).await?, is_json, shape: PhantomData })
    }
}

/// Reads a JSON object and names the field of the first error.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> ApiResult<T> {
    let refused = |message: &'static str| Err(ApiError::new(ErrorCode::ValidationBadRequest).message(message));
    // Parsers may ignore a byte order mark (RFC 8259 §8.1), and some libraries write one.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => {}
        Some(_) => {
            return match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
                Ok(_) => refused("The body is not a JSON object. Send one, such as {\"name\": \"value\"}."),
                Err(error) => Err(not_json(&error)),
            };
        }
        None => return refused("The body is empty. Send a JSON object."),
    }
    match parse(bytes) {
        Err(error) if error.inner().to_string().starts_with(OF_A_FLOAT) => {
            serde_json::from_slice::<serde::de::IgnoredAny>(bytes).map_err(|error| not_json(&error))?;
            let bytes = with_whole_numbers(bytes);
            parse(&bytes).map_err(|error| unread(&bytes, &error))
        }
        read => read.map_err(|error| unread(bytes, &error)),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer)?;
    // What comes after it is at no path.
    let at_end = |error| serde_path_to_error::Error::new(serde_path_to_error::Track::new().path(), error);
    deserializer.end().map_err(at_end)?;
    Ok(value)
}

/// How serde's refusal of a number with a fraction begins.
const OF_A_FLOAT: &str = "invalid type: floating point";
/// Below it whole numbers are told apart by their 64 bits.
const MOST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// The body, which is JSON, with each number that is written with a fraction of nothing as the integer that it is (JSON Schema 2020-12
/// §4.2.3): some languages have no other way to write numbers. Still as text, so that it is read as strictly as any other: a tree
/// would have forgotten members that stand there twice.
fn with_whole_numbers(json: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(json.len());
    let mut rest = json;
    while !rest.is_empty() {
        let (token, after) = rest.split_at(token_len(rest).min(rest.len()));
        match integer(token) {
            Some(integer) => whole.extend_from_slice(integer.to_string().as_bytes()),
            None => whole.extend_from_slice(token),
        }
        rest = after;
    }
    whole
}

/// How long the string or number is that the text begins with; 1 for anything else.
fn token_len(text: &[u8]) -> usize {
    match text.first() {
        Some(b'"') => {
            let mut is_escaped = false;
            let end = text.iter().skip(1).position(|byte| {
                let ends = *byte == b'"' && !is_escaped;
                is_escaped = *byte == b'\\' && !is_escaped;
                ends
            });
            end.map_or(text.len(), |end| end + 2)
        }
        Some(b'-' | b'0'..=b'9') => text.iter().take_while(|byte| b"+-.eE0123456789".contains(byte)).count(),
        _ => 1,
    }
}

/// The integer that a number with a fraction or an exponent is, if it is one.
fn integer(token: &[u8]) -> Option<i64> {
    let text =
        std::str::from_utf8(token).ok().filter(|text| !text.starts_with('"') && text.contains(['.', 'e', 'E']))?;
    let float: f64 = text.parse().ok()?;
    (float.fract() == 0.0 && float.abs() < MOST_WHOLE).then_some(float as i64)
}

/// Why the body was not read.
fn unread(bytes: &[u8], error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let inner = error.inner();
    // serde also speaks of syntax where a null stands for one of a few words.
    if (inner.is_syntax() || inner.is_eof()) && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err() {
        return not_json(inner);
    }
    refusal(&error.path().to_string(), &inner.to_string(), "The body")
}

/// What is no JSON has no fields: the place in the text says more.
fn not_json(error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    ApiError::new(ErrorCode::ValidationBadRequest)
        .message(format!("The body is not JSON: {reason} at line {line}, column {column}."))
        .details(serde_json::json!({ "line": line, "column": column }))
}

/// Whether the request says that its body is JSON (`application/json` or `…+json`).
pub fn is_json(headers: &HeaderMap) -> bool {
    let essence = essence(headers);
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Whether the headers say that the body is XML.
pub fn is_xml(headers: &HeaderMap) -> bool {
    let essence = essence(headers);
    matches!(essence.as_str(), "application/xml" | "text/xml")
        || (essence.starts_with("application/") && essence.ends_with("+xml"))
}

/// The media type without its parameters, in lower case; empty where there is none.
fn essence(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The whole body, at most the router's limit and within [`BODY_TIMEOUT`].
pub async fn collect(request: Request) -> ApiResult<Bytes> {
    collect_within(BODY_TIMEOUT, request).await
}

async fn collect_within(limit: Duration, request: Request) -> ApiResult<Bytes> {
    let refused = |message: &'static str| ApiError::new(ErrorCode::ValidationBadRequest).message(message);
    let told = Told::of(request.extensions());
    match tokio::time::timeout(limit, Bytes::from_request(request, &())).await {
        Ok(Ok(body)) => {
            told.iter().for_each(|told| told.tell_body(&body));
            Ok(body)
        }
        Ok(Err(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            Err(ErrorCode::PayloadTooLarge.into())
        }
        Ok(Err(_)) => Err(refused("The body ended before it was complete. Send it again.")),
        Err(_) => Err(refused("The body did not arrive in time. Send it again, on a faster line.")),
    }
}

/// What serde says of `what`, with the field that it names in its path or in its text.
pub(crate) fn refusal(path: &str, text: &str, what: &str) -> ApiError {
    // Unknown, missing and repeated fields are named in the text only: unknown field `x`.
    let named = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| text.strip_prefix(start).and_then(|rest| rest.split('`').next()));
    let parent = if path == "." { None } else { Some(path) };
    let field = match (parent, named) {
        // For an unknown field the path already ends in it.
        (Some(path), Some(name)) if path == name || path.ends_with(&format!(".{name}")) => Some(path.to_owned()),
        (Some(path), Some(name)) => Some(format!("{path}.{name}")),
        (None, Some(name)) => Some(name.to_owned()),
        (Some(path), None) => Some(path.to_owned()),
        (None, None) => None,
    };
    let reason = in_words_of_json(text.split(" at line ").next().unwrap_or_default());
    let message = match &field {
        Some(field) => format!("`{field}` is not valid: {reason}."),
        None => format!("{what} is not what this endpoint takes: {reason}."),
    };
    let error = ApiError::new(ErrorCode::ValidationBadRequest).message(message);
    match field {
        Some(field) => error.at(field),
        None => error,
    }
}

/// serde's reason, which speaks of Rust's types, in words of JSON.
fn in_words_of_json(reason: &str) -> String {
    let Some((found, wanted)) = reason.rsplit_once(", expected ") else { return reason.to_owned() };
    let wanted = match wanted {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number in range",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => other,
    };
    let found = found.replace("invalid type: sequence", "invalid type: list");
    format!("{}, expected {wanted}", found.replace("invalid type: map", "invalid type: object"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn a_whole_number_may_be_written_with_a_fraction_of_nothing() {
        #[derive(Debug, Deserialize)]
        struct Asked {
            seconds: i64,
            kept: serde_json::Value,
        }
        let read = |text: &str| read_json::<Asked>(text.as_bytes());
        assert_eq!(read(r#"{"seconds": 156853.0, "kept": 1}"#).expect("whole").seconds, 156_853);
        assert_eq!(read(r#"{"seconds": -2e3, "kept": 1}"#).expect("whole").seconds, -2_000);
        // What is the customer's own stays as it was written.
        assert_eq!(read(r#"{"seconds": 5, "kept": 1.0}"#).expect("whole").kept, serde_json::json!(1.0));
        for wrong in ["1.5", "1e300", "\"5\""] {
            let refused = read(&format!(r#"{{"seconds": {wrong}, "kept": 1}}"#)).expect_err(wrong);
            assert_eq!(refused.field.as_deref(), Some("seconds"), "{wrong}");
        }
        let escaped =
            read(r#"{"seconds": 6.0e1, "kept": ["a \\\" 1.0", {"-2.0": -2.50, "é\\": 1.5e1}]}"#).expect("whole");
        let kept = serde_json::json!(["a \\\" 1.0", { "-2.0": -2.5, "é\\": 15 }]);
        assert_eq!((escaped.seconds, escaped.kept), (60, kept));
    }

    #[test]
    fn a_member_that_stands_there_twice_is_refused_however_its_numbers_are_written() {
        let refused = |text: &str| read_json::<Outer>(text.as_bytes()).expect_err(text);
        for text in [
            r#"{"inner":[{"count":1,"count":2}]}"#,
            r#"{"inner":[{"count":1.0,"count":2}]}"#,
            r#"{"inner":[{"count":1,"count":2.0}]}"#,
        ] {
            let refused = refused(text);
            assert_eq!(refused.field.as_deref(), Some("inner[0].count"), "{text}");
            assert!(refused.message.contains("duplicate field"), "{text}: {}", refused.message);
        }
        assert_eq!(refused(r#"{"inner":[{"count":1.0}],"inner":[]}"#).field.as_deref(), Some("inner"));
        assert!(refused(r#"{"inner":[{"count":1.0}],}"#).message.contains("not JSON"));
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(rename = "inner")]
        _inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "count")]
        _count: u8,
    }

    fn field_of(text: &str) -> Option<String> {
        read_json::<Outer>(text.as_bytes()).unwrap_err().field
    }

    #[test]
    fn the_offending_field_is_named() {
        assert_eq!(field_of("{}").as_deref(), Some("inner"));
        assert_eq!(field_of(r#"{"other":1}"#).as_deref(), Some("other"));
        assert_eq!(field_of(r#"{"inner":[{"count":"x"}]}"#).as_deref(), Some("inner[0].count"));
        assert_eq!(field_of(r#"{"inner":[{"size":1}]}"#).as_deref(), Some("inner[0].size"));
        assert_eq!(field_of(r#"{"inner":[],"inner":[]}"#).as_deref(), Some("inner"));
        assert_eq!(field_of("").as_deref(), None);
        assert_eq!(field_of(r#"{"inner":[]} x"#).as_deref(), None);
    }
    #[test]
    fn what_is_no_json_is_told_with_its_place_and_what_is_no_object_as_that() {
        let message = |text: &str| read_json::<Outer>(text.as_bytes()).unwrap_err().message;
        for (body, said) in [
            ("nonsense", "The body is not JSON: expected ident at line 1, column 2."),
            ("{'inner': []}", "The body is not JSON: key must be a string at line 1, column 2."),
            ("{\"inner\": [],}", "The body is not JSON: trailing comma at line 1, column 14."),
            ("[1", "The body is not JSON: EOF while parsing a list at line 1, column 2."),
            ("[1]", "The body is not a JSON object. Send one, such as {\"name\": \"value\"}."),
        ] {
            assert_eq!(message(body), said, "{body}");
        }
        assert!(read_json::<Outer>("\u{feff}{\"inner\":[]}".as_bytes()).is_ok());
    }

    #[test]
    fn an_array_is_no_object_whose_fields_stand_in_order() {
        for body in ["[[]]", " [ [] ]", "null", "\"inner\"", "7", "", " \n"] {
            let refused = read_json::<Outer>(body.as_bytes()).unwrap_err();
            assert_eq!((refused.code, refused.field), (ErrorCode::ValidationBadRequest, None), "{body}");
        }
        assert!(read_json::<Outer>(b" \n{\"inner\":[]}").is_ok());
    }

    #[test]
    fn a_mistake_of_syntax_is_placed() {
        for (body, place) in [
            (r#"{"inner":[}"#, "line 1, column 11"),
            ("{\n  \"inner\": [],\n}", "line 3, column 1"),
            (r#"{"inner":[]} x"#, "line 1, column 14"),
            (r#"{"inner":["#, "line 1, column 10"),
        ] {
            let refused = read_json::<Outer>(body.as_bytes()).unwrap_err();
            assert_eq!(refused.field, None, "{body}");
            assert!(refused.message.contains("not JSON") && refused.message.contains(place), "{}", refused.message);
        }
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let endless = futures::stream::pending::<Result<Bytes, std::convert::Infallible>>();
        let request = Request::new(axum::body::Body::from_stream(endless));
        let refused = collect_within(Duration::from_millis(20), request).await.unwrap_err();
        assert!(refused.message.contains("in time"), "{}", refused.message);
        let whole = Request::new(axum::body::Body::from("{}"));
        assert_eq!(collect(whole).await.unwrap(), "{}");
    }

    #[test]
    fn reasons_name_no_types_of_rust() {
        let message = |text: &str| read_json::<Outer>(text.as_bytes()).unwrap_err().message.into_owned();
        assert!(message(r#"{"inner":[{"count":"x"}]}"#).ends_with("expected a whole number in range."));
        assert!(message(r#"{"inner":[{"count":-1}]}"#).ends_with("expected a whole number in range."));
        assert!(message(r#"{"inner":7}"#).ends_with("expected a list."));
        assert!(message(r#"{"inner":[7]}"#).ends_with("expected an object."));
        assert!(message(r#"{"inner":{}}"#).ends_with("invalid type: object, expected a list."));
    }
}
