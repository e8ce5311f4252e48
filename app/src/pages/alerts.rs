//! `/wallet/alerts`: below which balance who is told.

use super::member::{Member, member_page};
use crate::{
    api_client::ApiFailure,
    components::{
        Empty, Field, Glyph,
        Head::{Start, Unseen},
        Moment, PageHead, cell, heads, hidden, of_workspace, outcome,
    },
    format, forms,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::{
    alerts::{AlertSubscriber, Alerts},
    rights::Scope,
};

/// Alerts.
#[component]
pub(crate) fn AlertsPage() -> impl IntoView {
    member_page(|text| text.limits.alerts, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let text = &member.text().limits;
    let alerts: Alerts = member.api().get("/v1/wallet/alerts").await?;
    let subscribers: Vec<AlertSubscriber> = member.api().get("/v1/wallet/alert-subscribers").await?;
    let done = [("threshold_set", text.threshold_set, ""), ("added", text.added, ""), ("removed", text.removed, "")];
    Ok(view! {
        <PageHead title=text.alerts.to_owned() text=text.alerts_text parent=(member.text().common.wallet, "/wallet")/>
        {outcome(&member.visit, &done)}
        <div class="stack-lg narrow">
            {threshold(&member, &alerts)}
            {who(&member, subscribers)}
        </div>
    }
    .into_any())
}

fn threshold(member: &Member, alerts: &Alerts) -> AnyView {
    const FORM: &str = forms::SET_ALERTS;
    let text = &member.text().limits;
    let visit = member.visit.clone();
    let currency = alerts.currency.clone();
    let shown = alerts.low_balance_threshold_minor.map(|minor| format::money(minor, &currency));
    if !member.may(Scope::WalletWrite) {
        let shown = shown.unwrap_or_else(|| member.text().wallet.off.to_owned());
        return view! {
            <section class="panel"><dl class="facts panel__body"><dt>{text.threshold}</dt><dd>{shown}</dd></dl></section>
        }
        .into_any();
    }
    let value = shown.and_then(|shown| Some(shown.split_once(' ')?.1.to_owned())).unwrap_or_default();
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.threshold}</h2></div>
            <form class="form panel__body" method="post" action=FORM>
                {of_workspace(&visit)}
                {hidden("currency", currency.clone())}
                <Field visit form=FORM name="low_balance_threshold_minor" label=text.threshold hint=text.threshold_hint required=false inputmode="decimal" autocomplete="off" unit=currency value=value maxlength=24/>
                <div class="form__actions"><button class="button button--primary">{member.text().common.save}</button></div>
            </form>
        </section>
    }
    .into_any()
}

fn who(member: &Member, subscribers: Vec<AlertSubscriber>) -> AnyView {
    const FORM: &str = forms::ADD_SUBSCRIBER;
    let text = &member.text().limits;
    let visit = member.visit.clone();
    let lang = visit.lang;
    let may_change = member.may(Scope::WalletWrite);
    let list = if subscribers.is_empty() {
        view! { <Empty glyph=Glyph::Members title=text.nobody text=text.nobody_text/> }.into_any()
    } else {
        let rows = subscribers.into_iter().map(|one| {
            let action = format!("/console/wallet/alert-subscribers/{}/remove", one.id);
            let remove = may_change.then(|| {
                view! {
                    <form method="post" action=action>
                        {of_workspace(&member.visit)}
                        <button class="button button--small" aria-label=fill(text.remove_label, &one.email)>{text.remove}</button>
                    </form>
                }
            });
            let email = view! { <span class="breakable">{one.email.clone()}</span> };
            view! {
                <tr>
                    {cell(text.email, "", email)}
                    {cell(text.since, "muted", view! { <Moment at=one.created_at.clone() lang/> })}
                    {cell("", "end", remove)}
                </tr>
            }
        });
        let rows = rows.collect_view();
        let headings = heads([Start(text.email), Start(text.since), Unseen(member.text().common.action)]);
        view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
    };
    let add = may_change.then(|| {
        view! {
            <form class="form panel__body" method="post" action=FORM>
                {of_workspace(&visit)}
                {hidden("form_token", visit.form_token.clone())}
                <Field visit=visit.clone() form=FORM name="email" label=text.email kind="email" autocomplete="email"/>
                <div class="form__actions"><button class="button">{text.add}</button></div>
            </form>
        }
    });
    view! {
        <section class="panel">
            <div class="panel__head"><h2>{text.subscribers}</h2><p>{text.subscribers_text}</p></div>
            {list}
            {add}
        </section>
    }
    .into_any()
}
