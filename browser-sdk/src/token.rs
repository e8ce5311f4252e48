//! What a SIP token says, and when the next one is due.

use core::time::Duration;

/// A fresh token is fetched this long before the registration or the token ends: earlier than the user agent refreshes
/// by itself (40 s), so that the refresh carries the new token.
const LEAD: Duration = Duration::from_secs(60);

/// The claims of a JWT as JSON text. The signature is the server's business.
pub(crate) fn claims(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    String::from_utf8(base64url(payload)?).ok()
}

fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// The gateway's WebSocket from the token's `iss`, the public URL of the installation.
pub(crate) fn gateway_of(issuer: &str) -> Option<String> {
    let base = issuer.trim_end_matches('/');
    if let Some(rest) = base.strip_prefix("https://") {
        return Some(format!("wss://{rest}/sip"));
    }
    base.strip_prefix("http://").map(|rest| format!("ws://{rest}/sip"))
}

/// The host of a URL, without port: the domain of addresses when nothing else names it.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    authority.get(..end).filter(|host| !host.is_empty())
}

/// The SIP user of an identity: identities repeat across workspaces, so the workspace's label follows.
pub(crate) fn user_of(identity: &str, workspace: &str) -> String {
    format!("{identity}--{}", workspace.replace('-', ""))
}

/// How long to wait before fetching the next token: ahead of whatever ends first, and never at once.
pub(crate) fn refresh_after(granted: Duration, token_left: Duration) -> Duration {
    let ends = granted.min(token_left);
    ends.saturating_sub(LEAD).max(ends * 2 / 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_without_padding() {
        // {"sub":"ağa"}
        assert_eq!(claims("e30.eyJzdWIiOiJhxJ9hIn0.sig").as_deref(), Some(r#"{"sub":"ağa"}"#));
        assert_eq!(claims("not a token"), None);
        assert_eq!(claims("a.*.c"), None);
    }

    #[test]
    fn the_issuer_names_the_gateway() {
        assert_eq!(gateway_of("https://voice.example/").as_deref(), Some("wss://voice.example/sip"));
        assert_eq!(gateway_of("http://127.0.0.1:8080").as_deref(), Some("ws://127.0.0.1:8080/sip"));
        assert_eq!(gateway_of("ftp://x"), None);
        assert_eq!(host_of("ws://127.0.0.1:8080/sip"), Some("127.0.0.1"));
        assert_eq!(host_of("wss://[::1]:8080/sip"), Some("[::1]"));
    }

    #[test]
    fn the_address_carries_the_workspace() {
        assert_eq!(user_of("asha", "0190-0000-7000"), "asha--019000007000");
    }

    #[test]
    fn a_fresh_token_comes_before_the_refresh() {
        let seconds = Duration::from_secs;
        assert_eq!(refresh_after(seconds(300), seconds(299)), seconds(239));
        assert_eq!(refresh_after(seconds(30), seconds(30)), seconds(12));
        assert_eq!(refresh_after(seconds(3600), seconds(100)), seconds(40));
    }
}
