//! `/operator/statements`: a month of all wallets by country, currency and kind, for the books and the return of tax.

use super::{
    member::{Member, person_page},
    wallet_ledger::kind,
};
use crate::{
    api_client::{ApiFailure, escape},
    components::{
        Empty, Glyph,
        Head::{End, Start},
        PageHead, cell, heads,
    },
    format,
};
use leptos::prelude::*;
use sautikit_api::operator::MonthSum;

const PAGE: &str = "/operator/statements";

/// A month of the installation.
#[component]
pub(crate) fn OperatorMonthPage() -> impl IntoView {
    person_page(|text| text.operator.months, content)
}

async fn content(member: Member) -> Result<AnyView, ApiFailure> {
    let (text, wallet) = (&member.text().operator, &member.text().wallet);
    let month = member.visit.query.get("month").unwrap_or_default().trim().to_owned();
    let list = match month.as_str() {
        "" => None,
        month => {
            let sums: Vec<MonthSum> = member.api().get(format!("/v1/admin/statements/{}", escape(month))).await?;
            Some(if sums.is_empty() {
                view! { <Empty glyph=Glyph::Wallet title=wallet.none text=text.no_month_text/> }.into_any()
            } else {
                table(&member, sums)
            })
        }
    };
    Ok(view! {
        <PageHead title=text.months.to_owned() text=text.months_text/>
        <form class="filters" method="get" action=PAGE role="search">
            <div class="field"><label class="field__label" for="month">{wallet.month}</label><input class="field__input" id="month" name="month" type="month" required placeholder="2026-11" pattern="20[0-9]{2}-(0[1-9]|1[0-2])" value=month/></div>
            <button class="button">{text.find}</button>
        </form>
        {list.map(|list| view! { <section class="panel">{list}</section> })}
    }
    .into_any())
}

fn table(member: &Member, sums: Vec<MonthSum>) -> AnyView {
    let (text, wallet) = (&member.text().operator, &member.text().wallet);
    let rows = sums.into_iter().map(|sum| {
        let money = |minor: i64| format::money(minor, &sum.currency);
        view! {
            <tr>
                {cell(text.country, "", sum.country.clone())}
                {cell(wallet.what, "", kind(member, &sum.kind))}
                {cell(wallet.entries, "end", sum.entries)}
                {cell(text.net, "end", money(sum.amount_minor - sum.tax_minor))}
                {cell(wallet.tax, "end", money(sum.tax_minor))}
                {cell(wallet.change, "end strong", money(sum.amount_minor))}
            </tr>
        }
    });
    let rows = rows.collect_view();
    let headings = heads([
        Start(text.country),
        Start(wallet.what),
        End(wallet.entries),
        End(text.net),
        End(wallet.tax),
        End(wallet.change),
    ]);
    view! { <div class="table-box"><table class="table">{headings}<tbody>{rows}</tbody></table></div> }.into_any()
}
