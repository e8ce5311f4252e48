//! `/operator/registrations`: who can be called now, of all workspaces and on all nodes, and the key that signs their tokens.

use super::{
    calls::LOOK_SECONDS,
    member::{Member, person_page},
    operator_parts::plain_field,
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        Ask, CsvLink, Empty, FailureNotice, Glyph, Head::Start, Moment, PageHead, Pager, cell, chips, heads, outcome,
    },
    forms,
};
use leptos::prelude::*;
use sautikit_api::sip::AdminSipRegistration;

const PAGE: &str = "/operator/registrations";
/// Query parameters that the page passes on to the API, named alike.
const FILTERS: [&str; 2] = ["workspace_id", "identity"];

/// Registered devices and browsers of the installation.
#[component]
pub(crate) fn OperatorRegistrationsPage() -> impl IntoView {
    person_page(|text| text.operator.registrations, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().operator, member.visit.lang);
    let query = &member.visit.query;
    let chosen = FILTERS.map(|name| (name, query.get(name).unwrap_or_default().trim()));
    let with_cursor = |path: &str, cursor: &str| {
        let pairs: Vec<(&str, &str)> = chosen.into_iter().chain([("cursor", cursor)]).collect();
        with_query(path, &pairs)
    };
    let cursor = query.get("cursor").unwrap_or_default();
    let answer = member.api().fetch(with_cursor("/v1/admin/registrations", cursor)).await?;
    let rows: Vec<AdminSipRegistration> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| with_cursor(PAGE, cursor));
    let name = rows.first().map(|row| row.workspace_name.clone()).filter(|name| !name.is_empty());
    let in_force = chips(
        PAGE,
        &chosen,
        |filter, value| match filter {
            "workspace_id" => (text.name, name.clone().unwrap_or_else(|| value.to_owned())),
            _ => (text.identity, value.to_owned()),
        },
        lang,
    );
    let is_narrowed = chosen.iter().any(|(_, value)| !value.is_empty());
    let list = match (rows.is_empty(), is_narrowed) {
        (false, _) => table(&member, rows),
        (true, true) => {
            view! { <Empty glyph=Glyph::Softphone title=text.none_found text=text.none_found_text/> }.into_any()
        }
        (true, false) => {
            view! { <Empty glyph=Glyph::Softphone title=text.none_registered text=text.none_registered_text/> }
                .into_any()
        }
    };
    let failure = member.visit.failure_of(forms::ROTATE_SIP_KEYS).cloned();
    let csv = view! { <CsvLink visit=member.visit.clone() list="registrations" by=&FILTERS/> };
    Ok(view! {
        <PageHead title=text.registrations.to_owned() text=text.registrations_text>{csv}</PageHead>
        {outcome(&member.visit, &[("rotated", text.sip_keys_rotated, text.sip_keys_rotated_text)])}
        {failure.map(|failure| view! { <FailureNotice failure lang/> })}
        {in_force}
        <div class="stack-lg">
            <section class="panel">
                <div class="panel__head">{filter(&member, chosen)}</div>
                <div data-live="operator-registrations" data-live-seconds=LOOK_SECONDS>
                    {list}
                    <Pager lang label=text.registrations next/>
                </div>
            </section>
            {keys(&member)}
        </div>
    }
    .into_any())
}

fn filter(member: &Member, chosen: [(&'static str, &str); 2]) -> AnyView {
    let (text, supply) = (&member.text().operator, &member.text().supply);
    let [(workspace, id), (identity, part)] = chosen;
    view! {
        <form class="form form--row" method="get" action=PAGE role="search">
            {plain_field(identity, text.identity, part.to_owned(), 64)}
            {plain_field(workspace, supply.workspace_id, id.to_owned(), 36)}
            <button class="button">{supply.filter}</button>
        </form>
    }
    .into_any()
}

fn table(member: &Member, rows: Vec<AdminSipRegistration>) -> AnyView {
    let text = &member.text().operator;
    let lang = member.visit.lang;
    let rows = rows.into_iter().map(|row| {
        let registration = row.registration;
        let kind = if registration.credential_id.is_some() { text.device } else { text.browser };
        let agent = registration.user_agent.unwrap_or_else(|| kind.to_owned());
        let who = view! {
            <span class="who"><code class="strong breakable">{registration.identity}</code><span class="muted small breakable">{agent}</span></span>
        };
        let name = if row.workspace_name.is_empty() { row.workspace_id.to_string() } else { row.workspace_name };
        let workspace = view! { <a class="breakable" href=format!("/operator/workspaces/{}", row.workspace_id)>{name}</a> };
        let address = format!("{} ({})", registration.address, registration.transport);
        view! {
            <tr>
                {cell(text.identity, "", who)}
                {cell(text.name, "", workspace)}
                {cell(text.address, "breakable", view! { <code>{address}</code> })}
                {cell(text.registered_at, "muted", view! { <Moment at=registration.registered_at lang clock=true/> })}
                {cell(text.registered_until, "muted", view! { <Moment at=registration.expires_at lang clock=true/> })}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.identity),
        Start(text.name),
        Start(text.address),
        Start(text.registered_at),
        Start(text.registered_until),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}

/// The key that signs tokens, of which all that can be done is to make another.
fn keys(member: &Member) -> AnyView {
    let text = &member.text().operator;
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.sip_keys}</h2></div>
            <div class="panel__body stack">
                <p class="muted">{text.sip_keys_text}</p>
                <Ask opens=text.sip_keys_rotate label=text.sip_keys_rotate.to_owned() action=forms::ROTATE_SIP_KEYS.to_owned()
                    ask=text.sip_keys_ask.to_owned() in_flow=true/>
            </div>
        </section>
    }
    .into_any()
}
