//! Pages of the documentation that are written by hand and show examples: the code in them is cut from the files that the tests
//! run.
//!
//! ```text
//! <details name="ivr" open><summary>Node.js</summary>      the name says which example, the summary in which language
//!
//! ``` js
//! …                                                        this is replaced
//! ```
//! ```

use crate::Outcome;

/// By their place in `docs`.
pub(super) const PAGES: [&str; 9] = [
    "concepts/browser-calling.md",
    "concepts/voice-actions.md",
    "concepts/webhooks.md",
    "guides/quickstart.md",
    "guides/verify-signatures.md",
    "guides/voice-menu.md",
    "sw/guides/quickstart.md",
    "sw/guides/verify-signatures.md",
    "sw/guides/voice-menu.md",
];
/// What shells send stands on the page alone: `end2end/quickstart` runs it from there.
const BY_HAND: &str = "curl";

/// The page, with every example as `read` gives it by its place in `sdks`.
pub(super) fn with_examples(page: &str, read: impl Fn(&str) -> Outcome<String>) -> Outcome<String> {
    let mut out = String::with_capacity(page.len());
    let mut example: Option<String> = None;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        if let Some((topic, language)) = shown(line).filter(|(_, language)| *language != BY_HAND) {
            example = Some(place(topic, language).ok_or_else(|| format!("no example is in {language}"))?);
        } else if line.starts_with("```")
            && let Some(place) = example.take()
        {
            out.push_str(read(&place)?.trim_end());
            out.push_str("\n```\n");
            // What stood there.
            lines
                .by_ref()
                .find(|line| line.starts_with("```"))
                .ok_or_else(|| format!("{place}: its code has no end"))?;
        }
    }
    Ok(out)
}

/// Topic and language of a tab that begins in this line.
fn shown(line: &str) -> Option<(&str, &str)> {
    let (topic, rest) = line.strip_prefix("<details name=\"")?.split_once('"')?;
    let (_, language) = rest.split_once("<summary>")?;
    Some((topic, language.strip_suffix("</summary>")?))
}

fn place(topic: &str, language: &str) -> Option<String> {
    match language {
        "Node.js" => Some(format!("node/examples/{topic}.mjs")),
        "Python" => Some(format!("python/examples/{topic}.py")),
        "Go" => Some(format!("go/examples/{topic}/main.go")),
        "PHP" => Some(format!("php/examples/{topic}.php")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_tabs_is_the_examples_and_all_else_stays() {
        let page = "# A\n\n```js\nstays\n```\n\n<details name=\"ivr\" open><summary>Node.js</summary>\n\n```js\nold\n\nolder\n```\n\n</details>\n\nB\n";
        let read = |place: &str| Ok(format!("from {place}\n\n"));
        let made = with_examples(page, read).unwrap();
        assert_eq!(made, page.replace("old\n\nolder", "from node/examples/ivr.mjs"));
        assert_eq!(with_examples(&made, read).unwrap(), made, "twice is once");
    }

    #[test]
    fn what_is_sent_by_hand_stays() {
        let page = "<details name=\"ivr\" open><summary>curl</summary>\n\n```sh\ncurl …\n```\n\n</details>\n";
        assert_eq!(with_examples(page, |_| Ok(String::new())).unwrap(), page);
    }

    #[test]
    fn a_language_without_examples_is_a_mistake() {
        let page = "<details name=\"ivr\"><summary>Cobol</summary>\n\n```\n```\n";
        assert!(with_examples(page, |_| Ok(String::new())).is_err());
    }
}
