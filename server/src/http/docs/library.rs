//! All pages, rendered once per process: found by path, listed in reading order.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use app::article::{Article, Heading, MenuPage, MenuSection};
use app::reference::{Group, Operation};
use include_dir::{Dir, include_dir};

use super::markdown::{self, Rendered};
use super::reference::{self, Page};
use super::{ROOT, errors, events, roles, search, verbs};

/// What changed, for `/docs/changelog`. Its links begin at the repository's root.
const CHANGELOG: &str = include_str!("../../../../CHANGELOG.md");

static SOURCES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../docs");

/// Sections in reading order; folders that are not named here follow by name.
const ORDER: [&str; 4] = ["guides", "concepts", "sdk", "operations"];
/// Served, but in no menu and no search: what is measured is for people who look for it.
pub(super) const MEASURED: &str = "Benchmarks";
/// Names of sections in Swahili; what is a name in both is not in it.
const SECTIONS: [(&str, &str); 6] = [
    ("Guides", "Miongozo"),
    ("Concepts", "Dhana"),
    ("Operations", "Uendeshaji"),
    ("Verbs", "Vitendo"),
    ("Events", "Matukio"),
    ("Reference", "Marejeo"),
];
/// A section of more pages than this stands on the start page as names alone.
const LONG: usize = 17;
/// What stands first in its section, in this order; other pages follow by title.
const FIRST: [&str; 7] =
    ["quickstart", "place-a-call", "calls", "voice-actions", "browser-calling", "install", "configuration"];

static LIBRARY: LazyLock<Library> = LazyLock::new(Library::load);

/// The language of what is not said otherwise.
pub(super) const ENGLISH: &str = "en";
/// Folder of `docs/` that has the same folders and files in Swahili, and that language.
pub(super) const SWAHILI: &str = "sw";

/// The page at `path` in this language, in English where there is no other; `None` when there is none.
pub(super) fn article(path: &str, lang: &str) -> Option<Article> {
    let swahili = LIBRARY.swahili.get(path).filter(|_| lang == SWAHILI).map(|page| (SWAHILI, page));
    let (written_in, page) = swahili.or(LIBRARY.pages.get(path).map(|page| (ENGLISH, page)))?;
    let page = page.clone();
    Some(Article {
        lang: written_in,
        title: page.title,
        summary: page.summary,
        html: page.html,
        headings: page.headings,
        group: LIBRARY.groups.get(path).cloned(),
        menu: menu(lang),
        index: search::index_address(lang),
    })
}

/// Links to all pages, by the names that they have in this language.
pub(in crate::http) fn menu(lang: &str) -> Arc<Vec<MenuSection>> {
    if lang == SWAHILI { LIBRARY.swahili_menu.clone() } else { LIBRARY.menu.clone() }
}

/// Every page as it was written, for searching and for programs.
pub(super) fn sources() -> &'static [Source] {
    &LIBRARY.sources
}

/// The same as readers of this language see them: translated where there is a translation.
pub(super) fn sources_in(lang: &str) -> &'static [Source] {
    if lang == SWAHILI { &LIBRARY.swahili_sources } else { &LIBRARY.sources }
}

/// A page as it was written.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) href: String,
    pub(super) title: String,
    /// The section of the menu that it belongs to.
    pub(super) section: String,
    /// Second-level headings.
    pub(super) headings: Vec<String>,
    pub(super) markdown: String,
}

impl Source {
    /// Whether it is the page of one error code.
    pub(super) fn is_of_a_code(&self) -> bool {
        self.href.starts_with(errors::LIST) && self.href != errors::LIST
    }
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

#[derive(Default)]
struct Library {
    menu: Arc<Vec<MenuSection>>,
    swahili_menu: Arc<Vec<MenuSection>>,
    pages: HashMap<String, Rendered>,
    /// The same in Swahili, as far as it is translated.
    swahili: HashMap<String, Rendered>,
    /// What is drawn below a page's text: the requests of a group of the API.
    groups: HashMap<String, Arc<Group>>,
    sources: Vec<Source>,
    swahili_sources: Vec<Source>,
}

impl Library {
    fn load() -> Self {
        let translated = swahili();
        let swahili = translated.iter().map(|(href, (_, page))| (href.clone(), page.clone())).collect();
        let mut library = Self { swahili, ..Self::default() };
        let mut folders: Vec<_> = SOURCES.dirs().filter_map(|dir| Some((dir.path().to_str()?, dir))).collect();
        folders.sort_by_key(|(name, _)| (place(&ORDER, name), *name));
        let mut menu: Vec<_> =
            folders.into_iter().map(|(name, dir)| library.section(name, dir)).filter(|s| !s.pages.is_empty()).collect();
        menu.retain(|section| section.title != MEASURED);
        menu.push(library.api());
        menu.push(library.written("Verbs", "verbs", verbs::pages()));
        menu.push(library.written("Events", "events", events::pages()));
        menu.push(library.reference());
        let changes = CHANGELOG.replace("](docs/", "](");
        library.keep(format!("{ROOT}/changelog"), "Reference", &changes, markdown::render(&changes, ""));
        library.swahili_sources = library.sources.iter().map(|source| in_swahili(source, &translated)).collect();
        let swahili_menu: Vec<_> = menu.iter().map(|section| library.in_swahili(section)).collect();
        let listed: Vec<_> = menu.iter().map(|section| library.listed(section)).collect();
        let start = start_page("Documentation", "How Sautikit works, how to build on it and how to run it.", &listed);
        library.pages.insert(ROOT.to_owned(), markdown::render(&start, ""));
        let listed: Vec<_> = swahili_menu.iter().map(|section| library.listed(section)).collect();
        let start = start_page("Nyaraka", "Jinsi Sautikit inavyofanya kazi, kuitumia na kuiendesha.", &listed);
        library.swahili.insert(ROOT.to_owned(), markdown::render(&start, ""));
        (library.menu, library.swahili_menu) = (Arc::new(menu), Arc::new(swahili_menu));
        library
    }

    /// The section with the names of its pages that are translated.
    fn in_swahili(&self, section: &MenuSection) -> MenuSection {
        let page = |page: &MenuPage| match self.swahili.get(&page.href) {
            Some(translated) => MenuPage { title: translated.title.clone(), lang: SWAHILI, ..page.clone() },
            None => page.clone(),
        };
        MenuSection { title: section_in_swahili(&section.title), pages: section.pages.iter().map(page).collect() }
    }

    fn section(&mut self, folder: &str, dir: &Dir<'static>) -> MenuSection {
        let mut pages = Vec::new();
        for file in dir.files() {
            let (Some(stem), Some(source)) = (markdown_stem(file.path()), file.contents_utf8()) else { continue };
            let rendered = markdown::render(source, folder);
            let href = format!("{ROOT}/{folder}/{stem}");
            pages.push((place(&FIRST, stem), MenuPage::english(href.clone(), rendered.title.clone())));
            self.keep(href, &words(folder), source, rendered);
        }
        pages.sort_by(|(a, page_a), (b, page_b)| (a, &page_a.title).cmp(&(b, &page_b.title)));
        MenuSection { title: words(folder), pages: pages.into_iter().map(|(_, page)| page).collect() }
    }

    /// Pages that are written from the code, a link each.
    fn written(&mut self, title: &str, folder: &str, pages: Vec<(String, String)>) -> MenuSection {
        let links = pages.into_iter().map(|(href, source)| {
            let rendered = markdown::render(&source, folder);
            let link = MenuPage::english(href.clone(), rendered.title.clone());
            self.keep(href, title, &source, rendered);
            link
        });
        let pages = links.collect();
        MenuSection { title: title.to_owned(), pages }
    }

    /// The requests of the API.
    fn api(&mut self) -> MenuSection {
        let links = reference::pages().into_iter().map(|Page { href, markdown, head, group }| {
            let mut rendered = markdown::render(&head, "api");
            if let Some(group) = &group {
                let heading = |one: &Operation| Heading { id: one.anchor.clone(), text: one.title.clone() };
                rendered.headings = group.operations.iter().map(heading).collect();
                self.groups.insert(href.clone(), group.clone());
            }
            let link = MenuPage::english(href.clone(), rendered.title.clone());
            self.keep(href, "API", &markdown, rendered);
            link
        });
        MenuSection { title: "API".to_owned(), pages: links.collect() }
    }

    fn keep(&mut self, href: String, section: &str, source: &str, rendered: Rendered) {
        self.sources.push(Source {
            href: href.clone(),
            title: rendered.title.clone(),
            section: section.to_owned(),
            headings: headings_of(&rendered),
            markdown: source.to_owned(),
        });
        self.pages.insert(href, rendered);
    }

    /// What is written from the code.
    fn reference(&mut self) -> MenuSection {
        for (href, source) in errors::pages() {
            let rendered = markdown::render(&source, "errors");
            self.keep(href, "Errors", &source, rendered);
        }
        let list = MenuPage::english(errors::LIST.to_owned(), "Error catalogue".to_owned());
        let source = roles::page();
        let about_roles = markdown::render(&source, "reference");
        let page = MenuPage::english(roles::PATH.to_owned(), about_roles.title.clone());
        self.keep(roles::PATH.to_owned(), "Reference", &source, about_roles);
        let changes = MenuPage::english(format!("{ROOT}/changelog"), "Changelog".to_owned());
        MenuSection { title: "Reference".to_owned(), pages: vec![list, page, changes] }
    }

    fn listed(&self, section: &MenuSection) -> Listed {
        let about = |page: &MenuPage| {
            let pages = if page.lang == SWAHILI { &self.swahili } else { &self.pages };
            let summary = pages.get(&page.href).map(|rendered| rendered.summary.clone());
            (page.href.clone(), page.title.clone(), summary.unwrap_or_default())
        };
        Listed { title: section.title.clone(), pages: section.pages.iter().map(about).collect() }
    }
}

fn headings_of(page: &Rendered) -> Vec<String> {
    page.headings.iter().map(|heading| heading.text.clone()).collect()
}

fn section_in_swahili(title: &str) -> String {
    let known = SECTIONS.iter().find(|(english, _)| *english == title);
    known.map_or(title, |(_, swahili)| *swahili).to_owned()
}

/// The page as it is searched in Swahili.
fn in_swahili(source: &Source, translated: &HashMap<String, (String, Rendered)>) -> Source {
    // What is measured is left out by the name of its section.
    let section = section_in_swahili(&source.section);
    match translated.get(&source.href) {
        Some((markdown, page)) => Source {
            href: source.href.clone(),
            title: page.title.clone(),
            section,
            headings: headings_of(page),
            markdown: markdown.clone(),
        },
        None => Source { section, ..source.clone() },
    }
}

/// Pages that are translated, as they were written and as they are shown, by the address of their original.
fn swahili() -> HashMap<String, (String, Rendered)> {
    let folders = SOURCES.get_dir(SWAHILI).into_iter().flat_map(Dir::dirs);
    let files = folders.flat_map(Dir::files);
    let page = |file: &include_dir::File<'static>| {
        let (path, source) = (file.path().strip_prefix(SWAHILI).ok()?, file.contents_utf8()?);
        let stem = markdown_stem(path)?;
        let folder = path.parent()?.to_str()?;
        let rendered = markdown::render(source, &format!("{SWAHILI}/{folder}"));
        Some((format!("{ROOT}/{folder}/{stem}"), (source.to_owned(), rendered)))
    };
    files.filter_map(page).collect()
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
fn start_page(title: &str, lead: &str, sections: &[Listed]) -> String {
    let mut page = format!("# {title}\n\n{lead}\n");
    for section in sections {
        page += &format!("\n## {}\n\n", section.title);
        if section.pages.len() > LONG {
            let links: Vec<_> = section.pages.iter().map(|(href, title, _)| format!("[{title}]({href})")).collect();
            page += &format!("{}\n", links.join(" · "));
            continue;
        }
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
                assert!(article(href, ENGLISH).is_some(), "{href}");
            }
        }
        assert!(article(ROOT, ENGLISH).is_some());
        assert!(article("/docs/nothing", ENGLISH).is_none());
    }

    /// What stands between the fences of that language on the page.
    fn blocks<'a>(page: &'a str, language: &str) -> impl Iterator<Item = &'a str> {
        let fence = format!("```{language}\n");
        let parts: Vec<_> = page.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("\n```").next()).collect();
        parts.into_iter()
    }

    #[test]
    fn every_document_of_the_guides_is_read_as_a_call_reads_it() {
        use sautikit_api::actions::{Asked, parse_json, parse_xml};
        let asked = Asked { url: "https://shop.example/voice", room: "room", compat: Default::default() };
        let mut read = 0;
        for source in sources().iter().filter(|source| source.section == "Guides") {
            for block in blocks(&source.markdown, "json").filter(|block| block.contains("\"actions\"")) {
                let actions = parse_json(block.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", source.href));
                assert!(!actions.is_empty(), "{}", source.href);
                read += 1;
            }
            for block in blocks(&source.markdown, "xml") {
                let document =
                    parse_xml(block.as_bytes(), &asked).unwrap_or_else(|error| panic!("{}: {error}", source.href));
                assert!(document.warnings.is_empty(), "{}: {:?}", source.href, document.warnings);
                read += 1;
            }
        }
        assert!(read >= 12, "{read} documents");
    }

    /// Words that English sentences have and Swahili ones do not.
    const ENGLISH_WORDS: [&str; 16] = [
        "the", "and", "of", "is", "are", "with", "your", "for", "this", "that", "not", "will", "has", "have", "was",
        "when",
    ];

    /// The text of a page without what is code, and without where its links lead.
    fn prose(page: &str) -> String {
        let mut is_code = false;
        let mut prose = String::new();
        for line in page.lines() {
            if line.starts_with("```") {
                is_code = !is_code;
            } else if !is_code && !line.starts_with("    ") {
                let words: Vec<&str> = line.split('`').step_by(2).collect();
                let words = words.join(" ");
                let parts = words.split("](").enumerate();
                let parts =
                    parts.map(|(at, part)| if at == 0 { part } else { part.split_once(')').unwrap_or_default().1 });
                prose.extend(parts.chain(["\n"]));
            }
        }
        prose
    }

    #[test]
    fn every_guide_is_there_in_swahili_with_the_same_code_and_no_english_left_over() {
        let guides = SOURCES.get_dir("guides").unwrap().files();
        // Of concepts those that are there already.
        let concepts = SOURCES.get_dir("concepts").unwrap().files();
        for file in guides.chain(concepts) {
            let path = file.path();
            let translated = match SOURCES.get_file(std::path::Path::new(SWAHILI).join(path)) {
                Some(translated) => translated,
                None if path.starts_with("concepts") => continue,
                None => panic!("{} is not translated", path.display()),
            };
            let (original, translated) = (file.contents_utf8().unwrap(), translated.contents_utf8().unwrap());
            for language in ["sh", "json", "xml", "http", "js", "python", "go", "php", "ini", "text"] {
                let (one, other): (Vec<_>, Vec<_>) =
                    (blocks(original, language).collect(), blocks(translated, language).collect());
                assert_eq!(one, other, "{}", path.display());
            }
            let prose = prose(translated);
            let mut words = prose.split(|letter: char| !letter.is_alphanumeric());
            let left = words.find(|word| ENGLISH_WORDS.contains(word));
            assert_eq!(left, None, "{}: {prose}", path.display());
        }
        let page = article("/docs/guides/quickstart", SWAHILI).unwrap();
        assert_eq!((page.lang, page.title.as_str()), (SWAHILI, "Anza haraka"));
        assert!(page.html.contains("href=\"/docs/guides/place-a-call\""), "{}", page.html);
        assert_eq!(article("/docs/concepts/calls", SWAHILI).unwrap().lang, ENGLISH);
    }

    #[test]
    fn the_menu_names_pages_in_the_readers_language() {
        let start = article(ROOT, SWAHILI).unwrap();
        assert_eq!((start.lang, start.title.as_str()), (SWAHILI, "Nyaraka"));
        assert!(start.html.contains("Anza haraka") && start.html.contains(">Miongozo</h2>"), "{}", start.html);
        let (english, swahili) = (menu(ENGLISH), menu(SWAHILI));
        assert_eq!(english.len(), swahili.len());
        for (one, other) in english.iter().zip(swahili.iter()) {
            let hrefs = |section: &MenuSection| section.pages.iter().map(|page| page.href.clone()).collect::<Vec<_>>();
            assert_eq!(hrefs(one), hrefs(other));
        }
        assert!(swahili.iter().flat_map(|section| &section.pages).filter(|page| page.lang == SWAHILI).count() > 10);
    }

    #[test]
    fn what_is_code_is_no_prose() {
        assert_eq!(prose("a `the` b [c](the.md) d\n```sh\nthe\n```\n    the\n"), "a   b [c d\n");
    }
}
