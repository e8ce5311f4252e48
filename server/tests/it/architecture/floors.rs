//! The floors of the server: a room knows what stands below it, never what stands above.
//!
//! Read with a parser from the files that the compiler reads ([`reader`](super::reader)), so that a renamed import, a path
//! in a macro or a field's type can not hide from it.

use std::collections::{BTreeMap, BTreeSet};

use super::none;
use super::reader::names;

/// From the top. Every module of `server/src` stands here once.
const FLOORS: [(&str, &[&str]); 8] = [
    ("start everything, know everybody", &["main", "serve", "listen", "doctor", "statements"]),
    ("the router, the API's document, docs, console", &["http"]),
    ("sockets, legs, media, call tasks", &["gateway"]),
    ("rooms", ROOMS),
    ("what a room's http.rs needs", &["web"]),
    ("queue and runner, certificates", &["jobs", "tls"]),
    ("what all share", &["state"]),
    (
        "values and the world's edges",
        &[
            "db",
            "clock",
            "entropy",
            "secrets",
            "config",
            "address",
            "destination",
            "telephone",
            "mailbox",
            "rating",
            "row",
            "line",
            "lines",
            "sheet",
            "spreadsheet",
            "tax",
            "telemetry",
            "descriptors",
        ],
    ),
];

/// One subject each.
pub(super) const ROOMS: &[&str] = &[
    "accounts",
    "api_keys",
    "audit",
    "calls",
    "mail",
    "numbers",
    "payments",
    "pricing",
    "privacy",
    "recordings",
    "requests",
    "shadow",
    "sip_credentials",
    "sip_tokens",
    "storage",
    "trunks",
    "wallet",
    "webhooks",
];

/// Who may know whom on the same floor. Whoever is known stands further down in this list, so that it has no circle.
const NEIGHBOURS: &[(&str, &[&str])] = &[
    ("main", &["serve", "listen", "doctor"]),
    ("doctor", &["serve"]),
    ("privacy", &["recordings", "calls", "numbers", "wallet", "requests", "shadow", "audit"]),
    ("sip_credentials", &["sip_tokens", "numbers", "audit"]),
    ("sip_tokens", &["accounts", "api_keys", "numbers", "audit"]),
    ("api_keys", &["accounts", "trunks", "audit"]),
    ("trunks", &["audit"]),
    ("recordings", &["calls", "storage", "webhooks", "audit"]),
    ("storage", &["wallet", "webhooks", "audit"]),
    ("calls", &["accounts", "numbers", "pricing", "wallet", "webhooks", "mail", "audit"]),
    ("payments", &["numbers", "accounts", "wallet", "webhooks", "mail", "audit"]),
    ("pricing", &["numbers", "wallet", "audit"]),
    ("numbers", &["accounts", "wallet", "webhooks", "mail", "audit"]),
    ("accounts", &["wallet", "mail", "audit"]),
    ("wallet", &["webhooks", "mail", "audit"]),
    ("webhooks", &["mail", "audit"]),
    ("destination", &["telephone"]),
    ("mailbox", &["line"]),
    ("lines", &["spreadsheet"]),
    ("telemetry", &["clock", "config"]),
    ("db", &["config"]),
    ("config", &["line", "secrets", "telephone"]),
    ("secrets", &["entropy"]),
    ("entropy", &["clock"]),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|(_, modules)| modules.contains(&module))
}

/// Whether the house allows it.
fn goes_down(from: &str, to: &str) -> bool {
    let neighbours = || NEIGHBOURS.iter().any(|(above, below)| *above == from && below.contains(&to));
    match (floor(from), floor(to)) {
        // Floors are counted from the top.
        (Some(above), Some(below)) => above < below || (above == below && neighbours()),
        _ => false,
    }
}

/// Who names whom, and where.
fn arrows() -> BTreeMap<(&'static str, &'static str), Vec<String>> {
    let mut arrows: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for name in names() {
        if let Some(to) = name.to_room()
            && to != name.room()
        {
            arrows.entry((name.room(), to)).or_default().push(name.shown());
        }
    }
    arrows
}

#[test]
fn arrows_between_modules_only_go_down() {
    let upwards = arrows().into_iter().filter(|((from, to), _)| !goes_down(from, to));
    let breaks = upwards.map(|((from, to), at)| format!("{from} → {to}\n    {}", at.join("\n    "))).collect();
    none("modules of the server know only what stands below them", breaks);
}

#[test]
fn every_module_stands_on_one_floor() {
    let modules: BTreeSet<_> =
        names().iter().flat_map(|name| name.to_room().into_iter().chain([name.room()])).collect();
    let stand: Vec<&str> = FLOORS.iter().flat_map(|(_, modules)| modules.iter().copied()).collect();
    let nowhere = modules.iter().filter(|name| !stand.contains(name));
    let mut breaks: Vec<_> = nowhere.map(|name| format!("{name} stands nowhere")).collect();
    for (at, name) in stand.iter().enumerate() {
        if !modules.contains(name) {
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
    let arrows = arrows();
    let mut breaks = Vec::new();
    for (at, (from, known)) in NEIGHBOURS.iter().enumerate() {
        for to in *known {
            if NEIGHBOURS[..=at].iter().any(|(above, _)| above == to) {
                breaks.push(format!("{from} → {to}: {to} stands above"));
            }
            if !arrows.contains_key(&(*from, *to)) {
                breaks.push(format!("{from} → {to} is not used: strike it"));
            }
        }
    }
    none("NEIGHBOURS says who knows whom on one floor, from the top down", breaks);
}
