//! A page of the documentation as the server hands it over: rendered text, what stands on it, and the whole menu.
//!
//! Put into the Leptos context by the server for paths under `/docs`; without one the page does not exist. Deliberately
//! absent: Markdown and where it comes from.

use std::sync::Arc;

use crate::reference::Group;

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// Of its text, `en` or `sw`.
    pub lang: &'static str,
    /// Heading and window title, plain text.
    pub title: String,
    /// One sentence for search engines, plain text; may be empty.
    pub summary: String,
    /// The text as HTML that is ours, heading included.
    pub html: String,
    /// The second-level headings, in order.
    pub headings: Vec<Heading>,
    /// Requests of the API that stand below the text.
    pub group: Option<Arc<Group>>,
    /// Links to all pages.
    pub menu: Arc<Vec<MenuSection>>,
    /// Where the index is by which a script searches all pages.
    pub index: String,
}

/// A heading that can be linked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The anchor, without `#`.
    pub id: String,
    /// Its words, plain text.
    pub text: String,
}

/// A group of pages in the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuSection {
    /// Its name.
    pub title: String,
    /// Its pages, in reading order.
    pub pages: Vec<MenuPage>,
}

/// A link of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MenuPage {
    /// Path on this site.
    pub href: String,
    /// The page's title.
    pub title: String,
    /// Of the title, `en` or `sw`.
    pub lang: &'static str,
}

impl MenuPage {
    /// A page with an English title.
    pub fn english(href: String, title: String) -> Self {
        Self { href, title, lang: "en" }
    }
}
