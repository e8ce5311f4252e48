//! `/home`: the checklist that ticks itself, and the state of things.

use super::{
    call_stats::{chart, hours},
    calls::{LOOK_SECONDS, call_table},
    home_attention::{Facts, attention},
    limits::frozen,
    member::{Member, member_page},
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{Empty, Glyph, Icon, PHONE, PHONE_WINDOW, PageHead},
    format, forms,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::{
    calls::{Call, CallStats, CallStatsBucket},
    keys::ApiKey,
    limits::Limits,
    numbers::Number,
    rights::Scope,
    wallet::LedgerEntry,
    webhooks::Webhook,
};

/// How many of the latest calls the page lists.
const RECENT_CALLS: usize = 5;
/// How many of the calls that run the page lists.
const RUNNING_CALLS: usize = 10;
/// Seconds between two looks while steps are open: they are taken in other windows and on other machines.
const CHECKLIST_LOOK_SECONDS: &str = "10";

/// What is told of beside calls (`/v1/workspace/changes`): money, failing endpoints, and steps, each of which is an audited write.
const HOME_CHANGES: &str = "wallet deliveries audit";

/// Home.
#[component]
pub(crate) fn HomePage() -> impl IntoView {
    member_page(|text| text.common.home, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let api = member.api();
    let numbers: Vec<Number> = api.list("/v1/numbers").await?;
    let calls: Vec<Call> = api.get(format!("/v1/calls?limit={RECENT_CALLS}")).await?;
    let stats: CallStats = api.get("/v1/calls/stats?bucket=day").await?;
    // A new workspace has nothing to show of its work yet.
    let is_working = stats.total_calls > 0;
    let today = match stats.buckets.last().filter(|_| is_working) {
        Some(today) => {
            let path = with_query("/v1/calls/stats", &[("bucket", "hour"), ("from", &today.start)]);
            Some(api.get::<CallStats>(path).await?)
        }
        None => None,
    };
    let running_calls = match is_working {
        true => running_now(&member).await?,
        false => Vec::new(),
    };
    let endpoints: Vec<Webhook> = api.list("/v1/webhooks").await.unwrap_or_default();
    // A role that may not see keys or money still gets its page: those steps then count as done by someone else.
    let keys: Option<Vec<ApiKey>> = api.get("/v1/api-keys").await.ok();
    let ledger: Option<Vec<LedgerEntry>> = api.get("/v1/wallet/ledger?limit=1").await.ok();
    let freeze = api.get::<Limits>("/v1/wallet/limits").await.ok().and_then(|limits| limits.frozen);
    let unfreezes = member.may(Scope::CallsUnfreeze).then(|| forms::UNFREEZE.to_owned());
    let done = [
        ledger.is_none_or(|entries| !entries.is_empty()),
        !numbers.is_empty(),
        numbers.iter().any(|number| number.voice_callback_url.is_some()),
        keys.as_ref().is_none_or(|keys| keys.iter().any(|key| key.revoked_at.is_none())),
        !calls.is_empty(),
    ];
    let text = member.text();
    let name = member.me.name.split_whitespace().next().unwrap_or(&member.me.email).to_owned();
    let route = numbers.first().map_or_else(|| "/numbers".to_owned(), |number| format!("/numbers/{}", number.id));
    let facts = Facts {
        balance: member.balance.as_ref(),
        stats: &stats,
        numbers: &numbers,
        keys: keys.as_deref().unwrap_or_default(),
        endpoints: &endpoints,
        now_us: member.visit.now_us,
    };
    let attention = is_working.then(|| attention(&facts, member.visit.lang)).flatten();
    let charts = today.map(|today| {
        view! { <div class="columns columns--even">{hours(&member, &today)}{chart(&member, &stats)}</div> }
    });
    let running =
        !running_calls.is_empty() || calls.iter().any(|call| !call.status.is_terminal() || call.cost_minor.is_none());
    let look = if running { Some(LOOK_SECONDS) } else { done.contains(&false).then_some(CHECKLIST_LOOK_SECONDS) };
    Ok(view! {
        <PageHead title=fill(text.home.hello, &name) text=text.home.text/>
        <div class="stack-lg" data-live="home" data-live-seconds=look data-live-calls="*" data-live-changes=HOME_CHANGES>
            {freeze.as_ref().map(|freeze| frozen(&member, freeze, unfreezes))}
            {done.contains(&false).then(|| checklist(&member, done, route))}
            {attention}
            {running_panel(&member, running_calls)}
            {figures(&member, &stats)}
            {charts}
            {recent(&member, calls)}
        </div>
    }
    .into_any())
}

/// The calls that run at this moment, those that talk first.
async fn running_now(member: &Member) -> Result<Vec<Call>, ApiFailure> {
    let of = |status: &'static str| format!("/v1/calls?status={status}&limit={RUNNING_CALLS}");
    let mut calls: Vec<Call> = member.api().get(of("answered")).await?;
    let ringing: Vec<Call> = member.api().get(of("ringing")).await?;
    calls.extend(ringing);
    calls.truncate(RUNNING_CALLS);
    Ok(calls)
}

fn running_panel(member: &Member, calls: Vec<Call>) -> Option<AnyView> {
    if calls.is_empty() {
        return None;
    }
    let list = call_table(calls, &member.visit);
    Some(view! { <section class="panel"><div class="panel__head"><h2>{member.text().home.running}</h2></div>{list}</section> }.into_any())
}

/// Steps of others stand there without their button.
fn checklist(member: &Member, done: [bool; 5], route: String) -> AnyView {
    let text = &member.text().home;
    let count = done.iter().filter(|step| **step).count();
    let next = done.iter().position(|step| !step);
    let steps = [
        (Scope::WalletWrite, text.top_up, text.top_up_text, text.do_top_up, "/wallet".to_owned()),
        (Scope::NumbersWrite, text.claim, text.claim_text, text.do_claim, "/numbers".to_owned()),
        (Scope::NumbersWrite, text.route, text.route_text, text.do_route, route),
        (Scope::ApiKeysWrite, text.key, text.key_text, text.do_key, "/developers/keys".to_owned()),
        (Scope::SipToken, text.call, text.call_text, text.do_call, PHONE.to_owned()),
    ];
    let steps = steps.into_iter().zip(done).enumerate().map(|(place, ((scope, title, words, action, href), done))| {
        let is_next = next == Some(place);
        let class = if done { "step step--done" } else if is_next { "step step--next" } else { "step" };
        let button = if is_next { "button button--primary button--small" } else { "button button--small" };
        let target = (href == PHONE).then_some(PHONE_WINDOW);
        view! {
            <li class=class>
                <span class="step__mark">{if done { view! { <Icon glyph=Glyph::Check/> }.into_any() } else { (place + 1).to_string().into_any() }}</span>
                <div><div class="step__title">{title}</div><div class="step__text">{words}</div></div>
                {(!done && member.may(scope)).then(|| view! { <a class=button href=href target=target>{action}</a> })}
            </li>
        }
    });
    view! {
        <section class="panel">
            <div class="panel__head">
                <h2>{text.get_started}</h2>
                <div class="row small muted">
                    <span>{fill(text.done_of, &count.to_string())}</span>
                    <progress class="progress" max=done.len() value=count aria-label=text.get_started></progress>
                </div>
            </div>
            <ol>{steps.collect_view()}</ol>
        </section>
    }
    .into_any()
}

/// Today, and what is left to spend.
fn figures(member: &Member, stats: &CallStats) -> AnyView {
    let text = &member.text().home;
    let money = member.balance.as_ref().map(|balance| {
        let held = (balance.held_minor > 0).then(|| fill(text.held, &format::money(balance.held_minor, &balance.currency)));
        view! {
            <div class="stat"><span class="stat__label">{text.balance}</span>
            <span class="stat__value">{format::money(balance.available_minor, &balance.currency)}</span><span class="stat__note">{held}</span></div>
        }
    });
    let today = stats.buckets.last();
    let of_today = |of: fn(&CallStatsBucket) -> i64| today.map(of).unwrap_or_default();
    let spend = format::money(of_today(|today| today.total_spend_minor), &stats.currency);
    let failed = of_today(|today| today.failed_calls);
    let note = (failed > 0).then(|| fill(text.failed_today, &failed.to_string()));
    // One that rings has no say yet.
    let answered = of_today(|today| today.answered_calls);
    let tried = answered + failed;
    let rate = if tried > 0 { format!("{} %", answered * 100 / tried) } else { "–".to_owned() };
    let stat = |label: &'static str, value: String| view! { <div class="stat"><span class="stat__label">{label}</span><span class="stat__value">{value}</span></div> };
    let callbacks = &stats.callbacks;
    // A workspace whose calls are steered by actions alone has no server to speak of.
    let server = (callbacks.answered + callbacks.failed > 0).then(|| {
        let p95 = callbacks.p95_ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"));
        let failed = (callbacks.failed > 0).then(|| fill(text.callbacks_failed, &callbacks.failed.to_string()));
        view! {
            <div class="stat"><span class="stat__label">{text.callback_p95}</span>
            <span class="stat__value">{p95}</span><span class="stat__note">{failed}</span></div>
        }
    });
    view! {
        <section class="stats" aria-label=text.today>
            {money}
            <div class="stat"><span class="stat__label">{text.calls_today}</span>
            <span class="stat__value">{of_today(|today| today.total_calls)}</span><span class="stat__note">{note}</span></div>
            {stat(text.answer_rate, rate)}
            {stat(text.talk_today, format::duration(of_today(|today| today.total_seconds)))}
            {stat(text.spend_today, spend)}
            {server}
        </section>
    }
    .into_any()
}

fn recent(member: &Member, calls: Vec<Call>) -> AnyView {
    let text = member.text();
    let list = if calls.is_empty() {
        view! { <Empty glyph=Glyph::Calls title=text.calls.none text=text.calls.none_text/> }.into_any()
    } else {
        call_table(calls, &member.visit)
    };
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.home.recent}</h2><a class="small" href="/calls">{text.home.all_calls}</a></div>
            {list}
        </section>
    }
    .into_any()
}
