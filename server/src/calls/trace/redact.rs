//! What of a SIP message must not be kept: credentials, tokens, the keys of media and the digits that somebody pressed.
//!
//! Pure. Read leniently, as peers write: what is doubtful is left out. Content-Length is made that of what is left, so that
//! readers of the trace take it for whole.

/// Stands for what was left out.
const REMOVED: &str = "[removed]";

/// Headers of which only the scheme is kept.
const CREDENTIALS: [&str; 2] = ["authorization", "proxy-authorization"];
/// Headers of which nothing is kept but the name: `y` is Identity (RFC 8224 §4), the last is that of calls between numbers of
/// ours, by which they are known for ours.
const SECRET: [&str; 6] = ["authentication-info", "cookie", "set-cookie", "identity", "y", "x-sautikit-on-net"];
/// Parameters, wherever they stand, of which the value goes: tokens, and digits that are dialled after the answer.
const SECRET_PARAMETERS: [&str; 4] = ["access_token=", "token=", "password=", "postd="];
/// Lines of a session description of which what follows goes: keys (RFC 4568, RFC 3830, RFC 8866 §5.12) and the password of
/// ICE (RFC 8839 §5.4).
const SECRET_LINES: [&str; 4] = ["a=crypto:", "a=key-mgmt:", "a=ice-pwd:", "k="];
/// The body of an INFO that is kept: it asks a camera for a picture, and stacks of phones send it in any call.
const HARMLESS_INFO: &str = "application/media_control+xml";
/// Bodies that say which keys were pressed.
const KEYS: [&str; 3] = ["application/dtmf", "application/kpml-response", "application/vnd.nortelnetworks.digits"];

/// The message as it may be kept; `body` is empty where it stands in `head`.
pub(super) fn redacted(head: &[u8], body: &[u8]) -> String {
    // Line ends before the start line are allowed (RFC 3261 §7.5), and end no head.
    let begin = head.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(head.len());
    let head = head.get(begin..).unwrap_or_default();
    let end = head.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let (head, own) = head.split_at(end.unwrap_or(head.len()));
    let body = if body.is_empty() { own.get(4..).unwrap_or_default() } else { body };
    let (mut lines, about) = head_of(&String::from_utf8_lossy(head));
    let body = body_of(&String::from_utf8_lossy(body), &about);
    if let Some(line) = about.length_at.and_then(|at| lines.get_mut(at)) {
        *line = format!("{}: {}", line.split(':').next().unwrap_or("Content-Length").trim_end(), body.len());
    }
    format!("{}\r\n\r\n{body}", lines.join("\r\n"))
}

/// What the head says of the body.
#[derive(Default)]
struct About {
    is_info: bool,
    content_type: String,
    /// The line of Content-Length.
    length_at: Option<usize>,
}

fn head_of(head: &str) -> (Vec<String>, About) {
    let (mut kept, mut about) = (Vec::new(), About::default());
    let mut lines = head.split("\r\n");
    let start = lines.next().unwrap_or_default();
    about.is_info = start.starts_with("INFO ");
    kept.push(without_secrets(start));
    let mut skips = false;
    for line in lines {
        if line.starts_with([' ', '\t']) {
            // The header of the line before goes on.
            if !skips {
                kept.push(without_secrets(line));
            }
            continue;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let lower = name.trim().to_ascii_lowercase();
        skips = true;
        if CREDENTIALS.contains(&lower.as_str()) {
            let scheme = value.split_whitespace().next().unwrap_or_default();
            // A token without its scheme is no scheme.
            let scheme = if scheme.len() <= 10 { scheme } else { "" };
            kept.push(format!("{name}: {scheme} {REMOVED}"));
        } else if SECRET.contains(&lower.as_str()) {
            kept.push(format!("{name}: {REMOVED}"));
        } else {
            skips = false;
            match lower.as_str() {
                "content-type" | "c" => about.content_type = value.trim().to_ascii_lowercase(),
                "content-length" | "l" => about.length_at = Some(kept.len()),
                _ => {}
            }
            kept.push(without_secrets(line));
        }
    }
    (kept, about)
}

fn body_of(body: &str, about: &About) -> String {
    let says_keys = |text: &str| KEYS.iter().any(|kind| text.contains(kind));
    let is_harmless = about.content_type.starts_with(HARMLESS_INFO);
    let holds_keys = (about.is_info && !is_harmless)
        || says_keys(&about.content_type)
        || (about.content_type.starts_with("multipart/") && says_keys(&body.to_ascii_lowercase()));
    if body.is_empty() {
        return String::new();
    }
    if holds_keys {
        return REMOVED.to_owned();
    }
    let line = |line: &str| {
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
        let (text, end) = text.strip_suffix('\r').map_or((text, end.to_owned()), |text| (text, format!("\r{end}")));
        let secret = SECRET_LINES.iter().find(|begin| starts_with(text, begin));
        let text = match secret {
            // Which suite was offered is worth knowing (RFC 4568 §9.1: `a=crypto:tag suite key-params`).
            Some(&"a=crypto:") => {
                let mut words = text.split_whitespace();
                let (tag, suite) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                if suite.contains(':') { format!("{tag} {REMOVED}") } else { format!("{tag} {suite} {REMOVED}") }
            }
            Some(begin) => format!("{begin}{REMOVED}"),
            None => without_secrets(text),
        };
        text + &end
    };
    body.split_inclusive('\n').map(line).collect()
}

/// The line without the values of secret parameters and without the password of a URI.
fn without_secrets(line: &str) -> String {
    let mut line = line.to_owned();
    for parameter in SECRET_PARAMETERS {
        let mut from = 0;
        while let Some(at) = find(&line, parameter, from) {
            let begin = at + parameter.len();
            let end = line.get(begin..).and_then(|rest| rest.find(ends_value)).map_or(line.len(), |end| begin + end);
            line.replace_range(begin..end, REMOVED);
            from = begin + REMOVED.len();
        }
    }
    // `sip:user:password@host` (RFC 3261 §19.1.1).
    for scheme in ["sip:", "sips:"] {
        let mut from = 0;
        while let Some(at) = find(&line, scheme, from) {
            from = at + scheme.len();
            let rest = line.get(from..).unwrap_or_default();
            let user = rest.find(['@', '>', '<', ' ', '"', ',']).filter(|end| rest[*end..].starts_with('@'));
            if let Some(end) = user
                && let Some(colon) = rest[..end].find(':')
            {
                line.replace_range(from + colon + 1..from + end, REMOVED);
            }
        }
    }
    line
}

fn ends_value(sign: char) -> bool {
    matches!(sign, ';' | '&' | '?' | '>' | ',' | ' ' | '\t' | '@')
}

/// Where `wanted`, in lower case and ASCII, stands in the text from a place on, whatever the case.
fn find(text: &str, wanted: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(from..)?;
    let at = bytes.windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))?;
    Some(from + at)
}

fn starts_with(text: &str, begin: &str) -> bool {
    text.as_bytes().get(..begin.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(begin.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(message: &str) -> String {
        redacted(message.replace('\n', "\r\n").as_bytes(), b"")
    }

    #[test]
    fn credentials_go_and_their_scheme_stays_over_several_lines_too() {
        let kept = of(
            "REGISTER sip:a SIP/2.0\nAuthorization: Digest username=\"asha\",\n response=\"beef\"\nproxy-authorization:Bearer eyJhbGci\nMax-Forwards: 70\n\n",
        );
        assert!(
            kept.contains(
                "Authorization: Digest [removed]\r\nproxy-authorization: Bearer [removed]\r\nMax-Forwards: 70"
            )
        );
        assert!(!kept.contains("beef") && !kept.contains("eyJhbGci"), "{kept}");
        assert!(!of("INVITE sip:a SIP/2.0\nAuthorization: eyJhbGciOiJIUzI1NiJ9\n\n").contains("eyJ"));
        assert!(!of("\n\nINVITE sip:a SIP/2.0\nAuthorization: Bearer eyJ\n\n").contains("eyJ"), "behind empty lines");
    }

    #[test]
    fn tokens_passwords_and_digits_of_uris_go() {
        let kept = of(
            "INVITE sip:+254700000001;postd=4711@gw.example SIP/2.0\nContact: <sip:asha:geheim@h;transport=ws;Access_Token=abc.def>;q=1\nIdentity: eyJ.sig;info=<https://x>\nX-Sautikit-On-Net: 0badc0de 1\n\n",
        );
        assert!(!["4711", "geheim", "abc.def", "eyJ", "0badc0de"].iter().any(|secret| kept.contains(secret)), "{kept}");
        assert!(kept.contains("<sip:asha:[removed]@h;transport=ws;Access_Token=[removed]>;q=1"), "{kept}");
        let plain = "INVITE sip:b@192.0.2.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\nTo: <sip:b@192.0.2.1:5060>\n\n";
        assert_eq!(of(plain), plain.replace('\n', "\r\n"), "what holds no secret stays as it is");
    }

    #[test]
    fn keys_of_media_go_and_the_length_is_that_of_what_is_left() {
        let kept = of(
            "INVITE sip:b@h SIP/2.0\nContent-Type: application/sdp\nContent-Length: 999\n\nv=0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0|2^20\na=ice-pwd:secret\na=ice-ufrag:u\nk=clear:secret\na=fingerprint:sha-256 AA\n",
        );
        assert!(!kept.contains("c2VjcmV0") && !kept.contains("secret"), "{kept}");
        assert!(kept.contains("a=crypto:1 AES_CM_128_HMAC_SHA1_80 [removed]\r\n"), "{kept}");
        assert!(kept.contains("a=ice-ufrag:u\r\n") && kept.contains("a=fingerprint:sha-256 AA"), "{kept}");
        let (head, body) = kept.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
    }

    #[test]
    fn pressed_keys_go_whatever_they_are_called() {
        for (kind, body) in [
            ("application/dtmf-relay", "Signal=5\nDuration=160\n"),
            ("application/dtmf", "5"),
            ("text/plain", "5"),
            ("", "signal= 5"),
        ] {
            let kept = of(&format!("INFO sip:b SIP/2.0\nContent-Type: {kind}\nl: 9\n\n{body}"));
            assert!(!kept.contains('5'), "{kept}");
            assert!(kept.ends_with("l: 9\r\n\r\n[removed]"), "{kept}");
        }
        let kept = of(
            "NOTIFY sip:b SIP/2.0\nContent-Type: multipart/mixed;boundary=x\n\n--x\nContent-Type: application/dtmf\n\n5\n--x--\n",
        );
        assert!(!kept.contains("\n5"), "{kept}");
        let harmless = of("INFO sip:b SIP/2.0\nc: application/media_control+xml\n\n<picture_fast_update/>");
        assert!(harmless.contains("picture_fast_update"));
    }

    #[test]
    fn a_message_in_two_pieces_and_one_that_is_no_text_are_read() {
        let kept =
            redacted(b"INVITE sip:b SIP/2.0\r\nContent-Type: application/sdp\r\n\r\n", b"v=0\r\na=ice-pwd:s\r\n");
        assert!(kept.ends_with("\r\n\r\nv=0\r\na=ice-pwd:[removed]\r\n"), "{kept}");
        for bytes in [&b""[..], b"\r\n\r\n", b"\xff\xfe: \xff\r\nsip:\xff:\xff@", b"a\r\n\r\n\xf0\x9f"] {
            let _ = redacted(bytes, bytes);
        }
    }
}
