//! `/operator/overview`: the installation at a glance: what runs, what is not well, what waits for an operator.

use super::{
    home_attention::{Item, listed},
    member::{Member, person_page},
};
use crate::{
    api_client::ApiFailure,
    components::{Notice, PageHead, Tone},
    i18n::{Lang, fill},
};
use leptos::prelude::*;
use sautikit_api::{
    operator::{AdminCall, AdminJob, AdminNode, UnmatchedPayment},
    trunks::Trunk,
};

/// Seconds between two looks (`app/js/live.js`).
const LOOK_SECONDS: &str = "5";
/// Rows of a list that are counted; of more it is only said that there are.
const COUNTED: usize = 200;

/// The installation.
#[component]
pub(crate) fn OperatorOverviewPage() -> impl IntoView {
    person_page(|text| text.operator.overview, content)
}

/// What the page goes by.
struct Facts {
    calls: Vec<AdminCall>,
    nodes: Vec<AdminNode>,
    trunks: Vec<Trunk>,
    dead: Vec<AdminJob>,
    payments: Vec<UnmatchedPayment>,
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().operator, member.visit.lang);
    let api = member.api();
    let page = |path: &str| format!("{path}?limit={COUNTED}");
    let facts = Facts {
        calls: api.get(page("/v1/admin/calls")).await?,
        nodes: api.get("/v1/admin/nodes").await?,
        trunks: api.get("/v1/admin/trunks").await?,
        dead: api.get(page("/v1/admin/jobs")).await?,
        payments: api.get(page("/v1/admin/payments/unmatched")).await?,
    };
    let attention = match listed(items(&facts, lang), lang) {
        Some(attention) => attention,
        None => view! { <Notice tone=Tone::Good title=text.all_well.to_owned() text=String::new()/> }.into_any(),
    };
    Ok(view! {
        <PageHead title=text.overview.to_owned() text=text.overview_text/>
        <div class="stack-lg" data-live="operator-overview" data-live-seconds=LOOK_SECONDS data-live-changes="installation">
            {figures(&member, &facts)}
            {attention}
        </div>
    }
    .into_any())
}

fn figures(member: &Member, facts: &Facts) -> AnyView {
    let text = &member.text().operator;
    let trunks_text = &member.text().trunks;
    let of = |well: usize, all: usize| format!("{well} / {all}");
    let serving = facts.nodes.iter().filter(|node| node.state == "serving").count();
    let open = facts.trunks.iter().filter(|trunk| trunk.is_enabled);
    let well = open.clone().filter(|trunk| trouble(trunk).is_none()).count();
    let stat = |href: &'static str, label: &'static str, value: String| {
        view! { <div class="stat"><a class="stat__label" href=href>{label}</a><span class="stat__value">{value}</span></div> }
    };
    view! {
        <section class="stats" aria-label=text.overview>
            {stat("/operator/calls", text.running, counted(facts.calls.len()))}
            {stat("/operator/nodes", text.nodes_serving, of(serving, facts.nodes.len()))}
            {stat("/operator/trunks", text.trunks_well, of(well, open.count()))}
            {stat("/operator/trunks", trunks_text.answered, answer_rate(&facts.trunks))}
            {stat("/operator/payments", text.waiting, counted(facts.payments.len()))}
            {stat("/operator/jobs", text.jobs_dead, counted(facts.dead.len()))}
        </section>
    }
    .into_any()
}

/// `12`, or `200+` where a list has no room for all.
fn counted(rows: usize) -> String {
    if rows < COUNTED { rows.to_string() } else { format!("{COUNTED}+") }
}

/// Of all attempts at all trunks.
fn answer_rate(trunks: &[Trunk]) -> String {
    let figures = trunks.iter().filter_map(|trunk| trunk.figures.as_ref());
    let (answered, all) =
        figures.fold((0, 0), |(answered, all), of| (answered + of.answered, all + of.answered + of.ended + of.failed));
    if all > 0 { format!("{}%", (answered * 200 + all) / (2 * all)) } else { "–".to_owned() }
}

/// Why a trunk that is to take calls is likely to take none.
enum Trouble {
    Unresolved,
    NotRegistered,
    Unreachable,
}

fn trouble(trunk: &Trunk) -> Option<Trouble> {
    let is_refused = trunk.registration.as_ref().is_some_and(|registration| registration.status == "failed");
    match () {
        () if !trunk.is_enabled => None,
        () if trunk.resolved_address.is_none() => Some(Trouble::Unresolved),
        () if is_refused => Some(Trouble::NotRegistered),
        () if trunk.is_reachable == Some(false) => Some(Trouble::Unreachable),
        () => None,
    }
}

/// What an operator should look at, the worst first.
fn items(facts: &Facts, lang: Lang) -> Vec<Item> {
    let (text, of_trunks) = (&lang.text().operator, &lang.text().trunks);
    let item = |is_bad: bool, title: String, href: &str| Item { is_bad, title, href: href.to_owned() };
    let nodes = facts.nodes.iter().filter_map(|node| match node.state.as_str() {
        "lost" => Some(item(node.current_calls > 0, fill(text.node_lost, &node.id), "/operator/nodes")),
        "draining" => Some(item(false, fill(text.node_draining, &node.id), "/operator/nodes")),
        _ => None,
    });
    let trunks = facts.trunks.iter().filter_map(|trunk| {
        let words = match trouble(trunk)? {
            Trouble::Unresolved => of_trunks.unresolved,
            Trouble::NotRegistered => of_trunks.not_registered,
            Trouble::Unreachable => of_trunks.unreachable,
        };
        Some(item(true, format!("{}: {words}", trunk.name), "/operator/trunks"))
    });
    let payments = (!facts.payments.is_empty())
        .then(|| item(true, fill(text.payments_wait, &counted(facts.payments.len())), "/operator/payments"));
    let jobs = (!facts.dead.is_empty())
        .then(|| item(true, fill(text.jobs_wait, &counted(facts.dead.len())), "/operator/jobs"));
    let mut items: Vec<Item> = nodes.chain(trunks).chain(payments).chain(jobs).collect();
    items.sort_by_key(|item| !item.is_bad);
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn node(state: &str, calls: i64) -> AdminNode {
        serde_json::from_value(json!({"id": state, "is_this": false, "state": state, "version": "1", "address": null,
            "current_calls": calls, "lease_until": null, "started_at": null, "draining_since": null}))
        .unwrap()
    }

    fn said(facts: &Facts) -> Vec<(bool, String)> {
        items(facts, Lang::English).into_iter().map(|item| (item.is_bad, item.title)).collect()
    }

    #[test]
    fn what_is_well_is_not_said_and_the_worst_stands_first() {
        let mut facts = Facts {
            calls: Vec::new(),
            nodes: vec![node("serving", 3)],
            trunks: Vec::new(),
            dead: Vec::new(),
            payments: Vec::new(),
        };
        assert!(said(&facts).is_empty());
        facts.nodes.extend([node("draining", 1), node("lost", 2)]);
        let told = said(&facts);
        assert_eq!(told.iter().map(|(is_bad, _)| *is_bad).collect::<Vec<_>>(), [true, false]);
        assert!(told[0].1.contains("lost") && told[1].1.contains("draining"), "{told:?}");
    }

    #[test]
    fn a_list_that_has_no_room_for_all_says_so() {
        assert_eq!((counted(0), counted(199), counted(200)), ("0".to_owned(), "199".to_owned(), "200+".to_owned()));
        assert_eq!(answer_rate(&[]), "–");
    }
}
