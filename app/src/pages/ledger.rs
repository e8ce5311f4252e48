//! `/wallet/ledger`: every movement of the wallet, of one month or one kind where that is asked for.

use super::{
    member::{Member, member_page},
    wallet_ledger::{kind, ledger},
};
use crate::{
    api_client::{ApiFailure, with_query},
    components::{CsvButton, Empty, Glyph, PageHead, Pager, chips},
};
use leptos::prelude::*;
use sautikit_api::wallet::LedgerEntry;

pub(super) const LEDGER: &str = "/wallet/ledger";
/// Query parameters that the page passes on to the API, named alike.
const FILTERS: [&str; 2] = ["month", "kind"];
const KINDS: [&str; 7] = ["top_up", "call", "rental", "storage", "adjustment", "refund", "reversal"];

/// The ledger.
#[component]
pub(crate) fn LedgerPage() -> impl IntoView {
    member_page(|text| text.wallet.ledger, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, lang) = (&member.text().wallet, member.visit.lang);
    let query = &member.visit.query;
    let chosen = FILTERS.map(|name| (name, query.get(name).unwrap_or_default().trim()));
    let cursor = query.get("cursor").unwrap_or_default();
    let with_cursor = |path: &str, cursor: &str| with_query(path, &[&chosen[..], &[("cursor", cursor)]].concat());
    let answer = member.api().fetch(with_cursor("/v1/wallet/ledger", cursor)).await?;
    let entries: Vec<LedgerEntry> = answer.read()?;
    let next = answer.header("x-next-cursor").map(|cursor| with_cursor(LEDGER, cursor));
    let first = (!cursor.is_empty()).then(|| with_query(LEDGER, &chosen));
    let filtered = chosen.iter().any(|(_, value)| !value.is_empty());
    let list = if entries.is_empty() && filtered {
        view! { <Empty glyph=Glyph::Wallet title=text.none_match text=text.none_match_text step=(text.clear, LEDGER)/> }
            .into_any()
    } else {
        ledger(&member, entries).await
    };
    let csv = chosen.map(|(name, value)| (name, value.to_owned())).to_vec();
    let shown = |name: &str, value: &str| match name {
        "kind" => (text.kind, kind(&member, value).to_owned()),
        _ => (text.month, value.to_owned()),
    };
    Ok(view! {
        <PageHead title=text.ledger.to_owned() text=text.ledger_text parent=(text.title, "/wallet")>
            <CsvButton list="ledger" filters=csv lang/>
        </PageHead>
        {filter_bar(&member, chosen)}
        {chips(LEDGER, &chosen, shown, lang)}
        <section class="panel">
            {list}
            <Pager lang label=text.ledger first next/>
        </section>
    }
    .into_any())
}

fn filter_bar(member: &Member, chosen: [(&str, &str); 2]) -> AnyView {
    let [(_, month), (_, of_kind)] = chosen;
    let text = &member.text().wallet;
    let kinds = KINDS.map(|each| view! { <option value=each selected=each == of_kind>{kind(member, each)}</option> });
    view! {
        <form class="filters" method="get" action=LEDGER role="search">
            // Where a browser has no field for months it is one of text, with a month as its example.
            <div class="field"><label class="field__label" for="month">{text.month}</label><input class="field__input" id="month" name="month" type="month" placeholder="2026-11" pattern="20[0-9]{2}-(0[1-9]|1[0-2])" value=month.to_owned()/></div>
            <div class="field">
                <label class="field__label" for="kind">{text.kind}</label>
                <select class="field__input" id="kind" name="kind"><option value="">{text.any_kind}</option>{kinds.into_iter().collect_view()}</select>
            </div>
            <button class="button">{text.filter}</button>
        </form>
    }
    .into_any()
}
