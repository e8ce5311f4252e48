//! Where a document is wrong, underlined in its own text: it stands behind the editor, letter upon letter, and only the lines are
//! seen. Pure but for the view; `app/js/editor.js` keeps it in step while somebody writes.

use leptos::prelude::*;
use sautikit_api::playground::ValidatedActions;

/// The text with its marks.
pub(super) fn marks(document: &str, read: Option<&ValidatedActions>) -> AnyView {
    let pieces = pieces(document, &places(read)).into_iter().map(|(text, mark)| match mark {
        Some(Mark::Wrong) => view! { <mark class="editor__wrong">{text}</mark> }.into_any(),
        Some(Mark::Skipped) => view! { <mark class="editor__skipped">{text}</mark> }.into_any(),
        None => text.into_any(),
    });
    view! { <pre class="editor__marks" data-editor-marks aria-hidden="true">{pieces.collect_view()}</pre> }.into_any()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Wrong,
    Skipped,
}

/// What is wrong or skipped where: line and character, both from 1.
fn places(read: Option<&ValidatedActions>) -> Vec<(usize, usize, Mark)> {
    let Some(read) = read else { return Vec::new() };
    let wrong = read.error.as_ref().and_then(|error| {
        let column = error.column.unwrap_or(1);
        Some((usize::try_from(error.line?).ok()?, usize::try_from(column).ok()?, Mark::Wrong))
    });
    let skipped = read.warnings.iter().map(|warning| (warning.line, warning.column, Mark::Skipped));
    wrong.into_iter().chain(skipped).collect()
}

/// The text in pieces; each place is marked to the end of the word or string that begins there.
fn pieces(document: &str, places: &[(usize, usize, Mark)]) -> Vec<(String, Option<Mark>)> {
    let mut spans: Vec<(usize, usize, Mark)> = places
        .iter()
        .filter_map(|(line, column, mark)| {
            let begin = offset(document, *line, *column)?;
            Some((begin, begin + length(document.get(begin..)?), *mark))
        })
        .collect();
    spans.sort_by_key(|(begin, ..)| *begin);
    let mut pieces = Vec::new();
    let mut at = 0;
    for (begin, end, mark) in spans {
        // Of two at one place the first counts.
        if begin < at || end <= begin {
            continue;
        }
        pieces.extend(document.get(at..begin).filter(|text| !text.is_empty()).map(|text| (text.to_owned(), None)));
        pieces.extend(document.get(begin..end).map(|text| (text.to_owned(), Some(mark))));
        at = end;
    }
    pieces.extend(document.get(at..).filter(|text| !text.is_empty()).map(|text| (text.to_owned(), None)));
    pieces
}

/// Where a line's character begins, in bytes; the end of the line for one that is not there.
fn offset(document: &str, line: usize, column: usize) -> Option<usize> {
    let mut begin = 0;
    for (number, text) in document.split_inclusive('\n').enumerate() {
        if number + 1 == line {
            let text = text.trim_end_matches(['\n', '\r']);
            let within = text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
            // At the end of a line there is nothing to underline: its last character stands for it.
            let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
            return Some(begin + within.min(last));
        }
        begin += text.len();
    }
    // What is missing is missing at the end.
    document.char_indices().next_back().map(|(at, _)| at)
}

/// How far the word, string or tag at the beginning of a text reaches, in bytes; one character at least.
fn length(text: &str) -> usize {
    let mut letters = text.char_indices();
    let Some((_, first)) = letters.next() else { return 0 };
    let ends: &dyn Fn(char) -> bool = match first {
        '"' => &|letter| letter == '"' || letter == '\n',
        '<' => &|letter| letter.is_whitespace() || letter == '>',
        _ if first.is_alphanumeric() => &|letter| !(letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.')),
        _ => return first.len_utf8(),
    };
    let end = letters.find(|(_, letter)| ends(*letter));
    match end {
        Some((at, '"')) if first == '"' => at + 1,
        Some((at, _)) => at,
        None => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(document: &str, line: usize, column: usize) -> Vec<(String, Option<Mark>)> {
        pieces(document, &[(line, column, Mark::Wrong)])
    }

    fn wrong(document: &str, line: usize, column: usize) -> String {
        let found = marked(document, line, column).into_iter().find(|(_, mark)| mark.is_some());
        found.map(|(text, _)| text).unwrap_or_default()
    }

    #[test]
    fn what_is_wrong_is_underlined_to_its_end() {
        let document = "{ \"actions\": [\n  { \"dance\": {} },\n  { \"dial\": 12345 }\n] }";
        assert_eq!(wrong(document, 2, 5), "\"dance\"");
        assert_eq!(wrong(document, 3, 13), "12345");
        assert_eq!(wrong(document, 2, 14), "{");
        assert_eq!(wrong("<Response>\n  <Dance/>\n</Response>", 2, 3), "<Dance/");
        assert_eq!(wrong("{\"a\": \"Habari, Zoë\"}", 1, 7), "\"Habari, Zoë\"");
    }

    #[test]
    fn what_is_missing_is_underlined_where_it_would_stand() {
        assert_eq!(wrong("{ \"actions\": [", 1, 15), "[");
        assert_eq!(wrong("[1,\n\n", 9, 1), "\n");
        assert_eq!(wrong("", 1, 1), "");
    }

    #[test]
    fn nothing_of_the_text_is_lost() {
        let document = "<Response>\n  <Enqueue/>\n  <Dance/>\n</Response>\n";
        let places = [(3, 3, Mark::Wrong), (2, 3, Mark::Skipped), (2, 3, Mark::Wrong)];
        let pieces = pieces(document, &places);
        assert_eq!(pieces.iter().map(|(text, _)| text.as_str()).collect::<String>(), document);
        let marks: Vec<_> = pieces.iter().filter_map(|(text, mark)| Some((text.as_str(), (*mark)?))).collect();
        assert_eq!(marks, [("<Enqueue/", Mark::Skipped), ("<Dance/", Mark::Wrong)]);
    }
}
