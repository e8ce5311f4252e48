//! The workspace's top-ups: what was asked for, what became of it, and where to go on with one that waits.

use super::member::Member;
use crate::{
    api_client::{ApiFailure, with_query},
    components::{
        CsvLink, Empty, Glyph,
        Head::{End, Start},
        Moment, Pager, Tone, badge, cell, heads,
    },
    format,
    i18n::payment_failure,
};
use leptos::prelude::*;
use sautikit_api::wallet::TopUp;

/// Shown at once: the ledger below is what is read through.
const SHOWN: &str = "5";

pub(super) async fn top_ups(member: &Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().wallet, member.visit.lang);
    let cursor = member.visit.query.get("top_ups").unwrap_or_default();
    let answer = member.api().fetch(with_query("/v1/wallet/top-ups", &[("cursor", cursor), ("limit", SHOWN)])).await?;
    let found: Vec<TopUp> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| with_query("/wallet", &[("top_ups", cursor)]));
    let list = if found.is_empty() {
        view! { <Empty glyph=Glyph::Wallet title=text.no_top_ups text=text.no_top_ups_text/> }.into_any()
    } else {
        let rows = found.into_iter().map(|top_up| row(member, &top_up)).collect_view();
        let headings = heads([Start(text.when), Start(text.what), Start(text.top_up_state), End(text.change)]);
        view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
    };
    Ok(view! {
        <section class="panel" id="top-ups" data-live="top-ups">
            <div class="panel__head"><h2>{text.top_ups}</h2><CsvLink visit=member.visit.clone() list="top-ups"/></div>
            {list}
            <Pager lang label=text.top_ups next/>
        </section>
    }
    .into_any())
}

fn row(member: &Member, top_up: &TopUp) -> AnyView {
    let (text, lang) = (&member.text().wallet, member.visit.lang);
    let (tone, state) = match top_up.status.as_str() {
        "succeeded" => (Tone::Good, text.top_up_succeeded),
        "failed" => (Tone::Bad, text.top_up_failed),
        _ => (Tone::Live, text.top_up_pending),
    };
    let method = if top_up.method == "mpesa" { "M-Pesa" } else { "Paystack" };
    let name = top_up.receipt.clone().unwrap_or_default();
    let note = top_up.failure_reason.as_deref().map(|reason| payment_failure(lang, reason));
    let note = note.map(|reason| view! { <span class="muted small breakable">{reason}</span> });
    // What waits for its payer at a page is gone on with there.
    let page = top_up.authorization_url.clone().filter(|_| top_up.status == "pending");
    let page = page.map(|url| view! { <a class="small" href=url>{text.open_page}</a> });
    let what = view! {
        <span class="who"><a href=format!("/wallet?top_up={}", top_up.id)>{method}</a><code class="muted small breakable">{name}</code>{page}</span>
    };
    view! {
        <tr>
            {cell(text.when, "muted", view! { <Moment at=top_up.created_at.clone() lang/> })}
            {cell(text.what, "", what)}
            {cell(text.top_up_state, "", view! { <span class="who">{badge(tone, state)}{note}</span> })}
            {cell(text.change, "end strong", format::money(top_up.amount_minor, &top_up.currency))}
        </tr>
    }
    .into_any()
}
