//! What calls took of the wallet, day by day.

use super::member::Member;
use crate::{
    components::{Bar, Chart},
    format,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::{calls::CallStats, rights::Scope};

/// The last 14 days as a chart; nothing for whoever may not read calls, and where nothing was spent.
pub(super) async fn daily_spend(member: &Member) -> Option<AnyView> {
    if !member.may(Scope::CallsRead) {
        return None;
    }
    let stats: CallStats = member.api().get("/v1/calls/stats?bucket=day").await.ok()?;
    if stats.total_spend_minor == 0 {
        return None;
    }
    let (text, lang) = (&member.text().wallet, member.visit.lang);
    let money = |minor: i64| format::money(minor, &stats.currency);
    let highest = stats.buckets.iter().map(|day| day.total_spend_minor).max().unwrap_or_default();
    let bars = stats.buckets.iter().map(|day| Bar {
        title: format!("{}: {}", format::day(&day.date, lang), money(day.total_spend_minor)),
        good: day.total_spend_minor,
        bad: 0,
    });
    let bars: Vec<Bar> = bars.collect();
    let date = |day: Option<&sautikit_api::calls::CallStatsBucket>| {
        day.map(|day| format::day(&day.date, lang)).unwrap_or_default()
    };
    let (from, to) = (date(stats.buckets.first()), date(stats.buckets.last()));
    let sum = fill(text.daily_text, &money(stats.total_spend_minor));
    let summary = format!("{}, {from} – {to}: {sum}", text.daily);
    Some(
        view! {
            <section class="panel" data-live="spend">
                <div class="panel__head"><h2>{text.daily}</h2><p>{sum}</p></div>
                <Chart bars summary highest_words=money(highest) from to/>
            </section>
        }
        .into_any(),
    )
}
