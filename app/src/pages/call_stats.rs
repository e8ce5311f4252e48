//! Calls by day and today by hour, as charts.

use super::member::Member;
use crate::{
    components::{Bar, Chart},
    format,
    i18n::fill,
};
use leptos::prelude::*;
use sautikit_api::calls::CallStats;

/// The hours of today so far, in the workspace's zone.
pub(super) fn hours(member: &Member, stats: &CallStats) -> AnyView {
    let text = &member.text().home;
    let bars = stats.buckets.iter().enumerate().map(|(hour, bucket)| {
        let failed = fill(text.failed_today, &bucket.failed_calls.to_string());
        Bar {
            title: format!("{hour:02}:00: {} · {failed}", bucket.total_calls),
            good: bucket.answered_calls,
            bad: bucket.failed_calls,
        }
    });
    let bars: Vec<Bar> = bars.collect();
    let summary = format!("{}: {}", text.chart_hours, stats.total_calls);
    view! {
        <section class="panel">
            <div class="panel__head">
                <h2>{text.chart_hours}</h2>
                <div class="legend"><span class="legend__key">{text.chart_good}</span><span class="legend__key legend__key--bad">{text.chart_bad}</span></div>
            </div>
            <Chart bars summary from="00:00".to_owned() to=text.chart_now.to_owned()/>
        </section>
    }
    .into_any()
}

/// The days of `stats`.
pub(super) fn chart(member: &Member, stats: &CallStats) -> AnyView {
    let text = &member.text().home;
    let lang = member.visit.lang;
    let bars = stats.buckets.iter().map(|day| {
        let date = format::day(&day.date, lang);
        let failed = fill(text.failed_today, &day.failed_calls.to_string());
        Bar {
            title: format!("{date}: {} · {failed}", day.total_calls),
            good: day.answered_calls,
            bad: day.failed_calls,
        }
    });
    let bars: Vec<Bar> = bars.collect();
    let date = |day: Option<&sautikit_api::calls::CallStatsBucket>| {
        day.map(|day| format::day(&day.date, lang)).unwrap_or_default()
    };
    let (from, to) = (date(stats.buckets.first()), date(stats.buckets.last()));
    let sums = [
        (text.chart_calls, stats.total_calls.to_string()),
        (text.chart_minutes, stats.total_minutes.to_string()),
        (text.chart_spend, format::money(stats.total_spend_minor, &stats.currency)),
    ];
    let summary = format!("{}, {from} – {to}: {}", text.chart, stats.total_calls);
    view! {
        <section class="panel">
            <div class="panel__head">
                <h2>{text.chart}</h2>
                <div class="legend"><span class="legend__key">{text.chart_good}</span><span class="legend__key legend__key--bad">{text.chart_bad}</span></div>
            </div>
            <Chart bars summary from to/>
            <dl class="sums">
                {sums.map(|(label, sum)| view! { <div><dt>{label}</dt><dd class="figure">{sum}</dd></div> }).into_iter().collect_view()}
            </dl>
        </section>
    }
    .into_any()
}
