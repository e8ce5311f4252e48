//! While M-Pesa asks a telephone for a payment: what to do on it, how long it has been, and the way beside it where nothing comes.

use super::member::Member;
use crate::{
    components::{Copied, RunningClock, Tone, badge},
    format,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::wallet::{Paybill, TopUp};

/// The screen; it gives way to the outcome by itself.
pub(super) fn waiting(member: &Member, top_up: &TopUp, paybill: Option<&Paybill>) -> AnyView {
    let text = &member.text().wallet;
    let (lang, now_us) = (member.visit.lang, member.visit.now_us);
    let amount = format::money(top_up.amount_minor, &top_up.currency);
    let again = format!("/wallet?top_up={}", top_up.id);
    let steps =
        [text.step_request, text.step_pin, text.step_receipt].map(|step| view! { <li>{fill(step, &amount)}</li> });
    let beside = match paybill {
        Some(paybill) => view! {
            <p>{text.nothing_came_paybill}</p>
            <dl class="facts">
                <dt>{text.paybill_number}</dt><dd><Copied id="waiting-number" value=paybill.shortcode.clone() lang/></dd>
                <dt>{text.paybill_account}</dt><dd><Copied id="waiting-account" value=paybill.account_reference.clone() lang/></dd>
                <dt>{text.amount}</dt><dd class="figure">{amount.clone()}</dd>
            </dl>
        }
        .into_any(),
        None => view! { <p>{text.nothing_came_again}</p> }.into_any(),
    };
    let simulated = top_up.simulated.then(|| view! { <p class="muted small">{text.simulated}</p> });
    view! {
        <section class="panel waiting" aria-labelledby="waiting-title">
            <div class="panel__head">
                <h2 id="waiting-title">{fill(text.confirm_on_phone, &amount)}</h2>
                <p class="row" role="status">{badge(Tone::Live, text.pending)}" "<RunningClock since=top_up.created_at.clone() now_us/></p>
            </div>
            <div class="panel__body columns columns--even">
                <div class="stack">
                    <h3>{text.on_phone}</h3>
                    <ol class="numbered">{steps.into_iter().collect_view()}</ol>
                    {simulated}
                    <noscript><a class="button button--small" href=again>{member.text().common.refresh}</a></noscript>
                </div>
                <div class="stack">
                    <h3>{text.nothing_came}</h3>
                    <p>{text.nothing_came_text}</p>
                    {beside}
                </div>
            </div>
        </section>
    }
    .into_any()
}
