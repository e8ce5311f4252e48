//! Which module names which: `use` lines, paths in types and expressions, and what stands in macros and attributes.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Field, ImplItem, Item, ItemMod, ItemUse, Macro, Path, UseTree};

use super::modules::{Module, is_for_tests};

/// One module names another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrow {
    /// The first step of the path: `calls`, `http`; the library's root is `lib`.
    pub(super) from: String,
    pub(super) to: String,
    /// `server/src/calls/http.rs:12: crate::web::page`.
    pub(super) at: String,
}

/// All arrows of a file that leave its room.
pub(super) fn of(module: &Module) -> Vec<Arrow> {
    let mut reader = Reader { module, path: module.path.clone(), arrows: Vec::new() };
    reader.visit_file(&module.syntax);
    reader.arrows
}

struct Reader<'a> {
    module: &'a Module,
    /// Where the reader stands: deeper than the file within `mod x { … }`.
    path: Vec<String>,
    arrows: Vec<Arrow>,
}

impl Reader<'_> {
    /// Notes a path as it is written.
    fn note(&mut self, segments: &[String], span: Span) {
        let Some(first) = segments.first() else { return };
        // The binary names the library from outside.
        let is_binary = self.module.path.first().is_some_and(|root| root == "main");
        let full = match first.as_str() {
            "crate" => segments[1..].to_vec(),
            "sautikit" if is_binary => segments[1..].to_vec(),
            "super" => {
                let up = segments.iter().take_while(|segment| *segment == "super").count();
                [&self.path[..self.path.len().saturating_sub(up)], &segments[up..]].concat()
            }
            _ => return,
        };
        let Some(to) = full.first() else { return };
        let from = self.module.path.first().map_or("lib", String::as_str);
        if from != to {
            let at = format!("{}:{}: {}", self.module.file, span.start().line, segments.join("::"));
            self.arrows.push(Arrow { from: from.to_owned(), to: to.clone(), at });
        }
    }

    fn note_tree(&mut self, before: &[String], tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                self.note_tree(&[before, &[path.ident.to_string()]].concat(), &path.tree);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.note_tree(before, tree)),
            UseTree::Name(name) => self.note(&[before, &[name.ident.to_string()]].concat(), name.span()),
            UseTree::Rename(name) => self.note(&[before, &[name.ident.to_string()]].concat(), name.span()),
            UseTree::Glob(star) => self.note(before, star.span()),
        }
    }

    /// Paths among tokens that no grammar is known for: `ident :: ident :: …`.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut start = None;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.end_of_path(&mut path, start);
                        start = Some(name.span());
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    // `use crate::{…}` in a macro's body.
                    let head =
                        if colons == 2 && group.delimiter() == Delimiter::Brace { path.clone() } else { Vec::new() };
                    self.end_of_path(&mut path, start);
                    colons = 0;
                    if head.is_empty() {
                        self.note_tokens(group.stream());
                    } else {
                        for name in group.stream() {
                            if let TokenTree::Ident(name) = name {
                                self.note(&[head.as_slice(), &[name.to_string()]].concat(), name.span());
                            }
                        }
                    }
                }
                TokenTree::Literal(literal) => {
                    self.end_of_path(&mut path, start);
                    colons = 0;
                    let text = literal.to_string();
                    // serde's `with = "crate::…"`.
                    if let Some(text) = text.strip_prefix("\"crate::") {
                        let rest = text.trim_end_matches('"').split("::").map(str::to_owned);
                        let full: Vec<_> = std::iter::once("crate".to_owned()).chain(rest).collect();
                        self.note(&full, literal.span());
                    }
                }
                TokenTree::Punct(_) => {
                    self.end_of_path(&mut path, start);
                    colons = 0;
                }
            }
        }
        self.end_of_path(&mut path, start);
    }

    fn end_of_path(&mut self, path: &mut Vec<String>, start: Option<Span>) {
        if let Some(start) = start {
            self.note(path, start);
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if !is_for_tests(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.path.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.path.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.note_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&segments, path.span());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.note_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.note_tokens(list.tokens.clone());
        }
        visit::visit_attribute(self, attribute);
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
