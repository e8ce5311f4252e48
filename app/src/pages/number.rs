//! `/numbers/{id}`: what answers a number, and its facts.

use super::{
    member::{Member, member_page},
    number_devices::Devices,
    number_routing,
    numbers::status,
};
use crate::{
    api_client::{ApiFailure, escape, with_query},
    components::{
        Copied, FailureNotice, Field, Glyph, Icon, Moment, Notice, PHONE, PHONE_WINDOW, PageHead, Select, Tone,
        TypedConfirm, hidden, of_workspace, outcome,
    },
    format, forms,
    i18n::fill,
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sautikit_api::{
    numbers::{Compat, Number},
    rights::Scope,
};

/// One number.
#[component]
pub(crate) fn NumberPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id")).unwrap_or_default();
    member_page(|text| text.common.numbers, move |member| content(member, id))
}

async fn content(member: Member, id: String) -> Result<AnyView, ApiFailure> {
    let text = &member.text().numbers;
    let number: Number = member.api().get(format!("/v1/numbers/{}", escape(&id))).await?;
    let devices = Devices::of(&member, &number).await?;
    let done = [
        ("claimed", text.claimed, text.claimed_text),
        ("saved", text.saved, text.saved_text),
        ("calling", text.calling, text.calling_text),
        ("revoked", member.text().devices.was_revoked, member.text().devices.was_revoked_text),
    ];
    let may_write = member.may(Scope::NumbersWrite);
    let may_call = member.may(Scope::SipToken) && number.status != "suspended";
    let call_with = with_query(PHONE, &[("from", &number.e164)]);
    let outcome = member.visit.flash.is_none().then(|| outcome(&member.visit, &done));
    Ok(view! {
        <PageHead title=number.e164.clone() parent=(text.title, "/numbers")>
            {may_call.then(|| view! { <a class="button" href=call_with target=PHONE_WINDOW><Icon glyph=Glyph::Softphone/>{text.call_with}</a> })}
        </PageHead>
        {suspended(&member, &number)}
        {outcome}
        {number_routing::secret_made(&member)}
        {devices.made(&member)}
        <div class="stack-lg">
            <div class="columns">
                <div class="stack-lg">
                    {if may_write { routing(&member, &number) } else { routing_facts(&member, &number) }}
                    {may_write.then(|| number_routing::test(&member, &number))}
                </div>
                <div class="stack">
                    {(may_write && member.visit.development).then(|| try_it(&member, &number))}
                    {may_write.then(|| number_routing::signing_secret(&member, &number))}
                    {facts(&member, &number)}
                </div>
            </div>
            {devices.show(&member, &number)}
            {may_write.then(|| release(&member, &number))}
        </div>
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
                <dt>{text.outbound}</dt><dd class="figure">{price(number.outbound_per_min_minor)}</dd>
                <dt>{text.inbound}</dt><dd class="figure">{price(number.inbound_per_min_minor)}</dd>
                <dt>{text.since}</dt><dd><Moment at=number.created_at.clone() lang=member.visit.lang/></dd>
                <dt>{text.id}</dt><dd><Copied id="number-id" value=number.id.to_string() lang=member.visit.lang/></dd>
            </dl>
        </section>
    }
    .into_any()
}
