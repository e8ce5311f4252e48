//! Searching the documentation: `/docs/search?q=…`, a page that works without script, and an index by which `app/js/docs.js` finds
//! the same while somebody types, without asking again.
//!
//! The index has every page with its headings, every error code, and every word of the text. Most pages are written from the code,
//! so that it is made where they are, once per process, and not by `xtask`, whose files are there before the code is compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use app::article::Article;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use sautikit_api::ErrorCode;
use serde_json::json;

use super::library::{self, ENGLISH, SWAHILI, Source};
use super::{errors, markdown};
use crate::web::etag;

/// Path of the page.
pub(in crate::http) const PATH: &str = "/docs/search";
/// Route of the indexes, of which pages name their language's.
pub(in crate::http) const INDEX: &str = "/docs/index/{file}";
/// The address says what is in it, so that it is asked for once.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// What is not there any more is answered with what there is, to be asked for again.
const NOT_AT_ALL: &str = "no-cache";
/// Pages of one answer.
const MOST_FOUND: usize = 20;
/// Letters of the shortest word that is looked for, and of the longest that the index keeps.
const WORD_CHARS: std::ops::RangeInclusive<usize> = 3..=30;
/// Letters of text that an answer shows around what was found.
const SNIPPET_CHARS: usize = 140;
/// Longest query that is read, in characters.
const QUERY_CHARS: usize = 100;

/// An index, its tag and its address.
struct Index {
    text: String,
    etag: String,
    address: String,
}

static ENGLISH_INDEX: LazyLock<Index> = LazyLock::new(|| Index::of(ENGLISH));
static SWAHILI_INDEX: LazyLock<Index> = LazyLock::new(|| Index::of(SWAHILI));

impl Index {
    fn of(lang: &str) -> Self {
        let text = index(library::sources_in(lang));
        let etag = etag::tag_of(text.as_bytes());
        let address = INDEX.replace("{file}", &format!("{lang}-{}.json", etag.trim_matches('"')));
        Self { text, etag, address }
    }

    fn in_lang(lang: &str) -> &'static Self {
        if lang == SWAHILI { &SWAHILI_INDEX } else { &ENGLISH_INDEX }
    }
}

/// Where the index of this language is.
pub(super) fn index_address(lang: &str) -> String {
    Index::in_lang(lang).address.clone()
}

/// GET `/docs/index/LANG-HASH.json`; of a hash that is another one's, of a page that was open before this release, today's index.
pub(in crate::http) async fn search_index(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let index = Index::in_lang(file.split('-').next().unwrap_or_default());
    let caching = if index.address.ends_with(&format!("/{file}")) { FOR_EVER } else { NOT_AT_ALL };
    let mut response = etag::answer(&headers, &index.etag, index.text.as_str());
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

/// What the page itself says: its title, and that nothing was found.
const ENGLISH_WORDS: (&str, &str) =
    ("Search", "Nothing was found. Try fewer letters, or look through [all pages](/docs).");
const SWAHILI_WORDS: (&str, &str) =
    ("Tafuta", "Hakuna kilichopatikana. Jaribu herufi chache, au pitia [kurasa zote](/docs).");

/// The page with what was found, for readers of this language: in it as far as there are translations, else in English.
pub(super) fn article(query: &str, lang: &str) -> Article {
    let (lang, (title, nothing)) = if lang == SWAHILI { (SWAHILI, SWAHILI_WORDS) } else { (ENGLISH, ENGLISH_WORDS) };
    let query: String = query.chars().take(QUERY_CHARS).collect();
    let found = find(library::sources_in(lang), &query);
    let mut text = format!("# {title}\n");
    if found.is_empty() {
        text += &format!("\n{nothing}\n");
    }
    for (source, snippet) in found {
        let snippet = markdown::escaped(&snippet);
        text +=
            &format!("\n- [{}]({}) · {}<br>{snippet}", markdown::escaped(&source.title), source.href, source.section);
    }
    let rendered = markdown::render(&text, "");
    Article {
        lang,
        title: rendered.title,
        summary: String::new(),
        html: rendered.html,
        headings: Vec::new(),
        group: None,
        menu: library::menu(lang),
        index: index_address(lang),
    }
}

/// The words of a text, in lower case.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let parts = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    parts.filter(|word| *WORD_CHARS.start() <= word.chars().count()).map(str::to_lowercase)
}

/// Pages that have all words of the query, the best first, with a piece of their text.
fn find<'a>(sources: &'a [Source], query: &str) -> Vec<(&'a Source, String)> {
    let wanted: BTreeSet<String> = words(query).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(usize, &Source)> =
        sources.iter().filter_map(|source| Some((rank(source, &wanted)?, source))).collect();
    found.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    let shown = found.into_iter().take(MOST_FOUND);
    shown.map(|(_, source)| (source, snippet(&source.markdown, &wanted))).collect()
}

/// The title counts most, then headings; `None` where a word is missing.
fn rank(source: &Source, wanted: &BTreeSet<String>) -> Option<usize> {
    let (title, text) = (source.title.to_lowercase(), source.markdown.to_lowercase());
    let headings = source.headings.join("\n").to_lowercase();
    wanted.iter().try_fold(0, |sum, word| {
        let times = text.matches(word.as_str()).count();
        let is_there = times > 0 || title.contains(word.as_str());
        let points = 20 * usize::from(title.contains(word.as_str()))
            + 5 * usize::from(headings.contains(word.as_str()))
            + times.min(5);
        is_there.then_some(sum + points)
    })
}

/// The first line of text that has one of the words.
fn snippet(text: &str, wanted: &BTreeSet<String>) -> String {
    let has = |line: &&str| wanted.iter().any(|word| line.to_lowercase().contains(word.as_str()));
    let line = text.lines().filter(|line| !line.starts_with(['#', '`'])).find(has).unwrap_or_default();
    let plain = line.trim_matches(['|', '-', ' ', '*']).replace("**", "").replace('`', "");
    let mut short: String = plain.chars().take(SNIPPET_CHARS).collect();
    if short.len() < plain.len() {
        short.push('…');
    }
    short
}

/// `pages` are address, title, section and headings; `codes` code and title; `words` a word and the numbers of its pages, two
/// digits of base 36 each. What is measured is not in it, nor are words with digits: of those texts are full that nobody types.
fn index(sources: &[Source]) -> String {
    let shown = sources.iter().filter(|source| source.section != library::MEASURED);
    let (codes, pages): (Vec<&Source>, Vec<&Source>) =
        shown.partition(|source| source.href.starts_with(errors::LIST) && source.href != errors::LIST);
    let codes: Vec<_> = codes.iter().filter_map(|source| source.href.rsplit('/').next()).collect();
    let codes: Vec<_> = codes.iter().filter_map(|code| Some(json!([code, ErrorCode::parse(code)?.title()]))).collect();
    let mut by_word: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (number, page) in pages.iter().enumerate() {
        let is_plain = |word: &String| word.chars().count() <= *WORD_CHARS.end() && !word.chars().any(char::is_numeric);
        for word in words(&page.markdown).filter(is_plain) {
            by_word.entry(word).or_default().insert(number);
        }
    }
    let listed: Vec<_> = pages.iter().map(|page| json!([page.href, page.title, page.section, page.headings])).collect();
    let numbered = by_word.into_iter().map(|(word, pages)| {
        let numbers = pages.iter().map(|number| format!("{}{}", digit(number / 36), digit(number % 36)));
        (word, json!(numbers.collect::<String>()))
    });
    let numbered: serde_json::Map<_, _> = numbered.collect();
    json!({ "pages": listed, "codes": codes, "words": numbered }).to_string()
}

/// Of base 36.
fn digit(value: usize) -> char {
    u32::try_from(value).ok().and_then(|value| char::from_digit(value, 36)).unwrap_or('z')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(title: &str, markdown: &str) -> Source {
        Source {
            href: format!("/docs/{title}"),
            title: title.to_owned(),
            section: "Guides".to_owned(),
            headings: vec!["Signature".to_owned()],
            markdown: markdown.to_owned(),
        }
    }

    #[test]
    fn all_words_have_to_be_there_and_titles_come_first() {
        let sources = [source("Calls", "A wallet is *held* while it rings."), source("Wallet", "What calls cost.")];
        let titles =
            |query: &str| find(&sources, query).iter().map(|(source, _)| source.title.clone()).collect::<Vec<_>>();
        assert_eq!(titles("wallet"), ["Wallet", "Calls"]);
        assert_eq!(titles("wallet rings"), ["Calls"]);
        assert!(titles("fax").is_empty() && titles("").is_empty() && titles("a").is_empty());
        assert_eq!(find(&sources, "rings")[0].1, "A wallet is *held* while it rings.");
    }

    #[test]
    fn readers_of_swahili_find_what_is_translated_by_its_own_words() {
        let found = |query: &str, lang: &str| {
            find(library::sources_in(lang), query).iter().map(|(source, _)| source.href.clone()).collect::<Vec<_>>()
        };
        assert!(found("nambari simu", SWAHILI).contains(&"/docs/guides/place-a-call".to_owned()));
        assert!(found("nambari simu", ENGLISH).is_empty());
        // What is not translated is found by what it says.
        assert!(found("machine detection", SWAHILI).contains(&"/docs/verbs/dial".to_owned()));
        let text = index(library::sources_in(SWAHILI));
        assert!(text.contains("Miongozo"));
        assert!(!text.contains("/docs/benchmarks/"), "what is measured");
    }

    #[test]
    fn the_index_has_every_page_and_every_word() {
        let text = index(library::sources());
        let index: serde_json::Value = serde_json::from_str(&text).unwrap();
        let pages = index["pages"].as_array().unwrap();
        assert!(pages.iter().any(|page| page[0] == "/docs/verbs/dial"));
        assert_eq!(index["codes"].as_array().unwrap().len(), ErrorCode::ALL.len());
        let words = index["words"].as_object().unwrap();
        let dial = pages.iter().position(|page| page[0] == "/docs/verbs/dial").unwrap();
        let dial = format!("{}{}", digit(dial / 36), digit(dial % 36));
        // Common ones too: who looks for two words finds what has both.
        for word in ["call", "machine", "seconds"] {
            let numbers: Vec<_> = words[word].as_str().unwrap().as_bytes().chunks(2).collect();
            assert!(numbers.contains(&dial.as_bytes()), "{word}");
        }
    }
}
