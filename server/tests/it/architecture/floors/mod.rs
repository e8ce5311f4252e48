//! The floors of the server: a room knows what stands below it, never what stands above.
//!
//! Read with a parser from the files that the compiler reads ([`modules`], [`arrows`]), so that a renamed import, a path
//! in a macro or a field's type can not hide from it.

mod arrows;
mod modules;

use std::collections::{BTreeMap, BTreeSet};

use self::arrows::Arrow;
use super::none;

/// From the top. Every module of `server/src` stands here once.
const FLOORS: [(&str, &[&str]); 8] = [
    ("start everything, know everybody", &["main", "serve", "statements", "clean_up"]),
    ("the router, the API's document, docs, console", &["http"]),
    ("sockets, legs, media, call tasks", &["gateway"]),
    ("rooms", &ROOMS),
    ("what a room's http.rs needs", &["web", "error"]),
    ("queue and runner", &["jobs"]),
    ("what all share", &["state"]),
    (
        "values and the world's edges",
        &["db", "clock", "entropy", "secrets", "config", "address", "row", "line", "telemetry", "descriptors"],
    ),
];

/// One subject each.
const ROOMS: [&str; 12] = [
    "accounts",
    "api_keys",
    "audit",
    "calls",
    "mail",
    "numbers",
    "payments",
    "pricing",
    "requests",
    "sip_tokens",
    "wallet",
    "webhooks",
];

/// Who may know whom on the same floor. Whoever is known stands further down in this list, so that it has no circle.
const NEIGHBOURS: [(&str, &[&str]); 14] = [
    ("main", &["serve"]),
    ("serve", &["clean_up"]),
    ("sip_tokens", &["accounts", "api_keys", "numbers", "audit"]),
    ("api_keys", &["accounts", "audit"]),
    ("calls", &["accounts", "numbers", "pricing", "wallet", "webhooks", "audit"]),
    ("payments", &["wallet", "webhooks", "audit"]),
    ("accounts", &["wallet", "mail", "audit"]),
    ("numbers", &["wallet", "webhooks", "audit"]),
    ("wallet", &["webhooks"]),
    ("telemetry", &["clock", "config"]),
    ("db", &["config"]),
    ("config", &["secrets"]),
    ("secrets", &["entropy"]),
    ("entropy", &["clock"]),
];

/// Arrows that still run upwards or sideways. The list only shrinks: one that is gone must go from it.
const TO_BE_TURNED: &[(&str, &str)] = &[
    ("accounts", "api_keys"),
    ("accounts", "calls"),
    ("accounts", "http"),
    ("accounts", "numbers"),
    ("accounts", "statements"),
    ("api_keys", "http"),
    ("api_keys", "statements"),
    ("audit", "accounts"),
    ("audit", "http"),
    ("audit", "statements"),
    ("calls", "http"),
    ("calls", "statements"),
    ("error", "accounts"),
    ("error", "api_keys"),
    ("error", "calls"),
    ("error", "numbers"),
    ("error", "payments"),
    ("error", "sip_tokens"),
    ("error", "wallet"),
    ("error", "web"),
    ("gateway", "http"),
    ("jobs", "clean_up"),
    ("jobs", "mail"),
    ("jobs", "payments"),
    ("jobs", "statements"),
    ("numbers", "accounts"),
    ("numbers", "calls"),
    ("numbers", "http"),
    ("numbers", "statements"),
    ("payments", "accounts"),
    ("payments", "calls"),
    ("payments", "http"),
    ("payments", "statements"),
    ("pricing", "calls"),
    ("pricing", "statements"),
    ("requests", "accounts"),
    ("requests", "http"),
    ("requests", "statements"),
    ("sip_tokens", "http"),
    ("sip_tokens", "statements"),
    ("state", "accounts"),
    ("state", "api_keys"),
    ("state", "calls"),
    ("state", "http"),
    ("state", "mail"),
    ("state", "requests"),
    ("state", "web"),
    ("wallet", "accounts"),
    ("wallet", "http"),
    ("wallet", "statements"),
    ("web", "error"),
    ("web", "http"),
    ("web", "statements"),
    ("webhooks", "statements"),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, modules)| modules.contains(&module))
}

/// Whether the house allows it.
fn goes_down(arrow: &Arrow) -> bool {
    let neighbours = || NEIGHBOURS.iter().any(|(from, to)| *from == arrow.from && to.contains(&arrow.to.as_str()));
    match (floor(&arrow.from), floor(&arrow.to)) {
        // Floors are counted from the top.
        (Some(from), Some(to)) => from < to || (from == to && neighbours()),
        _ => false,
    }
}

fn all_arrows() -> BTreeSet<Arrow> {
    modules::all().iter().flat_map(arrows::of).collect()
}

#[test]
fn arrows_between_modules_only_go_down() {
    let mut upwards: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for arrow in all_arrows().into_iter().filter(|arrow| !goes_down(arrow)) {
        upwards.entry((arrow.from, arrow.to)).or_default().push(arrow.at);
    }
    let is_listed = |from: &str, to: &str| TO_BE_TURNED.contains(&(from, to));
    let mut breaks: Vec<String> = upwards
        .iter()
        .filter(|((from, to), _)| !is_listed(from, to))
        .map(|((from, to), at)| format!("{from} → {to}\n    {}", at.join("\n    ")))
        .collect();
    let gone = TO_BE_TURNED.iter().filter(|(from, to)| !upwards.contains_key(&((*from).to_owned(), (*to).to_owned())));
    breaks.extend(gone.map(|(from, to)| format!("{from} → {to} is listed and there no more: strike it")));
    none("modules of the server know only what stands below them", breaks);
}

#[test]
fn every_module_stands_on_one_floor() {
    let paths = modules::all().into_iter().filter_map(|module| module.path.into_iter().next());
    let modules: BTreeSet<_> = paths.collect();
    let stand: Vec<&str> = FLOORS.iter().flat_map(|(_, modules)| modules.iter().copied()).collect();
    let mut breaks: Vec<_> = modules
        .iter()
        .filter(|name| !stand.contains(&name.as_str()))
        .map(|name| format!("{name} stands nowhere"))
        .collect();
    for (at, name) in stand.iter().enumerate() {
        if !modules.contains(*name) {
            breaks.push(format!("{name} is no module"));
        }
        if stand[..at].contains(name) {
            breaks.push(format!("{name} stands twice"));
        }
    }
    none("FLOORS holds each module of server/src once", breaks);
}

#[test]
fn neighbours_form_no_circle_and_know_each_other() {
    let arrows = all_arrows();
    let mut breaks = Vec::new();
    for (at, (from, known)) in NEIGHBOURS.iter().enumerate() {
        for to in *known {
            if NEIGHBOURS[..=at].iter().any(|(above, _)| above == to) {
                breaks.push(format!("{from} → {to}: {to} stands above"));
            }
            if !arrows.iter().any(|arrow| arrow.from == *from && arrow.to == *to) {
                breaks.push(format!("{from} → {to} is not used: strike it"));
            }
        }
    }
    none("NEIGHBOURS says who knows whom on one floor, from the top down", breaks);
}

#[test]
fn the_reader_sees_what_a_search_for_words_does_not() {
    let syntax = syn::parse_str(
        r#"
        use super::super::{http as web_edge, state::{AppState, Shared as Parts}};
        struct Kept { #[serde(with = "crate::clock::text")] at: i64, of: Vec<crate::mail::Mail>, own: super::Sibling }
        fn run() { tracing::info!(count = crate::requests::count(), "{}", { use crate::{row, line}; 1 }); }
        #[cfg(test)] fn only_tests() { crate::gateway::start(); }
        #[cfg(test)] mod tests { use crate::serve; }
        "#,
    )
    .unwrap();
    let file = modules::Module { file: "x.rs".to_owned(), path: vec!["calls".to_owned(), "record".to_owned()], syntax };
    let seen: BTreeSet<_> = arrows::of(&file).into_iter().map(|arrow| arrow.to).collect();
    let expected = ["clock", "http", "line", "mail", "requests", "row", "state"];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}
