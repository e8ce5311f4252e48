//! Links between Markdown files become links between pages.

use super::ROOT;

/// Where a link of a page in `docs/FOLDER/` leads on the site. `None` leads out of the served documentation (to source
/// code, say): only the words remain.
pub(super) fn resolve(target: &str, folder: &str) -> Option<String> {
    if target.starts_with(['#', '/']) || target.contains("://") || target.starts_with("mailto:") {
        return Some(target.to_owned());
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            // Above `docs/` is source code.
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    // A page stands in a folder of `docs/`; what stands in `docs/` itself is not served.
    let page = parts.join("/");
    let page = page.strip_suffix(".md").filter(|page| page.contains('/'))?;
    Some(match anchor {
        Some(anchor) => format!("{ROOT}/{page}#{anchor}"),
        None => format!("{ROOT}/{page}"),
    })
}

/// The anchor of a heading, as GitHub makes it, so that one link works in both places.
pub(super) fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.flat_map(char::to_lowercase).map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_between_files_become_links_between_pages() {
        for (target, page) in [
            ("calls.md", "/docs/concepts/calls"),
            ("calls.md#status", "/docs/concepts/calls#status"),
            ("../operations/configuration.md", "/docs/operations/configuration"),
            ("./calls.md", "/docs/concepts/calls"),
            ("/signin", "/signin"),
            ("#status", "#status"),
            ("https://example.com/a.md", "https://example.com/a.md"),
        ] {
            assert_eq!(resolve(target, "concepts").as_deref(), Some(page), "{target}");
        }
    }

    #[test]
    fn source_code_is_not_linked() {
        for target in ["../../crates/sip/src/lib.rs", "../ARCHITECTURE.md", "../../README.md", "../../../x.md"] {
            assert_eq!(resolve(target, "concepts"), None, "{target}");
        }
    }

    #[test]
    fn anchors_are_githubs() {
        assert_eq!(anchor("How calls and legs end"), "how-calls-and-legs-end");
        assert_eq!(anchor("With JsSIP, SIP.js or any other"), "with-jssip-sipjs-or-any-other");
    }
}
