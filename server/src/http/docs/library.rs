//! All pages, rendered once per process: found by path, listed in reading order.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use app::article::{Article, MenuPage, MenuSection};
use include_dir::{Dir, include_dir};

use super::markdown::{self, Rendered};
use super::{ROOT, errors, roles};

static SOURCES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../docs");

/// Sections in reading order; folders that are not named here follow by name.
const ORDER: [&str; 5] = ["guides", "concepts", "sdk", "operations", "benchmarks"];
/// Drawn from the OpenAPI document by `http/console/reference.rs`, so it is in the menu but no article.
const API: &str = "/docs/api";
/// What stands first in its section, in this order; other pages follow by title.
const FIRST: [&str; 6] = ["quickstart", "calls", "voice-actions", "browser-calling", "install", "configuration"];

static LIBRARY: LazyLock<Library> = LazyLock::new(Library::load);

/// The page at `path`, `None` when there is none.
pub(in crate::http) fn article(path: &str) -> Option<Article> {
    let page = LIBRARY.pages.get(path)?.clone();
    Some(Article {
        title: page.title,
        summary: page.summary,
        html: page.html,
        headings: page.headings,
        menu: LIBRARY.menu.clone(),
    })
}

/// Links to all pages.
pub(in crate::http) fn menu() -> Arc<Vec<MenuSection>> {
    LIBRARY.menu.clone()
}

/// A section with what its pages are about: path, title, summary.
pub(super) struct Listed {
    pub(super) title: String,
    pub(super) pages: Vec<(String, String, String)>,
}

/// Every section in reading order; the error pages are one entry.
pub(super) fn listed() -> Vec<Listed> {
    LIBRARY.menu.iter().map(|section| LIBRARY.listed(section)).collect()
}

struct Library {
    menu: Arc<Vec<MenuSection>>,
    pages: HashMap<String, Rendered>,
}

impl Library {
    fn load() -> Self {
        let mut library = Self { menu: Arc::default(), pages: HashMap::new() };
        let mut folders: Vec<_> = SOURCES.dirs().filter_map(|dir| Some((dir.path().to_str()?, dir))).collect();
        folders.sort_by_key(|(name, _)| (place(&ORDER, name), *name));
        let mut menu: Vec<_> =
            folders.into_iter().map(|(name, dir)| library.section(name, dir)).filter(|s| !s.pages.is_empty()).collect();
        menu.push(library.reference());
        let listed: Vec<_> = menu.iter().map(|section| library.listed(section)).collect();
        library.pages.insert(ROOT.to_owned(), markdown::render(&start_page(&listed), ""));
        library.menu = Arc::new(menu);
        library
    }

    fn section(&mut self, folder: &str, dir: &Dir<'static>) -> MenuSection {
        let mut pages = Vec::new();
        for file in dir.files() {
            let (Some(stem), Some(source)) = (markdown_stem(file.path()), file.contents_utf8()) else { continue };
            let rendered = markdown::render(source, folder);
            let href = format!("{ROOT}/{folder}/{stem}");
            pages.push((place(&FIRST, stem), MenuPage { href: href.clone(), title: rendered.title.clone() }));
            self.pages.insert(href, rendered);
        }
        pages.sort_by(|(a, page_a), (b, page_b)| (a, &page_a.title).cmp(&(b, &page_b.title)));
        MenuSection { title: words(folder), pages: pages.into_iter().map(|(_, page)| page).collect() }
    }

    /// What is written from the code.
    fn reference(&mut self) -> MenuSection {
        for (href, source) in errors::pages() {
            self.pages.insert(href, markdown::render(&source, "errors"));
        }
        let list = MenuPage { href: errors::LIST.to_owned(), title: "Error catalogue".to_owned() };
        let about_roles = markdown::render(&roles::page(), "reference");
        let page = MenuPage { href: roles::path(), title: about_roles.title.clone() };
        self.pages.insert(roles::path(), about_roles);
        let api = MenuPage { href: API.to_owned(), title: "API".to_owned() };
        MenuSection { title: "Reference".to_owned(), pages: vec![api, list, page] }
    }

    fn listed(&self, section: &MenuSection) -> Listed {
        let about = |page: &MenuPage| {
            let summary = self.pages.get(&page.href).map(|rendered| rendered.summary.clone());
            (page.href.clone(), page.title.clone(), summary.unwrap_or_default())
        };
        Listed { title: section.title.clone(), pages: section.pages.iter().map(about).collect() }
    }
}

fn place(order: &[&str], name: &str) -> usize {
    order.iter().position(|known| *known == name).unwrap_or(order.len())
}

fn markdown_stem(path: &std::path::Path) -> Option<&str> {
    path.extension().filter(|kind| *kind == "md").and(path.file_stem()?.to_str())
}

/// A folder's name as a heading: `first-steps` is "First steps".
fn words(folder: &str) -> String {
    let plain = folder.replace(['-', '_'], " ");
    let mut letters = plain.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `/docs`: every page with its first sentence.
fn start_page(sections: &[Listed]) -> String {
    let mut page = "# Documentation\n\nHow Sautikit works, how to build on it and how to run it.\n".to_owned();
    for section in sections {
        page += &format!("\n## {}\n\n", section.title);
        for (href, title, summary) in &section.pages {
            let about = if summary.is_empty() { String::new() } else { format!("<br>{}", markdown::escaped(summary)) };
            page += &format!("- [{title}]({href}){about}\n");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_become_headings() {
        assert_eq!(words("first-steps"), "First steps");
    }

    #[test]
    fn every_page_has_a_title_and_stands_in_the_menu_once() {
        for section in listed() {
            for (href, title, _) in &section.pages {
                assert!(!title.is_empty(), "{href} has no `# heading`");
                assert!(article(href).is_some() || href == API, "{href}");
            }
        }
        assert!(article(ROOT).is_some());
        assert!(article("/docs/nothing").is_none());
    }
}
