//! What a SIP token says, and when the next one is due.

use sip::phone::Millis;

/// A fresh token is fetched after three quarters of whatever ends first, registration or token: earlier than the user agent
/// refreshes by itself (40 s before the end), so that the refresh carries the new token …
const SHARE: f64 = 0.75;
/// … and sooner by up to this much of it, at random, so that pages that were opened together do not ask together.
const JITTER: f64 = 0.05;

/// Between two questions to the token endpoint that nobody asked for, whatever the answers say: an endpoint that is out of
/// order must not be asked in a loop by every open page.
const SOONEST: Millis = 5_000;
/// Longest wait after failures: phones ring again within this time once the endpoint works.
const LATEST: Millis = 60_000;
/// Life of a token that does not say when it ends.
const USUAL_LIFE: Millis = 300_000;
/// A token that claims to live longer is renewed daily all the same; keeps sums of times small.
const LONGEST_LIFE_MS: f64 = 86_400_000.0;

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
        return Some(["wss://", rest, "/sip"].concat());
    }
    base.strip_prefix("http://").map(|rest| ["ws://", rest, "/sip"].concat())
}

/// The host of a URL, without port: the domain of addresses when nothing else names it.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    let rest = url.split_once(':')?.1.strip_prefix("//")?;
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
    let mut user = [identity, "--"].concat();
    user.extend(workspace.chars().filter(|letter| *letter != '-'));
    user
}

/// What a token's answer says about its time, in milliseconds since 1970; each by its own clock.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Times {
    /// When it was minted.
    pub(crate) issued: Option<f64>,
    /// When it ends.
    pub(crate) ends: Option<f64>,
    /// `Date` of the answer that brought it.
    pub(crate) served: Option<f64>,
}

impl Times {
    /// How long the token still lives. Never by the browser's clock when there is another way: it may be off by more than
    /// the token's life, and then every token would look dead on arrival, or never die.
    pub(crate) fn left(self, browser_now: f64) -> Millis {
        let Some(ends) = self.ends else { return USUAL_LIFE };
        let now = self.issued.or(self.served).unwrap_or(browser_now);
        (ends - now).clamp(0.0, LONGEST_LIFE_MS) as Millis
    }
}

/// How long to wait before fetching the next token: ahead of whatever ends first, and never at once. `random` in 0..1.
pub(crate) fn refresh_after(granted: Millis, token_left: Millis, random: f64) -> Millis {
    let first = granted.min(token_left) as f64;
    ((first * (SHARE - JITTER * random)) as Millis).max(SOONEST)
}

/// How long to wait after `failures` tokens in a row that could not be had or were refused.
pub(crate) fn retry_after(failures: u32) -> Millis {
    (SOONEST << failures.saturating_sub(1).min(6)).min(LATEST)
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
        let seconds = |seconds: Millis| seconds * 1000;
        assert_eq!(refresh_after(seconds(300), seconds(300), 0.0), seconds(225));
        assert_eq!(refresh_after(seconds(300), seconds(300), 1.0), seconds(210));
        assert_eq!(refresh_after(seconds(30), seconds(30), 0.0), 22_500);
        assert_eq!(refresh_after(seconds(3600), seconds(100), 0.0), seconds(75));
    }

    #[test]
    fn the_browsers_clock_decides_nothing_that_the_answer_tells() {
        let minted = 1_000_000_000.0;
        let (issued, ends) = (Some(minted), Some(minted + 300_000.0));
        for browser_now in [minted - 3_600_000.0, minted, minted + 3_600_000.0] {
            assert_eq!(Times { issued, ends, served: None }.left(browser_now), 300_000);
            assert_eq!(Times { issued: None, ends, served: Some(minted + 1_000.0) }.left(browser_now), 299_000);
        }
        // Nothing else is known.
        assert_eq!(Times { ends, ..Times::default() }.left(minted + 100_000.0), 200_000);
        assert_eq!(Times::default().left(minted), 300_000);
    }

    #[test]
    fn no_answer_makes_the_next_question_come_at_once() {
        for (granted, left) in [(0, 0), (300, 0), (0, 300), (1, 1)] {
            let wait = refresh_after(granted * 1000, left * 1000, 0.5);
            assert!(wait >= 5_000, "{wait}");
        }
        let absurd = Times { issued: Some(f64::NAN), ends: Some(f64::NAN), served: None };
        assert_eq!(absurd.left(0.0), 0);
        assert_eq!(Times { ends: Some(f64::INFINITY), ..Times::default() }.left(0.0), 86_400_000);
    }

    #[test]
    fn failures_in_a_row_are_asked_after_ever_more_rarely() {
        assert_eq!([1, 2, 3, 4, 5, 99].map(|failures| retry_after(failures) / 1000), [5, 10, 20, 40, 60, 60]);
    }
}
