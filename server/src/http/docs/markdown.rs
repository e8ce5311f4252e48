//! CommonMark with tables → HTML in the console's style: anchors on headings, tables that scroll, links to pages.
//!
//! The input is ours (`docs/` and the catalogue), so HTML in it is passed on as it stands.

use app::article::Heading;
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};
use sautikit_api::ErrorCode;
use sautikit_api::actions::parse_json;

use super::{errors, links};

/// Longest summary in characters: what search engines show.
const SUMMARY_MAX_CHARS: usize = 200;

/// A page's text and what was found in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Rendered {
    /// The first heading, plain.
    pub(super) title: String,
    /// The first sentence of the first paragraph, plain.
    pub(super) summary: String,
    /// The whole text.
    pub(super) html: String,
    /// Second-level headings.
    pub(super) headings: Vec<Heading>,
}

/// Renders a file that stands in `docs/FOLDER/`.
pub(super) fn render(source: &str, folder: &str) -> Rendered {
    let events: Vec<Event<'_>> =
        Parser::new_ext(source, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH).collect();
    let mut page = Rendered { summary: summary(&events), ..Rendered::default() };
    let mut out = Vec::with_capacity(events.len());
    // Whether each open link leads somewhere.
    let mut open_links = Vec::new();
    // The block of code that is open.
    let mut document = String::new();
    for (at, event) in events.iter().enumerate() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                let text = plain(&events[at + 1..], |end| matches!(end, TagEnd::Heading(_)));
                out.push(heading(&mut page, *level, text));
            }
            Event::Start(Tag::Link { link_type: LinkType::Autolink | LinkType::Email, .. }) => {
                open_links.push(true);
                out.push(event.clone());
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let target = links::resolve(dest_url, folder);
                open_links.push(target.is_some());
                if let Some(target) = target {
                    let (title, id) = (title.clone(), id.clone());
                    out.push(Event::Start(Tag::Link { link_type: *link_type, dest_url: target.into(), title, id }));
                }
            }
            Event::End(TagEnd::Link) => out.extend(open_links.pop().unwrap_or(true).then(|| event.clone())),
            // A code of the catalogue leads to its page.
            Event::Code(code) if open_links.is_empty() && code.contains('.') && ErrorCode::parse(code).is_some() => {
                out.push(raw(format!("<a href=\"{}/{code}\"><code>{code}</code></a>", errors::LIST)));
            }
            Event::Start(Tag::CodeBlock(_)) => {
                document = plain(&events[at + 1..], |end| *end == TagEnd::CodeBlock);
                out.push(raw("<pre class=\"codeblock\" tabindex=\"0\"><code>"));
            }
            Event::End(TagEnd::CodeBlock) => out.push(raw(format!("</code></pre>\n{}", try_it(&document)))),
            Event::Start(Tag::Table(_)) => {
                out.extend([raw("<div class=\"prose__table\" tabindex=\"0\">"), event.clone()]);
            }
            Event::End(TagEnd::Table) => out.extend([event.clone(), raw("</div>\n")]),
            _ => out.push(event.clone()),
        }
    }
    html::push_html(&mut page.html, out.into_iter());
    page
}

/// The way to the playground, below a block that is a whole document of voice actions.
fn try_it(document: &str) -> String {
    let document = document.trim();
    let is_json = document.starts_with('{') && parse_json(document.as_bytes()).is_ok_and(|actions| !actions.is_empty());
    let is_xml = document.starts_with("<Response>") && document.ends_with("</Response>");
    if !(is_json || is_xml) {
        return String::new();
    }
    let document: String = url::form_urlencoded::byte_serialize(document.as_bytes()).collect();
    format!(
        "<p class=\"prose__run\"><a class=\"button button--small\" href=\"/developers/playground?document={document}\">Try it</a></p>\n"
    )
}

/// `text` with the characters that Markdown or HTML would read as markup escaped.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\`*_{}[]<>|#&".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// `text` as a cell of a table.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The opening tag of a heading. The first of level 1 names the page; every other gets an anchor.
fn heading<'a>(page: &mut Rendered, level: HeadingLevel, text: String) -> Event<'a> {
    if level == HeadingLevel::H1 && page.title.is_empty() {
        page.title = text;
        return raw("<h1>");
    }
    let id = links::anchor(&text);
    let tag = raw(format!(
        "<{level} id=\"{id}\"><a class=\"prose__anchor\" href=\"#{id}\" aria-hidden=\"true\" tabindex=\"-1\">#</a>"
    ));
    if level == HeadingLevel::H2 {
        page.headings.push(Heading { id, text });
    }
    tag
}

fn raw<'a>(html: impl Into<CowStr<'a>>) -> Event<'a> {
    Event::Html(html.into())
}

/// The words up to the end tag that `is_end` knows, without markup.
fn plain(events: &[Event<'_>], is_end: impl Fn(&TagEnd) -> bool) -> String {
    let mut text = String::new();
    for event in events {
        match event {
            Event::End(end) if is_end(end) => break,
            Event::Text(words) | Event::Code(words) => text.push_str(words),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    text
}

/// The first sentence of the first paragraph.
fn summary(events: &[Event<'_>]) -> String {
    let Some(start) = events.iter().position(|event| matches!(event, Event::Start(Tag::Paragraph))) else {
        return String::new();
    };
    let text = plain(&events[start + 1..], |end| *end == TagEnd::Paragraph);
    let sentence = text.split_inclusive(". ").next().unwrap_or_default().trim();
    let sentence = sentence.trim_end_matches(':');
    if sentence.chars().count() <= SUMMARY_MAX_CHARS {
        return sentence.to_owned();
    }
    sentence.chars().take(SUMMARY_MAX_CHARS).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_named_by_its_first_heading() {
        let page =
            render("# Calls & legs\n\nA call is *one* record. More.\n\n## The `end`\n\nx\n\n### Deeper\n", "concepts");
        assert_eq!((page.title.as_str(), page.summary.as_str()), ("Calls & legs", "A call is one record."));
        assert_eq!(page.headings, [Heading { id: "the-end".to_owned(), text: "The end".to_owned() }]);
        assert!(page.html.contains("<h1>Calls &amp; legs</h1>"), "{}", page.html);
        assert!(page.html.contains("<h3 id=\"deeper\">"), "{}", page.html);
    }

    #[test]
    fn links_that_leave_the_documentation_keep_their_words_only() {
        let page = render("[a](calls.md#x) [b](../../src/b.rs) [c](https://c.example)", "concepts");
        assert!(
            page.html.contains("<a href=\"/docs/concepts/calls#x\">a</a> b <a href=\"https://c.example\">c</a>"),
            "{}",
            page.html
        );
    }

    #[test]
    fn codes_of_the_catalogue_lead_to_their_pages() {
        let page = render("`wallet.not_found`, `wallet.nothing` and [`wallet.not_found`](#a)", "");
        let linked =
            "<a href=\"/docs/errors/wallet.not_found\"><code>wallet.not_found</code></a>, <code>wallet.nothing</code>";
        assert!(page.html.contains(linked), "{}", page.html);
        assert!(page.html.contains("<a href=\"#a\"><code>wallet.not_found</code></a>"), "{}", page.html);
    }

    #[test]
    fn tables_and_code_can_be_scrolled() {
        let page = render("| a |\n|---|\n| `<b>` |\n\n```json\n{\"a\": \"<\"}\n```\n", "");
        assert!(page.html.contains("<div class=\"prose__table\" tabindex=\"0\"><table>"), "{}", page.html);
        assert!(
            page.html.contains("<pre class=\"codeblock\" tabindex=\"0\"><code>{\"a\": \"&lt;\"}\n</code></pre>"),
            "{}",
            page.html
        );
    }

    #[test]
    fn a_whole_document_of_actions_can_be_tried() {
        let page = render("```json\n{\"actions\": [{\"hangup\": {}}]}\n```\n", "");
        let link = "href=\"/developers/playground?document=%7B%22actions%22%3A+%5B%7B%22hangup%22%3A+%7B%7D%7D%5D%7D\"";
        assert!(page.html.contains(link), "{}", page.html);
        for other in ["```json\n{\"id\": 1}\n```\n", "```json\n{\"actions\": []}\n```\n", "```sh\nls\n```\n"] {
            assert!(!render(other, "").html.contains("playground"), "{other}");
        }
    }

    #[test]
    fn escaped_text_is_shown_as_it_is() {
        let page = render(&escaped("`a` *b* <c> & [d](e)"), "");
        assert_eq!(page.html, "<p>`a` *b* &lt;c&gt; &amp; [d](e)</p>\n");
    }
}
