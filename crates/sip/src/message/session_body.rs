//! The session description in a message, whatever it is wrapped in (RFC 5621).
//!
//! Bodies come alone, or as parts of a multipart beside what telephone switches and emergency services attach. Everybody
//! after this sees one description or none; the rest of the body concerns nobody here. A part that its sender declares
//! required and that we do not know leaves the body as it was, for the 415 that it deserves.

use bytes::Bytes;

use super::{HeaderName, Headers, MediaType, Message, Method};

const SDP: &str = "application/sdp";
/// Most parts that are looked at; a call has two or three.
const MAX_PARTS: usize = 16;
/// Most multiparts within each other; a mixed one may hold an alternative one.
const MAX_DEPTH: usize = 3;

/// What a body amounts to.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Description(Bytes),
    /// Nothing that concerns the session, and nothing that has to.
    Nothing,
    /// Something that we would have to understand.
    Unknown,
}

/// Leaves of the body what describes the session.
pub(crate) fn unwrap_session(message: &mut Message) {
    if message.body().is_empty() || !describes_sessions(message) || is_plain(message.headers()) {
        return;
    }
    // What it is then is for the reader to find out, or to refuse.
    if !message.headers().contains(&HeaderName::ContentType) {
        return;
    }
    let can_be_refused = matches!(message, Message::Request(request) if request.method != Method::Ack);
    let found = find_in_message(message.headers(), message.body().clone());
    let body = match found {
        Found::Description(body) => body,
        Found::Nothing => Bytes::new(),
        Found::Unknown if can_be_refused => return,
        // Neither a response nor an ACK has an answer; what they say of the session is then nothing.
        Found::Unknown => Bytes::new(),
    };
    let headers = message.headers_mut();
    for name in [HeaderName::ContentType, HeaderName::ContentDisposition, HeaderName::ContentLength] {
        headers.remove(&name);
    }
    if !body.is_empty() {
        headers.push(HeaderName::ContentType, SDP);
    }
    headers.push(HeaderName::ContentLength, body.len().to_string());
    match message {
        Message::Request(request) => request.body = body,
        Message::Response(response) => response.body = body,
    }
}

/// INVITE, ACK, UPDATE and PRACK, and the responses to them.
fn describes_sessions(message: &Message) -> bool {
    let of_session = |method: &Method| matches!(method, Method::Invite | Method::Ack | Method::Update | Method::Prack);
    match message {
        Message::Request(request) => of_session(&request.method),
        Message::Response(response) => response.headers.cseq().is_ok_and(|cseq| of_session(&cseq.method)),
    }
}

/// The ordinary message, for which nothing has to be read.
fn is_plain(headers: &Headers) -> bool {
    headers.get(&HeaderName::ContentType).is_some_and(|value| value.eq_ignore_ascii_case(SDP.as_bytes()))
        && !headers.contains(&HeaderName::ContentDisposition)
}

fn find_in_message(headers: &Headers, body: Bytes) -> Found {
    let encoded =
        headers.get(&HeaderName::ContentEncoding).is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity"));
    let Ok(Some(kind)) = headers.content_type() else { return Found::Unknown };
    let disposition = headers.get(&HeaderName::ContentDisposition).map(String::from_utf8_lossy);
    let disposition = Disposition::read(disposition.as_deref());
    // Outside of a multipart a body is required unless its sender says otherwise.
    find(&kind, Disposition { required: !disposition.optional, ..disposition }, encoded, body, 0)
}

/// What becomes of a body or part, as its sender wants it (RFC 3261 §20.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Disposition {
    is_session: bool,
    required: bool,
    optional: bool,
}

impl Disposition {
    /// Without the header a description is the session's; whether it has to be understood is the reader's to say.
    fn read(value: Option<&str>) -> Self {
        let mut fields = value.unwrap_or_default().split(';').map(str::trim);
        let kind = fields.next().unwrap_or_default();
        let handling = fields
            .filter_map(|field| field.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("handling"));
        let handling = handling.map(|(_, handling)| handling.trim().trim_matches('"')).unwrap_or_default();
        Self {
            is_session: kind.is_empty() || kind.eq_ignore_ascii_case("session"),
            required: handling.eq_ignore_ascii_case("required"),
            optional: handling.eq_ignore_ascii_case("optional"),
        }
    }
}

fn find(kind: &MediaType, disposition: Disposition, encoded: bool, body: Bytes, depth: usize) -> Found {
    let unknown = if disposition.required { Found::Unknown } else { Found::Nothing };
    if encoded {
        unknown
    } else if kind.is(SDP) {
        if disposition.is_session { Found::Description(body) } else { Found::Nothing }
    } else if kind.kind.eq_ignore_ascii_case("multipart") && depth < MAX_DEPTH {
        let Some(boundary) = kind.params.get("boundary") else { return unknown };
        let boundary = boundary.trim_matches('"').to_owned();
        find_in_parts(&body, &boundary, kind.subtype.eq_ignore_ascii_case("alternative"), depth)
    } else {
        unknown
    }
}

/// The first description among the parts; of alternatives the last, which is the best (RFC 2046 §5.1.4), and there nothing
/// has to be understood beside it.
fn find_in_parts(body: &Bytes, boundary: &str, alternatives: bool, depth: usize) -> Found {
    let mut best = Found::Nothing;
    for part in parts(body, boundary) {
        let (headers, content) = split_headers(&part);
        let kind = field(&headers, "content-type").and_then(|value| MediaType::parse(value.as_bytes()));
        let Some(kind) = kind.or_else(|| MediaType::parse(b"text/plain")) else { continue };
        let encoding = field(&headers, "content-transfer-encoding").unwrap_or_default();
        let encoded = ["base64", "quoted-printable"].iter().any(|coded| encoding.eq_ignore_ascii_case(coded));
        let disposition = Disposition::read(field(&headers, "content-disposition").as_deref());
        match (find(&kind, disposition, encoded, content, depth + 1), &best) {
            (Found::Description(part), Found::Description(_)) if alternatives => best = Found::Description(part),
            (Found::Description(part), Found::Nothing) => best = Found::Description(part),
            (Found::Unknown, _) if !alternatives => return Found::Unknown,
            _ => {}
        }
    }
    best
}

/// The parts between the delimiters (RFC 2046 §5.1.1); the last may lack its end.
fn parts(body: &Bytes, boundary: &str) -> Vec<Bytes> {
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut begin = None;
    let mut at = 0;
    while parts.len() < MAX_PARTS {
        let Some(found) = find_delimiter(body, delimiter.as_bytes(), at) else {
            parts.extend(begin.map(|begin| body.slice(begin..)));
            break;
        };
        if let Some(begin) = begin {
            parts.push(body.slice(begin..end_of_part(body, begin, found)));
        }
        let after = found + delimiter.len();
        if body.get(after..).is_some_and(|rest| rest.starts_with(b"--")) {
            break;
        }
        let Some(line) = body.get(after..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) else { break };
        at = after + line + 1;
        begin = Some(at);
    }
    parts
}

/// Where the next delimiter begins a line.
fn find_delimiter(body: &[u8], delimiter: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = body.get(at..)?;
        if rest.starts_with(delimiter) {
            return Some(at);
        }
        at += rest.iter().position(|byte| *byte == b'\n')? + 1;
    }
}

/// The line break before a delimiter is the delimiter's.
fn end_of_part(body: &[u8], begin: usize, delimiter: usize) -> usize {
    let part = body.get(begin..delimiter).unwrap_or_default();
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    begin + part.strip_suffix(b"\r").unwrap_or(part).len()
}

/// Header lines, and what follows the empty line after them.
fn split_headers(part: &Bytes) -> (Vec<String>, Bytes) {
    let mut headers: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(length) = part.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\n')) {
        let line = String::from_utf8_lossy(part.get(at..at + length).unwrap_or_default()).trim_end().to_owned();
        at += length + 1;
        if line.is_empty() {
            return (headers, part.slice(at..));
        }
        match headers.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(&line),
            _ => headers.push(line),
        }
    }
    // Headers alone: a part without content.
    (headers, Bytes::new())
}

fn field(headers: &[String], wanted: &str) -> Option<String> {
    headers
        .iter()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::{Request, Uri};

    const DESCRIPTION: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n";

    fn message(method: Method, kind: &str, disposition: Option<&str>, body: &str) -> Message {
        let mut request = Request::new(method, Uri::parse("sip:us.example").unwrap());
        request.headers.push(HeaderName::ContentType, kind.to_owned());
        if let Some(disposition) = disposition {
            request.headers.push(HeaderName::ContentDisposition, disposition.to_owned());
        }
        request.body = Bytes::copy_from_slice(body.as_bytes());
        Message::Request(request)
    }

    fn read(kind: &str, body: &str) -> (Option<String>, String) {
        let mut message = message(Method::Invite, kind, None, body);
        unwrap_session(&mut message);
        let kind =
            message.headers().get(&HeaderName::ContentType).map(|kind| String::from_utf8_lossy(kind).into_owned());
        (kind, String::from_utf8_lossy(message.body()).into_owned())
    }

    fn part(headers: &str, content: &str) -> String {
        format!("--b 1\r\n{headers}\r\n{content}\r\n")
    }

    fn mixed(parts: &[String]) -> (Option<String>, String) {
        read("multipart/mixed;boundary=\"b 1\"", &format!("preamble\r\n{}--b 1--\r\nepilogue", parts.concat()))
    }

    const SDP_PART: &str = "Content-Type: application/sdp\r\n";

    #[test]
    fn the_description_is_read_wherever_it_stands() {
        let described = (Some(SDP.to_owned()), DESCRIPTION.to_owned());
        let sdp = part(SDP_PART, DESCRIPTION);
        let isup = part(
            "Content-Type: application/ISUP;version=x\r\nContent-Disposition: signal;handling=optional\r\n",
            "\u{1}\u{2}",
        );
        let place = part("Content-Type: application/pidf+xml\r\nContent-ID: <a@b>\r\n", "<presence/>");
        assert_eq!(mixed(core::slice::from_ref(&sdp)), described);
        assert_eq!(mixed(&[isup.clone(), place.clone(), sdp.clone()]), described);
        assert_eq!(mixed(&[sdp.clone(), isup.clone()]), described);
        let folded = part(
            "content-type:\r\n  application/sdp\r\nContent-Disposition: session ; handling=required\r\n",
            DESCRIPTION,
        );
        assert_eq!(mixed(&[isup.clone(), folded]), described);
        let early = part("Content-Type: application/sdp\r\nContent-Disposition: early-session\r\n", "v=0 early");
        assert_eq!(mixed(&[early, sdp.clone()]), described);
        let inner = format!(
            "Content-Type: multipart/alternative;boundary=i\r\n\r\n--i\r\n\r\ntext\r\n--i\r\n{SDP_PART}\r\nv=0 plain\r\n--i\r\n{SDP_PART}\r\n{DESCRIPTION}\r\n--i--\r\n"
        );
        assert_eq!(mixed(&[isup, format!("--b 1\r\n{inner}\r\n")]), described);
        // Line feeds alone, and no end.
        let bare = format!("--b 1\n{SDP_PART}\n{DESCRIPTION}");
        assert_eq!(read("Multipart/Mixed; boundary=\"b 1\"", &bare), described);
        assert_eq!(read("application/sdp", DESCRIPTION), described);
    }

    #[test]
    fn a_part_that_must_be_understood_leaves_the_body_for_its_refusal() {
        let isup = part("Content-Type: application/ISUP\r\nContent-Disposition: signal;handling=required\r\n", "x");
        let (kind, body) = mixed(&[part(SDP_PART, DESCRIPTION), isup]);
        assert!(kind.unwrap().starts_with("multipart/mixed") && body.contains("ISUP"));
        let (kind, _) = read("application/isup", "x");
        assert_eq!(kind.as_deref(), Some("application/isup"));
        let (kind, _) = read("multipart/mixed", "x");
        assert_eq!(kind.as_deref(), Some("multipart/mixed"));
    }

    #[test]
    fn what_nobody_has_to_understand_is_no_description() {
        let isup = part("Content-Type: application/ISUP\r\nContent-Disposition: signal;handling=optional\r\n", "x");
        assert_eq!(mixed(&[isup]), (None, String::new()));
        for (method, kind, disposition) in [
            (Method::Invite, "application/isup", Some("signal;handling=optional")),
            (Method::Invite, "application/sdp", Some("early-session;handling=optional")),
            // Nobody can refuse an ACK.
            (Method::Ack, "text/plain", None),
        ] {
            let mut message = message(method, kind, disposition, "x");
            unwrap_session(&mut message);
            assert!(message.body().is_empty(), "{kind}");
        }
        let mut info = message(Method::Info, "application/dtmf", None, "5");
        unwrap_session(&mut info);
        assert_eq!(&info.body()[..], b"5");
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in "[-b \r\nA:;/=\"]{0,200}", kind in "multipart/(mixed|alternative)(;boundary=(b|\"\"|\"b\"))?") {
            read(&kind, &body);
        }
    }
}
