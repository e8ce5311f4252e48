//! The links of the side bar, in groups. What a role may not read is not offered.

use super::{Glyph, Icon, PHONE, PHONE_WINDOW};
use crate::{access::may, visit::Visit};
use leptos::prelude::*;
use sautikit_api::{accounts::Me, rights::Scope};

/// Target, words, picture.
type Link = (&'static str, &'static str, Glyph);

/// All links, with the softphone, which has a window of its own. Without a workspace there is little to go to.
#[component]
pub(crate) fn Nav(visit: Visit, me: Me) -> impl IntoView {
    let text = visit.text();
    let common = &text.common;
    let documents: Link = ("/docs", text.docs.title, Glyph::Book);
    let operator = me.is_operator.then(|| {
        view! {
            <p class="nav__group">{common.operator}</p>
            {links(&visit, vec![
                ("/operator/workspaces", text.operator.workspaces, Glyph::Workspaces),
                ("/operator/trunks", text.trunks.title, Glyph::Trunk),
                ("/operator/providers", text.supply.providers, Glyph::Switch),
                ("/operator/series", text.supply.series, Glyph::Numbers),
                ("/operator/numbers", text.supply.stock, Glyph::Log),
                ("/operator/prices", text.supply.prices, Glyph::Wallet),
                ("/operator/payments", text.operator.payments, Glyph::Wallet),
            ])}
        }
    });
    if me.workspace.is_none() {
        return view! { <nav class="nav" aria-label=common.pages>{links(&visit, vec![documents])}{operator}</nav> }
            .into_any();
    }
    let offered = |scope: Scope, link: Link| may(&me, scope).then_some(link);
    let work: Vec<Link> = vec![
        ("/home", common.home, Glyph::Home),
        ("/calls", common.calls, Glyph::Calls),
        ("/recordings", text.recordings.title, Glyph::Recordings),
        ("/numbers", common.numbers, Glyph::Numbers),
        ("/wallet", common.wallet, Glyph::Wallet),
    ];
    let developers: Vec<Link> = [
        Some(("/developers/keys", common.keys, Glyph::Key)),
        Some(("/developers/playground", text.playground.title, Glyph::Switch)),
        offered(Scope::WebhooksRead, ("/developers/webhooks", text.webhooks.title, Glyph::Bell)),
        offered(Scope::AuditRead, ("/developers/requests", text.requests.title, Glyph::Requests)),
        Some(documents),
    ]
    .into_iter()
    .flatten()
    .collect();
    let workspace: Vec<Link> = [
        offered(Scope::MembersRead, ("/workspace/members", text.members.title, Glyph::Members)),
        Some(("/workspace/roles", text.rights.title, Glyph::Shield)),
        offered(Scope::AuditRead, ("/workspace/audit", text.audit.title, Glyph::Log)),
        Some(("/workspace/settings", text.workspace.settings, Glyph::Settings)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let phone = may(&me, Scope::SipToken).then(|| {
        view! { <a class="button button--wide" href=PHONE target=PHONE_WINDOW><Icon glyph=Glyph::Softphone/>{common.softphone}</a> }
    });
    view! {
        <nav class="nav" aria-label=common.pages>
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
