//! Names: words of the document in the case of each language, and the method that an operation becomes.

/// The words of `snake_case`, `kebab-case`, `camelCase` and `Title Case`, in lower case.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for letter in name.chars() {
        let begins = !last.is_alphanumeric() || (letter.is_uppercase() && (last.is_lowercase() || last.is_numeric()));
        if letter.is_alphanumeric() {
            if begins {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(letter.to_lowercase());
            }
        }
        last = letter;
    }
    words
}

/// `voice_callback_url`.
pub(crate) fn snake(words: &[String]) -> String {
    words.join("_")
}

/// `VoiceCallbackUrl`.
pub(crate) fn pascal(words: &[String]) -> String {
    words.iter().map(|word| capitalised(word)).collect()
}

/// `voiceCallbackUrl`.
pub(crate) fn camel(words: &[String]) -> String {
    words.iter().enumerate().map(|(at, word)| if at == 0 { word.clone() } else { capitalised(word) }).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `number` of `numbers`, `registry` of `registries`.
fn singular(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => word.strip_suffix('s').filter(|stem| !stem.ends_with('s')).unwrap_or(word).to_owned(),
    }
}

/// What is left of an operation's id when the noun of its resource is taken out: `create_call` of `calls` is `create`.
pub(crate) fn method(id: &str, resource: &[String]) -> Vec<String> {
    let all = words(id);
    let mut single = resource.to_vec();
    if let Some(last) = single.last_mut() {
        *last = singular(last);
    }
    for noun in [resource, &single] {
        if let Some(at) = all.windows(noun.len()).position(|part| part == noun) {
            let left: Vec<String> = all[..at].iter().chain(&all[at + noun.len()..]).cloned().collect();
            // A method needs its verb: `events` of `call_events` would be a thing, not a deed.
            if !left.is_empty() && at > 0 {
                return left;
            }
        }
    }
    all
}

/// A text as lines that each begin with `prefix`: the body of a comment.
pub(crate) fn lines(text: String, prefix: String) -> String {
    text.lines().map(|line| format!("{prefix}{line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// A description as it stands in a comment: links between our own types are none there, and nothing ends the comment.
pub(crate) fn described(text: &str) -> String {
    text.replace("[`", "`").replace("`]", "`").replace("*/", "* /").trim().to_owned()
}

/// A description as Python's docstrings take it, in one line.
pub(crate) fn python_doc(text: String) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\\', "\\\\");
    if line.ends_with('"') { format!("{line} ") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_every_case() {
        for name in ["voice_callback_url", "voice-callback-url", "voiceCallbackUrl", "Voice callback URL"] {
            assert_eq!(snake(&words(name)), "voice_callback_url", "{name}");
        }
        assert_eq!(snake(&words("local_e164")), "local_e164");
        assert_eq!(pascal(&words("api-keys")), "ApiKeys");
    }

    #[test]
    fn a_method_is_its_operation_without_the_resource() {
        let name = |id: &str, resource: &str| snake(&method(id, &words(resource)));
        assert_eq!(name("create_call", "calls"), "create");
        assert_eq!(name("list_call_events", "calls"), "list_events");
        assert_eq!(name("list_available_numbers", "numbers"), "list_available");
        assert_eq!(name("rotate_api_key", "api-keys"), "rotate");
        assert_eq!(name("create_sip_token", "sip"), "create_token");
        assert_eq!(name("get_balance", "wallet"), "get_balance");
    }
}
