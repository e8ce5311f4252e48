//! Searching the documentation: `/docs/search?q=…`, a page that works without script, and `/docs/search.json`, by which
//! `app/js/docs.js` finds the same while somebody types, without asking again.
//!
//! The index has every page with its headings, every error code, and the words of the text that lead to few pages, as many
//! as [`INDEX_BYTES`] has room for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use app::article::Article;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use sautikit_api::ErrorCode;
use serde_json::json;

use super::library::{self, ENGLISH, SWAHILI, Source};
use super::{errors, markdown};
use crate::web::etag;

/// Path of the page.
pub(super) const PATH: &str = "/docs/search";
/// Longest index, before compression.
const INDEX_BYTES: usize = 60_000;
/// A word of more pages than this leads nowhere; titles and headings have the common ones.
const COMMON_PAGES: usize = 24;
/// Pages of one answer.
const MOST_FOUND: usize = 20;
/// Letters of the shortest word that is looked for, and of the longest that the index keeps.
const WORD_CHARS: std::ops::RangeInclusive<usize> = 3..=20;
/// Letters of text that an answer shows around what was found.
const SNIPPET_CHARS: usize = 140;
/// Longest query that is read, in characters.
const QUERY_CHARS: usize = 100;

/// An index and its tag.
type Index = LazyLock<(String, String)>;

static INDEX: Index = LazyLock::new(|| tagged(ENGLISH));
static SWAHILI_INDEX: Index = LazyLock::new(|| tagged(SWAHILI));

fn tagged(lang: &str) -> (String, String) {
    let text = index(library::sources_in(lang));
    let etag = etag::tag_of(text.as_bytes());
    (text, etag)
}

/// GET `/docs/search.json?lang=sw`; English for whatever else is asked. The address names the language, so that a browser may keep
/// both.
pub(in crate::http) async fn search_index(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let is_swahili = query.as_deref().is_some_and(|query| query.split('&').any(|pair| pair == "lang=sw"));
    let (text, etag) = if is_swahili { &*SWAHILI_INDEX } else { &*INDEX };
    let mut response = etag::answer(&headers, etag, text.as_str());
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
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
/// digits of base 36 each. What is measured is not in it.
fn index(sources: &[Source]) -> String {
    let shown = sources.iter().filter(|source| source.section != library::MEASURED);
    let (codes, pages): (Vec<&Source>, Vec<&Source>) =
        shown.partition(|source| source.href.starts_with(errors::LIST) && source.href != errors::LIST);
    let codes: Vec<_> = codes.iter().filter_map(|source| source.href.rsplit('/').next()).collect();
    let codes: Vec<_> = codes.iter().filter_map(|code| Some(json!([code, ErrorCode::parse(code)?.title()]))).collect();
    let mut by_word: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (number, page) in pages.iter().enumerate() {
        let is_plain =
            |word: &String| word.chars().count() <= *WORD_CHARS.end() && word.chars().all(char::is_alphabetic);
        for word in words(&page.markdown).filter(is_plain) {
            by_word.entry(word).or_default().insert(number);
        }
    }
    let listed: Vec<_> = pages.iter().map(|page| json!([page.href, page.title, page.section, page.headings])).collect();
    let mut room =
        INDEX_BYTES.saturating_sub(json!({ "pages": listed, "codes": codes, "words": {} }).to_string().len());
    // Of those that lead somewhere the ones that more pages have are asked for more often.
    let mut candidates: Vec<_> = by_word.into_iter().filter(|(_, pages)| pages.len() <= COMMON_PAGES).collect();
    candidates.sort_by_key(|(_, pages)| std::cmp::Reverse(pages.len()));
    let mut kept = serde_json::Map::new();
    for (word, pages) in candidates {
        let numbers: String =
            pages.iter().map(|number| format!("{}{}", digit(number / 36), digit(number % 36))).collect();
        // Four quotes, a colon and a comma.
        let size = word.len() + numbers.len() + 6;
        if size > room {
            break;
        }
        room -= size;
        kept.insert(word, json!(numbers));
    }
    json!({ "pages": listed, "codes": codes, "words": kept }).to_string()
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
        assert!(text.len() <= INDEX_BYTES && text.contains("Miongozo"), "{} bytes", text.len());
        assert!(!text.contains("/docs/benchmarks/"), "what is measured");
    }

    #[test]
    fn the_index_has_every_page_and_stays_small() {
        let text = index(library::sources());
        assert!(text.len() <= INDEX_BYTES, "{} bytes", text.len());
        let index: serde_json::Value = serde_json::from_str(&text).unwrap();
        let pages = index["pages"].as_array().unwrap();
        assert!(pages.iter().any(|page| page[0] == "/docs/verbs/dial"));
        assert_eq!(index["codes"].as_array().unwrap().len(), ErrorCode::ALL.len());
        let words = index["words"].as_object().unwrap();
        assert!(words.len() > 400, "{} words", words.len());
        assert!(words.values().all(|pages| pages.as_str().unwrap().len() <= 2 * COMMON_PAGES));
    }
}
