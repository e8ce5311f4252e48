//! `/home`: the checklist that ticks itself, and the state of things.

use super::{
    calls::call_table,
    member::{Member, member_page},
};
use crate::{
    api_client::ApiFailure,
    components::{Empty, Glyph, Icon, PageHead},
    format,
    i18n::{Text, fill},
};
use leptos::prelude::*;
use sautikit_api::{calls::Call, keys::ApiKey, numbers::Number, wallet::LedgerEntry};

/// How many of the latest calls the page lists.
const RECENT_CALLS: usize = 5;

/// Home.
#[component]
pub(crate) fn HomePage() -> impl IntoView {
    member_page(|text| text.common.home, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let api = member.api();
    let numbers: Vec<Number> = api.get("/v1/numbers?limit=200").await?;
    let calls: Vec<Call> = api.get("/v1/calls?limit=50").await?;
    // A role that may not see keys or money still gets its page: those steps then count as done by someone else.
    let keys: Option<Vec<ApiKey>> = api.get("/v1/api-keys").await.ok();
    let ledger: Option<Vec<LedgerEntry>> = api.get("/v1/wallet/ledger?limit=1").await.ok();
    let done = [
        ledger.is_none_or(|entries| !entries.is_empty()),
        !numbers.is_empty(),
        numbers.iter().any(|number| number.voice_callback_url.is_some()),
        keys.is_none_or(|keys| keys.iter().any(|key| key.revoked_at.is_none())),
        !calls.is_empty(),
    ];
    let text = member.text();
    let name = member.me.name.split_whitespace().next().unwrap_or(&member.me.email).to_owned();
    let route = numbers.first().map_or_else(|| "/numbers".to_owned(), |number| format!("/numbers/{}", number.id));
    Ok(view! {
        <PageHead title=fill(text.home.hello, &name) text=text.home.text/>
        <div class="stack-lg">
            {done.contains(&false).then(|| checklist(text, done, route))}
            {figures(&member, &numbers, &calls)}
            {recent(&member, calls)}
        </div>
    }
    .into_any())
}

fn checklist(text: &'static Text, done: [bool; 5], route: String) -> AnyView {
    let text = &text.home;
    let count = done.iter().filter(|step| **step).count();
    let next = done.iter().position(|step| !step);
    let steps = [
        (text.top_up, text.top_up_text, text.do_top_up, "/wallet".to_owned()),
        (text.claim, text.claim_text, text.do_claim, "/numbers".to_owned()),
        (text.route, text.route_text, text.do_route, route),
        (text.key, text.key_text, text.do_key, "/developers/keys".to_owned()),
        (text.call, text.call_text, text.do_call, "/softphone".to_owned()),
    ];
    let steps = steps.into_iter().zip(done).enumerate().map(|(place, ((title, words, action, href), done))| {
        let is_next = next == Some(place);
        let class = if done { "step step--done" } else if is_next { "step step--next" } else { "step" };
        let button = if is_next { "button button--primary button--small" } else { "button button--small" };
        view! {
            <li class=class>
                <span class="step__mark">{if done { view! { <Icon glyph=Glyph::Check/> }.into_any() } else { (place + 1).to_string().into_any() }}</span>
                <div><div class="step__title">{title}</div><div class="step__text">{words}</div></div>
                {(!done).then(|| view! { <a class=button href=href>{action}</a> })}
            </li>
        }
    });
    view! {
        <section class="panel">
            <div class="panel__head">
                <h2>{text.get_started}</h2>
                <div class="row small muted">
                    <span>{fill(text.done_of, &count.to_string())}</span>
                    <span class="progress" aria-hidden="true"><span class="progress__bar" style=format!("width:{}%", count * 20)></span></span>
                </div>
            </div>
            <ol>{steps.collect_view()}</ol>
        </section>
    }
    .into_any()
}

fn figures(member: &Member, numbers: &[Number], calls: &[Call]) -> AnyView {
    let text = &member.text().home;
    let active = numbers.iter().filter(|number| number.status == "active").count();
    let live = calls.iter().filter(|call| !call.status.is_terminal()).count();
    let talked = calls.iter().filter_map(|call| call.duration_seconds).sum::<i64>();
    let money = member.balance.as_ref().map(|balance| {
        let held = (balance.held_minor > 0).then(|| fill(text.held, &format::money(balance.held_minor, &balance.currency)));
        view! {
            <div class="stat"><span class="stat__label">{text.balance}</span>
            <span class="stat__value">{format::money(balance.available_minor, &balance.currency)}</span><span class="stat__note">{held}</span></div>
        }
    });
    let stat = |label: &'static str, value: String| view! { <div class="stat"><span class="stat__label">{label}</span><span class="stat__value">{value}</span></div> };
    view! {
        <section class="stats">
            {money}
            {stat(text.numbers, active.to_string())}
            {stat(text.live, live.to_string())}
            {stat(text.talk_time, format::duration(talked))}
        </section>
    }
    .into_any()
}

fn recent(member: &Member, mut calls: Vec<Call>) -> AnyView {
    let text = member.text();
    calls.truncate(RECENT_CALLS);
    let list = if calls.is_empty() {
        view! { <Empty glyph=Glyph::Calls title=text.calls.none text=text.calls.none_text/> }.into_any()
    } else {
        call_table(calls, member.visit.lang)
    };
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.home.recent}</h2><a class="small" href="/calls">{text.home.all_calls}</a></div>
            {list}
        </section>
    }
    .into_any()
}
