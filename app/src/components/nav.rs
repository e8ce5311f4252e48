//! The links of the side bar, in groups. What a role may not read is not offered.

use super::{Glyph, Icon, PHONE, PHONE_WINDOW};
use crate::{access::may, visit::Visit};
use leptos::prelude::*;
use sautikit_api::{accounts::Me, rights::Scope};

/// Target, words, picture.
pub(crate) type Link = (&'static str, &'static str, Glyph);

/// The links by group: of work, for developers, of the workspace, of operators.
struct Groups {
    work: Vec<Link>,
    developers: Vec<Link>,
    workspace: Vec<Link>,
    operator: Vec<Link>,
}

/// Without a workspace there is little to go to.
fn groups(visit: &Visit, me: &Me) -> Groups {
    let text = visit.text();
    let common = &text.common;
    let documents: Link = ("/docs", text.docs.title, Glyph::Book);
    let operator = match me.is_operator {
        true => vec![
            ("/operator/overview", text.operator.overview, Glyph::Home),
            ("/operator/workspaces", text.operator.workspaces, Glyph::Workspaces),
            ("/operator/calls", text.operator.running, Glyph::Calls),
            ("/operator/registrations", text.operator.registrations, Glyph::Softphone),
            ("/operator/nodes", text.operator.nodes, Glyph::Switch),
            ("/operator/trunks", text.trunks.title, Glyph::Trunk),
            ("/operator/providers", text.supply.providers, Glyph::Switch),
            ("/operator/series", text.supply.series, Glyph::Numbers),
            ("/operator/numbers", text.supply.stock, Glyph::Log),
            ("/operator/prices", text.supply.prices, Glyph::Wallet),
            ("/operator/payments", text.operator.payments, Glyph::Wallet),
            ("/operator/statements", text.operator.months, Glyph::Wallet),
            ("/operator/jobs", text.operator.jobs, Glyph::Log),
        ],
        false => Vec::new(),
    };
    if me.workspace.is_none() {
        return Groups { work: vec![documents], developers: Vec::new(), workspace: Vec::new(), operator };
    }
    let offered = |scope: Scope, link: Link| may(me, scope).then_some(link);
    let work = vec![
        ("/home", common.home, Glyph::Home),
        ("/calls", common.calls, Glyph::Calls),
        ("/recordings", text.recordings.title, Glyph::Recordings),
        ("/numbers", common.numbers, Glyph::Numbers),
        ("/wallet", common.wallet, Glyph::Wallet),
    ];
    let developers = [
        Some(("/developers/keys", common.keys, Glyph::Key)),
        Some(("/developers/playground", text.playground.title, Glyph::Switch)),
        offered(Scope::WebhooksRead, ("/developers/webhooks", text.webhooks.title, Glyph::Bell)),
        offered(Scope::AuditRead, ("/developers/requests", text.requests.title, Glyph::Requests)),
        offered(Scope::CallsRead, ("/developers/shadow", text.shadow.title, Glyph::Copy)),
        Some(documents),
    ];
    let workspace = [
        offered(Scope::MembersRead, ("/workspace/members", text.members.title, Glyph::Members)),
        Some(("/workspace/roles", text.rights.title, Glyph::Shield)),
        offered(Scope::AuditRead, ("/workspace/audit", text.audit.title, Glyph::Log)),
        Some(("/workspace/settings", text.workspace.settings, Glyph::Settings)),
    ];
    let (developers, workspace) = (developers.into_iter().flatten(), workspace.into_iter().flatten());
    Groups { work, developers: developers.collect(), workspace: workspace.collect(), operator }
}

/// Every page that the side bar leads to, the softphone, and those that stand below one of them.
pub(crate) fn nav_links(visit: &Visit, me: &Me) -> Vec<Link> {
    let text = visit.text();
    let Groups { work, developers, workspace, operator } = groups(visit, me);
    let below: Vec<Link> = match me.workspace {
        Some(_) => vec![
            ("/calls/meetings", text.meetings.title, Glyph::Members),
            ("/recordings/storage", text.recordings.storage, Glyph::Recordings),
            ("/wallet/limits", text.limits.title, Glyph::Wallet),
            ("/wallet/alerts", text.limits.alerts, Glyph::Bell),
            ("/wallet/ledger", text.wallet.ledger, Glyph::Wallet),
            ("/wallet/statements", text.wallet.statements, Glyph::Wallet),
            ("/profile", text.profile.title, Glyph::Person),
        ],
        None => Vec::new(),
    };
    let phone: Vec<Link> = match me.workspace.is_some() && may(me, Scope::SipToken) {
        true => vec![(PHONE, text.common.softphone, Glyph::Softphone)],
        false => Vec::new(),
    };
    let sent = ("/developers/deliveries", text.webhooks.deliveries, Glyph::Requests);
    let sent: Vec<Link> = may(me, Scope::WebhooksRead).then_some(sent).into_iter().collect();
    [work, phone, below, developers, sent, workspace, operator].concat()
}

/// All links, with the softphone, which has a window of its own.
#[component]
pub(crate) fn Nav(visit: Visit, me: Me) -> impl IntoView {
    let text = visit.text();
    let common = &text.common;
    let Groups { work, developers, workspace, operator } = groups(&visit, &me);
    let operator = (!operator.is_empty()).then(|| {
        view! { <p class="nav__group">{common.operator}</p>{links(&visit, operator)} }
    });
    if me.workspace.is_none() {
        return view! { <nav class="nav" aria-label=common.pages>{links(&visit, work)}{operator}</nav> }.into_any();
    }
    let phone = may(&me, Scope::SipToken).then(|| {
        view! { <a class="button button--wide" href=PHONE target=PHONE_WINDOW><Icon glyph=Glyph::Softphone/>{common.softphone}</a> }
    });
    view! {
        <nav class="nav" aria-label=common.pages>
            <a class="nav__link nav__search" href="/search" data-palette-open><Icon glyph=Glyph::Search/>{text.search.title}<kbd>"Ctrl K"</kbd></a>
            {links(&visit, work)}
            {phone}
            <p class="nav__group">{common.developers}</p>
            {links(&visit, developers)}
            <p class="nav__group">{text.workspace.workspace}</p>
            {links(&visit, workspace)}
            {operator}
        </nav>
    }
    .into_any()
}

fn links(visit: &Visit, links: Vec<Link>) -> impl IntoView + use<> {
    let path = visit.path.clone();
    let links = links.into_iter().map(|(href, words, glyph)| {
        let current = path == href || path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/'));
        view! { <a class="nav__link" href=href aria-current=current.then_some("page")><Icon glyph/>{words}</a> }
    });
    links.collect_view()
}
