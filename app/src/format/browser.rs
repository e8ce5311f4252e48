//! What a browser calls itself, in words that its owner recognises.

/// Marks of browsers, the more particular first: most claim to be Safari, and many to be Chrome.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];
/// Marks of systems; Android's stands beside Linux's.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];
/// Longest name of a program that we don't know, in characters.
const UNKNOWN_MAX_CHARS: usize = 40;

/// `Firefox · Linux`; of a program that we don't know its own first word. `None` where there is nothing to tell.
pub fn browser(user_agent: &str) -> Option<String> {
    let find = |marks: &[(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser} · {system}")),
        (Some(browser), None) => Some(browser.to_owned()),
        _ => user_agent
            .split([' ', '/'])
            .next()
            .filter(|word| !word.is_empty())
            .map(|word| word.chars().take(UNKNOWN_MAX_CHARS).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_although_they_claim_to_be_others() {
        let chrome =
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36";
        assert_eq!(browser(chrome).as_deref(), Some("Chrome · Android"));
        let edge =
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36 Edg/131.0";
        assert_eq!(browser(edge).as_deref(), Some("Edge · Windows"));
    }

    #[test]
    fn an_unknown_program_keeps_its_first_word() {
        assert_eq!(browser("python-requests/2.32").as_deref(), Some("python-requests"));
        assert_eq!(browser(""), None);
    }
}
