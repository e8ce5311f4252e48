//! `/numbers/{id}`: what answers a number, its devices, its calls, and what it is; a tab each.

use super::{
    calls::{LOOK_SECONDS, call_table},
    member::{Member, member_page},
    number_devices::Devices,
    number_routing,
    numbers::status,
};
use crate::{
    api_client::{ApiFailure, escape, with_query},
    components::{
        Copied, Empty, FailureNotice, Field, Glyph, Icon, Moment, Notice, PHONE, PHONE_WINDOW, PageHead, Select, Tabs,
        Tone, TypedConfirm, hidden, of_workspace, outcome,
    },
    format, forms,
    i18n::fill,
    visit::{Flash, Visit},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sautikit_api::{
    calls::Call,
    numbers::{Compat, Number},
    rights::Scope,
};

/// One number.
#[component]
pub(crate) fn NumberPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    member_page(|text| text.common.numbers, move |member| content(member, id))
}

/// A part of the page.
#[derive(Clone, Copy, PartialEq)]
enum Tab {
    Routing,
    Devices,
    Calls,
    Settings,
}

impl Tab {
    const ALL: [Self; 4] = [Self::Routing, Self::Devices, Self::Calls, Self::Settings];

    /// Its value in the address.
    const fn name(self) -> &'static str {
        match self {
            Self::Routing => "routing",
            Self::Devices => "devices",
            Self::Calls => "calls",
            Self::Settings => "settings",
        }
    }

    /// The one that a form was sent from, else the one that the address names.
    fn of(visit: &Visit) -> Self {
        let of_devices = [forms::CREATE_CREDENTIAL, forms::ROTATE_CREDENTIAL, forms::REVOKE_CREDENTIAL];
        match &visit.flash {
            Some(Flash::CredentialShown(_)) => return Self::Devices,
            Some(Flash::Failed { form, .. }) if of_devices.contains(&form.as_str()) => return Self::Devices,
            Some(Flash::Failed { form, .. }) if form == forms::RELEASE => return Self::Settings,
            Some(_) => return Self::Routing,
            None => {}
        }
        let named = visit.query.get("tab");
        Self::ALL.into_iter().find(|tab| named == Some(tab.name())).unwrap_or(Self::Routing)
    }
}

/// Calls that the tab shows.
const CALLS: &str = "20";

async fn content(member: Member, id: String) -> Result<AnyView, ApiFailure> {
    let text = &member.text().numbers;
    let number: Number = member.api().get(format!("/v1/numbers/{}", escape(&id))).await?;
    let done = [
        ("claimed", text.claimed, text.claimed_text),
        ("saved", text.saved, text.saved_text),
        ("calling", text.calling, text.calling_text),
        ("revoked", member.text().devices.was_revoked, member.text().devices.was_revoked_text),
    ];
    let may_call = member.may(Scope::SipToken) && number.status != "suspended";
    let call_with = with_query(PHONE, &[("from", &number.e164)]);
    let outcome = member.visit.flash.is_none().then(|| outcome(&member.visit, &done));
    let shown = Tab::of(&member.visit);
    let tabs = Tab::ALL.map(|tab| {
        let words = match tab {
            Tab::Routing => text.routing,
            Tab::Devices => member.text().devices.devices,
            Tab::Calls => member.text().common.calls,
            Tab::Settings => text.settings,
        };
        (with_query(&format!("/numbers/{}", number.id), &[("tab", tab.name())]), words, tab == shown)
    });
    let body = match shown {
        Tab::Routing => of_routing(&member, &number),
        Tab::Devices => {
            let devices = Devices::of(&member, &number).await?;
            view! { {devices.made(&member)}{devices.show(&member, &number)} }.into_any()
        }
        Tab::Calls => of_calls(&member, &number).await?,
        Tab::Settings => {
            let release = member.may(Scope::NumbersWrite).then(|| release(&member, &number));
            view! { <div class="stack-lg">{facts(&member, &number)}{release}</div> }.into_any()
        }
    };
    Ok(view! {
        <PageHead title=number.e164.clone() parent=(text.title, "/numbers")>
            {may_call.then(|| view! { <a class="button" href=call_with target=PHONE_WINDOW><Icon glyph=Glyph::Softphone/>{text.call_with}</a> })}
        </PageHead>
        <div class="tabs--page"><Tabs label=text.parts tabs=tabs.to_vec()/></div>
        {suspended(&member, &number)}
        {outcome}
        {number_routing::secret_made(&member)}
        {body}
    }
    .into_any())
}

/// What is asked when a call comes in, with the ways to try it.
fn of_routing(member: &Member, number: &Number) -> AnyView {
    if !member.may(Scope::NumbersWrite) {
        return routing_facts(member, number);
    }
    let try_it = member.visit.development.then(|| try_it(member, number));
    view! {
        <div class="columns">
            <div class="stack-lg">{routing(member, number)}{number_routing::test(member, number)}</div>
            <div class="stack">{try_it}{number_routing::signing_secret(member, number)}</div>
        </div>
    }
    .into_any()
}

/// The newest calls from it and to it.
async fn of_calls(member: &Member, number: &Number) -> Result<AnyView, ApiFailure> {
    let text = member.text();
    let of_number = [("number", number.e164.as_str()), ("limit", CALLS)];
    let calls: Vec<Call> = member.api().get(with_query("/v1/calls", &of_number)).await?;
    let running = calls.iter().any(|call| !call.status.is_terminal() || call.cost_minor.is_none());
    let all = with_query("/calls", &[("number", &number.e164)]);
    let list = match calls.is_empty() {
        true => view! { <Empty glyph=Glyph::Calls title=text.calls.none text=text.calls.none_text/> }.into_any(),
        false => call_table(calls, &member.visit),
    };
    Ok(view! {
        <section class="panel" data-live="calls" data-live-seconds=running.then_some(LOOK_SECONDS) data-live-calls="*">
            <div class="panel__head"><h2>{text.home.recent}</h2><a class="small" href=all>{text.home.all_calls}</a></div>
            {list}
        </section>
    }
    .into_any())
}

/// A number whose rental is not paid says so, and what brings it back.
fn suspended(member: &Member, number: &Number) -> Option<AnyView> {
    let text = &member.text().devices;
    let notice = (number.status == "suspended").then(|| {
        view! {
            <Notice tone=Tone::Warn title=text.suspended.to_owned() text=text.suspended_text.to_owned()/>
            <p class="aside"><a class="button button--primary" href="/wallet#top-up">{member.text().wallet.top_up}</a></p>
        }
    });
    notice.map(|notice| notice.into_any())
}

fn release(member: &Member, number: &Number) -> AnyView {
    let text = &member.text().devices;
    let failure = member.visit.failure_of(forms::RELEASE).cloned();
    let lang = member.visit.lang;
    view! {
        <section class="panel panel--danger" id="release">
            <div class="panel__head">
                <h2>{text.release}</h2>
                <TypedConfirm visit=member.visit.clone() opens=text.release_sure action=format!("/console/numbers/{}/release", number.id)
                    name=number.e164.clone() ask=fill(text.release_ask, &number.e164) sure=text.release_sure/>
                <p>{text.release_text}</p>
            </div>
            {failure.map(|failure| view! { <div class="panel__body"><FailureNotice failure lang/></div> })}
        </section>
    }
    .into_any()
}

fn routing(member: &Member, number: &Number) -> AnyView {
    const FORM: &str = forms::ROUTING;
    let text = &member.text().numbers;
    let visit = &member.visit;
    let failure = visit.failure_of(FORM).filter(|failure| failure.field().is_none()).cloned();
    let lang = visit.lang;
    let url = |url: &Option<String>| url.clone().unwrap_or_default();
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.routing}</h2><p>{text.routing_text}</p></div>
            <div class="panel__body">
                {failure.map(|failure| view! { <FailureNotice failure lang/> })}
                <form class="form" method="post" action=format!("/console/numbers/{}/routing", number.id)>
                    {of_workspace(visit)}
                    <Field visit=visit.clone() form=FORM name="voice_callback_url" label=text.voice_url hint=text.voice_hint kind="url" placeholder="https://example.co.ke/voice" required=false maxlength=2048 value=url(&number.voice_callback_url)/>
                    <Field visit=visit.clone() form=FORM name="fallback_url" label=text.fallback_url hint=text.fallback_hint kind="url" placeholder="https://" required=false maxlength=2048 value=url(&number.fallback_url)/>
                    <Field visit=visit.clone() form=FORM name="shadow_url" label=text.shadow_url hint=text.shadow_hint kind="url" placeholder="https://" required=false maxlength=2048 value=url(&number.shadow_url)/>
                    {shadow_link(member, number)}
                    <Field visit=visit.clone() form=FORM name="events_url" label=text.events_url hint=text.events_hint kind="url" placeholder="https://" required=false maxlength=2048 value=url(&number.events_url)/>
                    <Select visit=visit.clone() form=FORM name="compat" label=text.compat hint=text.compat_hint options=compats(member) value=number.compat.clone()/>
                    <label class="choice"><input type="checkbox" name="ring_devices" value="1" checked=number.ring_devices/>{text.ring_devices}</label>
                    <div class="form__actions"><button class="button button--primary">{text.save_routing}</button></div>
                </form>
            </div>
        </section>
    }
    .into_any()
}

/// Where the answers of its shadow are compared.
fn shadow_link(member: &Member, number: &Number) -> Option<AnyView> {
    let is_shown = number.shadow_url.is_some() && member.may(Scope::CallsRead);
    let href = with_query("/developers/shadow", &[("number_id", &number.id.to_string())]);
    is_shown.then(|| view! { <a class="small" href=href>{member.text().numbers.shadow_see}</a> }.into_any())
}

/// Every platform whose words callbacks can be in.
fn compats(member: &Member) -> Vec<(String, String)> {
    Compat::ALL.iter().map(|compat| (compat.as_str().to_owned(), compat_words(member, compat.as_str()))).collect()
}

fn compat_words(member: &Member, compat: &str) -> String {
    let text = &member.text().numbers;
    match Compat::parse(compat) {
        Some(Compat::Sautikit) => text.compat_sautikit.to_owned(),
        // Names of companies are the same in every language.
        Some(Compat::Twilio) => "Twilio".to_owned(),
        Some(Compat::AfricasTalking) => "Africa's Talking".to_owned(),
        None => compat.to_owned(),
    }
}

/// Where its calls go, for those who may not change it.
fn routing_facts(member: &Member, number: &Number) -> AnyView {
    let text = &member.text().numbers;
    let url = |url: &Option<String>| url.clone().unwrap_or_else(|| "–".to_owned());
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.routing}</h2></div>
            <dl class="facts panel__body">
                <dt>{text.voice_url}</dt><dd>{url(&number.voice_callback_url)}</dd>
                <dt>{text.fallback_url}</dt><dd>{url(&number.fallback_url)}</dd>
                <dt>{text.shadow_url}</dt><dd>{url(&number.shadow_url)}" "{shadow_link(member, number)}</dd>
                <dt>{text.events_url}</dt><dd>{url(&number.events_url)}</dd>
                <dt>{text.compat}</dt><dd>{compat_words(member, &number.compat)}</dd>
            </dl>
        </section>
    }
    .into_any()
}

/// An incoming call without a telephone: the sandbox carrier makes it.
fn try_it(member: &Member, number: &Number) -> AnyView {
    const FORM: &str = forms::SANDBOX_CALL;
    /// Whom the call seems to come from.
    const CALLER: &str = "+254722000001";
    let text = &member.text().numbers;
    let visit = &member.visit;
    let failure = visit.failure_of(FORM).filter(|failure| failure.field() != Some("from")).cloned();
    let lang = visit.lang;
    let words = if number.voice_callback_url.is_some() { text.try_callback } else { text.try_browser };
    view! {
        <section class="panel" id="try">
            <div class="panel__head"><h2>{text.try_it}</h2><p>{words}</p></div>
            <div class="panel__body">
                {failure.map(|failure| view! { <FailureNotice failure lang/> })}
                <form class="form" method="post" action=format!("/console/numbers/{}/sandbox-call", number.id)>
                    {of_workspace(visit)}
                    {hidden("to", number.e164.clone())}
                    <Field visit=visit.clone() form=FORM name="from" label=text.try_from kind="tel" autocomplete="off" maxlength=20 value=CALLER.to_owned()/>
                    <div class="form__actions">
                        <button class="button"><Icon glyph=Glyph::Calls/>{text.try_button}</button>
                        <a class="small" href=PHONE target=PHONE_WINDOW>{member.text().home.do_call}</a>
                    </div>
                </form>
            </div>
        </section>
    }
    .into_any()
}

fn facts(member: &Member, number: &Number) -> AnyView {
    let text = &member.text().numbers;
    let price = |minor: i64| format::money(minor, &number.currency);
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.facts}</h2></div>
            <dl class="facts panel__body">
                <dt>{text.status}</dt><dd>{status(&number.status, member)}</dd>
                <dt>{text.country}</dt><dd>{number.country.clone()}</dd>
                <dt>{text.capabilities}</dt><dd>{number.capabilities.join(", ")}</dd>
                <dt>{text.monthly}</dt><dd class="figure">{price(number.monthly_price_minor)}</dd>
                <dt>{text.outbound}</dt><dd class="figure">{format::rate(number.outbound_per_min_e4, &number.currency)}</dd>
                <dt>{text.inbound}</dt><dd class="figure">{format::rate(number.inbound_per_min_e4, &number.currency)}</dd>
                <dt>{text.since}</dt><dd><Moment at=number.created_at.clone() lang=member.visit.lang/></dd>
                <dt>{text.id}</dt><dd><Copied id="number-id" value=number.id.to_string() lang=member.visit.lang/></dd>
            </dl>
        </section>
    }
    .into_any()
}
