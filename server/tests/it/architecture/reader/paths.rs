//! The paths of one file.

use std::collections::HashMap;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Field, ImplItem, Item, ItemMod, ItemUse, Macro, Path, UseTree};

use super::Name;
use super::modules::{Module, is_for_tests};

/// Everything that the file names.
pub(super) fn of(module: &Module) -> Vec<Name> {
    let mut reader = Reader { module, path: module.path.clone(), imports: HashMap::new(), names: Vec::new() };
    // Imports stand before and behind what they are used by; the second reading knows all of them.
    reader.visit_file(&module.syntax);
    reader.names.clear();
    reader.visit_file(&module.syntax);
    reader.names
}

struct Reader<'a> {
    module: &'a Module,
    /// Where the reader stands: deeper than the file within `mod x { … }`.
    path: Vec<String>,
    /// What imported names stand for.
    imports: HashMap<String, Vec<String>>,
    names: Vec<Name>,
}

impl Reader<'_> {
    /// The path from its crate on.
    fn full(&self, segments: &[String]) -> Vec<String> {
        let root = || vec!["crate".to_owned()];
        let Some(first) = segments.first() else { return Vec::new() };
        // The binary names the library from outside.
        let is_binary = self.module.path.first().is_some_and(|root| root == "main");
        match first.as_str() {
            "sautikit" if is_binary => [root(), segments[1..].to_vec()].concat(),
            "self" => [root(), self.path.clone(), segments[1..].to_vec()].concat(),
            "super" => {
                let up = segments.iter().take_while(|segment| *segment == "super").count();
                [root(), self.path[..self.path.len().saturating_sub(up)].to_vec(), segments[up..].to_vec()].concat()
            }
            first => match self.imports.get(first) {
                Some(import) => [import.as_slice(), &segments[1..]].concat(),
                None => segments.to_vec(),
            },
        }
    }

    /// Notes a path as it is written.
    fn note(&mut self, segments: &[String], span: Span) {
        let path = self.full(segments);
        if path.len() > 1 {
            let (file, module) = (self.module.file.clone(), self.path.clone());
            self.names.push(Name { file, line: span.start().line, module, path });
        }
    }

    fn note_import(&mut self, segments: Vec<String>, name: String, span: Span) {
        // `use x::{self}` names x.
        let own = segments.last().is_some_and(|last| last == "self");
        let kept = segments.len() - usize::from(own);
        let name = if own && name == "self" { segments[kept - 1].clone() } else { name };
        let full = if segments[0] == name { segments[..kept].to_vec() } else { self.full(&segments[..kept]) };
        self.note(&segments[..kept], span);
        self.imports.insert(name, full);
    }

    fn note_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &dyn ToString| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.note_tree(&with(&path.ident), &path.tree),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.note_tree(before, tree)),
            UseTree::Name(name) => self.note_import(with(&name.ident), name.ident.to_string(), name.ident.span()),
            UseTree::Rename(name) => self.note_import(with(&name.ident), name.rename.to_string(), name.ident.span()),
            UseTree::Glob(star) => self.note(before, star.star_token.spans[0]),
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
        if let Some(first) = path.segments.first() {
            self.note(&segments, first.ident.span());
        }
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
