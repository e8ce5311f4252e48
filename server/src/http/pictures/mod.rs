//! `/pictures/LANG/PAGE.png`: the picture by which other sites show a link to a page of ours (Open Graph, 1200 × 630): its title in
//! the console's type and colours.
//!
//! Most titles are written from the code (requests, verbs, events, errors), so that pictures are drawn where they are known, when
//! somebody asks: some milliseconds each, from letters that are part of the binary. Nothing is asked of network or system fonts.
//! Deliberately absent: the start page's picture, which shows the page itself (`end2end/support/og.js`).

mod canvas;
mod letters;

use app::i18n::Lang;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sautikit_api::ErrorCode;

use super::docs;
use crate::web::error::ApiError;
use crate::web::etag;
use canvas::{Canvas, Ink};
use letters::{LETTERS, Style};

/// Where they are.
pub(super) const ROOT: &str = "/pictures";
/// Messengers fetch each once; titles change with a release.
const A_DAY: &str = "public, max-age=86400";
/// What the start page is called here.
const START: &str = "/index";

/// Pixels at each side that stay free.
const MARGIN: i32 = 80;
/// From one line of the title to the next.
const LINE: i32 = 92;
/// Base line of a title of one line; more lines stand around it.
const MIDDLE: i32 = 354;
/// Longer titles end in an ellipsis.
const MOST_LINES: usize = 3;
/// Base line of the product's name.
const NAME: i32 = 116;
/// Base line of the section.
const SECTION: i32 = 566;
/// Heights of the bars beside the section, as in the mark.
const BARS: [i32; 9] = [24, 56, 96, 132, 84, 148, 60, 100, 36];
/// How wide one is.
const BAR: i32 = 12;
/// From one to the next.
const BAR_STEP: i32 = 24;

/// What a picture says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    title: String,
    /// Small, below it.
    section: String,
}

/// Path of the picture of this page; none of pages that are nobody's to show.
pub(super) fn address(path: &str, lang: Lang) -> Option<String> {
    said(path, lang)?;
    let page = if path == "/" { START } else { path };
    Some(format!("{ROOT}/{}{page}.png", lang.code()))
}

/// Of a public page: its title, and what it belongs to.
fn said(path: &str, lang: Lang) -> Option<Said> {
    let text = lang.text();
    let (title, section) = match path {
        "/" => (text.landing.headline, text.landing.title),
        "/pricing" => (text.pricing.title, text.landing.title),
        "/about" => (text.site.about, text.landing.title),
        "/status" => (text.site.status, text.landing.title),
        "/contact" => (text.site.contact, text.landing.title),
        docs::ROOT | docs::SEARCH => (text.docs.title, text.landing.title),
        _ => docs::named(path, lang.code())?,
    };
    Some(Said { title: title.to_owned(), section: section.to_owned() })
}

/// GET of a picture.
pub(super) async fn show(Path((lang, page)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let page = page.strip_suffix(".png").map(|page| format!("/{page}"));
    let page = page.map(|page| if page == START { "/".to_owned() } else { page });
    let Some(said) = page.zip(Lang::parse(&lang)).and_then(|(page, lang)| said(&page, lang)) else {
        return ApiError::from(ErrorCode::NotFound).into_response();
    };
    // Not beside calls' audio.
    let Ok(png) = tokio::task::spawn_blocking(move || draw(&said)).await else {
        return ApiError::from(ErrorCode::InternalError).into_response();
    };
    let mut response = etag::answer(&headers, &etag::tag_of(&png), png);
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(A_DAY));
    response
}

fn draw(said: &Said) -> Vec<u8> {
    let mut canvas = Canvas::new();
    for (name, ink) in [("square", Ink::Accent), ("strokes", Ink::OnAccent)] {
        LETTERS.mark.write(&mut canvas, name, MARGIN, 72, ink);
    }
    LETTERS.small.line(&mut canvas, "Sautikit", MARGIN + 84, NAME, Ink::Text);
    let lines = wrapped(&LETTERS.title, &said.title, canvas::WIDTH - 2 * MARGIN);
    let first = MIDDLE - LINE * (i32::try_from(lines.len()).unwrap_or_default() - 1) / 2;
    for (line, text) in (0..).zip(&lines) {
        LETTERS.title.line(&mut canvas, text, MARGIN, first + line * LINE, Ink::Text);
    }
    LETTERS.small.line(&mut canvas, &said.section, MARGIN, SECTION, Ink::Muted);
    for (at, height) in (0..).zip(BARS) {
        let left = canvas::WIDTH - MARGIN - BAR - at * BAR_STEP;
        canvas.fill(left, SECTION - 44 - height / 2, BAR, height, Ink::Accent);
    }
    canvas.fill(0, canvas::HEIGHT - 10, canvas::WIDTH, 10, Ink::Accent);
    canvas.png()
}

/// The title in lines of at most this width.
fn wrapped(style: &Style, title: &str, width: i32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in title.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match (lines.last_mut(), longer.filter(|line| style.width(line) <= width)) {
            (Some(line), Some(longer)) => *line = longer,
            _ => lines.push(word.to_owned()),
        }
    }
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    for line in &mut lines {
        // One word may be longer than a line: names of error codes are.
        while style.width(line) > width && line.pop().is_some() {}
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What messengers take without complaint is five times that.
    const MOST_BYTES: usize = 60_000;

    /// Every page that has a picture drawn.
    fn pages() -> Vec<String> {
        let own = ["/", "/pricing", "/about", "/status", "/contact", docs::ROOT, docs::SEARCH];
        let mut pages: Vec<String> = own.map(str::to_owned).to_vec();
        pages.extend(docs::addresses().map(str::to_owned));
        pages
    }

    #[test]
    fn every_public_page_has_a_picture_whose_letters_are_all_there() {
        assert!(pages().len() > 150, "{}", pages().len());
        for lang in Lang::ALL {
            for page in pages() {
                let said = said(&page, lang).unwrap_or_else(|| panic!("{page}"));
                let unknown: Vec<char> = said.title.chars().filter(|letter| !LETTERS.title.has(*letter)).collect();
                assert!(unknown.is_empty(), "{page}: {unknown:?} of {said:?} (end2end/support/letters.js)");
                assert!(said.section.chars().all(|letter| LETTERS.small.has(letter)), "{said:?}");
                let lines = wrapped(&LETTERS.title, &said.title, canvas::WIDTH - 2 * MARGIN);
                let whole: Vec<&str> = said.title.split_whitespace().collect();
                assert_eq!(lines.join(" "), whole.join(" "), "{page}: too long");
            }
        }
        assert_eq!(address("/wallet", Lang::English), None);
        assert_eq!(address("/", Lang::Swahili).as_deref(), Some("/pictures/sw/index.png"));
    }

    #[test]
    fn a_picture_is_a_png_of_the_right_size_and_small() {
        for title in ["Quickstart", "Phone calls, as easy as a web request.", &"Wiggly mountains ".repeat(20)] {
            let png = draw(&Said { title: title.to_owned(), section: "Guides".to_owned() });
            assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.len() < MOST_BYTES, "{} bytes", png.len());
            assert_eq!((&png[16..20], &png[20..24]), (&1200_u32.to_be_bytes()[..], &630_u32.to_be_bytes()[..]));
        }
    }

    #[test]
    fn lines_break_between_words_and_what_is_too_long_says_so() {
        let style = &LETTERS.title;
        assert_eq!(wrapped(style, "One two", 10_000), ["One two"]);
        assert_eq!(wrapped(style, "One two", style.width("One ")), ["One", "two"]);
        let long = wrapped(style, &"many words ".repeat(30), 1_000);
        assert!(long.len() == MOST_LINES && long[2].ends_with('…'), "{long:?}");
        assert!(style.width("AV") < style.width("A") + style.width("V"), "pairs are kerned");
    }
}
