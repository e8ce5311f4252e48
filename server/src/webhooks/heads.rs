//! Headers of a voice callback as a call's timeline keeps them: what the customer's server was sent beside the form, and what came
//! beside its answer. What would let a reader act as somebody – cookies, credentials, a whole signature – is not among them, and
//! however much a server sends, little of it is kept.

use reqwest::header::HeaderMap;

/// Headers of an answer that are kept.
const MOST_HEADERS: usize = 30;
/// Longest value, in characters.
const VALUE_CHARS: usize = 200;
/// Beginning of a signature that is shown: its time and enough to be recognised by, too little to be sent again.
const SIGNATURE_CHARS: usize = 20;
/// What stands in place of a value that is not kept.
const LEFT_OUT: &str = "•••";
/// Headers that carry what opens something.
const SECRET: [&str; 6] =
    ["set-cookie", "cookie", "authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate"];

/// Names in lower case and values, in the order of the wire.
pub(super) type Heads = Vec<(String, String)>;

/// Of a request: its media type where it has a body, and its signatures.
pub(super) fn asked(content_type: Option<&str>, signatures: &[(&'static str, String)]) -> Heads {
    let content_type = content_type.map(|kind| ("content-type".to_owned(), kind.to_owned()));
    let signatures = signatures.iter().map(|(name, value)| ((*name).to_owned(), cut(value, SIGNATURE_CHARS)));
    content_type.into_iter().chain(signatures).collect()
}

/// Of an answer.
pub(super) fn answered(headers: &HeaderMap) -> Heads {
    let kept = headers.iter().take(MOST_HEADERS).map(|(name, value)| {
        let name = name.as_str();
        let is_secret = SECRET.contains(&name) || name.contains("token") || name.contains("api-key");
        let value =
            if is_secret { LEFT_OUT.to_owned() } else { cut(&String::from_utf8_lossy(value.as_bytes()), VALUE_CHARS) };
        (name.to_owned(), value)
    });
    kept.collect()
}

/// At most that many characters; a NUL is no text to PostgreSQL.
fn cut(text: &str, chars: usize) -> String {
    let text = text.replace('\0', "\u{fffd}");
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn nothing_that_is_kept_opens_anything() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("set-cookie", "sid=1"), ("x-csrf-token", "t"), ("server", "nginx"), ("etag", "\u{e9}")] {
            let name = HeaderName::from_static(name);
            headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let shown = answered(&headers);
        let of = |name: &str| shown.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!((of("set-cookie"), of("x-csrf-token")), (Some(LEFT_OUT), Some(LEFT_OUT)));
        assert_eq!((of("server"), of("etag")), (Some("nginx"), Some("\u{e9}")));
        let signed =
            asked(Some("text/plain"), &[("x-sautikit-signature", format!("t=1790000000,v1={}", "a".repeat(64)))]);
        assert_eq!(signed[0], ("content-type".to_owned(), "text/plain".to_owned()));
        assert_eq!(signed[1].1, "t=1790000000,v1=aaaa…");
    }

    #[test]
    fn however_much_a_server_sends_little_is_kept() {
        let mut headers = HeaderMap::new();
        for number in 0..200 {
            let name = HeaderName::try_from(format!("x-{number}")).unwrap();
            headers.insert(name, HeaderValue::try_from("v".repeat(4_000)).unwrap());
        }
        let shown = answered(&headers);
        assert_eq!(shown.len(), MOST_HEADERS);
        assert!(shown.iter().all(|(_, value)| value.chars().count() == VALUE_CHARS + 1));
    }
}
