//! Where a sign-in, or the choice of a language, leads back to: this server and nothing else.
//!
//! The text comes from a link that anyone may have made, so it must be unable to lead elsewhere whoever reads it: this
//! server, a proxy before it or a browser. Hence the grammar of our own pages' paths, which needs no percent signs, and not
//! a list of tricks.

/// Longest path with its query: any page of ours with all of its filters.
pub const MAX_CHARS: usize = 512;

/// What is no page, or no place to return to. The API acts on GET too (it links Google accounts), forms take POST only, and
/// a sign-in must not lead into another one.
const NO_PAGES: [&str; 6] = ["/v1", "/console", "/auth", "/signin", "/dev", "/onboarding"];

/// Whether `text` is a path of this server, with its query and fragment if it has them.
///
/// The path consists of letters, digits and `-._~` between single slashes, without dot segments. Query and fragment are
/// printable ASCII without a backslash.
pub fn is_own_path(text: &str) -> bool {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let is_path = path.starts_with('/')
        && path.bytes().all(is_plain)
        && !path.contains("//")
        && !path.split('/').any(|segment| matches!(segment, "." | ".."));
    text.len() <= MAX_CHARS && is_path && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// Whether `text` is the path of a page that a sign-in may lead back to.
pub fn is_page(text: &str) -> bool {
    let is_below = |root: &str| {
        let rest = text.strip_prefix(root);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    };
    is_own_path(text) && !NO_PAGES.iter().any(|root| is_below(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_pages_are_places_to_return_to() {
        for page in [
            "/",
            "/home",
            "/invitation?token=Zm9v-_x",
            "/calls/019a0000-0000-7000-8000-000000000001",
            "/calls?status=failed&remote=%2B254722000042#top",
            "/docs/errors/wallet.insufficient_funds",
            "/sdk/demo/",
            "/v1-notes",
        ] {
            assert!(is_page(page), "{page}");
        }
    }

    #[test]
    fn nothing_leads_to_another_host() {
        for elsewhere in [
            "",
            "home",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/home//evil.example",
            "/./",
            "/..//evil.example",
            "/.//evil.example",
            "/home/../..//evil.example",
            "https://evil.example",
            "https:/evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "?next=//evil.example",
            "#x",
            "@evil.example",
            "/@evil.example/..",
            "/home?x=\\",
        ] {
            assert!(!is_own_path(elsewhere), "{elsewhere:?}");
        }
    }

    #[test]
    fn control_characters_and_encoded_tricks_are_refused() {
        for trick in [
            "/\t/evil.example",
            "/\n/evil.example",
            "/home\r\nset-cookie: x=1",
            "/home?x=\r\ny",
            "/home\0",
            " /home",
            "/home ",
            "/%2f/evil.example",
            "/%5cevil.example",
            "/%2e%2e//evil.example",
            "/%09/evil.example",
            "/%0d%0aset-cookie:x",
            "/home;/evil.example",
            "/\u{e9}",
            "/\u{2215}evil.example",
            "/\u{ff0f}evil.example",
        ] {
            assert!(!is_own_path(trick), "{trick:?}");
        }
        assert!(!is_own_path(&format!("/{}", "x".repeat(MAX_CHARS))));
    }

    #[test]
    fn what_acts_or_signs_in_is_no_page() {
        for other in [
            "/v1/auth/google/start?link=true",
            "/v1",
            "/console/signout",
            "/auth/verify?token=x",
            "/signin?return_to=/home",
            "/dev/mail",
        ] {
            assert!(is_own_path(other) && !is_page(other), "{other}");
        }
    }
}
